package records

import (
	"iter"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// The maximum numbers of rows and records in one of the Changes of a publication.
const (
	publishBatch = 500
	renameBatch  = 100
)

// PublicationView contains what a store has loaded of a connection, after it has stored the accounts of a
// Publication.
type PublicationView struct {
	View
	// Relinked contains the continued accounts whose account reference, external id or connection has changed.
	Relinked []domain.AccountID
	// Held contains the external ids of the accounts whose rows remain staged.
	Held        []string
	StagedSince time.Time // when rows of the new reference were first staged; zero if there are none
}

// PublicationSource reads the staged rows of a connection, and the records that they are compared with.
type PublicationSource interface {
	Source

	// VisitStaged calls visit with the staged rows that are selected, ordered by external id if rows.Limit is set.
	VisitStaged(rows StagedRowsOf, visit func(domain.TransactionData)) error

	// OldestStaged returns the oldest date of the selected rows of each account. The keys are the external ids of the
	// accounts.
	OldestStaged(rows StagedRowsOf) (map[string]domain.Date, error)

	// PastStaged returns the external ids of selected rows that are also former external ids of records. It omits ids
	// that are now the external id of a record. The result is ordered by external id.
	PastStaged(rows StagedRowsOf) ([]RowState, error)

	// Stored returns, by external id, the records with these external ids. It omits unknown ids. Stored.Archived is
	// set for records that were renamed with Renamed.Pending.
	Stored(externalIDs []string) (map[string]Stored, error)

	// VisitRecords calls visit with the records that are selected.
	VisitRecords(records RecordsOf, visit func(*Record)) error

	// Identities returns, by id, the members of records that a change of their identity needs: those that name the
	// record and its account, Version, FirstSeenAt, RemovedAt, Supersedes and SupersededBy. It omits unknown ids.
	Identities(ids []domain.TransactionID) (map[domain.TransactionID]*Record, error)

	// Dates returns the first and the last date of the selected records. It considers at most limit records, in the
	// order of their dates. The result is zero if there are none.
	Dates(records RecordsOf, limit int) (domain.Window, error)

	// ExternalIDs returns the external ids of at most limit selected records, in order.
	ExternalIDs(records RecordsOf, limit int) ([]string, error)

	// CarriedOverAccounts returns the accounts that have carried-over records.
	CarriedOverAccounts() ([]domain.AccountID, error)
}

// StagedRowsOf selects staged rows of a connection. A member that is zero does not restrict the selection.
type StagedRowsOf struct {
	Held        []string      // external ids of accounts whose rows are not selected
	Accounts    []string      // external ids of accounts
	ExternalIDs []string      // of the rows
	Dates       domain.Window // both days are included
	New         bool          // only rows whose external id no record has
	Unprepared  bool          // only rows without a prepared record; see PublicationPlan.Prepare
	After       string        // only rows with a higher external id
	Limit       int           // the maximum number of rows, if it is not 0
}

// RecordsOf selects records of a connection that are not superseded and that the vendor does not return under the new
// account reference. The vendor returns a record in two cases:
//
//   - A staged row that becomes visible has the same external id.
//   - The pull has quarantined the row since StagedSince. Older entries of the quarantine do not count, because the
//     pull may have begun under the earlier account reference.
type RecordsOf struct {
	Held         []string           // external ids of accounts whose staged rows do not become visible
	StagedSince  time.Time          // zero if no row was staged
	RemovedSince time.Time          // only records that were removed at or after the time; if zero, only live ones
	Accounts     []domain.AccountID // records of these accounts; the zero id means records without an account
	CarriedOver  bool               // also carried-over records of other accounts
	// The following members do not restrict the selection if they are zero.
	IDs   []domain.TransactionID
	Dates domain.Window // both days are included
}

// publisher is the state of one publication.
type publisher struct {
	*decision
	source      PublicationSource
	relinked    []domain.AccountID // see PublicationView
	held        []string
	stagedSince time.Time
	unproved    bool
	carriedOver []domain.AccountID // the accounts with carried-over records
	plan        *PublicationPlan   // nil if no rows are matched
}

// Publish yields the changes that make the staged rows of a connection visible. The accounts of the publication must
// already be stored.
//
//   - A row that a record had before is handled as in a page; see returnToPast.
//   - New rows continue the records of relinked accounts (matching.MatchRelinked): live ones, then those that were
//     removed because the vendor had not returned them under the new reference, and then others that were removed
//     within domain.MatchWindow. The plan states which; see PlanPublication. It must be up to date. It is nil if no
//     rows are matched.
//   - Each row is compared with its record by digest, and rows without a record become new records; see put.
//   - The live records of relinked accounts that the vendor does not return are carried over; see carryOver. Those that
//     are not older than the listing are removed; see removeUnmatched.
func Publish(
	w Publication, view PublicationView, source PublicationSource, plan *PublicationPlan,
) iter.Seq2[Changes, error] {
	b := newPublisher(w, view, source, plan)
	return b.changesOf(b.publish)
}

func newPublisher(
	w Publication, view PublicationView, source PublicationSource, plan *PublicationPlan,
) *publisher {
	page := &Page{PageWrite: PageWrite{Matching: w.Matching, NewID: w.NewID, At: w.At}}
	return &publisher{
		decision: &decision{Page: page, View: view.View, source: source, leaving: map[string]domain.PullID{}},
		source:   source, relinked: view.Relinked, held: view.Held, stagedSince: view.StagedSince, unproved: w.Unproved,
		plan: plan,
	}
}

func (b *publisher) publish() error {
	for _, step := range []func() error{
		b.returnToPast, b.applyPlan, b.writeStaged, b.attachFirstStored, b.carryOver, b.removeUnmatched,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return b.emit(Changes{
		Clear:       []StatesOf{{Mark: MarkAnnounced}, {Mark: MarkAbsent}},
		Publication: &PublicationChanges{EndStaging: len(b.held) == 0},
	})
}

// visible selects the staged rows that become visible.
func (b *publisher) visible() StagedRowsOf { return StagedRowsOf{Held: b.held} }

// recordsOf selects the live records of the accounts, except records that the vendor returns.
func (b *publisher) recordsOf(accounts ...domain.AccountID) RecordsOf {
	return RecordsOf{Held: b.held, StagedSince: b.stagedSince, Accounts: accounts}
}

// removed restricts the selection to records that were removed recently.
func (b *publisher) removed(records RecordsOf) RecordsOf {
	records.RemovedSince = b.At.Add(-domain.MatchWindow)
	return records
}

// returnToPast handles staged rows that a record had before its current one. If the vendor no longer returns the
// current row, the former row becomes the current row again. This is the usual case, which goBackAll handles.
// followOthers handles all other cases.
func (b *publisher) returnToPast() error {
	all, err := b.source.PastStaged(b.visible())
	if err != nil {
		return err
	}
	times := map[domain.TransactionID]int{}
	for _, past := range all {
		times[past.Past]++
	}
	var others []string
	for batch := range slices.Chunk(all, renameBatch) {
		var once []RowState
		for _, past := range batch {
			if times[past.Past] > 1 || len(b.relinked) == 0 {
				others = append(others, past.ExternalID)
			} else {
				once = append(once, past)
			}
		}
		rest, err := b.goBackAll(once)
		if err != nil {
			return err
		}
		others = append(others, rest...)
	}
	return b.followOthers(others)
}

// goBackAll restores former rows of records of relinked accounts, if the vendor does not return the current row. It
// returns the external ids of the other former rows.
func (b *publisher) goBackAll(past []RowState) (others []string, err error) {
	if len(past) == 0 {
		return nil, nil
	}
	live := b.recordsOf(b.relinked...)
	for _, p := range past {
		live.IDs = append(live.IDs, p.Past)
	}
	records := map[domain.TransactionID]*Record{}
	for _, selection := range []RecordsOf{live, b.removed(live)} {
		err := b.source.VisitRecords(selection, func(r *Record) { records[r.ID] = cloneIdentity(r) })
		if err != nil {
			return nil, err
		}
	}
	var c Changes
	for _, p := range past {
		if record := records[p.Past]; record != nil {
			b.restore(&c, record, p.ExternalID)
		} else {
			others = append(others, p.ExternalID)
		}
	}
	if len(c.Rename) == 0 {
		return others, nil
	}
	return others, b.emit(c)
}

// cloneIdentity returns the members of a record that a change of its identity needs.
func cloneIdentity(r *Record) *Record {
	return &Record{Transaction: domain.Transaction{
		ID: r.ID, AccountID: r.AccountID, TransactionData: domain.TransactionData{ExternalID: r.ExternalID},
		Version:    r.Version,
		Supersedes: r.Supersedes, SupersededBy: r.SupersededBy,
	}}
}

// followOthers follows the former rows with these external ids. A record without an account, or of a relinked account,
// leaves if the vendor does not return its current row.
func (b *publisher) followOthers(externalIDs []string) error {
	b.onPage = map[string]bool{}
	for batch := range slices.Chunk(externalIDs, renameBatch) {
		if err := b.readShown(batch); err != nil {
			return err
		}
	}
	if len(externalIDs) == 0 {
		return nil
	}
	past, err := readStates(b.source, StatesOf{Mark: MarkPast, ExternalIDs: externalIDs})
	if err != nil {
		return err
	}
	return b.follow(past)
}

// readShown finds the records with the given former external ids. It adds their rows that the vendor returns to
// b.onPage, and the records that leave to b.leaving.
func (b *publisher) readShown(past []string) error {
	states, err := readStates(b.source, StatesOf{Mark: MarkPast, ExternalIDs: past})
	if err != nil {
		return err
	}
	var names, live []string
	owners := make(map[domain.TransactionID]bool, len(states))
	for _, state := range states {
		owners[state.Past] = true
	}
	for _, id := range domain.SortedKeys(owners, domain.TransactionID.Compare) {
		record, err := b.source.Record(id)
		if err != nil {
			return err
		}
		names = append(names, record.ExternalID)
		for _, s := range record.Supersedes {
			names = append(names, s.ExternalID)
		}
		ends := record.AccountID.IsZero() || slices.Contains(b.relinked, record.AccountID)
		if record.RemovedAt.IsZero() && ends {
			live = append(live, record.ExternalID)
		}
	}
	err = b.source.VisitQuarantine(0, func(e QuarantineEntry) {
		if e.Kind == domain.QuarantinedTransaction && b.readAgain(e) && slices.Contains(names, e.ID) {
			b.onPage[e.ID] = true
		}
	})
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(names, publishBatch) {
		rows := b.visible()
		rows.ExternalIDs = ids
		err := b.source.VisitStaged(rows, func(row domain.TransactionData) { b.onPage[row.ExternalID] = true })
		if err != nil {
			return err
		}
	}
	for _, externalID := range live {
		if !b.onPage[externalID] {
			b.leaving[externalID] = domain.PullID{}
		}
	}
	return nil
}

// readAgain reports whether the pull has quarantined a row since rows of the new reference were first staged.
func (b *publisher) readAgain(entry QuarantineEntry) bool {
	return entry.Pull == b.Pull && !b.stagedSince.IsZero() && !entry.At.Before(b.stagedSince)
}

// writeStaged writes the staged rows that become visible, page by page. They were counted as read when they were
// staged.
func (b *publisher) writeStaged() error {
	rows := b.visible()
	rows.Unprepared = b.plan.isPrepared()
	for rows.Limit = publishBatch; ; {
		page := &Page{PageWrite: b.PageWrite}
		err := b.source.VisitStaged(rows, func(row domain.TransactionData) {
			page.Transactions = append(page.Transactions, row)
			page.digests = append(page.digests, row.Digest())
		})
		if err != nil || len(page.Transactions) == 0 {
			return err
		}
		rows.After = page.Transactions[len(page.Transactions)-1].ExternalID
		ids := make([]string, len(page.Transactions))
		for i := range page.Transactions {
			ids[i] = page.Transactions[i].ExternalID
		}
		view := b.View
		if view.Stored, err = b.source.Stored(ids); err != nil {
			return err
		}
		var c Changes
		d := &decision{
			Page: page, View: view, source: b.source, ignored: b.ignored, suggested: b.suggested, leaving: b.leaving,
		}
		if err := d.endSuggestions(&c, d.returned(), nil); err != nil {
			return err
		}
		d.put(&c)
		c.Counts.Read = 0
		if err := b.emit(c); err != nil {
			return err
		}
	}
}

// attachFirstStored gives records the id of their account if the publication stores the account for the first time.
func (b *publisher) attachFirstStored() error {
	var c Changes
	if err := b.changeQuarantine(&c); err != nil {
		return err
	}
	return b.emit(c)
}

// carryOver marks records as carried over: the live records of relinked accounts that the vendor has not returned.
func (b *publisher) carryOver() error {
	return b.emit(Changes{
		Clear: []StatesOf{b.expired()},
		Publication: &PublicationChanges{
			CarryOver: &CarryOver{Returned: b.visible(), Records: b.recordsOf(b.relinked...)},
		},
	})
}

// oldestStaged returns the date of the oldest new row of each account.
func (b *publisher) oldestStaged() (map[domain.AccountID]domain.Date, error) {
	dates, err := b.source.OldestStaged(b.visible())
	oldest := map[domain.AccountID]domain.Date{}
	for name, date := range dates {
		account := b.Accounts[name]
		if first, found := oldest[account]; found {
			date = min(date, first)
		}
		oldest[account] = date
	}
	return oldest, err
}

// isRemoved reports whether removeUnmatched removes a record of a relinked account if no new row continues it.
func (b *publisher) isRemoved(record banktext.Row, oldest map[domain.AccountID]domain.Date) bool {
	from, found := oldest[record.Account]
	return found && !b.unproved && record.Date >= from
}

// removeUnmatched removes the records of relinked accounts, and those without an account, that the vendor does not
// return. It does not remove records that are older than the oldest new row of their account. If the listing is not
// proved to be complete, it removes nothing.
func (b *publisher) removeUnmatched() error {
	if b.unproved {
		return nil
	}
	oldest, err := b.oldestStaged()
	if err != nil {
		return err
	}
	for _, account := range append([]domain.AccountID{{}}, b.relinked...) {
		from, found := oldest[account]
		if !found {
			continue
		}
		records := b.recordsOf(account)
		records.Dates.From = from
		for {
			removed, err := b.source.ExternalIDs(records, publishBatch)
			if err != nil {
				return err
			}
			if len(removed) == 0 {
				break
			}
			if err := b.remove(removed); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove removes the records with these external ids, except those that keepCounted continues.
func (b *publisher) remove(externalIDs []string) error {
	b.leaving = make(map[string]domain.PullID, len(externalIDs))
	for _, externalID := range externalIDs {
		b.leaving[externalID] = domain.PullID{}
	}
	if err := b.keepCounted(); err != nil {
		return err
	}
	c := Changes{Remove: b.sortedLeaving()}
	if err := b.endSuggestions(&c, c.Remove, b.leaving); err != nil {
		return err
	}
	return b.emit(c)
}
