package bankstatement

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// maxPageRows is the maximum number of rows at the head of a page, above its row of titles.
const maxPageRows = 20

// utf8Mark is the byte order mark. It may stand within a file that consists of several.
const utf8Mark = "\uFEFF"

// beginTable handles a row of titles: the first one, that of a further page, or that of another table.
func (r *csvReader) beginTable(row csvRow, found columns, width int) {
	page, first := r.page, r.columns == nil
	r.page, r.opens = nil, first
	switch {
	case first:
	case page != nil && page.isOther(r):
		r.account, r.declared, r.balances, r.totals = page.account, page.declared, page.balances, page.totals
		r.part, r.opens = r.part+1, true
	case r.headed || r.future || !maps.Equal(found, r.columns):
		r.part++
	}
	r.columns, r.width, r.titled, r.current, r.headed, r.apartTotal = found, width, true, nil, false, nil
	if r.number++; r.number > maxSections {
		r.f.refuse(witness.TooManyBlocks, row.line, "the file has more than %d tables", maxSections)
	}
	if first {
		r.findPages(row)
	}
}

// isOther reports whether the head of a page is that of another account or period than the one before.
func (r *csvReader) isOther(before *csvReader) bool {
	if r.account.Number == "" {
		r.account = before.account
	}
	return accountDigits(r.account.Number) != accountDigits(before.account.Number) ||
		r.declared.From != "" && r.declared != before.declared
}

// accountDigits returns the digits of a number of an account without zeros in front.
func accountDigits(number string) string {
	return strings.TrimLeft(strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, number), "0")
}

// findPages finds the heads of the further pages: the rows without amounts that stand above a repeated row of titles.
func (r *csvReader) findPages(titles csvRow) {
	r.heads = map[int]bool{}
	if r.d.exact {
		return
	}
	text := strings.TrimPrefix(titles.raw, utf8Mark)
	for i, l := range r.lines {
		if l.number <= titles.line || strings.TrimPrefix(l.text, utf8Mark) != text {
			continue
		}
		for j := i - 1; j >= max(0, i-maxPageRows) && r.lines[j].number > titles.line; j-- {
			if !r.isHead(r.lines[j]) {
				break
			}
			r.heads[r.lines[j].number] = true
		}
	}
}

// isHead reports whether a line may belong to the head of a page: it is none of an entry.
func (r *csvReader) isHead(l textLine) bool {
	if r.before[strings.TrimPrefix(l.text, utf8Mark)] {
		return true
	}
	cells, state := splitRow(l.text, r.separator)
	cells = trimCells(cells)
	if state != rowComplete || startsWithDate(l.text) || len(cells) > r.width || r.looksLikeEntry(cells) ||
		startsWithDate(r.cell(cells, r.d.date)) || r.hasDateTitle(cells) {
		return false
	}
	for _, column := range []string{r.d.amount, r.d.credit, r.d.debit, r.d.balance} {
		if strings.ContainsAny(r.cell(cells, column), "0123456789") {
			return false
		}
	}
	return !slices.ContainsFunc(r.d.continued, func(prefix string) bool {
		return strings.HasPrefix(normalText(strings.Join(cells[:min(len(cells), 2)], " ")), prefix)
	})
}

// head reads a row at the head of a page.
func (r *csvReader) head(row csvRow, cells []string) {
	if r.page == nil {
		r.page = &csvReader{f: r.f, d: r.d, layouts: r.layouts}
	}
	r.page.preamble(row)
	if r.before[strings.TrimPrefix(row.raw, utf8Mark)] { // the file begins again
		r.future = false
		return
	}
	r.isNote(row, cells)
}

// joinPages joins the tables of one account that are pages of one statement, so that their balances are one chain.
func (r *csvReader) joinPages() {
	if len(r.sections) < 2 || r.d.exact {
		return
	}
	var order []csvKey
	groups := map[csvKey][]*csvSection{}
	for _, s := range r.sections {
		key := csvKey{s.part, accountKey{s.account, s.currency}}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], s)
	}
	r.sections = nil
	for _, key := range order {
		pages := groups[key]
		n := repeatedAfter(pages)
		for ; len(pages) > 0; pages = pages[n:] {
			r.sections = append(r.sections, r.joined(pages[:n])...)
		}
	}
}

// repeatedAfter returns the number of pages after which all pages begin again, because the file contains them several
// times; it is the number of pages if they do not.
func repeatedAfter(pages []*csvSection) int {
	entries := make([]string, len(pages))
	for i, s := range pages {
		entries[i] = s.listed()
	}
	for n := 1; n <= len(pages)/2; n++ {
		if len(pages)%n == 0 && slices.Equal(entries[n:], entries[:len(pages)-n]) {
			return n
		}
	}
	return len(pages)
}

// joined returns the pages, joined where one continues the page before. A page that opens with another balance is a
// statement of its own.
func (r *csvReader) joined(pages []*csvSection) (sections []*csvSection) {
	if len(pages) == 1 {
		return pages
	}
	run := newPages(pages[0])
	for _, s := range pages[1:] {
		if run.isFollowedBy(s) {
			run.add(s)
			continue
		}
		sections = append(sections, r.decided(run)...)
		run = newPages(s)
	}
	return append(sections, r.decided(run)...)
}

