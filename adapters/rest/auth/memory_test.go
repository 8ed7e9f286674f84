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

// counted counts how often a token was verified whole.
type counted struct {
	keys
	mu    sync.Mutex
	finds int
}

func (c *counted) find(ctx context.Context, h header) (key, error) {
	c.mu.Lock()
	c.finds++
	c.mu.Unlock()
	return c.keys.find(ctx, h)
}

func (c *counted) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.finds
	c.finds = 0
	return taken
}

// remembering is a verifier of the shared secret whose look-ups are counted.
func remembering(t *testing.T) (*Verifier, *porttest.Clock, *counted) {
	t.Helper()
	v, clock := newShared(t, Claims{})
	finds := &counted{keys: v.keys}
	v.keys = finds
	return v, clock, finds
}

func shareSigned(claims members) string {
	return signed(members{"alg": "HS256"}, claims, byHMAC([]byte(secret)))
}

func TestAGoodTokenIsVerifiedOnceInFiveSeconds(t *testing.T) {
	v, clock, finds := remembering(t)
	token := shareSigned(goodClaims())
	for range 5 {
		comesIn(t, v, token)
		clock.Pass(time.Second)
	}
	if n := finds.take(); n != 1 {
		t.Errorf("verified %d times in five seconds", n)
	}
	comesIn(t, v, token)
	if n := finds.take(); n != 1 {
		t.Errorf("verified %d times after five seconds", n)
	}
}

func TestARefusedTokenIsNotRemembered(t *testing.T) {
	v, clock, finds := remembering(t)
	for name, token := range map[string]string{
		"forged":     signed(members{"alg": "HS256"}, goodClaims(), byHMAC([]byte(strings.Repeat("x", 32)))),
		"no tenant":  shareSigned(goodClaims().but("tenant_id", nil)),
		"expired":    shareSigned(goodClaims().but("exp", moment.Add(-time.Minute).Unix())),
		"not yet":    shareSigned(goodClaims().but("nbf", moment.Add(31*time.Second).Unix())),
		"from later": shareSigned(goodClaims().but("iat", moment.Add(31*time.Second).Unix())),
	} {
		staysOut(t, v, token)
		staysOut(t, v, token)
		if n := finds.take(); n != 2 {
			t.Errorf("%s: verified %d times of 2", name, n)
		}
	}
	if len(v.memory.known) != 0 {
		t.Errorf("%d refused tokens are remembered", len(v.memory.known))
	}
	early := shareSigned(goodClaims().but("nbf", moment.Add(31*time.Second).Unix()))
	clock.Pass(time.Second)
	comesIn(t, v, early)
}

// TestARememberedTokenIsHeldAgainstTheClock also turns the clock back, as a correction of
// the machine's time does.
func TestARememberedTokenIsHeldAgainstTheClock(t *testing.T) {
	v, clock, _ := remembering(t)
	expiring := shareSigned(goodClaims().but("exp", moment.Add(2*time.Second).Unix()))
	clock.Pass(leeway + 2*time.Second - time.Microsecond)
	comesIn(t, v, expiring)
	clock.Pass(time.Microsecond)
	staysOut(t, v, expiring)

	for name, claims := range map[string]members{
		"nbf": goodClaims().but("iat", nil, "nbf", clock.Now().Unix()), "iat": goodClaims().but("iat", clock.Now().Unix()),
	} {
		token, back := shareSigned(claims), -leeway-2*time.Second
		comesIn(t, v, token)
		clock.Pass(back)
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: err = %v", name, err)
		}
		clock.Pass(-back)
	}
}

// TestATokenGoesWithItsKey: what is remembered adds nothing to the time in which a key
// that the issuer took back is still believed.
func TestATokenGoesWithItsKey(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	issuer.publish(secondSet)
	clock.Pass(askEvery)
	comesIn(t, v, first) // remembered anew, this very second
	comesIn(t, v, second)
	staysOut(t, v, first)
}

// TestRememberedTokensHaveOldKeysAskedForAgain has no request that looks for a key.
func TestRememberedTokensHaveOldKeysAskedForAgain(t *testing.T) {
	first, _, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	clock.Pass(maxAge - time.Second)
	comesIn(t, v, first)
	answer := make(chan struct{})
	issuer.behave(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		_, _ = w.Write(secondSet)
	})
	clock.Pass(2 * time.Second)
	comesIn(t, v, first) // nobody waits for the refresh this begins
	source := v.keys.(*keySource)
	source.mu.Lock()
	done := source.flight
	source.mu.Unlock()
	close(answer)
	if done == nil {
		t.Fatal("nobody asked the issuer for keys that are old")
	}
	<-done
	staysOut(t, v, first)
}

// TestKeysThatChangeMeanwhileAreNotOutlived has a verdict that was reached under keys
// which are gone when it comes to be kept.
func TestKeysThatChangeMeanwhileAreNotOutlived(t *testing.T) {
	var m memory
	token, good := sha256.Sum256([]byte("token")), verdict{until: moment.Add(time.Hour)}
	m.keep(token, 1, good)
	if _, ok := m.recall(token, 1, moment); !ok {
		t.Error("a kept token is not known")
	}
	if _, ok := m.recall(token, 2, moment); ok {
		t.Error("a token is known after its era")
	}
	m.keep(token, 1, good)
	for era := range uint64(3) {
		if _, ok := m.recall(token, era, moment); ok {
			t.Errorf("a verdict of a past era is known in era %d", era)
		}
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range uint64(3*maxRemembered + 7) {
		var token fingerprint
		binary.BigEndian.PutUint64(token[:], i)
		m.keep(token, 0, verdict{until: moment.Add(time.Hour)})
		if len(m.known) > maxRemembered {
			t.Fatalf("%d tokens are remembered", len(m.known))
		}
		if _, ok := m.recall(token, 0, moment); !ok {
			t.Fatal("the last token is not remembered")
		}
	}
}

func TestNothingOfATokenIsKept(t *testing.T) {
	v, _, _ := remembering(t)
	token := shareSigned(goodClaims())
	comesIn(t, v, token)
	kept := fmt.Sprint(v.memory.known)
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(kept, part) || strings.Contains(kept, fmt.Sprint([]byte(part))) {
			t.Errorf("the memory holds a part of the token")
		}
	}
	if len(v.memory.known) != 1 {
		t.Errorf("%d tokens are remembered", len(v.memory.known))
	}
}

// TestManyAtOnceAreToldApart races good and forged tokens, and keys that change.
func TestManyAtOnceAreToldApart(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	forged := first[:len(first)-8] + "AAAAAAAA"
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for range 50 {
				_, _ = v.Verify(t.Context(), first)
				_, _ = v.Verify(t.Context(), second)
				if _, err := v.Verify(t.Context(), forged); err == nil {
					t.Error("a forged token comes in")
				}
			}
		})
	}
	crowd.Go(func() {
		issuer.publish(secondSet)
		for range 20 {
			clock.Pass(time.Second)
		}
	})
	crowd.Wait()
	clock.Pass(askEvery)
	comesIn(t, v, second)
	staysOut(t, v, first)
}
