package pluggy

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rules is the version of the rules by which normalize reads a row; it is part of every
// content hash. Raise it with any change of the result: then every row is normalised and
// compared again, once. A test checks it against the golden files.
const rules = "pluggy 1"

// volatile names the members that change without an effect on the transaction data. The
// amount is not one of them, because it is normalised.
var volatile = vendorhttp.VolatileMembers{"": {`"updatedAt"`, `"balance"`, `"order"`}}

// transactionPage is a response of GET /v2/transactions without its rows, the member
// results. Next is a complete query string that begins with "?", or null on the last page.
// Source: the vendor's OpenAPI document, v2 transactions.
type transactionPage struct {
	Next *string `json:"next"`
}

// decodePage decodes a page of transactions, all rows or none, and returns the vendor's
// cursor of the next page. It computes the content hash of each row, but normalises none:
// the caller does that for rows that have changed. A page without a list is an error,
// because a sweep that took it for an empty page would remove every row it does not show.
func decodePage(body []byte, account domain.AccountData) ([]domain.RawTransaction, *string, error) {
	var page transactionPage
	rows, err := vendorhttp.DecodeList(body, "results", &page)
	switch {
	case err != nil:
		return nil, nil, err
	case rows == nil:
		return nil, nil, malformed("a page without results")
	}
	transactions := make([]domain.RawTransaction, 0, len(rows))
	// A row is normalised by these rules and depends on these facts of its account, so they
	// come first in the input of its content hash.
	facts := []string{rules, account.ExternalID, string(account.Type), account.Currency, ""}
	prefix := []byte(strings.Join(facts, "\x00"))
	hashInput := prefix
	for _, row := range rows {
		var id string
		var valid bool
		hashInput, valid = volatile.AppendStable(hashInput[:len(prefix)], row, func(m vendorhttp.Member) {
			if string(m.Name) == `"id"` {
				id, _ = vendorhttp.Unquote(m.Value)
			}
		})
		if !valid || !validID(id) {
			return nil, nil, malformed("a row that is not an object, or without an id")
		}
		transactions = append(transactions, domain.RawTransaction{
			ExternalID: id, ContentHash: vendorhttp.ContentHashOf(hashInput),
			Normalize: func() (domain.TransactionData, error) { return normalize(row, account) },
		})
	}
	return transactions, page.Next, nil
}
