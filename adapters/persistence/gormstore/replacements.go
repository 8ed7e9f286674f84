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

// pastIDRow is a row of transaction_past_ids: an external id that a transaction had before its present one.
type pastIDRow struct {
	Tenant      uuid.UUID `gorm:"column:tenant_id"`
	Connection  uuid.UUID `gorm:"column:connection_id"`
	ExternalID  string    `gorm:"column:external_id"`
	Transaction uuid.UUID `gorm:"column:transaction_id"`
}

// TableName returns the name of the table in the schema.
func (pastIDRow) TableName() string { return "transaction_past_ids" }

// splitPairRow is a row of split_pairs: a row that the vendor has removed (Left) and a new row of the vendor (Came).
// The new row must never again be taken for the successor of the removed row. If Left is "", the new row never replaces
// any row.
type splitPairRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Left       string    `gorm:"column:left_external_id"`
	Came       string    `gorm:"column:came_external_id"`
}

// TableName returns the name of the table in the schema.
func (splitPairRow) TableName() string { return "split_pairs" }

// leavingRow is a stored row that this write is about to mark as removed, unless a new row replaces it. The field
// absentSince is the first pull that is known to have read the vendor's list and not found the row in it; it is zero if
// that pull is not known.
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

// replacer finds and writes the replacements that follow from one page, one sweep or one announced removal. In a
// replacement, a new row of the vendor becomes the present row of a transaction whose earlier row the vendor has
// removed.
type replacer struct {
	*pageWriter

	leaving map[string]leavingRow
	// complete is set if the vendor's list was read completely, as for a sweep. The function shown then reports whether
	// the list contained a row; it is nil if there is no such list.
	complete bool
	shown    func(externalID string) bool

	left  []domain.LeftRow
	came  []domain.CameRow
	rows  map[uuid.UUID]*TransactionRow // the stored rows among left and came, by id
	reads []domain.PullRead
	never map[domain.MatchPair]bool
}

