package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// secretOf returns a signing secret with the given key.
func secretOf(key string) domain.Secret {
	return domain.SecretText("whsec_" + base64.StdEncoding.EncodeToString([]byte(key)))
}

var secret = secretOf("key-canary-of-24-bytes--")

func newSink(o porttest.SinkOptions) ports.Sink {
	guard := egress.Config{AllowHTTP: true, Resolver: o.Resolver}
	if o.AllowLoopback {
		guard.AllowedCIDRs = loopback
	}
	return webhook.New(webhook.Options{
		Guard: egress.NewGuard(guard), Clock: system.Clock{}, UserAgent: "test", Timeout: o.Timeout,
	})
}

// endpoint is an HTTP endpoint that receives events.
type endpoint struct {
	server *httptest.Server

	mu       sync.Mutex
	refuse   bool
	received []porttest.ReceivedEvent
}

func startEndpoint(t testing.TB) porttest.SinkDestination {
	e := &endpoint{}
	e.server = httptest.NewServer(e)
	t.Cleanup(e.server.Close)
	return e
}

// ServeHTTP accepts a request with a valid signature, unless refuse is set.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	key, keyErr := standardwebhooks.NewWebhook(string(secret.Reveal()))
	if err != nil || keyErr != nil || key.Verify(body, r.Header) != nil || r.URL.RawQuery != "token=query-canary" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "body-canary")
		return
	}
	e.received = append(e.received, porttest.ReceivedEvent{
		ID: r.Header.Get("webhook-id"), ContentType: r.Header.Get("Content-Type"), Body: string(body),
	})
	w.WriteHeader(http.StatusNoContent)
}

func (e *endpoint) Address() string { return e.server.Listener.Addr().String() }

func (e *endpoint) Settings(address string) string {
	return `{"url":"http://` + address + `/path-canary?token=query-canary"}`
}

// target returns a target with the given URL and signing secrets.
func target(url string, secrets ...domain.Secret) ports.SinkTarget {
	return ports.SinkTarget{
		Settings: ports.SinkSettings{Public: `{"url":"` + url + `"}`}, SigningSecrets: secrets,
	}
}

func (e *endpoint) Received(testing.TB) []porttest.ReceivedEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]porttest.ReceivedEvent(nil), e.received...)
}

func (e *endpoint) Refuse(_ testing.TB, refuse bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = refuse
}

func TestSink(t *testing.T) {
	invalid := map[string]porttest.InvalidSettings{
		"a member of another kind": {
			Settings: `{"url":"https://public.example","exchange":"canary"}`,
			Fields:   []string{""},
		},
		"another type": {Settings: `{"url":["canary"]}`, Fields: []string{""}},
		"no object":    {Settings: `"canary"`, Fields: []string{""}},
	}
	for name, url := range map[string]string{
		"nothing": "", "no scheme": "public.example/canary", "another scheme": "amqp://canary@public.example",
		"userinfo": "https://user:canary@public.example/", "a fragment": "https://public.example/#canary",
		"a fragment after the query": "https://public.example/?a=b#canary", "loopback": "https://127.0.0.1/canary",
		"the metadata service":   "http://169.254.169.254/canary",
		"a space in the query":   "https://public.example/?a=c anary",
		"a control character":    "https://public.example/\ncanary",
		"a query with a newline": "https://public.example/?\ncanary",
		"too long":               "https://public.example/?" + strings.Repeat("canary", 400),
	} {
		invalid[name] = porttest.InvalidSettings{
			Settings: `{"url":` + strconv.Quote(url) + `}`, Fields: []string{"url"},
		}
	}
	porttest.TestSink(t, porttest.SinkSuite{
		Kind: "webhook", Open: newSink, Start: startEndpoint, Invalid: invalid, AddressField: "url",
		SigningSecrets: []domain.Secret{secret},
	})
}

// event is a sample event for tests whose receiver does not check its content.
var event = ports.OutgoingEvent{ID: "0198c0de-0000-7000-8000-000000000001", Data: []byte(`{"id":"1"}`)}

// open starts a server with the handler, and returns a sender that sends events to that server.
func open(t testing.TB, handler http.HandlerFunc, secrets ...domain.Secret) ports.EventSender {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	if secrets == nil {
		secrets = []domain.Secret{secret}
	}
	sender := newSink(porttest.SinkOptions{AllowLoopback: true}).Open(
		target(server.URL, secrets...),
	)
	t.Cleanup(sender.Close)
	return sender
}

