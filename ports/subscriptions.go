package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
)

// NewSubscription holds the fields of a subscription to create.
type NewSubscription struct {
	Name       string
	Types      []string
	Connection domain.ConnectionID // zero for the events of all connections
	Account    domain.AccountID    // zero for the events of all accounts
	Sink       SinkRequest
	FromStart  bool // whether the events begin at the first stored record instead of now
}

// SinkRequest is the destination of a subscription as an operator sends it.
type SinkRequest struct {
	Without  []string // the members that are left out of the data of events; see events.LeaveOut
	Kind     string
	Settings domain.Secret // a JSON object, which can contain secrets; see Sink.Parse
}

// SubscriptionUpdate holds the replaceable fields of a subscription. A secret that the settings of the sink omit can
// keep its stored value; see Sink.Parse.
type SubscriptionUpdate struct {
	Name       string
	Types      []string
	Connection domain.ConnectionID
	Account    domain.AccountID
	Sink       SinkRequest
}

// SubscriptionStatus is a subscription with the progress of its events.
type SubscriptionStatus struct {
	events.Subscription
	// Waiting is the number of waiting events: those that are stored and not delivered. A record that is due for
	// Matcher, and has no conflict, counts as one; at most 10,000 of them are counted.
	Waiting int
	// OldestWaiting is the time of the oldest change whose event is waiting; zero if no event waits. While Matcher
	// fails, it is not later than the beginning of the failures.
	OldestWaiting time.Time
	Retrying      int // number of waiting events that have failed, or follow a failed event of the same subject
	// Position is the sequence number just before the first waiting event, or LastSequence if no event is waiting.
	Position int64
}

// CreatedSubscription is a new subscription, or a subscription whose signing secret was replaced. Only this result
// contains the secret in clear.
type CreatedSubscription struct {
	SubscriptionStatus
	Secret domain.Secret // the key that signs the events; empty if the sink does not sign
}

// SinkTestResult is the outcome of a test of a sink.
type SinkTestResult struct {
	Delivered bool
	Reason    domain.Code // "" if Delivered is set
	Latency   time.Duration
	Answer    events.SinkAnswer
}

