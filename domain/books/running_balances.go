package books

import (
	"cmp"
	"maps"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RunningBalance is the account balance that the vendor states together with a record.
type RunningBalance struct {
	Order   int              // position among the records of the day; 0 if the vendor states none
	Balance *decimal.Decimal // after the record; nil if the bank states none
}

// ChainRow contains the values of a posted live record that are needed to check its running balance.
type ChainRow struct {
	RunningBalance

	ID     domain.TransactionID
	Date   domain.Date
	Amount decimal.Decimal
}

// MaxChain is the number of records whose running balances are checked: the newest posted records of an account.
const MaxChain = 2000

// BalanceGap is a pair of records whose running balances do not agree with the amounts: the balance after the first
// record plus the amount of the second one is not the balance after the second one.
type BalanceGap struct {
	Before domain.TransactionID `json:"before"`
	After  domain.TransactionID `json:"after"`
	// Date is the date of the record After.
	Date domain.Date `json:"date"`
	// Expected is the running balance of the first record, plus the amount of the second record. Actual is the running
	// balance that the bank states for the second record.
	Expected decimal.Decimal `json:"expected"`
	Actual   decimal.Decimal `json:"actual"`
}

// ChainCheck contains how many days and pairs of records CheckRunningBalances has compared, and the gaps that it found.
type ChainCheck struct {
	// Days is the number of days with at least two records, all of which have a balance. Consistent is the number of
	// these days whose records can be ordered so that each record begins with the balance after the previous one.
	Days       int          `json:"days,omitempty"`
	Consistent int          `json:"consistent,omitempty"`
	Links      int          `json:"links,omitempty"` // number of pairs of records that were compared
	Gaps       []BalanceGap `json:"gaps,omitempty"`  // oldest first
}

// IsUsable reports whether the running balances can be used to check the records. Otherwise the bank computes the
// balances in another way. These limits apply:
//   - If Days is not 0, at least 90 % of the days must be consistent, and at most half of the pairs, or one pair, may
//     have a gap.
//   - If Days is 0, at most 10 % of the pairs may have a gap.
func (c ChainCheck) IsUsable() bool {
	if c.Days == 0 {
		return c.Links > 0 && len(c.Gaps)*10 <= c.Links
	}
	return c.Consistent*10 >= c.Days*9 && (len(c.Gaps) <= 1 || len(c.Gaps)*2 <= c.Links)
}

// CheckRunningBalances checks the running balances of the records. The order of the records within a day need not be
// known. Each record leads from the balance before it (its balance minus its amount) to its balance. A day is
// consistent if its records form a single path. The first record of a day must begin with the balance at the end of
// the previous day.
//
// A day is checked only if all of its records have a balance. If there are MaxChain records, the first day is left
// out, because some of its records may be missing. Except for sorting, the running time is linear in the number of
// records.
func CheckRunningBalances(rows []ChainRow) ChainCheck {
	rows = slices.Clone(rows)
	sort.Slice(rows, func(i, j int) bool { // slices.SortFunc would add 13 KiB of code for the large elements
		a, b := &rows[i], &rows[j]
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Order, b.Order), a.ID.Compare(b.ID)) < 0
	})
	if len(rows) >= MaxChain {
		first := rows[0].Date
		rows = rows[slices.IndexFunc(append(rows, ChainRow{}), func(r ChainRow) bool { return r.Date != first }):]
	}
	var c ChainCheck
	var before *chainDay
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Date == rows[0].Date {
			n++
		}
		day := newChainDay(rows[:n])
		rows = rows[n:]
		if day != nil {
			c.add(before, day)
		}
		before = day
	}
	return c
}

// add adds a day. before is the previous day with records; nil if that day is not checked.
func (c *ChainCheck) add(before, day *chainDay) {
	if len(day.rows) > 1 {
		c.Days++
		if len(day.gaps) == 0 {
			c.Consistent++
		}
	}
	c.Links += len(day.rows) - 1
	if before != nil {
		c.Links++
		if !before.leadsTo(day) {
			c.Gaps = append(c.Gaps, gapBetween(before.lastEnd(), day.firstStart()))
		}
	}
	c.Gaps = append(c.Gaps, day.gaps...)
}

func gapBetween(before, after *ChainRow) BalanceGap {
	return BalanceGap{
		Before: before.ID, After: after.ID, Date: after.Date, Expected: before.Balance.Add(after.Amount),
		Actual: *after.Balance,
	}
}

// chainDay contains the records of a day as a graph. The nodes are balances. Each record is an edge from the balance
// before it (its balance minus its amount) to its balance.
type chainDay struct {
	rows []ChainRow
	// starts contains the balances with which the day can begin, each with the index of a record that begins there.
	// ends contains the balances with which the day can end, each with the index of a record that ends there. If a
	// trail of the day is closed, the day can begin and end with each balance of the trail.
	starts, ends map[int]int
	nodes        map[string]int // numbers of the balances
	gaps         []BalanceGap   // between the paths of the day; empty if there is one path
}

