package blackbox_test

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// rescueTime is the promised bound: work that a dead process held continues within it.
const rescueTime = 30 * time.Second

// held starts a pull on the process that hangs at the vendor after its first page, which is
// stored meanwhile.
func held(t *testing.T, h *env, l *link, p *process) {
	t.Helper()
	stuck(t, l, p, 1)
	rows := 0
	eventually(t, 5*time.Second, "first page", func() bool {
		rows = len(h.all(p, "/aggregator-connections/"+l.id+"/transactions"))
		return rows > 0
	})
	if rows == len(l.facts) {
		t.Fatalf("all %d rows were read: the pull does not hang in the middle", rows)
	}
}

// stuck starts a pull on the process that hangs at the vendor after some good pages.
func stuck(t *testing.T, l *link, p *process, pages int) {
	t.Helper()
	l.hang(pages)
	if status, _ := l.post(context.Background(), p, l.whole()); status != http.StatusAccepted {
		t.Fatalf("the webhook got %d", status)
	}
	eventually(t, 15*time.Second, "pull that hangs", func() bool { return l.faults() > 0 })
}

// rescued makes the vendor respond again, waits until the pull has ended, and returns the
// time since the death of the process that held it.
func rescued(t *testing.T, h *env, l *link, p *process, died time.Time) time.Duration {
	t.Helper()
	path := "/aggregator-connections/" + l.id + "/transactions"
	eventually(t, rescueTime+10*time.Second, "pull taken up", func() bool { return len(h.all(p, path)) == len(l.facts) })
	took := time.Since(died)
	(&traffic{links: []*link{l}}).quiet(t, h, p, 15*time.Second)
	l.compareRows(t, h.all(p, path))
	return took
}

func TestPullOfADeadProcessContinues(t *testing.T) {
	for name, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run("restarted on "+name, func(t *testing.T) {
			t.Parallel()
			h := newEnv(t, at(t))
			first := h.serve()
			first.ready()
			l := newBelvo(t, 1, 1200)
			l.connect(h, first)
			held(t, h, l, first)
			first.kill()
			died := time.Now()
			l.heal()
			second := h.serve()
			second.ready()
			within(t, rescued(t, h, l, second, died))
		})
	}
	t.Run("two others alive", func(t *testing.T) {
		t.Parallel()
		h := newEnv(t, newDatabase(t).url)
		first := h.serve()
		first.ready()
		l := newPluggy(t, 2, 60)
		l.connect(h, first)
		held(t, h, l, first) // the only process at this time, so the pull is its own
		second, third := h.serve(), h.serve()
		second.ready()
		third.ready()
		first.kill()
		died := time.Now()
		l.heal()
		within(t, rescued(t, h, l, third, died))
	})
}

func within(t *testing.T, took time.Duration) {
	t.Helper()
	t.Logf("taken up and done %.1f s after the process died", took.Seconds())
	if took > rescueTime {
		t.Errorf("the promise is %v", rescueTime)
	}
}