// replaceRows finds new rows that match removed rows, and makes each of them the present row of the removed row's
// transaction. It must be called after the accounts of the page are written and before the rows of the page are
// compared. It returns the external ids of those rows in leaving that must still be marked as removed.
func (p *pageWriter) replaceRows(leaving []leavingRow, sweep *sweepRead) ([]string, error) {
	r := &replacer{pageWriter: p, leaving: map[string]leavingRow{}, rows: map[uuid.UUID]*TransactionRow{}}
	for _, row := range leaving {
		r.leaving[row.externalID] = row
	}
	if sweep != nil {
		r.complete, r.shown = true, sweep.seen
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

// sweepRead describes the complete list of the vendor that a sweep has compared with the stored rows.
type sweepRead struct{ seen func(externalID string) bool }

func (r *replacer) run() error {
	if err := r.rememberUnmatched(); err != nil || r.AssumeNew {
		return err
	}
	if r.RecentlyLeft || r.Unshown {
		if err := r.followPast(); err != nil {
			return err
		}
	}
	if r.Unshown {
		if err := r.followUnshown(); err != nil {
			return err
		}
	}
	unknown := r.unknownRows()
	if r.Matching == nil || len(r.leaving) == 0 && (len(unknown) == 0 || !r.RecentlyLeft) {
		return nil
	}
	if err := r.readLeft(); err != nil || len(r.left) == 0 {
		return err
	}
	r.addCame(unknown)
	if err := r.readCame(); err != nil || len(r.came) == 0 {
		return err
	}
	if err := r.readPulls(); err != nil {
		return err
	}
	if err := r.readSplitPairs(); err != nil {
		return err
	}
	return r.write(domain.FindReplacements(domain.ReplacementInput{
		Left: r.left, Came: r.came, Reads: r.reads, Never: r.never, Keys: r.Matching.Keys, Complete: r.complete,
	}))
}

// rememberUnmatched records those new rows of the page that must never replace another row.
func (p *pageWriter) rememberUnmatched() error {
	if len(p.Unmatched) == 0 {
		return nil
	}
	var rows []splitPairRow
	for _, row := range p.unknownRows() {
		if slices.Contains(p.Unmatched, row.ExternalID) {
			rows = append(rows, splitPairRow{
				Tenant: p.pull.Tenant, Connection: p.pull.Connection, Came: row.ExternalID,
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

// since returns the start of domain.MatchWindow: a row that was removed or first seen before this time takes part in no
// replacement.
func (r *replacer) since() any { return instant{r.At.Add(-domain.MatchWindow)}.value(r.tx.Name()) }

// readLeft fills r.left with the removed rows: those that are about to be marked as removed, and those that were marked
// within domain.MatchWindow. It omits rows that the page or the list contains.
func (r *replacer) readLeft() error {
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
		left := domain.LeftRow{Transaction: t, LeftAt: t.RemovedAt, AbsentSince: t.Pull}
		if t.RemovedAt.IsZero() {
			left.LeftAt, left.AbsentSince = r.At, r.leaving[t.ExternalID].absentSince
		}
		if !shown[t.ExternalID] && (r.shown == nil || !r.shown(t.ExternalID)) {
			r.rows[t.ID.UUID] = row
			r.left = append(r.left, left)
		}
	}
	for batch := range slices.Chunk(ids, removalBatch) {
		which := r.dialect.AnyOf("external_id", batch)
		if err := r.load(add, which.SQL+" AND removed_at IS NULL", which.Vars...); err != nil {
			return err
		}
	}
	return r.load(add, "removed_at >= ? AND superseded_by IS NULL LIMIT ?", r.since(), domain.MaxMatchRows+1)
}

// readAbsent sets absentSince of the rows in r.leaving that an earlier complete read did not return.
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

// addCame adds the given rows of the page, which are not stored yet, to the new rows in r.came. It omits rows that must
// not replace another row.
func (r *replacer) addCame(unknown []*TransactionRow) {
	for _, row := range unknown {
		if slices.Contains(r.Unmatched, row.ExternalID) {
			continue
		}
		t := row.Transaction
		t.AccountID.UUID = r.accountIDs[row.Account]
		r.came = append(r.came, domain.CameRow{Transaction: t, CameAt: r.At})
	}
}

// readCame adds stored rows to r.came: those that were first seen within domain.MatchWindow and after the end of the
// connection's first pull. It omits rows that have already replaced another row.
func (r *replacer) readCame() error {
	var modified []uuid.UUID
	add := func(row *TransactionRow, t domain.Transaction) {
		if _, leaves := r.leaving[t.ExternalID]; leaves {
			return
		}
		r.rows[t.ID.UUID] = row
		r.came = append(r.came, domain.CameRow{Transaction: t, FirstPull: t.Pull, CameAt: t.FirstSeenAt})
		if t.Version > 1 {
			modified = append(modified, t.ID.UUID)
		}
	}
	from, to := r.left[0].Date, r.left[0].Date
	for i := range r.left {
		from, to = min(from, r.left[i].Date), max(to, r.left[i].Date)
	}
	err := r.load(add, `removed_at IS NULL AND supersedes = '' AND date BETWEEN ? AND ? AND first_seen_at >= ?
		AND first_seen_at > (SELECT min(finished_at) FROM pulls WHERE connection_id = ? AND `+isSucceeded+`
			AND `+tenantIs(r.dialect, "tenant_id")+`) LIMIT ?`,
		string(from.AddDays(-domain.MatchDays)), string(to.AddDays(domain.MatchDays)), r.since(),
		uuidColumn(r.pull.Connection), uuidColumn(r.pull.Tenant), domain.MaxMatchRows+1)
	if err != nil {
		return err
	}
	return r.readFirstPulls(modified)
}

// readFirstPulls sets the field FirstPull of those rows in r.came that have one of these ids; these rows have more than
// one version. It then removes stored rows whose first pull is unknown from r.came.
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
	for i := range r.came {
		if came := &r.came[i]; came.Version > 1 {
			came.FirstPull.UUID = first[came.ID.UUID]
		}
	}
	// If the first pull of a row is unknown, it is also unknown which other rows the vendor showed together with this
	// row.
	r.came = slices.DeleteFunc(r.came, func(c domain.CameRow) bool { return !c.ID.IsZero() && c.FirstPull.IsZero() })
	return nil
}

// readPulls fills r.reads with the pulls that may have read a row of r.came.
func (r *replacer) readPulls() error {
	oldest := r.At
	for i := range r.came {
		if r.came[i].CameAt.Before(oldest) {
			oldest = r.came[i].CameAt
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
		r.never[domain.MatchPair{Left: pair.Left, Came: pair.Came}] = true
		r.never[domain.MatchPair{Left: pair.Came, Came: pair.Left}] = true
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
	return p.tx.Read(q.into(row.targetsOf(isStored), func() error {
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
	left, came := map[string]*domain.LeftRow{}, map[string]*domain.CameRow{}
	for i := range r.left {
		left[r.left[i].ExternalID] = &r.left[i]
	}
	for i := range r.came {
		came[r.came[i].ExternalID] = &r.came[i]
	}
	var taken []TransactionRow
	for _, match := range matches {
		old, next := r.rows[left[match.Left].ID.UUID], came[match.Came]
		past := domain.Superseded{
			ExternalID: match.Left, At: r.At, Rule: match.Rule, Version: old.Version, Younger: next.ID,
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
		if err := r.rename(old, match.Came, append(old.Supersedes, past)); err != nil {
			return err
		}
		if err := r.rememberPast(match.Left, old.ID.UUID); err != nil {
			return err
		}
		if next.ID.IsZero() {
			r.expectReplaced(match.Came, old)
		}
		delete(r.leaving, match.Left)
	}
	if len(taken) == 0 {
		return nil
	}
	return r.dialect.UpsertTransactions(r.tx.DB, taken)
}

// expectReplaced makes the page write its row with this external id as the next version of a stored row (old). The
// present version of the stored row must already be archived.
func (p *pageWriter) expectReplaced(externalID string, old *TransactionRow) {
	if p.stored == nil {
		p.stored = map[string]storedRow{}
	}
	p.stored[externalID] = storedRow{
		ID: old.ID.UUID, Version: old.Version, FirstSeen: instant{old.FirstSeenAt}, Removed: instant{old.RemovedAt},
		archived: true,
	}
}

// takeOver lets the transaction of one stored row (old) take over another stored row (came). It marks the transaction
// of came as superseded by the transaction of old. It returns the next version of the transaction of old, which has the
// content of came.
func (r *replacer) takeOver(old, came *TransactionRow) (TransactionRow, error) {
	if err := r.archiveByID(came.ID.UUID); err != nil {
		return TransactionRow{}, err
	}
	err := r.update(came.ID.UUID, map[string]any{
		"external_id": supersededID(came.ExternalID, came.ID.UUID), "superseded_by": old.ID.UUID,
		"removed_at": instant{r.At}, "version": came.Version + 1, "updated_at": instant{r.At},
		"change_tx": r.changeSeq, "pull_id": optional(r.pull.ID),
	})
	r.counts.Removed++
	r.counts.Modified++
	row := *came
	row.ID, row.FirstSeenAt, row.Version, row.UpdatedAt = old.ID, old.FirstSeenAt, old.Version+1, r.At
	row.changeSeq, row.Pull.UUID = r.changeSeq, r.pull.ID
	// The page writes its row as the next version of the older transaction.
	if stored, shown := r.stored[came.ExternalID]; shown {
		stored.ID, stored.Version, stored.FirstSeen = old.ID.UUID, row.Version, instant{old.FirstSeenAt}
		r.stored[came.ExternalID] = stored
	}
	return row, err
}

// rename changes the external id and the past rows of a stored row. Its version does not change.
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

// followPast handles the new rows of the page whose external id is a past external id of a transaction: the past row
// becomes the present row of the transaction again.
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
		if returned[row.Transaction] { // the vendor shows two past rows together, so they are two different movements
			follow = r.detach
		}
		if err := follow(row.Transaction, row.ExternalID); err != nil {
			return err
		}
		returned[row.Transaction] = true
	}
	return nil
}

// detach removes the row with this external id from the past rows of the transaction, so that the page stores it as a
// new transaction.
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

// returnTo makes the past row with this external id the present row of the transaction, because the vendor shows this
// row again. If the vendor still has the present row, returnTo undoes the replacements of the transaction instead, the
// last one first, until the past row is restored.
func (r *replacer) returnTo(id uuid.UUID, externalID string) error {
	for {
		row, err := r.rowByID(id)
		if err != nil {
			return err
		}
		if row.ExternalID == externalID { // a split has restored the row, and the page writes its next version
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

// goBack replaces the present row of a transaction with one of its past rows. The vendor must have removed the present
// row, which then becomes a past row.
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
// transaction that has taken over the row has the original external id.
func supersededID(externalID string, id uuid.UUID) string {
	return externalID + supersededMark + id.String()
}

// supersededMark separates the external id and the transaction id in the result of supersededID.
const supersededMark = "\x1f"

// encodePast returns the value of the column supersedes; "" if there are no past rows.
func encodePast(past []domain.Superseded) (string, error) {
	if len(past) == 0 {
		return "", nil
	}
	return encode(past)
}

// restorePast returns the content of an earlier version of a transaction as the next version of this transaction. The
// returned row is marked as removed at past.At. Its digest is not set, so that the next read of the row counts as a
// change.
func (p *pageWriter) restorePast(row *TransactionRow, past domain.Superseded) (TransactionRow, error) {
	q := newQuery("SELECT "+selected(isVersioned)+" FROM transaction_versions WHERE connection_id = ? AND id = ?",
		uuidColumn(p.pull.Connection), uuidColumn(row.ID.UUID))
	q.add(" AND version = ? AND tenant_id = ?", past.Version, uuidColumn(p.pull.Tenant))
	restored := TransactionRow{}
	restored.Vendor, restored.FirstSeenAt = row.Vendor, row.FirstSeenAt
	found := false
	err := p.tx.Read(q.into(restored.targetsOf(isVersioned), func() error {
		found = true
		return nil
	}))
	if err == nil && !found {
		err = gorm.ErrRecordNotFound
	}
	p.nextVersion(&restored, row.Version, past.At)
	return restored, err
}

// nextVersion sets the columns of a row that are different in each version. The caller passes the number of the
// previous version (before) and the time of the removal (removed).
func (p *pageWriter) nextVersion(row *TransactionRow, before int, removed time.Time) {
	row.Version, row.UpdatedAt, row.RemovedAt = before+1, p.At, removed
	row.changeSeq, row.Pull.UUID = p.changeSeq, p.pull.ID
	row.Tenant.UUID, row.Connection.UUID = p.pull.Tenant, p.pull.Connection
}

// split undoes the last replacement of the row's transaction. The last past row becomes the present row of the
// transaction. The row that was present until then goes back to the transaction that had it before the replacement. If
// there was none, it becomes the row of a new transaction with the id newID.
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

// rememberSplit records that a removed row (left) and a new row (came) must never be matched again, and that left is no
// longer a past row.
func (p *pageWriter) rememberSplit(left, came string) error {
	if err := p.forgetPast(left); err != nil {
		return err
	}
	return p.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&splitPairRow{
		Tenant: p.pull.Tenant, Connection: p.pull.Connection, Left: left, Came: came,
	}).Error
}

// hasDigest reports whether the stored row has this digest.
func (r storedRow) hasDigest(digest []byte) bool { return bytes.Equal(r.Digest, digest) }
