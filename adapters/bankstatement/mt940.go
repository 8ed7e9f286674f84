package bankstatement

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

var mt940Start = regexp.MustCompile(`(?m)^(\{4:)?\s*:20:|^:2[05]:|^:60[FM]:`)

// looksLikeMT940 reports whether a text has a field that begins an MT940 message.
func looksLikeMT940(text string) bool { return mt940Start.MatchString(text[:min(len(text), 4096)]) }

var (
	// mt940Field matches the tag of a field at the beginning of a line.
	mt940Field = regexp.MustCompile(`^(?:\{4:)?:([0-9]{2}[A-Z]?|NS) ?:(.*)$`)
	// mt940End matches a line that ends a message. Some banks write more than the hyphen.
	mt940End = regexp.MustCompile(`^-(\}.*|[A-Z0-9]*)$`)
	// mt942Mark matches what only an MT942 message has: its type, the floor limit, or the time of the report.
	mt942Mark = regexp.MustCompile(`\{2:[IO]942|(?m:^:(?:34F|13D?):)`)
	// mt940Line matches the content of a field 61: value date, booking date, mark, third letter of the currency,
	// amount, and the rest. R before C or D is a reversal, and E an expected movement.
	mt940Line = regexp.MustCompile(`^([0-9]{6})([0-9]{4}|    )?([RE]?[CD])([A-Z])?([0-9]+(?:[,.][0-9]*)?)(.*)$`)
	// mt940Hidden matches the content of a field 61 whose tag is damaged.
	mt940Hidden = regexp.MustCompile(`[0-9]{6}([0-9]{4}|    )?[RE]?[CD][A-Z]?[0-9]+,[0-9]{0,2}[NSF]`)
	// mt940Balance matches the content of a balance field: mark, date, currency, amount.
	mt940Balance = regexp.MustCompile(`^([CD])([0-9]{6})([A-Z]{3})([0-9]+(?:[,.][0-9]*)?)$`)
)

// mt940Tags are the tags of MT940 and those that banks add. A colon and two digits within a text are none.
var mt940Tags = nameSet("20 21 25 28 28C 60F 60M 61 86 NS 62F 62M 64 64F 65 65F 13 13D 34F 90C 90D")

// transportMarks are control characters that begin and end blocks of a transmission: SOH, STX, ETX, EOT.
const transportMarks = "\x01\x02\x03\x04"

// mt940Reader is the state while the fields of an MT940 file are read.
type mt940Reader struct {
	f       *file
	field   string // the tag of the last field; "" outside of messages
	account string
	number  string // field 28C without the page
	page    int    // of field 28C; 0 if it is not stated
	// section is the statement that is being read; nil before its opening balance. It goes on over the pages of a
	// statement.
	section      *witness.Section
	currency     string
	owner        mt940Owner
	ownerPage    int  // of the last page that was begun
	entry        bool // the next field 86 belongs to the last line
	ended        bool // the section has its last balance, or continues in another one
	unclassified []witness.Block
	warnings     []witness.Warning
}

// mt940Owner identifies the statement to which a page belongs.
type mt940Owner struct{ account, number string }

// readMT940 reads an MT940 file, which may contain several messages of several accounts.
func (f *file) readMT940() {
	if mt942Mark.MatchString(f.text) && !strings.Contains(f.text, ":60F:") && !strings.Contains(f.text, ":60M:") {
		f.refuse(witness.NotAStatement, 0, "the file is MT942, the movements within a day; statements are MT940")
		return
	}
	r := &mt940Reader{f: f}
	for _, l := range splitLines(f.text) {
		r.line(l)
		if f.Refusal != nil {
			return
		}
	}
	r.cut()
	r.end()
	if len(r.unclassified) > 0 {
		f.add(witness.Account{}, "", witness.Section{Blocks: r.unclassified}, nil)
	}
}

