package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"slices"
	"strings"
	"unicode/utf8"
)

// differInTail reports whether each of two rows has a word after its name that the other row lacks. At least one of
// these words must be a single letter (BLOCO A, ANA C PRADO) or a channel word that may name a product.
func differInTail(a, b *banktext.Evidence) bool {
	x, y := banktext.TailOf(a), banktext.TailOf(b)
	if !slices.ContainsFunc(x, banktext.Tells) && !slices.ContainsFunc(y, banktext.Tells) {
		return false
	}
	u, v := unmatched(x, y, b.AllWords), unmatched(y, x, a.AllWords)
	says := func(e *banktext.Evidence, words []string) bool {
		return slices.ContainsFunc(
			words,
			func(word string) bool { return banktext.Tells(word) || slices.Contains(e.Words, word) },
		)
	}
	return says(a, u) && says(b, v) &&
		(slices.ContainsFunc(u, banktext.Tells) || slices.ContainsFunc(v, banktext.Tells))
}

// differInLetters reports whether both names have single letters, and no letter in common: TURMA A, TURMA B.
func differInLetters(a, b []string) bool {
	return compareSets(banktext.LettersOf(a), banktext.LettersOf(b)) == differ
}

// unmatched returns the words of a tail (the words after the name of a row) that the other row lacks. These single
// letters are not returned:
//
//   - A letter with which the word at the same place of the other tail begins.
//   - The letter n, which abbreviates "number".
//   - The letters a, e, o and y, unless the other tail has a single letter at the same place.
func unmatched(tail, otherTail, all []string) (words []string) {
	for i, word := range tail {
		if len(word) == 1 {
			other := ""
			if i < len(otherTail) {
				other = otherTail[i]
			}
			isParticle := strings.Contains("aeoy", word) && len(other) != 1 // ENVIO A ANA
			if word != "n" && !isParticle && !strings.HasPrefix(other, word) && !slices.Contains(all, word) {
				words = append(words, word)
			}
			continue
		}
		words = append(words, withoutNames([]string{word}, all)...)
	}
	return slices.DeleteFunc(words, func(word string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return banktext.SameWord(word, other) })
	})
}

