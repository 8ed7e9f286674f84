package application

import (
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// feedPosition is a position in the change feed of a tenant.
type feedPosition struct {
	tenant domain.TenantID
	after  domain.Position
}

// feedWatches contains the positions of the change feed at which readers wait. All readers of one tenant
// that have read everything wait at the same position. The zero value is ready to use.
type feedWatches struct {
	mu      sync.Mutex
	watches map[feedPosition]*feedWatch
}

// feedWatch is one position at which readers wait.
type feedWatch struct {
	position feedPosition
	readers  int // guarded by feedWatches.mu

	mu       sync.Mutex
	polledAt time.Time // when a reader last polled the store; zero if any reader may poll at once
}

// join adds a reader to a position. The reader must call leave when it no longer waits.
func (w *feedWatches) join(position feedPosition) *feedWatch {
	w.mu.Lock()
	defer w.mu.Unlock()
	watch, ok := w.watches[position]
	if !ok {
		if w.watches == nil {
			w.watches = make(map[feedPosition]*feedWatch)
		}
		watch = &feedWatch{position: position}
		w.watches[position] = watch
	}
	watch.readers++
	return watch
}

// leave removes a reader from its position. A position without readers is deleted.
func (w *feedWatches) leave(watch *feedWatch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if watch.readers--; watch.readers == 0 {
		delete(w.watches, watch.position)
	}
}

// claimPoll reports whether the caller must poll the store now. It returns false if another reader at the
// position has claimed a poll less than feedPoll ago.
func (w *feedWatch) claimPoll(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.polledAt) < feedPoll {
		return false
	}
	w.polledAt = now
	return true
}

// expire makes the next claimPoll return true. It is called after a poll that found changes or failed. The
// result of such a poll is returned to one reader only, so the other readers must poll again.
func (w *feedWatch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polledAt = time.Time{}
}
