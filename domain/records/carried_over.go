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
	if !d.CarriedOver || len(d.Rows()) == 0 {
		return nil
	}
	returned := make([]string, len(d.Transactions))
	for i := range d.Transactions {
		returned[i] = d.Transactions[i].ExternalID
	}
	if err := d.emit(Changes{Returned: returned}); err != nil || d.Matching == nil {
		return err
	}
	var newRows []matching.Row
	for _, i := range d.unknown() {
		newRows = append(newRows, d.Matching.Row(d.Transactions[i], d.Accounts[d.Transactions[i].Account]))
	}
	if err := d.readNever(len(newRows) > 0); err != nil {
		return err
	}
	slices.SortFunc(newRows, func(a, b matching.Row) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	for len(newRows) > 0 {
		end := min(matchRows, len(newRows))
		for end < len(newRows) && newRows[end].Date == newRows[end-1].Date {
			end++
		}
		if err := d.continueCarriedOver(newRows[:end]); err != nil {
			return err
		}
		newRows = newRows[end:]
	}
	return nil
}

// continueCarriedOver matches new rows, ordered by date, with carried-over records.
func (d *decision) continueCarriedOver(newRows []matching.Row) error {
	since := d.At.Add(-domain.MatchWindow)
	dates := domain.Window{
		From: newRows[0].Date.AddDays(-domain.MatchDays), To: newRows[len(newRows)-1].Date.AddDays(domain.MatchDays),
	}
	stored, err := d.source.CarriedOver(dates, since)
	if err != nil || len(stored) == 0 {
		return err
	}
	in, records := matching.Relink{New: newRows, Never: d.never}, map[string]*Record{}
	for i := range stored {
		record := &stored[i]
		records[record.ExternalID] = record
		side := &in.Live
		if !record.RemovedAt.IsZero() {
			side = &in.NotShown
		}
		*side = append(*side, d.Matching.Row(record.TransactionData, record.AccountID))
	}
	var c Changes
	for _, match := range matching.MatchCarriedOver(in).Matches() {
		d.continueWith(&c, records[match.Old], match)
		c.Returned = append(c.Returned, match.Old)
	}
	if len(c.Rename) == 0 {
		return nil
	}
	return d.emit(c)
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
	c.Past = append(c.Past, PastID{match.Old, old.ID})
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
