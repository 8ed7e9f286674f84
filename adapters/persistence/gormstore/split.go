package gormstore

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Split locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID, at time.Time,
	entries ports.AuditEntries,
) (domain.Transaction, error) {
	present, err := s.Transaction(ctx, tenant, id)
	if err != nil {
		return domain.Transaction{}, err
	}
	err = s.change(ctx, func(tx Tx) error {
		if err := s.dialect.ExcludeWriters(tx.DB, tenant.UUID, present.Connection.UUID); err != nil {
			return err
		}
		p := pulls(s).newPageWriter(ports.PageWrite{At: at})
		p.tx, p.pull = tx, pullRow{Tenant: tenant.UUID, Connection: present.Connection.UUID}
		if err := p.splitLocked(id, newID); err != nil {
			return err
		}
		return tx.record(tenant, entries)
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	return s.Transaction(ctx, tenant, id)
}

// splitLocked splits the transaction. If the split changes closed periods, splitLocked also stores their adjustments.
// The caller must have locked the connection of the transaction.
func (p *pageWriter) splitLocked(id, newID domain.TransactionID) error {
	source := recordSource{p}
	record, err := source.Record(id)
	if err != nil {
		return err
	}
	p.pull.Vendor = string(record.Vendor)
	changes, err := records.Split(p.view(), source, p.PageWrite, &record, newID)
	if err != nil {
		return err
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	q := newQuery("SELECT EXISTS (SELECT 1 FROM account_closes WHERE connection_id = ? AND tenant_id = ?)",
		uuidColumn(p.pull.Connection), uuidColumn(p.pull.Tenant))
	if err := p.tx.Read(q.asRead([]any{&p.adjustments.hasClosedPeriod}, func() error { return nil })); err != nil {
		return err
	}
	if err := p.applyOne(&changes); err != nil {
		return err
	}
	return p.storeAdjustments()
}
