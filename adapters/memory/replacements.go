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

// leaving contains the rows that a write is about to remove. It maps the external id of each row to the first pull that
// is known to have read the list without finding the row; zero if that pull is not known.
type leaving map[string]domain.PullID

// announcedRemovals returns the rows with these external ids, whose removal the vendor has announced.
func announcedRemovals(externalIDs []string) leaving {
	rows := leaving{}
	for _, id := range externalIDs {
		rows[id] = domain.PullID{}
	}
	return rows
}

// replacer finds which new rows replace removed rows, in one page, sweep or announced removal, and stores the result.
// In names, "left" and "leaving" refer to rows that were removed or are about to be removed, and "came" refers to new
// rows.
type replacer struct {
	*Store
	p        *pull
	w        ports.PageWrite
	rows     map[string]*transaction
	leaving  leaving
	shown    map[string]bool              // the external ids of the page
	complete func(externalID string) bool // whether a complete list contains the row; nil except in a sweep
	counts   *domain.Counts
}

// replaceRows matches removed rows with new rows of this page or of an earlier one. The new row becomes the present row
// of the removed row's transaction. A matched row is no longer removed: replaceRows deletes it from the set of rows
// that this write is about to remove (rows).
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
			s.splitPairsOf(p.Connection)[domain.MatchPair{Came: externalID}] = true
		}
	}
	if w.RecentlyLeft || w.Unshown {
		r.followPast()
	}
	if w.Matching != nil && w.Unshown {
		r.matchUnshown()
	}
	if w.Matching == nil || len(rows) == 0 && !w.RecentlyLeft {
		return
	}
	in := domain.ReplacementInput{
		Left: r.left(), Came: r.came(), Reads: r.reads(), Never: s.splitPairs[p.Connection], Keys: w.Matching.Keys,
		Complete: complete != nil,
	}
	for _, match := range domain.FindReplacements(in) {
		r.replace(match)
	}
}

// matchUnshown matches rows of the page with transactions whose present row was not returned by any read under the
// present account reference. A matched row becomes the present row of the transaction.
func (r *replacer) matchUnshown() {
	matchRow := func(t domain.Transaction) domain.MatchRow {
		return domain.NewMatchRow(t.TransactionData, t.AccountID, r.w.Matching.Keys(t.TransactionData))
	}
	in := domain.RelinkInput{Never: r.splitPairs[r.p.Connection]}
	for _, row := range r.unshownRows(r.p.Connection) {
		switch {
		case r.shown[row.ExternalID]:
		case row.RemovedAt.IsZero():
			in.Live = append(in.Live, matchRow(row.Transaction))
		case !row.RemovedAt.Before(r.w.At.Add(-domain.MatchWindow)):
			in.NotShown = append(in.NotShown, matchRow(row.Transaction))
		}
	}
	for _, row := range r.came() {
		if row.ID.IsZero() {
			in.Came = append(in.Came, matchRow(row.Transaction))
		}
	}
	for _, match := range domain.MatchUnshown(in) {
		r.replace(match)
	}
}

// unshownRows returns the unshown rows of a connection: no read under the connection's present account reference has
// returned them.
func (s *Store) unshownRows(id domain.ConnectionID) []*transaction {
	var rows []*transaction
	for _, row := range s.transactions[id] {
		if row.unshown && row.SupersededBy.IsZero() {
			rows = append(rows, row)
		}
	}
	return rows
}

// forgetUnshown clears unshown in the rows of a connection that were removed more than domain.MatchWindow ago.
func (s *Store) forgetUnshown(id domain.ConnectionID, at time.Time) {
	for _, row := range s.transactions[id] {
		if !row.RemovedAt.IsZero() && row.RemovedAt.Before(at.Add(-domain.MatchWindow)) {
			row.unshown = false
		}
	}
}

// left returns the rows that are about to be removed, and those that were removed within domain.MatchWindow. It omits
// rows that the page or the complete list shows.
func (r *replacer) left() []domain.LeftRow {
	var left []domain.LeftRow
	for _, row := range r.rows {
		since, leaves := r.leaving[row.ExternalID]
		if absent, ok := r.absences[r.p.Connection][row.ExternalID]; ok && since.IsZero() {
			since = absent.Pull
		}
		isLeaving := leaves && row.RemovedAt.IsZero()
		hasLeft := !row.RemovedAt.IsZero() && row.SupersededBy.IsZero() &&
			!row.RemovedAt.Before(r.w.At.Add(-domain.MatchWindow))
		switch {
		case r.shown[row.ExternalID] || r.complete != nil && r.complete(row.ExternalID):
		case isLeaving:
			left = append(left, domain.LeftRow{Transaction: row.Transaction, LeftAt: r.w.At, AbsentSince: since})
		case hasLeft:
			left = append(left, domain.LeftRow{
				Transaction: row.Transaction, LeftAt: row.RemovedAt, AbsentSince: row.Pull,
			})
		}
	}
	return left
}

