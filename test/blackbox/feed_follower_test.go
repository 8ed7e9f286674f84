package blackbox_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// follower reads the tenant's change feed like a consumer, while the service is under load.
type follower struct {
	h      *env
	target atomic.Pointer[func() *process]

	stop  context.CancelFunc
	ended sync.WaitGroup

	cursor   string
	versions map[string]float64 // the latest version of each transaction that the feed has returned
}

// follow starts to read the feed from its beginning. Before each request it calls target to choose the process to which
// the request is sent.
func follow(h *env, target func() *process) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{h: h, stop: cancel, versions: map[string]float64{}}
	f.target.Store(&target)
	f.ended.Go(func() {
		for ctx.Err() == nil {
			if !f.read(ctx) {
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	return f
}

// read reads one page and reports whether it has changes. A request that fails is repeated with the same cursor.
func (f *follower) read(ctx context.Context) bool {
	path := surface + "/transactions/changes?limit=200&cursor=" + url.QueryEscape(f.cursor)
	if f.cursor == "" {
		path = surface + "/transactions/changes?limit=200"
	}
	page, err := f.h.try(ctx, (*f.target.Load())(), http.MethodGet, path, nil)
	if err != nil || page.status != http.StatusOK {
		return false
	}
	items := listed(page.body)
	for _, item := range items {
		transaction, _ := item["transaction"].(object)
		f.versions[text(transaction, "id")], _ = transaction["version"].(float64)
	}
	f.cursor = text(page.body, "nextCursor")
	return len(items) > 0
}

// compare stops the follower. The follower must have received the last version of every stored transaction of the
// links. The results are:
//
//   - seen: the number of transactions that the feed has returned.
//   - missed: the number of transactions whose last version the follower has not received.
func (f *follower) compare(t testing.TB, p *process, links []*link) (seen, missed int) {
	t.Helper()
	f.stop()
	f.ended.Wait()
	last := func() *process { return p }
	f.target.Store(&last)
	// Transactions of other processes may delay the feed for a moment, so the comparison is repeated.
	for end := time.Now().Add(waitTimeout); ; time.Sleep(100 * time.Millisecond) {
		for f.read(context.Background()) {
		}
		missed = 0
		for _, l := range links {
			for _, row := range f.h.all(p, "/aggregator-connections/"+l.id+"/transactions") {
				if f.versions[text(row, "id")] != row["version"] {
					missed++
				}
			}
		}
		if missed == 0 || time.Now().After(end) {
			break
		}
	}
	if missed > 0 {
		t.Errorf("the change feed has missed the last version of %d transactions", missed)
	}
	return len(f.versions), missed
}
