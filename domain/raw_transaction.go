package domain

// ContentHash identifies the input from which a row was normalised: two hashes are equal
// only if normalising both inputs returns the same TransactionData. The hash covers the
// row's bytes, all other input of the normalisation (for example the account's type and
// currency), and the version of the normalisation rules. The zero ContentHash means that
// the row must be normalised before it can be compared.
type ContentHash [16]byte

// IsZero reports whether the hash is the zero ContentHash, which means that there is no hash.
func (s ContentHash) IsZero() bool { return s == ContentHash{} }

// RawTransaction is a row of a vendor's page before normalisation. Most rows have not changed
// since the last read and never need to be normalised.
type RawTransaction struct {
	ExternalID  string // the same as the ExternalID of the normalised row
	ContentHash ContentHash
	// Normalize returns the row in normalised form. The result depends only on the input that
	// ContentHash covers. Errors: Unavailable (malformed_response) for a row that cannot be
	// converted exactly.
	Normalize func() (TransactionData, error)
}

// RawTransactionsOf wraps rows that are normalised already. Each keeps the content hash of
// its row; a store never treats a row with the zero hash as unchanged.
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
