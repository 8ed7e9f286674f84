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
	mu sync.Mutex
	at map[feedPosition]*feedWatch
}

// feedWatch is one position at which readers wait.
type feedWatch struct {
	position feedPosition
	readers  int // guarded by feedWatches.mu

	mu       sync.Mutex
	polledAt time.Time // when a reader last polled the store; zero if the next poll must not be delayed
}

// join adds a reader to a position. The reader must call leave when it no longer waits.
func (w *feedWatches) join(position feedPosition) *feedWatch {
	w.mu.Lock()
	defer w.mu.Unlock()
	watch, ok := w.at[position]
	if !ok {
		if w.at == nil {
			w.at = make(map[feedPosition]*feedWatch)
		}
		watch = &feedWatch{position: position}
		w.at[position] = watch
	}
	watch.readers++
	return watch
}

// leave removes a reader from its position. The last reader removes the position.
func (w *feedWatches) leave(watch *feedWatch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if watch.readers--; watch.readers == 0 {
		delete(w.at, watch.position)
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

// expire makes the next claimPoll return true. It is called when a poll found changes or failed: its result
// serves only one reader, so the others must poll again.
func (w *feedWatch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polledAt = time.Time{}
}
