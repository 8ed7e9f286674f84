package memory

import (
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

// Subscriptions returns the implementation of ports.Subscriptions on this store.
func (s *Store) Subscriptions() ports.Subscriptions { return subscriptions{s} }

// subscriptions implements ports.Subscriptions on a Store.
type subscriptions struct{ *Store }

// subscription is a subscription with its positions in the feed and in the outbox, and its events.
type subscription struct {
	events.Subscription
	feed, outbox int
	holder       domain.LeaseID // zero without a lease
	until        time.Time      // when the lease ends
	events       []*subscriptionEvent
	attempts     []events.EventAttempt
	matcher      map[domain.TransactionID]matcher.Entry
	matcherState ports.MatcherState // see ports.MatcherEntries.State
}

// subscriptionEvent is an event of a subscription. If it is parked (postponed), it waits separately from the others;
// see ports.AttemptsWrite.Parked.
type subscriptionEvent struct {
	events.SubscriptionEvent
	parked bool
}

func cloneSubscription(s events.Subscription) events.Subscription {
	s.Types, s.Sealed = slices.Clone(s.Types), slices.Clone(s.Sealed)
	return s
}

// waits reports whether the event is not delivered yet.
func (s *subscription) waits(e *subscriptionEvent) bool {
	return e.parked || e.Sequence > s.DeliveredTo
}

// status returns the subscription with its progress.
func (s *subscription) status() ports.SubscriptionStatus {
	status := ports.SubscriptionStatus{Subscription: cloneSubscription(s.Subscription), Position: s.LastSequence}
	for _, e := range s.events {
		if !s.waits(e) {
			continue
		}
		if status.Waiting == 0 {
			status.Position = e.Sequence - 1
		}
		status.OldestWaiting = domain.EarlierNonZero(status.OldestWaiting, e.At)
		status.Waiting++
		if e.parked {
			status.Retrying++
		}
	}
	return status
}

// subscriptionOf returns the tenant's subscription. Errors: NotFound.
func (s *Store) subscriptionOf(tenant domain.TenantID, id events.SubscriptionID) (*subscription, error) {
	row := s.subscriptions[id]
	if row == nil || row.Tenant != tenant {
		return nil, domain.NotFoundError()
	}
	return row, nil
}

// Create stores a subscription that begins after the tenant's last change, or at the tenant's first change if FromStart
// is set.
func (v subscriptions) Create(ctx context.Context, s events.Subscription, entries ports.AuditEntries) error {
	return v.exclusive(ctx, "Subscriptions.Create", func() error {
		count := 0
		for _, other := range v.subscriptions {
			if other.Tenant == s.Tenant {
				count++
			}
		}
		if count >= events.MaxSubscriptions {
			return events.TooManySubscriptionsError()
		}
		row := &subscription{
			Subscription: cloneSubscription(s), matcher: map[domain.TransactionID]matcher.Entry{},
		}
		if !s.FromStart {
			row.feed, row.outbox = len(v.changes[s.Tenant]), v.outboxOf(s.Tenant).end()
		}
		v.subscriptions[s.ID] = row
		v.record(s.Tenant, entries)
		return nil
	})
}

// Get counts the waiting events.
func (v subscriptions) Get(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.Get", func() (ports.SubscriptionStatus, error) {
		row, err := v.subscriptionOf(tenant, id)
		if err != nil {
			return ports.SubscriptionStatus{}, err
		}
		return row.status(), nil
	})
}

// List returns pages ordered by the time of creation.
func (v subscriptions) List(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[ports.SubscriptionStatus], error) {
	type result = domain.Page[ports.SubscriptionStatus]
	return exclusiveResult(ctx, v.Store, "Subscriptions.List", func() (result, error) {
		var rows []ports.SubscriptionStatus
		for _, row := range v.subscriptions {
			if row.Tenant == tenant {
				rows = append(rows, row.status())
			}
		}
		return cutPage(rows, page, byTime, func(s ports.SubscriptionStatus) domain.Position {
			return timePosition(s.CreatedAt, s.ID.UUID)
		})
	})
}

