package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// subscriptionTests check ports.SubscriptionStore.
var subscriptionTests = []storeTest{
	{"a stored subscription is read as it was created, and listed newest first", subscriptionStored},
	{"an update replaces what operators change, and an error of the edit changes nothing", subscriptionUpdated},
	{"a deleted subscription is gone, unless the check fails", subscriptionDeleted},
	{"subscriptions are limited to the tenant", subscriptionTenant},
	{"a tenant has at most MaxSubscriptions, also if they are created at the same time", subscriptionsLimited},
	{"a replay goes back to a stored event, and unparks all events", replayGoesBack},
	{"a replay goes ahead and skips what waits", replayGoesAhead},
	{"a replay from an event that is not stored is Invalid", replayNotStored},
	{"a skipped event is not sent, and the next event of a new record adds it", skipAdded},
	{"a record whose added event was skipped is added by its next change, whatever the types", skipLast},
	{"only an event that has failed can be skipped", skipNotFailed},
}

// eventQueueTests check ports.EventQueue.
var eventQueueTests = []storeTest{
	{"a subscription begins after the changes that are committed, or at the first record", queueBegins},
	{"a record that is new to the subscription is added, whatever its version", queueAdds},
	{"an event is appended if the subscription wants it, with dense sequences", queueWants},
	{"a subscription to an account gets the events of this account only", queueWantsAccount},
	{"a subscription to an account gets the events about resources of the account", queueFindsAccounts},
	{"a record that changes while others are read is added nevertheless", queueAddsMoved},
	{"a record that one page adds and removes is added once", queueAddsRemoved},
	{"pages of changes are appended one by one", queuePages},
	{"a lease is held by one holder until it ends", queueLeases},
	{"a write without the lease, or with another revision, fails with LeaseLost", queueLeaseLost},
	{"parked events wait apart from the others", queueParks},
	{"a subscription that becomes active again retries at once", queueRetriesAfterResume},
	{"attempts are listed newest first", queueAttempts},
	{"a disabled subscription keeps its position and loses its lease", queueDisables},
	{"the present versions of transactions are read by id", queueTransactions},
}

// eventTests check which changes of accounts, pulls, connections and closed periods make the store record an event.
// They also check ports.EventMaintenance.
var eventTests = []storeTest{
	{"changes of accounts store events", eventsOfAccounts},
	{"a pull that fails stores an event", eventsOfPulls},
	{"a need to sign in again stores an event, and its end another one", eventsOfHealth},
	{"an adjustment stores an event for each closed period that it concerns", eventsOfPeriods},
	{"a change of the completeness of an account stores an event", eventsOfCompleteness},
	{"the backlog counts the events of active subscriptions", eventBacklog},
	{"delivered events and attempts are pruned by age", eventsPruned},
}

// newSubscription returns a subscription to all events of the tenant. It does not store the subscription.
func (f *fixture) newSubscription(edits ...func(*events.Subscription)) events.Subscription {
	at := f.now()
	s := events.Subscription{
		ID: newID[events.Subscription](), Tenant: f.tenant, Name: "ledger", State: events.SubscriptionActive,
		Types:  []events.EventFilter{"transaction.*", "account.*", "connection.*", "pull.failed", "period.adjusted"},
		Sink:   events.SubscriptionSink{Kind: "webhook", Settings: `{"url":"https://books.example.test/events"}`},
		Sealed: domain.Sealed("sealed \x00\xff secrets"), StateSince: at, Revision: 1, CreatedAt: at, UpdatedAt: at,
	}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

// subscribe stores a new subscription, and deletes it when the test ends.
func (f *fixture) subscribe(edits ...func(*events.Subscription)) events.Subscription {
	f.Helper()
	s := f.newSubscription(edits...)
	f.noError(f.Subscriptions.Create(f.ctx, s, nil))
	f.Cleanup(func() {
		ctx := context.WithoutCancel(f.ctx)
		err := f.Subscriptions.Delete(ctx, s.Tenant, s.ID, nil, func(events.Subscription) error { return nil })
		if err != nil && !errors.Is(err, domain.NotFound) {
			f.Error(err)
		}
	})
	return s
}

func withTypes(types ...events.EventFilter) func(*events.Subscription) {
	return func(s *events.Subscription) { s.Types = types }
}

// lease claims the subscription for a new holder and returns the lease.
func (f *fixture) lease(s events.Subscription) ports.SubscriptionLease {
	f.Helper()
	holder := newID[domain.Lease]()
	if !f.claims(holder, s, f.now()) {
		f.Fatal("the subscription is not claimed")
	}
	return ports.SubscriptionLease{Tenant: s.Tenant, Subscription: s.ID, Holder: holder, Epoch: f.status(s).Epoch}
}

// claims calls ClaimSubscriptions for the holder, and reports whether the result includes the subscription s. The
// leases end after one minute. The result may also include subscriptions of other tests.
func (f *fixture) claims(holder domain.LeaseID, s events.Subscription, at time.Time) bool {
	f.Helper()
	held, err := f.Subscriptions.ClaimSubscriptions(f.ctx, holder, at, at.Add(time.Minute), 1000)
	f.noError(err)
	return slices.ContainsFunc(held, func(h events.Subscription) bool { return h.ID == s.ID })
}

// appended calls Append until it has returned count events and no change is pending, or until ten seconds have
// passed. It needs several calls if a store withholds changes while a writer of another test still runs. It fails the
// test if the number of events is not count.
func (f *fixture) appended(l ports.SubscriptionLease, s events.Subscription, count int) []events.SubscriptionEvent {
	f.Helper()
	var all []events.SubscriptionEvent
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		got, err := f.Subscriptions.Append(f.ctx, l, s, 100, newID[events.Event])
		f.noError(err)
		all = append(all, got.Events...)
		if len(all) >= count && !f.pending(l) || time.Now().After(deadline) {
			break
		}
	}
	f.equal("number of events", count, len(all))
	return all
}

func (f *fixture) pending(l ports.SubscriptionLease) bool {
	f.Helper()
	pending, err := f.Subscriptions.ListPending(f.ctx, l.Holder)
	f.noError(err)
	return slices.Contains(pending, l.Subscription)
}

// briefEvents returns events in the form "sequence type version".
func briefEvents(recorded []events.SubscriptionEvent) []string {
	return ids(recorded, func(e events.SubscriptionEvent) string {
		return strings.TrimSuffix(fmt.Sprint(e.Sequence, " ", e.Type, " ", e.Version), " 0")
	})
}

