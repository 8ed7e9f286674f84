package records

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// followPast finds the rows of the page that a record had before its current one. Such a row becomes the current row of
// its record again. If the page contains two former rows of one record, neither has replaced the other: the second one
// becomes a record of its own.
func (d *decision) followPast() error {
	past := map[string]RowState{}
	for _, row := range d.unknown() {
		state := d.States[d.Transactions[row].ExternalID]
		if !state.Past.IsZero() {
			past[state.ExternalID] = state
		}
	}
	return d.follow(past)
}

// follow does the work of followPast for the former rows with these external ids.
func (d *decision) follow(past map[string]RowState) error {
	if err := d.restoreFormer(past); err != nil {
		return err
	}
	returned := map[domain.TransactionID]bool{}
	for _, externalID := range slices.Sorted(maps.Keys(past)) {
		follow, record := d.returnTo, past[externalID].Past
		if returned[record] {
			follow = d.detach
		}
		if _, found := d.Stored[externalID]; found { // the row is a current one again
			continue
		}
		if err := follow(record, externalID); err != nil {
			return err
		}
		returned[record] = true
	}
	return nil
}

// lacking returns the external ids of the rows that the vendor no longer returns: those that leave, and those that a
// complete listing lacks, although it may not prove their removal.
func (d *decision) lacking() []string {
	ids := slices.AppendSeq(slices.Collect(maps.Keys(d.leaving)), maps.Keys(d.missing))
	if d.judged != nil {
		for _, a := range d.judged.absences {
			ids = append(ids, a.ExternalID)
		}
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), d.isShown)
}

// restoreFormer restores the former rows of records whose current rows the vendor no longer returns. The former row is
// another name of the current one, so that its return does not need a proof that the current row was removed.
// restoreFormer leaves out records of which several former rows return; see follow.
func (d *decision) restoreFormer(past map[string]RowState) error {
	lacking := d.lacking()
	if len(past) == 0 || len(lacking) == 0 {
		return nil
	}
	live, err := d.source.Live(lacking)
	if err != nil {
		return err
	}
	former := make(map[domain.TransactionID][]string, len(past))
	for _, externalID := range slices.Sorted(maps.Keys(past)) {
		former[past[externalID].Past] = append(former[past[externalID].Past], externalID)
	}
	live = slices.DeleteFunc(live, func(r Record) bool { return len(former[r.ID]) != 1 })
	for records := range slices.Chunk(live, maxReplacements) {
		var c Changes
		for i := range records {
			record := &records[i]
			externalID := former[record.ID][0]
			d.restore(&c, record, externalID)
			d.expect(externalID, record, true)
			_, leaves := d.leaving[record.ExternalID]
			delete(d.leaving, record.ExternalID)
			d.noteContinued(record.ExternalID, !leaves)
		}
		if err := d.emit(c); err != nil {
			return err
		}
	}
	return nil
}

// noteContinued notes that the record of a row continues with another row: the row does not leave, and its absence
// ends. If the row was not among those that leave, the absences are judged again.
func (d *decision) noteContinued(externalID string, judgeAgain bool) {
	if d.continued == nil {
		d.continued = map[string]bool{}
	}
	d.continued[externalID] = true
	d.judgeAgain = d.judgeAgain || judgeAgain
}

// detach removes a row from the former rows of a record.
func (d *decision) detach(id domain.TransactionID, externalID string) error {
	record, err := d.source.Record(id)
	if err != nil {
		return err
	}
	rest, _, _ := record.WithoutPast(externalID)
	c := Changes{Rename: []Renamed{{ID: id, From: record.Key(), ExternalID: record.ExternalID, Supersedes: rest}}}
	c.clear(MarkPast, externalID)
	return d.emit(c)
}

// returnTo restores a former row of a record, because the vendor returns the row again. If the vendor no longer has the
// current row, the former row takes its place. If the vendor still has it, the last replacements are undone, until the
// former row is the current one. The join of an operator is not undone here; see undoJoins. The former row is then
// ignored.
func (d *decision) returnTo(id domain.TransactionID, externalID string) error {
	for {
		record, err := d.source.Record(id)
		if err != nil {
			return err
		}
		if record.ExternalID == externalID {
			d.expect(externalID, &record, false)
			return nil
		}
		_, leaves := d.leaving[record.ExternalID]
		if (!record.RemovedAt.IsZero() || leaves) && !d.isShown(record.ExternalID) {
			delete(d.leaving, record.ExternalID)
			return d.goBack(&record, externalID)
		}
		if join, err := record.LastPast(); err == nil && join.Rule == domain.OperatorJoin {
			return d.returnToJoined(&record, join.Younger, externalID)
		}
		younger, err := d.split(&record, d.NewID())
		if err != nil || younger.ExternalID == externalID {
			return err
		}
	}
}

