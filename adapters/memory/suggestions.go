package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// changeSuggestions stores the suggestions in c.Suggestions, with their events. It then sets the field
// PossiblySupersedes of the records in c.Possibly.
func (w *recordWriter) changeSuggestions(c *records.Changes) {
	suggestions := innerMap(w.suggestions, w.p.Connection)
	for _, s := range c.Suggestions {
		s.Evidence = slices.Clone(s.Evidence)
		suggestions[ports.RecordPair{Old: s.Old, New: s.New}] = s
		w.recordEvents(w.p.Tenant, w.p.Connection, w.at, records.OfSuggestion(s)...)
	}
	for _, p := range c.Possibly {
		row := w.rowByID(w.p.Tenant, p.Record)
		if !p.SameVersion {
			row.archive()
		}
		row.PossiblySupersedes = slices.Clone(p.Old)
		if !p.SameVersion {
			w.appendVersion(row)
			row.reason = c.Reason
		}
	}
}

// Suggestions implements records.Source. It returns open suggestions whose old or new record has one of these external
// ids.
func (s recordSource) Suggestions(externalIDs []string) ([]records.StoredSuggestion, error) {
	var found []records.StoredSuggestion
	for _, suggestion := range s.sortedSuggestions(s.p.Connection) {
		if suggestion.State != records.SuggestionOpen {
			continue
		}
		old, newer := s.rowByID(s.p.Tenant, suggestion.Old), s.rowByID(s.p.Tenant, suggestion.New)
		if slices.Contains(externalIDs, old.ExternalID) || slices.Contains(externalIDs, newer.ExternalID) {
			found = append(found, records.StoredSuggestion{
				Suggestion: suggestion, OldExternalID: old.ExternalID, NewExternalID: newer.ExternalID,
				Possibly: slices.Clone(newer.PossiblySupersedes),
			})
		}
	}
	return found, nil
}

// Suggestion implements records.Source. It returns a suggestion in any state.
func (s recordSource) Suggestion(old, newer domain.TransactionID) (records.Suggestion, bool, error) {
	suggestion, found := s.suggestions[s.p.Connection][ports.RecordPair{Old: old, New: newer}]
	return suggestion, found, nil
}

// Joined implements records.Source. It returns the old records of joined pairs.
func (s recordSource) Joined() ([]records.Record, error) {
	var joined []records.Record
	for _, suggestion := range s.sortedSuggestions(s.p.Connection) {
		if suggestion.State == records.SuggestionJoined {
			joined = append(joined, record(s.rowByID(s.p.Tenant, suggestion.Old)))
		}
	}
	return joined, nil
}

// sortedSuggestions returns copies of the suggestions of a connection, newest first.
func (s *Store) sortedSuggestions(id domain.ConnectionID) []records.Suggestion {
	all := make([]records.Suggestion, 0, len(s.suggestions[id]))
	for _, suggestion := range s.suggestions[id] {
		suggestion.Evidence = slices.Clone(suggestion.Evidence)
		all = append(all, suggestion)
	}
	slices.SortFunc(all, records.CompareSuggestions)
	return all
}

// Suggestions examines all connections of the tenant.
func (v ledger) Suggestions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[ports.Suggestion], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Suggestions", func() (domain.Page[ports.Suggestion], error) {
		var listed []ports.Suggestion
		for id, c := range v.connections {
			if c.Tenant != tenant || !connection.IsZero() && id != connection {
				continue
			}
			for _, s := range v.sortedSuggestions(id) {
				if s.IsListed() {
					listed = append(listed, s)
				}
			}
		}
		return cutPage(listed, page, bySuggestion, ports.Suggestion.Position)
	})
}

// Suggestion returns one suggestion.
func (v ledger) Suggestion(
	ctx context.Context, tenant domain.TenantID, pair ports.RecordPair,
) (ports.Suggestion, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Suggestion", func() (ports.Suggestion, error) {
		row := v.rowByID(tenant, pair.New)
		if row == nil {
			return ports.Suggestion{}, domain.NotFoundError()
		}
		s, found := v.suggestions[row.Connection][pair]
		if !found {
			return ports.Suggestion{}, domain.NotFoundError()
		}
		s.Evidence = slices.Clone(s.Evidence)
		return s, nil
	})
}

