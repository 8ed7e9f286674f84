package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestEveryErrorKindHasItsStatusAndCode(t *testing.T) {
	secretCause := errors.New("pq: password " + canary)
	for _, c := range []struct {
		name   string
		fail   error
		status int
		code   string
		header string
	}{
		{
			"invalid",
			errors.Join(domain.FieldError("baseUrl", "must be better"), domain.FieldError("configName", "too")),
			400, codeInvalid, "",
		},
		{
			"rejected address", &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}, 400,
			codeInvalid, "",
		},
		{
			"refusal by a vendor",
			&domain.Error{
				Kind: domain.Rejected, Code: domain.VendorRefused, Message: "address_not_allowed",
				Cause: &domain.Error{
					Kind: domain.Rejected, Code: domain.AddressNotAllowed, UpstreamCode: "LISTED_CODE", Message: canary,
				},
			}, 502, codeVendorRefused, "",
		},
		{
			"a refresh that the vendor refuses",
			&domain.Error{Kind: domain.Conflict, Code: domain.SyncsFailed, UpstreamCode: "LISTED_CODE"}, 409,
			codeConflict, "",
		},
		{
			"a refresh that comes too early",
			&domain.Error{
				Kind: domain.Unavailable, Code: domain.RefreshesUsedUp, RetryAfter: time.Hour,
				UpstreamCode: "LISTED_CODE",
			}, 429, codeRateLimited, "Retry-After=3600",
		},
		{
			"another rejection", &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}, 500,
			codeInternal, "",
		},
		{
			"unauthenticated", &domain.Error{Kind: domain.Unauthenticated}, 401, codeUnauthenticated,
			"WWW-Authenticate=Bearer",
		},
		{"forbidden", &domain.Error{Kind: domain.Forbidden}, 403, codeForbidden, ""},
		{"not found", domain.NotFoundError(), 404, codeConnectionNotFound, ""},
		{"wrapped", fmt.Errorf("application: %w", domain.NotFoundError()), 404, codeConnectionNotFound, ""},
		{"name taken", &domain.Error{Kind: domain.Conflict, Code: domain.NameTaken}, 409, codeConflict, ""},
		{"other conflict", &domain.Error{Kind: domain.Conflict}, 409, codeConflict, ""},
		{"revision", &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch}, 412, codePrecondition, ""},
		{"in flight", &domain.Error{Kind: domain.Conflict, Code: domain.KeyInFlight}, 409, codeKeyInFlight, ""},
		{"reused", &domain.Error{Kind: domain.Conflict, Code: domain.KeyReused}, 422, codeKeyReused, ""},
		{
			"database unavailable",
			&domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable, Cause: secretCause}, 503,
			codeUnavailable, "Retry-After=1",
		},
		{
			"too many probes",
			&domain.Error{Kind: domain.Unavailable, Code: domain.TooManyProbes, RetryAfter: 5 * time.Second}, 429,
			codeRateLimited, "Retry-After=5",
		},
		{
			"unavailable with RetryAfter",
			&domain.Error{Kind: domain.Unavailable, RetryAfter: 1500 * time.Millisecond}, 503, codeUnavailable,
			"Retry-After=2",
		},
		{"unknown", secretCause, 500, codeInternal, ""},
		{"without kind", &domain.Error{Message: canary}, 500, codeInternal, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEnv(t)
			s.service.err = c.fail
			w := s.call("PUT", idPath, `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`)
			p := problemIn(t, w, c.status, c.code)
			if name, want, ok := strings.Cut(c.header, "="); ok && w.Header().Get(name) != want {
				t.Errorf("the header %s is %q, want %q", name, w.Header().Get(name), want)
			}
			if strings.Contains(w.Body.String(), canary) {
				t.Error("the response contains the cause")
			}
			named := p.Upstream != nil && p.Upstream.Code == "LISTED_CODE"
			if named != (domain.UpstreamCodeOf(c.fail) != "") {
				t.Errorf("upstream is %v", p.Upstream)
			}
			if c.status == 502 && (len(p.Errors) != 1 || p.Errors[0] != ProblemField{"vendor", "address_not_allowed"}) {
				t.Errorf("the reason is %v", p.Errors)
			}
			if c.status >= 500 {
				if p.Detail != "internal error" && c.status != 502 {
					t.Errorf("detail %q, want internal error", p.Detail)
				}
				logged := s.logs.FilterMessage("request failed").All()
				if len(logged) != 1 || logged[0].ContextMap()["requestId"] != "made-id" {
					t.Errorf("logged %v", logged)
				}
			}
			if c.status == 400 && !strings.HasPrefix(locations(p), "body.baseUrl") {
				t.Errorf("locations %q", locations(p))
			}
		})
	}
}

