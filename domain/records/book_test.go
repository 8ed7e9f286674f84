package records_test

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// now is the time of the write under test, which belongs to pull 9. Each earlier pull n read everything, and started
// 10-n hours before now.
var now = time.Date(2026, time.March, 20, 12, 0, 0, 0, time.UTC)

func recordID(n int) (id domain.TransactionID) {
	id.UUID[15] = byte(n)
	return id
}

func pullID(n int) (id domain.PullID) {
	id.UUID[15] = byte(n)
	return id
}

// account is the account of the tests. Its external id is "acc". Its records belong to tenant and connection.
var (
	account    = domain.AccountID{UUID: [16]byte{7}}
	tenant     = domain.TenantID{UUID: [16]byte{3}}
	connection = domain.ConnectionID{UUID: [16]byte{4}}
)

const vendor domain.Vendor = "vendor"

// data returns a row of the account. Rows with the same text are candidates for a match.
func data(externalID, text string, amount string, date domain.Date) domain.TransactionData {
	money, err := domain.ParseMoney(amount, "BRL")
	if err != nil {
		panic(err)
	}
	return domain.TransactionData{
		ExternalID: externalID, Account: "acc", Amount: money, Status: domain.Posted, Date: date, Description: text,
	}
}

// purchase returns a row that is equal to all other purchases, except for its external id.
func purchase(externalID string) domain.TransactionData {
	return data(externalID, "PADARIA DO ZE", "-50", "2026-03-10")
}

// record returns a live record of version 1, which pull 1 stored 100 hours before now.
func record(n int, row domain.TransactionData) records.Record {
	return records.Record{
		Transaction: domain.Transaction{
			ID: recordID(n), Tenant: tenant, Connection: connection, Vendor: vendor, AccountID: account,
			TransactionData: row, Version: 1, Pull: pullID(1),
			FirstSeenAt: now.Add(-100 * time.Hour), UpdatedAt: now.Add(-100 * time.Hour),
		},
		Digest: row.Digest(),
	}
}

// removed returns the record as pull 8 removed it, the given number of hours before now.
func removed(r records.Record, hours int) records.Record {
	r.RemovedAt, r.Version, r.Pull = now.Add(-time.Duration(hours)*time.Hour), r.Version+1, pullID(8)
	return r
}

// replaced returns the record r with the former rows past. Each of these rows was replaced by the next one, and the
// last one by the current row of r. The record had one version with each former row.
func replaced(r records.Record, past ...string) records.Record {
	for _, externalID := range past {
		r.Supersedes = append(r.Supersedes, domain.Superseded{
			ExternalID: externalID, At: now.Add(-24 * time.Hour), Rule: domain.SameDescription, Version: r.Version,
		})
		r.Version++
	}
	return r
}

// book is a store of one connection. It implements records.PublicationSource. It panics if the changes break a rule
// that holds for all of them, for example if a new version replaces one that was not archived.
type book struct {
	records     []records.Record
	versions    []records.Record    // earlier versions
	archived    map[versionKey]bool // the keys of versions
	past        map[string]domain.TransactionID
	carriedOver map[string]bool
	never       map[domain.MatchPair]bool
	absences    map[string]records.RowState
	announced   map[string]records.RowState
	quarantine  map[domain.QuarantineKey]records.QuarantineEntry
	staged      []domain.TransactionData
	otherReads  []domain.PullRead // further results of Reads
	prepared    []records.Record  // the results of PublicationPlan.Prepare
	suggestions []records.Suggestion
	fails       string                     // the method that fails
	failed      bool                       // this method has failed
	calls       map[string]int             // the calls of each method
	selections  []records.RecordsOf        // the arguments of VisitRecords
	rowsRead    []records.StagedRowsOf     // the arguments of VisitStaged
	shown       []records.ShownOf          // the arguments of VisitShown
	windows     []domain.Window            // the arguments of CarriedOver and Candidates
	renamed     map[records.RecordKey]bool // the keys that records had before this write renamed them
	written     []records.Changes          // the changes
	expired     bool                       // expired carried-over rows were forgotten
	log         []string
	counts      domain.Counts
}

