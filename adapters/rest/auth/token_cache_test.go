package auth

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// countingKeys is a keySet that counts the calls of find. Each call means that a token was not found in the cache and
// had to be verified.
type countingKeys struct {
	keySet
	mu    sync.Mutex
	finds int
}

func (c *countingKeys) find(ctx context.Context, h header) (key, error) {
	c.mu.Lock()
	c.finds++
	c.mu.Unlock()
	return c.keySet.find(ctx, h)
}

func (c *countingKeys) reset() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.finds
	c.finds = 0
	return taken
}

// newCountingVerifier returns three things: a verifier for tokens that are signed with the shared secret, the clock of
// the verifier, and the keySet that counts the verifier's key lookups.
func newCountingVerifier(t *testing.T) (*Verifier, *porttest.Clock, *countingKeys) {
	t.Helper()
	v, clock := newHS256Verifier(t, Claims{})
	finds := &countingKeys{keySet: v.keys}
	v.keys = finds
	return v, clock, finds
}

func signHS256(claims members) string {
	return signed(members{"alg": "HS256"}, claims, signHMAC([]byte(secret)))
}

func TestAValidTokenIsVerifiedOnceInFiveSeconds(t *testing.T) {
	v, clock, finds := newCountingVerifier(t)
	token := signHS256(goodClaims())
	for range 5 {
		mustVerify(t, v, token)
		clock.Advance(time.Second)
	}
	if n := finds.reset(); n != 1 {
		t.Errorf("verified %d times in five seconds", n)
	}
	mustVerify(t, v, token)
	if n := finds.reset(); n != 1 {
		t.Errorf("verified %d times after five seconds", n)
	}
}

func TestARejectedTokenIsNotCached(t *testing.T) {
	v, clock, finds := newCountingVerifier(t)
	for name, token := range map[string]string{
		"forged": signed(
			members{"alg": "HS256"}, goodClaims(), signHMAC([]byte(strings.Repeat("x", 32))),
		),
		"no tenant":            signHS256(goodClaims().withMembers("tenant_id", nil)),
		"expired":              signHS256(goodClaims().withMembers("exp", moment.Add(-time.Minute).Unix())),
		"not valid yet":        signHS256(goodClaims().withMembers("nbf", moment.Add(31*time.Second).Unix())),
		"issued in the future": signHS256(goodClaims().withMembers("iat", moment.Add(31*time.Second).Unix())),
	} {
		mustReject(t, v, token)
		mustReject(t, v, token)
		if n := finds.reset(); n != 2 {
			t.Errorf("%s: verified %d times of 2", name, n)
		}
	}
	if len(v.cache.tokens) != 0 {
		t.Errorf("%d rejected tokens are cached", len(v.cache.tokens))
	}
	early := signHS256(goodClaims().withMembers("nbf", moment.Add(31*time.Second).Unix()))
	clock.Advance(time.Second)
	mustVerify(t, v, early)
}

// TestACachedTokenIsCheckedAgainstTheClock checks that a cached token is rejected after its validity period. The token
// must also be rejected if the clock is set back to a time before the period, for example by a time server.
func TestACachedTokenIsCheckedAgainstTheClock(t *testing.T) {
	v, clock, _ := newCountingVerifier(t)
	expiring := signHS256(goodClaims().withMembers("exp", moment.Add(2*time.Second).Unix()))
	clock.Advance(leeway + 2*time.Second - time.Microsecond)
	mustVerify(t, v, expiring)
	clock.Advance(time.Microsecond)
	mustReject(t, v, expiring)

	for name, claims := range map[string]members{
		"nbf": goodClaims().withMembers("iat", nil, "nbf", clock.Now().Unix()),
		"iat": goodClaims().withMembers("iat", clock.Now().Unix()),
	} {
		token, back := signHS256(claims), -leeway-2*time.Second
		mustVerify(t, v, token)
		clock.Advance(back)
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: got error %v, want Unauthenticated", name, err)
		}
		clock.Advance(-back)
	}
}

