package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// The paths of the API.
const (
	prefix      = "/v1/discovery"
	connections = prefix + "/aggregator-connections"
	tokens      = prefix + "/webhooks/tokens"
	deliveries  = prefix + "/webhooks/deliveries"

	linkSessions = prefix + "/link-sessions"
	applications = prefix + "/applications"
	engines      = prefix + "/connections"
	pullsPath    = prefix + "/pulls"
	changes      = prefix + "/transactions/changes"
)

// object is a JSON object.
type object = map[string]any

// operator sends requests with the bearer token of an operator of one tenant.
type operator struct {
	*env
	t      *testing.T
	tenant string
	token  string
}

// operator returns the operator of a new tenant.
func (w *env) operator(t *testing.T) operator {
	tenant := uuid.NewString()
	return operator{w, t, tenant, signed(t, jwtSecret, object{"tenant_id": tenant})}
}

// signed returns a signed JWT with the claims. The token is valid for an hour unless the claims contain exp. A claim
// whose value is nil is omitted.
func signed(t *testing.T, secret string, claims object) string {
	t.Helper()
	all := object{"exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	token := jwt.New()
	for name, value := range all {
		if value == nil {
			continue
		}
		if err := token.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	out, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// send sends one request with the operator's token, and returns the response. Each header has the form "Name:
// value"; it is added to the default headers or replaces one of them.
func (o operator) send(method, path string, body any, headers ...string) response {
	o.t.Helper()
	return o.call(o.t, method, path, body, append([]string{"Authorization: Bearer " + o.token}, headers...)...)
}

// get sends a GET request. Like every consumer, it retries a 503: on a machine that runs other test suites at the
// same time, an SQL statement may take longer than the service's timeout.
func (o operator) get(path string) response {
	o.t.Helper()
	a := o.send(http.MethodGet, path, nil)
	for range 10 {
		if a.status != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(time.Second) // the delay that the 503 asks for in its Retry-After header
		a = o.send(http.MethodGet, path, nil)
	}
	return a
}

// call sends one request. A body that is a string, bytes or a reader is sent unchanged; any other
// body is sent as JSON. A header without a value removes a default header.
func (w *env) call(t *testing.T, method, path string, body any, headers ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.origin+path, payload(t, body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
		if value == "" {
			request.Header.Del(name)
		}
	}
	resp, err := w.http.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	a := response{t, method + " " + path, resp.StatusCode, resp.Header, raw}
	if !a.minted() {
		_, _ = fmt.Fprintf(&w.responses, "%v\n%s\n", a.header, a.raw)
	}
	w.checkDocumented(a)
	return a
}

func payload(t *testing.T, body any) io.Reader {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(body)
	case []byte:
		return bytes.NewReader(body)
	case io.Reader:
		return body
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(raw)
}

// response is an HTTP response whose body has been read.
type response struct {
	t       *testing.T
	request string
	status  int
	header  http.Header
	raw     []byte
}

// minted reports whether this is a successful response to a request that creates a webhook token, a link session, a
// subscription or a new signing secret. Only these responses may contain a secret.
func (a response) minted() bool {
	return a.status == http.StatusCreated &&
		(a.request == "POST "+tokens || a.request == "POST "+linkSessions || a.request == "POST "+subscriptions ||
			strings.HasSuffix(a.request, "/link-sessions")) ||
		a.status == http.StatusOK && strings.HasPrefix(a.request, "POST "+subscriptions) &&
			strings.HasSuffix(a.request, "/secret")
}

// want checks that the response has this status and a header X-Request-Id, and returns the response.
func (a response) want(status int) response {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answered %d, want %d: %s", a.request, a.status, status, a.raw)
	}
	if a.header.Get("X-Request-Id") == "" {
		a.t.Errorf("%s answered without X-Request-Id", a.request)
	}
	return a
}

// json returns the body, which must be a JSON object.
func (a response) json() object {
	a.t.Helper()
	var body object
	if err := json.Unmarshal(a.raw, &body); err != nil {
		a.t.Fatalf("%s answered %d with %q: %v", a.request, a.status, a.raw, err)
	}
	return body
}

func (a response) text(member string) string {
	a.t.Helper()
	value, _ := a.json()[member].(string)
	return value
}

// items returns the items of a response that is a page of a list.
func (a response) items() []object {
	a.t.Helper()
	list, ok := a.json()["items"].([]any)
	if !ok {
		a.t.Fatalf("%s returned no list of items: %s", a.request, a.raw)
	}
	out := make([]object, len(list))
	for i, item := range list {
		out[i], _ = item.(object)
	}
	return out
}

// members checks that the body has exactly the named members, and returns the body.
func (a response) members(names ...string) object {
	a.t.Helper()
	body := a.json()
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(body))); diff != "" {
		a.t.Errorf("%s returned other members (-want +got):\n%s", a.request, diff)
	}
	return body
}

