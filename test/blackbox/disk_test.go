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
		t.Skipf("a disk that runs full needs the right to mount one: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves no room on the disk until the file it names is removed.
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

// sound wants SQLite itself to find no fault in the file.
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
	f := furnish(t, newHouse(t, "sqlite://"+file))
	tr := newTraffic([]*link{f.link}, func() *process { return f.p })
	filler := fill(t, dir)
	told := tr.overflow(t, f)
	for _, c := range f.calls {
		f.write(t, c)
	}
	if log := strings.ToLower(f.p.log()); !strings.Contains(log, "full") {
		t.Errorf("the log does not say that the disk is full:\n%s", log)
	}
	f.call(f.p, "GET", "/webhooks/deliveries", nil, http.StatusOK) // what is there can be read
	t.Logf("full after %d more webhooks; /health %d, /readyz %d", told, f.p.status("/health"), f.p.status("/readyz"))
	sound(t, file)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	f.back(t, time.Now())
	tr.judge(t, f.house, f.p)
	f.p.kill()
	sound(t, file)
}

// overflow knocks until there is no room for a webhook, and says how many there was for.
func (tr *traffic) overflow(t *testing.T, f *furnished) (accepted int) {
	t.Helper()
	for ; accepted < 10_000; accepted++ {
		body := f.link.whole()
		begun := time.Now()
		status, header := f.link.post(context.Background(), f.p, body)
		switch {
		case time.Since(begun) > answerTime:
			t.Errorf("the door answered only after %v", time.Since(begun))
		case status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
			return accepted
		case status != http.StatusAccepted:
			t.Fatalf("the door answered %d on a full disk", status)
		}
		tr.accepted[eventID(body)] = f.link
	}
	t.Fatal("the disk is never full")
	return 0
}

// write makes a call that changes something, and wants it refused as long as the disk is
// full.
func (f *furnished) write(t *testing.T, c knock) {
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
		t.Errorf("%s answered only after %v", c.route, took)
	}
}

// A file that must not be written is a start error that names the setting, and the file
// stays as it is. As root the service runs as somebody else, whom modes bind.
func TestReadOnlyFile(t *testing.T) {
	f := furnish(t, newHouse(t, ""))
	file := strings.TrimPrefix(f.settings["DATABASE_URL"], "sqlite://")
	if code, _ := f.p.stop(); code != 0 {
		t.Fatalf("it ended with %d", code)
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
		t.Errorf("it ended with %v and said %s", err, said)
	}
	t.Logf("it says: %s", said)
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %v", err)
	}
	sound(t, file)
}

// lock takes the right to write away, and gives whom the service must run as to feel it.
func (f *furnished) lock(t *testing.T, file string) *syscall.Credential {
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
