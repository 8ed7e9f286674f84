package records

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
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

// match finds the records that new rows continue.
func (b *publisher) match() (err error) {
	if b.Matching == nil {
		return nil
	}
	if b.carriedOver, err = b.source.CarriedOverAccounts(); err != nil {
		return err
	}
	if len(b.relinked)+len(b.carriedOver) == 0 {
		return nil
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
		records RecordsOf
		left    func(matching.Row) bool
		input   func(records []matching.Row) matching.Relink
	}{
		{
			live, func(row matching.Row) bool { return b.isRemoved(row, oldest) },
			func(rows []matching.Row) matching.Relink { return matching.Relink{Live: rows} },
		},
		{
			carriedOver, func(matching.Row) bool { return true },
			func(rows []matching.Row) matching.Relink { return matching.Relink{NotShown: rows} },
		},
		{
			b.removed(b.recordsOf(b.relinked...)), func(matching.Row) bool { return true },
			func(rows []matching.Row) matching.Relink { return matching.Relink{Old: rows} },
		},
	} {
		s := relinkSide{b, side.records, side.left, func(rows, newRows []matching.Row) matching.Relink {
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

// relinkSide matches the records of one kind (live, not shown, or old) with new rows.
type relinkSide struct {
	*publisher
	records RecordsOf
	// left reports whether a record counts as removed after the publication if no new row continues the record.
	left  func(record matching.Row) bool
	input func(records, newRows []matching.Row) matching.Relink
}

// relinkedRow is a record that a new row may continue.
type relinkedRow struct {
	matching.Row
	record *Record
}

// visitRecords calls visit with the selected records.
func (s relinkSide) visitRecords(records RecordsOf, visit func(relinkedRow)) error {
	return s.source.VisitRecords(records, func(r *Record) {
		visit(relinkedRow{s.Matching.Row(r.TransactionData, r.AccountID), cloneIdentity(r)})
	})
}

// visitNew calls visit with the selected new rows of those accounts that have records to compare.
func (s relinkSide) visitNew(rows StagedRowsOf, visit func(matching.Row)) error {
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
		visit(s.Matching.Row(data, s.Accounts[data.Account]))
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
// rows with distant dates. matchKeys therefore keeps the hashes of all keys in memory. It returns a function that
// reports whether several records or several new rows have a key.
func (s relinkSide) matchKeys() (repeated func(key string) bool, err error) {
	seed, known := maphash.MakeSeed(), map[uint64]keyedRow{}
	err = s.visitRecords(s.records, func(r relinkedRow) {
		for _, key := range matching.StrongKeys(r.Row) {
			hash := maphash.String(seed, key)
			_, several := known[hash]
			known[hash] = keyedRow{record: r.record.ID, shared: several}
		}
	})
	if err != nil {
		return nil, err
	}
	err = s.visitNew(StagedRowsOf{}, func(row matching.Row) {
		for _, key := range matching.StrongKeys(row) {
			hash := maphash.String(seed, key)
			row := keyedRow{newID: row.ExternalID, hasNew: true}
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
	slices.SortFunc(pairs, func(x, y keyedRow) int {
		return cmp.Or(cmp.Compare(x.newID, y.newID), x.record.Compare(y.record))
	})
	for batch := range slices.Chunk(pairs, renameBatch) {
		if err := s.matchKeyed(batch); err != nil {
			return nil, err
		}
	}
	return func(key string) bool { return shared[maphash.String(seed, key)] }, nil
}

// matchKeyed matches pairs of rows with a common key. It skips a pair if one of its rows is already matched.
func (s relinkSide) matchKeyed(pairs []keyedRow) error {
	records, rows := s.records, StagedRowsOf{}
	for _, pair := range pairs {
		records.IDs, rows.ExternalIDs = append(records.IDs, pair.record), append(rows.ExternalIDs, pair.newID)
	}
	stored, newRows := map[domain.TransactionID]relinkedRow{}, map[string]matching.Row{}
	if err := s.visitRecords(records, func(r relinkedRow) { stored[r.record.ID] = r }); err != nil {
		return err
	}
	if err := s.visitNew(rows, func(row matching.Row) { newRows[row.ExternalID] = row }); err != nil {
		return err
	}
	var c Changes
	for _, pair := range pairs {
		old, known := stored[pair.record]
		row, isNew := newRows[pair.newID]
		if !known || !isNew {
			continue
		}
		in := matching.Relink{Old: []matching.Row{old.Row}, New: []matching.Row{row}, Never: s.never}
		for _, pair := range matching.MatchRelinked(in).Pairs {
			if pair.Rule == domain.SameKey || pair.Rule == matching.VendorLink {
				s.continueWith(&c, old.record, domain.Match{MatchPair: pair.MatchPair, Rule: pair.Rule})
				delete(stored, old.record.ID)
				delete(newRows, row.ExternalID)
			}
		}
	}
	return s.emitRenamed(c)
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
	var newRows, rows []matching.Row
	err := s.visitNew(StagedRowsOf{Dates: around(daysAroundNewRow)}, func(row matching.Row) {
		newRows = append(newRows, row)
	})
	if err != nil || len(newRows) == 0 {
		return err
	}
	stored, records := map[string]*Record{}, s.records
	records.Dates = around(daysAroundRecord)
	err = s.visitRecords(records, func(r relinkedRow) {
		stored[r.ExternalID] = r.record
		rows = append(rows, r.Row)
	})
	if err != nil {
		return err
	}
	in := s.input(rows, newRows)
	in.Repeated = repeated
	inWindow := map[string]bool{}
	for i := range rows {
		inWindow[rows[i].ExternalID] = window.Contains(rows[i].Date)
	}
	left := map[string]bool{}
	for i := range rows {
		left[rows[i].ExternalID] = inWindow[rows[i].ExternalID] && s.left(rows[i])
	}
	result := matching.MatchRelinked(in)
	for _, suggestion := range result.Suggestions {
		if old := stored[suggestion.Old]; left[suggestion.Old] {
			s.suggestLater(suggestion.New, old.ID, old.AccountID, suggestion.Findings)
		}
	}
	matches := slices.DeleteFunc(result.Matches(), func(m domain.Match) bool { return !inWindow[m.Old] })
	for batch := range slices.Chunk(matches, renameBatch) {
		var c Changes
		for _, match := range batch {
			s.continueWith(&c, stored[match.Old], match)
		}
		if err := s.emitRenamed(c); err != nil {
			return err
		}
	}
	return nil
}

// emitRenamed emits the changes, if there are any.
func (s relinkSide) emitRenamed(c Changes) error {
	clear(s.Stored) // the store knows which records are archived; see PublicationSource.Stored
	if len(c.Rename) == 0 {
		return nil
	}
	return s.emit(c)
}
