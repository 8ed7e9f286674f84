package memory

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matcher"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MatcherEntries returns the implementation of ports.MatcherEntries on this store.
func (s *Store) MatcherEntries() ports.MatcherEntries { return matcherEntries{s} }

// matcherEntries implements ports.MatcherEntries on a Store.
type matcherEntries struct{ *Store }

func cloneMatcherEntry(e matcher.Entry) matcher.Entry {
	if e.Conflict != nil {
		c := *e.Conflict
		if c.Ours != nil {
			ours := *c.Ours
			c.Ours = &ours
		}
		if c.Theirs != nil {
			theirs := *c.Theirs
			c.Theirs = &theirs
		}
		e.Conflict = &c
	}
	e.Announce = false
	return e
}

// Mark adds entries to the map of the subscription.
func (v matcherEntries) Mark(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	return v.exclusive(ctx, "MatcherEntries.Mark", func() error {
		row, err := v.leased(l)
		if err != nil {
			return err
		}
		for _, mark := range marks {
			row.mark(mark, at)
		}
		return nil
	})
}

// MarkUnsent checks the state of each entry.
func (v matcherEntries) MarkUnsent(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	return v.exclusive(ctx, "MatcherEntries.MarkUnsent", func() error {
		row, err := v.leased(l)
		if err != nil {
			return err
		}
		for _, mark := range marks {
			e, stored := row.matcher[mark.Record]
			if !stored || e.State == matcher.None || e.State == matcher.Ignored {
				row.mark(mark, at)
			}
		}
		return nil
	})
}

// mark makes an entry due. It creates the entry if there is none.
func (s *subscription) mark(mark ports.MatcherMark, at time.Time) {
	e, stored := s.matcher[mark.Record]
	if !stored {
		e = matcher.NewEntry(mark.Record)
	}
	if e.DueAt.IsZero() || at.Before(e.DueAt) {
		e.DueAt = at
	}
	e.Connection = mark.Connection
	e.Marks++
	if s.matcher == nil {
		s.matcher = map[domain.TransactionID]matcher.Entry{}
	}
	s.matcher[mark.Record] = e
}

// MarkStrays visits all entries of the subscription.
func (v matcherEntries) MarkStrays(
	ctx context.Context, l ports.SubscriptionLease, sources []ports.MatcherSource, at time.Time,
) error {
	return v.exclusive(ctx, "MatcherEntries.MarkStrays", func() error {
		row, err := v.leased(l)
		if err != nil {
			return err
		}
		for _, e := range row.matcher {
			source := ports.MatcherSource{Account: e.Account, Target: e.Target}
			if e.State == matcher.Imported && !slices.Contains(sources, source) {
				row.mark(ports.MatcherMark{Record: e.Record, Connection: e.Connection}, at)
			}
		}
		return nil
	})
}

// Scanned reads the revision from the subscription.
func (v matcherEntries) Scanned(ctx context.Context, l ports.SubscriptionLease) (int64, error) {
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Scanned", func() (int64, error) {
		row, err := v.leased(l)
		if err != nil {
			return 0, err
		}
		return row.scanned, nil
	})
}

// SetScanned stores the revision with the subscription.
func (v matcherEntries) SetScanned(ctx context.Context, l ports.SubscriptionLease, revision int64) error {
	return v.exclusive(ctx, "MatcherEntries.SetScanned", func() error {
		row, err := v.leased(l)
		if err != nil {
			return err
		}
		row.scanned = revision
		return nil
	})
}

// Due sorts all due entries of the subscription.
func (v matcherEntries) Due(
	ctx context.Context, l ports.SubscriptionLease, now time.Time, limit int,
) ([]matcher.Entry, error) {
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Due", func() ([]matcher.Entry, error) {
		row, err := v.leased(l)
		if err != nil {
			return nil, err
		}
		var due []matcher.Entry
		for _, e := range row.matcher {
			if !e.DueAt.IsZero() && !e.DueAt.After(now) {
				due = append(due, cloneMatcherEntry(e))
			}
		}
		slices.SortFunc(due, func(x, y matcher.Entry) int {
			return cmp.Or(x.DueAt.Compare(y.DueAt), bytes.Compare(x.Record.UUID[:], y.Record.UUID[:]))
		})
		return due[:min(len(due), limit)], nil
	})
}

// NextDue compares the times of all entries of the subscription.
func (v matcherEntries) NextDue(ctx context.Context, l ports.SubscriptionLease) (time.Time, error) {
	return exclusiveResult(ctx, v.Store, "MatcherEntries.NextDue", func() (next time.Time, err error) {
		row, err := v.leased(l)
		if err != nil {
			return next, err
		}
		for _, e := range row.matcher {
			if !e.DueAt.IsZero() && (next.IsZero() || e.DueAt.Before(next)) {
				next = e.DueAt
			}
		}
		return next, nil
	})
}

