package domain

import (
	"cmp"
	"slices"
	"sort"
)

// rowGroup contains removed rows, or new rows, that cannot be distinguished: they have the same class (see
// matchNearest), text, day and instalment, and their texts contain the same date, time and tax number.
type rowGroup struct {
	rows []*matchRow
	day  int
}

// open returns the rows of the group that can still be matched.
func (g *rowGroup) open() []*matchRow {
	var open []*matchRow
	for _, row := range g.rows {
		if !row.matched && !row.ambiguous {
			open = append(open, row)
		}
	}
	return open
}

// close marks the rows of the group that are still open as ambiguous.
func (g *rowGroup) close() {
	for _, row := range g.open() {
		row.ambiguous = true
	}
}

// groupPair consists of a group of removed rows (left) and a group of new rows (came). At least one pair of their rows
// may be matched.
type groupPair struct {
	left, came *rowGroup
	days       int // number of days between the dates of both groups
}

// matchNearest matches rows for which classOf returns the same class. It ignores rows for which classOf returns "".
// Pairs with the nearest dates are matched first. allowed reports whether a pair may be matched.
func (m *matcher) matchNearest(
	rule MatchRule, classOf func(*matchRow) string, maxDays int, allowed func(left, came *matchRow) bool,
) {
	cames := indexRows(unmatched(m.came), classOf)
	for class, lefts := range indexRows(unmatched(m.left), classOf) {
		if len(cames[class]) == 0 {
			continue
		}
		pairs := pairGroups(groupRows(lefts), groupRows(cames[class]), maxDays, allowed)
		for len(pairs) > 0 {
			sameDays := pairs[0].days
			end := sort.Search(len(pairs), func(i int) bool { return pairs[i].days > sameDays })
			for _, component := range components(pairs[:end]) {
				m.settle(component, rule, allowed)
			}
			pairs = pairs[end:]
		}
	}
}

// groupRows splits the rows of one class into groups. rows must be ordered by day, and so is the result.
func groupRows(rows []*matchRow) []*rowGroup {
	var groups []*rowGroup
	byKey := map[groupKey]*rowGroup{}
	for _, row := range rows {
		key := groupKey{day: row.day, text: row.text}
		key.text.payment = ""
		key.text.instalment = Instalment{Number: row.instalment.Number, Count: row.instalment.Count}
		group := byKey[key]
		if group == nil {
			group = &rowGroup{day: row.day}
			byKey[key] = group
			groups = append(groups, group)
		}
		group.rows = append(group.rows, row)
	}
	return groups
}

// groupKey contains the values that all rows of a group share.
type groupKey struct {
	day  int
	text description
}

