package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// samples is the number of webhooks that are measured in a round. idleTime is the pause before each
// webhook.
const (
	samples  = 10
	idleTime = 200 * time.Millisecond
)

// latency measures the time from sending a webhook until the row that it announces can be read, one webhook at a
// time.
func (b *bench) latency(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "latency")
	if err != nil {
		return nil, err
	}
	listener, err := b.notified(ctx)
	if err != nil {
		return nil, err
	}
	onPostgres, err := b.follow(ctx, url, row{
		what:    "webhook sent → row readable, PostgreSQL",
		against: "one flushed insert + one NOTIFY round trip (time / time)",
	}, listener)
	if err != nil {
		return nil, err
	}
	raw, err := b.sqliteFile(ctx, "note.db", `CREATE TABLE note (id blob PRIMARY KEY, body text NOT NULL)`)
	if err != nil {
		return nil, err
	}
	onSQLite, err := b.follow(ctx, "", row{
		what: "webhook sent → row readable, SQLite", against: "one flushed insert (time / time)",
	}, func(ctx context.Context) error {
		id := uuid.New()
		_, err := raw.ExecContext(ctx, `INSERT INTO note VALUES (?, ?)`, id[:], "a webhook")
		return err
	})
	return []row{onPostgres, onSQLite}, err
}

// notified returns the function for the reference measurement on PostgreSQL. The function inserts a row with a NOTIFY,
// and waits until a second connection has received the notification.
func (b *bench) notified(ctx context.Context) (func(context.Context) error, error) {
	url, err := b.database(ctx, "note")
	if err != nil {
		return nil, err
	}
	if err := execute(ctx, url, `CREATE TABLE note (id uuid PRIMARY KEY, body text NOT NULL)`); err != nil {
		return nil, err
	}
	var conns [2]*pgx.Conn
	for i := range conns {
		if conns[i], err = pgx.Connect(ctx, url); err != nil {
			return nil, err
		}
		b.onClose(func() { _ = conns[i].Close(context.Background()) })
	}
	writer, listener := conns[0], conns[1]
	if _, err := listener.Exec(ctx, "LISTEN note"); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := writer.Exec(
			ctx,
			`WITH told AS (INSERT INTO note VALUES ($1, 'a webhook') RETURNING id) SELECT pg_notify('note', id::text) FROM told`,
			uuid.New(),
		)
		if err != nil {
			return err
		}
		_, err = listener.WaitForNotification(ctx)
		return err
	}, nil
}

// follow alternately measures one webhook and one call of the given reference function, and returns the row with the
// results. Before each measurement, the system is idle for idleTime.
func (b *bench) follow(
	ctx context.Context,
	database string,
	r row,
	reference func(context.Context) error,
) (row, error) {
	f, err := b.follower(ctx, database)
	if err != nil {
		return r, err
	}
	var ours []time.Duration
	for i := range b.rounds*samples + 1 {
		var p pair
		for _, variant := range []struct {
			do   func(context.Context) error
			took *float64
		}{{f.sendAndWait, &p.ours}, {reference, &p.reference}} {
			time.Sleep(idleTime)
			begun := time.Now()
			if err := variant.do(ctx); err != nil {
				return r, err
			}
			*variant.took = time.Since(begun).Seconds()
		}
		if i == 0 {
			continue // the first measurement is a warm-up
		}
		b.logf("%s: %.1f ms, reference %.1f ms", r.what, p.ours*1000, p.reference*1000)
		r.pairs, ours = append(r.pairs, p), append(ours, time.Duration(p.ours*float64(time.Second)))
	}
	slices.Sort(ours)
	all := loadResult{delays: ours}
	r.reach = "p95 ≤ 250 ms"
	r.also = fmt.Sprintf(
		"p50 %.0f ms, p95 %.0f ms",
		all.percentile(0.5).Seconds()*1000,
		all.percentile(0.95).Seconds()*1000,
	)
	return r, nil
}

// follower sends webhooks about rows that have just been added at the vendor.
type follower struct {
	service *service
	vendor  *vendor
	list    string // path of the connection's transactions
	account string // the vendor's account to which rows are added
	// send sends a webhook about new rows of the account.
	send func(ctx context.Context, event pluggysim.Event) (status int, err error)
}

func (b *bench) follower(ctx context.Context, database string) (*follower, error) {
	e, err := b.newEnv(ctx, database)
	if err != nil {
		return nil, err
	}
	f := &follower{account: pluggysim.DemoBankAccountID}
	if f.service, err = e.unlimited(ctx); err != nil {
		return nil, err
	}
	if f.vendor, err = b.vendor(ctx, 0, false); err != nil {
		return nil, err
	}
	connection, err := f.service.connect(ctx, f.vendor, "latency")
	if err != nil {
		return nil, err
	}
	f.list = surface + "/aggregator-connections/" + connection + "/transactions?limit=5"
	path, err := f.service.mint(ctx, "latency")
	to := pluggysim.Target{URL: "http://" + f.service.address + path, Sign: pluggysim.Signed(signingKey)}
	f.send = func(ctx context.Context, event pluggysim.Event) (int, error) {
		return f.vendor.sim.SendWebhook(ctx, to, event)
	}
	return f, errors.Join(err, f.service.pull(ctx, connection))
}

// sendAndWait adds a row at the vendor, sends its webhook and polls until the row can be read.
func (f *follower) sendAndWait(ctx context.Context) error {
	added, err := f.vendor.sim.AddTransaction(pluggysim.Transaction{
		AccountID: f.account, Description: "LATENCY", Amount: "-1.00", Type: "DEBIT",
	})
	if err != nil {
		return err
	}
	status, err := f.send(ctx, pluggysim.Event{Name: "transactions/created", AccountID: f.account})
	if err != nil || status != http.StatusAccepted {
		return errors.Join(err, fmt.Errorf("the webhook got status %d", status))
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.service.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for w, deadline := newWire(conn),
		time.Now().Add(30*time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		_, body, err := w.exchange(get(nil, f.list, f.service.token))
		if err != nil || bytes.Contains(body, []byte(added.ID)) {
			return err
		}
	}
	return errors.New("the row did not appear within 30 s")
}
