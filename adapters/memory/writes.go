package memory

import (
	"context"
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// transaction is a transaction with the digest and the content hash of the vendor's data.
type transaction struct {
	domain.Transaction
	digest [sha256.Size]byte
	source domain.ContentHash
	// rowSHA256 and normalizer belong to the data of the current version. Only History returns them.
	rowSHA256  []byte
	normalizer string
	replaced   []domain.Transaction // the versions before the current one, oldest first
	renamed    bool                 // the current write has archived the stored version and changed the external id
	// adjustments refers to the adjustments that resulted from changes of the row.
	adjustments []adjustmentKey
	// carriedOver is set if the row was read under an earlier account reference, and the vendor has not yet returned it
	// under the current one. A removed row can still be marked as carried over, because the vendor may return it later.
	carriedOver bool
}

// account is an account with its state in the vendor's list of accounts.
type account struct {
	domain.Account
	listed      bool          // whether the vendor has listed the account; if not, it was only embedded in rows
	key         string        // see ports.PageWrite.AccountKey
	absentSince domain.PullID // first pull whose account list lacked the account; zero while the account is listed
}

// change is an entry of a tenant's feed: a row got the given version. Readers skip the entry if the row has a newer
// version by now, because a later entry reports that version.
type change struct {
	row     *transaction
	version int
}

// rowsOf returns the connection's rows by external id. The caller may read the map and add rows to
// it.
func rowsOf[T any](all map[domain.ConnectionID]map[string]*T, id domain.ConnectionID) map[string]*T {
	if all[id] == nil {
		all[id] = map[string]*T{}
	}
	return all[id]
}

// FilterUnchanged looks up each row. A row that is stored as removed is reported as changed, because it must be stored
// again.
func (v pulls) FilterUnchanged(
	ctx context.Context,
	_ domain.TenantID,
	connection domain.ConnectionID,
	seen []domain.RawTransaction,
) ([]bool, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.FilterUnchanged", func() ([]bool, error) {
		known := make([]bool, len(seen))
		for i, s := range seen {
			row := v.transactions[connection][s.ExternalID]
			known[i] = row != nil && row.RemovedAt.IsZero() && !s.ContentHash.IsZero() && row.source == s.ContentHash
		}
		return known, nil
	})
}

// StorePage writes accounts first, because rows refer to them. It writes removals last, so that a row whose
// removal was announced stays removed even if the page contains it.
func (v pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.StorePage", func() (domain.Counts, error) {
		p, err := v.writable(lease)
		if err != nil {
			return domain.Counts{}, err
		}
		if slices.ContainsFunc(w.Accounts, func(a domain.AccountData) bool { return v.continues(p, a, w) }) {
			return domain.Counts{}, conflict(domain.AccountContinues)
		}
		var counts domain.Counts
		w = v.stageRows(p, w, &counts)
		firstStored := v.putAccounts(p, w, &counts)
		v.writeRows(p, w, firstStored, announcedRemovals(w.Removed), nil, &counts)
		p.Counts, p.Progress, p.lease.Until = p.Counts.Plus(counts), cloneProgress(w.Progress), w.LeaseUntil
		return counts, nil
	})
}

// putAccounts upserts the accounts of a page, and returns the keys of those that were not stored before.
func (s *Store) putAccounts(p *pull, w ports.PageWrite, counts *domain.Counts) (first []domain.QuarantineKey) {
	for _, view := range latest(w.Accounts, func(a domain.AccountData) string { return a.ExternalID }) {
		if s.accounts[p.Connection][view.ExternalID] == nil {
			first = append(first, domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: view.ExternalID})
		}
		s.putAccount(p, view, w)
		counts.Accounts++
	}
	return first
}

// writeRows writes the transactions and the quarantine of a page. It marks the rows in leaves as removed if no new row
// replaces them. isListed is nil except in a sweep (a removal of rows that the vendor no longer lists). In a sweep,
// isListed reports whether the complete list contains a row.
func (s *Store) writeRows(
	p *pull, w ports.PageWrite, firstStored []domain.QuarantineKey, leaves leaving, isListed func(string) bool,
	counts *domain.Counts,
) {
	s.replaceRows(p, w, leaves, isListed, counts)
	for _, o := range latest(w.Transactions, func(o domain.TransactionData) string { return o.ExternalID }) {
		counts.Read++
		s.put(p, o, w, counts)
	}
	s.updateQuarantine(p, w, counts)
	for _, key := range firstStored {
		if s.quarantine[p.Connection][key] == nil { // a quarantined account gets its rows when it is released
			s.attachRows(p, key, w.At, counts)
		}
	}
	known := rowsOf(s.transactions, p.Connection)
	for _, externalID := range slices.Sorted(maps.Keys(leaves)) {
		counts.Removed += s.remove(p, known[externalID], w.At)
	}
	counts.Read, counts.Unchanged = counts.Read+w.Unchanged, counts.Unchanged+w.Unchanged
}

