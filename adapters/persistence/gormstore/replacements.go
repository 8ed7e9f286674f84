package gormstore

import (
	"bytes"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// pastIDRow is a row of transaction_past_ids: an external id that a transaction had before its current one.
type pastIDRow struct {
	Tenant      uuid.UUID `gorm:"column:tenant_id"`
	Connection  uuid.UUID `gorm:"column:connection_id"`
	ExternalID  string    `gorm:"column:external_id"`
	Transaction uuid.UUID `gorm:"column:transaction_id"`
}

// TableName returns the name of the table in the schema.
func (pastIDRow) TableName() string { return "transaction_past_ids" }

// splitPairRow is a row of split_pairs. It contains the external ids of two transaction rows. The vendor has removed
// the old row. The new row must never replace the old row again. If Old is "", the new row must never replace any row.
type splitPairRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Old        string    `gorm:"column:left_external_id"`
	New        string    `gorm:"column:came_external_id"`
}

// TableName returns the name of the table in the schema.
func (splitPairRow) TableName() string { return "split_pairs" }

// leavingRow is a stored row that this write is about to mark as removed, unless a new row replaces it. The field
// absentSince is the first pull whose listing is known to lack the row; zero if none is known.
type leavingRow struct {
	externalID  string
	absentSince domain.PullID
}

// announced returns a leavingRow for each external id. The vendor has announced the removal of these rows, so their
// absentSince is zero.
func announced(externalIDs []string) []leavingRow {
	rows := make([]leavingRow, 0, len(externalIDs))
	for _, id := range externalIDs {
		rows = append(rows, leavingRow{externalID: id})
	}
	return rows
}

// replacer finds and writes the replacements that result from one page, one sweep or one announced removal. In a
// replacement, the vendor has removed the row of a transaction, and a new row becomes the current row of this
// transaction.
type replacer struct {
	*pageWriter

	leaving map[string]leavingRow
	// isComplete is set if the vendor's list was read completely. The function shown reports whether the list contains
	// a row. It is nil if the caller has no such list.
	isComplete bool
	shown      func(externalID string) bool

	oldRows []domain.OldRow
	newRows []domain.NewRow
	rows    map[uuid.UUID]*TransactionRow // the stored rows among oldRows and newRows, by id
	reads   []domain.PullRead
	never   map[domain.MatchPair]bool
}

// replaceRows finds the new rows that replace removed rows, and writes the replacements. Each new row becomes the
// current row of the removed row's transaction.
//
// The argument leaving contains the rows that this write is about to mark as removed. replaceRows returns the external
// ids of the rows in leaving that no new row has replaced. The argument sweep is nil if the vendor's list was not read
// completely.
//
// replaceRows must be called after the accounts of the page are written, and before the rows of the page are compared.
func (p *pageWriter) replaceRows(leaving []leavingRow, sweep *sweepRead) ([]string, error) {
	r := &replacer{pageWriter: p, leaving: map[string]leavingRow{}, rows: map[uuid.UUID]*TransactionRow{}}
	for _, row := range leaving {
		r.leaving[row.externalID] = row
	}
	if sweep != nil {
		r.isComplete, r.shown = true, sweep.seen
	}
	if err := r.run(); err != nil {
		return nil, err
	}
	var removed []string
	for _, row := range leaving {
		if _, ok := r.leaving[row.externalID]; ok {
			removed = append(removed, row.externalID)
		}
	}
	return removed, nil
}

// sweepRead describes the vendor's complete list of transactions. The sweep has compared this list with the stored
// rows.
type sweepRead struct{ seen func(externalID string) bool }

