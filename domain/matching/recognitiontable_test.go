package matching_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// bankAccount returns a checking account with the given numbers.
func bankAccount(id, bank, agency, number string, changes ...func(*matching.LinkedAccount)) matching.LinkedAccount {
	a := matching.LinkedAccount{
		ExternalID: id, Type: domain.BankAccount, Subtype: "CHECKING_ACCOUNT", Currency: "BRL",
		Identity: domain.NewAccountIdentity(bank, agency, number, "", ""),
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

func institutionIs(id string) func(*matching.LinkedAccount) {
	return func(a *matching.LinkedAccount) { a.Identity.ID = id }
}

func clabe(number string) func(*matching.LinkedAccount) {
	return func(a *matching.LinkedAccount) { a.Identity.CLABE = number }
}

// shows returns a function that adds rows to an account: one row for each day of November from firstDay to lastDay. All
// amounts differ.
func shows(prefix string, firstDay, lastDay int) func(*matching.LinkedAccount) {
	return func(a *matching.LinkedAccount) {
		for day := firstDay; day <= lastDay; day++ {
			a.Rows = append(a.Rows, purchaseOf(fmt.Sprintf("%s%02d", prefix, day), fmt.Sprintf("-%d.5", day), day))
		}
	}
}

// purchaseOf returns a purchase on a day of November.
func purchaseOf(id, amount string, day int) banktext.Row {
	data := transaction(id, "LOJA").TransactionData
	data.Amount, _ = domain.ParseMoney(amount, "BRL")
	data.Date = domain.Date(fmt.Sprintf("2026-11-%02d", day))
	return plainRow(data, account)
}

// bought returns a function that adds a purchase to an account.
func bought(id string, day int) func(*matching.LinkedAccount) {
	return func(a *matching.LinkedAccount) {
		a.Rows = append(a.Rows, purchaseOf(id, "-999", day))
	}
}

func savings(a *matching.LinkedAccount) { a.Subtype = "SAVINGS_ACCOUNT" }
func inUSD(a *matching.LinkedAccount)   { a.Currency = "USD" }
func card(a *matching.LinkedAccount)    { a.Type = domain.CreditAccount }

func TestAccountsAreRecognisedAfterANewLink(t *testing.T) {
	type side = []matching.LinkedAccount
	for name, c := range map[string]struct {
		before, after side
		want          []string
	}{
		"the same numbers in another format": {
			side{bankAccount("a", "099", "0001", "12345-0")},
			side{bankAccount("b", "99", "1", "123450")}, []string{"a>b"},
		},
		"no bank and no agency": {
			side{bankAccount("a", "99", "1", "123450")}, side{bankAccount("b", "", "", "123450")}, nil,
		},
		"another bank":   {side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "98", "1", "12")}, nil},
		"another agency": {side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "99", "2", "12")}, nil},
		"another number": {side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "99", "1", "13")}, nil},
		"no number":      {side{bankAccount("a", "99", "1", "")}, side{bankAccount("b", "99", "1", "")}, nil},
		"another subtype": {
			side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "99", "1", "12", savings)}, nil,
		},
		"another currency": {
			side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "99", "1", "12", inUSD)}, nil,
		},
		"another type": {
			side{bankAccount("a", "99", "1", "12")}, side{bankAccount("b", "99", "1", "12", card)}, nil,
		},
		"the same institution id": {
			side{bankAccount("a", "99", "1", "12", institutionIs("k"))},
			side{bankAccount("b", "99", "", "", institutionIs("k"))},
			[]string{"a>b"},
		},
		"the same institution id of another bank": {
			side{bankAccount("a", "99", "1", "12", institutionIs("k"))},
			side{bankAccount("b", "98", "1", "12", institutionIs("k"))}, nil,
		},
		"the same institution id of another currency": {
			side{bankAccount("a", "99", "1", "12", institutionIs("k"))},
			side{bankAccount("b", "99", "1", "13", institutionIs("k"), inUSD)}, nil,
		},
		"another institution id but the same numbers": {
			side{bankAccount("a", "99", "1", "1234-5", institutionIs("k"))},
			side{bankAccount("b", "99", "1", "1234-5", institutionIs("z"))},
			[]string{"a>b"},
		},
		"the same CLABE": {
			side{bankAccount("a", "", "", "7", clabe("1"))},
			side{bankAccount("b", "", "", "", clabe("1"))}, []string{"a>b"},
		},
		"the same CLABE of another subtype": {
			side{bankAccount("a", "", "", "7", clabe("1"))},
			side{bankAccount("b", "", "", "8", clabe("1"), savings)}, nil,
		},
		"another CLABE": {
			side{bankAccount("a", "", "", "7", clabe("1"))}, side{bankAccount("b", "", "", "7", clabe("2"))}, nil,
		},
		"two accounts with one number before": {
			side{bankAccount("a", "", "", "7"), bankAccount("c", "", "", "7")},
			side{bankAccount("b", "", "", "7")}, nil,
		},
		"two accounts with one number after": {
			side{bankAccount("a", "", "", "7")},
			side{bankAccount("b", "", "", "7"), bankAccount("c", "", "", "7")}, nil,
		},
		"two accounts with one identity before": {
			side{bankAccount("a", "99", "1", "1234-5"), bankAccount("c", "99", "1", "1234-5")},
			side{bankAccount("b", "99", "1", "1234-5")}, nil,
		},
		"two accounts with one identity after": {
			side{bankAccount("a", "99", "1", "1234-5")},
			side{bankAccount("b", "99", "1", "1234-5"), bankAccount("c", "99", "1", "1234-5")}, nil,
		},
		"the same institution id, and no currency": {
			side{bankAccount("a", "99", "1", "12", institutionIs("k"))},
			side{bankAccount("b", "99", "1", "12", institutionIs("k"),
				func(a *matching.LinkedAccount) { a.Currency = "" })},
			nil,
		},
		"a stronger key leaves one account over": {
			side{bankAccount("a", "1", "2", "77777-7", institutionIs("k")), bankAccount("c", "1", "2", "77777-7")},
			side{bankAccount("b", "1", "2", "77777-7"), bankAccount("d", "1", "2", "", institutionIs("k"))},
			[]string{"a>d", "c>b"},
		},
		"several accounts": {
			side{bankAccount("a", "1", "2", "77777-7"), bankAccount("c", "1", "2", "88888-8")},
			side{bankAccount("b", "1", "2", "88888-8"), bankAccount("d", "1", "2", "77777-7")}, []string{"a>d", "c>b"},
		},
		"ten rows that match": {
			side{bankAccount("a", "", "", "", shows("o", 1, 20))},
			side{bankAccount("b", "", "", "", shows("n", 11, 30))},
			[]string{"a>b"},
		},
		"exactly ten rows each": {
			side{bankAccount("a", "", "", "", shows("o", 1, 10))},
			side{bankAccount("b", "", "", "", shows("n", 1, 10))},
			[]string{"a>b"},
		},
		"nine rows that match": {
			side{bankAccount("a", "", "", "", shows("o", 1, 19))},
			side{bankAccount("b", "", "", "", shows("n", 11, 30))}, nil,
		},
		"95 percent of the rows match": {
			side{bankAccount("a", "", "", "", shows("o", 1, 19))},
			side{bankAccount("b", "", "", "", shows("n", 1, 19), bought("z", 5))}, []string{"a>b"},
		},
		"fewer than 95 percent match": {
			side{bankAccount("a", "", "", "", shows("o", 1, 18), bought("y", 5))},
			side{bankAccount("b", "", "", "", shows("n", 1, 18))}, nil,
		},
		"rows match, and the number has changed": {
			side{bankAccount("a", "", "", "1", shows("o", 1, 20))},
			side{bankAccount("b", "", "", "2", shows("n", 1, 20))},
			nil,
		},
		"rows match, but the type is another": {
			side{bankAccount("a", "", "", "", shows("o", 1, 20))},
			side{bankAccount("b", "", "", "", shows("n", 1, 20), card)},
			[]string{"a>b"},
		},
		"rows match, and the subtype is another": {
			side{bankAccount("a", "", "", "", shows("o", 1, 20))},
			side{bankAccount("b", "", "", "", shows("n", 1, 20), savings)}, []string{"a>b"},
		},
		"rows match, and a second account without rows is left": {
			side{bankAccount("a", "", "", "", shows("o", 1, 20)), bankAccount("c", "", "", "")},
			side{bankAccount("b", "", "", "", shows("n", 1, 20))}, []string{"a>b"},
		},
		"no rows":  {side{bankAccount("a", "", "", "")}, side{bankAccount("b", "", "", "")}, nil},
		"nothing":  {nil, side{bankAccount("b", "", "", "")}, nil},
		"the last": {side{bankAccount("a", "", "", "")}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, pair := range recognize(c.before, c.after).Pairs {
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
		draw := func(side string) []matching.LinkedAccount {
			var all []matching.LinkedAccount
			for i := range rapid.IntRange(0, 5).Draw(t, side) {
				short := rapid.SampledFrom([]string{"", "1", "2"})
				all = append(all, bankAccount(
					fmt.Sprint(side, i), short.Draw(t, "bank"), short.Draw(t, "agency"), short.Draw(t, "number"),
					institutionIs(short.Draw(t, "id")),
				))
			}
			return all
		}
		before, after := draw("before"), draw("after")
		want := recognize(before, after)
		slices.Reverse(before)
		slices.Reverse(after)
		if diff := cmp.Diff(want, recognize(before, after)); diff != "" {
			t.Fatal(diff)
		}
	})
}
