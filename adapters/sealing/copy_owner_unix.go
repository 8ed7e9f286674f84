//go:build unix

package sealing

import (
	"io/fs"
	"os"
	"syscall"
)

// copyOwner sets owner and mode of the file at path to those of the file it will replace: a
// service must still be able to read a keyset that root has rotated.
func copyOwner(path string, like fs.FileInfo) error {
	if owner, ok := like.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, like.Mode().Perm())
}
