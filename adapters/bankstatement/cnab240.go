package bankstatement

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// cnabLength is the length of a record in characters.
const cnabLength = 240

// looksLikeCNAB reports whether the first line has the beginning of a record: bank, lote, and the type of the record.
func looksLikeCNAB(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimRight(first, "\r \t")
	return len(first) > 150 && isDigits(first[:8]) || isCNAB400(first)
}

func isCNAB400(record string) bool {
	return strings.HasPrefix(record, "02RETORNO") || strings.HasPrefix(record, "01REMESSA")
}

// cnabRecord is a record of 240 characters.
type cnabRecord struct {
	chars []rune
	line  int
}

// field returns the characters from and to a position, both included and counted from 1, without spaces around them.
func (r cnabRecord) field(from, to int) string {
	return strings.TrimSpace(string(r.chars[from-1 : to]))
}

func (r cnabRecord) kind() rune { return r.chars[7] }

// date returns the date DDMMYYYY at a position; "" if it is blank, zero, or no date.
func (r cnabRecord) date(from int) domain.Date { return parseDate("02012006", r.field(from, from+7)) }

// account returns the account of a record. File headers, lote headers, segments and trailers have it at the same place.
func (r cnabRecord) account() witness.Account {
	number := strings.TrimLeft(r.field(59, 70), "0")
	if digit := r.field(71, 71) + r.field(72, 72); digit != "" && number != "" {
		number += "-" + digit
	}
	branch := strings.TrimLeft(r.field(53, 57), "0")
	if digit := r.field(58, 58); digit != "" && branch != "" {
		branch += "-" + digit
	}
	return witness.Account{Bank: r.field(1, 3), Branch: branch, Number: number}
}

// signed returns the amount of 18 digits at a position, whose last two are decimals, with the sign of the letter behind
// it. A zero needs no letter.
func (r cnabRecord) signed(from int) (decimal.Decimal, error) {
	value, err := minorUnits(r.field(from, from+17))
	if err == nil && r.field(from+17, from+17) == "" { // the record is cut
		err = errNotAmount
	}
	if err != nil {
		return value, err
	}
	switch letter := r.field(from+18, from+18); {
	case letter == "D":
		return value.Neg(), nil
	case letter == "C", letter == "" && value.IsZero():
		return value, nil
	}
	return value, errNotAmount
}

// cnabReader is the state while the records of a CNAB 240 file are read.
type cnabReader struct {
	f       *file
	made    domain.Date
	lote    *cnabLote // nil between the lotes
	records int
	lotes   int
	trailer bool // the trailer of the file was read
	padded  bool // blanks were missing at the end of a record
}

// cnabLote is a lote that is being read.
type cnabLote struct {
	number    string
	account   witness.Account
	currency  string
	section   witness.Section
	records   int // with header and trailer
	hasHeader bool
	warnings  []witness.Warning
}

// readCNAB240 reads a CNAB 240 file "extrato para conciliação" (FEBRABAN, Extrato Eletrônico 240).
func (f *file) readCNAB240() {
	lines := splitLines(f.text)
	if len(lines) == 1 {
		lines = splitRecords(lines[0].text)
	}
	if isCNAB400(lines[0].text) {
		f.refuse(witness.NotAStatement, 1, "the file is CNAB 400; statements are CNAB 240")
		return
	}
	r := &cnabReader{f: f}
	for _, l := range lines {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		r.record(l)
		if f.Refusal != nil {
			return
		}
	}
	r.endLote()
	if !r.trailer {
		f.Warnings = witness.AddWarning(f.Warnings, witness.TrailerMissing, 0)
	}
	if r.padded {
		f.Warnings = witness.AddWarning(f.Warnings, witness.RecordsPadded, 0)
	}
}

// splitRecords divides a text without line ends into records.
func splitRecords(text string) []textLine {
	chars := []rune(text)
	if len(chars)%cnabLength != 0 {
		return []textLine{{text, 1}}
	}
	var records []textLine
	for n := 0; len(chars) > 0; n++ {
		records = append(records, textLine{string(chars[:cnabLength]), n + 1})
		chars = chars[cnabLength:]
	}
	return records
}

