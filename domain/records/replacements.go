package records

import (
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// maxReplacements is the maximum number of replacements in one of the Changes.
const maxReplacements = 500

// replacement contains the old and new rows that one write compares, to find the new rows that replace old ones.
type replacement struct {
	domain.ReplacementInput
	old      map[string]*Record    // the records of Old, by external id
	replaced map[string]*Candidate // the stored records of New, by external id
	unseen   []*Candidate          // stored records that would be new ones if their rows had not left; see joinChains
}

// matchRemoved finds the new rows that replace removed ones (matching.FindReplacements), and emits the replacements.
// The record of the removed row keeps its id, gets the external id and the data of the new row, and is live again.
//
//   - A removed row is one that this write is about to remove, one that was removed within domain.MatchWindow, or a
//     missing one (decision.missing).
//   - A new row is a row of the page without a record, or the row of a record that was first seen within
//     domain.MatchWindow and has replaced no other row. In the latter case, this younger record is superseded.
//   - If all rows of an account have changed their ids, the account is judged as a whole; see judgeWhole.
func (d *decision) matchRemoved() error {
	found, err := d.foundRemoved()
	if err != nil || found.replacement == nil {
		return err
	}
	left, err := d.switchOver(&found)
	if err != nil {
		return err
	}
	r := found.replacement
	for batch := range slices.Chunk(left, maxReplacements) {
		if err := d.emitReplacements(r, batch); err != nil {
			return err
		}
	}
	d.matched = r
	opened := slices.DeleteFunc(slices.Clone(found.suggestions), func(s matching.Suggestion) bool {
		_, missing := d.missing[s.Old] // the record stays live
		return missing
	})
	d.unsuggested = slices.DeleteFunc(found.suggestions, func(s matching.Suggestion) bool {
		_, missing := d.missing[s.Old]
		return !missing
	})
	return d.suggest(r, opened)
}

// replacements is the result of a comparison. It is zero if there was nothing to compare.
type replacements struct {
	*replacement
	matches     []domain.Match
	suggestions []matching.Suggestion
}

// foundRemoved returns the result of findRemoved, which Foresee may have found already.
func (d *decision) foundRemoved() (replacements, error) {
	foreseen := d.foreseen
	d.foreseen = nil // matchRemoved changes it
	if !d.AsForeseen || foreseen == nil || len(d.FirstStored) > 0 || !foreseen.at.Equal(d.At) {
		return d.findRemoved()
	}
	if foreseen.replacement != nil {
		d.never = foreseen.Never
	}
	return foreseen.replacements, nil
}

// findRemoved finds the new rows that replace removed ones. It emits only the changes of joinChains. Errors:
// ErrNotCompared; those of the source.
func (d *decision) findRemoved() (found replacements, err error) {
	newRows := d.unknown()
	leaves := len(d.leaving) > 0 || len(d.missing) > 0
	if !leaves && (len(newRows) == 0 || !d.HasRemoved) {
		return found, nil
	}
	r := &replacement{old: map[string]*Record{}, replaced: map[string]*Candidate{}}
	if r.Complete = d.sweep != nil; r.Complete {
		r.ShownBefore = d.sweep.ShownBefore
	}
	if err := d.reserve(len(d.leaving) + len(d.missing) + len(newRows)); err != nil {
		return found, err
	}
	if err := d.readOld(r); err != nil || len(r.Old) == 0 {
		return found, err
	}
	if err := d.readNew(r); err != nil || len(r.New) == 0 {
		return found, err
	}
	if joined, err := d.joinChains(r); err != nil || joined {
		if err == nil {
			found, err = d.findRemoved()
		}
		return found, err
	}
	if err := d.reserve(len(r.Old) + len(r.New)); err != nil {
		return found, err
	}
	if err := d.readReads(r); err != nil {
		return found, err
	}
	if err := d.readNever(true); err != nil {
		return found, err
	}
	r.Never = d.never
	found.replacement = r
	found.matches, found.suggestions, err = d.findReplacements(r)
	return found, err
}

// emitReplacements emits the changes by which each matched old row is replaced by its new row.
func (d *decision) emitReplacements(r *replacement, matches []domain.Match) error {
	var c Changes
	var decided []string
	for _, match := range matches {
		if younger := r.replaced[match.New]; younger != nil {
			decided = append(decided, match.Old, match.New)
			d.takeOver(&c, r.old[match.Old], &younger.Record, match)
		} else {
			d.continueWith(&c, r.old[match.Old], match)
		}
		d.noteReplaced(&c, match)
	}
	err := d.endDecided(&c, decided, func(Suggestion) SuggestionState { return SuggestionMatched })
	if err != nil {
		return err
	}
	return d.emit(c)
}

// noteReplaced notes that a new row has replaced the old row of a match.
func (d *decision) noteReplaced(c *Changes, match domain.Match) {
	if d.HasCarriedOver {
		c.clear(MarkCarriedOver, match.Old)
	}
	delete(d.leaving, match.Old)
	_, missing := d.missing[match.Old]
	d.noteContinued(match.Old, missing)
}

// findReplacements returns the result of matching.FindReplacements for the old and new rows of each account. Errors:
// ErrNotCompared if the result is not known yet.
func (d *decision) findReplacements(
	r *replacement,
) (matches []domain.Match, suggestions []matching.Suggestion, err error) {
	if matches, suggestions, err = d.compareRows(r); err == nil {
		err = d.check()
	}
	return matches, suggestions, err
}

// compareRows is findReplacements before it is checked whether the result is known.
func (d *decision) compareRows(
	r *replacement,
) (matches []domain.Match, suggestions []matching.Suggestion, err error) {
	accounts := map[domain.AccountID]*matching.Replacements{}
	for _, row := range r.Old {
		of := accounts[row.AccountID]
		if of == nil {
			of = &matching.Replacements{ReplacementInput: r.ReplacementInput, RowOf: d.Matching.Row}
			of.Old, of.New = nil, nil
			accounts[row.AccountID] = of
		}
		of.Old = append(of.Old, row)
	}
	for _, row := range r.New {
		if of := accounts[row.AccountID]; of != nil {
			of.New = append(of.New, row)
		}
	}
	read := 0 // the number of records that were read by their amounts
	for _, account := range domain.SortedKeys(accounts, domain.AccountID.Compare) {
		of := accounts[account]
		if err := d.judgeWhole(of); err != nil {
			return nil, nil, err
		}
		repeated, err := d.readRepeated(r, of)
		if err != nil {
			return nil, nil, err
		}
		shown, err := r.readShown(d, of)
		if err != nil {
			return nil, nil, err
		}
		read += len(shown.records)
		if err := d.reserve(len(r.Old) + len(r.New) + read); err != nil {
			return nil, nil, err
		}
		found := d.of(r.key(of, repeated, shown), func() matching.Result { return matching.FindReplacements(*of) })
		matches, suggestions = append(matches, found.Matches()...), append(suggestions, found.Suggestions...)
	}
	return slices.DeleteFunc(matches, r.isExcludedDouble), suggestions, nil
}

// isExcludedDouble reports whether an operator has excluded the old record of a match while the new row had a record
// that counts: the two were shown as doubles. If the excluded record took the row over, the movement would not count.
func (r *replacement) isExcludedDouble(match domain.Match) bool {
	old, younger := r.old[match.Old], r.replaced[match.New]
	return younger != nil && younger.ExcludedAt.IsZero() && younger.FirstSeenAt.Before(old.ExcludedAt)
}

// key returns a hash of the input of a comparison, with the keys that other rows of the account repeat, and the records
// that show its amounts. The rows of the page and the rules are the same in each transaction of the write.
func (r *replacement) key(of *matching.Replacements, repeated map[string]bool, shown shownBy) uint64 {
	var h inputHash
	for i := range of.Old {
		row := &of.Old[i]
		add(&h, r.old[row.ExternalID].versionOn(0))
		add(&h, rowTimes{row.ExternalID, row.LearnedAt.UnixNano(), row.AbsentSince})
	}
	for i := range of.New {
		row := &of.New[i]
		if younger := r.replaced[row.ExternalID]; younger != nil {
			add(&h, younger.versionOn(1))
		}
		add(&h, rowTimes{row.ExternalID, row.LearnedAt.UnixNano(), row.FirstPull})
	}
	for i := range of.Reads {
		add(&h, rowTimes{"", of.Reads[i].StartedAt.UnixNano(), of.Reads[i].ID})
	}
	h.addNever(of.Never)
	h.addRepeated(repeated)
	shown.addTo(&h)
	add(&h, of.Context.Whole)
	return uint64(h)
}

// rowTimes is a part of the input of a comparison: when the service learned of a row, and from which pull.
type rowTimes struct {
	externalID string
	learned    int64
	pull       domain.PullID
}

// judgeWhole sets Context.Whole if all rows of an account have changed their ids: there are many old and new rows,
// and the vendor returns no other row that is dated within the period of the old rows.
func (d *decision) judgeWhole(of *matching.Replacements) error {
	if !matching.IsWhole(len(of.Old), len(of.New), 0) {
		return nil
	}
	stayed, err := d.stayed(of)
	if err != nil {
		return err
	}
	of.Context.Whole = matching.IsWhole(len(of.Old), len(of.New), stayed)
	return nil
}

// stayed returns the number of rows of the account that the vendor still returns, and that are dated within the
// period of the old rows. A row that the service first saw after all old rows does not count, because it is a new
// row.
func (d *decision) stayed(of *matching.Replacements) (stayed int, err error) {
	var last time.Time
	for i := range of.Old {
		if of.Old[i].FirstSeenAt.After(last) {
			last = of.Old[i].FirstSeenAt
		}
	}
	came := make(map[string]bool, len(of.New))
	for i := range of.New {
		came[of.New[i].ExternalID] = of.New[i].LearnedAt.After(last)
	}
	selected := LiveOf{Dates: period(of.Old), Account: of.Old[0].Account, NoneCarriedOver: !d.HasCarriedOver}
	err = d.source.VisitLive(selected, func(record LiveRecord) {
		_, leaves := d.leaving[record.ExternalID]
		if !leaves && !came[record.ExternalID] && (d.sweep == nil || d.sweep.Seen(record.ExternalID)) {
			stayed++
		}
	})
	return stayed, err
}

// period returns the earliest and the latest date of the rows.
func period(rows []domain.OldRow) domain.Window {
	dates := domain.Window{From: rows[0].Date, To: rows[0].Date}
	for i := range rows {
		dates.From, dates.To = min(dates.From, rows[i].Date), max(dates.To, rows[i].Date)
	}
	return dates
}

// readOld fills r.Old. It omits rows that the vendor still returns, in the page or in the complete listing of a sweep.
func (d *decision) readOld(r *replacement) error {
	leaving := slices.AppendSeq(slices.Collect(maps.Keys(d.leaving)), maps.Keys(d.missing))
	slices.Sort(leaving)
	var absent map[string]RowState
	var live []Record
	if len(leaving) > 0 {
		var err error
		if absent, err = readStates(d.source, StatesOf{Mark: MarkAbsent, ExternalIDs: leaving}); err != nil {
			return err
		}
		if live, err = d.source.Live(leaving); err != nil {
			return err
		}
	}
	removed, err := d.source.RemovedSince(d.At.Add(-domain.MatchWindow))
	if err != nil {
		return err
	}
	for _, records := range [][]Record{live, removed} {
		for i := range records {
			record := &records[i]
			if d.isShown(record.ExternalID) {
				continue
			}
			old := domain.OldRow{
				Transaction: record.Transaction, LearnedAt: record.RemovedAt, AbsentSince: record.Pull,
			}
			if record.RemovedAt.IsZero() {
				old.LearnedAt, old.AbsentSince = d.At, d.leaving[record.ExternalID]
				if since, missing := d.missing[record.ExternalID]; missing {
					old.AbsentSince = since
				}
				if old.AbsentSince.IsZero() {
					old.AbsentSince = absent[record.ExternalID].Absent.Pull
				}
			}
			r.Old, r.old[record.ExternalID] = append(r.Old, old), record
		}
	}
	return nil
}

// readNew fills r.New. It omits records whose first pull is not known: the matching must know which rows were first
// read by the same pull.
func (d *decision) readNew(r *replacement) error {
	for _, i := range d.unknown() {
		t := domain.Transaction{TransactionData: d.Transactions[i], AccountID: d.Accounts[d.Transactions[i].Account]}
		r.New = append(r.New, domain.NewRow{Transaction: t, LearnedAt: d.At})
	}
	dates := period(r.Old)
	dates.From, dates.To = dates.From.AddDays(-domain.MatchDays), dates.To.AddDays(domain.MatchDays)
	candidates, err := d.source.Candidates(dates, d.At.Add(-domain.MatchWindow))
	for i := range candidates {
		candidate := &candidates[i]
		if candidate.FirstPull.IsZero() {
			continue
		}
		_, leaves := d.leaving[candidate.ExternalID]
		_, missing := d.missing[candidate.ExternalID]
		if leaves || missing || d.sweep != nil && !d.isShown(candidate.ExternalID) {
			r.unseen = append(r.unseen, candidate)
		}
		if leaves || missing {
			continue
		}
		r.replaced[candidate.ExternalID] = candidate
		r.New = append(r.New, domain.NewRow{
			Transaction: candidate.Transaction, FirstPull: candidate.FirstPull, LearnedAt: candidate.FirstSeenAt,
		})
	}
	return err
}

// readReads fills r.Reads with the pulls that may have read a row of r.New.
func (d *decision) readReads(r *replacement) (err error) {
	oldest := d.At
	for i := range r.New {
		if r.New[i].LearnedAt.Before(oldest) {
			oldest = r.New[i].LearnedAt
		}
	}
	r.Reads, err = d.source.Reads(oldest)
	for i := range r.Reads {
		if r.Reads[i].ID == d.Pull && d.Progress.Planned {
			r.Reads[i].Progress = d.Progress
			if d.ReadRows != nil {
				r.Reads[i].Progress.Listed = d.ReadRows
			}
		}
	}
	return err
}

// takeOver adds the changes by which the older record continues with the row of the younger one. The younger record is
// superseded, and ends as removed. Its former rows belong to the older record until a split.
func (d *decision) takeOver(c *Changes, old, younger *Record, match domain.Match) {
	past := domain.Superseded{
		ExternalID: match.Old, At: d.At, Rule: match.Rule, Version: old.Version, Younger: younger.ID,
	}
	ended, next := *younger, *younger
	if ended.SupersededBy = old.ID; ended.RemovedAt.IsZero() {
		ended.RemovedAt = d.At
		c.Counts.Removed++
	}
	d.nextVersion(&ended, younger.Version)
	next.ID, next.FirstSeenAt, next.RemovedAt = old.ID, old.FirstSeenAt, time.Time{}
	next.Supersedes = slices.Clone(old.Supersedes)
	for _, own := range younger.Supersedes {
		c.setPast(own.ExternalID, old.ID)
		own.Version = old.Version
		next.Supersedes = append(next.Supersedes, own)
	}
	next.Supersedes, next.PossiblySupersedes = append(next.Supersedes, past), nil
	d.nextVersion(&next, old.Version)
	c.Archive = append(c.Archive, old.Key(), younger.Key())
	c.Rename = append(c.Rename,
		Renamed{
			ID: younger.ID, From: younger.Key(), ExternalID: match.New, Supersedes: younger.Supersedes,
			SupersededBy: old.ID,
		},
		Renamed{ID: old.ID, From: old.Key(), ExternalID: match.New, Supersedes: next.Supersedes})
	c.Upsert = append(c.Upsert, next, ended)
	c.clear(MarkPast, match.New)
	c.setPast(match.Old, old.ID)
	c.Counts.Modified++
	c.Counts.IDChanges++
	if _, onPage := d.Stored[match.New]; onPage {
		d.expect(match.New, &next, false)
	}
	delete(d.leaving, match.Old)
}
