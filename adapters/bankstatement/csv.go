package bankstatement

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// csvReader is the state while the rows of a CSV file are read.
type csvReader struct {
	f         *file
	d         *dialect
	separator byte
	columns   columns // nil before the row of titles
	width     int     // of the row of titles, without empty cells at its end
	// dateTitles are the possible titles of the column of dates.
	dateTitles []string
	// cells and counted are space for the cells of the row that is read, and of rows whose end is looked for.
	cells, counted []string
	layouts        []string
	// What the rows before the titles state.
	account  witness.Account
	mapped   witness.Account // that of the first row of a file with a mapping
	declared domain.Window
	made     domain.Date
	remade   bool // the day on which the file was made is stated below the table
	balances []witness.Balance
	totals   *csvTotals
	before   map[string]bool // the rows before the titles

	sections []*csvSection
	byKey    map[csvKey]*csvSection
	current  *csvSection
	number   int // of the rows of titles so far
	titled   bool
	future   bool // the rows are below the heading of scheduled movements

	lines []textLine
	heads map[int]bool // the numbers of the lines at the heads of further pages
	page  *csvReader   // what the head of the next page states; nil if it has none
	// part is the number of the part of the file: further pages belong to it.
	part   int
	headed bool // a heading has begun another part
	opens  bool // the next table is the first one of its account or period
	// apartTotal is the last row of totals that cannot be compared; nil if a row of titles follows it.
	apartTotal *csvTotalRow
}

// csvKey identifies a table of an account.
type csvKey struct {
	number  int // of the row of titles
	account accountKey
}

// csvTotals are the sums that a file states.
type csvTotals struct{ credits, debits decimal.Decimal }

// csvTotalRow is a row of totals that is apart.
type csvTotalRow struct {
	section *csvSection
	block   int
	raw     string
}

// csvSection is a table of one account.
type csvSection struct {
	witness.Section

	account    witness.Account
	currency   string
	part       int
	hasBalance bool
	sums       csvTotals
	totals     *csvTotals
	// contradicted contains the blocks in which the sign of the number and the mark contradict each other.
	contradicted map[int]string
	blank        map[int]bool // the blocks without a balance
	warnings     []witness.Warning
	entries      string // what the table lists; "" if it was not needed yet
}

// listed returns a text that is the same for two tables only if they list the same.
func (s *csvSection) listed() string {
	if s.entries == "" {
		s.entries = s.Entries()
	}
	return s.entries
}

// maxTitleRow is the number of rows among which the row of titles is looked for.
const maxTitleRow = 60

// readCSV reads a CSV file. mapping is nil if the titles must be those of a known dialect.
func (f *file) readCSV(mapping *witness.CSVMapping) {
	lines := splitLines(f.text)
	known, skip := dialects, 0
	if mapping != nil {
		known, skip = []dialect{dialectOfMapping(*mapping)}, mapping.SkipRows
	}
	r := &csvReader{f: f, byKey: map[csvKey]*csvSection{}, before: map[string]bool{}, lines: lines}
	if !r.findDialect(lines, known, skip) {
		f.refuseTable(lines, mapping)
		return
	}
	f.Dialect = r.d.name
	r.layouts, r.dateTitles = r.d.layouts, strings.Split(r.d.date, "|")
	if mapping != nil {
		r.readMappedOwners(lines)
	}
	if mapping != nil && mapping.Amount != "" {
		r.d.mark = r.markByEvidence(lines)
	}
	if r.d.byEvidence {
		r.layouts = r.layoutsByEvidence(lines)
	}
	for i := 0; i < len(lines) && f.Refusal == nil; {
		row, next := r.rowAt(lines, i)
		r.row(row)
		i = next
	}
	if f.Refusal == nil {
		r.finish()
	}
}

// csvSeparators are the possible separators of cells.
const csvSeparators = ";,\t|"

