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

// Connections keeps connections of both kinds. Every method sees live rows of the
// given kind only; rows of the other kind are NotFound.
type Connections interface {
	// Create stores a new connection. Errors: Conflict (name_taken) while a live
	// connection of the tenant, of either kind, has the name; nothing is stored then.
	Create(ctx context.Context, c domain.Connection) error

	// Get reads one. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID) (domain.Connection, error)

	// Find reads the aggregator connection with this vendor and name. Errors: NotFound.
	Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, name string) (domain.Connection, error)

	// List gives connections without sealed credentials, by name (byte order), then id.
	// Position: name, id.
	List(ctx context.Context, tenant domain.TenantID, filter ConnectionFilter, page domain.PageRequest) (domain.Page[domain.Connection], error)

	// Update reads, lets change edit, and writes, as one change; concurrent updates of one
	// row happen one after the other. An error of change is returned as it is, with nothing
	// written. When change sets DeletedAt, the connection's webhook tokens are revoked and
	// its queued and waiting pulls fail (connection_deleted) in the same change. Errors:
	// NotFound; Conflict (name_taken).
	Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
		change func(*domain.Connection) error) (domain.Connection, error)

	// Activity gives the finish of the last succeeded pull and the receipt of the last
	// delivery; zero where there is none. Errors: NotFound.
	Activity(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (Activity, error)

	// Sealed lists live connections of all tenants behind the id after, by id, for
	// re-encryption. It acts for the service itself.
	ListSealed(ctx context.Context, after domain.ConnectionID, limit int) ([]domain.Connection, error)

	// Reseal replaces a sealed credential if it is still old, without touching Revision or
	// UpdatedAt, and says whether it did. It acts for the service itself.
	Reseal(ctx context.Context, id domain.ConnectionID, old, fresh domain.Sealed) (bool, error)
}

// Activity is when a connection last did something.
type Activity struct {
	LastPullAt    time.Time
	LastWebhookAt time.Time
}

// TokenFilter narrows a list of tokens.
type TokenFilter struct{ Connection domain.ConnectionID }

// Tokens keeps webhook tokens.
type Tokens interface {
	// Create stores a token. Errors: NotFound when its connection is not live any more,
	// as one change with the check.
	Create(ctx context.Context, t domain.WebhookToken) error

	// List gives tokens, revoked ones too, newest first. Position: Instant of CreatedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter TokenFilter, page domain.PageRequest) (domain.Page[domain.WebhookToken], error)

	// Revoke ends a live token: every receipt that begins later is refused. Errors:
	// NotFound, also for one that is revoked already.
	Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error

	// Touch records when tokens were last used; an older time never replaces a newer one,
	// unknown ids are passed over. It acts for the service itself.
	RecordUsage(ctx context.Context, used map[domain.TokenID]time.Time) error
}

// Receipt is what the door wants stored of a knock whose source is proved.
type IncomingDelivery struct {
	Delivery   domain.DeliveryID
	Pull       domain.PullID // used if no pull is queued for the connection yet
	Token      domain.TokenHash
	Vendor     domain.Vendor
	Event      domain.WebhookEvent
	Unreadable bool // the body is not the vendor's; Event is zero
	Body       []byte
	At         time.Time
	Trace      string // kept with a pull that is made for it
}

// Received is what became of a receipt.
type ReceiveResult struct {
	Token domain.TokenID
	// Delivery is the stored one; where Duplicate, the first of its kind.
	Delivery  domain.Delivery
	Duplicate bool
}

// DeliveryFilter narrows a list of deliveries. Zero members do not narrow. From and To
// bound ReceivedAt, From included, To not.
type DeliveryFilter struct {
	Connection domain.ConnectionID
	Status     domain.DeliveryStatus
	EventID    string
	From, To   time.Time
}

// Deliveries keeps what came through the door.
type Deliveries interface {
	// Receive finds the live token of a live connection by hash and vendor, and stores the
	// delivery and, if it is wanted and new, its pull with the pull's job, as one change
	// that is durable when Receive returns. A wanted delivery joins the pull that is queued
	// for the connection, so that no pull which has begun to read is ever joined; without
	// one, Receipt.Pull is queued. An event about another account reference is stored as
	// ignored. A fingerprint the connection has already is a Duplicate, however many copies
	// race: nothing is stored. Errors: Unauthenticated when there is no such token. It acts
	// for the service itself.
	Receive(ctx context.Context, r IncomingDelivery) (ReceiveResult, error)

	// List gives deliveries without bodies and asks, newest first. Position: Instant of
	// ReceivedAt, id.
	List(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter, page domain.PageRequest) (domain.Page[domain.Delivery], error)

	// Get reads one, with its body. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)

	// Replay queues the work of deliveries again, each with the pull that is queued for its
	// connection or a new one, as one change with their move to Accepted. Deliveries that
	// are not the tenant's, ask for nothing, or whose connection is not live are passed
	// over; the rest come back with their new pull. fresh makes ids for new pulls.
	Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
		fresh func() domain.PullID) ([]domain.Delivery, error)

	// Prune deletes up to limit deliveries received before the time and not waiting for a
	// pull, and says how many. It acts for the service itself, and takes no lock that
	// Receive waits for.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// Answer is a stored first answer to a request with an idempotency key.
type StoredResponse struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// IdempotencyStore keeps first answers.
type IdempotencyStore interface {
	// Begin claims the key. It gives nil when the key was free, or its claim older than
	// stale (a process died in the middle), or the answer is older than keep: the caller
	// must then Finish or Abandon. Otherwise the first answer. Errors: Conflict
	// (key_in_flight), Conflict (key_reused) when the fingerprint differs.
	Begin(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint, at time.Time) (*StoredResponse, error)

	// Finish stores the answer of a claim.
	Finish(ctx context.Context, tenant domain.TenantID, key string, answer StoredResponse, at time.Time) error

	// Abandon frees a claim that came to nothing.
	Release(ctx context.Context, tenant domain.TenantID, key string) error

	// Forget deletes up to limit answers older than the time. It acts for the service itself.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// How long an answer is repeated, and a claim without an answer is believed.
const (
	ResponseRetention = 7 * 24 * time.Hour
	ClaimTimeout      = time.Minute
)

// Prober says whether what it stands for works.
type Prober interface {
	Ping(ctx context.Context) error
}
