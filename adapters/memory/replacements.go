package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// leaving contains the rows that a write is about to remove. A key is the external id of a row. The value is the first
// pull that read the list without finding the row, or zero if no such pull is known.
type leaving map[string]domain.PullID

// announcedRemovals returns the rows with these external ids, whose removal the vendor has announced.
func announcedRemovals(externalIDs []string) leaving {
	rows := leaving{}
	for _, id := range externalIDs {
		rows[id] = domain.PullID{}
	}
	return rows
}

// replacer finds the new rows that replace old rows, and stores the result. It handles one write: a page, a sweep
// (marks missing rows as removed), or an announced removal. An old row is a stored row that was removed or is about to
// be removed.
type replacer struct {
	*Store
	p        *pull
	w        ports.PageWrite
	rows     map[string]*transaction
	leaving  leaving
	shown    map[string]bool              // the external ids of the rows in the page
	complete func(externalID string) bool // in a sweep: whether the vendor still lists the row; else nil
	counts   *domain.Counts
}

// replaceRows matches old rows with new rows. The new rows are in this page or an earlier page. The transaction of a
// matched old row keeps its id and gets the external id of the new row. The given map contains the rows that are about
// to be removed. Matched rows are deleted from the map.
func (s *Store) replaceRows(
	p *pull, w ports.PageWrite, rows leaving, complete func(string) bool, counts *domain.Counts,
) {
	r := &replacer{
		Store: s, p: p, w: w, rows: rowsOf(s.transactions, p.Connection), leaving: rows, shown: map[string]bool{},
		complete: complete, counts: counts,
	}
	for _, data := range w.Transactions {
		r.shown[data.ExternalID] = true
	}
	for externalID := range r.shown {
		if r.rows[externalID] == nil && slices.Contains(w.Unmatched, externalID) {
			s.splitPairsOf(p.Connection)[domain.MatchPair{New: externalID}] = true
		}
	}
	if w.RecentlyRemoved || w.CarriedOver {
		r.followPast()
	}
	if w.Matching != nil && w.CarriedOver {
		r.matchCarriedOver()
	}
	if w.Matching == nil || len(rows) == 0 && !w.RecentlyRemoved {
		return
	}
	in := domain.ReplacementInput{
		Old:      r.oldRows(),
		New:      r.newRows(),
		Reads:    r.startedPulls(),
		Never:    s.splitPairs[p.Connection],
		Keys:     w.Matching.Keys,
		Complete: complete != nil,
	}
	for _, match := range domain.FindReplacements(in) {
		r.replace(match)
	}
}

// matchCarriedOver matches carried-over rows with new rows of the page. A carried-over row was read under an earlier
// account reference, and was not yet returned under the current one. The transaction of a matched row keeps its id and
// gets the external id of the new row.
func (r *replacer) matchCarriedOver() {
	matchRow := func(t domain.Transaction) domain.MatchRow {
		return domain.NewMatchRow(t.TransactionData, t.AccountID, r.w.Matching.Keys(t.TransactionData))
	}
	in := domain.RelinkInput{Never: r.splitPairs[r.p.Connection]}
	for _, row := range r.carriedOverRows(r.p.Connection) {
		switch {
		case r.shown[row.ExternalID]:
		case row.RemovedAt.IsZero():
			in.Live = append(in.Live, matchRow(row.Transaction))
		case !row.RemovedAt.Before(r.w.At.Add(-domain.MatchWindow)):
			in.NotShown = append(in.NotShown, matchRow(row.Transaction))
		}
	}
	for _, row := range r.newRows() {
		if row.ID.IsZero() {
			in.New = append(in.New, matchRow(row.Transaction))
		}
	}
	for _, match := range domain.MatchCarriedOver(in) {
		r.replace(match)
	}
}

// carriedOverRows returns the carried-over rows of a connection: rows that the vendor has not yet returned under the
// current account reference.
func (s *Store) carriedOverRows(id domain.ConnectionID) []*transaction {
	var rows []*transaction
	for _, row := range s.transactions[id] {
		if row.carriedOver && row.SupersededBy.IsZero() {
			rows = append(rows, row)
		}
	}
	return rows
}

