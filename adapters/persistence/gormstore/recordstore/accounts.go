package recordstore

import (
	"context"
	"maps"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountSource implements records.AccountSource for the connection of a pull.
type accountSource struct{ *pageWriter }

// Accounts implements records.AccountSource. It runs one query.
func (s accountSource) Accounts(of records.AccountsOf) ([]records.Account, error) {
	own := []any{s.pull.Connection, s.pull.Tenant}
	switch {
	case of.ExternalIDs != nil:
		which := s.dialect.AnyOf("external_id", of.ExternalIDs)
		return s.readAccounts("connection_id = ? AND "+s.dialect.TenantIs("tenant_id", "?")+" AND "+which.SQL,
			append(own, which.Vars...)...)
	case of.Keys != nil:
		return s.readAccounts(`account_key IN ? AND account_key <> '' AND tenant_id = ? AND (connection_id = ?
			OR connection_id IN (
			SELECT c.id FROM connections c WHERE c.tenant_id = ? AND c.vendor = ? AND `+isContinuable+"))",
			of.Keys, s.pull.Tenant, s.pull.Connection, s.pull.Tenant, s.pull.Vendor)
	}
	return s.readAccounts("connection_id = ? AND tenant_id = ? AND listed", own...)
}

// readAccounts returns the accounts that match the condition.
func (p *pageWriter) readAccounts(condition string, args ...any) ([]records.Account, error) {
	var rows []gormstore.AccountRow
	if err := p.tx.Where(condition, args...).Find(&rows).Error; err != nil {
		return nil, err
	}
	accounts := make([]records.Account, len(rows))
	for i := range rows {
		var err error
		if accounts[i], err = accountOf(rows[i]); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// writeAccounts stores the accounts of the page, and adds the ids of all of them to p.accountIDs.
func (p *pageWriter) writeAccounts() error {
	p.counts.Accounts = len(p.Accounts)
	changes, ids, err := records.StoreAccounts(p.PageWrite, p.view(), accountSource{p})
	if err != nil {
		return err
	}
	maps.Copy(p.accountIDs, ids)
	return p.saveAccounts(changes)
}

// accountBatch is the maximum number of accounts in one INSERT. It keeps the number of parameters below the
// limits of both databases.
const accountBatch = 200

// saveAccounts applies changes of the accounts of the pull's connection.
func (p *pageWriter) saveAccounts(changes records.AccountChanges) error {
	p.firstStored = append(p.firstStored, changes.FirstStored...)
	if len(changes.Save) == 0 {
		return nil
	}
	rows := make([]gormstore.AccountRow, len(changes.Save))
	for i, a := range changes.Save {
		var err error
		if rows[i], err = newAccountRow(a); err != nil {
			return err
		}
	}
	overwrite := clause.OnConflict{Columns: gormstore.UniqueColumns("id"), UpdateAll: true}
	if err := p.tx.Clauses(overwrite).CreateInBatches(rows, accountBatch).Error; err != nil {
		return err
	}
	for _, externalID := range changes.Removed {
		err := p.changeStates(&records.Changes{Clear: []records.StatesOf{
			{Mark: records.MarkAbsent, Account: externalID}, {Mark: records.MarkAnnounced, Account: externalID},
		}})
		if err != nil {
			return err
		}
	}
	if err := p.forgetContinued(changes.Continued()); err != nil {
		return err
	}
	return p.recordEvents(changes.Events...)
}

// forgetContinued removes the accounts with these ids, which continue, from the MaybeContinues of all others. What one
// account continues is no candidate for another one.
func (p *pageWriter) forgetContinued(accounts []string) error {
	for _, id := range accounts {
		err := p.tx.Exec(`UPDATE accounts SET updated_at = ?,
				maybe_continues = trim(replace(',' || maybe_continues || ',', ?, ','), ',')
			WHERE tenant_id = ? AND maybe_continues <> '' AND maybe_continues LIKE ?`,
			gormstore.At(p.At), ","+id+",", p.pull.Tenant, "%"+id+"%").Error
		if err != nil {
			return err
		}
	}
	return nil
}

// SweepAccounts reads all listed accounts of the connection, because there are few.
func (s pulls) SweepAccounts(ctx context.Context, lease domain.Lease, w ports.AccountSweepWrite) error {
	p := newPageWriter(s.Dialect, ports.PageWrite{At: w.At, LeaseUntil: w.LeaseUntil})
	_, err := s.runPage(ctx, s.WorkTimeout, lease, p, func() error {
		stored, err := accountSource{p}.Accounts(records.AccountsOf{Listed: true})
		if err != nil {
			return err
		}
		if err := p.saveAccounts(records.SweepAccounts(w, domain.PullID{UUID: p.pull.ID}, stored)); err != nil {
			return err
		}
		return p.updatePull(nil)
	})
	return err
}
