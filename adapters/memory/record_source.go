package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// recordSource implements records.PublicationSource and records.AccountSource for the connection of a pull.
type recordSource struct {
	*Store
	p *pull
}

// viewOf returns the stored data that a decision about the rows with these external ids needs.
func (s *Store) viewOf(p *pull, externalIDs []string, firstStored []string) records.View {
	v := records.View{
		Tenant: p.Tenant, Connection: p.Connection, Vendor: p.Vendor, Pull: p.ID, FirstStored: firstStored,
		Stored: recordSource{s, p}.stored(externalIDs), Accounts: map[string]domain.AccountID{},
	}
	for externalID, a := range s.accounts[p.Connection] {
		v.Accounts[externalID] = a.ID
	}
	return v
}

func (s recordSource) stored(externalIDs []string) map[string]records.Stored {
	stored := make(map[string]records.Stored, len(externalIDs))
	for _, externalID := range externalIDs {
		if row := s.transactions[s.p.Connection][externalID]; row != nil {
			stored[externalID] = records.Stored{
				ID: row.ID, Digest: row.digest, ContentHash: row.source, Version: row.Version,
				FirstSeenAt: row.FirstSeenAt, Removed: !row.RemovedAt.IsZero(), Archived: row.pending,
			}
		}
	}
	return stored
}

// Stored implements records.PublicationSource. It returns the records with these external ids.
func (s recordSource) Stored(externalIDs []string) (map[string]records.Stored, error) {
	return s.stored(externalIDs), nil
}

// record returns a copy of a stored transaction as a records.Record.
func record(row *transaction) records.Record {
	r := records.Record{Transaction: row.currentVersion(), Digest: row.digest}
	r.ContentHash = row.source
	return r
}

// matchingRecords returns the records of the connection for which the given function returns true.
func (s recordSource) matchingRecords(which func(*transaction) bool) []records.Record {
	var found []records.Record
	rows := s.transactions[s.p.Connection]
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if which(rows[key]) {
			found = append(found, record(rows[key]))
		}
	}
	return found
}

// Record implements records.Source. It returns a record by its id.
func (s recordSource) Record(id domain.TransactionID) (records.Record, error) {
	found := s.matchingRecords(func(row *transaction) bool { return row.ID == id })
	if len(found) == 0 {
		return records.Record{}, domain.NotFoundError()
	}
	return found[0], nil
}

// Version implements records.Source. It returns an earlier version of a record.
func (s recordSource) Version(id domain.TransactionID, version int) (records.Record, error) {
	for _, row := range s.transactions[s.p.Connection] {
		for i := range row.replaced {
			if row.ID == id && row.replaced[i].Version == version {
				return records.Record{Transaction: cloneTransaction(row.replaced[i])}, nil
			}
		}
	}
	return records.Record{}, domain.NotFoundError()
}

// PastIDs implements records.Source. It returns the records that had one of these external ids before.
func (s recordSource) PastIDs(externalIDs []string) (map[string]domain.TransactionID, error) {
	past := map[string]domain.TransactionID{}
	for _, externalID := range externalIDs {
		if id, found := s.pastIDs[s.p.Connection][externalID]; found {
			past[externalID] = id
		}
	}
	return past, nil
}

// Live implements records.Source. It returns the live records with these external ids.
func (s recordSource) Live(externalIDs []string) ([]records.Record, error) {
	var live []records.Record
	for _, externalID := range externalIDs {
		if row := s.transactions[s.p.Connection][externalID]; row != nil && row.RemovedAt.IsZero() {
			live = append(live, record(row))
		}
	}
	return live, nil
}

// RemovedSince implements records.Source. It returns records that were removed at or after a time.
func (s recordSource) RemovedSince(at time.Time) ([]records.Record, error) {
	return s.matchingRecords(func(row *transaction) bool {
		return !row.RemovedAt.IsZero() && row.SupersededBy.IsZero() && !row.RemovedAt.Before(at)
	}), nil
}

// CarriedOver implements records.Source. It returns carried-over records that are live, or were removed at or after a
// time.
func (s recordSource) CarriedOver(dates domain.Window, since time.Time) ([]records.Record, error) {
	return s.matchingRecords(func(row *transaction) bool {
		return s.isCarriedOver(row) && dates.Contains(row.Date) &&
			(row.RemovedAt.IsZero() || !row.RemovedAt.Before(since))
	}), nil
}

// isCarriedOver reports whether a row was read under an earlier account reference, and the vendor has not yet returned
// it under the current one.
func (s *Store) isCarriedOver(row *transaction) bool {
	return s.carriedOver[row.Connection][row.ExternalID] && row.SupersededBy.IsZero()
}

