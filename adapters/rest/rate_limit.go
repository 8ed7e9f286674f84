package rest

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxBuckets bounds the memory of a rate limiter; the least recently used buckets are
// evicted first. A caller who floods the limiter with keys to evict its own bucket gains one
// more burst, but no more than that.
const maxBuckets = 10_000

// bucketKey is a hash, so that neither tokens nor tenants are kept in memory.
type bucketKey [sha256.Size]byte

// rateLimiter limits requests per minute and key with a token bucket. The burst is one
// minute's worth of requests.
type rateLimiter struct {
	perMinute int

	mu      sync.Mutex
	buckets map[bucketKey]*list.Element
	recent  *list.List // of *bucket, most recently used first
}

type bucket struct {
	key  bucketKey
	rate *rate.Limiter
}

// newRateLimiter returns a rate limiter; 0 is no limit.
func newRateLimiter(perMinute int) *rateLimiter {
	return &rateLimiter{perMinute: perMinute, buckets: map[bucketKey]*list.Element{}, recent: list.New()}
}

// allow takes one request from the caller's bucket. Errors: errRateLimited with RetryAfter.
func (l *rateLimiter) allow(caller string, now time.Time) error {
	if l.perMinute <= 0 {
		return nil
	}
	wait := l.reserve(sha256.Sum256([]byte(caller)), now)
	if wait <= 0 {
		return nil
	}
	return &domain.Error{RetryAfter: wait, Cause: errRateLimited}
}

// reserve takes one request from the key's bucket and returns 0. If the bucket is empty, it
// takes nothing and returns how long to wait for the next request.
func (l *rateLimiter) reserve(key bucketKey, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.bucket(key).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// bucket returns the key's bucket and creates it if necessary; l.mu is held.
func (l *rateLimiter) bucket(key bucketKey) *rate.Limiter {
	if known, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(known)
		return known.Value.(*bucket).rate
	}
	if l.recent.Len() >= maxBuckets {
		oldest := l.recent.Back()
		delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
	}
	created := &bucket{key: key, rate: rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
	l.buckets[key] = l.recent.PushFront(created)
	return created.rate
}
