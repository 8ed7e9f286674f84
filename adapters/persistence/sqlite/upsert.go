package sqlite

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// upsertBatch is the maximum number of rows in one INSERT. The driver looks up each parameter in a list of
// all parameters of the statement, so several small statements are faster than a large one.
const upsertBatch = 16

// The parts of the SQL text of an INSERT: the text after the name of the table, the text of one row, and the text of
// all rows of a full batch.
var (
	upsertHead = " (" + gormstore.JoinColumns(func(c gormstore.Column) string { return c.Name }) + ") VALUES "
	upsertRow  = "(" + gormstore.JoinColumns(func(gormstore.Column) string { return "?" }) + "),"
	upsertRows = strings.Repeat(upsertRow, upsertBatch)
)

var conflictClause = gormstore.ConflictClause("sqlite")

// UpsertTransactions overwrites stored rows with the same connection and external id. The stored rows keep their ids,
// because the upsert does not overwrite the column id. The caller has read these ids before.
func (dialect) UpsertTransactions(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	return insertRows(tx, gormstore.TransactionTable, rows, conflictClause)
}

// InsertPrepared implements gormstore.Dialect.
func (dialect) InsertPrepared(tx *gorm.DB, rows []gormstore.TransactionRow) error {
	return insertRows(tx, gormstore.PreparedTable, rows, "")
}

// insertRows inserts rows into a table with the columns of transactions. The conflict clause ends each statement.
func insertRows(tx *gorm.DB, table string, rows []gormstore.TransactionRow, conflict string) error {
	for batch := range slices.Chunk(rows, upsertBatch) {
		args := make([]any, 0, len(batch)*len(gormstore.TransactionColumns))
		for i := range batch {
			for _, c := range gormstore.TransactionColumns {
				value, err := valueOf(&batch[i], c)
				if err != nil {
					return err
				}
				args = append(args, value)
			}
		}
		text := insertStatement(table, len(batch), conflict)
		if _, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// valueOf returns the value of a column, in the form that SQLite stores.
func valueOf(row *gormstore.TransactionRow, c gormstore.Column) (any, error) {
	if field, ok := c.Field(row).(*json.RawMessage); ok {
		return unless(*field == nil, row.PackedMetadata()), nil
	}
	return columnValue(c.Field(row))
}

// insertStatement returns the statement with which insertRows inserts at most upsertBatch rows.
func insertStatement(table string, rows int, conflict string) string {
	return "INSERT INTO " + table + upsertHead + upsertRows[:rows*len(upsertRow)-1] + conflict
}

// columnValue is valueOf for the columns that are not packed; nil means NULL. The argument field must be a result of
// Column.Field. It returns an error if the type of the pointer is not one that Column.Field lists.
func columnValue(field any) (any, error) {
	switch v := field.(type) {
	case *string:
		return *v, nil
	case *uuid.UUID:
		return unless(*v == uuid.Nil, v.String()), nil
	case *decimal.Decimal:
		return v.String(), nil
	case *decimal.NullDecimal:
		return unless(!v.Valid, v.Decimal.String()), nil
	case *time.Time:
		return unless(v.IsZero(), v.UnixMicro()), nil
	case *[]byte:
		return unless(*v == nil, *v), nil
	case *[sha256.Size]byte:
		return v[:], nil
	case *domain.ContentHash:
		return unless(v.IsZero(), v[:]), nil
	case *int:
		return int64(*v), nil
	case *int64:
		return *v, nil
	}
	return nil, fmt.Errorf("a column of type %T cannot be written", field)
}

// The function unless returns nil (NULL) if null is true, and otherwise value.
func unless(null bool, value any) any {
	if null {
		return nil
	}
	return value
}

// SaveMetadata updates one row per statement, because a statement of an embedded database costs no round trip.
func (dialect) SaveMetadata(tx *gorm.DB, tenant, connection uuid.UUID, rows []records.Refreshed) error {
	update := "UPDATE transactions SET metadata = ?, category = ?, content_hash = ?, digest = ?, card_facts = ?" +
		" WHERE id = ? AND tenant_id = ? AND " + gormstore.EqualUnindexed("connection_id", "?")
	for i := range rows {
		r := &rows[i]
		err := tx.Exec(update, gormstore.Pack(r.Metadata), r.Category, unless(r.ContentHash.IsZero(), r.ContentHash[:]),
			r.Digest[:], gormstore.EncodeCard(r.Card), r.ID.UUID, tenant, connection).Error
		if err != nil {
			return err
		}
	}
	return nil
}