// findDialect looks for a row with the titles of a dialect. The dialect with the most titles wins.
func (r *csvReader) findDialect(lines []textLine, known []dialect, skip int) bool {
	for _, l := range lines[min(skip, len(lines)):min(len(lines), skip+maxTitleRow)] {
		for _, separator := range []byte(csvSeparators) {
			if strings.IndexByte(l.text, separator) < 0 && len(known) > 1 {
				continue
			}
			cells, _ := splitRow(l.text, separator)
			titles, repeated := titlesOf(cells)
			for i := range known {
				d := &known[i]
				if d.matches(titles, repeated) && (r.d == nil || len(d.titles) > len(r.d.titles)) {
					r.d, r.separator = d, separator
				}
			}
		}
		if r.d != nil {
			return true
		}
	}
	return false
}

// maxTitlesShown is the maximum number of characters of the titles in a message.
const maxTitlesShown = 300

// refuseTable refuses a file whose titles are not known. A person can map its columns if it is a table.
func (f *file) refuseTable(lines []textLine, mapping *witness.CSVMapping) {
	var best [][]string
	columns := 2
	for _, separator := range []byte(csvSeparators) {
		var rows [][]string
		widest := 0
		for _, l := range lines[:min(len(lines), 20)] {
			cells, _ := splitRow(l.text[:min(len(l.text), 2000)], separator)
			rows, widest = append(rows, cells), max(widest, len(cells))
		}
		if widest > columns {
			best, columns = rows, widest
		}
	}
	switch {
	case best == nil:
		f.refuse(witness.UnknownFormat, 0, "the file is none of OFX, CNAB 240, CSV, camt.052, camt.053 and MT940")
	case mapping != nil:
		f.refuse(witness.NeedsMapping, 0, "the file has no row with the titles of the mapping")
	default:
		i := slices.IndexFunc(best, func(cells []string) bool { return len(cells) == columns })
		titles := []rune(domain.CleanText(strings.Join(best[i], ", ")))
		f.refuse(witness.NeedsMapping, 0, "the columns of the table are not known: %s",
			string(titles[:min(len(titles), maxTitlesShown)]))
	}
	f.Refusal.Rows = best
}

// csvRow is a row of a CSV file.
type csvRow struct {
	cells  []string
	line   int
	raw    string
	broken string // why the cells cannot be told apart
}

// maxRowLines is the maximum number of lines of one row.
const maxRowLines = 20

// rowAt returns the row that begins in a line, and the index of the line behind it. A quoted cell may contain line
// ends. If its closing quote is missing, or if a line in it begins with a date, the row is one broken line, so that no
// other line becomes part of it.
func (r *csvReader) rowAt(lines []textLine, i int) (csvRow, int) {
	row := csvRow{line: lines[i].number, raw: lines[i].text}
	s := rowSplitter{separator: r.separator, cells: r.cells[:0]}
	s.add(row.raw)
	next := i + 1
	if s.state == quoteOpen {
		next = r.endOfRow(lines, i)
		for _, l := range lines[i+1 : next] {
			s.add(l.text)
			row.raw += "\n" + l.text
		}
	}
	row.cells, r.cells = s.cells, s.cells
	switch s.state {
	case rowComplete:
	case tooManyCells:
		row.broken = "the row has too many cells"
	default:
		row.broken = "the quotes of the row do not match"
	}
	return row, next
}

// endOfRow returns the index of the line behind a row that begins in a line with an open quote. It is the next line if
// the row has no end.
func (r *csvReader) endOfRow(lines []textLine, i int) int {
	s := rowSplitter{separator: r.separator, cells: r.counted[:0], countOnly: true}
	s.add(lines[i].text)
	for j := i + 1; j < min(len(lines), i+maxRowLines) && !startsWithDate(lines[j].text); j++ {
		s.add(lines[j].text)
		r.counted = s.cells
		switch {
		case s.state == rowComplete:
			return j + 1
		case s.state != quoteOpen || s.broken:
			return i + 1
		}
	}
	return i + 1
}

// startsWithDate reports whether a text begins with the digits of a date: one to four, two, and two to four, with or
// without marks between.
func startsWithDate(text string) bool {
	text = strings.TrimLeft(text, `"' `)
	digits := func(text string, n int) bool { return len(text) >= n && isDigits(text[:n]) }
	afterMark := func(text string) string {
		if text != "" && strings.IndexByte("/.-", text[0]) >= 0 {
			return text[1:]
		}
		return text
	}
	for n := 1; n <= 4 && digits(text, n); n++ {
		if rest := afterMark(text[n:]); digits(rest, 2) && digits(afterMark(rest[2:]), 2) {
			return true
		}
	}
	return false
}