// returnToJoined decides about a former row of a joined record that the vendor shows beside the present row. A row of
// the older record is ignored until undoJoins undoes the join. A row that the newer record (younger) had before the
// join says nothing about the join: the present row has not replaced it, so it becomes a record of its own.
func (d *decision) returnToJoined(record *Record, younger domain.TransactionID, externalID string) error {
	own, err := d.formerOf(younger)
	if err != nil {
		return err
	}
	if !own[externalID] {
		d.ignore(externalID)
		return nil
	}
	if err := d.detach(record.ID, externalID); err != nil {
		return err
	}
	before, err := d.source.Record(younger)
	if err != nil {
		return err
	}
	rest, _, _ := before.WithoutPast(externalID)
	return d.emit(Changes{Rename: []Renamed{{
		ID: before.ID, From: before.Key(), ExternalID: before.ExternalID, Supersedes: rest,
		SupersededBy: before.SupersededBy,
	}}})
}

// ignore makes the method put skip the row with this external id.
func (d *decision) ignore(externalID string) {
	if d.ignored == nil {
		d.ignored = map[string]bool{}
	}
	d.ignored[externalID] = true
}

// goBack replaces the current row of a record by one of its former rows. The method put writes the former row later.
func (d *decision) goBack(record *Record, externalID string) error {
	var c Changes
	d.restore(&c, record, externalID)
	d.expect(externalID, record, true)
	return d.emit(c)
}

// restore adds the change of a record whose former row becomes the current one. The current row becomes a former row.
func (d *decision) restore(c *Changes, record *Record, externalID string) {
	rest, past, _ := record.WithoutPast(externalID)
	present := domain.Superseded{ExternalID: record.ExternalID, At: d.At, Rule: past.Rule, Version: record.Version}
	if last, err := record.LastPast(); err == nil && last.ExternalID == externalID {
		present.Younger = past.Younger
	}
	c.Archive = append(c.Archive, record.Key())
	c.Rename = append(c.Rename, Renamed{
		ID: record.ID, From: record.Key(), ExternalID: externalID, Supersedes: append(rest, present), Pending: true,
	})
	c.clear(MarkPast, externalID)
	c.setPast(record.ExternalID, record.ID)
	c.Counts.IDChanges++
}

// expect makes the method put store the row with this external id as the next version of the record.
func (d *decision) expect(externalID string, record *Record, archived bool) {
	if d.Stored == nil {
		d.Stored = map[string]Stored{}
	}
	d.Stored[externalID] = Stored{
		ID: record.ID, Version: record.Version, FirstSeenAt: record.FirstSeenAt, Digest: record.Digest,
		ContentHash: record.ContentHash, Removed: !record.RemovedAt.IsZero(), Archived: archived,
	}
}

// Split returns the changes that undo the last replacement of a record. The former row becomes the current row of the
// record again. The newer row returns to the record that it had before; if it had none, it becomes a record with the
// id newID. If the record has already gone back to its former row, it keeps this row. Errors: domain.NothingToSplit,
// and those of the source.
//
// A split does not change what counts: if the record is excluded, the record that has the newer row afterwards is
// excluded, too. The operator has excluded the record with both of its rows, and can take back the exclusion of either.
//
// reason is the operator's reason for the split.
func Split(
	view View, source Source, w PageWrite, record *Record, newID domain.TransactionID, reason string,
) (Changes, error) {
	d := &decision{Page: &Page{PageWrite: w}, View: view, source: source}
	c, _, err := d.splitOf(record, newID)
	c.Reason = reason
	return c, err
}

// split undoes the last replacement of a record, and returns the record that has the newer row. See Split. If that
// record is excluded, the two may be matched again: each of them continues as long as the vendor shows its row.
func (d *decision) split(record *Record, newID domain.TransactionID) (younger *Record, err error) {
	c, younger, err := d.splitOf(record, newID)
	if err != nil {
		return nil, err
	}
	if !younger.ExcludedAt.IsZero() {
		c.Never = nil
	}
	if d.isShown(younger.ExternalID) {
		d.expect(younger.ExternalID, younger, false)
	}
	return younger, d.emit(c)
}

