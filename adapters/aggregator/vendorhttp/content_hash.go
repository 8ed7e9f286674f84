package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// VolatileMembers names the members whose values change with every read although the row was
// not edited. The content hash omits their values. No transaction data depends on these
// members, except for the metadata. A key identifies the object that contains the members: ""
// is the row itself, and "*" is any object.
//
// AppendStable identifies an object by its path from the row, `"a"/"b"`. A [CanonicalForm]
// identifies it by its own name, at any depth. AppendStable searches only the objects that
// have a key, or all objects if there is the key "*". All names include their quotes, as in
// the JSON text.
type VolatileMembers map[string]MemberNames

// MemberNames is a list and not a map, because it is short and is searched for every member
// of every object. Comparing one name after another usually compares only the lengths.
type MemberNames []string

func (n MemberNames) contains(name []byte) bool {
	return slices.Contains(n, string(name))
}

// AppendStable appends the input of a row's content hash: the text of the row without the
// values of its volatile members and without white space between members. If visit is not
// nil, AppendStable calls it with each member of the row itself. It returns false if the row
// is not an object.
//
// The value of a volatile member is omitted only if it is certainly valid JSON, and the name
// is never omitted. The reason is that a row whose content hash is already stored is not
// decoded again, so invalid JSON must change the hash.
func (v VolatileMembers) AppendStable(text, row []byte, visit func(Member)) ([]byte, bool) {
	return v.appendStable(text, nil, row, visit)
}

func (v VolatileMembers) appendStable(text, path, object []byte, visit func(Member)) ([]byte, bool) {
	ofPath, ofAll := v[string(path)], v["*"]
	var pathBuffer [maxPath]byte
	var valid bool
	text = append(text, '{')
	for m := range Members(object, &valid) {
		if visit != nil {
			visit(m)
		}
		text = append(append(text, m.Name...), ':')
		memberPath := appendPath(pathBuffer[:0], path, m.Name)
		switch {
		case (ofPath.contains(m.Name) || ofAll.contains(m.Name)) && IsPlainScalar(m.Value):
		case m.Value[0] == '{' && (ofAll != nil || v[string(memberPath)] != nil):
			var validMember bool
			if text, validMember = v.appendStable(text, memberPath, m.Value, nil); !validMember {
				return text, false
			}
		default:
			text = append(text, m.Value...)
		}
		text = append(text, ',')
	}
	return append(text, '}'), valid
}

// maxPath is the maximum length of a path in bytes; every key of a VolatileMembers must be
// shorter. No path becomes longer, no matter how deeply a vendor nests objects.
const maxPath = 64

// appendPath appends a path to the slice to and returns the result. The path is that of a
// member: path is the path of the object that contains the member, and name is the member's
// name. If the member's path is too long to be a key, appendPath appends "?" instead, which is
// never a key.
func appendPath(to, path, name []byte) []byte {
	switch {
	case len(path)+1+len(name) > maxPath:
		return append(to, '?')
	case len(path) == 0:
		return append(to, name...)
	}
	return append(append(append(to, path...), '/'), name...)
}

// ContentHashOf returns the content hash of a row: the first 16 bytes of the SHA-256 of
// text. text must include everything on which the row's normalised form depends.
func ContentHashOf(text []byte) domain.ContentHash {
	hash := sha256.Sum256(text)
	return domain.ContentHash(hash[:])
}
