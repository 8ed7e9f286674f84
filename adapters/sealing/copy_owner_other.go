//go:build !unix

package sealing

import (
	"io/fs"
	"os"
)

// copyOwner sets the mode of the file at path to that of the file it will replace.
func copyOwner(path string, like fs.FileInfo) error { return os.Chmod(path, like.Mode().Perm()) }