// Update passes a copy of the subscription to fn. The stored row stays unchanged if fn returns an error.
func (v subscriptions) Update(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	entries ports.AuditEntries, fn func(*events.Subscription) error,
) (ports.SubscriptionStatus, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.Update", func() (ports.SubscriptionStatus, error) {
		row, err := v.subscriptionOf(tenant, id)
		if err != nil {
			return ports.SubscriptionStatus{}, err
		}
		draft := cloneSubscription(row.Subscription)
		if err := fn(&draft); err != nil {
			return ports.SubscriptionStatus{}, err
		}
		draft.ID, draft.Tenant, draft.FromStart = row.ID, row.Tenant, row.FromStart
		draft.LastSequence, draft.DeliveredTo, draft.Epoch = row.LastSequence, row.DeliveredTo, row.Epoch
		resumed := row.State != events.SubscriptionActive && draft.State == events.SubscriptionActive
		row.Subscription = cloneSubscription(draft)
		if resumed {
			row.Epoch++
			for _, e := range row.events {
				e.Attempts, e.FailingSince, e.NextAttempt, e.LastError = 0, time.Time{}, time.Time{}, ""
			}
		}
		v.record(tenant, entries)
		return row.status(), nil
	})
}

// Delete deletes the row, which holds the events and the attempts.
func (v subscriptions) Delete(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	entries ports.AuditEntries, check func(events.Subscription) error,
) error {
	return v.exclusive(ctx, "Subscriptions.Delete", func() error {
		row, err := v.subscriptionOf(tenant, id)
		if err != nil {
			return err
		}
		if err := check(cloneSubscription(row.Subscription)); err != nil {
			return err
		}
		delete(v.subscriptions, id)
		v.record(tenant, entries)
		return nil
	})
}

// Replay marks the event with the given sequence and all later events as not delivered, and earlier events as
// delivered. No event stays parked (postponed).
func (v subscriptions) Replay(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, sequence int64, entries ports.AuditEntries,
) (ports.SubscriptionStatus, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.Replay", func() (ports.SubscriptionStatus, error) {
		row, err := v.subscriptionOf(tenant, id)
		if err != nil {
			return ports.SubscriptionStatus{}, err
		}
		stored := slices.ContainsFunc(row.events, func(e *subscriptionEvent) bool { return e.Sequence == sequence })
		if !stored && sequence != row.LastSequence+1 {
			return ports.SubscriptionStatus{}, events.NotStored()
		}
		row.DeliveredTo, row.Epoch = sequence-1, row.Epoch+1
		for _, e := range row.events {
			e.parked, e.Attempts, e.FailingSince, e.NextAttempt, e.LastError = false, 0, time.Time{}, time.Time{}, ""
		}
		v.record(tenant, entries)
		return row.status(), nil
	})
}

// Attempts returns pages ordered by the time of the attempt.
func (v subscriptions) Attempts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	page domain.PageRequest,
) (domain.Page[events.EventAttempt], error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.Attempts", func() (domain.Page[events.EventAttempt], error) {
		row, err := v.subscriptionOf(tenant, id)
		if err != nil {
			return domain.Page[events.EventAttempt]{}, nil
		}
		return cutPage(row.attempts, page, byTime, func(a events.EventAttempt) domain.Position {
			return timePosition(a.At, a.ID.UUID)
		})
	})
}

// sortedSubscriptions returns all subscriptions in the order of their ids.
func (s *Store) sortedSubscriptions() []*subscription {
	return slices.SortedFunc(maps.Values(s.subscriptions), func(x, y *subscription) int {
		return x.ID.Compare(y.ID)
	})
}

