package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// VolatileMembers names the members whose values change although the transaction was not
// edited. A [CanonicalForm] omits these members. A key identifies the object that contains the
// members by its own name, at any depth: "" is the row itself, and "*" is any object. All names
// include their quotes, as in the JSON text.
type VolatileMembers map[string]MemberNames

// MemberNames is a list of names. It is searched for every member of every object, and a short list
// is faster than a map: comparing one name after another usually compares only the lengths.
type MemberNames []string

func (n MemberNames) contains(name []byte) bool {
	return slices.Contains(n, string(name))
}

// ContentHashOf returns the content hash of a row: the first 16 bytes of the SHA-256 of text. A row whose
// content hash is already stored is neither decoded nor stored again. So equal hashes must mean equal metadata
// and an equal normalised form. Therefore text must include the SHA-256 of the whole row, and everything else
// on which the normalised form depends.
func ContentHashOf(text []byte) domain.ContentHash {
	hash := sha256.Sum256(text)
	return domain.ContentHash(hash[:])
}

// WithOrigin returns data with the SHA-256 of its row and the version of the rules that normalised it.
func WithOrigin(data domain.TransactionData, row [sha256.Size]byte, rules string) domain.TransactionData {
	data.RowSHA256, data.Normalizer = row[:], rules
	return data
}
