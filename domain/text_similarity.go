package domain

import "slices"

// TextSimilarity returns how similar two texts are, from 0 to 1. The result is the number of distinct trigrams in both
// texts, divided by the number of distinct trigrams in either text. Two texts without words have the similarity 0. Case
// and accents are ignored.
//
// Trigrams are defined as in PostgreSQL's pg_trgm. Each word is padded with two spaces before and one after. Every
// three consecutive characters are a trigram.
func TextSimilarity(a, b string) float64 {
	return similarity(trigramsOf(fold(a)), trigramsOf(fold(b)))
}

// trigram contains three characters, 21 bits for each.
type trigram uint64

// trigramsOf returns the distinct trigrams of a folded text in ascending order.
func trigramsOf(folded string) []trigram {
	const mask = 1<<42 - 1
	var all []trigram
	var last trigram
	inWord := false
	push := func(r rune) {
		last = (last&mask)<<21 | trigram(r)
		all = append(all, last)
	}
	for _, r := range folded {
		switch {
		case isWordRune(r):
			if !inWord {
				last = ' '<<21 | ' '
			}
			push(r)
		case inWord:
			push(' ')
		}
		inWord = isWordRune(r)
	}
	if inWord {
		push(' ')
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// similarity returns the similarity of two ascending lists of distinct trigrams.
func similarity(a, b []trigram) float64 {
	common := countCommon(a, b)
	if common == 0 {
		return 0
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// overlap returns the share of the shorter list's trigrams that the longer list also contains, from 0 to 1. Each list
// must be ascending, without duplicates. The result is never lower than the result of similarity.
func overlap(a, b []trigram) float64 {
	common := countCommon(a, b)
	if common == 0 {
		return 0
	}
	return float64(common) / float64(min(len(a), len(b)))
}

// countCommon returns the number of trigrams that two ascending lists have in common.
func countCommon(a, b []trigram) int {
	common := 0
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		if x == y {
			common++
		}
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return common
}
