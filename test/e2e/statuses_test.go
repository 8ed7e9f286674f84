package e2e_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestEveryRouteRequiresAToken(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		tenant, hour := uuid.NewString(), time.Now().Add(time.Hour).Unix()
		for name, header := range map[string]string{
			"no header":      "Authorization: ",
			"no scheme":      "Authorization: " + signed(t, jwtSecret, object{"tenant_id": tenant}),
			"another scheme": "Authorization: Basic dXNlcjpwYXNz",
			"an empty token": "Authorization: Bearer",
			"not a token":    "Authorization: Bearer x.y.z",
			"another secret": "Authorization: Bearer " + signed(
				t, strings.Repeat("x", 32), object{"tenant_id": tenant},
			),
			"no tenant": "Authorization: Bearer " + signed(t, jwtSecret, object{}),
			"the nil tenant": "Authorization: Bearer " + signed(
				t, jwtSecret, object{"tenant_id": uuid.Nil.String()},
			),
			"not a UUID": "Authorization: Bearer " + signed(t, jwtSecret, object{"tenant_id": "acme"}),
			"a number":   "Authorization: Bearer " + signed(t, jwtSecret, object{"tenant_id": 7}),
			"over": "Authorization: Bearer " + signed(
				t, jwtSecret, object{"tenant_id": tenant, "exp": hour - 7200},
			),
			"not valid yet": "Authorization: Bearer " + signed(
				t, jwtSecret, object{"tenant_id": tenant, "nbf": hour - 600},
			),
			"without an expiry": "Authorization: Bearer " + signed(
				t, jwtSecret, object{"tenant_id": tenant, "exp": nil},
			),
			"truncated": "Authorization: Bearer " + strings.TrimRight(
				signed(t, jwtSecret, object{"tenant_id": tenant}), "=",
			)[:60],
			"alg none":   "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRfaWQiOiI4ZjU4In0.",
			"two tokens": "Authorization: Bearer a b",
		} {
			t.Run(name, func(t *testing.T) {
				w.call(t, http.MethodGet, connections, nil, header).problem(401, "MTCH-0003")
			})
		}
		for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
			token := signed(t, jwtSecret, object{"tenant_id": tenant})
			w.call(t, http.MethodGet, connections, nil, "Authorization: "+scheme+" "+token).want(http.StatusOK)
		}
		w.call(
			t, http.MethodGet, connections, nil,
			"Authorization: Bearer "+signed(t, jwtSecret, object{"tenantId": tenant}),
		).
			want(http.StatusOK)
	})
}

func TestRouterErrorsAreProblemDocuments(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		for _, path := range []string{
			"/", "/nothing", prefix, prefix + "/", connections + "/", connections + "x", connections + "//",
			prefix + "/webhooks", prefix + "/transactions/",
		} {
			o.get(path).problem(404, "MTCH-0005")
			w.call(t, http.MethodGet, path, nil).problem(404, "MTCH-0005")
		}
		id := uuid.NewString()
		for asked, allow := range map[string]string{
			"DELETE " + connections:               "GET, HEAD, POST",
			"PATCH " + pathOf(id, ""):             "DELETE, GET, HEAD, PUT",
			"GET " + connections + "/test":        "",
			"POST " + prefix + "/connector-types": "GET, HEAD",
			"PUT " + tokens:                       "GET, HEAD, POST",
			"GET " + prefix + "/webhooks/pluggy/" + strings.Repeat("x", 43): "POST",
			"DELETE " + pathOf(id, "/pulls"):                                "GET, HEAD, POST",
			"POST " + pathOf(id, "/transactions"):                           "GET, HEAD",
			"POST /health":                                                  "GET, HEAD",
		} {
			method, path, _ := strings.Cut(asked, " ")
			if allow == "" { // a GET is allowed, but "test" is not a valid connection id
				o.send(method, path, nil).problem(404, "MTCH-0201")
				continue
			}
			a := o.send(method, path, nil)
			a.problem(405, "MTCH-0005")
			if got := a.header.Get("Allow"); got != allow {
				t.Errorf("%s: Allow %q, want %q", asked, got, allow)
			}
		}
	})
}

// bodies returns a valid body for every operation that requires one, by method and path.
func bodies(b bank, id string) map[string]object {
	put := creation(b, "main")
	delete(put, "vendor")
	return map[string]object{
		"POST " + connections:           creation(b, "body"),
		"PUT " + pathOf(id, ""):         put,
		"POST " + connections + "/test": {"vendor": b.vendor(), "configName": "main"},
		"POST " + tokens:                {"vendor": b.vendor(), "connection_config_name": "main"},
		"POST " + pathOf(id, "/pulls"):  {"from": "2026-01-01", "to": "2026-12-31"},
	}
}

