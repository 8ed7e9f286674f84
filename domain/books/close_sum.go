package books

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DocumentFormat is the format version for the documents of periods that are closed by this version of the service. A
// closed period keeps its format version. Format 3 names records that are left out, and has no empty elements Strd in
// camt.053. Format 4 has an apostrophe before each text that a spreadsheet in Brazil would convert.
// Format 5 has none before a UUID.
const DocumentFormat = 5

// ClosedStatement contains the values of the statement of a closed period as they were known when the period was
// closed, except its records.
type ClosedStatement struct {
	Format   int                `json:"format"` // DocumentFormat when the period was closed
	Vendor   domain.Vendor      `json:"vendor"`
	Type     domain.AccountType `json:"type"`
	Name     string             `json:"name,omitempty"`
	Number   string             `json:"number,omitempty"`
	Currency string             `json:"currency"`
	// From is the first day: the day after the previous close, or without one CloseRequest.From, or the date of the
	// first record.
	From     domain.Date        `json:"from"`
	Balances *StatementBalances `json:"balances,omitempty"` // nil if no balance was known
	Credits  StatementTotal     `json:"credits"`
	Debits   StatementTotal     `json:"debits"`
	Digits   int                `json:"digits"`
	Scale    int                `json:"scale"`
	// Omitted is the number of posted records from the first day on that the document leaves out, because they had no
	// amount in the currency.
	Omitted int `json:"omitted,omitempty"`
	// Unconverted contains the first of these records, at most maxNamedInDocument. The document names them. It is nil
	// in the documents of formats 1 and 2.
	Unconverted []domain.TransactionID `json:"unconverted,omitempty"`
	// BankReadAt is printed in the document. It is zero if it was not known, and in the documents of format 1.
	BankReadAt time.Time `json:"bankReadAt,omitzero"`
}

// PostedCount returns the number of the posted records from the first day on.
func (s ClosedStatement) PostedCount() int { return s.Credits.Count + s.Debits.Count }

// PostedSum returns the sum of the posted records from the first day on: the closing balance minus the opening balance.
func (s ClosedStatement) PostedSum() decimal.Decimal { return s.Credits.Sum.Sub(s.Debits.Sum) }

// Period returns the days of the statement of the period.
func (c Close) Period() domain.Window {
	if c.Statement == nil {
		return domain.Window{To: c.Date}
	}
	return domain.Window{From: c.Statement.From, To: c.Date}
}

// Document returns the statement of the period as it was closed. It returns the same statement each time. Errors:
// Conflict (no_account_amount) if there is none.
func (c Close) Document() (Statement, error) {
	if c.Statement == nil {
		return Statement{}, &domain.Error{Kind: domain.Conflict, Code: domain.NoAccountAmount}
	}
	s := c.Statement
	return Statement{
		ID: c.documentID(), CreatedAt: c.ClosedAt, Currency: s.Currency, Period: c.Period(), Balances: s.Balances,
		Credits: s.Credits, Debits: s.Debits, Digits: s.Digits, Scale: s.Scale, Completeness: c.Completeness,
		BankReadAt: s.BankReadAt, OmitUnconverted: true, Unconverted: s.Unconverted,
		Omitted: s.Omitted - len(s.Unconverted), Format: s.Format,
		Account: domain.Account{
			ID: c.Account, AccountData: domain.AccountData{
				Type: s.Type, Name: s.Name, Number: s.Number, Currency: s.Currency,
			}, Vendor: s.Vendor,
		},
	}, nil
}

// documentID returns the id of the statement of the period. It is a UUID of version 8, made from a hash of the account,
// the date and the time of the close.
func (c Close) documentID() (id uuid.UUID) {
	sum := sha256.Sum256([]byte(c.Account.String() + " " + string(c.Date) + " " +
		c.ClosedAt.UTC().Format(time.RFC3339Nano)))
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

// CloseSum computes a Close from the records of an account: the digest of all live records up to a day, and the values
// of the statement of the period.
type CloseSum struct {
	digest    *CloseDigest
	date      domain.Date
	first     domain.Date // the earliest date of a record; "" without records
	from      domain.Date // the first day of the statement; "" if it is the date of the first record
	account   domain.Account
	statement *StatementSum // nil if the account has no currency
}

// NewCloseSum returns a sum without records. from is the result of CloseRequest.FirstDay.
func NewCloseSum(account domain.Account, c Completeness, date, from domain.Date) *CloseSum {
	s := &CloseSum{digest: NewCloseDigest(account.Currency), date: date, from: from, account: account}
	s.statement, _ = NewStatementSum(account, c, domain.Window{From: s.from, To: date})
	return s
}

// Clone returns a copy of the sum. Records that are added to one of the two do not change the other.
func (s *CloseSum) Clone() *CloseSum {
	clone := *s
	clone.digest = s.digest.Clone()
	if s.statement != nil {
		statement := *s.statement
		statement.statement.Unconverted = slices.Clip(statement.statement.Unconverted)
		clone.statement = &statement
	}
	return &clone
}

// LastDay returns the last day whose records must be passed to Add. It can be later than the day of the close,
// because the balance also depends on the records up to the first day of the baseline.
func (s *CloseSum) LastDay() domain.Date {
	if s.statement == nil {
		return s.date
	}
	return s.statement.Window().To
}

// Add adds a live record. The records must be added in the order of their ids.
func (s *CloseSum) Add(id domain.TransactionID, status domain.TransactionStatus, r SumRow) {
	if r.Date <= s.date {
		s.digest.Add(id, status, r.Date, r.Amount, r.AccountMoney)
		if s.first == "" {
			s.first = r.Date
		}
		s.first = min(s.first, r.Date)
	}
	if s.statement == nil || status != domain.Posted {
		return
	}
	s.statement.Add(id, r)
}

// Close returns the closed period of the added records.
func (s *CloseSum) Close(r CloseRequest, c Completeness) Close {
	from := cmp.Or(s.from, s.first, s.date)
	closed := s.digest.Close(s.account.ID, r, c)
	if closed.Completeness == Complete && !c.billsCover(from, s.date) {
		closed.Completeness = CompletenessUnknown
	}
	if s.statement == nil {
		return closed
	}
	st := s.statement.Statement(uuid.Nil, s.date, r.At)
	closed.Statement = &ClosedStatement{
		Format: DocumentFormat, Vendor: s.account.Vendor, Type: s.account.Type, Name: s.account.Name,
		Number: s.account.Number, Currency: st.Currency, From: from, Balances: st.Balances,
		Credits: st.Credits, Debits: st.Debits, Digits: st.Digits, Scale: st.Scale,
		BankReadAt: closed.BankReadAt, Omitted: len(st.Unconverted),
		Unconverted: slices.Clone(st.Unconverted[:min(len(st.Unconverted), maxNamedInDocument)]),
	}
	return closed
}
