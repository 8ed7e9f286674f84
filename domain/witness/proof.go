package witness

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// State states what is known about the truth of a balance.
type State string

// The states of balances.
const (
	Proved       State = "proved"       // another balance and the lines between explain it
	Contradicted State = "contradicted" // they do not explain it, and no entry between is refused
	Unavailable  State = "unavailable"  // there is nothing to compare it with, or it cannot be read in one way
)

// StatedBalance is the opening or the closing balance of a statement.
type StatedBalance struct {
	Amount *decimal.Decimal `json:"amount,omitempty"` // nil if there is none, or if it has several readings
	Date   domain.Date      `json:"date,omitempty"`   // "" if unknown
	Source Source           `json:"source"`
	State  State            `json:"state"`
	// StartOfDay states that an opening balance is that of the beginning of its date, and not of its end.
	StartOfDay bool `json:"startOfDay,omitempty"`
}

// EndOfDay returns the day at whose end the account has the balance; "" if it is not known.
func (b StatedBalance) EndOfDay() domain.Date {
	if b.StartOfDay {
		return b.Date.AddDays(-1)
	}
	return b.Date
}

// Basis is why days are covered.
type Basis string

// The bases of covered days.
const (
	BasisBalances Basis = "balances"
	BasisDeclared Basis = "declared"
	BasisNone     Basis = "none"
)

// DayBalance is the balance at the end of a day.
type DayBalance struct {
	Date   domain.Date
	Amount decimal.Decimal
}

// Proof is what a statement proves by itself.
type Proof struct {
	Opening, Closing StatedBalance
	// Covered contains the days on which the statement lists all movements, oldest first and without overlap.
	Covered []domain.Window
	Basis   Basis
	// Days contains the balances at the ends of days, oldest first, at most one for each day.
	Days []DayBalance
	// Gap is the sum of the differences between the balances that the lines do not explain. FirstGap is the first day
	// on which a line may be missing or wrong; "" if the balances hold.
	Gap      decimal.Decimal
	FirstGap domain.Date
	Warnings []Warning

	broken bool // a gap is certain: no refused block may be the reason
	lacks  lacks
}

// Covers reports whether the statement lists all movements of the day.
func (p Proof) Covers(day domain.Date) bool {
	return slices.ContainsFunc(p.Covered, func(w domain.Window) bool { return w.Contains(day) })
}

// MayLack reports whether a movement of the day may be a refused block: the block may be of this day or of one within
// three weekdays, and no balances prove that it is no movement.
func (p Proof) MayLack(day domain.Date) bool {
	return (p.lacks.undated || p.lacks.weekdays[weekday(day)]) && slices.ContainsFunc(p.lacks.declared,
		func(w domain.Window) bool { return w.Contains(day) })
}

// lacks contains the days of the refused blocks, except those of sections whose balances hold.
type lacks struct {
	weekdays map[int]bool    // near the dates of blocks
	undated  bool            // a block has no date
	declared []domain.Window // days that are covered because the file declares them
}

// add adds the refused blocks of a section.
func (l *lacks) add(s *Section) {
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Kind != Refused {
			continue
		}
		l.undated = l.undated || b.Date == ""
		for _, day := range []domain.Date{b.Date, b.ValueDate} {
			for near := -nearDays; day != "" && near <= nearDays; near++ {
				if l.weekdays == nil {
					l.weekdays = map[int]bool{}
				}
				l.weekdays[weekday(day)+near] = true
			}
		}
	}
}

