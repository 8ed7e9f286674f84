package memory

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// splitPairsOf returns the pairs of rows of a connection that are never matched. The caller may change the map.
func (s *Store) splitPairsOf(id domain.ConnectionID) map[domain.MatchPair]bool {
	if s.splitPairs[id] == nil {
		s.splitPairs[id] = map[domain.MatchPair]bool{}
	}
	return s.splitPairs[id]
}

// Split undoes the last replacement of a transaction.
func (v ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID, at time.Time,
	entries ports.AuditEntries,
) (domain.Transaction, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Split", func() (domain.Transaction, error) {
		row := v.rowByID(tenant, id)
		if row == nil {
			return domain.Transaction{}, domain.NotFoundError()
		}
		p := &pull{Pull: domain.Pull{Tenant: tenant, Connection: row.Connection, Vendor: row.Vendor}}
		w, present := &recordWriter{recordSource: recordSource{v.Store, p}, at: at}, record(row)
		c, err := records.Split(v.viewOf(p, nil, nil), w, ports.PageWrite{At: at}, &present, newID)
		if err != nil {
			return domain.Transaction{}, err
		}
		w.applyOne(c)
		v.record(tenant, entries)
		return cloneTransaction(row.Transaction), nil
	})
}
