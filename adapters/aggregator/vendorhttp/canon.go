package vendorhttp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Form is how an object is written so that two which say the same are the same bytes:
// members in the order of their names, no white space, and each text and number in one way.
type CanonicalForm struct {
	// Without are members left out.
	Omit VolatileMembers
	// Nulls says whether members that are null are written.
	KeepNulls bool
	// Text and Number append a text, in its quotes, and a number.
	AppendText, AppendNumber func(text, value []byte) []byte
}

// Write appends an object that [Decode] has taken, in one walk: a page has many rows, and a
// map of members costs several times as much. false: a name is not plain ASCII, and the
// order of such names is for who decodes them.
func (f *CanonicalForm) Append(text []byte, object []byte) ([]byte, bool) {
	stack := stacks.Get().(*[]ranked)
	defer stacks.Put(stack)
	w := writer{form: f, text: text, stack: *stack, plain: true}
	w.object("", object)
	clear(w.stack[:cap(w.stack)]) // who waits in the pool holds on to no answer
	*stack = w.stack
	return w.text, w.plain
}

type writer struct {
	form  *CanonicalForm
	text  []byte
	stack []ranked // the members of the objects that are being written
	plain bool
}

// stacks are empty, with room for a row: to grow one for each costs more than to write it.
var stacks = sync.Pool{New: func() any {
	stack := make([]ranked, 0, 64)
	return &stack
}}

// ranked is a member with the first eight bytes of its name as a number, by which most
// names are told apart.
type ranked struct {
	Member
	rank uint64
}

func rank(m Member) ranked {
	var first [8]byte
	copy(first[:], unquoted(m))
	return ranked{m, binary.BigEndian.Uint64(first[:])}
}

func byName(a, b ranked) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	return bytes.Compare(unquoted(a.Member), unquoted(b.Member))
}

// object writes the object that is the member of this name; "" is the outermost.
func (w *writer) object(name string, object []byte) {
	own, every := w.form.Omit[name], w.form.Omit["*"]
	begin := len(w.stack)
	for m := range (&scanner{text: object}).members() {
		if !plainText(m.Name) {
			name, _ := Unquote(m.Name) // sound, for it was decoded
			m.Name, _ = jsontext.AppendQuote(nil, name)
			w.plain = w.plain && plainText(m.Name)
		}
		if own.has(m.Name) || every.has(m.Name) || !w.form.KeepNulls && m.Value[0] == 'n' {
			continue
		}
		w.stack = append(w.stack, rank(m))
	}
	held := w.stack[begin:]
	slices.SortFunc(held, byName)
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
		w.text = w.form.AppendText(w.text, value)
	case 'n', 't', 'f':
		w.text = append(w.text, value...)
	default:
		w.text = w.form.AppendNumber(w.text, value)
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
func AppendCanonical(text, value []byte) []byte {
	if plainText(value) || digits(value) {
		return append(text, value...)
	}
	one := jsontext.Value(bytes.Clone(value))
	_ = one.Canonicalize(jsontext.CanonicalizeRawInts(false)) // sound, for it was decoded
	return append(text, one...)
}
