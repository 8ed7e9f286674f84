package bankstatement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// ofxDebits are the types of movements that take money out. Types such as XFER and PAYMENT do not tell the direction.
var ofxDebits = nameSet("DEBIT D OUT FEE SRVCHG ATM POS CHECK CASH DIRECTDEBIT REPEATPMT")

// pagBank is the code of PagBank. It writes the day first in the date of the balance.
const pagBank = "290"

// ofxStable lists the field that identifies a movement for ever, by the code of the bank. At other banks the fields are
// numbers that change with each download, or that repeat.
var ofxStable = map[string]string{
	"260":   "FITID",  // Nubank: the UUID that its CSV has, too
	pagBank: "FITID",  // the code of the transaction
	"323":   "FITID",  // Mercado Pago: the number of the operation
	"336":   "REFNUM", // C6; its FITID is new in each download
}

// convert turns the statements of an OFX file into neutral ones.
func (r *ofxReader) convert() {
	if !r.ended {
		r.f.Warnings = witness.AddWarning(r.f.Warnings, witness.TrailerMissing, 0)
	}
	blocks := make([][]witness.Block, len(r.statements))
	numbers := make([][]number, len(r.statements))
	negative, debits := false, false
	for i, s := range r.statements {
		for j := range s.blocks {
			b, n := r.blockOf(s, &s.blocks[j], r.bankOf(s))
			blocks[i], numbers[i] = append(blocks[i], b), append(numbers[i], n)
			if b.Kind == witness.Line {
				negative = negative || n.negative
				debits = debits || ofxDebits[strings.ToUpper(s.blocks[j].fields["TRNTYPE"])]
			}
		}
	}
	r.numberUnnamed()
	r.separateTypes()
	r.applyCorrections(blocks)
	for i, s := range r.statements {
		section := witness.Section{Blocks: blocks[i], Made: r.madeOn(), Declared: s.declared()}
		section.Cut = !r.ended && !s.listed && !s.closed
		var warnings []witness.Warning
		if debits && !negative {
			warnings = s.signsFromTypes(section.Blocks)
		} else {
			warnings = s.checkTypes(section.Blocks)
		}
		warnings = s.addBalances(&section, numbers[i], r.bankOf(s), warnings)
		setScheduledApart(&section, lastOFXDate(&section), false)
		section.Made = cmp.Or(section.Made, lastLedgerDay(&section))
		if i == 0 {
			section.Blocks = append(section.Blocks, r.investmentBlocks()...)
		}
		r.f.add(s.account, s.currency, section, warnings)
	}
}

// investmentBlocks returns a block that is apart for each section of investments.
func (r *ofxReader) investmentBlocks() (blocks []witness.Block) {
	for _, section := range r.investments {
		r.f.Investments = append(r.f.Investments, section.account)
		if r.f.count(section.line) {
			blocks = append(blocks, witness.Block{
				Kind: witness.Apart, FileLine: section.line, NoAmount: true,
				Text:   domain.CleanText("investments " + section.account.Number),
				Reason: "a statement of investments, which is not read",
			})
		}
	}
	return blocks
}

// bankOf returns the code of the bank of a statement, without zeros in front.
func (r *ofxReader) bankOf(s *ofxStatement) string {
	return strings.TrimLeft(cmp.Or(s.account.Bank, r.fid), "0")
}

// numberUnnamed tells apart the statements without an account number, which may be those of several accounts.
func (r *ofxReader) numberUnnamed() {
	seen := map[accountKey]*ofxStatement{}
	count := map[accountKey]int{}
	for _, s := range r.statements {
		key := accountKey{s.account, s.currency}
		if s.account.Number != "" {
			continue
		}
		if count[key]++; count[key] == 1 {
			seen[key] = s
			continue
		}
		seen[key].account.Sub, s.account.Sub = "1", strconv.Itoa(count[key])
	}
}

// separateTypes tells apart the accounts that share a number and have several types, such as a current account and its
// savings.
func (r *ofxReader) separateTypes() {
	kinds := map[witness.Account]map[string]bool{}
	for _, s := range r.statements {
		if s.account.Number == "" {
			continue
		}
		if kinds[s.account] == nil {
			kinds[s.account] = map[string]bool{}
		}
		kinds[s.account][s.kind] = true
	}
	for _, s := range r.statements {
		if len(kinds[s.account]) > 1 {
			s.account.Sub = cmp.Or(s.kind, "other")
		}
	}
}