func (f *fixture) status(s events.Subscription) ports.SubscriptionStatus {
	f.Helper()
	status, err := f.Subscriptions.Get(f.ctx, s.Tenant, s.ID)
	f.noError(err)
	return status
}

// progress formats the numbers in the subscription's status as one string.
func (f *fixture) progress(s events.Subscription) string {
	f.Helper()
	p := f.status(s)
	return fmt.Sprintf("last %d, delivered to %d, position %d, waiting %d, retrying %d",
		p.LastSequence, p.DeliveredTo, p.Position, p.Waiting, p.Retrying)
}

func (f *fixture) recordAttempts(l ports.SubscriptionLease, w ports.AttemptsWrite) {
	f.Helper()
	f.noError(f.Subscriptions.RecordAttempts(f.ctx, l, w))
}

func (f *fixture) updateSubscription(s events.Subscription, edit func(*events.Subscription)) ports.SubscriptionStatus {
	f.Helper()
	status, err := f.Subscriptions.Update(f.ctx, s.Tenant, s.ID, nil, func(s *events.Subscription) error {
		edit(s)
		return nil
	})
	f.noError(err)
	return status
}

func subscriptionStored(f *fixture) {
	c := f.createConnection()
	first := f.subscribe(func(s *events.Subscription) {
		s.Connection, s.Account, s.FromStart = c.ID, newID[domain.Account](), true
		s.Sink = events.SubscriptionSink{
			Kind: "of another adapter", Settings: `{"list":["a","ação"],"object":{"b":1}}`,
		}
		s.PreviousUntil = f.now()
		s.State, s.Reason = events.SubscriptionDisabled, domain.SinkRefused
	})
	second := f.subscribe()
	status := f.status(first)
	f.equal("subscription", first, status.Subscription)
	f.inUTC(status.CreatedAt, status.UpdatedAt, status.StateSince, status.PreviousUntil)
	f.equal("progress", "last 0, delivered to 0, position 0, waiting 0, retrying 0", f.progress(first))
	list := collectPages(f, 1, func(page domain.PageRequest) (domain.Page[ports.SubscriptionStatus], error) {
		return f.Subscriptions.List(f.ctx, f.tenant, page)
	}, nil)
	f.equal("list", []events.SubscriptionID{second.ID, first.ID},
		ids(list, func(s ports.SubscriptionStatus) events.SubscriptionID { return s.ID }))
	_, err := f.Subscriptions.List(f.ctx, f.tenant, domain.PageRequest{Limit: 1, After: domain.Position{Key: "x"}})
	f.invalidCursor("a foreign position", err)
}

func subscriptionUpdated(f *fixture) {
	s := f.subscribe()
	want := s
	want.Connection, want.Account = newID[domain.Connection](), newID[domain.Account]()
	want.Name, want.Types, want.Sealed = "other", []events.EventFilter{"pull.failed"}, domain.Sealed("others")
	want.Sink.Settings, want.PreviousUntil = `{"url":"https://other.example.test/"}`, f.now()
	want.SetState(events.SubscriptionPaused, "", f.now())
	want.BumpRevision(f.now())
	got := f.updateSubscription(s, func(s *events.Subscription) { *s = want })
	f.equal("result", want, got.Subscription)
	f.equal("stored", want, f.status(s).Subscription)
	refused := domain.FieldError("name", "refused")
	_, err := f.Subscriptions.Update(f.ctx, f.tenant, s.ID, nil, func(s *events.Subscription) error {
		s.Name = "refused"
		return refused
	})
	f.errorIs(err, refused)
	f.equal("after an error", want, f.status(s).Subscription)
}

