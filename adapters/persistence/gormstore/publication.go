package gormstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// publishTimeout limits the duration of Publish, which makes a connection's staged rows visible. It is long, because
// Publish writes all rows of a connection in one transaction.
const publishTimeout = 10 * time.Minute

// The maximum numbers of rows in one batch of Publish. They keep the number of parameters of a statement below the
// limits of both databases.
const (
	publishBatch = 500
	renameBatch  = 100
)

// publisher makes the staged rows of one connection visible. Staged rows were read under a new account reference, and
// are stored but not visible. publisher keeps in memory only the rows that it is comparing or writing. It finds the
// other rows by queries.
type publisher struct {
	*replacer
	w ports.Publication

	accounts    map[uuid.UUID]*accountRow // the accounts of the connection, by id
	relinked    map[uuid.UUID]bool        // the accounts whose account reference or external id has changed
	carriedOver map[uuid.UUID]bool        // the accounts with carried-over (not yet returned) rows; see carriedOverRow
	held        []string                  // the external ids of accounts whose rows remain staged

	// archived contains the external ids of stored rows whose current version is already in transaction_versions. It
	// omits rows that the method rename has written; writePage recognises those rows by their empty digests.
	archived map[string]bool

	stagedSince time.Time // the time at which rows of the new reference were first staged
}

// candidate is a stored row that a staged row may replace. The staged row then becomes the current row of the
// candidate's transaction.
type candidate struct {
	domain.MatchRow
	id      uuid.UUID
	version int
	past    []domain.Superseded
}

// renaming is a planned replacement: a staged row replaces a stored row (the candidate) in a transaction. externalID is
// the external id of the staged row. pastRows are all former rows of the transaction, including the replaced row.
type renaming struct {
	*candidate
	externalID string
	pastRows   []domain.Superseded
}

// Publish runs in one transaction, so that readers see either all rows of the new account reference or none.
func (s pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	p := s.newPageWriter(ports.PageWrite{
		Matching:   w.Matching,
		AccountKey: w.AccountKey,
		NewID:      w.NewID,
		AccountRef: w.AccountRef,
		Progress:   w.Progress,
		At:         w.At,
		LeaseUntil: w.LeaseUntil,
	})
	b := &publisher{
		replacer: &replacer{
			pageWriter: p, leaving: map[string]leavingRow{}, rows: map[uuid.UUID]*TransactionRow{}, isComplete: true,
		},
		w: w, accounts: map[uuid.UUID]*accountRow{}, relinked: map[uuid.UUID]bool{}, archived: map[string]bool{},
	}
	published := ports.Published{}
	counts, err := s.runPageWithin(ctx, publishTimeout, lease, p, func() (err error) {
		published.Complete, err = b.publish(s)
		return err
	})
	published.Counts = counts
	if err != nil {
		return ports.Published{}, err
	}
	return published, nil
}

// publish runs the steps of Publish and returns the value of the field Published.Complete.
func (b *publisher) publish(s pulls) (complete bool, err error) {
	steps := []func() error{
		b.checkTarget,
		b.reserveChangeSeq,
		func() error { return b.putAccounts(s) },
		func() (err error) {
			complete, err = b.endFormer()
			return err
		},
		b.returnToPast, b.match, b.writeStaged, b.attachFirstStored, b.rememberCarriedOver, b.removeUnmatched,
		func() error { return b.replaceAbsences("", 1, nil) },
		func() error { return b.end(complete) },
		func() error { return b.updatePull(&b.Progress) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return false, err
		}
	}
	return complete, nil
}

func targetChanged() error { return &domain.Error{Kind: domain.Conflict, Code: domain.TargetChanged} }

// checkTarget locks the connection, so that its target cannot change before the transaction ends. Errors: TargetChanged
// if the connection no longer has the target that was read; LeaseLost if the connection is deleted.
func (b *publisher) checkTarget() error {
	row, err := first[connectionRow](locked(b.tx.DB, noKeyUpdate).
		Where("id = ? AND tenant_id = ? AND deleted_at IS NULL", b.pull.Connection, b.pull.Tenant))
	if errors.Is(err, domain.NotFound) {
		return leaseLost()
	}
	c := row.domain()
	b.stagedSince = c.StagedSince
	if err == nil && c.Target() != b.w.Target {
		err = targetChanged()
	}
	return err
}