// decide applies the changes of an operator's decision about a record.
func (v ledger) decide(
	row *transaction, at time.Time, decide func(records.View, *recordWriter) (records.Changes, error),
) error {
	p := &pull{Pull: domain.Pull{Tenant: row.Tenant, Connection: row.Connection, Vendor: row.Vendor}}
	w := &recordWriter{recordSource: recordSource{v.Store, p}, at: v.tick(row.Connection, at)}
	c, err := decide(v.viewOf(p, nil, nil), w)
	if err == nil {
		w.applyOne(c)
	}
	return err
}

// Split undoes the last replacement of a transaction.
func (v ledger) Split(ctx context.Context, tenant domain.TenantID, id, newID domain.TransactionID,
	decision ports.Decision,
) (domain.Transaction, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Split", func() (domain.Transaction, error) {
		row := v.rowByID(tenant, id)
		if row == nil {
			return domain.Transaction{}, domain.NotFoundError()
		}
		present := record(row)
		err := v.decide(row, decision.At, func(view records.View, w *recordWriter) (records.Changes, error) {
			return records.Split(view, w, ports.PageWrite{At: w.at}, &present, newID, decision.Reason)
		})
		if err != nil {
			return domain.Transaction{}, err
		}
		v.record(tenant, decision.Entries)
		return cloneTransaction(row.Transaction), nil
	})
}

// Join decides that a removed record continues as the row of a live record.
func (v ledger) Join(
	ctx context.Context, tenant domain.TenantID, pair ports.RecordPair, decision ports.Decision,
) (domain.Transaction, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Join", func() (domain.Transaction, error) {
		row, newRow := v.rowByID(tenant, pair.Old), v.rowByID(tenant, pair.New)
		if row == nil || newRow == nil {
			return domain.Transaction{}, domain.NotFoundError()
		}
		old, with := record(row), record(newRow)
		err := v.decide(row, decision.At, func(view records.View, w *recordWriter) (records.Changes, error) {
			return records.Join(view, w, ports.PageWrite{At: w.at}, &old, &with, decision.Reason)
		})
		if err != nil {
			return domain.Transaction{}, err
		}
		v.record(tenant, decision.Entries)
		return cloneTransaction(row.Transaction), nil
	})
}

// Dismiss decides about all pairs before it changes any of them.
func (v ledger) Dismiss(
	ctx context.Context, tenant domain.TenantID, pairs []ports.RecordPair, decision ports.Decision,
) error {
	return v.exclusive(ctx, "Ledger.Dismiss", func() error {
		apply := false
		each := func(pair ports.RecordPair) error {
			row, newRow := v.rowByID(tenant, pair.Old), v.rowByID(tenant, pair.New)
			if row == nil || newRow == nil {
				return domain.NotFoundError()
			}
			old, with := record(row), record(newRow)
			return v.decide(row, decision.At, func(_ records.View, w *recordWriter) (records.Changes, error) {
				c, err := records.Dismiss(w, &old, &with, decision.Reason)
				if !apply {
					c = records.Changes{}
				}
				return c, err
			})
		}
		for range 2 {
			for _, pair := range pairs {
				if err := each(pair); err != nil {
					return err
				}
			}
			apply = true
		}
		v.record(tenant, decision.Entries)
		return nil
	})
}

// addSuggestions sets the facts about a connection that concern suggestions.
func (s *Store) addSuggestions(f *domain.ConnectionFacts, id domain.ConnectionID) {
	for _, suggestion := range s.suggestions[id] {
		switch suggestion.State {
		case records.SuggestionOpen:
			f.SuggestedSince = domain.EarlierNonZero(f.SuggestedSince, suggestion.Since)
		case records.SuggestionUndone:
			f.JoinUndoneSince = domain.EarlierNonZero(f.JoinUndoneSince, suggestion.Since)
		default:
		}
	}
}

// moveSuggestions moves the suggestions of an account to another connection.
func (s *Store) moveSuggestions(account domain.AccountID, from, to domain.ConnectionID) {
	for pair, suggestion := range s.suggestions[from] {
		if suggestion.Account != account {
			continue
		}
		delete(s.suggestions[from], pair)
		suggestion.Connection = to
		innerMap(s.suggestions, to)[pair] = suggestion
	}
}
