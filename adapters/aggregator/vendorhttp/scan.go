package vendorhttp

import (
	"bytes"
	"iter"
)

// scanner walks JSON text by brackets and quotes alone. It finds where things begin and
// end in sound JSON; of what is not sound it finds something, which who decodes it refuses.
type scanner struct {
	text  []byte
	at    int
	depth int // levels above the text
	bad   bool
}

// Members walks the members of an object as they are written, each once; more of the same
// name come one by one. sound tells, once the walk is over, whether the text is an object
// as far as its own level goes.
func Members(object []byte, sound *bool) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		s := scanner{text: object}
		for m := range s.members() {
			if !yield(m) {
				return
			}
		}
		*sound = !s.bad
	}
}

// members walks an object and what is behind it.
func (s *scanner) members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if s.space(); !s.take('{') {
			return
		}
		for s.space(); s.next() != '}'; s.space() {
			m, ok := s.member()
			if !ok || !yield(m) {
				return
			}
			if s.space(); s.next() == '}' {
				break
			}
			if !s.take(',') {
				return
			}
			if s.space(); s.next() == '}' {
				s.bad = true // a comma behind the last
				return
			}
		}
		s.take('}')
		if s.space(); s.at < len(s.text) {
			s.bad = true
		}
	}
}

// member reads a name and its value, and stands behind them.
func (s *scanner) member() (m Member, ok bool) {
	if m.Name, ok = s.name(); !ok {
		return m, false
	}
	begin := s.at
	if !s.skip() {
		s.bad = true
		return m, false
	}
	m.Value = s.text[begin:s.at:s.at]
	return m, true
}

// name reads a member's name, and stands before its value.
func (s *scanner) name() ([]byte, bool) {
	begin := s.at
	if s.next() != '"' || !s.quoted() {
		s.bad = true
		return nil, false
	}
	name := s.text[begin:s.at]
	if s.space(); !s.take(':') {
		return nil, false
	}
	s.space()
	return name, true
}

// next is the byte at hand; 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take passes the byte, which must be there.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		s.bad = true
		return false
	}
	s.at++
	return true
}

// space passes white space.
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

// skip passes one value; false where none is, none ends, or one nests too deeply.
func (s *scanner) skip() bool {
	switch s.next() {
	case '"':
		return s.quoted()
	case '{', '[':
		return s.nested()
	}
	begin := s.at
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\n', '\r', '\t':
			return s.at > begin
		}
		s.at++
	}
	return s.at > begin
}

// quoted passes a string.
func (s *scanner) quoted() bool {
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

// escaped says whether the byte stands behind an odd number of backslashes.
func (s *scanner) escaped(at int) bool {
	odd := false
	for at--; s.text[at] == '\\'; at-- {
		odd = !odd
	}
	return odd
}

// nested passes an object or array.
func (s *scanner) nested() bool {
	depth := s.depth
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			if !s.quoted() {
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
