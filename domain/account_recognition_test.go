package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAccountNumbersAreComparedWithoutTheirFormat(t *testing.T) {
	want := domain.AccountIdentity{Bank: "99", Agency: "1", Number: "123450", CLABE: "150194683119900273", ID: "0x-1"}
	for _, got := range []domain.AccountIdentity{
		domain.NewAccountIdentity("099", "0001", "12345-0", "150194683119900273", "0x-1"),
		domain.NewAccountIdentity(" 99 ", "1", "0012.345 0", "150 194 68311990027-3", "0x-1"),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for in, want := range map[string]string{
		"12345-x": "12345X", "12345-X ": "12345X", "X": "", "0": "", "**** 8670": "8670", "1X2": "12", "00": "",
	} {
		if got := domain.NewAccountIdentity("", "", in, "", "").Number; got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for _, clabe := range []string{"", "15019468311990027", "1501946831199002731"} {
		if got := domain.NewAccountIdentity("", "", "", clabe, "").CLABE; got != "" {
			t.Errorf("the CLABE %q became %q", clabe, got)
		}
	}
}

// account returns a checking account with the given numbers.
func account(id, bank, agency, number string, changes ...func(*domain.LinkedAccount)) domain.LinkedAccount {
	a := domain.LinkedAccount{
		ExternalID: id, Type: domain.BankAccount, Subtype: "CHECKING_ACCOUNT", Currency: "BRL",
		Identity: domain.NewAccountIdentity(bank, agency, number, "", ""),
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

func accountKey(id string) func(*domain.LinkedAccount) {
	return func(a *domain.LinkedAccount) { a.Identity.ID = id }
}

func clabe(number string) func(*domain.LinkedAccount) {
	return func(a *domain.LinkedAccount) { a.Identity.CLABE = number }
}

// shows returns a function that adds rows to an account: one row for each day of November from firstDay to lastDay. All
// amounts differ.
func shows(prefix string, firstDay, lastDay int) func(*domain.LinkedAccount) {
	return func(a *domain.LinkedAccount) {
		for day := firstDay; day <= lastDay; day++ {
			a.Rows = append(a.Rows, movement(
				fmt.Sprintf("%s%02d", prefix, day), amount(fmt.Sprintf("-%d.5", day)),
				on(domain.Date(fmt.Sprintf("2026-11-%02d", day))), text("LOJA"),
			))
		}
	}
}

// bought returns a function that adds a purchase to an account.
func bought(id string, day int) func(*domain.LinkedAccount) {
	return func(a *domain.LinkedAccount) {
		a.Rows = append(a.Rows, movement(id, amount("-999"), on(domain.Date(fmt.Sprintf("2026-11-%02d", day)))))
	}
}

func savings(a *domain.LinkedAccount) { a.Subtype = "SAVINGS_ACCOUNT" }
func inUSD(a *domain.LinkedAccount)   { a.Currency = "USD" }
func card(a *domain.LinkedAccount)    { a.Type = domain.CreditAccount }

func TestAccountsAreRecognisedAfterANewLink(t *testing.T) {
	type side = []domain.LinkedAccount
	for name, c := range map[string]struct {
		before, after side
		want          []string
	}{
		"the same numbers in another format": {
			side{account("a", "099", "0001", "12345-0")}, side{account("b", "99", "1", "123450")}, []string{"a>b"},
		},
		"no bank and no agency": {
			side{account("a", "99", "1", "123450")}, side{account("b", "", "", "123450")}, []string{"a>b"},
		},
		"another bank":   {side{account("a", "99", "1", "12")}, side{account("b", "98", "1", "12")}, nil},
		"another agency": {side{account("a", "99", "1", "12")}, side{account("b", "99", "2", "12")}, nil},
		"another number": {side{account("a", "99", "1", "12")}, side{account("b", "99", "1", "13")}, nil},
		"no number":      {side{account("a", "99", "1", "")}, side{account("b", "99", "1", "")}, nil},
		"another subtype": {
			side{account("a", "99", "1", "12")}, side{account("b", "99", "1", "12", savings)}, nil,
		},
		"another currency": {
			side{account("a", "99", "1", "12")}, side{account("b", "99", "1", "12", inUSD)}, nil,
		},
		"another type": {
			side{account("a", "99", "1", "12")}, side{account("b", "99", "1", "12", card)}, nil,
		},
		"the same institution id": {
			side{account("a", "99", "1", "12", accountKey("k"))}, side{account("b", "1", "2", "3", accountKey("k"))},
			[]string{"a>b"},
		},
		"the same institution id of another currency": {
			side{account("a", "99", "1", "12", accountKey("k"))},
			side{account("b", "99", "1", "13", accountKey("k"), inUSD)}, nil,
		},
		"another institution id but the same numbers": {
			side{account("a", "99", "1", "12", accountKey("k"))}, side{account("b", "99", "1", "12", accountKey("z"))},
			[]string{"a>b"},
		},
		"the same CLABE": {
			side{account("a", "", "", "7", clabe("1"))}, side{account("b", "", "", "8", clabe("1"))}, []string{"a>b"},
		},
		"the same CLABE of another subtype": {
			side{account("a", "", "", "7", clabe("1"))}, side{account("b", "", "", "8", clabe("1"), savings)}, nil,
		},
		"another CLABE": {
			side{account("a", "", "", "7", clabe("1"))}, side{account("b", "", "", "7", clabe("2"))}, nil,
		},
		"two accounts with one number before": {
			side{account("a", "", "", "7"), account("c", "", "", "7")}, side{account("b", "", "", "7")}, nil,
		},
		"two accounts with one number after": {
			side{account("a", "", "", "7")}, side{account("b", "", "", "7"), account("c", "", "", "7")}, nil,
		},
		"a stronger key leaves one account over": {
			side{account("a", "", "", "7", accountKey("k")), account("c", "", "", "7")},
			side{account("b", "", "", "7"), account("d", "", "", "9", accountKey("k"))}, []string{"a>d", "c>b"},
		},
		"several accounts": {
			side{account("a", "", "", "7"), account("c", "", "", "8")},
			side{account("b", "", "", "8"), account("d", "", "", "7")}, []string{"a>d", "c>b"},
		},
		"ten rows that match": {
			side{account("a", "", "", "", shows("o", 1, 20))}, side{account("b", "", "", "", shows("n", 11, 30))},
			[]string{"a>b"},
		},
		"exactly ten rows each": {
			side{account("a", "", "", "", shows("o", 1, 10))}, side{account("b", "", "", "", shows("n", 1, 10))},
			[]string{"a>b"},
		},
		"nine rows that match": {
			side{account("a", "", "", "", shows("o", 1, 19))}, side{account("b", "", "", "", shows("n", 11, 30))}, nil,
		},
		"95 percent of the rows match": {
			side{account("a", "", "", "", shows("o", 1, 19))},
			side{account("b", "", "", "", shows("n", 1, 19), bought("z", 5))}, []string{"a>b"},
		},
		"fewer than 95 percent match": {
			side{account("a", "", "", "", shows("o", 1, 18), bought("y", 5))},
			side{account("b", "", "", "", shows("n", 1, 18))}, nil,
		},
		"rows match, and the number has changed": {
			side{account("a", "", "", "1", shows("o", 1, 20))}, side{account("b", "", "", "2", shows("n", 1, 20))},
			[]string{"a>b"},
		},
		"rows match, but the type is another": {
			side{account("a", "", "", "", shows("o", 1, 20))}, side{account("b", "", "", "", shows("n", 1, 20), card)},
			nil,
		},
		"rows match, and the subtype is another": {
			side{account("a", "", "", "", shows("o", 1, 20))},
			side{account("b", "", "", "", shows("n", 1, 20), savings)}, []string{"a>b"},
		},
		"rows match, but a second account is left": {
			side{account("a", "", "", "", shows("o", 1, 20)), account("c", "", "", "")},
			side{account("b", "", "", "", shows("n", 1, 20))}, nil,
		},
		"no rows":  {side{account("a", "", "", "")}, side{account("b", "", "", "")}, nil},
		"nothing":  {nil, side{account("b", "", "", "")}, nil},
		"the last": {side{account("a", "", "", "")}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, pair := range domain.RecognizeAccounts(c.before, c.after) {
				got = append(got, pair.Before+">"+pair.After)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecognitionDoesNotDependOnTheOrderOfTheAccounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(side string) []domain.LinkedAccount {
			var all []domain.LinkedAccount
			for i := range rapid.IntRange(0, 5).Draw(t, side) {
				short := rapid.SampledFrom([]string{"", "1", "2"})
				all = append(all, account(
					fmt.Sprint(side, i), short.Draw(t, "bank"), short.Draw(t, "agency"), short.Draw(t, "number"),
					accountKey(short.Draw(t, "id")),
				))
			}
			return all
		}
		before, after := draw("before"), draw("after")
		want := domain.RecognizeAccounts(before, after)
		slices.Reverse(before)
		slices.Reverse(after)
		if diff := cmp.Diff(want, domain.RecognizeAccounts(before, after)); diff != "" {
			t.Fatal(diff)
		}
	})
}