// record handles one record. Blanks at its end may be missing, because editors remove them.
func (r *cnabReader) record(l textLine) {
	chars := []rune(l.text)
	if len(chars) > cnabLength {
		chars = []rune(strings.TrimRight(l.text, " \t"))
	}
	if len(chars) < 17 || len(chars) > cnabLength {
		r.refuse(l, "a record has %d characters, and this one has %d", cnabLength, len(chars))
		return
	}
	for len(chars) < cnabLength {
		chars, r.padded = append(chars, ' '), true
	}
	rec := cnabRecord{chars, l.number}
	r.records++
	if r.lote != nil {
		r.lote.records++
	}
	lote := rec.field(4, 7)
	switch kind := rec.kind(); {
	case kind == '0' && lote == "0000" && r.lote == nil:
		r.made = rec.date(144)
	case kind == '1':
		r.header(rec)
	case kind == '3':
		r.segment(rec, l)
	case kind == '5' && r.lote != nil && (lote == r.lote.number || !r.lote.hasHeader):
		r.loteTrailer(rec)
	case kind == '9' && lote == "9999":
		r.fileTrailer(rec)
	default:
		r.refuse(l, "the record of type %q and lote %q does not belong here", string(kind), lote)
	}
}

// refuse adds a refused block to the current lote, or to a statement without an account.
func (r *cnabReader) refuse(l textLine, format string, args ...any) {
	if r.f.count(l.number) {
		lote := r.current(witness.Account{})
		lote.section.Blocks = append(lote.section.Blocks, refused(l.number, l.text, format, args...))
	}
}

// current returns the current lote. It begins one without a header if there is none.
func (r *cnabReader) current(account witness.Account) *cnabLote {
	if r.lote == nil {
		r.lote = &cnabLote{account: account, currency: "BRL", section: witness.Section{Made: r.made}}
	}
	return r.lote
}

// header begins a lote. Files of payments and collections have lotes of another kind.
func (r *cnabReader) header(rec cnabRecord) {
	if rec.field(9, 9) != "E" || rec.field(10, 11) != "04" {
		r.f.refuse(witness.NotAStatement, rec.line,
			"the file is CNAB 240, but no statement: the lote has the operation %q "+
				"and the service %q, and a statement has E and 04", rec.field(9, 9), rec.field(10, 11))
		return
	}
	r.endLote()
	r.lotes++
	account := rec.account()
	account.Sub = rec.field(33, 36)
	if account.Sub == account.Branch || isDigits(account.Sub) && rec.field(1, 3) != "341" {
		account.Sub = "" // part of the agreement number
	}
	currency := rec.field(171, 173)
	if currency == "" || currency == "BR" || currency == "R$" {
		currency = "BRL"
	}
	r.lote = &cnabLote{
		number: rec.field(4, 7), account: account, currency: currency, records: 1, hasHeader: true,
		section: witness.Section{Made: r.made, Number: positive(rec.field(174, 178))},
	}
	r.balance(rec, witness.Opening)
}

// balance adds the balance of a header or a trailer.
func (r *cnabReader) balance(rec cnabRecord, role witness.Role) {
	value, err := rec.signed(151)
	if err != nil {
		r.lote.warnings = witness.AddWarning(r.lote.warnings, witness.UnreadableBalance, 0)
		return
	}
	r.lote.section.Balances = append(r.lote.section.Balances, witness.Balance{
		Role: role, Date: rec.date(143), Source: witness.Field, Block: -1, Readings: []decimal.Decimal{value},
	})
}

// segment adds a movement.
func (r *cnabReader) segment(rec cnabRecord, l textLine) {
	lote := r.current(rec.account())
	if !r.f.count(l.number) {
		return
	}
	lote.section.Blocks = append(lote.section.Blocks, cnabBlock(rec, l, lote))
}

