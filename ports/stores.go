package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ConnectionFilter narrows a list of connections. A zero member does not narrow the list.
type ConnectionFilter struct {
	Kind   domain.ConnectionKind
	Health domain.HealthStatus
	// ConsentExpiresBefore selects connections whose consent has a known expiry before this time.
	ConsentExpiresBefore time.Time
}

// Connections stores connections of both kinds. A method that takes a kind sees only live
// rows of that kind; for rows of the other kind it returns NotFound.
type Connections interface {
	// Create stores a new connection. Errors: Conflict (name_taken) when a live connection of
	// the tenant, of either kind, already has the name; nothing is stored in that case.
	Create(ctx context.Context, c domain.Connection) error

	// Get returns one connection. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
		id domain.ConnectionID) (domain.Connection, error)

	// Find returns the aggregator connection with this vendor and name. Errors: NotFound.
	Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, name string) (domain.Connection, error)

	// List returns connections without their sealed credentials, ordered by name (byte order),
	// then by id. A position in the list consists of a name and an id.
	List(ctx context.Context, tenant domain.TenantID, filter ConnectionFilter,
		page domain.PageRequest) (domain.Page[domain.Connection], error)

	// Update reads the connection, calls change with it, and writes the changed connection, in one atomic change.
	// Concurrent updates of one row are serialised. If change returns an error, Update writes nothing and returns this
	// error unchanged. If change sets DeletedAt, the same atomic change also revokes the connection's webhook tokens
	// and marks those of its pulls that are queued or wait for a retry as failed (connection_deleted). If change clears
	// PausedAt, the same atomic change queues the jobs of the connection's pulls that have not ended. Errors: NotFound;
	// Conflict (name_taken).
	Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
		change func(*domain.Connection) error) (domain.Connection, error)

	// Activity returns when the connection's last succeeded pull finished, when its last delivery was received, whether
	// a mass removal is held back (not applied yet), and how many rows are in its quarantine. A time is zero if there
	// was no such pull or delivery. Errors: NotFound.
	Activity(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (Activity, error)

	// Activities returns the result of Activity for each of the ids. It omits ids that do not belong to
	// live aggregator connections of the tenant.
	Activities(ctx context.Context, tenant domain.TenantID,
		ids []domain.ConnectionID) (map[domain.ConnectionID]Activity, error)

	// NoticeConsents returns at most limit live aggregator connections, without their sealed credentials, whose consent
	// has begun to count as expiring (Consent.NoticeAt <= at), earliest first. The method marks each of these consents
	// as noticed, in one atomic change per connection. If calls are concurrent, only one of them returns a given
	// connection. It is not limited to one tenant.
	NoticeConsents(ctx context.Context, at time.Time, limit int) ([]domain.Connection, error)

	// CountAttention returns how many live aggregator connections, and accounts of them, need attention. It is not
	// limited to one tenant.
	CountAttention(ctx context.Context, at time.Time) (Attention, error)

	// ListSealed returns at most limit live connections of all tenants whose ids are greater than the given id (after),
	// ordered by id, for re-encryption. It is not limited to one tenant.
	ListSealed(ctx context.Context, after domain.ConnectionID, limit int) ([]domain.Connection, error)

	// Reseal replaces the sealed credential of a connection if the stored one still equals
	// old. It changes neither Revision nor UpdatedAt, and reports whether it replaced the
	// credential. It is not limited to one tenant.
	Reseal(ctx context.Context, id domain.ConnectionID, old, fresh domain.Sealed) (bool, error)
}

// Attention counts connections and accounts of all tenants that need attention.
type Attention struct {
	// ConsentExpiring is the number of connections whose consent expires within domain.ConsentNotice or has
	// expired. Revoked consents are not counted.
	ConsentExpiring int
	Silent          int // connections that are silent and not paused
	// Drifting is the number of accounts whose last announced state (EventMaintenance.AnnounceCompleteness) is that
	// they drift, which means that their records do not explain their balances. Removed accounts are not counted.
	Drifting int
}

