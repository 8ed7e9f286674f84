package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

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
	rows, err := b.acceptsOnCitus(ctx, cluster.URL(), plain)
	if err != nil {
		return nil, err
	}
	pulls, err := b.pullsOnCitus(ctx, cluster.URL(), plain)
	return append(rows, pulls...), err
}

// onOneServer describes, in the result tables of this section, what the cluster is compared with.
const onOneServer = "the same on one server"

// acceptsOnCitus compares how many webhooks per second the service accepts on the cluster and on one server: first for
// one tenant, then for many tenants. The service has the vendor's rate budget, as in production.
func (b *bench) acceptsOnCitus(ctx context.Context, cluster, plain string) (rows []row, err error) {
	for _, tenants := range []int{1, manyConnections} {
		var boxes [2]*mailbox
		var services [2]*service
		for i, url := range []string{cluster, plain} {
			if services[i], err = b.onDatabase(ctx, url, i == 0, (*env).serve); err != nil {
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
			what: fmt.Sprintf("accepts, 32 clients, tenants: %d", tenants), against: onOneServer,
		}, accepts(0), accepts(1))
		if err != nil {
			return nil, err
		}
		for i, box := range boxes {
			found, err := box.verify(ctx)
			if err != nil {
				return nil, err
			}
			r.also += []string{"Citus: ", "; one server: "}[i] + found
			services[i].stop()
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// pullsOnCitus compares the cluster with one server. It measures the rows per second of pulls and of a reader of the
// change feed. The service has no rate budget for the vendor.
func (b *bench) pullsOnCitus(ctx context.Context, cluster, plain string) ([]row, error) {
	var pullers [2]*puller
	for i, url := range []string{cluster, plain} {
		p := &puller{}
		pullers[i] = p
		var err error
		if p.service, err = b.onDatabase(ctx, url, i == 0, (*env).unlimited); err != nil {
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
		r, err := b.versus(ctx, row{what: fmt.Sprintf(what.name, pullers[0].vendor.rows), against: onOneServer},
			what.do(pullers[0]), what.do(pullers[1]))
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// onDatabase starts a service with a new tenant on the database. If distribute is true, the tables of the database are
// distributed over the Citus cluster.
func (b *bench) onDatabase(
	ctx context.Context, url string, distribute bool, launch func(*env, context.Context) (*service, error),
) (*service, error) {
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	e.settings["DATABASE_DISTRIBUTE"] = strconv.FormatBool(distribute)
	return launch(e, ctx)
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