// forgetCarriedOver ends the state "carried over" of the connection's rows that were removed more than
// domain.MatchWindow ago. No new row can replace them any more.
func (s *Store) forgetCarriedOver(id domain.ConnectionID, at time.Time) {
	for _, row := range s.transactions[id] {
		if !row.RemovedAt.IsZero() && row.RemovedAt.Before(at.Add(-domain.MatchWindow)) {
			row.carriedOver = false
		}
	}
}

// oldRows returns the rows that are about to be removed, and the rows that were removed within the last
// domain.MatchWindow. It omits rows that the vendor still returns, in the page or in the complete list of a sweep.
func (r *replacer) oldRows() []domain.OldRow {
	var oldRows []domain.OldRow
	for _, row := range r.rows {
		since, leaves := r.leaving[row.ExternalID]
		if absent, ok := r.absences[r.p.Connection][row.ExternalID]; ok && since.IsZero() {
			since = absent.Pull
		}
		isLeaving := leaves && row.RemovedAt.IsZero()
		isOld := !row.RemovedAt.IsZero() && row.SupersededBy.IsZero() &&
			!row.RemovedAt.Before(r.w.At.Add(-domain.MatchWindow))
		switch {
		case r.shown[row.ExternalID] || r.complete != nil && r.complete(row.ExternalID):
		case isLeaving:
			oldRows = append(
				oldRows,
				domain.OldRow{Transaction: row.Transaction, LearnedAt: r.w.At, AbsentSince: since},
			)
		case isOld:
			oldRows = append(oldRows, domain.OldRow{
				Transaction: row.Transaction, LearnedAt: row.RemovedAt, AbsentSince: row.Pull,
			})
		}
	}
	return oldRows
}

// newRows returns the rows that may replace an old row: the rows of the page that are not stored yet, and some stored
// live rows. A stored row must meet these conditions:
//
//   - It has not replaced another row.
//   - It was first seen within the last domain.MatchWindow.
//   - It was first seen after the first pull of the connection had succeeded.
func (r *replacer) newRows() []domain.NewRow {
	var newRows []domain.NewRow
	for _, data := range latest(r.w.Transactions, func(o domain.TransactionData) string { return o.ExternalID }) {
		if r.rows[data.ExternalID] != nil || slices.Contains(r.w.Unmatched, data.ExternalID) {
			continue
		}
		t := domain.Transaction{TransactionData: data}
		if account := r.accounts[r.p.Connection][data.Account]; account != nil {
			t.AccountID = account.ID
		}
		newRows = append(newRows, domain.NewRow{Transaction: t, LearnedAt: r.w.At})
	}
	first := r.firstSuccess()
	for _, row := range r.rows {
		_, leaves := r.leaving[row.ExternalID]
		if leaves || !row.RemovedAt.IsZero() || len(row.Supersedes) > 0 || first.IsZero() ||
			!row.FirstSeenAt.After(first) || row.FirstSeenAt.Before(r.w.At.Add(-domain.MatchWindow)) {
			continue
		}
		pull := row.Pull
		if len(row.replaced) > 0 {
			pull = row.replaced[0].Pull
		}
		if !pull.IsZero() {
			newRows = append(
				newRows,
				domain.NewRow{Transaction: row.Transaction, FirstPull: pull, LearnedAt: row.FirstSeenAt},
			)
		}
	}
	return newRows
}

// firstSuccess returns when the first pull of the connection succeeded; zero if none has.
func (r *replacer) firstSuccess() (first time.Time) {
	for _, p := range r.pulls {
		if p.Connection == r.p.Connection && p.State == domain.PullSucceeded &&
			(first.IsZero() || p.FinishedAt.Before(first)) {
			first = p.FinishedAt
		}
	}
	return first
}