func subscriptionDeleted(f *fixture) {
	s := f.subscribe()
	refused := domain.FieldError("name", "refused")
	err := f.Subscriptions.Delete(f.ctx, f.tenant, s.ID, nil, func(got events.Subscription) error {
		f.equal("checked", s, got)
		return refused
	})
	f.errorIs(err, refused)
	f.status(s)
	remove := func() error {
		return f.Subscriptions.Delete(f.ctx, f.tenant, s.ID, nil, func(events.Subscription) error { return nil })
	}
	f.noError(remove())
	f.errorIs(remove(), domain.NotFound)
	_, err = f.Subscriptions.Get(f.ctx, f.tenant, s.ID)
	f.errorIs(err, domain.NotFound)
	list, err := f.Subscriptions.List(f.ctx, f.tenant, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("list", 0, len(list.Items))
	f.equal("claimed", false, f.claims(newID[domain.Lease](), s, f.now()))
}

func subscriptionTenant(f *fixture) {
	s, l, _ := f.subscribedWithEvents(1)
	f.recordAttempts(
		l,
		ports.AttemptsWrite{Attempts: []events.EventAttempt{{ID: newID[events.EventAttempt](), At: f.now()}}},
	)
	other := newTenant()
	unchanged := func(*events.Subscription) error { return nil }
	_, err := f.Subscriptions.Get(f.ctx, other, s.ID)
	f.errorIs(err, domain.NotFound)
	_, err = f.Subscriptions.Update(f.ctx, other, s.ID, nil, unchanged)
	f.errorIs(err, domain.NotFound)
	_, err = f.Subscriptions.Replay(f.ctx, other, s.ID, 1, nil)
	f.errorIs(err, domain.NotFound)
	f.errorIs(
		f.Subscriptions.Delete(f.ctx, other, s.ID, nil, func(events.Subscription) error { return nil }),
		domain.NotFound,
	)
	attempts, err := f.Subscriptions.Attempts(f.ctx, other, s.ID, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("attempts", 0, len(attempts.Items))
	list, err := f.Subscriptions.List(f.ctx, other, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("list", 0, len(list.Items))
	l.Tenant = other
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, l, ports.AttemptsWrite{}), domain.LeaseLost)
}

// subscriptionsLimited creates all permitted subscriptions except one, in all states. It then creates several more
// concurrently. Only one of these calls must succeed.
func subscriptionsLimited(f *fixture) {
	states := []events.SubscriptionState{
		events.SubscriptionActive, events.SubscriptionPaused, events.SubscriptionDisabled,
	}
	var first events.Subscription
	for i := range events.MaxSubscriptions - 1 {
		first = f.subscribe(func(s *events.Subscription) { s.State = states[i%len(states)] })
	}
	const concurrent = 8
	results := make(chan error, concurrent)
	for range concurrent {
		s := f.newSubscription()
		go func() { results <- f.Subscriptions.Create(f.ctx, s, nil) }()
	}
	stored := 0
	for range concurrent {
		switch err := <-results; {
		case err == nil:
			stored++
		default:
			f.errorIs(err, domain.TooManySubscriptions)
			f.errorIs(err, domain.Conflict)
		}
	}
	f.equal("stored", 1, stored)
	foreign := f.newSubscription(func(s *events.Subscription) { s.Tenant = newTenant() })
	f.noError(f.Subscriptions.Create(f.ctx, foreign, nil))
	f.noError(f.Subscriptions.Delete(f.ctx, first.Tenant, first.ID, nil,
		func(events.Subscription) error { return nil }))
	f.subscribe()
	f.errorIs(f.Subscriptions.Create(f.ctx, f.newSubscription(), nil), domain.TooManySubscriptions)
}

// subscribedWithEvents stores a subscription with n events, each about a different record. It returns the subscription,
// its lease and the events.
func (f *fixture) subscribedWithEvents(n int) (
	events.Subscription, ports.SubscriptionLease, []events.SubscriptionEvent,
) {
	f.Helper()
	s := f.subscribe(withTypes("transaction.*"))
	_, running := f.runningPull()
	var rows []domain.TransactionData
	for i := range n {
		rows = append(rows, row(fmt.Sprint(i)))
	}
	f.storeRows(running, rows...)
	l := f.lease(s)
	return s, l, f.appended(l, s, n)
}

func replayGoesBack(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(4)
	failed := recorded[1]
	failed.Attempts, failed.FailingSince, failed.NextAttempt = 1, f.now(), f.now()
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 4, Parked: []events.SubscriptionEvent{failed}})
	status, err := f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, 3, nil)
	f.noError(err)
	f.equal("result", int64(2), status.Position)
	f.equal("progress", "last 4, delivered to 2, position 2, waiting 2, retrying 0", f.progress(s))
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, l, ports.AttemptsWrite{DeliveredTo: 4}), domain.LeaseLost)
	f.equal("claimed again", true, f.claims(l.Holder, s, f.now()))
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, l, ports.AttemptsWrite{DeliveredTo: 4}), domain.LeaseLost)
	again, err := f.Subscriptions.ListEvents(f.ctx, l, 2, 10)
	f.noError(err)
	f.equal("events", recorded[2:], again)
	_, err = f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, 1, nil)
	f.noError(err)
	again, err = f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("events from the first on", recorded, again)
}

func replayGoesAhead(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(3)
	failed := recorded[0]
	failed.Attempts = 1
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 1, Parked: []events.SubscriptionEvent{failed}})
	f.equal("before", "last 3, delivered to 1, position 0, waiting 3, retrying 1", f.progress(s))
	_, err := f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, 3, nil)
	f.noError(err)
	f.equal("after", "last 3, delivered to 2, position 2, waiting 1, retrying 0", f.progress(s))
	_, err = f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, 4, nil)
	f.noError(err)
	f.equal("after all", "last 3, delivered to 3, position 3, waiting 0, retrying 0", f.progress(s))
}

func replayNotStored(f *fixture) {
	s, _, _ := f.subscribedWithEvents(2)
	for _, from := range []int64{-1, 0, 4} {
		_, err := f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, from, nil)
		f.errorIs(err, domain.Invalid)
	}
	f.equal("progress", "last 2, delivered to 0, position 0, waiting 2, retrying 0", f.progress(s))
}

// skip skips the event with the sequence.
func (f *fixture) skip(s events.Subscription, sequence int64) error {
	f.Helper()
	_, err := f.Subscriptions.Skip(f.ctx, f.tenant, s.ID, ports.EventSkip{
		Sequence: sequence, Attempt: newID[events.EventAttempt](), At: f.now(),
	}, nil)
	return err
}

// failedOnce returns an event after a failed attempt.
func (f *fixture) failedOnce(e events.SubscriptionEvent) events.SubscriptionEvent {
	e.Attempts, e.FailingSince, e.NextAttempt, e.LastError = 1, f.now(), f.now(), domain.SinkRefused
	return e
}

func skipAdded(f *fixture) {
	s := f.subscribe(withTypes("transaction.*"))
	_, running := f.runningPull()
	f.storeRows(running, row("a"))
	l := f.lease(s)
	recorded := f.appended(l, s, 1)
	f.storeRows(running, row("a", withDescription("2")), row("b"))
	recorded = append(recorded, f.appended(l, s, 2)...)
	f.recordAttempts(
		l,
		ports.AttemptsWrite{DeliveredTo: 1, Parked: []events.SubscriptionEvent{f.failedOnce(recorded[0])}},
	)
	f.noError(f.skip(s, recorded[0].Sequence))
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, l, ports.AttemptsWrite{DeliveredTo: 3}), domain.LeaseLost)
	l.Epoch++
	rest, err := f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("events to send", []events.EventType{events.TransactionAdded, events.TransactionAdded}, ids(rest, typeOf))
	f.equal("sequences", []int64{2, 3}, ids(rest, sequenceOf))
	f.equal("progress", "last 3, delivered to 1, position 1, waiting 2, retrying 0", f.progress(s))
	attempts, err := f.Subscriptions.Attempts(f.ctx, f.tenant, s.ID, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("attempts", 1, len(attempts.Items))
	f.equal("error of the attempt", domain.EventSkipped, attempts.Items[0].Error)
	f.equal("event of the attempt", recorded[0].ID, attempts.Items[0].Event)
	f.errorIs(f.skip(s, recorded[0].Sequence), domain.EventDelivered)
}

func skipLast(f *fixture) {
	s := f.subscribe(withTypes("transaction.added"))
	_, running := f.runningPull()
	f.storeRows(running, row("a"))
	l := f.lease(s)
	recorded := f.appended(l, s, 1)
	f.recordAttempts(
		l,
		ports.AttemptsWrite{DeliveredTo: 1, Parked: []events.SubscriptionEvent{f.failedOnce(recorded[0])}},
	)
	f.noError(f.skip(s, recorded[0].Sequence))
	l.Epoch++
	rest, err := f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("events to send", 0, len(rest))
	_, err = f.Subscriptions.PruneEvents(f.ctx, f.now().Add(24*time.Hour), 10)
	f.noError(err)
	f.storeRows(running, row("a", withDescription("2")))
	f.equal("after a change", events.TransactionAdded, f.appended(l, s, 1)[0].Type)
	f.storeRows(running, row("a", withDescription("3")))
	f.equal("after another change", 0, len(f.appended(l, s, 0)))
}

