package witness

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The limits of the search for groups. A line whose group is not found within them has no group.
const (
	maxGroupCandidates = 24      // records of a day that may belong to a group
	maxGroupSteps      = 1 << 17 // of the search for one line
	maxSearchSteps     = 1 << 21 // of all searches of a comparison
)

// byParts matches a line of which the file lists the parts with the records of its day that have the amounts of these
// parts.
func (c *comparer) byParts() {
	if !slices.ContainsFunc(c.lines, func(l line) bool { return len(l.Parts) > 1 }) {
		return
	}
	free := c.freeByDay()
	for i := range c.lines {
		l := &c.lines[i]
		if !c.open(l) {
			continue
		}
		for _, day := range l.days() {
			if c.open(l) {
				c.pairParts(i, func(p Part, used []int) (int, bool) {
					amount := c.number(p.Amount)
					for _, r := range free[day] {
						rec := &c.records[r]
						if c.free(rec) && rec.amount == amount && !slices.Contains(used, r) {
							return r, true
						}
					}
					return 0, false
				})
			}
		}
	}
}

func (c *comparer) freeByDay() map[domain.Date][]int {
	byDay := map[domain.Date][]int{}
	for i := range c.records {
		if r := &c.records[i]; c.free(r) {
			byDay[r.Date] = append(byDay[r.Date], i)
		}
	}
	return byDay
}

// bySum proposes a group for each line whose amount is the sum of several records of its day, if only one such group
// exists and no other line has one of its records. rejected groups are not proposed again.
func (c *comparer) bySum(rejected []Group) {
	free := c.freeByDay()
	groups := map[int][]int{} // by line
	claims := map[int]int{}   // number of groups by record
	steps := maxSearchSteps
	for i := range c.lines {
		l := &c.lines[i]
		if !c.open(l) {
			continue
		}
		for _, day := range l.days() {
			group, found := c.group(l, free[day], &steps)
			if found && groups[i] == nil && !c.isRejected(l, group, rejected) {
				groups[i] = group
				for _, r := range group {
					claims[r]++
				}
			}
		}
	}
	for i := range c.lines {
		group := groups[i]
		if len(group) == 0 || slices.ContainsFunc(group, func(r int) bool { return claims[r] > 1 }) {
			continue
		}
		c.pair(i, BySum, group...)
		c.lines[i].proposed = true
	}
}

func (c *comparer) isRejected(l *line, group []int, rejected []Group) bool {
	ids := map[domain.TransactionID]bool{}
	for _, r := range group {
		ids[c.records[r].ID] = true
	}
	return slices.ContainsFunc(rejected, func(g Group) bool {
		return g.Position == l.position && len(g.Records) == len(ids) &&
			!slices.ContainsFunc(g.Records, func(id domain.TransactionID) bool { return !ids[id] })
	})
}

// group returns the only group of at least two records whose sum is the amount of the line. Records with the sign of the
// line are tried first, and all records if they have no group.
func (c *comparer) group(l *line, records []int, steps *int) ([]int, bool) {
	var same, all []int
	for _, r := range records {
		switch rec := &c.records[r]; {
		case rec.Amount.IsZero():
		case rec.Amount.IsNegative() == l.Amount.IsNegative():
			same = append(same, r)
			fallthrough
		default:
			all = append(all, r)
		}
	}
	for _, candidates := range [][]int{same, all} {
		if group, conclusive := c.groupOf(candidates, l.Amount, steps); conclusive || len(same) == len(all) {
			return group, len(group) > 0
		}
	}
	return nil, false
}

// groupOf returns the only group of the candidates with a sum; nil if there is none or several. conclusive is false if
// there is none. If there are too many candidates to try all groups, only all candidates together can be the group.
func (c *comparer) groupOf(candidates []int, sum decimal.Decimal, steps *int) (group []int, conclusive bool) {
	s := groupSearch{records: candidates, steps: min(maxGroupSteps, *steps)}
	s.prepare(c)
	before := s.steps
	if len(candidates) <= maxGroupCandidates {
		s.search(0, sum, nil)
		*steps -= before - s.steps
	}
	switch {
	case len(candidates) > maxGroupCandidates || s.steps <= 0:
		if total := s.in[0].Add(s.out[0]); total.Equal(sum) && len(candidates) > 1 {
			return candidates, true
		}
		return nil, s.steps <= 0
	case s.found == 1:
		return s.group, true
	}
	return nil, s.found > 1
}

// groupSearch looks for sets of records with a given sum.
type groupSearch struct {
	records []int
	amounts []decimal.Decimal
	in, out []decimal.Decimal // sums of the positive and the negative amounts from an index on
	steps   int               // that are left
	found   int
	group   []int
}

func (s *groupSearch) prepare(c *comparer) {
	n := len(s.records)
	s.amounts, s.in, s.out = make([]decimal.Decimal, n), make([]decimal.Decimal, n+1), make([]decimal.Decimal, n+1)
	for i := n - 1; i >= 0; i-- {
		amount := c.records[s.records[i]].Amount
		s.amounts[i], s.in[i], s.out[i] = amount, s.in[i+1], s.out[i+1]
		if amount.IsNegative() {
			s.out[i] = s.out[i].Add(amount)
		} else {
			s.in[i] = s.in[i].Add(amount)
		}
	}
}

// search adds to found the sets of records[from:] that complete the chosen ones to the sum.
func (s *groupSearch) search(from int, rest decimal.Decimal, chosen []int) {
	if s.steps--; s.steps <= 0 || s.found > 1 {
		return
	}
	if rest.IsZero() && len(chosen) > 1 {
		s.found++
		s.group = slices.Clone(chosen)
	}
	for i := from; i < len(s.records) && !rest.GreaterThan(s.in[i]) && !rest.LessThan(s.out[i]); i++ {
		s.search(i+1, rest.Sub(s.amounts[i]), append(slices.Clip(chosen), s.records[i]))
	}
}
