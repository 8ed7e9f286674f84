package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"cmp"
	"runtime"
	"slices"
	"sort"
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
	// Cost contains Unjudged, the number of old rows that were not compared with all new rows that may be the same
	// movement. This has two reasons: more than maxBucket new rows of their amount share the date and every word, and
	// none has the same text; or comparing them exceeds maxRowWords. Such an old row is in a pair only if the vendor's
	// link or a strong identifier decides; otherwise only in suggestions. Unjudged is 0 for the accounts of people and
	// firms.
	Cost Cost
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
// For n rows, Match takes O(n log n) time, whatever their texts are; see maxRowWords. Rows are compared only if they
// share an identifier or the amount. A pending row is also compared with rows whose names begin with the same letters.
func Match(left, came []banktext.Row, context Context) Result {
	if len(left) == 0 || len(came) == 0 {
		return Result{}
	}
	p := parser{known: map[datedText]*row{}}
	m := matcher{context: &context, left: p.parseAll(left), came: p.parseAll(came)}
	if len(m.left) == 0 || len(m.came) == 0 {
		return Result{}
	}
	m.findShared()
	m.findFacilitators()
	m.findNamesakes()
	m.findMoved()
	m.findPositions()
	m.findReversals()
	linked := map[string]bool{}
	for _, r := range m.came {
		linked[r.Link] = true
	}
	kept := keptNumbers(m.left, m.came)
	m.oldGroups, m.newGroups = groupRows(m.left, linked, kept), groupRows(m.came, nil, kept)
	m.judgeAll()
	if context.Whole {
		m.learnDays()
	}
	if m.learned == nil {
		m.doubtPrintedDays()
	}
	m.assign(func(e *edge) bool { return e.verdict() == Same && m.mayMove(e) },
		func(e *edge) bool { return e.uncounted && m.mayMove(e) }, context.AsMany)
	m.pairAlike()
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
	reworded             []*edge                 // edges that only the words contradict; see rewriting
	contradicted         [2]map[groupOfAlike]int // rows of a likeness; see comparison.contradicts
	perDay               []map[scopeDay]int      // see isSmallClass
	learned              *rewriting              // nil if the account teaches nothing
	pairs                []Pair
	decided              []*edge // the edges of the pairs
	cost                 Cost
	scratch              comparison // see judge
}

// group contains identical rows of one side (all old, or all new), which cannot be told apart.
type group struct {
	rows   []*row // those that are in no pair yet
	size   int    // the number of rows, also of those in a pair
	first  *row
	series string // identity of the movement without its date
	alike  int    // a number for each value of row.alike
	// unjudged is set if the group was not compared with all its candidates, and contested if an unjudged group was not
	// compared with this one. The rows of such a group are paired only by a strong identifier or a link.
	unjudged, contested bool
	foundFor            *group // the last group of old rows of which this group of new rows is a candidate

	closed  bool // ambiguous: its rows are in no further pair
	surplus bool // closed because its partner has fewer rows: its other rows may belong to another partner
	edges   []*edge
}

// edge connects two groups if at least one pair of their rows may be the same movement. It holds no part of the
// comparison, because an account can have many edges; see explain.
type edge struct {
	old, new *group
	rank     int32 // lower is better
	line     uint8 // the index in Table
	// unequal and uncounted are comparison.unequal and the result of isUncounted. excluded is the result of isExcluded.
	unequal, uncounted, excluded bool
	undecided                    bool // set by assign
	sameNumbers, sameSchemes     bool // see recount
	support                      support
}

// verdict returns the verdict on the groups of an edge.
func (e *edge) verdict() Verdict { return Table[e.line].Verdict }

// explain compares the first rows of the groups of an edge again, with findings.
func (m *matcher) explain(e *edge) *comparison {
	c := &comparison{explain: true, unequal: e.unequal}
	c.compare(e.old.first, e.new.first, m.context)
	return c
}

