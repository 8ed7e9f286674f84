//go:build unix

package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

func TestASavedFileAppearsWhenItIsComplete(t *testing.T) {
	name := filepath.Join(t.TempDir(), "statement.xml")
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("connection lost")))
	if err := saveFile(t.Context(), name, broken); err == nil {
		t.Error("the download was complete")
	}
	if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) > 0 {
		t.Errorf("a broken download leaves %v", entries)
	}
	for _, content := range []string{"first", "second"} {
		if err := saveFile(t.Context(), name, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		contains(t, name, content)
	}
}

func TestASavedFileKeepsItsPermissions(t *testing.T) {
	folder := t.TempDir()
	for name, want := range map[string]fs.FileMode{"new": 0o600, "shared": 0o640, "public": 0o644, "private": 0o600} {
		file := filepath.Join(folder, name)
		if name != "new" {
			if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chmod(file, want)); err != nil {
				t.Fatal(err)
			}
		}
		if err := saveFile(t.Context(), file, strings.NewReader("content")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
		contains(t, file, "content")
	}
}

func TestAFileIsSavedWhereASymbolicLinkPoints(t *testing.T) {
	folder := t.TempDir()
	link, second := filepath.Join(folder, "link"), filepath.Join(folder, "second")
	for _, l := range []struct{ target, name string }{{"second", link}, {"there", second}} {
		if err := os.Symlink(l.target, l.name); err != nil {
			t.Fatal(err)
		}
	}
	for _, content := range []string{"to a new file", "to the file again"} {
		if err := saveFile(t.Context(), link, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		contains(t, filepath.Join(folder, "there"), content)
		for _, name := range []string{link, second} {
			if info, err := os.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("%s is no link any more: %v %v", name, info, err)
			}
		}
	}
	loop := filepath.Join(folder, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := saveFile(t.Context(), loop, strings.NewReader("x")); err == nil {
		t.Error("a link to itself was written")
	}
}

func TestWhatIsNoFileIsNeverReplaced(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		content, err := os.ReadFile(pipe)
		if err != nil {
			content = []byte(err.Error())
		}
		read <- string(content)
	}()
	if err := saveFile(t.Context(), pipe, strings.NewReader("through the pipe")); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "through the pipe" {
		t.Errorf("the reader of the pipe got %q", got)
	}
	if err := saveFile(t.Context(), os.DevNull, strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{pipe, os.DevNull} {
		if info, err := os.Lstat(name); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s was replaced: %v %v", name, info, err)
		}
	}
	if err := saveFile(t.Context(), filepath.Dir(pipe), strings.NewReader("x")); err == nil {
		t.Error("a folder was written")
	}
}

// Shells name the pipes of /dev/stdout and of process substitutions by links whose text is not a path.
func TestAnOpenPipeIsWrittenByTheNameOfItsDescriptor(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("the system has no /dev/fd")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	name := fmt.Sprintf("/dev/fd/%d", writer.Fd())
	if err := saveFile(t.Context(), name, strings.NewReader("through the pipe")); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	if got, err := io.ReadAll(reader); err != nil || string(got) != "through the pipe" {
		t.Errorf("the reader of the pipe got %q, %v", got, err)
	}
}

func TestAFileWithoutANameIsWrittenByTheNameOfItsDescriptor(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("the system has no /dev/fd")
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "removed"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := os.Remove(file.Name()); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/dev/fd/%d", file.Fd())
	if err := saveFile(t.Context(), name, strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(file.Name())); len(entries) > 0 {
		t.Errorf("the folder has %v", entries)
	}
	if got, err := io.ReadAll(io.NewSectionReader(file, 0, 100)); err != nil || string(got) != "content" {
		t.Errorf("the file contains %q, %v", got, err)
	}
}

// A shell appends to the file that it has opened for a redirection, and continues behind what the command has written.
func TestARedirectedFileKeepsItsContentAndItsPlace(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("the system has no /dev/fd")
	}
	dir := t.TempDir()
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	for i, form := range []string{"/dev/fd/%d", "/proc/self/fd/%d", "/proc/thread-self/fd/%d", "the link", "its name"} {
		for _, flag := range []int{os.O_APPEND, 0} {
			shell := filepath.Join(dir, fmt.Sprintf("file-%d-%d", i, flag))
			file, err := os.OpenFile(shell, os.O_CREATE|os.O_WRONLY|flag, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = file.WriteString("before, ")
			name := fmt.Sprintf(form, file.Fd())
			switch form {
			case "the link":
				name = shell + "-link"
				if err := os.Symlink(fmt.Sprintf("/dev/fd/%d", file.Fd()), name); err != nil {
					t.Fatal(err)
				}
			case "its name":
				name, os.Stdout = shell, file
			}
			if err := saveFile(t.Context(), name, strings.NewReader("the document")); err != nil {
				t.Errorf("%s: %v", form, err)
			}
			_, _ = file.WriteString(", after")
			_ = file.Close()
			contains(t, shell, "before, the document, after")
		}
	}
}

// A file that another process has open only grows.
func TestAFileOfAnotherProcessKeepsItsContent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("before, "), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	cmd := exec.Command("sleep", "60")
	cmd.Stdout = file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	open := fmt.Sprintf("/proc/%d/fd/1", cmd.Process.Pid)
	if _, err := os.Stat(open); err != nil {
		t.Skip("the system has no /proc")
	}
	if err := saveFile(t.Context(), open, strings.NewReader("the document")); err != nil {
		t.Fatal(err)
	}
	contains(t, name, "before, the document")
}

func TestAnInterruptEndsTheWaitForTheReaderOfAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := saveFile(ctx, pipe, strings.NewReader("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a reader: %v", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that the open of the former call ends
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	large := strings.NewReader(strings.Repeat("x", 1<<20)) // more than the pipe holds
	if err := saveFile(ctx, pipe, large); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a reader that does not read: %v", err)
	}
}

func contains(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v, want %q", name, got, err, want)
	}
}
