package client

import (
	"strings"
	"testing"
)

// A header cannot contain such a token: the request would fail as if the service did not respond.
func TestATokenThatNoHeaderCanContainIsNamed(t *testing.T) {
	for token, want := range map[string]string{
		" a.b-c_d.e\n": "", "two\nlines": tokenVariable + " contains", "a b": tokenVariable + " contains",
		"a\x00b": tokenVariable + " contains", "a\u200bb": tokenVariable + " contains",
		"": tokenVariable + " is not set",
	} {
		c := commands{env: func(name string) (string, bool) {
			return map[string]string{urlVariable: "http://127.0.0.1:4018", tokenVariable: token}[name], true
		}}
		_, _, err := c.settings()
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", token, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) ||
			len(token) > 3 && strings.Contains(err.Error(), token) {
			t.Errorf("%q: error %v, want one with %q", token, err, want)
		}
	}
}
