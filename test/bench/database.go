package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// database creates an empty database and returns its URL. All databases of a section are on one
// server, which flushes every commit to disk.
func (b *bench) database(ctx context.Context, name string) (string, error) {
	if b.server == nil {
		server, err := pgtest.Start(pgtest.Options{Fsync: true, Settings: serverSettings("")})
		if err != nil {
			return "", err
		}
		b.server = server
		b.onClose(func() { _ = server.Stop() })
	}
	if err := execute(ctx, b.server.URL(), "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return strings.Replace(b.server.URL(), "/postgres?", "/"+name+"?", 1), nil
}

// serverSettings returns the settings of a server. Its list of shared_preload_libraries begins with the text preload.
func serverSettings(preload string) map[string]string {
	return map[string]string{
		"shared_buffers": "512MB", "max_wal_size": "4GB",
		"shared_preload_libraries": preload + "pg_stat_statements", "pg_stat_statements.track": "top",
	}
}

// pool opens a connection pool that is closed at the end of the section.
func (b *bench) pool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	pool, err := pgxpool.New(ctx, url)
	if err == nil {
		b.onClose(pool.Close)
	}
	return pool, err
}

// execute runs the statements one after another on a new connection to url.
func execute(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%w in %.60s", err, strings.Join(strings.Fields(statement), " "))
		}
	}
	return nil
}

// pgbench is a script to be run by the program pgbench.
type pgbench struct {
	url       string
	clients   int
	script    string
	variables map[string]string
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// run runs the script with prepared statements for b.seconds seconds and returns the transactions per second.
func (p pgbench) run(ctx context.Context, b *bench) (float64, error) {
	path, err := pgbenchPath()
	if err != nil {
		return 0, err
	}
	file := filepath.Join(b.dir, "script.sql")
	if err := os.WriteFile(file, []byte(p.script), 0o600); err != nil {
		return 0, err
	}
	args := []string{"--no-vacuum", "--protocol=prepared", "--client=" + strconv.Itoa(p.clients),
		"--jobs=" + strconv.Itoa(min(p.clients, 2)), "--time=" + strconv.Itoa(b.seconds), "--file=" + file}
	for name, value := range p.variables {
		args = append(args, "--define="+name+"="+value)
	}
	said, err := exec.CommandContext(ctx, path, append(args, p.url)...).CombinedOutput()
	found := tps.FindSubmatch(said)
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, said)
	}
	if found == nil {
		return 0, fmt.Errorf("pgbench ran no transaction: %s", said)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// pgbenchPath returns the path of the newest pgbench below /usr/lib/postgresql. If there is none in that folder, it
// returns the path of the pgbench in PATH.
func pgbenchPath() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) > 0 {
		return slices.Max(found), nil
	}
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	return "", errors.New("no pgbench under /usr/lib/postgresql nor in PATH: it is part of the server's package")
}
