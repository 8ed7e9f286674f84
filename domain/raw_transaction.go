package domain

// ContentHash identifies the input from which a row was normalised: two hashes are equal
// only if normalising both inputs gives the same TransactionData. It covers the row's
// bytes, everything else that normalising depends on (for example the account's type and
// currency), and the version of the normalisation rules. The zero ContentHash belongs to
// a row that must be normalised before it can be compared.
type ContentHash [16]byte

// IsZero reports whether the hash is absent.
func (s ContentHash) IsZero() bool { return s == ContentHash{} }

// RawTransaction is a row of a vendor's page that is not normalised yet. Most rows are
// unchanged since the last read and never need to be normalised.
type RawTransaction struct {
	ExternalID  string // that of the normalised row
	ContentHash ContentHash
	// Normalize converts the row. It depends only on the row's bytes. Errors: Unavailable
	// (malformed_response) for a row that cannot be converted exactly.
	Normalize func() (TransactionData, error)
}

// RawTransactionsOf wraps rows that are normalised already. They have no content hash, so
// no store takes them for unchanged.
func RawTransactionsOf(rows ...TransactionData) []RawTransaction {
	seen := make([]RawTransaction, 0, len(rows))
	for _, row := range rows {
		seen = append(seen, RawTransaction{
			ExternalID: row.ExternalID, ContentHash: row.ContentHash, Normalize: func() (TransactionData, error) { return row, nil },
		})
	}
	return seen
}
