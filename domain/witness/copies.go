package witness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The reasons of lines that a file lists more than once.
const (
	copiedStatement = "a copy: the file has the same statement before"
	copiedLine      = "a copy: another statement of the file has the same line"
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

func (s *Section) setApart(blocks []int, reason string) {
	for _, i := range blocks {
		s.Blocks[i].Kind, s.Blocks[i].Reason = Apart, reason
	}
}

// contents returns a text that is the same for two sections only if they state the same.
func (s *Section) contents() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%q %t\n", s.Declared, s.TotalsDisagree)
	for i := range s.Blocks {
		b := &s.Blocks[i]
		fmt.Fprintf(&text, "%s %s %s %s %q %v %v %q\n", b.Kind, b.Date, b.ValueDate, b.Amount, b.Text, b.IDs, b.Running,
			b.Raw)
	}
	for _, b := range s.Balances {
		fmt.Fprintf(&text, "%s %s %t %v\n", b.Role, b.Date, b.StartOfDay, b.Readings)
	}
	return text.String()
}

// sharedLines returns the indexes of the lines that an overlapping section before lists, too, by section: those with
// the same identifier of the bank, and those that only look the same.
func (s *Statement) sharedLines() (certain, possible map[int][]int) {
	certain, possible = map[int][]int{}, map[int][]int{}
	known := map[string][]int{} // the sections of lines that are not shared yet
	take := func(key string, section int) bool {
		at := slices.IndexFunc(known[key], func(before int) bool {
			return before != section && s.overlaps(before, section)
		})
		if at >= 0 {
			known[key] = slices.Delete(slices.Clone(known[key]), at, at+1)
		}
		return at >= 0
	}
	for i := range s.Sections {
		own := map[string]int{}
		for _, n := range s.Sections[i].lines() {
			b := &s.Sections[i].Blocks[n]
			key := fmt.Sprint(b.Date, " ", b.Amount.Normalize())
			id := b.ownID()
			switch {
			case id != "" && take(key+" "+id, i):
				certain[i] = append(certain[i], n)
			case id == "" && take(key+" "+b.Text, i):
				possible[i] = append(possible[i], n)
			}
			if id == "" {
				id = b.Text
			}
			own[key+" "+id]++
		}
		for key, count := range own {
			known[key] = append(known[key], slices.Repeat([]int{i}, count)...)
		}
	}
	return certain, possible
}

// ownID returns what identifies the line within its file; "" if nothing does.
func (b *Block) ownID() string {
	for _, id := range b.IDs {
		if id.Stable || id.Kind == "FITID" {
			return id.Kind + " " + id.Value
		}
	}
	return ""
}

// overlaps reports whether two sections may list the same movements.
func (s *Statement) overlaps(a, b int) bool {
	x, y := s.Sections[a], s.Sections[b]
	inOrder := inTime([]Section{x, y})
	x, y = inOrder[0], inOrder[1]
	if follows, known := x.isFollowedBy(&y); known {
		return !follows
	}
	return true // the line that both have is of one day
}

// balancesTell reports whether the balances tell for all sections with lines which days they concern.
func (s *Statement) balancesTell() bool {
	return !slices.ContainsFunc(s.Sections, func(section Section) bool {
		_, known := section.isFollowedBy(&section)
		return !known && len(section.lines()) > 0
	})
}

// isFollowedBy reports whether the balances show that the next section begins where the section ends. known is false if
// they do not tell.
func (s *Section) isFollowedBy(next *Section) (follows, known bool) {
	opening, ok := s.opening()
	closing, closed := s.closing()
	nextOpening, nextOK := next.opening()
	if !ok || !closed || !nextOK {
		return false, false
	}
	joins := closing.Readings[0].Equal(nextOpening.Readings[0])
	moves := !closing.Readings[0].Equal(opening.Readings[0])
	return nextOpening.endOfDay() >= closing.Date || joins && moves, true
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
	for _, next := range sections {
		n := len(joined)
		if n == 0 || len(next.Balances) == 0 {
			joined = append(joined, next)
			continue
		}
		if follows, known := joined[n-1].isFollowedBy(&next); follows || !known {
			joined = append(joined, next)
			continue
		}
		joined[n-1] = joined[n-1].with(next)
	}
	return joined
}

// with returns the section with the lines and balances of another one that begins later.
func (s *Section) with(next Section) Section {
	last, _ := s.closing()
	nextLast, _ := next.closing()
	all := Section{
		Made: max(s.Made, next.Made), Blocks: slices.Concat(s.Blocks, next.Blocks), Cut: s.Cut || next.Cut,
		TotalsDisagree: s.TotalsDisagree || next.TotalsDisagree, Doubtful: s.Doubtful || next.Doubtful,
	}
	add := func(b Balance, offset int, ends bool) {
		if b.Role == Opening && offset > 0 {
			b.Role, b.Date, b.StartOfDay = DayEnd, b.endOfDay(), false
		}
		if b.Role == Closing && !ends {
			b.Role = DayEnd
		}
		if b.Block >= 0 {
			b.Block += offset
		}
		b.Readings = slices.Clone(b.Readings)
		all.Balances = append(all.Balances, b)
	}
	for _, b := range s.Balances {
		add(b, 0, last.Date > nextLast.Date)
	}
	for _, b := range next.Balances {
		add(b, max(len(s.Blocks), 1), last.Date <= nextLast.Date)
	}
	return all
}