func TestRouterErrorsAreProblemDocuments(t *testing.T) {
	for _, c := range []struct {
		name, method, target string
		status               int
		code, allow          string
	}{
		{"unknown path", "GET", "/v1/nothing", 404, codeNotFound, ""},
		{"root", "GET", "/", 404, codeNotFound, ""},
		{"case of a path", "GET", "/V1/discovery/aggregator-connections", 404, codeNotFound, ""},
		{"no other document", "GET", "/openapi.yaml", 404, codeNotFound, ""},
		{"no schemas", "GET", "/schemas/Problem.json", 404, codeNotFound, ""},
		{"collection", "DELETE", connectionsPath, 405, codeNotFound, "GET, HEAD, POST"},
		{"item", "POST", idPath, 405, codeNotFound, "DELETE, GET, HEAD, PUT"},
		{"test as an id", "GET", connectionsPath + "/test", 404, codeConnectionNotFound, ""},
		{"mint", "PUT", tokensPath, 405, codeNotFound, "GET, HEAD, POST"},
		{"token", "POST", tokensPath + otherPath, 405, codeNotFound, "DELETE"},
		{"delivery", "POST", deliveriesPath + otherPath, 405, codeNotFound, "GET, HEAD"},
		{"receiver", "GET", prefix + "/webhooks/pluggy/" + webhookToken, 405, codeNotFound, "POST"},
		{"receiver's head", "HEAD", prefix + "/webhooks/pluggy/" + webhookToken, 405, codeNotFound, "POST"},
		{"token's head", "HEAD", tokensPath + otherPath, 405, codeNotFound, "DELETE"},
		{"health", "POST", "/health", 405, codeNotFound, "GET, HEAD"},
		{"a path that is not UTF-8", "GET", prefix + "/%ff", 404, codeNotFound, ""},
		{"an id that is not UTF-8", "GET", connectionsPath + "/%ff", 404, codeConnectionNotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newEnv(t).call(c.method, c.target, "")
			p := problemIn(t, w, c.status, c.code)
			if got := w.Header().Get("Allow"); c.allow != "" && got != c.allow {
				t.Errorf("Allow: %q, want %q", got, c.allow)
			}
			if c.status == 405 && w.Header().Get("Allow") == "" {
				t.Error("the 405 has no Allow header")
			}
			if strings.Contains(p.Instance, webhookToken) {
				t.Error("the instance contains the token")
			}
		})
	}
}

func TestEveryOperationRequiresABearerToken(t *testing.T) {
	s := newEnv(t)
	for _, r := range operatorRoutes(t) {
		for _, header := range []string{
			"", "Bearer", "Bearer ", "Basic tenant-a", "tenant-a", "Bearer bad", "Bearer no-tenant",
			"Bearer tenant-a x", "Bearer\ttenant-a", "Bearer tenant-a,",
		} {
			w := s.call(r[0], r[1], "", "Authorization", header)
			problemIn(t, w, 401, codeUnauthenticated)
			if w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%v: no WWW-Authenticate header", r)
			}
		}
	}
	for _, good := range []string{"bearer tenant-a", "BEARER tenant-a", "Bearer   tenant-a"} {
		if w := s.call("GET", connectionsPath, "", "Authorization", good); w.Code != 200 {
			t.Errorf("Authorization %q: status %d, want 200", good, w.Code)
		}
	}
	problemIn(t, s.call("GET", connectionsPath, "", "Authorization", "Bearer keys-away"), 503, codeUnavailable)
	twice := httptest.NewRequest(http.MethodGet, connectionsPath, nil)
	twice.Header["Authorization"] = []string{"Bearer tenant-a", "Bearer tenant-a"}
	problemIn(t, s.serve(twice), 401, codeUnauthenticated)
}