// Activity holds the times of a connection's last succeeded pull and last delivery, the size of its quarantine, and
// other stored facts about its rows, accounts and webhooks.
type Activity struct {
	LastPullAt    time.Time // when the last succeeded pull finished; zero if no pull has succeeded
	LastWebhookAt time.Time // when the last delivery was received; zero if there was no delivery
	MassRemoval   bool      // whether a mass removal waits for another read; see domain.AbsenceRead
	Quarantined   int       // number of rows in the quarantine
	DriftSince    time.Time // when the oldest drift of an account that is not removed began; zero if none drifts
	Shared        bool      // another live connection reads an account with the same key or external id
	Compared      bool      // the completeness of at least one account that is not removed is known
	// Webhooks reports whether the connection has a live token, and whether a webhook about it was received at or after
	// Connection.Webhook.MissedAt. A delivery with the status ignored is not about the connection. Webhooks.Heard is
	// not set if MissedAt is zero.
	Webhooks domain.Evidence
}

// TokenFilter narrows a list of tokens. The zero value does not narrow the list.
type TokenFilter struct{ Connection domain.ConnectionID }

// ClaimedRegistration is a token whose webhook is to be removed at the vendor, with the token's connection.
type ClaimedRegistration struct {
	Token      domain.WebhookToken
	Connection domain.Connection
}

// Tokens stores webhook tokens.
type Tokens interface {
	// Create checks that the token's connection is live and stores the token with its registration
	// (domain.WebhookRegistration), in one atomic change. The connection then awaits a webhook
	// (domain.WebhookWatch.Awaiting). Errors: NotFound when the connection is no longer live.
	Create(ctx context.Context, t domain.WebhookToken) error

	// List returns tokens, including revoked ones, newest first. It omits tokens whose registration is
	// pending. A position in the list consists of the TimeKey of CreatedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, filter TokenFilter,
		page domain.PageRequest) (domain.Page[domain.WebhookToken], error)

	// FindByHash returns the token with the given hash, even if it is revoked. It is meant for the log line
	// that explains why a webhook was refused, and must not be used to accept a webhook. Errors: NotFound.
	// It is not limited to one tenant.
	FindByHash(ctx context.Context, hash domain.TokenHash) (domain.WebhookToken, error)

	// Revoke revokes a live token: every Deliveries.Receive that starts later refuses the token. If the token's
	// registration is active, the same atomic change sets its state to removing, so that the webhook is removed at the
	// vendor next. Errors: NotFound, also if the token is already revoked or its registration is pending.
	Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error

	// ActivateRegistration stores the vendor's id of the webhook of a live token whose registration is
	// pending, and makes the registration active. Errors: NotFound if there is no such token any more.
	ActivateRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID, webhook string) error

	// ClaimRegistrations returns at most limit tokens whose registrations are due (DueAt <= at), and are pending or
	// removing. It returns each token with its connection, even if the connection is deleted. Claiming sets the DueAt
	// of the registration to until, increments its Attempts and revokes the token if it is live, in one atomic change.
	// If calls are concurrent, only one of them returns a given token. It is not limited to one tenant.
	ClaimRegistrations(ctx context.Context, at, until time.Time, limit int) ([]ClaimedRegistration, error)

	// PostponeRegistration sets the DueAt of a registration that is pending or removing. Any other
	// registration is not changed.
	PostponeRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID, due time.Time) error

	// EndRegistration records that the vendor does not have the webhook of a token. A removing registration
	// becomes removed, and a token whose registration is pending is deleted. Any other token is not changed.
	EndRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error

	// RecordUsage stores for each token in used when it was last used. A stored time is never
	// replaced by an older one, and unknown ids are ignored. It is not limited to one tenant.
	RecordUsage(ctx context.Context, used map[domain.TokenID]time.Time) error
}

// IncomingDelivery is a delivery to store. It comes from a webhook request whose source was
// verified.
type IncomingDelivery struct {
	Delivery domain.DeliveryID
	Pull     domain.PullID // id of the new pull; ignored if a pull is already queued for the connection
	Token    domain.TokenHash
	Vendor   domain.Vendor
	// SourceAdmitted means that the request has passed one of the deployment's source checks.
	SourceAdmitted bool
	Authorization  domain.SourceHash // the hash of the request's Authorization header
	Event          domain.WebhookEvent
	Unreadable     bool // the body is not the vendor's JSON, and Event is zero
	Body           []byte
	At             time.Time
	Trace          string // W3C traceparent; stored with the pull if this delivery creates one
}

// ReceiveResult is the outcome of receiving a delivery.
type ReceiveResult struct {
	Token domain.TokenID
	// Delivery is the stored delivery. If Duplicate is set, it is the delivery that was stored
	// when the event was received for the first time.
	Delivery  domain.Delivery
	Duplicate bool
}