// SubscriptionManager manages subscriptions.
//
// Every method that takes an id returns NotFound unless the id belongs to a subscription of the tenant.
type SubscriptionManager interface {
	// CreateSubscription validates all fields, checks the address of the sink against the egress rules, seals the
	// secrets and stores the subscription. Errors: Invalid (joined, one error for each invalid field); NotFound
	// if the connection is not a live aggregator connection of the tenant, or the account is not an account of the
	// tenant and of the connection; Conflict (too_many_subscriptions) if the
	// tenant has events.MaxSubscriptions subscriptions.
	CreateSubscription(ctx context.Context, tenant domain.TenantID, n NewSubscription) (CreatedSubscription, error)
	// GetSubscription returns one subscription.
	GetSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID) (SubscriptionStatus, error)
	// ListSubscriptions returns the subscriptions of the tenant, newest first.
	ListSubscriptions(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[SubscriptionStatus], error)
	// UpdateSubscription replaces the name, the types, the connection, the account and the sink of a subscription, in
	// one atomic change. Errors: those of CreateSubscription; Invalid (immutable) if the kind of the sink would change;
	// Conflict (revision_mismatch).
	UpdateSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, match IfMatch,
		u SubscriptionUpdate) (SubscriptionStatus, error)
	// DeleteSubscription deletes a subscription with its events and attempts. Errors: Conflict (revision_mismatch).
	DeleteSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, match IfMatch) error
	// PauseSubscription stops sending the events of a subscription. The subscription keeps its position.
	PauseSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID) (SubscriptionStatus, error)
	// ResumeSubscription makes a paused or disabled subscription active. Its failed events are retried immediately.
	ResumeSubscription(ctx context.Context, tenant domain.TenantID,
		id events.SubscriptionID) (SubscriptionStatus, error)
	// RotateSubscriptionSecret replaces the signing secret. For the duration events.OldSecretFor, events are also
	// signed with the previous secret. Errors: Conflict (not_offered) if the sink does not sign.
	RotateSubscriptionSecret(ctx context.Context, tenant domain.TenantID,
		id events.SubscriptionID) (CreatedSubscription, error)
	// ReplaySubscription sends the stored events again, starting with the given sequence number. If this number is
	// after the position of the subscription, the events in between are skipped. The number can be that of a stored
	// event, or LastSequence + 1. Errors: Invalid (field "from") for any other number.
	ReplaySubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		sequence int64) (SubscriptionStatus, error)
	// SkipEvent passes over one event that has failed at least once; it is never sent. If the event reports a new
	// record, the next event of the record reports it. Errors: Conflict (event_not_failed, event_delivered,
	// event_not_stored).
	SkipEvent(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		sequence int64) (SubscriptionStatus, error)
	// TestSubscription sends an event of the type events.SubscriptionTest. Any outcome is returned as a result,
	// not as an error. Errors: Unavailable (too_many_probes) with RetryAfter if too many tests run.
	TestSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID) (SinkTestResult, error)
	// ListMatcherConflicts returns the conflicts of a subscription whose sink is Matcher, newest first: the entries
	// of records whose difference from Matcher only a person can resolve. Errors: Conflict (not_offered) if the sink
	// is not Matcher.
	ListMatcherConflicts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		page domain.PageRequest) (domain.Page[lerianmatcher.Entry], error)
	// RetryMatcherConflict requests another attempt to resolve a conflict, and returns the conflict. The attempt
	// starts within a few seconds. Errors: those of ListMatcherConflicts; NotFound if the record has no conflict.
	RetryMatcherConflict(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		record domain.TransactionID) (lerianmatcher.Entry, error)
	// ListUnmappedAccounts returns the accounts whose records a subscription does not send to Matcher, because the
	// accounts have no source in Matcher, or are sent through another connection; see MatcherEntries.Unmapped.
	// Errors: those of ListMatcherConflicts.
	ListUnmappedAccounts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		page domain.PageRequest) (domain.Page[UnmappedAccount], error)
	// ListEventAttempts returns the attempts to send events of a subscription, newest first.
	ListEventAttempts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		page domain.PageRequest) (domain.Page[events.EventAttempt], error)
}

// EventDispatcher sends the events of subscriptions.
type EventDispatcher interface {
	// DispatchEvents sends the events of all active subscriptions until ctx ends. Any number of processes may run it.
	// Errors of stores and sinks are emitted or recorded; they do not end DispatchEvents.
	DispatchEvents(ctx context.Context)
}

// EventEncoder encodes the data of events. Each method encodes a resource as the API returns it.
type EventEncoder interface {
	Transaction(t domain.Transaction) ([]byte, error)
	Account(a domain.Account) ([]byte, error)
	Connection(c domain.Connection) ([]byte, error)
	Pull(p domain.Pull) ([]byte, error)
	Close(c books.Close) ([]byte, error)
	Suggestion(s Suggestion) ([]byte, error)
	BankStatement(s BankStatementView) ([]byte, error)
	Bill(b Bill) ([]byte, error)
	// Conflict encodes an entry for Matcher that has a conflict.
	Conflict(e lerianmatcher.Entry) ([]byte, error)
	Subscription(s SubscriptionStatus) ([]byte, error)
}

// Subscriptions stores subscriptions, their events, and the attempts to send the events.
type Subscriptions interface {
	SubscriptionStore
	EventQueue
	EventMaintenance
}