func TestABodyIsAcceptedExactlyOrRefused(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id := o.connect(b, "main")
		for asked, good := range bodies(b, id) {
			method, path, _ := strings.Cut(asked, " ")
			refused := func(body, location string) {
				t.Helper()
				o.send(method, path, body).problem(400, "MTCH-0001", location)
			}
			raw := string(encoded(t, good))
			optional := strings.HasSuffix(path, "/pulls")
			for _, broken := range []string{
				raw[:len(raw)-1], raw + "x", raw + raw, "{'a':1}", "nul", "\x00", "\"text",
			} {
				refused(broken, "body")
			}
			for _, other := range []string{"[]", `"text"`, "7", "true"} {
				refused(other, "body")
			}
			if !optional {
				refused("", "body")
			}
			refused(strings.Replace(raw, "{", `{"surplus":1,`, 1), "body.surplus")
			for name := range good {
				o.checkMember(method, path, good, name, optional)
			}
			for _, media := range []string{
				"text/plain", "application/x-www-form-urlencoded", "application/xml",
				"application/json; charset=latin1", "",
			} {
				o.send(method, path, raw, "Content-Type: "+media).problem(415, "MTCH-0001")
			}
			o.send(method, path, raw, "Content-Encoding: gzip").problem(415, "MTCH-0001")
			o.send(method, path, strings.Repeat(" ", 64<<10)+raw).problem(413, "MTCH-0010")
		}
		if left := o.pages(connections, 20); len(left) != 1 {
			t.Errorf("a refused body created a connection: %v", left)
		}
		exact := string(encoded(t, creation(b, "just fits")))
		exact += strings.Repeat(" ", 64<<10-len(exact))
		o.send(http.MethodPost, connections, exact, "Content-Type: application/json; charset=UTF-8").
			want(http.StatusCreated)
	})
}

// checkMember checks that a request is refused if one member of validBody is removed, misspelled, repeated or given a
// wrong type. If optional is true, checkMember does not remove the member.
func (o operator) checkMember(method, path string, validBody object, name string, optional bool) {
	o.t.Helper()
	with := func(value any) string {
		body := maps.Clone(validBody)
		body[name] = value
		return string(encoded(o.t, body))
	}
	without := maps.Clone(validBody)
	delete(without, name)
	other := strings.ToUpper(name[:1]) + name[1:]
	if other == name {
		other = strings.ToLower(name)
	}
	cased := maps.Clone(without)
	cased[other] = validBody[name]
	at := "body." + name
	wrong := []string{"body." + other}
	needed := !optional && (method == http.MethodPost || (name != "clientId" && name != "secret"))
	if needed {
		o.send(method, path, without).problem(400, "MTCH-0001", at)
		wrong = append(wrong, at)
	} else if method == http.MethodPut { // clientId and secret must be sent together, and one of them is missing
		wrong = append(wrong, at)
	}
	o.send(method, path, cased).problem(400, "MTCH-0001", wrong...)
	doubled := strings.Replace(string(encoded(o.t, validBody)), "{", `{"`+name+`":"other",`, 1)
	o.send(method, path, doubled).problem(400, "MTCH-0001", at)
	for _, value := range []any{nil, 7, true, "", []string{"x"}, object{"x": "y"}} {
		o.send(method, path, with(value)).problem(400, "MTCH-0001", at)
	}
}

func encoded(t *testing.T, body object) []byte {
	t.Helper()
	raw, err := io.ReadAll(payload(t, body))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestABaseURLMustBeAPublicHTTPSAddress(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id := o.connect(b, "main")
		for _, bad := range []string{
			"api.pluggy.ai", "/v1", "//api.pluggy.ai", "ftp://api.pluggy.ai", "https://", "https:api.pluggy.ai",
			"https://user:pass@api.pluggy.ai",
			"https://user@api.pluggy.ai", "https://api.pluggy.ai?x=1", "https://api.pluggy.ai?",
			"https://api.pluggy.ai#x", "https://api.pluggy.ai/#",
			"https://10.0.0.1", "https://192.168.1.1/", "https://169.254.169.254/latest", "https://[::1]/",
			"https://[fe80::1]", "https://0x0a000001/",
			"https://167772161", "https://[::ffff:10.0.0.1]", "https://100.64.0.1", "https://224.0.0.1",
			"javascript:alert(1)", "https://exa mple.com",
		} {
			body := creation(b, "other")
			body["baseUrl"] = bad
			o.send(http.MethodPost, connections, body).problem(400, "MTCH-0001", "body.baseUrl")
			change := object{"configName": "main", "accountRef": "x", "baseUrl": bad}
			o.send(http.MethodPut, pathOf(id, ""), change).problem(400, "MTCH-0001", "body.baseUrl")
		}
		body := object{
			"vendor":     "nosuch",
			"configName": "",
			"baseUrl":    "x",
			"accountRef": strings.Repeat("x", 256),
			"clientId":   "",
			"secret":     strings.Repeat("x", 4097),
		}
		o.send(http.MethodPost, connections, body).problem(400, "MTCH-0001",
			"body.vendor", "body.configName", "body.baseUrl", "body.accountRef", "body.clientId", "body.secret")
		body["baseUrl"] = "https://10.0.0.1" // a valid URL, but with a private address
		o.send(http.MethodPost, connections, body).problem(400, "MTCH-0001",
			"body.vendor", "body.configName", "body.baseUrl", "body.accountRef", "body.clientId", "body.secret")
		change := object{"configName": "", "accountRef": "x", "baseUrl": "https://[fe80::1]"}
		o.send(http.MethodPut, pathOf(id, ""), change).problem(400, "MTCH-0001", "body.configName", "body.baseUrl")
	})
}

