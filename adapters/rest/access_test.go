package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// fakeAuthorizer records each request for access and returns err.
type fakeAuthorizer struct {
	err   error
	asked []auth.Access
}

func (f *fakeAuthorizer) Authorize(_ context.Context, access auth.Access) error {
	f.asked = append(f.asked, access)
	return f.err
}

var (
	accessRefused     = &domain.Error{Kind: domain.Forbidden, Cause: auth.ErrAccessRefused}
	accessUnreachable = &domain.Error{
		Kind: domain.Unavailable, RetryAfter: 5 * time.Second, Cause: auth.ErrAccessManagerUnreachable,
	}
)

func newAccessEnv(t *testing.T, err error) (*env, *fakeAuthorizer) {
	t.Helper()
	authorizer := &fakeAuthorizer{err: err}
	return newEnv(t, func(o *Options) { o.Authorizer = authorizer }), authorizer
}

// callRow matches a line of the table of calls in docs/api.md: the operation and the resource.
var callRow = regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\| `([a-z-]+)` \\| .* \\|$")

// TestTheDocumentListsTheResourceOfEveryOperation checks the table of calls in docs/api.md, and what the page says of
// actions and scopes: the action is the method, and a GET or POST /statements only reads.
func TestTheDocumentListsTheResourceOfEveryOperation(t *testing.T) {
	var want, got []string
	for _, r := range (&server{}).routes() {
		if r.scope == "" {
			continue
		}
		want = append(want, fmt.Sprint(r.method, " ", strings.TrimPrefix(r.path, prefix), " ", r.accessResource()))
		reads := r.method == http.MethodGet || r.path == prefix+"/statements"
		if r.accessAction() != strings.ToLower(r.method) || reads != (r.scope == scopeRead) {
			t.Errorf("%s %s has the action %s and the scope %s", r.method, r.path, r.accessAction(), r.scope)
		}
	}
	document, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range callRow.FindAllStringSubmatch(string(document), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of calls in docs/api.md (-code +page):\n%s", diff)
	}
}

// The viewer of the seed may do exactly what the scope discovery:read allows, and the editor everything.
func TestTheSeedOfTheAccessManagerHasEveryOperation(t *testing.T) {
	file, err := os.ReadFile("../../configs/authorisation/init_data.json")
	if err != nil {
		t.Fatal(err)
	}
	var seed accessSeed
	if err := json.Unmarshal(file, &seed); err != nil {
		t.Fatal(err)
	}
	allowed := func(role seedRole, resource, action string) bool {
		return slices.ContainsFunc(seed.Permissions, func(p seedPermission) bool {
			return p.IsEnabled && p.Effect == "Allow" && slices.Contains(role.Permissions, p.Name) &&
				slices.Contains(p.Resources, resource) && slices.Contains(p.Actions, action)
		})
	}
	for _, role := range seed.Roles {
		for _, r := range (&server{}).routes() {
			want := r.scope == scopeRead || role.Name == editorRole
			if r.scope != "" && allowed(role, r.accessResource(), r.accessAction()) != want {
				t.Errorf("%s: %s %s is allowed: %v", role.Name, r.method, r.path, !want)
			}
		}
	}
	if len(seed.Roles) != 2 {
		t.Errorf("there are %d roles", len(seed.Roles))
	}
	if generated, err := AccessSeed(); err != nil || string(generated) != string(file) {
		t.Errorf("configs/authorisation/init_data.json is outdated: run make generate (%v)", err)
	}
}

func TestTheAccessManagerIsAskedForEveryOperationBeforeAnythingElse(t *testing.T) {
	for _, r := range operatorRoutes(t) {
		s, authorizer := newAccessEnv(t, accessRefused)
		w := s.call(r[0], r[1]+"?unknown=1", "{not JSON", "X-Idempotency-Key", "not valid!", "If-Match", ",")
		problem := problemIn(t, w, http.StatusForbidden, codeForbidden)
		if problem.Detail != "the access manager refused the request" || len(problem.Errors) > 0 {
			t.Errorf("%v: %+v", r, problem)
		}
		operation, _ := s.service.got.(string)
		if !strings.HasPrefix(operation, "refused ") || s.service.calls != 1 {
			t.Errorf("%v: the calls of the service are not exactly one audit entry: %v", r, s.service.got)
		}
		if len(authorizer.asked) != 1 || authorizer.asked[0].Read != (r[0] == http.MethodGet) ||
			authorizer.asked[0].Action != strings.ToLower(r[0]) {
			t.Errorf("%v: %+v", r, authorizer.asked)
		}
	}
}

