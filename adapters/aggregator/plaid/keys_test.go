package plaid

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// request enters the key, and answers the request for it with an error or with a key. It reports whether the vendor
// was asked.
func (c *keyCache) request(key string, now time.Time, answer error) (asked bool, err error) {
	id := cachedKeyID{keyID: key}
	entry, asked, err := c.enter(id, domain.ConnectionID{UUID: uuid.UUID{1}}, now)
	if asked {
		entry.err, entry.readAt = answer, now
		close(entry.done)
		c.settle(id, entry)
	}
	return asked, err
}

func TestForgedKeyIDsDoNotDelayTheKnownKeys(t *testing.T) {
	var c keyCache
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	want := func(what, key string, answer error, asked, served bool) {
		t.Helper()
		if got, err := c.request(key, now, answer); got != asked || (err == nil) != served {
			t.Errorf("%s: asked %v, %v", what, got, err)
		}
	}
	unknown := &domain.Error{Kind: domain.Unauthenticated}
	want("a new key", "genuine", nil, true, true)
	for i := range 2 * maxCachedKeys {
		now = now.Add(lookupInterval)
		want("a forged key", fmt.Sprint(i), unknown, true, true)
		want("another forged key", fmt.Sprint("other", i), unknown, false, false)
		if i == 400 { // more than an hour later
			want("the known key", "genuine", nil, true, true)
		} else if i < 300 {
			want("the known key", "genuine", nil, false, true)
		}
	}
	now = now.Add(2 * time.Hour)
	want("a forged key before the refresh", "last", unknown, true, true)
	unavailable := &domain.Error{Kind: domain.Unavailable}
	want("a refresh that fails", "genuine", unavailable, true, true)
	want("a refresh at once", "genuine", nil, false, false)
	now = now.Add(lookupInterval)
	want("a forged key", "very last", unknown, true, true)
	want("the next refresh", "genuine", unknown, true, true)
	now = now.Add(lookupInterval + unknownLife)
	want("a forged key", "final", unknown, true, true)
	want("a key that the vendor no longer knows", "genuine", nil, false, false)
}
