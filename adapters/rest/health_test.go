package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestReadinessReflectsItsChecks(t *testing.T) {
	for _, c := range []struct {
		name     string
		database error
		writes   bool // fail
		draining bool
		status   int
		want     string
	}{
		{
			"all checks pass", nil, false, false, 200,
			`{"status":"ready","checks":{"database":{"status":"up"}},"version":"1.2.3"}`,
		},
		{
			"database unavailable", errors.New(canary), true, false, 503,
			`{"status":"unavailable","checks":{"database":{"status":"down"}},"version":"1.2.3"}`,
		},
		{
			"database refuses writes", nil, true, false, 200,
			`{"status":"degraded","checks":{"database":{"status":"up","writes":"failing"}},"version":"1.2.3"}`,
		},
		{
			"draining", nil, false, true, 503,
			`{"status":"draining","checks":{"database":{"status":"up"}},"version":"1.2.3"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEnv(t, func(o *Options) {
				o.Ready = func(context.Context) map[string]error { return map[string]error{"database": c.database} }
				o.WritesFailing = func() bool { return c.writes }
				o.Draining = func() bool { return c.draining }
			})
			w := s.call("GET", "/readyz", "")
			if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.status {
				t.Errorf("%d %s", w.Code, diff)
			}
			if live := s.call("GET", "/health", ""); live.Code != 200 {
				t.Errorf("health: status %d, want 200", live.Code)
			}
		})
	}
}

// TestEveryPartOfTheDocumentHasADescription also checks that the examples are complete. In an incomplete example, the
// members without an example of their own would be null.
func TestEveryPartOfTheDocumentHasADescription(t *testing.T) {
	doc := openAPI(t, newEnv(t))
	member := func(of any, names ...string) (value any) {
		for value = of; len(names) > 0; names = names[1:] {
			object, _ := value.(map[string]any)
			value = object[names[0]]
		}
		return value
	}
	described := func(what string, of any) {
		text, _ := member(of, "description").(string)
		if inner, _ := member(of, "schema", "description").(string); text+inner == "" {
			t.Errorf("%s has no description", what)
		}
	}
	exampled := func(what string, of any) {
		content, _ := member(of, "content").(map[string]any)
		for _, media := range content {
			text, err := json.Marshal(member(media, "example"))
			if err != nil || strings.Contains(string(text), "null") {
				t.Errorf("%s has an example with null: %s", what, text)
			}
		}
	}
	for name, schema := range member(doc, "components", "schemas").(map[string]any) {
		properties, _ := member(schema, "properties").(map[string]any)
		for property, p := range properties {
			described(name+"."+property, p)
		}
	}
	for path, methods := range member(doc, "paths").(map[string]any) {
		for method, op := range methods.(map[string]any) {
			name := method + " " + path
			described(name, op)
			exampled(name, member(op, "requestBody"))
			parameters, _ := member(op, "parameters").([]any)
			for _, p := range parameters {
				described(name+" "+member(p, "name").(string), p)
			}
			for status, response := range member(op, "responses").(map[string]any) {
				described(name+" "+status, response)
				exampled(name+" "+status, response)
				headers, _ := member(response, "headers").(map[string]any)
				for header, h := range headers {
					described(name+" "+status+" "+header, h)
				}
			}
		}
	}
}

func TestNoExampleIsEncodedTwice(t *testing.T) {
	document := newEnv(t).call("GET", "/openapi.json", "").Body.String()
	if i := strings.Index(document, `"[\"`); i >= 0 {
		t.Errorf("an item of a list is itself an encoded list: %s", document[i:min(i+80, len(document))])
	}
}

func TestReadyShowsHowLongTheFeedIsHeldBack(t *testing.T) {
	for want, delayed := range map[string]func(context.Context) (time.Duration, error){
		`{"status":"up","heldBackSeconds":0}`: func(context.Context) (time.Duration, error) { return 0, nil },
		`{"status":"up","heldBackSeconds":61.234}`: func(context.Context) (time.Duration, error) {
			return 61*time.Second + 234*time.Millisecond + 5, nil
		},
		`{"status":"down"}`: func(context.Context) (time.Duration, error) { return 0, errors.New(canary) },
	} {
		w := newEnv(t, func(o *Options) { o.FeedDelay = delayed }).call("GET", "/readyz", "")
		want = `{"status":"ready","checks":{"feed":` + want + `},"version":"1.2.3"}`
		if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Code != 200 {
			t.Errorf("%d %s", w.Code, diff)
		}
	}
}

func TestOpenAPIDescribesEverything(t *testing.T) {
	doc := openAPI(t, newEnv(t))
	if doc["openapi"] != "3.1.0" {
		t.Errorf("version %v", doc["openapi"])
	}
	paths := doc["paths"].(map[string]any)
	for _, r := range []string{
		"POST " + connectionsPath, "GET " + connectionsPath, "GET " + connectionsPath + "/{id}",
		"PUT " + connectionsPath + "/{id}",
		"DELETE " + connectionsPath + "/{id}", "POST " + connectionsPath + "/test",
		"GET " + prefix + "/connector-types", "POST " + tokensPath,
		"POST " + webhookPath, "GET " + connectionsPath + "/{id}/accounts",
		"GET " + connectionsPath + "/{id}/transactions",
		"GET " + connectionsPath + "/{id}/pulls", "POST " + connectionsPath + "/{id}/pulls",
		"GET " + pullsPath + "/{id}", "GET " + tokensPath,
		"DELETE " + tokensPath + "/{id}", "GET " + deliveriesPath, "GET " + deliveriesPath + "/{id}",
		"POST " + deliveriesPath + "/{id}/replay",
		"POST " + deliveriesPath + "/replay", "GET " + connectionsPath + "/{id}/health",
		"GET " + prefix + "/transactions/changes",
		"POST " + enginesPath, "GET " + enginesPath, "GET " + enginesPath + "/{id}", "PATCH " + enginesPath + "/{id}",
		"DELETE " + enginesPath + "/{id}", "POST " + enginesPath + "/{id}/test", "GET /health", "GET /readyz",
		"GET /version",
	} {
		method, path, _ := strings.Cut(r, " ")
		item, _ := paths[path].(map[string]any)
		op, ok := item[strings.ToLower(method)].(map[string]any)
		if !ok {
			t.Errorf("%s is missing", r)
			continue
		}
		if _, ok := op["responses"].(map[string]any)["422"]; ok != (strings.Contains(
			r, "POST ",
		) || strings.Contains(r, "PUT ")) &&
			!strings.HasSuffix(r, "/test") && !strings.HasSuffix(r, "{token}") {
			t.Errorf("%s: 422 documented %v", r, ok)
		}
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	create := schemas["NewConnection"].(map[string]any)
	if diff := cmp.Diff(
		[]any{"vendor", "configName", "accountRef"}, create["required"],
	); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(
		[]any{
			map[string]any{"required": []any{"applicationId"}},
			map[string]any{"required": []any{"baseUrl", "clientId", "secret"}},
		}, []any{create["if"], create["else"]},
	); diff != "" {
		t.Error(diff)
	}
	properties := create["properties"].(map[string]any)
	if secret := properties["secret"].(map[string]any); secret["writeOnly"] != true || secret["minLength"] != 1.0 {
		t.Errorf("secret: %v", secret)
	}
	if diff := cmp.Diff([]any{"pluggy", "belvo"}, properties["vendor"].(map[string]any)["enum"]); diff != "" {
		t.Error(diff)
	}
	if create["additionalProperties"] != false {
		t.Error("unknown members are allowed")
	}
	for name, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		if _, ok := properties["$schema"]; ok {
			t.Errorf("%s has a $schema", name)
		}
	}
}

// TestTheReplayedHeaderIsDocumented checks that the OpenAPI document describes the header for every
// status whose response can be replayed, and for no other status.
func TestTheReplayedHeaderIsDocumented(t *testing.T) {
	marked := map[string][]string{}
	for path, methods := range openAPI(t, newEnv(t))["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			for status, response := range op.(map[string]any)["responses"].(map[string]any) {
				headers, _ := response.(map[string]any)["headers"].(map[string]any)
				if _, ok := headers[replayedHeader]; ok {
					name := strings.ToUpper(method) + " " + path
					marked[name] = append(marked[name], status)
					slices.Sort(marked[name])
				}
			}
		}
	}
	want := map[string][]string{
		"POST " + connectionsPath:           {"201", "400", "404", "409"},
		"POST " + applicationsPath:          {"201", "400", "409"},
		"PUT " + applicationsPath + "/{id}": {"200", "400", "404", "409", "412"},
		"PUT " + connectionsPath + "/{id}":  {"200", "400", "404", "409", "412"},
		"POST " + enginesPath:               {"201", "400", "409"}, "POST " + tokensPath: {"200", "400", "404", "409"},
		"POST " + connectionsPath + "/{id}/pulls":            {"202", "400", "404", "409"},
		"POST " + accountsPath + "/{id}/completeness/accept": {"200", "400", "404", "409"},
		"POST " + transactionsPath + "/{id}/split":           {"200", "400", "404", "409"},
		"POST " + transactionsPath + "/{id}/exclude":         {"200", "400", "404", "409"},
		"POST " + transactionsPath + "/{id}/join":            {"200", "400", "404", "409"},
		"POST " + accountsPath + "/{id}/continue":            {"202", "400", "404", "409"},
		"POST " + accountsPath + "/{id}/removals/apply":      {"200", "400", "404", "409"},
		"POST " + possibleReplacementsPath + "/dismiss":      {"204", "400", "404", "409"},
		"POST " + possibleReplacementsPath + "/join":         {"200", "400", "409"},
		"PUT " + accountsPath + "/{id}/closes/{date}":        {"200", "400", "404", "409"},
		"POST " + prefix + "/closes":                         {"200", "400", "409"},
		"POST " + deliveriesPath + "/{id}/replay":            {"202", "400", "404", "409"},
		"POST " + connectionsPath + "/{id}/link-sessions":    {"400", "404", "409"},
		"POST " + linkSessionsPath:                           {"400", "404", "409"},
		"POST " + connectionsPath + "/{id}/refresh":          {"202", "400", "404", "409"},
		"POST " + connectionsPath + "/{id}/pause":            {"200", "400", "404", "409"},
		"POST " + connectionsPath + "/{id}/resume":           {"200", "400", "404", "409"},
		"POST " + connectionsPath + "/{id}/erasure":          {"202", "400", "404", "409"},
		"POST " + deliveriesPath + "/replay":                 {"202", "400", "409"},
		"POST " + subscriptionsPath:                          {"400", "404", "409"},
		"PUT " + subscriptionsPath + "/{id}":                 {"200", "400", "404", "409", "412"},
		"POST " + subscriptionsPath + "/{id}/pause":          {"200", "400", "404", "409"},
		"POST " + subscriptionsPath + "/{id}/resume":         {"200", "400", "404", "409"},
		"POST " + subscriptionsPath + "/{id}/replay":         {"200", "400", "404", "409"},
		"POST " + subscriptionsPath + "/{id}/skip":           {"200", "400", "404", "409"},
		"POST " + subscriptionsPath + "/{id}/secret":         {"400", "404", "409"},

		"POST " + subscriptionsPath + "/{id}/conflicts/{transactionId}/retry": {"202", "400", "404", "409"},
	}
	if diff := cmp.Diff(want, marked); diff != "" {
		t.Error(diff)
	}
}

