package recordstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// publishTimeout limits the duration of Publish. It is long, because Publish makes all staged rows of a connection
// visible in one transaction.
const publishTimeout = 10 * time.Minute

// publisher publishes the staged rows of a connection.
type publisher struct {
	*pageWriter
	w ports.Publication

	plan        *publicationPlan // nil if no rows are matched
	stagedSince time.Time        // the time at which rows of the new reference were first staged
}

// Publish runs in one transaction, so that readers see either all rows of the new account reference or none. It first
// plans in a snapshot which records the new rows continue, and prepares the next versions of these records. If the
// compared records have changed when the transaction begins, it plans again. Errors: Unavailable if they changed again
// and again.
func (s pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	for attempt := range maxComparisons {
		plan, err := s.planPublication(ctx, lease, w)
		if err == nil && plan != nil && attempt < maxPreparations {
			err = s.prepare(ctx, lease, w, plan)
		}
		published := ports.Published{}
		if err == nil {
			published, err = s.publishPlanned(ctx, lease, w, plan)
		}
		if !errors.Is(err, records.ErrNotCompared) {
			return published, err
		}
	}
	return ports.Published{}, gormstore.Unavailable(records.ErrNotCompared)
}

// publishPlanned publishes in one transaction. Errors: records.ErrNotCompared if the plan is outdated.
func (s pulls) publishPlanned(
	ctx context.Context, lease domain.Lease, w ports.Publication, plan *publicationPlan,
) (ports.Published, error) {
	p := newPageWriter(s.Dialect, ports.PageWrite{
		Coverage: w.Coverage, NewID: w.NewID, At: w.At, LeaseUntil: w.LeaseUntil,
	})
	b := &publisher{pageWriter: p, w: w, plan: plan}
	published := ports.Published{}
	counts, err := s.runPage(ctx, publishTimeout, lease, p, func() (err error) {
		if err := s.Dialect.JoinByHash(p.tx.DB); err != nil {
			return err
		}
		published.Complete, err = b.publish()
		return err
	}, lockConnectionOf(s.Dialect, lease))
	published.Counts = counts
	if err != nil {
		return ports.Published{}, err
	}
	return published, nil
}

// publish stores the accounts, and makes the staged rows visible. It returns the value of Published.Complete.
func (b *publisher) publish() (complete bool, err error) {
	if err := b.checkTarget(); err != nil {
		return false, err
	}
	if err := b.stampPublication(); err != nil {
		return false, err
	}
	if err := b.reserveChangeSeq(); err != nil {
		return false, err
	}
	accounts, err := b.accountChanges()
	if err != nil {
		return false, err
	}
	view := b.publicationView(accounts)
	matches, err := b.plan.matches(b, view)
	if err == nil {
		err = b.saveChanged(accounts)
	}
	if err != nil {
		return false, err
	}
	view.FirstStored, b.moved = b.firstStored, nil
	if err := b.apply(records.Publish(b.w, view, recordSource{b.pageWriter}, matches)); err != nil {
		return false, err
	}
	return len(accounts.Held) == 0, b.updatePull(&b.w.Progress)
}

func targetChanged() error { return &domain.Error{Kind: domain.Conflict, Code: domain.TargetChanged} }

// checkTarget reads the connection. Errors: TargetChanged if the connection no longer has the target
// that was read; LeaseLost if the connection is deleted.
func (b *publisher) checkTarget() error {
	row, err := gormstore.First[gormstore.ConnectionRow](b.tx.DB.
		Where("id = ? AND tenant_id = ? AND deleted_at IS NULL", b.pull.Connection, b.pull.Tenant))
	if errors.Is(err, domain.NotFound) {
		return gormstore.LeaseLost()
	}
	c := row.Domain()
	b.stagedSince = c.StagedSince
	if err == nil && c.Target() != b.w.Target {
		err = targetChanged()
	}
	return err
}

// publicationView returns the view of a publication with these changes of accounts.
func (b *publisher) publicationView(accounts records.PublishedAccounts) records.PublicationView {
	return records.PublicationView{
		View: b.view(), Relinked: accounts.Relinked, Held: accounts.Held, StagedSince: b.stagedSince,
	}
}

// accountChanges returns how the accounts change that were read under the new account reference. It sets b.moved, and
// adds the ids of all accounts of the connection to b.accountIDs.
func (b *publisher) accountChanges() (records.PublishedAccounts, error) {
	stored, err := b.publishable()
	if err != nil {
		return records.PublishedAccounts{}, err
	}
	changes, err := records.PublishAccounts(b.w, b.view(), stored, recordSource{b.pageWriter})
	if err != nil {
		return records.PublishedAccounts{}, err
	}
	present := map[domain.AccountID]records.Account{}
	for _, account := range append(stored, changes.Save...) {
		present[account.ID] = account
	}
	for id, account := range present {
		b.accountIDs[account.ExternalID] = id
		b.cover(account.ExternalID, account.Currency, account.BankReadAt)
	}
	b.moved = changes.Moved
	return changes, nil
}

// saveChanged stores the changed accounts.
func (b *publisher) saveChanged(changes records.PublishedAccounts) error {
	for _, account := range changes.Moved {
		if err := b.moveAccount(account); err != nil {
			return err
		}
	}
	b.counts.Accounts = len(b.w.Accounts)
	return b.saveAccounts(changes.AccountChanges)
}