// startedPulls returns the pulls of the connection that have started, in the order of their start.
func (r *replacer) startedPulls() []domain.PullRead {
	var reads []domain.PullRead
	for _, p := range r.pulls {
		if p.Connection != r.p.Connection || p.StartedAt.IsZero() {
			continue
		}
		read := domain.PullRead{ID: p.ID, StartedAt: p.StartedAt, Progress: p.Progress}
		if p == r.p && r.w.Progress.Planned {
			read.Progress = r.w.Progress
		}
		reads = append(reads, read)
	}
	slices.SortFunc(reads, func(a, b domain.PullRead) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return reads
}

// replace applies a match: the transaction of the old row gets the external id of the new row. If the new row is
// already stored as a separate transaction, replace also makes two other changes:
//
//   - The transaction of the old row gets the data of the new row.
//   - The separate transaction is marked as superseded.
func (r *replacer) replace(match domain.Match) {
	row, younger := r.rows[match.Old], r.rows[match.New]
	past := domain.Superseded{ExternalID: match.Old, At: r.w.At, Rule: match.Rule, Version: row.Version}
	row.archive()
	if younger != nil {
		past.Younger = younger.ID
		younger.archive()
		row.takeContent(younger)
		younger.RemovedAt, younger.SupersededBy = r.w.At, row.ID
		delete(r.rows, match.New)
		r.rows[supersededKey(younger)] = younger
		row.RemovedAt = time.Time{}
		r.counts.Removed++
		r.counts.Modified++
	}
	row.Supersedes, row.carriedOver = append(slices.Clone(row.Supersedes), past), false
	r.rename(row, match.Old, match.New)
	if younger != nil {
		r.appendChange(r.p, row, r.w.At)
		r.appendChange(r.p, younger, r.w.At)
	} else {
		row.renamed = true
	}
	delete(r.leaving, match.Old)
}

// takeContent copies the data of another row, without its external id.
func (t *transaction) takeContent(from *transaction) {
	id := t.ExternalID
	t.TransactionData, t.AccountID = cloneTransaction(from.Transaction).TransactionData, from.AccountID
	t.ExternalID = id
	t.digest, t.source, t.rowSHA256, t.normalizer = from.digest, from.source, from.rowSHA256, from.normalizer
}

// rename changes the external id of a row. The previous id becomes a former id of the row. The new id is no longer a
// former id of any row.
func (r *replacer) rename(row *transaction, from, to string) {
	delete(r.rows, from)
	row.ExternalID = to
	r.rows[to] = row
	past := r.pastIDsOf(r.p.Connection)
	delete(past, to)
	past[from] = row
}

// pastIDsOf returns the transactions of a connection by their former external ids. The caller may change the map.
func (s *Store) pastIDsOf(id domain.ConnectionID) map[string]*transaction {
	return rowsOf(s.pastIDs, id)
}

// splitPairsOf returns the pairs of rows of a connection that are never matched. The caller may change the map.
func (s *Store) splitPairsOf(id domain.ConnectionID) map[domain.MatchPair]bool {
	if s.splitPairs[id] == nil {
		s.splitPairs[id] = map[domain.MatchPair]bool{}
	}
	return s.splitPairs[id]
}

// supersededKey returns the key of a superseded row in the map of rows. The external id is not sufficient, because it
// now belongs to another row.
func supersededKey(row *transaction) string { return row.ExternalID + "\x1f" + row.ID.String() }

// followPast searches the page for former external ids of transactions. If the page contains such an id, the vendor has
// returned a former row of the transaction again.
func (r *replacer) followPast() {
	returned := map[*transaction]bool{}
	for _, externalID := range slices.Sorted(maps.Keys(r.shown)) {
		row := r.pastIDs[r.p.Connection][externalID]
		if row == nil || r.rows[externalID] != nil {
			continue
		}
		if returned[row] { // the vendor returns two former rows together, so neither has replaced the other
			row.Supersedes, _, _ = row.WithoutPast(externalID)
			delete(r.pastIDs[r.p.Connection], externalID)
			continue
		}
		returned[row] = true
		for row.ExternalID != externalID {
			_, leaves := r.leaving[row.ExternalID]
			isShown := r.shown[row.ExternalID] || r.complete != nil && r.complete(row.ExternalID)
			if (!row.RemovedAt.IsZero() || leaves) && !isShown {
				r.goBack(row, externalID)
				break
			}
			r.split(r.p, row, r.w.NewID(), r.w.At)
		}
	}
}

// goBack restores a former row of a transaction as the current row. The previous current row was removed or is about to
// be removed.
func (r *replacer) goBack(row *transaction, externalID string) {
	present := row.ExternalID
	rest, past, _ := row.WithoutPast(externalID)
	row.archive()
	row.Supersedes = append(rest, domain.Superseded{
		ExternalID: present, At: r.w.At, Rule: past.Rule, Version: row.Version,
	})
	delete(r.leaving, present)
	r.rename(row, present, externalID)
	row.renamed = true
}

// split undoes the last replacement in a transaction. The transaction gets its former row back, and the newer row
// becomes a separate transaction. The change is recorded for the pull p; p has no id if an operator makes the change.
func (s *Store) split(p *pull, row *transaction, newID domain.TransactionID, at time.Time) {
	past := row.Supersedes[len(row.Supersedes)-1]
	rows := rowsOf(s.transactions, row.Connection)
	present := row.ExternalID
	younger := &transaction{Transaction: domain.Transaction{
		ID: newID, Tenant: row.Tenant, Connection: row.Connection, Vendor: row.Vendor, FirstSeenAt: past.At,
	}}
	if !past.Younger.IsZero() {
		younger = s.rowByID(row.Tenant, past.Younger)
		delete(rows, supersededKey(younger))
		younger.archive()
	}
	younger.takeContent(row)
	younger.ExternalID, younger.RemovedAt, younger.SupersededBy = present, row.RemovedAt, domain.TransactionID{}
	younger.carriedOver, row.carriedOver = row.carriedOver, false
	row.archive()
	for _, version := range row.replaced {
		if version.Version == past.Version {
			row.TransactionData, row.AccountID = cloneTransaction(version).TransactionData, version.AccountID
			row.rowSHA256, row.normalizer = version.RowSHA256, version.Normalizer
			row.RowSHA256, row.Normalizer = nil, ""
		}
	}
	row.ExternalID, row.RemovedAt = past.ExternalID, past.At
	row.Supersedes = row.Supersedes[: len(row.Supersedes)-1 : len(row.Supersedes)-1]
	if len(row.Supersedes) == 0 {
		row.Supersedes = nil
	}
	row.digest, row.source = [32]byte{}, domain.ContentHash{}
	delete(s.pastIDsOf(row.Connection), past.ExternalID)
	rows[past.ExternalID], rows[present] = row, younger
	pairs := s.splitPairsOf(row.Connection)
	pairs[domain.MatchPair{Old: past.ExternalID, New: present}] = true
	pairs[domain.MatchPair{Old: present, New: past.ExternalID}] = true
	s.appendChange(p, row, at)
	s.appendChange(p, younger, at)
}

// Split undoes the last replacement of a transaction.
func (v ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID, at time.Time) (
	domain.Transaction, error,
) {
	return exclusiveResult(ctx, v.Store, "Ledger.Split", func() (domain.Transaction, error) {
		row := v.rowByID(tenant, id)
		if row == nil {
			return domain.Transaction{}, domain.NotFoundError()
		}
		if _, err := row.LastPast(); err != nil {
			return domain.Transaction{}, err
		}
		v.split(&pull{}, row, newID, at)
		return cloneTransaction(row.Transaction), nil
	})
}

// recentlyRemoved reports whether the connection has rows that were removed recently, or transactions with former
// external ids.
func (s *Store) recentlyRemoved(id domain.ConnectionID, at time.Time) bool {
	if len(s.pastIDs[id]) > 0 {
		return true
	}
	for _, row := range s.transactions[id] {
		if !row.RemovedAt.IsZero() && !row.RemovedAt.Before(at.Add(-domain.MatchWindow)) {
			return true
		}
	}
	return false
}
