package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// cacheTTL is how long a verified token is accepted without being verified again.
	cacheTTL = 5 * time.Second
	// maxCachedTokens limits the memory of the cache to a few hundred kilobytes.
	maxCachedTokens = 4096
)

// tokenHash is the cache key of a token; the token itself is never stored.
type tokenHash = [sha256.Size]byte

// verifiedToken holds the principal of a verified token, and the period in which the token is valid.
type verifiedToken struct {
	principal  Principal
	start, end time.Time // start is inclusive, end is exclusive
}

// tokenCache caches tokens that were verified with the current generation of keys. Rejected
// tokens are never cached. The zero value is an empty cache that is ready to use.
type tokenCache struct {
	mu         sync.Mutex
	generation uint64
	tokens     map[tokenHash]verifiedToken
}

// get returns the principal of a cached token. It returns false for a token that is not cached or is outside of its
// validity period. When the keys have changed, get returns false for every token, because it empties the cache.
func (c *tokenCache) get(token tokenHash, generation uint64, now time.Time) (Principal, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(generation)
	cached, ok := c.tokens[token]
	if !ok || c.generation != generation || now.Before(cached.start) || !now.Before(cached.end) {
		return Principal{}, false
	}
	return cached.principal, true
}

// put caches a token that was verified with the keys of the given generation. If the cache is full, put empties it
// first. A token that is still in use is cached again at its next request.
func (c *tokenCache) put(token tokenHash, generation uint64, v verifiedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(generation)
	if c.generation != generation {
		return
	}
	if c.tokens == nil || len(c.tokens) >= maxCachedTokens {
		c.tokens = make(map[tokenHash]verifiedToken)
	}
	c.tokens[token] = v
}

// advance empties the cache if a new generation of keys has started. The caller must hold c.mu.
func (c *tokenCache) advance(generation uint64) {
	if generation > c.generation {
		c.generation, c.tokens = generation, nil
	}
}