// Prove checks the balances of a statement against its lines.
func Prove(s Statement) Proof {
	total := Proof{Basis: BasisNone, Opening: absent(), Closing: absent()}
	first, allProved, broken := true, true, false
	elsewhere := slices.ContainsFunc(s.Sections, isRefused)
	doubtful := false
	sections := inTime(s.Sections)
	if lacksNumber(sections) {
		total.Warnings = AddWarning(total.Warnings, StatementMissing, 0)
	}
	number := 0
	for _, section := range joinOverlapping(sections) {
		doubtful = doubtful || section.Doubtful || section.hasMisdatedLine()
		if len(section.Balances) == 0 && len(section.lines()) == 0 {
			total.lacks.add(&section)
			continue
		}
		section.uploaded = s.Uploaded
		p := proveSection(&section, link{total.Closing, number}, s.CoversTo != "", elsewhere)
		number = section.Number
		if first {
			total.Opening = p.Opening
		} else {
			joint := total.join(p)
			broken = broken || joint == Contradicted
			allProved = allProved && joint != Unavailable
		}
		first = false
		total.Closing = p.Closing
		allProved = allProved && p.Closing.State == Proved
		broken = broken || p.broken || p.Closing.State == Contradicted
		if p.Basis != BasisBalances {
			total.lacks.add(&section)
			total.lacks.declared = append(total.lacks.declared, p.Covered...)
		}
		total.Gap = total.Gap.Add(p.Gap)
		total.FirstGap = domain.EarlierDate(total.FirstGap, p.FirstGap)
		total.Days = append(total.Days, p.Days...)
		total.Covered = append(total.Covered, p.Covered...)
		total.Basis = strongest(total.Basis, p.Basis)
		for _, w := range p.Warnings {
			total.Warnings = AddWarning(total.Warnings, w.Code, 0)
		}
	}
	total.Covered = union(total.Covered)
	total.Days = lastOfDays(total.Days)
	if doubtful {
		total.Covered, total.Basis = nil, BasisNone
	}
	total.settle(allProved, broken)
	return total
}

func absent() StatedBalance { return StatedBalance{Source: Absent, State: Unavailable} }

// inTime returns the sections in the order of their first balances or lines. If the balances join only in the order of
// the file or in that of the bank's numbers, this order is right, and the dates of the opening balances are wrong.
func inTime(sections []Section) []Section {
	if slices.ContainsFunc(sections, func(s Section) bool { return s.begin() == "" }) {
		return sections
	}
	byDate, byNumber := slices.Clone(sections), slices.Clone(sections)
	domain.SortLarge(byDate, func(a, b Section) int { return compareDates(a.begin(), b.begin()) })
	if joins(byDate) {
		return byDate
	}
	domain.SortLarge(byNumber, func(a, b Section) int { return cmp.Compare(a.Number, b.Number) })
	for _, order := range [][]Section{sections, byNumber} {
		if joins(order) && order[0].Number <= order[len(order)-1].Number {
			return redated(order)
		}
	}
	return byDate
}

// joins reports whether each section begins with the balance with which the one before ends, and ends on its day or
// later.
func joins(sections []Section) bool {
	for i := range sections {
		closing, closes := sections[i].closing()
		if i == len(sections)-1 {
			return closes
		}
		opening, opens := sections[i+1].opening()
		next, ends := sections[i+1].closing()
		if !closes || !opens || !ends || closing.Date > next.Date || !closing.Readings[0].Equal(opening.Readings[0]) {
			return false
		}
	}
	return true
}

// redated returns the sections, whose balances join, with no opening balance before the closing balance that it equals.
func redated(sections []Section) []Section {
	sections = slices.Clone(sections)
	for i := 1; i < len(sections); i++ {
		s := &sections[i]
		before, _ := sections[i-1].closing()
		at := slices.IndexFunc(s.Balances, func(b Balance) bool { return b.Role == Opening && b.isClear() })
		if s.Balances[at].endOfDay() < before.Date {
			s.Balances = slices.Clone(s.Balances)
			s.Balances[at].Date, s.Balances[at].StartOfDay = before.Date, false
		}
	}
	return sections
}

// begin returns the day of the first balance or line of the section; "" if it is not known.
func (s *Section) begin() domain.Date {
	for _, b := range s.Balances {
		if b.Role == Opening && b.Date != "" {
			return b.Date
		}
	}
	if days, ok := s.Days(); ok {
		return days.From
	}
	return s.Declared.From
}

// misdatedDays is the maximum number of days between the day of a line and the balances that contain it. Some banks
// state the next banking day after the closing balance as that of the booking.
const misdatedDays = 14

// hasMisdatedLine reports whether a line is dated long before the opening balance, or long after the last one. The
// balances contain it, so its date is wrong, and nobody knows the right one.
func (s *Section) hasMisdatedLine() bool {
	var first, last domain.Date
	for _, b := range s.Balances {
		if b.Role == Opening && first == "" {
			first = b.Date
		}
		last = max(last, b.Date)
	}
	if first == "" {
		return false
	}
	first, last = first.AddDays(-misdatedDays), last.AddDays(misdatedDays)
	return slices.ContainsFunc(s.Blocks, func(b Block) bool {
		return b.Kind == Line && (b.Date < first || b.Date > last)
	})
}