// SubscriptionStore stores subscriptions for operators. A position in the list of subscriptions consists of CreatedAt,
// formatted by domain.TimeKey, and the id. A position in the list of attempts consists of the attempt's time, formatted
// in the same way, and the attempt's id.
type SubscriptionStore interface {
	// Create stores a subscription. If FromStart is set, the events of the subscription begin with the first stored
	// record. Otherwise they report every change that commits after Create has returned, and possibly changes that
	// commit while Create is running. Errors: Conflict (too_many_subscriptions) if the tenant already has
	// events.MaxSubscriptions subscriptions that are not deleted. Concurrent calls cannot exceed this maximum.
	Create(ctx context.Context, s events.Subscription, entries AuditEntries) error
	// Get returns one subscription. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID) (SubscriptionStatus, error)
	// List returns the subscriptions of a tenant, newest first.
	List(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[SubscriptionStatus], error)
	// Update reads a subscription, changes it with the function fn, and stores the result, in one atomic change. After
	// an error nothing has changed. Errors: NotFound; any error of fn.
	//
	//   - Changes of the id, the tenant, the sequence numbers, the epoch and FromStart are ignored.
	//   - If the subscription becomes active, a new epoch begins (see events.Subscription.Epoch). Failed events are
	//     due for a retry immediately, and their attempts are counted from zero.
	Update(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		entries AuditEntries, fn func(*events.Subscription) error) (SubscriptionStatus, error)
	// Delete deletes a subscription with its events and attempts. It first calls the function check with the
	// subscription. If check returns an error, Delete deletes nothing and returns this error. Errors: NotFound; any
	// error of check.
	Delete(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		entries AuditEntries, check func(events.Subscription) error) error
	// Replay changes the position of a subscription. The event with the given sequence number is sent next, followed by
	// all later events, even if they were already sent. Earlier events are no longer sent. A new epoch begins, so that
	// the holder of the lease cannot overwrite the position.
	//
	// The number can be that of a stored event, or LastSequence + 1. Errors: NotFound; Invalid (field "from") for any
	// other number.
	Replay(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		sequence int64, entries AuditEntries) (SubscriptionStatus, error)
	// Skip passes over an event whose attempts have failed, and stores an attempt with the error skipped. A new epoch
	// begins. If the event is transaction.added, the next event of its subject becomes transaction.added, also if
	// Append stores it later. Errors: NotFound; Conflict (event_delivered) for an event that was delivered or skipped,
	// Conflict (event_not_stored) if there is no such event, Conflict (event_not_failed) for every other event.
	Skip(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, skip EventSkip,
		entries AuditEntries) (SubscriptionStatus, error)
	// Attempts returns the attempts to send events of a subscription, newest first. For an unknown subscription, it
	// returns none.
	Attempts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
		page domain.PageRequest) (domain.Page[events.EventAttempt], error)
}

// EventSkip describes how an event is passed over.
type EventSkip struct {
	Sequence int64
	Attempt  events.AttemptID // of the attempt that is stored
	At       time.Time
}

// SubscriptionLease is the right of one process to send the events of a subscription. Holder is the fencing token.
type SubscriptionLease struct {
	Tenant       domain.TenantID
	Subscription events.SubscriptionID
	Holder       domain.LeaseID
	Epoch        int64 // events.Subscription.Epoch when the subscription was claimed
}

// AppendedEvents is the result of EventQueue.Append.
type AppendedEvents struct {
	Events []events.SubscriptionEvent // in the order of their sequence numbers
	More   bool                       // there are changes after the new position
}

// AttemptsWrite is the result of attempts to send events, as EventQueue.RecordAttempts stores it.
type AttemptsWrite struct {
	// DeliveredTo is the new value of Subscription.DeliveredTo, a sequence number. All events up to this number were
	// delivered or skipped, or are parked.
	DeliveredTo int64
	Attempts    []events.EventAttempt
	// Parked contains the parked (postponed) events, which wait separately from the others. An event is parked if it
	// has failed, or if it follows a failed event of the same subject. A failed event contains the state of its
	// retries.
	Parked []events.SubscriptionEvent
	// Unparked are the sequence numbers of parked events that were delivered.
	Unparked []int64
	// Disable is the reason for disabling the subscription; "" if the subscription remains active. A write with a
	// reason also ends the lease.
	Disable domain.Code
	At      time.Time
}

