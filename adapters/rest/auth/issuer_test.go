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
type errorRecorder struct {
	mu       sync.Mutex
	messages []string
}

func (h *errorRecorder) record(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages = append(h.messages, err.Error())
}

func respondWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestWhyThereAreNoKeysIsTold: to the observer once an ask, and in the cause of the 503.
func TestAFailedKeyFetchIsReported(t *testing.T) {
	const canary = "canary-77"
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	spell := func(w http.ResponseWriter, _ *http.Request) {
		raw, _, _ := http.NewResponseController(w).Hijack()
		_, _ = raw.Write([]byte(canary + "\r\n\r\n"))
		_ = raw.Close()
	}
	weak := string(jwkSet(t, "weak", &testKeys().weak.PublicKey, "RS256"))
	for name, c := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		tls    bool
		want   string
	}{
		"a status":         {respondWith(http.StatusBadGateway, canary), false, "the issuer answered 502"},
		"nobody listens":   {nil, false, errRefused.Error()},
		"it hangs up":      {hangUp, false, errProtocol.Error()},
		"no HTTP":          {spell, false, errProtocol.Error()},
		"a bad redirect":   {http.RedirectHandler("%"+canary, http.StatusFound).ServeHTTP, false, errProtocol.Error()},
		"no trust":         {respondWith(http.StatusOK, weak), true, errTLS.Error()},
		"no JSON":          {respondWith(http.StatusOK, "<p>"+canary), false, errUnreadable.Error()},
		"no set":           {respondWith(http.StatusOK, `["`+canary+`"]`), false, errUnreadable.Error()},
		"an empty set":     {respondWith(http.StatusOK, `{"keys":[]}`), false, errNoKeys.Error()},
		"weak keys alone":  {respondWith(http.StatusOK, weak), false, errNoKeys.Error()},
		"unreadable alone": {respondWith(http.StatusOK, `{"keys":[{"kty":"`+canary+`"}]}`), false, errNoKeys.Error()},
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
			heard, transport := &errorRecorder{}, &http.Transport{}
			defer transport.CloseIdleConnections()
			address := strings.Replace(server.URL, "://", "://user:"+canary+"@", 1) + "/?key=" + canary
			v, err := NewJWKS(t.Context(), Issuer{address, &http.Client{Transport: transport}, heard.record}, Claims{}, porttest.NewClock(moment))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, err := v.Verify(t.Context(), signed(members{"alg": "RS256", "kid": "one"}, goodClaims(), fixedSignature("x")))
				var away *domain.Error
				if !errors.As(err, &away) || away.Kind != domain.Unavailable || away.Cause.Error() != "no keys of the issuer: "+c.want {
					t.Errorf("%v, by %v", err, away)
				}
			}
			if diff := cmp.Diff([]string{c.want}, heard.messages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnIssuerThatIsAwayLaterIsTold, though the old keys still let everybody in.
func TestALaterFetchFailureIsReportedWhileOldKeysStayInUse(t *testing.T) {
	first, second, firstSet, _ := twoKeysAndTokens(t)
	issuer, heard, clock := newRotatingIssuer(t, firstSet), &errorRecorder{}, porttest.NewClock(moment)
	life, end := context.WithCancel(t.Context())
	v, err := NewJWKS(life, Issuer{issuer.URL, issuer.Client(), heard.record}, Claims{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, v, first)
	issuer.handle(respondWith(http.StatusServiceUnavailable, ""))
	for range 2 {
		clock.Pass(minFetchInterval)
		mustReject(t, v, second)
		mustReject(t, v, second) // within the five seconds: not asked, not told
	}
	end() // the process ends: what that cuts off is no failure of the issuer
	clock.Pass(minFetchInterval)
	mustReject(t, v, second)
	if diff := cmp.Diff([]string{"the issuer answered 503", "the issuer answered 503"}, heard.messages); diff != "" {
		t.Error(diff)
	}
}

// slow is a transport that answers only when the request is given up.
type hangingTransport struct{}

func (hangingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAFetchTimeoutIsReported(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := Issuer{URL: "https://issuer.example", Client: &http.Client{Transport: hangingTransport{}}}.fetch(ctx)
	if !errors.Is(err, errTimeout) {
		t.Error(err)
	}
}
