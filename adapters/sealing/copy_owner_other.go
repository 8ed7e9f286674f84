//go:build !unix

package sealing

import (
	"io/fs"
	"os"
)

// copyOwner gives the file at path the permission bits of the existing file (like), which it will replace. On systems
// other than Unix it does not copy the owner.
func copyOwner(path string, like fs.FileInfo) error { return os.Chmod(path, like.Mode().Perm()) }