// decided returns the pages of a run as one table, unless they are several files that overlap, or are in another order
// than their rows.
func (r *csvReader) decided(run *csvPages) []*csvSection {
	if len(run.pages) == 1 {
		return run.pages
	}
	same, similar := run.overlap(r.d.doubtful)
	if same {
		return run.pages
	}
	hasBalances := run.hasBalances()
	whole := witness.Statement{Sections: []witness.Section{run.whole.Section}}
	if hasBalances && witness.Prove(whole).Closing.State == witness.Proved {
		return []*csvSection{run.table()}
	}
	if similar && (!hasBalances || run.holdsApart()) {
		return run.pages
	}
	var sections []*csvSection
	for _, ordered := range run.inOrder() {
		sections = append(sections, ordered.table())
	}
	return sections
}

// csvPages are tables that may be the pages of one.
type csvPages struct {
	pages []*csvSection
	whole csvSection
	end   []decimal.Decimal // the possible balances after the last row; nil if none is known
	last  domain.Date       // of the lines and balances
}

func newPages(first *csvSection) *csvPages {
	p := &csvPages{pages: []*csvSection{first}, whole: *first}
	p.whole.Blocks, p.whole.Balances = slices.Clone(first.Blocks), slices.Clone(first.Balances)
	p.whole.contradicted, p.whole.blank = maps.Clone(first.contradicted), maps.Clone(first.blank)
	p.whole.warnings, p.whole.entries = cloneWarnings(first.warnings), ""
	p.end, p.last = first.endFrom(nil), first.lastRow()
	return p
}

func cloneWarnings(warnings []witness.Warning) []witness.Warning {
	warnings = slices.Clone(warnings)
	for i := range warnings {
		warnings[i].Blocks = slices.Clone(warnings[i].Blocks)
	}
	return warnings
}

// endFrom returns the possible balances after the last row, given those before the first one.
func (s *csvSection) endFrom(values []decimal.Decimal) []decimal.Decimal {
	stated := map[int][]decimal.Decimal{}
	for _, b := range s.Balances {
		if b.Source == witness.Row {
			stated[b.Block] = b.Readings
		} else if b.Role == witness.Opening {
			values = b.Readings
		}
	}
	var sum decimal.Decimal
	for i := range s.Blocks {
		b := &s.Blocks[i]
		switch {
		case b.Kind == witness.Line && b.Running != nil:
			values, sum = []decimal.Decimal{*b.Running}, decimal.Zero
		case b.Kind == witness.Line:
			sum = sum.Add(b.Amount)
		case len(stated[i]) > 0:
			values, sum = stated[i], decimal.Zero
		}
	}
	end := make([]decimal.Decimal, len(values))
	for i := range values {
		end[i] = values[i].Add(sum)
	}
	return end
}

// carried returns the balance that the first row of a page states as the one before it, and its index; -1 if there is
// none.
func (s *csvSection) carried() int {
	return slices.IndexFunc(s.Balances, func(b witness.Balance) bool {
		return b.Source == witness.Row && b.Block == 0 && b.Role == witness.Opening
	})
}

// maxCarriedDays is the maximum number of days between the last row of a page and the date of the balance that the next
// one carries forward.
const maxCarriedDays = 7

// isFollowedBy reports whether a table continues the pages: it does not open with a dated balance, or with the one that
// the pages end with.
func (p *csvPages) isFollowedBy(next *csvSection) bool {
	i := next.carried()
	if i < 0 || next.Balances[i].Date == "" {
		return true
	}
	return p.endsWith(next.Balances[i]) && p.last != "" && next.Balances[i].Date <= p.last.AddDays(maxCarriedDays)
}

// lastRow returns the last day of the lines and balances.
func (s *csvSection) lastRow() domain.Date {
	days, _ := s.Days()
	last := days.To
	for _, b := range s.Balances {
		last = max(last, b.Date)
	}
	return last
}

func (p *csvPages) endsWith(b witness.Balance) bool {
	return slices.ContainsFunc(p.end, func(value decimal.Decimal) bool {
		return slices.ContainsFunc(b.Readings, value.Equal)
	})
}

// add adds a page. A balance carried forward that is that of the page before proves nothing further if the day
// continues on the page.
func (p *csvPages) add(next *csvSection) {
	offset := len(p.whole.Blocks)
	carried := next.carried()
	for i, b := range next.Balances {
		if i == carried {
			if p.endsWith(b) && !p.endsBefore(next) {
				continue
			}
			b.Role, b.Date = witness.DayEnd, ""
		}
		if b.Block >= 0 {
			b.Block += offset
		}
		p.whole.Balances = append(p.whole.Balances, b)
	}
	p.end, p.last = next.endFrom(p.end), max(p.last, next.lastRow())
	p.pages = append(p.pages, next)
	w := &p.whole
	w.Blocks = append(w.Blocks, next.Blocks...)
	w.sums.credits, w.sums.debits = w.sums.credits.Add(next.sums.credits), w.sums.debits.Add(next.sums.debits)
	for i, raw := range next.contradicted {
		w.contradicted[i+offset] = raw
	}
	for i, blank := range next.blank {
		w.blank[i+offset] = blank
	}
	for _, warning := range next.warnings {
		if len(warning.Blocks) == 0 {
			w.warnings = witness.AddWarning(w.warnings, warning.Code, 0)
		}
		for _, position := range warning.Blocks {
			w.warnings = witness.AddWarning(w.warnings, warning.Code, position+offset)
		}
	}
}

