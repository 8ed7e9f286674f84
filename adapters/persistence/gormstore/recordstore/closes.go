package recordstore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Each connection has a lock, so that no records are written while a period is closed:
//
//   - A transaction that writes records takes the lock in shared mode (Dialect.ShareConnection). It then reads whether
//     a period is closed.
//   - A transaction that closes a period takes the lock exclusively (Dialect.ExcludeWriters). It then checks that the
//     records have not changed since a snapshot in which they were read, or reads the changed records again (see
//     closeReading).
//
// The digest of the closed period therefore includes every earlier write. A later write finds the closed period, and
// stores its adjustments.

// shareConnections takes the shared locks of connections of the tenant (see Dialect.ShareConnection) with a separate
// statement.
func shareConnections(d gormstore.Dialect, tx gormstore.Tx, tenant uuid.UUID, connections ...string) error {
	var shared bool
	among := d.AnyOf("id", connections)
	q := gormstore.NewQuery("SELECT "+d.ShareConnection("id")+" FROM connections WHERE tenant_id = ?",
		gormstore.UUID(tenant))
	q.Add(" AND "+among.SQL, among.Vars...)
	return tx.Read(q.AsRead([]any{&shared}, func() error { return nil }))
}

// closeRow is a row of account_closes: a closed period.
//
// The closed periods and the adjustments of an account share one numbering: the position of a period, and the seq of an
// adjustment. Position is the highest number in use when the period was closed. All adjustments of this period have a
// higher seq.
type closeRow struct {
	Account      uuid.UUID         `gorm:"column:account_id"`
	Date         string            `gorm:"column:date"`
	Connection   uuid.UUID         `gorm:"column:connection_id"`
	Position     int64             `gorm:"column:position"`
	Count        int               `gorm:"column:records"`
	Sum          *string           `gorm:"column:total"`
	Currency     string            `gorm:"column:currency"`
	Digest       []byte            `gorm:"column:digest"`
	ClosedAt     gormstore.Instant `gorm:"column:closed_at"`
	ClosedBy     string            `gorm:"column:closed_by"`
	Completeness string            `gorm:"column:completeness"`
	Document     string            `gorm:"column:document"` // books.ClosedStatement as JSON; "" if the close has none
	BankRead     gormstore.Instant `gorm:"column:bank_read_at"`
	CoveredSince gormstore.Instant `gorm:"column:covered_since"`
	CoveredState string            `gorm:"column:covered_state"`
	Without      int               `gorm:"column:without_amount"` // Close.WithoutAmount
	Tenant       uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (closeRow) TableName() string { return "account_closes" }

// reopenedRow is a row of reopened_closes: a close that was reopened.
type reopenedRow struct {
	Row        closeRow          `gorm:"embedded"`
	ReopenedAt gormstore.Instant `gorm:"column:reopened_at"`
}

// TableName returns the name of the table in the schema.
func (reopenedRow) TableName() string { return "reopened_closes" }

// domain is like closeRow.domain.
func (r reopenedRow) domain() (books.Close, error) {
	c, err := r.Row.domain()
	c.ReopenedAt = r.ReopenedAt.Time
	return c, err
}

func newCloseRow(c books.Close, account accountKeys, position int64) (*closeRow, error) {
	row := &closeRow{
		Account: account.ID, Connection: account.Connection, Tenant: account.Tenant, Date: string(c.Date),
		Position: position, Count: c.Count, Currency: c.Currency, Digest: c.Digest[:],
		ClosedAt: gormstore.At(c.ClosedAt), ClosedBy: c.ClosedBy, Completeness: string(c.Completeness),
		BankRead: gormstore.At(c.BankReadAt), Without: c.WithoutAmount,
	}
	if c.Sum.Valid {
		sum := c.Sum.Decimal.String()
		row.Sum = &sum
	}
	if c.Statement == nil {
		return row, nil
	}
	document, err := json.Marshal(c.Statement)
	row.Document = string(document)
	return row, err
}

// domain returns the row as a books.Close. It returns an error if the sum or the digest is not valid, which can happen
// only if another program wrote the row.
func (r closeRow) domain() (books.Close, error) {
	c := books.Close{
		Account: domain.AccountID{UUID: r.Account}, Date: domain.Date(r.Date), Count: r.Count, Currency: r.Currency,
		ClosedAt: r.ClosedAt.Time, ClosedBy: r.ClosedBy, Completeness: books.CompletenessState(r.Completeness),
		BankReadAt: r.BankRead.Time, CoveredSince: r.CoveredSince.Time,
		CoveredCompleteness: books.CompletenessState(r.CoveredState), WithoutAmount: r.Without,
	}
	if len(r.Digest) != sha256.Size {
		return books.Close{}, errors.New("a stored digest is not a SHA-256 hash")
	}
	c.Digest = [sha256.Size]byte(r.Digest)
	if r.Sum != nil {
		sum, err := decimal.NewFromString(*r.Sum) // a sum can have more digits than an amount
		if err != nil {
			return books.Close{}, gormstore.ErrStoredAmount
		}
		c.Sum = decimal.NullDecimal{Decimal: sum, Valid: true}
	}
	if r.Document != "" {
		c.Statement = &books.ClosedStatement{}
		return c, json.Unmarshal([]byte(r.Document), c.Statement)
	}
	return c, nil
}

// findClose returns the closed period of the account that ends on the given date. Errors: NotFound.
func findClose(
	db *gorm.DB, tenant domain.TenantID, account domain.AccountID, date domain.Date,
) (closeRow, error) {
	return gormstore.First[closeRow](
		db.Where("account_id = ? AND date = ? AND tenant_id = ?", account.UUID, string(date),
			tenant.UUID),
	)
}

// ClosePeriod first looks up the account and an existing closed period that ends on the requested date, with the short
// timeout for requests. If there is no such period, it reads the records and closes the period (see closeReading).
func (s ledger) ClosePeriod(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, r books.CloseRequest,
	steps ports.CloseSteps, entries ports.AuditEntries,
) (c books.Close, wasCreated bool, err error) {
	var account accountKeys
	err = s.Read(ctx, func(db *gorm.DB) error {
		if account, err = findAccount(db, tenant, id); err != nil {
			return err
		}
		if c, wasCreated, err = existingClose(db, tenant, id, r.Date); err != nil {
			return err
		}
		_, err = firstDayOf(db, account, r)
		return err
	})
	if err != nil || !wasCreated {
		return c, false, err
	}
	closing := closing{ledger: s, request: r, steps: steps, entries: entries}
	var reading *closeReading
	for attempt := range closeAttempts {
		if reading, err = closing.readRecords(ctx, account, reading); err != nil {
			return books.Close{}, false, gormstore.Translate(ctx, err)
		}
		c, wasCreated, err = closing.store(ctx, &account, reading, attempt == closeAttempts-1)
		if !errors.Is(err, errRecordsChanged) {
			break
		}
	}
	if err != nil {
		return books.Close{}, false, err
	}
	return c, wasCreated, nil
}

// errRecordsChanged reports that records have changed since they were read to close a period.
var errRecordsChanged = errors.New("records have changed since they were read")

// closing closes a period of an account.
type closing struct {
	ledger

	request books.CloseRequest
	steps   ports.CloseSteps
	entries ports.AuditEntries
}

// store stores the closed period of the reading, and sets account to the current keys of the account. If the records
// or the completeness have changed since the reading, so that the closed period would differ, store returns
// errRecordsChanged. If isLast is set, it reads the changed records again instead, and stores the resulting closed
// period.
func (s closing) store(
	ctx context.Context, account *accountKeys, reading *closeReading, isLast bool,
) (c books.Close, wasCreated bool, err error) {
	tenant, id := domain.TenantID{UUID: account.Tenant}, domain.AccountID{UUID: account.ID}
	changed := false
	var refused error
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		changed, refused = false, nil
		if *account, err = s.excludeWriters(tx, *account); err != nil {
			return err
		}
		c, wasCreated, err = existingClose(tx.DB, tenant, id, s.request.Date)
		if err != nil || !wasCreated {
			return err
		}
		if err := s.evaluateDueBills(tx, *account, reading.closed.ClosedAt); err != nil {
			return err
		}
		if changed, err = s.hasChanged(tx, reading, *account); err != nil {
			return err
		}
		if changed && !isLast {
			return errRecordsChanged // rolls back
		}
		at, err := tick(tx, account.Tenant, account.Connection, reading.closed.ClosedAt)
		if err != nil {
			return err
		}
		if c = reading.closed; changed {
			if c, refused, err = s.readAgain(ctx, tx, reading, *account, at); refused != nil || err != nil {
				return errors.Join(refused, err)
			}
		}
		position, err := lastPosition(tx.DB, *account)
		if err != nil {
			return err
		}
		row, err := newCloseRow(c, *account, position)
		if err != nil {
			return err
		}
		if err := tx.Create(row).Error; err != nil {
			return err
		}
		return tx.Record(tenant, s.entries)
	})
	switch {
	case refused != nil:
		err = refused
	case changed && !isLast:
		err = errRecordsChanged
	}
	return c, wasCreated, err
}

