package records

import (
	"iter"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// CheckMerge returns an error unless an account can continue as another stored account, the successor. left is set if
// the connection of the account was deleted.
//
// Errors: Conflict (account_not_ambiguous) unless the account is gone, from the connection of the successor or with its
// own connection, the successor is live, and both are accounts of one vendor; Conflict (currency_differs) unless both
// have one currency.
func CheckMerge(account, successor Account, left bool) error {
	gone := left || account.Connection == successor.Connection && !account.RemovedAt.IsZero()
	if account.ID == successor.ID || !gone || !successor.RemovedAt.IsZero() || account.Vendor != successor.Vendor {
		return domain.NotAmbiguous()
	}
	if account.Currency != successor.Currency {
		return &domain.Error{Kind: domain.Conflict, Code: domain.CurrencyDiffers}
	}
	return nil
}

// MergedAccounts returns the changes of the accounts that Merge joins. The account gets the data, the external id and
// the connection of its successor, and is live again. The successor ends: the vendor's id is no longer its own.
func MergedAccounts(w PageWrite, account, successor Account) (ended, continued AccountChanges) {
	next := account.with(successor.AccountData, successor.Key, successor.Listed)
	next.RemovedAt, next.Connection = successor.RemovedAt, successor.Connection
	next.MaybeContinues, next.UpdatedAt = nil, w.At
	if n := len(successor.References); n > 0 {
		next.Relink(successor.References[n-1].AccountRef, successor.ExternalID, w.At)
	}
	successor.EndReference(w.At)
	successor.ExternalID, successor.Key, successor.Listed = successor.ID.String(), "", false
	successor.MaybeContinues, successor.RemovedAt, successor.UpdatedAt = nil, w.At, w.At
	ended.save(successor, events.AccountRemoved)
	continued.save(next, events.AccountRelinked)
	return ended, continued
}

// Merge yields the changes by which the records of an account that is gone continue as the records of the account that
// the vendor lists in its place, and that was stored as a new one. view.Relinked contains the account that is gone. The
// source returns the live records of the other account as staged rows, and plan states which records they continue.
//
//   - A record that continues takes over the row of the younger record, which is superseded.
//   - A live record that does not continue is removed, unless it is older than all rows of the other account.
//
// The store then moves what is left of the other account.
func Merge(
	w Publication, view PublicationView, source PublicationSource, plan *PublicationPlan,
) iter.Seq2[Changes, error] {
	b := newPublisher(w, view, source, plan)
	return b.changesOf(func() error {
		var matches []plannedMatch
		if plan != nil {
			matches = plan.matches
		}
		if err := b.removeLeft(matches); err != nil {
			return err
		}
		for batch := range slices.Chunk(matches, renameBatch) {
			if err := b.mergeRecords(batch); err != nil {
				return err
			}
		}
		return b.suggestMerged()
	})
}

// removeLeft removes the live records that no match continues.
func (b *publisher) removeLeft(matches []plannedMatch) error {
	continued := make(map[domain.TransactionID]bool, len(matches))
	for _, match := range matches {
		continued[match.record] = true
	}
	oldest, err := b.oldestStaged()
	if err != nil {
		return err
	}
	for _, account := range b.relinked {
		from, found := oldest[account]
		if !found {
			continue
		}
		left := b.recordsOf(account)
		left.Dates.From = from
		var names []string
		err := b.source.VisitRecords(left, func(r *Record) {
			if !continued[r.ID] {
				names = append(names, r.ExternalID)
			}
		})
		if err != nil {
			return err
		}
		slices.Sort(names)
		for batch := range slices.Chunk(names, publishBatch) {
			if err := b.remove(batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeRecords emits the changes by which records continue as younger ones. Errors: ErrNotCompared if one of them has
// changed.
func (b *publisher) mergeRecords(batch []plannedMatch) error {
	ids, names, decided := []domain.TransactionID(nil), []string(nil), []string(nil)
	for _, match := range batch {
		ids, names = append(ids, match.record), append(names, match.New)
		decided = append(decided, match.Old, match.New)
	}
	older, err := b.source.Identities(ids)
	if err != nil {
		return err
	}
	younger, err := b.liveNamed(names)
	if err != nil {
		return err
	}
	var c Changes
	for _, match := range batch {
		old, next := older[match.record], younger[match.New]
		if old == nil || next == nil {
			return ErrNotCompared
		}
		next.AccountID = old.AccountID
		c.clear(MarkCarriedOver, match.Old)
		b.takeOver(&c, old, next, match.Match)
	}
	err = b.endDecided(&c, decided, func(Suggestion) SuggestionState { return SuggestionMatched })
	if err != nil {
		return err
	}
	return b.emit(c)
}

// liveNamed returns the live records with these external ids, by external id.
func (b *publisher) liveNamed(names []string) (map[string]*Record, error) {
	live, err := b.source.Live(names)
	named := make(map[string]*Record, len(live))
	for i := range live {
		named[live[i].ExternalID] = &live[i]
	}
	return named, err
}

// suggestMerged opens the planned suggestions.
func (b *publisher) suggestMerged() error {
	if b.plan == nil || len(b.plan.suggestions) == 0 {
		return nil
	}
	var names []string
	for _, s := range b.plan.suggestions {
		names = append(names, s.externalID)
	}
	slices.Sort(names)
	names = slices.Compact(names) // each row in one part
	changes := newSuggestionChanges()
	for part := range slices.Chunk(names, maxReplacements) {
		live, err := b.liveNamed(part)
		if err != nil {
			return err
		}
		for _, s := range b.plan.suggestions {
			if newer := live[s.externalID]; newer != nil {
				changes.open(b.newSuggestion(s.old, newer.ID, s.account, s.findings), newer.PossiblySupersedes)
			}
		}
	}
	var c Changes
	changes.addTo(&c)
	return b.emit(c)
}
