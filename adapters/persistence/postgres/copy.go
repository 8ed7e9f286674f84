package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// copyColumns are in the order of copyValues.
var copyColumns = []string{
	"id", "tenant_id", "connection_id", "vendor", "account_id", "account", "external_id", "amount", "currency",
	"account_amount", "account_currency", "status", "date", "occurred_at", "description", "category", "counterparty",
	"metadata", "digest", "version", "first_seen_at", "updated_at", "change_tx", "source",
}

// copyNew inserts rows that are not there yet. PostgreSQL writes what comes by COPY page by
// page, and an INSERT row by row, which takes a seventh longer.
func copyNew(ctx context.Context, conn *sql.Conn, rows []gormstore.TransactionRow) error {
	return raw(conn, func(c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"transactions"}, copyColumns,
			pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return copyValues(&rows[i]) }))
		return err
	})
}

func copyValues(r *gormstore.TransactionRow) ([]any, error) {
	amount, err := numeric(&r.Amount)
	if err != nil {
		return nil, err
	}
	accountAmount, err := numeric(r.AccountAmount)
	if err != nil {
		return nil, err
	}
	occurred, firstSeen, updated := r.Times()
	return []any{
		plainID(r.ID), plainID(r.Tenant), plainID(r.Connection), r.Vendor, nullID(r.AccountID), r.Account, r.ExternalID,
		amount, r.Currency, accountAmount, r.AccountCurrency, r.Status, r.Date, nullTime(occurred), r.Description,
		r.Category, r.Counterparty, r.Metadata, r.Digest, r.Version, firstSeen, updated, r.ChangeTx, r.Source,
	}, nil
}

// numeric keeps every digit; nil is NULL.
func numeric(amount *string) (n pgtype.Numeric, err error) {
	if amount != nil {
		err = n.Scan(*amount)
	}
	return n, err
}

// nullID is NULL for no account.
func nullID(id uuid.NullUUID) pgtype.UUID { return pgtype.UUID{Bytes: id.UUID, Valid: id.Valid} }

// nullTime is NULL for the zero time.
func nullTime(at time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: at, Valid: !at.IsZero()}
}
