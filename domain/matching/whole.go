package matching

import "slices"

// minWholeRows is the minimum number of rows on both sides for which an account is judged as a whole.
const minWholeRows = 10

// IsWhole reports whether an account changed all its ids, so that its rows are judged as a whole: at least ten rows
// left and came, and no row of their period stayed.
func IsWhole(left, came, stayed int) bool {
	return stayed == 0 && min(left, came) >= minWholeRows
}

// exclude pairs the rows of an account that is judged as a whole with the only rows that are left for them. Nothing may
// speak against a pair: the one row that really left and the one that really came are no pair just because they are
// left over.
func (m *matcher) exclude() {
	for _, g := range m.oldGroups {
		g.closed = g.unjudged
	}
	for _, g := range m.newGroups {
		g.closed = false
	}
	m.assign((*edge).isExcluded, func(*edge) bool { return false }, m.context.AsMany)
}

// isExcluded reports whether two groups may be paired because no other group is left. They have one amount and date,
// and one of these is true:
//
//   - the texts are equal, or both name the same;
//   - both name only the same operation, in the same words;
//   - one names more than the other, and the amount is no usual price.
func (e *edge) isExcluded() bool {
	c := e.c
	if c.days() > 0 || c.amounts() != sameAmount || c.goesBack() {
		return false
	}
	switch {
	case c.old.compact == c.new.compact:
		return true
	case c.name >= contained || c.documented || c.weak:
		return true
	case c.doubt:
		return false
	case c.sameNumbers && slices.Equal(c.old.words, c.new.words):
		return true
	case !c.old.names() && !c.new.names():
		return c.old.Operation == c.new.Operation
	}
	return isOdd(c.new.Amount)
}
