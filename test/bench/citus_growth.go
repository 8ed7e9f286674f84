package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// workerShare is the processor time of a worker in growthOnCitus, as a share of one core. It is so small that the
// workers, and not the clients or the service, determine the rate.
const workerShare = 0.2

// growthClients is the number of clients in growthOnCitus. It is large, so that even half of the clients fill the
// batches of a worker.
const growthClients = 128

// growthOnCitus compares how many webhooks per second the service accepts for tenants on both workers of the cluster
// and for tenants on one of them. No pulls run meanwhile. Each worker has a share of one core, as if it were a small
// machine. The other programs are not limited.
func (b *bench) growthOnCitus(ctx context.Context, cluster *pgtest.Citus, e *env) (row, error) {
	r := row{
		what: fmt.Sprintf("accepts, %d clients, tenants: %d, on both workers, each limited to %g of a core",
			growthClients, manyConnections, workerShare),
		against: "the same tenants on one worker",
	}
	conn, err := pgx.Connect(ctx, cluster.URL())
	if err != nil {
		return r, err
	}
	defer func() { _ = conn.Close(ctx) }()
	s, err := e.serve(ctx)
	if err != nil {
		return r, err
	}
	v, err := b.vendor(ctx, 0, true)
	if err != nil {
		return r, err
	}
	var boxes [2]*mailbox
	for i := range boxes {
		made := 0
		s.accepts = func(tenant string) (bool, error) {
			// Tenants on both workers alternate, so that both have the same number.
			worker, err := workerOf(ctx, conn, tenant)
			ok := i == 1 && worker == 0 || i == 0 && worker == made%2
			if err == nil && ok {
				made++
			}
			return ok, err
		}
		if err := s.newTenant(ctx); err != nil {
			return r, err
		}
		if boxes[i], err = s.mailboxOf(ctx, v, manyConnections); err != nil {
			return r, err
		}
		// Pulls would wait for the vendor's rate budget, and use a growing part of the limited processor time.
		if err := boxes[i].pause(ctx); err != nil {
			return r, err
		}
	}
	accepts := func(i int) variant {
		return func(ctx context.Context) (float64, error) {
			return boxes[i].load(growthClients, s.address).rate(b.turn())(ctx)
		}
	}
	for i := range boxes { // opens the connections, whose start takes long on a limited server
		if _, err := accepts(i)(ctx); err != nil {
			return r, err
		}
	}
	for i, w := range cluster.Workers {
		release, err := limitProcessor(w.Dir(), "bench-worker-"+strconv.Itoa(i), workerShare)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			r.also = "not measured, because the processor time of a server cannot be limited here: " + err.Error()
			return r, nil
		}
		if err != nil {
			return r, err
		}
		defer release()
	}
	r, err = b.versus(ctx, r, accepts(0), accepts(1))
	if err != nil {
		return r, err
	}
	var rates [2][]float64
	for _, p := range r.pairs {
		rates[0], rates[1] = append(rates[0], p.ours), append(rates[1], p.reference)
	}
	r.also = fmt.Sprintf("%.0f and %.0f a second", median(rates[0]), median(rates[1]))
	return r, nil
}

// workerOf returns the index of the worker with the tenant's rows, in the order of the workers' ids.
func workerOf(ctx context.Context, conn *pgx.Conn, tenant string) (index int, err error) {
	id, err := uuid.Parse(tenant)
	if err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, `SELECT (SELECT count(DISTINCT groupid) FROM pg_dist_placement lower
			WHERE lower.groupid > 0 AND lower.groupid < p.groupid)
		FROM pg_dist_placement p WHERE shardid = get_shard_id_for_distribution_column('connections', $1::uuid)`,
		id).Scan(&index)
	return index, err
}

// processorGroups is the directory of the control groups of processor time, version 1.
// https://docs.kernel.org/scheduler/sched-bwc.html
const processorGroups = "/sys/fs/cgroup/cpu"

// limitPeriod is the period of a processor limit. It is short, so that a limited server never pauses for long.
const limitPeriod = 10 * time.Millisecond

// limitProcessor limits all processes of the server with this data directory to a share of one core. The returned
// function ends the limit. The error is fs.ErrNotExist or fs.ErrPermission if this machine does not allow the limit.
func limitProcessor(dir, name string, share float64) (release func(), err error) {
	group, err := os.MkdirTemp(processorGroups, name+"-")
	if err != nil {
		return nil, err
	}
	release = func() {
		members, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		for id := range strings.FieldsSeq(string(members)) {
			_ = os.WriteFile(filepath.Join(processorGroups, "cgroup.procs"), []byte(id), 0)
		}
		_ = os.Remove(group)
	}
	processes, err := processesOf(dir)
	if err != nil {
		release()
		return nil, err
	}
	settings := [][2]string{
		{"cpu.cfs_period_us", strconv.FormatInt(limitPeriod.Microseconds(), 10)},
		{"cpu.cfs_quota_us", strconv.FormatInt(int64(share*float64(limitPeriod.Microseconds())), 10)},
	}
	for _, id := range processes {
		settings = append(settings, [2]string{"cgroup.procs", strconv.Itoa(id)})
	}
	for _, s := range settings {
		err := os.WriteFile(filepath.Join(group, s[0]), []byte(s[1]), 0)
		if err != nil && s[0] != "cgroup.procs" { // a process may have ended
			release()
			return nil, err
		}
	}
	return release, nil
}
