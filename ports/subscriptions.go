package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// NewSubscription holds the fields of a subscription to create.
type NewSubscription struct {
	Name       string
	Types      []string
	Connection domain.ConnectionID // zero for the events of all connections
	Sink       SinkRequest
	FromStart  bool // whether the events begin at the first stored record instead of now
}

// SinkRequest is the destination of a subscription as an operator sends it.
type SinkRequest struct {
	Kind       string
	URL        domain.Secret // it can contain a password
	Exchange   string
	RoutingKey string
}

// SubscriptionUpdate holds the replaceable fields of a subscription. If the URL has no password, but has the same user
// and host as before, the password is kept.
type SubscriptionUpdate struct {
	Name       string
	Types      []string
	Connection domain.ConnectionID
	Sink       SinkRequest
}

// SubscriptionStatus is a subscription with the progress of its events.
type SubscriptionStatus struct {
	domain.Subscription
	Waiting       int       // number of waiting events: those that are stored and not delivered
	OldestWaiting time.Time // when the change that the oldest waiting event reports was made; zero if no event waits
	Retrying      int       // number of waiting events that have failed, or follow a failed event of the same subject
	// Position is the sequence number just before the first waiting event, or LastSequence if no event is waiting.
	Position int64
}

// CreatedSubscription is a new subscription. This is the only time that Secret is available.
type CreatedSubscription struct {
	SubscriptionStatus
	Secret domain.Secret // the key that signs the events; empty if the sink does not sign
}

// SinkTestResult is the outcome of a test of a sink.
type SinkTestResult struct {
	Delivered bool
	Reason    domain.Code // "" if Delivered is set
	Latency   time.Duration
}

// SubscriptionManager manages subscriptions.
//
// Every method that takes an id returns NotFound unless the id belongs to a subscription of the tenant.
type SubscriptionManager interface {
	// CreateSubscription validates all fields, checks the address of the sink against the egress rules, seals the
	// secrets and stores the subscription. Errors: Invalid (joined, one error for each invalid field); NotFound
	// if the connection is not a live aggregator connection of the tenant.
	CreateSubscription(ctx context.Context, tenant domain.TenantID, n NewSubscription) (CreatedSubscription, error)
	// GetSubscription returns one subscription.
	GetSubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID) (SubscriptionStatus, error)
	// ListSubscriptions returns the subscriptions of the tenant, newest first.
	ListSubscriptions(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[SubscriptionStatus], error)
	// UpdateSubscription replaces the fields, in one atomic change. Errors: those of CreateSubscription; Invalid
	// (immutable) if the kind of the sink would change; Conflict (revision_mismatch).
	UpdateSubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID, match IfMatch,
		u SubscriptionUpdate) (SubscriptionStatus, error)
	// DeleteSubscription deletes a subscription with its events and attempts. Errors: Conflict (revision_mismatch).
	DeleteSubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID, match IfMatch) error
	// PauseSubscription stops sending the events of a subscription. The subscription keeps its position.
	PauseSubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID) (SubscriptionStatus, error)
	// ResumeSubscription makes a paused or disabled subscription active. Its failed events are retried at once.
	ResumeSubscription(ctx context.Context, tenant domain.TenantID,
		id domain.SubscriptionID) (SubscriptionStatus, error)
	// RotateSubscriptionSecret replaces the signing secret. For the duration domain.OldSecretFor, events are also
	// signed with the previous secret. Errors: Conflict (not_offered) if the sink does not sign.
	RotateSubscriptionSecret(ctx context.Context, tenant domain.TenantID,
		id domain.SubscriptionID) (CreatedSubscription, error)
	// ReplaySubscription sends the stored events again, starting with the event that has the given sequence number
	// (first). If this event is after the position of the subscription, the events in between are skipped. Errors:
	// Invalid on "from" unless the event is stored or is the next one.
	ReplaySubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		first int64) (SubscriptionStatus, error)
	// TestSubscription sends an event of the type domain.SubscriptionTest. Any outcome is returned as a result,
	// not as an error. Errors: Unavailable (too_many_probes) with RetryAfter if too many tests run.
	TestSubscription(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID) (SinkTestResult, error)
	// ListEventAttempts returns the attempts to send events of a subscription, newest first.
	ListEventAttempts(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		page domain.PageRequest) (domain.Page[domain.EventAttempt], error)
}

