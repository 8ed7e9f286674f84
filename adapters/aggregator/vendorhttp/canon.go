package vendorhttp

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Form is how an object is written so that two which say the same are the same bytes:
// members in the order of their names, no white space, and each text and number in one way.
type Form struct {
	// Without are members left out.
	Without Idle
	// Nulls says whether members that are null are written.
	Nulls bool
	// Text and Number append a text, in its quotes, and a number.
	Text, Number func(text, value []byte) []byte
}

// Write appends an object that [Decode] has taken, in one walk: a page has many rows, and a
// map of members costs several times as much. false: a name is not plain ASCII, and the
// order of such names is for who decodes them.
func (f *Form) Write(text []byte, object []byte) ([]byte, bool) {
	w := writer{form: f, text: text, plain: true}
	w.object("", object)
	return w.text, w.plain
}

type writer struct {
	form  *Form
	text  []byte
	stack []Member // of the objects that are being written
	plain bool
}

// object writes the object that is the member of this name; "" is the outermost.
func (w *writer) object(name string, object []byte) {
	own, every := w.form.Without[name], w.form.Without["*"]
	begin := len(w.stack)
	for m := range (&scanner{text: object}).members() {
		if !plainText(m.Name) {
			name, _ := Text(m.Name) // sound, for it was decoded
			m.Name, _ = jsontext.AppendQuote(nil, name)
			w.plain = w.plain && plainText(m.Name)
		}
		if own[string(m.Name)] || every[string(m.Name)] || !w.form.Nulls && m.Value[0] == 'n' {
			continue
		}
		w.stack = append(w.stack, m)
	}
	held := w.stack[begin:]
	slices.SortFunc(held, func(a, b Member) int { return bytes.Compare(unquoted(a), unquoted(b)) })
	w.text = append(w.text, '{')
	for i, m := range held {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.text = append(append(w.text, m.Name...), ':')
		w.value(m.Name, m.Value)
	}
	w.text = append(w.text, '}')
	w.stack = w.stack[:begin]
}

func unquoted(m Member) []byte { return m.Name[1 : len(m.Name)-1] }

// value writes a value; what is in a list belongs to the member that the list is.
func (w *writer) value(name, value []byte) {
	switch value[0] {
	case '{':
		w.object(string(name), value)
	case '[':
		w.list(name, value)
	case '"':
		w.text = w.form.Text(w.text, value)
	case 'n', 't', 'f':
		w.text = append(w.text, value...)
	default:
		w.text = w.form.Number(w.text, value)
	}
}

func (w *writer) list(name, list []byte) {
	s := scanner{text: list, at: 1}
	w.text = append(w.text, '[')
	for s.space(); s.next() != ']'; s.space() {
		if s.next() == ',' {
			s.at++
			s.space()
			w.text = append(w.text, ',')
		}
		begin := s.at
		if !s.skip() {
			w.plain = false
			return
		}
		w.value(name, list[begin:s.at])
	}
	w.text = append(w.text, ']')
}

// Canonical appends a text or number as RFC 8785 has it, but integers as they are written.
func Canonical(text, value []byte) []byte {
	if plainText(value) || digits(value) {
		return append(text, value...)
	}
	one := jsontext.Value(bytes.Clone(value))
	_ = one.Canonicalize(jsontext.CanonicalizeRawInts(false)) // sound, for it was decoded
	return append(text, one...)
}