// splitOf returns the changes of split, and the record that has the newer row.
func (d *decision) splitOf(record *Record, newID domain.TransactionID) (c Changes, younger *Record, err error) {
	past, err := record.LastPast()
	if err != nil {
		return Changes{}, nil, err
	}
	older, err := d.source.Version(record.ID, past.Version)
	if err != nil {
		return Changes{}, nil, err
	}
	next, version := *record, 0
	next.ID, next.FirstSeenAt, next.Supersedes = newID, past.At, nil
	rest := slices.Clone(record.Supersedes[:len(record.Supersedes)-1])
	next.PossiblySupersedes = nil
	c = Changes{
		Never:   []domain.MatchPair{{Old: past.ExternalID, New: record.ExternalID}},
		Archive: []RecordKey{record.Key()},
		Rename:  []Renamed{{ID: record.ID, From: record.Key(), ExternalID: past.ExternalID, Supersedes: rest}},
	}
	c.clear(MarkPast, past.ExternalID)
	if !past.Younger.IsZero() {
		before, err := d.source.Record(past.Younger)
		if err != nil {
			return Changes{}, nil, err
		}
		if before.ExternalID == past.ExternalID {
			return d.splitReturned(record, past, &before, older)
		}
		rest = giveBack(&c, rest, &before)
		c.Archive = append(c.Archive, before.Key())
		c.Rename[0].Supersedes = rest
		c.Rename = append(c.Rename, Renamed{
			ID: before.ID, From: before.Key(), ExternalID: record.ExternalID, Supersedes: before.Supersedes,
		})
		next.ID, next.FirstSeenAt, version = before.ID, before.FirstSeenAt, before.Version
		next.ExcludedAt, next.ExcludedBy = before.ExcludedAt, before.ExcludedBy
	}
	older.ID, older.FirstSeenAt, older.ExternalID = record.ID, record.FirstSeenAt, past.ExternalID
	older.Supersedes, older.SupersededBy = slices.Clone(rest), domain.TransactionID{}
	// Without a digest, the record counts as changed when the vendor returns the row again.
	older.RemovedAt, older.Digest, older.ContentHash = past.At, Digest{}, domain.ContentHash{}
	d.nextVersion(&older, record.Version)
	d.nextVersion(&next, version)
	c.Upsert = []Record{older, next}
	d.keepExcluded(&c, record, &next)
	return c, &next, d.endSplit(&c, record, past)
}

// splitReturned returns the changes of split for a record that has already gone back to its former row. The record
// keeps this row. The other row returns to the record in the argument before, to which the row belonged until the
// replacement. The result younger is the new version of that record. The argument last is the last version of the
// split record that had the other row.
func (d *decision) splitReturned(
	record *Record, past domain.Superseded, before *Record, last Record,
) (c Changes, younger *Record, err error) {
	kept, next := *record, last
	kept.Supersedes = giveBack(&c, slices.Clone(record.Supersedes[:len(record.Supersedes)-1]), before)
	kept.PossiblySupersedes = nil
	next.ID, next.FirstSeenAt, next.ExternalID = before.ID, before.FirstSeenAt, past.ExternalID
	next.ExcludedAt, next.ExcludedBy = before.ExcludedAt, before.ExcludedBy
	next.Supersedes, next.SupersededBy, next.PossiblySupersedes = before.Supersedes, domain.TransactionID{}, nil
	// Without a digest, the record counts as changed when the vendor returns the row again.
	next.RemovedAt, next.Digest, next.ContentHash = past.At, Digest{}, domain.ContentHash{}
	d.nextVersion(&kept, record.Version)
	d.nextVersion(&next, before.Version)
	c.Never = []domain.MatchPair{
		{Old: record.ExternalID, New: past.ExternalID}, {Old: past.ExternalID, New: record.ExternalID},
	}
	c.Archive = []RecordKey{record.Key(), before.Key()}
	c.Rename = []Renamed{
		{ID: kept.ID, From: record.Key(), ExternalID: kept.ExternalID, Supersedes: kept.Supersedes},
		{ID: next.ID, From: before.Key(), ExternalID: next.ExternalID, Supersedes: next.Supersedes},
	}
	c.clear(MarkPast, past.ExternalID)
	c.Upsert = []Record{kept, next}
	if !record.ExcludedAt.After(past.At) { // it had the other row when it was excluded
		d.keepExcluded(&c, record, &next)
	}
	return c, &next, d.endSplit(&c, record, past)
}

// keepExcluded excludes the record next, which gets a row of an excluded record, unless it is excluded already. The
// store makes a further version of next, so next becomes this version after c has been filled.
func (d *decision) keepExcluded(c *Changes, record, next *Record) {
	if record.ExcludedAt.IsZero() || !next.ExcludedAt.IsZero() {
		return
	}
	c.Exclusion = &Exclusion{Record: next.ID, By: record.ExcludedBy}
	next.ExcludedAt, next.ExcludedBy = d.At, record.ExcludedBy
	next.Version++
}

// giveBack gives the former rows of a superseded record (the argument before) back to this record. They are among the
// former rows of another record (the argument rest). giveBack adds the changes to c, and returns rest without these
// rows.
func giveBack(c *Changes, rest []domain.Superseded, before *Record) []domain.Superseded {
	for _, own := range before.Supersedes {
		c.setPast(own.ExternalID, before.ID)
		rest = slices.DeleteFunc(rest, func(s domain.Superseded) bool { return s.ExternalID == own.ExternalID })
	}
	return rest
}

// endSplit ends suggestions after the last replacement of a record was undone: the open suggestions about the record,
// and the suggestion of the two records that were joined.
func (d *decision) endSplit(c *Changes, record *Record, past domain.Superseded) error {
	err := d.endDecided(c, []string{record.ExternalID}, func(Suggestion) SuggestionState { return SuggestionSplit })
	if err != nil || past.Younger.IsZero() {
		return err
	}
	pair, _, err := d.source.Suggestion(record.ID, past.Younger)
	if pair.State == SuggestionJoined {
		pair.State = SuggestionSplit
		c.Suggestions = append(c.Suggestions, pair)
	}
	return err
}
