package rest

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestEveryProblemHasPortugueseTexts(t *testing.T) {
	details := map[string]bool{}
	for _, rule := range append(slices.Clone(statusRules), internalStatusRule) {
		details[rule.detail] = true
		if portugueseTitles[rule.status] == "" {
			t.Errorf("the status %d has no title", rule.status)
		}
	}
	for _, r := range (&server{}).routes() {
		if r.notFound.detail != "" {
			details[r.notFound.detail] = true
		}
	}
	for detail := range details {
		if portugueseDetails[detail] == "" {
			t.Errorf("%q has no Portuguese text", detail)
		}
	}
	for detail := range portugueseDetails {
		if !details[detail] {
			t.Errorf("%q is the detail of no problem", detail)
		}
	}
}

func TestAProblemIsInTheLanguageOfTheCaller(t *testing.T) {
	portuguese, english := [2]string{"Conflito", "o nome já está em uso"},
		[2]string{"Conflict", "the name is already in use"}
	for accept, want := range map[string][2]string{
		"": english, "en": english, "fr": english, "*": english, "en-GB, pt;q=0.5": english, "\xff;;q=": english,
		"pt": portuguese, "pt-BR": portuguese, "pt-BR,pt;q=0.9,en-US;q=0.8": portuguese, "en;q=0.1, pt": portuguese,
		"pt-PT": portuguese, "fr, pt;q=0.5": portuguese, "pt," + strings.Repeat("a-", 200): english,
	} {
		s := newEnv(t)
		s.service.err = &domain.Error{Kind: domain.Conflict, Code: domain.NameTaken}
		w := s.call("GET", connectionsPath, "", "Accept-Language", accept)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != codeConflict {
			t.Fatal(err, w.Body)
		}
		if got := [2]string{p.Title, p.Detail}; got != want {
			t.Errorf("%q: %q", accept, got)
		}
		if isPortuguese := w.Header().Get("Content-Language") == "pt-BR"; isPortuguese != (want == portuguese) {
			t.Errorf("%q: Content-Language %q", accept, w.Header().Get("Content-Language"))
		}
	}
}
