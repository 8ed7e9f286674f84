package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ConnectionFilter narrows a list of connections. Zero members do not narrow.
type ConnectionFilter struct {
	Kind   domain.ConnectionKind
	Health domain.HealthStatus
}

// Connections stores connections of both kinds. Every method sees only live rows of the
// given kind; rows of the other kind are NotFound.
type Connections interface {
	// Create stores a new connection. Errors: Conflict (name_taken) when a live connection
	// of the tenant, of either kind, has the name; nothing is stored in that case.
	Create(ctx context.Context, c domain.Connection) error

	// Get returns one connection. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
		id domain.ConnectionID) (domain.Connection, error)

	// Find returns the aggregator connection with this vendor and name. Errors: NotFound.
	Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, name string) (domain.Connection, error)

	// List returns connections without sealed credentials, ordered by name (byte order),
	// then id. Position: name, id.
	List(ctx context.Context, tenant domain.TenantID, filter ConnectionFilter,
		page domain.PageRequest) (domain.Page[domain.Connection], error)

	// Update reads the connection, passes it to change for editing, and writes it, in one
	// atomic change. Concurrent updates of one row are serialized. An error of change is
	// returned unchanged, with nothing written. When change sets DeletedAt, the same atomic
	// change revokes the connection's webhook tokens and fails its pulls that are queued or
	// wait for a retry (connection_deleted). Errors: NotFound; Conflict (name_taken).
	Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
		change func(*domain.Connection) error) (domain.Connection, error)

	// Activity returns when the last succeeded pull finished and when the last delivery was
	// received; the zero time where there is none. Errors: NotFound.
	Activity(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (Activity, error)

	// ListSealed returns at most limit live connections of all tenants with ids greater than
	// after, ordered by id, for re-encryption. It acts for the service itself.
	ListSealed(ctx context.Context, after domain.ConnectionID, limit int) ([]domain.Connection, error)

	// Reseal replaces a sealed credential if it still equals old, without changing Revision
	// or UpdatedAt, and reports whether it replaced it. It acts for the service itself.
	Reseal(ctx context.Context, id domain.ConnectionID, old, fresh domain.Sealed) (bool, error)
}

// Activity is when a connection was last active.
type Activity struct {
	LastPullAt    time.Time // when the last succeeded pull finished; zero if none did
	LastWebhookAt time.Time // when the last delivery was received; zero if none was
}

// TokenFilter narrows a list of tokens. The zero value does not narrow.
type TokenFilter struct{ Connection domain.ConnectionID }

// Tokens stores webhook tokens.
type Tokens interface {
	// Create checks that the token's connection is live and stores the token, in one atomic
	// change. Errors: NotFound when the connection is no longer live.
	Create(ctx context.Context, t domain.WebhookToken) error

	// List returns tokens, including revoked ones, newest first. Position: TimeKey of
	// CreatedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter TokenFilter,
		page domain.PageRequest) (domain.Page[domain.WebhookToken], error)

	// Revoke ends a live token: every Deliveries.Receive that starts later refuses it.
	// Errors: NotFound, also for a token that is already revoked.
	Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error

	// RecordUsage stores when tokens were last used. An older time never replaces a newer
	// one, and unknown ids are ignored. It acts for the service itself.
	RecordUsage(ctx context.Context, used map[domain.TokenID]time.Time) error
}

// IncomingDelivery is a delivery to store, from a webhook request whose source was verified.
type IncomingDelivery struct {
	Delivery   domain.DeliveryID
	Pull       domain.PullID // used only if no pull is queued for the connection yet
	Token      domain.TokenHash
	Vendor     domain.Vendor
	Event      domain.WebhookEvent
	Unreadable bool // the body is not the vendor's JSON; Event is zero
	Body       []byte
	At         time.Time
	Trace      string // W3C traceparent; stored with a pull that is created for this delivery
}

// ReceiveResult is the outcome of receiving a delivery.
type ReceiveResult struct {
	Token domain.TokenID
	// Delivery is the stored delivery; when Duplicate is set, the one that was stored first.
	Delivery  domain.Delivery
	Duplicate bool
}

// DeliveryFilter narrows a list of deliveries. Zero members do not narrow. From (inclusive)
// and To (exclusive) bound ReceivedAt.
type DeliveryFilter struct {
	Connection domain.ConnectionID
	Status     domain.DeliveryStatus
	EventID    string
	From, To   time.Time
}

// Deliveries stores webhook deliveries.
type Deliveries interface {
	// Receive looks up the live token of a live connection by hash and vendor and stores the
	// delivery. If the delivery wants a pull and is new, its pull and the pull's job are
	// stored in the same atomic change, which is durable when Receive returns.
	//
	//   - A delivery that wants a pull is attached to the pull that is queued for the
	//     connection, never to one that has started reading. Without a queued pull,
	//     IncomingDelivery.Pull is queued.
	//   - An event about another account reference is stored as ignored.
	//   - A fingerprint that the connection already has is a Duplicate, however many copies
	//     arrive concurrently: deduplication stores nothing.
	//
	// Errors: Unauthenticated when there is no such token. It acts for the service itself.
	Receive(ctx context.Context, r IncomingDelivery) (ReceiveResult, error)

	// List returns deliveries without bodies and scopes, newest first. Position: TimeKey of
	// ReceivedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		page domain.PageRequest) (domain.Page[domain.Delivery], error)

	// Get returns one delivery with its body. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)

	// Replay requests the pulls of deliveries again. In one atomic change each delivery is
	// attached to the pull that is queued for its connection, or to a new one, and moves to
	// Accepted. Deliveries that are not the tenant's, want no pull, or whose connection is
	// not live are skipped; the others are returned with their new pull. newID generates
	// ids for new pulls.
	Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
		newID func() domain.PullID) ([]domain.Delivery, error)

	// Prune deletes at most limit deliveries that were received before the given time and do
	// not wait for a pull, and returns their number. It acts for the service itself, and
	// takes no lock that Receive waits for.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// StoredResponse is the stored response to the first request with an idempotency key.
type StoredResponse struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// IdempotencyStore stores the first response for each idempotency key.
type IdempotencyStore interface {
	// Begin claims the key. It returns nil when the caller holds the claim and must end it
	// with Finish or Release: the key was free, its previous claim is older than
	// ClaimTimeout (a process died while it held it), or its response is older than
	// ResponseRetention. Otherwise it returns the stored response. Errors: Conflict
	// (key_in_flight); Conflict (key_reused) when the fingerprint differs.
	Begin(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		at time.Time) (*StoredResponse, error)

	// Finish stores the response of a claimed key.
	Finish(ctx context.Context, tenant domain.TenantID, key string, response StoredResponse, at time.Time) error

	// Release frees a claim without storing a response.
	Release(ctx context.Context, tenant domain.TenantID, key string) error

	// Prune deletes at most limit responses older than the given time and returns their
	// number. It acts for the service itself.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	// ResponseRetention is how long a stored response is replayed.
	ResponseRetention = 7 * 24 * time.Hour
	// ClaimTimeout is how long a claim without a response is valid.
	ClaimTimeout = time.Minute
)

// Prober reports whether a dependency is available.
type Prober interface {
	// Ping returns nil when the dependency is available.
	Ping(ctx context.Context) error
}
