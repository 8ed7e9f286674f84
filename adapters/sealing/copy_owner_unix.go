//go:build unix

package sealing

import (
	"io/fs"
	"os"
	"syscall"
)

// copyOwner copies the owner and the permission bits of an existing file to the file at path. The argument original
// describes the existing file. Without copyOwner, the service could not read a keyset that root has rotated.
func copyOwner(path string, original fs.FileInfo) error {
	if owner, ok := original.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, original.Mode().Perm())
}
