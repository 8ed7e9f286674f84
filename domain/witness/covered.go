package witness

import (
	"cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// cover sets the days on which the section lists all movements. from is the first of them if the section before tells
// it; "" otherwise. extends states that the declared days beside the chain
// may be covered, too.
func (p *Proof) cover(c *chain, from domain.Date, extends, isAccount bool) {
	s := c.section
	if p.Closing.State == Proved {
		w := domain.Window{From: cmp.Or(from, c.coveredFrom()), To: p.Closing.Date}
		if s.Unfinished {
			w.To = w.To.AddDays(-1)
		}
		if extends && !s.Cut {
			w = c.extend(w)
		}
		if w.From != "" && w.From <= w.To {
			p.Covered, p.Basis = []domain.Window{w}, BasisBalances
			return
		}
	}
	switch {
	case s.trusts(isAccount):
		if w := s.declaredDays(); w.From <= w.To {
			p.Covered, p.Basis = []domain.Window{w}, BasisDeclared
		}
	case s.Declared != domain.Window{}:
		p.Warnings = AddWarning(p.Warnings, PeriodNotTrusted, 0)
	}
}

// declaredDays returns the days of the declared period that are complete: those before the day on which the file was
// made, and before that of its upload. Those of a cut file end before the day of its last line, or begin after it if
// the newest lines come first.
func (s *Section) declaredDays() domain.Window {
	w := s.Declared
	if made := s.madeBy(); made != "" {
		w.To = min(w.To, made.AddDays(-1))
	}
	if !s.Cut {
		return w
	}
	lines, orders := s.lines(), s.orders()
	switch {
	case len(lines) == 0 || len(orders) > 1:
		return domain.Window{From: w.To.AddDays(1), To: w.To}
	case orders[0]:
		w.From = s.Blocks[lines[len(lines)-1]].Date.AddDays(1)
	default:
		w.To = min(w.To, s.Blocks[lines[len(lines)-1]].Date.AddDays(-1))
	}
	return w
}

// madeBy returns the day on which the file was made, at the latest; "" if it is not known.
func (s *Section) madeBy() domain.Date { return domain.EarlierDate(s.Made, s.uploaded) }

// trusts reports whether the declared period tells which days are complete: it is longer than a day, unless the witness
// is an account, and all lines lie in it.
func (s *Section) trusts(isAccount bool) bool {
	w := s.Declared
	if w.From == "" || w.To == "" || w.To < w.From || w.To == w.From && !isAccount {
		return false
	}
	if made := s.madeBy(); made != "" && made <= w.From {
		return false
	}
	days, any := s.Days()
	return !any || w.Contains(days.From) && w.Contains(days.To)
}

// coveredFrom returns the first day of a chain that holds.
func (c *chain) coveredFrom() domain.Date {
	first := c.stated[0]
	switch {
	case first.Role == Opening && first.Date == "", first.Source == Running:
		return c.firstDay()
	case first.StartOfDay:
		return first.Date
	}
	return first.Date.AddDays(1)
}

// extend adds the declared days before and after the chain that have no line, if the file was made after them.
func (c *chain) extend(w domain.Window) domain.Window {
	declared := c.section.Declared
	if declared.From == "" || declared.To == "" || w.From == "" || w.To == "" {
		return w
	}
	made := max(domain.EarlierDate(c.section.Made, c.section.uploaded), w.To, c.lastDay())
	if c.section.Made == "" { // the upload alone does not tell that the file was made after these days
		made = max(w.To, c.lastDay())
	}
	busy := map[domain.Date]bool{}
	for _, i := range c.lines {
		busy[c.section.Blocks[i].Date] = true
	}
	for day := w.From.AddDays(-1); day >= declared.From && day < made && !busy[day]; day = day.AddDays(-1) {
		w.From = day
	}
	for day := w.To.AddDays(1); day <= declared.To && day < made && !busy[day]; day = day.AddDays(1) {
		w.To = day
	}
	return w
}

// coverTo limits the covered days to those up to a day; "" sets no limit.
func (p *Proof) coverTo(last domain.Date) {
	var kept []domain.Window
	for _, w := range p.Covered {
		if last != "" {
			w.To = min(w.To, last)
		}
		if w.From <= w.To {
			kept = append(kept, w)
		}
	}
	if p.Covered = kept; len(kept) == 0 {
		p.Basis = BasisNone
	}
}

// union returns the windows in order, with overlapping and adjacent ones joined.
func union(windows []domain.Window) []domain.Window {
	domain.SortLarge(windows, func(a, b domain.Window) int {
		return cmp.Or(compareDates(a.From, b.From), compareDates(a.To, b.To))
	})
	var joined []domain.Window
	for _, w := range windows {
		if n := len(joined); n > 0 && w.From <= joined[n-1].To.AddDays(1) {
			joined[n-1].To = max(joined[n-1].To, w.To)
			continue
		}
		joined = append(joined, w)
	}
	return joined
}

func strongest(a, b Basis) Basis {
	if a == BasisBalances || b == BasisNone {
		return a
	}
	return b
}

func compareDates(a, b domain.Date) int { return cmp.Compare(a, b) }