// The states of a row that was split.
const (
	rowComplete = iota
	quoteOpen   // a quoted cell has no end
	quoteBroken // text follows the end of a quoted cell
	tooManyCells
)

// maxCells is the maximum number of cells in a row.
const maxCells = 500

// rowSplitter divides a row into cells without surrounding spaces. A quoted cell may contain the separator, doubled
// quotes, and line ends. Quotes inside of other cells are part of their text.
type rowSplitter struct {
	separator byte
	cells     []string
	state     int
	countOnly bool     // the texts of quoted cells are not needed
	broken    bool     // text follows the end of a quoted cell
	open      []string // the lines of the quoted cell that has no end yet
}

func splitRow(text string, separator byte) (cells []string, state int) {
	s := rowSplitter{separator: separator}
	s.add(text)
	return s.cells, s.state
}

// add adds a line: the first one, or the one below a line in which a quoted cell has no end.
func (s *rowSplitter) add(text string) {
	more := true
	if s.state == quoteOpen {
		if text, more = s.quoted(text); !more {
			return
		}
	}
	for more {
		if len(s.cells) == maxCells {
			s.state = tooManyCells
			return
		}
		rest := strings.TrimLeft(text, " ")
		if strings.HasPrefix(rest, `"`) {
			s.cells = append(s.cells, "")
			text, more = s.quoted(rest[1:])
			continue
		}
		end := strings.IndexByte(text, s.separator)
		if end < 0 {
			s.cells = append(s.cells, cleanCell(text))
			s.complete()
			return
		}
		s.cells, text = append(s.cells, cleanCell(text[:end])), text[end+1:]
	}
}

func (s *rowSplitter) complete() {
	s.state, s.open = rowComplete, nil
	if s.broken {
		s.state = quoteBroken
	}
}

// quoted reads the last cell, which is quoted, from the text behind its opening quote, or from its next line. It
// returns the text behind the separator that follows the cell; more is false if there is none.
func (s *rowSplitter) quoted(text string) (behind string, more bool) {
	end := closingQuote(text)
	if end < 0 {
		if s.state = quoteOpen; !s.countOnly {
			if len(s.open) == 0 {
				s.cells[len(s.cells)-1] = cleanCell(text)
			}
			s.open = append(s.open, text)
		}
		return "", false
	}
	behind = strings.TrimLeft(text[end+1:], " ")
	if !s.countOnly {
		cell := text[:end]
		if len(s.open) > 0 {
			cell = strings.Join(append(s.open, cell), "\n")
		}
		s.cells[len(s.cells)-1] = cleanCell(strings.ReplaceAll(cell, `""`, `"`))
		s.open = nil
	}
	if behind != "" && behind[0] != s.separator {
		s.broken = true
		behind = behind[max(0, strings.IndexByte(behind, s.separator)):]
	}
	if behind == "" || behind[0] != s.separator {
		s.complete()
		return "", false
	}
	return behind[1:], true
}

// closingQuote returns the index of the quote that ends a cell; -1 if there is none.
func closingQuote(text string) int {
	for from := 0; ; {
		end := strings.IndexByte(text[from:], '"')
		if end < 0 {
			return -1
		}
		first := from + end
		for from = first; from < len(text) && text[from] == '"'; from++ {
		}
		if (from-first)%2 == 1 { // the others are doubled
			return from - 1
		}
	}
}

// cleanCell returns the text of a cell. Some banks write apostrophes around it, or a formula with the text, so that a
// spreadsheet does not change it.
func cleanCell(cell string) string {
	cell = strings.TrimSpace(strings.ReplaceAll(cell, "\u00A0", " "))
	if inner, ok := strings.CutPrefix(cell, `="`); ok {
		cell = strings.TrimSuffix(inner, `"`)
	}
	if inner, ok := strings.CutPrefix(cell, "'"); ok {
		cell = strings.TrimSpace(strings.TrimSuffix(inner, "'"))
	}
	return cell
}

