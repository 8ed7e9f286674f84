package client

import (
	"net/http"
	"testing"
)

func TestTheLocaleChoosesTheLanguageOfProblems(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, want string }{
		{"", "", "", ""},
		{"", "", "pt_BR.UTF-8", "pt-BR"},
		{"", "pt", "en_US.UTF-8", "pt-BR"},
		{"C.UTF-8", "pt_BR", "pt_BR", ""},
		{"", "", "ptolemaic", ""},
	} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", c.messages)
		t.Setenv("LANG", c.lang)
		r := &http.Request{Header: http.Header{}}
		if err := acceptLocale(t.Context(), r); err != nil || r.Header.Get("Accept-Language") != c.want {
			t.Errorf("%v: Accept-Language %q, %v", c, r.Header.Get("Accept-Language"), err)
		}
	}
}