// TestOutputsHaveNoSecret checks that in every schema of the OpenAPI document, the members that contain secrets are
// write-only, and that no other members are. The only exception is a new signing secret, which is returned once.
func TestOutputsHaveNoSecret(t *testing.T) {
	schemas := openAPI(t, newEnv(t))["components"].(map[string]any)["schemas"].(map[string]any)
	for name, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for member, raw := range properties {
			secret := member == "clientId" || member == "secret" && name != "CreatedSubscription" ||
				member == "credential" || member == "accessToken" || member == "password"
			if writeOnly := raw.(map[string]any)["writeOnly"] == true; secret != writeOnly {
				t.Errorf("%s.%s: write-only %v", name, member, writeOnly)
			}
		}
	}
}

func TestVendorEnumsListTheConfiguredVendors(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.Vendors = []domain.Vendor{"third"} })
	p := problemIn(t, s.call("POST", connectionsPath, goodConnection), 400, codeInvalid)
	if locations(p) != "body.vendor" || !strings.Contains(p.Errors[0].Message, "third") ||
		strings.Contains(p.Errors[0].Message, "pluggy") {
		t.Errorf("%v", p.Errors)
	}
	if w := s.call("POST", connectionsPath, replaceIn(`"pluggy"`, `"third"`)); w.Code != 201 {
		t.Errorf("status %d, want 201", w.Code)
	}
}