// ClaimSubscriptions claims subscriptions in the order of their ids. Like the database stores, it extends a lease only
// when half of its time has passed.
func (v subscriptions) ClaimSubscriptions(
	ctx context.Context, holder domain.LeaseID, now, leaseEnd time.Time, limit int,
) ([]events.Subscription, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.ClaimSubscriptions", func() ([]events.Subscription, error) {
		var held []events.Subscription
		half := now.Add(leaseEnd.Sub(now) / 2)
		for _, row := range v.sortedSubscriptions() {
			if row.State != events.SubscriptionActive {
				continue
			}
			free := row.holder.IsZero() || !now.Before(row.until)
			switch {
			case row.holder == holder:
				if !row.until.After(half) {
					row.until = leaseEnd
				}
			case free && limit > 0:
				limit--
				row.holder, row.until = holder, leaseEnd
			default:
				continue
			}
			held = append(held, cloneSubscription(row.Subscription))
		}
		return held, nil
	})
}

// ReleaseSubscriptions ends the leases of the holder, so that other processes can claim the subscriptions immediately.
func (v subscriptions) ReleaseSubscriptions(ctx context.Context, holder domain.LeaseID) error {
	return v.exclusive(ctx, "Subscriptions.ReleaseSubscriptions", func() error {
		for _, row := range v.subscriptions {
			if row.holder == holder {
				row.holder = domain.LeaseID{}
			}
		}
		return nil
	})
}

// ListPending compares the positions of each subscription with the ends of the feed and the outbox.
func (v subscriptions) ListPending(ctx context.Context, holder domain.LeaseID) ([]events.SubscriptionID, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.ListPending", func() ([]events.SubscriptionID, error) {
		var pending []events.SubscriptionID
		for _, row := range v.sortedSubscriptions() {
			if row.holder == holder && v.behind(row) {
				pending = append(pending, row.ID)
			}
		}
		return pending, nil
	})
}

// behind reports whether there are changes or other events after the positions of the subscription.
func (s *Store) behind(row *subscription) bool {
	return row.feed < len(s.changes[row.Tenant]) || row.outbox < s.outboxOf(row.Tenant).end()
}

// leased returns the subscription of a lease. Errors: LeaseLost.
func (s *Store) leased(l ports.SubscriptionLease) (*subscription, error) {
	row := s.subscriptions[l.Subscription]
	if row == nil || row.Tenant != l.Tenant || row.holder != l.Holder || row.Epoch != l.Epoch {
		return nil, conflict(domain.LeaseLost)
	}
	return row, nil
}

// underLease calls fn with the subscription of a lease, while the store is locked. op is the name of the store
// method. Errors: LeaseLost, and those of fn.
func (s *Store) underLease(
	ctx context.Context, op string, l ports.SubscriptionLease, fn func(*subscription) error,
) error {
	return s.exclusive(ctx, op, func() error {
		row, err := s.leased(l)
		if err != nil {
			return err
		}
		return fn(row)
	})
}

// Append reads the feed entry by entry. An entry becomes an event only if it reports the first or the current version
// of its row.
func (v subscriptions) Append(ctx context.Context, l ports.SubscriptionLease, s events.Subscription, limit int,
	newID func() events.EventID,
) (ports.AppendedEvents, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.Append", func() (ports.AppendedEvents, error) {
		row, err := v.leased(l)
		if err == nil && row.Revision != s.Revision {
			err = conflict(domain.LeaseLost)
		}
		if err != nil {
			return ports.AppendedEvents{}, err
		}
		var appended []events.SubscriptionEvent
		add := func(e events.SubscriptionEvent) {
			if !s.Wants(e.Type, e.Connection) {
				return
			}
			row.LastSequence++
			e.Sequence, e.Source = row.LastSequence, events.Source
			row.events = append(row.events, &subscriptionEvent{SubscriptionEvent: e})
			appended = append(appended, e)
		}
		added := map[domain.TransactionID]bool{}
		for changes := 0; row.feed < len(v.changes[l.Tenant]) && changes < limit; row.feed++ {
			entry := v.changes[l.Tenant][row.feed]
			present := entry.row.Version == entry.version
			first := entry.version == 1 && (present || len(entry.row.replaced) > 0)
			if !present && !first {
				continue
			}
			changes++
			if added[entry.row.ID] {
				continue // the event that this call has added contains the current version
			}
			added[entry.row.ID] = first
			change := events.FeedChange{
				ID: entry.row.ID, Connection: entry.row.Connection, Version: entry.row.Version,
				Removed: !entry.row.RemovedAt.IsZero(), New: first, At: entry.row.UpdatedAt,
			}
			add(events.SubscriptionEvent{
				ID: newID(), Type: change.EventType(), Subject: change.ID.String(), Connection: change.Connection,
				Version: change.Version, At: change.At,
			})
		}
		recorded, place := v.outboxOf(l.Tenant).eventsFrom(row.outbox, limit)
		for _, e := range recorded {
			add(events.SubscriptionEvent{
				ID: e.ID, Type: e.Type, Subject: e.Subject, Connection: e.Connection, At: e.At,
			})
		}
		row.outbox = place
		return ports.AppendedEvents{Events: appended, More: v.behind(row)}, nil
	})
}

