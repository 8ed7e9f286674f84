package matching

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Pair consists of an old row and a new row that are the same movement.
type Pair struct {
	domain.MatchPair
	Rule     domain.MatchRule
	Findings []Finding
}

// Suggestion consists of an old row and a new row that may be the same movement.
type Suggestion struct {
	domain.MatchPair
	Findings []Finding
}

// Result contains the decisions about the rows of an account.
type Result struct {
	Pairs []Pair // ordered by Old; each row is in at most one pair
	// Suggestions contains at most MaxSuggestions for each old row that is in no pair, ordered by Old. The best
	// suggestion of a row comes first. No row of a suggestion is in a pair.
	Suggestions []Suggestion
	// Unjudged is the number of old rows that were not compared with every new row of their amount: more than
	// maxBucket of these rows share the date and every word, and none has the same text. Such old rows are in no
	// pair, only in suggestions. Unjudged is 0 for the accounts of people and firms.
	Unjudged int
}

// MaxSuggestions is the maximum number of suggestions for an old row.
const MaxSuggestions = 3

// Rules in addition to those of package domain.
const (
	// VendorLink: the vendor states which row the new one replaces.
	VendorLink domain.MatchRule = "vendor_link"
	// Exclusion: all ids of the account have changed. The two rows fit each other, and no other remaining row fits
	// either of them.
	Exclusion domain.MatchRule = "exclusion"
)

// Match pairs the old rows of an account, which the vendor no longer returns (left), with the new ones (came). It
// returns the other possible pairs as suggestions. Rows of different accounts are never paired. The result does not
// depend on the order of the rows.
//
// For n rows, Match takes O(n log n) time. Rows are compared only if they share an identifier or the amount. A
// pending row is also compared with rows whose names begin with the same letters.
func Match(left, came []Row, context Context) Result {
	m := matcher{context: &context, left: parseAll(left), came: parseAll(came)}
	if len(m.left) == 0 || len(m.came) == 0 {
		return Result{}
	}
	m.findShared()
	m.findReversals()
	linked := map[string]bool{}
	for _, r := range m.came {
		linked[r.Link] = true
	}
	m.oldGroups, m.newGroups = groupRows(m.left, linked), groupRows(m.came, nil)
	m.judgeAll()
	m.assign(func(e *edge) bool { return e.line.Verdict == Same }, (*edge).isUncounted, context.AsMany)
	if context.Whole {
		m.exclude()
	}
	return m.result()
}

// matcher holds the state of one call of Match.
type matcher struct {
	context              *Context
	left, came           []*row
	oldGroups, newGroups []*group
	edges                []*edge
	pairs                []Pair
	unjudged             int
}

// group contains identical rows of one side (all old, or all new), which cannot be told apart.
type group struct {
	rows     []*row // those that are in no pair yet
	first    *row
	series   string // identity of the movement without its date
	unjudged bool   // not compared with all rows of its amount: its rows are in no pair
	closed   bool   // unjudged or ambiguous: its rows are in no further pair
	surplus  bool   // closed because its partner has fewer rows: its other rows may belong to another partner
	edges    []*edge
}

// edge connects two groups if at least one pair of their rows may be the same movement.
type edge struct {
	old, new *group
	c        *comparison
	line     *Line
	rank     int // lower is better
	// undecided is set by assign.
	undecided bool
}

func parseAll(rows []Row) []*row {
	parsed := make([]*row, 0, len(rows))
	for i := range rows {
		if r := parse(&rows[i]); r != nil {
			parsed = append(parsed, r)
		}
	}
	slices.SortFunc(parsed, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.day, b.day), a.OccurredAt.Compare(b.OccurredAt),
			cmp.Compare(a.ExternalID, b.ExternalID))
	})
	return parsed
}

// findShared finds the identifiers that several old rows, or several new rows, have. Such an identifier does not name
// a single movement.
func (m *matcher) findShared() {
	m.context.shared = map[identifierKey]bool{}
	for _, side := range [][]*row{m.left, m.came} {
		seen := map[identifierKey]bool{}
		for _, r := range side {
			for k := range kinds {
				for _, value := range r.ids[k] {
					key := identifierKey{r.Account, k, value}
					if seen[key] {
						m.context.shared[key] = true
					}
					seen[key] = true
				}
			}
		}
	}
}