func skipNotFailed(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(3)
	waiting := recorded[1]
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 2, Parked: []events.SubscriptionEvent{
		f.failedOnce(recorded[0]), waiting,
	}, Attempts: []events.EventAttempt{{
		ID: newID[events.EventAttempt](), Sequence: 1, Event: recorded[0].ID,
		Type: recorded[0].Type, Subject: recorded[0].Subject, Number: 1, At: f.now(), Error: domain.SinkRefused,
	}}})
	for sequence, code := range map[int64]domain.Code{
		0: domain.EventNotStored, 2: domain.EventNotFailed, 3: domain.EventNotFailed, 4: domain.EventNotStored,
	} {
		f.errorIs(f.skip(s, sequence), domain.Conflict)
		f.errorIs(f.skip(s, sequence), code)
	}
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 3})
	f.errorIs(f.skip(s, 3), domain.EventDelivered)
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionPaused, "", f.now()) })
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionActive, "", f.now()) })
	f.noError(f.skip(s, 1)) // it has failed before the subscription was resumed
	other := newTenant()
	_, err := f.Subscriptions.Skip(f.ctx, other, s.ID, ports.EventSkip{Sequence: 2}, nil)
	f.errorIs(err, domain.NotFound)
}

func queueBegins(f *fixture) {
	_, running := f.runningPull()
	f.storeRows(running, row("1"))
	now := f.subscribe(withTypes("transaction.*"))
	start := f.subscribe(withTypes("transaction.*"), func(s *events.Subscription) { s.FromStart = true })
	f.storeRows(running, row("2"))
	l := f.lease(now)
	f.equal("now", []string{"1 transaction.added 1"}, briefEvents(f.appended(l, now, 1)))
	// The first call of f.lease has also leased the second subscription. Release it, so that the next call can lease
	// it.
	f.noError(f.Subscriptions.ReleaseSubscriptions(f.ctx, l.Holder))
	f.equal("from the start", []string{"1 transaction.added 1", "2 transaction.added 1"},
		briefEvents(f.appended(f.lease(start), start, 2)))
}

func queueAdds(f *fixture) {
	c, running := f.runningPull()
	f.storeRows(running, row("old"))
	s := f.subscribe(withTypes("transaction.*"))
	f.storeRows(running, row("new"), row("gone"))
	f.storeRows(running, row("new", withDescription("2")), row("old", withDescription("2")))
	f.storeRows(running, row("new", withDescription("3")))
	f.mustStorePage(running, ports.PageWrite{Removed: []string{"gone"}})
	l := f.lease(s)
	got := map[string]string{}
	for _, e := range f.appended(l, s, 3) {
		got[e.Subject] = fmt.Sprint(e.Type, " ", e.Version)
		f.equal("connection", c.ID, e.Connection)
	}
	subject := func(externalID string) string { return f.getRow(c, externalID).ID.String() }
	f.equal("events", map[string]string{
		subject("old"): "transaction.modified 2", subject("new"): "transaction.added 3",
		subject("gone"): "transaction.added 2",
	}, got)
	f.storeRows(running, row("new", withDescription("4")))
	f.mustStorePage(running, ports.PageWrite{Removed: []string{"old"}})
	next := f.appended(l, s, 2)
	f.equal("next", []string{"4 transaction.modified 4", "5 transaction.removed 3"}, briefEvents(next))
	f.equal("times", f.getRow(c, "new").UpdatedAt, next[0].At)
	f.inUTC(next[0].At)
}

func queueAddsMoved(f *fixture) {
	c, running := f.runningPull()
	every := f.subscribe(withTypes("transaction.*"))
	f.storeRows(running, row("moved"))
	f.storeRows(running, row("gone"))
	f.storeRows(running, row("stays"))
	f.storeRows(running, row("moved", withDescription("2")))
	f.mustStorePage(running, ports.PageWrite{Removed: []string{"gone"}})
	l := f.lease(every)
	f.equal("pending", true, f.pendingWithin(l))
	var got []string
	for more := true; more; {
		appended, err := f.Subscriptions.Append(f.ctx, l, every, 1, newID[events.Event])
		f.noError(err)
		for _, e := range appended.Events {
			got = append(got, fmt.Sprint(e.Subject, " ", e.Type, " ", e.Version))
		}
		more = appended.More
	}
	id := func(externalID string) string { return f.getRow(c, externalID).ID.String() }
	f.equal("read one by one", []string{
		id("moved") + " transaction.added 2", id("gone") + " transaction.added 2",
		id("stays") + " transaction.added 1", id("moved") + " transaction.modified 2",
		id("gone") + " transaction.removed 2",
	}, got)
}

// queueAddsRemoved stores both versions of each record at the same position of the change feed. It stores several
// records, because a wrong order could be right for one of them.
func queueAddsRemoved(f *fixture) {
	_, running := f.runningPull()
	s := f.subscribe(withTypes("transaction.*"))
	f.mustStorePage(running, ports.PageWrite{
		Transactions: []domain.TransactionData{row("1"), row("2"), row("3")}, Removed: []string{"1", "2", "3"},
	})
	want := []string{"1 transaction.added 2", "2 transaction.added 2", "3 transaction.added 2"}
	f.equal("events", want, briefEvents(f.appended(f.lease(s), s, 3)))
}

func queueWants(f *fixture) {
	c, running := f.runningPull()
	_, otherRunning := f.runningPull()
	one := f.subscribe(withTypes("transaction.added", "transaction.removed"), func(s *events.Subscription) {
		s.Connection = c.ID
	})
	f.storeRows(otherRunning, row("other"))
	f.storeRows(running, row("1"))
	l := f.lease(one)
	f.equal("pending", true, f.pendingWithin(l))
	f.equal("events", []string{"1 transaction.added 1"}, briefEvents(f.appended(l, one, 1)))
	f.storeRows(running, row("1", withDescription("changed")))
	f.equal("pending", true, f.pendingWithin(l))
	f.appended(l, one, 0)
	f.mustStorePage(running, ports.PageWrite{Removed: []string{"1"}})
	f.equal("next", []string{"2 transaction.removed 3"}, briefEvents(f.appended(l, one, 1)))
	f.equal("progress", "last 2, delivered to 0, position 0, waiting 2, retrying 0", f.progress(one))
}

