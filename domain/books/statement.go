package books

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Statement describes the posted records of an account in a period. The records themselves are read one by one,
// because there may be millions of them.
type Statement struct {
	ID        uuid.UUID // unique; each request creates a new statement
	CreatedAt time.Time
	Account   domain.Account
	// Bank is the code of the bank, and Branch its agency; "" if the account does not state them.
	Bank, Branch string
	Currency     string        // the ISO 4217 currency of the account and of all amounts
	Period       domain.Window // both ends are set
	// Balances are nil if no balance of the account is known.
	Balances *StatementBalances
	Credits  StatementTotal // money in
	Debits   StatementTotal // money out
	// Digits is the largest number of digits in any of the amounts, totals and balances above. Scale is the largest
	// number of digits after the decimal point in any of them. A format that allows fewer digits returns an error
	// instead of writing the statement.
	Digits, Scale int
	// FirstWith tells which record has a shared reference as its MatchingID. A main reference is shared if several
	// records of the account have had it in any of their versions. FirstWith maps each shared reference to the record
	// with the lowest id that has had it. The MatchingID of this record is the reference; the MatchingID of the other
	// records is their id. A reference that is not shared is the MatchingID of its record. If FirstWith is nil, the
	// MatchingID of all records is their id.
	FirstWith map[string]domain.TransactionID
	// Completeness is the completeness at the close of the period; "" if the statement is not that of a closed
	// period.
	Completeness CompletenessState
	BankReadAt   time.Time // when the bank was last read; zero if it is not known
	// Doubt is the reason why the balances may be wrong (see StatementDoubts); "" if there is none. If Doubt is set, a
	// format that contains balances returns Conflict with this code instead of writing the statement.
	Doubt domain.Code
	// Forced contains the doubts that the caller accepts.
	Forced []domain.Code
	// Unconverted contains the records of the period whose amount in the currency of the statement is not known. The
	// totals and balances leave them out. Only a format that can print such records writes them; the other formats
	// return the error of CheckConverted, or leave them out if OmitUnconverted is set.
	Unconverted     []domain.TransactionID
	OmitUnconverted bool
	Omitted         int // the number of unconverted records of a closed period, which Unconverted does not contain
	// Format is the DocumentFormat of a closed period; 0 in another statement, which has the newest format.
	Format int
}

// StatementForce contains what a caller accepts in a statement.
type StatementForce struct {
	Drift      bool // the account drifts
	Changed    bool // records of the period have changed since the balance was read, or were read later than it
	NotCovered bool // the bank was last read too early for the last day
	Omitted    bool // records without an amount in the currency of the statement are left out
}

// Doubts returns the reasons why the balances at the end of the day may be wrong: AccountDrifting, AccountChanged and
// NotCovered, in this order. currency is that of the account. A balance that differs counts from the day of the first
// differing reading on, or from the date of the first record that had changed by then if that is earlier. Once it is a
// drift, it counts on all days.
func (c Completeness) Doubts(
	day domain.Date, currency string, rules domain.Coverage, now time.Time, grace time.Duration,
) []domain.Code {
	var doubts []domain.Code
	drifts := Lasted(c.DriftElsewhere(), now, grace) && c.Known() // a bill that differs says nothing about balances
	differsFrom := domain.EarlierDate(
		dayOfReading(c.AnchorDrift, c.AnchorDriftRead, currency, rules), c.AnchorDriftFrom)
	if drifts || c.anchorDiffers() && day >= differsFrom {
		doubts = append(doubts, domain.AccountDrifting)
	}
	unread := c.unreadOn(day, currency, rules)
	if unread || c.OutdatedOn(day, now) {
		doubts = append(doubts, domain.AccountChanged)
	}
	if !unread && !c.Covers(day, currency, rules) {
		doubts = append(doubts, domain.NotCovered)
	}
	return doubts
}

// Decide returns the first doubt that the caller does not accept, and those that it accepts.
func (f StatementForce) Decide(doubts []domain.Code) (refused domain.Code, forced []domain.Code) {
	for _, doubt := range doubts {
		if f.allows(doubt) {
			forced = append(forced, doubt)
		} else if refused == "" {
			refused = doubt
		}
	}
	return refused, forced
}

// allows reports whether the caller accepts the doubt.
func (f StatementForce) allows(doubt domain.Code) bool {
	return f.Drift && doubt == domain.AccountDrifting || f.Changed && doubt == domain.AccountChanged ||
		f.NotCovered && doubt == domain.NotCovered
}

