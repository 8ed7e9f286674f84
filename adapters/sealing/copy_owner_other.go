//go:build !unix

package sealing

import (
	"io/fs"
	"os"
)

// copyOwner sets the permission bits of the file at path to those of an existing file. On systems other than Unix, it
// does not copy the owner.
func copyOwner(path string, like fs.FileInfo) error { return os.Chmod(path, like.Mode().Perm()) }
