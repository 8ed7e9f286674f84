package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The sizes of the two measurements of events.
const (
	eventRows = 20_000           // number of waiting events in the measurement of the rate
	eventRate = 500              // changed records per second in the measurement of the delay
	lagTime   = 10 * time.Second // duration of the measurement of the delay
)

// events measures one subscription on PostgreSQL. It measures the rate at which many waiting events are sent to a local
// endpoint, and to the two kinds of brokers. It also measures the time from the commit of a change until the endpoint
// receives the event.
func (b *bench) events(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "events")
	if err != nil {
		return nil, err
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	s, err := e.unlimited(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := b.pool(ctx, url)
	if err != nil {
		return nil, err
	}
	rows := b.feedRows
	b.feedRows = eventRows
	err = b.fillFeed(ctx, s, pool)
	b.feedRows = rows
	if err != nil {
		return nil, err
	}
	receiver, err := b.newEventReceiver(ctx)
	if err != nil {
		return nil, err
	}
	drained, err := s.drain(ctx, receiver)
	if err != nil {
		return nil, err
	}
	if err := s.unsubscribe(ctx, receiver.subscription); err != nil {
		return nil, err
	}
	compared, err := s.brokers(ctx)
	if err != nil {
		return []row{drained}, err
	}
	if receiver.subscription, err = s.subscribe(ctx, receiver.url, false); err != nil {
		return []row{drained, compared}, err
	}
	lag, err := receiver.lag(ctx, pool)
	return []row{drained, compared, lag}, err
}

// eventReceiver is an endpoint that confirms each event.
type eventReceiver struct {
	url          string
	subscription string // the id of the subscription that sends to it

	mu       sync.Mutex
	received int
	lags     []time.Duration    // the time from each change to the receipt of its event; nil while no time is measured
	versions map[string]float64 // the last version of each record
	inverted int                // number of events with a lower version than the previous event of the same record
}

func (b *bench) newEventReceiver(ctx context.Context) (*eventReceiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &eventReceiver{url: "http://" + listener.Addr().String() + "/", versions: map[string]float64{}}
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	b.onClose(func() { _ = server.Close() })
	return r, nil
}

func (r *eventReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	at := time.Now()
	var event struct {
		Subject string    `json:"subject"`
		Time    time.Time `json:"time"`
		Data    struct {
			Version float64 `json:"version"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received++
	if event.Data.Version < r.versions[event.Subject] {
		r.inverted++
	}
	r.versions[event.Subject] = event.Data.Version
	if r.lags != nil {
		r.lags = append(r.lags, at.Sub(event.Time))
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *eventReceiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.received
}

// subscribe creates a subscription to all changes of transactions and returns its id.
func (s *service) subscribe(ctx context.Context, url string, fromStart bool) (string, error) {
	var created struct {
		ID string `json:"id"`
	}
	err := s.call(ctx, http.MethodPost, "/subscriptions", map[string]any{
		"name": "bench", "types": []string{"transaction.*"}, "fromStart": fromStart,
		"sink": map[string]any{"kind": "webhook", "url": url},
	}, http.StatusCreated, &created)
	return created.ID, err
}

func (s *service) unsubscribe(ctx context.Context, id string) error {
	return s.call(ctx, http.MethodDelete, "/subscriptions/"+id, nil, http.StatusNoContent, nil)
}

// drain creates a subscription that begins at the start of the feed, and measures the time until all events are
// received.
func (s *service) drain(ctx context.Context, r *eventReceiver) (_ row, err error) {
	begun := time.Now()
	if r.subscription, err = s.subscribe(ctx, r.url, true); err != nil {
		return row{}, err
	}
	for r.count() < eventRows {
		if time.Since(begun) > 2*time.Minute {
			return row{}, fmt.Errorf("received %d of %d events in two minutes", r.count(), eventRows)
		}
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(begun)
	return row{
		what: fmt.Sprintf("%d events through one subscription to a local endpoint", eventRows), reach: "≥ 2,500/s",
		also: fmt.Sprintf("%.0f events/s", eventRows/took.Seconds()),
	}, nil
}

// lag changes records repeatedly, and measures the time from each change to the receipt of its event.
func (r *eventReceiver) lag(ctx context.Context, pool *pgxpool.Pool) (row, error) {
	r.mu.Lock()
	r.lags = []time.Duration{}
	r.mu.Unlock()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	changed := 0
	for begun := time.Now(); time.Since(begun) < lagTime; {
		due := int(time.Since(begun).Seconds()*eventRate) - changed
		if due > 0 {
			if _, err := pool.Exec(ctx, `UPDATE transactions SET version = version + 1, updated_at = clock_timestamp(),
				change_tx = (SELECT shift + pg_current_xact_id()::text::bigint FROM feed)
				WHERE external_id = ANY (SELECT 'copy-' || n FROM generate_series($1::int, $2::int) n)`,
				changed%10_000+1, changed%10_000+due); err != nil {
				return row{}, err
			}
			changed += due
		}
		<-ticker.C
	}
	time.Sleep(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lags) < changed*9/10 {
		return row{}, fmt.Errorf("received %d events of %d changes", len(r.lags), changed)
	}
	slices.Sort(r.lags)
	at := func(share int) time.Duration { return r.lags[len(r.lags)*share/100].Round(100 * time.Microsecond) }
	return row{
		what:  fmt.Sprintf("change → received event, at %d changes a second", eventRate),
		reach: "p95 ≤ 40 ms, 0 inversions",
		also:  fmt.Sprintf("p50 %v, p95 %v, p99 %v, %d inversions", at(50), at(95), at(99), r.inverted),
	}, nil
}
