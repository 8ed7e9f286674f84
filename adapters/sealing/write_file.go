package sealing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeNew creates a file that must not exist, and removes it again if it cannot be written
// completely.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %s already exists and is not overwritten: %w", setting, path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if err := writeAndSync(f, content); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func overwrite(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return writeAndSync(f, content)
}

// writeAndSync writes, syncs and closes, even after an error on the way.
func writeAndSync(f *os.File, content []byte) error {
	_, writing := f.Write(content)
	if err := errors.Join(writing, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return nil
}

// syncDir syncs the directory of path, so that a new name survives a power failure.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return nil
}