// Candidates implements records.Source. It returns live records that may replace an old one.
func (s recordSource) Candidates(dates domain.Window, firstSeen time.Time) ([]records.Candidate, error) {
	first := s.firstSuccess()
	if first.IsZero() {
		return nil, nil
	}
	found := s.matchingRecords(func(row *transaction) bool {
		return row.RemovedAt.IsZero() && len(row.Supersedes) == 0 && dates.Contains(row.Date) &&
			row.FirstSeenAt.After(first) && !row.FirstSeenAt.Before(firstSeen)
	})
	candidates := make([]records.Candidate, len(found))
	for i, r := range found {
		candidates[i] = records.Candidate{Record: r, FirstPull: r.Pull}
		if row := s.transactions[s.p.Connection][r.ExternalID]; len(row.replaced) > 0 {
			candidates[i].FirstPull = row.replaced[0].Pull
		}
	}
	return candidates, nil
}

// firstSuccess returns when the first pull of the connection succeeded; zero if none has.
func (s recordSource) firstSuccess() (first time.Time) {
	for _, p := range s.pulls {
		if p.Connection == s.p.Connection && p.State == domain.PullSucceeded {
			first = domain.EarlierNonZero(first, p.FinishedAt)
		}
	}
	return first
}

// Reads implements records.Source. It returns the started pulls of the connection in the order of their start.
func (s recordSource) Reads(ended time.Time) ([]domain.PullRead, error) {
	var reads []domain.PullRead
	for _, p := range s.pulls {
		if p.Connection == s.p.Connection && !p.StartedAt.IsZero() &&
			(p.FinishedAt.IsZero() || !p.FinishedAt.Before(ended)) {
			reads = append(reads, domain.PullRead{ID: p.ID, StartedAt: p.StartedAt, Progress: p.Progress})
		}
	}
	slices.SortFunc(reads, func(a, b domain.PullRead) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), a.ID.Compare(b.ID))
	})
	return reads, nil
}

// Never implements records.Source. It returns the pairs of external ids that must not be matched.
func (s recordSource) Never() (map[domain.MatchPair]bool, error) {
	return maps.Clone(s.splitPairs[s.p.Connection]), nil
}

// Absences implements records.Source. It returns the remembered absences of an account, or of the connection.
func (s recordSource) Absences(account string) (map[string]domain.Absence, error) {
	known := maps.Clone(s.absences[s.p.Connection])
	maps.DeleteFunc(known, func(_ string, a domain.Absence) bool { return account != "" && a.Account != account })
	return known, nil
}

// AbsentSince implements records.Source. For each row, it returns the first pull whose listing did not contain the
// row.
func (s recordSource) AbsentSince(externalIDs []string) (map[string]domain.PullID, error) {
	since := map[string]domain.PullID{}
	for _, externalID := range externalIDs {
		if a, absent := s.absences[s.p.Connection][externalID]; absent {
			since[externalID] = a.Pull
		}
	}
	return since, nil
}

// VisitLive implements records.Source. It visits the live records of an account, or of the connection, in a window of
// dates.
func (s recordSource) VisitLive(dates domain.Window, account string, _ bool, visit func(records.LiveRecord)) error {
	rows := s.transactions[s.p.Connection]
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		row := rows[key]
		live := s.liveRecord(row)
		if row.RemovedAt.IsZero() && (account == "" || live.Account == account) && dates.Contains(row.Date) {
			visit(live)
		}
	}
	return nil
}

// VisitMetadata implements records.Source. It visits the metadata of records.
func (s recordSource) VisitMetadata(externalIDs []string, visit func(externalID string, metadata []byte)) error {
	for _, externalID := range externalIDs {
		if row := s.transactions[s.p.Connection][externalID]; row != nil {
			visit(externalID, row.Metadata)
		}
	}
	return nil
}

// Quarantine implements records.Source. It returns the entries of the quarantine.
func (s recordSource) Quarantine() (map[domain.QuarantineKey]records.QuarantineEntry, error) {
	entries := map[domain.QuarantineKey]records.QuarantineEntry{}
	for key, row := range s.quarantine[s.p.Connection] {
		entries[key] = records.QuarantineEntry{Pull: row.Pull, At: row.LastSeenAt}
	}
	return entries, nil
}

// VisitStaged implements records.PublicationSource. It visits staged rows, ordered by external id.
func (s recordSource) VisitStaged(which records.StagedRowsOf, visit func(domain.TransactionData)) error {
	n := 0
	for _, id := range slices.Sorted(maps.Keys(s.staged[s.p.Connection])) {
		if which.Limit > 0 && n == which.Limit {
			return nil
		}
		if data := s.staged[s.p.Connection][id].data; s.selectsStaged(which, data) {
			visit(data)
			n++
		}
	}
	return nil
}

