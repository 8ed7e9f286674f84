package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Receive stores a batch of webhook deliveries with gormstore.Receipt. Its transaction holds the write lock from its
// start, so the rows that it reads cannot change before it ends.
func (d dialect) Receive(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	transact := func(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
		return d.transact(ctx, true, fn, first)
	}
	return newReceipt().Receive(ctx, transact, deliveries)
}

// newReceipt returns a Receipt without a transaction.
func newReceipt() gormstore.Receipt {
	return gormstore.Receipt{
		SelectBound: selectBound, OneWriter: true, Time: func(t time.Time) any { return t.UnixMicro() },
	}
}

// selectBound implements gormstore.Receipt. The references are one parameter, a JSON array of arrays. CROSS JOIN makes
// SQLite join the tables in the given order.
func selectBound(named []gormstore.NamedReference) []*gormstore.Query {
	list := make([][3]string, len(named))
	for i, n := range named {
		digest := domain.DigestOfReference(n.Reference)
		list[i] = [3]string{hex.EncodeToString(n.Token[:]), n.Reference, hex.EncodeToString(digest[:])}
	}
	encoded, _ := json.Marshal(list)
	const columns = "SELECT n.place, " + gormstore.BoundColumns + `, EXISTS (SELECT 1 FROM account_references r
	WHERE r.digest = n.digest AND r.tenant_id = t.tenant_id AND r.erased)
FROM named n CROSS JOIN webhook_tokens t ON t.hash = n.hash AND t.revoked_at IS NULL `
	return []*gormstore.Query{gormstore.NewQuery(`WITH named AS MATERIALIZED (
	SELECT key AS place, unhex(value ->> 0) AS hash, value ->> 1 AS reference, unhex(value ->> 2) AS digest
	FROM json_each(?)
) `+columns+`CROSS JOIN connections c ON c.id = t.connection_id AND c.tenant_id = t.tenant_id
	AND c.deleted_at IS NULL`+gormstore.BoundJoins+`
UNION ALL
`+columns+`CROSS JOIN connections c ON n.reference <> '' AND c.tenant_id = t.tenant_id
	AND c.id <> t.connection_id AND c.id IN (
		SELECT h.id FROM connections h WHERE h.tenant_id = t.tenant_id AND h.deleted_at IS NULL
			AND lower(h.account_ref) = lower(n.reference) AND h.vendor = t.vendor
		ORDER BY h.created_at, h.id LIMIT ?
	)`+gormstore.BoundJoins, string(encoded), gormstore.MaxHolders)}
}