// newChainDay returns the records of a day. It returns nil if one of them has no balance.
func newChainDay(rows []ChainRow) *chainDay {
	if slices.ContainsFunc(rows, func(r ChainRow) bool { return r.Balance == nil }) {
		return nil
	}
	d := &chainDay{rows: rows, nodes: map[string]int{}}
	edges := make([]chainEdge, len(rows))
	for i, row := range rows {
		edges[i] = chainEdge{d.node(row.Balance.Sub(row.Amount)), d.node(*row.Balance), i}
	}
	trails := chainTrails(edges, len(d.nodes))
	if len(trails) > 1 {
		if first, second, found := doubledEdge(edges, len(d.nodes)); found {
			d.gaps = []BalanceGap{gapBetween(&rows[first], &rows[second])}
			trails = chainTrails(slices.Delete(slices.Clone(edges), second, second+1), len(d.nodes))
		} else {
			for i := 1; i < len(trails); i++ {
				before, after := trails[i-1], trails[i]
				d.gaps = append(d.gaps, gapBetween(&rows[before[len(before)-1].row], &rows[after[0].row]))
			}
		}
	}
	d.setEnds(trails)
	return d
}

// node returns the number of a balance.
func (d *chainDay) node(balance decimal.Decimal) int {
	text := balance.String()
	n, found := d.nodes[text]
	if !found {
		n = len(d.nodes)
		d.nodes[text] = n
	}
	return n
}

// setEnds sets the balances with which the day can begin and end.
func (d *chainDay) setEnds(trails [][]chainEdge) {
	d.starts, d.ends = map[int]int{}, map[int]int{}
	put := func(m map[int]int, node, row int) {
		if _, found := m[node]; !found {
			m[node] = row
		}
	}
	for _, trail := range trails {
		first, last := trail[0], trail[len(trail)-1]
		if first.from != last.to {
			put(d.starts, first.from, first.row)
			put(d.ends, last.to, last.row)
			continue
		}
		for _, e := range trail {
			put(d.starts, e.from, e.row)
			put(d.ends, e.to, e.row)
		}
	}
}

// leadsTo reports whether the two days connect: the day can end with a balance with which the next day can begin. If
// the next day is consistent and closed (it ends with its first balance), leadsTo also limits the ends of the next
// day to the balances that connect the two days.
func (d *chainDay) leadsTo(next *chainDay) bool {
	common := map[int]int{} // the ends of next that connect the days, if next is closed
	found := false
	for text, node := range d.nodes {
		other, known := next.nodes[text]
		_, isEnd := d.ends[node]
		if _, isStart := next.starts[other]; !known || !isEnd || !isStart {
			continue
		}
		found = true
		if row, isNextEnd := next.ends[other]; isNextEnd {
			common[other] = row
		}
	}
	if len(next.gaps) == 0 && len(common) > 0 && len(next.ends) == len(next.starts) && len(next.ends) > 1 {
		next.ends = common
	}
	return found
}

// lastEnd returns the last record with which the day can end.
func (d *chainDay) lastEnd() *ChainRow {
	return &d.rows[slices.Max(slices.Collect(maps.Values(d.ends)))]
}

// firstStart returns the first record with which the day can begin.
func (d *chainDay) firstStart() *ChainRow {
	return &d.rows[slices.Min(slices.Collect(maps.Values(d.starts)))]
}

// chainEdge is a record as an edge of the graph: it leads from one balance to another.
type chainEdge struct {
	from, to int
	row      int // index of the record; -1 for an edge that joins two trails
}

// doubledEdge finds a record that may be stored twice: two equal edges, such that all edges without the second one
// form a single trail. It returns the indexes of the two edges. The caller ensures that all edges together form more
// than one trail. found is false if there are no such edges.
func doubledEdge(edges []chainEdge, nodes int) (first, second int, found bool) {
	excess := make([]int, nodes)
	for _, e := range edges {
		excess[e.from]++
		excess[e.to]--
	}
	surplus := 0
	for _, n := range excess {
		surplus += max(n, 0)
	}
	if surplus != 2 || components(edges, nodes) != 1 {
		return 0, 0, false
	}
	known := map[[2]int]int{}
	for i, e := range edges {
		pair := [2]int{e.from, e.to}
		if first, found := known[pair]; found && excess[e.from] > 0 && excess[e.to] < 0 {
			return first, i, true
		}
		known[pair] = i
	}
	return 0, 0, false
}

