package records

import (
	"cmp"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// matchRows is the number of rows that are compared at a time. All rows of one day are compared together, so the
// number can be exceeded.
const matchRows = 1000

// matchCarriedOver ends the state "carried over" of the records whose rows the page contains. It then matches the
// remaining carried-over records with new rows of the page, a few days at a time. A matched record continues with the
// new row.
func (d *decision) matchCarriedOver() error {
	var returned Changes
	for i := range d.Transactions {
		if id := d.Transactions[i].ExternalID; !d.States[id].CarriedOver.IsZero() {
			returned.clear(MarkCarriedOver, id)
		}
	}
	if len(returned.Clear) > 0 {
		if err := d.emit(returned); err != nil {
			return err
		}
	}
	if d.Matching == nil {
		return nil
	}
	newRows := d.newRowsByDate()
	if err := d.readNever(len(newRows) > 0); err != nil {
		return err
	}
	var all []carriedOverMatch
	continued := map[domain.TransactionID]bool{}
	for len(newRows) > 0 {
		end := min(matchRows, len(newRows))
		for end < len(newRows) && newRows[end].Date == newRows[end-1].Date {
			end++
		}
		found, err := d.findCarriedOver(newRows[:end], continued)
		if err != nil {
			return err
		}
		all, newRows = append(all, found...), newRows[end:]
	}
	if err := d.check(); err != nil || len(all) == 0 {
		return err
	}
	var c Changes
	for i := range all {
		d.continueWith(&c, &all[i].record, all[i].Match)
		c.clear(MarkCarriedOver, all[i].Old)
		c.clear(MarkAbsent, all[i].Old)
	}
	d.noteShown(all)
	return d.emit(c)
}

// noteShown notes that a sweep shows the live carried-over records of these matches, under other ids: it does not lack
// all rows of their accounts.
func (d *decision) noteShown(matches []carriedOverMatch) {
	if d.judged == nil {
		return
	}
	accounts := make(map[string]string, len(d.Transactions))
	for i := range d.Transactions {
		accounts[d.Transactions[i].ExternalID] = d.Transactions[i].Account
	}
	for i := range matches {
		if m := &matches[i]; m.record.RemovedAt.IsZero() {
			d.judged.read.Shown[accounts[m.New]] = true
			d.noteContinued(m.Old, true)
		}
	}
}

// newRowsByDate returns the rows of the page that have no record, ordered by date.
func (d *decision) newRowsByDate() []*domain.TransactionData {
	var rows []*domain.TransactionData
	for _, i := range d.unknown() {
		rows = append(rows, &d.Transactions[i])
	}
	slices.SortFunc(rows, func(a, b *domain.TransactionData) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	return rows
}

// carriedOverMatch is a carried-over record with the new row that continues it.
type carriedOverMatch struct {
	domain.Match
	record Record
}

// findCarriedOver matches new rows, ordered by date, with carried-over records that are not in continued. It adds the
// matched records to continued.
func (d *decision) findCarriedOver(
	newRows []*domain.TransactionData, continued map[domain.TransactionID]bool,
) (found []carriedOverMatch, err error) {
	if err := d.reserve(len(newRows)); err != nil {
		return nil, err
	}
	since := d.At.Add(-domain.MatchWindow)
	dates := domain.Window{
		From: newRows[0].Date.AddDays(-domain.MatchDays), To: newRows[len(newRows)-1].Date.AddDays(domain.MatchDays),
	}
	stored, err := d.source.CarriedOver(dates, since)
	stored = slices.DeleteFunc(stored, func(r Record) bool { return continued[r.ID] })
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	if err := d.reserve(len(stored) + len(newRows)); err != nil {
		return nil, err
	}
	var key inputHash
	key.addNever(d.never)
	records := map[string]*Record{}
	var old, came []identified
	var oldDated, newDated []datedRow
	for i := range stored {
		r := &stored[i]
		records[r.ExternalID] = r
		oldDated = append(oldDated, datedOf(&r.TransactionData, r.AccountID))
		add(&key, r.versionOn(0))
		old = append(old, identified{r.ID, r.ExternalID, r.AccountID, r.References})
	}
	for _, row := range newRows {
		newDated = append(newDated, datedOf(row, d.Accounts[row.Account]))
		add(&key, row.ExternalID)
		came = append(came, identified{
			externalID: row.ExternalID, account: d.Accounts[row.Account], references: row.References,
		})
	}
	repeated, err := d.repeatedAmong(old, came)
	if err != nil {
		return nil, err
	}
	key.addRepeated(repeated)
	isStored := func(externalID string) bool { return records[externalID] != nil }
	shown, err := d.readShown(oldDated, newDated, isStored)
	if err == nil {
		err = d.reserve(len(stored) + len(newRows) + len(shown.records))
	}
	if err != nil {
		return nil, err
	}
	shown.addTo(&key)
	in := matching.Relink{
		Never: d.never, Shown: shown.count(), Repeated: func(key string) bool { return repeated[key] },
	}
	result := d.of(uint64(key), func() matching.Result { return d.compareCarriedOver(in, stored, newRows) })
	for _, match := range result.Matches() {
		record := records[match.Old]
		continued[record.ID] = true
		found = append(found, carriedOverMatch{match, *record})
	}
	return found, nil
}

// compareCarriedOver adds carried-over records and new rows to the input, and compares them.
func (d *decision) compareCarriedOver(
	in matching.Relink, stored []Record, newRows []*domain.TransactionData,
) matching.Result {
	for _, row := range newRows {
		in.New = append(in.New, d.Matching.Row(*row, d.Accounts[row.Account]))
	}
	for i := range stored {
		record := &stored[i]
		side := &in.Live
		if !record.RemovedAt.IsZero() {
			side = &in.NotShown
		}
		row := d.Matching.Row(record.TransactionData, record.AccountID)
		row.Excluded = !record.ExcludedAt.IsZero()
		*side = append(*side, row)
	}
	return matching.MatchCarriedOver(in)
}

// continueWith adds the change by which a record continues with a new row of the page. The method put stores the data
// of the row later.
func (d *decision) continueWith(c *Changes, old *Record, match domain.Match) {
	past := domain.Superseded{ExternalID: match.Old, At: d.At, Rule: match.Rule, Version: old.Version}
	c.Archive = append(c.Archive, old.Key())
	c.Rename = append(c.Rename, Renamed{
		ID: old.ID, From: old.Key(), ExternalID: match.New, Supersedes: append(slices.Clone(old.Supersedes), past),
		Pending: true,
	})
	c.setPast(match.Old, old.ID)
	c.Counts.IDChanges++
	d.expect(match.New, old, true)
	delete(d.leaving, match.Old)
}

// If needed is set, readNever reads the pairs of rows that must not be matched.
func (d *decision) readNever(needed bool) (err error) {
	if needed {
		d.never, err = d.source.Never()
	}
	return err
}
