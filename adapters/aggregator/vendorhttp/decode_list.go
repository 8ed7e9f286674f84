package vendorhttp

import "github.com/go-json-experiment/json/jsontext"

// DecodeList decodes a page: a response that is an object whose member called name is a
// list of objects. It returns the rows of the list, which are parts of the body, not
// copies. Everything except the rows is decoded into a value like [Decode] does; there the
// list is empty.
//
// A row is only split off here, by its brackets and quotes. Whether it is valid JSON,
// without a duplicate member, is checked when it is decoded. So a row that has not changed
// since it was decoded, byte for byte, costs no more than this. The rows are nil if there
// is no list. Errors: those of Decode, also for a row that is not an object.
func DecodeList(body []byte, name string, into any) ([]jsontext.Value, error) {
	s := scanner{text: body}
	if !s.findList(name) {
		return nil, Decode(body, into)
	}
	start := s.at
	rows, ok := s.rows()
	if !ok {
		return nil, malformed("a list with an element that is not an object")
	}
	envelope := make([]byte, 0, start+len(body)-s.at+len("[]"))
	envelope = append(append(append(envelope, body[:start]...), "[]"...), body[s.at:]...)
	if err := Decode(envelope, into); err != nil {
		return nil, err
	}
	return rows, nil
}

// findList moves to the list that is the object's member of this name. It reports whether
// there is one.
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

// rows splits the list at the current position into its objects, and moves past it. It
// reports whether the list contains only objects.
func (s *scanner) rows() ([]jsontext.Value, bool) {
	s.depth = 2 // inside the response and the list
	s.at++
	rows := make([]jsontext.Value, 0, 512)
	if s.space(); s.peek() == ']' {
		s.at++
		return rows, true
	}
	for {
		start := s.at
		if s.peek() != '{' || !s.skip() {
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