// EventDispatcher sends the events of subscriptions.
type EventDispatcher interface {
	// DispatchEvents sends the events of all active subscriptions until ctx ends. Any number of processes may run
	// it. Errors of stores and sinks are emitted or recorded; they do not end it.
	DispatchEvents(ctx context.Context)
}

// EventEncoder encodes the data of events. Each method encodes a resource as the API returns it.
type EventEncoder interface {
	Transaction(t domain.Transaction) ([]byte, error)
	Account(a domain.Account) ([]byte, error)
	Connection(c domain.Connection) ([]byte, error)
	Pull(p domain.Pull) ([]byte, error)
	Close(c domain.Close) ([]byte, error)
	Subscription(s SubscriptionStatus) ([]byte, error)
}

// Subscriptions stores subscriptions, their events, and the attempts to send the events.
type Subscriptions interface {
	SubscriptionStore
	EventQueue
	EventMaintenance
}

// SubscriptionStore stores subscriptions for operators. A position in the list of subscriptions consists of the TimeKey
// of CreatedAt and the id. A position in the list of attempts consists of the TimeKey of the attempt's time and the
// attempt's id.
type SubscriptionStore interface {
	// Create stores a subscription. If FromStart is set, its events begin at the first record. Otherwise they report
	// every change that commits after Create has returned. They can also report changes that commit while Create is
	// running.
	Create(ctx context.Context, s domain.Subscription) error
	// Get returns one subscription. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID) (SubscriptionStatus, error)
	// List returns the subscriptions of a tenant, newest first.
	List(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[SubscriptionStatus], error)
	// Update calls change with a subscription and stores the changed subscription, in one atomic change. It ignores
	// changes of the id, the tenant, the sequences, the epoch and FromStart. If the subscription becomes active, Update
	// begins a new epoch, in which the retries of its events start again and are due at once. After an error nothing
	// has changed. Errors: NotFound; those of change.
	Update(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		change func(*domain.Subscription) error) (SubscriptionStatus, error)
	// Delete deletes a subscription with its events and attempts, unless check returns an error. Errors: NotFound;
	// those of check.
	Delete(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		check func(domain.Subscription) error) error
	// Replay changes the position, so that the next event to send is the one with the given sequence number (from). The
	// stored events beginning with this one are sent again; earlier events are not sent any more. Replay begins a new
	// epoch, so that the holder of the lease cannot overwrite the position. Errors: NotFound; Invalid on "from" unless
	// the event is stored or is the next one, LastSequence + 1.
	Replay(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		from int64) (SubscriptionStatus, error)
	// Attempts returns the attempts to send events of a subscription, newest first. For an unknown subscription, it
	// returns none.
	Attempts(ctx context.Context, tenant domain.TenantID, id domain.SubscriptionID,
		page domain.PageRequest) (domain.Page[domain.EventAttempt], error)
	// ListSealed returns at most limit subscriptions of all tenants whose ids are greater than the given id (after),
	// ordered by id, for re-encryption. It is not limited to one tenant.
	ListSealed(ctx context.Context, after domain.SubscriptionID, limit int) ([]domain.Subscription, error)
	// Reseal replaces the sealed secrets of a subscription if the stored ones still equal old, and reports whether it
	// did. It is not limited to one tenant.
	Reseal(
		ctx context.Context,
		tenant domain.TenantID,
		id domain.SubscriptionID,
		old, fresh domain.Sealed,
	) (bool, error)
}

// SubscriptionLease is the right of one process to send the events of a subscription. Holder is the fencing token.
type SubscriptionLease struct {
	Tenant       domain.TenantID
	Subscription domain.SubscriptionID
	Holder       domain.LeaseID
	Epoch        int64 // domain.Subscription.Epoch when the subscription was claimed
}

// AppendedEvents is the result of EventQueue.Append.
type AppendedEvents struct {
	Events []domain.SubscriptionEvent // in the order of their sequences
	More   bool                       // there are changes after the new position
}

// AttemptsWrite is the result of attempts to send events.
type AttemptsWrite struct {
	// DeliveredTo is the new value of Subscription.DeliveredTo.
	DeliveredTo int64
	Attempts    []domain.EventAttempt
	// Parked contains the parked (postponed) events, which wait separately from the others. These are an event that has
	// failed, with the state of its retries, and the later events of the same subject.
	Parked []domain.SubscriptionEvent
	// Unparked are the sequences of parked events that were delivered.
	Unparked []int64
	// Disable is the reason for which the subscription must be disabled, which also ends the lease. It is "" if the
	// subscription remains active.
	Disable domain.Code
	At      time.Time
}

