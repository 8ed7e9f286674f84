package domain

// Source tells apart what rows were read from: it is equal for two readings only when
// they give the same observation. It covers the row's bytes, all else that reading them
// depends on (the account's type and currency, say), and the version of the rules by
// which they are read. The zero Source is of a row that must be read to be known.
type ContentHash [16]byte

// IsZero says whether the source tells nothing.
func (s ContentHash) IsZero() bool { return s == ContentHash{} }

// Sighting is a row as a vendor's page shows it, not read yet: most rows are as they were
// the last time, and need not be read again.
type RawTransaction struct {
	ExternalID  string // that of the observation
	ContentHash ContentHash
	// Observe reads the row: the bytes, and nothing else of the world. Errors: Unavailable
	// (malformed_response) for a row that cannot be read exactly.
	Normalize func() (TransactionData, error)
}

// Seen makes sightings of rows that are read already. Nobody takes them for known.
func RawTransactionsOf(rows ...TransactionData) []RawTransaction {
	seen := make([]RawTransaction, 0, len(rows))
	for _, row := range rows {
		seen = append(seen, RawTransaction{
			ExternalID: row.ExternalID, ContentHash: row.ContentHash, Normalize: func() (TransactionData, error) { return row, nil },
		})
	}
	return seen
}
