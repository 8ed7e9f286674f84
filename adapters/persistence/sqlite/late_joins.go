package sqlite

import (
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AttachedDeliveries returns a SELECT of the deliveries that are attached to a queued pull: those that
// the connection received since the pull was queued, and the late joins (table strays), which were
// received before it. An index over pulls would cost each delivery one more page to write, and a
// pull needs the lookup only once. The index is named because SQLite has no other whose cost does not
// grow with the connection's history.
func (dialect) AttachedDeliveries(pull domain.Pull) clause.Expr {
	return clause.Expr{SQL: `
		SELECT ask, received_at, id FROM deliveries INDEXED BY deliveries_of_connection
		WHERE connection_id = ? AND received_at >= ? AND pull_id = ?
		UNION ALL
		SELECT d.ask, d.received_at, d.id FROM strays s CROSS JOIN deliveries d ON d.id = s.delivery_id
		WHERE s.pull_id = ? AND d.pull_id = s.pull_id`,
		Vars: []any{pull.Connection.UUID, pull.CreatedAt.UnixMicro(), pull.ID.UUID, pull.ID.UUID},
	}
}
