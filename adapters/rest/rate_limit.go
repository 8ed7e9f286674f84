package rest

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxBuckets limits the memory of a rate limiter. The least recently used bucket is evicted first. A caller that sends
// requests with many keys can evict its own bucket, but this allows only one more burst.
const maxBuckets = 10_000

// bucketKey is the hash of a token or tenant, so that the limiter does not store the token or tenant
// itself in memory.
type bucketKey [sha256.Size]byte

// rateLimiter limits the requests per minute for each key with a token bucket. A caller may use up its requests of one
// minute in a single burst.
type rateLimiter struct {
	perMinute int

	mu      sync.Mutex
	buckets map[bucketKey]*list.Element
	recent  *list.List // elements are of type *bucket; the most recently used is first
}

type bucket struct {
	key  bucketKey
	rate *rate.Limiter
}

// newRateLimiter returns a rate limiter that allows perMinute requests per minute for each key; 0 means no limit.
func newRateLimiter(perMinute int) *rateLimiter {
	return &rateLimiter{perMinute: perMinute, buckets: map[bucketKey]*list.Element{}, recent: list.New()}
}

// allow counts one request against the caller's bucket. If the bucket is empty, it returns errRateLimited with
// RetryAfter.
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

// reserve counts one request against the key's bucket and returns 0. If the bucket is empty, reserve counts nothing
// and returns the time until the next request is allowed.
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

// bucket returns the key's bucket. It creates the bucket if necessary. The caller must hold l.mu.
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