// came returns the rows of the page that are not stored yet. It also returns the live stored rows that have replaced no
// row and were first seen within domain.MatchWindow, after the connection's first pull succeeded.
func (r *replacer) came() []domain.CameRow {
	var came []domain.CameRow
	for _, data := range latest(r.w.Transactions, func(o domain.TransactionData) string { return o.ExternalID }) {
		if r.rows[data.ExternalID] != nil || slices.Contains(r.w.Unmatched, data.ExternalID) {
			continue
		}
		t := domain.Transaction{TransactionData: data}
		if account := r.accounts[r.p.Connection][data.Account]; account != nil {
			t.AccountID = account.ID
		}
		came = append(came, domain.CameRow{Transaction: t, CameAt: r.w.At})
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
			came = append(came, domain.CameRow{Transaction: row.Transaction, FirstPull: pull, CameAt: row.FirstSeenAt})
		}
	}
	return came
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

// reads returns the pulls of the connection that have started, in the order of their start.
func (r *replacer) reads() []domain.PullRead {
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

// replace makes the new row (match.Came) the present row of the removed row's transaction (match.Left).
func (r *replacer) replace(match domain.Match) {
	row, younger := r.rows[match.Left], r.rows[match.Came]
	past := domain.Superseded{ExternalID: match.Left, At: r.w.At, Rule: match.Rule, Version: row.Version}
	row.archive()
	if younger != nil {
		past.Younger = younger.ID
		younger.archive()
		row.takeContent(younger)
		younger.RemovedAt, younger.SupersededBy = r.w.At, row.ID
		delete(r.rows, match.Came)
		r.rows[supersededKey(younger)] = younger
		row.RemovedAt = time.Time{}
		r.counts.Removed++
		r.counts.Modified++
	}
	row.Supersedes, row.unshown = append(slices.Clone(row.Supersedes), past), false
	r.rename(row, match.Left, match.Came)
	if younger != nil {
		r.appendChange(r.p, row, r.w.At)
		r.appendChange(r.p, younger, r.w.At)
	} else {
		row.renamed = true
	}
	delete(r.leaving, match.Left)
}

// takeContent copies the data of another row, without its external id.
func (t *transaction) takeContent(from *transaction) {
	id := t.ExternalID
	t.TransactionData, t.AccountID = cloneTransaction(from.Transaction).TransactionData, from.AccountID
	t.ExternalID = id
	t.digest, t.source, t.rowSHA256, t.normalizer = from.digest, from.source, from.rowSHA256, from.normalizer
}

// rename stores the row under another external id. The previous id becomes a past id, and the new one is no longer a
// past id.
func (r *replacer) rename(row *transaction, from, to string) {
	delete(r.rows, from)
	row.ExternalID = to
	r.rows[to] = row
	past := r.pastIDsOf(r.p.Connection)
	delete(past, to)
	past[from] = row
}

// pastIDsOf returns the transactions of a connection by their past external ids. The caller may change the map.
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

// followPast handles the rows of the page whose external id is a past id of a transaction: the vendor shows an earlier
// row of the transaction again.
func (r *replacer) followPast() {
	returned := map[*transaction]bool{}
	for _, externalID := range slices.Sorted(maps.Keys(r.shown)) {
		row := r.pastIDs[r.p.Connection][externalID]
		if row == nil || r.rows[externalID] != nil {
			continue
		}
		if returned[row] { // two past rows are shown together, so neither has replaced the other
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

// goBack makes an earlier row of a transaction its present row again, because its present row was removed or is about
// to be removed.
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

// split undoes the last replacement of a transaction that has replaced a row. The change is made by a pull (p), which
// has no id if an operator makes the change.
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
	younger.unshown, row.unshown = row.unshown, false
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
	pairs[domain.MatchPair{Left: past.ExternalID, Came: present}] = true
	pairs[domain.MatchPair{Left: present, Came: past.ExternalID}] = true
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

// recentlyLeft reports whether the connection has rows that were removed recently or that have past external ids.
func (s *Store) recentlyLeft(id domain.ConnectionID, at time.Time) bool {
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
