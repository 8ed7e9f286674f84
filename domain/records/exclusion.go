package records

import (
	"cmp"
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// Exclude returns the changes by which a record counts nowhere, because an operator has decided that the vendor shows
// a movement twice; see domain.Transaction.Counts. The record keeps its row. There is no change if it is excluded
// already.
//
// Errors: Conflict (not_excludable) if the record is removed, superseded or erased.
func Exclude(record *Record, by, reason string) (Changes, error) {
	if !record.RemovedAt.IsZero() || !record.SupersededBy.IsZero() || record.Erased() {
		return Changes{}, notExcludable()
	}
	if !record.ExcludedAt.IsZero() {
		return Changes{}, nil
	}
	return Changes{Exclusion: &Exclusion{Record: record.ID, By: by}, Reason: reason}, nil
}

// Include returns the changes by which an excluded record counts again. There is no change if it is not excluded.
//
// Errors: Conflict (not_excludable) if the record is superseded or erased.
func Include(record *Record) (Changes, error) {
	if !record.SupersededBy.IsZero() || record.Erased() {
		return Changes{}, notExcludable()
	}
	if record.ExcludedAt.IsZero() {
		return Changes{}, nil
	}
	return Changes{Exclusion: &Exclusion{Record: record.ID}}, nil
}

func notExcludable() error {
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.NotExcludable,
		Message: "the transaction cannot be excluded or included: it is removed, superseded or erased",
	}
}

// keepCounted makes a record that counts continue with the row of an excluded record, if its own row leaves and the two
// records cannot be told apart; see matching.Alike. The vendor still shows the movement, so it still counts. The
// excluded record is superseded. This needs no Matching.
//
//   - A record loses its row if it leaves now. It has lost its row if it was removed after the exclusion, within
//     domain.MatchWindow.
//   - An excluded record has a row if it is live and does not leave, or if it is removed and its row is on the page. In
//     the former case, only records that leave now are considered.
func (d *decision) keepCounted() error {
	returns := len(d.returned()) > 0
	if len(d.leaving) == 0 && !returns {
		return nil
	}
	excluded, err := d.source.Excluded()
	if err != nil || len(excluded) == 0 {
		return err
	}
	lost, err := d.lostRows(returns)
	if err != nil || len(lost) == 0 {
		return err
	}
	if err := d.readNever(true); err != nil {
		return err
	}
	var c Changes
	var decided []string
	for i := range excluded {
		twin := &excluded[i]
		_, leaves := d.leaving[twin.ExternalID]
		gone := leaves || !twin.RemovedAt.IsZero() && !d.isOnPage(twin.ExternalID)
		if gone || d.Stored[twin.ExternalID].Archived {
			continue
		}
		at := slices.IndexFunc(lost, func(r Record) bool { return d.isTwin(&r, twin) })
		if at < 0 {
			continue
		}
		record := lost[at]
		lost = slices.Delete(lost, at, at+1)
		if d.isOnPage(record.ExternalID) {
			d.ignore(record.ExternalID) // its removal was announced
		}
		decided = append(decided, record.ExternalID, twin.ExternalID)
		d.takeOver(&c, &record, twin, domain.Match{
			MatchPair: domain.MatchPair{Old: record.ExternalID, New: twin.ExternalID}, Rule: domain.SameDescription,
		})
		if d.HasCarriedOver {
			c.clear(MarkCarriedOver, record.ExternalID)
		}
	}
	if len(decided) == 0 {
		return nil
	}
	if err := d.endDecided(&c, decided, func(Suggestion) SuggestionState { return SuggestionMatched }); err != nil {
		return err
	}
	return d.emit(c)
}

// lostRows returns the records that count, or counted until they were removed, and that lose or have lost their rows,
// ordered by id. It includes records that were removed before only if removed is set.
func (d *decision) lostRows(removed bool) (lost []Record, err error) {
	if leaving := d.sortedLeaving(); len(leaving) > 0 {
		if lost, err = d.source.Live(leaving); err != nil {
			return nil, err
		}
	}
	if removed {
		before, err := d.source.RemovedSince(d.At.Add(-domain.MatchWindow))
		if err != nil {
			return nil, err
		}
		for i := range before {
			if !d.isShown(before[i].ExternalID) {
				lost = append(lost, before[i])
			}
		}
	}
	lost = slices.DeleteFunc(lost, func(r Record) bool { return !r.ExcludedAt.IsZero() || r.Erased() })
	domain.SortLarge(lost, func(a, b Record) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return lost, nil
}

// isTwin reports whether a record that has lost its row continues with the row of an excluded record.
func (d *decision) isTwin(lost, excluded *Record) bool {
	if !lost.RemovedAt.IsZero() && (excluded.RemovedAt.IsZero() || lost.RemovedAt.Before(excluded.ExcludedAt)) {
		return false
	}
	return lost.Date == excluded.Date && lost.Amount.Equal(excluded.Amount) &&
		!d.never[domain.MatchPair{Old: lost.ExternalID, New: excluded.ExternalID}] &&
		matching.Alike(
			d.Matching.Row(lost.TransactionData, lost.AccountID),
			d.Matching.Row(excluded.TransactionData, excluded.AccountID))
}

func (d *decision) sortedLeaving() []string { return slices.Sorted(maps.Keys(d.leaving)) }
