package records

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"sort"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// The records of the relinked accounts are compared in windows of dates. A window consists of whole days. It ends with
// the day of its 1,000th record (matchRows), or with the day of the last record. Only matches of records in the window
// are used.
//
// The matches must not depend on where a window ends. Each comparison therefore includes rows around the window:
//
//   - New rows up to 14 days before and after the window. Without an identifier or a common day of purchase, a record
//     never matches a new row if their dates are more than 14 days apart.
//   - Records up to 28 days before and after the window. They compete with the records of the window for the same new
//     rows.
const (
	daysAroundNewRow = 14
	daysAroundRecord = 28
)

// PublicationPlan states which records the new rows of a publication continue. The comparison of the rows may take
// long, so a store makes the plan before its transaction begins. Publish applies it.
//
// A store may also write the next versions of the continued records before that transaction begins; see Prepare.
type PublicationPlan struct {
	view        PublicationView
	matches     []plannedMatch
	suggestions []plannedSuggestion
	checked     int            // how many of matches Prepare has checked
	unprepared  []plannedMatch // those of the checked ones that it has left to Publish
	prepared    domain.Counts  // of the prepared records
}

// plannedMatch is a new row that continues a record.
type plannedMatch struct {
	domain.Match
	record domain.TransactionID
}

// plannedSuggestion is a new row that may be the row of a record.
type plannedSuggestion struct {
	externalID string // of the new row
	old        domain.TransactionID
	account    domain.AccountID
	findings   []matching.Finding
}

// IsFor reports whether the plan was made for a publication with the same accounts.
func (p *PublicationPlan) IsFor(view PublicationView) bool {
	if !slices.Equal(p.view.Relinked, view.Relinked) || !slices.Equal(p.view.Held, view.Held) ||
		!p.view.StagedSince.Equal(view.StagedSince) {
		return false
	}
	named := func(v PublicationView) map[string]domain.AccountID {
		names := maps.Clone(v.Accounts)
		maps.DeleteFunc(names, func(_ string, id domain.AccountID) bool { return !slices.Contains(view.Relinked, id) })
		return names
	}
	return maps.Equal(named(p.view), named(view))
}

// PlanPublication compares the new rows of a publication with the records that they may continue. It changes nothing.
// view contains the accounts as the publication will store them. rows is the number of rows and records of the
// connection, for which memory is reserved. Errors: those of the source and of Matching.Reserve.
func PlanPublication(
	w Publication, view PublicationView, source PublicationSource, rows int,
) (*PublicationPlan, error) {
	plan := &PublicationPlan{view: view}
	free, err := w.Matching.reserve(view.Tenant, rows, true)
	if err != nil {
		return nil, err
	}
	defer free()
	m := &planner{
		publisher: newPublisher(w, view, source, nil), plan: plan,
		takenRecords: map[domain.TransactionID]bool{}, takenRows: map[string]bool{}, suggested: map[plannedPair]bool{},
	}
	return plan, m.match()
}

// planner makes the plan of a publication.
type planner struct {
	*publisher
	plan *PublicationPlan
	// takenRecords and takenRows contain the records that the plan continues, and the external ids of their new rows.
	// Both contain the former rows that the vendor returns again, and their records, which returnToPast handles.
	takenRecords map[domain.TransactionID]bool
	takenRows    map[string]bool
	suggested    map[plannedPair]bool // the suggestions of the plan
}

// plannedPair identifies a plannedSuggestion.
type plannedPair struct {
	externalID string
	old        domain.TransactionID
}