// EventQueue stores the events of subscriptions for the process that sends them. Its methods are not limited to one
// tenant. A write fails with LeaseLost (Conflict) if its lease was replaced or has ended, or if the subscription is no
// longer in the epoch of the lease.
type EventQueue interface {
	// ClaimSubscriptions extends the leases of a process (holder) on active subscriptions, and claims at most limit
	// active subscriptions whose lease has expired or ended. It returns all active subscriptions on which the process
	// has a lease after the call. Each of these leases lasts for at least half of the time between at and until.
	ClaimSubscriptions(ctx context.Context, holder domain.LeaseID, at, until time.Time,
		limit int) ([]domain.Subscription, error)
	// ReleaseSubscriptions ends all leases of the process (holder).
	ReleaseSubscriptions(ctx context.Context, holder domain.LeaseID) error
	// ListPending returns the subscriptions on which the process (holder) has a lease, and for which there are changes
	// that Append has not read yet.
	ListPending(ctx context.Context, holder domain.LeaseID) ([]domain.SubscriptionID, error)
	// Append reads at most limit changes of the feed, and at most limit other events, after the position of the
	// subscription. It stores those that the subscription wants (domain.Subscription.Wants) with the next sequences,
	// and advances the position, in one atomic change. When Append reads the entry of a record's first version, it
	// stores an event with the record's present version, even if the record has changed since. The feed's entry for the
	// present version later becomes another event, unless the same call reads both entries
	// (domain.FeedChange.EventType). Errors: LeaseLost, also if the stored subscription has another revision than s.
	Append(ctx context.Context, l SubscriptionLease, s domain.Subscription, limit int,
		newID func() domain.EventID) (AppendedEvents, error)
	// ListEvents returns at most limit events that are not parked and whose sequence is greater than the given one
	// (after), in the order of their sequences.
	ListEvents(ctx context.Context, l SubscriptionLease, after int64, limit int) ([]domain.SubscriptionEvent, error)
	// ListParked returns the first parked event of each subject. It returns at most limit events, in the order of their
	// sequences.
	ListParked(ctx context.Context, l SubscriptionLease, limit int) ([]domain.SubscriptionEvent, error)
	// NextParked returns the first parked event of a subject. Errors: NotFound.
	NextParked(ctx context.Context, l SubscriptionLease, subject string) (domain.SubscriptionEvent, error)
	// RecordAttempts stores the result of attempts, in one atomic change. Errors: LeaseLost.
	RecordAttempts(ctx context.Context, l SubscriptionLease, w AttemptsWrite) error
	// Transactions returns the present versions of the tenant's transactions with these ids, in the same form as
	// Ledger.Changes. Unknown ids are left out. connections contains the connections of the transactions.
	Transactions(ctx context.Context, tenant domain.TenantID, connections []domain.ConnectionID,
		ids []domain.TransactionID) ([]domain.Transaction, error)
}

// EventBacklog describes the waiting events of all active subscriptions: those that are stored and not delivered.
type EventBacklog struct {
	Waiting int
	Oldest  time.Time // when the change that the oldest waiting event reports was made; zero if no event waits
	// Disabled is the number of disabled subscriptions.
	Disabled int
}

// EventMaintenance counts, deletes and announces events. Its methods are not limited to one tenant.
type EventMaintenance interface {
	// EventBacklog counts the waiting events of active subscriptions, and the disabled subscriptions.
	EventBacklog(ctx context.Context) (EventBacklog, error)
	// PruneEvents deletes rows that are older than the given time, and returns their number. Each kind of row has its
	// own limit: it deletes at most limit attempts, by the time of the attempt, at most limit delivered events, and at
	// most limit events without a subscription, both by the time of the change that they report.
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	// AnnounceCompleteness stores the events account.drifting and account.complete for at most limit accounts whose
	// state has changed since the last call, and returns their number. A drift is announced only when it has lasted for
	// the grace period. No event is stored for an account that is removed or whose state is unknown.
	AnnounceCompleteness(ctx context.Context, at time.Time, grace time.Duration, limit int) (int, error)
}
