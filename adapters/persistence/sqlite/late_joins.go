package sqlite

import (
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AttachedDeliveries returns a SELECT of the deliveries that are attached to a queued pull. There are two
// kinds. Most of the connection's deliveries were received after the pull was queued, and are found by
// their time of receipt. The others, called late joins (table strays), were received before the pull was
// queued but attached to it later.
//
// There is no index over the pulls of deliveries: with such an index, storing a delivery would write one more page,
// although each pull needs this lookup only once. The statement names the index to use, because with any other index
// the cost would grow with the connection's history.
//
// SQLite finds the size of a scope in the header of the row. The id of the pull is stored after the body and the scope,
// so reading it costs as much as reading both. The statement therefore compares the size first.
func (dialect) AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr {
	return clause.Expr{SQL: `
		SELECT ask, received_at, id FROM deliveries INDEXED BY deliveries_of_connection
		WHERE connection_id = ? AND received_at >= ?
			AND CASE WHEN octet_length(ask) <= ? THEN pull_id = ? ELSE false END
		UNION ALL
		SELECT d.ask, d.received_at, d.id FROM strays s CROSS JOIN deliveries d ON d.id = s.delivery_id
		WHERE s.pull_id = ? AND CASE WHEN octet_length(d.ask) <= ? THEN d.pull_id = s.pull_id ELSE false END`,
		Vars: []any{
			pull.Connection.UUID, pull.CreatedAt.UnixMicro(), maxBytes, pull.ID.UUID, pull.ID.UUID, maxBytes,
		},
	}
}
