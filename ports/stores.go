package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ConnectionFilter narrows a list of connections. A zero member does not narrow the list.
type ConnectionFilter struct {
	Kind   domain.ConnectionKind
	Health domain.HealthStatus // at the time Now; see domain.Health.At
	Now    time.Time
	// ConsentExpiresBefore selects connections whose consent has a known expiry before this time.
	ConsentExpiresBefore time.Time
	// IDs selects the connections with these ids; nil does not narrow the list.
	IDs []domain.ConnectionID
	// Institution selects the connections to this bank.
	Institution domain.InstitutionKey
}

// AccountFilter narrows a list of accounts. A zero member does not narrow the list.
type AccountFilter struct {
	Connection domain.ConnectionID
	// Institution selects the accounts of the live connections to this bank.
	Institution domain.InstitutionKey
}

// Connections stores connections of both kinds. A method that takes a kind sees only live
// rows of that kind; for rows of the other kind it returns NotFound.
type Connections interface {
	// Create stores a new connection. Errors: Conflict (name_taken) when a live connection of
	// the tenant, of either kind, already has the name; nothing is stored in that case. If the connection has an
	// application, further errors are NotFound (application_not_found) and Conflict (application_changed); see
	// domain.Connection.CheckJoined.
	Create(ctx context.Context, c domain.Connection, entries AuditEntries) error

	// Get returns one connection. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
		id domain.ConnectionID) (domain.Connection, error)

	// Find returns the aggregator connection with this vendor and name. Errors: NotFound.
	Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, name string) (domain.Connection, error)

	// List returns connections without their sealed credentials, ordered by name (byte order),
	// then by id. A position in the list consists of a name and an id.
	List(ctx context.Context, tenant domain.TenantID, filter ConnectionFilter,
		page domain.PageRequest) (domain.Page[domain.Connection], error)

	// Update reads a connection, changes it with the function fn, and stores the result, in one atomic change.
	// Concurrent updates of one row are serialised. fn may be called more than once, each time with the stored
	// connection. If fn returns an error, Update writes nothing and returns this error unchanged.
	//
	// The same atomic change has further effects:
	//
	//   - The tokens that domain.RebindTokens returns are stored. Each token that moves to another connection has an
	//     audit entry (AuditEntries.WithMoved).
	//   - If fn sets DeletedAt, the pulls that are queued, or wait for a retry, are marked as failed
	//     (connection_deleted).
	//   - If fn clears PausedAt, the jobs of the connection's unfinished pulls are queued.
	//
	// Errors: NotFound; Conflict (name_taken); the errors of Create about the application, if fn has called
	// domain.Connection.Join.
	Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
		entries AuditEntries, fn func(*domain.Connection) error) (domain.Connection, error)

	// Brief returns the tenant's aggregator connections that have one of the ids, in any order, including deleted ones.
	// If ids is nil, it returns all of them.
	Brief(ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID) ([]domain.BriefConnection, error)

	// VisitFacts calls visit for each live aggregator connection of the tenant that has one of the ids, in any order.
	// If ids is nil, it calls visit for all live aggregator connections of the tenant; ConnectionActivity is then zero,
	// and so is Webhooks if no webhook is missing. It reads the facts of all connections with one query. They are valid
	// only during the call of visit, which must not call the store. If visit returns an error, VisitFacts stops and
	// returns this error.
	VisitFacts(ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID,
		visit func(*domain.ConnectionFacts) error) error

	// CountAdded returns how many records the pulls of each connection have added on each day (UTC) since first. A pull
	// counts on the day on which it ended. Connections and days without new records are omitted, and so are ids that
	// do not belong to connections of the tenant.
	CountAdded(ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID,
		first domain.Date) (map[domain.ConnectionID]map[domain.Date]int, error)

	// InstitutionActivity returns what the pulls of the live connections to each of the banks have stored. The pulls
	// are those that ended at or after since; the delays are those of the readings on and after the day of since. days
	// determines when a day ends. Banks without a connection are omitted.
	InstitutionActivity(ctx context.Context, tenant domain.TenantID, banks []domain.InstitutionKey, since time.Time,
		days domain.Coverage) (map[domain.InstitutionKey]domain.InstitutionActivity, error)

	// NoticeConsents returns at most limit live aggregator connections whose consent is expiring (Consent.NoticeAt <=
	// now), earliest first, without their sealed credentials. Each returned consent is marked as noticed, so only one
	// of several concurrent calls returns the connection. The method is not limited to one tenant.
	NoticeConsents(ctx context.Context, now time.Time, limit int) ([]domain.Connection, error)
	// ListDeviceWaits returns at most limit live connections that are not paused, whose account holder need not sign in
	// again, and whose Health.DeviceSince is at or before begun; the oldest waits first. The credentials are left out.
	ListDeviceWaits(ctx context.Context, begun time.Time, limit int) ([]domain.Connection, error)

	// ListMaybeStale returns at most limit live aggregator connections whose id is greater than after, ordered by id:
	// those with a live account whose BankReadAt is before the cutoff, and those with Announced.Stale. The other
	// members of the connections are not set. The method is not limited to one tenant.
	ListMaybeStale(ctx context.Context, cutoff time.Time, after domain.ConnectionID,
		limit int) ([]domain.Connection, error)

	// AnnounceStale sets Announced.Stale of a live connection, and records the event. If it has the value already, or
	// if there is no such connection, nothing changes, and the result is false.
	AnnounceStale(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, stale bool,
		at time.Time) (changed bool, err error)

	// CountAttention counts problems of live aggregator connections and of their accounts (see Attention). It is not
	// limited to one tenant.
	CountAttention(ctx context.Context, at time.Time) (Attention, error)
}