// problem checks that the response is a problem document with this status and code. A refusal of the vendor can have
// the vendor's code. If any locations are given, the
// errors of the document must name exactly these fields.
func (a response) problem(status int, code string, locations ...string) {
	a.t.Helper()
	a.want(status)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("%s answered %d as %q", a.request, status, got)
	}
	names := []string{"type", "title", "status", "detail", "instance", "code"}
	if len(locations) > 0 {
		names = append(names, "errors")
	}
	refused := slices.Contains([]int{http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway}, status)
	if upstream, ok := a.json()["upstream"].(object); ok && refused && len(upstream) == 1 && upstream["code"] != "" {
		names = append(names, "upstream")
	}
	body := a.members(names...)
	want := object{"code": code, "status": float64(status), "title": http.StatusText(status)}
	got := object{"code": body["code"], "status": body["status"], "title": body["title"]}
	if diff := cmp.Diff(want, got); diff != "" {
		a.t.Errorf("%s (-want +got):\n%s", a.request, diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(locations)), a.locations()); diff != "" && len(locations) > 0 {
		a.t.Errorf("%s names other fields (-want +got):\n%s", a.request, diff)
	}
	a.checkHeaders(status, body)
}

// checkHeaders checks the headers that some statuses require, and that a 5xx does not reveal its cause. A 502 must
// report a failure of the vendor and must name one of five reasons.
func (a response) checkHeaders(status int, body object) {
	a.t.Helper()
	switch status {
	case http.StatusUnauthorized:
		if got := a.header.Get("WWW-Authenticate"); got != "Bearer" {
			a.t.Errorf("%s: WWW-Authenticate %q", a.request, got)
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if a.header.Get("Retry-After") == "" {
			a.t.Errorf("%s answered %d without Retry-After", a.request, status)
		}
	case http.StatusMethodNotAllowed:
		if a.header.Get("Allow") == "" {
			a.t.Errorf("%s answered 405 without Allow", a.request)
		}
	}
	allowed := map[int][]any{
		http.StatusInternalServerError: {"internal error"},
		http.StatusBadGateway:          {"the vendor refused the request"},
		http.StatusServiceUnavailable: {
			"internal error", "the access manager cannot be reached", "the vendor cannot be reached",
			"the vendor accepts no more requests at the moment", "the vendor's response cannot be read",
			"the rate budget of the vendor is exhausted", "the stored credential cannot be decrypted",
		},
	}
	if status >= http.StatusInternalServerError && !slices.Contains(allowed[status], body["detail"]) {
		a.t.Errorf("%s reveals the cause of a %d: %q", a.request, status, body["detail"])
	}
}

// locations returns the names of the fields in the errors of a problem document, sorted.
func (a response) locations() []string {
	faults, _ := a.json()["errors"].([]any)
	var names []string
	for _, fault := range faults {
		entry, _ := fault.(object)
		name, _ := entry["location"].(string)
		if message, _ := entry["message"].(string); message == "" {
			a.t.Errorf("%s has no message for %s", a.request, name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pages reads a list page by page to its end, and returns all items. The page size is limit. pages also checks the
// envelope of each page.
func (o operator) pages(path string, limit int) []object {
	o.t.Helper()
	u, err := url.Parse(path)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []object
	for query := u.Query(); ; {
		query.Set("limit", digits(limit))
		a := o.get(u.Path + "?" + query.Encode()).want(http.StatusOK)
		body, items := a.json(), a.items()
		all = append(all, items...)
		more, _ := body["hasMore"].(bool)
		next, _ := body["nextCursor"].(string)
		if body["limit"] != float64(limit) || more != (next != "") || (more && len(items) != limit) {
			a.t.Fatalf(
				"%s: envelope limit=%v hasMore=%v nextCursor=%q of %d items",
				a.request,
				body["limit"],
				more,
				next,
				len(items),
			)
		}
		if !more {
			a.members("items", "limit", "hasMore")
			return all
		}
		query.Set("cursor", next)
	}
}
