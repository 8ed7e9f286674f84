package recordstore

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Split locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID,
	decision ports.Decision,
) (domain.Transaction, error) {
	return s.decide(ctx, tenant, id, decision, func(p *pageWriter) error {
		return p.decideLocked(id, func(source recordSource, record *records.Record) (records.Changes, error) {
			return records.Split(p.view(), source, p.PageWrite, record, newID, decision.Reason)
		})
	})
}

// Exclude locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Exclude(ctx context.Context, tenant domain.TenantID, id domain.TransactionID, by string,
	decision ports.Decision,
) (domain.Transaction, error) {
	return s.decide(ctx, tenant, id, decision, func(p *pageWriter) error {
		return p.decideLocked(id, func(_ recordSource, record *records.Record) (records.Changes, error) {
			return records.Exclude(record, by, decision.Reason)
		})
	})
}

// Include locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Include(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, decision ports.Decision,
) (domain.Transaction, error) {
	return s.decide(ctx, tenant, id, decision, func(p *pageWriter) error {
		return p.decideLocked(id, func(_ recordSource, record *records.Record) (records.Changes, error) {
			return records.Include(record)
		})
	})
}

// Join locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Join(
	ctx context.Context, tenant domain.TenantID, pair ports.RecordPair, decision ports.Decision,
) (domain.Transaction, error) {
	if err := s.inOneConnection(ctx, tenant, pair); err != nil {
		return domain.Transaction{}, err
	}
	return s.decide(ctx, tenant, pair.Old, decision, func(p *pageWriter) error {
		return p.decidePair(pair, func(source recordSource, old, with *records.Record) (records.Changes, error) {
			return records.Join(p.view(), source, p.PageWrite, old, with, decision.Reason)
		})
	})
}

// inOneConnection checks that both transactions exist and belong to one connection. Errors: NotFound; Conflict
// (not_joinable).
func (s ledger) inOneConnection(ctx context.Context, tenant domain.TenantID, pair ports.RecordPair) error {
	old, err := s.present(ctx, tenant, pair.Old)
	if err != nil {
		return err
	}
	with, err := s.present(ctx, tenant, pair.New)
	if err == nil && with.Connection != old.Connection {
		err = &domain.Error{Kind: domain.Conflict, Code: domain.NotJoinable}
	}
	return err
}

// Dismiss locks the connections of the pairs in the order of their ids.
func (s ledger) Dismiss(
	ctx context.Context, tenant domain.TenantID, pairs []ports.RecordPair, decision ports.Decision,
) error {
	for _, pair := range pairs {
		if err := s.inOneConnection(ctx, tenant, pair); err != nil {
			return err
		}
	}
	byConnection := map[uuid.UUID][]ports.RecordPair{}
	for _, pair := range pairs {
		t, err := s.present(ctx, tenant, pair.Old)
		if err != nil {
			return err
		}
		byConnection[t.Connection.UUID] = append(byConnection[t.Connection.UUID], pair)
	}
	return s.Change(ctx, func(tx gormstore.Tx) error {
		for _, connection := range sortedUUIDs(byConnection) {
			err := s.writeDecision(tx, tenant, connection, decision, func(p *pageWriter) error {
				for _, pair := range byConnection[connection] {
					err := p.decidePair(pair,
						func(source recordSource, old, with *records.Record) (records.Changes, error) {
							return records.Dismiss(source, old, with, decision.Reason)
						})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return tx.Record(tenant, decision.Entries)
	})
}

// sortedUUIDs returns the keys of a map in order.
func sortedUUIDs[T any](m map[uuid.UUID]T) []uuid.UUID {
	return domain.SortedKeys(m, func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
}

// decide calls fn to apply an operator's decision about a transaction, and returns the changed transaction.
func (s ledger) decide(
	ctx context.Context, tenant domain.TenantID, id domain.TransactionID, decision ports.Decision,
	fn func(*pageWriter) error,
) (domain.Transaction, error) {
	present, err := s.present(ctx, tenant, id)
	if err != nil {
		return domain.Transaction{}, err
	}
	err = s.Change(ctx, func(tx gormstore.Tx) error {
		if err := s.writeDecision(tx, tenant, present.Connection.UUID, decision, fn); err != nil {
			return err
		}
		return tx.Record(tenant, decision.Entries)
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	return s.present(ctx, tenant, id)
}

// writeDecision locks the connection and calls fn with a writer for it. It then updates the completeness and the
// closed periods of the accounts.
func (s ledger) writeDecision(
	tx gormstore.Tx, tenant domain.TenantID, connection uuid.UUID, decision ports.Decision, fn func(*pageWriter) error,
) error {
	if err := s.Dialect.ExcludeWriters(tx.DB, tenant.UUID, connection); err != nil {
		return err
	}
	p := newPageWriter(s.Dialect, ports.PageWrite{At: decision.At})
	p.actor = decision.Actor
	p.tx, p.pull = tx, gormstore.PullRow{Tenant: tenant.UUID, Connection: connection}
	if err := p.stamp(); err != nil {
		return err
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	if err := fn(p); err != nil {
		return err
	}
	return p.changeBooks()
}

// decideLocked reads a record, calls decide, and applies the changes.
func (p *pageWriter) decideLocked(
	id domain.TransactionID, decide func(recordSource, *records.Record) (records.Changes, error),
) error {
	source := recordSource{p}
	record, err := source.Record(id)
	if err != nil {
		return err
	}
	p.pull.Vendor = string(record.Vendor)
	changes, err := decide(source, &record)
	if err != nil {
		return err
	}
	return p.applyOne(&changes)
}

// decidePair is like decideLocked, for two records.
func (p *pageWriter) decidePair(
	pair ports.RecordPair, decide func(source recordSource, old, with *records.Record) (records.Changes, error),
) error {
	return p.decideLocked(pair.Old, func(source recordSource, old *records.Record) (records.Changes, error) {
		with, err := source.Record(pair.New)
		if err != nil {
			return records.Changes{}, err
		}
		return decide(source, old, &with)
	})
}
