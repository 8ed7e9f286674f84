package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const webhookURL = prefix + "/webhooks/pluggy/" + webhookToken

func TestAWebhookReachesThePortUnchanged(t *testing.T) {
	s := newEnv(t)
	body := "\xff not JSON \x00"
	r := httptest.NewRequest(http.MethodPost, webhookURL+"?x=1", strings.NewReader(body))
	r.Header.Set("X-Webhook-Signature", "sha256=ab")
	r.Header.Set("Authorization", "shared")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.RemoteAddr = "192.0.2.7:4711"
	if w := s.serve(r); w.Code != 202 || w.Body.Len() > 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got := s.service.webhook.Header("x-webhook-signature"); got != "sha256=ab" {
		t.Errorf("the header is %q", got)
	}
	s.service.webhook.Header = nil // functions cannot be compared
	want := domain.WebhookRequest{
		Vendor: "pluggy", Token: webhookToken, Body: []byte(body), Signature: "sha256=ab", Authorization: "shared",
		Peer: netip.MustParseAddr("192.0.2.7"),
	}
	if diff := cmp.Diff(
		want, s.service.webhook, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	); diff != "" {
		t.Error(diff)
	}
}

func TestAVendorThatExpects200GetsIt(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.AnswersOK = []domain.Vendor{"belvo"} })
	for vendor, want := range map[string]int{"pluggy": 202, "belvo": 200} {
		if w := s.call("POST", prefix+"/webhooks/"+vendor+"/"+webhookToken, "{}"); w.Code != want || w.Body.Len() > 0 {
			t.Errorf("%s: %d %s", vendor, w.Code, w.Body)
		}
	}
}

func TestEveryRefusedWebhookGetsTheSame401(t *testing.T) {
	refused := func(change ...func(*Options)) *env {
		s := newEnv(t, change...)
		s.service.err = &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("which layer")}
		return s
	}
	first := refused().call("POST", webhookURL, "{}")
	problemIn(t, first, 401, codeUnauthenticated)
	for _, c := range []struct{ name, target, body string }{
		{"unknown vendor", prefix + "/webhooks/plaid/" + webhookToken, "{}"},
		{"malformed vendor", prefix + "/webhooks/%00/" + webhookToken, "{}"},
		{"vendor in capitals", prefix + "/webhooks/PLUGGY/" + webhookToken, "{}"},
		{"short token", prefix + "/webhooks/pluggy/x", "{}"},
		{"escaped token", prefix + "/webhooks/pluggy/%2e%2e%2f", "{}"},
		{"another body", webhookURL, "garbage"},
		{"no body", webhookURL, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := refused().call("POST", c.target, c.body)
			if diff := cmp.Diff(first.Body.String(), w.Body.String()); diff != "" || w.Code != 401 {
				t.Errorf("%d %s", w.Code, diff)
			}
			if diff := cmp.Diff(first.Header(), w.Header()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheReasonOfAWebhooks401IsOnlyInTheLog(t *testing.T) {
	for _, c := range []struct{ name, target, vendor, reason string }{
		{"a configured vendor", webhookURL, "pluggy", "source not proved"},
		{"another vendor", prefix + "/webhooks/plaid/" + webhookToken, "unknown", "unknown vendor"},
		{"a token as vendor", prefix + "/webhooks/" + webhookToken + "/pluggy", "unknown", "unknown vendor"},
		{"vendor in capitals", prefix + "/webhooks/PLUGGY/" + webhookToken, "unknown", "unknown vendor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEnv(t)
			s.service.err = &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("source not proved")}
			w := s.call(
				"POST", c.target, canary, requestIDHeader, "r-1", signatureHeader, canary, "Authorization", canary,
			)
			if p := problemIn(t, w, 401, codeUnauthenticated); strings.Contains(p.Detail, "source") {
				t.Errorf("the response contains the reason: %s", w.Body)
			}
			want := []map[string]any{
				{"requestId": "r-1", "reason": c.reason, "peer": "192.0.2.1", "vendor": c.vendor},
			}
			if diff := cmp.Diff(want, s.reasonsIn()); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := newEnv(t)
	s.call("POST", webhookURL, "{}")
	s.service.err = &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
	s.call("POST", webhookURL, "{}")
	if lines := s.reasonsIn(); len(lines) > 0 {
		t.Errorf("a 202 and a 503 are logged as failed authentications: %v", lines)
	}
}

func TestWebhookFailuresOtherThan401(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.WebhookRatePerMinute = 3 })
	problemIn(t, s.call("POST", webhookURL, strings.Repeat("a", maxWebhookBody+1)), 413, codeTooLarge)
	chunked := httptest.NewRequest(
		http.MethodPost, prefix+"/webhooks/pluggy/chunked",
		strings.NewReader(strings.Repeat("a", maxWebhookBody+1)),
	)
	chunked.ContentLength = -1
	problemIn(t, s.serve(chunked), 413, codeTooLarge)
	if w := s.call("POST", webhookURL, strings.Repeat("a", maxWebhookBody)); w.Code != 202 {
		t.Errorf("one MiB: status %d, want 202", w.Code)
	}
	s.service.err = &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
	w := s.call("POST", webhookURL, "{}")
	problemIn(t, w, 503, codeUnavailable)
	if w.Header().Get("Retry-After") == "" {
		t.Error("the 503 has no Retry-After header")
	}
	s.service.err = nil
	problemIn(t, s.call("POST", webhookURL, "{}"), 429, codeRateLimited)
	if w := s.call("POST", prefix+"/webhooks/pluggy/another", "{}"); w.Code != 202 {
		t.Errorf("another token: status %d, want 202", w.Code)
	}
}

func TestTheClientAddressBehindProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "192.0.2.1:1", nil, "192.0.2.1"},
		{"an untrusted peer sends the header", "192.0.2.1:1", []string{"203.0.113.1"}, "192.0.2.1"},
		{"a trusted proxy sends the header", "10.0.0.1:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{
			"the rightmost untrusted address", "10.0.0.1:1", []string{"198.51.100.1, 203.0.113.1, 10.0.0.2"},
			"203.0.113.1",
		},
		{"several lines", "10.0.0.1:1", []string{"198.51.100.1", "203.0.113.1"}, "203.0.113.1"},
		{"proxies only", "10.0.0.1:1", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"garbage fails closed", "10.0.0.1:1", []string{"203.0.113.1, unknown"}, "invalid IP"},
		{"empty elements are skipped", "10.0.0.1:1", []string{"203.0.113.1,, ", " ,"}, "203.0.113.1"},
		{"only empty elements", "10.0.0.1:1", []string{" , "}, "10.0.0.1"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.1:5678"}, "203.0.113.1"},
		{"behind two proxies with ports", "10.0.0.1:1", []string{"203.0.113.1:1, 10.0.0.2:443"}, "203.0.113.1"},
		{"IPv6 with a port", "10.0.0.1:1", []string{"[2001:dead::1]:443"}, "2001:dead::1"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:dead::1]"}, "2001:dead::1"},
		{"IPv4 in brackets fails closed", "10.0.0.1:1", []string{"[203.0.113.1]"}, "invalid IP"},
		{"a port without a number fails closed", "10.0.0.1:1", []string{"203.0.113.1:"}, "invalid IP"},
		{"a port that is too large fails closed", "10.0.0.1:1", []string{"203.0.113.1:65536"}, "invalid IP"},
		{"an open bracket fails closed", "10.0.0.1:1", []string{"[2001:dead::1"}, "invalid IP"},
		{
			"garbage left of an untrusted address is ignored", "10.0.0.1:1", []string{"<script>, 203.0.113.1"},
			"203.0.113.1",
		},
		{"IPv4-mapped IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		{"IPv6", "[2001:db8::1]:1", []string{"2001:dead::1"}, "2001:dead::1"},
		{"no peer address", "@", nil, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := clientAddress(r, trusted).String(); got != c.want {
				t.Errorf("the client address is %s, want %s", got, c.want)
			}
		})
	}
}

