package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Idle names members that no observation depends on, but for the metadata: what moves
// with every read and is no edit. The keys name the objects that hold them: "" is the row
// itself, "*" any object. To Sift an object's name is its path from the row, `"a"/"b"`; to
// a Form it is its own name, wherever the object stands. Sift looks into objects that have
// a key, or into all where there is "*". All names are in their quotes, as
// they are written.
type VolatileMembers map[string]MemberNames

// Names are few, and each is looked for in every object: in turn, which is mostly to
// compare lengths.
type MemberNames []string

func (n MemberNames) has(name []byte) bool {
	return slices.Contains(n, string(name))
}

// Sift appends what of a row decides its observation: its text without white space between
// the members, and without the values of what is idle. visit is shown the row's own
// members. false: the row is no object.
//
// A value is left out only where it is plainly sound, and its name never: a row that is
// known is not decoded again, and must not hide in there that it is no JSON.
func (i VolatileMembers) AppendStable(text, row []byte, visit func(Member)) ([]byte, bool) {
	return i.appendStable(text, nil, row, visit)
}

func (i VolatileMembers) appendStable(text, path, object []byte, visit func(Member)) ([]byte, bool) {
	own, every := i[string(path)], i["*"]
	var room [maxPath]byte
	var sound bool
	text = append(text, '{')
	for m := range Members(object, &sound) {
		if visit != nil {
			visit(m)
		}
		text = append(append(text, m.Name...), ':')
		beneath := below(room[:0], path, m.Name)
		switch {
		case (own.has(m.Name) || every.has(m.Name)) && IsPlainScalar(m.Value):
		case m.Value[0] == '{' && (every != nil || i[string(beneath)] != nil):
			var within bool
			if text, within = i.appendStable(text, beneath, m.Value, nil); !within {
				return text, false
			}
		default:
			text = append(text, m.Value...)
		}
		text = append(text, ',')
	}
	return append(text, '}'), sound
}

// maxPath is longer than any key. A vendor may nest as it likes; its paths do not grow.
const maxPath = 64

// below appends the path of a member, or what is no key for one that is too long to be one.
func below(to, path, name []byte) []byte {
	switch {
	case len(path)+1+len(name) > maxPath:
		return append(to, '?')
	case len(path) == 0:
		return append(to, name...)
	}
	return append(append(append(to, path...), '/'), name...)
}

// SourceOf digests what a reading depends on.
func ContentHashOf(text []byte) domain.ContentHash {
	digest := sha256.Sum256(text)
	return domain.ContentHash(digest[:])
}
