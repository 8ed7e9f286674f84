package vendorhttp

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner walks JSON text by its brackets and quotes only. In valid JSON it finds where
// each value starts and ends. In invalid JSON it may find anything, which the decoder
// refuses later.
type scanner struct {
	text  []byte
	at    int
	depth int // how many levels enclose the text
	bad   bool
}

// Members iterates over the members of an object in the order of the text; it yields
// members of the same name one by one. When the iteration has ended, *valid reports
// whether the text is an object, as far as its outermost level goes.
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

// members iterates over the members of an object, and checks that nothing follows it.
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

// member reads a name and its value, and moves past them.
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

// name reads the name of a member, and moves to its value.
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

// peek returns the byte at the current position; 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take moves past the byte c. It reports whether c is at the current position; otherwise
// the text is bad.
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

// skip skips one value. It returns false if there is none, it does not end, or it nests
// too deeply.
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

// skipString skips a string; false: it does not end.
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

// escaped reports whether an odd number of backslashes precedes the byte.
func (s *scanner) escaped(at int) bool {
	odd := false
	for at--; s.text[at] == '\\'; at-- {
		odd = !odd
	}
	return odd
}

// skipNested skips an object or array; false: it does not end, or nests too deeply.
func (s *scanner) skipNested() bool {
	depth := s.depth
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			if !s.skipString() {
				return false
			}
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				return false
			}
		case '}', ']':
			if depth--; depth == s.depth {
				s.at++
				return true
			}
		}
		s.at++
	}
	return false
}

// Member is a member of an object, unchanged from the text: the name is in its quotes.
type Member struct{ Name, Value []byte }

// isNamed reports whether the member has this name, also if it is written with escapes.
func (m Member) isNamed(name string) bool {
	text, err := Unquote(m.Name)
	return err == nil && text == name
}

// Unquote returns the text of a JSON string.
func Unquote(quoted []byte) (string, error) {
	if isPlainString(quoted) {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}

// isPlainString reports whether the bytes between the quotes of a JSON string are its text:
// ASCII without escapes.
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

// IsPlainScalar reports whether a value is certainly valid JSON, because it is simple: a
// string of ASCII without escapes, a number without an exponent, true, false or null.
func IsPlainScalar(value []byte) bool {
	switch text := string(value); {
	case text == "":
		return false
	case text[0] == '"':
		return isPlainString(value)
	case text == "null", text == "true", text == "false":
		return true
	}
	whole, fraction, hasFraction := bytes.Cut(bytes.TrimPrefix(value, []byte("-")), []byte("."))
	return isDigits(whole) && (len(whole) == 1 || whole[0] != '0') && (!hasFraction || isDigits(fraction))
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}