func withSubscribedAccount(account domain.AccountID) func(*events.Subscription) {
	return func(s *events.Subscription) { s.Account = account }
}

// queueWantsAccount restricts subscriptions to one of two accounts of a connection: one that begins now, and one that
// begins at the first record.
func queueWantsAccount(f *fixture) {
	c, running := f.runningPull()
	f.mustStorePage(running, ports.PageWrite{
		Accounts:     []domain.AccountData{accountData("a"), accountData("b")},
		Transactions: []domain.TransactionData{row("old a", withAccount("a")), row("old b", withAccount("b"))},
	})
	accounts := map[string]domain.AccountID{}
	for _, a := range f.listAccounts(c) {
		accounts[a.ExternalID] = a.ID
	}
	now := f.subscribe(withTypes("transaction.*", "account.*"), withSubscribedAccount(accounts["a"]))
	start := f.subscribe(withTypes("transaction.*"), withSubscribedAccount(accounts["a"]),
		func(s *events.Subscription) { s.FromStart, s.Connection = true, c.ID })
	f.storeRows(running, row("1", withAccount("a")), row("2", withAccount("b")), row("3"))
	f.storeRows(running, row("1", withAccount("a"), withDescription("2")), row("old b", withAccount("b"),
		withDescription("2")), row("old a", withAccount("a"), withDescription("2")))
	f.mustStorePage(running, ports.PageWrite{Removed: []string{"old a", "old b"}})
	renamed := []domain.AccountData{accountData("a"), accountData("b")}
	renamed[0].Name, renamed[1].Name = "other", "another"
	f.mustStorePage(running, ports.PageWrite{Accounts: renamed})
	got := map[string]events.EventType{}
	l := f.lease(now)
	for _, e := range f.appended(l, now, 3) {
		got[e.Subject] = e.Type
	}
	subject := func(externalID string) string { return f.getRow(c, externalID).ID.String() }
	f.equal("since its creation", map[string]events.EventType{
		subject("1"): events.TransactionAdded, subject("old a"): events.TransactionRemoved,
		accounts["a"].String(): events.AccountModified,
	}, got)
	var subjects []string
	for _, e := range f.appended(f.leaseAlso(l, start), start, 2) {
		subjects = append(subjects, e.Subject)
	}
	f.equal("records from the start", map[string]bool{subject("1"): true, subject("old a"): true},
		distinct(subjects, func(s string) string { return s }))
	f.sentToAccount(accounts["b"], "account.added "+accounts["b"].String(),
		"account.modified "+accounts["b"].String())
}

// leaseAlso returns the lease of a subscription that the holder of l has claimed together with that of l.
func (f *fixture) leaseAlso(l ports.SubscriptionLease, s events.Subscription) ports.SubscriptionLease {
	f.Helper()
	l.Subscription, l.Epoch = s.ID, f.status(s).Epoch
	return l
}

// ofRecords is the filter of the events about records.
const ofRecords events.EventFilter = "transaction.*"

// sentToAccount checks which events other than those about records a subscription to the account gets, if it begins
// with the first one.
func (f *fixture) sentToAccount(account domain.AccountID, want ...string) {
	f.Helper()
	var filters []events.EventFilter
	for _, t := range events.EventTypes() {
		if !ofRecords.Matches(t) {
			filters = append(filters, events.EventFilter(t))
		}
	}
	s := f.subscribe(withTypes(filters...), withSubscribedAccount(account),
		func(s *events.Subscription) { s.FromStart = true })
	f.equal("events of the account", slices.Sorted(slices.Values(want)),
		kinds(f.appended(f.lease(s), s, len(want))))
}

// queueFindsAccounts stores events whose subjects do not contain the id of the account.
func queueFindsAccounts(f *fixture) {
	c, l, card := f.card(cardRow("1", "first"))
	f.finishWithBills(l, billOf("first", "2026-02-05", "12.5"))
	bill := f.bills(card)["first"].ID.String()
	statement := f.comparedStatement(card, "k", witness.Agrees).ID.String()
	f.close(card, closeDay)
	m := f.newMatched()
	at := m.now()
	m.mark(at, f.getRow(c, "1").ID)
	e := sentEntry(m.due(at)[0], m.now())
	e.Announce = true
	m.save(e)
	_, _, other := f.accountWithRows(row("2", withAccount("a")))
	f.sentToAccount(card, "account.added "+card.String(), "bill.added "+bill, "bank_statement.compared "+statement,
		"matcher.conflict "+events.ConflictSubject(m.ID, e.Record))
	f.sentToAccount(other, "account.added "+other.String())
	f.sentToAccount(newID[domain.Account]())
}

// pendingWithin waits for at most 10 seconds until the subscription has changes to append, and reports whether it has
// any.
func (f *fixture) pendingWithin(l ports.SubscriptionLease) bool {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if f.pending(l) {
			return true
		}
	}
	return false
}

func queuePages(f *fixture) {
	s := f.subscribe(withTypes("transaction.*"))
	_, running := f.runningPull()
	f.storeRows(running, row("1"), row("2"), row("3"), row("4"), row("5"))
	l := f.lease(s)
	f.equal("pending", true, f.pendingWithin(l))
	var all []events.SubscriptionEvent
	for range 3 {
		got, err := f.Subscriptions.Append(f.ctx, l, s, 2, newID[events.Event])
		f.noError(err)
		all = append(all, got.Events...)
		f.equal("more", len(all) < 5, got.More)
	}
	f.equal("sequences", []int64{1, 2, 3, 4, 5}, ids(all, sequenceOf))
	f.equal("subjects", 5, len(distinct(all, func(e events.SubscriptionEvent) string { return e.Subject })))
	f.equal("ids", 5, len(distinct(all, func(e events.SubscriptionEvent) events.EventID { return e.ID })))
	for after := range int64(6) {
		got, err := f.Subscriptions.ListEvents(f.ctx, l, after, 2)
		f.noError(err)
		f.equal("stored events", all[after:min(after+2, 5)], append([]events.SubscriptionEvent{}, got...))
	}
	f.equal("pending", false, f.pending(l))
}

