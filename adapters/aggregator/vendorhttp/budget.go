package vendorhttp

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// bucket is the rate budget of one resource of one origin.
type bucket struct {
	mu      sync.Mutex
	tokens  *rate.Limiter
	blocked time.Time // until then the vendor wants no call
}

// newBucket splits the allowance: a part may come at once, nearly all of it trickles, and
// as much as may come at once is left for the network. Then no minute, wherever it begins,
// holds more than the allowance, as a full bucket of it with a full rate behind would, even
// if calls that left in one minute arrive late, in the next; and eleven twelfths of it can
// be used minute after minute.
func newBucket(perMinute int) *bucket {
	part := perMinute / 24
	burst := max(1, part)
	trickle := max(1, perMinute-burst-part)
	return &bucket{tokens: rate.NewLimiter(rate.Limit(float64(trickle)/60), burst)}
}

// reserve takes a token and says how long to wait before using it. When that is longer
// than patience nothing is taken. Errors: Unavailable (budget_exhausted) with
// RetryAfter, the wait until a token would be free.
func (b *bucket) reserve(now time.Time, patience time.Duration) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.blocked.Sub(now); wait > max(patience, 0) {
		return 0, exhausted(wait)
	} else if wait > 0 {
		// The bucket was drained: what is drawn now is drawn for the moment it reopens.
		now = b.blocked
		token := b.tokens.ReserveN(now, 1)
		return b.settle(token, now, wait, patience)
	}
	return b.settle(b.tokens.ReserveN(now, 1), now, 0, patience)
}

func (b *bucket) settle(token *rate.Reservation, now time.Time, begun, patience time.Duration) (time.Duration, error) {
	wait := begun + token.DelayFrom(now)
	if wait > max(patience, 0) {
		token.CancelAt(now)
		return 0, exhausted(wait)
	}
	return wait, nil
}

// drain keeps the bucket shut for the vendor's wish.
func (b *bucket) drain(now time.Time, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.blocked) {
		b.blocked = until
	}
}

// left says how many calls may go now; below zero, how many wait. A bucket that is shut
// has none, whatever it holds for the moment it reopens.
func (b *bucket) left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return min(0, b.tokens.TokensAt(b.blocked))
	}
	return b.tokens.TokensAt(now)
}

func exhausted(wait time.Duration) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: wait}
}