// Save replaces stored entries.
func (v matcherEntries) Save(
	ctx context.Context, l ports.SubscriptionLease, entries []matcher.Entry, at time.Time,
) error {
	return v.exclusive(ctx, "MatcherEntries.Save", func() error {
		row, err := v.leased(l)
		if err != nil {
			return err
		}
		for _, e := range entries {
			stored, found := row.matcher[e.Record]
			if !found {
				continue
			}
			if stored.Marks == e.Marks && e.IsEmpty() {
				delete(row.matcher, e.Record)
				continue
			}
			announce := e.Announce
			e = cloneMatcherEntry(e)
			if stored.Marks != e.Marks {
				e.DueAt, e.Marks, e.Connection = stored.DueAt, stored.Marks, stored.Connection
			}
			row.matcher[e.Record] = e
			if announce {
				v.recordEvents(l.Tenant, e.Connection, at, records.Event{
					Type: events.MatcherConflict, Subject: events.ConflictSubject(l.Subscription, e.Record),
				})
			}
		}
		return nil
	})
}

// Taken visits all entries of the subscription.
func (v matcherEntries) Taken(
	ctx context.Context, l ports.SubscriptionLease, source string, externalIDs []string,
) (map[string]domain.TransactionID, error) {
	type result = map[string]domain.TransactionID
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Taken", func() (result, error) {
		row, err := v.leased(l)
		if err != nil {
			return nil, err
		}
		taken := result{}
		for _, e := range row.matcher {
			if e.Target.Source == source && slices.Contains(externalIDs, e.ExternalID) {
				taken[e.ExternalID] = e.Record
			}
		}
		return taken, nil
	})
}

// SharedAccounts compares each account with the accounts of all older connections.
func (v matcherEntries) SharedAccounts(
	ctx context.Context, tenant domain.TenantID,
) (map[domain.AccountID]bool, error) {
	type result = map[domain.AccountID]bool
	return exclusiveResult(ctx, v.Store, "MatcherEntries.SharedAccounts", func() (result, error) {
		shared := result{}
		for id, accounts := range v.accounts {
			for _, a := range accounts {
				if own := v.connections[id]; own.Tenant == tenant && own.Live() && v.hasOlderReader(own, a) {
					shared[a.ID] = true
				}
			}
		}
		return shared, nil
	})
}

// hasOlderReader reports whether an older live connection of the same vendor has the live account a of a connection.
func (s *Store) hasOlderReader(own *domain.Connection, a *records.Account) bool {
	for id, accounts := range s.accounts {
		other := s.connections[id]
		older := cmp.Or(other.CreatedAt.Compare(own.CreatedAt), bytes.Compare(other.ID.UUID[:], own.ID.UUID[:])) < 0
		if !older || !other.Live() || other.Tenant != own.Tenant || other.Vendor != own.Vendor {
			continue
		}
		for _, b := range accounts {
			same := a.ExternalID == b.ExternalID || a.Key != "" && a.Key == b.Key
			if same && a.RemovedAt.IsZero() && b.RemovedAt.IsZero() {
				return true
			}
		}
	}
	return false
}

// Conflicts returns pages ordered by the beginning of the conflict.
func (v matcherEntries) Conflicts(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
	page domain.PageRequest,
) (domain.Page[matcher.Entry], error) {
	type result = domain.Page[matcher.Entry]
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Conflicts", func() (result, error) {
		if err := checkTimePosition(page.After); err != nil {
			return result{}, err
		}
		row, err := v.subscriptionOf(tenant, subscription)
		if err != nil {
			return result{}, nil
		}
		conflicts := func(yield func(matcher.Entry) bool) {
			for e := range maps.Values(row.matcher) {
				if e.Conflict != nil && !yield(cloneMatcherEntry(e)) {
					return
				}
			}
		}
		return cutPage(conflicts, page, descending, func(e matcher.Entry) domain.Position {
			return timePosition(e.Conflict.Since, e.Record.UUID)
		}), nil
	})
}

// RetryConflict changes only the time and the marks of the entry.
func (v matcherEntries) RetryConflict(ctx context.Context, tenant domain.TenantID,
	subscription events.SubscriptionID, record domain.TransactionID, at time.Time, entries ports.AuditEntries,
) error {
	return v.exclusive(ctx, "MatcherEntries.RetryConflict", func() error {
		row, err := v.subscriptionOf(tenant, subscription)
		if err != nil {
			return err
		}
		e, found := row.matcher[record]
		if !found || e.Conflict == nil {
			return domain.NotFoundError()
		}
		e.DueAt = at
		e.Marks++
		row.matcher[record] = e
		v.record(tenant, entries)
		return nil
	})
}

// eraseMatcherEntries deletes the entries of the records of a connection.
func (s *Store) eraseMatcherEntries(connection domain.ConnectionID) {
	for _, row := range s.subscriptions {
		maps.DeleteFunc(row.matcher, func(_ domain.TransactionID, e matcher.Entry) bool {
			return e.Connection == connection
		})
	}
}
