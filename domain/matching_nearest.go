package domain

import (
	"cmp"
	"slices"
	"sort"
)

// rowGroup contains old rows, or new rows, that cannot be distinguished. They have the same class (see matchNearest)
// and the same day. Their descriptions have the same words, instalment, date, time and tax number.
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

// groupPair consists of a group of old rows and a group of new rows. At least one of the old rows may be matched with
// one of the new rows.
type groupPair struct {
	oldGroup, newGroup *rowGroup
	days               int // number of days between the dates of the two groups
}

// matchNearest matches rows of the same class, the pairs with the nearest dates first. classOf returns the class of a
// row; it returns "" if the row must be ignored. allowed reports whether a pair may be matched.
func (m *matcher) matchNearest(
	rule MatchRule, classOf func(*matchRow) string, maxDays int, allowed func(oldRow, newRow *matchRow) bool,
) {
	newRows := indexRows(unmatched(m.newRows), classOf)
	for class, oldRows := range indexRows(unmatched(m.oldRows), classOf) {
		if len(newRows[class]) == 0 {
			continue
		}
		pairs := pairGroups(groupRows(oldRows), groupRows(newRows[class]), maxDays, allowed)
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

// groupRows splits the rows of one class into groups. The rows must be ordered by day; the groups have the same order.
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

// pairGroups returns the pairs of groups that may be matched, the nearest dates first. The two dates of a pair are at
// most maxDays apart. The given function must permit a match of at least one old row with one new row. The result is
// empty if more than maxTextsCompared new groups are near the date of one old group (at most maxDays apart).
func pairGroups(oldRows, newRows []*rowGroup, maxDays int, allowed func(oldRow, newRow *matchRow) bool) []groupPair {
	var pairs []groupPair
	for _, oldGroup := range oldRows {
		first := sort.Search(len(newRows), func(i int) bool { return newRows[i].day >= oldGroup.day-maxDays })
		end := sort.Search(len(newRows), func(i int) bool { return newRows[i].day > oldGroup.day+maxDays })
		if end-first > maxTextsCompared {
			return nil
		}
		for _, newGroup := range newRows[first:end] {
			if anyPair(oldGroup.rows, newGroup.rows, allowed) {
				pairs = append(
					pairs,
					groupPair{oldGroup, newGroup, max(oldGroup.day-newGroup.day, newGroup.day-oldGroup.day)},
				)
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b groupPair) int { return cmp.Compare(a.days, b.days) })
	return pairs
}

// maxPairsTried is the maximum number of pairs of rows that are checked for one pair of groups.
const maxPairsTried = 1 << 14

// anyPair reports whether at least one pair of an old and a new row is allowed. It checks at most maxPairsTried pairs.
func anyPair(oldRows, newRows []*matchRow, allowed func(oldRow, newRow *matchRow) bool) bool {
	tried := 0
	for _, oldRow := range oldRows {
		for _, newRow := range newRows {
			if allowed(oldRow, newRow) {
				return true
			}
			if tried++; tried == maxPairsTried {
				return false
			}
		}
	}
	return false
}

// components splits the pairs into connected components: two pairs with a common group are always in the same
// component. It omits a pair if all rows of one of its groups are already matched or ambiguous.
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
		if len(pair.oldGroup.open()) == 0 || len(pair.newGroup.open()) == 0 {
			continue
		}
		open = append(open, pair)
		if a, b := find(pair.oldGroup), find(pair.newGroup); a != b {
			root[a] = b
		}
	}
	index := map[*rowGroup]int{}
	var sets [][]groupPair
	for _, pair := range open {
		of := find(pair.oldGroup)
		at, known := index[of]
		if !known {
			at, index[of] = len(sets), len(sets)
			sets = append(sets, nil)
		}
		sets[at] = append(sets[at], pair)
	}
	return sets
}

// settle matches the groups of one connected component (see components). All pairs of the component have the same
// distance in days. The first group of old rows is matched with the first group of new rows, the second with the
// second, and so on. If this assignment is not possible (see inOrder), all rows become ambiguous.
func (m *matcher) settle(component []groupPair, rule MatchRule, allowed func(oldRow, newRow *matchRow) bool) {
	oldRows, newRows := groupsOf(component)
	if !inOrder(oldRows, newRows, component) {
		for _, group := range slices.Concat(oldRows, newRows) {
			group.close()
		}
		return
	}
	for i := range oldRows {
		m.matchGroups(oldRows[i], newRows[i], rule, allowed)
	}
}

// groupsOf returns the groups of old rows and the groups of new rows that the given pairs contain. Both lists are
// ordered by day and have no duplicates.
func groupsOf(component []groupPair) (oldRows, newRows []*rowGroup) {
	seen := map[*rowGroup]bool{}
	add := func(groups []*rowGroup, group *rowGroup) []*rowGroup {
		if seen[group] {
			return groups
		}
		seen[group] = true
		return append(groups, group)
	}
	for _, pair := range component {
		oldRows, newRows = add(oldRows, pair.oldGroup), add(newRows, pair.newGroup)
	}
	byDay := func(a, b *rowGroup) int { return cmp.Compare(a.day, b.day) }
	slices.SortFunc(oldRows, byDay)
	slices.SortFunc(newRows, byDay)
	return oldRows, newRows
}

// inOrder reports whether each group of old rows can be assigned to the group of new rows at the same position. The
// conditions are:
//
//   - both lists have the same length;
//   - no two groups of one list have the same day;
//   - at each position, the old group and the new group form one of the given pairs.
func inOrder(oldRows, newRows []*rowGroup, component []groupPair) bool {
	if len(oldRows) != len(newRows) {
		return false
	}
	known := make(map[groupPair]bool, len(component))
	for _, pair := range component {
		known[pair] = true
	}
	for i := range oldRows {
		if i > 0 && (oldRows[i].day == oldRows[i-1].day || newRows[i].day == newRows[i-1].day) ||
			!known[groupPair{oldRows[i], newRows[i], component[0].days}] {
			return false
		}
	}
	return true
}

// matchGroups matches the rows of two groups:
//
//   - If the account was linked again (relinked), as many rows as possible are matched, because both groups are
//     complete.
//   - In all other cases, either all rows are matched or none. No row is matched if the groups differ in size or a row
//     has no partner, because the right assignment is unknown.
func (m *matcher) matchGroups(
	oldGroup, newGroup *rowGroup, rule MatchRule, allowed func(oldRow, newRow *matchRow) bool,
) {
	oldRows, newRows := m.apart(oldGroup.open(), newGroup.open())
	pairs := assign(oldRows, newRows, allowed)
	if !m.relinked && (len(oldRows) != len(newRows) || len(pairs) != len(oldRows)) {
		oldGroup.close()
		newGroup.close()
		return
	}
	for _, pair := range pairs {
		m.match(pair[0], pair[1], rule)
	}
}

// apart returns the old rows and the new rows that have a possible partner in the other list (see areApart). With more
// than maxPairsTried pairs, it returns all rows.
func (m *matcher) apart(oldRows, newRows []*matchRow) (apartOldRows, apartNewRows []*matchRow) {
	if len(oldRows)*len(newRows) > maxPairsTried {
		return oldRows, newRows
	}
	for _, oldRow := range oldRows {
		if slices.ContainsFunc(newRows, func(newRow *matchRow) bool { return m.areApart(oldRow, newRow) }) {
			apartOldRows = append(apartOldRows, oldRow)
		}
	}
	for _, newRow := range newRows {
		if slices.ContainsFunc(oldRows, func(oldRow *matchRow) bool { return m.areApart(oldRow, newRow) }) {
			apartNewRows = append(apartNewRows, newRow)
		}
	}
	return apartOldRows, apartNewRows
}

// assign pairs old rows with new rows if the given function permits the pair. Each row is in at most one pair. Posted
// rows are paired first, because they have fewer possible partners than pending rows.
func assign(oldRows, newRows []*matchRow, allowed func(oldRow, newRow *matchRow) bool) [][2]*matchRow {
	var pairs [][2]*matchRow
	free := postedFirst(newRows)
	for _, oldRow := range postedFirst(oldRows) {
		i := slices.IndexFunc(free, func(newRow *matchRow) bool { return allowed(oldRow, newRow) })
		if i >= 0 {
			pairs = append(pairs, [2]*matchRow{oldRow, free[i]})
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
