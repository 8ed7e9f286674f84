package vendorhttp

import (
	"bytes"
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner splits JSON text at its brackets, quotes and separators, without decoding the values. In valid JSON it finds
// where each value starts and ends. In invalid JSON the positions may be wrong, but the decoder refuses such text
// later.
type scanner struct {
	text []byte
	at   int
	bad  bool
}

// Members iterates over the members of an object in the order of the text. Members with the same name are yielded
// separately. The values are not checked. At the end of the iteration, *valid reports whether the text is an object. If
// the caller stops the iteration early, *valid is not set.
func Members(object []byte, valid *bool) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		s := scanner{text: object}
		for m := range s.members() {
			if !yield(m) {
				return
			}
		}
		*valid = !s.bad
	}
}

// members iterates over the members of an object. It sets s.bad if the text is not an object
// or if text follows the object.
func (s *scanner) members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if s.space(); !s.take('{') {
			return
		}
		for s.space(); s.peek() != '}'; s.space() {
			m, ok := s.member()
			if !ok || !yield(m) {
				return
			}
			if s.space(); s.peek() == '}' {
				break
			}
			if !s.take(',') {
				return
			}
			if s.space(); s.peek() == '}' {
				s.bad = true // a comma after the last member
				return
			}
		}
		s.take('}')
		if s.space(); s.at < len(s.text) {
			s.bad = true
		}
	}
}

// member reads a name and its value, and moves to the end of the value.
func (s *scanner) member() (m Member, ok bool) {
	if m.Name, ok = s.name(); !ok {
		return m, false
	}
	start := s.at
	if !s.skip() {
		s.bad = true
		return m, false
	}
	m.Value = s.text[start:s.at:s.at]
	return m, true
}

// name reads the name of a member and the colon, and moves to the start of the value.
func (s *scanner) name() ([]byte, bool) {
	start := s.at
	if s.peek() != '"' || !s.skipString() {
		s.bad = true
		return nil, false
	}
	name := s.text[start:s.at]
	if s.space(); !s.take(':') {
		return nil, false
	}
	s.space()
	return name, true
}

// peek returns the byte at the current position, or 0 at the end of the text.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take checks the byte at the current position. If it is c, take moves past it and returns true. Otherwise it sets
// s.bad and returns false.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		s.bad = true
		return false
	}
	s.at++
	return true
}

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// skip moves past one value. It returns false if there is no value, or if the value is not terminated.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '"':
		return s.skipString()
	case '{', '[':
		return s.skipNested()
	}
	start := s.at
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\n', '\r', '\t':
			return s.at > start
		}
		s.at++
	}
	return s.at > start
}

// skipString moves past a string. It returns false if the string does not end.
func (s *scanner) skipString() bool {
	for at := s.at + 1; ; {
		n := bytes.IndexByte(s.text[at:], '"')
		if n < 0 {
			return false
		}
		at += n + 1
		if s.text[at-2] != '\\' || !s.escaped(at-1) {
			s.at = at
			return true
		}
	}
}

// escaped reports whether the byte at this position is escaped: whether an odd number of backslashes precedes the byte.
func (s *scanner) escaped(position int) bool {
	odd := false
	for position--; s.text[position] == '\\'; position-- {
		odd = !odd
	}
	return odd
}

// skipNested moves past an object or array of any depth; it does not recurse. It returns false if the
// value does not end.
func (s *scanner) skipNested() bool {
	depth := 0
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			if !s.skipString() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return true
			}
		}
		s.at++
	}
	return false
}

// Member is a member of an object. Name and Value are unchanged parts of the text; Name
// includes its quotes.
type Member struct{ Name, Value []byte }

// StringMembers returns the members of an object that have one of the given names and are valid strings. The keys of
// the result are the names. The object need not be acceptable to [Decode]. A member that occurs more than once is
// omitted.
func StringMembers(object []byte, names ...string) map[string]string {
	found, occurrences := map[string]string{}, map[string]int{}
	var valid bool
	for m := range Members(object, &valid) {
		name, err := Unquote(m.Name)
		if err != nil || !slices.Contains(names, name) {
			continue
		}
		if occurrences[name]++; occurrences[name] > 1 {
			delete(found, name)
		} else if text, err := Unquote(m.Value); err == nil {
			found[name] = text
		}
	}
	return found
}

// isNamed reports whether the member has this name, even if the name is written with escapes.
func (m Member) isNamed(name string) bool {
	text, err := Unquote(m.Name)
	return err == nil && text == name
}

// Unquote returns the text that a JSON string represents.
func Unquote(quoted []byte) (string, error) {
	if isPlainString(quoted) {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}

// isPlainString reports whether quoted is a JSON string of ASCII without escapes, so that the
// bytes between its quotes are its text.
func isPlainString(quoted []byte) bool {
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