// BankReading is the oldest reading of one bank by a vendor. Connections that are paused, or whose account holder must
// sign in again, do not count.
type BankReading struct {
	Vendor      domain.Vendor
	Institution string // its id; "" if it is not known
	At          time.Time
}

// Attention contains the numbers of connections and accounts with a problem, over all tenants.
type Attention struct {
	At           time.Time     // when they were counted
	BankReadings []BankReading // of the live accounts with a known reading, in any order
	// ConsentExpiring is the number of connections whose consent expires within domain.ConsentNotice or has
	// expired. Revoked consents are not counted.
	ConsentExpiring int
	Silent          int // number of connections that are not paused and whose expected webhook is missing
	// Drifting is the number of live accounts whose last completeness event is account.drifting: the balance does not
	// match the records. See EventMaintenance.AnnounceCompleteness.
	Drifting int
}

// TokenFilter narrows a list of tokens. The zero value does not narrow the list.
type TokenFilter struct{ Connection domain.ConnectionID }

// ClaimedRegistration is a token and its connection. The webhook of the token is to be removed at the vendor.
type ClaimedRegistration struct {
	Token      domain.WebhookToken
	Connection domain.Connection
}

// Tokens stores webhook tokens.
type Tokens interface {
	// Create checks that the token's connection is live and stores the token with its registration
	// (domain.WebhookRegistration), in one atomic change. The connection then awaits a webhook
	// (domain.WebhookWatch.Awaiting). Errors: NotFound when the connection is no longer live; Conflict
	// (target_changed), see domain.WebhookToken.CheckApplication; Conflict (already_registered) if another live token
	// of the tenant has the same application; Conflict (too_many_tokens) if the connection already has
	// domain.MaxTokens live tokens that were minted for it. Concurrent calls cannot exceed this maximum.
	Create(ctx context.Context, t domain.WebhookToken, entries AuditEntries) error

	// List returns tokens, including revoked ones, newest first. It sets WebhookToken.Serves. It omits tokens whose
	// registration is in the state "pending". A position in the list consists of CreatedAt, formatted by
	// domain.TimeKey, and the id.
	List(ctx context.Context, tenant domain.TenantID, filter TokenFilter,
		page domain.PageRequest) (domain.Page[domain.WebhookToken], error)

	// FindByHash returns the token with the given hash, even if it is revoked. It must be used only to explain in the
	// log why a webhook was refused, and to find the credential with which the source of a webhook is verified. It must
	// not be used to accept a webhook: Deliveries.Receive does this. It is not limited to one tenant. Errors: NotFound.
	FindByHash(ctx context.Context, hash domain.TokenHash) (domain.WebhookToken, error)

	// Revoke revokes a live token. Every Deliveries.Receive that starts later refuses the token. If the token's
	// registration is in the state "active", the same atomic change sets the state to "removing". The vendor's webhook
	// is then removed later.
	//
	// Revoke first calls check with the token, in which Serves is set. If check returns an error, Revoke changes
	// nothing and returns this error. check may be nil.
	//
	// Errors: NotFound if there is no such token, if it is already revoked, or if its registration is in the state
	// "pending".
	Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time, entries AuditEntries,
		check func(domain.WebhookToken) error) error

	// FindRegistration returns the live token of the tenant with this application, whose registration is in the state
	// "pending" or "active". Errors: NotFound.
	FindRegistration(ctx context.Context, tenant domain.TenantID,
		application domain.ApplicationKey) (domain.WebhookToken, error)

	// AbandonRegistration revokes a live token whose registration is in the state "pending", so that another token can
	// be registered for the application. The webhook is removed when the registration is due. Any other token is not
	// changed.
	AbandonRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error

	// ActivateRegistration changes the state of a live token's registration from "pending" to "active". It also stores
	// the id that the vendor has assigned to the webhook. Errors: NotFound if there is no such token any more.
	ActivateRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID, webhook string,
		entries AuditEntries) error

	// ClaimRegistrations claims at most limit registrations that are due (DueAt <= now) and in the state "pending" or
	// "removing". It returns their tokens, each with its connection, even if the connection is deleted. The method is
	// not limited to one tenant.
	//
	// In the same atomic change, DueAt becomes claimEnd, Attempts increases by one, and live tokens are revoked. Only
	// one of several concurrent calls returns a given token.
	ClaimRegistrations(ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID,
		limit int) ([]ClaimedRegistration, error)

	// PostponeRegistration sets the DueAt of a registration that is in the state "pending" or "removing". Any other
	// registration is not changed.
	PostponeRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID, due time.Time) error

	// EndRegistration records that the vendor does not have the webhook of a token. If the token's registration is in
	// the state "removing", its state becomes "removed" and its access is deleted. If it is in the state "pending", the
	// token is deleted. Any other token is not changed.
	EndRegistration(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error

	// RecordUsage stores when tokens were last used. It never replaces a stored time by an older one, and ignores
	// unknown ids. It is not limited to one tenant.
	RecordUsage(ctx context.Context, usage map[domain.TokenID]time.Time) error
}

