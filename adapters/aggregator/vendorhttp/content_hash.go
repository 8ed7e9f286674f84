package vendorhttp

import (
	"crypto/sha256"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ContentHashOf returns the content hash of a row: the first 16 bytes of the SHA-256 of text. A row whose content hash
// is already stored is neither decoded nor stored again. Therefore text must include the SHA-256 of the whole row, and
// all other inputs of the row's normalised form.
func ContentHashOf(text []byte) domain.ContentHash {
	hash := sha256.Sum256(text)
	return domain.ContentHash(hash[:])
}

// WithOrigin returns a copy of data with the fields RowSHA256 and Normalizer set. RowSHA256 is the hash of the vendor's
// row. Normalizer is the version of the rules by which the row was normalised.
func WithOrigin(data domain.TransactionData, row [sha256.Size]byte, rules string) domain.TransactionData {
	data.RowSHA256, data.Normalizer = row[:], rules
	return data
}
