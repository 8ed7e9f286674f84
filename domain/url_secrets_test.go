package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func urlSecrets(password, query string) domain.URLSecrets {
	return domain.URLSecrets{Password: domain.SecretText(password), Query: domain.SecretText(query)}
}

func revealed(s domain.URLSecrets) [2]string {
	return [2]string{string(s.Password.Reveal()), string(s.Query.Reveal())}
}

func TestTheSecretsOfAURLAreSplitOffAndJoined(t *testing.T) {
	for raw, want := range map[string][3]string{
		"amqps://u:p@h/v":              {"amqps://u@h/v", "p", ""},
		"https://h/x":                  {"https://h/x"},
		"https://h/x?":                 {"https://h/x?"},
		"https://u@h/x":                {"https://u@h/x"},
		"https://h/x?token=a%2Fb&c=?d": {"https://h/x?…", "", "token=a%2Fb&c=?d"},
		"https://u:p@h:8443?q":         {"https://u@h:8443?…", "p", "q"},
		"https://h/x?…":                {"https://h/x?…"},
		"//h/x":                        {},
		"https:///x":                   {},
		"https://h:notaport":           {},
	} {
		shown, secrets, ok := domain.SplitURLSecrets(domain.SecretText(raw))
		if ok != (want[0] != "") || shown != want[0] || revealed(secrets) != [2]string(want[1:]) {
			t.Errorf("%s: %q, %q, %v", raw, shown, revealed(secrets), ok)
		}
		if got := domain.ShownURL(raw); got != want[0] || domain.ShownURL(got) != got {
			t.Errorf("%s: shown as %q", raw, got)
		}
		if got := string(domain.JoinURLSecrets(shown, secrets).Reveal()); ok && got != raw {
			t.Errorf("%s: joined %s", raw, got)
		}
	}
	if got := domain.ShownURL("https://h/x?%e2%80%A6"); got != "https://h/x?…" {
		t.Errorf("an escaped mark is shown as %s", got)
	}
	if got := string(domain.JoinURLSecrets("https://h:x", urlSecrets("p", "q")).Reveal()); got != "https://h:x" {
		t.Error(got)
	}
}

func TestTheHiddenQueryIsCut(t *testing.T) {
	for _, raw := range []string{"https://h/x?…", "https://h/x?%E2%80%A6", "https://h/x?%e2%80%a6"} {
		rest, hidden := domain.CutHiddenQuery(domain.SecretText(raw))
		if got := string(rest.Reveal()); !hidden || got != "https://h/x" {
			t.Errorf("%s: %s, %v", raw, got, hidden)
		}
	}
	for _, raw := range []string{"https://h/x", "https://h/x?", "https://h/x?a=…", "https://h/…", "https://h/x?…&a"} {
		rest, hidden := domain.CutHiddenQuery(domain.SecretText(raw))
		if got := string(rest.Reveal()); hidden || got != raw {
			t.Errorf("%s: %s, %v", raw, got, hidden)
		}
	}
}

func TestSecretsAreKeptForTheSameSchemeHostAndUserOnly(t *testing.T) {
	const shown = "https://u@h/x?…"
	for _, test := range []struct {
		stored, shown string
		given, want   domain.URLSecrets
		query         bool // KeepsQuery
	}{
		{shown, shown, urlSecrets("", ""), urlSecrets("p", "q"), true},
		{shown, "https://u@h/other?…", urlSecrets("", ""), urlSecrets("p", "q"), true},
		{shown, shown, urlSecrets("", "new"), urlSecrets("p", "new"), true},
		{shown, shown, urlSecrets("new", ""), urlSecrets("new", "q"), true},
		{shown, "https://u@h/x", urlSecrets("", ""), urlSecrets("p", ""), true},
		{shown, "http://u@h/x?…", urlSecrets("", ""), urlSecrets("", ""), false},
		{shown, "https://u@g/x?…", urlSecrets("", ""), urlSecrets("", ""), false},
		{shown, "https://u@h:444/x?…", urlSecrets("", ""), urlSecrets("", ""), false},
		{shown, "https://w@h/x?…", urlSecrets("", "new"), urlSecrets("", "new"), false},
		{shown, "https://h/x?…", urlSecrets("new", ""), urlSecrets("new", ""), false},
		{"https://u@h/x", shown, urlSecrets("", ""), urlSecrets("p", "q"), false},
		{"https://h:x", shown, urlSecrets("", ""), urlSecrets("", ""), false},
		{"", shown, urlSecrets("", ""), urlSecrets("", ""), false},
	} {
		got := test.given.Keep(test.shown, test.stored, urlSecrets("p", "q"))
		if revealed(got) != revealed(test.want) {
			t.Errorf("%s after %s: %q", test.shown, test.stored, revealed(got))
		}
		if got := domain.KeepsQuery(test.shown, test.stored); got != test.query {
			t.Errorf("%s after %s: keeps the query: %v", test.shown, test.stored, got)
		}
	}
}

func TestTheAddressOfAURLHasOnlyHostAndPort(t *testing.T) {
	for shown, want := range map[string]string{"amqps://u@h:5671/v": "https://h:5671", "https://h:x": ""} {
		if got := domain.AddressURL(shown); got != want {
			t.Errorf("%s: %q", shown, got)
		}
	}
}

func TestURLsHaveTheSameAccount(t *testing.T) {
	for b, want := range map[string]bool{
		"amqps://u@h/other": true,
		"amqp://u@h/":       false, "amqps://u@g/": false, "amqps://w@h/": false, "amqps://h:x": false,
	} {
		if got := domain.SameURLAccount("amqps://u@h/v", b); got != want {
			t.Errorf("%s: %v", b, got)
		}
	}
}