// isCutWord reports whether one of two words is the beginning of the other word. The shorter word must have at least
// three letters.
func isCutWord(a, b string) bool {
	return min(len(a), len(b)) >= minAbbreviation && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// onlyPurposes reports whether all words of a name state a purpose or a kind of business, such as ALUGUEL (rent) or
// PADARIA (bakery). Such a name does not identify a counterparty.
func onlyPurposes(name []string) bool {
	return !slices.ContainsFunc(name, func(word string) bool { return !banktext.Purposes[word] })
}

// Minimum lengths in letters: minCutName of a name that may be the beginning of another one, minAbbreviation of an
// abbreviated word, and minTypo of a name that may have a wrong letter.
const (
	minCutName      = 6
	minAbbreviation = 3
	minTypo         = 8
	minCutMerchant  = 5 // a word of a merchant's name that may be cut
)

// compareNames returns how two names relate. If person is set, the names are those of counterparties. A word that
// both names contain then proves little. If person is not set, the names are the words of a merchant or a product.
// The vendor may have added a city to these words, or omitted a prefix.
func compareNames(a, b []string, person bool) relation {
	short, long := a, b
	if x, y := lengthOf(a), lengthOf(b); x > y || x == y && len(a) > len(b) {
		short, long = b, a
	}
	shortLength, longLength := lengthOf(short), lengthOf(long)
	if shortLength == 0 {
		return unknown
	}
	x, y := "", "" // the names without blanks, if their letters may be equal, or all but one
	switch n, lost := commonLetters(short, long); {
	case lost, n == shortLength,
		n > 0 && shortLength < minTypo, // the short name may be an abbreviation
		shortLength >= minTypo && longLength-shortLength <= 1 && n+commonEnd(short, long) >= shortLength-1:
		x, y = strings.Join(short, ""), strings.Join(long, "")
	}
	switch {
	case x != "" && banktext.SameWord(x, y):
		return agree
	case x != "" && strings.HasPrefix(y, x):
		return compareCut(short, long, person)
	case alignedFrom(short, long, 0, person), isWithoutVowels(short, long),
		!person && len(a) == len(b) && isSubset(a, b) && isSubset(b, a):
		return contained
	case person && (isWithin(short, long) || isSubset(short, long) || hasInitials(a, b)), isTypo(x, y):
		return doubtful
	case !person && (isWithin(short, long) && shortLength >= minCutName && !onlyPurposes(short)):
		return contained
	case !person && (sharesName(short, long) || isAbbreviated(short, long)):
		return doubtful
	}
	return differ
}

// commonLetters returns how many bytes two names have in common at their beginnings, without blanks. lost reports that
// a letter that is not ASCII comes before the first difference; it may stand for any letter.
func commonLetters(a, b []string) (n int, lost bool) {
	x, y := "", ""
	for {
		for x == "" && len(a) > 0 {
			x, a = a[0], a[1:]
		}
		for y == "" && len(b) > 0 {
			y, b = b[0], b[1:]
		}
		if x == "" || y == "" {
			return n, false
		}
		if x[0] >= utf8.RuneSelf || y[0] >= utf8.RuneSelf {
			return n, true
		}
		if x[0] != y[0] {
			return n, false
		}
		n, x, y = n+1, x[1:], y[1:]
	}
}

// commonEnd returns how many bytes two names have in common at their ends, without blanks.
func commonEnd(a, b []string) (n int) {
	x, y := "", ""
	for {
		for x == "" && len(a) > 0 {
			x, a = a[len(a)-1], a[:len(a)-1]
		}
		for y == "" && len(b) > 0 {
			y, b = b[len(b)-1], b[:len(b)-1]
		}
		if x == "" || y == "" || x[len(x)-1] != y[len(y)-1] {
			return n
		}
		n, x, y = n+1, x[:len(x)-1], y[:len(y)-1]
	}
}

func lengthOf(words []string) int {
	n := 0
	for _, word := range words {
		n += len(word)
	}
	return n
}

// compareCut compares a name with a longer one that begins with it. It returns doubtful in these cases, and contained
// in all others:
//   - The short name has fewer than six characters, with its blanks.
//   - The short name consists of purposes, and the long name has further words.
//   - The further words contain one of banktext.YoungerWords, such as Filho, Neto or Júnior, and the short name does
//     not end within a word.
//   - The names are those of counterparties, and the long one only adds an s: FARIA, FARIAS.
func compareCut(short, long []string, person bool) relation {
	if person && len(long) == len(short) && strings.Join(long, "") == strings.Join(short, "")+"s" {
		return doubtful
	}
	if lengthOf(short)+len(short)-1 < minCutName || len(short) < len(long) && onlyPurposes(short) {
		return doubtful
	}
	if last := len(short) - 1; len(short) < len(long) && banktext.Holds(long[len(short):], banktext.YoungerWords) &&
		len(short[last])+1 >= len(long[last]) {
		return doubtful
	}
	return contained
}

// isFirstName reports whether one name is only the first word of the other, longer name. Such a name proves little:
// many people share a first name, and the word may be the bank's own word for the operation.
func isFirstName(a, b []string) bool {
	return min(len(a), len(b)) == 1 && len(a) != len(b) && banktext.SameWord(a[0], b[0])
}

// maxCutName is the maximum number of letters of a name that shows little more than a first name.
const maxCutName = 7

// isCutFirstName reports whether one name is little more than a first name, with a letter that may also be a particle:
// MARIA A, MARIA APARECIDA SANTOS. Many people have such a beginning.
func isCutFirstName(a, b []string) bool {
	short, long := strings.Join(a, ""), b
	if lengthOf(b) < lengthOf(a) {
		short, long = strings.Join(b, ""), a
	}
	whole := ""
	for _, word := range long {
		if whole == short {
			return false
		}
		whole += word
	}
	return len(short) <= maxCutName && len(short) < len(whole) &&
		strings.ContainsRune("aeoy", rune(short[len(short)-1]))
}

// isWithoutVowels reports whether a bank dropped the vowels of the short name: SLVRLN RSTRNT BR, SILVERLINE RESTAURANT
// BAR AUSTIN. A vowel at the beginning of a word may have stayed.
func isWithoutVowels(short, long []string) bool {
	if len(short) > len(long) || lengthOf(short) < minTypo {
		return false
	}
	for i, word := range short {
		if word == "" || word[0] != long[i][0] || strings.ContainsAny(word[1:], vowels) ||
			word[1:] != withoutVowels.Replace(long[i][1:]) {
			return false
		}
	}
	return true
}

const vowels = "aeiou"

// withoutVowels removes the vowels.
var withoutVowels = strings.NewReplacer("a", "", "e", "", "i", "", "o", "", "u", "")

// alignedFrom compares the words of the short name with the words of the long name that begin at the index at. It
// reports whether the words of each pair are equal, or one abbreviates the other (TAR CONTR SERV, TARIFA CONTRATUAL
// SERVICOS). In a person's name, only the last word may be abbreviated.
func alignedFrom(short, long []string, at int, person bool) bool {
	if len(short) < 2 || len(short)+at > len(long) {
		return false
	}
	equal := 0
	for i, word := range short {
		other := long[at+i]
		if banktext.SameWord(word, other) {
			equal += len(word)
			continue
		}
		abbreviated := min(len(word), len(other)) >= minAbbreviation &&
			(strings.HasPrefix(other, word) || strings.HasPrefix(word, other))
		if !abbreviated && !(i == len(short)-1 && strings.HasPrefix(other, word)) || person && i < len(short)-1 {
			return false
		}
	}
	return equal >= 4
}

// isAbbreviated reports whether two names have equally many words, and one word of each pair is a beginning of the
// other: PREST HAB, PRESTACAO HABITACIONAL.
func isAbbreviated(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool {
		return min(len(x), len(y)) >= minAbbreviation && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
	})
}

