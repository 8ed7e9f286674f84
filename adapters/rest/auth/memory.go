package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// remembered is the longest a token is taken for good without being verified again.
	remembered = 5 * time.Second
	// maxRemembered bounds the memory: some hundreds of kilobytes.
	maxRemembered = 4096
)

// fingerprint stands for a token, which is never kept.
type fingerprint = [sha256.Size]byte

// verdict is what a verified token said, and the times between which it may be said again.
type verdict struct {
	who         Principal
	from, until time.Time // from is included, until is not
}

// memory keeps the verdicts on tokens that were verified under the keys of one era. A
// token that was refused is not in it. The zero memory is empty and ready.
type memory struct {
	mu    sync.Mutex
	era   uint64
	known map[fingerprint]verdict
}

// recall gives what is known of a token. Nothing is known of one that is outside of its
// times, nor, once the keys have changed, of any.
func (m *memory) recall(token fingerprint, era uint64, now time.Time) (Principal, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enter(era)
	found, ok := m.known[token]
	if !ok || m.era != era || now.Before(found.from) || !now.Before(found.until) {
		return Principal{}, false
	}
	return found.who, true
}

// keep remembers a verdict that was reached under the keys of era. A full memory is
// emptied: what is still in use comes back with its next request.
func (m *memory) keep(token fingerprint, era uint64, v verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enter(era)
	if m.era != era {
		return
	}
	if m.known == nil || len(m.known) >= maxRemembered {
		m.known = make(map[fingerprint]verdict)
	}
	m.known[token] = v
}

// enter forgets everything once a new era has begun; the lock is held.
func (m *memory) enter(era uint64) {
	if era > m.era {
		m.era, m.known = era, nil
	}
}
