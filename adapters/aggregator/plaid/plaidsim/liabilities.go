package plaidsim

import (
	"encoding/json"
	"slices"
)

// CardLiability is the latest statement of a card. It has the members of the vendor's object that clients read. A nil
// member is null.
type CardLiability struct {
	Account string       `json:"account_id"`
	Issued  *string      `json:"last_statement_issue_date"`
	Balance *json.Number `json:"last_statement_balance"`
	Minimum *json.Number `json:"minimum_payment_amount"`
	Due     *string      `json:"next_payment_due_date"`
	Paid    *json.Number `json:"last_payment_amount"`
	PaidAt  *string      `json:"last_payment_date"`
	Overdue *bool        `json:"is_overdue"`
}

// SetLiabilities replaces the liabilities of an Item, which then has the product liabilities. It returns ErrNotFound
// for an unknown Item.
func (s *Simulator) SetLiabilities(itemID string, cards ...CardLiability) error {
	return s.edit(itemID, func(i *item) error {
		i.liabilities = append([]CardLiability{}, cards...)
		return nil
	})
}

// getLiabilities serves the liabilities of an Item that has the product.
func (s *Simulator) getLiabilities(i *item, in request) (any, *apiError) {
	if failure := i.healthy(); failure != nil {
		return nil, failure
	}
	if i.liabilities == nil {
		return nil, &errNoLiabilities
	}
	cards := []CardLiability{}
	for _, card := range i.liabilities {
		if len(in.Options.Accounts) == 0 || slices.Contains(in.Options.Accounts, card.Account) {
			cards = append(cards, card)
		}
	}
	return map[string]any{
		"accounts": i.accounts, "item": i.object(), "request_id": requestID,
		"liabilities": map[string]any{"credit": cards, "mortgage": nil, "student": nil},
	}, nil
}

// errNoLiabilities is the error for an Item without the product liabilities.
var errNoLiabilities = apiError{
	400, "INVALID_INPUT", "PRODUCTS_NOT_SUPPORTED", "the following products are not supported by this institution",
}