func sequenceOf(e events.SubscriptionEvent) int64 { return e.Sequence }

func typeOf(e events.SubscriptionEvent) events.EventType { return e.Type }

// distinct returns the set of all keys of the items.
func distinct[T any, K comparable](items []T, key func(T) K) map[K]bool {
	set := map[K]bool{}
	for _, item := range items {
		set[key(item)] = true
	}
	return set
}

func queueLeases(f *fixture) {
	s := f.subscribe()
	at := f.now()
	one, two := newID[domain.Lease](), newID[domain.Lease]()
	held, err := f.Subscriptions.ClaimSubscriptions(f.ctx, one, at, at.Add(time.Minute), 0)
	f.noError(err)
	f.equal("with a limit of 0", 0, len(held))
	f.equal("free", true, f.claims(one, s, at))
	f.equal("again", true, f.claims(one, s, at))
	f.equal("held by another one", false, f.claims(two, s, at.Add(59*time.Second)))
	f.equal("extended", true, f.claims(one, s, at.Add(50*time.Second)))
	f.equal("held by another one", false, f.claims(two, s, at.Add(61*time.Second)))
	f.equal("expired", true, f.claims(two, s, at.Add(110*time.Second)))
	f.equal("taken over", false, f.claims(one, s, at.Add(111*time.Second)))
	f.noError(f.Subscriptions.ReleaseSubscriptions(f.ctx, two))
	f.equal("released", true, f.claims(one, s, at.Add(112*time.Second)))
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionPaused, "", at) })
	f.equal("paused", false, f.claims(one, s, at.Add(113*time.Second)))
	f.equal("paused and expired", false, f.claims(two, s, at.Add(300*time.Second)))
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionActive, "", at) })
	f.equal("resumed", true, f.claims(one, s, at.Add(301*time.Second)))
}

func queueLeaseLost(f *fixture) {
	s, l, _ := f.subscribedWithEvents(1)
	_, running := f.runningPull()
	f.storeRows(running, row("more"))
	f.pendingWithin(l)
	other := l
	other.Holder = newID[domain.Lease]()
	_, err := f.Subscriptions.Append(f.ctx, other, s, 10, newID[events.Event])
	f.errorIs(err, domain.LeaseLost)
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, other, ports.AttemptsWrite{DeliveredTo: 1}), domain.LeaseLost)
	old := s
	old.Revision--
	_, err = f.Subscriptions.Append(f.ctx, l, old, 10, newID[events.Event])
	f.errorIs(err, domain.LeaseLost)
	f.equal("progress", "last 1, delivered to 0, position 0, waiting 1, retrying 0", f.progress(s))
	f.appended(l, s, 1)
}

func queueParks(f *fixture) {
	s := f.subscribe(withTypes("transaction.*"))
	_, running := f.runningPull()
	f.storeRows(running, row("a"))
	l := f.lease(s)
	recorded := f.appended(l, s, 1)
	for _, page := range [][]domain.TransactionData{{row("a", withDescription("2"))}, {row("b")}, {row("c")},
		{row("a", withDescription("3")), row("b", withDescription("2"))}} {
		f.storeRows(running, page...)
		recorded = append(recorded, f.appended(l, s, len(page))...)
	}
	at, next := f.now(), f.now()
	bySubject := map[string][]events.SubscriptionEvent{}
	for _, e := range recorded {
		bySubject[e.Subject] = append(bySubject[e.Subject], e)
	}
	a, b := bySubject[recorded[0].Subject], bySubject[recorded[2].Subject]
	for _, head := range []*events.SubscriptionEvent{&a[0], &b[0]} {
		head.Attempts, head.FailingSince, head.NextAttempt, head.LastError = 2, at, next, domain.SinkRefused
	}
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 4, Parked: slices.Concat(a, b)})
	f.equal("progress", "last 6, delivered to 4, position 0, waiting 5, retrying 5", f.progress(s))
	f.equal("oldest", recorded[0].At, f.status(s).OldestWaiting)
	rest, err := f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("not parked", []int64{recorded[3].Sequence}, ids(rest, sequenceOf))
	heads, err := f.Subscriptions.ListParked(f.ctx, l, 10)
	f.noError(err)
	f.equal("first of each subject", []events.SubscriptionEvent{a[0], b[0]}, heads)
	heads, err = f.Subscriptions.ListParked(f.ctx, l, 1)
	f.noError(err)
	f.equal("limit", a[:1], heads)
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 6, Unparked: []int64{a[0].Sequence}})
	head, err := f.Subscriptions.NextParked(f.ctx, l, a[0].Subject)
	f.noError(err)
	f.equal("next of the subject", a[1], head)
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 6, Unparked: ids(slices.Concat(a, b), sequenceOf)})
	_, err = f.Subscriptions.NextParked(f.ctx, l, a[0].Subject)
	f.errorIs(err, domain.NotFound)
	f.equal("progress", "last 6, delivered to 6, position 6, waiting 0, retrying 0", f.progress(s))
}

func queueRetriesAfterResume(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(1)
	failed := recorded[0]
	failed.Attempts, failed.FailingSince, failed.NextAttempt, failed.LastError = 9, f.now(), f.now(), domain.SinkRefused
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 1, Parked: []events.SubscriptionEvent{failed}})
	head := func() events.SubscriptionEvent {
		f.Helper()
		e, err := f.Subscriptions.NextParked(f.ctx, l, failed.Subject)
		f.noError(err)
		return e
	}
	f.equal("parked", failed, head())
	f.updateSubscription(s, func(s *events.Subscription) { s.Name = "renamed" })
	f.equal("after a change of an active subscription", failed, head())
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionPaused, "", f.now()) })
	f.equal("after a pause", failed, head())
	f.updateSubscription(s, func(s *events.Subscription) { s.SetState(events.SubscriptionActive, "", f.now()) })
	f.equal("after it was resumed", recorded[0], head())
}