// layoutsByEvidence returns the layout of dates that fits all rows. If several do, a date has two readings, and none is
// returned.
func (r *csvReader) layoutsByEvidence(lines []textLine) []string {
	fits := append([]string(nil), r.d.layouts...)
	var cols columns
	for _, l := range lines {
		cells := r.cellsOf(l)
		if cols == nil {
			if titles, repeated := titlesOf(cells); r.d.matches(titles, repeated) {
				cols = titles
			}
			continue
		}
		at := cols.of(r.d.date)
		if at >= len(cells) || !startsWithDate(cells[at]) {
			continue
		}
		fits = slices.DeleteFunc(fits, func(layout string) bool {
			return parseDate(layout, cells[at]) == "" && strings.Trim(cells[at], "0/") != ""
		})
		if len(fits) == 0 {
			return nil
		}
	}
	if len(fits) > 1 {
		return nil
	}
	return fits
}

// markByEvidence returns the title of the column that marks each amount as a credit or a debit. A mapping does not name
// this column. In the rows with a date, no amount may have a sign, and the column must contain a mark of a debit, and
// nothing else but marks. If it contains marks of both kinds, and more of them than other texts, it is the column, too,
// and the rows with other texts are refused. If no column is like this, or several are, markByEvidence returns "".
func (r *csvReader) markByEvidence(lines []textLine) string {
	var cols columns
	var marks []*markCount // by column; nil if it cannot be that of marks
	for _, l := range lines {
		cells := r.cellsOf(l)
		if cols == nil {
			if titles, repeated := titlesOf(cells); r.d.matches(titles, repeated) {
				cols, marks = titles, make([]*markCount, len(cells))
				for title, at := range cols {
					if !repeated[title] && !slices.Contains(r.d.titles, title) {
						marks[at] = &markCount{title: title}
					}
				}
			}
			continue
		}
		if at := cols.of(r.d.date); at >= len(cells) || !startsWithDate(cells[at]) {
			continue
		}
		text, at := "", cols.of(r.d.amount)
		if at < len(cells) {
			text = cells[at]
		}
		if n, err := parseAmount(text, r.d.decimal, "R$", "$"); err == nil && n.signed && !n.value.IsZero() {
			return ""
		}
		for at, count := range marks[:min(len(marks), len(cells))] {
			if count != nil {
				count.add(normalTitle(cells[at]))
			}
		}
	}
	found := ""
	for _, count := range marks {
		switch {
		case count == nil || !count.areMarks():
		case found != "":
			return ""
		default:
			found = count.title
		}
	}
	return found
}

// cellsOf returns the cells of a line. They are valid until the next line is read.
func (r *csvReader) cellsOf(l textLine) []string {
	s := rowSplitter{separator: r.separator, cells: r.cells[:0]}
	s.add(l.text)
	r.cells = s.cells
	return s.cells
}

// markCount counts what a column contains.
type markCount struct {
	title                   string
	credits, debits, others int
}

func (c *markCount) add(mark string) {
	switch {
	case mark == "":
	case creditMarks[mark]:
		c.credits++
	case debitMarks[mark]:
		c.debits++
	default:
		c.others++
	}
}

func (c *markCount) areMarks() bool {
	return c.debits > 0 && (c.others == 0 || c.credits > 0 && c.credits+c.debits > c.others)
}

var (
	preambleBranch = regexp.MustCompile(`\b(?:AG(?:ENCIA)?|COOP(?:ERATIVA)?)\b[ .:;,|]*([0-9]{1,6}(?:-[0-9X])?)`)
	// The account has the agency in front of it at some banks: 0001/54321-0.
	preambleAccount = regexp.MustCompile(`\b(?:CONTA(?: CORRENTE)?|C/C|CC)\b[ .:;,|]*` +
		`(?:([0-9]{1,6}(?:-[0-9X])?) *[/|] *)?([0-9][0-9.]*(?:-[0-9X])?)(?:$|[^0-9/])`)
	preamblePeriod = regexp.MustCompile(`([0-9]{2}/[0-9]{2}/[0-9]{4})\s*(?:A|E|ATE|TO|-|;|,)\s*` +
		`([0-9]{2}/[0-9]{2}/[0-9]{4})`)
	preambleMade = regexp.MustCompile(`(?:GERADO|EMITID[OA]|EMISSAO|COMO BASE|ATUALIZAD[OA])[^0-9]{0,20}` +
		`([0-9]{2}/[0-9]{2}/[0-9]{4})`)
	preambleBalance = regexp.MustCompile(`^(BEGINNING|ENDING) BALANCE AS OF ([0-9/]+)$`)
)

