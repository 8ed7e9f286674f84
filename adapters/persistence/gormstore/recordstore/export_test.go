package recordstore

import (
	"context"
	"regexp"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Rows returns the GORM models of this package.
func Rows() []any { return []any{&stateRow{}, &completenessRow{}, &balanceRow{}} }

// SetCheckpointInterval changes checkpointInterval. The returned function undoes the change.
func SetCheckpointInterval(n int) (undo func()) {
	before := checkpointInterval
	checkpointInterval = n
	return func() { checkpointInterval = before }
}

// DuePulls returns the text of the SELECT that ListStuck executes. The SELECT finds at most limit stuck pulls.
func DuePulls(db *gorm.DB, now time.Time, limit int) string {
	dry := duePulls(db.Session(&gorm.Session{DryRun: true}), now, now).Limit(limit).Pluck("p.id", new([]uuid.UUID))
	return withValues(dry)
}

// UpdateOfRecord returns the text of an UPDATE of one record by its id.
func UpdateOfRecord(db *gorm.DB, d gormstore.Dialect) string {
	dry := recordByID(db.Session(&gorm.Session{DryRun: true}), d, uuid.Nil, uuid.Nil).
		Updates(map[string]any{"external_id": "x"})
	return withValues(dry)
}

// withValues returns the text of a statement with its values. On SQLite, Explain leaves the values out.
func withValues(dry *gorm.DB) string {
	if dry.Name() == "sqlite" {
		return logger.ExplainSQL(dry.Statement.SQL.String(), nil, "'", dry.Statement.Vars...)
	}
	return dry.Explain(dry.Statement.SQL.String(), dry.Statement.Vars...)
}

// IndexOnce adds transactions of the tenant to the index in one database transaction, and returns their number.
func IndexOnce(ctx context.Context, l ports.Ledger, tenant uuid.UUID) (int, error) {
	return l.(ledger).indexTenant(ctx, tenant, indexBatch)
}

// CandidateQuery returns the text of the SELECT that finds the candidates of payments.
func CandidateQuery(d gormstore.Dialect, payments ...ports.BillPayment) string {
	q := candidateQuery(d, domain.TenantID{}, payments)
	for i, arg := range q.Args {
		if id, ok := arg.(gormstore.UUID); ok {
			q.Args[i] = uuid.UUID(id).String()
		}
	}
	return logger.ExplainSQL(q.String(), regexp.MustCompile(`\$(\d+)`), "'", q.Args...)
}
