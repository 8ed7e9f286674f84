package vendorhttp

import (
	"crypto/sha256"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Idle names members that no observation depends on, but for the metadata: what moves
// with every read and is no edit. The keys are the names of the objects that hold them:
// "" is the row itself, "*" any object. All names are in their quotes, as they are written.
type Idle map[string]Names

// Names are few, and each is looked for in every object: in turn, which is mostly to
// compare lengths.
type Names []string

func (n Names) has(name []byte) bool {
	return slices.Contains(n, string(name))
}

// Sift appends what of a row decides its observation: its text without white space between
// the members, and without the values of what is idle. visit is shown the row's own
// members. false: the row is no object.
//
// A value is left out only where it is plainly sound, and its name never: a row that is
// known is not decoded again, and must not hide in there that it is no JSON.
func (i Idle) Sift(text, row []byte, visit func(Member)) ([]byte, bool) {
	return i.sift(text, "", row, visit)
}

func (i Idle) sift(text []byte, name string, object []byte, visit func(Member)) ([]byte, bool) {
	own, every := i[name], i["*"]
	var sound bool
	text = append(text, '{')
	for m := range Members(object, &sound) {
		if visit != nil {
			visit(m)
		}
		text = append(append(text, m.Name...), ':')
		switch {
		case (own.has(m.Name) || every.has(m.Name)) && Plain(m.Value):
		case m.Value[0] == '{' && (every != nil || i[string(m.Name)] != nil):
			var within bool
			if text, within = i.sift(text, string(m.Name), m.Value, nil); !within {
				return text, false
			}
		default:
			text = append(text, m.Value...)
		}
		text = append(text, ',')
	}
	return append(text, '}'), sound
}

// SourceOf digests what a reading depends on.
func SourceOf(text []byte) domain.Source {
	digest := sha256.Sum256(text)
	return domain.Source(digest[:])
}
