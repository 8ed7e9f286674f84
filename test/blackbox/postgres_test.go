package blackbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// database is a PostgreSQL server that the test can kill, stop and freeze. Its address is the same after
// each start.
type database struct {
	t      testing.TB
	dir    string
	server *pgtest.Server
	url    string
	port   int
}

// newDatabase starts a server that flushes every commit, as in production.
func newDatabase(t testing.TB) *database {
	t.Helper()
	d := &database{t: t, dir: datadir.New(t)}
	t.Cleanup(func() {
		if d.server != nil {
			d.resume()
			_ = d.server.Kill()
		}
	})
	d.start()
	return d
}

func (d *database) start() {
	d.t.Helper()
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: filepath.Join(d.dir, "data"), Port: d.port})
	if err != nil {
		d.t.Fatal(err)
	}
	d.server, d.url, d.port = server, server.URL(), server.Port()
}

// stop shuts the server down gracefully: the server closes every connection.
func (d *database) stop() {
	d.t.Helper()
	if err := d.server.Stop(); err != nil {
		d.t.Fatal(err)
	}
	d.server = nil
}

// crash ends the server immediately. The next start recovers the data from the write-ahead log.
func (d *database) crash() {
	d.t.Helper()
	if err := d.server.Kill(); err != nil {
		d.t.Fatal(err)
	}
	d.server = nil
}

// hang freezes the server: its connections stay open, but it does not respond on them.
func (d *database) hang() { d.signal(syscall.SIGSTOP) }

// resume makes a frozen server continue.
func (d *database) resume() { d.signal(syscall.SIGCONT) }

func (d *database) signal(sig syscall.Signal) {
	d.t.Helper()
	for _, pid := range d.processes() {
		_ = syscall.Kill(pid, sig) // an error is ignored, because the process may have just ended
	}
}

// processes returns the process ids of the server: the postmaster, which is recorded in the data folder,
// and its children.
func (d *database) processes() []int {
	raw, err := os.ReadFile(filepath.Join(d.server.Dir(), "postmaster.pid"))
	var postmaster int
	if _, scanned := fmt.Sscan(string(raw), &postmaster); err != nil || scanned != nil {
		return nil
	}
	family := []int{postmaster}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		var pid, parent int
		var state string
		raw, err := os.ReadFile(stat)
		head, tail, found := strings.Cut(string(raw), "(")
		if err != nil || !found {
			continue
		}
		_, _ = fmt.Sscan(head, &pid)
		if _, err := fmt.Sscan(
			tail[strings.LastIndex(tail, ")")+1:],
			&state,
			&parent,
		); err == nil &&
			parent == postmaster {
			family = append(family, pid)
		}
	}
	return family
}