// putAccounts stores the accounts that were read under the new account reference.
func (b *publisher) putAccounts(s pulls) error {
	var own []accountRow
	err := b.tx.Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).Find(&own).Error
	if err != nil {
		return err
	}
	for i := range own {
		b.accounts[own[i].ID] = &own[i]
	}
	for _, published := range b.w.Accounts {
		if err := b.putAccount(s, published); err != nil {
			return err
		}
	}
	for _, account := range b.accounts {
		b.accountIDs[account.ExternalID] = account.ID
	}
	b.counts.Accounts = len(b.w.Accounts)
	return nil
}

func (b *publisher) putAccount(s pulls, published ports.PublishedAccount) error {
	if published.Continues.IsZero() {
		row := accountRow{
			ID: b.NewID().UUID, Tenant: b.pull.Tenant, Connection: b.pull.Connection, Vendor: b.pull.Vendor,
			FirstSeen: instant{b.At}, Updated: instant{b.At}, AccountRef: b.AccountRef,
		}
		row.set(published.Data)
		row.AccountKey = b.KeyOf(published.Data)
		if published.Listed {
			row.markListed()
		}
		b.accounts[row.ID] = &row
		b.firstStored = append(b.firstStored, row.ExternalID)
		if err := b.tx.Create(&row).Error; err != nil {
			return err
		}
		return b.recordEvents(domain.AccountAdded, row.ID.String())
	}
	row := b.accounts[published.Continues.UUID]
	moves := row == nil
	if moves {
		var err error
		if row, err = b.moveAccount(s, published.Continues.UUID); err != nil {
			return err
		}
	}
	account, err := row.domain()
	if err != nil {
		return err
	}
	b.relinked[row.ID] = moves || !account.IsOf(b.AccountRef) || account.ExternalID != published.Data.ExternalID
	account.Relink(b.AccountRef, published.Data.ExternalID, b.At)
	before := *row
	row.set(published.Data)
	row.AccountKey = b.KeyOf(published.Data)
	if published.Listed {
		row.markListed()
	}
	changed := !row.equal(before)
	if err := b.saveAccount(row, account); err != nil {
		return err
	}
	if b.relinked[row.ID] {
		b.firstStored = append(b.firstStored, row.ExternalID) // under this external id
		if err := b.recordEvents(domain.AccountRelinked, row.ID.String()); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return b.recordEvents(domain.AccountModified, row.ID.String())
}

// saveAccount stores the row of an account. It sets the row's References to those of the given account.
func (b *publisher) saveAccount(row *accountRow, account domain.Account) (err error) {
	row.Updated = instant{b.At}
	if row.References, err = encode(account.References); err != nil {
		return err
	}
	return b.tx.Model(&accountRow{}).Where("id = ? AND tenant_id = ?", row.ID, b.pull.Tenant).
		Select("*").Omit("id", "tenant_id").Updates(row).Error
}

// accountTables are the tables whose rows belong to an account and contain the id of the account's connection.
var accountTables = []string{"account_closes", "account_completeness", "account_balances", "unshown_transactions"}

// moveAccount moves an account, and everything that belongs to the account, from a deleted connection to the pull's
// connection. Errors: TargetChanged if the account no longer belongs to a deleted connection, or if the deleted
// connection was erased.
func (b *publisher) moveAccount(s pulls, id uuid.UUID) (*accountRow, error) {
	find := func() (accountRow, error) {
		row, err := first[accountRow](b.tx.Where("id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Where(`connection_id IN (SELECT id FROM connections WHERE tenant_id = ? AND deleted_at IS NOT NULL
				AND erased_at IS NULL)`, b.pull.Tenant))
		if errors.Is(err, domain.NotFound) {
			err = targetChanged()
		}
		return row, err
	}
	row, err := find()
	if err == nil {
		err = s.shareConnection(b.tx, row.Tenant, row.Connection)
	}
	if err != nil {
		return nil, err
	}
	from, to := row.Connection, b.pull.Connection
	moved, err := rowsOf(b.tx.Model(&accountRow{}).
		Where("id = ? AND tenant_id = ? AND connection_id = ?", id, b.pull.Tenant, from).Update("connection_id", to))
	if err == nil && moved == 0 {
		err = targetChanged()
	}
	if err != nil {
		return nil, err
	}
	for _, table := range accountTables {
		err := b.tx.Table(table).Where("account_id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Update("connection_id", to).Error
		if err != nil {
			return nil, err
		}
	}
	row.Connection = to
	b.accounts[id] = &row
	return &row, b.moveRows(from, id)
}

// moveRows moves the transactions of an account from the connection with the given id to the pull's connection. Each
// transaction gets a new version.
func (b *publisher) moveRows(source, account uuid.UUID) error {
	to, tenant := b.pull.Connection, b.pull.Tenant
	if err := b.tx.Read(b.readChangeSeq(b.lease())); err != nil { // also sets hasClosedPeriod
		return err
	}
	err := b.readReplacedOf(source, clause.Expr{SQL: "account_id = ?", Vars: []any{uuidColumn(account)}})
	if err != nil {
		return err
	}
	const ofAccount = "connection_id = ? AND tenant_id = ? AND account_id = ?"
	const ids = " IN (SELECT id FROM transactions WHERE " + ofAccount + ")"
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{archiveSQL(b.dialect) + " AND account_id = ?", []any{source, tenant, account}},
		{"UPDATE transaction_versions SET connection_id = ? WHERE connection_id = ? AND tenant_id = ? AND id" + ids,
			[]any{to, source, tenant, source, tenant, account}},
		{"UPDATE transaction_past_ids SET connection_id = ? WHERE connection_id = ? AND tenant_id = ? " +
			"AND transaction_id" + ids, []any{to, source, tenant, source, tenant, account}},
		{`INSERT INTO split_pairs (connection_id, left_external_id, came_external_id, tenant_id)
			SELECT ?, left_external_id, came_external_id, tenant_id FROM split_pairs
			WHERE connection_id = ? AND tenant_id = ? ON CONFLICT DO NOTHING`, []any{to, source, tenant}},
		{`UPDATE transactions SET connection_id = ?, version = version + 1, updated_at = ?, change_tx = ?, pull_id = ?
			WHERE ` + ofAccount,
			[]any{to, instant{b.At}.value(b.tx.Name()), b.changeSeq, b.pull.ID, source, tenant, account}},
	} {
		if err := b.tx.Exec(statement.sql, statement.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// endFormer marks the accounts of earlier account references that have no successor under the new reference as removed.
// It marks no account in two cases:
//
//   - b.w.Unproved is set: the absence of an account proves nothing. The result is true.
//   - A former account is live, and an account of the new reference cannot be read. Both may be the same bank account.
//     The result is false.
//
// In all other cases, the result is true.
func (b *publisher) endFormer() (complete bool, err error) {
	if b.w.Unproved {
		return true, nil
	}
	var former []domain.Account
	open := false
	for _, row := range b.accounts {
		account, err := row.domain()
		if err != nil {
			return false, err
		}
		if !account.IsOf(b.AccountRef) && account.RemovedAt.IsZero() {
			former, open = append(former, account), true
		}
	}
	if open && len(b.w.Unreadable) > 0 {
		b.held = b.w.Unreadable
		return false, nil
	}
	for _, account := range former {
		account.EndReference(b.At)
		row := b.accounts[account.ID.UUID]
		row.Removed = instant{b.At}
		if err := b.saveAccount(row, account); err != nil {
			return false, err
		}
		if err := b.recordEvents(domain.AccountRemoved, row.ID.String()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// writeStaged writes the staged rows that become visible, page by page.
func (b *publisher) writeStaged() error {
	visible := b.visible()
	for after := ""; ; {
		var page []domain.TransactionData
		err := b.visitStaged(func(data domain.TransactionData) error {
			page, after = append(page, data), data.ExternalID
			return nil
		}, visible.SQL+" AND external_id > ? ORDER BY external_id LIMIT ?",
			append(slices.Clone(visible.Vars), after, publishBatch)...)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := b.writePage(page); err != nil {
			return err
		}
	}
}

// writePage writes those rows of the page that are new or differ from the stored rows.
func (b *publisher) writePage(page []domain.TransactionData) error {
	p := b.pageWriter
	p.Transactions, p.stored = page, nil
	p.convert()
	defer func() { p.Transactions, p.rows, p.stored = nil, nil, nil }()
	if err := p.tx.Read(p.readStored(p.lease())); err != nil {
		return err
	}
	for externalID, stored := range p.stored {
		stored.archived = b.archived[externalID] || len(stored.Digest) == 0 // see rename
		p.stored[externalID] = stored
	}
	read := p.counts.Read
	changed := p.changedRows()
	p.counts.Read = read // the rows were already counted as read when they were staged
	if len(changed) > 0 {
		if err := p.archiveReplaced(changed); err != nil {
			return err
		}
		if err := p.dialect.UpsertTransactions(p.tx.DB, changed); err != nil {
			return err
		}
	}
	if len(p.refreshed) == 0 {
		return nil
	}
	err := p.saveMetadata()
	p.refreshed, p.metadata, p.hashes = nil, nil, nil
	return err
}

// removeUnmatched marks rows as removed if the vendor does not return them under the new account reference. It does not
// mark rows that are older than the oldest staged row of their account.
func (b *publisher) removeUnmatched() error {
	if b.w.Unproved {
		return nil
	}
	oldest, err := b.oldestStaged()
	if err != nil {
		return err
	}
	for _, account := range slices.SortedFunc(maps.Keys(oldest), func(x, y uuid.UUID) int {
		return strings.Compare(x.String(), y.String())
	}) {
		of := b.leavesOf(account)
		q := newQuery("SELECT external_id FROM transactions WHERE connection_id = ? AND "+
			tenantIs(b.dialect, "tenant_id"), uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
		q.add(of.SQL, of.Vars...)
		q.add(" AND date >= ? ORDER BY external_id LIMIT ?", string(oldest[account]), publishBatch)
		for {
			var removed []string
			var externalID string
			err := b.tx.Read(q.asRead([]any{(*textColumn)(&externalID)}, func() error {
				removed = append(removed, externalID)
				return nil
			}))
			if err != nil {
				return err
			}
			if len(removed) == 0 {
				break
			}
			if err := b.markRemoved(removed); err != nil {
				return err
			}
		}
	}
	return nil
}

// oldestStaged returns the oldest date of the staged rows of each relinked account. Only staged rows that become
// visible are considered. Rows without an account are included under the nil UUID.
func (b *publisher) oldestStaged() (map[uuid.UUID]domain.Date, error) {
	oldest := map[uuid.UUID]domain.Date{}
	visible := b.visible()
	q := newQuery("SELECT account, min(date) FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?",
		uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
	q.add(visible.SQL+" GROUP BY account", visible.Vars...)
	var name, date string
	err := b.tx.Read(q.asRead([]any{(*textColumn)(&name), (*textColumn)(&date)}, func() error {
		account := b.accountIDs[name]
		if known, ok := oldest[account]; !ok || domain.Date(date) < known {
			oldest[account] = domain.Date(date)
		}
		return nil
	}))
	maps.DeleteFunc(oldest, func(account uuid.UUID, _ domain.Date) bool {
		return account != uuid.Nil && !b.relinked[account]
	})
	return oldest, err
}

// rememberCarriedOver updates the list of carried-over rows; see carriedOverRow. It adds the live rows of the relinked
// accounts that the vendor has not returned under the new reference. It deletes the rows that the vendor has returned.
func (b *publisher) rememberCarriedOver() error {
	visible := b.visible()
	err := b.tx.Exec(`DELETE FROM unshown_transactions WHERE connection_id = ? AND tenant_id = ? AND external_id IN
		(SELECT external_id FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?`+visible.SQL+")",
		slices.Concat([]any{b.pull.Connection, b.pull.Tenant, b.pull.Connection, b.pull.Tenant}, visible.Vars)...).Error
	if err == nil {
		err = b.forgetExpired()
	}
	if err != nil || !b.anyRelinked() {
		return err
	}
	live := b.leavesRelinked()
	err = b.tx.Exec(`INSERT INTO unshown_transactions (connection_id, external_id, account_id, date, tenant_id)
		SELECT connection_id, external_id, account_id, date, tenant_id FROM transactions WHERE connection_id = ?
			AND `+tenantIs(b.dialect, "tenant_id")+live.SQL+" ON CONFLICT DO NOTHING",
		slices.Concat([]any{b.pull.Connection, b.pull.Tenant}, live.Vars)...).Error
	if err != nil {
		return err
	}
	// Clear the content hashes of the carried-over rows. If the vendor returns such a row later, FilterUnchanged then
	// does not filter the row out, and StorePage gets it.
	return b.tx.Exec("UPDATE transactions SET source = NULL WHERE connection_id = ? AND "+
		tenantIs(b.dialect, "tenant_id")+live.SQL,
		slices.Concat([]any{b.pull.Connection, b.pull.Tenant}, live.Vars)...).Error
}

// end deletes the staged rows of the connection if the publication is complete; see endStaging. If an account was
// unreadable, the publication is not complete, and end deletes nothing. The rows of the account are still needed.
func (b *publisher) end(complete bool) error {
	if !complete {
		return nil
	}
	return endStaging(b.tx.DB, b.pull.Tenant, b.pull.Connection)
}

// endStaging deletes the staged rows of a connection, and records that its account reference is no longer new.
func endStaging(tx *gorm.DB, tenant, connection uuid.UUID) error {
	if err := unstage(tx, tenant, connection).Delete(&stagedRow{}).Error; err != nil {
		return err
	}
	return tx.Model(&connectionRow{}).Where("id = ? AND tenant_id = ?", connection, tenant).
		Updates(map[string]any{"new_reference": false, "staged_since": nil}).Error
}
