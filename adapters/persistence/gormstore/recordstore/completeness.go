package recordstore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// completenessRow is a row of account_completeness: the books.Completeness of an account, encoded as JSON, and the
// columns that queries about several accounts use.
type completenessRow struct {
	Account    uuid.UUID         `gorm:"column:account_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	State      string            `gorm:"column:state"`
	Compared   bool              `gorm:"column:compared"`
	Nothing    bool              `gorm:"column:incomparable"`
	Drift      gormstore.Instant `gorm:"column:drift_since"`
	Announced  string            `gorm:"column:announced;<-:false"` // only AnnounceCompleteness writes it
	Changed    gormstore.Instant `gorm:"column:changed_since"`      // Completeness.Changed.Since
	First      string            `gorm:"column:changed_from"`       // Completeness.Changed.First
	Decided    gormstore.Instant `gorm:"column:decided_at"`         // Completeness.Changed.Decided
	Elsewhere  gormstore.Instant `gorm:"column:drift_elsewhere"`    // Completeness.DriftElsewhere
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (completenessRow) TableName() string { return "account_completeness" }

// domain returns the row as a books.Completeness, without the removals that are held back.
func (r completenessRow) domain() (c books.Completeness, err error) {
	err = json.Unmarshal([]byte(r.State), &c)
	c.Changed = books.ChangedRecords{Since: r.Changed.Time, First: domain.Date(r.First), Decided: r.Decided.Time}
	return c, err
}

// balanceRow is a row of account_balances: the balances of an account as they were last read on one day.
type balanceRow struct {
	Account    uuid.UUID         `gorm:"column:account_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	Day        string            `gorm:"column:day"`
	At         gormstore.Instant `gorm:"column:read_at"`
	Currency   string            `gorm:"column:currency"`
	Balance    string            `gorm:"column:balance"`
	Posted     string            `gorm:"column:posted"`
	Anchor     string            `gorm:"column:anchor"`
	BankRead   gormstore.Instant `gorm:"column:bank_read_at"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
	FirstRead  gormstore.Instant `gorm:"column:first_read_at"` // see records.CompletenessChange
}

// TableName returns the name of the table in the schema.
func (balanceRow) TableName() string { return "account_balances" }

// domain returns the row as a books.AccountBalance. It returns an error if an amount is not a number, which can happen
// only if another program wrote the row.
func (r balanceRow) domain() (books.AccountBalance, error) {
	b := books.AccountBalance{Day: domain.Date(r.Day), At: r.At.Time, Currency: r.Currency, BankReadAt: r.BankRead.Time}
	var failed error
	for _, column := range []struct {
		text string
		into *decimal.Decimal
	}{{r.Balance, &b.Balance}, {r.Posted, &b.Posted}, {r.Anchor, &b.Anchor}} {
		amount, err := gormstore.ParseAmount(column.text)
		*column.into, failed = amount, errors.Join(failed, err)
	}
	return b, failed
}

// Conflict clauses for inserts into account_completeness and account_balances. If the row already exists, it is
// updated.
var (
	upsertCompleteness = clause.OnConflict{
		Columns: []clause.Column{{Name: "account_id"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"connection_id", "state", "compared", "incomparable", "drift_since", "changed_since", "changed_from",
			"decided_at", "drift_elsewhere",
		}),
	}
	upsertBalance = clause.OnConflict{
		Columns: []clause.Column{{Name: "account_id"}, {Name: "day"}, {Name: "tenant_id"}},
		DoUpdates: append(clause.AssignmentColumns([]string{
			"connection_id", "read_at", "currency", "balance", "posted", "anchor", "bank_read_at",
		}), clause.Assignment{
			Column: clause.Column{Name: "first_read_at"},
			Value:  gorm.Expr("coalesce(excluded.first_read_at, account_balances.first_read_at)"),
		}),
	}
)

// saveCompleteness stores c as the completeness of an account.
func saveCompleteness(tx *gorm.DB, account accountKeys, c books.Completeness) error {
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return tx.Clauses(upsertCompleteness).Create(&completenessRow{
		Account: account.ID, Connection: account.Connection, Tenant: account.Tenant,
		State: string(state), Compared: c.Decided(), Nothing: c.Incomparable(), Drift: gormstore.At(c.DriftSince()),
		Changed: gormstore.At(c.Changed.Since), First: string(c.Changed.First),
		Decided: gormstore.At(c.Changed.Decided), Elsewhere: gormstore.At(c.DriftElsewhere()),
	}).Error
}

// accountKeys contains the columns of an account that identify it.
type accountKeys struct {
	ID         uuid.UUID `gorm:"column:id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	ExternalID string    `gorm:"column:external_id"`

	Type     string            `gorm:"column:type"`
	Currency string            `gorm:"column:currency"`
	BankRead gormstore.Instant `gorm:"column:bank_read_at"`
}

