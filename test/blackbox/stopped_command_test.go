package blackbox_test

import (
	"bytes"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"

	"github.com/LerianStudio/aggregator-connections/test/kit/binary"
	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// holdLock runs an SQL statement that takes a lock in a transaction. The lock is held until release is called.
func (d *database) holdLock(t *testing.T, statement string) (release func()) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), d.url))
	if _, err := must(conn.Begin(t.Context())).Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	release = func() { _ = conn.Close(t.Context()) }
	t.Cleanup(release)
	return release
}

// hasWaitingLock reports whether any session of the server waits for a lock.
func (d *database) hasWaitingLock(t *testing.T) bool {
	t.Helper()
	return d.query(t, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
}

// hasRefusedLock reports whether a command has failed to get an advisory lock, has rolled back its transaction, and is
// now waiting before the next attempt.
func (d *database) hasRefusedLock(t *testing.T) bool {
	t.Helper()
	return d.query(t, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND application_name = 'aggregator-connections' AND state = 'idle' AND query = 'rollback')`)
}

// query runs an SQL query whose result is one boolean, and returns that boolean.
func (d *database) query(t *testing.T, sql string) (result bool) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), d.url))
	defer func() { _ = conn.Close(t.Context()) }()
	check(conn.QueryRow(t.Context(), sql).Scan(&result))
	return result
}

// A command that is stopped before it has finished must not report success, because the operator's next step would rely
// on it. When the command is run again, it must finish the work.
func TestAStoppedCommandDoesNotReportSuccess(t *testing.T) {
	d := newDatabase(t)
	h := newEnv(t, d.url)
	migration := "SELECT pg_advisory_xact_lock(" + strconv.FormatInt(lock.DefaultLockID, 10) + ")"
	stopCommand(t, h, d, migration, d.hasRefusedLock, "migrate", "")
	if out, said, code := command(t, h.settings, "migrate"); code != 0 {
		t.Fatalf("migrate, run again, ended with %d: %s%s", code, out, said)
	}
	p := h.serve()
	p.ready()
	newPluggy(t, 1, 1).connect(h, p)
	newBelvo(t, 2, 1).connect(h, p)
	p.stop()
	if _, said, code := command(t, nil, "keyset", "rotate", h.settings["SEALING_KEYSET_FILE"]); code != 0 {
		t.Fatal(said)
	}
	stopCommand(
		t,
		h,
		d,
		"SELECT FROM connections WHERE id = (SELECT id FROM connections ORDER BY id DESC LIMIT 1) FOR UPDATE",
		d.hasWaitingLock,
		"reseal",
		"1 credentials resealed\n",
	)
	if out, said, code := command(t, h.settings, "reseal"); code != 0 || out != "1 credentials resealed\n" {
		t.Errorf("reseal, run again, ended with %d: %s%s", code, out, said)
	}
}

// A liveness probe must not end a process that waits for the migration of another one.
func TestTheProcessIsAliveWhileAMigrationWaits(t *testing.T) {
	d := newDatabase(t)
	h := newEnv(t, d.url)
	release := d.holdLock(t, "SELECT pg_advisory_xact_lock("+strconv.FormatInt(lock.DefaultLockID, 10)+")")
	port := must(freeport.Find())
	h.settings["SERVER_ADDRESS"] = "127.0.0.1:" + strconv.Itoa(port)
	p := h.serve()
	status := func(path string) int {
		request := must(http.NewRequestWithContext(t.Context(), http.MethodGet,
			"http://"+h.settings["SERVER_ADDRESS"]+path, nil))
		answer, err := client.Do(request)
		if err != nil {
			return 0
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for range 3 {
		eventually(t, 20*time.Second, "health", func() bool { return status("/health") == http.StatusOK })
		if ready := status("/readyz"); ready != http.StatusServiceUnavailable {
			t.Errorf("/readyz has status %d while the migration waits", ready)
		}
		time.Sleep(300 * time.Millisecond)
	}
	release()
	p.ready()
}

// A lock of another session delays the start. It does not end the process, which an orchestrator would start again with
// longer and longer pauses.
func TestAProcessWaitsForALockThatItsMigrationNeeds(t *testing.T) {
	d := newDatabase(t)
	h := newEnv(t, d.url)
	h.settings["DATABASE_URL"] += "&lock_timeout=200ms"
	release := d.holdLock(t, "CREATE TABLE connections (x int)")
	port := must(freeport.Find())
	h.settings["SERVER_ADDRESS"] = "127.0.0.1:" + strconv.Itoa(port)
	p := h.serve()
	eventually(t, 20*time.Second, "wait for the lock", func() bool {
		return strings.Contains(p.log(), "waiting for a lock of another session")
	})
	time.Sleep(3 * time.Second) // longer than the pause before the next attempt
	request := must(http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+h.settings["SERVER_ADDRESS"]+"/health", nil))
	answer, err := client.Do(request)
	if err != nil {
		t.Fatalf("%v: %s", err, p.log())
	}
	_ = answer.Body.Close()
	if n := strings.Count(p.log(), "waiting for a lock"); n != 1 || answer.StatusCode != http.StatusOK {
		t.Errorf("/health has status %d, and %d log lines say that the process waits", answer.StatusCode, n)
	}
	if out, said, code := command(t, h.settings, "migrate"); code != 1 || !strings.Contains(said, "lock timeout") {
		t.Errorf("the command migrate ended with %d: %s%s", code, out, said)
	}
	release()
	p.ready()
}

// stopCommand stops the named command while the command waits for a database lock. It checks the exit code and the
// output.
//
//   - lock is the SQL statement that takes the database lock.
//   - waits reports whether the command is waiting.
//   - prints is the expected standard output.
func stopCommand(
	t *testing.T, h *env, d *database, lock string, waits func(*testing.T) bool, name, prints string,
) {
	t.Helper()
	release := d.holdLock(t, lock)
	defer release()
	var out bytes.Buffer
	cmd := exec.Command(binary.Path(t), name)
	cmd.Stdout = &out
	p := launch(t, cmd, h.settings)
	eventually(t, waitTimeout, "wait for the lock", func() bool { return waits(t) })
	p.signal(syscall.SIGTERM)
	<-p.ended
	if said := p.log(); p.code() != 1 || out.String() != prints ||
		!strings.HasPrefix(said, "discovery: "+name+": interrupted") ||
		strings.Contains(said, "\n") {
		t.Errorf("%s: the exit code is %d, the output %q and %q", name, p.code(), out.String(), said)
	}
}