var errFails = errors.New("the store fails")

// newBook returns a book with the records. It has a version for each former row of a record.
func newBook(all ...records.Record) *book {
	b := &book{
		records: all, past: map[string]domain.TransactionID{}, carriedOver: map[string]bool{},
		never: map[domain.MatchPair]bool{}, absences: map[string]records.RowState{},
		announced:  map[string]records.RowState{},
		quarantine: map[domain.QuarantineKey]records.QuarantineEntry{},
		calls:      map[string]int{}, renamed: map[records.RecordKey]bool{}, archived: map[versionKey]bool{},
	}
	for _, r := range all {
		for _, s := range r.Supersedes {
			b.past[s.ExternalID] = r.ID
			former := r
			former.TransactionData = purchase(s.ExternalID)
			former.Version = s.Version
			b.archive(former)
		}
	}
	return b
}

// fail counts the call of a method. If the test wants this method to fail, fail returns an error. It panics if any
// method is called after the failure, because the write must have ended.
func (b *book) fail(method string) error {
	b.require(!b.failed, "%s is called after an error", method)
	b.calls[method]++
	if b.failed = b.fails == method; b.failed {
		return errFails
	}
	return nil
}

// require panics unless a condition holds.
func (b *book) require(holds bool, format string, args ...any) {
	if !holds {
		panic(fmt.Sprintf(format, args...))
	}
}

// requireIDs panics if there are no external ids.
func (b *book) requireIDs(ids []string) {
	b.require(len(ids) > 0, "the store is asked for no rows")
}

// matching returns the records for which the given function returns true.
func (b *book) matching(which func(*records.Record) bool) (found []records.Record) {
	for i := range b.records {
		if which(&b.records[i]) {
			found = append(found, b.records[i])
		}
	}
	return found
}

// where returns the records for which the given function returns true, and the error with which the test lets the
// method fail.
func (b *book) where(method string, which func(*records.Record) bool) ([]records.Record, error) {
	return b.matching(which), b.fail(method)
}

func (b *book) byID(id domain.TransactionID) (r records.Record) {
	for _, r = range b.records {
		if r.ID == id {
			return r
		}
	}
	panic("there is no record " + id.String())
}

// byKey returns the record with this external id, unless it is superseded; nil if there is none.
func (b *book) byKey(externalID string) *records.Record {
	return b.find(records.RecordKey{ExternalID: externalID})
}

func (b *book) find(key records.RecordKey) *records.Record {
	for i := range b.records {
		if b.records[i].Key() == key {
			return &b.records[i]
		}
	}
	return nil
}

func (b *book) Record(id domain.TransactionID) (records.Record, error) {
	return b.byID(id), b.fail("Record")
}

func (b *book) Version(id domain.TransactionID, version int) (records.Record, error) {
	for _, r := range b.versions {
		if r.ID == id && r.Version == version {
			r.FirstSeenAt, r.Digest = time.Time{}, records.Digest{} // a store does not keep them for each version
			return r, b.fail("Version")
		}
	}
	return records.Record{}, errFails
}

func (b *book) Live(ids []string) ([]records.Record, error) {
	return b.live(ids), b.fail("Live")
}

func (b *book) live(ids []string) []records.Record {
	return b.matching(func(r *records.Record) bool {
		return r.RemovedAt.IsZero() && slices.Contains(ids, r.ExternalID)
	})
}

func (b *book) RemovedSince(at time.Time) ([]records.Record, error) {
	return b.where("RemovedSince", func(r *records.Record) bool {
		return !r.RemovedAt.Before(at) && r.SupersededBy.IsZero()
	})
}

