package postgres

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// UpsertTransactions inserts the rows of version 1 by COPY, and overwrites the other rows by an upsert. If a row of
// version 1 is already stored, COPY fails with an error that wraps gorm.ErrDuplicatedKey.
//
// COPY cannot fail in this way if the caller has compared the rows with the stored rows. The lock on the pull excludes
// all other writers after the comparison.
func (d Dialect) UpsertTransactions(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	added, modified := splitByVersion(rows)
	if len(added) > 0 {
		if err := duplicateKey(copyInto(tx, gormstore.TransactionTable, added)); err != nil {
			return err
		}
	}
	if len(modified) == 0 {
		return nil
	}
	args, err := upsertArgs(modified)
	if err != nil {
		return err
	}
	_, err = tx.Statement.ConnPool.ExecContext(tx.Statement.Context, upsertSQL, args...)
	return err
}

// InsertPrepared implements gormstore.Dialect.
func (d Dialect) InsertPrepared(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	return copyInto(tx, gormstore.PreparedTable, rows)
}

// copyInto inserts rows into a table with the columns of transactions.
func copyInto(tx *gorm.DB, table string, rows []gormstore.TransactionRow) error {
	conn, ok := tx.Statement.ConnPool.(*sql.Conn)
	if !ok {
		return errors.New("rows are saved outside of a transaction")
	}
	return copyRows(tx.Statement.Context, conn, table, rows)
}

// splitByVersion separates the new rows (version 1) from the modified rows. Usually all rows are of one kind. In this
// case, the given slice is returned without copying.
func splitByVersion(rows []gormstore.TransactionRow) (added, modified []gormstore.TransactionRow) {
	newRows := 0
	for i := range rows {
		if rows[i].Version == 1 {
			newRows++
		}
	}
	switch newRows {
	case 0:
		return nil, rows
	case len(rows):
		return rows, nil
	}
	for _, r := range rows {
		if r.Version == 1 {
			added = append(added, r)
		} else {
			modified = append(modified, r)
		}
	}
	return added, modified
}

// duplicateKey converts a violation of a unique key to an error that wraps gorm.ErrDuplicatedKey. It returns other
// errors unchanged.
func duplicateKey(err error) error {
	const uniqueViolation = "23505"
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.Code == uniqueViolation {
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	}
	return err
}

// upsertSQL is the upsert of a page. It has one array parameter per column, so that one prepared statement serves pages
// of any size. If a column has the same value in all rows, its array has only one element. Amounts are sent as text,
// which is exact, and the server casts them.
var upsertSQL = func() string {
	param := 0
	var arrays, names []string
	values := gormstore.JoinColumns(func(c gormstore.Column) string {
		param++
		sent := c.Type
		if sent == "numeric" {
			sent = "text"
		}
		if c.Is(gormstore.PerPage) {
			return fmt.Sprintf("($%d::%s[])[1]", param, sent)
		}
		arrays, names = append(arrays, fmt.Sprintf("$%d::%s[]", param, sent)), append(names, c.Name)
		return "page." + c.Name + "::" + c.Type
	})
	return "INSERT INTO transactions (" + columnNames + ") SELECT " + values +
		" FROM unnest(" + strings.Join(arrays, ", ") + ") AS page (" + strings.Join(names,
		", ") + ")" + gormstore.ConflictClause("postgres")
}()

// columnNames is the list of all columns of transactions, separated by commas.
var columnNames = gormstore.JoinColumns(func(c gormstore.Column) string { return c.Name })

// upsertArgs returns the arguments of upsertSQL: one array per column.
func upsertArgs(rows []gormstore.TransactionRow) ([]any, error) {
	args := make([]any, 0, len(gormstore.TransactionColumns))
	for _, c := range gormstore.TransactionColumns {
		written := rows
		if c.Is(gormstore.PerPage) {
			written = rows[:1]
		}
		values := columnValues(c, written)
		if values == nil {
			return nil, fmt.Errorf("column %s has a type that cannot be written", c.Name)
		}
		args = append(args, values)
	}
	return args, nil
}

// columnValues returns the column's value in each row, as a slice that pgx can encode without reflection.
// It returns nil for a type that Column.Field does not list.
func columnValues(c gormstore.Column, rows []gormstore.TransactionRow) any {
	switch c.Field(&rows[0]).(type) {
	case *string:
		return collect(c, rows, func(v *string) string { return *v })
	case *uuid.UUID:
		return collect(c, rows, func(v *uuid.UUID) *plainID { return (*plainID)(unlessZero(v)) })
	case *decimal.Decimal:
		return collect(c, rows, func(v *decimal.Decimal) string { return v.String() })
	case *decimal.NullDecimal:
		return collect(c, rows, amountOrNull)
	case *time.Time:
		return collect(c, rows, timeOrNull)
	case *[]byte:
		return collect(c, rows, func(v *[]byte) []byte { return *v })
	case *json.RawMessage:
		return collect(c, rows, func(v *json.RawMessage) []byte { return gormstore.Pack(*v) })
	case *[sha256.Size]byte:
		return collect(c, rows, func(v *[sha256.Size]byte) []byte { return v[:] })
	case *domain.ContentHash:
		return collect(c, rows, hashOrNull)
	case *int:
		return collect(c, rows, func(v *int) int32 { return int32(*v) })
	case *int64:
		return collect(c, rows, func(v *int64) int64 { return *v })
	}
	return nil
}

// collect returns a slice with one element for each row. The given function computes the element from the pointer that
// Column.Field returns for the row.
func collect[F, V any](c gormstore.Column, rows []gormstore.TransactionRow, value func(F) V) []V {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = value(c.Field(&rows[i]).(F))
	}
	return values
}

func unlessZero[T comparable](v *T) *T {
	if *v == *new(T) {
		return nil
	}
	return v
}

func amountOrNull(v *decimal.NullDecimal) *string {
	if !v.Valid {
		return nil
	}
	amount := v.Decimal.String()
	return &amount
}

// timeOrNull returns nil for the zero time, which is stored as NULL.
func timeOrNull(v *time.Time) *time.Time {
	if v.IsZero() {
		return nil
	}
	return v
}

func hashOrNull(v *domain.ContentHash) []byte {
	if v.IsZero() {
		return nil
	}
	return v[:]
}

// SaveMetadata writes all rows with one statement. No index contains the written columns, so PostgreSQL need not write
// to any index (heap-only tuples).
func (d Dialect) SaveMetadata(
	tx *gorm.DB, tenant, connection uuid.UUID, rows []records.Refreshed,
) error {
	ids, categories := make([]plainID, len(rows)), make([]string, len(rows))
	cards := make([]string, len(rows))
	metadata, hashes, digests := make([][]byte, len(rows)), make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		r := &rows[i]
		ids[i], categories[i], metadata[i] = plainID(r.ID.UUID), r.Category, gormstore.Pack(r.Metadata)
		hashes[i], digests[i], cards[i] = hashOrNull(&r.ContentHash), r.Digest[:], gormstore.EncodeCard(r.Card)
	}
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, `
		UPDATE transactions t SET metadata = page.metadata, category = page.category,
			content_hash = page.content_hash, digest = page.digest, card_facts = page.card
		FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::text[])
			AS page (id, metadata, category, content_hash, digest, card)
		WHERE t.connection_id = $7 AND t.id = page.id AND `+d.TenantIs("t.tenant_id", "$8"),
		ids, metadata, categories, hashes, digests, cards, plainID(connection), plainID(tenant))
	return err
}
