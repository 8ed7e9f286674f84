package client

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

func TestATypedAmountIsNoFlag(t *testing.T) {
	const minus = "\u2212"
	for name, test := range map[string]struct{ args, want []string }{
		"an amount":                {[]string{"-160.10"}, []string{minus + "160.10"}},
		"with a currency":          {[]string{"-R$ 1.234,56"}, []string{minus + "R$ 1.234,56"}},
		"among words and flags":    {[]string{"--all", "posto", "-12,50"}, []string{"--all", "posto", minus + "12,50"}},
		"before a flag":            {[]string{"-5", "--limit", "3"}, []string{minus + "5", "--limit", "3"}},
		"the value of a flag":      {[]string{"--amount", "-160.10"}, []string{"--amount", "-160.10"}},
		"the value of a shorthand": {[]string{"-o", "-1"}, []string{"-o", "-1"}},
		"after a double hyphen":    {[]string{"--", "-160.10"}, []string{"--", "-160.10"}},
		"a flag":                   {[]string{"-o", "json"}, []string{"-o", "json"}},
	} {
		root := &cobra.Command{Use: "discovery"}
		root.AddCommand(Commands(nil, nil)...)
		got := WithTypedAmounts(root, append([]string{"transactions", "search"}, test.args...))
		if !slices.Equal(got[2:], test.want) {
			t.Errorf("%s: %q, want %q", name, got[2:], test.want)
		}
		if other := WithTypedAmounts(root, []string{"pulls", "list", "-5"}); other[2] != "-5" {
			t.Errorf("another command: %q", other)
		}
	}
}

func TestASearchSaysWhatItHasFound(t *testing.T) {
	f := &foundTransactions{}
	f.count([]byte(`{"items":[
		{"amount":"-10","currency":"BRL","status":"posted"}, {"amount":"-2.5","currency":"BRL","status":"pending"},
		{"amount":"4","currency":"BRL","status":"posted"},
		{"amount":"-1","currency":"BRL","status":"pending","removedAt":"2026-03-01T00:00:00Z"}
	],"searchedFor":[{"banks":["Itaú"],"amount":"10"},{"reference":"itau10"}]}`))
	const want = "2 payments of 12.5 BRL, 1 receipt of 4 BRL, 1 of them pending, 1 removed or excluded; searched for " +
		"the bank Itaú and the amount 10 in both directions, or the reference itau10"
	if got := f.summary(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