// preamble reads a row before the titles: account, period, balances.
func (r *csvReader) preamble(row csvRow) {
	text := strings.Join(row.cells, " ; ")
	text = normalText(text[:min(len(text), maxRemark)])
	if m := preambleBranch.FindStringSubmatch(text); m != nil && r.account.Branch == "" {
		r.account.Branch = m[1]
	}
	if m := preambleAccount.FindStringSubmatch(text); m != nil && r.account.Number == "" {
		r.account.Number = m[2]
		r.account.Branch = cmp.Or(r.account.Branch, m[1])
	}
	if m := preamblePeriod.FindStringSubmatch(text); m != nil && r.declared.From == "" {
		layout := dmy
		if r.d.currency == "USD" {
			layout = mdy
		}
		if w := (domain.Window{From: parseDate(layout, m[1]), To: parseDate(layout, m[2])}); w.From != "" &&
			w.From <= w.To {
			r.declared = w
		}
	}
	if m := madeIn(text); m != nil {
		r.made = parseDate(dmy, m[1])
	}
	r.preambleBalances(row.cells)
}

// madeIn returns the day on which a text says that the file was made, as the second element; nil if it says none.
func madeIn(text string) []string {
	if strings.IndexByte(text, '/') < 0 {
		return nil
	}
	return preambleMade.FindStringSubmatch(text)
}

// preambleBalances reads the balances before the titles: the present balance, the summary of Mercado Pago in two rows,
// and that of Bank of America.
func (r *csvReader) preambleBalances(cells []string) {
	cells = trimCells(cells)
	if len(cells) == 4 && normalTitle(cells[0]) == "INITIAL BALANCE" {
		r.totals = &csvTotals{}
		return
	}
	if r.totals != nil && len(r.balances) == 0 && len(cells) == 4 {
		values := make([]decimal.Decimal, 4)
		for i, cell := range cells {
			n, err := parseAmount(cell, r.d.decimal)
			if err != nil {
				r.totals = nil
				return
			}
			values[i] = n.amount()
		}
		r.totals.credits, r.totals.debits = values[1], values[2].Abs()
		r.addBalance(witness.Opening, "", values[0])
		r.addBalance(witness.Closing, "", values[3])
		return
	}
	if len(cells) < 2 {
		return
	}
	n, err := parseAmount(cells[len(cells)-1], r.d.decimal, "R$", "$")
	if err != nil {
		return
	}
	if m := preambleBalance.FindStringSubmatch(normalText(cells[0])); m != nil {
		role := map[string]witness.Role{"BEGINNING": witness.Opening, "ENDING": witness.Closing}[m[1]]
		r.addBalance(role, parseDate(mdy, m[2]), n.amount())
	} else if len(cells) == 2 && normalTitle(cells[0]) == "SALDO" {
		r.addBalance(witness.Ledger, "", n.amount())
	}
}

func (r *csvReader) addBalance(role witness.Role, date domain.Date, amount decimal.Decimal) {
	r.balances = append(r.balances, witness.Balance{
		Role: role, Date: date, StartOfDay: role == witness.Opening, Source: witness.Field, Block: -1,
		Readings: []decimal.Decimal{amount},
	})
}