// findReversals extends Context.Reversed, so that it also finds new rows that give an amount back.
func (m *matcher) findReversals() {
	if m.context.Whole {
		return
	}
	back := map[string][]*row{}
	for _, r := range m.came {
		back[scopeOf(r, r.Amount.Negate())] = append(back[scopeOf(r, r.Amount.Negate())], r)
	}
	byID := make(map[*Row]*row, len(m.left))
	for _, r := range m.left {
		byID[r.Row] = r
	}
	known := m.context.Reversed
	m.context.Reversed = func(oldRow *Row) bool {
		r := byID[oldRow]
		return known != nil && known(oldRow) ||
			r != nil && slices.ContainsFunc(back[scopeOf(r, r.Amount)], func(b *row) bool {
				near := max(b.day-r.day, r.day-b.day) <= maxDaysPossible
				return near && (b.Refund || compareNames(b.words, r.words, false) >= contained)
			})
	}
}

// scopeOf returns a key for the account of the row and the amount, including its sign.
func scopeOf(r *row, amount domain.Money) string { return r.Account.String() + amountKey(amount) }

// groupRows divides the rows into groups of rows that cannot be told apart. A row whose external id is in linked is a
// group of its own, because the vendor tells it apart.
func groupRows(rows []*row, linked map[string]bool) []*group {
	byKey := map[string]*group{}
	var groups []*group
	for _, r := range rows {
		key := strings.Join([]string{
			r.Account.String(), r.identity, strconv.Itoa(r.day), string(r.Status), r.idsKey(), r.Link,
		}, "\x01")
		if linked[r.ExternalID] {
			key += "\x01" + r.ExternalID
		}
		g := byKey[key]
		if g == nil {
			g = &group{first: r, series: r.Account.String() + r.identity + string(r.Status)}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.rows = append(g.rows, r)
	}
	return groups
}

func (r *row) idsKey() string {
	var key strings.Builder
	for k := range kinds {
		for _, value := range r.ids[k] {
			key.WriteString(value)
			key.WriteByte(0)
		}
		key.WriteByte(1)
	}
	return key.String()
}

// judgeAll compares each group of old rows with its candidates.
func (m *matcher) judgeAll() {
	candidates := newCandidates(m.newGroups)
	oldCounts, newCounts := countAlike(m.left), countAlike(m.came)
	series := unequalSeries(m.oldGroups, m.newGroups)
	for _, oldGroup := range m.oldGroups {
		found, complete := candidates.of(oldGroup)
		if !complete {
			// A row that was not compared may be a better partner, so pairs are only suggested.
			oldGroup.unjudged, oldGroup.closed = true, true
			m.unjudged += len(oldGroup.rows)
		}
		for _, newGroup := range found {
			if pair := (&comparison{old: oldGroup.first, new: newGroup.first, context: m.context}); pair.isOutside() {
				continue
			}
			c := compare(oldGroup.first, newGroup.first, m.context)
			c.unequal = !m.context.AsMany && oldCounts[c.old.alike] != newCounts[c.new.alike]
			line := m.lineOf(oldGroup, newGroup, c)
			if line.Verdict == Other {
				continue
			}
			e := &edge{old: oldGroup, new: newGroup, c: c, line: line}
			e.rank = c.rank(series[oldGroup.series])
			oldGroup.edges, newGroup.edges = append(oldGroup.edges, e), append(newGroup.edges, e)
			m.edges = append(m.edges, e)
		}
	}
	m.recount()
	slices.SortStableFunc(m.edges, func(a, b *edge) int { return cmp.Compare(a.rank, b.rank) })
}

// recount judges uncounted pairs of single rows with one card again, if every row like the old one contradicts the new
// one, and every row like the new one contradicts the old one: of two equal purchases with two cards, one is posted.
func (m *matcher) recount() {
	var alone []*edge
	for _, e := range m.edges {
		if e.line.Name != uncounted || e.c.old.card == "" || e.c.old.card != e.c.new.card ||
			len(e.old.rows)+len(e.new.rows) > 2 {
			continue
		}
		like := func(other *edge) bool {
			return other != e && other.c.old.alike == e.c.old.alike && other.c.new.alike == e.c.new.alike
		}
		if !slices.ContainsFunc(e.old.edges, like) && !slices.ContainsFunc(e.new.edges, like) {
			alone = append(alone, e)
		}
	}
	for _, e := range alone {
		e.c.unequal = false
		e.line = e.c.line()
	}
}

// likeness returns a key that is equal for rows of one date that an accountant could hardly tell apart without their
// numbers: they have the same amount, counterparty and operation, and their names begin with the same letters.
func (r *row) likeness() string {
	name := strings.Join(r.words[:min(1, len(r.words))], "")
	return strings.Join([]string{
		r.Account.String(), amountKey(r.Amount), string(r.Status), strconv.Itoa(r.day), name[:min(4, len(name))],
		strings.Join(r.party, " "), strings.Join(r.documents, " "), strings.Join(r.accounts, " "), string(r.Operation),
		fractionOf(r.instalment),
	}, "\x00")
}

func countAlike(rows []*row) map[string]int {
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.alike]++
	}
	return counts
}