// isRefused reports whether the section consists of refused blocks. They may belong to any section of the statement.
func isRefused(s Section) bool {
	return len(s.Balances) == 0 && !slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.Kind != Refused }) &&
		len(s.Blocks) > 0
}

// lacksNumber reports whether the running numbers of the sections, which are in the order of time, leave one out. A
// number that is not higher than the one before begins a new year. Numbers that consist of the day of the year and 01
// leave out days without movements.
func lacksNumber(sections []Section) bool {
	before := 0
	ofDays := !slices.ContainsFunc(sections, func(s Section) bool { return s.Number < 100 || s.Number%100 != 1 })
	if ofDays && joins(sections) {
		return false
	}
	for i := range sections {
		number := sections[i].Number
		if before > 0 && number > before+1 {
			return true
		}
		if number > 0 {
			before = number
		}
	}
	return false
}

// join compares the opening balance of the next section with the closing balance of the last one. They contradict each
// other if both are of the same day and differ. If they differ and days lie between, movements of these days are in
// neither section, so that the chain of the balances has a hole: it is unavailable.
func (p *Proof) join(next Proof) State {
	a, b := p.Closing, next.Opening
	switch {
	case a.Amount == nil || b.Amount == nil || a.Date == "" || a.Date > b.EndOfDay() || a.Amount.Equal(*b.Amount):
		return Proved
	case a.Date < b.EndOfDay():
		p.Warnings = AddWarning(p.Warnings, BalanceNotOfTheLines, 0)
		return Unavailable
	}
	p.Gap = p.Gap.Add(b.Amount.Sub(*a.Amount))
	p.FirstGap = domain.EarlierDate(p.FirstGap, a.Date)
	return Contradicted
}

// settle sets the states of the balances of a statement that may have several sections. broken states that the balances
// of a section do not hold.
func (p *Proof) settle(allProved, broken bool) {
	for _, b := range []*StatedBalance{&p.Opening, &p.Closing} {
		switch {
		case b.Source == Absent:
		case broken:
			b.State = Contradicted
		case !allProved && b.State == Proved:
			b.State = Unavailable
		}
	}
}

// link is the end of a section.
type link struct {
	closing StatedBalance
	number  int // of the section; 0 if unknown
}

// nextDay returns the first day that the next section lists if it begins with the balance at the end of this one; "" if
// it does not. Many banks date the opening balance of a daily statement to its own day.
func (l link) nextDay(next *Section, opening, closing StatedBalance) domain.Date {
	a, b := l.closing, opening
	if a.State != Proved || closing.State != Proved || a.Amount == nil || b.Amount == nil || a.Date == "" ||
		!a.Amount.Equal(*b.Amount) || b.EndOfDay() < a.Date {
		return ""
	}
	switch lacks := l.number > 0 && next.Number > l.number+1; {
	case !lacks:
		return a.Date.AddDays(1)
	case b.Date == closing.Date:
		return b.Date
	}
	return ""
}

// proveSection proves one section, which follows the link. isAccount states that the lines are the records of another
// account. elsewhere states that the file has refused blocks that may belong to it.
func proveSection(s *Section, before link, isAccount, elsewhere bool) Proof {
	c := newChain(s, elsewhere)
	p := Proof{Basis: BasisNone, broken: slices.ContainsFunc(c.walk.gaps, gap.isCertain)}
	p.Opening, p.Closing = c.opening(), c.closing()
	if p.Closing.State == Proved && p.Opening.Source != Derived && p.Opening.Source != Absent {
		p.Opening.State = Proved
	}
	for _, g := range c.walk.gaps {
		p.Gap = p.Gap.Add(g.amount)
		if g.isCertain() {
			p.FirstGap = domain.EarlierDate(p.FirstGap, g.date)
		}
	}
	if p.Opening.Source == Derived && p.Closing.Source == Field && c.isLater(p.Closing.Date) {
		p.Warnings = AddWarning(p.Warnings, OpeningDerived, 0)
	}
	p.Days = c.days(p.Closing)
	if s.Unfinished {
		p.Days = slices.DeleteFunc(p.Days, func(d DayBalance) bool { return d.Date >= p.Closing.Date })
	}
	if isAccount {
		p.Opening = absent()
		for _, ledger := range c.ledgers {
			p.Days = append(p.Days, DayBalance{ledger.Date, ledger.Readings[0]})
		}
	}
	differs := c.otherDiffers()
	if differs {
		p.Warnings = AddWarning(p.Warnings, BalanceNotOfTheLines, 0)
	}
	if c.limited {
		p.Warnings = AddWarning(p.Warnings, BalanceWithLimit, 0)
	}
	if c.hasAmbiguous() {
		p.Warnings = AddWarning(p.Warnings, AmbiguousBalance, 0)
	}
	p.cover(c, before.nextDay(s, p.Opening, p.Closing), !differs, isAccount)
	return p
}

