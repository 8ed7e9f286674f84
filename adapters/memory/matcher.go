package memory

import (
	"cmp"
	"context"
	"iter"
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
		c.Ours, c.Theirs = clonePointer(c.Ours), clonePointer(c.Theirs)
		e.Conflict = &c
	}
	e.Announce = false
	return e
}

// Mark implements ports.MatcherEntries. It adds entries to the map of the subscription.
func (v matcherEntries) Mark(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	return v.underLease(ctx, "MatcherEntries.Mark", l, func(row *subscription) error {
		for _, mark := range marks {
			row.mark(mark, at)
		}
		return nil
	})
}

// MarkUnsent implements ports.MatcherEntries. It checks the state of each entry.
func (v matcherEntries) MarkUnsent(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	return v.underLease(ctx, "MatcherEntries.MarkUnsent", l, func(row *subscription) error {
		for _, mark := range marks {
			e, stored := row.matcher[mark.Record]
			if !stored || e.State == matcher.None || e.State == matcher.Ignored {
				row.mark(mark, at)
			}
		}
		return nil
	})
}

// mark makes the subscription's entry for a record due at the given time, unless it is due earlier. It creates the
// entry if there is none.
func (s *subscription) mark(mark ports.MatcherMark, at time.Time) {
	e, stored := s.matcher[mark.Record]
	if !stored {
		e = matcher.NewEntry(mark.Record)
	}
	e.DueAt = domain.EarlierNonZero(e.DueAt, at)
	e.Connection = mark.Connection
	e.Marks++
	s.matcher[mark.Record] = e
}

// MarkUnmapped implements ports.MatcherEntries. It visits all entries of the subscription.
func (v matcherEntries) MarkUnmapped(
	ctx context.Context, l ports.SubscriptionLease, sources []ports.MatcherSource, at time.Time,
) error {
	return v.underLease(ctx, "MatcherEntries.MarkUnmapped", l, func(row *subscription) error {
		for _, e := range row.matcher {
			source := ports.MatcherSource{Account: e.Account, Target: e.Target}
			if e.State == matcher.Imported && !slices.Contains(sources, source) {
				row.mark(ports.MatcherMark{Record: e.Record, Connection: e.Connection}, at)
			}
		}
		return nil
	})
}

// State implements ports.MatcherEntries. It reads the state from the subscription.
func (v matcherEntries) State(ctx context.Context, l ports.SubscriptionLease) (state ports.MatcherState, err error) {
	err = v.underLease(ctx, "MatcherEntries.State", l, func(row *subscription) error {
		state = row.matcherState
		return nil
	})
	return state, err
}

// SetState implements ports.MatcherEntries. It stores the state with the subscription.
func (v matcherEntries) SetState(ctx context.Context, l ports.SubscriptionLease, state ports.MatcherState) error {
	return v.underLease(ctx, "MatcherEntries.SetState", l, func(row *subscription) error {
		row.matcherState = state
		return nil
	})
}

// Due implements ports.MatcherEntries. It sorts all due entries of the subscription.
func (v matcherEntries) Due(
	ctx context.Context, l ports.SubscriptionLease, now time.Time, limit int,
) (due []matcher.Entry, err error) {
	err = v.underLease(ctx, "MatcherEntries.Due", l, func(row *subscription) error {
		for _, e := range row.matcher {
			if !e.DueAt.IsZero() && !e.DueAt.After(now) {
				due = append(due, cloneMatcherEntry(e))
			}
		}
		slices.SortFunc(due, func(x, y matcher.Entry) int {
			return cmp.Or(x.DueAt.Compare(y.DueAt), x.Record.Compare(y.Record))
		})
		due = due[:min(len(due), limit)]
		return nil
	})
	return due, err
}

// NextDue implements ports.MatcherEntries. It compares the times of all entries of the subscription.
func (v matcherEntries) NextDue(ctx context.Context, l ports.SubscriptionLease) (next time.Time, err error) {
	err = v.underLease(ctx, "MatcherEntries.NextDue", l, func(row *subscription) error {
		for _, e := range row.matcher {
			next = domain.EarlierNonZero(next, e.DueAt)
		}
		return nil
	})
	return next, err
}

