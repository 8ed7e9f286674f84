package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// readReplaceable sets the fields RecentlyRemoved and CarriedOver of the claim with one query.
func (s pulls) readReplaceable(tx Tx, claim *ports.Claimed, at time.Time) error {
	id, tenant := uuidColumn(claim.Connection.ID.UUID), uuidColumn(claim.Connection.Tenant.UUID)
	q := newQuery("SELECT EXISTS (SELECT 1 FROM transactions WHERE connection_id = ? AND removed_at >= ? AND "+
		tenantIs(s.dialect, "tenant_id")+")", id, instant{at.Add(-domain.MatchWindow)}.value(tx.Name()), tenant)
	q.add(" OR EXISTS (SELECT 1 FROM transaction_past_ids WHERE connection_id = ? AND tenant_id = ?)", id, tenant)
	q.add(", EXISTS (SELECT 1 FROM unshown_transactions WHERE connection_id = ? AND tenant_id = ?)", id, tenant)
	return tx.Read(q.asRead([]any{&claim.RecentlyRemoved, &claim.CarriedOver}, func() error { return nil }))
}

// Split locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID, at time.Time) (
	domain.Transaction, error,
) {
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
		return p.splitLocked(id.UUID, newID.UUID)
	})
	if err != nil {
		return domain.Transaction{}, err
	}
	return s.Transaction(ctx, tenant, id)
}

// splitLocked splits the transaction. If the split changes closed periods, splitLocked also stores their adjustments.
// The caller must have locked the connection of the transaction.
func (p *pageWriter) splitLocked(id, newID uuid.UUID) error {
	row, err := p.rowByID(id)
	if err != nil {
		return err
	}
	if _, err := row.LastPast(); err != nil {
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
	if err := p.split(row, newID); err != nil {
		return err
	}
	return p.storeAdjustments()
}
