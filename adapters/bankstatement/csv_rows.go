package bankstatement

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// row handles a row: one of titles, one before the titles, or one of a table.
func (r *csvReader) row(row csvRow) {
	cells := trimCells(row.cells)
	if len(cells) == 0 {
		return
	}
	if row.broken == "" && r.hasDateTitle(cells) {
		if found, repeated := titlesOf(cells); r.d.matches(found, repeated) || r.isLaterTable(cells, found) {
			r.beginTable(row, found, len(cells))
			return
		}
	}
	switch {
	case r.columns == nil && r.looksLikeEntry(cells):
		r.refuse(row, "the row of a table has no titles above it")
	case r.columns == nil:
		r.before[row.raw] = true
		r.preamble(row)
	case row.broken != "":
		r.refuse(row, "%s", row.broken)
	case r.heads[row.line]:
		r.head(row, cells)
	case !r.d.exact && r.isNote(row, cells):
	case r.before[strings.TrimPrefix(row.raw, utf8Mark)]: // the file begins again
		r.future = false
	default:
		r.entry(row, cells)
	}
}

// hasDateTitle reports whether a cell is the title of the dates. Each row of titles has one.
func (r *csvReader) hasDateTitle(cells []string) bool {
	return len(cells) >= 2 && len(cells) <= maxTitles && slices.ContainsFunc(cells, func(cell string) bool {
		return len(cell) <= maxTitles && slices.ContainsFunc(r.dateTitles, func(title string) bool {
			return isTitle(cell, title)
		})
	})
}

// isLaterTable reports whether a row has the titles of a table below the first one, which may lack columns such as that
// of the balance.
func (r *csvReader) isLaterTable(cells []string, found columns) bool {
	if r.columns == nil || r.d.exact || found.of(r.d.date) < 0 {
		return false
	}
	if found.of(r.d.amount) < 0 && (found.of(r.d.credit) < 0 || found.of(r.d.debit) < 0) {
		return false
	}
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.ContainsAny(cell, "0123456789") })
}

// looksLikeEntry reports whether a row before the titles has at least three cells, one of which is a date.
func (r *csvReader) looksLikeEntry(cells []string) bool {
	filled, dates := 0, 0
	for _, cell := range cells {
		if cell != "" {
			filled++
		}
		if r.parseDate(cell) != "" {
			dates++
		}
	}
	return filled >= 3 && dates > 0
}

// cell returns the cell of a column; "" if the row or the file has no such column.
func (r *csvReader) cell(cells []string, column string) string {
	if i := r.columns.of(column); i >= 0 && i < len(cells) {
		return cells[i]
	}
	return ""
}

// laterHeading matches the heading of a part of the table, and futureHeading that of the scheduled movements.
var (
	laterHeading  = regexp.MustCompile(`^(LANCAMENTOS|MOVIMENTACOES|TRANSACOES|AGENDAMENTOS|PROXIMOS)( [A-Z]+){0,2}$`)
	futureHeading = regexp.MustCompile(`^AGENDAMENTOS|^PROXIMOS| (FUTUR|AGENDAD|PROGRAMAD)[AO]S$`)
)

func isHeading(text string) bool {
	return len(text) >= len("PROXIMOS") && strings.IndexByte("LMTAP", text[0]) >= 0 && laterHeading.MatchString(text)
}

// hasMoney reports whether a text contains an amount with two decimals.
func hasMoney(text string) bool {
	for i := 1; i+2 < len(text); i++ {
		if (text[i] == '.' || text[i] == ',') && isDigit(text[i-1]) && isDigit(text[i+1]) && isDigit(text[i+2]) &&
			(i+3 == len(text) || !isDigit(text[i+3]) && text[i+3] != '/') {
			return true
		}
	}
	return false
}

// maxRemark is the number of characters of a text beside the table that are read.
const maxRemark = 4096

