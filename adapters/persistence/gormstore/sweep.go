package gormstore

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// absenceRow is a row of absent_transactions: a live transaction that the last complete listing did not contain.
type absenceRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	Account    string    `gorm:"column:account"`
	Pull       uuid.UUID `gorm:"column:pull_id"`
	Held       instant   `gorm:"column:held_at"`
}

// TableName returns the name of the table in the schema.
func (absenceRow) TableName() string { return "absent_transactions" }

// absenceBatch is the maximum number of rows in one INSERT. It keeps the number of parameters below the
// limits of both databases.
const absenceBatch = 200

// Sweep finds the stored rows in the window w.Window that the pull did not see. domain.AbsenceRead.Judge decides which
// of them are marked as removed. The others are stored as absent, for a later sweep.
func (s pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	w.Page.At, w.Page.LeaseUntil = w.At, w.LeaseUntil
	w.Page.Accounts = deduplicate(w.Page.Accounts, accountKey)
	w.Page.Transactions = deduplicate(w.Page.Transactions, transactionKey)
	w.Page.AssumeNew = false
	p := s.newPageWriter(w.Page)
	p.convert()
	return s.runPage(ctx, lease, p, func() error {
		known, err := p.readAbsences(w.Account)
		if err != nil {
			return err
		}
		read := domain.AbsenceRead{Proof: w.Proof, Pull: domain.PullID{UUID: p.pull.ID}, At: w.At}
		absent, err := p.absences(w, &read, known)
		if err != nil {
			return err
		}
		removed, remaining := read.Judge(absent)
		if err := p.replaceAbsences(w.Account, len(known), remaining); err != nil {
			return err
		}
		if p.CarriedOver {
			if err := p.forgetExpired(); err != nil {
				return err
			}
		}
		var progress *domain.Progress
		if p.Progress.Planned {
			progress = &p.Progress
		}
		return p.writeRows(leavingSince(removed, absent), &sweepRead{w.Seen}, progress)
	})
}

// leavingSince returns a leavingRow for each external id. The slice absences must contain an absence for each of them.
func leavingSince(externalIDs []string, absences []domain.Absence) []leavingRow {
	since := make(map[string]domain.PullID, len(absences))
	for _, a := range absences {
		since[a.ExternalID] = a.Pull
	}
	rows := announced(externalIDs)
	for i := range rows {
		rows[i].absentSince = since[rows[i].externalID]
	}
	return rows
}

// readAbsences returns the stored absences of the account, or of the whole connection if account is "". The keys of the
// map are external ids.
func (p *pageWriter) readAbsences(account string) (map[string]domain.Absence, error) {
	var rows []absenceRow
	query := p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant)
	if account != "" {
		query = query.Where("account = ?", account)
	}
	err := query.Find(&rows).Error
	known := make(map[string]domain.Absence, len(rows))
	for _, row := range rows {
		known[row.ExternalID] = domain.Absence{
			ExternalID: row.ExternalID, Account: row.Account, Pull: domain.PullID{UUID: row.Pull},
			HeldAt: row.Held.Time,
		}
	}
	return known, err
}

// unseenRow is a live row that the pull did not see, although its date is in the window of the sweep.
type unseenRow struct {
	externalID, account, date string
	carriedOver               bool // see carriedOverRow
}

// absences returns a domain.Absence for each row that counts as missing from the vendor's list. Such a row is live and
// dated within the window. absences also sets reading.Live to the number of seen and missing rows of each account.
func (p *pageWriter) absences(
	w ports.SweepWrite, reading *domain.AbsenceRead, known map[string]domain.Absence,
) ([]domain.Absence, error) {
	unseen, from, err := p.scanWindow(w, reading)
	if err != nil {
		return nil, err
	}
	var absent []domain.Absence
	var uncertain []unseenRow
	for _, row := range unseen {
		oldest, returned := from[row.account]
		if a, ok := known[row.externalID]; ok {
			absent = append(absent, a)
		} else if w.Proof == domain.OneRead && (!row.carriedOver || returned && row.date >= oldest) {
			absent = append(
				absent,
				domain.Absence{ExternalID: row.externalID, Account: row.account, Pull: reading.Pull},
			)
		} else if w.Proof != domain.OneRead && returned && row.date >= oldest {
			uncertain = append(uncertain, row)
		}
	}
	if w.CollectedAt != nil {
		if uncertain, err = p.collectedSince(uncertain, w); err != nil {
			return nil, err
		}
	}
	for _, row := range uncertain {
		absent = append(absent, domain.Absence{ExternalID: row.externalID, Account: row.account, Pull: reading.Pull})
	}
	for _, a := range absent {
		reading.Live[a.Account]++
	}
	return absent, nil
}