// line handles a line: a field, the continuation of one, or the end of a message.
func (r *mt940Reader) line(l textLine) {
	text := strings.TrimRight(strings.Trim(l.text, transportMarks), " \t"+transportMarks)
	m := mt940Field.FindStringSubmatch(text)
	isText := r.field == "86" || r.field == "NS" || r.field == "61"
	switch {
	case text == "":
	case text == "-", strings.HasPrefix(text, "-}"), !r.entry && mt940End.MatchString(text):
		r.field, r.entry = "", false
	case m != nil && (mt940Tags[m[1]] || !isText):
		r.field = m[1]
		r.content(l, m[2])
	case mt940Hidden.MatchString(text):
		r.refuse(l, "the line looks like a movement without its tag :61:")
	case isText:
		r.addText(text)
	case r.field == "", strings.HasPrefix(text, "{"):
		// headers and trailers of SWIFT, and of banks
	default:
		r.refuse(l, "the line continues the field :%s:, which has one line", r.field)
	}
}

// content handles a field.
func (r *mt940Reader) content(l textLine, content string) {
	if isText := r.field == "61" || r.field == "86" || r.field == "NS"; !isText && mt940Hidden.MatchString(content) {
		r.refuse(l, "the field :%s: looks like a movement", r.field)
		return
	}
	switch r.field {
	case "20":
		r.entry = false
	case "25":
		r.account = strings.TrimSpace(content)
	case "28", "28C":
		number, page, _ := strings.Cut(strings.TrimSpace(content), "/")
		r.number, r.page = number, positive(page)
	case "60F", "60M":
		r.opening(l, content)
	case "61":
		r.movement(l, content)
	case "86", "NS":
		if r.entry {
			r.addText(content)
		}
	case "62F", "62M":
		r.closing(l, content)
		r.entry = false
	case "64", "64F", "65", "65F", "21", "13", "13D", "34F", "90C", "90D":
		r.entry = false
	default:
		r.refuse(l, "the field :%s: is unknown", r.field)
	}
}

// refuse adds a refused block without a day.
func (r *mt940Reader) refuse(l textLine, format string, args ...any) {
	r.refuseOn("", l, format, args...)
}

// refuseOn adds a refused block.
func (r *mt940Reader) refuseOn(day domain.Date, l textLine, format string, args ...any) {
	if !r.f.count(l.number) {
		return
	}
	b := refusedOn(day, l.number, l.text, format, args...)
	if r.section == nil {
		r.unclassified = append(r.unclassified, b)
		return
	}
	r.section.Blocks = append(r.section.Blocks, b)
	r.entry = false
}

// opening begins a statement, or continues it on another page.
func (r *mt940Reader) opening(l textLine, content string) {
	b, currency, ok := mt940BalanceOf(content)
	if !ok {
		r.refuse(l, "the opening balance cannot be read: %q", content)
		return
	}
	owner := mt940Owner{r.account, r.number}
	follows := r.owner == owner && r.currency == currency
	lacksPage := follows && r.ownerPage > 0 && r.page > r.ownerPage+1
	r.ownerPage = r.page
	if r.field == "60M" && r.section != nil && follows {
		b.Role = witness.DayEnd // between the pages
		r.addBalance(b)
	} else {
		continues := r.field == "60M" && r.owner.account == r.account
		lacksPage = lacksPage || r.field == "60M" && !continues
		r.ended = r.ended || continues
		r.end()
		b.Role = witness.Opening
		r.section, r.currency, r.owner = &witness.Section{Number: positive(r.number)}, currency, owner
		r.addBalance(b)
	}
	if lacksPage {
		r.warnings = witness.AddWarning(r.warnings, witness.StatementMissing, 0)
	}
}

// positive returns a running number that a file states; 0 if the text is none.
func positive(text string) int {
	number, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || number < 0 {
		return 0
	}
	return number
}

// closing adds the closing balance. That of a page is followed by the next page.
func (r *mt940Reader) closing(l textLine, content string) {
	b, currency, ok := mt940BalanceOf(content)
	switch {
	case !ok:
		r.refuse(l, "the closing balance cannot be read: %q", content)
		return
	case r.section == nil:
		r.refuse(l, "the closing balance has no opening balance")
		return
	case currency != r.currency:
		r.refuse(l, "the closing balance is in %s, and the opening balance in %s", currency, r.currency)
		return
	}
	b.Role = witness.Closing
	r.addBalance(b)
	if r.field == "62F" {
		r.ended = true
		r.end()
	}
}

// addBalance adds a balance. If it belongs between two pages, it is checked at its place among the lines.
func (r *mt940Reader) addBalance(b witness.Balance) {
	b.Block = len(r.section.Blocks)
	r.section.Balances = append(r.section.Balances, b)
}

