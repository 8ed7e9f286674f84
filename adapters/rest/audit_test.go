package rest

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAuditEntriesAreListed(t *testing.T) {
	s := newEnv(t)
	const query = "?actor=alice&action=token.mint&object=x&from=2026-01-01&to=2026-02-01&limit=2"
	response := s.call(http.MethodGet, auditPath+"/events"+query, "")
	const want = `{"items":[{"sequence":3,"at":"2026-01-02T03:04:05.6Z","actor":"alice","action":"token.mint",` +
		`"object":"019b0000-0000-7000-8000-000000000001","requestId":"made-id",` +
		`"detail":{"changed":["a"],"connectionId":"019b0000-0000-7000-8000-000000000002"}}],"limit":2,"hasMore":true,`
	if body := response.Body.String(); response.Code != http.StatusOK || len(body) < len(want) ||
		body[:len(want)] != want {
		t.Errorf("%d %s", response.Code, body)
	}
	from, to := moment.AddDate(0, 0, -1).Truncate(24*3600e9), moment.AddDate(0, 1, -1).Truncate(24*3600e9)
	filter := domain.AuditFilter{Actor: "alice", Action: "token.mint", Object: "x", From: from, To: to}
	if diff := cmp.Diff(filter, s.service.got); diff != "" {
		t.Errorf("the filter (-want +got):\n%s", diff)
	}
}

func TestAuditTexts(t *testing.T) {
	s := newEnv(t)
	for path, want := range map[string]string{
		"/checkpoint": "origin\n1\nroot\n\n— signature\n", "/key": "name+hash+key\n",
	} {
		response := s.call(http.MethodGet, auditPath+path, "")
		if response.Code != http.StatusOK || response.Body.String() != want ||
			response.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q %v", path, response.Code, response.Body, response.Header())
		}
		if response := s.call(http.MethodGet, auditPath+path+"?x=1", ""); response.Code != http.StatusBadRequest {
			t.Errorf("%s with an unknown parameter: %d", path, response.Code)
		}
	}
}

func TestAuditProofs(t *testing.T) {
	s := newEnv(t)
	const hashes = `{"size":7,"hashes":["AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",` +
		`"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}`
	for _, test := range []struct {
		path   string
		status int
		body   string // "" is not compared
		got    string
	}{
		{"/proofs/consistency?from=3&to=7", 200, hashes, "3 7"},
		{"/proofs/consistency?from=3", 200, hashes, "3 newest"},
		{"/proofs/consistency", 200, hashes, "0 newest"},
		{"/proofs/consistency?from=-1", 400, "", ""},
		{"/proofs/consistency?from=1&to=0", 400, "", ""},
		{"/proofs/inclusion/5?size=7", 200, `{"size":7,"hashes":[]}`, "5 7"},
		{"/proofs/inclusion/0", 200, `{"size":7,"hashes":[]}`, "0 newest"},
		{"/proofs/inclusion/05", 404, "", ""},
		{"/proofs/inclusion/-1", 200, `{"size":7,"hashes":[]}`, "-1 newest"}, // the service finds no such entry
		{"/proofs/inclusion/x", 404, "", ""},
		{"/proofs/inclusion/5?size=99999999999999999999", 400, "", ""},
	} {
		s.service.got = ""
		response := s.call(http.MethodGet, auditPath+test.path, "")
		if response.Code != test.status || test.body != "" && response.Body.String() != test.body ||
			s.service.got != test.got {
			t.Errorf("%s: %d %s, called with %v", test.path, response.Code, response.Body, s.service.got)
		}
	}
}

// The refusal must be recorded in the audit log. If it cannot be recorded, the caller must get the recording error
// instead of the 403.
func TestAMissingScopeIsRecorded(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.RequireScopes = true })
	response := s.call(http.MethodDelete, prefix+"/webhooks/tokens/"+someID.String(), "",
		"Authorization", "Bearer tenant-b")
	if response.Code != http.StatusForbidden || s.service.got != "refused revoke-webhook-token" {
		t.Errorf("%d, called with %v", response.Code, s.service.got)
	}
	s.service.err = domain.Unavailable
	response = s.call(http.MethodGet, auditPath+"/events", "", "Authorization", "Bearer tenant-b")
	if response.Code != http.StatusServiceUnavailable {
		t.Errorf("a list while the store is away: %d", response.Code)
	}
	response = s.call(http.MethodDelete, prefix+"/webhooks/tokens/"+someID.String(), "",
		"Authorization", "Bearer tenant-b")
	if response.Code != http.StatusServiceUnavailable {
		t.Errorf("a refusal that cannot be recorded: %d", response.Code)
	}
}
