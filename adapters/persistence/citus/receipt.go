package citus

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// routedTo returns a receipt for deliveries of one tenant whose statements are planned by Citus. They compare the
// tenant with a parameter, by which Citus finds the shard. Citus sends an INSERT of values directly to this shard.
func routedTo(ctx context.Context, db postgres.Querier, tenant uuid.UUID) gormstore.Receipt {
	receipt := postgres.Receipt(postgres.ReadsOn(ctx, db))
	receipt.Tenant = tenant
	receipt.SelectBound = func(named []gormstore.NamedReference) []*gormstore.Query {
		statements := make([]*gormstore.Query, len(named))
		for i, n := range named {
			digest := domain.DigestOfReference(n.Reference)
			statements[i] = gormstore.NewQuery(routedViewSQL)
			statements[i].Args = []any{
				n.Token[:], n.Reference, digest[:], gormstore.MaxHolders, plainID(tenant), i,
			}
		}
		return statements
	}
	return receipt
}

// onShard returns a receipt whose statements name the tables of a shard. The deliveries may belong to several tenants
// of the shard.
func onShard(ctx context.Context, db postgres.Querier, s *shard) gormstore.Receipt {
	return postgres.Receipt(postgres.ReadsOn(ctx, shardQuerier{db, s}))
}

// routedViewSQL selects rows of gormstore.BoundConnection for one token ($1) of the tenant $5, with one account
// reference ($2), whose index is $6.
const routedViewSQL = "SELECT $6::bigint, " + gormstore.BoundColumns + `,
	EXISTS (SELECT FROM account_references r WHERE r.digest = $3 AND r.tenant_id = $5 AND r.erased)
FROM webhook_tokens t
JOIN connections c ON c.tenant_id = $5 AND c.deleted_at IS NULL AND (c.id = t.connection_id
	OR $2 <> '' AND c.vendor = t.vendor AND lower(c.account_ref COLLATE "C") = lower($2 COLLATE "C"))
LEFT JOIN pulls p ON p.connection_id = c.id AND p.tenant_id = $5 AND p.state = 'queued'
LEFT JOIN last_webhook_tokens l ON l.connection_id = c.id AND l.tenant_id = $5
WHERE t.hash = $1 AND t.tenant_id = $5 AND t.revoked_at IS NULL
ORDER BY c.id <> t.connection_id, c.created_at, c.id LIMIT $4 + 1`
