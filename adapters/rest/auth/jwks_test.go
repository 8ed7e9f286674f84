package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rotatingIssuer is an issuer that counts the requests that it receives. A test sets the response of the issuer, and
// can change it later.
type rotatingIssuer struct {
	*httptest.Server
	requests atomic.Int64
	handler  atomic.Pointer[func(http.ResponseWriter, *http.Request)]
}

func newRotatingIssuer(t *testing.T, set []byte) *rotatingIssuer {
	t.Helper()
	r := &rotatingIssuer{}
	r.publish(set)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.requests.Add(1)
		(*r.handler.Load())(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *rotatingIssuer) publish(set []byte) {
	r.handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) })
}

func (r *rotatingIssuer) handle(answer func(http.ResponseWriter, *http.Request)) {
	r.handler.Store(&answer)
}

func (r *rotatingIssuer) verifier(t *testing.T) (*Verifier, *porttest.Clock) {
	t.Helper()
	clock := porttest.NewClock(moment)
	v, err := NewJWKS(t.Context(), Issuer{URL: r.URL, Client: r.Client()}, Claims{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Client().CloseIdleConnections)
	return v, clock
}

func twoKeysAndTokens(t *testing.T) (first, second string, firstSet, secondSet []byte) {
	t.Helper()
	r := testKeys()
	first = signed(members{"alg": "RS256", "kid": "one"}, goodClaims(), signRSA(r.rsa))
	second = signed(members{"alg": "RS256", "kid": "two"}, goodClaims(), signRSA(r.foreign))
	return first, second, jwkSet(t, "one", &r.rsa.PublicKey, "RS256"), jwkSet(t, "two", &r.foreign.PublicKey, "RS256")
}

func mustVerify(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("rejected: %v, %v", err, errors.Unwrap(err))
	}
}

func mustReject(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unauthenticated) {
		t.Fatalf("got error %v, want Unauthenticated", err)
	}
}

func TestARotatedKeyIsUsableWithinTenSeconds(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	issuer.publish(secondSet)
	mustReject(t, v, second) // the keys were fetched less than five seconds ago, so they are not fetched again
	clock.Advance(5 * time.Second)
	mustVerify(t, v, second)
	mustReject(t, v, first) // the rotation withdrew the key of this token
}

func TestUnknownKeyIDsFetchTheKeySetAtMostEveryFiveSeconds(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	forged := signed(members{"alg": "RS256", "kid": "forged"}, goodClaims(), fixedSignature("x"))
	for second := range 20 {
		var flood sync.WaitGroup
		for range 8 {
			flood.Go(func() { _, _ = v.Verify(t.Context(), forged) })
		}
		flood.Wait()
		if limit := int64(1 + second/5); issuer.requests.Load() > limit {
			t.Fatalf("after %d s the keys were fetched %d times", second, issuer.requests.Load())
		}
		clock.Advance(time.Second)
	}
	issuer.publish(secondSet)
	for range 10 {
		_, _ = v.Verify(t.Context(), forged)
		if _, err := v.Verify(t.Context(), second); err == nil {
			return
		}
		clock.Advance(time.Second)
	}
	t.Error("the rotated key is not usable after 10 s of forged key ids")
}

// mustBeUnavailable fails the test unless the verifier cannot verify the token at the moment.
func mustBeUnavailable(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unavailable) {
		t.Fatalf("got error %v, want Unavailable", err)
	}
}

// awaitRefresh waits until the refresh of the keys that is in progress, if any, has ended.
func awaitRefresh(v *Verifier) {
	source := v.keys.(*jwksKeys)
	source.mu.Lock()
	done := source.inProgress
	source.mu.Unlock()
	if done != nil {
		<-done
	}
}

// failures are handlers that respond like an issuer that cannot provide its keys.
var failures = map[string]http.HandlerFunc{
	"an error status": respondWith(http.StatusInternalServerError, ""),
	"not JSON":        respondWith(http.StatusOK, "<html>"),
	"not a JWK set":   respondWith(http.StatusOK, `[]`),
	"no keys member":  respondWith(http.StatusOK, `{}`),
}

func TestKeysStayInUseWhileTheIssuerIsUnavailable(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	for _, answer := range failures {
		issuer.handle(answer)
		clock.Advance(6 * time.Second)
		mustReject(t, v, second)
		mustVerify(t, v, first)
	}
	issuer.publish(secondSet)
	clock.Advance(6 * time.Second)
	mustVerify(t, v, second)
}

