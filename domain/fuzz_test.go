package domain_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FuzzValidateBaseURL reads again, with the library that dials, whatever is accepted: it
// has a host, and nothing that could carry a credential or bend a request.
func FuzzValidateBaseURL(f *testing.F) {
	for _, raw := range []string{"https://api.pluggy.ai", "http://127.0.0.1:8080/v1/", "https://u:p@h", "https://h?", "https://h#", "https:h", "https://[::1]:443"} {
		f.Add(raw, true)
		f.Add(raw, false)
	}
	f.Fuzz(func(t *testing.T, raw string, allowHTTP bool) {
		if fault := domain.ValidateBaseURL(raw, allowHTTP); fault != nil {
			if raw != "" && len(raw) > 20 && strings.Contains(fault.Error(), raw) {
				t.Errorf("the fault repeats the value: %v", fault)
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
		if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || strings.ContainsFunc(raw, unicode.IsControl) {
			t.Errorf("%q holds more than an address", raw)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != u.Scheme || again.Host != u.Host {
			t.Errorf("%q leads elsewhere when it is written again: %q", raw, u)
		}
	})
}