// excludeWriters waits for the transactions that write records of the account's connection, and prevents further writes
// until tx ends (see Dialect.ExcludeWriters). It returns the current keys of the account. If the account has moved to
// another connection meanwhile, the writers of that connection are excluded, too.
func (s ledger) excludeWriters(tx gormstore.Tx, account accountKeys) (accountKeys, error) {
	for {
		if err := s.Dialect.ExcludeWriters(tx.DB, account.Tenant, account.Connection); err != nil {
			return account, err
		}
		present, err := findAccount(tx.DB, domain.TenantID{UUID: account.Tenant}, domain.AccountID{UUID: account.ID})
		if err != nil || present.Connection == account.Connection {
			return present, err
		}
		account = present
	}
}

// existingClose returns the closed period that ends on the given date. If there is none, isMissing is true, and the
// error is nil.
func existingClose(
	db *gorm.DB, tenant domain.TenantID, account domain.AccountID, date domain.Date,
) (c books.Close, isMissing bool, err error) {
	row, err := findClose(db, tenant, account, date)
	if errors.Is(err, domain.NotFound) {
		return c, true, nil
	}
	if err == nil {
		c, err = row.domain()
	}
	return c, false, err
}

// lastPosition returns the position for a new closed period of the account; see closeRow.
func lastPosition(tx *gorm.DB, account accountKeys) (position int64, err error) {
	err = tx.Raw(`SELECT max(last) FROM (
			SELECT coalesce(max(position), 0) AS last FROM account_closes WHERE account_id = ? AND tenant_id = ?
			UNION ALL
			SELECT coalesce(max(seq), 0) FROM close_adjustments WHERE account_id = ? AND tenant_id = ?
		) AS places`, account.ID, account.Tenant, account.ID, account.Tenant).Scan(&position).Error
	return position, err
}

