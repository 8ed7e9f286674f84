package blackbox_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

var removalDeliveries = flag.Int("removal-deliveries", 20, "how many deliveries of 1 MiB announce removals")

// Many webhooks of 1 MiB announce removals while a pull is running. The process must not hold all of the announced ids
// in memory. Each webhook names one row of the connection and many ids that do not exist. The next pull must mark all
// of the named rows as removed.
func TestDeliveriesFullOfRemovalsNeedLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process can be read only on Linux")
	}
	for name, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			h := newEnv(t, at(t))
			p := h.serve()
			p.ready()
			for _, l := range []*link{newPluggy(t, 1, *removalDeliveries+5), newBelvo(t, 2, *removalDeliveries+5)} {
				vendor, _, _, _, _ := l.connectionValues()
				t.Run(vendor, func(t *testing.T) { h.checkRemovals(t, p, l) })
			}
		})
	}
}

func (h *env) checkRemovals(t *testing.T, p *process, l *link) {
	l.connect(h, p)
	l.mustPost(t, p, l.fullPullEvent())
	h.settle(p, l.id)
	before := residentMemory(t, p)
	l.hang(0)
	l.mustPost(t, p, l.fullPullEvent())
	eventually(t, waitTimeout, "the pull that is in progress", func() bool { return l.faults() > 0 })
	removed, peak := map[string]bool{}, 0
	for id := range l.facts {
		if len(removed) == *removalDeliveries {
			break
		}
		removed[id] = true
		l.remove(id)
		for _, body := range l.takeEvents() {
			l.postUntilAccepted(t, p, withMoreIDs(body, id))
		}
		peak = max(peak, residentMemory(t, p))
	}
	l.clearFaults()
	limit := waitTimeout + time.Duration(*removalDeliveries)*100*time.Millisecond
	eventually(t, limit, "the pull of the removals", func() bool {
		peak = max(peak, residentMemory(t, p))
		open, _ := h.open(p, l.id)
		return open == 0
	})
	if peak > maxMemory {
		t.Errorf("the process used %d MiB, want at most %d MiB", peak>>20, maxMemory>>20)
	}
	t.Logf("%d deliveries: pulled in %.1f s, memory %d MiB before, at most %d MiB",
		*removalDeliveries, h.longestPull(t, p, l.id).Seconds(), before>>20, peak>>20)
	for _, row := range h.all(p, "/aggregator-connections/"+l.id+"/transactions") {
		if id := text(row, "externalId"); removed[id] != (row["removedAt"] != nil) {
			t.Errorf("row %s: announced as removed %v, removedAt %v", id, removed[id], row["removedAt"])
		}
	}
}

// longestPull returns the longest duration of a pull of the connection. Only pulls that removed rows count.
func (h *env) longestPull(t *testing.T, p *process, connection string) time.Duration {
	var longest time.Duration
	for _, pull := range h.all(p, "/aggregator-connections/"+connection+"/pulls") {
		var times [2]time.Time
		for i, name := range []string{"startedAt", "finishedAt"} {
			var err error
			if times[i], err = time.Parse(time.RFC3339, text(pull, name)); err != nil {
				t.Fatal(err)
			}
		}
		if counts, _ := pull["counts"].(map[string]any); counts["removed"] != 0.0 {
			longest = max(longest, times[1].Sub(times[0]))
		}
	}
	return longest
}

// settle waits until no pull of the connection is open, and checks that all of its pulls succeeded.
func (h *env) settle(p *process, connection string) {
	h.t.Helper()
	h.settleWithin(waitTimeout, p, connection)
}

// settleWithin works like settle, with the given timeout.
func (h *env) settleWithin(timeout time.Duration, p *process, connection string) {
	h.t.Helper()
	eventually(h.t, timeout, "the end of the pulls", func() bool {
		open, failed := h.open(p, connection)
		if len(failed) > 0 {
			h.t.Fatalf("pulls failed: %v", failed)
		}
		return open == 0
	})
}

// mustPost posts a webhook and checks that it is accepted.
func (l *link) mustPost(t *testing.T, p *process, body []byte) {
	t.Helper()
	if status, _ := l.post(t.Context(), p, body); status != http.StatusAccepted {
		t.Fatalf("a webhook of %d bytes got %d, want 202", len(body), status)
	}
}

// postUntilAccepted posts a webhook until it is accepted. On a busy machine, a large webhook may get a 503. Vendors
// send such a webhook again.
func (l *link) postUntilAccepted(t *testing.T, p *process, body []byte) {
	t.Helper()
	eventually(t, waitTimeout, "a large webhook to be accepted", func() bool {
		status, _ := l.post(t.Context(), p, body)
		if status != http.StatusAccepted && status != http.StatusServiceUnavailable {
			t.Fatalf("a webhook of %d bytes got %d, want 202", len(body), status)
		}
		return status == http.StatusAccepted
	})
}

// withMoreIDs returns a longer copy of an event body that contains the id of a row. The copy also contains many ids of
// rows that do not exist, so that it is almost 1 MiB long.
func withMoreIDs(body []byte, id string) []byte {
	var more strings.Builder
	for i := 0; len(body)+more.Len() < floodBody-100; i++ {
		_, _ = fmt.Fprintf(&more, `,"%s-%d"`, id, i)
	}
	return []byte(strings.Replace(string(body), `["`+id+`"]`, `["`+id+`"`+more.String()+"]", 1))
}