// CheckConverted returns Conflict (no_account_amount) with the ids of the unconverted records, at most
// maxNamedRecords. It returns nil if there are none, or if they are left out.
func (st Statement) CheckConverted() error {
	if len(st.Unconverted) == 0 || st.OmitUnconverted {
		return nil
	}
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.NoAccountAmount,
		Records: st.Unconverted[:min(len(st.Unconverted), maxNamedRecords)],
	}
}

// LeftOut states how many records a document leaves out, with the ids of the first of them, as many as fit into the
// given number of characters. It returns "" if there are none, or if the document is one of an earlier format, which
// names none.
func (st Statement) LeftOut(room int) string {
	if len(st.Unconverted) == 0 {
		return ""
	}
	text := fmt.Sprintf("left out: %d records without an amount in %s:", len(st.Unconverted)+st.Omitted, st.Currency)
	for _, id := range st.Unconverted {
		named := text + " " + CompactID(id.UUID)
		if len(named) > room {
			break
		}
		text = named
	}
	return text
}

// maxNamedInDocument is the maximum number of records whose ids a close keeps for its document. No format has room for
// more: in camt.053, the text has 500 characters.
const maxNamedInDocument = 15

// maxNamedRecords is the maximum number of records that an error names.
const maxNamedRecords = 200

// StatementBalances contains the balances of an account before the first day of a statement and after the last day.
// They are stated from the holder's point of view. Their difference is the sum of the records.
type StatementBalances struct {
	Opening decimal.Decimal `json:"opening"`
	Closing decimal.Decimal `json:"closing"`
}

// StatementTotal is a number of records, and the sum of their absolute amounts.
type StatementTotal struct {
	Count int             `json:"count"`
	Sum   decimal.Decimal `json:"sum"`
}

// StatementRecord is a posted record of a statement. The formats of statements write its members.
type StatementRecord struct {
	// Transaction has only the members that a store reads for statements; see ports.PostedRecords.
	domain.Transaction

	Amount   decimal.Decimal // signed, in the currency of the statement; zero if Unconverted is set
	Original *domain.Money   // the amount before its conversion; nil if it was not converted
	// MatchingID is the id by which a reconciliation recognises the record: either the id of the record, or its
	// reference. It is unique in the account.
	MatchingID string
	// Unconverted is set if the amount in the currency of the statement is not known. Original is then the amount.
	Unconverted bool
}

// StatementSum computes a Statement from the posted records of an account.
type StatementSum struct {
	statement Statement
	wanted    domain.Window
	baseline  *Baseline // nil if no balance is known
	before    decimal.Decimal
	late      decimal.Decimal
	first     domain.Date // the earliest date of a record in the period; "" without records
	last      domain.Date // the latest date of a record in the period; "" without records
}

// NewStatementSum returns the sum for a statement of the account in the window. The window may have no start or no
// end. Errors: Conflict (no_account_amount) if the currency of the account is not known.
func NewStatementSum(account domain.Account, c Completeness, window domain.Window) (*StatementSum, error) {
	s := &StatementSum{wanted: window, statement: Statement{Account: account, Currency: account.Currency}}
	if c.balanced() && (s.statement.Currency == "" || s.statement.Currency == c.Last.Currency) {
		s.statement.Currency, s.baseline = c.Last.Currency, c.Baseline
	}
	if s.statement.Currency == "" {
		return nil, &domain.Error{Kind: domain.Conflict, Code: domain.NoAccountAmount}
	}
	return s, nil
}

// Window returns the days whose records must be passed to Add. If no balance is known, it returns the requested window.
// If a balance is known, the returned window has no start. Its end is the later of two days: the end of the requested
// window, and the first day of the baseline. If the requested window has no end, the returned window has none.
func (s *StatementSum) Window() domain.Window {
	if s.baseline == nil {
		return s.wanted
	}
	w := domain.Window{To: s.wanted.To}
	if w.To != "" {
		w.To = max(w.To, s.baseline.FirstDay)
	}
	return w
}

// Add adds a record. The order of the records does not matter. If its amount in the currency of the account is not
// known, the balances are not known either, and a record of the period becomes one of Statement.Unconverted.
func (s *StatementSum) Add(id domain.TransactionID, r SumRow) {
	amount, ok := r.InCurrency(s.statement.Currency)
	switch inPeriod := s.wanted.Contains(r.Date); {
	case !ok && inPeriod:
		s.statement.Unconverted = append(s.statement.Unconverted, id)
		s.extendTo(r.Date) // some formats print it without an amount
		return
	case !ok:
		if b := s.baseline; b == nil || !b.contains(r) || r.Date >= s.wanted.From {
			s.baseline = nil
		}
		return
	case inPeriod:
		s.addToPeriod(r.Date, amount)
	case r.Date < s.wanted.From:
		s.before = s.before.Add(amount)
	}
	if b := s.baseline; b != nil && r.Date < b.FirstDay && r.FirstSeenAt.After(b.At) {
		s.late = s.late.Add(amount)
	}
}

