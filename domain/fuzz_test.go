package domain_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FuzzValidateBaseURL checks that every accepted URL is safe for the HTTP client, which parses it with
// net/url. The URL must have a host, and no part that could contain a credential or direct the request to
// another host.
func FuzzValidateBaseURL(f *testing.F) {
	for _, raw := range []string{
		"https://api.pluggy.ai", "http://127.0.0.1:8080/v1/", "https://u:p@h", "https://h?", "https://h#",
		"https:h", "https://[::1]:443",
	} {
		f.Add(raw, true)
		f.Add(raw, false)
	}
	f.Fuzz(func(t *testing.T, raw string, allowHTTP bool) {
		if err := domain.ValidateBaseURL(raw, allowHTTP); err != nil {
			if raw != "" && len(raw) > 20 && strings.Contains(err.Error(), raw) {
				t.Errorf("the error repeats the value: %v", err)
			}
			return
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q does not parse: %v", raw, err)
		}
		if u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP) || u.Hostname() == "" {
			t.Errorf("%q leads to %q at %q", raw, u.Hostname(), u.Scheme)
		}
		if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" ||
			strings.ContainsFunc(raw, unicode.IsControl) {
			t.Errorf("%q contains more than an address", raw)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != u.Scheme || again.Host != u.Host {
			t.Errorf("%q has another target when it is formatted again: %q", raw, u)
		}
	})
}
