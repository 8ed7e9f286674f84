package gormstore

import "sync"

// maxRemembered is the maximum number of values in a Remembered.
const maxRemembered = 100_000

// Remembered is a cache of at most maxRemembered values, for concurrent use. The zero value is an empty cache.
type Remembered[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]V
}

// Get returns the value of the key, and whether it is remembered.
func (r *Remembered[K, V]) Get(key K) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, ok = r.values[key]
	return value, ok
}

// Set remembers the value. If the cache is full, Set empties it first.
func (r *Remembered[K, V]) Set(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil || len(r.values) >= maxRemembered {
		r.values = map[K]V{}
	}
	r.values[key] = value
}
