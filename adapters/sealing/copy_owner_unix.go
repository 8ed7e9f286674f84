//go:build unix

package sealing

import (
	"io/fs"
	"os"
	"syscall"
)

// copyOwner sets the owner and the permission bits of the file at path to those of the file that it will replace. The
// argument like describes the replaced file. Otherwise the service could not read a keyset that root has rotated.
func copyOwner(path string, like fs.FileInfo) error {
	if owner, ok := like.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, like.Mode().Perm())
}
