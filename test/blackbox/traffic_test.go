package blackbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/govalues/decimal"
)

// Values used as the status if no response arrived: the connection was refused, or it was
// accepted and the request was dropped.
const (
	refused = 0
	dropped = -1
)

// unanswered distinguishes the two. A connection that the kernel accepted for a process which
// then stopped listening is reset: the process never saw its request.
func unanswered(err error, p *process) int {
	if p.at() == "" || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
		return refused
	}
	return dropped
}

// post sends one webhook; refused or dropped mean that no response arrived.
func (l *link) post(ctx context.Context, p *process, body []byte) (int, http.Header) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // the vendor's timeout
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.at()+l.path, bytes.NewReader(body))
	if err != nil {
		return unanswered(err, p), nil
	}
	_, _, _, _, authorization := l.reference()
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return unanswered(err, p), nil
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, response.Header
}

// eventID returns the event id, by which a delivery is found.
func eventID(body []byte) string {
	var event struct {
		Pluggy string `json:"eventId"`
		Belvo  string `json:"webhook_id"`
	}
	check(json.Unmarshal(body, &event))
	return event.Pluggy + event.Belvo
}

// traffic simulates the vendors: rows change, and webhooks are posted until they are
// accepted, some of them twice.
type traffic struct {
	links  []*link
	target func() *process // chosen again for each attempt

	mu       sync.Mutex
	accepted map[string]*link // by event id, from the first 202 on
	statuses map[int]int      // statuses other than 202
}

// posters is the number of webhooks of one bank that are sent at once: they overtake each
// other.
const posters = 3

func newTraffic(links []*link, target func() *process) *traffic {
	return &traffic{links: links, target: target, accepted: map[string]*link{}, statuses: map[int]int{}}
}

// run lets every bank change until ctx ends, posts the remaining events, and returns.
func (tr *traffic) run(ctx context.Context, seed uint64, pause time.Duration) {
	var banks sync.WaitGroup
	for i, l := range tr.links {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		bodies := make(chan []byte)
		banks.Go(func() {
			defer close(bodies)
			for ctx.Err() == nil {
				for _, body := range l.change(random) {
					bodies <- body
					if random.IntN(8) == 0 {
						bodies <- body // the vendor repeats the webhook
					}
				}
				select {
				case <-ctx.Done():
				case <-time.After(pause/2 + rand.N(pause)):
				}
			}
		})
		for range posters {
			banks.Go(func() {
				for body := range bodies {
					tr.deliver(l, body)
				}
			})
		}
	}
	banks.Wait()
}

// deliver posts until there is a 202.
func (tr *traffic) deliver(l *link, body []byte) {
	for {
		status, _ := l.post(context.Background(), tr.target(), body)
		tr.mu.Lock()
		if status == http.StatusAccepted {
			tr.accepted[eventID(body)] = l
		} else {
			tr.statuses[status]++
		}
		tr.mu.Unlock()
		if status == http.StatusAccepted {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// quiet waits until no pull of any bank is queued or running.
func (tr *traffic) quiet(t testing.TB, h *env, p *process, timeout time.Duration) {
	t.Helper()
	for _, l := range tr.links {
		eventually(t, timeout, "quiet", func() bool {
			open, failed := h.open(p, l.id)
			if len(failed) > 0 {
				t.Fatalf("pulls failed: %v", failed)
			}
			if open > 0 {
				time.Sleep(100 * time.Millisecond)
			}
			return open == 0
		})
	}
}

// tally counts the results of a comparison with the vendors' data.
type tally struct{ accepted, stored, lost, doubled, rows int }

// compareAll compares everything that was accepted and announced with what is stored.
func (tr *traffic) compareAll(t testing.TB, h *env, p *process) (v tally) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	v.accepted = len(tr.accepted)
	for _, l := range tr.links {
		stored := map[string]int{}
		for _, d := range h.all(p, "/webhooks/deliveries?connectionId="+l.id) {
			stored[text(d, "eventId")]++
			if d["status"] != "processed" {
				t.Errorf("delivery %v of event %v is still %v after all pulls have ended", d["id"], d["eventId"], d["status"])
			}
		}
		for id, owner := range tr.accepted {
			switch {
			case owner != l:
			case stored[id] == 0:
				v.lost++
				t.Errorf("event %s got 202 and is not stored", id)
			default:
				v.stored++
				v.doubled += stored[id] - 1
			}
		}
		v.doubled += l.compareRows(t, h.all(p, "/aggregator-connections/"+l.id+"/transactions"))
		v.rows += len(l.facts)
	}
	if v.doubled > 0 {
		t.Errorf("%d rows or deliveries are stored more than once", v.doubled)
	}
	return v
}

// compareRows compares one bank's rows with its facts.
func (l *link) compareRows(t testing.TB, rows []object) (doubled int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := map[string]bool{}
	for _, row := range rows {
		id := text(row, "externalId")
		f, known := l.facts[id]
		if seen[id] {
			doubled++
		}
		seen[id] = true
		if !known {
			t.Errorf("row %s does not exist at the vendor", id)
			continue
		}
		f.compare(t, row)
	}
	ledger := l.ledger()
	for id, f := range l.facts {
		if _, there := ledger[id]; there == f.removed {
			t.Errorf("the test's own records about row %s are wrong", id)
		}
		if !f.removed && !seen[id] {
			t.Errorf("row %s is missing", id)
		}
	}
	return doubled
}

// compare checks one row. A row that never changed has version 1; another has at most one
// more version for each change, because several changes between two reads are one.
func (f fact) compare(t testing.TB, row object) {
	t.Helper()
	id, version := text(row, "externalId"), int(row["version"].(float64))
	most := 1 + f.edits
	if f.removed {
		most++
	}
	if version < 1 || version > most {
		t.Errorf("row %s has version %d after %d edits, removed: %t", id, version, f.edits, f.removed)
	}
	if gone := row["removedAt"] != nil; gone != f.removed {
		t.Errorf("row %s removed: %t, at the vendor: %t", id, gone, f.removed)
	}
	if f.removed {
		return // the last content that was read depends on the time of the pull
	}
	got, err := decimal.Parse(text(row, "amount"))
	if err != nil || got.Cmp(decimal.MustParse(f.amount)) != 0 || row["status"] != f.status {
		t.Errorf("row %s is %v %v, at the vendor %s %s", id, row["amount"], row["status"], f.amount, f.status)
	}
}

// alternate returns the processes in turn.
func alternate(processes ...*process) func() *process {
	var mu sync.Mutex
	turn := 0
	all := slices.Clone(processes)
	return func() *process {
		mu.Lock()
		defer mu.Unlock()
		turn++
		return all[turn%len(all)]
	}
}

// swap holds the process that is called, until it is replaced.
type swap struct {
	mu sync.Mutex
	p  *process
}

func (s *swap) get() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.p
}

func (s *swap) set(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p = p
}
