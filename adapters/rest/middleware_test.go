package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestScopesAreCheckedWhenRequired(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.RequireScopes = true })
	reader := []string{"Authorization", "Bearer tenant-b"}
	if w := s.call("GET", connectionsPath, "", reader...); w.Code != 200 {
		t.Errorf("read: status %d, want 200", w.Code)
	}
	for _, r := range operatorRoutes(t) {
		w := s.call(r[0], r[1], "", reader...)
		// The archive of statements is a read. It is a POST because of the number of its accounts.
		reads := r[0] == "GET" || r[1] == prefix+"/statements"
		if reads && w.Code == 403 {
			t.Errorf("%v: %d", r, w.Code)
		}
		if !reads {
			problemIn(t, w, 403, codeForbidden)
		}
	}
	if w := newEnv(t).call("DELETE", idPath, "", reader...); w.Code != 204 {
		t.Errorf("without RequireScopes: status %d, want 204", w.Code)
	}
}

func TestTheRateLimitIsPerTenant(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.RatePerMinute = 2 })
	for range 2 {
		if w := s.call("GET", connectionsPath, ""); w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
	w := s.call("GET", connectionsPath, "")
	problemIn(t, w, 429, codeRateLimited)
	if w.Header().Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q, want 30", w.Header().Get("Retry-After"))
	}
	if w := s.call("GET", connectionsPath, "", "Authorization", "Bearer tenant-b"); w.Code != 200 {
		t.Errorf("the other tenant: status %d, want 200", w.Code)
	}
	s.clock.Advance(30 * time.Second)
	if w := s.call("GET", connectionsPath, ""); w.Code != 200 {
		t.Errorf("after the wait: status %d, want 200", w.Code)
	}
}

func TestIfMatchParsesEntityTags(t *testing.T) {
	s := newEnv(t)
	put := `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`
	for header, want := range map[string][]int64{
		"": nil, "*": nil, `"3"`: {3}, `"2", "3"`: {2, 3}, `"2","x"`: {2, -1},
		`W/"3"`: {3}, `"3-gzip"`: {3}, `W/"3-br", "3--gzip"`: {3, 3}, `"3;gzip"`: {3}, `"3-GZIP"`: {-1},
		`"gzip"`: {-1}, `"-gzip"`: {-1}, `"3-gzip-gzip"`: {-1},
		`"03"`: {-1}, `"+3"`: {-1}, `"` + canary + `"`: {-1}, `"2,3"`: {-1}, `, "3" ,,"4",`: {3, 4}, `""`: {-1},
	} {
		for _, target := range []string{
			"PUT " + idPath, "DELETE " + idPath, "PATCH " + enginesPath + samePath,
			"DELETE " + enginesPath + samePath,
		} {
			method, path, _ := strings.Cut(target, " ")
			body := map[string]string{"PUT": put, "PATCH": "{}"}[method]
			if w := s.call(method, path, body, "If-Match", header); w.Code >= 300 {
				t.Fatalf("%s %q: %d %s", target, header, w.Code, w.Body)
			}
			if diff := cmp.Diff([]int64(s.service.match), want); diff != "" {
				t.Errorf("%s %q: %s", target, header, diff)
			}
		}
	}
	lines := httptest.NewRequest(http.MethodDelete, idPath, nil)
	lines.Header = http.Header{"Authorization": {"Bearer tenant-a"}, "If-Match": {`"1"`, `"2"`}}
	s.serve(lines)
	if diff := cmp.Diff([]int64(s.service.match), []int64{1, 2}); diff != "" {
		t.Error(diff)
	}
}

// A malformed If-Match is a mistake of the client. If the response were a 412, the client would read
// the connection again and repeat the same mistake. An empty If-Match must not become an
// unconditional change.
func TestAMalformedIfMatchIsRejected(t *testing.T) {
	s := newEnv(t)
	for _, header := range []string{
		canary, "3", `"3`, `3"`, `"3", *`, `*, "3"`, `"3" "4"`, `w/"3"`, `"a b"`, "**", ",", "\"3\"\x7f", "", " ",
	} {
		for _, target := range []string{
			"PUT " + idPath, "DELETE " + idPath, "PATCH " + enginesPath + samePath,
			"DELETE " + enginesPath + samePath,
		} {
			method, path, _ := strings.Cut(target, " ")
			r := httptest.NewRequest(method, path, strings.NewReader("{}"))
			r.Header = http.Header{
				"Authorization": {"Bearer tenant-a"}, "If-Match": {header}, "Content-Type": {"application/json"},
			}
			w := s.serve(r)
			p := problemIn(t, w, 400, codeInvalid)
			if !strings.Contains(locations(p), "header.If-Match") || strings.Contains(w.Body.String(), canary) {
				t.Errorf("%s with If-Match %q: %s", target, header, w.Body)
			}
		}
	}
	if n := s.service.calls - s.service.reads; n > 0 {
		t.Errorf("%d requests reached the service", n)
	}
}

