package records

import (
	"errors"
	"iter"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// Page is a write of a page, a sweep, or announced removals, prepared before the store's transaction begins.
type Page struct {
	PageWrite
	// Comparisons contains the comparisons of rows that the write needs. The store calls Comparisons.Make while no
	// transaction is open.
	*Comparisons

	sweep    *SweepWrite          // nil unless the write is a sweep
	digests  []Digest             // the digests of Transactions, in the same order
	prepared preparedReplacements // see Prepared
	foreseen *foreseen            // the result of Foresee; nil if it cannot be used in Changes
}

// NewPage prepares a write. If an account or a row occurs twice, only the later occurrence remains.
func NewPage(w PageWrite) *Page {
	p := &Page{PageWrite: w, Comparisons: &Comparisons{rules: w.Matching}}
	p.Accounts = Deduplicate(w.Accounts, func(a *domain.AccountData) string { return a.ExternalID })
	p.Transactions = Deduplicate(w.Transactions, func(t *domain.TransactionData) string { return t.ExternalID })
	if p.Staged != nil {
		p.Accounts, p.Listed, p.AssumeNew = nil, false, false
		return p
	}
	p.digests = make([]Digest, len(p.Transactions))
	for i := range p.Transactions {
		p.digests[i] = p.Transactions[i].Digest()
	}
	return p
}

// Share makes the page use the comparisons of earlier pages, which a store has prepared for the same write.
func (p *Page) Share(c *Comparisons) {
	c.rules, p.Comparisons = p.Matching, c
}

// NewSweep prepares a sweep.
func NewSweep(w SweepWrite) *Page {
	w.Page.At, w.Page.LeaseUntil, w.Page.Removed, w.Page.AssumeNew = w.At, w.LeaseUntil, nil, false
	w.Page.Announced = nil
	p := NewPage(w.Page)
	p.sweep = &w
	return p
}

// Rows returns the rows of the page that become visible. A store loads the records with their external ids.
func (p *Page) Rows() []domain.TransactionData {
	if p.Staged != nil {
		return nil
	}
	return p.Transactions
}

// Changes yields the changes that the write makes. The accounts of the page must already be stored. The rules apply in
// this order:
//
//   - A join of an operator is undone if a complete listing contains both rows; see undoJoins.
//   - Announced removals that are part of a mass removal are held back; see holdAnnounced.
//   - The records that a complete listing lacks leave; see judgeAbsences. If their removal is not proved, they leave
//     only if a new row continues them.
//   - A row that a record had before becomes its current row again; see followPast.
//   - A new row continues a carried-over record (matchCarriedOver), or a removed one (matchRemoved).
//   - A record that counts does not leave if the vendor still shows the row of its excluded twin; see keepCounted.
//   - Each row is compared with its record by digest; see compareEdited and put.
//   - The quarantine changes; see changeQuarantine.
//   - Suggestions end if their new record leaves or their old one returns; see endSuggestions.
//   - The records that leave, and that no new row continues, are removed. A row whose removal was announced therefore
//     stays removed, even if the page contains it.
//
// Errors: ErrNotCompared if Comparisons lacks a comparison, or the memory for one; those of the source.
func (p *Page) Changes(view View, source Source) iter.Seq2[Changes, error] {
	d := &decision{Page: p, View: view, source: source, leaving: map[string]domain.PullID{}}
	return d.changesOf(d.decide)
}

// ManyRows is the number of rows from which a page compares many rows.
const ManyRows = 200

// ComparesMany reports whether the write may compare many rows, so that a store should call Foresee.
func (p *Page) ComparesMany() bool {
	mayCompare := p.Matching != nil && p.Staged == nil && !p.AssumeNew
	return mayCompare && len(p.Transactions)+len(p.Removed) >= ManyRows
}

// ComparesManyRemoved is like ComparesMany, for a page with few rows and a connection from which many records were
// removed within domain.MatchWindow, all of which are compared with each new row. removed is their number.
func (p *Page) ComparesManyRemoved(view View, removed int) bool {
	isNew := func(t domain.TransactionData) bool {
		_, isStored := view.Stored[t.ExternalID]
		return !isStored
	}
	return removed >= ManyRows && p.Matching != nil && p.Staged == nil && !p.AssumeNew &&
		slices.ContainsFunc(p.Transactions, isNew)
}

// MayReplace reports whether a row of the page may continue an earlier record. If it returns false, the page needs no
// comparison. It uses only HasRemoved and HasCarriedOver of the view.
func (p *Page) MayReplace(view View) bool {
	return view.HasRemoved || view.HasCarriedOver || p.sweep != nil || len(p.Removed) > 0
}

// errStopped ends a decision whose caller does not range over the remaining changes.
var errStopped = errors.New("the caller needs no more changes")

// decision is the state of one decision about a write: the page, what the store has loaded, and what was decided so
// far.
type decision struct {
	*Page
	View
	source Source
	yield  func(Changes, error) bool
	// leaving maps the external ids of the rows that the vendor no longer has to the first pull whose listing lacked
	// the row; the zero value if none is known.
	leaving map[string]domain.PullID
	// missing contains the rows that a complete listing lacks, but whose removal it does not prove. Such a row leaves
	// only if a new row continues its record. The values are the first pulls whose listings lacked the rows.
	missing map[string]domain.PullID
	// continued contains the external ids of the rows whose records a new row continues, and joined those of the rows
	// that have left and whose records continue as younger ones; see joinChains. judgeAgain is set if the absences must
	// be judged without them.
	continued, joined map[string]bool
	judgeAgain        bool
	joins             int // see maxJoins
	// judged are the absences of a sweep; nil if there is none. The remaining ones are emitted when it is known which
	// of the missing rows have left.
	judged *judgedAbsences
	// matched is the comparison of removed and new rows; nil if there was none. unsuggested are its suggestions for
	// missing rows.
	matched     *replacement
	unsuggested []matching.Suggestion
	onPage      map[string]bool // the external ids of the page's rows; filled by isShown
	never       map[domain.MatchPair]bool
	// suggested contains the suggestions for rows that have no record yet, by external id.
	suggested map[string][]Suggestion
	// switched contains the records whose prepared versions have become visible; see switchOver.
	switched preparedReplacements
	// ignored contains the external ids of rows that are not stored: former rows of records that an operator has
	// joined, and outdated rows (see PageWrite).
	ignored map[string]bool
}

// changesOf returns the changes that run emits.
func (d *decision) changesOf(run func() error) iter.Seq2[Changes, error] {
	return func(yield func(Changes, error) bool) {
		d.yield = yield
		if err := run(); err != nil && !errors.Is(err, errStopped) {
			yield(Changes{}, err)
		}
	}
}

// match does the work of Changes until it is known which new rows continue records.
func (d *decision) match() error {
	err := d.beforeReplacements()
	if err == nil && d.mayReplaceRemoved() {
		err = d.matchRemoved()
	}
	return err
}

// mayReplaceRemoved reports whether new rows are compared with removed ones.
func (d *decision) mayReplaceRemoved() bool { return !d.AssumeNew && d.Matching != nil }

// beforeReplacements does the work of match before new rows are compared with removed ones.
func (d *decision) beforeReplacements() error {
	for _, id := range d.Removed {
		d.leaving[id] = domain.PullID{}
	}
	mayMatch, hasRows := !d.AssumeNew, len(d.Rows()) > 0
	for _, step := range []struct {
		needed bool
		run    func() error
	}{
		{d.Staged != nil, d.stage},
		{d.sweep != nil, d.undoJoins},
		{len(d.Removed)+len(d.Announced) > 0, d.holdAnnounced},
		{d.sweep != nil, d.judgeAbsences},
		{len(d.Unmatched) > 0, d.rememberUnmatched},
		{mayMatch && hasRows, d.followPast},
		{mayMatch && hasRows && d.HasCarriedOver, d.matchCarriedOver},
	} {
		if !step.needed {
			continue
		}
		if err := step.run(); err != nil {
			return err
		}
	}
	return nil
}

// decidesNothing reports whether the page contains only accounts that are stored, so that there are no Changes.
func (d *decision) decidesNothing() bool {
	rows := len(d.Transactions) + len(d.Removed) + len(d.Announced) + d.Unchanged
	return d.sweep == nil && d.Staged == nil && rows+len(d.Quarantined)+len(d.Released)+len(d.FirstStored) == 0
}

func (d *decision) decide() error {
	if d.decidesNothing() {
		return nil
	}
	if err := d.match(); err != nil {
		return err
	}
	var c Changes
	if err := d.rememberAbsences(&c); err != nil {
		return err
	}
	if err := d.keepCounted(); err != nil {
		return err
	}
	if err := d.compareEdited(); err != nil {
		return err
	}
	d.put(&c)
	if err := d.changeQuarantine(&c); err != nil {
		return err
	}
	c.Remove = d.sortedLeaving()
	if d.sweep == nil {
		// A row that was absent before must not count as absent when the vendor returns it. A sweep ends the absences
		// of all rows that it judges.
		c.clear(MarkAbsent, c.Remove...)
	}
	if err := d.endSuggestions(&c, append(d.returned(), c.Remove...), d.leaving); err != nil {
		return err
	}
	c.Counts.Read, c.Counts.Unchanged = c.Counts.Read+d.Unchanged, c.Counts.Unchanged+d.Unchanged
	return d.emit(c)
}

// emit yields changes. When it returns nil, the store has applied them.
func (d *decision) emit(c Changes) error {
	d.notePast(&c)
	if !d.yield(c, nil) {
		return errStopped
	}
	return nil
}

// notePast changes d.States as a store changes the former rows.
func (d *decision) notePast(c *Changes) {
	for _, which := range c.Clear {
		for _, id := range which.ExternalIDs {
			if state, found := d.States[id]; found && which.Mark == MarkPast {
				state.Past = domain.TransactionID{}
				d.States[id] = state
			}
		}
	}
	for i := range c.States {
		if put := &c.States[i]; put.Mark() == MarkPast && d.isOnPage(put.ExternalID) {
			if d.States == nil {
				d.States = map[string]RowState{}
			}
			state := d.States[put.ExternalID]
			state.ExternalID, state.Past = put.ExternalID, put.Past
			d.States[put.ExternalID] = state
		}
	}
}

// stage emits the rows of a staged page. They are not compared with the stored records.
func (d *decision) stage() error {
	return d.emit(Changes{
		Stage:  &StagedRows{Staging: *d.Staged, Rows: d.Transactions, Removed: d.Removed},
		Counts: domain.Counts{Read: len(d.Transactions)},
	})
}

// rememberUnmatched emits a change that forbids the new rows in Unmatched to replace another row, now or later.
func (d *decision) rememberUnmatched() error {
	var c Changes
	for _, i := range d.unknown() {
		if id := d.Transactions[i].ExternalID; slices.Contains(d.Unmatched, id) {
			c.Never = append(c.Never, domain.MatchPair{New: id})
		}
	}
	if len(c.Never) == 0 {
		return nil
	}
	return d.emit(c)
}

// unknown returns the indexes of the rows of the page that have no record, and are not ignored.
func (d *decision) unknown() []int {
	var unknown []int
	for i := range d.Rows() {
		id := d.Transactions[i].ExternalID
		if _, ok := d.Stored[id]; !ok && !d.ignored[id] {
			unknown = append(unknown, i)
		}
	}
	return unknown
}

// isShown reports whether the page, or the complete listing of a sweep, contains the row.
func (d *decision) isShown(externalID string) bool {
	return d.isOnPage(externalID) || d.sweep != nil && d.sweep.Seen(externalID)
}

// isOnPage reports whether the page contains the row.
func (d *decision) isOnPage(externalID string) bool {
	if d.onPage == nil {
		d.onPage = make(map[string]bool, len(d.Rows()))
		for i := range d.Rows() {
			d.onPage[d.Transactions[i].ExternalID] = true
		}
	}
	return d.onPage[externalID]
}

// compareEdited checks each row whose digest differs from the digest of its record. An earlier version of the service
// may have hashed other members than this one. compareEdited therefore hashes the record again. If the hashes are
// equal now, the record gets the digest of the row, so that put finds them equal.
func (d *decision) compareEdited() error {
	digests, ids := map[string]Digest{}, []string(nil)
	for i := range d.Rows() {
		id := d.Transactions[i].ExternalID
		stored, found := d.Stored[id]
		if found && !stored.Removed && !stored.Archived && stored.Digest != d.digests[i] &&
			stored.Digest != (Digest{}) {
			digests[id], ids = d.digests[i], append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	live, err := d.source.Live(ids)
	for i := range live {
		record := &live[i]
		if d.Outdated != nil {
			d.ignoreOutdated(record)
		}
		if record.TransactionData.Digest() != digests[record.ExternalID] {
			continue
		}
		stored := d.Stored[record.ExternalID]
		stored.Digest, stored.ContentHash = digests[record.ExternalID], domain.ContentHash{}
		d.Stored[record.ExternalID] = stored
	}
	return err
}

// ignoreOutdated makes put ignore the row of the page with the external id of a live record, if the row is outdated.
func (d *decision) ignoreOutdated(record *Record) {
	for i := range d.Rows() {
		row := &d.Transactions[i]
		if row.ExternalID == record.ExternalID && d.Outdated(&record.TransactionData, row) {
			d.ignore(row.ExternalID)
		}
	}
}

// put compares each row of the page with its record.
//
//   - A row without a record becomes a new record. Former rows of joined records are ignored; see returnTo. So are
//     outdated rows; see PageWrite.
//   - A row that differs from its record, or whose record is removed or was renamed, becomes the next version.
//   - An equal row makes no new version. It refreshes its record (see Refreshed), unless its content hash is known and
//     equal to that of the record.
func (d *decision) put(c *Changes) {
	rows := d.Rows()
	c.Counts.Read += len(rows)
	for i := range rows {
		row := &rows[i]
		stored, found := d.Stored[row.ExternalID]
		switch {
		case d.switched[row.ExternalID] != nil:
			continue
		case d.ignored[row.ExternalID]:
			c.Counts.Unchanged++
			continue
		case !found:
			c.Counts.Added++
			if row.Date <= d.CoveredTo[row.Account] {
				c.Counts.LateRows++
			}
			stored.ID, stored.FirstSeenAt = d.NewID(), d.At
		case !stored.Removed && !stored.Archived && stored.Digest == d.digests[i]:
			c.Counts.Unchanged++
			if row.ContentHash.IsZero() || row.ContentHash != stored.ContentHash {
				c.Refresh = append(c.Refresh, Refreshed{
					stored.ID, row.ExternalID, row.Metadata, row.Category, row.ContentHash, d.digests[i],
					row.Card, row.Account,
				})
			}
			continue
		default:
			c.Counts.Modified++
			if !stored.Archived {
				c.Archive = append(c.Archive, RecordKey{ExternalID: row.ExternalID})
			}
		}
		if c.Upsert == nil {
			c.Upsert = make([]Record, 0, len(rows)-i)
		}
		c.Upsert = append(c.Upsert, Record{Digest: d.digests[i]})
		next := &c.Upsert[len(c.Upsert)-1]
		next.ID, next.FirstSeenAt, next.TransactionData = stored.ID, stored.FirstSeenAt, *row
		next.AccountID = d.Accounts[row.Account]
		d.nextVersion(next, stored.Version)
		if !found {
			d.putSuggested(c, next)
		}
	}
}

// nextVersion sets the members that are different in each version. The new version follows the previous one.
func (d *decision) nextVersion(next *Record, previous int) {
	next.Tenant, next.Connection, next.Vendor = d.Tenant, d.Connection, d.Vendor
	next.Version, next.UpdatedAt, next.Pull = previous+1, d.At, d.Pull
}

// changeQuarantine changes the quarantine. A row that the page both releases and quarantines stays in the quarantine.
// A row is counted as quarantined once per pull. If the quarantine is full, further rows are only counted.
//
// Records get the id of their account when it is first stored. If the account is in the quarantine, they get the id
// when the account is released.
func (d *decision) changeQuarantine(c *Changes) error {
	attached := d.FirstStored
	c.Quarantine.Release = d.Released
	if len(d.Quarantined) > 0 || len(attached) > 0 {
		quarantine := map[domain.QuarantineKey]domain.PullID{} // the pulls that last quarantined the rows
		err := d.source.VisitQuarantine(0, func(e QuarantineEntry) { quarantine[e.QuarantineKey] = e.Pull })
		if err != nil {
			return err
		}
		for _, key := range d.Released {
			delete(quarantine, key)
		}
		for _, row := range Deduplicate(d.Quarantined, func(r *domain.UnreadableData) string {
			return string(r.Kind) + r.ID
		}) {
			last, found := quarantine[row.QuarantineKey]
			if last != d.Pull {
				c.Counts.Quarantined++
			}
			if found || len(quarantine) < domain.MaxQuarantined {
				quarantine[row.QuarantineKey] = d.Pull
				c.Quarantine.Put = append(c.Quarantine.Put, row)
			}
		}
		attached = slices.DeleteFunc(slices.Clone(attached), func(id string) bool {
			_, quarantined := quarantine[domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: id}]
			return quarantined
		})
	}
	for _, key := range d.Released {
		if key.Kind == domain.QuarantinedAccount {
			attached = append(attached, key.ID)
		}
	}
	for _, externalID := range attached {
		if id, stored := d.Accounts[externalID]; stored {
			c.Attach = append(c.Attach, Attached{externalID, id})
		}
	}
	return nil
}

// Deduplicate returns one item for each key: the last item with this key. The result has the order in which the keys
// first occur in items. If no two items have the same key, which is the usual case, Deduplicate returns items
// unchanged.
func Deduplicate[T any](items []T, key func(*T) string) []T {
	last := make(map[string]int, len(items))
	for i := range items {
		last[key(&items[i])] = i
	}
	if len(last) == len(items) {
		return items
	}
	distinct := make([]T, 0, len(last))
	for i := range items {
		if at, found := last[key(&items[i])]; found {
			distinct = append(distinct, items[at])
			delete(last, key(&items[i]))
		}
	}
	return distinct
}