func (b *book) Excluded() ([]records.Record, error) {
	return b.where("Excluded", func(r *records.Record) bool {
		return !r.ExcludedAt.IsZero() && r.SupersededBy.IsZero()
	})
}

func (b *book) CarriedOver(dates domain.Window, since time.Time) ([]records.Record, error) {
	b.windows = append(b.windows, dates)
	return b.where("CarriedOver", func(r *records.Record) bool {
		return b.carriedOver[r.ExternalID] && dates.Contains(r.Date) &&
			(r.RemovedAt.IsZero() || !r.RemovedAt.Before(since))
	})
}

func (b *book) Candidates(dates domain.Window, first time.Time) ([]records.Candidate, error) {
	b.windows = append(b.windows, dates)
	found, err := b.where("Candidates", func(r *records.Record) bool {
		return r.RemovedAt.IsZero() && len(r.Supersedes) == 0 && dates.Contains(r.Date) && !r.FirstSeenAt.Before(first)
	})
	var candidates []records.Candidate
	for _, r := range found {
		candidates = append(candidates, records.Candidate{Record: r, FirstPull: r.Pull})
	}
	return candidates, err
}

func (b *book) Reads(ended time.Time) ([]domain.PullRead, error) {
	var reads []domain.PullRead
	for n := 1; n < 10; n++ {
		if at := now.Add(time.Duration(n-10) * time.Hour); !at.Before(ended) || n >= 8 {
			progress := domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}
			if n == 9 {
				progress.Steps = nil
			}
			reads = append(reads, domain.PullRead{ID: pullID(n), StartedAt: at, Progress: progress})
		}
	}
	return append(reads, b.otherReads...), b.fail("Reads")
}

func (b *book) Never() (map[domain.MatchPair]bool, error) { return b.never, b.fail("Never") }

func (b *book) Suggestions(ids []string) ([]records.StoredSuggestion, error) {
	b.requireIDs(ids)
	var found []records.StoredSuggestion
	for _, s := range b.suggestions {
		old, newer := b.byID(s.Old), b.byID(s.New)
		named := slices.Contains(ids, old.ExternalID) || slices.Contains(ids, newer.ExternalID)
		if s.State == records.SuggestionOpen && named {
			found = append(found, records.StoredSuggestion{
				Suggestion:    s,
				OldExternalID: old.ExternalID,
				NewExternalID: newer.ExternalID,
				Possibly:      slices.Clone(newer.PossiblySupersedes),
			})
		}
	}
	return found, b.fail("Suggestions")
}

func (b *book) Suggestion(old, newer domain.TransactionID) (records.Suggestion, bool, error) {
	b.require(!old.IsZero() && !newer.IsZero(), "the store is asked for the suggestion of no record")
	for _, s := range b.suggestions {
		if s.Old == old && s.New == newer {
			return s, true, b.fail("Suggestion")
		}
	}
	return records.Suggestion{}, false, b.fail("Suggestion")
}

func (b *book) Joined() ([]records.Record, error) {
	return b.where("Joined", func(r *records.Record) bool {
		return slices.ContainsFunc(b.suggestions, func(s records.Suggestion) bool {
			return s.Old == r.ID && s.State == records.SuggestionJoined
		})
	})
}

// VisitLive fails under a name that tells the selection: "VisitLive", "VisitLive(by id)" or "VisitLive(metadata)".
func (b *book) VisitLive(of records.LiveOf, visit func(records.LiveRecord)) error {
	name := "VisitLive"
	if of.ExternalIDs != nil {
		b.requireIDs(of.ExternalIDs)
		name += "(by id)"
	}
	for _, r := range b.records {
		if !r.RemovedAt.IsZero() || !of.Dates.Contains(r.Date) || of.Account != "" && of.Account != r.Account ||
			of.ExternalIDs != nil && !slices.Contains(of.ExternalIDs, r.ExternalID) ||
			of.New && (r.Pull != pullID(9) || r.Version != 1) {
			continue
		}
		row := records.LiveRecord{
			ExternalID: r.ExternalID, Account: r.Account, Date: r.Date, CarriedOver: b.carriedOver[r.ExternalID],
		}
		if of.Metadata {
			row.Metadata, name = r.Metadata, "VisitLive(metadata)"
		}
		visit(row)
	}
	return b.fail(name)
}

