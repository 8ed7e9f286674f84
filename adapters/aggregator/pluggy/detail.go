package pluggy

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// moving are the members, as written, that change without the movement being edited:
// when the row was last written, the account's balance behind it, its place among the
// day's rows. The amount is compared exactly, as normalised.
var moving = map[string]bool{`"updatedAt"`: true, `"balance"`: true, `"order"`: true, `"amount"`: true}

// lenient leaves out what the page's own decoding has checked: doubled names and invalid
// UTF-8 are refused there, and to look again costs more than all the rest.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// detail is the object without what moves, in canonical form (RFC 8785, but integers as
// they are written), so that neither the order of members nor 1601.0 for 1601 is an edit.
func detail(object jsontext.Value) ([]byte, error) {
	kept, err := without(moving, object)
	if err != nil || kept.Canonicalize(append(lenient, jsontext.CanonicalizeRawInts(false))...) != nil {
		return nil, malformed("a row that has no canonical form")
	}
	return kept, nil
}

// without copies an object's members but for the named ones. It walks the text once: a
// page has 500 rows, and a map of members costs three times as much.
func without(names map[string]bool, object jsontext.Value) (jsontext.Value, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(object), lenient...)
	if _, err := in.ReadToken(); err != nil {
		return nil, err
	}
	kept := append(make(jsontext.Value, 0, len(object)), '{')
	for in.PeekKind() == '"' {
		name, err := in.ReadValue()
		if err != nil {
			return nil, err
		}
		begun := len(kept)
		if !names[string(name)] {
			kept = append(append(kept, name...), ':')
		}
		value, err := in.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(kept) > begun {
			kept = append(append(kept, value...), ',')
		}
	}
	return append(bytes.TrimSuffix(kept, []byte(",")), '}'), nil
}
