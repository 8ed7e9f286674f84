package blackbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// Values that are recorded as the status if no response arrived. The value refused means that the process did not
// accept the connection. The value dropped means that the process accepted the connection but did not answer the
// request.
const (
	refused = 0
	dropped = -1
)

// failureStatus returns the constant that is recorded for a failed request: refused or dropped. A reset connection
// counts as refused. The kernel accepted the connection, but the process stopped listening and never received the
// request.
func failureStatus(err error, p *process) int {
	if p.baseURL() == "" || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
		return refused
	}
	return dropped
}

// post sends one webhook to the process, and returns the status of the response. If no response arrived, it returns the
// result of failureStatus.
func (l *link) post(ctx context.Context, p *process, body []byte) (int, http.Header) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second) // vendors give up after 5 s, but this machine may be busy
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.baseURL()+l.path, bytes.NewReader(body))
	if err != nil {
		return failureStatus(err, p), nil
	}
	_, _, _, _, authorization := l.connectionValues()
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return failureStatus(err, p), nil
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, response.Header
}

// eventID returns the event id in a webhook body. The service lists the delivery with the same event id.
func eventID(body []byte) string {
	var event struct {
		Pluggy string `json:"eventId"`
		Belvo  string `json:"webhook_id"`
	}
	check(json.Unmarshal(body, &event))
	return event.Pluggy + event.Belvo
}

// traffic simulates the activity of the vendors: it changes rows, and posts each webhook repeatedly until the webhook
// is accepted. It posts some webhooks twice.
type traffic struct {
	links  []*link
	target func() *process // chooses the process for each attempt to post a webhook

	mu       sync.Mutex
	accepted map[string]*link // accepted events by id; an event is added at its first 202
	statuses map[int]int      // number of responses by status, except 202
}

// posters is the number of webhooks of one bank that are sent concurrently. Webhooks can therefore arrive
// out of order.
const posters = 3

func newTraffic(links []*link, target func() *process) *traffic {
	return &traffic{links: links, target: target, accepted: map[string]*link{}, statuses: map[int]int{}}
}

// run changes the rows of every bank until ctx is done, and posts the webhooks about them. It returns when the
// remaining webhooks have been accepted. meanPause is the average time between two changes of a bank.
func (tr *traffic) run(ctx context.Context, seed uint64, meanPause time.Duration) {
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
						bodies <- body // a vendor may send a webhook twice
					}
				}
				select {
				case <-ctx.Done():
				case <-time.After(meanPause/2 + rand.N(meanPause)):
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

// deliver posts a webhook repeatedly until the response is a 202.
func (tr *traffic) deliver(l *link, body []byte) { tr.deliverTo(tr.target, l, body) }

// deliverTo is like deliver, but calls the given function (target) to get the process for each attempt.
func (tr *traffic) deliverTo(target func() *process, l *link, body []byte) {
	for {
		status, _ := l.post(context.Background(), target(), body)
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

// runAccepted runs traffic for the given duration and fails the test if a webhook gets a status other than 202. A
// process responds with 503 if the database takes longer than its limit, which also happens on a busy machine. If
// there are only such responses, runAccepted waits for the pulls and repeats the traffic (pace.Try).
func (tr *traffic) runAccepted(t *testing.T, h *env, p *process, seed uint64, duration, meanPause time.Duration) {
	t.Helper()
	tr.checkStatuses(t)
	pace.Try(t, func() error {
		load, stop := context.WithTimeout(context.Background(), duration)
		defer stop()
		tr.run(load, seed, meanPause)
		late := tr.statuses[http.StatusServiceUnavailable]
		if late == 0 {
			tr.checkStatuses(t)
			return nil
		}
		delete(tr.statuses, http.StatusServiceUnavailable)
		tr.checkStatuses(t)
		tr.waitForPulls(t, h, p, waitTimeout)
		return fmt.Errorf("%d webhooks got 503", late)
	})
}

// checkStatuses fails the test if a webhook got a status other than 202. It must be called after all methods that send
// webhooks have returned.
func (tr *traffic) checkStatuses(t *testing.T) {
	t.Helper()
	if len(tr.statuses) > 0 {
		t.Errorf("webhooks got %v besides 202", tr.statuses)
	}
}

// waitForPulls waits until no pull of any bank is queued or running. It fails the test if a pull failed.
func (tr *traffic) waitForPulls(t testing.TB, h *env, p *process, timeout time.Duration) {
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

// tally contains the counts of a comparison of the stored data with the vendors' data: the webhook events that were
// accepted, stored or lost, the rows and deliveries that are stored more than once, and all rows.
type tally struct{ accepted, stored, lost, doubled, rows int }

// compareAll checks that every accepted event is stored and processed, and that the stored rows equal the
// vendors' rows. It returns the counts.
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
				t.Errorf(
					"delivery %v of event %v is still %v after all pulls have ended",
					d["id"],
					d["eventId"],
					d["status"],
				)
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

// compareRows compares the stored rows of one bank with the rows at the vendor. It returns the
// number of rows that are stored more than once.
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

// compare compares one stored row with its state at the vendor. A row that never changed must have version 1. Each
// change may add at most one version. Several changes between two reads result in one version.
func (f rowState) compare(t testing.TB, row object) {
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
		return // the store keeps the content before the removal, so only the mark is checked
	}
	got, err := decimal.NewFromString(text(row, "amount"))
	if err != nil || got.Cmp(decimal.RequireFromString(f.amount)) != 0 || row["status"] != f.status {
		t.Errorf("row %s is %v %v, at the vendor %s %s", id, row["amount"], row["status"], f.amount, f.status)
	}
}

// alternate returns a function whose successive calls return the given processes in turn.
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

// currentProcess is the process to which requests are sent. It can be replaced concurrently.
type currentProcess struct {
	mu sync.Mutex
	p  *process
}

func (s *currentProcess) get() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.p
}

func (s *currentProcess) set(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p = p
}
