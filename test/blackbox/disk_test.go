package blackbox_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite" // reads the file that the service leaves
)

// smallDisk mounts a disk of a few megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m,mode=0700"); err != nil {
		t.Skipf("filling a disk needs the permission to mount one: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves no free space on the disk until the file it returns is removed.
func fill(t *testing.T, dir string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for block := make([]byte, 4096); ; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			return file.Name()
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// sound checks that SQLite itself finds no error in the file.
func sound(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(context.Background(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check says %q, %v", verdict, err)
	}
}

func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	file := filepath.Join(dir, "discovery.db")
	f := furnish(t, newEnv(t, "sqlite://"+file))
	tr := newTraffic([]*link{f.link}, func() *process { return f.p })
	filler := fill(t, dir)
	announced := tr.overflow(t, f)
	for _, c := range f.calls {
		f.write(t, c)
	}
	if log := strings.ToLower(f.p.log()); !strings.Contains(log, "full") {
		t.Errorf("the log does not say that the disk is full:\n%s", log)
	}
	f.call(f.p, "GET", "/webhooks/deliveries", nil, http.StatusOK) // stored data can still be read
	t.Logf("full after %d more webhooks; /health %d, /readyz %d", announced, f.p.status("/health"), f.p.status("/readyz"))
	sound(t, file)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	f.back(t, time.Now())
	tr.compareAll(t, f.env, f.p)
	f.p.kill()
	sound(t, file)
}

// overflow sends webhooks until the disk has no space for another, and returns how many were
// accepted.
func (tr *traffic) overflow(t *testing.T, f *fixture) (accepted int) {
	t.Helper()
	for ; accepted < 10_000; accepted++ {
		body := f.link.whole()
		begun := time.Now()
		status, header := f.link.post(context.Background(), f.p, body)
		switch {
		case time.Since(begun) > answerTime:
			t.Errorf("the webhook was answered only after %v", time.Since(begun))
		case status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
			return accepted
		case status != http.StatusAccepted:
			t.Fatalf("a webhook got %d on a full disk", status)
		}
		tr.accepted[eventID(body)] = f.link
	}
	t.Fatal("the disk never became full")
	return 0
}

// write makes a call that changes something, and checks that it is refused while the disk is
// full.
func (f *fixture) write(t *testing.T, c apiCall) {
	t.Helper()
	switch c.route {
	case "POST /aggregator-connections", "POST /connections", "POST /webhooks/tokens":
	default:
		return
	}
	begun := time.Now()
	a, err := f.try(context.Background(), f.p, http.MethodPost, surface+c.path, c.body)
	if err != nil {
		t.Fatalf("%s: %v", c.route, err)
	}
	f.refused(t, c.route, a)
	if took := time.Since(begun); took > answerTime {
		t.Errorf("%s was answered only after %v", c.route, took)
	}
}

// A database file that must not be written is a start error that names the setting, and the
// file does not change. If the test runs as root, the service runs as another user, because
// file modes do not bind root.
func TestReadOnlyFile(t *testing.T) {
	f := furnish(t, newEnv(t, ""))
	file := strings.TrimPrefix(f.settings["DATABASE_URL"], "sqlite://")
	if code, _ := f.p.stop(); code != 0 {
		t.Fatalf("the exit code is %d", code)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	nobody := f.lock(t, file)
	cmd := exec.Command(binary(t), "serve")
	if cmd.Env = environ(f.settings); nobody != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody, Pdeathsig: syscall.SIGKILL}
	}
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() <= 0 || !strings.Contains(string(said), "DATABASE_URL") || strings.Count(string(said), "\n") != 1 {
		t.Errorf("the exit code is %v, the output %s", err, said)
	}
	t.Logf("output: %s", said)
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %v", err)
	}
	sound(t, file)
}

// lock removes write permission and returns the user as which the service must run for the
// permission to apply.
func (f *fixture) lock(t *testing.T, file string) *syscall.Credential {
	t.Helper()
	var nobody *syscall.Credential
	if os.Geteuid() == 0 {
		nobody = &syscall.Credential{Uid: 65534, Gid: 65534}
		for dir := filepath.Dir(file); strings.HasPrefix(dir, os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
			check(os.Chmod(dir, 0o755))
		}
		check(os.Chmod(filepath.Dir(binary(t)), 0o755))
		check(os.Chown(file, 65534, 65534))
		check(os.Chown(f.settings["SEALING_KEYSET_FILE"], 65534, 65534))
	}
	check(os.Chmod(file, 0o400))
	return nobody
}