// hasAmbiguous reports whether a balance has several readings and nothing tells which one is right.
func (c *chain) hasAmbiguous() bool {
	if len(c.walk.gaps) == 0 && c.walk.holds > 0 && !c.walk.tied {
		return false
	}
	return slices.ContainsFunc(c.section.Balances, func(b Balance) bool { return len(b.Readings) > 1 })
}

// isAmbiguous reports whether a stated balance has several readings and nothing tells which one is right.
func (c *chain) isAmbiguous(p checkpoint) bool {
	return len(p.Readings) > 1 && (c.walk.holds == 0 || c.walk.tied)
}

// state returns the state of a balance that is part of the chain.
func (c *chain) state() State {
	switch {
	case c.isBroken():
		return Contradicted
	case c.walk.holds > 0 && !c.walk.tied && c.isWhole() && !c.undatedDiffers():
		return Proved
	}
	return Unavailable
}

// isBroken reports whether a gap between balances or another total is wrong, and no refused block may be the reason.
func (c *chain) isBroken() bool {
	return c.section.TotalsDisagree && c.unread.isEmpty() || slices.ContainsFunc(c.walk.gaps, gap.isCertain)
}

// isWhole reports whether the balances have no gap, and the totals are those of the lines.
func (c *chain) isWhole() bool { return len(c.walk.gaps) == 0 && !c.section.TotalsDisagree }

// undatedDiffers reports whether the file states a balance without a date that is not the one after the last line.
func (c *chain) undatedDiffers() bool {
	value, ok := c.valueAfter(len(c.lines))
	return ok && slices.ContainsFunc(c.ledgers, func(p checkpoint) bool {
		return p.Date == "" && !isOneOf(p.Readings, value)
	})
}

// otherDiffers reports whether a balance of the download is not the one that the chain implies.
func (c *chain) otherDiffers() bool {
	return slices.ContainsFunc(c.ledgers, func(p checkpoint) bool {
		value, ok := c.valueAfter(p.after)
		return ok && !isOneOf(p.Readings, value)
	})
}

// opening returns the balance before the first line.
func (c *chain) opening() StatedBalance {
	if len(c.stated) == 0 {
		return c.derivedOpening()
	}
	first := c.stated[0]
	value := c.walk.values[0].Sub(c.sums[first.after])
	b := StatedBalance{Amount: &value, Date: first.Date, Source: first.Source, State: c.state()}
	switch {
	case c.isAmbiguous(first):
		b.Amount = nil
	case first.Role == Opening && first.Date != "":
		b.StartOfDay = first.StartOfDay
	case first.Role == Opening, first.Source == Running:
		b.Date, b.StartOfDay = c.firstDay(), true
	default:
		b.Source, b.Date = Derived, c.firstDay().AddDays(-1)
		if b.State != Contradicted { // nothing checks the lines before the first balance
			b.State = Unavailable
		}
	}
	return b
}

// derivedOpening computes the opening balance from the balance of the download. It does so only if no movement can lie
// between the last line and this balance, as far as the declared period tells.
func (c *chain) derivedOpening() StatedBalance {
	p, ok := c.ledger()
	if !ok || len(p.Readings) != 1 || p.Date == "" || p.after < len(c.lines) {
		return absent()
	}
	trusted := c.section.trusts(false)
	if !trusted && p.Date > c.lastDay() {
		return absent()
	}
	value := p.Readings[0].Sub(c.sums[len(c.lines)])
	day := c.firstDay()
	if trusted {
		day = c.section.Declared.From
	}
	return StatedBalance{Amount: &value, Date: day.AddDays(-1), Source: Derived, State: Unavailable}
}