func queueAttempts(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(2)
	var want []events.EventAttempt
	for i, e := range recorded {
		want = append(want, events.EventAttempt{
			ID: newID[events.EventAttempt](), Sequence: e.Sequence, Event: e.ID, Type: e.Type, Subject: e.Subject,
			Number: i + 1, At: f.now(), Took: 1500 * time.Microsecond, Error: domain.SinkRefused,
		})
	}
	want[1].Error = ""
	want[0].Answer, want[0].NextAttempt = events.SinkAnswer{
		Status: 503,
		Body:   "maintenance ␀",
	}, f.now().
		Add(time.Minute)
	f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 2, Attempts: want})
	slices.Reverse(want)
	got := collectPages(f, 1, func(page domain.PageRequest) (domain.Page[events.EventAttempt], error) {
		return f.Subscriptions.Attempts(f.ctx, f.tenant, s.ID, page)
	}, nil)
	f.equal("attempts", want, got)
	f.inUTC(got[0].At)
	_, err := f.Subscriptions.Attempts(f.ctx, f.tenant, s.ID,
		domain.PageRequest{Limit: 1, After: domain.Position{Key: "x"}})
	f.invalidCursor("a foreign position", err)
}

func queueDisables(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(2)
	at := f.now()
	f.recordAttempts(l, ports.AttemptsWrite{
		DeliveredTo: 2, Parked: recorded[:1], Disable: domain.SinkUnreachable, At: at,
	})
	got := f.status(s)
	f.equal("state", []any{events.SubscriptionDisabled, domain.SinkUnreachable, at},
		[]any{got.State, got.Reason, got.StateSince})
	f.equal("progress", "last 2, delivered to 2, position 0, waiting 1, retrying 1", f.progress(s))
	f.errorIs(f.Subscriptions.RecordAttempts(f.ctx, l, ports.AttemptsWrite{}), domain.LeaseLost)
	f.equal("claimed", false, f.claims(l.Holder, s, longAfter(at)))
}

func queueTransactions(f *fixture) {
	c, running, id := f.accountWithRows(row("1", withAccount("a")), row("2"))
	f.close(id, closeDay)
	f.storeRows(running, row("1", withAccount("a"), withAmount("-7", "BRL")))
	want := []domain.Transaction{f.getRow(c, "1"), f.getRow(c, "2")}
	want[0].Adjusts = closeDay
	unknown := newID[domain.Transaction]()
	wanted := append(ids(want, func(t domain.Transaction) domain.TransactionID { return t.ID }), unknown)
	got, more, err := f.Subscriptions.Transactions(f.ctx, f.tenant, wanted, domain.MaxPageBytes)
	f.noError(err)
	f.equal("more", false, more)
	slices.SortFunc(got, func(x, y domain.Transaction) int { return strings.Compare(x.ExternalID, y.ExternalID) })
	f.equal("transactions", want, got)
	got, more, err = f.Subscriptions.Transactions(f.ctx, f.tenant, wanted, 1)
	f.noError(err)
	f.equal("within one byte", []any{1, true}, []any{len(got), more})
	size := domain.ItemSize(&want[0]) + domain.ItemSize(&want[1])
	got, more, err = f.Subscriptions.Transactions(f.ctx, f.tenant, wanted, size)
	f.noError(err)
	f.equal("within their size", []any{2, false}, []any{len(got), more})
	got, _, err = f.Subscriptions.Transactions(f.ctx, newTenant(), wanted, domain.MaxPageBytes)
	f.noError(err)
	f.equal("of another tenant", 0, len(got))
}

// kinds returns the types and subjects of events, sorted.
func kinds(recorded []events.SubscriptionEvent) []string {
	return slices.Sorted(slices.Values(ids(recorded, func(e events.SubscriptionEvent) string {
		return string(e.Type) + " " + e.Subject
	})))
}

func eventsOfAccounts(f *fixture) {
	s := f.subscribe(withTypes("account.*"))
	c, running := f.runningPull()
	l := f.lease(s)
	f.storeAccounts(running, true, "a", "b")
	accounts := f.listAccounts(c)
	a, b := " "+accounts[0].ID.String(), " "+accounts[1].ID.String()
	recorded := f.appended(l, s, 2)
	f.equal("new", slices.Sorted(slices.Values([]string{"account.added" + a, "account.added" + b})), kinds(recorded))
	f.equal("time", accounts[0].UpdatedAt, recorded[0].At)
	f.equal("connection", c.ID, recorded[0].Connection)
	f.storeAccounts(running, true, "a", "b")
	changed := accountData("a")
	changed.Name = "renamed"
	f.mustStorePage(running, ports.PageWrite{Accounts: []domain.AccountData{changed}})
	f.equal("changed", []string{"account.modified" + a}, kinds(f.appended(l, s, 1)))
	f.sweepAccounts(running, domain.OneRead, "a")
	f.equal("removed", []string{"account.removed" + b}, kinds(f.appended(l, s, 1)))
	f.storeAccounts(running, true, "b")
	f.equal("listed again", []string{"account.modified" + b}, kinds(f.appended(l, s, 1)))
}

func eventsOfPulls(f *fixture) {
	s := f.subscribe(withTypes("pull.*"))
	c, running := f.runningPull()
	running = f.nextPull(c, running)
	f.finish(running, domain.PullFailed, domain.VendorUnreachable)
	l := f.lease(s)
	f.equal("failed", []string{"pull.failed " + running.Pull.String()}, kinds(f.appended(l, s, 1)))
	running = f.startPull(c)
	recovered := "pull.recovered " + running.Pull.String()
	running = f.nextPull(c, running)
	f.nextPull(c, running)
	f.equal("the first success", []string{recovered}, kinds(f.appended(l, s, 1)))
}

func eventsOfHealth(f *fixture) {
	s := f.subscribe(withTypes("connection.*"))
	c, running := f.runningPull()
	l := f.lease(s)
	subject := " " + c.ID.String()
	finish := func(health domain.Health) {
		f.Helper()
		f.noError(f.Pulls.Finish(f.ctx, running, ports.Outcome{
			State:    domain.PullSucceeded,
			Attempts: 1,
			At:       f.now(),
			Health:   func(domain.Health) domain.Health { return health },
		}))
		running = f.startPull(c)
	}
	healthy := domain.Health{Status: domain.Healthy, Since: f.now()}
	needs := domain.Health{Status: domain.Healthy, Since: f.now(), NeedsReauth: true}
	finish(needs)
	finish(needs)
	f.equal("needed", []string{"connection.reauth_required" + subject}, kinds(f.appended(l, s, 1)))
	finish(healthy)
	f.equal("recovered", []string{"connection.recovered" + subject}, kinds(f.appended(l, s, 1)))
	set := func(health domain.Health) {
		f.Helper()
		_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.Health = health
			return nil
		})
		f.noError(err)
	}
	set(needs)
	f.equal("by a test", []string{"connection.reauth_required" + subject}, kinds(f.appended(l, s, 1)))
	set(domain.Health{}) // a change of the credential has the same effect: it resets Health
	f.appended(l, s, 0)
	set(healthy)
	f.equal("after the change", []string{"connection.recovered" + subject}, kinds(f.appended(l, s, 1)))
	set(needs)
	set(domain.Health{})
	f.appended(l, s, 1)
	finish(healthy)
	f.equal("by a pull", []string{"connection.recovered" + subject}, kinds(f.appended(l, s, 1)))
	finish(healthy)
	f.appended(l, s, 0)
}

