package matching_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// relinked returns accounts before and after they were linked again. Each map has the external id of an account as the
// key, and the account number as the value. Equal numbers mean the same bank account.
func relinked(before, after map[string]string) matching.RelinkedAccounts {
	r := matching.RelinkedAccounts{Identity: func(a domain.AccountData) domain.AccountIdentity {
		return domain.NewAccountIdentity("1", "2", a.Number, "", "")
	}}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		r.Before = append(r.Before, domain.Account{ID: accountOf(id), AccountData: domain.AccountData{
			ExternalID: id, Type: domain.BankAccount, Currency: "BRL", Number: before[id],
		}})
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		r.After = append(r.After, domain.AccountData{
			ExternalID: id, Type: domain.BankAccount, Currency: "BRL", Number: after[id],
		})
	}
	return r
}

// accountOf returns our id of the account with this external id.
func accountOf(externalID string) domain.AccountID {
	return domain.AccountID{UUID: uuid.UUID{6: 0x70, 8: 0x80, 15: externalID[0]}}
}

// An operator decides which account continues which. The decision does not affect how the other accounts are
// recognised.
func TestAnOperatorDecidesWhichAccountContinues(t *testing.T) {
	noRows := func(domain.Account) ([]banktext.Row, error) { return nil, nil }
	noRowsAfter := func(string) ([]banktext.Row, error) { return nil, nil }
	for name, tc := range map[string]struct {
		decided                map[string]domain.AccountID
		pairs, ambiguousBefore string
		ambiguousAfter         string
	}{
		"nothing is decided": {nil, "", "a b", "[c d]"},
		"one account":        {map[string]domain.AccountID{"c": accountOf("b")}, "b=c", "a", "[d]"},
		"both accounts": {
			map[string]domain.AccountID{"c": accountOf("b"), "d": accountOf("a")}, "a=d b=c", "", "[]",
		},
		"one account for two": {
			map[string]domain.AccountID{"c": accountOf("b"), "d": accountOf("b")}, "b=c", "a", "[d]",
		},
		"an unknown account":    {map[string]domain.AccountID{"c": accountOf("x")}, "", "a b", "[c d]"},
		"an account not listed": {map[string]domain.AccountID{"x": accountOf("b")}, "", "a b", "[c d]"},
	} {
		r := relinked(map[string]string{"a": "77777", "b": "77777"}, map[string]string{"c": "77777", "d": "77777"})
		r.Decided = tc.decided
		found, err := r.Recognize(noRows, noRowsAfter)
		if err != nil {
			t.Fatal(err)
		}
		var pairs, ambiguous []string
		for _, pair := range found.Pairs {
			pairs = append(pairs, pair.Before.ExternalID+"="+pair.After)
		}
		for _, id := range found.AmbiguousBefore {
			ambiguous = append(ambiguous, string(rune(id.UUID[15])))
		}
		slices.Sort(pairs)
		if strings.Join(pairs, " ") != tc.pairs || strings.Join(ambiguous, " ") != tc.ambiguousBefore ||
			fmt.Sprint(found.AmbiguousAfter) != tc.ambiguousAfter ||
			found.IsAmbiguous() != (tc.ambiguousBefore != "") {
			t.Errorf("%s: pairs %v, ambiguous %v and %v", name, pairs, ambiguous, found.AmbiguousAfter)
		}
		if found, _ = r.Recognize(nil, nil); found.IsAmbiguous() || len(found.AmbiguousAfter) > 0 {
			t.Errorf("%s: ambiguous without a comparison of rows: %v", name, found)
		}
	}
}

func TestAccountsOfANewLinkAreRecognisedByIDNumberOrRows(t *testing.T) {
	rows := func(prefix string) (all []banktext.Row) {
		for i := range 12 {
			tx := transaction(fmt.Sprint(prefix, i), "PADARIA REAL")
			tx.Date = domain.Date("2026-03-01").AddDays(i)
			all = append(all, plainRow(tx.TransactionData, account))
		}
		return all
	}
	failed := errors.New("failed")
	before := func(domain.Account) ([]banktext.Row, error) { return rows("x"), nil }
	after := func(string) ([]banktext.Row, error) { return rows("y"), nil }
	for name, tc := range map[string]struct {
		before, after map[string]string
		rows          func(domain.Account) ([]banktext.Row, error)
		rowsAfter     func(string) ([]banktext.Row, error)
		want          string
		comparable    bool
		err           error
	}{
		"the same external id": {
			map[string]string{"a": "1"}, map[string]string{"a": "2"}, before, after, "a=a", false, nil,
		},
		"the same number": {
			map[string]string{"a": "1234-5", "b": "6789-0"}, map[string]string{"c": "6789-0", "d": "1234-5"},
			before, after, "a=d b=c", false, nil,
		},
		"by their rows": {map[string]string{"a": ""}, map[string]string{"b": ""}, before, after, "a=b", true, nil},
		"without rows":  {map[string]string{"a": ""}, map[string]string{"b": ""}, nil, nil, "", true, nil},
		"two accounts are left": {
			map[string]string{"a": "", "b": ""}, map[string]string{"c": ""}, before, after, "", true, nil,
		},
		"an account of its own": {map[string]string{"a": "1"}, map[string]string{}, before, after, "", false, nil},
		"the old rows cannot be read": {map[string]string{"a": ""}, map[string]string{"b": ""},
			func(domain.Account) ([]banktext.Row, error) { return nil, failed }, after, "", false, failed},
		"the new rows cannot be read": {map[string]string{"a": ""}, map[string]string{"b": ""}, before,
			func(string) ([]banktext.Row, error) { return nil, failed }, "", false, failed},
	} {
		found, err := relinked(tc.before, tc.after).Recognize(tc.rows, tc.rowsAfter)
		var got []string
		for _, pair := range found.Pairs {
			got = append(got, pair.Before.ExternalID+"="+pair.After)
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != tc.want || found.ByRows != tc.comparable || !errors.Is(err, tc.err) {
			t.Errorf("%s: %q, %v, %v", name, text, found.ByRows, err)
		}
	}
}