func TestACursorContinuesItsList(t *testing.T) {
	s := newEnv(t)
	for _, target := range []string{
		connectionsPath, enginesPath, tokensPath, deliveriesPath, idPath + "/pulls", idPath + "/accounts",
		idPath + "/transactions", prefix + "/transactions/changes",
	} {
		var first struct {
			NextCursor string `json:"nextCursor"`
		}
		decode(t, s.call("GET", target, ""), &first)
		if w := s.call("GET", target+"?limit=7&cursor="+first.NextCursor, ""); w.Code != 200 {
			t.Fatalf("%s: status %d, want 200: %s", target, w.Code, w.Body)
		}
		if s.service.page.Limit != 7 || s.service.page.After.ID != someID || s.service.page.After.Key == "" {
			t.Errorf("%s requested the page %+v", target, s.service.page)
		}
	}
}

func TestWaitAcceptsSecondsOrADuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "10": 10 * time.Second, "10s": 10 * time.Second, "30": 30 * time.Second,
		"250ms": 250 * time.Millisecond,
	} {
		var wait waitParam
		if err := wait.UnmarshalText([]byte(text)); err != nil || wait.Duration != want {
			t.Errorf("wait=%s became %v, %v, want %v", text, wait, err, want)
		}
	}
}

func TestBodiesOfTheWrongMediaTypeOrSizeAreRejected(t *testing.T) {
	s := newEnv(t)
	large := `{"vendor":"` + strings.Repeat("a", maxBody) + `"}`
	exact := goodConnection + strings.Repeat(" ", maxBody-len(goodConnection))
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
		code       string
	}{
		{"no media type", goodConnection, []string{"Content-Type", ""}, 415, codeInvalid},
		{"form", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, codeInvalid},
		{"text", goodConnection, []string{"Content-Type", "text/plain"}, 415, codeInvalid},
		{"another JSON", goodConnection, []string{"Content-Type", "application/vnd.api+json"}, 415, codeInvalid},
		{"broken media type", goodConnection, []string{"Content-Type", "application/json; ="}, 415, codeInvalid},
		{
			"another charset", goodConnection, []string{"Content-Type", "application/json; charset=utf-16"}, 415,
			codeInvalid,
		},
		{"compressed", goodConnection, []string{"Content-Encoding", "gzip"}, 415, codeInvalid},
		{"too large", large, nil, 413, codeTooLarge},
		{"empty", "", []string{"Content-Type", "application/json"}, 400, codeInvalid},
		{"empty without media type", "", nil, 415, codeInvalid},
		{"of the maximum size", exact, nil, 201, ""},
		{"with charset", goodConnection, []string{"Content-Type", "application/json; charset=UTF-8"}, 201, ""},
		{"Accept is ignored", goodConnection, []string{"Accept", "text/html"}, 201, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call("POST", connectionsPath, c.body, c.headers...)
			if c.status == 201 {
				if w.Code != 201 {
					t.Fatalf("status %d, want 201: %s", w.Code, w.Body)
				}
				return
			}
			p := problemIn(t, w, c.status, c.code)
			if c.status == 400 && locations(p) != "body" {
				t.Errorf("locations %q", locations(p))
			}
		})
	}
	p := problemIn(t, s.call("POST", statementsOfOther, "a;b", "Content-Type", "text/csv"), 415, codeInvalid)
	if !strings.Contains(p.Detail, "application/octet-stream") {
		t.Errorf("the refusal of a file says %q", p.Detail)
	}
	chunked := httptest.NewRequest(http.MethodPost, connectionsPath, strings.NewReader(large))
	chunked.ContentLength = -1
	chunked.Header.Set("Authorization", "Bearer tenant-a")
	chunked.Header.Set("Content-Type", "application/json")
	problemIn(t, s.serve(chunked), 413, codeTooLarge)
}

