package pluggy

import (
	"crypto/sha256"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// rules is the version of the rules by which normalize converts a row. It is part of every content hash. Increase it
// with every change of normalize's results: then every row is normalised and compared once more. A test uses the golden
// files to check that it was increased.
const rules = "pluggy 2"

// transactionPage is a response of GET /v2/transactions without its rows, which are in the member
// results. Next is a complete query string that starts with "?", or null on the last page.
// Source: the vendor's OpenAPI document, v2 transactions.
type transactionPage struct {
	Next *string `json:"next"`
}

// decodePage decodes a page of transactions. It returns all rows and the vendor's cursor of the next page, or an error.
// A row that cannot be read does not make decodePage fail. decodePage computes the content hash of each row, but does
// not normalise the rows; the caller does that only for rows that have changed. A page without a list is an error.
// Otherwise a sweep (a read of the whole account, which also detects removed rows) would treat it as an empty page and
// mark the rows as removed.
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