// components returns the number of connected components of the graph with these edges.
func components(edges []chainEdge, nodes int) int {
	parent := make([]int, nodes)
	for i := range parent {
		parent[i] = i
	}
	find := func(n int) int {
		for parent[n] != n {
			parent[n] = parent[parent[n]]
			n = parent[n]
		}
		return n
	}
	roots := map[int]bool{}
	for _, e := range edges {
		parent[find(e.from)] = find(e.to)
	}
	for _, e := range edges {
		roots[find(e.from)] = true
	}
	return len(roots)
}

// chainTrails divides the edges into the smallest possible number of trails. Each edge of a trail begins where the
// previous one ends. The trails are ordered by the row of their first edge.
//
// For each component, chainTrails adds edges from the nodes where trails must end to the nodes where trails must
// begin. It then finds a closed trail through all edges with Hierholzer's algorithm, and cuts it at the added edges.
func chainTrails(edges []chainEdge, nodes int) [][]chainEdge {
	g := chainGraph{out: make([][]chainEdge, nodes), excess: make([]int, nodes), cuts: map[int][]chainEdge{}}
	for _, e := range slices.Backward(edges) { // take returns the edges in their order
		g.out[e.from] = append(g.out[e.from], e)
		g.excess[e.from]++
		g.excess[e.to]--
	}
	var trails [][]chainEdge
	for _, component := range g.components(edges) {
		closed := g.closedTrail(g.balance(component))
		trails = append(trails, cutTrail(closed)...)
	}
	domain.SortLarge(trails, func(a, b []chainEdge) int { return cmp.Compare(a[0].row, b[0].row) })
	return trails
}

// chainGraph is a graph. closedTrail removes its edges one by one.
type chainGraph struct {
	out    [][]chainEdge // by node; the next edge is the last one
	excess []int         // by node: the number of edges that begin there, minus those that end there
	// cuts contains the edges that the method balance adds, by node. The method take returns them after the edges in
	// out.
	cuts map[int][]chainEdge
}

// components returns the nodes of each component. The components are in the order of their first edges.
func (g *chainGraph) components(edges []chainEdge) (all [][]int) {
	neighbours := make([][]int, len(g.out))
	for _, e := range edges {
		neighbours[e.from] = append(neighbours[e.from], e.to)
		neighbours[e.to] = append(neighbours[e.to], e.from)
	}
	seen := make([]bool, len(g.out))
	for _, e := range edges {
		if seen[e.from] {
			continue
		}
		seen[e.from] = true
		component := []int{e.from}
		for i := 0; i < len(component); i++ {
			for _, n := range neighbours[component[i]] {
				if !seen[n] {
					seen[n] = true
					component = append(component, n)
				}
			}
		}
		all = append(all, component)
	}
	return all
}

// balance adds edges until as many edges begin as end at each node of the component. It returns the node at which a
// closed trail through the component begins.
func (g *chainGraph) balance(component []int) (start int) {
	var starts, ends []int
	for _, n := range component {
		for range g.excess[n] {
			starts = append(starts, n)
		}
		for range -g.excess[n] {
			ends = append(ends, n)
		}
	}
	if len(starts) == 0 {
		return component[0]
	}
	for i, end := range ends {
		g.cuts[end] = append(g.cuts[end], chainEdge{end, starts[(i+1)%len(starts)], -1})
	}
	return starts[0]
}

// take returns the next edge that begins at a node, and deletes it from the graph.
func (g *chainGraph) take(node int) (e chainEdge, found bool) {
	if out := g.out[node]; len(out) > 0 {
		g.out[node] = out[:len(out)-1]
		return out[len(out)-1], true
	}
	if cuts := g.cuts[node]; len(cuts) > 0 {
		g.cuts[node] = cuts[1:]
		return cuts[0], true
	}
	return chainEdge{}, false
}

// closedTrail removes all edges that can be reached from the node start, and returns them as a closed trail.
func (g *chainGraph) closedTrail(start int) []chainEdge {
	var trail []chainEdge
	stack := []chainEdge{{to: start, row: -2}}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		if next, found := g.take(top.to); found {
			stack = append(stack, next)
			continue
		}
		trail, stack = append(trail, top), stack[:len(stack)-1]
	}
	slices.Reverse(trail)
	return trail[1:]
}

// cutTrail divides a closed trail at the edges that the method balance has added.
func cutTrail(closed []chainEdge) (trails [][]chainEdge) {
	isCut := func(e chainEdge) bool { return e.row < 0 }
	cut := slices.IndexFunc(closed, isCut)
	if cut < 0 {
		return [][]chainEdge{closed}
	}
	var trail []chainEdge
	for _, e := range slices.Concat(closed[cut+1:], closed[:cut+1]) {
		if !isCut(e) {
			trail = append(trail, e)
		} else if len(trail) > 0 {
			trails, trail = append(trails, trail), nil
		}
	}
	return trails
}
