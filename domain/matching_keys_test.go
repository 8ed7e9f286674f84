package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A store uses MatchKeys of a new row to look up old rows. If SameKey matches two rows, MatchKeys must therefore return
// a common key for both.
func TestRowsThatMatchByAKeyHaveThisKeyInCommon(t *testing.T) {
	const endToEnd = "PIX E00000000202611101200AAAAAAAAAAA"
	bought := instalment(domain.Instalment{
		PurchaseDate: "2026-11-01", Number: 1, Count: 3, Total: "150", Card: "1234",
	})
	other := domain.AccountID{UUID: [16]byte{1}}
	for name, tc := range map[string]struct {
		oldRow, newRow domain.MatchRow
		common         int // the kind of key (see MatchKeys) that both rows have in common; -1 for none
	}{
		"an id of the institution": {oldRow("l", transactionKey("k")), newRow("c", transactionKey("k")), 0},
		"an authentication":        {oldRow("l", authentication("k")), newRow("c", authentication("k")), 1},
		"an end-to-end id":         {oldRow("l", text(endToEnd)), newRow("c", text(endToEnd+" MARIA")), 2},
		"a reference":              {oldRow("l", reference("k")), newRow("c", reference("k")), 3},
		"a reference of the receiver": {
			oldRow("l", receiverReference("k")), newRow("c", receiverReference("k")), 4,
		},
		"an instalment":     {oldRow("l", bought), newRow("c", bought), 5},
		"no key":            {oldRow("l"), newRow("c"), -1},
		"two ids":           {oldRow("l", transactionKey("k")), newRow("c", transactionKey("m")), -1},
		"keys of two kinds": {oldRow("l", transactionKey("k")), newRow("c", authentication("k")), -1},
		"a reference with two amounts": {
			oldRow("l", reference("k")), newRow("c", reference("k"), amount("-51")), -1,
		},
		"two directions": {
			oldRow("l", transactionKey("k")), newRow("c", transactionKey("k"), amount("50")), -1,
		},
		"two accounts": {
			oldRow("l", transactionKey("k")),
			newRow("c", transactionKey("k"), func(r *domain.MatchRow) { r.Account = other }), -1,
		},
		"rows without a date": {
			oldRow("l", transactionKey("k"), on("")), newRow("c", transactionKey("k"), on("")), -1,
		},
	} {
		before, after := domain.MatchKeys(tc.oldRow), domain.MatchKeys(tc.newRow)
		common := -1
		for kind := range domain.MatchKeyKinds {
			if key, ok := before[kind]; ok && key == after[kind] {
				common = kind
			}
		}
		if common != tc.common {
			t.Errorf("%s: a common key of kind %d, want %d: %v and %v", name, common, tc.common, before, after)
		}
		in := domain.MatchInput{Old: rows{tc.oldRow}, New: rows{tc.newRow}}
		matches := domain.MatchRows(in)
		if matched := len(matches) == 1 && matches[0].Rule == domain.SameKey; matched != (common >= 0) {
			t.Errorf("%s: a common key of kind %d, matches %v", name, common, matches)
		}
	}
}