// isNote reports whether a row of the table is none of its entries, and handles it: a remark below the table, a row
// that continues the text above, or a row of totals.
func (r *csvReader) isNote(row csvRow, cells []string) bool {
	filled := 0
	first := ""
	for _, cell := range cells {
		if cell != "" {
			if filled++; first == "" {
				first = cell
			}
		}
	}
	text := normalText(first[:min(len(first), maxRemark)])
	if filled == 1 {
		for _, prefix := range r.d.continued {
			if strings.HasPrefix(text, prefix) {
				return r.continueText(first)
			}
		}
	}
	if date := r.cell(cells, r.d.date); isTotal(text) && (date == "" || date == first) && len(cells) <= r.width {
		r.total(row, cells, text)
		return true
	}
	if filled == 1 && cells[0] != "" && !startsWithDate(first) && !hasMoney(first) {
		if m := madeIn(text); m != nil {
			r.made, r.remade = parseDate(dmy, m[1]), true
		}
		if heading := strings.TrimRight(text, " :"); isHeading(heading) && len(first) <= maxRemark {
			r.future, r.headed = futureHeading.MatchString(heading), true
		}
		return true
	}
	return false
}

// continueText adds a text to the last block. It returns false if there is none.
func (r *csvReader) continueText(text string) bool {
	if r.current == nil || len(r.current.Blocks) == 0 {
		return false
	}
	b := &r.current.Blocks[len(r.current.Blocks)-1]
	if len(b.Text) < witness.MaxRaw {
		b.Text = domain.CleanText(b.Text + " " + strings.Join(strings.Fields(text), " "))
	}
	return true
}

func isTotal(text string) bool {
	text = strings.TrimRight(text, " :")
	return text == "TOTAL" || text == "TOTAIS"
}

// total reads a row of totals. Only totals of credits and debits are compared; others are apart.
func (r *csvReader) total(row csvRow, cells []string, text string) {
	credits, errCredits := parseAmount(r.cell(cells, r.d.credit), r.d.decimal, "R$", "$")
	debits, errDebits := parseAmount(r.cell(cells, r.d.debit), r.d.decimal, "R$", "$")
	if r.current != nil && errCredits == nil && errDebits == nil {
		r.current.totals = &csvTotals{credits.amount(), debits.value}
		return
	}
	if r.current == nil {
		r.current = r.section(witness.Account{}, "")
	}
	if !r.f.count(row.line) {
		return
	}
	s := r.current
	r.apartTotal = &csvTotalRow{s, len(s.Blocks), row.raw}
	s.Blocks = append(s.Blocks, witness.Block{
		Kind: witness.Apart, FileLine: row.line, NoAmount: true, Text: text, Reason: "informative: a total",
	})
}

// refuseTotal refuses a row of totals that is none, because movements follow it.
func (r *csvReader) refuseTotal() {
	if t := r.apartTotal; t != nil {
		b := &t.section.Blocks[t.block]
		*b = refused(b.FileLine, t.raw, "the date cannot be read, and movements follow the total")
		r.apartTotal = nil
	}
}

// entry adds an entry of the table: a movement, a balance row, or a refused block.
func (r *csvReader) entry(row csvRow, cells []string) {
	if len(cells) > r.width {
		r.refuse(row, "the row has %d cells, and the titles are %d", len(cells), r.width)
		return
	}
	s := r.section(r.owner(cells))
	r.current = s
	var texts []string
	for _, column := range r.d.text {
		texts = append(texts, oneSpaced(r.cell(cells, column)))
	}
	b := witness.Block{
		FileLine: row.line, Kind: witness.Line, Text: domain.CleanText(strings.TrimSpace(strings.Join(texts, " "))),
		Date: r.parseDate(r.cell(cells, r.d.date)), ValueDate: r.parseDate(r.cell(cells, r.d.value)),
	}
	if role, limit, ok := r.balanceRole(texts, s); ok {
		b.Kind = witness.BalanceRow
		r.addBalanceRow(row, cells, b, role, limit)
		return
	}
	if r.addWithoutProof(row, cells, texts, b) {
		return
	}
	amount, contradicted, err := r.amountOf(cells)
	switch {
	case err != nil:
		r.refuseOn(b.Date, row, "%v", err)
		return
	case b.Date == "" && len(r.layouts) == 0:
		r.refuse(row, "the date can be read in two ways: %q", r.cell(cells, r.d.date))
		return
	case b.Date == "":
		r.refuse(row, "the date cannot be read: %q", r.cell(cells, r.d.date))
		return
	}
	if b.ValueDate == b.Date {
		b.ValueDate = ""
	}
	b.Amount = amount
	for _, column := range r.d.ids {
		b.IDs = addID(b.IDs, strings.Split(column, "|")[0], r.cell(cells, column), column == r.d.stable)
	}
	switch {
	case r.future:
		b.Kind, b.Reason = witness.Apart, "scheduled: in the part of future movements"
	case r.isPending(cells):
		b.Kind, b.Reason = witness.Apart, "pending"
	}
	r.setRunning(&b, cells, s)
	if !r.f.count(row.line) {
		return
	}
	r.refuseTotal()
	if contradicted {
		s.contradicted[len(s.Blocks)] = row.raw
	}
	s.Blocks = append(s.Blocks, b)
	if b.Kind != witness.Line {
		return
	}
	if amount.IsNegative() {
		s.sums.debits = s.sums.debits.Sub(amount)
	} else {
		s.sums.credits = s.sums.credits.Add(amount)
	}
}

