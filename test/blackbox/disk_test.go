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

	_ "modernc.org/sqlite" // the driver with which the test checks the database file

	"github.com/LerianStudio/aggregator-connections/test/kit/binary"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// smallDisk mounts a disk of six megabytes and returns its path. It skips the test if mounting is not
// permitted.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m,mode=0700"); err != nil {
		t.Skipf("filling a disk needs the permission to mount one: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill uses up all free space of the disk with a file, and returns the path of that file.
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

// checkIntegrity checks the database file with SQLite's own integrity check.
func checkIntegrity(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(context.Background(), "PRAGMA integrity_check").
		Scan(&verdict); err != nil ||
		verdict != "ok" {
		t.Errorf("integrity_check says %q, %v", verdict, err)
	}
}

func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	file := filepath.Join(dir, "discovery.db")
	f := newFixture(t, newEnv(t, "sqlite://"+file))
	tr := newTraffic([]*link{f.link}, func() *process { return f.p })
	filler := fill(t, dir)
	announced := tr.fillWithWebhooks(t, f)
	for _, c := range f.calls {
		f.checkWriteRefused(t, c)
	}
	eventually(t, waitTimeout, "log line that says that the disk is full", func() bool {
		return strings.Contains(strings.ToLower(f.p.log()), "full")
	})
	f.call(f.p, "GET", "/webhooks/deliveries", nil, http.StatusOK) // stored data can still be read on a full disk
	eventually(t, waitTimeout, "degraded readiness", func() bool {
		return strings.Contains(f.readiness(), `"status":"degraded"`) &&
			strings.Contains(f.readiness(), `"database":{"status":"up","writes":"failing"}`)
	})
	t.Logf(
		"full after %d more webhooks; /health %d, /readyz %d",
		announced,
		f.p.status("/health"),
		f.p.status("/readyz"),
	)
	checkIntegrity(t, file)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	f.checkRecovery(t, time.Now())
	eventually(t, waitTimeout, "readiness after the disk has space", func() bool {
		return strings.Contains(f.readiness(), `"status":"ready"`)
	})
	tr.compareAll(t, f.env, f.p)
	f.p.kill()
	checkIntegrity(t, file)
}

// readiness returns the body of /readyz.
func (f *fixture) readiness() string {
	a, err := f.try(context.Background(), f.p, http.MethodGet, "/readyz", nil)
	if err != nil {
		return err.Error()
	}
	return string(a.raw)
}

// fillWithWebhooks sends webhooks until the disk has no space for another one. It returns the number of
// accepted webhooks.
func (tr *traffic) fillWithWebhooks(t *testing.T, f *fixture) (accepted int) {
	t.Helper()
	for ; accepted < 10_000; accepted++ {
		body := f.link.fullPullEvent()
		status, header := f.link.post(context.Background(), f.p, body)
		switch {
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

// checkWriteRefused makes the call c, and checks that it is refused because the disk is full. It does nothing unless c
// creates a connection or a webhook token.
func (f *fixture) checkWriteRefused(t *testing.T, c apiCall) {
	t.Helper()
	switch c.route {
	case "POST /aggregator-connections", "POST /connections", "POST /webhooks/tokens":
	default:
		return
	}
	pace.Within(t, answerTime, func() time.Duration {
		begun := time.Now()
		a, err := f.try(context.Background(), f.p, http.MethodPost, surface+c.path, c.body)
		if err != nil {
			t.Fatalf("%s: %v", c.route, err)
		}
		f.checkRefused(t, c.route, a)
		return time.Since(begun)
	})
}

// The service must refuse to start if it has no permission to write to the database file. The error must name the
// setting. The file must not change.
func TestReadOnlyFile(t *testing.T) {
	f := newFixture(t, newEnv(t, ""))
	file := strings.TrimPrefix(f.settings["DATABASE_URL"], "sqlite://")
	if code, _ := f.p.stop(); code != 0 {
		t.Fatalf("the exit code is %d", code)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	nobody := f.makeReadOnly(t, file)
	cmd := exec.Command(binary.Path(t), "serve")
	if cmd.Env = environ(f.settings); nobody != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody, Pdeathsig: syscall.SIGKILL}
	}
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() <= 0 || !strings.Contains(string(said), "DATABASE_URL") ||
		strings.Count(string(said), "\n") != 1 {
		t.Errorf("the exit code is %v, the output %s", err, said)
	}
	t.Logf("output: %s", said)
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %v", err)
	}
	checkIntegrity(t, file)
}

// makeReadOnly removes the write permission of a file. It returns the user under which the service must run; nil means
// the current user. If the current user is root, the result is another user, because file permissions do not restrict
// root.
func (f *fixture) makeReadOnly(t *testing.T, file string) *syscall.Credential {
	t.Helper()
	var nobody *syscall.Credential
	if os.Geteuid() == 0 {
		nobody = &syscall.Credential{Uid: 65534, Gid: 65534}
		check(os.Chmod(filepath.Dir(file), 0o755))
		check(os.Chmod(filepath.Dir(binary.Path(t)), 0o755))
		check(os.Chown(file, 65534, 65534))
		check(os.Chown(f.settings["SEALING_KEYSET_FILE"], 65534, 65534))
	}
	check(os.Chmod(file, 0o400))
	return nobody
}