// selectsStaged reports whether a staged row is selected.
func (s recordSource) selectsStaged(which records.StagedRowsOf, data domain.TransactionData) bool {
	return !slices.Contains(which.Held, data.Account) && data.ExternalID > which.After &&
		(which.Accounts == nil || slices.Contains(which.Accounts, data.Account)) &&
		(which.ExternalIDs == nil || slices.Contains(which.ExternalIDs, data.ExternalID)) &&
		which.Dates.Contains(data.Date) && !(which.New && s.transactions[s.p.Connection][data.ExternalID] != nil)
}

// OldestStaged implements records.PublicationSource. It returns the oldest date of the selected rows of each account.
func (s recordSource) OldestStaged(which records.StagedRowsOf) (map[string]domain.Date, error) {
	oldest := map[string]domain.Date{}
	err := s.VisitStaged(which, func(data domain.TransactionData) {
		if first, found := oldest[data.Account]; !found || data.Date < first {
			oldest[data.Account] = data.Date
		}
	})
	return oldest, err
}

// PastStaged implements records.PublicationSource. It returns the selected staged rows that are former rows of
// records, each with its record.
func (s recordSource) PastStaged(which records.StagedRowsOf) (past []records.PastID, err error) {
	which.New = true
	err = s.VisitStaged(which, func(data domain.TransactionData) {
		if id, found := s.pastIDs[s.p.Connection][data.ExternalID]; found {
			past = append(past, records.PastID{ExternalID: data.ExternalID, Record: id})
		}
	})
	return past, err
}

// selected returns the rows that match the given selection, ordered by external id.
func (s recordSource) selected(which records.RecordsOf) []*transaction {
	var rows []*transaction
	for _, key := range slices.Sorted(maps.Keys(s.transactions[s.p.Connection])) {
		if row := s.transactions[s.p.Connection][key]; s.selects(which, row) && !s.isReturned(which, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// selects reports whether a record matches the given selection. It does not check whether the vendor returns the
// record under the new account reference; see isReturned.
func (s recordSource) selects(which records.RecordsOf, row *transaction) bool {
	open := row.RemovedAt.IsZero()
	if !which.RemovedSince.IsZero() {
		open = !row.RemovedAt.IsZero() && !row.RemovedAt.Before(which.RemovedSince)
	}
	return open && row.SupersededBy.IsZero() && which.Dates.Contains(row.Date) &&
		(slices.Contains(which.Accounts, row.AccountID) || which.CarriedOver && s.isCarriedOver(row)) &&
		(which.IDs == nil || slices.Contains(which.IDs, row.ID))
}

// isReturned reports whether the vendor returns a record under the new account reference. See records.RecordsOf.
func (s recordSource) isReturned(which records.RecordsOf, row *transaction) bool {
	staged, found := s.staged[s.p.Connection][row.ExternalID]
	if found && !slices.Contains(which.Held, staged.data.Account) {
		return true
	}
	key := domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: row.ExternalID}
	entry := s.quarantine[s.p.Connection][key]
	return entry != nil && entry.Pull == s.p.ID && !which.StagedSince.IsZero() &&
		!entry.LastSeenAt.Before(which.StagedSince)
}

// VisitRecords implements records.PublicationSource. It visits the selected records.
func (s recordSource) VisitRecords(which records.RecordsOf, visit func(*records.Record)) error {
	for _, row := range s.selected(which) {
		r := record(row)
		visit(&r)
	}
	return nil
}

// Dates implements records.PublicationSource. It returns the dates of the first and the last of the selected records.
func (s recordSource) Dates(which records.RecordsOf, limit int) (domain.Window, error) {
	rows := s.selected(which)
	if len(rows) == 0 {
		return domain.Window{}, nil
	}
	slices.SortFunc(rows, func(a, b *transaction) int { return strings.Compare(string(a.Date), string(b.Date)) })
	return domain.Window{From: rows[0].Date, To: rows[min(limit, len(rows))-1].Date}, nil
}

// ExternalIDs implements records.PublicationSource. It returns the external ids of selected records, in order.
func (s recordSource) ExternalIDs(which records.RecordsOf, limit int) ([]string, error) {
	var ids []string
	for _, row := range s.selected(which) {
		ids = append(ids, row.ExternalID)
	}
	return ids[:min(limit, len(ids))], nil
}

// CarriedOverAccounts implements records.PublicationSource. It returns the accounts that have carried-over records.
func (s recordSource) CarriedOverAccounts() ([]domain.AccountID, error) {
	accounts := map[domain.AccountID]bool{}
	for _, row := range s.transactions[s.p.Connection] {
		if s.isCarriedOver(row) {
			accounts[row.AccountID] = true
		}
	}
	return slices.Collect(maps.Keys(accounts)), nil
}
