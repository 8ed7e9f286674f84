package matching

import (
	"slices"
)

// minWholeRows is the minimum number of old rows, and also of new rows, for which an account is judged as a whole.
const minWholeRows = 10

// IsWhole reports whether all rows of an account have changed their ids, so that the account is judged as a whole.
// There must be at least ten old rows (left) and ten new rows (came), and no row of their period may have kept its id
// (stayed).
func IsWhole(left, came, stayed int) bool {
	return stayed == 0 && min(left, came) >= minWholeRows
}

// exclude pairs rows by exclusion: an old row and a new row are a pair if neither of them has another possible
// partner. This is done only in an account that is judged as a whole. No evidence may contradict the pair, because
// two unrelated rows can be left over.
//
// The other rows are paired by what the account itself shows about how its rows were rewritten; see rewriting.
func (m *matcher) exclude() {
	for _, g := range slices.Concat(m.oldGroups, m.newGroups) {
		g.closed, g.surplus = false, false
	}
	m.assign(func(e *edge) bool { return e.excluded && m.mayMove(e) }, func(*edge) bool { return false },
		m.context.AsMany)
	m.excludeMoved()
}

// isExcluded reports whether two groups may be paired because no other group is left. They must have the same amount
// and date, and one of these must be true:
//
//   - The texts are equal, or share a name, a document or an identifier.
//   - Neither text has a name, and both have the same operation.
//   - One text names more than the other, and the amount is not a usual price.
func (c *comparison) isExcluded() bool {
	if c.old.Excess != c.new.Excess || c.days() > 0 || c.amounts() != sameAmount || c.goesBack() ||
		c.misplaced {
		return false
	}
	switch {
	case c.old.compact == c.new.compact:
		return true
	case c.name >= contained || c.documented || c.weak:
		return true
	case c.doubt:
		return false
	case c.sameNumbers && slices.Equal(c.old.Words, c.new.Words):
		return true
	case !c.old.Names() && !c.new.Names():
		return c.old.Operation == c.new.Operation
	}
	return isOdd(c.new.Amount)
}
