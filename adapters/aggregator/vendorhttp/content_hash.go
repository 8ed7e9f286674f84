package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// VolatileMembers lists the names of members whose values change although the transaction was not edited. A
// [CanonicalForm] omits these members. Each key selects the objects from which they are omitted:
//
//   - The key "" selects the row itself.
//   - The key "*" selects every object.
//   - Any other key is the name of a member. It selects the object that is the value of this member, at any depth.
//
// All names include their quotes, as in the JSON text.
type VolatileMembers map[string]MemberNames

// MemberNames is a list of names. It is searched once for every member of every object. A short
// list is faster than a map, because comparing two names usually compares only their lengths.
type MemberNames []string

func (n MemberNames) contains(name []byte) bool {
	return slices.Contains(n, string(name))
}

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