// operatorRoutes returns the method and the path of every route that requires a token. Each {id} in
// a path is replaced by an id.
func operatorRoutes(t *testing.T) [][2]string {
	t.Helper()
	var all [][2]string
	for path, methods := range openAPI(t, newEnv(t))["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			if security, _ := op.(map[string]any)["security"].([]any); len(security) > 0 {
				all = append(all, [2]string{strings.ToUpper(method), strings.ReplaceAll(path, "{id}", someID.String())})
			}
		}
	}
	if len(all) < 26 {
		t.Fatalf("only %d routes", len(all))
	}
	return all
}

// TestA503SaysWhichOtherSystemIsTheReason checks that the detail of a 503 states the reason, except if the reason is a
// failure of the store.
func TestA503SaysWhichOtherSystemIsTheReason(t *testing.T) {
	for code, want := range map[domain.Code]string{
		domain.VendorUnreachable:  "the vendor cannot be reached",
		domain.MalformedResponse:  "the vendor's response cannot be read",
		domain.VendorRateLimited:  "the vendor accepts no more requests at the moment",
		domain.BudgetExhausted:    "the rate budget of the vendor is exhausted",
		domain.CredentialUnopened: "the stored credential cannot be decrypted",
		domain.StoreUnavailable:   "internal error",
	} {
		s := newEnv(t)
		s.service.err = &domain.Error{Kind: domain.Unavailable, Code: code, Cause: errors.New(canary)}
		w := s.call("POST", idPath+"/refresh", "")
		if p := problemIn(t, w, http.StatusServiceUnavailable, codeUnavailable); p.Detail != want {
			t.Errorf("%s: detail %q, want %q", code, p.Detail, want)
		}
	}
}

// TestEvery404NamesTheMissingResource checks that the detail of every 404 names the kind of object that was not
// found. It makes the service return NotFound for every operation that documents a 404.
func TestEvery404NamesTheMissingResource(t *testing.T) {
	details := map[string]int{}
	for path, methods := range openAPI(t, newEnv(t))["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			if op.(map[string]any)["responses"].(map[string]any)["404"] == nil {
				continue
			}
			s := newEnv(t)
			s.service.err = domain.NotFoundError()
			body := map[string]string{
				"put":                     `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`,
				"patch":                   "{}",
				connectionsPath + "/test": `{"vendor":"pluggy","configName":"a"}`,
				tokensPath:                `{"vendor":"pluggy","connection_config_name":"a"}`,
				subscriptionsPath:         newSubscriptionBody,
				linkSessionsPath: `{"vendor":"pluggy","configName":"a","applicationId":"` +
					someID.String() + `"}`,
			}
			if path == connectionsPath {
				body[path] = goodConnection
			}
			if strings.HasSuffix(path, "/completeness/accept") {
				body[path] = `{"reason":"a"}`
			}
			switch {
			case strings.HasSuffix(path, "/decisions"):
				body[path] = `{"decision":"accepted","note":"a"}`
			case strings.HasSuffix(path, "/bank-statements"):
				body[path] = `{"accountId":"` + someID.String() + `","from":"2026-01-01","to":"2026-01-31"}`
			case strings.HasSuffix(path, "/continue"):
				body[path] = `{"externalId":"a"}`
			case path == possibleReplacementsPath+"/join":
				body[path] = `{"pairs":[{"old":"` + someID.String() + `","new":"` + someID.String() + `"}]}`
			case strings.HasSuffix(path, "/exclude"):
				body[path] = `{"reason":"a"}`
			case strings.HasSuffix(path, "/join"):
				body[path] = `{"with":"` + someID.String() + `"}`
			case strings.HasSuffix(path, "/dismiss"):
				body[path] = `{"old":"` + someID.String() + `","new":"` + someID.String() + `"}`
			}
			if strings.HasSuffix(path, "/erasure") {
				body[path] = `{"atVendor":false}`
			}
			if strings.HasSuffix(path, "/replay") && strings.HasPrefix(path, subscriptionsPath) {
				body[path] = `{"from":"1"}`
			}
			if strings.HasSuffix(path, "/skip") {
				body[path] = `{"sequence":"1"}`
			}
			text := body[method] + body[path]
			if path == applicationsPath+"/{id}" && method == "put" {
				text = `{"name":"a"}`
			}
			if strings.HasSuffix(path, "/csv-mapping") {
				text = `{"date":"a","dateFormat":"dd/MM/yyyy","amount":"b","decimal":","}`
			}
			if strings.HasSuffix(path, "/closes/{date}") && method == "put" {
				text = `{}`
			}
			if path == subscriptionsPath+"/{id}" && method == "put" {
				text = updatedSubscriptionBody
			}
			target := strings.NewReplacer("{id}", someID.String(), "{date}", "2026-01-01").Replace(path)
			if strings.HasSuffix(path, "/statement") {
				target += "?format=lines"
			}
			if op.(map[string]any)["requestBody"] == nil {
				text = ""
			}
			w := s.call(strings.ToUpper(method), target, text)
			code := codeNotFound
			concerns := strings.Contains(path, "connections") && path != connectionsPath
			if concerns || path == tokensPath || path == subscriptionsPath {
				code = codeConnectionNotFound
			}
			details[problemIn(t, w, 404, code).Detail]++
		}
	}
	for _, want := range []string{
		"connection not found", "webhook token not found", "delivery not found", "pull not found", "account not found",
		"bill not found",
		"transaction not found", "the day of the account is not closed", "audit entry not found", "erasure not found",
		"subscription not found", "link session not found", "bank statement not found", "application not found",
		"conflict not found",
	} {
		if details[want] == 0 {
			t.Errorf("no operation responds with %q", want)
		}
		delete(details, want)
	}
	if len(details) > 0 {
		t.Errorf("details that name no resource: %v", details)
	}
}

