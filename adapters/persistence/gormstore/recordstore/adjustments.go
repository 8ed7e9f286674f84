package recordstore

import (
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// adjustmentRow is a row of close_adjustments: a change of a transaction after a period of the account was closed. Seq
// numbers the adjustments of the account. An adjustment belongs to a closed period of the account under two conditions:
//
//   - The period was closed before the change: its position is lower than Seq.
//   - The period ends on Day or later.
type adjustmentRow struct {
	Account     uuid.UUID         `gorm:"column:account_id"`
	Seq         int64             `gorm:"column:seq"`
	Transaction uuid.UUID         `gorm:"column:transaction_id"`
	Version     int               `gorm:"column:version"`
	Change      string            `gorm:"column:change"`
	At          gormstore.Instant `gorm:"column:made_at"`
	Day         string            `gorm:"column:day"`
	Before      string            `gorm:"column:members_before"`
	After       string            `gorm:"column:members_after"`
	Tenant      uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (adjustmentRow) TableName() string { return "close_adjustments" }

func (r adjustmentRow) domain() books.Adjustment {
	a := books.Adjustment{
		Account: domain.AccountID{UUID: r.Account}, Transaction: domain.TransactionID{UUID: r.Transaction},
		Version: r.Version, Change: domain.ChangeKind(r.Change), At: r.At.Time,
	}
	if m, ok := domain.ParseCoveredMembers(r.Before); ok {
		a.Before = &m
	}
	if m, ok := domain.ParseCoveredMembers(r.After); ok {
		a.After = &m
	}
	return a
}

// adjustmentBatch is the maximum number of rows in one INSERT. It keeps the number of parameters below the
// limits of both databases.
const adjustmentBatch = 200

// selectHasCloses is a SELECT that yields whether a connection has an account with a closed period. Its parameters are
// the connection and the tenant.
const selectHasCloses = `SELECT EXISTS (SELECT 1 FROM account_closes
	WHERE account_closes.connection_id = ? AND account_closes.tenant_id = ?)`

// storeAdjustments stores the adjustments that result from all changes of the database transaction, and their events.
// It numbers the adjustments in the order of the ids of their records.
func (p *pageWriter) storeAdjustments(
	adjustments []books.Adjustment, closes map[domain.AccountID]*accountCloses,
) error {
	if len(adjustments) == 0 {
		return nil
	}
	domain.SortLarge(adjustments, func(x, y books.Adjustment) int {
		return x.Transaction.Compare(y.Transaction)
	})
	rows := make([]adjustmentRow, len(adjustments))
	for i, a := range adjustments {
		c := closes[a.Account]
		c.seq++
		rows[i] = newAdjustmentRow(a, c.seq, p.pull.Tenant)
	}
	if err := p.tx.CreateInBatches(rows, adjustmentBatch).Error; err != nil {
		return err
	}
	closed, err := p.readClosed()
	if err != nil {
		return err
	}
	return p.recordEvents(records.OfAdjustments(adjustments, closed)...)
}

// readClosed returns the closed periods of the connection's accounts.
func (p *pageWriter) readClosed() (closed []records.ClosedPeriod, err error) {
	var closes []closeRow
	err = p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
		Select("account_id", "date").Order("account_id, date").Find(&closes).Error
	for _, c := range closes {
		closed = append(closed, records.ClosedPeriod{
			Account: domain.AccountID{UUID: c.Account}, Day: domain.Date(c.Date),
		})
	}
	return closed, err
}

func newAdjustmentRow(a books.Adjustment, seq int64, tenant uuid.UUID) adjustmentRow {
	row := adjustmentRow{
		Account: a.Account.UUID, Seq: seq, Transaction: a.Transaction.UUID, Version: a.Version,
		Change: string(a.Change), At: gormstore.At(a.At), Day: string(a.Day()), Tenant: tenant,
	}
	if a.Before != nil {
		row.Before = a.Before.String()
	}
	if a.After != nil {
		row.After = a.After.String()
	}
	return row
}

// accountCloses summarizes the closed periods of an account. It is needed to store the account's adjustments.
type accountCloses struct {
	lastDay domain.Date // the latest closed day
	seq     int64       // the highest number in use; adjustments (seq) and closed periods (position) share the numbers
}

// readCloses returns a summary of the closed periods of each of the connection's accounts.
func (p *pageWriter) readCloses() (map[domain.AccountID]*accountCloses, error) {
	q := gormstore.NewQuery(`SELECT account_id, max(date), max(position), `+selectLastSeq+`
		FROM account_closes WHERE connection_id = ? AND tenant_id = ? GROUP BY account_id, tenant_id`,
		gormstore.UUID(p.pull.Connection), gormstore.UUID(p.pull.Tenant))
	closes := map[domain.AccountID]*accountCloses{}
	var account domain.AccountID
	var lastDay string
	var position, seq int64
	columns := []any{(*gormstore.UUID)(&account.UUID), (*gormstore.Text)(&lastDay), &position, &seq}
	err := p.tx.Read(q.AsRead(columns, func() error {
		closes[account] = &accountCloses{lastDay: domain.Date(lastDay), seq: max(position, seq)}
		return nil
	}))
	return closes, err
}

// selectLastSeq is an SQL expression for use in a statement on account_closes. It is the highest seq of the account's
// adjustments, or 0 if the account has no adjustments.
const selectLastSeq = `coalesce((SELECT max(seq) FROM close_adjustments WHERE
	close_adjustments.account_id = account_closes.account_id AND
	close_adjustments.tenant_id = account_closes.tenant_id), 0)`