// balanceRole returns the role of a balance row. Bradesco writes "COD. LANC. 0" for the balance before the first
// movement.
func (r *csvReader) balanceRole(texts []string, s *csvSection) (role witness.Role, limit, ok bool) {
	if r.d.exact {
		return "", false, false
	}
	if role, limit, ok = balanceRole(texts...); ok {
		return role, limit, true
	}
	if r.d.name == "bradesco" && len(texts) > 0 && normalTitle(texts[0]) == "COD LANC 0" {
		role = witness.Opening
		if len(s.Blocks) > 0 {
			role = witness.DayEnd
		}
		return role, false, true
	}
	return "", false, false
}

// parseDate reads the date at the beginning of a cell. A time may follow it.
func (r *csvReader) parseDate(cell string) domain.Date {
	if at := strings.IndexAny(cell, " T"); at > 0 {
		cell = cell[:at]
	}
	for _, layout := range r.layouts {
		if date := parseDate(layout, cell); date != "" {
			return date
		}
	}
	return ""
}

// addBalanceRow adds a balance row. Its balance is in the column of balances, or of amounts.
func (r *csvReader) addBalanceRow(row csvRow, cells []string, b witness.Block, role witness.Role, limit bool) {
	s := r.current
	if !r.f.count(row.line) {
		return
	}
	balance := witness.Balance{
		Role: role, Date: b.Date, Source: witness.Row, Block: len(s.Blocks), MayIncludeLimit: limit,
	}
	text := r.cell(cells, r.d.balance)
	for _, column := range []string{r.d.amount, r.d.credit, r.d.debit} {
		if text == "" {
			text = r.cell(cells, column)
		}
	}
	n, err := parseAmount(text, r.d.decimal, "R$", "$")
	switch mark := r.sign(cells); {
	case err != nil:
		b.NoAmount = true
		s.warnings = witness.AddWarning(s.warnings, witness.UnreadableBalance, len(s.Blocks)+1)
	case mark != 0 && !n.signed:
		b.Amount = n.value
		if mark < 0 {
			b.Amount = n.value.Neg()
		}
		balance.Readings = []decimal.Decimal{b.Amount}
	case r.d.unsigned && !n.signed:
		b.Amount, balance.Readings = n.amount(), twoReadings(n.amount())
	default:
		b.Amount, balance.Readings = n.amount(), []decimal.Decimal{n.amount()}
	}
	s.Blocks = append(s.Blocks, b)
	if !r.future { // the bank only expects the balance
		s.Balances = append(s.Balances, balance)
	}
}

// addWithoutProof adds a row with a balance that proves nothing, and reports whether the row is one: the balance is not
// that of the booked movements, or the row has a balance, no amount, and the text of a balance that is not known. Any
// other row without an amount may have lost it.
func (r *csvReader) addWithoutProof(row csvRow, cells, texts []string, b witness.Block) bool {
	if r.d.exact {
		return false
	}
	text := r.cell(cells, r.d.balance)
	bare := text != ""
	for _, column := range []string{r.d.amount, r.d.credit, r.d.debit} {
		if amount := r.cell(cells, column); amount != "" {
			text, bare = amount, false
		}
	}
	switch {
	case isInformative(texts...):
		b.Kind, b.Reason = witness.Apart, informativeBalance
	case bare && b.Date != "" && namesBalance.MatchString(normalText(b.Text)):
		b.Kind = witness.BalanceRow
	default:
		return false
	}
	n, err := parseAmount(text, r.d.decimal, "R$", "$")
	b.Amount, b.NoAmount = n.amount(), err != nil
	if r.f.count(row.line) {
		r.current.Blocks = append(r.current.Blocks, b)
	}
	return true
}