// DeliveryFilter narrows a list of deliveries. A zero member does not narrow the list. From
// (inclusive) and To (exclusive) are bounds of ReceivedAt.
type DeliveryFilter struct {
	Connection domain.ConnectionID
	Status     domain.DeliveryStatus
	EventID    string
	From, To   time.Time
}

// Deliveries stores webhook deliveries.
type Deliveries interface {
	// Receive looks up the live token of a live connection by hash and vendor, and stores the delivery. If the delivery
	// is new and requires a pull, the same atomic change stores the pull and the pull's job. The change is durable when
	// Receive returns.
	//
	//   - A delivery that requires a pull is attached to the pull that is queued for the connection, never to a pull
	//     that has already started to read. If no pull is queued, Receive queues a new pull with the id
	//     IncomingDelivery.Pull.
	//   - A token with a source secret is refused unless Authorization is the hash of that secret. A token without a
	//     source secret is refused unless SourceAdmitted is set (domain.SourceHash.Admits).
	//   - An event about another account reference than that of the connection is stored with the status ignored. If
	//     the token has a registration, neither the body nor the scope of such an event is stored.
	//   - If the connection already has a delivery with the same fingerprint, the result is marked as Duplicate and
	//     nothing is stored, however many copies arrive concurrently.
	//
	// Errors: Unauthenticated when there is no such token or when the token is refused. The method is not limited to
	// one tenant.
	Receive(ctx context.Context, r IncomingDelivery) (ReceiveResult, error)

	// List returns deliveries without bodies and scopes, newest first. A position in the list
	// consists of the TimeKey of ReceivedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		page domain.PageRequest) (domain.Page[domain.Delivery], error)

	// Get returns one delivery with its body. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)

	// Replay requests the pulls of deliveries again. In one atomic change, each delivery is attached to the pull that
	// is queued for its connection, or to a new pull, and its status becomes Accepted. A delivery is skipped if it
	// belongs to another tenant, does not require a pull, or belongs to a connection that is not live. All other
	// deliveries are returned with their new pull. newID generates ids for new pulls. The scope of a delivery whose
	// pull has succeeded becomes domain.PullScope.Replayed.
	Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
		newID func() domain.PullID) ([]domain.Delivery, error)

	// Prune deletes at most limit deliveries that were received before the given time and are
	// not waiting for a pull, and returns the number of deleted deliveries. It takes no lock
	// that Receive waits for. It deletes deliveries of all tenants.
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
	// Begin claims the key. It returns nil if the caller now holds the claim and must end it with Finish or
	// Release. A caller can claim a key in these cases:
	//
	//   - the key is free;
	//   - its previous claim is older than ClaimTimeout, because a process died while it held the claim;
	//   - its response is older than ResponseRetention.
	//
	// Otherwise Begin returns the stored response. Errors: Conflict (key_in_flight) if another request
	// holds the claim; Conflict (key_reused) if the fingerprint differs.
	//
	// The time of the claim (at) identifies the claim, like a fencing token. The caller passes this time to Finish and
	// Release (claimed). Two claims of a key never have the same time, because a claim can be taken over only after
	// ClaimTimeout.
	Begin(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		at time.Time) (*StoredResponse, error)

	// Finish stores the response for the key and ends the claim that Begin made at the given time (claimed). If this
	// claim has already ended or was taken over by another request, Finish changes nothing and returns nil.
	Finish(ctx context.Context, tenant domain.TenantID, key string, claimed time.Time,
		response StoredResponse, at time.Time) error

	// Release ends the claim that Begin made at the given time (claimed), without storing a response, so that the key
	// is free again. If this claim has already ended or was taken over by another request, Release changes nothing and
	// returns nil.
	Release(ctx context.Context, tenant domain.TenantID, key string, claimed time.Time) error

	// Prune deletes at most limit responses older than the given time and returns the number
	// of deleted responses. It is not limited to one tenant.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	// ResponseRetention is how long a stored response is returned for repeated requests.
	ResponseRetention = 7 * 24 * time.Hour
	// ClaimTimeout is how long a claim stays valid when no response is stored for it.
	ClaimTimeout = time.Minute
)

// Prober reports whether a dependency is available.
type Prober interface {
	// Ping returns nil when the dependency is available.
	Ping(ctx context.Context) error
}
