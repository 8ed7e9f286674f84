package rest

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxBuckets bounds the memory of a limiter; the ones used longest ago are forgotten
// first. A caller who floods keys to be forgotten gains one more burst, no more.
const maxBuckets = 10_000

// bucketKey is a hash, so that no token and no tenant is kept.
type bucketKey [sha256.Size]byte

// limiter bounds requests a minute by key, with a burst of one minute's worth.
type limiter struct {
	perMinute int

	mu      sync.Mutex
	buckets map[bucketKey]*list.Element
	recent  *list.List // of *bucket, the last used first
}

type bucket struct {
	key  bucketKey
	rate *rate.Limiter
}

// newLimiter gives a limiter; 0 is no limit.
func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, buckets: map[bucketKey]*list.Element{}, recent: list.New()}
}

// spend takes one request of whom the text names. Errors: errTooMany with the time to wait.
func (l *limiter) spend(whom string, now time.Time) error {
	if l.perMinute <= 0 {
		return nil
	}
	wait := l.take(sha256.Sum256([]byte(whom)), now)
	if wait <= 0 {
		return nil
	}
	return &domain.Error{RetryAfter: wait, Cause: errTooMany}
}

// take gives how long to wait for the next request; nothing is taken then.
func (l *limiter) take(key bucketKey, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.bucket(key).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// bucket finds or makes the key's bucket; the lock is held.
func (l *limiter) bucket(key bucketKey) *rate.Limiter {
	if known, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(known)
		return known.Value.(*bucket).rate
	}
	if l.recent.Len() >= maxBuckets {
		oldest := l.recent.Back()
		delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
	}
	fresh := &bucket{key: key, rate: rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
	l.buckets[key] = l.recent.PushFront(fresh)
	return fresh.rate
}
