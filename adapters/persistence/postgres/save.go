package postgres

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// saveSQL takes one array a column: one statement, prepared once, for a page of any size.
// Amounts come as texts, exact, and are cast here.
const saveSQL = `
INSERT INTO transactions (id, tenant_id, connection_id, vendor, account_id, account, external_id, amount, currency,
	account_amount, account_currency, status, date, occurred_at, description, category, counterparty, metadata,
	digest, version, first_seen_at, updated_at, change_tx, source)
SELECT id, $1::uuid, $2::uuid, $3::text, account_id, account, external_id, amount::numeric, currency,
	account_amount::numeric, account_currency, status, date, occurred_at, description, category, counterparty, metadata,
	digest, version, first_seen_at, $4::timestamptz, $5::bigint, source
FROM unnest($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
	$14::text[], $15::text[], $16::timestamptz[], $17::text[], $18::text[], $19::text[], $20::bytea[],
	$21::bytea[], $22::integer[], $23::timestamptz[], $24::bytea[])
	AS page (id, account_id, account, external_id, amount, currency, account_amount, account_currency,
	status, date, occurred_at, description, category, counterparty, metadata,
	digest, version, first_seen_at, source)
ON CONFLICT (connection_id, external_id) DO UPDATE SET
	account_id = excluded.account_id, account = excluded.account, amount = excluded.amount, currency = excluded.currency,
	account_amount = excluded.account_amount, account_currency = excluded.account_currency, status = excluded.status,
	date = excluded.date, occurred_at = excluded.occurred_at, description = excluded.description,
	category = excluded.category, counterparty = excluded.counterparty, metadata = excluded.metadata,
	digest = excluded.digest, version = excluded.version, updated_at = excluded.updated_at, removed_at = NULL,
	change_tx = excluded.change_tx, source = excluded.source`

// save writes the rows of one page: one connection, one time, one place in the feed. Those
// of version 1 are not there, for the pull's lock keeps all other writers out; where nobody
// has looked, the first that is there is the error.
func save(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	fresh, edited := parted(rows)
	if len(fresh) > 0 {
		conn, ok := tx.Statement.ConnPool.(*sql.Conn)
		if !ok {
			return errors.New("rows are saved outside of a transaction")
		}
		if err := taken(copyNew(tx.Statement.Context, conn, fresh)); err != nil {
			return err
		}
	}
	if len(edited) == 0 {
		return nil
	}
	return replace(tx, edited)
}

// taken makes the error of a key that is there already one that GORM's callers know.
func taken(err error) error {
	const uniqueViolation = "23505"
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.Code == uniqueViolation {
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	}
	return err
}

// parted tells new rows from edited ones. Mostly all are one or the other.
func parted(rows []gormstore.TransactionRow) (fresh, edited []gormstore.TransactionRow) {
	isNew := func(r gormstore.TransactionRow) bool { return r.Version == 1 }
	if !slices.ContainsFunc(rows, isNew) {
		return nil, rows
	}
	if !slices.ContainsFunc(rows, func(r gormstore.TransactionRow) bool { return !isNew(r) }) {
		return rows, nil
	}
	for _, r := range rows {
		if isNew(r) {
			fresh = append(fresh, r)
		} else {
			edited = append(edited, r)
		}
	}
	return fresh, edited
}

// replace overwrites rows that are there, but for their ids.
func replace(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	head := rows[0]
	_, _, updated := head.Times()
	column := columnsOf(rows)
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, saveSQL,
		head.Tenant, head.Connection, head.Vendor, updated, head.ChangeSeq,
		column.ids, column.accountIDs, column.accounts, column.externalIDs, column.amounts, column.currencies,
		column.accountAmounts, column.accountCurrencies, column.statuses, column.dates, column.occurred,
		column.descriptions, column.categories, column.counterparties, column.metadata,
		column.digests, column.versions, column.firstSeen, column.sources)
	return err
}

// columns are rows turned by a quarter: one array a column, all of one length.
type columns struct {
	ids                                        []plainID
	accountIDs                                 []*plainID
	accounts, externalIDs, amounts, currencies []string
	accountAmounts                             []*string
	accountCurrencies, statuses, dates         []string
	occurred, firstSeen                        []*time.Time
	descriptions, categories, counterparties   []string
	metadata, digests, sources                 [][]byte
	versions                                   []int32
}

// columnsOf gives every column one element a row, NULL where the row has none.
func columnsOf(rows []gormstore.TransactionRow) (c columns) {
	for i := range rows {
		r := &rows[i]
		occurred, firstSeen, _ := r.Times()
		c.ids = append(c.ids, plainID(r.ID))
		c.accountIDs = append(c.accountIDs, idOrNull(r.AccountID))
		c.accounts = append(c.accounts, r.Account)
		c.externalIDs = append(c.externalIDs, r.ExternalID)
		c.amounts = append(c.amounts, r.Amount)
		c.currencies = append(c.currencies, r.Currency)
		c.accountAmounts = append(c.accountAmounts, r.AccountAmount)
		c.accountCurrencies = append(c.accountCurrencies, r.AccountCurrency)
		c.statuses = append(c.statuses, r.Status)
		c.dates = append(c.dates, r.Date)
		c.occurred = append(c.occurred, timeOrNull(occurred))
		c.descriptions = append(c.descriptions, r.Description)
		c.categories = append(c.categories, r.Category)
		c.counterparties = append(c.counterparties, r.Counterparty)
		c.metadata = append(c.metadata, r.Metadata)
		c.digests = append(c.digests, r.Digest)
		c.sources = append(c.sources, r.ContentHash)
		c.versions = append(c.versions, int32(r.Version))
		c.firstSeen = append(c.firstSeen, timeOrNull(firstSeen))
	}
	return c
}

// idOrNull is NULL for no account.
func idOrNull(id uuid.NullUUID) *plainID {
	if !id.Valid {
		return nil
	}
	return (*plainID)(&id.UUID)
}

// timeOrNull is NULL for the zero time.
func timeOrNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
