//go:build unix

package sealing

import (
	"io/fs"
	"os"
	"syscall"
)

// copyOwner gives the file at path the owner and the permission bits of the existing file (like), which it will
// replace. Otherwise the service could not read a keyset that root has rotated.
func copyOwner(path string, like fs.FileInfo) error {
	if owner, ok := like.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, like.Mode().Perm())
}
