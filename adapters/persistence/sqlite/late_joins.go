package sqlite

import (
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AttachedDeliveries returns a SELECT of the deliveries that are attached to a queued pull. They
// are of two kinds. Most were received by the connection since the pull was queued, and are found
// by that time. The others are the late joins (table strays): deliveries that were attached to the
// pull although they were received before it was queued.
//
// There is no index over pulls, because it would cost each delivery one more page to write, while
// a pull needs this lookup only once. The statement names the index that it uses, because SQLite
// has no other index with which the cost does not grow with the connection's history.
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