func TestOnlyAStatusOf2xxConfirmsAndRetryAfterIsReturned(t *testing.T) {
	for _, test := range []struct {
		status     int
		retryAfter string
		want       time.Duration
		ok         bool
	}{
		{status: 200, ok: true}, {status: 202, ok: true}, {status: 299, ok: true},
		{status: 200, retryAfter: "9", ok: true},
		{status: 301}, {status: 302}, {status: 307}, {status: 308}, {status: 400}, {status: 401}, {status: 404},
		{status: 410}, {status: 429, retryAfter: "120", want: 2 * time.Minute}, {status: 500},
		{status: 503, retryAfter: "90000", want: 24 * time.Hour}, {status: 503, retryAfter: "soon"},
		{status: 503, retryAfter: "Thu, 01 Jan 1970 00:00:00 GMT"},
	} {
		t.Run(fmt.Sprintf("%d after %q", test.status, test.retryAfter), func(t *testing.T) {
			var requests atomic.Int32
			sender := open(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
			})
			_, err := sender.Send(t.Context(), event)
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
			if test.ok {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, domain.SinkRefused) || domain.RetryAfterOf(err) != test.want ||
				!strings.Contains(err.Error(), strconv.Itoa(test.status)) {
				t.Errorf("got %v after %v", err, domain.RetryAfterOf(err))
			}
		})
	}
}

