package auth

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// told gathers what the issuer's observer hears.
type told struct {
	mu   sync.Mutex
	said []string
}

func (h *told) hear(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, err.Error())
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestWhyThereAreNoKeysIsTold: to the observer once an ask, and in the cause of the 503.
func TestWhyThereAreNoKeysIsTold(t *testing.T) {
	const canary = "canary-77"
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	spell := func(w http.ResponseWriter, _ *http.Request) {
		raw, _, _ := http.NewResponseController(w).Hijack()
		_, _ = raw.Write([]byte(canary + "\r\n\r\n"))
		_ = raw.Close()
	}
	weak := string(keySet(t, "weak", &ring().weak.PublicKey, "RS256"))
	for name, c := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		tls    bool
		want   string
	}{
		"a status":         {answering(http.StatusBadGateway, canary), false, "the issuer answered 502"},
		"nobody listens":   {nil, false, errNoWay.Error()},
		"it hangs up":      {hangUp, false, errBroken.Error()},
		"no HTTP":          {spell, false, errBroken.Error()},
		"a bad redirect":   {http.RedirectHandler("%"+canary, http.StatusFound).ServeHTTP, false, errBroken.Error()},
		"no trust":         {answering(http.StatusOK, weak), true, errNoTrust.Error()},
		"no JSON":          {answering(http.StatusOK, "<p>"+canary), false, errUnreadable.Error()},
		"no set":           {answering(http.StatusOK, `["`+canary+`"]`), false, errUnreadable.Error()},
		"an empty set":     {answering(http.StatusOK, `{"keys":[]}`), false, errNoKeys.Error()},
		"weak keys alone":  {answering(http.StatusOK, weak), false, errNoKeys.Error()},
		"unreadable alone": {answering(http.StatusOK, `{"keys":[{"kty":"`+canary+`"}]}`), false, errNoKeys.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(c.answer)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.tls {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			if c.answer == nil {
				server.Close()
			}
			heard, transport := &told{}, &http.Transport{}
			defer transport.CloseIdleConnections()
			address := strings.Replace(server.URL, "://", "://user:"+canary+"@", 1) + "/?key=" + canary
			v, err := NewJWKS(t.Context(), Issuer{address, &http.Client{Transport: transport}, heard.hear}, Claims{}, porttest.NewClock(moment))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, err := v.Verify(t.Context(), signed(members{"alg": "RS256", "kid": "one"}, goodClaims(), bySigning("x")))
				var away *domain.Error
				if !errors.As(err, &away) || away.Kind != domain.Unavailable || away.Cause.Error() != "no keys of the issuer: "+c.want {
					t.Errorf("%v, by %v", err, away)
				}
			}
			if diff := cmp.Diff([]string{c.want}, heard.said); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnIssuerThatIsAwayLaterIsTold, though the old keys still let everybody in.
func TestAnIssuerThatIsAwayLaterIsTold(t *testing.T) {
	first, second, firstSet, _ := tokensOfTheRing(t)
	issuer, heard, clock := newRotating(t, firstSet), &told{}, porttest.NewClock(moment)
	life, end := context.WithCancel(t.Context())
	v, err := NewJWKS(life, Issuer{issuer.URL, issuer.Client(), heard.hear}, Claims{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	comesIn(t, v, first)
	issuer.behave(answering(http.StatusServiceUnavailable, ""))
	for range 2 {
		clock.Pass(askEvery)
		staysOut(t, v, second)
		staysOut(t, v, second) // within the five seconds: not asked, not told
	}
	end() // the process ends: what that cuts off is no failure of the issuer
	clock.Pass(askEvery)
	staysOut(t, v, second)
	if diff := cmp.Diff([]string{"the issuer answered 503", "the issuer answered 503"}, heard.said); diff != "" {
		t.Error(diff)
	}
}

// slow is a transport that answers only when the request is given up.
type slow struct{}

func (slow) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAnIssuerThatHangsIsTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := Issuer{URL: "https://issuer.example", Client: &http.Client{Transport: slow{}}}.fetch(ctx)
	if !errors.Is(err, errNoAnswer) {
		t.Error(err)
	}
}