// addToPeriod adds an amount to the totals.
func (s *StatementSum) addToPeriod(date domain.Date, amount decimal.Decimal) {
	total := &s.statement.Credits
	if amount.IsNegative() {
		total = &s.statement.Debits
	}
	total.Count++
	total.Sum = total.Sum.Add(amount.Abs())
	s.measure(amount)
	s.extendTo(date)
}

// extendTo makes a period without a beginning or an end contain the date of a record.
func (s *StatementSum) extendTo(date domain.Date) {
	if s.first == "" {
		s.first = date
	}
	s.first = min(s.first, date)
	s.last = max(s.last, date)
}

// measure updates Digits and Scale of the statement.
func (s *StatementSum) measure(amount decimal.Decimal) {
	amount = amount.Normalize()
	digits, scale := amount.NumDigits(), -int(amount.Exponent())
	s.statement.Scale = max(s.statement.Scale, scale)
	s.statement.Digits = max(s.statement.Digits, digits, digits-scale, scale)
}

// Statement returns the statement of the records that were passed to Add. A period without an end ends today, or on the
// date of the last record if that date is later. A period without a beginning begins on the date of the first record.
//
// The balance at the end of a day is the anchor, plus the posted records up to that day, minus the late records:
//
//   - The anchor is the accepted balance minus the records that were stored when the balance was accepted.
//   - A late record has a date before the first day of the baseline, but was stored after the balance was accepted. The
//     accepted balance already includes the late records.
func (s *StatementSum) Statement(id uuid.UUID, today domain.Date, at time.Time) Statement {
	st := s.statement
	st.ID, st.CreatedAt, st.Period = id, at, s.wanted
	if st.Period.To == "" {
		st.Period.To = max(today, s.last, st.Period.From)
	}
	if st.Period.From == "" {
		st.Period.From = st.Period.To
		if s.first != "" {
			st.Period.From = s.first
		}
	}
	if s.baseline != nil {
		opening := s.baseline.Anchor.Sub(s.late).Add(s.before)
		closing := opening.Add(st.Credits.Sum).Sub(st.Debits.Sum)
		st.Balances = &StatementBalances{Opening: opening, Closing: closing}
		s.measure(opening)
		s.measure(closing)
	}
	s.measure(st.Credits.Sum.Add(st.Debits.Sum))
	st.Digits, st.Scale = s.statement.Digits, s.statement.Scale
	return st
}

// BillStatement returns the statement of the rows of a card's bill that were passed to Add. Its period ends on the day
// on which the bill was closed, or on the date of a later row. Its closing balance is the total, which is negative if
// it is owed.
func (s *StatementSum) BillStatement(id uuid.UUID, closing domain.Date, total decimal.Decimal, at time.Time) Statement {
	s.baseline = nil
	s.measure(total)
	st := s.Statement(id, closing, at)
	st.Balances = &StatementBalances{Opening: total.Neg().Sub(st.Net()), Closing: total.Neg()}
	s.measure(st.Balances.Opening)
	st.Digits, st.Scale = s.statement.Digits, s.statement.Scale
	return st
}

// Net returns the sum of the statement's records in its currency: money in minus money out.
func (st Statement) Net() decimal.Decimal { return st.Credits.Sum.Sub(st.Debits.Sum) }

// Record returns the posted record as a record of the statement.
func (st Statement) Record(posted domain.Transaction) StatementRecord {
	amount, ok := SumRowOf(posted).InCurrency(st.Currency)
	record := StatementRecord{Transaction: posted, Amount: amount, MatchingID: st.matchingID(posted), Unconverted: !ok}
	if posted.AccountMoney != nil || !ok {
		original := posted.Amount
		record.Original = &original
	}
	return record
}

// matchingID returns the MatchingID of a record.
func (st Statement) matchingID(r domain.Transaction) string {
	reference := r.References.Main()
	if st.FirstWith == nil || reference == "" {
		return r.ID.String()
	}
	if first, shared := st.FirstWith[reference]; shared && first != r.ID {
		return r.ID.String()
	}
	return reference
}

// CompactID returns an id without its hyphens: 32 characters.
func CompactID(id uuid.UUID) string { return hex.EncodeToString(id[:]) }

// Truncate returns at most the given number of characters from the beginning of a text.
func Truncate(text string, characters int) string {
	for i := range text {
		if characters--; characters < 0 {
			return text[:i]
		}
	}
	return text
}
