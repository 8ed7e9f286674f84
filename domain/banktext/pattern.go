package banktext

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// pattern is a regular expression. Most texts do not match, and a search for parts is much faster than an attempt to
// match.
type pattern struct {
	*regexp.Regexp
	// parts contains texts of which each match contains at least one. It is nil if there are none.
	parts      []string
	pairs      []letterPairs // those of each part
	characters characters    // each match contains all of them
	digits     int           // the number of digits that each match contains at least
}

// contents describes a text, so that many patterns can be ruled out without a search.
type contents struct {
	pairs      letterPairs
	characters characters
	digits     int // the number of digits
}

func contentsOf(text string) contents {
	c := contents{pairs: letterPairsOf(text)}
	for i := range len(text) {
		c.characters.add(rune(text[i]))
		if isDigit(rune(text[i])) {
			c.digits++
		}
	}
	return c
}

// characters is a set of ASCII characters.
type characters [2]uint64

// add adds a character. It does nothing if the character is not ASCII.
func (c *characters) add(r rune) {
	if r <= unicode.MaxASCII {
		c[r>>6] |= 1 << (r & 63)
	}
}

// contains reports whether all characters of the other set are in the set.
func (c *characters) contains(other *characters) bool { return other[0]&^c[0]|other[1]&^c[1] == 0 }

// letterPairs is a set of pairs of consecutive bytes. Several pairs may be one member.
type letterPairs [4]uint64

func letterPairsOf(text string) (set letterPairs) {
	for i := 1; i < len(text); i++ {
		pair := text[i-1]*31 + text[i]
		set[pair>>6] |= 1 << (pair & 63)
	}
	return set
}

// contains reports whether all pairs of the other set are in the set.
func (s *letterPairs) contains(other *letterPairs) bool {
	return other[0]&^s[0]|other[1]&^s[1]|other[2]&^s[2]|other[3]&^s[3] == 0
}

// maxParts is the maximum number of texts in pattern.parts.
const maxParts = 48

// compile returns the pattern of a regular expression. It panics if the expression is invalid.
func compile(expression string) *pattern {
	p := &pattern{Regexp: regexp.MustCompile(expression)}
	if parsed, err := syntax.Parse(expression, syntax.Perl); err == nil {
		p.parts, p.digits, p.characters = requiredParts(parsed), minDigits(parsed), requiredCharacters(parsed)
	}
	for _, part := range p.parts {
		p.pairs = append(p.pairs, letterPairsOf(part))
	}
	return p
}

// mayMatch reports whether the text contains what each match contains: one of the parts, the characters, and as many
// digits.
func (p *pattern) mayMatch(text string) bool {
	of := contentsOf(text)
	return p.mayMatchContents(text, &of)
}

// mayMatchContents is mayMatch for a text whose contents are known. Most parts have a pair of letters that the text
// lacks, so the text is rarely searched.
func (p *pattern) mayMatchContents(text string, of *contents) bool {
	if of.digits < p.digits || !of.characters.contains(&p.characters) {
		return false
	}
	for i, part := range p.parts {
		if of.pairs.contains(&p.pairs[i]) && strings.Contains(text, part) {
			return true
		}
	}
	return p.parts == nil
}

const digits = "0123456789"

