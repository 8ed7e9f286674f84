package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// fakeVerifier accepts the tokens "tenant-a", "tenant-b" and "no-tenant". For the token "keys-away" it returns
// Unavailable, and for every other token Unauthenticated.
type fakeVerifier struct{}

func (fakeVerifier) Verify(_ context.Context, token string) (auth.Principal, error) {
	switch token {
	case "tenant-a":
		return auth.Principal{Tenant: tenantA, Actor: "alice", Scopes: []string{scopeRead, scopeWrite}}, nil
	case "tenant-b":
		return auth.Principal{Tenant: tenantB, Actor: "alice", Scopes: []string{scopeRead}}, nil
	case "no-tenant":
		return auth.Principal{}, nil
	case "keys-away":
		return auth.Principal{}, &domain.Error{Kind: domain.Unavailable}
	}
	return auth.Principal{}, &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("bad token")}
}

// env is the handler under test, with the fake service that it calls, its clock and its logs.
type env struct {
	http.Handler
	service *fake
	clock   *porttest.Clock
	logs    *observer.ObservedLogs
}

func newEnv(t testing.TB, change ...func(*Options)) *env {
	t.Helper()
	service := &fake{}
	s := newEnvOf(t, service, change...)
	s.service = service
	return s
}

// newEnvOf returns an env whose handler calls the given service instead of a fake service.
func newEnvOf(t testing.TB, service ports.API, change ...func(*Options)) *env {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	s := &env{clock: porttest.NewClock(moment), logs: logs}
	options := Options{
		Verifier: fakeVerifier{}, Clock: s.clock, NewRequestID: func() string { return "made-id" },
		PublicURL: "https://public.example/", Vendors: []domain.Vendor{"pluggy", "belvo"},
		Logger: zap.New(core), Version: "1.2.3", Statements: []ports.StatementFormat{lines{}}, Evidence: packs{},
		SinkSchemas: testSinks, BodyMemory: membudget.NewShared(MaxBodyMemory, MaxBodyShare),
	}
	for _, apply := range change {
		apply(&options)
	}
	handler, err := New(service, options)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = handler
	return s
}

// call sends a request with the token of tenant A and returns the response. headers consists of alternating names and
// values, which replace the default headers. An empty value removes the header.
func (s *env) call(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer tenant-a")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return s.serve(r)
}

func (s *env) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// problemIn returns the problem document in a response. It fails the test unless the response is a
// problem document with this status and code.
func problemIn(t testing.TB, w *httptest.ResponseRecorder, status int, code string) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("not a problem document: %v\n%d %s", err, w.Code, w.Body)
	}
	if w.Code != status || p.Status != status || p.Code != code || p.Title != http.StatusText(status) ||
		p.Type != "about:blank" {
		t.Fatalf("want %d %s, got %d %s", status, code, w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != problemType {
		t.Fatalf("media type %q, want "+problemType, got)
	}
	return p
}

func locations(p Problem) string {
	var all []string
	for _, field := range p.Errors {
		all = append(all, field.Location)
	}
	return strings.Join(all, " ")
}

const (
	idPath         = connectionsPath + "/019b0000-0000-7000-8000-000000000001"
	goodConnection = `{"vendor":"pluggy","configName":"pluggy-main","baseUrl":"https://api.pluggy.ai",` +
		`"accountRef":"item-1","clientId":"id-` + canary + `","secret":"s-` + canary + `"}`
)

func domainPosition(key string) domain.Position { return domain.Position{Key: key, ID: someID} }

func decode(t testing.TB, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), into, jsontext.AllowDuplicateNames(true)); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
}

// openAPI returns the OpenAPI document that the handler serves.
func openAPI(t testing.TB, s *env) map[string]any {
	t.Helper()
	var doc map[string]any
	decode(t, s.call("GET", "/openapi.json", ""), &doc)
	return doc
}
