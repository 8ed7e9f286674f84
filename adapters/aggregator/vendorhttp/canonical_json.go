package vendorhttp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// CanonicalForm defines a canonical form of JSON objects: two objects with equal content
// have the same bytes. Members are sorted by their names, there is no white space between
// them, and equal strings and numbers are written in the same way.
type CanonicalForm struct {
	// Omit lists the members that the canonical form does not contain.
	Omit VolatileMembers
	// KeepNulls includes members whose value is null; by default they are omitted.
	KeepNulls bool
	// AppendText appends the canonical form of the string value, including its quotes, to text.
	// AppendNumber does the same for a number.
	AppendText, AppendNumber func(text, value []byte) []byte
}

// Append appends the canonical form of an object to text. The object must be one that [Decode] has accepted. The second
// result is false if a member's name is not plain ASCII. In that case, the members are not in canonical order, and the
// caller must sort them.
//
// Append builds no map of the members, because a map per row would be several times as expensive.
func (f *CanonicalForm) Append(text []byte, object []byte) ([]byte, bool) {
	stack := memberStacks.Get().(*[]sortableMember)
	defer memberStacks.Put(stack)
	w := canonicalWriter{form: f, text: text, stack: *stack, plain: true}
	w.object("", object)
	clear(w.stack[:cap(w.stack)]) // otherwise the pooled stack would keep a response in memory
	*stack = w.stack
	return w.text, w.plain
}

type canonicalWriter struct {
	form  *CanonicalForm
	text  []byte
	stack []sortableMember // the members of all objects that are currently being written
	plain bool             // whether all member names so far are plain ASCII
}

// memberStacks is a pool of empty stacks that have capacity for the members of a row. The stacks
// are pooled because growing a new stack for each row costs more than writing the row.
var memberStacks = sync.Pool{New: func() any {
	stack := make([]sortableMember, 0, 64)
	return &stack
}}

// sortableMember is a member together with the first eight bytes of its name as a number.
// Most comparisons of two names need only this number.
type sortableMember struct {
	Member
	prefix uint64
}

func sortable(m Member) sortableMember {
	var prefix [8]byte
	copy(prefix[:], unquoted(m))
	return sortableMember{m, binary.BigEndian.Uint64(prefix[:])}
}

func byName(a, b sortableMember) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return bytes.Compare(unquoted(a.Member), unquoted(b.Member))
}

// object writes a JSON object. The given name is the name of the member whose value is the object, or "" for the
// outermost object.
func (w *canonicalWriter) object(name string, object []byte) {
	ofObject, ofAll := w.form.Omit[name], w.form.Omit["*"]
	start := len(w.stack)
	for m := range (&scanner{text: object}).members() {
		if !isPlainString(m.Name) {
			name, _ := Unquote(m.Name) // cannot fail, because Decode has accepted the name
			m.Name, _ = jsontext.AppendQuote(nil, name)
			w.plain = w.plain && isPlainString(m.Name)
		}
		if ofObject.contains(m.Name) || ofAll.contains(m.Name) || !w.form.KeepNulls && m.Value[0] == 'n' {
			continue
		}
		w.stack = append(w.stack, sortable(m))
	}
	members := w.stack[start:]
	slices.SortFunc(members, byName)
	w.text = append(w.text, '{')
	for i, m := range members {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.text = append(append(w.text, m.Name...), ':')
		w.value(m.Name, m.Value)
	}
	w.text = append(w.text, '}')
	w.stack = w.stack[:start]
}

func unquoted(m Member) []byte { return m.Name[1 : len(m.Name)-1] }

// value writes the value of the member with the given name. The name determines which members of an object are omitted.
// For a list, the same name applies to each element.
func (w *canonicalWriter) value(name, value []byte) {
	switch value[0] {
	case '{':
		w.object(string(name), value)
	case '[':
		w.list(name, value)
	case '"':
		w.text = w.form.AppendText(w.text, value)
	case 'n', 't', 'f':
		w.text = append(w.text, value...)
	default:
		w.text = w.form.AppendNumber(w.text, value)
	}
}

func (w *canonicalWriter) list(name, list []byte) {
	s := scanner{text: list, at: 1}
	w.text = append(w.text, '[')
	for s.space(); s.peek() != ']'; s.space() {
		if s.peek() == ',' {
			s.at++
			s.space()
			w.text = append(w.text, ',')
		}
		start := s.at
		if !s.skip() {
			w.plain = false
			return
		}
		w.value(name, list[start:s.at])
	}
	w.text = append(w.text, ']')
}

// AppendCanonical appends a string or a number in the form that RFC 8785 (JSON Canonicalization
// Scheme) specifies, except that all digits of an integer are kept.
func AppendCanonical(text, value []byte) []byte {
	if isPlainString(value) || isDigits(value) {
		return append(text, value...)
	}
	canonical := jsontext.Value(bytes.Clone(value))
	// This cannot fail, because Decode has accepted the value.
	_ = canonical.Canonicalize(jsontext.CanonicalizeRawInts(false))
	return append(text, canonical...)
}
