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

// rotating is an issuer whose answer is set by the test, and whose visitors are counted.
type rotating struct {
	*httptest.Server
	asked  atomic.Int64
	answer atomic.Pointer[func(http.ResponseWriter, *http.Request)]
}

func newRotating(t *testing.T, set []byte) *rotating {
	t.Helper()
	r := &rotating{}
	r.publish(set)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.asked.Add(1)
		(*r.answer.Load())(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *rotating) publish(set []byte) {
	r.behave(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) })
}

func (r *rotating) behave(answer func(http.ResponseWriter, *http.Request)) { r.answer.Store(&answer) }

func (r *rotating) verifier(t *testing.T) (*Verifier, *porttest.Clock) {
	t.Helper()
	clock := porttest.NewClock(moment)
	v, err := NewJWKS(t.Context(), Issuer{URL: r.URL, Client: r.Client()}, Claims{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Client().CloseIdleConnections)
	return v, clock
}

func tokensOfTheRing(t *testing.T) (first, second string, firstSet, secondSet []byte) {
	t.Helper()
	r := ring()
	first = signed(members{"alg": "RS256", "kid": "one"}, goodClaims(), byRSA(r.rsa))
	second = signed(members{"alg": "RS256", "kid": "two"}, goodClaims(), byRSA(r.foreign))
	return first, second, keySet(t, "one", &r.rsa.PublicKey, "RS256"), keySet(t, "two", &r.foreign.PublicKey, "RS256")
}

func comesIn(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("stays out: %v, %v", err, errors.Unwrap(err))
	}
}

func staysOut(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, domain.Unauthenticated) {
		t.Fatalf("err = %v", err)
	}
}

func TestARotatedKeyIsKnownWithinTenSeconds(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	issuer.publish(secondSet)
	staysOut(t, v, second) // asked a moment ago
	clock.Pass(5 * time.Second)
	comesIn(t, v, second)
	staysOut(t, v, first) // taken back with the rotation
}

func TestForgedKeyIDsAskTheIssuerAtMostEveryFiveSeconds(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	forged := signed(members{"alg": "RS256", "kid": "forged"}, goodClaims(), bySigning("x"))
	for second := range 20 {
		var flood sync.WaitGroup
		for range 8 {
			flood.Go(func() { _, _ = v.Verify(t.Context(), forged) })
		}
		flood.Wait()
		if limit := int64(1 + second/5); issuer.asked.Load() > limit {
			t.Fatalf("after %d s the issuer was asked %d times", second, issuer.asked.Load())
		}
		clock.Pass(time.Second)
	}
	issuer.publish(secondSet)
	for range 10 {
		_, _ = v.Verify(t.Context(), forged)
		if _, err := v.Verify(t.Context(), second); err == nil {
			return
		}
		clock.Pass(time.Second)
	}
	t.Error("the rotated key is not known after 10 s of forgeries")
}

func TestAnIssuerThatIsAwayKeepsTheOldKeys(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	for _, answer := range []string{"", "<html>", `{"keys":[]}`, `[]`} { // "" is a 500
		issuer.behave(func(w http.ResponseWriter, _ *http.Request) {
			if answer == "" {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = w.Write([]byte(answer))
		})
		clock.Pass(6 * time.Second)
		staysOut(t, v, second)
		comesIn(t, v, first)
	}
	issuer.publish(secondSet)
	clock.Pass(6 * time.Second)
	comesIn(t, v, second)
}

func TestWithoutAnyKeyTheServiceIsUnavailable(t *testing.T) {
	first, _, firstSet, _ := tokensOfTheRing(t)
	issuer := newRotating(t, nil)
	v, clock := issuer.verifier(t)
	for range 2 {
		if _, err := v.Verify(t.Context(), first); !errors.Is(err, domain.Unavailable) || domain.RetryAfterOf(err) == 0 {
			t.Errorf("err = %v", err)
		}
	}
	if issuer.asked.Load() != 1 {
		t.Errorf("asked %d times", issuer.asked.Load())
	}
	issuer.publish(firstSet)
	clock.Pass(5 * time.Second)
	comesIn(t, v, first)
}

func TestOldKeysAreAskedForAgain(t *testing.T) {
	first, _, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	answer := make(chan struct{})
	issuer.behave(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		_, _ = w.Write(secondSet)
	})
	clock.Pass(maxAge + time.Second)
	comesIn(t, v, first) // nobody waits for the refresh this begins
	_, done := v.keys.(*keySource).look()
	close(answer)
	if done == nil {
		t.Fatal("nobody asked the issuer for keys that are old")
	}
	<-done
	staysOut(t, v, first)
}

func TestOneKeyNeedsNoID(t *testing.T) {
	r := ring()
	token := signed(members{"alg": "RS256"}, goodClaims(), byRSA(r.rsa))
	v, _ := newRotating(t, keySet(t, "", &r.rsa.PublicKey, "")).verifier(t)
	comesIn(t, v, token)
	staysOut(t, v, signed(members{"alg": "RS256"}, goodClaims(), byRSA(r.foreign)))
}
