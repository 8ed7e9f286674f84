package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FoldText returns the text without case and accents, which is the form in which texts are searched. Two texts that
// differ only in the case of letters, in accents, or in the encoding of accents have the same result.
//
// The result is not meant to be shown: the case variants of a character (the simple case folding of Unicode) become the
// variant with the smallest code point, and combining marks are left out.
func FoldText(text string) string {
	if !isASCII(text) {
		text = norm.NFD.String(text)
	}
	return strings.Map(foldRune, text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldRune returns the smallest case variant of r, or -1 for a combining mark.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII { // the smallest variant of an ASCII letter is the capital letter
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	smallest := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		smallest = min(smallest, other)
	}
	return smallest
}
