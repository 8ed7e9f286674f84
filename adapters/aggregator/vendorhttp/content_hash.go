package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// VolatileMembers names the members that change with every read without being an edit. No
// transaction data depends on them, except the metadata, so the content hash leaves them
// out. The keys name the objects that hold them: "" is the row itself, "*" any object.
//
// The methods of VolatileMembers identify an object by its path from the row, `"a"/"b"`;
// a [CanonicalForm] identifies it by its own name, at any depth. AppendStable looks into
// the objects that have a key, or into all if there is "*". All names are in their quotes,
// as in the text.
type VolatileMembers map[string]MemberNames

// MemberNames is a list, because it is short and searched for every member of every object:
// comparing one name after the other mostly compares lengths only.
type MemberNames []string

func (n MemberNames) contains(name []byte) bool {
	return slices.Contains(n, string(name))
}

// AppendStable appends the input of a row's content hash: the text of the row without the
// values of its volatile members and without white space between members. It calls visit,
// unless nil, with each member of the row itself. It returns false if the row is not an
// object.
//
// A value is left out only if it is certainly valid JSON, and its name never is. A row with
// a known content hash is not decoded again, so invalid JSON must change the hash.
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

// maxPath bounds a path, in bytes; every key is shorter. However deeply a vendor nests its
// objects, a path does not grow further.
const maxPath = 64

// appendPath appends the path of a member. For a path that is too long to be a key it
// appends "?", which is no key.
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
// text, which is everything that the row's normalised form depends on.
func ContentHashOf(text []byte) domain.ContentHash {
	hash := sha256.Sum256(text)
	return domain.ContentHash(hash[:])
}
