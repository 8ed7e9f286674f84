package gormstore

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SweepAccounts compares the stored accounts with the vendor's complete list of accounts. It reads all accounts of the
// connection, because there are few, and updates those that must be marked as absent, removed or present.
func (s pulls) SweepAccounts(ctx context.Context, lease domain.Lease, w ports.AccountSweepWrite) error {
	p := s.newPageWriter(ports.PageWrite{At: w.At, LeaseUntil: w.LeaseUntil})
	_, err := s.runPage(ctx, lease, p, func() error {
		var accounts []accountRow
		err := p.tx.Where("connection_id = ? AND tenant_id = ? AND listed", p.pull.Connection, p.pull.Tenant).
			Find(&accounts).Error
		if err != nil {
			return err
		}
		for _, account := range accounts {
			if slices.Contains(w.Listed, account.ExternalID) {
				err = p.markPresent(account)
			} else if account.Removed.IsZero() {
				err = p.markAbsent(account, w)
			}
			if err != nil {
				return err
			}
		}
		return p.updatePull(nil)
	})
	return err
}

// markPresent clears the columns that mark an account as absent or removed, because the vendor lists the account.
// StorePage has already done so for most accounts, but it does not store accounts that cannot be read.
func (p *pageWriter) markPresent(account accountRow) error {
	if account.Removed.IsZero() && !account.AbsentSince.Valid {
		return nil
	}
	err := p.tx.Model(&accountRow{}).Where("id = ? AND tenant_id = ?", account.ID, p.pull.Tenant).
		Updates(map[string]any{"removed_at": nil, "absent_pull_id": nil, "updated_at": instant{p.At}}).Error
	if err != nil || account.Removed.IsZero() {
		return err
	}
	return p.recordEvents(domain.AccountModified, account.ID.String())
}

// markAbsent marks the account as removed, because the vendor does not list the account. If w.Proof requires two reads,
// the first pull only stores its own id in absent_pull_id. A later pull marks the account as removed.
func (p *pageWriter) markAbsent(account accountRow, w ports.AccountSweepWrite) error {
	columns := map[string]any{"removed_at": instant{w.At}, "updated_at": instant{w.At}}
	switch {
	case w.Proof == domain.OneRead:
	case !account.AbsentSince.Valid:
		columns = map[string]any{"absent_pull_id": uuid.NullUUID{UUID: p.pull.ID, Valid: true}}
	case account.AbsentSince.UUID == p.pull.ID:
		return nil
	}
	if columns["removed_at"] != nil {
		if err := p.replaceAbsences(account.ExternalID, 1, nil); err != nil {
			return err
		}
		if err := p.recordEvents(domain.AccountRemoved, account.ID.String()); err != nil {
			return err
		}
	}
	return p.tx.Model(&accountRow{}).Where("id = ? AND tenant_id = ?", account.ID, p.pull.Tenant).
		Updates(columns).Error
}