// TestNothingSecretIsLogged checks that no log line contains a secret, neither for requests that succeed nor for
// requests that fail. It sends a known text (a canary) in every place in which a secret can occur, and searches the log
// for it.
func TestNothingSecretIsLogged(t *testing.T) {
	s := newEnv(t)
	for _, fail := range []error{
		nil, domain.NotFoundError(), errors.New("broken"), &domain.Error{Kind: domain.Unauthenticated},
	} {
		s.service.err = fail
		s.call("POST", connectionsPath, goodConnection, keyHeader, "k"+canary[:3])
		s.call("GET", connectionsPath+"?cursor="+canary, "", "Authorization", "Bearer "+canary)
		s.call("POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"`+canary+`"}`)
		for _, path := range []string{
			webhookURL, webhookURL + "/more", "/V1/Discovery/WEBHOOKS/pluggy/" + webhookToken,
			"//v1/discovery/webhooks/pluggy/" + webhookToken,
			prefix + "/webhooks/" + webhookToken, "/" + webhookToken, tokensPath + "/" + webhookToken,
			prefix + "/webhooks/pluggy/x" + canary, prefix + "/webhooks/p%2Fq/" + canary,
		} {
			for _, method := range []string{"POST", "GET", "DELETE"} {
				w := s.call(method, path, canary, "X-Webhook-Signature", canary, "Authorization", canary)
				if body := w.Body.String(); strings.Contains(body, webhookToken) || strings.Contains(body, canary) {
					t.Errorf("%s %s responded with %s", method, path, body)
				}
			}
		}
	}
	if s.logs.Len() < 50 {
		t.Fatalf("only %d lines were logged", s.logs.Len())
	}
	for _, line := range s.logs.All() {
		for name, value := range line.ContextMap() {
			if text, ok := value.(string); ok &&
				(strings.Contains(text, canary) || strings.Contains(text, webhookToken)) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestTheAccessLogNamesTheRoute(t *testing.T) {
	s := newEnv(t)
	s.call("GET", idPath, "", requestIDHeader, "r-1")
	got := s.logs.FilterMessage("request").All()[0].ContextMap()
	want := map[string]any{
		"requestId": "r-1", "method": "GET", "route": connectionsPath + "/{id}", "path": idPath, "status": int64(200),
		"tenant": tenantA.String(),
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if got["bytes"].(int64) == 0 {
		t.Error("the access log contains no size of the response")
	}
}
