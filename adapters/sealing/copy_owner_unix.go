//go:build unix

package sealing

import (
	"io/fs"
	"os"
	"syscall"
)

// likeOwner gives the file the owner and mode of the one it will replace: a service must
// still be able to read what root has rotated.
func copyOwner(path string, like fs.FileInfo) error {
	if owner, ok := like.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, like.Mode().Perm())
}
