package matching

import (
	"slices"
	"strconv"
	"strings"
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
func (m *matcher) exclude() {
	for _, g := range m.oldGroups {
		g.closed, g.surplus = false, false
	}
	for _, g := range m.newGroups {
		g.closed, g.surplus = false, false
	}
	m.assign(func(e *edge) bool { return e.excluded }, func(*edge) bool { return false }, m.context.AsMany)
	m.excludeLearned()
}

// Minimum numbers for excludeLearned: minLearned of rows that are unique on both sides, and minRewritten of such rows
// that show how one text was rewritten.
const (
	minLearned   = 5
	minRewritten = 2
)

// excludeLearned pairs further rows of an account whose texts were rewritten. From the rows whose day and amount are
// unique on both sides it learns which words became which (see rewriting). Rows of one day and amount are then paired
// if their words became each other in at least minRewritten unique rows, and neither became others. As many rows that
// cannot be told apart are paired with as many. Evidence may only be doubtful in the words.
//
// Nothing is learned unless half of the rows of the smaller side are unique and have a partner.
func (m *matcher) excludeLearned() {
	unique := m.uniqueEdges()
	if len(unique) < minLearned || 2*len(unique) < min(len(m.left), len(m.came)) {
		return
	}
	became := map[[2]string]int{}            // how often a text became another one
	partners := map[string]map[string]bool{} // the other texts of each text
	for e := range unique {
		texts := e.rewriting()
		became[texts]++
		for i, text := range texts {
			if partners[text] == nil {
				partners[text] = map[string]bool{}
			}
			partners[text][texts[1-i]] = true
		}
	}
	isLearned := func(e *edge) bool {
		texts := e.rewriting()
		return became[texts] >= minRewritten && len(partners[texts[0]]) == 1 && len(partners[texts[1]]) == 1 &&
			!slices.ContainsFunc(m.explain(e).findings, isDoubtOfNumbers)
	}
	for _, g := range slices.Concat(m.oldGroups, m.newGroups) {
		g.closed, g.surplus = false, false
	}
	m.assign(
		func(e *edge) bool { return e.isOneDay() && isLearned(e) }, func(*edge) bool { return false }, m.context.AsMany)
}

// isDoubtOfNumbers reports whether a finding speaks against a pair for another reason than its words, for example
// another folio.
func isDoubtOfNumbers(f Finding) bool {
	return f.Speaks == Against && f.Kind != "text" && f.Kind != "service" && f.Kind != "operation"
}

// uniqueEdges returns the edges between two rows whose day, amount and direction no other row of their side has.
func (m *matcher) uniqueEdges() map[*edge]bool {
	counts := [2]map[string]int{{}, {}}
	key := func(r *row) string { return scopeOf(r, r.Amount) + strconv.Itoa(r.day) }
	for side, rows := range [2][]*row{m.left, m.came} {
		for _, r := range rows {
			counts[side][key(r)]++
		}
	}
	unique := map[*edge]bool{}
	for _, e := range m.edges {
		if e.isOneDay() && counts[0][key(e.old.first)] == 1 && counts[1][key(e.new.first)] == 1 {
			unique[e] = true
		}
	}
	return unique
}

// isOneDay reports whether the rows of an edge have one day and one amount, and all of their parts were read.
func (e *edge) isOneDay() bool {
	o, n := e.old.first, e.new.first
	return o.day == n.day && o.Amount.Equal(n.Amount) && o.Excess == n.Excess && o.Status == n.Status
}

// rewriting returns the words of the old text that the new one lacks, and the words of the new text that the old one
// lacks. Numbers are left out.
func (e *edge) rewriting() [2]string {
	without := func(a, b *row) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(a.tokens), func(token string) bool {
			return strings.ContainsAny(token, "0123456789") || slices.Contains(b.tokens, token)
		}), " ")
	}
	return [2]string{"old " + without(e.old.first, e.new.first), "new " + without(e.new.first, e.old.first)}
}

// isExcluded reports whether two groups may be paired because no other group is left. They must have the same amount
// and date, and one of these must be true:
//
//   - The texts are equal, or share a name, a document or an identifier.
//   - Neither text has a name, and both have the same operation.
//   - One text names more than the other, and the amount is not a usual price.
func (c *comparison) isExcluded() bool {
	if c.old.Excess != c.new.Excess || c.days() > 0 || c.amounts() != sameAmount || c.goesBack() {
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
