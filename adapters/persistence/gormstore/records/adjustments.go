package records

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

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

// pendingAdjustments contains the data from which a database transaction computes the adjustments that result from its
// changes.
type pendingAdjustments struct {
	// hasClosedPeriod is set if an account of the connection has a closed period. If it is not set, there are no
	// adjustments, and replaced stays nil.
	hasClosedPeriod bool
	// replaced maps the id of each changed row to the state of the row before the database transaction.
	replaced map[uuid.UUID]books.RecordState
}

// selectHasCloses is a SELECT that yields whether a connection has an account with a closed period. Its parameters are
// the connection and the tenant.
const selectHasCloses = `SELECT EXISTS (SELECT 1 FROM account_closes
	WHERE account_closes.connection_id = ? AND account_closes.tenant_id = ?)`

// selectStates is a SELECT that returns the columns of a stateRow for each transaction of a connection. Its text ends
// with AND, so the caller must append a condition.
const selectStates = `SELECT id, version, updated_at, removed_at, account_id, status, date, first_seen_at,
	CAST(amount AS text), currency, CAST(account_amount AS text), account_currency
	FROM transactions WHERE connection_id = ? AND `

// stateRow contains the columns of a transaction that influence a closed period.
type stateRow struct {
	summedRow

	id        uuid.UUID
	version   int
	updatedAt time.Time
	removedAt time.Time
}

func (r *stateRow) targets() []any {
	return gormstore.ScanTargets(
		&r.id, &r.version, &r.updatedAt, &r.removedAt, &r.account, (*gormstore.Text)(&r.status),
		(*gormstore.Text)(&r.date), &r.firstSeen, &r.amount, (*gormstore.Text)(&r.currency), &r.accountAmount,
		(*gormstore.Text)(&r.accountCurrent),
	)
}

func (r *stateRow) state() books.RecordState {
	row := r.domain()
	return books.RecordState{
		Account: domain.AccountID{UUID: r.account}, Live: r.removedAt.IsZero(),
		CoveredMembers: domain.NewCoveredMembers(
			domain.TransactionStatus(r.status), row.Date, row.Amount, row.AccountMoney),
	}
}

// readReplaced collects the states of the connection's rows that match the condition. It must be called before these
// rows are replaced. It omits rows that this database transaction has already written.
func (p *pageWriter) readReplaced(condition clause.Expr) error {
	return p.readReplacedOf(p.pull.Connection, condition)
}

// readReplacedOf is like readReplaced, but for the rows of any connection.
func (p *pageWriter) readReplacedOf(connection uuid.UUID, condition clause.Expr) error {
	if !p.adjustments.hasClosedPeriod {
		return nil
	}
	if p.adjustments.replaced == nil {
		p.adjustments.replaced = map[uuid.UUID]books.RecordState{}
	}
	q := gormstore.NewQuery(
		selectStates+gormstore.TenantIs(p.dialect, "tenant_id"),
		gormstore.UUID(connection),
		gormstore.UUID(p.pull.Tenant),
	)
	q.Add(" AND change_tx <> ?", p.changeSeq)
	q.Add(" AND "+condition.SQL, condition.Vars...)
	var row stateRow
	return p.tx.Read(q.AsRead(row.targets(), func() error {
		p.adjustments.replaced[row.id] = row.state()
		return nil
	}))
}

// storeAdjustments stores the adjustments that result from all changes of the transaction, and their events. It must be
// called after the last change.
func (p *pageWriter) storeAdjustments() error {
	if !p.adjustments.hasClosedPeriod {
		return nil
	}
	closes, err := p.readCloses()
	if err != nil {
		return err
	}
	adjustments, err := p.readAdjustments(closes)
	if err != nil || len(adjustments) == 0 {
		return err
	}
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

// readAdjustments returns the adjustments that result from the rows that the database transaction has written. It finds
// these rows by their column change_tx.
func (p *pageWriter) readAdjustments(closes map[domain.AccountID]*accountCloses) ([]books.Adjustment, error) {
	lastDay := func(account domain.AccountID) domain.Date {
		if c := closes[account]; c != nil {
			return c.lastDay
		}
		return ""
	}
	q := gormstore.NewQuery(selectStates+"tenant_id = ? AND change_tx = ? ORDER BY id",
		gormstore.UUID(p.pull.Connection), gormstore.UUID(p.pull.Tenant), p.changeSeq)
	var all []books.Adjustment
	var row stateRow
	err := p.tx.Read(q.AsRead(row.targets(), func() error {
		change := records.RecordChange{
			ID: domain.TransactionID{UUID: row.id}, Version: row.version, At: row.updatedAt, After: row.state(),
		}
		if state, replaced := p.adjustments.replaced[row.id]; replaced {
			change.Before = &state
		}
		all = append(all, change.Adjustments(lastDay)...)
		return nil
	}))
	return all, err
}