// cnabBlock returns the block of a segment E.
func cnabBlock(rec cnabRecord, l textLine, lote *cnabLote) witness.Block {
	date := rec.date(143)
	value, err := rec.signed(151)
	switch {
	case rec.field(14, 14) != "E":
		return refused(l.number, l.text, "the segment is %q, and a statement has only segments E", rec.field(14, 14))
	case lote.hasHeader && rec.field(4, 7) != lote.number:
		return refused(l.number, l.text, "the record belongs to lote %s, and stands in lote %s", rec.field(4, 7),
			lote.number)
	case err != nil || rec.field(169, 169) == "":
		return refusedOn(date, l.number, l.text, "the amount or its letter cannot be read: %q", rec.field(151, 169))
	case date == "":
		return refused(l.number, l.text, "the date cannot be read: %q", rec.field(143, 150))
	}
	b := witness.Block{
		Kind: witness.Line, FileLine: l.number, Date: date, ValueDate: rec.date(135), Amount: value,
		Text: joinFields(rec.field(177, 201), rec.field(202, 240)),
	}
	if b.ValueDate == date {
		b.ValueDate = ""
	}
	b.IDs = addID(b.IDs, "document", rec.field(202, 240), false)
	// Itaú marks future movements with 5. They are not part of the closing balance.
	if rec.field(1, 3) == "341" && rec.field(15, 15) == "5" {
		b.Kind, b.Reason = witness.Apart, "future: informative, and not part of the balance"
	}
	return b
}

// joinFields joins texts that may contain runs of spaces. A document number of zeros is left out.
func joinFields(texts ...string) string {
	var parts []string
	for _, text := range texts {
		if strings.Trim(text, "0 ") != "" {
			parts = append(parts, strings.Fields(text)...)
		}
	}
	return domain.CleanText(strings.Join(parts, " "))
}

// loteTrailer ends a lote, and checks its totals.
func (r *cnabReader) loteTrailer(rec cnabRecord) {
	r.balance(rec, witness.Closing)
	s := &r.lote.section
	statement := witness.Statement{Sections: []witness.Section{*s}}
	sums := statement.Sums()
	if records, err := strconv.Atoi(rec.field(171, 176)); r.lote.hasHeader && err == nil && records != r.lote.records {
		s.TotalsDisagree = true
	}
	for _, total := range []struct {
		from int
		sum  decimal.Decimal
	}{{177, sums.Debits}, {195, sums.Credits}} {
		stated, err := minorUnits(rec.field(total.from, total.from+17))
		if err == nil && !stated.Equal(total.sum) {
			s.TotalsDisagree = true
		}
	}
	r.add(r.lote, true)
	r.lote = nil
}

// endLote ends a lote that has no trailer.
func (r *cnabReader) endLote() {
	if r.lote != nil {
		r.add(r.lote, false)
		r.lote = nil
	}
}

// add adds a lote to the statement of its account.
func (r *cnabReader) add(lote *cnabLote, hasTrailer bool) {
	warn := func(code witness.WarningCode, when bool) {
		if when {
			lote.warnings = witness.AddWarning(lote.warnings, code, 0)
		}
	}
	warn(witness.HeaderMissing, !lote.hasHeader)
	warn(witness.TrailerMissing, !hasTrailer)
	warn(witness.TotalsDisagree, lote.section.TotalsDisagree)
	r.f.add(lote.account, lote.currency, lote.section, lote.warnings)
}

// fileTrailer compares the numbers of lotes and records with what was read.
func (r *cnabReader) fileTrailer(rec cnabRecord) {
	r.endLote()
	r.trailer = true
	lotes, errLotes := strconv.Atoi(rec.field(18, 23))
	records, errRecords := strconv.Atoi(rec.field(24, 29))
	if errLotes == nil && lotes != r.lotes || errRecords == nil && records != r.records {
		r.f.Warnings = witness.AddWarning(r.f.Warnings, witness.TotalsDisagree, 0)
	}
}