// TestACachedTokenIsDroppedWithItsKey checks that a cached token is rejected as soon as its key is no longer trusted.
func TestACachedTokenIsDroppedWithItsKey(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	issuer.publish(secondSet)
	clock.Advance(minFetchInterval)
	mustVerify(t, v, first) // caches the token again, shortly before the keys change
	mustVerify(t, v, second)
	mustReject(t, v, first)
}

// TestCachedTokensStillRefreshOldKeys checks that old keys are fetched again even if every request
// has a cached token and therefore looks up no key.
func TestCachedTokensStillRefreshOldKeys(t *testing.T) {
	first, _, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	clock.Advance(refreshInterval - time.Second)
	mustVerify(t, v, first)
	answer := make(chan struct{})
	issuer.handle(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		_, _ = w.Write(secondSet)
	})
	clock.Advance(time.Second)
	mustVerify(t, v, first) // starts a refresh, but does not wait for it
	source := v.keys.(*jwksKeys)
	source.mu.Lock()
	done := source.inProgress
	source.mu.Unlock()
	close(answer)
	if done == nil {
		t.Fatal("old keys were not fetched again")
	}
	<-done
	mustReject(t, v, first)
}

// TestACacheEntryOfAnEarlierKeyGenerationIsDropped checks that the cache does not return a token that was verified with
// earlier keys, which have been replaced since then.
func TestACacheEntryOfAnEarlierKeyGenerationIsDropped(t *testing.T) {
	var m tokenCache
	token, good := sha256.Sum256([]byte("token")), verifiedToken{end: moment.Add(time.Hour)}
	m.put(token, 1, good)
	if _, ok := m.get(token, 1, moment); !ok {
		t.Error("a cached token is not found")
	}
	if _, ok := m.get(token, 2, moment); ok {
		t.Error("a token is found after its key generation")
	}
	m.put(token, 1, good)
	for generation := range uint64(3) {
		if _, ok := m.get(token, generation, moment); ok {
			t.Errorf("a token of an earlier key generation is found in generation %d", generation)
		}
	}
}

func TestTheTokenCacheIsBounded(t *testing.T) {
	var m tokenCache
	for i := range uint64(3*maxCachedTokens + 7) {
		var token tokenHash
		binary.BigEndian.PutUint64(token[:], i)
		m.put(token, 0, verifiedToken{end: moment.Add(time.Hour)})
		if len(m.tokens) > maxCachedTokens {
			t.Fatalf("%d tokens are cached", len(m.tokens))
		}
		if _, ok := m.get(token, 0, moment); !ok {
			t.Fatal("the last token is not cached")
		}
	}
}

func TestTheCacheHoldsNoPartOfAToken(t *testing.T) {
	v, _, _ := newCountingVerifier(t)
	token := signHS256(goodClaims())
	mustVerify(t, v, token)
	kept := fmt.Sprint(v.cache.tokens)
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(kept, part) || strings.Contains(kept, fmt.Sprint([]byte(part))) {
			t.Errorf("the cache holds a part of the token")
		}
	}
	if len(v.cache.tokens) != 1 {
		t.Errorf("%d tokens are cached", len(v.cache.tokens))
	}
}

// TestConcurrentVerificationDoesNotMixTokens checks that a forged token is never accepted when valid and forged
// tokens are verified concurrently, while the keys are rotated.
func TestConcurrentVerificationDoesNotMixTokens(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	forged := first[:len(first)-8] + "AAAAAAAA"
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for range 50 {
				_, _ = v.Verify(t.Context(), first)
				_, _ = v.Verify(t.Context(), second)
				if _, err := v.Verify(t.Context(), forged); err == nil {
					t.Error("a forged token was accepted")
				}
			}
		})
	}
	crowd.Go(func() {
		issuer.publish(secondSet)
		for range 20 {
			clock.Advance(time.Second)
		}
	})
	crowd.Wait()
	clock.Advance(minFetchInterval)
	mustVerify(t, v, second)
	mustReject(t, v, first)
}
