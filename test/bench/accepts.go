package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// generator measures whether the load generator is fast enough. It compares the webhooks per second
// that the service accepts with the requests per second of an HTTP handler in this process. The handler
// only reads the body and responds with 202.
func (b *bench) generator(ctx context.Context) ([]row, error) {
	m, s, err := b.webhookTarget(ctx)
	if err != nil {
		return nil, err
	}
	origin, err := b.listen(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1024))
		w.WriteHeader(http.StatusAccepted)
	}))
	if err != nil {
		return nil, err
	}
	empty := func(ctx context.Context) (float64, error) {
		load := m.load(32, origin[len("http://"):])
		load.answered = nil
		return load.rate(b.turn())(ctx)
	}
	r, err := b.versus(ctx, row{
		what:    "an empty handler in the generator's own process",
		against: "accepts of the service",
		reach:   "well above 1",
		also:    "otherwise the generator would be measured",
	}, empty, func(ctx context.Context) (float64, error) { return m.load(32, s.address).rate(b.turn())(ctx) })
	return []row{r}, err
}

// webhookTarget starts the service on PostgreSQL. It returns the service, and a mailbox that sends events to the
// service's webhooks.
func (b *bench) webhookTarget(ctx context.Context) (*mailbox, *service, error) {
	url, err := b.database(ctx, "accepts")
	if err != nil {
		return nil, nil, err
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	s, err := e.serve(ctx)
	if err != nil {
		return nil, nil, err
	}
	v, err := b.vendor(ctx, 0, true)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.mailbox(ctx, v)
	return m, s, err
}

// twoInserts is the schema for the comparison measurement: a table for the delivery and a table for the job. Each has a
// primary key and no other index, so the comparison writes less than the service does.
var twoInserts = []string{
	`CREATE TABLE raw_deliveries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body bytea NOT NULL, received_at timestamptz NOT NULL)`,
	`CREATE TABLE raw_jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, args text NOT NULL, created_at timestamptz NOT NULL)`,
}

// twoInsertsScript returns a pgbench script that inserts a job and a body of the same length as the
// webhook's body.
func twoInsertsScript(m *mailbox) string {
	body := m.before + "00000000-0000-0000-0000-000000000000" + m.after
	return fmt.Sprintf(`BEGIN;
INSERT INTO raw_deliveries (body, received_at) VALUES ('\x%x', now());
INSERT INTO raw_jobs (args, created_at) VALUES ('{"pull_id":"00000000-0000-0000-0000-000000000000"}', now());
COMMIT;
`, body)
}

// clientCounts lists the numbers of clients in the benchmark of webhook requests, and the target ratio for each number.
var clientCounts = []struct {
	clients int
	reach   string
}{{32, "≥ 1.5"}, {1, "≥ 0.6"}, {128, "≥ 1.8"}}

// accepts is the benchmark of webhook requests:
//
//   - It measures how many webhooks per second the service accepts. The reference is pgbench with transactions of two
//     inserts.
//   - It measures the delay of the service at half of this rate.
//   - At the end it reads back every accepted delivery.
func (b *bench) accepts(ctx context.Context) ([]row, error) {
	m, s, err := b.webhookTarget(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := b.database(ctx, "raw")
	if err != nil {
		return nil, err
	}
	if err := execute(ctx, raw, twoInserts...); err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range clientCounts {
		r, err := b.compareAccepts(ctx, m, s, pgbench{url: raw, clients: c.clients, script: twoInsertsScript(m)})
		if err != nil {
			return nil, err
		}
		r.reach = c.reach
		if c.clients == 32 {
			if r.also, err = b.halfLoad(ctx, m, s, r.pairs); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	if b.profile != "" {
		if err := b.statements(ctx); err != nil {
			return nil, err
		}
	}
	rows[len(rows)-1].also, err = m.verify(ctx)
	return rows, err
}

// compareAccepts compares two rates: the webhooks per second that the service accepts, and the transactions per second
// that pgbench runs. Both measurements use the same number of clients.
func (b *bench) compareAccepts(ctx context.Context, m *mailbox, s *service, reference pgbench) (row, error) {
	profiled, err := b.profiled(s, fmt.Sprintf("accepts-%d", reference.clients))
	if err != nil {
		return row{}, err
	}
	return b.versus(ctx, row{
		what: fmt.Sprintf("accepts, %d clients", reference.clients), against: "pgbench, two inserts a transaction",
	}, profiled(func(ctx context.Context) (float64, error) {
		return m.load(reference.clients, s.address).rate(b.turn())(ctx)
	}),
		func(ctx context.Context) (float64, error) { return reference.run(ctx, b) })
}

// halfLoad sends requests at half of the measured rate and returns a text with the p99 of their delays. It first makes
// the database flush the data that pgbench has written. Otherwise this writeback would slow down the measured requests.
func (b *bench) halfLoad(ctx context.Context, m *mailbox, s *service, pairs []pair) (string, error) {
	if err := execute(ctx, b.server.URL(), "CHECKPOINT"); err != nil {
		return "", err
	}
	var rates, p99 []float64
	for _, p := range pairs {
		rates = append(rates, p.ours)
	}
	for range b.rounds {
		got, err := m.load(32, s.address).paced(ctx, b.turn(), median(rates)/2)
		if err != nil {
			return "", err
		}
		b.logf("half load: p50 %v, p99 %v", got.percentile(0.5), got.percentile(0.99))
		p99 = append(p99, float64(got.percentile(0.99))/float64(time.Millisecond))
	}
	return fmt.Sprintf("at half that load p99 %.1f ms (reach ≤ 20 ms)", median(p99)), nil
}
