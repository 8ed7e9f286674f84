package blackbox_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// rescueTime is the documented time limit within which another process continues the work of a process that has died.
const rescueTime = 30 * time.Second

// startHalfReadPull starts a pull on the process and waits until its first page is stored. The pull then
// waits for its second page, because the vendor does not respond.
func startHalfReadPull(t *testing.T, h *env, l *link, p *process) {
	t.Helper()
	startHangingPull(t, l, p, 1)
	rows := 0
	eventually(t, waitTimeout, "first page", func() bool {
		rows = len(h.all(p, "/aggregator-connections/"+l.id+"/transactions"))
		return rows > 0
	})
	if rows == len(l.facts) {
		t.Fatalf("all %d rows were read: the pull does not hang in the middle", rows)
	}
}

// startHangingPull starts a pull on the process, and returns when the pull is waiting for a response of the vendor. The
// vendor returns the given number of pages, and then stops responding.
func startHangingPull(t *testing.T, l *link, p *process, pages int) {
	t.Helper()
	l.hang(pages)
	if status, _ := l.post(context.Background(), p, l.fullPullEvent()); status != http.StatusAccepted {
		t.Fatalf("the webhook got %d", status)
	}
	eventually(t, waitTimeout, "pull that hangs", func() bool { return l.faults() > 0 })
}

// waitForRescue waits until all rows are stored and the pull has ended, and checks the rows. The process that ran the
// pull was killed at the given time. The result is the duration from the kill until all rows were stored.
func waitForRescue(t *testing.T, h *env, l *link, p *process, died time.Time) time.Duration {
	t.Helper()
	path := "/aggregator-connections/" + l.id + "/transactions"
	eventually(
		t,
		waitTimeout,
		"pull taken up",
		func() bool { return len(h.all(p, path)) == len(l.facts) },
	)
	took := time.Since(died)
	(&traffic{links: []*link{l}}).waitForPulls(t, h, p, waitTimeout)
	l.compareRows(t, h.all(p, path))
	t.Logf("taken up and done %.1f s after the process died", took.Seconds())
	return took
}

func TestPullOfADeadProcessContinues(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run("restarted on "+name, func(t *testing.T) {
			t.Parallel()
			pace.Within(t, rescueTime, func() time.Duration {
				h := newEnv(t, at(t))
				first := h.serve()
				first.ready()
				l := newBelvo(t, 1, 1200)
				l.connect(h, first)
				startHalfReadPull(t, h, l, first)
				first.kill()
				died := time.Now()
				l.clearFaults()
				second := h.serve()
				second.ready()
				return waitForRescue(t, h, l, second, died)
			})
		})
	}
	t.Run("two others alive", func(t *testing.T) {
		t.Parallel()
		pace.Within(t, rescueTime, func() time.Duration {
			h := newEnv(t, newDatabase(t).url)
			first := h.serve()
			first.ready()
			l := newPluggy(t, 2, 60)
			l.connect(h, first)
			startHalfReadPull(t, h, l, first) // the first process must run the pull, because it is the only one so far
			second, third := h.serve(), h.serve()
			second.ready()
			third.ready()
			first.kill()
			died := time.Now()
			l.clearFaults()
			return waitForRescue(t, h, l, third, died)
		})
	})
}