func (b *book) VisitIdentified(
	account domain.AccountID, values []string, visit func(domain.TransactionID, domain.References),
) error {
	b.require(slices.IsSorted(values), "the values %v have no order", values)
	for _, r := range b.records {
		has := slices.ContainsFunc(r.References.Strong(), func(value string) bool {
			return slices.Contains(values, domain.LowerReference(value))
		})
		if r.AccountID != account || !has {
			continue
		}
		owner := r.ID
		if !r.SupersededBy.IsZero() {
			owner = r.SupersededBy
		}
		visit(owner, r.References)
	}
	return b.fail("VisitIdentified")
}

func (b *book) VisitShown(of records.ShownOf, visit func(matching.ShownRecord)) error {
	b.require(len(of.Amounts) > 0 && len(of.Amounts) <= matching.MaxShownAmounts && of.Limit > 0,
		"the store is asked for %d amounts", len(of.Amounts))
	b.shown = append(b.shown, of)
	for _, amount := range of.Amounts {
		found := b.matching(func(r *records.Record) bool {
			return r.AccountID == of.Account && r.Amount.Amount.String() == amount && r.RemovedAt.IsZero() &&
				r.ExcludedAt.IsZero() && of.Dates.Contains(r.Date)
		})
		slices.SortStableFunc(found, func(x, y records.Record) int { return cmp.Compare(y.Date, x.Date) })
		for _, r := range found[:min(len(found), of.Limit)] {
			visit(matching.ShownRecord{
				ExternalID: r.ExternalID, Amount: amount, Currency: r.Amount.Currency, Date: r.Date,
				Text: matching.ShownText(r.Description),
			})
		}
	}
	return b.fail("VisitShown")
}

func (b *book) VisitQuarantine(limit int, visit func(records.QuarantineEntry)) error {
	for key, e := range b.quarantine {
		e.QuarantineKey, e.Payload = key, e.Payload[:min(limit, len(e.Payload))]
		visit(e)
	}
	return b.fail("VisitQuarantine")
}

func (b *book) VisitStaged(which records.StagedRowsOf, visit func(domain.TransactionData)) error {
	b.require(slices.IsSorted(which.Accounts), "the accounts %v have no order", which.Accounts)
	b.rowsRead = append(b.rowsRead, which)
	b.visitStaged(which, visit)
	return b.fail("VisitStaged")
}

func (b *book) visitStaged(which records.StagedRowsOf, visit func(domain.TransactionData)) {
	n := 0
	for _, row := range b.staged {
		switch {
		case slices.Contains(which.Held, row.Account), row.ExternalID <= which.After,
			which.Accounts != nil && !slices.Contains(which.Accounts, row.Account),
			which.ExternalIDs != nil && !slices.Contains(which.ExternalIDs, row.ExternalID),
			!which.Dates.Contains(row.Date), which.New && b.byKey(row.ExternalID) != nil,
			which.Unprepared && b.isPrepared(row.ExternalID), which.Limit > 0 && n == which.Limit:
		default:
			n++
			visit(row)
		}
	}
}

func (b *book) OldestStaged(which records.StagedRowsOf) (map[string]domain.Date, error) {
	oldest := map[string]domain.Date{}
	b.visitStaged(which, func(row domain.TransactionData) {
		if first, found := oldest[row.Account]; !found || row.Date < first {
			oldest[row.Account] = row.Date
		}
	})
	return oldest, b.fail("OldestStaged")
}

