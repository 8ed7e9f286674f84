package gormstore

import (
	"bytes"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// writeChanges writes the differences between the page and the stored data, and updates the pull. Accounts are written
// first, because rows refer to them. Removals are written last. A row whose removal was announced therefore stays
// removed, even if the page contains it.
func (p *pageWriter) writeChanges() error {
	return p.writeRows(announced(p.Removed), nil, &p.Progress)
}

// writeRows writes the changes of a page, and marks the stored rows in leaving as removed. The vendor has announced the
// removal of these rows, or a sweep (a comparison with the vendor's complete list) has found them missing. progress is
// stored if it is not nil.
func (p *pageWriter) writeRows(leaving []leavingRow, sweep *sweepRead, progress *domain.Progress) error {
	if err := p.writeAccounts(); err != nil {
		return err
	}
	removed, err := p.replaceRows(leaving, sweep)
	if err != nil {
		return err
	}
	if changed := p.changedRows(); len(changed) > 0 {
		if err := p.archiveReplaced(changed); err != nil {
			return err
		}
		if err := p.dialect.UpsertTransactions(p.tx.DB, changed); err != nil {
			return err
		}
	}
	if len(p.refreshed) > 0 {
		if err := p.saveMetadata(); err != nil {
			return err
		}
	}
	if err := p.updateQuarantine(); err != nil {
		return err
	}
	if err := p.attachFirstStored(); err != nil {
		return err
	}
	if err := p.markRemoved(removed); err != nil {
		return err
	}
	p.counts.Read, p.counts.Unchanged = p.counts.Read+p.Unchanged, p.counts.Unchanged+p.Unchanged
	return p.updatePull(progress)
}

// lease returns a lease with the ids of the locked pull and its tenant.
func (p *pageWriter) lease() domain.Lease {
	return domain.Lease{Pull: domain.PullID{UUID: p.pull.ID}, Tenant: domain.TenantID{UUID: p.pull.Tenant}}
}

// saveMetadata writes the new metadata and content hashes of the rows in p.refreshed.
func (p *pageWriter) saveMetadata() error {
	return p.dialect.SaveMetadata(p.tx.DB, p.pull.Tenant, p.pull.Connection, p.refreshed, p.metadata, p.hashes)
}

// writeAccounts upserts the page's accounts that are new or differ from the stored accounts. It adds the ids of all
// accounts of the page to p.accountIDs.
func (p *pageWriter) writeAccounts() error {
	p.counts.Accounts = len(p.Accounts)
	if len(p.Accounts) == 0 {
		return nil
	}
	var stored []accountRow
	err := p.tx.Where("connection_id = ? AND "+tenantIs(p.dialect, "tenant_id"), p.pull.Connection, p.pull.Tenant).
		Where(p.dialect.AnyOf("external_id", keys(p.Accounts, accountKey))).Find(&stored).Error
	if err != nil {
		return err
	}
	byExternalID := make(map[string]accountRow, len(stored))
	for _, row := range stored {
		byExternalID[row.ExternalID] = row
	}
	var changed, added []accountRow
	events := map[domain.EventType][]string{}
	for _, account := range p.Accounts {
		row, ok := byExternalID[account.ExternalID]
		if !ok {
			row = accountRow{
				ID: p.NewID().UUID, Tenant: p.pull.Tenant, Connection: p.pull.Connection, Vendor: p.pull.Vendor,
				FirstSeen: instant{p.At}, AccountRef: p.AccountRef,
			}
		}
		if !ok {
			p.firstStored = append(p.firstStored, account.ExternalID)
		}
		before := row
		row.set(account)
		row.AccountKey = p.KeyOf(account)
		if p.Listed {
			row.markListed()
		}
		p.accountIDs[account.ExternalID] = row.ID
		if ok && row.equal(before) {
			continue
		}
		row.Updated = instant{p.At}
		changed = append(changed, row)
		kind := domain.AccountModified
		if !ok {
			kind, added = domain.AccountAdded, append(added, row)
		}
		events[kind] = append(events[kind], row.ID.String())
	}
	if len(changed) == 0 {
		return nil
	}
	if err := p.checkContinues(added); err != nil {
		return err
	}
	if err := p.tx.Clauses(upsertAccounts(p.dialect)).CreateInBatches(changed, accountBatch).Error; err != nil {
		return err
	}
	if err := p.recordEvents(domain.AccountAdded, events[domain.AccountAdded]...); err != nil {
		return err
	}
	return p.recordEvents(domain.AccountModified, events[domain.AccountModified]...)
}

// accountBatch is the maximum number of accounts in one INSERT. It keeps the number of parameters below the
// limits of both databases.
const accountBatch = 200

// upsertAccounts makes an INSERT overwrite the stored row with the same connection and external
// id.
func upsertAccounts(d Dialect) clause.OnConflict {
	return clause.OnConflict{Columns: uniqueColumns(d, "connection_id", "external_id"), UpdateAll: true}
}

// changedRows returns the rows of the page that must be written: new rows, changed rows, and rows that are stored as
// removed. It sets the columns that the page does not contain, such as the account's id and the feed position. It
// overwrites the contents of p.rows.
func (p *pageWriter) changedRows() []TransactionRow {
	p.counts.Read += len(p.rows)
	changed := p.rows[:0]
	for i := range p.rows {
		if p.differs(&p.rows[i]) {
			changed = append(changed, p.rows[i])
		}
	}
	for i := range changed {
		row := &changed[i]
		row.Tenant.UUID, row.Connection.UUID = p.pull.Tenant, p.pull.Connection
		row.Vendor, row.Pull.UUID = domain.Vendor(p.pull.Vendor), p.pull.ID
		row.AccountID.UUID, row.UpdatedAt, row.changeSeq = p.accountIDs[row.Account], p.At, p.changeSeq
	}
	return changed
}

// differs reports whether the row must be written, and counts the row as added, modified or unchanged. If the row must
// be written, differs sets its id, its first-seen time and its version.
//
// A row counts as unchanged even if its metadata has changed. If the content hash is missing or has changed, the
// metadata may have changed, too. differs adds such a row to p.refreshed.
func (p *pageWriter) differs(row *TransactionRow) bool {
	before, ok := p.stored[row.ExternalID]
	switch {
	case !ok:
		p.counts.Added++
		before.ID, before.FirstSeen = p.NewID().UUID, instant{p.At}
	case before.Removed.IsZero() && !before.archived && before.hasDigest(row.digest[:]):
		p.counts.Unchanged++
		if hash := hashColumn(row.ContentHash); hash == nil || !bytes.Equal(before.ContentHash, hash) {
			p.refreshed = append(p.refreshed, before.ID)
			p.metadata, p.hashes = append(p.metadata, row.Metadata), append(p.hashes, hash)
		}
		return false
	default:
		p.counts.Modified++
	}
	row.ID.UUID, row.FirstSeenAt, row.Version = before.ID, before.FirstSeen.Time, before.Version+1
	return true
}

// removalBatch is the maximum number of rows that one statement marks as removed.
const removalBatch = 500

// markRemoved marks the connection's rows with these external ids as removed, in batches. Each row
// that was not marked before gets a new version and a new position in the change feed.
func (p *pageWriter) markRemoved(externalIDs []string) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		if err := p.reserveChangeSeq(); err != nil {
			return err
		}
		live := p.dialect.AnyOf("external_id", batch)
		live.SQL += " AND removed_at IS NULL"
		if err := p.archive(live); err != nil {
			return err
		}
		n, err := rowsOf(p.tx.Table(transactionTable).
			Where("connection_id = ? AND "+tenantIs(p.dialect, "tenant_id"), p.pull.Connection, p.pull.Tenant).
			Where(live).
			Updates(map[string]any{
				"version": gorm.Expr("version + 1"), "removed_at": instant{p.At}, "updated_at": instant{p.At},
				"change_tx": p.changeSeq, "pull_id": p.pull.ID,
			}))
		if err != nil {
			return err
		}
		p.counts.Removed += n
	}
	return nil
}

