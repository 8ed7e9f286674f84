package gormstore

import (
	"bytes"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// writeChanges writes the accounts, rows and removals of the page that differ from the stored ones,
// and returns the statement that updates the pull. Accounts come first, because rows refer to them;
// removals come last, because what the vendor announced as removed stays removed, even if the page
// shows it. Errors: LeaseLost.
func (p *pageWriter) writeChanges(tx Tx) (Statement, error) {
	if p.tx = tx; p.pull.ID == uuid.Nil {
		return Statement{}, leaseLost()
	}
	if err := p.writeAccounts(); err != nil {
		return Statement{}, err
	}
	if changed := p.changedRows(); len(changed) > 0 {
		if err := p.dialect.UpsertTransactions(tx.DB, changed); err != nil {
			return Statement{}, err
		}
	}
	if len(p.rehashed) > 0 {
		if err := p.dialect.SaveContentHashes(tx.DB, p.rehashed, p.hashes); err != nil {
			return Statement{}, err
		}
	}
	if err := p.markRemoved(p.Removed); err != nil {
		return Statement{}, err
	}
	p.counts.Read, p.counts.Unchanged = p.counts.Read+p.Unchanged, p.counts.Unchanged+p.Unchanged
	return p.updatePull(&p.Progress)
}

// writeAccounts writes the accounts that are new or differ in any member.
func (p *pageWriter) writeAccounts() error {
	p.counts.Accounts = len(p.Accounts)
	if len(p.Accounts) == 0 {
		return nil
	}
	var stored []accountRow
	err := p.tx.Where("connection_id = ?", p.pull.Connection).
		Where(p.dialect.AnyOf("external_id", keys(p.Accounts, accountKey))).Find(&stored).Error
	if err != nil {
		return err
	}
	byExternalID := make(map[string]accountRow, len(stored))
	for _, row := range stored {
		byExternalID[row.ExternalID] = row
	}
	var changed []accountRow
	for _, account := range p.Accounts {
		row, ok := byExternalID[account.ExternalID]
		if !ok {
			row = accountRow{
				ID: p.NewID().UUID, Tenant: p.pull.Tenant, Connection: p.pull.Connection, Vendor: p.pull.Vendor,
				FirstSeen: instant{p.At},
			}
		}
		before := row
		row.set(account)
		p.accountIDs[account.ExternalID] = row.ID
		if ok && row.equal(before) {
			continue
		}
		row.Updated = instant{p.At}
		changed = append(changed, row)
	}
	if len(changed) == 0 {
		return nil
	}
	return p.tx.Clauses(upsertAccounts).CreateInBatches(changed, accountBatch).Error
}

// accountBatch keeps the number of parameters of an INSERT below the limits of both databases.
const accountBatch = 200

// upsertAccounts overwrites the row of the same connection and external id.
var upsertAccounts = clause.OnConflict{
	Columns:   []clause.Column{{Name: "connection_id"}, {Name: "external_id"}},
	UpdateAll: true,
}

// changedRows returns the rows that are new, differ, or return after a removal, complete with their
// accounts and their position in the change feed. It overwrites p.rows.
func (p *pageWriter) changedRows() []TransactionRow {
	p.counts.Read = len(p.rows)
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

// differs reports whether the row must be written, and counts it. A written row retains its id and
// the time it was first seen, and its version is raised. If only the content hash of an unchanged row
// differs, the row is added to those whose hash is replaced.
func (p *pageWriter) differs(row *TransactionRow) bool {
	before, ok := p.stored[row.ExternalID]
	switch {
	case !ok:
		p.counts.Added++
		before.ID, before.FirstSeen = p.NewID().UUID, instant{p.At}
	case before.Removed.IsZero() && bytes.Equal(before.Digest, row.digest[:]):
		p.counts.Unchanged++
		if hash := hashColumn(row.ContentHash); !bytes.Equal(before.ContentHash, hash) {
			p.rehashed, p.hashes = append(p.rehashed, before.ID), append(p.hashes, hash)
		}
		return false
	default:
		p.counts.Modified++
	}
	row.ID.UUID, row.FirstSeenAt, row.Version = before.ID, before.FirstSeen.Time, before.Version+1
	return true
}

// removalBatch bounds the rows that one statement marks as removed.
const removalBatch = 500

// markRemoved marks the connection's rows with these external ids as removed, in batches. Each row
// that is not marked yet gets a new version and a new position in the change feed.
func (p *pageWriter) markRemoved(externalIDs []string) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		if p.changeSeq == 0 {
			if err := p.tx.Read(p.readChangeSeq()); err != nil {
				return err
			}
		}
		n, err := rowsOf(p.tx.Table(transactionTable).
			Where("connection_id = ? AND removed_at IS NULL", p.pull.Connection).
			Where(p.dialect.AnyOf("external_id", batch)).
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

// updatePull returns the statement that adds the counts to the pull, extends its lease and, if
// progress is not nil, stores the progress.
func (p *pageWriter) updatePull(progress *domain.Progress) (Statement, error) {
	total := domain.Counts(p.pull.Counts).Plus(p.counts)
	q := newQuery("UPDATE pulls SET lease_until = ?, seen_accounts = ?, seen_rows = ?",
		instant{p.LeaseUntil}.value(p.tx.Name()), total.Accounts, total.Read)
	q.add(", added = ?, modified = ?, removed = ?, unchanged = ?",
		total.Added, total.Modified, total.Removed, total.Unchanged)
	if progress != nil {
		text, err := encode(progress)
		if err != nil {
			return Statement{}, err
		}
		q.add(", progress = ?", text)
	}
	q.add(" WHERE id = ?", uuidColumn(p.pull.ID))
	return Statement{SQL: q.String(), Args: q.args}, nil
}
