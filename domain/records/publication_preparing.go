package records

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// PreparedBatch is the maximum number of records that Prepare returns, and that a store prepares in one transaction.
const PreparedBatch = 200

// Prepare returns the next versions of some of the records that new rows continue: at most 200 (PreparedBatch). A store
// calls it before the transaction of Publish begins, and keeps the records where no reader sees them. Publish then
// switches to all of them at once (Changes.SwitchOver), and need not read their rows.
//
// The versions are those that Publish would make at w.At. They are valid as long as the plan is up to date. Records
// without a result are written by Publish: those that are removed now, because suggestions may end with their return.
//
// done reports that there are no more records. The store must keep all returned records or discard the plan. Errors:
// ErrNotCompared if the plan is outdated; those of the source.
func (p *PublicationPlan) Prepare(w Publication, source PublicationSource) (next []Record, done bool, err error) {
	b := newPublisher(w, p.view, source, p)
	for len(next) == 0 && p.checked < len(p.matches) {
		batch := p.matches[p.checked:min(p.checked+PreparedBatch, len(p.matches))]
		if next, err = b.prepare(batch); err != nil {
			return nil, false, err
		}
		p.checked += len(batch)
	}
	return next, p.checked == len(p.matches), nil
}

// isPrepared reports whether a store keeps prepared records. It is false for a nil plan.
func (p *PublicationPlan) isPrepared() bool { return p != nil && p.prepared.Modified > 0 }

// left returns the matches whose records were not prepared.
func (p *PublicationPlan) left() []plannedMatch {
	return slices.Concat(p.unprepared, p.matches[p.checked:])
}

// prepare returns the next versions of the live ones of the matched records. It adds the others to plan.unprepared.
func (b *publisher) prepare(batch []plannedMatch) ([]Record, error) {
	ids := make([]domain.TransactionID, len(batch))
	for i := range batch {
		ids[i] = batch[i].record
	}
	records, err := b.source.Identities(ids)
	if err != nil {
		return nil, err
	}
	if len(records) < len(batch) {
		return nil, ErrNotCompared
	}
	view := b.View
	view.Stored = make(map[string]Stored, len(batch))
	d := &decision{Page: &Page{PageWrite: b.PageWrite}, View: view, source: b.source}
	var c Changes
	rows := b.visible()
	for _, match := range batch {
		if records[match.record].RemovedAt.IsZero() {
			d.continueWith(&c, records[match.record], match.Match)
			rows.ExternalIDs = append(rows.ExternalIDs, match.New)
		} else {
			b.plan.unprepared = append(b.plan.unprepared, match)
		}
	}
	if len(rows.ExternalIDs) == 0 {
		return nil, nil
	}
	return d.prepareRows(&c, rows, b.source, &b.plan.prepared)
}

// prepareRows returns the next versions of the records that c renames. rows selects their new rows. prepareRows adds
// the counts of c to counts.
func (d *decision) prepareRows(
	c *Changes, rows StagedRowsOf, source PublicationSource, counts *domain.Counts,
) ([]Record, error) {
	err := source.VisitStaged(rows, d.addRow)
	if err != nil {
		return nil, err
	}
	next, ok := d.nextVersions(c)
	if !ok {
		return nil, ErrNotCompared
	}
	c.Counts.Read = 0
	*counts = counts.Plus(c.Counts)
	return next, nil
}

// addRow adds a row to the page.
func (p *Page) addRow(row domain.TransactionData) {
	p.Transactions, p.digests = append(p.Transactions, row), append(p.digests, row.Digest())
}

// switchOver makes the prepared records visible.
func (b *publisher) switchOver() error {
	if !b.plan.isPrepared() {
		return nil
	}
	return b.emit(Changes{Publication: &PublicationChanges{SwitchOver: true}, Counts: b.plan.prepared})
}
