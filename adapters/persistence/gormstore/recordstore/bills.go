package recordstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billRow is a row of bills.
type billRow struct {
	ID         uuid.UUID         `gorm:"column:id;primaryKey"`
	Account    uuid.UUID         `gorm:"column:account_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	Key        string            `gorm:"column:bill_key"`
	Due        string            `gorm:"column:due_date"`
	Data       string            `gorm:"column:data"`
	Facts      string            `gorm:"column:facts"`
	BankRead   gormstore.Instant `gorm:"column:bank_read_at"`
	Removed    gormstore.Instant `gorm:"column:removed_at"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (billRow) TableName() string { return "bills" }

// domain returns the row as a bill.
func (r billRow) domain() (bills.Stored, error) {
	s := bills.Stored{
		ID: domain.BillID{UUID: r.ID}, Account: domain.AccountID{UUID: r.Account}, BankReadAt: r.BankRead.Time,
		RemovedAt: r.Removed.Time,
	}
	facts := storedFacts{Facts: &s.Facts, CoversTo: &s.CoversTo}
	return s, errors.Join(gormstore.DecodeJSON(r.Data, &s.Data), gormstore.DecodeJSON(r.Facts, &facts))
}

// storedFacts contains the values of the column facts.
type storedFacts struct {
	*bills.Facts

	CoversTo *domain.Date `json:"coversTo,omitempty"`
}

// rowOfBill returns the row of a bill of a connection.
func rowOfBill(s bills.Stored, connection, tenant uuid.UUID) (row billRow, err error) {
	row = billRow{
		ID: s.ID.UUID, Account: s.Account.UUID, Connection: connection, Key: s.Key(), Due: string(s.DueDate),
		BankRead: gormstore.At(s.BankReadAt), Removed: gormstore.At(s.RemovedAt), Tenant: tenant,
	}
	if row.Data, err = gormstore.EncodeJSON(s.Data); err == nil {
		row.Facts, err = gormstore.EncodeJSON(storedFacts{Facts: &s.Facts, CoversTo: &s.CoversTo})
	}
	return row, err
}

// billListRow is a row of bill_lists.
type billListRow struct {
	Account    uuid.UUID         `gorm:"column:account_id;primaryKey"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	State      string            `gorm:"column:state"`
	Open       string            `gorm:"column:open"`
	Read       gormstore.Instant `gorm:"column:read_at"`
	// Day is the day of the latest evaluation, and CoversTo the last day that the reading of the bank covered then.
	Day      string `gorm:"column:day"`
	CoversTo string `gorm:"column:covers_to"`
	// Due is when the bills are evaluated again, because rows of the card have changed since the latest evaluation.
	Due    gormstore.Instant `gorm:"column:due_at"`
	Tenant uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (billListRow) TableName() string { return "bill_lists" }

// BillsReadAt reads the time from the lists of the connection's cards.
func (s pulls) BillsReadAt(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
) (readAt time.Time, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		var lists []billListRow
		err := db.Select("read_at").Where("connection_id = ? AND tenant_id = ?", connection.UUID, tenant.UUID).
			Order("read_at").Limit(1).Find(&lists).Error
		if len(lists) > 0 {
			readAt = lists[0].Read.Time
		}
		return err
	})
	return readAt, err
}

// Bills reads the bills of an account by their due date.
func (s ledger) Bills(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest,
) (domain.Page[bills.Stored], error) {
	var found domain.Page[bills.Stored]
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).
			Order("due_date DESC, id DESC")
		if window.From != "" {
			query = query.Where("due_date >= ?", string(window.From))
		}
		if window.To != "" {
			query = query.Where("due_date <= ?", string(window.To))
		}
		if !page.After.IsZero() {
			if _, err := domain.ParseDate(page.After.Key); err != nil {
				return gormstore.InvalidCursor()
			}
			query = query.Where("(due_date, id) < (?, ?)", page.After.Key, page.After.ID)
		}
		found, err = gormstore.ListConverted(query, page, billRow.domain, bills.Stored.Position)
		return err
	})
	return found, err
}

// BillOverview reads the row of bill_lists.
func (s ledger) BillOverview(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (o bills.Overview, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[billListRow](
			db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID))
		if errors.Is(err, domain.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		o.List = bills.ListState(row.State)
		return gormstore.DecodeJSON(row.Open, &o.Open)
	})
	return o, err
}

// Bill reads one bill.
func (s ledger) Bill(ctx context.Context, tenant domain.TenantID, id domain.BillID) (found bills.Stored, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[billRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err == nil {
			found, err = row.domain()
		}
		return err
	})
	return found, err
}

// BillTransactions reads the index over the bill, the date and the id.
func (s ledger) BillTransactions(ctx context.Context, tenant domain.TenantID, id domain.BillID,
	page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := checkDatePosition(page.After); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	q := gormstore.NewQuery(selectTransactions+"bill_id = ? AND "+gormstore.Counts+" AND "+
		s.Dialect.TenantIs("tenant_id", "?"), gormstore.UUID(id.UUID), gormstore.UUID(tenant.UUID))
	if !page.After.IsZero() {
		q.Add(" AND (date, id) < (?, ?)", page.After.Key, gormstore.UUID(page.After.ID))
	}
	q.Add(" ORDER BY date DESC, id DESC")
	row := gormstore.NewTransactionRow()
	return gormstore.Paged(ctx, s.Rows, q, page, row.Targets(), row.Domain, domain.Transaction.DatePosition)
}

// candidateBatch is the maximum number of payments of one statement.
const candidateBatch = 1000

// PaymentCandidates reads the debits of the tenant's bank accounts by the index over the connection and the date.
func (s ledger) PaymentCandidates(
	ctx context.Context, tenant domain.TenantID, payments []ports.BillPayment,
) ([][]domain.TransactionID, error) {
	found := make([][]domain.TransactionID, 0, len(payments))
	for batch := range slices.Chunk(payments, candidateBatch) {
		candidates, err := s.candidatesOf(ctx, tenant, batch)
		if err != nil {
			return nil, err
		}
		found = append(found, candidates...)
	}
	return found, nil
}

// candidatesOf returns the candidates of at most candidateBatch payments.
func (s ledger) candidatesOf(
	ctx context.Context, tenant domain.TenantID, payments []ports.BillPayment,
) ([][]domain.TransactionID, error) {
	q := candidateQuery(s.Dialect, tenant, payments)
	found := make([][]domain.TransactionID, len(payments))
	var number int
	var id uuid.UUID
	err := s.RowsOf(ctx, tenant.UUID, q.String(), q.Args, gormstore.ScanTargets(&number, &id), func() error {
		found[number] = append(found[number], domain.TransactionID{UUID: id})
		return nil
	})
	return found, err
}

// candidateQuery returns a query for the number of a payment and the id of a candidate.
func candidateQuery(d gormstore.Dialect, tenant domain.TenantID, payments []ports.BillPayment) *gormstore.Query {
	q := gormstore.NewQuery("WITH payments(number, amount, currency, day, first, last) AS (VALUES ")
	for i, p := range payments {
		if i > 0 {
			q.Add(", ")
		}
		q.Add("(CAST(? AS integer), ?, ?, ?, ?, ?)", i, p.Amount.Neg().Normalize().String(), p.Currency, string(p.Date),
			string(p.Date.AddDays(-ports.CandidateDays)), string(p.Date.AddDays(ports.CandidateDays)))
	}
	// SQLite keeps the order of tables that CROSS JOIN joins. Debits of the day of the payment come first.
	q.Add(`), candidates AS (
		SELECT p.number, t.id, row_number() OVER (PARTITION BY p.number ORDER BY t.date <> p.day, t.date, t.id) AS place
		FROM payments p CROSS JOIN accounts a CROSS JOIN transactions t
		WHERE a.tenant_id = ? AND a.type = ? AND a.removed_at IS NULL
			AND t.connection_id = a.connection_id AND t.date >= p.first AND t.date <= p.last
			AND t.account_id = a.id AND `+d.TenantIs("t.tenant_id", "a.tenant_id")+` AND t.status = 'posted'
			AND t.removed_at IS NULL AND t.excluded_at IS NULL AND CAST(t.amount AS text) = p.amount
			AND t.currency = p.currency)
		SELECT number, id FROM candidates WHERE place <= ? ORDER BY number, place`,
		gormstore.UUID(tenant.UUID), string(domain.BankAccount), ports.MaxCandidates)
	return q
}