// endsBefore reports whether the last line of the pages is of an earlier day than the first one of the next page.
func (p *csvPages) endsBefore(next *csvSection) bool {
	_, last := edgeDates(p.whole.Blocks)
	first, _ := edgeDates(next.Blocks)
	return last != "" && last < first
}

// edgeDates returns the dates of the first and the last line.
func edgeDates(blocks []witness.Block) (first, last domain.Date) {
	isLine := func(b witness.Block) bool { return b.Kind == witness.Line }
	i := slices.IndexFunc(blocks, isLine)
	if i < 0 {
		return "", ""
	}
	for j := len(blocks) - 1; ; j-- {
		if isLine(blocks[j]) {
			return blocks[i].Date, blocks[j].Date
		}
	}
}

// table returns the pages as one table. The totals below a page may be those of the page, of the pages up to it, or of
// all.
func (p *csvPages) table() *csvSection {
	if len(p.pages) == 1 {
		return p.pages[0]
	}
	p.whole.totals = nil
	var upTo csvTotals
	for _, s := range p.pages {
		upTo.credits, upTo.debits = upTo.credits.Add(s.sums.credits), upTo.debits.Add(s.sums.debits)
		if t := s.totals; t != nil && !t.equal(s.sums) && !t.equal(upTo) && !t.equal(p.whole.sums) {
			p.whole.totals = t
		}
	}
	return &p.whole
}

func (t csvTotals) equal(other csvTotals) bool {
	return t.credits.Equal(other.credits) && t.debits.Equal(other.debits)
}

// overlap reports whether pages list the same lines, by their identifiers or balances, and whether they list lines that
// look the same.
func (p *csvPages) overlap(doubtful bool) (same, similar bool) {
	type line struct {
		date       domain.Date
		amount, id string
	}
	known := map[line]int{}
	for n, s := range p.pages {
		for i := range s.Blocks {
			b := &s.Blocks[i]
			if b.Kind != witness.Line {
				continue
			}
			id := b.Text
			certain := b.Running != nil && !s.DailyRunning && !doubtful
			if certain {
				id += " " + b.Running.String()
			}
			if at := slices.IndexFunc(b.IDs, func(id witness.ID) bool { return id.Stable }); at >= 0 {
				id, certain = b.IDs[at].Value, true
			}
			key := line{b.Date, b.Amount.String(), id}
			if before, found := known[key]; found && before < n {
				same, similar = same || certain, true
			} else {
				known[key] = n
			}
		}
	}
	return same, similar
}

func (p *csvPages) hasBalances() bool {
	return len(p.whole.Balances) > 0 || slices.ContainsFunc(p.whole.Blocks, func(b witness.Block) bool {
		return b.Running != nil
	})
}

// holdsApart reports whether the balances hold if the tables are files that overlap.
func (p *csvPages) holdsApart() bool {
	var s witness.Statement
	for _, page := range p.pages {
		section := page.Section
		section.Blocks = slices.Clone(section.Blocks)
		s.Sections = append(s.Sections, section)
	}
	s.SetCopiesApart()
	return witness.Prove(s).Closing.State == witness.Proved
}

// inOrder divides the pages where their order is not that of their rows: files of several periods, each of them newest
// first, may follow each other oldest first.
func (p *csvPages) inOrder() []*csvPages {
	var runs []*csvPages
	var up, down bool
	before := domain.Date("")
	for _, s := range p.pages {
		pageUp, pageDown := s.directions()
		first, last := edgeDates(s.Blocks)
		stepUp, stepDown := before != "" && first > before, before != "" && first != "" && first < before
		isOrdered := !(up && down || pageUp && pageDown)
		if n := len(runs); n > 0 && !(isOrdered && (up || pageUp || stepUp) && (down || pageDown || stepDown) &&
			(stepUp || stepDown)) {
			runs[n-1].add(s)
			up, down = up || pageUp || stepUp, down || pageDown || stepDown
		} else {
			runs = append(runs, newPages(s))
			up, down = pageUp, pageDown
		}
		if last != "" {
			before = last
		}
	}
	return runs
}

// directions reports whether a line is later than the one before it, and whether one is earlier.
func (s *csvSection) directions() (up, down bool) {
	before := domain.Date("")
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Kind != witness.Line {
			continue
		}
		up, down = up || before != "" && b.Date > before, down || before != "" && b.Date < before
		before = b.Date
	}
	return up, down
}