// TestKeysAreNotTrustedFiveMinutesAfterTheLastSuccessfulFetch also checks that the token cache does not extend this
// time. For this purpose, the test puts a token into the cache one second before the five minutes end.
func TestKeysAreNotTrustedFiveMinutesAfterTheLastSuccessfulFetch(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	for name, answer := range failures {
		t.Run(name, func(t *testing.T) {
			issuer := newRotatingIssuer(t, firstSet)
			v, clock := issuer.verifier(t)
			mustVerify(t, v, first)
			issuer.handle(answer)
			clock.Advance(maxKeyAge - time.Second)
			mustVerify(t, v, first)
			awaitRefresh(v)
			clock.Advance(time.Second)
			mustBeUnavailable(t, v, first)
			issuer.publish(secondSet)
			clock.Advance(minFetchInterval)
			mustVerify(t, v, second)
			mustReject(t, v, first)
		})
	}
}

func TestKeysOfAnUnreachableIssuerAreTrustedForFiveMinutes(t *testing.T) {
	first, _, firstSet, _ := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	issuer.Close()
	clock.Advance(maxKeyAge - time.Second)
	mustVerify(t, v, first)
	awaitRefresh(v)
	clock.Advance(time.Second)
	mustBeUnavailable(t, v, first)
}

func TestASetWithoutAUsableKeyWithdrawsAllKeys(t *testing.T) {
	first, _, firstSet, _ := twoKeysAndTokens(t)
	for name, set := range map[string][]byte{
		"an empty set":         []byte(`{"keys":[]}`),
		"only weak keys":       jwkSet(t, "weak", &testKeys().weak.PublicKey, "RS256"),
		"only unreadable keys": []byte(`{"keys":[{"kty":"AKP","kid":"one"}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			issuer := newRotatingIssuer(t, firstSet)
			v, clock := issuer.verifier(t)
			mustVerify(t, v, first)
			answer := make(chan struct{})
			issuer.handle(func(w http.ResponseWriter, _ *http.Request) {
				<-answer
				_, _ = w.Write(set)
			})
			clock.Advance(refreshInterval)
			mustVerify(t, v, first) // starts a refresh, but does not wait for it
			close(answer)
			awaitRefresh(v)
			mustReject(t, v, first)
			issuer.publish(firstSet)
			clock.Advance(minFetchInterval)
			mustVerify(t, v, first)
		})
	}
}

func TestWithoutAnyKeyVerifyReturnsUnavailable(t *testing.T) {
	first, _, firstSet, _ := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, nil)
	v, clock := issuer.verifier(t)
	for range 2 {
		if _, err := v.Verify(t.Context(), first); !errors.Is(err, domain.Unavailable) ||
			domain.RetryAfterOf(err) == 0 {
			t.Errorf("got error %v, want Unavailable with RetryAfter", err)
		}
	}
	if issuer.requests.Load() != 1 {
		t.Errorf("the issuer got %d requests, want 1", issuer.requests.Load())
	}
	issuer.publish(firstSet)
	clock.Advance(5 * time.Second)
	mustVerify(t, v, first)
}

func TestOldKeysAreFetchedAgainInTheBackground(t *testing.T) {
	first, _, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	answer := make(chan struct{})
	issuer.handle(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		_, _ = w.Write(secondSet)
	})
	clock.Advance(refreshInterval)
	mustVerify(t, v, first) // starts a refresh, but does not wait for it
	_, done := v.keys.(*jwksKeys).cachedKeys()
	close(answer)
	if done == nil {
		t.Fatal("old keys were not fetched again")
	}
	<-done
	mustReject(t, v, first)
}

func TestASetOfOneKeyNeedsNoKeyID(t *testing.T) {
	r := testKeys()
	token := signed(members{"alg": "RS256"}, goodClaims(), signRSA(r.rsa))
	v, _ := newRotatingIssuer(t, jwkSet(t, "", &r.rsa.PublicKey, "")).verifier(t)
	mustVerify(t, v, token)
	mustReject(t, v, signed(members{"alg": "RS256"}, goodClaims(), signRSA(r.foreign)))
}