// Save implements ports.MatcherEntries. It replaces stored entries.
func (v matcherEntries) Save(
	ctx context.Context, l ports.SubscriptionLease, entries []matcher.Entry, at time.Time,
) error {
	return v.underLease(ctx, "MatcherEntries.Save", l, func(row *subscription) error {
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

// Taken implements ports.MatcherEntries. It visits all entries of the subscription.
func (v matcherEntries) Taken(
	ctx context.Context, l ports.SubscriptionLease, source string, externalIDs []string,
) (taken map[string]domain.TransactionID, err error) {
	err = v.underLease(ctx, "MatcherEntries.Taken", l, func(row *subscription) error {
		taken = map[string]domain.TransactionID{}
		for _, e := range row.matcher {
			if e.Target.Source == source && slices.Contains(externalIDs, e.ExternalID) {
				taken[e.ExternalID] = e.Record
			}
		}
		return nil
	})
	return taken, err
}

// SharedAccounts implements ports.MatcherEntries. It compares each account with all others of the tenant.
func (v matcherEntries) SharedAccounts(
	ctx context.Context, tenant domain.TenantID,
) (map[domain.AccountID]bool, error) {
	type result = map[domain.AccountID]bool
	return exclusiveResult(ctx, v.Store, "MatcherEntries.SharedAccounts", func() (result, error) {
		shared := result{}
		for own, a := range v.accountsOf(tenant) {
			if v.sentByAnother(own, a) {
				shared[a.ID] = true
			}
		}
		return shared, nil
	})
}

// accountsOf iterates over the accounts of a tenant that are not removed, with their connections.
func (s *Store) accountsOf(tenant domain.TenantID) iter.Seq2[*domain.Connection, *records.Account] {
	return func(yield func(*domain.Connection, *records.Account) bool) {
		for id, accounts := range s.accounts {
			own := s.connections[id]
			if own.Tenant != tenant {
				continue
			}
			for _, a := range accounts {
				if a.RemovedAt.IsZero() && !yield(own, a) {
					return
				}
			}
		}
	}
}

// sentByAnother reports whether the records of the account a are sent through another connection that also has the
// account.
func (s *Store) sentByAnother(own *domain.Connection, a *records.Account) bool {
	for other, b := range s.accountsOf(own.Tenant) {
		same := a.ExternalID == b.ExternalID || a.Key != "" && a.Key == b.Key
		older := cmp.Or(other.CreatedAt.Compare(own.CreatedAt), other.ID.Compare(own.ID)) < 0
		if same && other.ID != own.ID && other.Vendor == own.Vendor && other.Live() && (older || !own.Live()) {
			return true
		}
	}
	return false
}

// Unmapped implements ports.MatcherEntries. It sorts all accounts of the tenant.
func (v matcherEntries) Unmapped(
	ctx context.Context, tenant domain.TenantID, mapped []domain.AccountID, page domain.PageRequest,
) (domain.Page[ports.UnmappedAccount], error) {
	type result = domain.Page[ports.UnmappedAccount]
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Unmapped", func() (result, error) {
		var unmapped []ports.UnmappedAccount
		for own, a := range v.accountsOf(tenant) {
			shared := v.sentByAnother(own, a)
			if own.Live() && (shared || !slices.Contains(mapped, a.ID)) {
				unmapped = append(unmapped, ports.UnmappedAccount{
					Account: a.ID, Connection: own.ID, Type: string(a.Type), Name: a.Name, Number: a.Number,
					Currency: a.Currency, Shared: shared,
				})
			}
		}
		return cutPage(unmapped, page, byName, func(a ports.UnmappedAccount) domain.Position {
			return domain.Position{Key: a.Account.String(), ID: a.Account.UUID}
		})
	})
}

// Conflicts implements ports.MatcherEntries. It returns pages ordered by the beginning of the conflict.
func (v matcherEntries) Conflicts(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
	page domain.PageRequest,
) (domain.Page[matcher.Entry], error) {
	type result = domain.Page[matcher.Entry]
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Conflicts", func() (result, error) {
		var conflicts []matcher.Entry
		if row, err := v.subscriptionOf(tenant, subscription); err == nil {
			for _, e := range row.matcher {
				if e.Conflict != nil {
					conflicts = append(conflicts, cloneMatcherEntry(e))
				}
			}
		}
		return cutPage(conflicts, page, byTime, func(e matcher.Entry) domain.Position {
			return timePosition(e.Conflict.Since, e.Record.UUID)
		})
	})
}

// Conflict implements ports.MatcherEntries. It looks the entry up.
func (v matcherEntries) Conflict(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
	record domain.TransactionID,
) (matcher.Entry, error) {
	return exclusiveResult(ctx, v.Store, "MatcherEntries.Conflict", func() (matcher.Entry, error) {
		row, err := v.subscriptionOf(tenant, subscription)
		if err != nil {
			return matcher.Entry{}, err
		}
		e, found := row.matcher[record]
		if !found || e.Conflict == nil {
			return matcher.Entry{}, domain.NotFoundError()
		}
		return cloneMatcherEntry(e), nil
	})
}

// RetryConflict implements ports.MatcherEntries. It changes only the due time and the number of marks of the entry.
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

// EraseMatcherEntries visits the entries of all subscriptions.
func (v erasures) EraseMatcherEntries(
	ctx context.Context, e domain.Erasure, now time.Time, abandon bool, limit int,
) (deleted int, remain bool, err error) {
	err = v.exclusive(ctx, "Erasures.EraseMatcherEntries", func() error {
		if _, err := v.claimedErasure(e, e.DueAt); err != nil {
			return err
		}
		for _, row := range v.subscriptions {
			for record, entry := range row.matcher {
				switch {
				case entry.Connection != e.Connection:
				case (abandon || !entry.IsOpen()) && deleted < limit:
					delete(row.matcher, record)
					deleted++
				default:
					remain = true
					if entry.DueAt.IsZero() {
						row.mark(ports.MatcherMark{Record: record, Connection: e.Connection}, now)
					}
				}
			}
		}
		return nil
	})
	return deleted, remain, err
}