// selectEvents returns at most limit events of the leased subscription for which fn returns true.
func (v subscriptions) selectEvents(ctx context.Context, op string, l ports.SubscriptionLease, limit int,
	fn func(*subscriptionEvent) bool,
) ([]events.SubscriptionEvent, error) {
	return exclusiveResult(ctx, v.Store, op, func() ([]events.SubscriptionEvent, error) {
		var found []events.SubscriptionEvent
		row, err := v.subscriptionOf(l.Tenant, l.Subscription)
		if err != nil {
			return nil, conflict(domain.LeaseLost)
		}
		for _, e := range row.events {
			if len(found) < limit && fn(e) {
				found = append(found, e.SubscriptionEvent)
			}
		}
		return found, nil
	})
}

// ListEvents leaves out parked events.
func (v subscriptions) ListEvents(
	ctx context.Context, l ports.SubscriptionLease, afterSequence int64, limit int,
) ([]events.SubscriptionEvent, error) {
	return v.selectEvents(ctx, "Subscriptions.ListEvents", l, limit, func(e *subscriptionEvent) bool {
		return e.Sequence > afterSequence && !e.parked
	})
}

// ListParked returns the first parked event of each subject.
func (v subscriptions) ListParked(
	ctx context.Context, l ports.SubscriptionLease, limit int,
) ([]events.SubscriptionEvent, error) {
	subjects := map[string]bool{}
	return v.selectEvents(ctx, "Subscriptions.ListParked", l, limit, func(e *subscriptionEvent) bool {
		first := e.parked && !subjects[e.Subject]
		subjects[e.Subject] = subjects[e.Subject] || e.parked
		return first
	})
}

// NextParked returns the first parked event of the subject, in the order of the sequences.
func (v subscriptions) NextParked(
	ctx context.Context, l ports.SubscriptionLease, subject string,
) (events.SubscriptionEvent, error) {
	found, err := v.selectEvents(ctx, "Subscriptions.NextParked", l, 1, func(e *subscriptionEvent) bool {
		return e.parked && e.Subject == subject
	})
	if err == nil && len(found) == 0 {
		err = domain.NotFoundError()
	}
	if err != nil {
		return events.SubscriptionEvent{}, err
	}
	return found[0], nil
}

// RecordAttempts looks up the events by their sequences.
func (v subscriptions) RecordAttempts(
	ctx context.Context, l ports.SubscriptionLease, w ports.AttemptsWrite,
) error {
	return v.underLease(ctx, "Subscriptions.RecordAttempts", l, func(row *subscription) error {
		row.DeliveredTo = w.DeliveredTo
		row.attempts = append(row.attempts, w.Attempts...)
		recorded := map[int64]*subscriptionEvent{}
		for _, e := range row.events {
			recorded[e.Sequence] = e
		}
		for _, parked := range w.Parked {
			if e := recorded[parked.Sequence]; e != nil {
				e.parked, e.Attempts, e.FailingSince = true, parked.Attempts, parked.FailingSince
				e.NextAttempt, e.LastError = parked.NextAttempt, parked.LastError
			}
		}
		for _, sequence := range w.Unparked {
			if e := recorded[sequence]; e != nil {
				e.parked = false
			}
		}
		if w.Disable != "" {
			row.SetState(events.SubscriptionDisabled, w.Disable, w.At)
			row.holder = domain.LeaseID{}
		}
		return nil
	})
}