func TestAProblemEchoesNoValue(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const value = "echo-7f3a"
		o, b := w.operator(t), newPluggy(t)
		for _, name := range []string{"vendor", "baseUrl"} {
			body := creation(b, value)
			body[name] = value
			o.checkNoEcho(value, http.MethodPost, connections, body)
		}
		body := creation(b, "main")
		body["secret"] = []string{value}
		o.checkNoEcho(value, http.MethodPost, connections, body)
		o.checkNoEcho(value, http.MethodPost, connections, `{"vendor":"`+value)
		o.checkNoEcho(value, http.MethodGet, connections+"?limit="+value+"&cursor="+value, nil)
		o.checkNoEcho(value, http.MethodGet, changes+"?wait="+value, nil)
		o.checkNoEcho(value, http.MethodGet, deliveries+"?from="+value+"&connectionId="+value, nil)
	})
}

func (o operator) checkNoEcho(value, method, path string, body any) {
	o.t.Helper()
	a := o.send(method, path, body).want(http.StatusBadRequest)
	if strings.Contains(string(a.raw), value) {
		o.t.Errorf("%s echoes: %s", a.request, a.raw)
	}
}

func TestRequestIDs(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		for _, id := range []string{"a", "caller-1 ~!", strings.Repeat("x", 128)} {
			if got := o.send(http.MethodGet, connections, nil, "X-Request-Id: "+id).
				want(200).
				header.Get(
				"X-Request-Id",
			); got != id {
				t.Errorf("%q came back as %q", id, got)
			}
		}
		made := map[string]bool{}
		for _, id := range []string{"", strings.Repeat("x", 129), "tab\there", "é"} {
			got := o.send(http.MethodGet, "/nothing", nil, "X-Request-Id: "+id).want(404).header.Get("X-Request-Id")
			if got == id || made[got] {
				t.Errorf("%q came back as %q", id, got)
			}
			made[got] = true
		}
	})
}

// failingStore is a connection store whose List method returns the error in the field failure, and whose Get method
// panics.
type failingStore struct {
	ports.Connections
	failure error
}

func (s *failingStore) List(
	context.Context,
	domain.TenantID,
	ports.ConnectionFilter,
	domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	return domain.Page[domain.Connection]{}, s.failure
}

func (s *failingStore) Get(
	context.Context,
	domain.TenantID,
	domain.ConnectionKind,
	domain.ConnectionID,
) (domain.Connection, error) {
	panic(errors.New("canary"))
}

func TestA5xxShowsItsCauseOnlyInTheLog(t *testing.T) {
	const cause = "password=canary host=10.1.2.3"
	for name, c := range map[string]struct {
		failure error
		status  int
		code    string
	}{
		"unknown": {errors.New(cause), 500, "MTCH-0002"},
		"unavailable": {
			&domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable, Cause: errors.New(cause)},
			503, "MTCH-0008",
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *env) {
				o := w.operator(t)
				a := o.send(http.MethodGet, connections, nil, "X-Request-Id: the-list")
				a.problem(c.status, c.code)
				b := o.send(http.MethodGet, pathOf(uuid.NewString(), ""), nil, "X-Request-Id: the-panic")
				if b.problem(500, "MTCH-0002"); strings.Contains(string(a.raw)+string(b.raw), "canary") {
					t.Errorf("the cause is in the response: %s %s", a.raw, b.raw)
				}
				for _, id := range []string{"the-list", "the-panic"} {
					if lines := w.log.linesWith(id, "canary"); len(lines) != 1 {
						t.Errorf("%d lines of %s contain the cause", len(lines), id)
					}
				}
				w.call(t, http.MethodGet, "/health", nil).want(200)
			}, func(s *setup) {
				s.over.Wrap = func(stores *composedStores) {
					stores.Connections = &failingStore{stores.Connections, c.failure}
				}
			})
		})
	}
}