// cut refuses the movement that the end of the file divides.
func (r *mt940Reader) cut() {
	if r.section == nil || !r.entry || strings.HasSuffix(r.f.text, "\n") || strings.HasSuffix(r.f.text, "\r") {
		return
	}
	last := &r.section.Blocks[len(r.section.Blocks)-1]
	var raw []string
	for _, l := range splitLines(r.f.text)[last.FileLine-1:] {
		raw = append(raw, l.text)
	}
	*last = refusedOn(last.Date, last.FileLine, strings.Join(raw, "\n"), "the file ends within the movement")
}

// end adds the statement that is being read to that of its account.
func (r *mt940Reader) end() {
	if r.section == nil {
		return
	}
	r.checkPages()
	if !r.ended {
		r.warnings = witness.AddWarning(r.warnings, witness.TrailerMissing, 0)
		s := r.section
		if s.Unfinished = s.Balances[len(s.Balances)-1].Role == witness.Closing; s.Unfinished {
			s.Cut = true
		} else {
			s.Balances = s.Balances[:1]
		}
	}
	if r.section.TotalsDisagree {
		r.warnings = witness.AddWarning(r.warnings, witness.TotalsDisagree, 0)
	}
	for i := range r.section.Blocks {
		b := &r.section.Blocks[i]
		b.IDs = addID(b.IDs, "EndToEndId", mt940EndToEndID(b.Text), true)
	}
	account := strings.TrimRight(strings.TrimSuffix(r.owner.account, r.currency), "/ ") // some banks write both
	r.f.add(mt940Account(account), r.currency, *r.section, r.warnings)
	r.section, r.warnings, r.entry, r.ended = nil, nil, false, false
}

// checkPages checks the balances between pages against the lines before them, and keeps only the first opening and the
// last closing balance.
func (r *mt940Reader) checkPages() {
	s := r.section
	if len(s.Balances) < 3 {
		return
	}
	value, at := s.Balances[0].Readings[0], 0
	for _, b := range s.Balances[1:] {
		page := witness.Section{Blocks: s.Blocks[at:b.Block]}
		value, at = value.Add(page.Net()), b.Block
		if !b.Readings[0].Equal(value) {
			s.TotalsDisagree = true
			value = b.Readings[0]
		}
	}
	last := s.Balances[len(s.Balances)-1]
	s.Balances = s.Balances[:1]
	if last.Role == witness.Closing {
		s.Balances = append(s.Balances, last)
	}
}

// mt940BalanceOf returns a balance, and its currency.
func mt940BalanceOf(content string) (b witness.Balance, currency string, ok bool) {
	m := mt940Balance.FindStringSubmatch(strings.TrimSpace(content))
	if m == nil {
		return b, "", false
	}
	amount, err := mt940Amount(m[4])
	date := parseDate("060102", m[2])
	if err != nil || date == "" {
		return b, "", false
	}
	if m[1] == "D" {
		amount = amount.Neg()
	}
	return witness.Balance{Source: witness.Field, Date: date, Readings: []decimal.Decimal{amount}}, m[3], true
}

// mt940Amount reads an amount, whose decimal separator is a comma. A bank may leave it out, or write a point.
func mt940Amount(text string) (decimal.Decimal, error) {
	if at := strings.IndexByte(text, '.'); at >= 0 && len(text)-at > 3 {
		return decimal.Decimal{}, errTwoReadings
	}
	amount, err := domain.ParseAmount(strings.TrimSuffix(strings.Replace(text, ",", ".", 1), "."))
	if err != nil {
		return decimal.Decimal{}, errNotAmount
	}
	return amount, nil
}

// mt940Account returns the account of a field 25: bank and number, an IBAN, or a number.
func mt940Account(text string) witness.Account {
	bank, number, found := strings.Cut(text, "/")
	if !found {
		bank, number = "", text
	}
	return witness.Account{Bank: strings.TrimSpace(bank), Number: strings.TrimSpace(number)}
}

