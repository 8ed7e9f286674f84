package memory

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// recordWriter applies the changes of package records for one pull.
type recordWriter struct {
	recordSource
	at     time.Time
	newID  func() domain.TransactionID
	counts domain.Counts
}

// apply applies the changes in their order.
func (w *recordWriter) apply(changes iter.Seq2[records.Changes, error]) error {
	for c, err := range changes {
		if err != nil {
			return err
		}
		w.applyOne(c)
	}
	return nil
}

func (w *recordWriter) applyOne(c records.Changes) {
	w.counts = w.counts.Plus(c.Counts)
	w.changeAnnounced(c.Announced)
	w.replaceAbsences(c.Absences)
	if c.ForgetExpired {
		w.forgetExpired()
	}
	w.stageRows(c.Stage)
	w.never(c.Never)
	w.forgetCarriedOver(c.Returned)
	rows := innerMap(w.transactions, w.p.Connection)
	for _, key := range c.Archive {
		rows[key].archive()
	}
	w.rename(c.Rename)
	for i := range c.Upsert {
		w.upsert(&c.Upsert[i], c.Reason)
	}
	w.changePast(c.Past)
	for _, r := range c.Refresh {
		row := rows[r.ExternalID]
		row.source, row.digest = r.ContentHash, r.Digest
		row.Metadata, row.Category = slices.Clone(r.Metadata), r.Category
	}
	for _, key := range c.Release {
		delete(w.quarantine[w.p.Connection], key)
	}
	for _, row := range c.Quarantine {
		w.putQuarantined(row)
	}
	for _, account := range c.Attach {
		w.attach(account)
	}
	for _, externalID := range c.Remove {
		w.remove(rows[externalID])
	}
	if c.CarryOver != nil {
		w.carryOver(*c.CarryOver)
	}
	w.changeSuggestions(&c)
	if c.EndStaging {
		w.endNewReference(w.connections[w.p.Connection])
	}
}

func (w *recordWriter) replaceAbsences(a *records.Absences) {
	if a == nil {
		return
	}
	w.forgetAbsences(w.p.Connection, a.Account)
	absences := innerMap(w.absences, w.p.Connection)
	for _, absence := range a.Remaining {
		absences[absence.ExternalID] = absence
	}
}

// forgetExpired forgets the carried-over records that were removed more than domain.MatchWindow ago, because no new
// row can replace them any more.
func (w *recordWriter) forgetExpired() {
	maps.DeleteFunc(w.carriedOver[w.p.Connection], func(externalID string, _ bool) bool {
		row := w.transactions[w.p.Connection][externalID]
		return row == nil || !row.RemovedAt.IsZero() && row.RemovedAt.Before(w.at.Add(-domain.MatchWindow))
	})
}

func (w *recordWriter) forgetCarriedOver(externalIDs []string) {
	for _, externalID := range externalIDs {
		delete(w.carriedOver[w.p.Connection], externalID)
	}
}

// stageRows stores staged rows. They are not visible yet.
func (w *recordWriter) stageRows(s *records.StagedRows) {
	if s == nil {
		return
	}
	staged := innerMap(w.staged, w.p.Connection)
	if s.Restart {
		c := w.connections[w.p.Connection]
		if c.NewReference = true; c.StagedSince.IsZero() {
			c.StagedSince = w.at
		}
		maps.DeleteFunc(staged, func(_ string, row stagedRow) bool { return row.step >= s.Step })
	}
	for _, data := range s.Rows {
		data.Metadata = slices.Clone(data.Metadata)
		staged[data.ExternalID] = stagedRow{s.Step, data}
	}
	for _, externalID := range s.Removed {
		delete(staged, externalID)
	}
}

// This method adds pairs of external ids to the pairs that must never be matched again. It adds each pair in both
// orders.
func (w *recordWriter) never(pairs []domain.MatchPair) {
	stored := innerMap(w.splitPairs, w.p.Connection)
	for _, pair := range pairs {
		stored[pair], stored[domain.MatchPair{Old: pair.New, New: pair.Old}] = true, true
	}
}

