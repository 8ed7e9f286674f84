package vendorhttp

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// DecodeList reads an answer that is an object with a list of objects, the member called
// name, and gives the list's rows: parts of the body, not copied. All but the rows is
// decoded as [Decode] does, the list itself as an empty one.
//
// A row is only cut out here, by its brackets and quotes: whether it is JSON, without a
// doubled member, is for who decodes it to find. So a row that is byte for byte one which
// was decoded before costs no more than this. The rows are nil where there is no list.
// Errors: as Decode, also for a row that is no object.
func DecodeList(body []byte, name string, into any) ([]jsontext.Value, error) {
	s := scanner{text: body}
	if !s.find(name) {
		return nil, Decode(body, into)
	}
	begin := s.at
	rows, ok := s.rows()
	if !ok {
		return nil, malformed("a list of other things than objects")
	}
	around := make([]byte, 0, begin+len(body)-s.at+len("[]"))
	around = append(append(append(around, body[:begin]...), "[]"...), body[s.at:]...)
	if err := Decode(around, into); err != nil {
		return nil, err
	}
	return rows, nil
}

// find stands before the list that is the object's member of this name; false where there
// is none.
func (s *scanner) find(name string) bool {
	if s.space(); !s.take('{') {
		return false
	}
	for s.space(); s.next() == '"'; s.space() {
		member, ok := s.name()
		if !ok {
			return false
		}
		if s.next() == '[' && (Member{Name: member}).called(name) {
			return true
		}
		if !s.skip() {
			return false
		}
		if s.space(); !s.take(',') {
			return false
		}
	}
	return false
}

// rows parts a list of an answer into its objects, and stands behind it.
func (s *scanner) rows() ([]jsontext.Value, bool) {
	s.depth = 2 // below the answer and the list
	s.at++
	rows := make([]jsontext.Value, 0, 512)
	if s.space(); s.next() == ']' {
		s.at++
		return rows, true
	}
	for {
		begin := s.at
		if s.next() != '{' || !s.skip() {
			return nil, false
		}
		rows = append(rows, jsontext.Value(s.text[begin:s.at:s.at]))
		s.space()
		switch s.next() {
		case ',':
			s.at++
			s.space()
		case ']':
			s.at++
			return rows, true
		default:
			return nil, false
		}
	}
}

// Member is a member of an object as it was written: the name in its quotes.
type Member struct{ Name, Value []byte }

// called compares names, also one that is written with escapes.
func (m Member) called(name string) bool {
	text, err := Unquote(m.Name)
	return err == nil && text == name
}

// Text reads a JSON string.
func Unquote(quoted []byte) (string, error) {
	if plainText(quoted) {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}

// plainText says whether a string's bytes between the quotes are the text.
func plainText(quoted []byte) bool {
	if len(quoted) < 2 || quoted[0] != '"' {
		return false
	}
	for _, c := range quoted[1 : len(quoted)-1] {
		if c < ' ' || c >= 0x80 || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

// Plain says whether a value is surely sound JSON: a text of ASCII without escapes, a
// number without an exponent, true, false or null.
func IsPlainScalar(value []byte) bool {
	switch text := string(value); {
	case text == "":
		return false
	case text[0] == '"':
		return plainText(value)
	case text == "null", text == "true", text == "false":
		return true
	}
	whole, part, split := bytes.Cut(bytes.TrimPrefix(value, []byte("-")), []byte("."))
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!split || digits(part))
}

func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}