func (b *book) PastStaged(which records.StagedRowsOf) (past []records.RowState, err error) {
	which.New = true
	b.visitStaged(which, func(row domain.TransactionData) {
		if owner, found := b.past[row.ExternalID]; found {
			past = append(past, records.RowState{ExternalID: row.ExternalID, Past: owner})
		}
	})
	return past, b.fail("PastStaged")
}

func (b *book) Stored(ids []string) (map[string]records.Stored, error) {
	return b.stored(ids), b.fail("Stored")
}

func (b *book) stored(ids []string) map[string]records.Stored {
	stored := map[string]records.Stored{}
	for _, r := range b.records {
		if r.SupersededBy.IsZero() && slices.Contains(ids, r.ExternalID) {
			stored[r.ExternalID] = records.Stored{
				ID: r.ID, Digest: r.Digest, ContentHash: r.ContentHash, Version: r.Version, FirstSeenAt: r.FirstSeenAt,
				Removed: !r.RemovedAt.IsZero(), Archived: r.Digest == pendingDigest,
			}
		}
	}
	return stored
}

// pendingDigest marks a record that was renamed with Renamed.Pending.
var pendingDigest = records.Digest{1}

func (b *book) VisitRecords(which records.RecordsOf, visit func(*records.Record)) error {
	b.selections = append(b.selections, which)
	b.visitRecords(which, visit)
	return b.fail("VisitRecords")
}

func (b *book) visitRecords(which records.RecordsOf, visit func(*records.Record)) {
	found := b.matching(func(r *records.Record) bool { return b.selects(which, r) })
	for i := range found {
		visit(&found[i])
	}
}

func (b *book) selects(which records.RecordsOf, r *records.Record) bool {
	open := r.RemovedAt.IsZero()
	if !which.RemovedSince.IsZero() {
		open = !r.RemovedAt.Before(which.RemovedSince)
	}
	returned := slices.ContainsFunc(b.staged, func(row domain.TransactionData) bool {
		return row.ExternalID == r.ExternalID && !slices.Contains(which.Held, row.Account)
	})
	return open && r.SupersededBy.IsZero() && !returned && which.Dates.Contains(r.Date) &&
		(slices.Contains(which.Accounts, r.AccountID) || which.CarriedOver && b.carriedOver[r.ExternalID]) &&
		(which.IDs == nil || slices.Contains(which.IDs, r.ID))
}

func (b *book) Identities(ids []domain.TransactionID) (map[domain.TransactionID]*records.Record, error) {
	found := map[domain.TransactionID]*records.Record{}
	for i := range b.records {
		if r := b.records[i]; slices.Contains(ids, r.ID) {
			found[r.ID] = &r
		}
	}
	return found, b.fail("Identities")
}

func (b *book) Dates(which records.RecordsOf, limit int) (window domain.Window, err error) {
	var dates []domain.Date
	b.visitRecords(which, func(r *records.Record) { dates = append(dates, r.Date) })
	if slices.Sort(dates); len(dates) > 0 {
		window = domain.Window{From: dates[0], To: dates[min(limit, len(dates))-1]}
	}
	return window, b.fail("Dates")
}

func (b *book) ExternalIDs(which records.RecordsOf, limit int) (ids []string, err error) {
	b.visitRecords(which, func(r *records.Record) { ids = append(ids, r.ExternalID) })
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], b.fail("ExternalIDs")
}

func (b *book) CarriedOverAccounts() ([]domain.AccountID, error) {
	if len(b.carriedOver) == 0 {
		return nil, b.fail("CarriedOverAccounts")
	}
	return []domain.AccountID{account}, b.fail("CarriedOverAccounts")
}

// apply applies the changes of one write, and logs the changes that are not visible in any record.
func (b *book) apply(changes iter.Seq2[records.Changes, error]) error {
	clear(b.renamed)
	for c, err := range changes {
		if err != nil {
			return err
		}
		b.applyOne(c)
	}
	b.check()
	return nil
}