func TestEveryUnknownOrMalformedIDGetsTheSame404(t *testing.T) {
	for _, target := range []string{
		"GET " + connectionsPath + "/", "GET " + connectionsPath + "/{id}/health", "GET " + deliveriesPath + "/",
		"GET " + pullsPath + "/", "DELETE " + tokensPath + "/", "GET " + enginesPath + "/",
	} {
		method, path, _ := strings.Cut(target, " ")
		var first string
		for _, id := range []string{
			"x", "1", "019b0000000070008000000000000001", "00000000-0000-0000-0000-000000000000",
			"{019b0000-0000-7000-8000-000000000001}", "%00", "a%2Fb", "..%2f", canary, "unknown",
		} {
			s := newEnv(t)
			at := strings.Replace(path+id, "{id}"+id, id, 1)
			if strings.Contains(path, "{id}") {
				at = strings.Replace(path, "{id}", id, 1)
			}
			if id == "unknown" {
				s.service.err = domain.NotFoundError()
				at = strings.Replace(at, id, otherID.String(), 1)
			}
			w := s.call(method, at, "")
			if w.Code != 404 {
				t.Fatalf("%s %s: status %d, want 404: %s", method, at, w.Code, w.Body)
			}
			body := w.Body.String()
			body = body[:strings.Index(body, `"instance"`)] + body[strings.Index(body, `"code"`):]
			if first == "" {
				first = body
			}
			if body != first {
				t.Errorf("%s: %s\nwant %s", at, body, first)
			}
		}
	}
	if w := newEnv(t).call("GET", connectionsPath+"/", ""); w.Code != 404 {
		t.Errorf("an empty id: status %d, want 404: %s", w.Code, w.Body)
	}
}

func TestAnotherTenantsIDAndAnUnknownIDGetTheSameBytes(t *testing.T) {
	s := newEnv(t)
	foreign := s.call("GET", idPath, "", "Authorization", "Bearer tenant-b")
	s.service.err = domain.NotFoundError()
	unknown := s.call("GET", idPath, "")
	if diff := cmp.Diff(foreign.Body.String(), unknown.Body.String()); diff != "" || foreign.Code != 404 {
		t.Error(diff)
	}
	if diff := cmp.Diff(foreign.Header(), unknown.Header()); diff != "" {
		t.Error(diff)
	}
}
