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
	engines     = prefix + "/connections"
	pullsPath   = prefix + "/pulls"
	changes     = prefix + "/transactions/changes"
)

// object is a JSON object.
type object = map[string]any

// operator sends requests with one tenant's token.
type operator struct {
	*env
	t      *testing.T
	tenant string
	token  string
}

// operator returns an operator of a new tenant.
func (w *env) operator(t *testing.T) operator {
	tenant := uuid.NewString()
	return operator{w, t, tenant, signed(t, jwtSecret, object{"tenant_id": tenant})}
}

// signed returns a bearer token that is valid for an hour unless the claims say otherwise.
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

// do sends a request as the operator. headers are "Name: value" and replace the defaults.
func (o operator) do(method, path string, body any, headers ...string) response {
	o.t.Helper()
	return o.call(o.t, method, path, body, append([]string{"Authorization: Bearer " + o.token}, headers...)...)
}

// get reads and, like every consumer, retries a 503: on a machine that runs other suites, a
// statement may take longer than the service's timeout.
func (o operator) get(path string) response {
	o.t.Helper()
	a := o.do(http.MethodGet, path, nil)
	for range 10 {
		if a.status != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(time.Second) // its Retry-After
		a = o.do(http.MethodGet, path, nil)
	}
	return a
}

// call sends one request. A body that is a string is sent unchanged, anything else as JSON.
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
		_, _ = fmt.Fprintf(&w.said, "%v\n%s\n", a.header, a.raw)
	}
	w.within(a)
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

// response is the response to a request.
type response struct {
	t      *testing.T
	asked  string
	status int
	header http.Header
	raw    []byte
}

// minted reports whether this is the response that may contain a token.
func (a response) minted() bool {
	return a.asked == "POST "+tokens && a.status == http.StatusCreated
}

// want checks the status.
func (a response) want(status int) response {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answered %d, want %d: %s", a.asked, a.status, status, a.raw)
	}
	if a.header.Get("X-Request-Id") == "" {
		a.t.Errorf("%s answered without X-Request-Id", a.asked)
	}
	return a
}

// json returns the body of a success or of a problem.
func (a response) json() object {
	a.t.Helper()
	var body object
	if err := json.Unmarshal(a.raw, &body); err != nil {
		a.t.Fatalf("%s answered %d with %q: %v", a.asked, a.status, a.raw, err)
	}
	return body
}

func (a response) text(member string) string {
	a.t.Helper()
	value, _ := a.json()[member].(string)
	return value
}

// items returns the items of a page.
func (a response) items() []object {
	a.t.Helper()
	list, ok := a.json()["items"].([]any)
	if !ok {
		a.t.Fatalf("%s returned no list of items: %s", a.asked, a.raw)
	}
	out := make([]object, len(list))
	for i, item := range list {
		out[i], _ = item.(object)
	}
	return out
}

// members checks that the body has exactly these members, and returns it.
func (a response) members(names ...string) object {
	a.t.Helper()
	body := a.json()
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(body))); diff != "" {
		a.t.Errorf("%s returned other members (-want +got):\n%s", a.asked, diff)
	}
	return body
}

// problem checks a problem document: the status, the code, and for a 400 exactly the named
// locations.
func (a response) problem(status int, code string, locations ...string) {
	a.t.Helper()
	a.want(status)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("%s answered %d as %q", a.asked, status, got)
	}
	names := []string{"type", "title", "status", "detail", "instance", "code"}
	if len(locations) > 0 {
		names = append(names, "errors")
	}
	body := a.members(names...)
	want := object{"code": code, "status": float64(status), "title": http.StatusText(status)}
	got := object{"code": body["code"], "status": body["status"], "title": body["title"]}
	if diff := cmp.Diff(want, got); diff != "" {
		a.t.Errorf("%s (-want +got):\n%s", a.asked, diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(locations)), a.locations()); diff != "" && len(locations) > 0 {
		a.t.Errorf("%s names other fields (-want +got):\n%s", a.asked, diff)
	}
	a.headed(status, body)
}

// headed checks the headers that some statuses require.
func (a response) headed(status int, body object) {
	a.t.Helper()
	switch status {
	case http.StatusUnauthorized:
		if got := a.header.Get("WWW-Authenticate"); got != "Bearer" {
			a.t.Errorf("%s: WWW-Authenticate %q", a.asked, got)
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if a.header.Get("Retry-After") == "" {
			a.t.Errorf("%s answered %d without Retry-After", a.asked, status)
		}
	case http.StatusMethodNotAllowed:
		if a.header.Get("Allow") == "" {
			a.t.Errorf("%s answered 405 without Allow", a.asked)
		}
	}
	if status >= http.StatusInternalServerError && body["detail"] != "internal error" {
		a.t.Errorf("%s reveals the cause of a %d: %q", a.asked, status, body["detail"])
	}
}

// locations returns the fields that a problem names, sorted.
func (a response) locations() []string {
	faults, _ := a.json()["errors"].([]any)
	var names []string
	for _, fault := range faults {
		entry, _ := fault.(object)
		name, _ := entry["location"].(string)
		if message, _ := entry["message"].(string); message == "" {
			a.t.Errorf("%s has no message for %s", a.asked, name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pages reads a list to its end in pages of the limit, and checks each envelope.
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
			a.t.Fatalf("%s: envelope limit=%v hasMore=%v nextCursor=%q of %d items", a.asked, body["limit"], more, next, len(items))
		}
		if !more {
			a.members("items", "limit", "hasMore")
			return all
		}
		query.Set("cursor", next)
	}
}