// write applies the changes of a page like a store: it undoes them if rows must be compared first. rows are those whose
// records the page sees.
func (b *book) write(page *records.Page, rows []domain.TransactionData) error {
	for range 8 {
		before := b.clone()
		err := b.apply(page.Changes(b.view(rows), b))
		if !errors.Is(err, records.ErrNotCompared) {
			return err
		}
		*b = *before
		if err := page.Make(); err != nil {
			return err
		}
	}
	return records.ErrNotCompared
}

// clone returns a copy of the book.
func (b *book) clone() *book {
	c := *b
	c.records, c.versions = slices.Clone(b.records), slices.Clone(b.versions)
	c.suggestions, c.log = slices.Clone(b.suggestions), slices.Clone(b.log)
	c.staged, c.prepared = slices.Clone(b.staged), slices.Clone(b.prepared)
	c.written, c.windows, c.shown = slices.Clone(b.written), slices.Clone(b.windows), slices.Clone(b.shown)
	c.archived, c.past = maps.Clone(b.archived), maps.Clone(b.past)
	c.carriedOver, c.never = maps.Clone(b.carriedOver), maps.Clone(b.never)
	c.absences, c.announced = maps.Clone(b.absences), maps.Clone(b.announced)
	c.quarantine, c.calls, c.renamed = maps.Clone(b.quarantine), maps.Clone(b.calls), maps.Clone(b.renamed)
	return &c
}

// check panics unless the records, their earlier versions and the former external ids agree.
func (b *book) check() {
	past := map[string]domain.TransactionID{}
	for _, r := range b.records {
		b.require(r.Digest != pendingDigest, "record %s was renamed, but has no new version", r.ExternalID)
		b.require(!b.isArchived(r.ID, r.Version), "version %d of %s is archived and current", r.Version, r.ExternalID)
		for _, s := range r.Supersedes {
			if r.SupersededBy.IsZero() {
				past[s.ExternalID] = r.ID
			}
		}
	}
	for externalID := range b.past {
		b.require(b.past[externalID] == past[externalID], "%s is no former external id of its record", externalID)
	}
	b.require(len(b.past) == len(past), "%d former external ids are known, want %d", len(b.past), len(past))
}

// versionKey identifies a version of a record.
type versionKey struct {
	record  domain.TransactionID
	version int
}

// archive stores the present version of a record as an earlier one. It panics if it is already one.
func (b *book) archive(r records.Record) {
	key := versionKey{r.ID, r.Version}
	b.require(!b.archived[key], "version %d of %s is archived twice", r.Version, r.ExternalID)
	b.archived[key] = true
	b.versions = append(b.versions, r)
}

func (b *book) isArchived(id domain.TransactionID, version int) bool {
	return b.archived[versionKey{id, version}]
}

// upsert stores a new record or a new version. The previous version must be archived.
func (b *book) upsert(r records.Record, reason string) {
	b.require(r.Tenant == tenant && r.Connection == connection && r.Vendor == vendor && r.UpdatedAt.Equal(now),
		"%s is stored for %s, %s, %q at %s", r.ExternalID, r.Tenant, r.Connection, r.Vendor, r.UpdatedAt)
	b.require((r.AccountID == account) == strings.HasPrefix(r.Account, "acc"),
		"%s has the account %s", r.ExternalID, r.AccountID)
	row := b.find(r.Key())
	if row == nil {
		b.require(r.Version == 1, "version %d is the first one of %s", r.Version, r.ExternalID)
		b.records = append(b.records, r)
		return
	}
	b.require(r.Version == row.Version+1 && b.isArchived(r.ID, row.Version),
		"version %d of %s replaces version %d, which is not archived", r.Version, r.ExternalID, row.Version)
	r.Supersedes, r.SupersededBy = row.Supersedes, row.SupersededBy
	r.PossiblySupersedes, r.Reason = row.PossiblySupersedes, reason
	r.ExcludedAt, r.ExcludedBy = row.ExcludedAt, row.ExcludedBy
	*row = r
}

