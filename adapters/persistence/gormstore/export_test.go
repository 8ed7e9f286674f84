package gormstore

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Rows returns the GORM models of all tables except transactions. A test compares them with the
// schemas of both databases.
func Rows() []any {
	return []any{
		&connectionRow{},
		&tokenRow{},
		&pullRow{},
		&deliveryRow{},
		&keyRow{},
		&accountRow{},
		&absenceRow{},
		&completenessRow{},
		&balanceRow{},
		&pendingEntryRow{},
		&auditEntryRow{},
		&auditHashRow{},
		&auditCheckpointRow{},
		&erasureRow{},
		&auditHeadRow{},
		&auditKeyRow{},
		&stagedRow{},
	}
}

// ErasedColumns returns the names of the columns of transactions that an erasure changes.
func ErasedColumns() []string { return slices.Collect(maps.Keys(erasedColumns(time.Time{}, 0))) }

// DuePulls returns the text of the SELECT that ListStuck executes. The SELECT finds at most limit stuck pulls.
func DuePulls(db *gorm.DB, now time.Time, limit int) string {
	dry := duePulls(db.Session(&gorm.Session{DryRun: true}), now, now).Limit(limit).Pluck("p.id", new([]uuid.UUID))
	return db.Explain(dry.Statement.SQL.String(), dry.Statement.Vars...)
}
