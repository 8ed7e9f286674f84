package recordstore

import (
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// The maximum numbers of rows in one statement that changes records. They keep the number of parameters below the
// limits of both databases.
const (
	removalBatch = 500
	renameBatch  = 100
)

// apply applies the changes in their order, and adds their counts to p.counts.
func (p *pageWriter) apply(changes iter.Seq2[records.Changes, error]) error {
	for c, err := range changes {
		if err == nil {
			err = p.applyOne(&c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pageWriter) applyOne(c *records.Changes) error {
	p.counts = p.counts.Plus(c.Counts)
	for _, step := range []struct {
		needed bool
		apply  func(*records.Changes) error
	}{
		{len(c.Clear)+len(c.States) > 0, p.changeStates},
		{c.Stage != nil, p.stageRows},
		{len(c.Never) > 0, p.rememberNever},
		{len(c.Archive) > 0, p.archiveAll},
		{len(c.Rename) > 0, p.rename},
		{len(c.Upsert) > 0, p.upsert},
		{len(c.Refresh) > 0, p.saveMetadata},
		{len(c.Quarantine.Release)+len(c.Quarantine.Put) > 0, p.changeQuarantine},
		{len(c.Attach) > 0, p.attachAll},
		{len(c.Remove) > 0, p.markRemoved},
		{c.Publication != nil, p.publishAll},
		{len(c.Suggestions) > 0, p.changeSuggestions},
		{c.Exclusion != nil, p.exclude},
		{len(c.Possibly) > 0, p.changePossibly},
	} {
		if !step.needed {
			continue
		}
		if err := step.apply(c); err != nil {
			return err
		}
	}
	return nil
}

// rememberNever stores pairs that must not be matched again. Source.Never returns them in both orders.
func (p *pageWriter) rememberNever(c *records.Changes) error {
	rows := make([]splitPairRow, len(c.Never))
	for i, pair := range c.Never {
		rows[i] = splitPairRow{Tenant: p.pull.Tenant, Connection: p.pull.Connection, Old: pair.Old, New: pair.New}
	}
	return p.tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, stateBatch).Error
}

// archiveAll archives the present versions of records.
func (p *pageWriter) archiveAll(c *records.Changes) error {
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	return p.archive(p.ownRecords(p.dialect.AnyOf("external_id", gormstore.ConvertAll(c.Archive, gormstore.KeyColumn))))
}

// ownRecords returns the SQL condition that selects the records of the connection that match the other condition.
func (p *pageWriter) ownRecords(condition clause.Expr) clause.Expr {
	return clause.Expr{
		SQL:  "connection_id = ? AND " + p.dialect.TenantIs("tenant_id", "?") + " AND " + condition.SQL,
		Vars: append([]any{p.pull.Connection, p.pull.Tenant}, condition.Vars...),
	}
}

// ownIDs returns the SQL condition that selects the records of the connection with these ids. The database must find
// the records by their ids: SQLite would otherwise read all records of the connection.
func (p *pageWriter) ownIDs(ids []string) clause.Expr {
	which, own := p.dialect.AnyOf("id", ids), isOfConnection(p.pull.Connection)
	return clause.Expr{
		SQL:  which.SQL + " AND " + own.SQL + " AND " + p.dialect.TenantIs("tenant_id", "?"),
		Vars: slices.Concat(which.Vars, own.Vars, []any{p.pull.Tenant}),
	}
}

// rename changes the identities of records. Pending records (which do not have their next version yet) are renamed in
// batches. Their new external ids belong to new rows, so no stored record has one of them.
func (p *pageWriter) rename(c *records.Changes) error {
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	var pending []records.Renamed
	for _, r := range c.Rename {
		if r.Pending {
			pending = append(pending, r)
			continue
		}
		text, err := encodePast(r.Supersedes)
		if err != nil {
			return err
		}
		err = recordByID(p.tx.DB, p.dialect, r.ID.UUID, p.pull.Tenant).
			Updates(map[string]any{
				"external_id": gormstore.KeyColumn(r.Key()), "supersedes": text,
				"superseded_by": gormstore.Optional(r.SupersededBy.UUID),
			}).
			Error
		if err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(pending, renameBatch) {
		if err := p.renamePending(batch); err != nil {
			return err
		}
	}
	return nil
}

// recordByID selects one record by its id. The connection is not compared: SQLite would then read all records of the
// connection to change a single record.
func recordByID(db *gorm.DB, d gormstore.Dialect, id, tenant uuid.UUID) *gorm.DB {
	return db.Table(gormstore.TransactionTable).Where("id = ?", id).Where(d.TenantIs("tenant_id", "?"), tenant)
}

// renamePending changes the identities of records, and empties their digests; see digestColumn.
func (p *pageWriter) renamePending(batch []records.Renamed) error {
	var names, texts strings.Builder
	var nameArgs, textArgs []any
	for _, r := range batch {
		text, err := encodePast(r.Supersedes)
		if err != nil {
			return err
		}
		names.WriteString(" WHEN id = ? THEN ?")
		texts.WriteString(" WHEN id = ? THEN ?")
		nameArgs = append(nameArgs, r.ID.UUID, r.ExternalID)
		textArgs = append(textArgs, r.ID.UUID, text)
	}
	which := p.dialect.AnyOf("external_id", keys(batch, func(r *records.Renamed) string {
		return gormstore.KeyColumn(r.From)
	}))
	args := slices.Concat([]any{[]byte{}}, nameArgs, textArgs, []any{p.pull.Connection, p.pull.Tenant}, which.Vars)
	return p.tx.Exec("UPDATE transactions SET digest = ?, superseded_by = NULL, external_id = CASE"+names.String()+
		" END, supersedes = CASE"+texts.String()+" END WHERE connection_id = ? AND "+
		p.dialect.TenantIs("tenant_id", "?")+
		" AND "+which.SQL, args...).Error
}

// encodePast returns the value of the column supersedes; "" if there are no former rows.
func encodePast(pastRows []domain.Superseded) (string, error) {
	if len(pastRows) == 0 {
		return "", nil
	}
	return gormstore.EncodeJSON(pastRows)
}

// upsert stores new records and new versions. It groups the records by the time of their removal, and uses one
// statement for each group. The records of a page form a single group.
func (p *pageWriter) upsert(c *records.Changes) error {
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	all := make([]*records.Record, len(c.Upsert))
	for i := range c.Upsert {
		all[i], c.Upsert[i].Reason, c.Upsert[i].Actor = &c.Upsert[i], c.Reason, p.actor
	}
	for len(all) > 0 {
		removed, rows, others := all[0].RemovedAt, make([]gormstore.TransactionRow, 0, len(all)), []*records.Record(nil)
		for _, record := range all {
			if record.RemovedAt.Equal(removed) {
				row := gormstore.RowOfRecord(record, p.changeSeq)
				row.UsePacked(p.packed[record.ExternalID])
				rows = append(rows, row)
			} else {
				others = append(others, record)
			}
		}
		if err := p.dialect.UpsertTransactions(p.tx.DB, rows); err != nil {
			return err
		}
		all = others
	}
	return nil
}

// saveMetadata replaces the columns of records that can change without an edit: metadata, category and hashes.
func (p *pageWriter) saveMetadata(c *records.Changes) error {
	if p.refreshed == nil {
		p.refreshed = map[string]bool{}
	}
	for i := range c.Refresh {
		p.refreshed[c.Refresh[i].Account] = true
	}
	return p.dialect.SaveMetadata(p.tx.DB, p.pull.Tenant, p.pull.Connection, c.Refresh)
}

// nextVersions gives a new version, with the given columns, to each record that matches the condition, which must
// select records of the connection. It returns the number of these records.
func (p *pageWriter) nextVersions(condition clause.Expr, columns map[string]any) (int, error) {
	if err := p.reserveChangeSeq(); err != nil {
		return 0, err
	}
	if err := p.archive(condition); err != nil {
		return 0, err
	}
	columns["version"] = gorm.Expr("version + 1")
	at := gormstore.NextTime(p.tx.Name(), "CAST(? AS timestamptz)", "updated_at")
	columns["updated_at"] = gorm.Expr(at, p.time(p.At))
	columns["change_tx"], columns["pull_id"] = p.changeSeq, p.pull.ID
	columns["actor"] = p.actor
	p.uncounted = true
	if columns["reason"] == nil {
		columns["reason"] = ""
	}
	return gormstore.RowsAffected(p.tx.Table(gormstore.TransactionTable).Where(condition).Updates(columns))
}

// attachAll sets the account id of records that so far refer to their account only by its external id.
//
// It reads all records of the connection. This cost is acceptable, because attachAll rarely has work to do: only
// after an account leaves the quarantine or is stored for the first time.
func (p *pageWriter) attachAll(c *records.Changes) error {
	for _, a := range c.Attach {
		unattached := clause.Expr{SQL: "account = ? AND account_id IS NULL", Vars: []any{a.Account}}
		n, err := p.nextVersions(p.ownRecords(unattached), map[string]any{"account_id": a.ID.UUID})
		if err != nil {
			return err
		}
		p.counts.Modified += n
	}
	return nil
}

// markRemoved marks live records as removed.
func (p *pageWriter) markRemoved(c *records.Changes) error {
	for batch := range slices.Chunk(c.Remove, removalBatch) {
		live := p.dialect.AnyOf("external_id", batch)
		live.SQL += " AND removed_at IS NULL"
		n, err := p.nextVersions(p.ownRecords(live), map[string]any{"removed_at": gormstore.At(p.At)})
		if err != nil {
			return err
		}
		p.counts.Removed += n
	}
	return nil
}

// exclude excludes a record, or takes its exclusion back.
func (p *pageWriter) exclude(c *records.Changes) error {
	columns := map[string]any{"excluded_at": nil, "excluded_by": c.Exclusion.By, "reason": c.Reason}
	if c.Exclusion.By != "" {
		columns["excluded_at"] = gormstore.At(p.At)
	}
	_, err := p.nextVersions(p.ownIDs([]string{c.Exclusion.Record.String()}), columns)
	return err
}

// reserveChangeSeq sets p.changeSeq to the transaction's position in the change feed, unless it is already
// set.
func (p *pageWriter) reserveChangeSeq() error {
	if p.changeSeq != 0 {
		return nil
	}
	return p.readChangeSeq()
}

// lease returns a lease with the ids of the locked pull and its tenant.
func (p *pageWriter) lease() domain.Lease {
	return domain.Lease{Pull: domain.PullID{UUID: p.pull.ID}, Tenant: domain.TenantID{UUID: p.pull.Tenant}}
}

// updatePull adds the page's counts to the counts of the pull, and extends the pull's lease. It stores the progress
// unless progress is nil. It also updates the completeness and the closed periods of the accounts.
func (p *pageWriter) updatePull(progress *domain.Progress) error {
	if err := p.changeBooks(); err != nil {
		return err
	}
	total := domain.Counts(p.pull.Counts).Plus(p.counts)
	q := gormstore.NewQuery("UPDATE pulls SET lease_until = ?, seen_accounts = ?, seen_rows = ?",
		gormstore.At(p.LeaseUntil).Param(p.tx.Name()), total.Accounts, total.Read)
	q.Add(", added = ?, modified = ?, removed = ?, unchanged = ?, quarantined = ?",
		total.Added, total.Modified, total.Removed, total.Unchanged, total.Quarantined)
	q.Add(", id_changes = ?, late_rows = ?", total.IDChanges, total.LateRows)
	if p.uncounted {
		q.Add(", uncounted = ?", true)
	}
	if progress != nil {
		text, err := gormstore.EncodeJSON(progress)
		if err != nil {
			return err
		}
		q.Add(", progress = ?", text)
	}
	q.Add(" WHERE id = ? AND tenant_id = ?", gormstore.UUID(p.pull.ID), gormstore.UUID(p.pull.Tenant))
	return p.tx.ExecAtCommit(q.String(), q.Args...)
}

// recordEvents stores events at the page's position in the change feed.
func (p *pageWriter) recordEvents(events ...records.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	return gormstore.InsertEvents(
		p.tx,
		p.changeSeq,
		gormstore.EventOrigin{Tenant: p.pull.Tenant, Connection: p.pull.Connection, At: p.At},
		events,
	)
}