// blockOf returns a block, and the number of its amount.
func (r *ofxReader) blockOf(s *ofxStatement, raw *ofxBlock, bank string) (witness.Block, number) {
	text := r.f.text[raw.start:raw.end]
	if raw.broken != "" {
		return refused(raw.line, text, "%s", raw.broken), number{}
	}
	name, memo := raw.fields["NAME"], raw.fields["MEMO"]
	posted := raw.fields["DTPOSTED"]
	if raw.pending {
		posted = cmp.Or(posted, raw.fields["DTTRAN"])
	}
	date, dateErr := ofxDate(posted, false)
	n, err := parseAmount(raw.fields["TRNAMT"], 0)
	b := witness.Block{
		Kind: witness.Line, FileLine: raw.line, Date: date, Amount: n.amount(), Text: joinTexts(name, memo),
		ValueDate: compactDate(raw.fields["DTAVAIL"]), IDs: ofxIDs(raw.fields, bank),
	}
	if _, _, isBalance := balanceRole(name, memo); isBalance && !isRecordID(raw.fields["FITID"]) {
		b.Kind, b.NoAmount = witness.BalanceRow, err != nil
		return b, n
	}
	refuse := func(reason string, args ...any) (witness.Block, number) {
		return refusedOn(date, raw.line, text, reason, args...), number{}
	}
	currency := strings.ToUpper(raw.fields["CURRENCY.CURSYM"])
	switch {
	case err != nil:
		return refuse("%v: %q", err, raw.fields["TRNAMT"])
	case dateErr != nil:
		return refuse("%v: %q", dateErr, posted)
	case currency != "" && s.currency != "" && currency != s.currency:
		return refuse("the amount is in %s, and the statement in %s", currency, s.currency)
	case raw.pending:
		b.Kind, b.Reason = witness.Apart, "pending"
	case isInformative(name, memo) && !isRecordID(raw.fields["FITID"]):
		b.Kind, b.Reason = witness.Apart, informativeBalance
	}
	return b, n
}

// isRecordID reports whether a FITID is the id of a record, so that this service has written the movement. Its text may
// be that of a balance.
func isRecordID(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed.Version() == 7
}

// joinTexts returns name and memo as one text. A memo that begins with the name already contains it.
func joinTexts(name, memo string) string {
	if name == "" || strings.HasPrefix(memo, name) {
		return domain.CleanText(memo)
	}
	return domain.CleanText(strings.TrimSpace(name + " " + memo))
}

// ofxIDs returns the identifiers of a movement.
func ofxIDs(fields map[string]string, bank string) (ids []witness.ID) {
	for _, kind := range []string{"FITID", "SRVRTID", "CHECKNUM", "REFNUM"} {
		ids = addID(ids, kind, fields[kind], ofxStable[bank] == kind)
	}
	return ids
}

