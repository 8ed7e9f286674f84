package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FoldText returns the text without case and accents, which is the form in which texts are searched. Two texts that
// differ only in the case of letters, in accents, in the encoding of accents, in the kind and number of spaces, tabs
// and line breaks between words, or in a letter that is usually replaced where a keyboard lacks it (ß, ł, ø, ligatures)
// have the same result.
//
// The result is not meant to be shown: the case variants of a character (the simple case folding of Unicode) become the
// variant with the smallest code point, and combining marks are left out.
func FoldText(text string) string {
	if isASCII(text) {
		return singleSpaced(strings.Map(foldRune, text))
	}
	if folded, ok := foldLatin(text); ok {
		return singleSpaced(folded)
	}
	return singleSpaced(foldAny(text))
}

// singleSpaced replaces each run of spaces by one space.
func singleSpaced(folded string) string {
	if !strings.Contains(folded, "  ") {
		return folded
	}
	var b strings.Builder
	b.Grow(len(folded))
	for i := range len(folded) {
		if folded[i] != ' ' || i == 0 || folded[i-1] != ' ' {
			b.WriteByte(folded[i])
		}
	}
	return b.String()
}

func foldAny(text string) string {
	return respelled.Replace(strings.Map(foldRune, norm.NFD.String(text)))
}

// latinFolds contains the results of foldAny for the letters of Latin scripts. None of them combines with another one.
var latinFolds = newLatinFolds()

// newLatinFolds returns a slice, because the binary would contain an array.
func newLatinFolds() []string {
	folds := make([]string, combiningMarks)
	for r := range folds {
		folds[r] = foldAny(string(rune(r)))
	}
	return folds
}

// combiningMarks is the first mark that combines with the letter before it.
const combiningMarks = '\u0300'

// foldLatin folds a text without normalizing it. ok is false if it has other letters than those of Latin scripts.
func foldLatin(text string) (folded string, ok bool) {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if r >= combiningMarks {
			return "", false
		}
		b.WriteString(latinFolds[r])
	}
	return b.String(), true
}

// respelled replaces letters that Unicode does not decompose into a letter and an accent. The letters are the results
// of foldRune, the spellings those in which such names are written where the letters are missing.
var respelled = strings.NewReplacer(
	"ß", "SS", "Ł", "L", "Ø", "O", "Đ", "D", "Ð", "D", "Þ", "TH", "Æ", "AE", "Œ", "OE", "ı", "I", "Ħ", "H", "Ŧ", "T",
	"ﬀ", "FF", "ﬁ", "FI", "ﬂ", "FL", "ﬃ", "FFI", "ﬄ", "FFL", "ﬅ", "ST", "ﬆ", "ST",
)

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldRune returns the smallest case variant of r, a space for white space, or -1 for a combining mark.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII { // the smallest variant of an ASCII letter is the capital letter
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case '\t' <= r && r <= '\r':
			return ' '
		}
		return r
	}
	switch {
	case unicode.Is(unicode.Mn, r):
		return -1
	case unicode.IsSpace(r): // no-break and typographic spaces, separators of lines
		return ' '
	}
	smallest := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		smallest = min(smallest, other)
	}
	return smallest
}