func (w *recordWriter) rename(renamed []records.Renamed) {
	rows := innerMap(w.transactions, w.p.Connection)
	for _, r := range renamed {
		row := rows[r.From]
		delete(rows, r.From)
		row.ExternalID, row.Supersedes, row.SupersededBy = r.ExternalID, slices.Clone(r.Supersedes), r.SupersededBy
		row.pending = r.Pending
		rows[r.Key()] = row
	}
}

// upsert stores a new record, or the next version of a record.
func (w *recordWriter) upsert(r *records.Record, reason string) {
	rows := innerMap(w.transactions, w.p.Connection)
	row := rows[r.Key()]
	if row == nil {
		row = &transaction{}
		rows[r.Key()] = row
	} else {
		r.Supersedes, r.SupersededBy = row.Supersedes, row.SupersededBy
		r.PossiblySupersedes = row.PossiblySupersedes
	}
	row.Transaction = cloneTransaction(r.Transaction)
	row.Reason, row.reason = "", reason
	row.digest, row.source, row.rowSHA256, row.normalizer = r.Digest, r.ContentHash, r.RowSHA256, r.Normalizer
	// Readers never receive these members.
	row.ContentHash, row.RowSHA256, row.Normalizer = domain.ContentHash{}, nil, ""
	row.pending = false
	w.recordChange(row)
}

func (w *recordWriter) changePast(past []records.PastID) {
	pastIDs := innerMap(w.pastIDs, w.p.Connection)
	for _, p := range past {
		if pastIDs[p.ExternalID] = p.Record; p.Record.IsZero() {
			delete(pastIDs, p.ExternalID)
		}
	}
}

// putQuarantined adds a row to the quarantine, or replaces the row with the same key.
func (w *recordWriter) putQuarantined(row domain.UnreadableData) {
	rows := innerMap(w.quarantine, w.p.Connection)
	if rows[row.QuarantineKey] == nil {
		rows[row.QuarantineKey] = &domain.QuarantinedRow{
			ID: w.newID().UUID, Tenant: w.p.Tenant, Connection: w.p.Connection, FirstSeenAt: w.at,
		}
	}
	known := rows[row.QuarantineKey]
	known.UnreadableData, known.Pull, known.LastSeenAt = row, w.p.ID, w.at
	known.Payload = slices.Clone(row.Payload)
}

// attach sets the account id of the records that so far refer to their account only by its external id.
func (w *recordWriter) attach(a records.Attached) {
	rows := w.transactions[w.p.Connection]
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if row := rows[key]; row.Account == a.Account && row.AccountID.IsZero() {
			row.archive()
			row.AccountID = a.ID
			w.appendVersion(row)
			w.counts.Modified++
		}
	}
}

// remove marks a row as removed. It does nothing if there is no such row, or if the row is already removed.
func (w *recordWriter) remove(row *transaction) {
	if row == nil || !row.RemovedAt.IsZero() {
		return
	}
	row.archive()
	row.RemovedAt = w.at
	w.appendVersion(row)
	w.counts.Removed++
}

// appendVersion makes the changed row the next version.
func (w *recordWriter) appendVersion(row *transaction) {
	row.Version, row.UpdatedAt, row.Pull, row.reason = row.Version+1, w.at, w.p.ID, ""
	w.recordChange(row)
}

// recordChange appends the row's present version to the feed, and updates the books of its account (see changeBooks).
func (s *Store) recordChange(row *transaction) {
	s.changes[row.Tenant] = append(s.changes[row.Tenant], change{row, row.Version})
	s.changeBooks(row)
}

func (w *recordWriter) carryOver(c records.CarryOver) {
	_ = w.VisitStaged(c.Returned, func(data domain.TransactionData) {
		delete(w.carriedOver[w.p.Connection], data.ExternalID)
	})
	for _, row := range w.selected(c.Records) {
		w.markCarriedOver(row)
		row.source = domain.ContentHash{}
	}
}

func (w *recordWriter) markCarriedOver(row *transaction) {
	innerMap(w.carriedOver, w.p.Connection)[row.ExternalID] = true
}
