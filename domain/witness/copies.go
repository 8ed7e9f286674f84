package witness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The reasons of lines that a file lists more than once.
const (
	copiedStatement = "a copy: the file has the same statement before"
	copiedLine      = "a copy: another statement of the file has the same line"
	copiedRow       = "a copy: the table lists all rows once more"
)

// SetCopiesApart sets apart what the file lists more than once: a statement that is equal to one before it, and the
// lines that two overlapping statements share. A line is shared if both have the same identifier of the bank for it.
// Without identifiers, equal lines are shared if the balances hold only then. If the balances do not decide, the
// sections are doubtful.
func (s *Statement) SetCopiesApart() {
	if len(s.Sections) < 2 {
		return
	}
	seen := map[string]bool{}
	for i := range s.Sections {
		section := &s.Sections[i]
		key := section.contents()
		if seen[key] {
			section.Balances = nil
			section.setApart(section.lines(), copiedStatement)
		}
		seen[key] = true
	}
	certain, possible := s.sharedLines()
	for i, blocks := range certain {
		s.Sections[i].setApart(blocks, copiedLine)
	}
	if len(possible) == 0 || s.balancesTell() && Prove(*s).Closing.State == Proved {
		return
	}
	before := make([][]Block, len(s.Sections))
	for i, blocks := range possible {
		before[i] = slices.Clone(s.Sections[i].Blocks)
		s.Sections[i].setApart(blocks, copiedLine)
	}
	if Prove(*s).Closing.State == Proved {
		return
	}
	for i := range possible {
		s.Sections[i].Blocks, s.Sections[i].Doubtful = before[i], true
	}
}

// minRepeated is the number of rows from which on a table that lists them once more is taken for two copies. A few
// equal movements are none.
const minRepeated = 3

// SetRepetitionApart sets apart the rows of a table that was pasted once more below itself, so that the list of all
// rows stands there several times in one order. It returns the index of the first copy, and 0 if there is none. The
// balances or an identifier of each line can tell that the rows are copies. If nothing tells, or if the balances hold
// with the copies, the section is doubtful, because the bank may have booked the same movements twice.
func (s *Section) SetRepetitionApart() (first int) {
	if first = s.period(); first == 0 {
		return 0
	}
	proved := func() bool { return Prove(Statement{Sections: []Section{*s}}).Closing.State == Proved }
	if proved() {
		s.Doubtful = true
		return 0
	}
	named := true
	for _, i := range s.lines() {
		if i >= first {
			s.setApart([]int{i}, copiedRow)
		}
		named = named && s.Blocks[i].ownID(s.DailyRunning) != ""
	}
	s.Balances = slices.DeleteFunc(slices.Clone(s.Balances), func(b Balance) bool { return b.Block >= first })
	s.Doubtful = !named && !proved()
	return first
}

// period returns the number of rows after which the rows begin again; 0 if they do not, or if there are too few.
func (s *Section) period() int {
	n := len(s.Blocks)
	same := make([]int, n) // how many of the last rows up to each are equal to the first ones of the table
	for i := 1; i < n; i++ {
		k := same[i-1]
		for k > 0 && !s.Blocks[i].states(&s.Blocks[k]) {
			k = same[k-1]
		}
		if s.Blocks[i].states(&s.Blocks[k]) {
			k++
		}
		same[i] = k
	}
	if n == 0 {
		return 0
	}
	period := n - same[n-1]
	if period < minRepeated || period == n || n%period != 0 {
		return 0
	}
	return period
}

// states reports whether two blocks state the same.
func (b *Block) states(other *Block) bool {
	running := b.Running == nil && other.Running == nil ||
		b.Running != nil && other.Running != nil && b.Running.Equal(*other.Running)
	return running && b.Kind == other.Kind && b.Date == other.Date && b.ValueDate == other.ValueDate &&
		b.Amount.Equal(other.Amount) && b.Text == other.Text && b.Raw == other.Raw && slices.Equal(b.IDs, other.IDs)
}

func (s *Section) setApart(blocks []int, reason string) {
	for _, i := range blocks {
		s.Blocks[i].Kind, s.Blocks[i].Reason = Apart, reason
	}
}

