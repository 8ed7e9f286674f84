package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// recentlyLeft reports whether rows of the connection have left recently, or have past external ids.
func recentlyLeft(tx Tx, c domain.Connection, at time.Time) (bool, error) {
	found := false
	q := newQuery("SELECT EXISTS (SELECT 1 FROM transactions WHERE connection_id = ? AND removed_at >= ?)",
		uuidColumn(c.ID.UUID), instant{at.Add(-domain.MatchWindow)}.value(tx.Name()))
	q.add(" OR EXISTS (SELECT 1 FROM transaction_past_ids WHERE connection_id = ? AND tenant_id = ?)",
		uuidColumn(c.ID.UUID), uuidColumn(c.Tenant.UUID))
	err := tx.Read(q.into([]any{&found}, func() error { return nil }))
	return found, err
}

// Split locks the connection, so that no page of it is written meanwhile.
func (s ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID, at time.Time) (
	domain.Transaction, error,
) {
	present, err := s.Transaction(ctx, tenant, id)
	if err != nil {
		return domain.Transaction{}, err
	}
	err = s.change(ctx, func(tx Tx) error {
		if err := s.dialect.ExcludeWriters(tx.DB, present.Connection.UUID); err != nil {
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

// splitLocked splits the transaction and stores the adjustments of closed periods.
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
	q := newQuery("SELECT EXISTS (SELECT 1 FROM account_closes WHERE connection_id = ?)", uuidColumn(p.pull.Connection))
	if err := p.tx.Read(q.into([]any{&p.adjustments.wanted}, func() error { return nil })); err != nil {
		return err
	}
	if err := p.split(row, newID); err != nil {
		return err
	}
	return p.storeAdjustments()
}