// movement adds a field 61.
func (r *mt940Reader) movement(l textLine, content string) {
	r.entry = false
	if r.section == nil {
		r.refuse(l, "the movement stands before the opening balance")
		return
	}
	m := mt940Line.FindStringSubmatch(content)
	if m == nil {
		r.refuse(l, "the movement cannot be read")
		return
	}
	amount, err := mt940Amount(m[5])
	value, clamped := mt940Date(m[1])
	booked := value
	if strings.TrimSpace(m[2]) != "" {
		booked = bookingDate(value, m[2])
	}
	switch {
	case err != nil:
		r.refuseOn(booked, l, "%v: %q", err, m[5])
		return
	case value == "" || booked == "":
		r.refuse(l, "the date cannot be read: %q", m[1]+m[2])
		return
	}
	if m[3] == "D" || m[3] == "ED" || m[3] == "RC" {
		amount = amount.Neg()
	}
	if !r.f.count(l.number) {
		return
	}
	b := witness.Block{Kind: witness.Line, FileLine: l.number, Date: booked, Amount: amount, IDs: mt940IDs(m[6])}
	if value != booked {
		b.ValueDate = value
	}
	if strings.HasPrefix(m[3], "E") {
		b.Kind, b.Reason = witness.Apart, "expected: not booked"
	}
	r.section.Blocks = append(r.section.Blocks, b)
	r.entry = true
	if clamped {
		r.warnings = witness.AddWarning(r.warnings, witness.DateClamped, len(r.section.Blocks))
	}
}

// mt940Date reads a date YYMMDD. In the calendar of 30 days a month, which banks use for interest, 30 February is the
// last day of February.
func mt940Date(text string) (date domain.Date, clamped bool) {
	if date = parseDate("060102", text); date == "" && (text[2:] == "0230" || text[2:] == "0229") {
		return parseDate("060102", text[:4]+"28"), true
	}
	return date, false
}

// bookingDate returns the date MMDD that is nearest to the value date, so that the turn of a year is read correctly.
func bookingDate(value domain.Date, monthDay string) domain.Date {
	at, err := time.Parse(time.DateOnly, string(value))
	if err != nil {
		return ""
	}
	best, distance := domain.Date(""), time.Duration(0)
	for year := at.Year() - 1; year <= at.Year()+1; year++ {
		candidate, err := time.Parse("20060102", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")+monthDay)
		if err != nil {
			continue
		}
		if d := candidate.Sub(at).Abs(); best == "" || d < distance {
			best, distance = domain.DateOf(candidate), d
		}
	}
	return best
}

// mt940IDs returns the references of a field 61: after the type of the transaction the reference of the account owner,
// and after two slashes that of the bank.
func mt940IDs(rest string) (ids []witness.ID) {
	if len(rest) < 4 {
		return nil
	}
	owner, bank, _ := strings.Cut(rest[4:], "//")
	if strings.TrimSpace(owner) != "NONREF" {
		ids = addID(ids, "reference", owner, false)
	}
	return addID(ids, "bankReference", bank, true)
}

var (
	// mt940SubfieldMarks matches the marks between the parts of a purpose, which divide identifiers, too.
	mt940SubfieldMarks = regexp.MustCompile(`\?(2[0-9]|6[0-3])`)
	// mt940Reference matches the end-to-end id in a field 86: EREF+ with the labels that can follow in Germany, and
	// /EREF/ in the Netherlands.
	mt940Reference = regexp.MustCompile(`EREF\+([^?+]+?) ?` +
		`(?:(?:[KM]REF|CRED|DEBT|COAM|OAMT|SVWZ|ABW[AE]|IBAN|BIC)\+|\?|$)|/EREF/([^/]+)/`)
)

// mt940EndToEndID returns the end-to-end id in the text of a field 86; "" if there is none. An id that a line end
// divides is not returned.
func mt940EndToEndID(text string) string {
	m := mt940Reference.FindStringSubmatch(mt940SubfieldMarks.ReplaceAllString(text, ""))
	if m == nil {
		return ""
	}
	id := strings.TrimSpace(m[1] + m[2])
	if strings.Contains(id, " ") || strings.EqualFold(id, "NOTPROVIDED") {
		return ""
	}
	return id
}

// addText adds a text to the last line, if the text belongs to it.
func (r *mt940Reader) addText(text string) {
	if !r.entry || len(r.section.Blocks) == 0 {
		return
	}
	b := &r.section.Blocks[len(r.section.Blocks)-1]
	if len(b.Text) < witness.MaxRaw {
		b.Text = domain.CleanText(strings.TrimSpace(b.Text + " " + strings.Join(strings.Fields(text), " ")))
	}
}