// isPrepared reports whether a record with this external id is prepared.
func (b *book) isPrepared(externalID string) bool {
	return slices.ContainsFunc(b.prepared, func(r records.Record) bool { return r.ExternalID == externalID })
}

// switchOver makes the prepared records visible.
func (b *book) switchOver(n int) {
	b.require(n == len(b.prepared), "%d records become visible, %d are prepared", n, len(b.prepared))
	for _, r := range b.prepared {
		before := b.byID(r.ID)
		b.archive(before)
		b.past[before.ExternalID] = r.ID
		b.find(before.Key()).ExternalID = r.ExternalID
		b.upsert(r, "")
		b.find(r.Key()).Supersedes = r.Supersedes
	}
}

func (b *book) applyOne(c records.Changes) {
	b.require(!b.failed, "the store gets changes after an error")
	b.written = append(b.written, c)
	b.counts = b.counts.Plus(c.Counts)
	b.logged(c)
	b.applyStates(c)
	for _, key := range c.Archive {
		b.archive(*b.find(key))
	}
	for _, r := range c.Rename {
		b.renamed[r.From] = true
		row := b.find(r.From)
		row.ExternalID, row.Supersedes, row.SupersededBy = r.ExternalID, r.Supersedes, r.SupersededBy
		if r.Pending {
			row.Digest = pendingDigest
		}
	}
	for _, r := range c.Upsert {
		b.upsert(r, c.Reason)
	}
	for _, externalID := range c.Remove {
		continued := b.byKey(externalID) == nil && b.renamed[records.RecordKey{ExternalID: externalID}]
		b.require(!continued, "%s has continued, but leaves", externalID)
		if r := b.byKey(externalID); r != nil && r.RemovedAt.IsZero() {
			r.RemovedAt, r.Version = now, r.Version+1
			b.counts.Removed++
		}
	}
	for i, s := range c.Suggestions {
		b.require(!slices.ContainsFunc(c.Suggestions[:i], func(other records.Suggestion) bool {
			return other.Old == s.Old && other.New == s.New
		}), "a suggestion changes twice")
		b.suggestions = slices.DeleteFunc(b.suggestions, func(known records.Suggestion) bool {
			return known.Old == s.Old && known.New == s.New
		})
		b.suggestions = append(b.suggestions, s)
	}
	for _, p := range c.Possibly {
		b.require(p.Old == nil || len(p.Old) > 0, "the possibly superseded records are empty, and not nil")
		for i := range b.records {
			if r := &b.records[i]; r.ID == p.Record {
				if r.PossiblySupersedes = p.Old; !p.SameVersion {
					b.archive(*r)
					r.Version, r.Reason = r.Version+1, c.Reason
				}
			}
		}
	}
	for _, pair := range c.Never {
		b.never[pair] = true
	}
	b.exclude(c.Exclusion)
	if c.Publication == nil {
		return
	}
	if c.Publication.SwitchOver {
		b.switchOver(c.Counts.Modified)
	}
	if carryOver := c.Publication.CarryOver; carryOver != nil {
		b.visitRecords(carryOver.Records, func(r *records.Record) { b.carriedOver[r.ExternalID] = true })
	}
}

// exclude makes the next version of a record that is excluded, or whose exclusion is taken back.
func (b *book) exclude(e *records.Exclusion) {
	if e == nil {
		return
	}
	for i := range b.records {
		if r := &b.records[i]; r.ID == e.Record {
			b.archive(*r)
			r.Version, r.ExcludedBy, r.ExcludedAt = r.Version+1, e.By, time.Time{}
			if e.By != "" {
				r.ExcludedAt = now
			}
		}
	}
}

