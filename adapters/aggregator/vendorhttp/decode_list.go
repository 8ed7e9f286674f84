package vendorhttp

import "github.com/go-json-experiment/json/jsontext"

// DecodeList decodes one page of a list. The page is a JSON object, and its member with the given name is the list of
// rows. DecodeList returns the rows, or nil if the page has no list. It decodes the rest of the page into the value
// that dst points to, in the same way as [Decode].
//
// DecodeList finds the ends of the rows by brackets and quotes. It does not decode rows, because a caller can skip rows
// with unchanged bytes. The caller's decoder must check that a row is valid JSON without duplicate members.
//
// The rows are parts of body, not copies. A row can be any JSON value, nested to any depth. The limit of 64 levels
// applies only to the rest of the page.
//
// Errors: Unavailable (malformed_response), as for Decode, and also if the list is not terminated.
func DecodeList(body []byte, name string, dst any) ([]jsontext.Value, error) {
	lists, err := DecodeLists(body, dst, name)
	if err != nil {
		return nil, err
	}
	return lists[0], nil
}

// DecodeLists is like [DecodeList] for a page with several lists of rows. It returns one list for each name, in the
// same order.
func DecodeLists(body []byte, dst any, names ...string) ([][]jsontext.Value, error) {
	lists, envelope := make([][]jsontext.Value, len(names)), body
	for i, name := range names {
		s := scanner{text: envelope}
		if !s.findList(name) {
			continue
		}
		start := s.at
		rows, ok := s.rows()
		if !ok {
			return nil, malformed("a list that cannot be separated into its elements")
		}
		rest := make([]byte, 0, start+len(envelope)-s.at+len("[]"))
		rest = append(append(append(rest, envelope[:start]...), "[]"...), envelope[s.at:]...)
		lists[i], envelope = rows, rest
	}
	if err := Decode(envelope, dst); err != nil {
		return nil, err
	}
	return lists, nil
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

// rows returns the elements of the list that starts at the current position, and moves past the list. It returns false
// if the list is not terminated.
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