// setRunning sets the balance after the row.
func (r *csvReader) setRunning(b *witness.Block, cells []string, s *csvSection) {
	text := r.cell(cells, r.d.balance)
	if text == "" {
		s.blank[len(s.Blocks)] = r.d.pending
		return
	}
	n, err := parseAmount(text, r.d.decimal, "R$", "$")
	if err != nil {
		s.warnings = witness.AddWarning(s.warnings, witness.UnreadableBalance, len(s.Blocks)+1)
		return
	}
	balance := n.amount()
	b.Running = &balance
}

// The marks of credits and debits.
var (
	creditMarks = nameSet("C CR CREDITO CREDIT ENTRADA ABONO +")
	debitMarks  = nameSet("D DB DEBITO DEBIT SAIDA CARGO -")
)

// sign returns 1 or -1 if the row has a mark of credit or debit, and 0 otherwise.
func (r *csvReader) sign(cells []string) int {
	switch mark := normalTitle(r.cell(cells, r.d.mark)); {
	case creditMarks[mark]:
		return 1
	case debitMarks[mark]:
		return -1
	}
	return 0
}

// amountOf returns the amount of a movement. contradicted is true if the sign of the number and the mark contradict
// each other.
func (r *csvReader) amountOf(cells []string) (amount decimal.Decimal, contradicted bool, err error) {
	if r.columns.of(r.d.amount) < 0 {
		amount, err = r.creditOrDebit(cells)
		return amount, false, err
	}
	text := r.cell(cells, r.d.amount)
	parse := parseAmount
	if r.d.exact {
		parse = parseExact
	}
	n, err := parse(text, r.d.decimal, "R$", "$")
	if err != nil {
		return amount, false, fmt.Errorf("%w: %q", err, text)
	}
	amount = n.amount()
	if r.d.inverted {
		amount = amount.Neg()
	}
	if r.d.mark == "" {
		return amount, false, nil
	}
	switch sign := r.sign(cells); {
	case sign == 0:
		return amount, false, fmt.Errorf("%w: %q; known are C and D, CR and DB, their words, + and -", errUnknownMark,
			r.cell(cells, r.d.mark))
	case n.signed && n.negative != (sign < 0) && !n.value.IsZero():
		return amount, true, nil
	case sign < 0:
		return n.value.Neg(), false, nil
	}
	return n.value, false, nil
}

var errUnknownMark = errors.New("the mark of credit and debit is unknown")

var errTwoAmounts = errors.New("the row has a credit and a debit")

// creditOrDebit returns the amount of a row with two columns. A debit may be written with or without its sign. A credit
// with a minus sign can be read in two ways.
func (r *csvReader) creditOrDebit(cells []string) (decimal.Decimal, error) {
	var amounts [2]decimal.Decimal
	var found [2]bool
	for i, column := range []string{r.d.credit, r.d.debit} {
		text := r.cell(cells, column)
		if text == "" || text == "-" {
			continue
		}
		n, err := parseAmount(text, r.d.decimal, "R$", "$")
		switch {
		case err != nil:
			return decimal.Decimal{}, fmt.Errorf("%w: %q", err, text)
		case i == 0 && n.negative && !n.value.IsZero():
			return decimal.Decimal{}, fmt.Errorf("%w: the credit %q", errTwoReadings, text)
		}
		amounts[i], found[i] = n.value, true
	}
	switch {
	case !found[0] && !found[1]:
		return decimal.Decimal{}, errNoAmount
	case !amounts[0].IsZero() && !amounts[1].IsZero():
		return decimal.Decimal{}, errTwoAmounts
	}
	return amounts[0].Sub(amounts[1]), nil
}
