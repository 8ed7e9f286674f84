package vendorhttp

import "github.com/go-json-experiment/json/jsontext"

// DecodeList decodes a page: a response that is an object whose member with the given name is a list. It returns the
// elements of the list, which are the rows of the page. The rows are parts of body, not copies. DecodeList decodes the
// rest of the response into the value pointed to by into, in the same way as [Decode], but as if the list were empty.
// If there is no list, the returned rows are nil.
//
// DecodeList only separates the rows from each other, by their brackets and quotes. Whether a row
// is valid JSON without a duplicate member is checked when the row is decoded. Therefore a row
// whose bytes have not changed since it was last decoded need not be decoded again. A row can be
// any JSON value, nested to any depth; only the rest of the response is limited to 64 levels.
// Errors: the same as those of Decode, and the same error for a list that does not end.
func DecodeList(body []byte, name string, into any) ([]jsontext.Value, error) {
	s := scanner{text: body}
	if !s.findList(name) {
		return nil, Decode(body, into)
	}
	start := s.at
	rows, ok := s.rows()
	if !ok {
		return nil, malformed("a list that cannot be separated into its elements")
	}
	envelope := make([]byte, 0, start+len(body)-s.at+len("[]"))
	envelope = append(append(append(envelope, body[:start]...), "[]"...), body[s.at:]...)
	if err := Decode(envelope, into); err != nil {
		return nil, err
	}
	return rows, nil
}

// findList moves to the start of the list that the object contains under the given name. It returns
// false if there is no such list.
func (s *scanner) findList(name string) bool {
	if s.space(); !s.take('{') {
		return false
	}
	for s.space(); s.peek() == '"'; s.space() {
		member, ok := s.name()
		if !ok {
			return false
		}
		if s.peek() == '[' && (Member{Name: member}).isNamed(name) {
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

// rows splits the list at the current position into its elements and moves to the end of the list.
// It returns false if the list has no end.
func (s *scanner) rows() ([]jsontext.Value, bool) {
	s.at++
	rows := make([]jsontext.Value, 0, 512)
	if s.space(); s.peek() == ']' {
		s.at++
		return rows, true
	}
	for {
		start := s.at
		if !s.skip() {
			return nil, false
		}
		rows = append(rows, jsontext.Value(s.text[start:s.at:s.at]))
		s.space()
		switch s.peek() {
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
