//go:build unix

package client

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestASavedFileAppearsWhenItIsComplete(t *testing.T) {
	name := filepath.Join(t.TempDir(), "statement.xml")
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("connection lost")))
	if err := saveFile(name, broken); err == nil {
		t.Error("the download was complete")
	}
	if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) > 0 {
		t.Errorf("a broken download leaves %v", entries)
	}
	for _, content := range []string{"first", "second"} {
		if err := saveFile(name, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		contains(t, name, content)
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
		if err := saveFile(link, strings.NewReader(content)); err != nil {
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
	if err := saveFile(loop, strings.NewReader("x")); err == nil {
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
	if err := saveFile(pipe, strings.NewReader("through the pipe")); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "through the pipe" {
		t.Errorf("the reader of the pipe got %q", got)
	}
	if err := saveFile(os.DevNull, strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{pipe, os.DevNull} {
		if info, err := os.Lstat(name); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s was replaced: %v %v", name, info, err)
		}
	}
	if err := saveFile(filepath.Dir(pipe), strings.NewReader("x")); err == nil {
		t.Error("a folder was written")
	}
}

func contains(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v, want %q", name, got, err, want)
	}
}