// logged logs the changes that are not visible in any record.
func (b *book) logged(c records.Changes) {
	log := func(format string, args ...any) { b.log = append(b.log, fmt.Sprintf(format, args...)) }
	for _, s := range c.States {
		if s.Absent != (records.Absent{}) {
			log("absent %s since %d", s.ExternalID, s.Absent.Pull.UUID[15])
		}
	}
	if c.Stage != nil {
		log("stage %d rows, restart %v, remove %v", len(c.Stage.Rows), c.Stage.Restart, c.Stage.Removed)
	}
	for _, pair := range c.Never {
		log("never %s>%s", pair.Old, pair.New)
	}
	for _, r := range c.Refresh {
		log("refresh %s of %d", r.ExternalID, r.ID.UUID[15])
	}
	for _, key := range c.Quarantine.Release {
		log("release %s", key.ID)
	}
	for _, row := range c.Quarantine.Put {
		log("quarantine %s", row.ID)
	}
	for _, a := range c.Attach {
		log("attach %s", a.Account)
	}
	if c.Publication != nil && c.Publication.EndStaging {
		log("end staging")
	}
}

// lines returns one line for each record, ordered by id, followed by the log.
func (b *book) lines() []string {
	var lines []string
	for _, r := range slices.SortedFunc(slices.Values(b.records), func(x, y records.Record) int {
		return strings.Compare(x.ID.String(), y.ID.String())
	}) {
		line := fmt.Sprintf("%d %s v%d", r.ID.UUID[15], r.ExternalID, r.Version)
		for _, s := range r.Supersedes {
			line += " <" + s.ExternalID
		}
		for _, id := range r.PossiblySupersedes {
			line += fmt.Sprintf(" ~%d", id.UUID[15])
		}
		if !r.RemovedAt.IsZero() {
			line += " removed"
		}
		if !r.SupersededBy.IsZero() {
			line += fmt.Sprintf(" superseded by %d", r.SupersededBy.UUID[15])
		}
		if !r.ExcludedAt.IsZero() {
			line += " excluded"
		}
		if b.carriedOver[r.ExternalID] {
			line += " carried over"
		}
		lines = append(lines, line)
	}
	for _, s := range b.suggestions {
		lines = append(lines, fmt.Sprintf("%d?%d %s", s.Old.UUID[15], s.New.UUID[15], s.State))
	}
	return append(lines, b.log...)
}

// view returns the view of pull 9 for a page with these rows.
func (b *book) view(rows []domain.TransactionData) records.View {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ExternalID
	}
	return records.View{
		Tenant: tenant, Connection: connection, Vendor: vendor, Pull: pullID(9), Stored: b.stored(ids),
		States: b.pageStates(ids), HasCarriedOver: len(b.carriedOver) > 0,
		HasRemoved: slices.ContainsFunc(b.records, func(r records.Record) bool {
			return !r.RemovedAt.Before(now.Add(-domain.MatchWindow))
		}),
		Accounts: map[string]domain.AccountID{"acc": account},
	}
}

// pageOf returns a page with the rows, which a pull writes now. New records get the ids 101, 102, ….
func pageOf(rows ...domain.TransactionData) records.PageWrite {
	next := 100
	return records.PageWrite{
		Transactions: rows, Matching: &records.Matching{}, At: now,
		NewID: func() domain.TransactionID {
			next++
			return recordID(next)
		},
	}
}

// store writes the page.
func (b *book) store(w records.PageWrite) error {
	page := records.NewPage(w)
	return b.write(page, page.Rows())
}

// want fails the test unless the book has these lines. It also fails if an external id is carried over that no
// record has.
func (b *book) want(t *testing.T, want ...string) {
	t.Helper()
	for externalID := range b.carriedOver {
		if b.byKey(externalID) == nil {
			t.Errorf("%s is carried over, but is not stored", externalID)
		}
	}
	if got := b.lines(); !slices.Equal(got, want) {
		t.Errorf("the book is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