func TestPanicsBecomeProblems(t *testing.T) {
	for _, value := range []any{"text " + canary, errors.New("broken"), 7} {
		s := newEnv(t)
		s.service.panicWith = value
		w := s.call("GET", pullsPath+otherPath, "")
		problemIn(t, w, 500, codeInternal)
		logged := s.logs.FilterMessage("request failed").All()
		if len(logged) != 1 || strings.Contains(logged[0].ContextMap()["cause"].(string), canary) {
			t.Errorf("logged %v", logged)
		}
		if access := s.logs.FilterMessage("request").All(); len(access) != 1 ||
			access[0].ContextMap()["status"] != int64(500) {
			t.Errorf("access log %v", access)
		}
	}
}

func TestTheRequestIDIsReusedOrGenerated(t *testing.T) {
	s := newEnv(t)
	for given, want := range map[string]string{
		"": "made-id", "abc-123": "abc-123", strings.Repeat("x", 128): strings.Repeat("x", 128),
		strings.Repeat("x", 129): "made-id",
		"a\x01b":                 "made-id", "a\u00e9": "made-id", "with space": "with space",
	} {
		for _, target := range []string{"/health", "/nothing", connectionsPath} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Header["X-Request-Id"] = []string{given}
			if got := s.serve(r).Header().Get("X-Request-Id"); got != want {
				t.Errorf("the request id %q on %s became %q, want %q", given, target, got, want)
			}
		}
	}
}

// reasonsIn returns the log lines about failed authentications.
func (s *env) reasonsIn() []map[string]any {
	var all []map[string]any
	for _, line := range s.logs.FilterMessage("authentication failed").All() {
		if line.Level == zap.InfoLevel {
			all = append(all, line.ContextMap())
		}
	}
	return all
}

func TestTheReasonOfAnOperators401IsOnlyInTheLog(t *testing.T) {
	var first string
	for _, c := range []struct {
		reason        string
		authorization []string
	}{
		{"no Authorization header", nil},
		{"several Authorization headers", []string{"Bearer tenant-a", "Bearer tenant-a"}},
		{"the Authorization header contains no bearer token", []string{"Basic " + canary}},
		{"the Authorization header contains no bearer token", []string{"Bearer"}},
		{"the Authorization header contains no bearer token", []string{"Bearer " + canary + ","}},
		{"bad token", []string{"Bearer " + canary}},
		{"no tenant", []string{"Bearer no-tenant"}},
	} {
		s := newEnv(t)
		r := httptest.NewRequest(http.MethodGet, connectionsPath, nil)
		r.RemoteAddr, r.Header["Authorization"] = "198.51.100.7:4711", c.authorization
		r.Header.Set(requestIDHeader, "r-1")
		w := s.serve(r)
		problemIn(t, w, 401, codeUnauthenticated)
		if first == "" {
			first = w.Body.String()
		}
		if diff := cmp.Diff(first, w.Body.String()); diff != "" {
			t.Errorf("%v: the response depends on the reason: %s", c.authorization, diff)
		}
		want := []map[string]any{{"requestId": "r-1", "reason": c.reason, "peer": "198.51.100.7"}}
		if diff := cmp.Diff(want, s.reasonsIn()); diff != "" {
			t.Errorf("%v: %s", c.authorization, diff)
		}
	}
	s := newEnv(t)
	s.call("GET", connectionsPath, "")
	s.call("GET", connectionsPath, "", "Authorization", "Bearer keys-away")
	if lines := s.reasonsIn(); len(lines) > 0 {
		t.Errorf("a 200 and a 503 are logged as failed authentications: %v", lines)
	}
}