// lineOf returns the line of Table for two groups: the best line of any pair of their rows. The rows of a group
// differ only in the reads that returned them, and in when the service learned of them.
func (m *matcher) lineOf(oldGroup, newGroup *group, c *comparison) *Line {
	line := c.line()
	if line.Verdict != Other || len(oldGroup.rows)*len(newGroup.rows) == 1 {
		return line
	}
	if o, n, ok := m.firstAllowed(oldGroup.rows, newGroup.rows); ok {
		other := *c
		other.old, other.new = o, n
		return other.line()
	}
	return line
}

// firstAllowed returns the first pair of rows of two groups that may be paired; see mayPair.
func (m *matcher) firstAllowed(oldRows, newRows []*row) (o, n *row, ok bool) {
	for _, o := range oldRows {
		for _, n := range newRows {
			if m.mayPair(o, n) {
				return o, n, true
			}
		}
	}
	return nil, nil, false
}

// unequalSeries returns the series of equal movements, such as daily fares, that have as many old rows as new ones,
// but different dates. Each row may have moved by a day, so a near date is no evidence.
func unequalSeries(oldGroups, newGroups []*group) map[string]bool {
	days := map[string][2][]int{}
	for side, groups := range [2][]*group{oldGroups, newGroups} {
		for _, g := range groups {
			key := strings.TrimSuffix(strings.TrimSuffix(g.series, string(domain.Pending)), string(domain.Posted))
			both := days[key]
			for range g.rows {
				both[side] = append(both[side], g.first.day)
			}
			days[key] = both
		}
	}
	unequal := map[string]bool{}
	for key, both := range days {
		if len(both[0]) > 1 && len(both[0]) == len(both[1]) && !slices.Equal(both[0], both[1]) {
			unequal[key+string(domain.Pending)], unequal[key+string(domain.Posted)] = true, true
		}
	}
	return unequal
}

// rank returns the rank of a pair; a lower rank means better evidence. A link of the vendor is best, then a strong
// identifier, then the text, then the distance of the dates. If inSeries is true, the dates are ignored.
func (c *comparison) rank(inSeries bool) int {
	days := min(c.days(), 31)
	if inSeries {
		days = 0
	}
	switch {
	case c.new.Link != "":
		return 0
	case c.strong:
		return 1
	}
	text := 4
	switch {
	case c.weak && c.name >= contained, c.documented && c.name >= contained:
		text = 0
	case c.name == agree || c.name == contained && c.isCut() || c.old.compact == c.new.compact:
		text = 1
	case c.name == contained:
		text = 2
	case c.documented || c.weak:
		text = 3
	}
	if c.old.Status == domain.Pending && text > 0 && !c.weak {
		text++ // prefer the posted row to its provisional row
	}
	if c.amounts() < movedAmount {
		text += 8
	}
	if c.doubt {
		text += 4
	}
	return 2 + text*32 + days
}

// assign pairs the groups of the allowed edges, best rank first. Edges of equal rank are decided together. The groups
// of an edge are ambiguous, and not paired, in these cases:
//   - One of them has several partners.
//   - They have different numbers of rows. If asMany is set, as many rows as possible are paired instead. Otherwise
//     the other partners of the group with more rows, which may belong to one of these rows, are not paired either.
//   - undecided returns true for the edge.
func (m *matcher) assign(allowed, undecided func(*edge) bool, asMany bool) {
	var edges []*edge
	for _, e := range m.edges {
		if e.undecided = undecided(e); e.undecided || allowed(e) {
			edges = append(edges, e)
		}
	}
	for len(edges) > 0 {
		end := 1
		for end < len(edges) && edges[end].rank == edges[0].rank {
			end++
		}
		m.assignEqual(edges[:end], asMany)
		edges = edges[end:]
	}
}