// EventQueue stores the events of subscriptions for the process that sends them. Its methods are not limited to one
// tenant. A write fails with LeaseLost (Conflict) in these cases:
//
//   - The lease was replaced or has ended.
//   - A new epoch of the subscription has begun since the subscription was claimed.
type EventQueue interface {
	// ClaimSubscriptions leases active subscriptions to one process, which the argument holder identifies. It returns
	// all active subscriptions that the process has leased.
	//
	// The call extends the existing leases of the process. It also leases up to limit further subscriptions. These have
	// no lease, or an expired one. Each lease then lasts for at least half of the time from now to leaseEnd, so a store
	// may skip some extensions.
	ClaimSubscriptions(ctx context.Context, holder domain.LeaseID, now, leaseEnd time.Time,
		limit int) ([]events.Subscription, error)
	// ReleaseSubscriptions ends all leases of one process, which the argument holder identifies.
	ReleaseSubscriptions(ctx context.Context, holder domain.LeaseID) error
	// ListPending returns the subscriptions with changes that Append has not read yet. It returns only the
	// subscriptions that one process has leased. The argument holder identifies this process.
	ListPending(ctx context.Context, holder domain.LeaseID) ([]events.SubscriptionID, error)
	// Append reads the changes and the tenant's events (events.Event) after the position of the subscription. It reads
	// at most limit changes and at most limit events. For each of these that the subscription wants
	// (events.Subscription.Wants), Append stores a subscription event with the next sequence number. It advances the
	// position in the same atomic change.
	//
	// The feed has two entries for a changed record: one for the first version and one for the current version
	// (events.FeedChange.EventType). Each entry becomes an event with the current version of the record. If one call
	// reads both entries, it skips the second one.
	//
	// Errors: LeaseLost (Conflict), also if the stored subscription has another revision than the argument s.
	Append(ctx context.Context, l SubscriptionLease, s events.Subscription, limit int,
		newID func() events.EventID) (AppendedEvents, error)
	// ListEvents returns at most limit events that are not parked and whose sequence number is greater than
	// afterSequence, in the order of their sequence numbers.
	ListEvents(
		ctx context.Context,
		l SubscriptionLease,
		afterSequence int64,
		limit int,
	) ([]events.SubscriptionEvent, error)
	// ListParked returns the first parked event of each subject: at most limit events, in the order of their sequence
	// numbers.
	ListParked(ctx context.Context, l SubscriptionLease, limit int) ([]events.SubscriptionEvent, error)
	// NextParked returns the first parked event of a subject. Errors: NotFound.
	NextParked(ctx context.Context, l SubscriptionLease, subject string) (events.SubscriptionEvent, error)
	// RecordAttempts stores the result of attempts, in one atomic change. Errors: LeaseLost.
	RecordAttempts(ctx context.Context, l SubscriptionLease, w AttemptsWrite) error
	// Transactions returns the current versions of the tenant's transactions with these ids, in the same form as
	// Ledger.Changes, in any order. Unknown ids are omitted.
	//
	// The result ends with the transaction that brings its size (see domain.ItemSize) to maxBytes or more. more reports
	// whether further transactions were left out for this reason.
	Transactions(ctx context.Context, tenant domain.TenantID, ids []domain.TransactionID, maxBytes int) (
		found []domain.Transaction, more bool, err error)
}

// EventBacklog describes the waiting events of all active subscriptions: those that are stored and not delivered.
type EventBacklog struct {
	Waiting int
	Oldest  time.Time // time of the oldest change whose event is waiting; zero if no event waits
	// Disabled is the number of disabled subscriptions.
	Disabled int
}

// EventMaintenance counts, deletes and announces events. Its methods are not limited to one tenant.
type EventMaintenance interface {
	// EventBacklog counts the waiting events of active subscriptions, and the disabled subscriptions.
	EventBacklog(ctx context.Context) (EventBacklog, error)
	// PruneEvents deletes rows that are older than the given time, and returns their number. It deletes at most limit
	// rows of each kind:
	//
	//   - attempts;
	//   - delivered events of subscriptions (events.SubscriptionEvent);
	//   - events of tenants (events.Event), from which Append creates events of subscriptions.
	//
	// The age of an event is the age of the change that it reports.
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	// AnnounceCompleteness stores an event for each account whose completeness state has changed since the account's
	// last such event. It handles at most limit accounts, and returns the number of events.
	//
	//   - The event is account.drifting if the balance has not matched the records for at least the grace period.
	//   - Otherwise the event is account.complete.
	//   - An account that is removed, or whose state is unknown, gets no event.
	AnnounceCompleteness(ctx context.Context, at time.Time, grace time.Duration, limit int) (int, error)
}