// Deliveries.Receive takes an IncomingDelivery and returns a ReceiveResult. Its rules are in package domain.
type (
	// IncomingDelivery is a delivery to store. It comes from a webhook request whose source was verified.
	IncomingDelivery = domain.IncomingDelivery
	// ReceiveResult is the outcome of receiving a delivery.
	ReceiveResult = domain.ReceiveResult
)

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
	// Receive stores a delivery of the live token with this hash and vendor, once for each connection to which
	// its event belongs. The connection of the token must be live. If a stored delivery requires a pull, the same
	// atomic change stores the pull and its job. The change is durable when Receive returns.
	//
	//   - domain.PlanWebhooks decides what is stored, and for which connections.
	//   - A delivery that requires a pull is attached to the queued pull of its connection. If no pull is queued,
	//     Receive queues a new pull. A pull that has started gets no further deliveries.
	//   - A delivery with the same fingerprint as a stored delivery of the connection is not stored, even if both
	//     arrive concurrently.
	//   - If a delivery is stored, this token is recorded as the token of the connection's last webhook. See
	//     domain.WebhookToken.Serves.
	//
	// Errors: Unauthenticated if there is no such token, or if the token is refused. The method is not limited to one
	// tenant.
	Receive(ctx context.Context, r IncomingDelivery) (ReceiveResult, error)

	// List returns deliveries without bodies and scopes, newest first. A position in the list consists of ReceivedAt,
	// formatted by domain.TimeKey, and the id.
	List(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		page domain.PageRequest) (domain.Page[domain.Delivery], error)

	// Get returns one delivery with its body. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)

	// Replay requests another pull for each delivery, in one atomic change. The delivery is attached to the queued pull
	// of its connection, or to a new pull if none is queued. Its status becomes Accepted. The function newID generates
	// ids for new pulls.
	//
	// If the previous pull of a delivery has succeeded, Replay also replaces the delivery's scope by the result of
	// domain.PullScope.Replayed.
	//
	// Replay returns the replayed deliveries with their new pulls. It skips a delivery if one of these is true:
	//
	//   - The delivery belongs to another tenant.
	//   - The delivery does not require a pull.
	//   - The connection of the delivery is not live.
	Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
		entries AuditEntries, newID func() domain.PullID) ([]domain.Delivery, error)

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
	// Begin claims the key and returns nil, or returns the stored response. A caller that has claimed the key must end
	// the claim with Finish or Release. A key can be claimed in these cases:
	//
	//   - The key is free.
	//   - Its claim is older than ClaimTimeout, because a process died while it held the claim.
	//   - Its response is older than ResponseRetention.
	//
	// Errors: Conflict (key_reused) if the fingerprint differs; Conflict (key_in_flight) if another request holds the
	// claim.
	//
	// The time claimedAt identifies the claim, like a fencing token, in later calls of Finish and Release. Two claims
	// of a key never have the same time, because a claim can be taken over only after ClaimTimeout.
	Begin(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		claimedAt time.Time) (*StoredResponse, error)

	// Finish stores the response for the key and ends the claim that Begin made at the time claimedAt. If this claim
	// has already ended or was taken over by another request, Finish changes nothing and returns nil.
	Finish(ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time,
		response StoredResponse, now time.Time) error

	// Release ends the claim that Begin made at the time claimedAt, without storing a response, so that the key is free
	// again. If this claim has already ended or was taken over by another request, Release changes nothing and returns
	// nil.
	Release(ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time) error

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
	// Ping returns nil when the dependency is available for reads.
	Ping(ctx context.Context) error
	// PingWrite returns nil when the dependency also accepts writes. It commits a change of no importance.
	PingWrite(ctx context.Context) error
}
