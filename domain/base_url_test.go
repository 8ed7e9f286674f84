package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestParseBaseURLReturnsSchemeAndHostInLowerCase(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTPS://API.Example:8443/V1/": "https://api.example:8443/V1/",
		"https://[2001:DB8::1]/":       "https://[2001:db8::1]/",
	} {
		if u, err := domain.ParseBaseURL(raw, false); err != nil || u.String() != want {
			t.Errorf("ParseBaseURL(%q) = %v, %v, want %s", raw, u, err, want)
		}
	}
	if u, err := domain.ParseBaseURL("http://api.example", false); err == nil || u != nil {
		t.Errorf("plain http: %v, %v, want an error", u, err)
	}
}

func TestParseAbsoluteURL(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://api.example":                  true,
		"http://user:pass@api.example/p?q=1#f": true,
		"https://api.example.:443":             true,
		"ftp://api.example":                    false,
		"api.example":                          false,
		"https://":                             false,
		"https:api.example":                    false,
		"https://api..example":                 false,
		"https://.api.example":                 false,
		"https://api.example:0":                false,
		"https://api.example:65536":            false,
		"https://[::1":                         false,
	} {
		if u, ok := domain.ParseAbsoluteURL(raw); ok != want || (u != nil) != want {
			t.Errorf("ParseAbsoluteURL(%q) = %v, %v, want %v", raw, u, ok, want)
		}
	}
}
