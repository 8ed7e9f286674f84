//go:build unix

package client

import (
	"os"
	"strconv"
	"syscall"
)

// duplicate returns a file for another descriptor of the same open file. Both have one offset. The caller closes the
// file, and the given descriptor stays open.
func duplicate(descriptor int) (*os.File, error) {
	name := "/dev/fd/" + strconv.Itoa(descriptor)
	second, err := syscall.Dup(descriptor)
	if err != nil {
		return nil, &os.PathError{Op: "dup", Path: name, Err: err}
	}
	syscall.CloseOnExec(second)
	return os.NewFile(uintptr(second), name), nil
}