func TestPlainHTTPIsAllowedByOption(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.AllowHTTP = true })
	if w := s.call(
		"POST", connectionsPath, replaceIn("https://api.pluggy.ai", "http://127.0.0.1:4011"),
	); w.Code != 201 {
		t.Errorf("status %d, want 201: %s", w.Code, w.Body)
	}
}

func TestDocsAreOnePageWithAContentSecurityPolicy(t *testing.T) {
	w := newEnv(t).call("GET", "/docs", "")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", cspHash(docsScript), cspHash(docsStyle), "frame-ancestors 'none'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %s", policy, want)
		}
	}
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(page, "/openapi.json") ||
		strings.Contains(page, "//unpkg") || strings.Contains(page, "src=") ||
		strings.Contains(page, "innerHTML") {
		t.Error("the page loads from another origin, or writes markup")
	}
}

func TestWebhookURLsUseTheRequestHostInDevelopment(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.PublicURL, o.Development = "", true })
	w := s.call("POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"x"}`)
	if !strings.Contains(w.Body.String(), `"webhookUrl":"http://example.com/v1/discovery/webhooks/pluggy/`) {
		t.Error(w.Body)
	}
}

func TestNewNamesTheMissingOption(t *testing.T) {
	full := Options{
		Verifier: fakeVerifier{}, Clock: &porttest.Clock{}, NewRequestID: func() string { return "" },
		PublicURL: "https://x.example",
	}
	for name, without := range map[string]func(*Options){
		"Verifier": func(o *Options) { o.Verifier = nil }, "Clock": func(o *Options) { o.Clock = nil },
		"NewRequestID": func(o *Options) { o.NewRequestID = nil }, "PublicURL": func(o *Options) { o.PublicURL = "" },
	} {
		options := full
		without(&options)
		if _, err := New(&fake{}, options); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(&fake{}, full); err != nil {
		t.Error(err)
	}
}

func TestOnRequestReceivesTheRouteTemplate(t *testing.T) {
	var seen []string
	s := newEnv(t, func(o *Options) {
		o.OnRequest = func(method, route string, status int, _ time.Duration) {
			seen = append(seen, method+" "+route+" "+http.StatusText(status))
		}
	})
	s.call("GET", idPath, "")
	s.call("POST", webhookURL, "{}")
	s.call("GET", "/"+webhookToken, "")
	want := []string{"GET " + connectionsPath + "/{id} OK", "POST " + webhookPath + " Accepted", "GET  Not Found"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestTheDocumentIsTheSameInGzipForm(t *testing.T) {
	s := newEnv(t)
	plain := s.call("GET", "/openapi.json", "")
	compressed := s.call("GET", "/openapi.json", "", "Accept-Encoding", "br, gzip")
	if plain.Header().Get("Content-Encoding") != "" || compressed.Header().Get("Content-Encoding") != "gzip" ||
		plain.Header().Get("Vary") != "Accept-Encoding" || compressed.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v %v", plain.Header(), compressed.Header())
	}
	reader, err := gzip.NewReader(compressed.Body)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil || plain.Body.Len() == 0 || !bytes.Equal(content, plain.Body.Bytes()) {
		t.Errorf("%d bytes in gzip form, %d bytes without (%v)", len(content), plain.Body.Len(), err)
	}
}