// contents returns a text that is the same for two sections only if they state the same.
func (s *Section) contents() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%q %t\n", s.Declared, s.TotalsDisagree)
	text.WriteString(s.Entries())
	for _, b := range s.Balances {
		fmt.Fprintf(&text, "%s %s %t %v\n", b.Role, b.Date, b.StartOfDay, b.Readings)
	}
	return text.String()
}

// Entries returns a text that is the same for two sections only if they list the same.
func (s *Section) Entries() string {
	var text strings.Builder
	for i := range s.Blocks {
		b := &s.Blocks[i]
		fmt.Fprintf(&text, "%s %s %s %s %q %v %v %q\n", b.Kind, b.Date, b.ValueDate, b.Amount, b.Text, b.IDs, b.Running,
			b.Raw)
	}
	return text.String()
}

// sharedLines returns the indexes of the lines that an overlapping section before lists, too, by section: those with
// the same identifier of the bank, and those that only look the same.
func (s *Statement) sharedLines() (certain, possible map[int][]int) {
	certain, possible = map[int][]int{}, map[int][]int{}
	known := map[string][]unshared{}
	all := make([]edges, len(s.Sections))
	for i := range s.Sections {
		all[i] = s.Sections[i].edges()
	}
	for i := range s.Sections {
		own := map[string]int{}
		lacking := map[string]bool{} // what no section before has any more
		overlaps := overlapping(all, i)
		take := func(key string) bool {
			if lacking[key] {
				return false
			}
			at := slices.IndexFunc(known[key], func(u unshared) bool { return overlaps(u.section) })
			if lacking[key] = at < 0; at < 0 {
				return false
			}
			if known[key][at].lines--; known[key][at].lines == 0 {
				known[key] = slices.Delete(known[key], at, at+1)
			}
			return true
		}
		for _, n := range s.Sections[i].lines() {
			b := &s.Sections[i].Blocks[n]
			id := b.ownID(s.Sections[i].DailyRunning)
			key := fmt.Sprint(b.Date, " ", b.Amount.Normalize(), " ", cmp.Or(id, b.Text))
			switch {
			case id != "" && take(key):
				certain[i] = append(certain[i], n)
			case id == "" && take(key):
				possible[i] = append(possible[i], n)
			}
			own[key]++
		}
		for key, count := range own {
			known[key] = append(known[key], unshared{i, count})
		}
	}
	return certain, possible
}

// unshared is the number of equal lines of a section that no later section shares yet.
type unshared struct{ section, lines int }

// overlapping returns a function that reports whether a section before overlaps the section: both may list the same
// movements. It compares each pair once.
func overlapping(all []edges, section int) func(before int) bool {
	known := map[int]bool{}
	return func(before int) bool {
		overlaps, compared := known[before]
		if !compared {
			x, y := &all[before], &all[section]
			if x.begin != "" && y.begin != "" && y.begin < x.begin {
				x, y = y, x
			}
			follows, certain := x.isFollowedBy(y)
			overlaps = !certain || !follows // if the balances do not tell: the line that both have is of one day
			known[before] = overlaps
		}
		return overlaps
	}
}

// ownID returns what identifies the line within its file; "" if nothing does. The balance after a line identifies it,
// and that of its day does not.
func (b *Block) ownID(dailyRunning bool) string {
	for _, id := range b.IDs {
		if id.Stable || id.Kind == "FITID" {
			return id.Kind + " " + id.Value
		}
	}
	if b.Running != nil && !dailyRunning {
		return "balance " + b.Running.String() + " " + b.Text
	}
	return ""
}

// balancesTell reports whether the balances tell for all sections with lines which days they concern.
func (s *Statement) balancesTell() bool {
	return !slices.ContainsFunc(s.Sections, func(section Section) bool {
		_, known := section.isFollowedBy(&section)
		return !known && len(section.lines()) > 0
	})
}

// edges are the balances at the ends of a section. opens and closes state whether they are known.
type edges struct {
	begin            domain.Date
	opening, closing Balance
	opens, closes    bool
}

