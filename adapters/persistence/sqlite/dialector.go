package sqlite

import (
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// dialector tells GORM how SQLite writes names, parameters and locks. The published ones register a driver of their
// own, or need a version of GORM with which the binary grows by 9 MiB.
type dialector struct{ pool *sql.DB }

// Name implements gorm.Dialector.
func (dialector) Name() string { return "sqlite" }

// Initialize implements gorm.Dialector.
func (d dialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.pool
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	// The one writer needs no lock of rows, and SQLite knows none.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	return nil
}

// Migrator implements gorm.Dialector. The migrations are SQL files, and GORM changes no schema.
func (dialector) Migrator(*gorm.DB) gorm.Migrator { return nil }

// DataTypeOf implements gorm.Dialector.
func (dialector) DataTypeOf(field *schema.Field) string { return string(field.DataType) }

// DefaultValueOf implements gorm.Dialector. SQLite has no word for the default of a column in a list of values, but
// generates the number of a row where it is NULL.
func (dialector) DefaultValueOf(*schema.Field) clause.Expression { return clause.Expr{SQL: "NULL"} }

// BindVarTo implements gorm.Dialector.
func (dialector) BindVarTo(writer clause.Writer, _ *gorm.Statement, _ any) {
	_ = writer.WriteByte('?') // GORM's writers are in memory
}

// QuoteTo implements gorm.Dialector. It writes table.column as `table`.`column`. SQLite takes an unknown name in double
// quotes for a text, but not one in backquotes (https://www.sqlite.org/quirks.html).
func (dialector) QuoteTo(writer clause.Writer, name string) {
	quoted := strings.ReplaceAll(strings.ReplaceAll(name, "`", "``"), ".", "`.`")
	_, _ = writer.WriteString("`" + quoted + "`")
}

// Explain implements gorm.Dialector. It leaves the values out, because they may be somebody's data.
func (dialector) Explain(text string, _ ...any) string { return text }

// SavePoint implements gorm.SavePointerDialectorInterface.
func (dialector) SavePoint(tx *gorm.DB, name string) error { return tx.Exec("SAVEPOINT " + name).Error }

// RollbackTo implements gorm.SavePointerDialectorInterface.
func (dialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}

// Translate implements gorm.ErrorTranslator (https://www.sqlite.org/rescode.html#constraint_unique).
func (dialector) Translate(err error) error {
	const primaryKey, unique = 1555, 2067
	var coded interface{ Code() int }
	if errors.As(err, &coded) && (coded.Code() == primaryKey || coded.Code() == unique) {
		return gorm.ErrDuplicatedKey
	}
	return err
}