// addID adds an identifier, unless the text identifies nothing, or the line has it already. The end-to-end id of a Pix
// is stable everywhere.
func addID(ids []witness.ID, kind, value string, stable bool) []witness.ID {
	if value = domain.CleanReference(value); value == "" {
		return ids
	}
	id := witness.ID{Kind: kind, Value: value, Stable: stable || domain.IsEndToEndID(value)}
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// declared returns the period that a statement declares. Stone, the only bank with the zone BRL, writes the midnight
// after the last day.
func (s *ofxStatement) declared() domain.Window {
	from, errFrom := ofxDate(s.start, false)
	to, errTo := ofxDate(s.end, false)
	if errFrom != nil || errTo != nil || to < from {
		return domain.Window{}
	}
	w := domain.Window{From: from, To: to}
	if strings.HasPrefix(s.end[min(len(s.end), 8):], "000000") && strings.HasSuffix(s.end, ":BRL]") && w.To > w.From {
		w.To = w.To.AddDays(-1)
	}
	return w
}

// signsFromTypes makes the amounts of debits negative. It is for files in which no amount has a sign.
func (s *ofxStatement) signsFromTypes(blocks []witness.Block) (warnings []witness.Warning) {
	for i := range blocks {
		if blocks[i].Kind == witness.Line && ofxDebits[strings.ToUpper(s.blocks[i].fields["TRNTYPE"])] {
			blocks[i].Amount = blocks[i].Amount.Neg()
			warnings = witness.AddWarning(warnings, witness.SignsFromTypes, i+1)
		}
	}
	return warnings
}

// checkTypes adds a warning for each movement whose type contradicts its sign.
func (s *ofxStatement) checkTypes(blocks []witness.Block) (warnings []witness.Warning) {
	for i := range blocks {
		b := &blocks[i]
		kind := strings.ToUpper(s.blocks[i].fields["TRNTYPE"])
		if b.Kind == witness.Line && (kind == "DEBIT" && b.Amount.IsPositive() || kind == "CREDIT" &&
			b.Amount.IsNegative()) {
			warnings = witness.AddWarning(warnings, witness.SignContradictsType, i+1)
		}
	}
	return warnings
}

// addBalances adds the balance rows and the LEDGERBAL elements of a statement to its section.
func (s *ofxStatement) addBalances(
	section *witness.Section, numbers []number, bank string, warnings []witness.Warning,
) []witness.Warning {
	minor := minorUnitPossible(section.Blocks, numbers, s.blocks)
	unreadable := func() { warnings = witness.AddWarning(warnings, witness.UnreadableBalance, 0) }
	for i := range section.Blocks {
		b := &section.Blocks[i]
		if b.Kind != witness.BalanceRow {
			continue
		}
		fields := s.blocks[i].fields
		role, limit, _ := balanceRole(fields["NAME"], fields["MEMO"])
		balance := witness.Balance{Role: role, Date: b.Date, Source: witness.Row, Block: i, MayIncludeLimit: limit}
		if n, err := parseAmount(fields["TRNAMT"], 0); err == nil {
			balance.Readings = n.readings(minor)
		} else {
			unreadable()
		}
		section.Balances = append(section.Balances, balance)
	}
	for _, l := range s.ledgers {
		n, err := parseAmount(l.amount, 0, "R$")
		if err != nil {
			unreadable()
			continue
		}
		date, err := ofxDate(l.date, bank == pagBank)
		if err != nil {
			unreadable()
		}
		section.Balances = append(section.Balances, witness.Balance{
			Role: witness.Ledger, Date: date, Source: witness.Field, Readings: n.readings(minor), Block: -1,
		})
	}
	return warnings
}

// minorUnitPossible reports whether a balance without a decimal separator may be in the minor unit: the movements do
// not show that the bank leaves out zeros behind the separator.
func minorUnitPossible(blocks []witness.Block, numbers []number, raw []ofxBlock) bool {
	for i := range blocks {
		text := raw[i].fields["TRNAMT"]
		if blocks[i].Kind == witness.Line && (numbers[i].whole || len(text)-strings.LastIndexAny(text, ".,") != 3) {
			return false
		}
	}
	return true
}

// lastOFXDate returns the last day up to which a file can list booked movements: the day of its balance, or a later one
// up to which both the period and the download reach. Without a balance, it is the later one of these two. Balances of
// days before the download show that their days are booked.
func lastOFXDate(section *witness.Section) domain.Date {
	var ledger, rows domain.Date
	for _, b := range section.Balances {
		switch {
		case b.Role == witness.Ledger:
			ledger = max(ledger, b.Date)
		case b.Source == witness.Row && b.Date <= section.Made:
			rows = max(rows, b.Date)
		}
	}
	made, end := section.Made, section.Declared.To
	if ledger == "" || made == "" || end == "" {
		return max(made, end, ledger)
	}
	return max(ledger, min(made, end), rows)
}

// lastLedgerDay returns the last day of the balances of the download and of the lines; "" if no balance has a day. A
// file without a date of its making was made on that day.
func lastLedgerDay(section *witness.Section) (last domain.Date) {
	for _, b := range section.Balances {
		if b.Role == witness.Ledger {
			last = max(last, b.Date)
		}
	}
	if days, any := section.Days(); any && last != "" {
		last = max(last, days.To)
	}
	return last
}

// setScheduledApart sets apart the movements that are later than the last day of the file: the bank has only scheduled
// them, and only expects the balances after them. It needs at least one movement that is not later, in this section or
// before it.
func setScheduledApart(section *witness.Section, last domain.Date, continues bool) {
	days, _ := section.Days()
	if last == "" || days.From > last && !continues {
		return
	}
	for i := range section.Blocks {
		if b := &section.Blocks[i]; b.Kind == witness.Line && b.Date > last {
			b.Kind, b.Reason = witness.Apart, "scheduled: later than the file"
		}
	}
	section.Balances = slices.DeleteFunc(slices.Clone(section.Balances), func(b witness.Balance) bool {
		date := b.Date
		for i := b.Block - 1; date == "" && i >= 0; i-- {
			date = section.Blocks[i].Date
		}
		return b.Source == witness.Row && date > last
	})
}