func eventsOfPeriods(f *fixture) {
	_, running, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-01-10")), row("2", withAccount("a")))
	s := f.subscribe(withTypes("period.*"))
	l := f.lease(s)
	f.close(id, "2026-01-31")
	f.close(id, closeDay)
	f.storeRows(running, row("2", withAccount("a"), withAmount("-7", "BRL")))
	feb, jan := "period.adjusted "+events.PeriodSubject(id, closeDay),
		"period.adjusted "+events.PeriodSubject(id, "2026-01-31")
	f.equal("one period", []string{feb}, kinds(f.appended(l, s, 1)))
	f.storeRows(running, row("1", withAccount("a"), withDate("2026-01-10"), withAmount("-7", "BRL")))
	f.equal("both periods", []string{jan, feb}, kinds(f.appended(l, s, 2)))
	f.sentToAccount(id, "account.added "+id.String(), feb, feb, jan)
	f.storeRows(running, row("2", withAccount("a"), withAmount("-7", "BRL"), withDescription("no adjustment")))
	f.appended(l, s, 0)
}

func eventsOfCompleteness(f *fixture) {
	c, running, id := f.accountWithRows(row("1", withAccount("a")))
	s := f.subscribe(withTypes("account.drifting", "account.complete"))
	l := f.lease(s)
	const grace = time.Hour
	announce := func(at time.Time) {
		f.Helper()
		for n := 1; n > 0; { // repeated, because accounts of other tests may also be due, and the limit is 2
			var err error
			n, err = f.Subscriptions.AnnounceCompleteness(f.ctx, at, grace, 2)
			f.noError(err)
		}
	}
	at := f.now()
	f.finishSettled(running, at, balances("100"))
	announce(at)
	f.appended(l, s, 0)
	f.confirm(c, balances("100"))
	announce(at)
	announce(at)
	complete, drifting := []string{"account.complete " + id.String()}, []string{"account.drifting " + id.String()}
	f.equal("first", complete, kinds(f.appended(l, s, 1)))
	at = f.now()
	f.finishSettled(f.startPull(c), at, balances("90"))
	announce(at.Add(grace - time.Second))
	f.appended(l, s, 0)
	announce(at.Add(grace))
	f.equal("after the grace", drifting, kinds(f.appended(l, s, 1)))
	counted := func() int {
		f.Helper()
		attention, err := f.Connections.CountAttention(f.ctx, at)
		f.noError(err)
		return attention.Drifting
	}
	later := at.Add(2 * grace)
	announce(later) // also announces accounts of other tests, so that later calls announce only this account
	count := counted()
	f.finishSettled(f.startPull(c), f.now(), balances("100"))
	announce(later)
	f.equal("again", complete, kinds(f.appended(l, s, 1)))
	f.equal("accounts that drift", count-1, counted())
	f.finishSettled(f.startPull(c), at, balances("90"))
	announce(later)
	f.equal("accounts that drift again", count, counted())
	f.deleteConnection(c)
	f.equal("accounts of a deleted connection", count-1, counted())
}

func eventBacklog(f *fixture) {
	before, err := f.Subscriptions.EventBacklog(f.ctx)
	f.noError(err)
	s, _, recorded := f.subscribedWithEvents(3)
	backlog := func() ports.EventBacklog {
		f.Helper()
		now, err := f.Subscriptions.EventBacklog(f.ctx)
		f.noError(err)
		now.Waiting, now.Disabled = now.Waiting-before.Waiting, now.Disabled-before.Disabled
		return now
	}
	f.equal("waiting", 3, backlog().Waiting)
	if oldest := backlog().Oldest; oldest.IsZero() || oldest.After(recorded[0].At) {
		f.Errorf("the oldest event is of %v, want %v or earlier", oldest, recorded[0].At)
	}
	f.updateSubscription(s, func(s *events.Subscription) {
		s.SetState(events.SubscriptionDisabled, domain.SinkRefused, f.now())
	})
	f.equal("disabled", []int{0, 1}, []int{backlog().Waiting, backlog().Disabled})
}

func eventsPruned(f *fixture) {
	s, l, recorded := f.subscribedWithEvents(4)
	attempt := events.EventAttempt{ID: newID[events.EventAttempt](), At: f.now()}
	f.recordAttempts(l, ports.AttemptsWrite{
		DeliveredTo: 3, Parked: recorded[:1], Attempts: []events.EventAttempt{attempt},
	})
	prune := func(before time.Time) {
		f.Helper()
		for n := 1; n > 0; {
			var err error
			n, err = f.Subscriptions.PruneEvents(f.ctx, before, 3)
			f.noError(err)
		}
	}
	prune(recorded[0].At)
	all, err := f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("not old", 3, len(all))
	prune(longAfter(f.now()))
	all, err = f.Subscriptions.ListEvents(f.ctx, l, 0, 10)
	f.noError(err)
	f.equal("only what waits", recorded[3:], all)
	_, err = f.Subscriptions.NextParked(f.ctx, l, recorded[0].Subject)
	f.noError(err)
	attempts, err := f.Subscriptions.Attempts(f.ctx, f.tenant, s.ID, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("attempts", 0, len(attempts.Items))
	_, err = f.Subscriptions.Replay(f.ctx, f.tenant, s.ID, 2, nil)
	f.errorIs(err, domain.Invalid)
	_, running := f.runningPull()
	f.storeRows(running, row("next"))
	f.equal("next sequence", []string{"5 transaction.added 1"}, briefEvents(f.appended(l, s, 1)))
}