// reserveChangeSeq sets p.changeSeq to the transaction's position in the change feed, unless it is already
// set.
func (p *pageWriter) reserveChangeSeq() error {
	if p.changeSeq != 0 {
		return nil
	}
	return p.tx.Read(p.readChangeSeq(p.lease()))
}

// updatePull adds the page's counts to the counts of the pull, and extends the pull's lease. It stores the progress
// unless progress is nil. It also stores the adjustments that result from the page's changes.
func (p *pageWriter) updatePull(progress *domain.Progress) error {
	if err := p.storeAdjustments(); err != nil {
		return err
	}
	total := domain.Counts(p.pull.Counts).Plus(p.counts)
	q := newQuery("UPDATE pulls SET lease_until = ?, seen_accounts = ?, seen_rows = ?",
		instant{p.LeaseUntil}.value(p.tx.Name()), total.Accounts, total.Read)
	q.add(", added = ?, modified = ?, removed = ?, unchanged = ?, quarantined = ?",
		total.Added, total.Modified, total.Removed, total.Unchanged, total.Quarantined)
	if progress != nil {
		text, err := encode(progress)
		if err != nil {
			return err
		}
		q.add(", progress = ?", text)
	}
	q.add(" WHERE id = ? AND tenant_id = ?", uuidColumn(p.pull.ID), uuidColumn(p.pull.Tenant))
	_, err := p.tx.Statement.ConnPool.ExecContext(p.tx.Statement.Context, q.String(), q.args...)
	return err
}
