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
	begin, end := s.find(name)
	if begin == end {
		return nil, Decode(body, into)
	}
	rows, ok := cutRows(body[begin:end])
	if !ok {
		return nil, malformed("a list of other things than objects")
	}
	around := make([]byte, 0, begin+len(body)-end+len("[]"))
	around = append(append(append(around, body[:begin]...), "[]"...), body[end:]...)
	if err := Decode(around, into); err != nil {
		return nil, err
	}
	return rows, nil
}

// find gives where the list begins and ends that is the top-level member of this name; two
// equal places where there is none.
func (s *scanner) find(name string) (begin, end int) {
	for member := range s.members() {
		if member.called(name) && member.Value[0] == '[' {
			return s.at - len(member.Value), s.at
		}
	}
	return 0, 0
}

// cutRows parts a list's text into its objects.
func cutRows(list []byte) ([]jsontext.Value, bool) {
	rows := make([]jsontext.Value, 0, 512)
	s := scanner{text: list, at: 1, depth: 2} // below the answer and the list
	if s.space(); s.next() == ']' {
		return rows, true
	}
	for {
		begin := s.at
		if s.next() != '{' || !s.skip() {
			return nil, false
		}
		rows = append(rows, jsontext.Value(list[begin:s.at:s.at]))
		s.space()
		switch s.next() {
		case ',':
			s.at++
			s.space()
		case ']':
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
	text, err := Text(m.Name)
	return err == nil && text == name
}

// Text reads a JSON string.
func Text(quoted []byte) (string, error) {
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
func Plain(value []byte) bool {
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