// latest returns, for each key, the last row that has this key.
func latest[T any](rows []T, key func(T) string) []T {
	last := map[string]int{}
	for i, row := range rows {
		last[key(row)] = i
	}
	kept := make([]T, 0, len(last))
	for i, row := range rows {
		if last[key(row)] == i {
			kept = append(kept, row)
		}
	}
	return kept
}

// putAccount upserts one account. A stored account retains its id and FirstSeenAt. If w.Listed is set, a removed
// account becomes live again. If nothing changes, the account is not written.
func (s *Store) putAccount(p *pull, view domain.AccountData, w ports.PageWrite) {
	accounts := rowsOf(s.accounts, p.Connection)
	known, event := accounts[view.ExternalID], domain.AccountModified
	if known == nil {
		event = domain.AccountAdded
		known = &account{Account: domain.Account{
			ID: domain.AccountID{UUID: w.NewID().UUID}, Tenant: p.Tenant, Connection: p.Connection, Vendor: p.Vendor,
			FirstSeenAt: w.At,
			References:  []domain.AccountReference{{AccountRef: w.AccountRef, ExternalID: view.ExternalID, From: w.At}},
		}}
		accounts[view.ExternalID] = known
	}
	before := *known
	known.AccountData, known.key = view, w.KeyOf(view)
	if w.Listed {
		known.listed, known.absentSince, known.RemovedAt = true, domain.PullID{}, time.Time{}
	}
	if reflect.DeepEqual(*known, before) {
		return
	}
	known.UpdatedAt = w.At
	known.Account = cloneAccount(known.Account)
	s.recordEvent(p.Tenant, p.Connection, event, known.ID.String(), w.At)
}

// SweepAccounts changes only whether accounts are recorded as absent or removed, not their data or their transactions.
func (v pulls) SweepAccounts(ctx context.Context, lease domain.Lease, w ports.AccountSweepWrite) error {
	return v.exclusive(ctx, "Pulls.SweepAccounts", func() error {
		p, err := v.writable(lease)
		if err != nil {
			return err
		}
		for externalID, a := range rowsOf(v.accounts, p.Connection) {
			switch {
			case slices.Contains(w.Listed, externalID):
				if !a.RemovedAt.IsZero() {
					v.recordEvent(p.Tenant, p.Connection, domain.AccountModified, a.ID.String(), w.At)
				}
				if !a.RemovedAt.IsZero() || !a.absentSince.IsZero() {
					a.RemovedAt, a.absentSince, a.UpdatedAt = time.Time{}, domain.PullID{}, w.At
				}
			case !a.listed || !a.RemovedAt.IsZero():
			case w.Proof == domain.TwoReads && a.absentSince.IsZero():
				a.absentSince = p.ID
			case w.Proof == domain.OneRead || a.absentSince != p.ID:
				a.RemovedAt, a.UpdatedAt = w.At, w.At
				v.forgetAbsences(p.Connection, externalID)
				v.recordEvent(p.Tenant, p.Connection, domain.AccountRemoved, a.ID.String(), w.At)
			}
		}
		p.lease.Until = w.LeaseUntil
		return nil
	})
}

// put stores one transaction and counts it in counts. If the stored row is equal, only the metadata and the content
// hash are replaced.
func (s *Store) put(p *pull, o domain.TransactionData, w ports.PageWrite, counts *domain.Counts) {
	rows, digest := rowsOf(s.transactions, p.Connection), o.Digest()
	known := rows[o.ExternalID]
	switch {
	case known == nil:
		known = &transaction{Transaction: domain.Transaction{
			ID: w.NewID(), Tenant: p.Tenant, Connection: p.Connection, Vendor: p.Vendor, FirstSeenAt: w.At,
		}}
		rows[o.ExternalID] = known
		counts.Added++
	case known.digest == digest && known.RemovedAt.IsZero() && !known.renamed:
		counts.Unchanged++
		known.carriedOver = false
		known.source, known.Metadata = o.ContentHash, slices.Clone(o.Metadata)
		return
	default:
		counts.Modified++
	}
	if !known.renamed {
		known.archive()
	}
	known.renamed, known.carriedOver = false, false
	known.source, known.rowSHA256, known.normalizer = o.ContentHash, slices.Clone(o.RowSHA256), o.Normalizer
	// Readers never receive these members.
	o.StableMetadata, o.ContentHash, o.RowSHA256, o.Normalizer = nil, domain.ContentHash{}, nil, ""
	known.TransactionData, known.digest, known.RemovedAt, known.AccountID = o, digest, time.Time{}, domain.AccountID{}
	if account := s.accounts[p.Connection][o.Account]; account != nil {
		known.AccountID = account.ID
	}
	known.Transaction = cloneTransaction(known.Transaction)
	s.appendChange(p, known, w.At)
}

// remove marks a row as removed. It returns the number of rows that it changed: 0 if there is no
// such row or the row was already removed, otherwise 1.
func (s *Store) remove(p *pull, row *transaction, at time.Time) int {
	if row == nil || !row.RemovedAt.IsZero() {
		return 0
	}
	row.archive()
	row.RemovedAt = at
	s.appendChange(p, row, at)
	return 1
}