// trimCells returns the cells without empty ones at the end.
func trimCells(cells []string) []string {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// finish adds the tables to the statements of their accounts.
func (r *csvReader) finish() {
	if r.titled && len(r.sections) == 0 {
		r.section(witness.Account{}, "")
	}
	for i := range r.sections {
		if r.remade {
			r.sections[i].Made = r.made
		}
	}
	r.joinPages()
	r.completeCopies()
	first := map[witness.Account]*csvSection{}
	last := map[witness.Account]domain.Date{}
	for _, s := range r.sections {
		last[s.account] = max(last[s.account], s.lastDate())
	}
	for _, s := range r.sections {
		s.resolveContradictions()
		s.setRepetitionApart()
		if r.d.pending {
			s.setPendingApart()
		}
		setScheduledApart(&s.Section, last[s.account], first[s.account] != nil)
		if r.d.doubtful {
			s.leaveOutRunning()
		}
		before := first[s.account]
		if before == nil {
			first[s.account] = s
		} else if before.hasBalance && !s.hasBalance {
			s.setLaterApart()
		}
		if totals := s.totals; totals != nil && (!totals.credits.Equal(s.sums.credits) ||
			!totals.debits.Equal(s.sums.debits)) {
			s.TotalsDisagree = true
			s.warnings = witness.AddWarning(s.warnings, witness.TotalsDisagree, 0)
		}
		r.f.add(s.account, s.currency, s.Section, s.warnings)
	}
}

// setRepetitionApart sets apart the rows of a table that was pasted once more below itself.
func (s *csvSection) setRepetitionApart() {
	wasDoubtful := s.Doubtful
	kinds := make([]witness.Kind, len(s.Blocks))
	for i := range s.Blocks {
		kinds[i] = s.Blocks[i].Kind
	}
	first := s.SetRepetitionApart()
	if first == 0 && s.Doubtful == wasDoubtful {
		return
	}
	s.warnings = witness.AddWarning(s.warnings, witness.MixedDates, 0)
	for i := first; i < len(s.Blocks); i++ {
		b := &s.Blocks[i]
		switch {
		case b.Kind == kinds[i]:
		case b.Amount.IsNegative():
			s.sums.debits = s.sums.debits.Add(b.Amount)
		default:
			s.sums.credits = s.sums.credits.Sub(b.Amount)
		}
		if first > 0 {
			s.warnings = witness.AddWarning(s.warnings, witness.MixedDates, i+1)
		}
	}
}

// completeCopies gives a table that has the entries of one before it what the file states above its first table, so
// that both are known to be the same.
func (r *csvReader) completeCopies() {
	if len(r.sections) < 2 {
		return
	}
	known := map[string]*csvSection{}
	for _, s := range r.sections {
		key := fmt.Sprintf("%+v %s %s", s.account, s.currency, s.listed())
		original := known[key]
		if original == nil {
			known[key] = s
			continue
		}
		s.Declared, s.Balances, s.totals = original.Declared, slices.Clone(original.Balances), original.totals
	}
}

// lastDate returns the last day up to which the table is a statement: that of the file, of the declared period and of
// the balances. Without these, it is that of a row with the final balance; "" if there is none.
func (s *csvSection) lastDate() domain.Date {
	var final, last domain.Date
	for _, b := range s.Balances {
		last = max(last, b.Date)
		if b.Source == witness.Row && finalBalances[normalText(s.Blocks[b.Block].Text)] {
			final = max(final, b.Date)
		}
	}
	for i := range s.Blocks {
		if s.Blocks[i].Kind == witness.Line && s.Blocks[i].Running != nil {
			last = max(last, s.Blocks[i].Date)
		}
	}
	declared := max(s.Made, s.Declared.To)
	if declared == "" && final != last {
		return ""
	}
	return max(declared, last)
}

// setLaterApart sets apart the movements of a second table that has no balances: the bank lists movements after the
// period there, which may still change.
func (s *csvSection) setLaterApart() {
	for i := range s.Blocks {
		if s.Blocks[i].Kind == witness.Line {
			s.Blocks[i].Kind, s.Blocks[i].Reason = witness.Apart, "a later table without balances"
		}
	}
	s.warnings = witness.AddWarning(s.warnings, witness.LaterSection, 0)
}

// setPendingApart sets apart the newest movements if they have no balance yet, and an older one has.
func (s *csvSection) setPendingApart() {
	var order, pending []int
	days, _ := s.Days()
	for i := range s.Blocks {
		if s.Blocks[i].Kind == witness.Line {
			order = append(order, i)
		}
	}
	if len(order) > 0 && s.Blocks[order[0]].Date == days.From && days.From < days.To {
		slices.Reverse(order) // oldest first
	}
	for _, i := range order {
		if s.Blocks[i].Running != nil || !s.blank[i] {
			for _, j := range pending {
				s.Blocks[j].Kind, s.Blocks[j].Reason = witness.Apart, "pending: the bank states no balance after it"
			}
			return
		}
		pending = append(pending, i)
	}
}

// resolveContradictions decides the sign of the amounts whose number and mark contradict each other by the balances
// around them. If they do not decide, the block is refused.
func (s *csvSection) resolveContradictions() {
	for i, raw := range s.contradicted {
		b := &s.Blocks[i]
		fits := map[bool]bool{}
		for _, j := range []int{i - 1, i + 1} {
			if j < 0 || j >= len(s.Blocks) || s.Blocks[j].Running == nil || b.Running == nil {
				continue
			}
			step := b.Running.Sub(*s.Blocks[j].Running)
			if step.Abs().Equal(b.Amount.Abs()) {
				fits[step.IsNegative()] = true
			}
		}
		if len(fits) != 1 {
			*b = refusedOn(b.Date, b.FileLine, raw, "the sign of the amount and its mark contradict each other")
			continue
		}
		b.Amount = b.Amount.Abs()
		if fits[true] {
			b.Amount = b.Amount.Neg()
		}
	}
}

// leaveOutRunning leaves out the balances of the movements if most of them do not hold.
func (s *csvSection) leaveOutRunning() {
	newestFirst := slices.Clone(s.Blocks)
	slices.Reverse(newestFirst)
	holds, gaps := runningSteps(s.Blocks)
	if h, g := runningSteps(newestFirst); h > holds {
		holds, gaps = h, g
	}
	if holds >= gaps {
		return
	}
	for i := range s.Blocks {
		s.Blocks[i].Running = nil
	}
	s.warnings = witness.AddWarning(s.warnings, witness.BalanceNotOfTheLines, 0)
}

// runningSteps returns how many balances of movements the balance before and the movements between explain, and how
// many not.
func runningSteps(blocks []witness.Block) (holds, gaps int) {
	var expected *decimal.Decimal
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != witness.Line {
			continue
		}
		if expected != nil {
			next := expected.Add(b.Amount)
			expected = &next
		}
		switch {
		case b.Running == nil:
			continue
		case expected != nil && expected.Equal(*b.Running):
			holds++
		case expected != nil:
			gaps++
		}
		expected = b.Running
	}
	return holds, gaps
}

