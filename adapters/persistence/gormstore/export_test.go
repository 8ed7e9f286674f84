package gormstore

import (
	"context"
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

// SetCheckpointInterval changes checkpointInterval. The returned function undoes the change.
func SetCheckpointInterval(n int) (undo func()) {
	before := checkpointInterval
	checkpointInterval = n
	return func() { checkpointInterval = before }
}

// AfterSnapshots returns a copy of the store that calls fn after each snapshot has ended.
func (s *Store) AfterSnapshots(fn func()) *Store {
	hooked := *s
	hooked.dialect = hookedDialect{s.dialect, fn}
	return &hooked
}

// hookedDialect is a Dialect that calls a function after each snapshot.
type hookedDialect struct {
	Dialect
	afterSnapshot func()
}

// Snapshot implements Dialect.
func (d hookedDialect) Snapshot(ctx context.Context, timeout time.Duration, fn func(tx SnapshotTx) error) error {
	err := d.Dialect.Snapshot(ctx, timeout, fn)
	d.afterSnapshot()
	return err
}
