package rest

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const otherConnection = `{"vendor":"belvo","configName":"b","baseUrl":"https://b.example","accountRef":"r",` +
	`"clientId":"i","secret":"s"}`

func TestARepeatedRequestGetsTheStoredResponse(t *testing.T) {
	s := newEnv(t)
	first := s.call("POST", connectionsPath, goodConnection, keyHeader, "k:1_-A")
	repeated := s.call("POST", connectionsPath, goodConnection, "Idempotency-Key", "k:1_-A")
	if s.service.calls != 1 {
		t.Errorf("the handler ran %d times, want once", s.service.calls)
	}
	if repeated.Code != 201 || repeated.Body.String() != first.Body.String() ||
		repeated.Header().Get(replayedHeader) != "true" {
		t.Errorf("%d %v %s", repeated.Code, repeated.Header(), repeated.Body)
	}
	if first.Header().Get(replayedHeader) != "" {
		t.Error("the first response is marked as replayed")
	}
	for _, name := range []string{"Location", "ETag", "Content-Type"} {
		if diff := cmp.Diff(first.Header().Get(name), repeated.Header().Get(name)); diff != "" ||
			first.Header().Get(name) == "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	lib := s.call("POST", connectionsPath, goodConnection, "X-Idempotency", "k:1_-A") // as Lerian's lib-commons
	if lib.Code != 201 || lib.Header().Get(replayedHeader) != "true" || s.service.calls != 1 {
		t.Errorf("X-Idempotency: %d %v after %d calls", lib.Code, lib.Header(), s.service.calls)
	}
	problemIn(t, s.call("POST", connectionsPath, otherConnection, keyHeader, "k:1_-A"), 422, codeKeyReused)
	put := `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`
	problemIn(t, s.call("PUT", idPath, put, keyHeader, "k:1_-A"), 422, codeKeyReused)
}

func TestA4xxIsStoredUnderItsIdempotencyKeyAndA5xxIsNot(t *testing.T) {
	s := newEnv(t)
	s.service.err = &domain.Error{Kind: domain.Conflict, Code: domain.NameTaken}
	problemIn(t, s.call("POST", connectionsPath, goodConnection, keyHeader, "taken"), 409, codeConflict)
	s.service.err = nil
	if w := s.call("POST", connectionsPath, goodConnection, keyHeader, "taken"); w.Code != 409 ||
		w.Header().Get(replayedHeader) != "true" || w.Header().Get("Content-Type") != problemType {
		t.Errorf("a 4xx is not replayed: %d %v", w.Code, w.Header())
	}
	s.service.err = &domain.Error{Kind: domain.Unavailable}
	problemIn(t, s.call("POST", connectionsPath, goodConnection, keyHeader, "away"), 503, codeUnavailable)
	s.service.err, s.service.panicWith = nil, "x"
	problemIn(t, s.call("POST", connectionsPath, goodConnection, keyHeader, "away"), 500, codeInternal)
	s.service.panicWith = nil
	if w := s.call("POST", connectionsPath, goodConnection, keyHeader, "away"); w.Code != 201 ||
		w.Header().Get(replayedHeader) != "" {
		t.Errorf("a 5xx does not free its key: %d", w.Code)
	}
}

func TestAMintedTokenIsNeverStored(t *testing.T) {
	s := newEnv(t)
	body := `{"vendor":"pluggy","connection_config_name":"a"}`
	first := s.call("POST", tokensPath, body, keyHeader, "mint")
	if first.Code != 201 || !strings.Contains(first.Body.String(), webhookToken) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for key, call := range s.service.responses {
		if strings.Contains(string(call.response.Body), webhookToken) || len(call.response.Headers) > 0 {
			t.Errorf("%s stores %s", key, call.response.Body)
		}
	}
	problemIn(t, s.call("POST", tokensPath, body, keyHeader, "mint"), 409, codeTokenShownOnce)
	problemIn(
		t, s.call("POST", tokensPath, strings.Replace(body, `"a"`, `"b"`, 1), keyHeader, "mint"), 422,
		codeKeyReused,
	)
	if s.service.calls != 1 {
		t.Errorf("a token was minted %d times, want once", s.service.calls)
	}
}

func TestALinkTokenIsNeverStored(t *testing.T) {
	s := newEnv(t)
	path := idPath + "/link-sessions"
	first := s.call("POST", path, "", keyHeader, "link")
	if first.Code != 201 || !strings.Contains(first.Body.String(), linkToken) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for key, call := range s.service.responses {
		if strings.Contains(string(call.response.Body), linkToken) || len(call.response.Headers) > 0 {
			t.Errorf("%s stores %s", key, call.response.Body)
		}
	}
	problemIn(t, s.call("POST", path, "", keyHeader, "link"), 409, codeTokenShownOnce)
	if s.service.calls != 1 {
		t.Errorf("%d link sessions were created, want one", s.service.calls)
	}
}

// If the vendor refuses a request, the response must be a 502 with the reason. The cause of the error must not affect
// the status.
func TestARefusalOfTheVendorIs502WithItsReason(t *testing.T) {
	for _, reason := range []domain.Code{domain.CredentialRejected, domain.AccountNotFound, domain.AddressNotAllowed} {
		s := newEnv(t)
		s.service.err = &domain.Error{
			Kind: domain.Rejected, Code: domain.VendorRefused, Message: string(reason),
			Cause: &domain.Error{Kind: domain.Rejected, Code: reason},
		}
		p := problemIn(t, s.call("POST", idPath+"/link-sessions", "", keyHeader, "refused"), 502, codeVendorRefused)
		if diff := cmp.Diff([]ProblemField{{"vendor", string(reason)}}, p.Errors); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
		s.service.err = nil
		if w := s.call("POST", idPath+"/link-sessions", "", keyHeader, "refused"); w.Code != 201 {
			t.Errorf("%s does not free the idempotency key: %d", reason, w.Code)
		}
	}
}

func TestIfMatchIsPartOfTheIdempotentRequest(t *testing.T) {
	const put = `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`
	s := newEnv(t)
	s.service.err = &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch}
	first := s.call("PUT", idPath, put, keyHeader, "k", "If-Match", `"1"`)
	problemIn(t, first, 412, codePrecondition)
	s.service.err = nil
	for _, other := range []string{`"2"`, "*", `"1", "2"`, ""} {
		w := s.call("PUT", idPath, put, keyHeader, "k", "If-Match", other)
		problemIn(t, w, 422, codeKeyReused)
	}
	again := s.call("PUT", idPath, put, keyHeader, "k", "If-Match", `"1"`)
	if again.Code != 412 || again.Header().Get(replayedHeader) != "true" {
		t.Errorf("the same request: %d %v, want the stored 412", again.Code, again.Header())
	}
	if w := s.call("PUT", idPath, put, keyHeader, "list", "If-Match", `"1", "2"`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	lines := httptest.NewRequest(http.MethodPut, idPath, strings.NewReader(put))
	lines.Header = http.Header{
		"Authorization": {"Bearer tenant-a"}, "Content-Type": {"application/json"}, keyHeader: {"list"},
		"If-Match": {`"1"`, `"2"`},
	}
	if w := s.serve(lines); w.Code != 200 || w.Header().Get(replayedHeader) != "true" {
		t.Errorf("the same list in two lines: %d %v, want the stored response", w.Code, w.Header())
	}
}

// TestStoredFingerprintsStayValid computes fingerprints as earlier releases did. Those fingerprints did not include
// If-Match. Responses that are stored under such fingerprints must still be found.
func TestStoredFingerprintsStayValid(t *testing.T) {
	const put = `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`
	s := newEnv(t)
	for _, c := range []struct {
		method, path, body string
		headers            []string
	}{
		{"PUT", idPath, put, nil},
		{"POST", connectionsPath, goodConnection, nil},
		{"POST", connectionsPath, goodConnection, []string{"If-Match", `"1"`}}, // If-Match has no effect here
	} {
		clear(s.service.responses)
		s.call(c.method, c.path, c.body, append(c.headers, keyHeader, "k")...)
		want := domain.Fingerprint(sha256.Sum256(
			[]byte(c.method + "\n" + c.path + "\n" + tenantA.String() + "\n" + c.body)))
		if got := s.service.responses[tenantA.String()+"k"].fingerprint; got != want {
			t.Errorf("%s %s %v: fingerprint %x, want %x", c.method, c.path, c.headers, got, want)
		}
	}
}

func TestMalformedIdempotencyKeysAreRejected(t *testing.T) {
	s := newEnv(t)
	for _, bad := range []string{" ", "a b", "é", "a/b", strings.Repeat("k", 129), "a;b", "a\tb", canary + "!"} {
		for _, name := range keyHeaders {
			w := s.call("POST", connectionsPath, goodConnection, name, bad)
			if p := problemIn(t, w, 400, codeInvalid); locations(p) != "header."+name ||
				strings.Contains(w.Body.String(), canary) {
				t.Errorf("%s: %q: %s", name, bad, w.Body)
			}
		}
	}
	w := s.call("POST", connectionsPath, `{"vendor":"pluggy"}`, keyHeader, "a b")
	if p := problemIn(t, w, 400, codeInvalid); !strings.Contains(locations(p), "body.configName") ||
		!strings.Contains(locations(p), "header."+keyHeader) {
		t.Errorf("a malformed key and body: %s", w.Body)
	}
	r := httptest.NewRequest(http.MethodPost, connectionsPath, strings.NewReader(goodConnection))
	r.Header = map[string][]string{
		"Authorization": {"Bearer tenant-a"}, "Content-Type": {"application/json"}, "X-Idempotency-Key": {""},
	}
	problemIn(t, s.serve(r), 400, codeInvalid)
}

func TestEachHeaderForAnIdempotencyKeyIsRead(t *testing.T) {
	for i, name := range keyHeaders {
		s := newEnv(t)
		other := keyHeaders[(i+1)%len(keyHeaders)]
		w := s.call("POST", connectionsPath, goodConnection, name, "a", other, "b")
		got := slices.Sorted(slices.Values(strings.Fields(locations(problemIn(t, w, 400, codeInvalid)))))
		if want := slices.Sorted(slices.Values([]string{"header." + name, "header." + other})); !cmp.Equal(got, want) {
			t.Errorf("%s and %s: the locations are %v", name, other, got)
		}
		s.call("POST", connectionsPath, goodConnection, name, "same", other, "same")
		again := s.call("POST", connectionsPath, goodConnection, other, "same")
		if again.Code != 201 || again.Header().Get(replayedHeader) != "true" || s.service.calls != 1 {
			t.Errorf("%s, then %s: %d %v after %d calls", name, other, again.Code, again.Header(), s.service.calls)
		}
	}
}

func TestTenantsDoNotShareIdempotencyKeys(t *testing.T) {
	s := newEnv(t)
	s.call("POST", connectionsPath, goodConnection, keyHeader, "k")
	w := s.call("POST", connectionsPath, goodConnection, keyHeader, "k", "Authorization", "Bearer tenant-b")
	if w.Code != 201 || w.Header().Get(replayedHeader) != "" || s.service.calls != 2 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestLiveTestsAndWebhooksIgnoreIdempotencyKeys(t *testing.T) {
	s := newEnv(t)
	for range 2 {
		s.call("POST", connectionsPath+"/test", `{"vendor":"pluggy","configName":"a"}`, keyHeader, "k")
		s.call("POST", enginesPath+samePath+"/test", "", keyHeader, "k")
		s.call("POST", prefix+"/webhooks/pluggy/"+webhookToken, "{}", keyHeader, "k")
	}
	if s.service.calls != 6 || len(s.service.responses) > 0 {
		t.Errorf("%d calls and %d stored responses, want 6 and 0", s.service.calls, len(s.service.responses))
	}
}
