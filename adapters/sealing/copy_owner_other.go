//go:build !unix

package sealing

import (
	"io/fs"
	"os"
)

// likeOwner gives the file the mode of the one it will replace.
func likeOwner(path string, like fs.FileInfo) error { return os.Chmod(path, like.Mode().Perm()) }
