package matching

import (
	"slices"
)

// Cost counts the work of a comparison of rows. It does not depend on the machine.
type Cost struct {
	Comparisons int // pairs of rows that were compared
	// Words is the sum, over all comparisons, of the product of the numbers of words of both rows.
	Words int
	// CutRows is the number of rows with parts beyond the limits of texts.
	CutRows int
	// Unjudged is the number of old rows that were not compared with all their candidates; see Result.
	Unjudged int
}

// ExceedsLimits reports whether a row has parts beyond the limits of texts, or was not compared with all its
// candidates.
func (c Cost) ExceedsLimits() bool { return c.CutRows > 0 || c.Unjudged > 0 }

// Plus returns the sum of two costs.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		c.Comparisons + d.Comparisons, c.Words + d.Words, c.CutRows + d.CutRows, c.Unjudged + d.Unjudged,
	}
}

// The limits of the comparisons in one call of Match, as numbers of pairs of words. Comparing two rows takes at most
// the product of the numbers of their words. Each old row may use maxRowWords, which is enough for 96 candidates of
// 18 words. In small accounts each row may use more, up to maxMatchWords for all rows together.
const (
	maxRowWords   = 1 << 15
	maxMatchWords = 1 << 24
)

// maxTries is the maximum number of pairs that are tried for one row among rows that cannot be told apart, or among
// rows that may give its amount back.
const maxTries = 96

// firstOf returns the index of the first of at most maxTries elements for which f returns true; -1 if there is none.
func firstOf[T any](list []T, f func(T) bool) int {
	return slices.IndexFunc(list[:min(len(list), maxTries)], f)
}