// hasInitials reports whether two names differ only in middle words that one of them abbreviates to an initial:
// JOSIANE P ALBUQUERQUE, JOSIANE PACHECO ALBUQUERQUE.
func hasInitials(a, b []string) bool {
	n := len(a)
	return n > 2 && n == len(b) && a[0] == b[0] && banktext.SameWord(a[n-1], b[n-1]) && slices.EqualFunc(a, b,
		func(x, y string) bool {
			return banktext.SameWord(x, y) ||
				min(len(x), len(y)) == 1 && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
		})
}

// isWithin reports whether the words of the short name are consecutive words of the long one. The last word may be
// cut.
func isWithin(short, long []string) bool {
	for at := range long {
		if len(short)+at <= len(long) && slices.EqualFunc(short, long[at:at+len(short)], banktext.SameWord) ||
			alignedFrom(short, long, at, true) {
			return true
		}
	}
	return false
}

// isSubset reports whether all words of the short name occur in the long one.
func isSubset(short, long []string) bool {
	return !slices.ContainsFunc(short, func(word string) bool { return !slices.Contains(long, word) })
}

// sharesName reports whether two merchants' names begin with the same word of at least four letters, or share at
// least half of the words of the short name. They may be two branches, two spellings of one name, or two firms.
func sharesName(short, long []string) bool {
	if len(short[0]) >= 4 && banktext.SameWord(short[0], long[0]) {
		return true
	}
	shared := 0
	for _, word := range short {
		if len(word) >= 4 && slices.ContainsFunc(long, func(other string) bool {
			return word == other || min(len(word), len(other)) >= minCutMerchant && isCutWord(word, other)
		}) {
			shared++
		}
	}
	return shared > 0 && 2*shared >= len(short)
}

// isTypo reports whether two names of at least eight letters differ in one letter. b must not be shorter than a.
func isTypo(a, b string) bool {
	if len(a) < minTypo {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return a[min(i+1, len(a)):] == b[min(i+1, len(b)):]
	}
	return a[i:] == b[i+1:]
}