// Transactions reads the rows one by one.
func (v subscriptions) Transactions(ctx context.Context, tenant domain.TenantID, _ []domain.ConnectionID,
	ids []domain.TransactionID, maxBytes int,
) (found []domain.Transaction, more bool, err error) {
	page := domain.PageBuilder[domain.Transaction]{Request: domain.PageRequest{Limit: len(ids), MaxBytes: maxBytes}}
	err = v.exclusive(ctx, "Subscriptions.Transactions", func() error {
		for _, id := range ids {
			row := v.rowByID(tenant, id)
			if row == nil {
				continue
			}
			if more = page.Full(); more {
				break
			}
			t := cloneTransaction(row.Transaction)
			t.Adjusts = v.earliestAdjusted(row)
			page.Add(t)
		}
		return nil
	})
	return page.Items, more, err
}

// EventBacklog counts the events of all active subscriptions.
func (v subscriptions) EventBacklog(ctx context.Context) (ports.EventBacklog, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.EventBacklog", func() (ports.EventBacklog, error) {
		var backlog ports.EventBacklog
		for _, row := range v.subscriptions {
			status := row.status()
			switch row.State {
			case events.SubscriptionPaused:
			case events.SubscriptionDisabled:
				backlog.Disabled++
			case events.SubscriptionActive:
				backlog.Waiting += status.Waiting
				backlog.Oldest = domain.EarlierNonZero(backlog.Oldest, status.OldestWaiting)
			}
		}
		return backlog, nil
	})
}

// PruneEvents deletes at most limit rows of each kind: attempts, events of subscriptions, and events of the outbox.
// Each limit applies to all subscriptions and tenants together.
func (v subscriptions) PruneEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.PruneEvents", func() (int, error) {
		attempts, recorded, own := 0, 0, 0
		for _, row := range v.sortedSubscriptions() {
			row.attempts = slices.DeleteFunc(row.attempts, func(a events.EventAttempt) bool {
				return old(a.At, before, &attempts, limit)
			})
			row.events = slices.DeleteFunc(row.events, func(e *subscriptionEvent) bool {
				return !row.waits(e) && old(e.At, before, &recorded, limit)
			})
		}
		for _, box := range v.events {
			for len(box.events) > 0 && old(box.events[0].At, before, &own, limit) {
				box.events, box.pruned = box.events[1:], box.pruned+1
			}
		}
		return attempts + recorded + own, nil
	})
}

// old reports whether a row must be deleted: its time is before cutoff, and *deleted is less than limit. If so, old
// increments *deleted.
func old(rowTime, cutoff time.Time, deleted *int, limit int) bool {
	if !rowTime.Before(cutoff) || *deleted == limit {
		return false
	}
	*deleted++
	return true
}

// AnnounceCompleteness compares the state of each account with its last announced state.
func (v subscriptions) AnnounceCompleteness(
	ctx context.Context, at time.Time, grace time.Duration, limit int,
) (int, error) {
	return exclusiveResult(ctx, v.Store, "Subscriptions.AnnounceCompleteness", func() (int, error) {
		announced := 0
		for connection := range v.accounts {
			for _, a := range v.storedAccounts(connection) {
				state, _ := v.completeness[a.ID].State(at, grace)
				event, known := records.OfCompleteness(a.ID, state)
				if !known || !a.RemovedAt.IsZero() || v.announced[a.ID] == state || announced == limit {
					continue
				}
				v.announced[a.ID] = state
				v.recordEvents(a.Tenant, a.Connection, at, event)
				announced++
			}
		}
		return announced, nil
	})
}