// match finds the records that new rows continue.
func (b *planner) match() (err error) {
	if b.carriedOver, err = b.source.CarriedOverAccounts(); err != nil {
		return err
	}
	if len(b.relinked)+len(b.carriedOver) == 0 {
		return nil
	}
	if err := b.takePast(); err != nil {
		return err
	}
	if err := b.readNever(true); err != nil {
		return err
	}
	live, carriedOver := b.recordsOf(b.relinked...), b.removed(b.recordsOf())
	live.CarriedOver, carriedOver.CarriedOver = true, true
	oldest, err := b.oldestStaged()
	if err != nil {
		return err
	}
	for _, side := range []struct {
		whole   bool
		records RecordsOf
		left    func(banktext.Row) bool
		input   func(records []banktext.Row) matching.Relink
	}{
		{
			true, live, func(row banktext.Row) bool { return b.isRemoved(row, oldest) },
			func(rows []banktext.Row) matching.Relink { return matching.Relink{Live: rows} },
		},
		{
			true, carriedOver, func(banktext.Row) bool { return true },
			func(rows []banktext.Row) matching.Relink { return matching.Relink{NotShown: rows} },
		},
		{
			false, b.removed(b.recordsOf(b.relinked...)), func(banktext.Row) bool { return true },
			func(rows []banktext.Row) matching.Relink { return matching.Relink{Old: rows} },
		},
	} {
		s := relinkSide{b, side.whole, side.records, side.left, func(rows, newRows []banktext.Row) matching.Relink {
			in := side.input(rows)
			in.New, in.Never = newRows, b.never
			return in
		}}
		repeated, err := s.matchKeys()
		if err == nil {
			err = s.matchWindows(repeated)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takePast takes the rows and records that returnToPast handles.
func (b *planner) takePast() error {
	past, err := b.source.PastStaged(b.visible())
	for _, p := range past {
		b.takenRows[p.ExternalID], b.takenRecords[p.Past] = true, true
	}
	return err
}

// take adds a match to the plan.
func (b *planner) take(record domain.TransactionID, match domain.Match) {
	b.takenRecords[record], b.takenRows[match.New] = true, true
	b.plan.matches = append(b.plan.matches, plannedMatch{match, record})
}

// suggest adds a suggestion to the plan, unless the plan has it. A removed record can be on two sides: if its account
// is linked again before the vendor has shown the record under the present reference.
func (b *planner) suggest(s plannedSuggestion) {
	pair := plannedPair{s.externalID, s.old}
	if !b.suggested[pair] {
		b.suggested[pair] = true
		b.plan.suggestions = append(b.plan.suggestions, s)
	}
}

// compared matches rows, and reports the cost.
func (b *planner) compared(in matching.Relink) matching.Result {
	result := matching.MatchRelinked(in)
	b.Matching.compared(result.Cost)
	return result
}

// applyPlan continues records with new rows, as planned.
func (b *publisher) applyPlan() error {
	if b.plan == nil {
		return nil
	}
	for _, s := range b.plan.suggestions {
		b.suggestLater(s.externalID, s.old, s.account, s.findings)
	}
	if err := b.switchOver(); err != nil {
		return err
	}
	for batch := range slices.Chunk(b.plan.left(), maxReplacements) {
		ids := make([]domain.TransactionID, len(batch))
		for i := range batch {
			ids[i] = batch[i].record
		}
		records, err := b.source.Identities(ids)
		if err != nil {
			return err
		}
		var c Changes
		for _, match := range batch {
			b.continueWith(&c, records[match.record], match.Match)
		}
		clear(b.Stored) // the store knows which records are archived; see PublicationSource.Stored
		if err := b.emit(c); err != nil {
			return err
		}
	}
	return nil
}

// relinkSide matches the records of one kind (live, not shown, or old) with new rows.
type relinkSide struct {
	*planner
	whole   bool // the accounts are judged as a whole; see matching.Context
	records RecordsOf
	// left reports whether a record counts as removed after the publication if no new row continues the record.
	left  func(record banktext.Row) bool
	input func(records, newRows []banktext.Row) matching.Relink
}

// relinkedRow is a record that a new row may continue, or the new row; record is zero for the latter.
type relinkedRow struct {
	banktext.Row
	record     domain.TransactionID
	references domain.References
}

// visitRecords calls visit with the selected records that are not taken.
func (s relinkSide) visitRecords(records RecordsOf, visit func(relinkedRow)) error {
	return s.source.VisitRecords(records, func(r *Record) {
		if !s.takenRecords[r.ID] {
			row := relinkedRow{s.Matching.Row(r.TransactionData, r.AccountID), r.ID, r.References}
			row.Excluded = !r.ExcludedAt.IsZero()
			visit(row)
		}
	})
}

// visitNew calls visit with the selected new rows that are not taken. It visits only the rows of those accounts that
// have records to compare.
func (s relinkSide) visitNew(rows StagedRowsOf, visit func(relinkedRow)) error {
	compared := map[domain.AccountID]bool{}
	for _, account := range slices.Concat(s.relinked, s.carriedOver) {
		compared[account] = true
	}
	for name, account := range s.Accounts {
		if compared[account] {
			rows.Accounts = append(rows.Accounts, name)
		}
	}
	if len(rows.Accounts) == 0 {
		return nil
	}
	slices.Sort(rows.Accounts)
	rows.Held, rows.New = s.held, true
	return s.source.VisitStaged(rows, func(data domain.TransactionData) {
		if !s.takenRows[data.ExternalID] {
			visit(relinkedRow{Row: s.Matching.Row(data, s.Accounts[data.Account]), references: data.References})
		}
	})
}

// keyedRow describes the rows with a certain strong key: one record, and one new row if hasNew is set.
type keyedRow struct {
	record domain.TransactionID
	newID  string
	shared bool // several records or several new rows have the key
	hasNew bool
}

// matchKeys matches records with new rows by their strong keys. A key must be unique within its account, even among
// rows with distant dates, and among the records that are not selected. matchKeys therefore keeps the hashes of all
// keys in memory. It returns a function that reports whether several records or several new rows have a key.
func (s relinkSide) matchKeys() (repeated func(key string) bool, err error) {
	seed, known := maphash.MakeSeed(), map[uint64]keyedRow{}
	err = s.visitRecords(s.records, func(r relinkedRow) {
		for _, key := range matching.StrongKeys(r.Row) {
			hash := maphash.String(seed, key)
			_, several := known[hash]
			known[hash] = keyedRow{record: r.record, shared: several}
		}
	})
	if err != nil {
		return nil, err
	}
	err = s.visitNew(StagedRowsOf{}, func(r relinkedRow) {
		for _, key := range matching.StrongKeys(r.Row) {
			hash := maphash.String(seed, key)
			row := keyedRow{newID: r.ExternalID, hasNew: true}
			if before, found := known[hash]; found {
				row.record, row.shared = before.record, before.shared || before.hasNew
			}
			known[hash] = row
		}
	})
	if err != nil {
		return nil, err
	}
	var pairs []keyedRow
	shared := map[uint64]bool{}
	for hash, row := range known {
		switch {
		case row.shared:
			shared[hash] = true
		case row.hasNew && !row.record.IsZero():
			pairs = append(pairs, row)
		}
	}
	sort.Slice(pairs, func(i, j int) bool { // slices.SortFunc would add code for the large elements
		return cmp.Or(cmp.Compare(pairs[i].newID, pairs[j].newID), pairs[i].record.Compare(pairs[j].record)) < 0
	})
	for batch := range slices.Chunk(pairs, renameBatch) {
		repeated, err := s.matchKeyed(batch)
		if err != nil {
			return nil, err
		}
		for key := range repeated {
			shared[maphash.String(seed, key)] = true
		}
	}
	return func(key string) bool { return shared[maphash.String(seed, key)] }, nil
}

// matchKeyed matches pairs of rows with a common key. It skips a pair if one of its rows is already matched. It returns
// the common keys that other records have, too.
func (s relinkSide) matchKeyed(pairs []keyedRow) (repeated map[string]bool, err error) {
	records, rows := s.records, StagedRowsOf{}
	for _, pair := range pairs {
		records.IDs, rows.ExternalIDs = append(records.IDs, pair.record), append(rows.ExternalIDs, pair.newID)
	}
	stored, newRows := map[domain.TransactionID]relinkedRow{}, map[string]relinkedRow{}
	if err := s.visitRecords(records, func(r relinkedRow) { stored[r.record] = r }); err != nil {
		return nil, err
	}
	if err := s.visitNew(rows, func(row relinkedRow) { newRows[row.ExternalID] = row }); err != nil {
		return nil, err
	}
	if repeated, err = s.repeatedIn(pairs, stored, newRows); err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		old, known := stored[pair.record]
		row, isNew := newRows[pair.newID]
		if !known || !isNew {
			continue
		}
		in := matching.Relink{
			Old: []banktext.Row{old.Row}, New: []banktext.Row{row.Row}, Never: s.never,
			Repeated: func(key string) bool { return repeated[key] },
		}
		for _, pair := range s.compared(in).Pairs {
			if pair.Rule == domain.SameKey || pair.Rule == matching.VendorLink {
				s.take(old.record, domain.Match{MatchPair: pair.MatchPair, Rule: pair.Rule})
				delete(stored, old.record)
				delete(newRows, row.ExternalID)
			}
		}
	}
	return repeated, nil
}

// repeatedIn returns the common keys of the pairs that other records have, too.
func (s relinkSide) repeatedIn(
	pairs []keyedRow, stored map[domain.TransactionID]relinkedRow, newRows map[string]relinkedRow,
) (map[string]bool, error) {
	keyed := map[string]*keyedRows{}
	for _, pair := range pairs {
		old, known := stored[pair.record]
		row, isNew := newRows[pair.newID]
		if !known || !isNew {
			continue
		}
		rows := &keyedRows{account: row.Account}
		rows.add(old.record, old.ExternalID, old.references)
		rows.add(domain.TransactionID{}, row.ExternalID, row.references)
		for _, key := range matching.StrongKeys(old.Row) {
			if slices.Contains(matching.StrongKeys(row.Row), key) {
				keyed[key] = rows
			}
		}
	}
	return s.repeatedKeys(keyed)
}

// matchWindows matches records with new rows by their other evidence, one window of dates after the other. The function
// repeated reports whether several rows of one side have the given strong key.
func (s relinkSide) matchWindows(repeated func(key string) bool) error {
	for records := s.records; ; {
		window, err := s.source.Dates(records, matchRows)
		if err != nil || window.From == "" {
			return err
		}
		if err := s.matchWindow(window, repeated); err != nil {
			return err
		}
		records.Dates.From = window.To.AddDays(1)
	}
}

func (s relinkSide) matchWindow(window domain.Window, repeated func(key string) bool) error {
	around := func(days int) domain.Window {
		return domain.Window{From: window.From.AddDays(-days), To: window.To.AddDays(days)}
	}
	var newRows, rows []banktext.Row
	err := s.visitNew(StagedRowsOf{Dates: around(daysAroundNewRow)}, func(row relinkedRow) {
		newRows = append(newRows, row.Row)
	})
	if err != nil || len(newRows) == 0 {
		return err
	}
	stored, records := map[string]domain.TransactionID{}, s.records
	records.Dates = around(daysAroundRecord)
	err = s.visitRecords(records, func(r relinkedRow) {
		stored[r.ExternalID] = r.record
		rows = append(rows, r.Row)
	})
	if err != nil {
		return err
	}
	shown, err := s.readShown(rows, newRows)
	if err != nil {
		return err
	}
	in := s.input(rows, newRows)
	in.Repeated, in.Shown = repeated, shown.count()
	inWindow := map[string]bool{}
	for i := range rows {
		inWindow[rows[i].ExternalID] = window.Contains(rows[i].Date)
	}
	left := map[string]bool{}
	for i := range rows {
		left[rows[i].ExternalID] = inWindow[rows[i].ExternalID] && s.left(rows[i])
	}
	result := s.compared(in)
	accounts := map[string]domain.AccountID{}
	for i := range rows {
		accounts[rows[i].ExternalID] = rows[i].Account
	}
	for _, suggestion := range result.Suggestions {
		if left[suggestion.Old] {
			s.suggest(plannedSuggestion{
				suggestion.New, stored[suggestion.Old], accounts[suggestion.Old], suggestion.Findings,
			})
		}
	}
	for _, match := range result.Matches() {
		if inWindow[match.Old] {
			s.take(stored[match.Old], match)
		}
	}
	return nil
}

// readShown reads the records that show the amounts of the records of a window. If the account is judged as a whole,
// only the records count that the vendor returns: the others, of all windows, are compared. Otherwise all records count
// that are not compared in this window.
func (s relinkSide) readShown(rows, newRows []banktext.Row) (shownBy, error) {
	old, came, compared := make([]datedRow, len(rows)), make([]datedRow, len(newRows)), map[string]bool{}
	for i := range rows {
		old[i] = datedRow{rows[i].Account, rows[i].Amount, rows[i].AccountAmount, rows[i].Date}
		compared[rows[i].ExternalID] = true
	}
	for i := range newRows {
		came[i] = datedRow{newRows[i].Account, newRows[i].Amount, newRows[i].AccountAmount, newRows[i].Date}
	}
	shown, err := s.decision.readShown(old, came, func(externalID string) bool { return compared[externalID] })
	if err != nil || !s.whole || len(shown.records) == 0 {
		return shown, err
	}
	returned, which := map[string]bool{}, s.visible()
	for i := range shown.records {
		which.ExternalIDs = append(which.ExternalIDs, shown.records[i].ExternalID)
	}
	err = s.source.VisitStaged(which, func(data domain.TransactionData) { returned[data.ExternalID] = true })
	shown.records = slices.DeleteFunc(shown.records, func(r shownRecord) bool { return !returned[r.ExternalID] })
	return shown, err
}