// section returns the table of an account below the last row of titles.
func (r *csvReader) section(account witness.Account, currency string) *csvSection {
	if account.Number == "" {
		account.Number, account.Branch = r.account.Number, r.account.Branch
	}
	account.Bank, account.Card = r.d.bank, r.d.card
	if currency == "" {
		currency = r.d.currency
	}
	key := csvKey{r.number, accountKey{account, currency}}
	if s := r.byKey[key]; s != nil {
		return s
	}
	s := &csvSection{
		account: account, currency: currency, part: r.part, contradicted: map[int]string{}, blank: map[int]bool{},
		hasBalance: r.d.balance != "" && r.columns.of(r.d.balance) >= 0,
		Section:    witness.Section{Made: r.made, DailyRunning: r.d.daily},
	}
	if r.opens {
		s.Declared, s.Balances, s.totals = r.declared, r.balances, r.totals
	}
	r.sections = append(r.sections, s)
	r.byKey[key] = s
	return s
}

// refuse adds a refused block without a day to the current table.
func (r *csvReader) refuse(row csvRow, format string, args ...any) {
	r.refuseOn("", row, format, args...)
}

// refuseOn adds a refused block to the current table.
func (r *csvReader) refuseOn(day domain.Date, row csvRow, format string, args ...any) {
	s := r.current
	if s == nil {
		s = r.section(witness.Account{}, "")
		r.current = s
	}
	if r.f.count(row.line) {
		s.Blocks = append(s.Blocks, refusedOn(day, row.line, row.raw, format, args...))
	}
}

// twoReadings returns both signs of an amount.
func twoReadings(amount decimal.Decimal) []decimal.Decimal {
	if amount.IsZero() {
		return []decimal.Decimal{amount}
	}
	return []decimal.Decimal{amount, amount.Neg()}
}
