package sealing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeNew creates a file with the given content and mode 0600. It returns an error that wraps
// fs.ErrExist if the file already exists. If the file cannot be written completely, it is
// removed again.
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

// writeAndSync writes content to f, syncs f to disk and closes f. It closes f even if an earlier
// step has failed.
func writeAndSync(f *os.File, content []byte) error {
	_, writing := f.Write(content)
	if err := errors.Join(writing, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return nil
}

// syncDir syncs the directory that contains path. Otherwise the name of a new or renamed file
// might not survive a power failure.
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
