package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// remembered is the longest a token is taken for good without being verified again.
	cacheTTL = 5 * time.Second
	// maxRemembered bounds the memory: some hundreds of kilobytes.
	maxCachedTokens = 4096
)

// fingerprint stands for a token, which is never kept.
type tokenHash = [sha256.Size]byte

// verdict is what a verified token said, and the times between which it may be said again.
type verifiedToken struct {
	principal   Principal
	from, until time.Time // from is included, until is not
}

// memory keeps the verdicts on tokens that were verified under the keys of one era. A
// token that was refused is not in it. The zero memory is empty and ready.
type tokenCache struct {
	mu         sync.Mutex
	generation uint64
	tokens     map[tokenHash]verifiedToken
}

// recall gives what is known of a token. Nothing is known of one that is outside of its
// times, nor, once the keys have changed, of any.
func (m *tokenCache) get(token tokenHash, era uint64, now time.Time) (Principal, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(era)
	found, ok := m.tokens[token]
	if !ok || m.generation != era || now.Before(found.from) || !now.Before(found.until) {
		return Principal{}, false
	}
	return found.principal, true
}

// keep remembers a verdict that was reached under the keys of era. A full memory is
// emptied: what is still in use comes back with its next request.
func (m *tokenCache) put(token tokenHash, era uint64, v verifiedToken) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(era)
	if m.generation != era {
		return
	}
	if m.tokens == nil || len(m.tokens) >= maxCachedTokens {
		m.tokens = make(map[tokenHash]verifiedToken)
	}
	m.tokens[token] = v
}

// enter forgets everything once a new era has begun; the lock is held.
func (m *tokenCache) advance(era uint64) {
	if era > m.generation {
		m.generation, m.tokens = era, nil
	}
}
