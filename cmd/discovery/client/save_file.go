package client

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// saveFile writes content to the file with this name. A regular file, or one that does not exist yet, appears only when
// the content is complete: it is written under another name in the same folder, and then renamed. A symbolic link is
// followed, so that the link stays. Anything else that exists, such as a pipe or a device, is opened and written to; a
// rename would replace it by a file.
func saveFile(name string, content io.Reader) error {
	target, err := followLinks(name)
	if err != nil {
		return err
	}
	found, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return replaceFile(target, content)
	case err != nil:
		return err
	case found.Mode().IsRegular():
		return replaceFile(target, content)
	case found.IsDir():
		return fmt.Errorf("%s is a folder", name)
	}
	return writeTo(target, content)
}

// maxLinks is the maximum number of symbolic links that followLinks follows. Linux has the same limit.
const maxLinks = 40

// followLinks returns the name to which a symbolic link refers, also if nothing with that name exists. It returns other
// names unchanged.
func followLinks(name string) (string, error) {
	for range maxLinks {
		target, err := os.Readlink(name)
		if err != nil {
			return name, nil // not a symbolic link, or nothing
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(name), target)
		}
		name = target
	}
	return "", fmt.Errorf("%s: too many symbolic links", name)
}

// replaceFile writes content to a temporary file. When the file is complete, it is renamed to name.
func replaceFile(name string, content io.Reader) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".statement-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = io.Copy(file, content)
	if err = errors.Join(incomplete(err), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// writeTo writes content to an existing pipe or device.
func writeTo(name string, content io.Reader) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(incomplete(err), file.Close())
}
