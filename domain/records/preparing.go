package records

import (
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// preparedReplacements are the next versions of records that new rows of a page continue. A store keeps them where no
// reader sees them, and the page switches to all of them at once. The key is the external id of the new row.
type preparedReplacements map[string]*Record

// foreseen is a result of findRemoved for a write at the given time.
type foreseen struct {
	replacements

	at time.Time
}

// Foresee finds the comparisons that Changes will need, as far as they do not depend on other changes. A store calls it
// outside of the transaction that writes. It changes nothing. Changes uses the result of the comparisons if the view
// states that nothing has changed since (View.AsForeseen), so that its transaction is shorter.
//
// If new rows continue many records, Foresee also returns the next versions of these records, made at the time At of
// the page. A store may keep them where no reader sees them and then call Prepared: Changes switches to all of them at
// once (Changes.SwitchOver), if they are still valid then. Errors: ErrNotCompared if Comparisons lacks a comparison, or
// the memory for one; those of the source.
func (p *Page) Foresee(view View, source Source) (next []Record, err error) {
	d := &decision{Page: p, View: view, source: source, leaving: map[string]domain.PullID{}}
	changesNothing := true
	d.yield = func(c Changes, _ error) bool {
		changesNothing = false
		return len(c.Rename) == 0 && len(c.Upsert) == 0
	}
	err = d.beforeReplacements()
	if err == nil && d.mayReplaceRemoved() {
		var found replacements
		if found, err = d.findRemoved(); err == nil {
			if changesNothing && len(d.FirstStored) == 0 {
				p.foreseen = &foreseen{found, d.At}
			}
			return d.prepareReplacements(&found), nil
		}
	}
	if errors.Is(err, errStopped) {
		return nil, nil
	}
	return nil, err
}

// Prepared states that a store keeps these records, which Foresee has returned.
func (p *Page) Prepared(next []Record) {
	p.prepared = make(preparedReplacements, len(next))
	for i := range next {
		p.prepared[next[i].ExternalID] = &next[i]
	}
}

// prepareReplacements returns the next versions of the live records that new rows of the page continue. It returns
// nothing if they are few.
func (d *decision) prepareReplacements(found *replacements) []Record {
	rows := make(map[string]int, len(d.Transactions))
	for i := range d.Transactions {
		rows[d.Transactions[i].ExternalID] = i
	}
	w := d.PageWrite
	w.Transactions = nil
	only := &decision{Page: &Page{PageWrite: w}, View: d.View, leaving: map[string]domain.PullID{}}
	only.Stored = map[string]Stored{}
	var c Changes
	for _, match := range found.matches {
		i, isOnPage := rows[match.New]
		if isOnPage && found.canPrepare(match) {
			only.continueWith(&c, found.old[match.Old], match)
			only.Transactions = append(only.Transactions, d.Transactions[i])
			only.digests = append(only.digests, d.digests[i])
		}
	}
	if len(c.Rename) < ManyRows {
		return nil
	}
	next, _ := only.nextVersions(&c)
	return next
}

// canPrepare reports whether the next version of the record of a match can be prepared. The return of a removed record
// may end suggestions, and a younger record ends in the same write.
func (r *replacement) canPrepare(match domain.Match) bool {
	return r.old[match.Old].RemovedAt.IsZero() && r.replaced[match.New] == nil
}

// nextVersions returns the next versions of the records that c renames, and whose new rows are the rows of the page. It
// reports false if a row makes no next version of such a record.
func (d *decision) nextVersions(c *Changes) ([]Record, bool) {
	d.put(c)
	if len(c.Upsert) != len(c.Rename) {
		return nil, false
	}
	supersedes := make(map[string][]domain.Superseded, len(c.Rename))
	for _, renamed := range c.Rename {
		supersedes[renamed.ExternalID] = renamed.Supersedes
	}
	for i := range c.Upsert {
		c.Upsert[i].Supersedes = supersedes[c.Upsert[i].ExternalID]
	}
	return c.Upsert, true
}

// switchOver emits the change that makes the prepared records visible, and returns the other matches. If a prepared
// record is no longer valid, it discards all of them: the write begins again, and writes all rows itself. Errors:
// ErrNotCompared.
func (d *decision) switchOver(found *replacements) (left []domain.Match, err error) {
	if len(d.prepared) == 0 {
		return found.matches, nil
	}
	c := Changes{Publication: &PublicationChanges{SwitchOver: true}}
	for _, match := range found.matches {
		next := d.prepared[match.New]
		if next == nil {
			left = append(left, match)
			continue
		}
		if !found.canPrepare(match) || !d.follows(next, found.old[match.Old], match) {
			break
		}
		c.Counts.Modified++
		c.Counts.IDChanges++
		d.expect(match.New, found.old[match.Old], true)
		d.noteReplaced(&c, match)
	}
	if c.Counts.Modified < len(d.prepared) {
		d.Page.prepared = nil
		return nil, ErrNotCompared
	}
	d.switched = d.prepared
	return left, d.emit(c)
}

// follows reports whether a prepared record is the next version of the record that the match continues.
func (d *decision) follows(next, old *Record, match domain.Match) bool {
	last := len(old.Supersedes)
	return next.ID == old.ID && next.Version == old.Version+1 && next.UpdatedAt.Equal(d.At) &&
		next.AccountID == d.Accounts[next.Account] && len(next.Supersedes) == last+1 &&
		slices.Equal(next.Supersedes[:last], old.Supersedes) && next.Supersedes[last].Rule == match.Rule &&
		next.Supersedes[last].ExternalID == match.Old
}