func (r *replacer) run() error {
	if err := r.rememberUnmatched(); err != nil || r.AssumeNew {
		return err
	}
	if r.RecentlyRemoved || r.CarriedOver {
		if err := r.followPast(); err != nil {
			return err
		}
	}
	if r.CarriedOver {
		if err := r.followCarriedOver(); err != nil {
			return err
		}
	}
	unknown := r.unknownRows()
	if r.Matching == nil || len(r.leaving) == 0 && (len(unknown) == 0 || !r.RecentlyRemoved) {
		return nil
	}
	if err := r.readOldRows(); err != nil || len(r.oldRows) == 0 {
		return err
	}
	r.addNewRows(unknown)
	if err := r.readNewRows(); err != nil || len(r.newRows) == 0 {
		return err
	}
	if err := r.readPulls(); err != nil {
		return err
	}
	if err := r.readSplitPairs(); err != nil {
		return err
	}
	return r.write(domain.FindReplacements(domain.ReplacementInput{
		Old: r.oldRows, New: r.newRows, Reads: r.reads, Never: r.never, Keys: r.Matching.Keys, Complete: r.isComplete,
	}))
}

// rememberUnmatched stores that the new rows in Unmatched must never replace another row. It ignores external ids that
// are not new on this page.
func (p *pageWriter) rememberUnmatched() error {
	if len(p.Unmatched) == 0 {
		return nil
	}
	var rows []splitPairRow
	for _, row := range p.unknownRows() {
		if slices.Contains(p.Unmatched, row.ExternalID) {
			rows = append(rows, splitPairRow{
				Tenant: p.pull.Tenant, Connection: p.pull.Connection, New: row.ExternalID,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return p.tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, absenceBatch).Error
}

// unknownRows returns the rows of the page that are not stored.
func (p *pageWriter) unknownRows() []*TransactionRow {
	var unknown []*TransactionRow
	for i := range p.rows {
		if _, ok := p.stored[p.rows[i].ExternalID]; !ok {
			unknown = append(unknown, &p.rows[i])
		}
	}
	return unknown
}

// isShown reports whether the page, or the complete list of a sweep, contains the row.
func (r *replacer) isShown(externalID string) bool {
	return r.shown != nil && r.shown(externalID) || slices.ContainsFunc(r.Transactions,
		func(t domain.TransactionData) bool { return t.ExternalID == externalID })
}

// windowStart returns the start of domain.MatchWindow. Rows that were removed or first seen before this time are not
// considered for a replacement.
func (r *replacer) windowStart() any {
	return instant{r.At.Add(-domain.MatchWindow)}.value(r.tx.Name())
}

// readOldRows fills r.oldRows with the rows that are about to be marked as removed, and those that were marked within
// domain.MatchWindow. It omits rows that the page, or the complete list of a sweep, contains.
func (r *replacer) readOldRows() error {
	var ids []string
	for id := range r.leaving {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if err := r.readAbsent(ids); err != nil {
		return err
	}
	shown := r.shownIDs()
	add := func(row *TransactionRow, t domain.Transaction) {
		oldRow := domain.OldRow{Transaction: t, LearnedAt: t.RemovedAt, AbsentSince: t.Pull}
		if t.RemovedAt.IsZero() {
			oldRow.LearnedAt, oldRow.AbsentSince = r.At, r.leaving[t.ExternalID].absentSince
		}
		if !shown[t.ExternalID] && (r.shown == nil || !r.shown(t.ExternalID)) {
			r.rows[t.ID.UUID] = row
			r.oldRows = append(r.oldRows, oldRow)
		}
	}
	for batch := range slices.Chunk(ids, removalBatch) {
		which := r.dialect.AnyOf("external_id", batch)
		if err := r.load(add, which.SQL+" AND removed_at IS NULL", which.Vars...); err != nil {
			return err
		}
	}
	return r.load(add, "removed_at >= ? AND superseded_by IS NULL LIMIT ?", r.windowStart(), domain.MaxMatchRows+1)
}

// readAbsent sets absentSince of the rows in r.leaving with these external ids. The values come from the table
// absent_transactions. A value that is already set does not change.
func (r *replacer) readAbsent(externalIDs []string) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		var absent []absenceRow
		err := r.tx.Where("connection_id = ? AND tenant_id = ?", r.pull.Connection, r.pull.Tenant).
			Where(r.dialect.AnyOf("external_id", batch)).Find(&absent).Error
		if err != nil {
			return err
		}
		for _, a := range absent {
			if row := r.leaving[a.ExternalID]; row.absentSince.IsZero() {
				row.absentSince.UUID = a.Pull
				r.leaving[a.ExternalID] = row
			}
		}
	}
	return nil
}

// shownIDs returns the set of the external ids that the page contains.
func (r *replacer) shownIDs() map[string]bool {
	shown := make(map[string]bool, len(r.Transactions))
	for i := range r.Transactions {
		shown[r.Transactions[i].ExternalID] = true
	}
	return shown
}

// addNewRows extends r.newRows by rows of the page that are not stored yet. It skips rows that must not replace another
// row.
func (r *replacer) addNewRows(unknown []*TransactionRow) {
	for _, row := range unknown {
		if slices.Contains(r.Unmatched, row.ExternalID) {
			continue
		}
		t := row.Transaction
		t.AccountID.UUID = r.accountIDs[row.Account]
		r.newRows = append(r.newRows, domain.NewRow{Transaction: t, LearnedAt: r.At})
	}
}

// readNewRows adds stored rows to r.newRows: rows that were first seen within domain.MatchWindow, and after the
// connection's first successful pull has ended. It omits rows that have already replaced another row.
func (r *replacer) readNewRows() error {
	var modified []uuid.UUID
	add := func(row *TransactionRow, t domain.Transaction) {
		if _, leaves := r.leaving[t.ExternalID]; leaves {
			return
		}
		r.rows[t.ID.UUID] = row
		r.newRows = append(r.newRows, domain.NewRow{Transaction: t, FirstPull: t.Pull, LearnedAt: t.FirstSeenAt})
		if t.Version > 1 {
			modified = append(modified, t.ID.UUID)
		}
	}
	from, to := r.oldRows[0].Date, r.oldRows[0].Date
	for i := range r.oldRows {
		from, to = min(from, r.oldRows[i].Date), max(to, r.oldRows[i].Date)
	}
	err := r.load(add, `removed_at IS NULL AND supersedes = '' AND date BETWEEN ? AND ? AND first_seen_at >= ?
		AND first_seen_at > (SELECT min(finished_at) FROM pulls WHERE connection_id = ? AND `+isSucceeded+`
			AND `+tenantIs(r.dialect, "tenant_id")+`) LIMIT ?`,
		string(from.AddDays(-domain.MatchDays)), string(to.AddDays(domain.MatchDays)), r.windowStart(),
		uuidColumn(r.pull.Connection), uuidColumn(r.pull.Tenant), domain.MaxMatchRows+1)
	if err != nil {
		return err
	}
	return r.readFirstPulls(modified)
}

// readFirstPulls sets the field FirstPull of rows in r.newRows. The given ids are those of the stored rows with more
// than one version. If the first pull of a stored row is still unknown, readFirstPulls deletes the row from r.newRows.
func (r *replacer) readFirstPulls(ids []uuid.UUID) error {
	first := map[uuid.UUID]uuid.UUID{}
	for batch := range slices.Chunk(ids, removalBatch) {
		var versions []struct {
			ID   uuid.UUID
			Pull uuid.NullUUID `gorm:"column:pull_id"`
		}
		err := r.tx.Table("transaction_versions").Select("id", "pull_id").
			Where("connection_id = ? AND tenant_id = ? AND version = 1", r.pull.Connection, r.pull.Tenant).
			Where("id IN ?", batch).Find(&versions).Error
		if err != nil {
			return err
		}
		for _, v := range versions {
			first[v.ID] = v.Pull.UUID
		}
	}
	for i := range r.newRows {
		if newRow := &r.newRows[i]; newRow.Version > 1 {
			newRow.FirstPull.UUID = first[newRow.ID.UUID]
		}
	}
	// The matching must know which rows were first read by the same pull. A stored row without a known first pull
	// cannot be matched.
	r.newRows = slices.DeleteFunc(
		r.newRows,
		func(c domain.NewRow) bool { return !c.ID.IsZero() && c.FirstPull.IsZero() },
	)
	return nil
}

// readPulls fills r.reads with the pulls that may have read a row of r.newRows.
func (r *replacer) readPulls() error {
	oldest := r.At
	for i := range r.newRows {
		if r.newRows[i].LearnedAt.Before(oldest) {
			oldest = r.newRows[i].LearnedAt
		}
	}
	var rows []pullRow
	err := r.tx.Select("id", "started_at", "progress").
		Where("connection_id = ? AND tenant_id = ? AND started_at IS NOT NULL", r.pull.Connection, r.pull.Tenant).
		Where("("+isEnded+" AND finished_at >= ? OR "+isUnderWay+")", instant{oldest}).
		Order("started_at, id").Find(&rows).Error
	if err != nil {
		return err
	}
	for _, row := range rows {
		read := domain.PullRead{ID: domain.PullID{UUID: row.ID}, StartedAt: row.Started.Time}
		if err := decode(row.Progress, &read.Progress); err != nil {
			return err
		}
		if row.ID == r.pull.ID && r.Progress.Planned {
			read.Progress = r.Progress
		}
		r.reads = append(r.reads, read)
	}
	return nil
}

// readSplitPairs fills r.never with the pairs of rows in split_pairs. It adds each pair in both orders.
func (r *replacer) readSplitPairs() error {
	var pairs []splitPairRow
	err := r.tx.Where("connection_id = ? AND tenant_id = ?", r.pull.Connection, r.pull.Tenant).Find(&pairs).Error
	r.never = make(map[domain.MatchPair]bool, len(pairs))
	for _, pair := range pairs {
		r.never[domain.MatchPair{Old: pair.Old, New: pair.New}] = true
		r.never[domain.MatchPair{Old: pair.New, New: pair.Old}] = true
	}
	return err
}

// load reads the rows of the connection that match the condition, with all columns, and calls add for each of them.
func (p *pageWriter) load(add func(*TransactionRow, domain.Transaction), condition string, args ...any) error {
	return p.loadOf(p.pull.Connection, add, condition, args...)
}

// loadOf is like load, but for the rows of any connection.
func (p *pageWriter) loadOf(
	connection uuid.UUID, add func(*TransactionRow, domain.Transaction), condition string, args ...any,
) error {
	q := newQuery("SELECT "+selected(isStored)+" FROM transactions WHERE connection_id = ? AND "+
		tenantIs(p.dialect, "tenant_id"), uuidColumn(connection), uuidColumn(p.pull.Tenant))
	q.add(" AND "+condition, args...)
	var row TransactionRow
	return p.tx.Read(q.asRead(row.targetsOf(isStored), func() error {
		t, err := row.transaction()
		if err != nil {
			return err
		}
		stored := row
		stored.Transaction = t
		add(&stored, t)
		return nil
	}))
}

// isStored returns true, because every column is stored.
func isStored(Column) bool { return true }

// write stores the replacements, and deletes the replaced rows from r.leaving.
func (r *replacer) write(matches []domain.Match) error {
	if len(matches) == 0 {
		return nil
	}
	if err := r.reserveChangeSeq(); err != nil {
		return err
	}
	oldRows, newRows := map[string]*domain.OldRow{}, map[string]*domain.NewRow{}
	for i := range r.oldRows {
		oldRows[r.oldRows[i].ExternalID] = &r.oldRows[i]
	}
	for i := range r.newRows {
		newRows[r.newRows[i].ExternalID] = &r.newRows[i]
	}
	var taken []TransactionRow
	for _, match := range matches {
		old, next := r.rows[oldRows[match.Old].ID.UUID], newRows[match.New]
		past := domain.Superseded{
			ExternalID: match.Old, At: r.At, Rule: match.Rule, Version: old.Version, Younger: next.ID,
		}
		if err := r.archiveByID(old.ID.UUID); err != nil {
			return err
		}
		if !next.ID.IsZero() {
			row, err := r.takeOver(old, r.rows[next.ID.UUID])
			if err != nil {
				return err
			}
			taken = append(taken, row)
		}
		if err := r.rename(old, match.New, append(old.Supersedes, past)); err != nil {
			return err
		}
		if err := r.rememberPast(match.Old, old.ID.UUID); err != nil {
			return err
		}
		if next.ID.IsZero() {
			r.expectReplaced(match.New, old)
		}
		delete(r.leaving, match.Old)
	}
	if len(taken) == 0 {
		return nil
	}
	return r.dialect.UpsertTransactions(r.tx.DB, taken)
}

// expectReplaced makes the page writer store the page's row with this external id as the next version of oldRow. The
// current version of oldRow must already be archived.
func (p *pageWriter) expectReplaced(externalID string, oldRow *TransactionRow) {
	if p.stored == nil {
		p.stored = map[string]storedRow{}
	}
	p.stored[externalID] = storedRow{
		ID:        oldRow.ID.UUID,
		Version:   oldRow.Version,
		FirstSeen: instant{oldRow.FirstSeenAt},
		Removed:   instant{oldRow.RemovedAt},
		archived:  true,
	}
}

// takeOver merges two stored transactions: the transaction of oldRow continues, and the transaction of newRow ends. It
// marks the transaction of newRow as superseded. It returns the next version of the transaction of oldRow, with the
// content of newRow. The caller must store this version.
func (r *replacer) takeOver(oldRow, newRow *TransactionRow) (TransactionRow, error) {
	if err := r.archiveByID(newRow.ID.UUID); err != nil {
		return TransactionRow{}, err
	}
	err := r.update(newRow.ID.UUID, map[string]any{
		"external_id": supersededID(newRow.ExternalID, newRow.ID.UUID), "superseded_by": oldRow.ID.UUID,
		"removed_at": instant{r.At}, "version": newRow.Version + 1, "updated_at": instant{r.At},
		"change_tx": r.changeSeq, "pull_id": optional(r.pull.ID),
	})
	r.counts.Removed++
	r.counts.Modified++
	row := *newRow
	row.ID, row.FirstSeenAt, row.Version, row.UpdatedAt = oldRow.ID, oldRow.FirstSeenAt, oldRow.Version+1, r.At
	row.changeSeq, row.Pull.UUID = r.changeSeq, r.pull.ID
	// If the page contains newRow, the page writer must compare it with the transaction of oldRow.
	if stored, shown := r.stored[newRow.ExternalID]; shown {
		stored.ID, stored.Version, stored.FirstSeen = oldRow.ID.UUID, row.Version, instant{oldRow.FirstSeenAt}
		r.stored[newRow.ExternalID] = stored
	}
	return row, err
}

// rename sets the external id of a transaction, and the list of its former rows. The version of the transaction does
// not change.
func (p *pageWriter) rename(row *TransactionRow, externalID string, past []domain.Superseded) error {
	text, err := encodePast(past)
	if err != nil {
		return err
	}
	return p.update(row.ID.UUID, map[string]any{
		"external_id": externalID, "supersedes": text, "superseded_by": nil,
	})
}

func (p *pageWriter) update(id uuid.UUID, columns map[string]any) error {
	return p.tx.Table(transactionTable).Where("connection_id = ? AND id = ? AND "+tenantIs(p.dialect, "tenant_id"),
		p.pull.Connection, id, p.pull.Tenant).
		Updates(columns).Error
}

func (p *pageWriter) archiveByID(id uuid.UUID) error {
	return p.archive(clause.Expr{SQL: "id = ?", Vars: []any{id}})
}

func (p *pageWriter) rememberPast(externalID string, transaction uuid.UUID) error {
	return p.tx.Create(&pastIDRow{
		Tenant: p.pull.Tenant, Connection: p.pull.Connection, ExternalID: externalID, Transaction: transaction,
	}).Error
}

func (p *pageWriter) forgetPast(externalID string) error {
	return p.tx.Where("connection_id = ? AND external_id = ? AND tenant_id = ?",
		p.pull.Connection, externalID, p.pull.Tenant).Delete(&pastIDRow{}).Error
}

// followPast finds the rows of the page that were the current row of a transaction before. Such a row becomes the
// current row of its transaction again; see returnTo.
func (r *replacer) followPast() error {
	unknown := r.unknownRows()
	if len(unknown) == 0 {
		return nil
	}
	var past []pastIDRow
	externalID := func(row **TransactionRow) string { return (*row).ExternalID }
	which := r.dialect.AnyOf("external_id", keys(unknown, externalID))
	err := r.tx.Where("connection_id = ? AND tenant_id = ?", r.pull.Connection, r.pull.Tenant).Where(which).
		Order("external_id").Find(&past).Error
	if err != nil || len(past) == 0 {
		return err
	}
	if err := r.reserveChangeSeq(); err != nil {
		return err
	}
	returned := map[uuid.UUID]bool{}
	for _, row := range past {
		follow := r.returnTo
		if returned[row.Transaction] { // the page has two former rows of one transaction: the second becomes a new one
			follow = r.detach
		}
		if err := follow(row.Transaction, row.ExternalID); err != nil {
			return err
		}
		returned[row.Transaction] = true
	}
	return nil
}

// detach removes the row with this external id from the former rows of a transaction. The page writer later stores the
// row as a new transaction.
func (r *replacer) detach(id uuid.UUID, externalID string) error {
	row, err := r.rowByID(id)
	if err != nil {
		return err
	}
	rest, _, _ := row.WithoutPast(externalID)
	if err := r.rename(row, row.ExternalID, rest); err != nil {
		return err
	}
	return r.forgetPast(externalID)
}

// returnTo restores a former row of a transaction, because the page contains the former row again. There are two cases:
//
//   - If the vendor has removed the current row, the former row becomes the current row.
//   - If the vendor still has the current row, returnTo undoes the last replacements, until the former row is restored.
func (r *replacer) returnTo(id uuid.UUID, externalID string) error {
	for {
		row, err := r.rowByID(id)
		if err != nil {
			return err
		}
		if row.ExternalID == externalID { // the row that returns is already the current row
			r.expectReplaced(externalID, row)
			stored := r.stored[externalID]
			stored.archived = false
			r.stored[externalID] = stored
			return nil
		}
		_, leaves := r.leaving[row.ExternalID]
		if (!row.RemovedAt.IsZero() || leaves) && !r.isShown(row.ExternalID) {
			delete(r.leaving, row.ExternalID)
			return r.goBack(row, externalID)
		}
		if err := r.split(row, r.NewID().UUID); err != nil {
			return err
		}
	}
}

// goBack replaces the current row of a transaction with one of its former rows. The vendor must have removed the
// current row, which then becomes a former row.
func (r *replacer) goBack(row *TransactionRow, externalID string) error {
	rest, past, _ := row.WithoutPast(externalID)
	present := domain.Superseded{ExternalID: row.ExternalID, At: r.At, Rule: past.Rule, Version: row.Version}
	if err := r.archiveByID(row.ID.UUID); err != nil {
		return err
	}
	if err := r.rename(row, externalID, append(rest, present)); err != nil {
		return err
	}
	if err := r.forgetPast(externalID); err != nil {
		return err
	}
	r.expectReplaced(externalID, row)
	return r.rememberPast(row.ExternalID, row.ID.UUID)
}

// rowByID returns a stored row of the connection.
func (p *pageWriter) rowByID(id uuid.UUID) (*TransactionRow, error) {
	var found *TransactionRow
	err := p.load(func(row *TransactionRow, _ domain.Transaction) { found = row }, "id = ?", uuidColumn(id))
	if err == nil && found == nil {
		err = gorm.ErrRecordNotFound
	}
	return found, err
}

// supersededID returns the external id under which a superseded transaction is stored. External ids are unique, and the
// original one now belongs to the superseding transaction.
func supersededID(externalID string, id uuid.UUID) string {
	return externalID + supersededMark + id.String()
}

// supersededMark separates the external id and the transaction id in the result of supersededID.
const supersededMark = "\x1f"

// encodePast returns the value of the column supersedes; "" if there are no former rows.
func encodePast(pastRows []domain.Superseded) (string, error) {
	if len(pastRows) == 0 {
		return "", nil
	}
	return encode(pastRows)
}

// restorePast returns the next version of a transaction, with the content of a former row. The version is marked as
// removed at the time of the replacement. It has no digest, so that it counts as changed when the vendor returns the
// row again.
func (p *pageWriter) restorePast(row *TransactionRow, supersededRow domain.Superseded) (TransactionRow, error) {
	q := newQuery("SELECT "+selected(isVersioned)+" FROM transaction_versions WHERE connection_id = ? AND id = ?",
		uuidColumn(p.pull.Connection), uuidColumn(row.ID.UUID))
	q.add(" AND version = ? AND tenant_id = ?", supersededRow.Version, uuidColumn(p.pull.Tenant))
	restored := TransactionRow{}
	restored.Vendor, restored.FirstSeenAt = row.Vendor, row.FirstSeenAt
	found := false
	err := p.tx.Read(q.asRead(restored.targetsOf(isVersioned), func() error {
		found = true
		return nil
	}))
	if err == nil && !found {
		err = gorm.ErrRecordNotFound
	}
	p.nextVersion(&restored, row.Version, supersededRow.At)
	return restored, err
}

// nextVersion sets the columns of a row that are different in each version. The new version is previousVersion + 1.
func (p *pageWriter) nextVersion(row *TransactionRow, previousVersion int, removedAt time.Time) {
	row.Version, row.UpdatedAt, row.RemovedAt = previousVersion+1, p.At, removedAt
	row.changeSeq, row.Pull.UUID = p.changeSeq, p.pull.ID
	row.Tenant.UUID, row.Connection.UUID = p.pull.Tenant, p.pull.Connection
}

// split undoes the last replacement of a transaction. The former row becomes the current row again. The newer row
// returns to the transaction to which it belonged before. If it belonged to none, it becomes a new transaction with the
// id newID.
func (p *pageWriter) split(row *TransactionRow, newID uuid.UUID) error {
	past, err := row.LastPast()
	if err != nil {
		return err
	}
	older, err := p.restorePast(row, past)
	if err != nil {
		return err
	}
	younger := *row
	younger.ID.UUID, younger.FirstSeenAt, younger.Supersedes, younger.supersedes = newID, past.At, nil, ""
	version := 0
	if err := p.archiveByID(row.ID.UUID); err != nil {
		return err
	}
	if err := p.rename(row, past.ExternalID, row.Supersedes[:len(row.Supersedes)-1]); err != nil {
		return err
	}
	if !past.Younger.IsZero() {
		before, err := p.rowByID(past.Younger.UUID)
		if err != nil {
			return err
		}
		if err := p.archiveByID(before.ID.UUID); err != nil {
			return err
		}
		if err := p.rename(before, row.ExternalID, nil); err != nil {
			return err
		}
		younger.ID, younger.FirstSeenAt, version = before.ID, before.FirstSeenAt, before.Version
	}
	p.nextVersion(&younger, version, row.RemovedAt)
	older.ExternalID = past.ExternalID
	for _, written := range []TransactionRow{older, younger} {
		if err := p.dialect.UpsertTransactions(p.tx.DB, []TransactionRow{written}); err != nil {
			return err
		}
	}
	if stored, shown := p.stored[row.ExternalID]; shown {
		stored.ID, stored.Version, stored.FirstSeen = younger.ID.UUID, younger.Version, instant{younger.FirstSeenAt}
		p.stored[row.ExternalID] = stored
	}
	return p.rememberSplit(past.ExternalID, row.ExternalID)
}

// rememberSplit records that the rows with these external ids must never be matched again. It also deletes oldID from
// the former external ids of its transaction.
func (p *pageWriter) rememberSplit(oldID, newID string) error {
	if err := p.forgetPast(oldID); err != nil {
		return err
	}
	return p.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&splitPairRow{
		Tenant: p.pull.Tenant, Connection: p.pull.Connection, Old: oldID, New: newID,
	}).Error
}

// hasDigest reports whether the stored row has this digest.
func (r storedRow) hasDigest(digest []byte) bool { return bytes.Equal(r.Digest, digest) }
