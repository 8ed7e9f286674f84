package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func FuzzCursor(f *testing.F) {
	f.Add(cursorText(connectionList{}, fixturePosition))
	f.Add("AWM")
	f.Add("====")
	f.Add("AWMBmwAAAABwAIAAAAAAAAABaw\n")
	f.Fuzz(func(t *testing.T, text string) {
		var c cursor[connectionList]
		if c.UnmarshalText([]byte(text)) != nil {
			return
		}
		if encoded := cursorText(connectionList{}, c.at); encoded != text {
			t.Errorf("%q is a second encoding of %q", text, encoded)
		}
		if !utf8.ValidString(c.at.Key) || strings.Contains(c.at.Key, "\x00") {
			t.Errorf("no store can hold the key %q", c.at.Key)
		}
		var other cursor[engineList]
		if other.UnmarshalText([]byte(text)) == nil {
			t.Error("the cursor was accepted by two lists")
		}
	})
}

// FuzzProblem sends arbitrary bodies. Unless the body is valid, the response must be a problem
// document that lists at least one error.
func FuzzProblem(f *testing.F) {
	for _, c := range invalidBodies {
		f.Add(c.body, "name")
	}
	f.Add(goodConnection, "\x00")
	s := newEnv(f, func(o *Options) { o.Logger = nil })
	f.Fuzz(func(t *testing.T, body, field string) {
		w := s.call("POST", connectionsPath, body+" ")
		if w.Code == http.StatusCreated {
			return
		}
		p := problemIn(t, w, http.StatusBadRequest, codeInvalid)
		if len(p.Errors) == 0 || p.Instance != connectionsPath {
			t.Errorf("%s", w.Body)
		}
		x := &exchange{instance: field}
		if _, err := json.Marshal(x.problem(domain.FieldError(field, "m"))); err != nil && utf8.ValidString(field) {
			t.Error(err)
		}
	})
}

func FuzzBearer(f *testing.F) {
	for _, header := range []string{"Bearer a.b.c", "bearer  x ", "Basic a", "Bearer", "Bearer \x00", "Bearer é"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := bearer([]string{header})
		if err != nil {
			return
		}
		if token == "" || strings.ContainsAny(token, " \t\r\n,;\x00") || !strings.EqualFold(header[:7], "bearer ") {
			t.Errorf("%q returned the token %q", header, token)
		}
	})
}

// FuzzSignatureHeader sends arbitrary webhook signatures. The receiver must pass the signature and the body to the port
// unchanged, and must not panic. The domain's source policy must not admit a body that was not signed with the secret.
func FuzzSignatureHeader(f *testing.F) {
	for _, header := range []string{
		"", "sha256=", "sha256=00", "00", "sha256=zz", strings.Repeat("0", 64), "SHA256=" + strings.Repeat("0", 64),
	} {
		f.Add(header, "{}")
	}
	policy := domain.SourcePolicy{HMACSecret: domain.SecretText("hmac")}
	s := newEnv(f, func(o *Options) { o.Logger = nil })
	f.Fuzz(func(t *testing.T, header, body string) {
		s.service.err = &domain.Error{Kind: domain.Unauthenticated}
		r := httptest.NewRequest(http.MethodPost, webhookURL, strings.NewReader(body))
		r.Header[signatureHeader] = []string{header}
		problemIn(t, s.serve(r), http.StatusUnauthorized, codeUnauthenticated)
		if s.service.webhook.Signature != header || string(s.service.webhook.Body) != body {
			t.Error("the webhook request was changed before it reached the port")
		}
		if policy.Admits(s.service.webhook, time.Now()) {
			t.Error("the policy admits a body that was not signed with the secret")
		}
	})
}

func FuzzRedactPath(f *testing.F) {
	for _, path := range []string{
		webhookURL, "//webhooks//" + webhookToken, "/webhooks/a/b/c", "/Webhooks/tokens/" + webhookToken,
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if clean := redactPath(path + "/" + webhookToken); strings.Contains(clean, webhookToken) {
			t.Errorf("the redacted path contains the token: %q", clean)
		}
	})
}

func TestEverySentinelErrorHasOneStatusRule(t *testing.T) {
	for i, r := range statusRules {
		if got := statusRuleFor(r.match); got != r {
			t.Errorf("rule %d is shadowed by the rule of %v", i, got.match)
		}
	}
	if statusRuleFor(errors.New("x")).status != http.StatusInternalServerError {
		t.Error("an unknown error is not a 500")
	}
}

func TestAnInvalidPathParameterIsA404(t *testing.T) {
	x := &exchange{}
	violation := operation.Violation{Location: "path.id", Message: "is not valid"}
	if p := x.validationProblem([]operation.Violation{violation}); p.Status != http.StatusNotFound {
		t.Errorf("an invalid path parameter is a %d", p.Status)
	}
}