// pairGroups returns the pairs of groups that are at most maxDays apart, the nearest first. It returns no
// pairs if a group would have to be compared with more than maxTextsCompared other groups.
func pairGroups(lefts, cames []*rowGroup, maxDays int, allowed func(left, came *matchRow) bool) []groupPair {
	var pairs []groupPair
	for _, left := range lefts {
		first := sort.Search(len(cames), func(i int) bool { return cames[i].day >= left.day-maxDays })
		end := sort.Search(len(cames), func(i int) bool { return cames[i].day > left.day+maxDays })
		if end-first > maxTextsCompared {
			return nil
		}
		for _, came := range cames[first:end] {
			if anyPair(left.rows, came.rows, allowed) {
				pairs = append(pairs, groupPair{left, came, max(left.day-came.day, came.day-left.day)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b groupPair) int { return cmp.Compare(a.days, b.days) })
	return pairs
}

// maxPairsTried is the maximum number of pairs of rows that are tried for two groups.
const maxPairsTried = 1 << 14

// anyPair reports whether at least one pair of the rows is allowed. It tries at most maxPairsTried pairs.
func anyPair(lefts, cames []*matchRow, allowed func(left, came *matchRow) bool) bool {
	tried := 0
	for _, left := range lefts {
		for _, came := range cames {
			if allowed(left, came) {
				return true
			}
			if tried++; tried == maxPairsTried {
				return false
			}
		}
	}
	return false
}

// components splits pairs into sets that share no group. It omits pairs with a group that has no open rows.
func components(pairs []groupPair) [][]groupPair {
	root := map[*rowGroup]*rowGroup{}
	find := func(g *rowGroup) *rowGroup {
		for root[g] != nil {
			g = root[g]
		}
		return g
	}
	var open []groupPair
	for _, pair := range pairs {
		if len(pair.left.open()) == 0 || len(pair.came.open()) == 0 {
			continue
		}
		open = append(open, pair)
		if a, b := find(pair.left), find(pair.came); a != b {
			root[a] = b
		}
	}
	index := map[*rowGroup]int{}
	var sets [][]groupPair
	for _, pair := range open {
		of := find(pair.left)
		at, known := index[of]
		if !known {
			at, index[of] = len(sets), len(sets)
			sets = append(sets, nil)
		}
		sets[at] = append(sets[at], pair)
	}
	return sets
}

// settle matches the groups of one component. All pairs of a component have the same distance in days. If there are
// several groups of removed rows or of new rows, the groups are matched only if both kinds have the same order: the
// first group of removed rows is matched with the first group of new rows, and so on. Otherwise no pair is nearer than
// another, and the rows become ambiguous.
func (m *matcher) settle(component []groupPair, rule MatchRule, allowed func(left, came *matchRow) bool) {
	lefts, cames := sides(component)
	if !inOrder(lefts, cames, component) {
		for _, group := range slices.Concat(lefts, cames) {
			group.close()
		}
		return
	}
	for i := range lefts {
		m.matchGroups(lefts[i], cames[i], rule, allowed)
	}
}

// sides returns the groups of removed rows (lefts) and of new rows (cames) of a component, ordered by day and without
// duplicates.
func sides(component []groupPair) (lefts, cames []*rowGroup) {
	seen := map[*rowGroup]bool{}
	add := func(groups []*rowGroup, group *rowGroup) []*rowGroup {
		if seen[group] {
			return groups
		}
		seen[group] = true
		return append(groups, group)
	}
	for _, pair := range component {
		lefts, cames = add(lefts, pair.left), add(cames, pair.came)
	}
	byDay := func(a, b *rowGroup) int { return cmp.Compare(a.day, b.day) }
	slices.SortFunc(lefts, byDay)
	slices.SortFunc(cames, byDay)
	return lefts, cames
}

// inOrder reports whether lefts and cames have the same number of groups, no two groups of the same list have the same
// day, and the groups at each position form a pair of the component.
func inOrder(lefts, cames []*rowGroup, component []groupPair) bool {
	if len(lefts) != len(cames) {
		return false
	}
	known := make(map[groupPair]bool, len(component))
	for _, pair := range component {
		known[pair] = true
	}
	for i := range lefts {
		if i > 0 && (lefts[i].day == lefts[i-1].day || cames[i].day == cames[i-1].day) ||
			!known[groupPair{lefts[i], cames[i], component[0].days}] {
			return false
		}
	}
	return true
}

// matchGroups matches the rows of two groups. If the groups differ in size, it is unknown which rows belong together,
// so no row is matched. If the account was linked again, however, both sides are complete, and as many rows as possible
// are matched.
func (m *matcher) matchGroups(
	left, came *rowGroup, rule MatchRule, allowed func(left, came *matchRow) bool,
) {
	lefts, cames := m.apart(left.open(), came.open())
	pairs := assign(lefts, cames, allowed)
	if !m.relinked && (len(lefts) != len(cames) || len(pairs) != len(lefts)) {
		left.close()
		came.close()
		return
	}
	for _, pair := range pairs {
		m.match(pair[0], pair[1], rule)
	}
}

// apart returns the removed rows for which areApart is true with at least one new row, and the new rows for which it is
// true with at least one removed row. Only these rows can be matched. If there are too many pairs to check, it returns
// all rows.
func (m *matcher) apart(lefts, cames []*matchRow) (apartLefts, apartCames []*matchRow) {
	if len(lefts)*len(cames) > maxPairsTried {
		return lefts, cames
	}
	for _, left := range lefts {
		if slices.ContainsFunc(cames, func(came *matchRow) bool { return m.areApart(left, came) }) {
			apartLefts = append(apartLefts, left)
		}
	}
	for _, came := range cames {
		if slices.ContainsFunc(lefts, func(left *matchRow) bool { return m.areApart(left, came) }) {
			apartCames = append(apartCames, came)
		}
	}
	return apartLefts, apartCames
}

// assign returns pairs of rows; each row is in at most one pair. It chooses a partner for each removed row. It begins
// with the posted rows, because a posted row has fewer possible partners.
func assign(lefts, cames []*matchRow, allowed func(left, came *matchRow) bool) [][2]*matchRow {
	var pairs [][2]*matchRow
	free := postedFirst(cames)
	for _, left := range postedFirst(lefts) {
		i := slices.IndexFunc(free, func(came *matchRow) bool { return allowed(left, came) })
		if i >= 0 {
			pairs = append(pairs, [2]*matchRow{left, free[i]})
			free = slices.Delete(free, i, i+1)
		}
	}
	return pairs
}

// postedFirst returns a copy of the rows with the posted rows first. Otherwise it keeps the order.
func postedFirst(rows []*matchRow) []*matchRow {
	ordered := slices.Clone(rows)
	slices.SortStableFunc(ordered, func(a, b *matchRow) int {
		return cmp.Compare(postedRank(a), postedRank(b))
	})
	return ordered
}

func postedRank(row *matchRow) int {
	if row.Status == Posted {
		return 0
	}
	return 1
}