// scanWindow reads the live rows in the window. It returns:
//
//   - the rows that the pull did not see
//   - for each account, the oldest date of the rows that the pull saw
//
// scanWindow also sets reading.Live to the number of seen rows of each account. It keeps only the unseen rows in
// memory, because a window may contain all rows of an account.
func (p *pageWriter) scanWindow(
	w ports.SweepWrite, reading *domain.AbsenceRead,
) (unseen []unseenRow, oldestDates map[string]string, err error) {
	account, q := "account", newQuery("SELECT external_id, account, date, false FROM transactions t")
	// A carried-over row (see carriedOverRow) contains the former external id of its account.
	if p.CarriedOver {
		account = "COALESCE(a.external_id, t.account)"
		q = newQuery("SELECT t.external_id, " + account + `, t.date, u.external_id IS NOT NULL FROM transactions t
			LEFT JOIN unshown_transactions u ON u.connection_id = t.connection_id AND u.external_id = t.external_id
				AND u.tenant_id = t.tenant_id
			LEFT JOIN accounts a ON a.id = u.account_id AND a.tenant_id = u.tenant_id`)
	}
	q.add(" WHERE t.connection_id = ? AND t.removed_at IS NULL AND "+tenantIs(p.dialect, "t.tenant_id"),
		uuidColumn(p.pull.Connection), uuidColumn(p.pull.Tenant))
	for _, filter := range []struct{ condition, value string }{
		{" AND t.date >= ?", string(w.Window.From)},
		{" AND t.date <= ?", string(w.Window.To)},
		{" AND " + account + " = ?", w.Account},
	} {
		if filter.value != "" {
			q.add(filter.condition, filter.value)
		}
	}
	var row unseenRow
	columns := []any{
		(*textColumn)(&row.externalID), (*textColumn)(&row.account), (*textColumn)(&row.date), &row.carriedOver,
	}
	oldestDates, reading.Live = map[string]string{}, map[string]int{}
	err = p.tx.Read(q.asRead(columns, func() error {
		if !w.Seen(row.externalID) {
			unseen = append(unseen, row)
			return nil
		}
		reading.Live[row.account]++
		if oldest, ok := oldestDates[row.account]; !ok || row.date < oldest {
			oldestDates[row.account] = row.date
		}
		return nil
	}))
	p.addPage(w, reading, oldestDates)
	return unseen, oldestDates, err
}

// addPage adds the rows of the sweep's page to reading.Live and oldestDates. The page is not written yet. A row that is
// already stored and live is not added to reading.Live, because it is already counted there.
func (p *pageWriter) addPage(w ports.SweepWrite, reading *domain.AbsenceRead, oldestDates map[string]string) {
	for i := range p.rows {
		row := &p.rows[i]
		if w.Account != "" && row.Account != w.Account || !w.Window.Contains(row.Date) {
			continue
		}
		if stored, ok := p.stored[row.ExternalID]; !ok || !stored.Removed.IsZero() {
			reading.Live[row.Account]++
		}
		if oldest, ok := oldestDates[row.Account]; !ok || string(row.Date) < oldest {
			oldestDates[row.Account] = string(row.Date)
		}
	}
}

// collectedSince returns the given rows that the vendor collected recently. For each account, w.CollectedFrom contains
// the time from which a collection is recent. A row is omitted in two cases:
//
//   - w.CollectedFrom does not contain the row's account.
//   - The time at which the vendor collected the row is not known.
func (p *pageWriter) collectedSince(rows []unseenRow, w ports.SweepWrite) ([]unseenRow, error) {
	recent := map[string]bool{}
	for batch := range slices.Chunk(rows, removalBatch) {
		accounts := make(map[string]string, len(batch))
		for _, row := range batch {
			accounts[row.externalID] = row.account
		}
		which := p.dialect.AnyOf("external_id", keys(batch, func(r *unseenRow) string { return r.externalID }))
		q := newQuery("SELECT external_id, metadata FROM transactions WHERE connection_id = ? AND "+
			tenantIs(p.dialect, "tenant_id"), uuidColumn(p.pull.Connection), uuidColumn(p.pull.Tenant))
		q.add(" AND "+which.SQL, which.Vars...)
		var externalID string
		var metadata []byte
		err := p.tx.Read(q.asRead([]any{(*textColumn)(&externalID), &metadata}, func() error {
			from, ok := w.CollectedFrom[accounts[externalID]]
			at := w.CollectedAt(metadata)
			recent[externalID] = ok && !at.IsZero() && !at.Before(from)
			return nil
		}))
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(rows, func(r unseenRow) bool { return !recent[r.externalID] }), nil
}

// replaceAbsences deletes the stored absences of the account, and stores the given ones. If account is "", it deletes
// the absences of the whole connection. The argument count is the number of absences to delete.
func (p *pageWriter) replaceAbsences(account string, count int, remaining []domain.Absence) error {
	if count > 0 {
		query := p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant)
		if account != "" {
			query = query.Where("account = ?", account)
		}
		if err := query.Delete(&absenceRow{}).Error; err != nil {
			return err
		}
	}
	if len(remaining) == 0 {
		return nil
	}
	rows := make([]absenceRow, 0, len(remaining))
	for _, a := range remaining {
		rows = append(rows, absenceRow{
			Tenant: p.pull.Tenant, Connection: p.pull.Connection, ExternalID: a.ExternalID, Account: a.Account,
			Pull: a.Pull.UUID, Held: instant{a.HeldAt},
		})
	}
	return p.tx.CreateInBatches(rows, absenceBatch).Error
}
