package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// saveFile writes content to the file with this name. A regular file, or one that does not exist yet, appears only when
// the content is complete: it is written under another name in the same folder, and then renamed. The permissions of an
// existing file are kept; only the user can read a new one. A symbolic link is followed, so that the link stays.
// Anything else that exists, such as a pipe or a device, is opened and written to; a rename would replace it by a file.
// So is a file that is open under a name such as /dev/fd/3, if the name in the link is no longer its name.
func saveFile(ctx context.Context, name string, content io.Reader) error {
	// The links in /dev/fd and /proc lead to open files. What they contain is not always a path.
	found, err := os.Stat(name)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && found.IsDir():
		return fmt.Errorf("%s is a folder", name)
	case err == nil && !found.Mode().IsRegular():
		return writeTo(ctx, name, content)
	}
	target, followErr := followLinks(name)
	if followErr != nil {
		return followErr
	}
	mode := fs.FileMode(0o600)
	if err == nil {
		if named, err := os.Lstat(target); err != nil || !os.SameFile(named, found) {
			return writeTo(ctx, name, content)
		}
		mode = found.Mode().Perm()
	}
	return replaceFile(target, mode, content)
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

// replaceFile writes content to a temporary file with the permissions. When the file is complete, it is renamed to
// name.
func replaceFile(name string, mode fs.FileMode, content io.Reader) (err error) {
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
	if err = errors.Join(incomplete(err), file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// writeTo writes content to an existing pipe or device, or to an open file. It returns the error of ctx if ctx ends
// while a pipe has no reader or its reader does not read.
func writeTo(ctx context.Context, name string, content io.Reader) error {
	type opened struct {
		file *os.File
		err  error
	}
	result := make(chan opened, 1)
	go func() { // waits for a reader of the pipe, and cannot be interrupted
		file, err := os.OpenFile(name, os.O_WRONLY, 0)
		result <- opened{file, err}
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o := <-result:
		if o.err != nil {
			return o.err
		}
		defer context.AfterFunc(ctx, func() { _ = o.file.Close() })()
		_, err := io.Copy(o.file, content)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.Join(incomplete(err), o.file.Close())
	}
}
