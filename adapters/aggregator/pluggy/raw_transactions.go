package pluggy

import (
	"crypto/sha256"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rules is the version of the rules by which normalize converts a row, and part of every content hash. Increase it
// whenever the results of normalize change. Every row is then normalised and compared once more. A test with the golden
// files checks that the version was increased.
const rules = "pluggy 5"

// transactionPage is a response of GET /v2/transactions without its rows, which are in the member
// results. Next is a complete query string that starts with "?", or null on the last page.
// Source: the vendor's OpenAPI document, v2 transactions.
type transactionPage struct {
	Next *string `json:"next"`
}

// decodePage decodes a page of transactions. It returns all rows and the vendor's cursor of the next page. The rows
// have content hashes, but are not normalised yet. A row that cannot be read is not an error.
//
// A page without a list is an error. If such a page counted as empty, a complete read of the account could mark stored
// rows as removed.
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
	// The normalised form of a row depends on the version of the rules and on these properties of
	// the row's account. Therefore the input of the content hash begins with them.
	facts := []string{rules, account.ExternalID, string(account.Type), account.Currency, ""}
	prefix := []byte(strings.Join(facts, "\x00"))
	hashInput := prefix
	for _, row := range rows {
		id, valid := rowID(row)
		if !valid || !validID(id) {
			transactions = append(transactions, vendorhttp.UnidentifiedRow(row, func() error {
				_, err := normalize(row, account)
				return err
			}))
			continue
		}
		rowHash := sha256.Sum256(row)
		hashInput = append(hashInput[:len(prefix)], rowHash[:]...)
		transactions = append(transactions, domain.RawTransaction{
			ExternalID: id, ContentHash: vendorhttp.ContentHashOf(hashInput),
			Normalize: func() (domain.TransactionData, error) {
				data, err := normalize(row, account)
				return vendorhttp.WithOrigin(data, rowHash, rules), err
			},
		})
	}
	return transactions, page.Next, nil
}

// rowID returns the id of a row that has not been decoded, and reports whether the row is an object. The id is "" if
// the row has no id or more than one id.
func rowID(row []byte) (id string, valid bool) {
	ids := 0
	for m := range vendorhttp.Members(row, &valid) {
		if string(m.Name) == `"id"` {
			id, _ = vendorhttp.Unquote(m.Value)
			ids++
		}
	}
	if ids > 1 {
		id = ""
	}
	return id, valid
}