func TestEachSecretSignsDuringARotation(t *testing.T) {
	older := secretOf("the-key-before-the-rotation")
	var header http.Header
	var body []byte
	sender := open(t, func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}, secret, older)
	if _, err := sender.Send(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string]domain.Secret{"the new secret": secret, "the old secret": older} {
		key, err := standardwebhooks.NewWebhook(string(known.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(body, header); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if signatures := strings.Split(header.Get("webhook-signature"), " "); len(signatures) != 2 {
		t.Errorf("signatures: %v", signatures)
	}
	unknown, _ := standardwebhooks.NewWebhook(string(secretOf("another key").Reveal()))
	if unknown.Verify(body, header) == nil {
		t.Error("another secret verifies the event")
	}
}

// TestTheSignatureIsThatOfTheSpecification compares the signature of a request with a signature that was computed with
// openssl. BODY is the event in structured mode, which the test compares, too:
//
//	printf '%s' "msg_1.1674087231.$BODY" | openssl dgst -sha256 -hmac 0123456789abcdef01234567 -binary | base64
//	printf '%s' "v1:1674087231.$BODY" | openssl dgst -sha256 -hmac whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, name := range []string{
			"webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent",
			"x-webhook-timestamp", "x-webhook-signature",
		} {
			got = append(got, r.Header.Get(name))
		}
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
		if _, sent := r.Header["Idempotency-Key"]; sent {
			t.Error("an empty Idempotency-Key was sent")
		}
	}))
	defer server.Close()
	sink := webhook.New(webhook.Options{
		Guard: egress.NewGuard(egress.Config{AllowHTTP: true, AllowedCIDRs: loopback}), UserAgent: "service/1",
		Clock: fixedClock(time.Unix(1674087231, 987654321)),
	})
	sender := sink.Open(target(server.URL, secretOf("0123456789abcdef01234567")))
	defer sender.Close()
	if _, err := sender.Send(t.Context(), ports.OutgoingEvent{ID: "msg_1", Data: []byte(`{"a":1}`)}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"msg_1", "1674087231", "v1,DZ3/5hz6v4OC37t+ZNnGOxDLSuBkj9ns8AZ3SC0/0/o=",
		"application/cloudevents+json", "service/1",
		"1674087231", "v1,sha256=202e38ac08b29f4d4a00d01dce64ab9a4e15eca2a6610641124388740bcad5d0",
		`{"specversion":"1.0","id":"msg_1","source":"","type":"","time":"0001-01-01T00:00:00Z","subject":"",` +
			`"tenantid":"00000000-0000-0000-0000-000000000000","datacontenttype":"application/json","data":{"a":1}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// The headers of the receiver's own are sent with each event, and no response contains them.
func TestTheHeadersOfTheReceiverAreSent(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	parse := func(text string, stored ports.SinkSettings) ports.SinkSettings {
		parsed, faults := sink.Parse(t.Context(), domain.SecretText(text), stored)
		if faults != nil || strings.Contains(parsed.Public, "canary") || strings.Contains(parsed.Public, "eaders") {
			t.Fatalf("faults %v, public settings %s", faults, parsed.Public)
		}
		return parsed
	}
	first := parse(`{"url":"`+server.URL+`/a?q=canary","headers":{"authorization":"Bearer canary","X-API-Key":"k"}}`,
		ports.SinkSettings{})
	for name, tc := range map[string]struct {
		settings           ports.SinkSettings
		authorization, key string
	}{
		"created":             {first, "Bearer canary", "k"},
		"another path":        {parse(`{"url":"`+server.URL+`/b"}`, first), "Bearer canary", "k"},
		"current":             {sink.Current(first), "Bearer canary", "k"},
		"one header replaced": {parse(`{"url":"`+server.URL+`","headers":{"x-api-key":"2"}}`, first), "", "2"},
		"removed":             {parse(`{"url":"`+server.URL+`","headers":{}}`, first), "", ""},
		"from another host": {
			parse(`{"url":"`+server.URL+`"}`, parse(`{"url":"http://127.0.0.2/","headers":{"Authorization":"canary"}}`,
				ports.SinkSettings{})), "", "",
		},
	} {
		sender := sink.Open(ports.SinkTarget{Settings: tc.settings, SigningSecrets: []domain.Secret{secret}})
		_, err := sender.Send(t.Context(), event)
		sender.Close()
		if authorization, key := got.Get("Authorization"), got.Get("X-Api-Key"); err != nil ||
			authorization != tc.authorization || key != tc.key {
			t.Errorf("%s: %v, Authorization %q, X-API-Key %q", name, err, authorization, key)
		}
	}
}

// The answer of the receiver is returned with and without an error, without the secrets that it repeats.
func TestTheAnswerIsReturned(t *testing.T) {
	status, body := http.StatusOK, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body+r.Header.Get("Authorization")+r.URL.RawQuery+
			string(secret.Reveal())+strings.TrimPrefix(string(secret.Reveal()), "whsec_"))
	}))
	defer server.Close()
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	parsed, faults := sink.Parse(t.Context(), domain.SecretText(
		`{"url":"`+server.URL+`/?query-canary","headers":{"Authorization":"Bearer canary"}}`), ports.SinkSettings{})
	if faults != nil {
		t.Fatal(faults)
	}
	sender := sink.Open(ports.SinkTarget{Settings: parsed, SigningSecrets: []domain.Secret{secret}})
	defer sender.Close()
	for status, body = range map[int]string{200: "thanks ", 422: "no such account ", 503: ""} {
		got, err := sender.Send(t.Context(), event)
		if want := (events.SinkAnswer{Status: status, Body: body + "…………"}); got != want ||
			(err == nil) != (status == 200) {
			t.Errorf("answer %+v, error %v, want %+v", got, err, want)
		}
	}
	body = strings.Repeat("x", 5000)
	if got, _ := sender.Send(t.Context(), event); got.Body != body[:events.MaxAnswer] {
		t.Errorf("the answer has %d bytes", len(got.Body))
	}
}

// A receiver repeats only what it has taken from a header, and in its own encoding. The beginning of an answer may end
// inside a secret.
func TestAnAnswerShowsNoPartOfAHeader(t *testing.T) {
	const canary = "Top&Secret/Auth123"
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	parsed, faults := sink.Parse(t.Context(), domain.SecretText(
		`{"url":"`+server.URL+`","headers":{"Authorization":"Bearer `+canary+`"}}`), ports.SinkSettings{})
	if faults != nil {
		t.Fatal(faults)
	}
	sender := sink.Open(ports.SinkTarget{Settings: parsed, SigningSecrets: []domain.Secret{secret}})
	defer sender.Close()
	for echo, want := range map[string]string{
		"invalid token " + canary:                      "invalid token …",
		"<p>" + html.EscapeString(canary) + "</p>":     "<p>…</p>",
		`{"got":"TOP\u0026SECRET\/AUTH123"}`:           `{"got":"…"}`,
		"/login?t=" + url.QueryEscape(canary) + "&x=1": "/login?t=…&x=1",
		strings.Repeat(canary+"\n", 4<<10/len(canary)): strings.Repeat("…␊", 4<<10/len(canary)),
	} {
		body = echo
		if got, _ := sender.Send(t.Context(), event); !strings.HasPrefix(want, got.Body) || got.Body == "" {
			t.Errorf("%.60q is shown as %q, want %.60q", echo, got.Body, want)
		}
	}
}

func TestHeadersThatCannotBeSentAreRefused(t *testing.T) {
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	eleven := make([]string, 11)
	for i := range eleven {
		eleven[i] = fmt.Sprintf(`"X-%d":"canary"`, i)
	}
	for _, headers := range []string{
		`"":"canary"`, `"a b":"canary"`, `"X":""`, `"X":"canary\r\nY: 1"`, `"X":"canary","x":"canary"`, `"X":1`,
		`"X":"` + strings.Repeat("c", 4097) + `"`, `"host":"canary"`, `"Content-Length":"1"`, `"transfer-encoding":"x"`,
		`"Webhook-Signature":"canary"`, `"webhook-anything":"canary"`, `"X-Webhook-Signature":"canary"`,
		`"Connection":"canary"`, `"Proxy-Authorization":"canary"`, `"User-Agent":"canary"`, strings.Join(eleven, ","),
	} {
		_, faults := sink.Parse(t.Context(),
			domain.SecretText(`{"url":"https://127.0.0.1/","headers":{`+headers+`}}`), ports.SinkSettings{})
		if len(faults) != 1 || strings.Contains(faults[0].Error(), "canary") {
			t.Errorf("{%s}: faults %v, want one", headers, faults)
		}
	}
}

func TestAValueOfAHeaderIsRefusedByItsName(t *testing.T) {
	_, faults := newSink(porttest.SinkOptions{AllowLoopback: true}).Parse(t.Context(),
		domain.SecretText(`{"url":"https://127.0.0.1/","headers":{"A":"","B":"\n"}}`), ports.SinkSettings{})
	if len(faults) != 2 || faults[0].Field != "headers.A" || faults[1].Field != "headers.B" {
		t.Errorf("the faults are %v", faults)
	}
}

// TestTheSendersOfATenantShareConnections sends through several senders of one tenant, one after the other. The
// number of connections that stay open must not exceed the limit of the tenant.
func TestTheSendersOfATenantShareConnections(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		default:
		}
	}
	server.Start()
	defer server.Close()
	const perTenant, senders = 3, 8
	sink := webhook.New(webhook.Options{
		Guard: egress.NewGuard(egress.Config{AllowHTTP: true, AllowedCIDRs: loopback}), Clock: system.Clock{},
		Shares: egress.NewConnectionShares(perTenant),
	})
	for range senders {
		sender := sink.Open(target(server.URL, secret))
		defer sender.Close()
		if _, err := sender.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	// The server learns of a closed connection some time after the sender has closed it.
	for end := time.Now().Add(10 * time.Second); open.Load() > perTenant; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open, want at most %d", open.Load(), perTenant)
		}
	}
}

type fixedClock time.Time

func (c fixedClock) Now() time.Time { return time.Time(c) }

func TestNothingIsSentWithoutAValidSecret(t *testing.T) {
	for name, secrets := range map[string][]domain.Secret{
		"no secret": {}, "an empty secret": {domain.SecretText("")}, "only the prefix": {domain.SecretText("whsec_")},
		"not base64": {domain.SecretText("whsec_canary!")}, "one of two": {secret, domain.SecretText("whsec_canary!")},
	} {
		t.Run(name, func(t *testing.T) {
			sender := open(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }, secrets...)
			_, err := sender.Send(t.Context(), event)
			if err == nil || errors.As(err, new(*domain.Error)) {
				t.Errorf("got %v, want an internal error", err)
			}
			porttest.SecretFree(t, err)
		})
	}
}

func TestAnEndlessBodyDoesNotDelayAnEvent(t *testing.T) {
	var sent atomic.Int64
	for name, handler := range map[string]http.HandlerFunc{
		"fast": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				n, err := w.Write(make([]byte, 1<<10))
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := open(t, handler).Send(t.Context(), event); err != nil {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestAConnectionThatTheEndpointClosesIsReplaced checks that an event is sent on a new connection if the endpoint has
// closed the old one. On each connection, the endpoint responds to the first request. It closes the connection when the
// second request arrives. A real endpoint may do the same at its idle timeout.
func TestAConnectionThatTheEndpointClosesIsReplaced(t *testing.T) {
	sender := open(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_, _ = conn.Read(make([]byte, 1<<10))
	})
	for range 5 {
		if _, err := sender.Send(t.Context(), event); err != nil {
			t.Fatalf("got %v", err)
		}
	}
}

func TestTheCertificateIsChecked(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // one handshake fails on purpose
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for name, trusted := range map[string]*tls.Config{"unknown": nil, "known": {RootCAs: roots}} {
		sink := webhook.New(webhook.Options{
			Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback}), Clock: system.Clock{}, TLS: trusted,
		})
		sender := sink.Open(target(server.URL, secret))
		_, err := sender.Send(t.Context(), event)
		if ok := err == nil; ok != (trusted != nil) || !ok && !errors.Is(err, egress.ErrTLS) {
			t.Errorf("%s authority: %v", name, err)
		}
		sender.Close()
	}
}

func TestATargetWithoutTLSIsNotCalledOnceItIsForbidden(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	defer server.Close()
	sink := webhook.New(webhook.Options{
		Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback}), Clock: system.Clock{},
	})
	sender := sink.Open(target(server.URL, secret))
	defer sender.Close()
	if _, err := sender.Send(t.Context(), event); !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("got %v", err)
	}
}

func TestTheProxyFromTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if _, err := open(t, func(http.ResponseWriter, *http.Request) {}).Send(t.Context(), event); err != nil {
		t.Error(err)
	}
}

// BenchmarkSend sends events from 16 goroutines to one receiver on loopback. The receiver reads the body of every
// request.
func BenchmarkSend(b *testing.B) {
	sender := open(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	e := event
	e.Data = []byte(`"` + strings.Repeat("x", 1<<10) + `"`)
	var next atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		wait.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if _, err := sender.Send(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
