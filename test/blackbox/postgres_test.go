package blackbox_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

	poolerURL string // the URL of the database through a pooler; "" without a pooler
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
	if d.poolerURL != "" {
		// After an outage, a pooler refuses its clients until it tries to connect to the database again.
		eventually(d.t, waitTimeout, "answer of the pooler", func() bool { return answers(d.poolerURL) })
	}
}

// answers reports whether the database at url answers a query.
func answers(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "SELECT")
	return err == nil
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
func (d *database) hang() {
	d.t.Helper()
	if err := d.server.Freeze(); err != nil {
		d.t.Fatal(err)
	}
}

// resume makes a frozen server continue.
func (d *database) resume() { d.server.Thaw() }