// publishable returns the accounts of the connection, and the accounts of deleted connections that the published
// accounts continue. It omits accounts of connections that are being erased.
func (b *publisher) publishable() ([]records.Account, error) {
	var continued []uuid.UUID
	for _, published := range b.w.Accounts {
		if !published.Continues.IsZero() {
			continued = append(continued, published.Continues.UUID)
		}
	}
	stored, err := b.readAccounts("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant)
	for ids := range slices.Chunk(continued, accountBatch) {
		if err != nil {
			break
		}
		var moved []records.Account
		moved, err = b.readAccounts(`id IN ? AND tenant_id = ? AND connection_id IN (
			SELECT c.id FROM connections c WHERE c.tenant_id = ? AND `+isContinuable+")",
			ids, b.pull.Tenant, b.pull.Tenant)
		stored = append(stored, moved...)
	}
	return stored, err
}

// accountTables are the tables whose rows belong to an account and contain the id of the account's connection.
var accountTables = []string{
	"account_closes", "reopened_closes", "account_completeness", "account_balances",
	"possible_replacements", "bank_statements", "csv_mappings", "bills", "bill_lists",
}

// moveAccount moves an account, and everything that belongs to the account, from a deleted connection to the pull's
// connection. Errors: TargetChanged if the account has been moved since it was read.
func (b *publisher) moveAccount(account records.Account) error {
	id, source, to := account.ID.UUID, account.Connection.UUID, b.pull.Connection
	if err := shareConnections(b.dialect, b.tx, b.pull.Tenant, source.String()); err != nil {
		return err
	}
	moved, err := gormstore.RowsAffected(b.tx.Model(&gormstore.AccountRow{}).
		Where("id = ? AND tenant_id = ? AND connection_id = ?", id, b.pull.Tenant, source).
		Update("connection_id", to))
	if err == nil && moved == 0 {
		err = targetChanged()
	}
	for i := 0; i < len(accountTables) && err == nil; i++ {
		err = b.tx.Table(accountTables[i]).Where("account_id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Update("connection_id", to).Error
	}
	if err == nil {
		err = b.tx.Table("bank_statements").Where("witness_id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Update("witness_connection_id", to).Error
	}
	if err != nil {
		return err
	}
	return b.moveRows(source, id)
}

// moveRows moves the transactions of an account from the connection with the given id to the pull's connection. Each
// transaction gets a new version.
func (b *publisher) moveRows(source, account uuid.UUID) error {
	to, tenant := b.pull.Connection, b.pull.Tenant
	b.uncounted = true
	if err := b.readChangeSeq(); err != nil { // the account may have brought a closed period or a reading
		return err
	}
	if err := b.moveStates(source, account); err != nil {
		return err
	}
	ofAccount := "connection_id = ? AND " + b.dialect.TenantIs("tenant_id", "?") + " AND account_id = ?"
	b.archived++
	changed := " IN (SELECT id FROM transactions WHERE version > 1 AND " + ofAccount + ")"
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{"UPDATE transaction_versions SET connection_id = ? WHERE connection_id = ? AND tenant_id = ? AND id" + changed,
			[]any{to, source, tenant, source, tenant, account}},
		{
			archiveMovedSQL(b.tx.Name()) + " FROM transactions WHERE " + ofAccount,
			[]any{to, b.time(b.At), source, tenant, account},
		},
		{`INSERT INTO split_pairs (connection_id, old_external_id, new_external_id, tenant_id)
			SELECT ?, old_external_id, new_external_id, tenant_id FROM split_pairs
			WHERE connection_id = ? AND tenant_id = ? ON CONFLICT DO NOTHING`, []any{to, source, tenant}},
		{`UPDATE transactions SET connection_id = ?, version = version + 1, updated_at = ?, change_tx = ?, pull_id = ?
			WHERE ` + ofAccount,
			[]any{to, gormstore.At(b.At).Param(b.tx.Name()), b.changeSeq, b.pull.ID, source, tenant, account}},
	} {
		if err := b.tx.Exec(statement.sql, statement.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// publishAll applies the changes that only a publication makes.
func (p *pageWriter) publishAll(c *records.Changes) error {
	if c.Publication.SwitchOver {
		if err := p.switchOver(c.Counts.Modified); err != nil {
			return err
		}
	}
	if err := p.carryOver(c.Publication.CarryOver); err != nil || !c.Publication.EndStaging {
		return err
	}
	return endStaging(p.tx.DB, p.pull.Tenant, p.pull.Connection)
}

// endStaging deletes the staged rows of a connection, and records that its account reference is no longer new.
func endStaging(tx *gorm.DB, tenant, connection uuid.UUID) error {
	if err := gormstore.StagedRows(tx, tenant, connection).Delete(&gormstore.StagedRow{}).Error; err != nil {
		return err
	}
	row, err := gormstore.First[gormstore.ConnectionRow](
		tx.Select("id", "ambiguity").Where("id = ? AND tenant_id = ?", connection, tenant))
	if err != nil {
		return err
	}
	ambiguity := gormstore.EncodeAmbiguity(gormstore.DecodeAmbiguity(row.Ambiguity).AfterReference())
	return tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", connection, tenant).
		Updates(map[string]any{"new_reference": false, "staged_since": nil, "ambiguity": ambiguity}).Error
}
