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

// MemberNames is a list and not a map, because it is short and is searched for every member
// of every object. Comparing one name after another usually compares only the lengths.
type MemberNames []string

func (n MemberNames) contains(name []byte) bool {
	return slices.Contains(n, string(name))
}

// ContentHashOf returns the content hash of a row: the first 16 bytes of the SHA-256 of
// text. text must include every byte of the row, because a row whose content hash is stored is
// neither decoded again nor stored again: its stored metadata must be the same bytes. text must
// also include everything else on which the row's normalised form depends.
func ContentHashOf(text []byte) domain.ContentHash {
	hash := sha256.Sum256(text)
	return domain.ContentHash(hash[:])
}