func TestTheAccessManagerGetsTheTokenAndItsPrincipal(t *testing.T) {
	s, authorizer := newAccessEnv(t, nil)
	if w := s.call("HEAD", idPath+"/transactions", ""); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	access := authorizer.asked[0]
	if access.Bearer != "tenant-a" || access.Resource != "transactions" || access.Action != "get" || !access.Read ||
		access.Principal.Tenant != tenantA {
		t.Errorf("%+v", access)
	}
}

func TestTheAccessManagerIsAskedForOperatorsOnly(t *testing.T) {
	s, authorizer := newAccessEnv(t, accessRefused)
	for _, r := range [][2]string{
		{"GET", "/health"}, {"GET", "/readyz"}, {"GET", "/version"}, {"GET", "/openapi.json"}, {"GET", "/docs"},
		{"GET", "/console"}, {"POST", prefix + "/webhooks/pluggy/" + strings.Repeat("a", 43)},
		{"GET", prefix + "/unknown"}, {"DELETE", connectionsPath},
	} {
		if w := s.call(r[0], r[1], ""); w.Code == http.StatusForbidden {
			t.Errorf("%v: %d", r, w.Code)
		}
	}
	problemIn(t, s.call("GET", connectionsPath, "", "Authorization", "Bearer bad"), 401, codeUnauthenticated)
	if len(authorizer.asked) > 0 {
		t.Errorf("%+v", authorizer.asked)
	}
}

func TestAMissingScopeIsRefusedWithoutAQuestion(t *testing.T) {
	authorizer := &fakeAuthorizer{}
	s := newEnv(t, func(o *Options) { o.Authorizer, o.RequireScopes = authorizer, true })
	w := s.call("DELETE", idPath, "", "Authorization", "Bearer tenant-b")
	problemIn(t, w, http.StatusForbidden, codeForbidden)
	if len(authorizer.asked) > 0 {
		t.Errorf("%+v", authorizer.asked)
	}
}

func TestAnUnreachableAccessManagerIsA503(t *testing.T) {
	s, _ := newAccessEnv(t, accessUnreachable)
	w := s.call("POST", connectionsPath, goodConnection)
	problem := problemIn(t, w, http.StatusServiceUnavailable, codeUnavailable)
	if problem.Detail != "the access manager cannot be reached" || w.Header().Get("Retry-After") != "5" {
		t.Errorf("%+v %v", problem, w.Header())
	}
	if s.service.calls != 0 {
		t.Error("the service was called")
	}
}

func TestATokenThatTheAccessManagerCannotBeAskedAboutIsA401WithALoggedReason(t *testing.T) {
	s, _ := newAccessEnv(t, &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("no owner")})
	problemIn(t, s.call("GET", connectionsPath, ""), http.StatusUnauthorized, codeUnauthenticated)
	logged := s.logs.FilterMessage("authentication failed").All()
	if len(logged) != 1 || logged[0].ContextMap()["reason"] != "no owner" {
		t.Errorf("%+v", logged)
	}
}

func TestARefusalThatCannotBeRecordedIsNotA403(t *testing.T) {
	s, _ := newAccessEnv(t, accessRefused)
	s.service.err = &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
	problemIn(t, s.call("GET", connectionsPath, ""), http.StatusServiceUnavailable, codeUnavailable)
}

// TestAFollowerIsAskedAboutAgainBeforeItGetsRows checks that a long poll calls the Authorizer a second time before it
// returns rows. Access may have been withdrawn while the poll was waiting.
func TestAFollowerIsAskedAboutAgainBeforeItGetsRows(t *testing.T) {
	const feed = prefix + "/transactions/changes"
	s, authorizer := newAccessEnv(t, nil)
	for target, want := range map[string]int{feed: 1, feed + "?wait=30": 2} {
		authorizer.asked = nil
		if w := s.call("GET", target, ""); w.Code != http.StatusOK || len(authorizer.asked) != want {
			t.Errorf("%s: %d, asked %d times, want %d", target, w.Code, len(authorizer.asked), want)
		}
	}
	var answers int
	s = newEnv(t, func(o *Options) {
		o.Authorizer = authorizerFunc(func() error {
			if answers++; answers == 2 {
				return accessRefused
			}
			return nil
		})
	})
	w := s.call("GET", feed+"?wait=30", "")
	problemIn(t, w, http.StatusForbidden, codeForbidden)
	if s.service.got != "refused read-changes" {
		t.Errorf("%v", s.service.got)
	}
}

type authorizerFunc func() error

func (f authorizerFunc) Authorize(context.Context, auth.Access) error { return f() }