func (p *parser) parseAll(rows []banktext.Row) []*row {
	parsed := make([]*row, 0, len(rows))
	for i := range rows {
		if r := p.parse(&rows[i]); r != nil {
			parsed = append(parsed, r)
		}
	}
	slices.SortFunc(parsed, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.day, b.day), compareBool(a.Excluded, b.Excluded),
			a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	return parsed
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// findShared finds the identifiers that several old rows, or several new rows, have. Such an identifier does not name
// a single movement.
func (m *matcher) findShared() {
	m.context.shared = map[identifierKey]bool{}
	for _, side := range [][]*row{m.left, m.came} {
		seen := map[identifierKey]bool{}
		for _, r := range side {
			for k := range banktext.Kinds {
				for _, value := range r.IDs[k] {
					key := identifierKey{r.Account, k, value}
					other := key
					if k == banktext.ChequeNumber { // a cheque and its return have one number
						other.value += strconv.Itoa(r.Amount.Amount.Sign())
					}
					if seen[other] {
						m.context.shared[key] = true
					}
					seen[other] = true
				}
			}
		}
	}
}

// findFacilitators finds the tax numbers beside which the rows of one side state several names.
func (m *matcher) findFacilitators() {
	m.context.facilitators = map[string]bool{}
	for _, rows := range [2][]*row{m.left, m.came} {
		names := map[string][]string{}
		for _, r := range rows {
			if r.Counterparty.Document == "" || len(r.Party) == 0 {
				continue
			}
			document := banktext.DigitsOf(r.Counterparty.Document)
			known, found := names[document]
			if found && compareNames(known, r.Party, true) == differ {
				m.context.facilitators[document] = true
			}
			names[document] = r.Party
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
	byID := make(map[*banktext.Row]*row, len(m.left))
	for _, r := range m.left {
		byID[r.Row] = r
	}
	known, reversed := m.context.Reversed, map[*row]bool{}
	m.context.Reversed = func(oldRow *banktext.Row) bool {
		if known != nil && known(oldRow) {
			return true
		}
		r := byID[oldRow]
		if r == nil {
			return false
		}
		found, cached := reversed[r]
		if !cached {
			found = m.isReversed(r, back[r.scope])
			reversed[r] = found
		}
		return found
	}
}

// isReversed reports whether one of the rows gives the amount of an old row back. It also returns true if there are too
// many rows to compare them.
func (m *matcher) isReversed(r *row, back []*row) bool {
	first, _ := slices.BinarySearchFunc(back, r.day-maxDaysPossible, func(b *row, day int) int { return b.day - day })
	words := 0
	for i, b := range back[first:] {
		if b.day > r.day+maxDaysPossible {
			return false
		}
		words += pairsOfWords(r, b)
		m.cost.Words += pairsOfWords(r, b)
		if i == maxTries || words > maxRowWords || b.Refund ||
			compareNames(b.Words, r.Words, false) >= contained {
			return true
		}
	}
	return false
}

// scopeOf returns a key for the account of the row and the amount, including its sign.
func scopeOf(r *row, amount domain.Money) string { return r.Account.String() + amountKey(amount) }

// keptNumbers returns the labelled numbers, such as those of authorisations, that rows of both sides have. The bank has
// not changed them, so they tell rows apart.
func keptNumbers(left, came []*row) map[string]bool {
	seen, kept := map[string]bool{}, map[string]bool{}
	for _, r := range left {
		for _, number := range tellingNumbers(r) {
			seen[number] = true
		}
	}
	for _, r := range came {
		for _, number := range tellingNumbers(r) {
			kept[number] = kept[number] || seen[number]
		}
	}
	return kept
}

// labelledNumbers returns the labelled numbers of a row, each with its label unless the number is long: OPERACION
// 7719204512, FOLIO 7719204512.
func labelledNumbers(r *row) []string {
	numbers := banktext.LabelledValues(r.Volatile)
	for i, number := range numbers {
		if _, value, _ := strings.Cut(number, " "); len(value) >= minContract {
			numbers[i] = value
		}
	}
	return numbers
}

// tellingNumbers returns the labelled numbers of a row, and those with which the comparison of two rows finds labelled
// numbers again: the numbers of cheques, and long ones without a label.
func tellingNumbers(r *row) []string {
	numbers := labelledNumbers(r)
	for _, cheque := range r.IDs[banktext.ChequeNumber] {
		numbers = append(numbers, "doc "+cheque)
	}
	for _, number := range r.Numbers {
		if len(number) >= minContract {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// groupRows divides the rows into groups of rows that cannot be told apart. A row whose external id is in linked is a
// group of its own, because the vendor tells it apart, and so are the rows with one of the kept numbers.
func groupRows(rows []*row, linked, kept map[string]bool) []*group {
	byKey := map[string]*group{}
	var groups []*group
	for _, r := range rows {
		parts := []string{
			r.Account.String(), r.identity, strconv.Itoa(r.day), string(r.Status), r.idsKey(), r.Link,
		}
		if linked[r.ExternalID] {
			parts = append(parts, r.ExternalID)
		}
		for _, number := range labelledNumbers(r) {
			if kept[number] {
				parts = append(parts, number)
			}
		}
		key := strings.Join(parts, "\x01")
		g := byKey[key]
		if g == nil {
			g = &group{first: r, series: r.Account.String() + r.identity + string(r.Status)}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.rows, g.size = append(g.rows, r), g.size+1
	}
	return groups
}

// Alike reports whether two rows of an account cannot be told apart: they have the same amount, text and date, and no
// different identifiers of one kind. Their statuses may differ.
func Alike(x, y banktext.Row) bool {
	a, b := parse(&x), parse(&y)
	if a == nil || b == nil || a.Account != b.Account || a.day != b.day || a.identity != b.identity {
		return false
	}
	for k := range banktext.Kinds {
		isCommon := func(value string) bool { return slices.Contains(b.IDs[k], value) }
		if len(a.IDs[k]) > 0 && len(b.IDs[k]) > 0 && !slices.ContainsFunc(a.IDs[k], isCommon) {
			return false
		}
	}
	return true
}

func (r *row) idsKey() string {
	var key strings.Builder
	for k := range banktext.Kinds {
		for _, value := range r.IDs[k] {
			key.WriteString(value)
			key.WriteByte(0)
		}
		key.WriteByte(1)
	}
	return key.String()
}

// judgeAll compares each group of old rows with its candidates.
func (m *matcher) judgeAll() {
	oldCounts, newCounts := m.countAlike()
	candidates := newCandidates(m.newGroups, len(m.oldGroups))
	m.contradicted = [2]map[groupOfAlike]int{{}, {}}
	series := unequalSeries(m.oldGroups, m.newGroups)
	for _, oldGroup := range m.oldGroups {
		runtime.Gosched() // other goroutines, for example those of requests, would wait until this one is preempted
		found, complete := candidates.of(oldGroup)
		if !complete {
			// A row that was not compared may be a better partner, so pairs are only suggested.
			oldGroup.unjudged = true
			m.cost.Unjudged += len(oldGroup.rows)
		}
		for _, newGroup := range found {
			unequal := !m.context.AsMany && oldCounts[oldGroup.alike] != newCounts[newGroup.alike]
			if e := m.judge(oldGroup, newGroup, unequal, series[oldGroup.series]); e != nil {
				oldGroup.edges, newGroup.edges = append(oldGroup.edges, e), append(newGroup.edges, e)
				m.edges = append(m.edges, e)
			}
		}
	}
	m.recount(oldCounts, newCounts)
	m.levelDays()
	slices.SortStableFunc(m.edges, func(a, b *edge) int { return cmp.Compare(a.rank, b.rank) })
}

// judge compares two groups. It returns nil if the verdict is Other.
func (m *matcher) judge(oldGroup, newGroup *group, unequal, inSeries bool) *edge {
	c := &m.scratch
	*c = comparison{old: oldGroup.first, new: newGroup.first, unequal: unequal, context: m.context}
	if c.isOutside() {
		return nil
	}
	m.cost.Comparisons++
	m.cost.Words += pairsOfWords(oldGroup.first, newGroup.first)
	if c.arePostedFarApart() && newGroup.first.Link == "" {
		return nil // no text and no number makes them one movement
	}
	c.compare(oldGroup.first, newGroup.first, m.context)
	line := m.lineOf(oldGroup, newGroup, c)
	isOther := Table[line].Verdict == Other
	if isOther {
		m.addContradictions(oldGroup, newGroup, c)
	}
	support := excluded
	if m.context.Whole && (!isOther || m.isSmallClass(oldGroup, newGroup)) {
		support = c.support()
	}
	if isOther && support == excluded {
		return nil // most edges are not kept, so none is allocated
	}
	e := &edge{
		old: oldGroup, new: newGroup, line: uint8(line), unequal: unequal, rank: int32(c.rank(inSeries)),
		sameNumbers: c.sameNumbers, sameSchemes: compareSets(c.old.Schemes, c.new.Schemes) == agree, support: support,
	}
	if isOther {
		m.reworded = append(m.reworded, e)
		return nil
	}
	e.uncounted = Table[line].Name == uncounted && c.isSame()
	e.excluded = m.context.Whole && c.isExcluded()
	return e
}

// addContradictions counts the rows of two groups whose numbers or card schemes contradict each other; see recount.
func (m *matcher) addContradictions(oldGroup, newGroup *group, c *comparison) {
	for kind, contradicts := range c.contradicts {
		if contradicts {
			m.contradicted[kind][groupOfAlike{oldGroup, newGroup.alike}] += len(newGroup.rows)
			m.contradicted[kind][groupOfAlike{newGroup, oldGroup.alike}] += len(oldGroup.rows)
		}
	}
}

// seriesOfEdge identifies the edges between two series of equal rows.
type seriesOfEdge struct{ old, new string }

// levelDays makes the days of edges equal, other than 0, if more rows of a series left than came, or fewer: the date
// does not say which of two pending purchases was the one that posted, if the other one got a tip or was cancelled.
func (m *matcher) levelDays() {
	type counts struct {
		groups map[*group]bool
		rows   [2]int
	}
	series := map[seriesOfEdge]*counts{}
	for _, e := range m.edges {
		if e.verdict() != Same || e.rank <= strongRank {
			continue
		}
		key := seriesOfEdge{e.old.series, e.new.series}
		of := series[key]
		if of == nil {
			of = &counts{groups: map[*group]bool{}}
			series[key] = of
		}
		for side, g := range [2]*group{e.old, e.new} {
			if !of.groups[g] {
				of.groups[g] = true
				of.rows[side] += len(g.rows)
			}
		}
	}
	for _, e := range m.edges {
		of := series[seriesOfEdge{e.old.series, e.new.series}]
		if days := (e.rank - rankOfText) % daysOfRank; of != nil && of.rows[0] != of.rows[1] && e.rank > strongRank &&
			e.verdict() == Same {
			e.rank -= max(0, days-1)
		}
	}
}

// groupOfAlike is a group and the likeness of groups of the other side.
type groupOfAlike struct {
	group *group
	alike int
}

// recount judges uncounted pairs of single rows again, if every row like the old one contradicts the new one, and every
// row like the new one contradicts the old one. The pair must have one card (of two equal purchases with two cards, one
// is posted), or the same numbers or card scheme, which contradict those of the other rows: of two equal wages with the
// numbers of two employees, one is renamed.
func (m *matcher) recount(oldCounts, newCounts []int) {
	edges := map[groupOfAlike]int{}
	for _, e := range m.edges {
		edges[groupOfAlike{e.old, e.new.alike}]++
		edges[groupOfAlike{e.new, e.old.alike}]++
	}
	for _, e := range m.edges {
		card := e.old.first.Card
		toNew, toOld := groupOfAlike{e.old, e.new.alike}, groupOfAlike{e.new, e.old.alike}
		isOnly := func(kind int) bool {
			return m.contradicted[kind][toNew] == newCounts[e.new.alike]-1 &&
				m.contradicted[kind][toOld] == oldCounts[e.old.alike]-1
		}
		isTold := e.sameNumbers && isOnly(0) || e.sameSchemes && isOnly(1) || card != "" && card == e.new.first.Card
		if Table[e.line].Name != uncounted || !isTold ||
			len(e.old.rows)+len(e.new.rows) > 2 || edges[toNew] > 1 || edges[toOld] > 1 {
			continue
		}
		e.unequal, e.uncounted = false, false
		c := comparison{}
		c.compare(e.old.first, e.new.first, m.context)
		e.line = uint8(c.line())
	}
}

// likeness returns a key that is equal for rows of one date that an accountant could hardly tell apart without their
// numbers: they have the same amount, counterparty and operation, and their names begin with the same letters.
func (r *row) likeness() string {
	name := strings.Join(r.Words[:min(1, len(r.Words))], "")
	return strings.Join([]string{
		r.Account.String(), amountKey(r.Amount), string(r.Status), strconv.Itoa(r.day), name[:min(4, len(name))],
		strings.Join(r.Party, " "), strings.Join(r.Documents, " "), strings.Join(r.Accounts, " "), string(r.Operation),
		banktext.FractionOf(r.Instalment), strings.Join(r.Paid, " "),
	}, "\x00")
}

// countAlike numbers the likenesses of the groups. It returns how many old and how many new rows have each of them.
func (m *matcher) countAlike() (oldCounts, newCounts []int) {
	numbers := map[string]int{}
	for side, groups := range [][]*group{m.oldGroups, m.newGroups} {
		for _, g := range groups {
			alike := g.first.likeness()
			number, found := numbers[alike]
			if !found {
				number = len(numbers)
				numbers[alike] = number
				oldCounts, newCounts = append(oldCounts, 0), append(newCounts, 0)
			}
			g.alike = number
			[][]int{oldCounts, newCounts}[side][number] += len(g.rows)
		}
	}
	return oldCounts, newCounts
}

// lineOf returns the index of the line of Table for two groups: the best line of any pair of their rows. The rows of a
// group differ only in the reads that returned them, and in when the service learned of them.
func (m *matcher) lineOf(oldGroup, newGroup *group, c *comparison) int {
	line := c.line()
	if Table[line].Verdict != Other || len(oldGroup.rows)*len(newGroup.rows) == 1 {
		return line
	}
	if o, n, ok := m.firstAllowed(oldGroup.rows, newGroup.rows); ok {
		other := *c
		other.old, other.new = o, n
		return other.line()
	}
	return line
}

// firstAllowed returns the first pair of rows of two groups that may be paired; see mayPair. Of each group, it tries
// maxTries rows.
func (m *matcher) firstAllowed(oldRows, newRows []*row) (o, n *row, ok bool) {
	for _, o := range oldRows[:min(len(oldRows), maxTries)] {
		if i := firstOf(newRows, func(n *row) bool { return m.mayPair(o, n) }); i >= 0 {
			return o, newRows[i], true
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

// strongRank is the rank of the pairs that share a strong identifier. The vendor's links have a lower rank. The ranks
// of other pairs begin with rankOfText. The evidence of the text is multiplied by daysOfRank, and the days are added.
const (
	strongRank = 1
	rankOfText = 2
	daysOfRank = 32
)

// rank returns the rank of a pair; a lower rank means better evidence. A link of the vendor is best, then a strong
// identifier, then the text, then the distance of the dates. If inSeries is true, the dates are ignored.
func (c *comparison) rank(inSeries bool) int {
	days := min(c.days(), daysOfRank-1)
	if inSeries {
		days = 0
	}
	switch {
	case c.new.Link != "":
		return 0
	case c.strong:
		return strongRank
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
	return rankOfText + text*daysOfRank + days
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

// assignEqual pairs the groups of edges that have the same rank.
func (m *matcher) assignEqual(edges []*edge, asMany bool) {
	partners := map[*group]int{}
	var open []*edge
	for _, e := range edges {
		e.old.closed, e.new.closed = e.old.closed || e.new.surplus, e.new.closed || e.old.surplus
	}
	for _, e := range edges {
		if e.isOpen() {
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

// isOpen reports whether rows of both groups may still be paired.
func (e *edge) isOpen() bool {
	judged := !e.old.unjudged && !e.new.contested || e.rank <= strongRank
	return judged && !e.old.closed && !e.new.closed && len(e.old.rows) > 0 && len(e.new.rows) > 0
}

// pairRows pairs as many rows of two groups as possible. Rows that one read returned together are never paired.
func (m *matcher) pairRows(e *edge) {
	c := m.explain(e)
	rule := e.rule(c)
	m.decided = append(m.decided, e)
	var restOld []*row
	restNew := slices.Clone(e.new.rows)
	for _, o := range e.old.rows {
		i := firstOf(restNew, func(n *row) bool { return m.mayPair(o, n) })
		if i < 0 {
			restOld = append(restOld, o)
			continue
		}
		pair := domain.MatchPair{Old: o.ExternalID, New: restNew[i].ExternalID}
		m.pairs = append(m.pairs, Pair{pair, rule, c.findings})
		copy(restNew[1:i+1], restNew[:i])
		restNew = restNew[1:]
	}
	e.old.rows, e.new.rows = restOld, restNew
}

// mayPair reports whether two rows may be paired: no read returned both, and isForbidden returns false.
func (m *matcher) mayPair(oldRow, newRow *row) bool {
	c := comparison{old: oldRow, new: newRow, context: m.context}
	return !c.wereSeenTogether() && !c.isForbidden()
}

// rule returns the rule that is shown to callers. c compares the groups of the edge.
func (e *edge) rule(c *comparison) domain.MatchRule {
	switch {
	case e.verdict() != Same:
		return Exclusion
	case c.new.Link != "":
		return VendorLink
	case c.strong:
		return domain.SameKey
	case c.amounts() == movedAmount:
		return domain.ForeignAmount
	case c.name == agree || slices.Equal(c.old.Words, c.new.Words):
		return domain.SameDescription
	}
	return domain.SimilarText
}

// result returns the pairs and, for the old rows without a partner, the best suggestions.
func (m *matcher) result() Result {
	for _, r := range slices.Concat(m.left, m.came) {
		if r.Excess != 0 {
			m.cost.CutRows++
		}
	}
	out := Result{Pairs: m.pairs, Cost: m.cost}
	for _, g := range m.oldGroups {
		slices.SortStableFunc(g.edges, func(a, b *edge) int { return cmp.Compare(a.rank, b.rank) })
		findings := map[*edge][]Finding{}
		for i, o := range g.rows {
			out.Suggestions = append(out.Suggestions, m.suggestionsFor(g, o, i, findings)...)
		}
	}
	// slices.SortFunc would add 15 KiB of code for the large elements.
	sort.Slice(out.Pairs, func(i, j int) bool { return out.Pairs[i].Old < out.Pairs[j].Old })
	domain.SortLarge(out.Suggestions, func(a, b Suggestion) int { return cmp.Compare(a.Old, b.Old) })
	return out
}

// suggestionsFor returns the suggestions for the i-th row of a group. Each of several identical rows starts with a
// different new row, so that all new rows are suggested. It tries maxTries new rows.
func (m *matcher) suggestionsFor(g *group, o *row, i int, findings map[*edge][]Finding) (suggestions []Suggestion) {
	tries := 0
	for _, e := range g.edges {
		for j := range e.new.rows {
			if tries++; tries > maxTries || len(suggestions) == MaxSuggestions {
				return suggestions
			}
			n := e.new.rows[(i+j)%len(e.new.rows)]
			if !m.mayPair(o, n) {
				continue
			}
			if _, known := findings[e]; !known {
				findings[e] = m.explain(e).evidence()
			}
			suggestions = append(suggestions,
				Suggestion{domain.MatchPair{Old: o.ExternalID, New: n.ExternalID}, findings[e]})
		}
	}
	return suggestions
}
