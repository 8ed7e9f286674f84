package witness

import (
	"cmp"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// checkpoint is a place in the sequence of the lines at which the file states a balance.
type checkpoint struct {
	Balance

	after int // number of lines before the balance
}

// chain contains the booked lines of a section in the order of time, and the balances between them.
type chain struct {
	section *Section
	lines   []int             // indexes of blocks
	inFile  []int             // the same in the order of the file
	dates   []domain.Date     // of the lines, in order
	sums    []decimal.Decimal // sums[n] is the sum of the first n lines
	stated  []checkpoint      // in the order of the lines; each has a reading
	ledgers []checkpoint      // balances of the role Ledger that have a reading
	unread  unread
	walk    walk
	limited bool // balances that include the overdraft limit were left out
}

// walk is the result of comparing each stated balance with the one before it and the lines between.
type walk struct {
	values []decimal.Decimal // the value of each stated balance, chosen from its readings
	holds  int               // number of balances that the one before and the lines explain
	gaps   []gap
	tied   bool // the balances hold with another reading of the first one, too
}

// gap is a difference between a balance and the one before it that the lines do not explain.
type gap struct {
	date   domain.Date
	amount decimal.Decimal
	unread bool // a refused block may lie between the two balances
}

func (g gap) isCertain() bool { return !g.unread }

// unread contains the places of the refused blocks in the sequence of the lines, each list in ascending order.
type unread struct {
	anywhere bool          // the place of a block is not known
	after    []int         // numbers of lines before the blocks, if the lines have the order of the file
	dates    []domain.Date // of the blocks, otherwise
}

// newChain returns the chain of a section in the order, oldest or newest first, in which its balances hold best.
// elsewhere states that the file has refused blocks that may belong to any section.
func newChain(s *Section, elsewhere bool) *chain {
	var best *chain
	for _, newestFirst := range s.orders() {
		c := s.chainInOrder(newestFirst, elsewhere)
		if best == nil || c.walk.better(best.walk) {
			best = c
		}
	}
	return best
}

func (w walk) better(other walk) bool {
	return cmp.Or(cmp.Compare(len(other.gaps), len(w.gaps)), cmp.Compare(w.holds, other.holds)) > 0
}

// orders returns whether the file may be newest first. If the dates of the lines do not tell, both orders are possible,
// and the likelier one comes first.
func (s *Section) orders() []bool {
	up, down := 0, 0
	before := domain.Date("")
	for _, i := range s.lines() {
		date := s.Blocks[i].Date
		switch {
		case before != "" && date > before:
			up++
		case before != "" && date < before:
			down++
		}
		before = date
	}
	switch {
	case up > 0 && down == 0:
		return []bool{false}
	case down > 0 && up == 0:
		return []bool{true}
	}
	return []bool{down > up, down <= up}
}

func (s *Section) chainInOrder(newestFirst, elsewhere bool) *chain {
	c := &chain{section: s, lines: s.lines(), inFile: s.lines()}
	for _, i := range c.inFile {
		c.dates = append(c.dates, s.Blocks[i].Date)
	}
	slices.Sort(c.dates)
	if newestFirst {
		slices.Reverse(c.lines)
	}
	running := slices.ContainsFunc(c.lines, func(i int) bool { return s.Blocks[i].Running != nil })
	if !running || s.DailyRunning {
		domain.SortLarge(c.lines, func(a, b int) int { return cmp.Compare(s.Blocks[a].Date, s.Blocks[b].Date) })
	}
	c.sums = make([]decimal.Decimal, len(c.lines)+1)
	for n, i := range c.lines {
		c.sums[n+1] = c.sums[n].Add(s.Blocks[i].Amount)
	}
	c.addStated(newestFirst, running && !s.DailyRunning)
	c.addRunning()
	c.unread.anywhere = elsewhere
	c.addUnread(newestFirst, running && !s.DailyRunning)
	domain.SortLarge(c.stated, func(a, b checkpoint) int {
		return cmp.Or(cmp.Compare(a.after, b.after), cmp.Compare(a.Role.rank(), b.Role.rank()))
	})
	c.walk = c.bestWalk(c.stated)
	c.leaveOutLimits()
	return c
}

// rank orders the balances between two lines.
func (r Role) rank() int {
	return slices.Index([]Role{Opening, DayEnd, Closing}, r)
}

// addStated adds the balances of the section. byPosition states that a row belongs after the lines before it in the
// file, even if it has a date.
func (c *chain) addStated(newestFirst, byPosition bool) {
	opened := false
	for _, b := range c.inOrder(newestFirst) {
		if len(b.Readings) == 0 {
			continue
		}
		p := checkpoint{Balance: b, after: len(c.lines)}
		switch {
		case b.Role == Ledger:
			if b.Date != "" {
				p.after = c.upTo(b.Date)
			}
			c.ledgers = append(c.ledgers, p)
			continue
		case b.Role == Opening && !opened:
			opened, p.after = true, 0
		case b.Role == Closing:
		case byPosition:
			p.after = c.before(b.Block, newestFirst)
		default:
			if p.Date == "" {
				p.Date = c.dateBefore(b.Block, newestFirst)
			}
			p.after = c.upTo(p.Date)
		}
		c.stated = append(c.stated, p)
	}
}

// inOrder returns the balances of the section in the order of time as far as their positions in the file tell it.
func (c *chain) inOrder(newestFirst bool) []Balance {
	balances := slices.Clone(c.section.Balances)
	if newestFirst {
		slices.Reverse(balances)
	}
	return balances
}

// addRunning adds the balances that the lines state. If they are balances of days, only the last line of a day counts.
func (c *chain) addRunning() {
	for n, i := range c.lines {
		b := &c.section.Blocks[i]
		last := n == len(c.lines)-1 || c.section.Blocks[c.lines[n+1]].Date != b.Date
		if b.Running == nil || c.section.DailyRunning && !last {
			continue
		}
		c.stated = append(c.stated, checkpoint{after: n + 1, Balance: Balance{
			Role: DayEnd, Date: b.Date, Readings: []decimal.Decimal{*b.Running}, Source: Running,
		}})
	}
}

// addUnread adds the refused blocks. byPosition states that the lines have the order of the file.
func (c *chain) addUnread(newestFirst, byPosition bool) {
	for i := range c.section.Blocks {
		b := &c.section.Blocks[i]
		switch {
		case b.Kind != Refused:
		case byPosition:
			c.unread.after = append(c.unread.after, c.before(i, newestFirst))
		case b.Date != "":
			c.unread.dates = append(c.unread.dates, b.Date)
		default:
			c.unread.anywhere = true
		}
	}
	slices.Sort(c.unread.after)
	slices.Sort(c.unread.dates)
}

// isEmpty reports whether no block is refused.
func (u *unread) isEmpty() bool { return !u.anywhere && len(u.after) == 0 && len(u.dates) == 0 }

// isBetween reports whether a refused block may lie between two balances.
func (u *unread) isBetween(before, after checkpoint) bool {
	if u.anywhere {
		return true
	}
	last := after.after
	if after.Source == Running {
		last-- // the block would be behind the line that states the balance
	}
	if i, _ := slices.BinarySearch(u.after, before.after); i < len(u.after) && u.after[i] <= last {
		return true
	}
	i := sort.Search(len(u.dates), func(i int) bool {
		return u.dates[i] > before.Date || before.StartOfDay && u.dates[i] == before.Date
	})
	return i < len(u.dates) && (after.Date == "" || u.dates[i] <= after.Date)
}

// upTo returns the number of lines that are dated on the day or before it.
func (c *chain) upTo(day domain.Date) int {
	return sort.Search(len(c.dates), func(i int) bool { return c.dates[i] > day })
}

// before returns the number of lines before a block.
func (c *chain) before(block int, newestFirst bool) int {
	n, _ := slices.BinarySearch(c.inFile, block)
	if newestFirst {
		return len(c.inFile) - n
	}
	return n
}

// dateBefore returns the date of the last line before a block in the order of time; "" if there is none.
func (c *chain) dateBefore(block int, newestFirst bool) domain.Date {
	n, _ := slices.BinarySearch(c.inFile, block)
	if !newestFirst {
		n--
	}
	if n < 0 || n >= len(c.inFile) {
		return ""
	}
	return c.section.Blocks[c.inFile[n]].Date
}

// bestWalk compares the balances. If the first one has several readings, it takes the one that explains most. If the
// balances hold with several of them, nothing tells which one is right: the lines are in sum nothing.
func (c *chain) bestWalk(stated []checkpoint) walk {
	var best walk
	if len(stated) == 0 {
		return best
	}
	for n, reading := range stated[0].Readings {
		switch w := c.walkFrom(stated, reading); {
		case n == 0 || w.better(best):
			best = w
		case len(w.gaps) == 0 && w.holds > 0 && !reading.Equal(best.values[0]):
			best.tied = true
		}
	}
	return best
}

func (c *chain) walkFrom(stated []checkpoint, value decimal.Decimal) walk {
	w := walk{values: []decimal.Decimal{value}}
	for n := 1; n < len(stated); n++ {
		before, p := stated[n-1], stated[n]
		value = value.Add(c.sums[p.after]).Sub(c.sums[before.after])
		if isOneOf(p.Readings, value) {
			w.holds++
		} else {
			w.gaps = append(w.gaps, gap{
				c.gapDate(before, p), p.Readings[0].Sub(value), c.unread.isBetween(before, p),
			})
			value = p.Readings[0]
		}
		w.values = append(w.values, value)
	}
	return w
}

// gapDate returns the first day on which a line between two balances can be missing.
func (c *chain) gapDate(before, after checkpoint) domain.Date {
	if before.after < len(c.lines) && before.after < after.after {
		return c.section.Blocks[c.lines[before.after]].Date
	}
	return cmp.Or(after.Date, before.Date)
}

// leaveOutLimits leaves out the balances that may include the overdraft limit, if all of them are too high by one
// amount and the others hold without them.
func (c *chain) leaveOutLimits() {
	isLimited := func(p checkpoint) bool { return p.MayIncludeLimit }
	if len(c.walk.gaps) == 0 || !slices.ContainsFunc(c.stated, isLimited) {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(c.stated), isLimited)
	without := c.bestWalk(rest)
	if len(rest) == 0 || len(without.gaps) > 0 {
		return
	}
	var limit decimal.Decimal
	for n, p := range slices.DeleteFunc(slices.Clone(c.stated), func(p checkpoint) bool { return !isLimited(p) }) {
		expected := without.values[0].Add(c.sums[p.after]).Sub(c.sums[rest[0].after])
		over := p.Readings[0].Sub(expected)
		if n > 0 && !over.Equal(limit) || !over.IsPositive() {
			return
		}
		limit = over
	}
	c.stated, c.walk, c.limited = rest, without, true
}

// valueAfter returns the balance after n lines, as the stated balances imply it. ok is false if there are none.
func (c *chain) valueAfter(n int) (value decimal.Decimal, ok bool) {
	if len(c.stated) == 0 {
		return value, false
	}
	at := max(0, sort.Search(len(c.stated), func(i int) bool { return c.stated[i].after > n })-1)
	return c.walk.values[at].Add(c.sums[n]).Sub(c.sums[c.stated[at].after]), true
}

func isOneOf(readings []decimal.Decimal, value decimal.Decimal) bool {
	return slices.ContainsFunc(readings, value.Equal)
}