// findAccount returns the keys of an account of the tenant. Errors: NotFound.
func findAccount(db *gorm.DB, tenant domain.TenantID, id domain.AccountID) (accountKeys, error) {
	return gormstore.First[accountKeys](db.Table("accounts").Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
}

// completenessOf returns the completeness of an account, or the zero value if none is stored.
func completenessOf(db *gorm.DB, account accountKeys) (c books.Completeness, err error) {
	row, err := gormstore.First[completenessRow](
		db.Where("account_id = ? AND tenant_id = ?", account.ID, account.Tenant),
	)
	if errors.Is(err, domain.NotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return row.domain()
}

// shownCompleteness is like completenessOf, but also sets the members that are not part of the stored state. All fields
// of account must be set.
func shownCompleteness(db *gorm.DB, account accountKeys) (books.Completeness, error) {
	c, err := completenessOf(db, account)
	if err != nil {
		return c, err
	}
	c.AccountReadAt, c.Currency = account.BankRead.Time, account.Currency
	var link []gormstore.ConnectionRow
	err = db.Select("needs_reauth", "consent_status", "consent_expires_at").
		Where("id = ? AND tenant_id = ?", account.Connection, account.Tenant).Find(&link).Error
	for _, row := range link {
		connection := row.Domain()
		c.Link = books.LinkState{NeedsReauth: connection.Health.NeedsReauth, Consent: connection.Consent}
	}
	if err != nil || c.Last == nil {
		return c, err
	}
	c.Held, err = heldRecords(db, account)
	return c, err
}

// maxHeldRead is how many removals of an account that a listing proposed are read to find the earliest date. A listing
// may lack half of a million rows. If more are held back, any date may be among them.
const maxHeldRead = 1000

// heldRemovals selects the removals of an account that are held back: the announced ones, and those of posted records
// that a listing lacked. The latter have no date of their own.
const heldRemovals = `SELECT min(CASE WHEN day IS NOT NULL THEN since END) AS since, min(day) AS day,
		sum(listed) AS listed FROM (
		SELECT announced_at AS since, date AS day, 0 AS listed FROM row_states
			WHERE connection_id = ? AND tenant_id = ? AND account = ? AND announced_state = 'held'
		UNION ALL SELECT s.held_at, (SELECT t.date FROM transactions t
				WHERE t.connection_id = s.connection_id AND t.external_id = s.external_id AND t.tenant_id = s.tenant_id
				AND t.status = 'posted' AND t.removed_at IS NULL AND t.excluded_at IS NULL), 1
			FROM (SELECT connection_id, tenant_id, external_id, held_at FROM row_states
				WHERE connection_id = ? AND tenant_id = ? AND account = ? AND held_at IS NOT NULL
				ORDER BY held_at LIMIT ?) s
	) AS held HAVING count(day) > 0`

// heldRecords returns the records of an account whose removal is held back.
func heldRecords(db *gorm.DB, account accountKeys) (held books.ChangedRecords, err error) {
	var found []struct {
		Since  gormstore.Instant
		Day    string
		Listed int
	}
	of := []any{account.Connection, account.Tenant, account.ExternalID}
	err = db.Raw(heldRemovals, append(slices.Concat(of, of), maxHeldRead)...).Scan(&found).Error
	for _, h := range found {
		if held.Since, held.First = h.Since.Time, domain.Date(h.Day); h.Listed == maxHeldRead {
			held.First = ""
		}
	}
	return held, err
}

// Completeness reads the account and its completeness.
func (s ledger) Completeness(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (c books.Completeness, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		account, err := findAccount(db, tenant, id)
		if err == nil {
			c, err = shownCompleteness(db, account)
		}
		return err
	})
	return c, err
}

// UpdateCompleteness locks the account's row of account_completeness until the transaction commits. If there is no such
// row yet, nothing is locked. UpdateCompleteness and the pull that stores the first reading may then overwrite each
// other's change.
func (s ledger) UpdateCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	entries ports.AuditEntries, fn func(books.Completeness) (books.Completeness, error),
) (c books.Completeness, err error) {
	var refused error
	err = s.Change(ctx, func(tx gormstore.Tx) error {
		account, err := findAccount(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		if c, err = completenessOf(gormstore.Locked(tx.DB, gormstore.ForUpdate), account); err != nil {
			return err
		}
		if c, refused = fn(c); refused != nil {
			return refused
		}
		if err := saveCompleteness(tx.DB, account, c); err != nil {
			return err
		}
		if c, err = shownCompleteness(tx.DB, account); err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	if refused != nil {
		err = refused
	}
	if err != nil {
		return books.Completeness{}, err
	}
	return c, nil
}

// Balances scans the primary key backwards, so that the latest day comes first.
func (s ledger) Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest,
) (domain.Page[books.AccountBalance], error) {
	var found domain.Page[books.AccountBalance]
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).Order("day DESC")
		if window.From != "" {
			query = query.Where("day >= ?", string(window.From))
		}
		if window.To != "" {
			query = query.Where("day <= ?", string(window.To))
		}
		if !page.After.IsZero() {
			if _, err := domain.ParseDate(page.After.Key); err != nil {
				return gormstore.InvalidCursor()
			}
			query = query.Where("day < ?", page.After.Key)
		}
		found, err = gormstore.ListConverted(
			query,
			page,
			balanceRow.domain,
			func(b books.AccountBalance) domain.Position {
				return domain.Position{Key: string(b.Day), ID: account.UUID}
			},
		)
		return err
	})
	return found, err
}
