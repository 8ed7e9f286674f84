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
	free := map[dayAmount][]int{}
	for i := range c.records {
		if r := &c.records[i]; c.free(r) {
			free[dayAmount{r.Date, r.amount}] = append(free[dayAmount{r.Date, r.amount}], i)
		}
	}
	for i := range c.lines {
		for _, day := range c.lines[i].days() {
			if c.open(&c.lines[i]) {
				c.pairParts(i, func(p Part, used map[int]bool) (int, bool) {
					for _, r := range free[dayAmount{day, c.number(p.Amount)}] {
						if c.free(&c.records[r]) && !used[r] {
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
// exists and no other line has one of its records.
func (c *comparer) bySum() {
	days := map[domain.Date]*dayRecords{}
	for day, records := range c.freeByDay() {
		days[day] = c.dayRecordsOf(records)
	}
	groups := map[int][]int{} // by line
	claims := map[int]int{}   // number of groups by record
	steps := maxSearchSteps
	for i := range c.lines {
		l := &c.lines[i]
		if !c.open(l) {
			continue
		}
		for _, day := range l.days() {
			if days[day] == nil || groups[i] != nil {
				continue
			}
			group, found := c.group(l, days[day], &steps)
			if found {
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

// maxDay is the maximum number of free records of a day among which groups are looked for one by one. On a larger day
// only all records of one direction, or all records, can be a group.
const maxDay = 100

// dayRecords are the free records of a day.
type dayRecords struct {
	in, out, all          []int
	sumIn, sumOut, sumAll decimal.Decimal
}

func (c *comparer) dayRecordsOf(records []int) *dayRecords {
	d := &dayRecords{}
	for _, r := range records {
		switch amount := c.records[r].Amount; {
		case amount.IsPositive():
			d.in, d.sumIn = append(d.in, r), d.sumIn.Add(amount)
		case amount.IsNegative():
			d.out, d.sumOut = append(d.out, r), d.sumOut.Add(amount)
		default:
			continue
		}
		d.all = append(d.all, r)
	}
	d.sumAll = d.sumIn.Add(d.sumOut)
	return d
}

// group returns the only group of at least two records whose sum is the amount of the line. Records with the sign of
// the line are tried first, and all records if they have no group.
func (c *comparer) group(l *line, d *dayRecords, steps *int) ([]int, bool) {
	same, sum := d.in, d.sumIn
	if l.Amount.IsNegative() {
		same, sum = d.out, d.sumOut
	}
	switch {
	case *steps <= 0 || len(d.all) > maxDay:
		switch {
		case len(same) > 1 && sum.Equal(l.Amount):
			return same, true
		case len(d.all) > 1 && d.sumAll.Equal(l.Amount):
			return d.all, true
		}
		return nil, false
	case len(d.all) < 2:
		return nil, false
	}
	for _, candidates := range [][]int{same, d.all} {
		if group, conclusive := c.groupOf(candidates, l.Amount, steps); conclusive || len(same) == len(d.all) {
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
