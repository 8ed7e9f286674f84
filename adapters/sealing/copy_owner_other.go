//go:build !unix

package sealing

import (
	"io/fs"
	"os"
)

// copyOwner copies the permission bits of like to the file at path, which will replace the file
// like. On systems other than Unix it does not copy the owner.
func copyOwner(path string, like fs.FileInfo) error { return os.Chmod(path, like.Mode().Perm()) }
