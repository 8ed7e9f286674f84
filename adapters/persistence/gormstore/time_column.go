package gormstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Instant is a time that is stored in a column: timestamptz in PostgreSQL, and microseconds since 1970 in SQLite,
// which has no such type. Both forms are exact to the microsecond and sort chronologically. The zero time is NULL.
type Instant struct{ time.Time }

// At returns t as the value of a column.
func At(t time.Time) Instant { return Instant{t} }

// NextTime returns an SQL expression for the time at, but at least one microsecond after the time last. Both are SQL
// expressions.
func NextTime(dialect, at, last string) string {
	if dialect == "sqlite" {
		return "max(" + at + ", " + last + " + 1)"
	}
	// Only immutable functions are used, so that the database may evaluate the expression on any server. Adding an
	// interval to a time with a zone is not immutable.
	return "greatest(" + at + ", (" + last + " AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')"
}

// GormDataType returns the name of the column's type for GORM.
func (Instant) GormDataType() string { return "instant" }

// GormValue returns the time in the form that the database stores.
func (i Instant) GormValue(_ context.Context, db *gorm.DB) clause.Expr {
	return clause.Expr{SQL: "?", Vars: []any{i.Param(db.Name())}}
}

// Param returns the time in the form that the driver of the dialect accepts; nil for the zero
// time.
func (i Instant) Param(dialect string) any {
	switch {
	case i.IsZero():
		return nil
	case dialect == "sqlite":
		return i.UnixMicro()
	}
	return i.Time
}

// ScanTimestamptz scans the time from pgx.
func (i *Instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	i.Time = time.Time{}
	if v.Valid {
		i.Time = v.Time.UTC()
	}
	return nil
}

// Scan scans the time from database/sql. It accepts the forms of both databases.
func (i *Instant) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		i.Time = time.Time{}
	case int64:
		i.Time = time.UnixMicro(v).UTC()
	case time.Time:
		i.Time = v.UTC()
	default:
		return fmt.Errorf("a time is stored as %T", value)
	}
	return nil
}
