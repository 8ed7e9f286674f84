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

// errorRecorder records the errors passed to Issuer.OnError.
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

// TestAFailedKeyFetchIsReported checks that OnError is called once for each failed fetch, with the reason for the
// failure. The cause of the Unavailable error must contain this reason, too.
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
		answer http.HandlerFunc // handler of the issuer; nil means that the server is closed
		tls    bool
		want   string
	}{
		"a status": {
			respondWith(http.StatusBadGateway, canary), false, "the issuer responded with status 502",
		},
		"connection refused": {nil, false, errRefused.Error()},
		"connection closed":  {hangUp, false, errProtocol.Error()},
		"not HTTP":           {spell, false, errProtocol.Error()},
		"an invalid redirect": {
			http.RedirectHandler("%"+canary, http.StatusFound).ServeHTTP, false, errProtocol.Error(),
		},
		"untrusted certificate": {respondWith(http.StatusOK, weak), true, errTLS.Error()},
		"not JSON":              {respondWith(http.StatusOK, "<p>"+canary), false, errUnreadable.Error()},
		"not a JWK set":         {respondWith(http.StatusOK, `["`+canary+`"]`), false, errUnreadable.Error()},
		"an empty set":          {respondWith(http.StatusOK, `{"keys":[]}`), false, errNoKeys.Error()},
		"only weak keys":        {respondWith(http.StatusOK, weak), false, errNoKeys.Error()},
		"only unreadable keys": {
			respondWith(http.StatusOK, `{"keys":[{"kty":"`+canary+`"}]}`), false, errNoKeys.Error(),
		},
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
			recorder, transport := &errorRecorder{}, &http.Transport{}
			defer transport.CloseIdleConnections()
			address := strings.Replace(server.URL, "://", "://user:"+canary+"@", 1) + "/?key=" + canary
			v, err := NewJWKS(
				t.Context(), Issuer{address, &http.Client{Transport: transport}, recorder.record}, Claims{},
				porttest.NewClock(moment),
			)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, err := v.Verify(
					t.Context(), signed(members{"alg": "RS256", "kid": "one"}, goodClaims(), fixedSignature("x")),
				)
				var unavailable *domain.Error
				if !errors.As(err, &unavailable) || unavailable.Kind != domain.Unavailable ||
					unavailable.Cause.Error() != "no keys from the issuer: "+c.want {
					t.Errorf("got %v, want Unavailable because: %s", errors.Unwrap(err), c.want)
				}
			}
			if diff := cmp.Diff([]string{c.want}, recorder.messages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestALaterFetchFailureIsReportedWhileOldKeysStayInUse checks that a failed fetch is reported even while keys from an
// earlier, successful fetch are still in use.
func TestALaterFetchFailureIsReportedWhileOldKeysStayInUse(t *testing.T) {
	first, second, firstSet, _ := twoKeysAndTokens(t)
	issuer, recorder, clock := newRotatingIssuer(t, firstSet), &errorRecorder{}, porttest.NewClock(moment)
	lifetime, end := context.WithCancel(t.Context())
	v, err := NewJWKS(lifetime, Issuer{issuer.URL, issuer.Client(), recorder.record}, Claims{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, v, first)
	issuer.handle(respondWith(http.StatusServiceUnavailable, ""))
	for range 2 {
		clock.Advance(minFetchInterval)
		mustReject(t, v, second)
		mustReject(t, v, second) // the last fetch was less than five seconds ago, so nothing is fetched or reported
	}
	// The process shuts down. The request that the shutdown cancels must not be treated as a failure of the issuer.
	end()
	clock.Advance(minFetchInterval)
	mustReject(t, v, second)
	if diff := cmp.Diff(
		[]string{"the issuer responded with status 503", "the issuer responded with status 503"}, recorder.messages,
	); diff != "" {
		t.Error(diff)
	}
}

// hangingTransport is a RoundTripper that does not respond until the request is canceled.
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