// closing returns the last balance that belongs to the lines.
func (c *chain) closing() StatedBalance {
	n := len(c.stated)
	ledger, hasLedger := c.ledger()
	if n == 0 {
		if !hasLedger {
			return absent()
		}
		b := StatedBalance{Date: ledger.Date, Source: ledger.Source, State: Unavailable}
		if len(ledger.Readings) == 1 && !c.hasOther(ledger, ledger.Readings[0]) {
			b.Amount = &ledger.Readings[0]
		}
		return b
	}
	last := c.stated[n-1]
	fits := func() bool {
		value, _ := c.valueAfter(ledger.after)
		return isOneOf(ledger.Readings, value)
	}
	if hasLedger && last.after < len(c.lines) && ledger.after > last.after && fits() ||
		hasLedger && last.Role == Opening {
		return c.ledgerClosing(ledger, fits())
	}
	if last.Role == Opening {
		b := StatedBalance{Date: c.lastDay(), Source: Derived, State: Unavailable}
		if value, _ := c.valueAfter(len(c.lines)); len(last.Readings) == 1 || c.walk.holds > 0 {
			b.Amount = &value // otherwise nothing tells from which reading the lines begin
		}
		return b
	}
	value := c.walk.values[n-1]
	b := StatedBalance{Amount: &value, Date: last.Date, Source: last.Source, State: c.state()}
	if b.Date == "" {
		b.Date = c.lastDay()
	}
	if len(last.Readings) > 1 && (n == 1 || c.walk.tied) {
		b.Amount = nil
	}
	return b
}

// ledgerClosing returns the balance of the download as the closing balance.
func (c *chain) ledgerClosing(ledger checkpoint, fits bool) StatedBalance {
	b := StatedBalance{Date: ledger.Date, Source: ledger.Source, State: Unavailable}
	value, _ := c.valueAfter(ledger.after)
	switch {
	case c.hasOther(ledger, value):
	case fits && ledger.Date != "" && c.isWhole():
		b.Amount, b.State = &value, Proved
	case fits:
		b.Amount = &value
	case len(ledger.Readings) == 1:
		b.Amount = &ledger.Readings[0]
		// A balance of the last line's day that was stated on a later day includes nothing that the file can lack.
		if ledger.Date != "" && ledger.Date == c.lastDay() && c.section.Made > ledger.Date && c.unread.isEmpty() {
			b.State = Contradicted
		}
	}
	if c.isBroken() {
		b.State = Contradicted
	}
	return b
}

// hasOther reports whether another balance of the download is of the same day and has another value.
func (c *chain) hasOther(ledger checkpoint, value decimal.Decimal) bool {
	return slices.ContainsFunc(c.ledgers, func(p checkpoint) bool {
		return p.Date == ledger.Date && !isOneOf(p.Readings, value) && isOneOf(ledger.Readings, value)
	})
}

// ledger returns the latest balance of the download. ok is false if there is none.
func (c *chain) ledger() (latest checkpoint, ok bool) {
	for _, p := range c.ledgers {
		if !ok || p.Date > latest.Date {
			latest, ok = p, true
		}
	}
	return latest, ok
}

// isLater reports whether the day is after the declared period.
func (c *chain) isLater(day domain.Date) bool {
	return c.section.Declared.To != "" && day > c.section.Declared.To
}

func (c *chain) firstDay() domain.Date {
	days, _ := c.section.Days()
	return days.From
}

func (c *chain) lastDay() domain.Date {
	days, _ := c.section.Days()
	return days.To
}

// days returns the balances at the ends of days.
func (c *chain) days(closing StatedBalance) []DayBalance {
	var days []DayBalance
	for i, p := range c.stated {
		day := p.Date
		if p.Role == Opening && p.StartOfDay {
			day = day.AddDays(-1)
		}
		if day != "" && !c.isAmbiguous(p) && (p.Source != Running || c.isLastOfDay(i)) {
			days = append(days, DayBalance{day, c.walk.values[i]})
		}
	}
	if closing.Amount != nil && closing.Date != "" {
		days = append(days, DayBalance{closing.Date, *closing.Amount})
	}
	return days
}

// isLastOfDay reports whether no later balance is of the same day.
func (c *chain) isLastOfDay(i int) bool {
	return i == len(c.stated)-1 || c.stated[i+1].Date != c.stated[i].Date
}

// lastOfDays sorts the balances by day and keeps the last one of each day.
func lastOfDays(days []DayBalance) []DayBalance {
	domain.SortLarge(days, func(a, b DayBalance) int { return compareDates(a.Date, b.Date) })
	var kept []DayBalance
	for i, d := range days {
		if i == len(days)-1 || days[i+1].Date != d.Date {
			kept = append(kept, d)
		}
	}
	return kept
}
