package books

import (
	"crypto/sha256"
	"hash"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// CloseRequest is a request to close a period of an account.
type CloseRequest struct {
	Date domain.Date // the last day of the period
	// From is the first day of the statement of the period, if the account has no earlier close; "" if it is the date
	// of the first record.
	From domain.Date
	// FromIsStrict makes From invalid if the account has an earlier close. Otherwise From is then ignored.
	FromIsStrict bool

	At    time.Time
	By    string        // the actor
	Grace time.Duration // a completeness check that fails for this long makes the state Drifting
	// Coverage contains the offset from UTC of the zone in which a day ends, such as -3 h, and determines which days a
	// reading of the bank covers.
	domain.Coverage
}

// Validate checks that Date is a valid day that has ended at the Offset, and that From is not after it. Errors: Invalid
// on "date" or "from".
func (r CloseRequest) Validate() error {
	if _, err := domain.ParseDate(string(r.Date)); err != nil {
		return domain.FieldError("date", "must be a date, YYYY-MM-DD")
	}
	if r.Date >= domain.DateOf(r.At.UTC().Add(r.Offset)) {
		return domain.FieldError("date", "must be a day that has ended at CLOSE_OFFSET")
	}
	if _, err := domain.ParseDate(string(r.From)); r.From != "" && err != nil {
		return domain.FieldError("from", "must be a date, YYYY-MM-DD")
	}
	if r.From > r.Date {
		return domain.FieldError("from", "must not be after the last day of the period")
	}
	return nil
}

// FirstDay returns the first day of the statement of the period; "" if it is the date of the first record. previous is
// the day of the account's latest close before Date; "" if there is none. Errors: Invalid on "from" if From is strict
// and there is an earlier close.
func (r CloseRequest) FirstDay(previous domain.Date) (domain.Date, error) {
	switch {
	case previous == "":
		return r.From, nil
	case r.From != "" && r.FromIsStrict:
		return "", domain.FieldError("from", "must be absent if the account has an earlier close")
	}
	return previous.AddDays(1), nil
}

// Close is a closed period of an account. It covers all records that were live at ClosedAt and dated up to and
// including Date. Later changes of its records are adjustments; of the Close itself, only ReopenedAt, CoveredSince,
// CoveredCompleteness and Witness change.
type Close struct {
	Account domain.AccountID
	Date    domain.Date
	Count   int
	// Sum is the sum of the records in Currency. It leaves out WithoutAmount records, which have no amount in Currency.
	// An earlier version of the service made closes whose Sum is not valid, because there were such records.
	Sum           decimal.NullDecimal
	WithoutAmount int
	// Currency is the currency of the account. If the account's currency is unknown, Currency is the currency of the
	// first record, or "" if there are no records.
	Currency     string
	Digest       [sha256.Size]byte
	ClosedAt     time.Time
	ClosedBy     string
	Completeness CompletenessState // of the account at ClosedAt
	BankReadAt   time.Time         // when the bank had last been read at ClosedAt; zero if that was not known
	// CoveredSince and CoveredCompleteness are set if Completeness is NotCovered, and a later reading of the bank has
	// covered the day, or if the completeness of a card was unknown, and a later bill has reached the day: when this
	// became known, and what a close would have stated then.
	CoveredSince        time.Time
	CoveredCompleteness CompletenessState
	// Statement describes the statement of the period. It is nil if the currency of the account was not known.
	Statement  *ClosedStatement
	ReopenedAt time.Time // zero unless the period was reopened
	// Witness is the bank statement with the newest comparison of the days of the period, if it covers all of them. It
	// is not stored with the close.
	Witness *witness.Overview
}

// Covered returns what a close of the period would state now. ok is false if that is not more than the close states:
// the bank has not been read for the day, or no bill of the card has reached it. account is the completeness of the
// account.
func (c Close) Covered(
	account Completeness, rules domain.Coverage, now time.Time, grace time.Duration,
) (state CompletenessState, ok bool) {
	days := domain.Window{From: c.Date, To: c.Date}
	if c.Statement != nil {
		days.From = c.Statement.From
	}
	if !account.Covers(c.Date, c.Currency, rules) {
		return "", false
	}
	state = account.StateOfPeriod(days, c.Currency, rules, now, grace)
	switch {
	case c.Completeness == NotCovered && c.CoveredSince.IsZero():
		return state, true
	case c.Completeness == CompletenessUnknown && c.CoveredSince.IsZero(),
		c.CoveredCompleteness == CompletenessUnknown:
		return state, c.Date <= account.CompleteTo() && (state == Complete || state == Drifting)
	}
	return "", false
}

// WithWitness returns the close with its witness among all bank statements of the account.
func (c Close) WithWitness(all []witness.Overview) Close {
	if c.Statement != nil {
		c.Witness = witness.Of(all, domain.Window{From: c.Statement.From, To: c.Date})
	}
	return c
}

// ClosedRecord is a record of a closed period, with the version that was in effect when the period was closed.
type ClosedRecord struct {
	SumRow // FirstSeenAt is not set

	ID      domain.TransactionID
	Status  domain.TransactionStatus
	Version int
	// RowSHA256 is the SHA-256 hash of the vendor's bytes from which the version was made; nil if it is not known.
	RowSHA256 []byte
	Pull      domain.PullID // the pull that stored the version; zero if it is not known
	// Deliveries contains the ids of the webhooks that are attached to the pull that stored the version. They are
	// ordered by id, and their maximum number is domain.MaxVersionDeliveries. Deliveries that were deleted later are
	// missing.
	Deliveries []domain.DeliveryID
}

// Line returns the line that the record adds to the text hashed by Close.Digest, including the line feed.
func (r ClosedRecord) Line() string {
	return digestLine(r.ID, domain.NewCoveredMembers(r.Status, r.Date, r.Amount, r.AccountMoney))
}

// digestLine returns the line that a record adds to the text hashed by Close.Digest, including the line feed.
func digestLine(id domain.TransactionID, m domain.CoveredMembers) string {
	return id.String() + "|" + m.String() + "\n"
}

// CloseDigest computes the number, the sum and the digest of the records of a closed period. NewCloseDigest creates
// one.
type CloseDigest struct {
	count         int
	sum           decimal.Decimal
	withoutAmount int // the number of records without an amount in currency, which sum leaves out
	currency      string
	hash          hash.Cloner
}

// NewCloseDigest returns a digest without records. currency is the currency of the account; "" if it is unknown.
func NewCloseDigest(currency string) *CloseDigest {
	return &CloseDigest{currency: currency, hash: sha256.New().(hash.Cloner)}
}

// Clone returns a copy of the digest. Records that are added to one of the two do not change the other.
func (d *CloseDigest) Clone() *CloseDigest {
	clone := *d
	clone.hash, _ = d.hash.Clone() // the state of SHA-256 can always be cloned
	return &clone
}

// Add adds a record. The records must be added in the order of their ids.
func (d *CloseDigest) Add(
	id domain.TransactionID,
	status domain.TransactionStatus,
	date domain.Date,
	amount domain.Money,
	accountMoney *domain.Money,
) {
	d.count++
	m := domain.NewCoveredMembers(status, date, amount, accountMoney)
	_, _ = d.hash.Write([]byte(digestLine(id, m)))
	inAccount := SumRow{Amount: amount, AccountMoney: accountMoney}
	if d.currency == "" {
		d.currency = amount.Currency
		if accountMoney != nil {
			d.currency = accountMoney.Currency
		}
	}
	if value, ok := inAccount.InCurrency(d.currency); ok {
		d.sum = d.sum.Add(value)
	} else {
		d.withoutAmount++
	}
}

// Close returns a closed period of the account. The period covers the added records.
func (d *CloseDigest) Close(account domain.AccountID, r CloseRequest, c Completeness) Close {
	return Close{
		Account: account, Date: r.Date, Count: d.count, Currency: d.currency,
		Digest: [sha256.Size]byte(d.hash.Sum(nil)), ClosedAt: r.At, ClosedBy: r.By,
		Completeness: c.StateOfClose(r.Date, d.currency, r.Coverage, r.At, r.Grace), BankReadAt: c.RowsReadAt(),
		Sum: decimal.NewNullDecimal(d.sum), WithoutAmount: d.withoutAmount,
	}
}

// RecordState contains those values of a record that can influence a closed period, or the completeness of an
// account. A change of one of these values can be an Adjustment.
type RecordState struct {
	Account domain.AccountID // zero if the record has no account
	Live    bool             // the record is not removed
	// Excluded is set if an operator has excluded the record. It then counts as little as a removed one.
	Excluded bool
	// RowSHA256 is the SHA-256 hash of the vendor's bytes from which the version was made, as 32 bytes; "" if it is not
	// known. Adjustments ignores it.
	RowSHA256 string
	domain.CoveredMembers
}

// Detail returns the detail of the audit entry for the close: the day, the number of records, their digest, and the
// SHA-256 hash of the close's document. document is nil if there is no document.
func (c Close) Detail(document *domain.AuditHash) domain.AuditDetail {
	d := domain.AuditDetail{
		Numbers: map[string]int64{"count": int64(c.Count)}, Dates: map[string]domain.Date{"date": c.Date},
		Hashes: map[string]domain.AuditHash{DigestMember: c.Digest},
	}
	if document != nil {
		d.Hashes[DocumentMember] = *document
	}
	return d
}

// DocumentHash computes the SHA-256 hash of a document that is written to it. NewDocumentHash creates one.
type DocumentHash struct{ hash hash.Hash }

// NewDocumentHash returns the hash of an empty document.
func NewDocumentHash() *DocumentHash { return &DocumentHash{sha256.New()} }

// Write implements io.Writer. It returns no error.
func (h *DocumentHash) Write(p []byte) (int, error) { return h.hash.Write(p) }

// Sum returns the hash of all bytes that were written.
func (h *DocumentHash) Sum() domain.AuditHash { return domain.AuditHash(h.hash.Sum(nil)) }

// The names of the hashes in the detail of the audit entry of a close.
const (
	DigestMember   = "digest"
	DocumentMember = "statementSha256"
)

// Adjustment is a change of a record that would alter the number, the sum or the digest of a closed period. If a record
// moves to another account, there are two adjustments: a removal from the old account and an addition to the new
// account.
type Adjustment struct {
	Account     domain.AccountID
	Transaction domain.TransactionID
	Version     int // the version of the record after the change
	Change      domain.ChangeKind
	At          time.Time
	Before      *domain.CoveredMembers // nil if the account did not have the record before
	After       *domain.CoveredMembers // nil if the account does not have the record any more
}

// Day returns the first day that the change affects. Every closed period that ends on this day or later is affected.
func (a Adjustment) Day() domain.Date {
	switch {
	case a.Before == nil:
		return domain.Date(a.After.Date)
	case a.After == nil:
		return domain.Date(a.Before.Date)
	}
	return min(domain.Date(a.Before.Date), domain.Date(a.After.Date))
}

// counts reports whether the record is part of the closed periods and of the completeness of its account.
func (s RecordState) counts() bool { return s.Live && !s.Excluded && !s.Account.IsZero() }

// Adjustments returns the adjustments that result from a change of a record. There is an adjustment in three cases:
//   - The covered members have changed.
//   - The account has changed.
//   - The record was added, removed, restored, excluded or included.
//
// previous is nil for a new record.
func Adjustments(
	id domain.TransactionID, version int, at time.Time, previous *RecordState, after RecordState,
) []Adjustment {
	had, has := previous != nil && previous.counts(), after.counts()
	made := Adjustment{Transaction: id, Version: version, At: at}
	if had && has && previous.Account == after.Account {
		if previous.CoveredMembers == after.CoveredMembers {
			return nil
		}
		made.Account, made.Change = after.Account, domain.Modified
		made.Before, made.After = &previous.CoveredMembers, &after.CoveredMembers
		return []Adjustment{made}
	}
	var all []Adjustment
	if had {
		left := made
		left.Account, left.Change, left.Before = previous.Account, domain.Removed, &previous.CoveredMembers
		if after.Live && after.Excluded {
			left.Change = domain.Excluded
		}
		all = append(all, left)
	}
	if has {
		came := made
		came.Account, came.Change, came.After = after.Account, domain.Added, &after.CoveredMembers
		switch {
		case previous != nil && !previous.Live:
			came.Change = domain.Restored
		case previous != nil && previous.Excluded:
			came.Change = domain.Included
		}
		all = append(all, came)
	}
	return all
}