// appendChange records that the pull has changed the row. It increments the row's version, appends the change to the
// feed, and stores the row's adjustments.
func (s *Store) appendChange(p *pull, row *transaction, at time.Time) {
	row.Version, row.UpdatedAt, row.Pull = row.Version+1, at, p.ID
	s.changes[row.Tenant] = append(s.changes[row.Tenant], change{row, row.Version})
	adjusted := len(row.adjustments)
	s.adjust(row)
	s.recordAdjusted(row, adjusted)
}

// Sweep marks rows as removed in the order of their external ids, so that the order of the feed is deterministic.
func (v pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Sweep", func() (domain.Counts, error) {
		p, err := v.writable(lease)
		if err != nil {
			return domain.Counts{}, err
		}
		if slices.ContainsFunc(w.Page.Accounts, func(a domain.AccountData) bool { return v.continues(p, a, w.Page) }) {
			return domain.Counts{}, conflict(domain.AccountContinues)
		}
		w.Page.At, w.Page.LeaseUntil = w.At, w.LeaseUntil
		var counts domain.Counts
		firstStored := v.putAccounts(p, w.Page, &counts)
		absent, live := v.absent(p, w)
		removed, remaining := domain.AbsenceRead{Proof: w.Proof, Pull: p.ID, At: w.At, Live: live}.Judge(absent)
		v.forgetAbsences(p.Connection, w.Account)
		if w.Page.CarriedOver {
			v.forgetCarriedOver(p.Connection, w.At)
		}
		for _, a := range remaining {
			v.absences[p.Connection][a.ExternalID] = a
		}
		leaves := leaving{}
		for _, a := range absent {
			if slices.Contains(removed, a.ExternalID) {
				leaves[a.ExternalID] = a.Pull
			}
		}
		v.writeRows(p, w.Page, firstStored, leaves, w.Seen, &counts)
		p.Counts, p.lease.Until = p.Counts.Plus(counts), w.LeaseUntil
		if w.Page.Progress.Planned {
			p.Progress = cloneProgress(w.Page.Progress)
		}
		return counts, nil
	})
}

// absent returns the live rows in the window that this sweep treats as absent. liveCounts maps each account to the
// number of its live rows in the window, both listed and absent.
func (s *Store) absent(p *pull, w ports.SweepWrite) (absences []domain.Absence, liveCounts map[string]int) {
	rows, known := rowsOf(s.transactions, p.Connection), s.absences[p.Connection]
	liveCounts, from := map[string]int{}, map[string]domain.Date{}
	var unseen []*transaction
	for _, externalID := range slices.Sorted(maps.Keys(rows)) {
		row := rows[externalID]
		account := s.presentAccount(row)
		switch {
		case !row.RemovedAt.IsZero() || w.Account != "" && account != w.Account || !w.Window.Contains(row.Date):
		case !w.Seen(externalID):
			unseen = append(unseen, row)
		default:
			liveCounts[account]++
			if oldest, ok := from[account]; !ok || row.Date < oldest {
				from[account] = row.Date
			}
		}
	}
	for _, row := range w.Page.Transactions {
		if w.Account != "" && row.Account != w.Account || !w.Window.Contains(row.Date) {
			continue
		}
		if stored := rows[row.ExternalID]; stored == nil || !stored.RemovedAt.IsZero() {
			liveCounts[row.Account]++
		}
		if oldest, ok := from[row.Account]; !ok || row.Date < oldest {
			from[row.Account] = row.Date
		}
	}
	for _, row := range unseen {
		account := s.presentAccount(row)
		a, ok := known[row.ExternalID]
		if !ok {
			a = domain.Absence{ExternalID: row.ExternalID, Account: account, Pull: p.ID}
		}
		oldest, returned := from[account]
		inRange := returned && row.Date >= oldest
		if ok || w.Proof == domain.OneRead && (inRange || !row.carriedOver) || inRange && collected(row, account, w) {
			absences = append(absences, a)
			liveCounts[account]++
		}
	}
	return absences, liveCounts
}

// presentAccount returns the current external id of the row's account. A carried-over row was read under an earlier
// account reference and still contains the old external id. For such a row, the id is read from the account.
func (s *Store) presentAccount(row *transaction) string {
	if row.carriedOver {
		return s.accountOf(row.Tenant, row.AccountID).ExternalID
	}
	return row.Account
}

// collected reports whether the vendor collected the row at or after the time in w.CollectedFrom for the account. The
// result is true if the vendor does not purge rows.
func collected(row *transaction, account string, w ports.SweepWrite) bool {
	if w.CollectedAt == nil {
		return true
	}
	from, ok := w.CollectedFrom[account]
	at := w.CollectedAt(row.Metadata)
	return ok && !at.IsZero() && !at.Before(from)
}

// forgetAbsences deletes the stored absences of the account. If account is "", it deletes all stored absences of the
// connection.
func (s *Store) forgetAbsences(connection domain.ConnectionID, account string) {
	if s.absences[connection] == nil {
		s.absences[connection] = map[string]domain.Absence{}
	}
	maps.DeleteFunc(s.absences[connection], func(_ string, a domain.Absence) bool {
		return account == "" || a.Account == account
	})
}
