package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A store looks up removed rows by the keys of a new row. Therefore two rows that the rule SameKey matches must have a
// key in common.
func TestRowsThatMatchByAKeyHaveThisKeyInCommon(t *testing.T) {
	const endToEnd = "PIX E00000000202611101200AAAAAAAAAAA"
	bought := instalment(domain.Instalment{
		PurchaseDate: "2026-11-01", Number: 1, Count: 3, Total: "150", Card: "1234",
	})
	other := domain.AccountID{UUID: [16]byte{1}}
	for name, tc := range map[string]struct {
		left, came domain.MatchRow
		common     int // the kind of the common key; -1 for none
	}{
		"an id of the institution": {left("l", transactionKey("k")), came("c", transactionKey("k")), 0},
		"an authentication":        {left("l", authentication("k")), came("c", authentication("k")), 1},
		"an end-to-end id":         {left("l", text(endToEnd)), came("c", text(endToEnd+" MARIA")), 2},
		"a reference":              {left("l", reference("k")), came("c", reference("k")), 3},
		"a reference of the receiver": {
			left("l", receiverReference("k")), came("c", receiverReference("k")), 4,
		},
		"an instalment":     {left("l", bought), came("c", bought), 5},
		"no key":            {left("l"), came("c"), -1},
		"two ids":           {left("l", transactionKey("k")), came("c", transactionKey("m")), -1},
		"keys of two kinds": {left("l", transactionKey("k")), came("c", authentication("k")), -1},
		"a reference with two amounts": {
			left("l", reference("k")), came("c", reference("k"), amount("-51")), -1,
		},
		"two directions": {
			left("l", transactionKey("k")), came("c", transactionKey("k"), amount("50")), -1,
		},
		"two accounts": {
			left("l", transactionKey("k")),
			came("c", transactionKey("k"), func(r *domain.MatchRow) { r.Account = other }), -1,
		},
		"rows without a date": {
			left("l", transactionKey("k"), on("")), came("c", transactionKey("k"), on("")), -1,
		},
	} {
		before, after := domain.MatchKeys(tc.left), domain.MatchKeys(tc.came)
		common := -1
		for kind := range domain.MatchKeyKinds {
			if key, ok := before[kind]; ok && key == after[kind] {
				common = kind
			}
		}
		if common != tc.common {
			t.Errorf("%s: a common key of kind %d, want %d: %v and %v", name, common, tc.common, before, after)
		}
		in := domain.MatchInput{Left: rows{tc.left}, Came: rows{tc.came}}
		matches := domain.MatchRows(in)
		if matched := len(matches) == 1 && matches[0].Rule == domain.SameKey; matched != (common >= 0) {
			t.Errorf("%s: a common key of kind %d, matches %v", name, common, matches)
		}
	}
}