func (s *Section) edges() (e edges) {
	e.begin = s.begin()
	e.opening, e.opens = s.opening()
	e.closing, e.closes = s.closing()
	return e
}

// isFollowedBy reports whether the balances show that the next section begins where the section ends. known is false if
// they do not tell.
func (e *edges) isFollowedBy(next *edges) (follows, known bool) {
	if !e.opens || !e.closes || !next.opens {
		return false, false
	}
	joins := e.closing.Readings[0].Equal(next.opening.Readings[0])
	moves := !e.closing.Readings[0].Equal(e.opening.Readings[0])
	return next.opening.endOfDay() >= e.closing.Date || joins && moves, true
}

func (s *Section) isFollowedBy(next *Section) (follows, known bool) {
	e, n := s.edges(), next.edges()
	return e.isFollowedBy(&n)
}

// opening returns the dated opening balance of the section.
func (s *Section) opening() (Balance, bool) {
	i := slices.IndexFunc(s.Balances, func(b Balance) bool { return b.Role == Opening && b.isClear() })
	if i < 0 {
		return Balance{}, false
	}
	return s.Balances[i], true
}

// closing returns the dated closing balance of the section, or that of its last day.
func (s *Section) closing() (last Balance, ok bool) {
	for _, b := range s.Balances {
		if (b.Role == Closing || b.Role == DayEnd) && b.isClear() && b.Date >= last.Date {
			last, ok = b, true
		}
	}
	return last, ok
}

// isClear reports whether the balance has a date and one reading.
func (b *Balance) isClear() bool { return b.Date != "" && len(b.Readings) == 1 }

// endOfDay returns the day at whose end the account has the balance.
func (b *Balance) endOfDay() domain.Date {
	if b.StartOfDay {
		return b.Date.AddDays(-1)
	}
	return b.Date
}

// joinOverlapping returns the sections, which are in the order of time, with those joined that overlap. So their
// balances are checked against the lines of all of them.
func joinOverlapping(sections []Section) []Section {
	var joined []Section
	copied := false // the last one is a copy
	for i := range sections {
		next := &sections[i]
		n := len(joined)
		if n == 0 || len(next.Balances) == 0 {
			joined, copied = append(joined, *next), false
			continue
		}
		if follows, known := joined[n-1].isFollowedBy(next); follows || !known {
			joined, copied = append(joined, *next), false
			continue
		}
		if !copied {
			joined[n-1], copied = joined[n-1].copyToJoin(), true
		}
		joined[n-1].join(next)
	}
	return joined
}

// copyToJoin returns a copy to which the entries of other sections can be added.
func (s *Section) copyToJoin() Section {
	return Section{
		Made: s.Made, Blocks: slices.Clone(s.Blocks), Balances: slices.Clone(s.Balances), Cut: s.Cut,
		TotalsDisagree: s.TotalsDisagree, Doubtful: s.Doubtful, Unfinished: s.Unfinished,
	}
}

// join adds the lines and balances of another section, which begins later. The last closing balance of both remains
// one; the balances between are those of their days.
func (s *Section) join(next *Section) {
	last, _ := s.closing()
	nextLast, _ := next.closing()
	ends := last.Date > nextLast.Date
	if !ends {
		s.Unfinished = next.Unfinished
		for i := range s.Balances {
			if s.Balances[i].Role == Closing {
				s.Balances[i].Role = DayEnd
			}
		}
	}
	offset := len(s.Blocks)
	for _, b := range next.Balances {
		switch {
		case b.Role == Opening:
			b.Role, b.Date, b.StartOfDay = DayEnd, b.endOfDay(), false
		case b.Role == Closing && ends:
			b.Role = DayEnd
		}
		if b.Block >= 0 {
			b.Block += offset
		}
		s.Balances = append(s.Balances, b)
	}
	s.Blocks = append(s.Blocks, next.Blocks...)
	s.Made = max(s.Made, next.Made)
	s.Cut, s.Doubtful = s.Cut || next.Cut, s.Doubtful || next.Doubtful
	s.TotalsDisagree = s.TotalsDisagree || next.TotalsDisagree
}
