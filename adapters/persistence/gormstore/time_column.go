package gormstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// instant is a column of time: timestamptz in PostgreSQL, microseconds since 1970 in SQLite, which has
// no such type. Both are exact and sort in order of time. The zero time is NULL.
type instant struct{ time.Time }

// GormDataType makes the type a column.
func (instant) GormDataType() string { return "instant" }

// GormValue returns the form that the database stores.
func (i instant) GormValue(_ context.Context, db *gorm.DB) clause.Expr {
	return clause.Expr{SQL: "?", Vars: []any{i.value(db.Name())}}
}

// value returns what the driver of the dialect accepts.
func (i instant) value(dialect string) any {
	switch {
	case i.IsZero():
		return nil
	case dialect == "sqlite":
		return i.UnixMicro()
	}
	return i.Time
}

// ScanTimestamptz scans the time from pgx.
func (i *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	i.Time = time.Time{}
	if v.Valid {
		i.Time = v.Time.UTC()
	}
	return nil
}

// Scan scans either form from database/sql.
func (i *instant) Scan(value any) error {
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