// ReopenPeriod moves the closed period to the reopened ones. It also deletes the period's adjustments, except those
// that also belong to another closed period.
func (s ledger) ReopenPeriod(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, date domain.Date, at time.Time,
	entries ports.AuditEntries,
) error {
	var account accountKeys
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		account, err = findAccount(db, tenant, id)
		return err
	})
	if err != nil {
		return err
	}
	return s.Background().Change(ctx, func(tx gormstore.Tx) error {
		if account, err = s.excludeWriters(tx, account); err != nil {
			return err
		}
		closed, err := findClose(tx.DB, tenant, id, date)
		if err != nil {
			return err
		}
		if at, err = tick(tx, account.Tenant, account.Connection, at); err != nil {
			return err
		}
		if err := tx.Create(&reopenedRow{closed, gormstore.At(at)}).Error; err != nil {
			return err
		}
		err = tx.Where("account_id = ? AND date = ? AND tenant_id = ?", account.ID, string(date), account.Tenant).
			Delete(&closeRow{}).Error
		if err != nil {
			return err
		}
		err = tx.Exec(`DELETE FROM close_adjustments WHERE account_id = ? AND tenant_id = ? AND NOT EXISTS (
			SELECT 1 FROM account_closes WHERE `+gormstore.OfClose+`)`, account.ID, account.Tenant).Error
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
}

// Closes implements ports.Closes.
func (s ledger) Closes(ctx context.Context, tenant domain.TenantID, account domain.AccountID, reopened bool,
	page domain.PageRequest,
) (found domain.Page[books.Close], err error) {
	list := listCloses
	if reopened {
		list = listReopened
	}
	err = s.Read(ctx, func(db *gorm.DB) (err error) {
		found, err = list(db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID), account, page)
		return err
	})
	return found, err
}

// listCloses scans the primary key backwards, so that the latest day comes first.
func listCloses(query *gorm.DB, account domain.AccountID, page domain.PageRequest) (domain.Page[books.Close], error) {
	if !page.After.IsZero() {
		if _, err := domain.ParseDate(page.After.Key); err != nil {
			return domain.Page[books.Close]{}, gormstore.InvalidCursor()
		}
		query = query.Where("date < ?", page.After.Key)
	}
	return gormstore.ListConverted(query.Order("date DESC"), page, closeRow.domain,
		func(c books.Close) domain.Position { return domain.Position{Key: string(c.Date), ID: account.UUID} })
}

// listReopened returns the last reopened period first.
func listReopened(query *gorm.DB, account domain.AccountID, page domain.PageRequest) (domain.Page[books.Close], error) {
	if !page.After.IsZero() {
		before, err := domain.ParseTimeKey(page.After.Key)
		if err != nil {
			return domain.Page[books.Close]{}, gormstore.InvalidCursor()
		}
		query = query.Where("reopened_at < ?", gormstore.At(before))
	}
	return gormstore.ListConverted(query.Order("reopened_at DESC"), page, reopenedRow.domain,
		func(c books.Close) domain.Position {
			return domain.Position{Key: domain.TimeKey(c.ReopenedAt), ID: account.UUID}
		})
}

// Adjustments scans the primary key backwards, so that the newest adjustment comes first.
func (s ledger) Adjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
	page domain.PageRequest,
) (domain.Page[books.Adjustment], error) {
	var found domain.Page[books.Adjustment]
	err := s.Read(ctx, func(db *gorm.DB) error {
		c, err := findClose(db, tenant, account, date)
		if err != nil {
			return err
		}
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).
			Where("seq > ? AND day <= ?", c.Position, c.Date).Order("seq DESC")
		if !page.After.IsZero() {
			before, err := strconv.ParseInt(page.After.Key, 10, 64)
			if err != nil || page.After.ID != account.UUID {
				return gormstore.InvalidCursor()
			}
			query = query.Where("seq < ?", before)
		}
		rows, err := gormstore.List(query, page, func(r adjustmentRow) adjustmentRow { return r },
			func(r adjustmentRow) domain.Position {
				return domain.Position{Key: strconv.FormatInt(r.Seq, 10), ID: account.UUID}
			})
		found.Next = rows.Next
		for _, row := range rows.Items {
			found.Items = append(found.Items, row.domain())
		}
		return err
	})
	return found, err
}