// isUncounted reports whether the rows of an edge would be the same movement if there were as many old rows like them
// as new ones. Such an edge pairs nothing, but it keeps its rows from being paired with more distant rows.
func (e *edge) isUncounted() bool {
	return e.line.Name == uncounted && e.c.isSame()
}

// assignEqual pairs the groups of edges that have the same rank.
func (m *matcher) assignEqual(edges []*edge, asMany bool) {
	partners := map[*group]int{}
	var open []*edge
	for _, e := range edges {
		e.old.closed, e.new.closed = e.old.closed || e.new.surplus, e.new.closed || e.old.surplus
	}
	for _, e := range edges {
		if !e.old.closed && !e.new.closed && len(e.old.rows) > 0 && len(e.new.rows) > 0 {
			open = append(open, e)
			partners[e.old]++
			partners[e.new]++
		}
	}
	for _, e := range open {
		only := partners[e.old] == 1 && partners[e.new] == 1 && !e.undecided
		switch {
		case only && (len(e.old.rows) == len(e.new.rows) || asMany):
			m.pairRows(e)
		default:
			e.old.closed, e.new.closed = true, true
			single := partners[e.old] == 1 && partners[e.new] == 1
			e.old.surplus = single && len(e.old.rows) > len(e.new.rows)
			e.new.surplus = single && len(e.new.rows) > len(e.old.rows)
		}
	}
}

// pairRows pairs as many rows of two groups as possible. Rows that one read returned together are never paired.
func (m *matcher) pairRows(e *edge) {
	rule := e.rule()
	var restOld []*row
	restNew := slices.Clone(e.new.rows)
	for _, o := range e.old.rows {
		i := slices.IndexFunc(restNew, func(n *row) bool { return m.mayPair(o, n) })
		if i < 0 {
			restOld = append(restOld, o)
			continue
		}
		pair := domain.MatchPair{Old: o.ExternalID, New: restNew[i].ExternalID}
		m.pairs = append(m.pairs, Pair{pair, rule, e.c.findings})
		restNew = slices.Delete(restNew, i, i+1)
	}
	e.old.rows, e.new.rows = restOld, restNew
}

// mayPair reports whether two rows may be paired: no read returned both, and isForbidden returns false.
func (m *matcher) mayPair(oldRow, newRow *row) bool {
	c := comparison{old: oldRow, new: newRow, context: m.context}
	return !c.wereSeenTogether() && !c.isForbidden()
}

// rule returns the rule that is shown to callers.
func (e *edge) rule() domain.MatchRule {
	switch {
	case e.line.Verdict != Same:
		return Exclusion
	case e.c.new.Link != "":
		return VendorLink
	case e.c.strong:
		return domain.SameKey
	case e.c.amounts() == movedAmount:
		return domain.ForeignAmount
	case e.c.name == agree || slices.Equal(e.c.old.words, e.c.new.words):
		return domain.SameDescription
	}
	return domain.SimilarText
}

// result returns the pairs and, for the old rows without a partner, the best suggestions.
func (m *matcher) result() Result {
	out := Result{Pairs: m.pairs, Unjudged: m.unjudged}
	for _, g := range m.oldGroups {
		slices.SortStableFunc(g.edges, func(a, b *edge) int { return cmp.Compare(a.rank, b.rank) })
		for i, o := range g.rows {
			out.Suggestions = append(out.Suggestions, m.suggestionsFor(g, o, i)...)
		}
	}
	slices.SortFunc(out.Pairs, func(a, b Pair) int { return cmp.Compare(a.Old, b.Old) })
	slices.SortStableFunc(out.Suggestions, func(a, b Suggestion) int { return cmp.Compare(a.Old, b.Old) })
	return out
}

// suggestionsFor returns the suggestions for the i-th row of a group. Each of several identical rows starts with a
// different new row, so that all new rows are suggested.
func (m *matcher) suggestionsFor(g *group, o *row, i int) (suggestions []Suggestion) {
	for _, e := range g.edges {
		for j := range e.new.rows {
			n := e.new.rows[(i+j)%len(e.new.rows)]
			if !m.mayPair(o, n) {
				continue
			}
			suggestions = append(suggestions,
				Suggestion{domain.MatchPair{Old: o.ExternalID, New: n.ExternalID}, e.c.findings})
			if len(suggestions) == MaxSuggestions {
				return suggestions
			}
		}
	}
	return suggestions
}
