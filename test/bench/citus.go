package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// citus compares the service on a Citus cluster (a coordinator and two workers) with the service on one PostgreSQL
// server. All servers are on this machine. The ratios therefore show the cost of the distribution, but not the benefit
// of more machines. Without the Citus extension, nothing is measured.
func (b *bench) citus(ctx context.Context) ([]row, error) {
	cluster, err := pgtest.StartCitus(pgtest.Options{Fsync: true, Settings: serverSettings("citus,")})
	if errors.Is(err, pgtest.ErrNoCitus) {
		return []row{{what: "nothing", also: err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = cluster.Stop() })
	plain, err := b.database(ctx, "plain")
	if err != nil {
		return nil, err
	}
	var envs [2]*env // used by all services on the database, which must have one keyset
	for i, url := range []string{cluster.URL(), plain} {
		if envs[i], err = b.newEnv(ctx, url); err != nil {
			return nil, err
		}
		envs[i].settings["DATABASE_DISTRIBUTE"] = strconv.FormatBool(i == 0)
	}
	rows, err := b.acceptsOnCitus(ctx, cluster, envs)
	if err != nil {
		return nil, err
	}
	growth, err := b.growthOnCitus(ctx, cluster, envs[0])
	if err != nil {
		return nil, err
	}
	pulls, err := b.pullsOnCitus(ctx, envs)
	return append(append(rows, growth), pulls...), err
}

// onOneServer describes, in the result tables of this section, what the cluster is compared with.
const onOneServer = "the same on one server"

// acceptsOnCitus compares how many webhooks per second the service accepts on the cluster and on one server: first for
// one tenant, then for many tenants. The service has the vendor's rate budget, as in production.
//
// It then measures how much work the servers of the cluster do for each accepted webhook.
func (b *bench) acceptsOnCitus(ctx context.Context, cluster *pgtest.Citus, envs [2]*env) (rows []row, err error) {
	for _, tenants := range []int{1, manyConnections} {
		var boxes [2]*mailbox
		var services [2]*service
		for i, e := range envs {
			if err := e.newTenant(ctx); err != nil {
				return nil, err
			}
			if services[i], err = e.serve(ctx); err != nil {
				return nil, err
			}
			v, err := b.vendor(ctx, 0, true)
			if err != nil {
				return nil, err
			}
			if boxes[i], err = services[i].mailboxOf(ctx, v, tenants); err != nil {
				return nil, err
			}
		}
		accepts := func(i int) variant {
			return func(ctx context.Context) (float64, error) {
				return boxes[i].load(32, services[i].address).rate(b.turn())(ctx)
			}
		}
		r, err := b.versus(ctx, row{
			what: fmt.Sprintf("accepts, 32 clients, tenants: %d", tenants), against: onOneServer, reach: "≥ 0.5",
		}, accepts(0), accepts(1))
		if err != nil {
			return nil, err
		}
		if r.also, err = b.workPerAccept(ctx, cluster, accepts(0)); err != nil {
			return nil, err
		}
		for i, box := range boxes {
			found, err := box.verify(ctx)
			if err != nil {
				return nil, err
			}
			r.also += []string{"; Citus: ", "; one server: "}[i] + found
			services[i].stop()
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// workPerAccept measures the accepted webhooks on the cluster once more. It returns the number of statements that the
// coordinator executed for each accepted webhook, and the processor time of the coordinator and of all workers.
func (b *bench) workPerAccept(ctx context.Context, cluster *pgtest.Citus, accepts variant) (string, error) {
	conn, err := pgx.Connect(ctx, cluster.URL())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return "", err
	}
	measure := func() (work clusterWork, err error) {
		const calls = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements"
		if err := conn.QueryRow(ctx, calls).Scan(&work.statements); err != nil {
			return work, err
		}
		if work.coordinator, err = processorTime(cluster.Coordinator.Dir()); err != nil {
			return work, err
		}
		for _, w := range cluster.Workers {
			spent, err := processorTime(w.Dir())
			if err != nil {
				return work, err
			}
			work.workers += spent
		}
		return work, nil
	}
	before, err := measure()
	if err != nil {
		return "", err
	}
	begun := time.Now()
	rate, err := accepts(ctx)
	if err != nil {
		return "", err
	}
	n := rate * time.Since(begun).Seconds()
	after, err := measure()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("for each accept on Citus, the coordinator executed %.3f statements and used %.0f µs of a core,"+
		" the workers %.0f µs", (after.statements-before.statements)/n,
		float64((after.coordinator-before.coordinator).Microseconds())/n,
		float64((after.workers-before.workers).Microseconds())/n), nil
}

// clusterWork contains the amount of work that the servers of a cluster have done since their start.
type clusterWork struct {
	statements           float64 // number that the coordinator has executed
	coordinator, workers time.Duration
}

// processorTime returns the processor time that the server with this data directory has used. The time includes the
// server's ended processes.
func processorTime(dir string) (time.Duration, error) {
	processes, err := processesOf(dir)
	if err != nil {
		return 0, err
	}
	var ticks int64
	for i, id := range processes {
		fields := statOf(id)
		if len(fields) < 15 {
			continue // the process has ended
		}
		for k, field := range fields[11:15] { // utime, stime, and those of the ended children
			if n, err := strconv.ParseInt(field, 10, 64); err == nil && (k < 2 || i == 0) {
				ticks += n
			}
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// processesOf returns the process ids of the server with this data directory. The first id belongs to the process that
// started the others.
func processesOf(dir string) ([]int, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	first, err := strconv.Atoi(line)
	if err != nil {
		return nil, fmt.Errorf("read the id of the server's process: %w", err)
	}
	ids := []int{first}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if fields := statOf(id); len(fields) > 1 && fields[1] == line {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// statOf returns the fields of the file /proc/<id>/stat from the third field on, or nil if the process has ended.
func statOf(id int) []string {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	return strings.Fields(after)
}

// ticksPerSecond is the unit of processor times in /proc. It is the same on all common Linux systems.
const ticksPerSecond = 100

// pullsOnCitus compares the cluster with one server. It measures the rows per second of pulls and of a reader of the
// change feed. The service has no rate budget for the vendor.
func (b *bench) pullsOnCitus(ctx context.Context, envs [2]*env) ([]row, error) {
	var pullers [2]*puller
	for i, e := range envs {
		p := &puller{}
		pullers[i] = p
		err := e.newTenant(ctx)
		if err != nil {
			return nil, err
		}
		if p.service, err = e.unlimited(ctx); err != nil {
			return nil, err
		}
		if p.vendor, err = b.vendor(ctx, b.pullRows, true); err != nil {
			return nil, err
		}
		if p.connection, err = p.service.connect(ctx, p.vendor, "first"); err != nil {
			return nil, err
		}
		if err := p.service.pull(ctx, p.connection); err != nil {
			return nil, err
		}
		if err := p.service.awaitFeed(ctx, p.vendor.rows); err != nil {
			return nil, err
		}
	}
	var rows []row
	for _, what := range []struct {
		name string
		do   func(p *puller) variant
	}{
		{"the feed of %d rows, 1,000 a page, one reader", func(p *puller) variant {
			return func(ctx context.Context) (float64, error) { return p.service.readFeed(ctx, p.vendor.rows) }
		}},
		{"a pull of %d new rows", func(p *puller) variant { return p.timed(p.fresh) }},
		{"a pull of %d rows, nothing changed", func(p *puller) variant {
			return p.timed(func(ctx context.Context) error { return p.service.pull(ctx, p.connection) })
		}},
	} {
		r, err := b.versus(ctx, row{
			what: fmt.Sprintf(what.name, pullers[0].vendor.rows), against: onOneServer, reach: "≥ 0.75",
		}, what.do(pullers[0]), what.do(pullers[1]))
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// awaitFeed waits until the feed contains all rows. A row appears in the feed only after every earlier transaction has
// ended.
func (s *service) awaitFeed(ctx context.Context, rows int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := s.readFeed(ctx, rows)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