// TestThePeerInTheLog checks that the client's address is logged even if requests come through proxies, and that
// arbitrary text in a header is never logged as an address.
func TestThePeerInTheLog(t *testing.T) {
	trusted := func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }
	for _, c := range []struct{ remote, forwarded, want string }{
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"203.0.113.9:1", "198.51.100.7", "203.0.113.9"},
		{"10.0.0.1:1", canary, "10.0.0.1"},
		{"10.0.0.1:1", "fe80::1%" + canary, "fe80::1"},
		{"@", "", "unknown"},
	} {
		s := newEnv(t, trusted)
		r := httptest.NewRequest(http.MethodGet, connectionsPath, nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		s.serve(r)
		if got := s.reasonsIn(); len(got) != 1 || got[0]["peer"] != c.want {
			t.Errorf("%s for %s: logged %v, want the peer %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestStrictTransportSecurityIsSentIfThePublicURLIsHTTPS(t *testing.T) {
	for publicURL, want := range map[string]string{
		"https://public.example": "max-age=31536000; includeSubDomains",
		"HTTPS://public.example": "max-age=31536000; includeSubDomains",
		"http://public.example":  "", "http://https.example": "",
	} {
		e := newEnv(t, func(o *Options) { o.PublicURL, o.Development = publicURL, true })
		for _, path := range []string{"/health", "/docs", "/unknown", connectionsPath} {
			got := e.call("GET", path, "").Header().Values("Strict-Transport-Security")
			if strings.Join(got, "|") != want {
				t.Errorf("%s of %s: %q, want %q", path, publicURL, got, want)
			}
		}
	}
}

// The log lines of successful reads must contain neither the actor nor the peer, because such reads are frequent and
// are not security events.
func TestTheAccessLogNamesTheActorAndPeerOfChangesAndRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, token string
		status              int
		named               bool
	}{
		"a change":                  {"DELETE", idPath, "tenant-a", 204, true},
		"a missing scope":           {"DELETE", idPath, "tenant-b", 403, true},
		"a refused read":            {"GET", connectionsPath + "?colour=red", "tenant-b", 400, true},
		"a read":                    {"GET", connectionsPath, "tenant-b", 200, false},
		"an unauthenticated change": {"DELETE", idPath, "forged", 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, func(o *Options) { o.RequireScopes = true })
			if w := e.call(test.method, test.path, "", "Authorization", "Bearer "+test.token); w.Code != test.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			fields := e.logs.FilterMessage("request").All()[0].ContextMap()
			actor, peer := fields["actor"], fields["peer"]
			if named := actor == "alice" &&
				peer == "192.0.2.1"; named != test.named ||
				!named && (actor != nil || peer != nil) {
				t.Errorf("actor %v, peer %v", actor, peer)
			}
		})
	}
}

func TestHeadersAreLimitedTo64KiB(t *testing.T) {
	s := newEnv(t)
	if w := s.call("GET", connectionsPath, "", "X-Large", strings.Repeat("a", 60<<10)); w.Code != 200 {
		t.Errorf("60 KiB: status %d, want 200", w.Code)
	}
	problemIn(t, s.call("GET", connectionsPath, "", "X-Large", strings.Repeat("a", 64<<10)), 431, codeInvalid)
}

func TestARequestThatItsClientGaveUpIsNoFailure(t *testing.T) {
	recorded := 0
	s := newEnv(t, func(o *Options) {
		o.OnRequest = func(_, _ string, status int, _ time.Duration) { recorded = status }
	})
	for _, c := range []struct {
		name   string
		err    error
		gaveUp bool
		want   int
	}{
		{"the client gave up", context.Canceled, true, 499},
		{"the client gave up while the database was away", domain.Unavailable, true, 499},
		{"a timeout of the service", context.DeadlineExceeded, false, 503},
		{"the client gave up after a refusal", domain.NotFound, true, 404},
	} {
		s.service.err = c.err
		ctx, cancel := context.WithCancel(t.Context())
		if c.gaveUp {
			cancel()
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, connectionsPath, nil)
		r.Header.Set("Authorization", "Bearer tenant-a")
		s.serve(r)
		cancel()
		access := s.logs.FilterMessage("request").TakeAll()
		if logged := access[len(access)-1].ContextMap()["status"]; logged != int64(c.want) || recorded != c.want {
			t.Errorf("%s: status %v in the log and %d in the metrics, want %d", c.name, logged, recorded, c.want)
		}
	}
}

func TestSuccessfulProbesAreLoggedAtDebug(t *testing.T) {
	s := newEnv(t)
	s.call("GET", "/health", "")
	s.call("GET", "/readyz", "")
	if lines := s.logs.FilterMessage("request").All(); len(lines) > 0 {
		t.Errorf("logged %v", lines)
	}
	s.call("GET", "/version", "")
	if s.logs.FilterMessage("request").Len() != 1 {
		t.Error("the request for the version is not in the log")
	}
}
