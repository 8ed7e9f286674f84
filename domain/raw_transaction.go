package domain

// ContentHash identifies the input from which a row was normalised. If two hashes are equal, normalising both inputs
// returns the same TransactionData. The zero ContentHash means that the row must be normalised before it can be
// compared.
//
// The hash covers the row's bytes, all other input of the normalisation (for example the account's type and currency),
// and the version of the normalisation rules.
type ContentHash [16]byte

// IsZero reports whether the hash is the zero ContentHash, which means that there is no hash.
func (s ContentHash) IsZero() bool { return s == ContentHash{} }

// RawTransaction is a row of a vendor's page before normalisation. Most rows have not changed
// since the last read and never need to be normalised.
type RawTransaction struct {
	// ExternalID is the external id of the row. If the id cannot be read, ExternalID is the result of
	// UnreadableRowID, and ContentHash is zero.
	ExternalID  string
	ContentHash ContentHash
	// Normalize returns the row in normalised form. The result depends only on the input that ContentHash covers.
	// Errors:
	//
	//   - the error of UnreadableRow, if the row cannot be converted exactly. The result then contains only Metadata,
	//     with the row's bytes.
	//   - Unavailable (malformed_response), if the row is not JSON. The whole page is then invalid.
	Normalize func() (TransactionData, error)
}

// The dates between which the date of a row must lie. Statements and closes can state no other dates, and no bank has
// rows of other dates.
const (
	firstRowDate Date = "1900-01-01"
	lastRowDate  Date = "2199-12-31"
)

// Row returns the result of Normalize. A row with a date before 1900 or after 2199 is unreadable, whichever vendor
// returned it.
func (r RawTransaction) Row() (TransactionData, error) {
	row, err := r.Normalize()
	if err == nil && row.Date != "" && (row.Date < firstRowDate || row.Date > lastRowDate) {
		return TransactionData{Metadata: row.Metadata}, UnreadableRow(InvalidDate)
	}
	return row, err
}

// RawTransactionsOf wraps rows that are already normalised. Each RawTransaction has the content hash of its row. A
// store always treats a row with the zero hash as changed.
func RawTransactionsOf(rows ...TransactionData) []RawTransaction {
	seen := make([]RawTransaction, 0, len(rows))
	for _, row := range rows {
		seen = append(seen, RawTransaction{
			ExternalID:  row.ExternalID,
			ContentHash: row.ContentHash,
			Normalize:   func() (TransactionData, error) { return row, nil },
		})
	}
	return seen
}