// requiredCharacters returns the ASCII characters that each match of the expression contains.
func requiredCharacters(e *syntax.Regexp) (set characters) {
	if e.Flags&syntax.FoldCase != 0 {
		return set
	}
	switch e.Op {
	case syntax.OpLiteral:
		for _, r := range e.Rune {
			set.add(r)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredCharacters(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return requiredCharacters(e.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			more := requiredCharacters(sub)
			set[0], set[1] = set[0]|more[0], set[1]|more[1]
		}
	case syntax.OpAlternate:
		set = requiredCharacters(e.Sub[0])
		for _, sub := range e.Sub[1:] {
			common := requiredCharacters(sub)
			set[0], set[1] = set[0]&common[0], set[1]&common[1]
		}
	default: // the other operations require no character
	}
	return set
}

// minDigits returns a number of digits that each match of the expression contains.
func minDigits(e *syntax.Regexp) (n int) {
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	switch e.Op {
	case syntax.OpLiteral:
		for _, r := range e.Rune {
			if isDigit(r) {
				n++
			}
		}
	case syntax.OpCharClass: // pairs of the first and the last rune of a range
		if len(e.Rune) > 0 && !slices.ContainsFunc(e.Rune, func(r rune) bool { return !isDigit(r) }) {
			n = 1
		}
	case syntax.OpCapture, syntax.OpPlus:
		n = minDigits(e.Sub[0])
	case syntax.OpRepeat:
		n = e.Min * minDigits(e.Sub[0])
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			n += minDigits(sub)
		}
	case syntax.OpAlternate:
		n = minDigits(e.Sub[0])
		for _, sub := range e.Sub[1:] {
			n = min(n, minDigits(sub))
		}
	default: // the other operations require no digit
	}
	return n
}

// requiredParts returns texts of which each match of the expression contains at least one; nil if it finds none.
func requiredParts(e *syntax.Regexp) []string {
	if texts := allTexts(e); isRequired(texts) {
		return texts
	}
	switch e.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return requiredParts(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return requiredParts(e.Sub[0])
		}
	case syntax.OpConcat:
		return requiredOfSequence(e.Sub)
	case syntax.OpAlternate:
		var union []string
		for _, sub := range e.Sub {
			parts := requiredParts(sub)
			if parts == nil {
				return nil
			}
			union = append(union, parts...)
		}
		if isRequired(union) {
			return union
		}
	default: // the other operations require no text
	}
	return nil
}

// requiredOfSequence returns the best parts of a sequence of expressions: those whose shortest text is longest.
func requiredOfSequence(sequence []*syntax.Regexp) (best []string) {
	consider := func(parts []string) {
		if isRequired(parts) && (best == nil || shortest(parts) > shortest(best)) {
			best = parts
		}
	}
	joined := []string{""} // the texts of the last expressions
	for _, e := range sequence {
		consider(requiredParts(e))
		joined = crossed(joined, allTexts(e))
		if joined == nil {
			joined = []string{""}
		}
		consider(joined)
	}
	return best
}

// allTexts returns all texts that match the expression, apart from the conditions on the text around them; nil if
// they are more than maxParts.
func allTexts(e *syntax.Regexp) (texts []string) {
	if e.Flags&syntax.FoldCase != 0 {
		return nil
	}
	switch e.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}
	case syntax.OpLiteral:
		return []string{string(e.Rune)}
	case syntax.OpCharClass:
		for i := 0; i < len(e.Rune); i += 2 {
			for r := e.Rune[i]; r <= e.Rune[i+1]; r++ {
				if texts = append(texts, string(r)); len(texts) > maxParts {
					return nil
				}
			}
		}
	case syntax.OpCapture:
		return allTexts(e.Sub[0])
	case syntax.OpQuest:
		if texts = allTexts(e.Sub[0]); texts != nil {
			texts = append([]string{""}, texts...)
		}
	case syntax.OpConcat:
		texts = []string{""}
		for _, sub := range e.Sub {
			texts = crossed(texts, allTexts(sub))
		}
	case syntax.OpAlternate:
		for _, sub := range e.Sub {
			more := allTexts(sub)
			if more == nil || len(texts)+len(more) > maxParts {
				return nil
			}
			texts = append(texts, more...)
		}
	default: // the other operations match any number of texts
	}
	return texts
}

// crossed returns each text of a followed by each text of b; nil if they are more than maxParts, or if a or b is nil.
func crossed(a, b []string) (texts []string) {
	if len(a)*len(b) > maxParts {
		return nil
	}
	for _, x := range a {
		for _, y := range b {
			texts = append(texts, x+y)
		}
	}
	return texts
}

// isRequired reports whether the texts can be the parts of a pattern: each is longer than a blank or a digit.
func isRequired(texts []string) bool {
	return len(texts) > 0 && len(texts) <= maxParts && !slices.ContainsFunc(texts, func(text string) bool {
		return strings.Trim(text, " "+digits) == ""
	})
}

func shortest(texts []string) int {
	length := len(texts[0])
	for _, text := range texts {
		length = min(length, len(text))
	}
	return length
}
