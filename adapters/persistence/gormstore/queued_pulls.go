package gormstore

import (
	"errors"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxAttachAttempts limits the attempts to insert a row or to lock the existing row. An attempt fails if other
// transactions insert or delete the row in between.
const maxAttachAttempts = 16

// AttachOrQueue returns the queued pull of a connection and locks its row. If the connection has no queued pull,
// AttachOrQueue inserts the given pull and its job.
//
// A claim of the returned pull waits for the lock. The claim therefore sees everything that the caller attaches to the
// pull. The argument strength is the strength of the lock:
//
//   - ForUpdate is required if the caller changes the pull.
//   - Share is enough if the caller only attaches deliveries.
func AttachOrQueue(tx Tx, d Dialect, strength string, added PullRow) (PullRow, error) {
	added.State = StateQueued
	for range maxAttachAttempts {
		queued, err := First[PullRow](Locked(tx.DB, strength).
			Where("connection_id = ? AND "+IsQueued, added.Connection).
			Where(d.TenantIs("tenant_id", "?"), added.Tenant))
		if !errors.Is(err, domain.NotFound) {
			return queued, err
		}
		made, err := RowsAffected(tx.Clauses(unlessQueued).Create(&added))
		if err != nil {
			return PullRow{}, err
		}
		if made > 0 {
			return added, tx.Enqueue(added.Tenant, added.ID)
		}
	}
	return PullRow{}, Unavailable(errors.New("the queued pull is claimed too often to attach to it"))
}

// unlessQueued is the conflict clause that skips the INSERT of a pull if the connection already has a queued pull.
var unlessQueued = clause.OnConflict{
	Columns: UniqueColumns("connection_id"),
	TargetWhere: clause.Where{Exprs: []clause.Expression{
		clause.Expr{SQL: IsQueued},
	}},
	DoNothing: true,
}
