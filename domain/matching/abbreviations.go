package matching

import (
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// minFullWord is the minimum length of a word that a name and its abbreviation have in common.
const minFullWord = 4

// maxNamesakes is the maximum number of names with one first word that are compared with an abbreviation.
const maxNamesakes = 96

// abbreviates reports whether the words of a short name are the first words of a long one, or stand for them: a single
// letter for a word that begins with it, and three letters or more for a word that begins with them or has these
// consonants. FARMACIA S JOAO stands for FARMACIA SAO JOAO. The first word must be written out, and one that is no
// purpose.
func abbreviates(short, long []string) bool {
	if len(short) < 2 || len(short) > len(long) || !banktext.SameWord(short[0], long[0]) {
		return false
	}
	full, cut := 0, 0
	for i, word := range short {
		switch other := long[i]; {
		case banktext.SameWord(word, other):
			if len(word) >= minFullWord && !banktext.Purposes[word] {
				full++
			}
		case len(word) == 1 && strings.HasPrefix(other, word), isCutWord(word, other) && len(word) < len(other),
			len(word) >= minAbbreviation && word[0] == other[0] && word[1:] == withoutVowels.Replace(other[1:]):
			cut++
		default:
			return false
		}
	}
	return full > 0 && cut > 0 && !banktext.Holds(long[len(short):], banktext.YoungerWords)
}

// isAbbreviation reports whether the name of one of two purchases abbreviates the other one, and no third name of the
// account. The initials of a person leave open which of several relatives is named.
func (c *comparison) isAbbreviation(a, b []string) bool {
	short, long := a, b
	if lengthOf(a) > lengthOf(b) {
		short, long = b, a
	}
	if c.context.namesakes == nil || !c.isPurchase() || !abbreviates(short, long) {
		return false
	}
	names := c.context.namesakes(short[0])
	return len(names) <= maxNamesakes && !slices.ContainsFunc(names, func(other []string) bool {
		return abbreviates(short, other) && !isFirstPart(long, other) && !isFirstPart(other, long) &&
			!slices.Equal(short, other)
	})
}

// isFirstPart reports whether the second list begins with the first one.
func isFirstPart(short, long []string) bool {
	return len(short) <= len(long) && slices.Equal(short, long[:len(short)])
}

// findNamesakes sets Context.namesakes. The names are listed when the first abbreviation is found.
func (m *matcher) findNamesakes() {
	var byFirst map[string][][]string
	m.context.namesakes = func(first string) [][]string {
		if byFirst == nil {
			byFirst = map[string][][]string{}
			seen := map[string]bool{}
			for _, r := range slices.Concat(m.left, m.came) {
				if name := strings.Join(r.Words, " "); len(r.Words) > 1 && !seen[name] {
					seen[name] = true
					byFirst[r.Words[0]] = append(byFirst[r.Words[0]], r.Words)
				}
			}
		}
		return byFirst[first]
	}
}
