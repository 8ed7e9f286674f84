package sqlite

import (
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AttachedDeliveries returns a SELECT of the deliveries that are attached to a queued pull. There are two kinds:
//
//   - Most deliveries were received after the pull was queued. They are found by their connection and their time of
//     receipt.
//   - Late joins are deliveries that were received before the pull was queued. They are listed in the table late_joins.
//
// There is no index over the pulls of deliveries. Such an index would make it slower to store a delivery, and each pull
// needs this lookup only once. The statement names the index to use. With any other index, the cost would grow with the
// connection's history.
//
// In a row, the id of the pull follows the body and the scope. To read the id, SQLite must read both. The statement
// avoids this for large scopes: it first checks the size of the scope, which is in the header of the row.
func (dialect) AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr {
	return clause.Expr{SQL: `
		SELECT scope, received_at, id FROM deliveries INDEXED BY deliveries_of_connection
		WHERE connection_id = ? AND received_at >= ?
			AND CASE WHEN octet_length(scope) <= ? THEN pull_id = ? ELSE false END
		UNION ALL
		SELECT d.scope, d.received_at, d.id FROM late_joins s CROSS JOIN deliveries d ON d.id = s.delivery_id
		WHERE s.pull_id = ? AND CASE WHEN octet_length(d.scope) <= ? THEN d.pull_id = s.pull_id ELSE false END`,
		Vars: []any{
			pull.Connection.UUID, pull.CreatedAt.UnixMicro(), maxBytes, pull.ID.UUID, pull.ID.UUID, maxBytes,
		},
	}
}
