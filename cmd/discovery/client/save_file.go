package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// saveFile writes content to the file with this name. A regular file, or one that does not exist yet, appears only when
// the content is complete: it is written under another name in the same folder, and then renamed. The permissions of an
// existing file are kept; only the user can read a new one. A symbolic link is followed, so that the link stays.
// Anything else that exists, such as a pipe or a device, is opened and written to; a rename would replace it by a file.
// A file that is already open, see openFile, is written in place; a rename would replace what a shell has opened.
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
	if err == nil {
		if file, err := openFile(name, found); err != nil || file != nil {
			return writeOpen(file, err, content)
		}
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

// descriptorFolder is the form of a folder with the open files of a process. Their names are the descriptors.
var descriptorFolder = regexp.MustCompile(`^(?:/dev|/proc/(\d+)(?:/task/\d+)?)/fd$`)

// openFile returns the regular file with this name for writing, if it is open already: if the name leads to a
// descriptor (/dev/stdout, /dev/fd/3, /proc/self/fd/1), or to the file of the standard output or standard error.
// Otherwise it returns nil. A file of another process is opened so that it only grows.
func openFile(name string, found fs.FileInfo) (*os.File, error) {
	for link := range links(name) {
		folder, err := filepath.EvalSymlinks(filepath.Dir(link))
		match := descriptorFolder.FindStringSubmatch(folder)
		descriptor, numberErr := strconv.Atoi(filepath.Base(link))
		switch {
		case err != nil || match == nil || numberErr != nil:
		case match[1] == "" || match[1] == strconv.Itoa(os.Getpid()):
			return duplicate(descriptor)
		default:
			return os.OpenFile(link, os.O_WRONLY|os.O_APPEND, 0)
		}
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if info, err := stream.Stat(); err == nil && os.SameFile(info, found) {
			return duplicate(int(stream.Fd()))
		}
	}
	return nil, nil //nolint:nilnil // no error, and no open file
}

// writeOpen writes content to a file that openFile has returned, and closes it.
func writeOpen(file *os.File, err error, content io.Reader) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(incomplete(err), file.Close())
}

// maxLinks is the maximum number of symbolic links that followLinks follows. Linux has the same limit.
const maxLinks = 40

// links returns the name, and then each name to which a symbolic link leads, up to maxLinks links.
func links(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for range maxLinks {
			if !yield(name) {
				return
			}
			target, err := os.Readlink(name)
			if err != nil {
				return
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(name), target)
			}
			name = target
		}
	}
}

// followLinks returns the name to which a symbolic link refers, also if nothing with that name exists. It returns other
// names unchanged.
func followLinks(name string) (string, error) {
	for target := range links(name) {
		if _, err := os.Readlink(target); err != nil {
			return target, nil // not a symbolic link, or nothing
		}
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

// writeTo writes content to an existing pipe or device, or to a file without this name. It returns the error of ctx if
// ctx ends while a pipe has no reader or its reader does not read.
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
