package ports

import (
	"context"
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// API is everything that callers drive over HTTP, and nothing more.
type API interface {
	ConnectionManager
	EngineManager
	TokenManager
	WebhookReceiver
	DeliveryLog
	PullService
	Reader
	Idempotency
}

// NewConnection holds the fields of an aggregator connection to create.
type NewConnection struct {
	Vendor     string
	Name       string
	BaseURL    string
	AccountRef string
	ClientID   domain.Secret
	Secret     domain.Secret
}

// ConnectionUpdate holds the replaceable fields of a connection. ClientID and Secret are
// either both set (the credential is rotated) or both empty (the credential is kept).
type ConnectionUpdate struct {
	Name       string
	BaseURL    string
	AccountRef string
	ClientID   domain.Secret
	Secret     domain.Secret
}

// IfMatch is an If-Match condition on a connection's revision: it holds for any of the
// listed revisions. nil holds for every revision.
type IfMatch []int64

// TestResult is the outcome of a live test of an aggregator connection.
type TestResult struct {
	Vendor  domain.Vendor
	Name    string
	Healthy bool
	Reason  domain.Code // "" when healthy
	Latency time.Duration
}

// ConnectionHealth is what is stored about a connection's health; no vendor is called for it.
type ConnectionHealth struct {
	domain.Health
	Activity
}

// ConnectionManager manages aggregator connections.
//
// Every method returns NotFound for an id that is not one of the tenant's live aggregator
// connections, even if it names something of another kind or tenant.
type ConnectionManager interface {
	// CreateConnection validates all fields, checks the address, seals the credential and
	// stores the connection. Errors: Invalid (joined, one for each invalid field); Conflict
	// (name_taken).
	CreateConnection(ctx context.Context, tenant domain.TenantID, n NewConnection) (domain.Connection, error)
	// GetConnection returns one connection.
	GetConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	// ListConnections returns the tenant's live connections ordered by name. health "" does
	// not narrow the list.
	ListConnections(ctx context.Context, tenant domain.TenantID, health domain.HealthStatus,
		page domain.PageRequest) (domain.Page[domain.Connection], error)
	// UpdateConnection renames the connection, changes its target and rotates its
	// credential, in one atomic change. Errors: Invalid; Conflict (name_taken,
	// revision_mismatch).
	UpdateConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
		match IfMatch, u ConnectionUpdate) (domain.Connection, error)
	// DeleteConnection soft-deletes the connection, frees its name and revokes its tokens.
	// Errors: Conflict (revision_mismatch).
	DeleteConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	// TestConnection authenticates with the sealed credential and reads the account
	// reference. Any response of the vendor is a result, not an error.
	TestConnection(ctx context.Context, tenant domain.TenantID, vendor, name string) (TestResult, error)
	// ConnectionHealth returns the stored health of a connection.
	ConnectionHealth(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (ConnectionHealth, error)
}

// ConnectorType is one registered connector.
type ConnectorType struct {
	Type     domain.ConnectorType
	Category domain.Category
}

// NewEngine holds the fields of an engine connection to create.
type NewEngine struct {
	Type       string
	Name       string
	Config     json.RawMessage
	Credential domain.Credential
}

// EngineUpdate holds the fields to replace. A member with its zero value keeps what is stored.
type EngineUpdate struct {
	Name       string
	Config     json.RawMessage
	Credential domain.Credential
}

// EngineTest is the outcome of a live probe. Message is one sentence written by the service,
// never by the peer; "" when healthy.
type EngineTest struct {
	Connection domain.ConnectionID
	Healthy    bool
	Latency    time.Duration
	Message    string
}

// EngineManager manages the reconciliation engine's own connections. Their ids are NotFound
// in ConnectionManager, and the ids of aggregator connections are NotFound here.
type EngineManager interface {
	// ConnectorTypes returns the registered connectors, ordered by type.
	ConnectorTypes(ctx context.Context) []ConnectorType
	// CreateEngine is CreateConnection for an engine connection, with the same errors.
	CreateEngine(ctx context.Context, tenant domain.TenantID, n NewEngine) (domain.Connection, error)
	// GetEngine returns one engine connection.
	GetEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	// ListEngines returns the tenant's live engine connections ordered by name.
	ListEngines(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Connection], error)
	// UpdateEngine replaces the fields that are set, in one atomic change. Errors: Invalid;
	// Conflict (name_taken, revision_mismatch).
	UpdateEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch,
		u EngineUpdate) (domain.Connection, error)
	// DeleteEngine soft-deletes the connection. Errors: Conflict (revision_mismatch).
	DeleteEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	// TestEngine probes the connection. Any response of the peer is a result, not an error.
	TestEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (EngineTest, error)
}

// Minted is a new webhook token. Raw is available only now, because the store keeps only
// its hash.
type MintedToken struct {
	domain.WebhookToken
	Raw domain.Secret
}

// TokenManager manages webhook tokens.
type TokenManager interface {
	// MintToken creates a token for the connection of this vendor and name. Errors:
	// Invalid; NotFound.
	MintToken(ctx context.Context, tenant domain.TenantID, vendor, name string) (MintedToken, error)
	// ListTokens returns tokens, including revoked ones, newest first.
	ListTokens(ctx context.Context, tenant domain.TenantID, filter TokenFilter,
		page domain.PageRequest) (domain.Page[domain.WebhookToken], error)
	// RevokeToken revokes the token: every later webhook request with it is refused. Errors:
	// NotFound.
	RevokeToken(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error
}

// WebhookReceiver receives webhook requests from vendors.
type WebhookReceiver interface {
	// Receive verifies the token and the source (webhook signature, shared Authorization
	// value or source address), and stores the delivery with its pull before it returns.
	// Errors: Unauthenticated, the same for every reason.
	Receive(ctx context.Context, r domain.WebhookRequest) (ReceiveResult, error)
}

// DeliveryLog reads received webhook deliveries and replays them.
type DeliveryLog interface {
	// ListDeliveries returns deliveries without bodies, newest first.
	ListDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		page domain.PageRequest) (domain.Page[domain.Delivery], error)
	// GetDelivery returns one delivery with its body. Errors: NotFound.
	GetDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDelivery requests the delivery's pull again. Errors: NotFound; Conflict when the
	// delivery wants no pull.
	ReplayDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDeliveries replays at most limit deliveries that match the filter, newest first.
	ReplayDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		limit int) ([]domain.Delivery, error)
}

// PullService requests pulls and reads them.
type PullService interface {
	// RequestPull requests a pull of the window. The zero window is the vendor's whole
	// history. Errors: NotFound; Invalid.
	RequestPull(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		w domain.Window) (domain.Pull, error)
	// GetPull returns one pull. Errors: NotFound.
	GetPull(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)
	// ListPulls returns a connection's pulls, newest first. Errors: NotFound.
	ListPulls(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// Reader reads the accounts and transactions that pulls stored.
type Reader interface {
	// ListAccounts returns a connection's accounts. Errors: NotFound.
	ListAccounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)
	// ListTransactions returns a connection's transactions by date, newest first, including
	// removed ones. Errors: NotFound.
	ListTransactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)
	// Changes reads the tenant's change feed. When the page would be empty, it waits at most
	// wait for a change before it returns.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
		wait time.Duration) (domain.FeedPage, error)
}

// Idempotency makes a request safe to repeat: an idempotency key is executed once, and each
// repetition gets the first response.
type Idempotency interface {
	// Do runs do for the first request with this key and stores its response. For each
	// repetition it returns the stored response with replayed set. An error of do is
	// returned and frees the key; a response with status 0 and a nil body frees it, too.
	// Errors: Conflict (key_in_flight, key_reused).
	Do(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		do func(context.Context) (StoredResponse, error)) (response StoredResponse, replayed bool, err error)
}

// Worker executes pulls. The job queue drives it.
type Worker interface {
	// RunPull makes one attempt of a pull. It returns how long to wait before the next
	// attempt; zero when nothing is left to do for this pull. Errors: only those of the
	// store; the vendor's are recorded in the pull.
	RunPull(ctx context.Context, id domain.PullID) (retryAfter time.Duration, err error)
}

// Maintenance runs the periodic tasks. The job queue drives it. Each method does one bounded
// round and returns how many rows it changed, so that the caller decides how often to call
// it. Two replicas may run the same round concurrently.
type Maintenance interface {
	// ListStuck returns at most limit pulls that no worker will pick up unless their job is
	// queued again.
	ListStuck(ctx context.Context, limit int) ([]domain.PullID, error)
	// Reconcile requests a pull of the vendor's whole history for live connections that have
	// no succeeded pull within the interval.
	Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error)
	// Prune deletes deliveries older than keep, and idempotency responses older than
	// ResponseRetention.
	Prune(ctx context.Context, keep time.Duration, limit int) (int, error)
	// FlushTokenUsage stores when tokens were last used.
	FlushTokenUsage(ctx context.Context) error
	// Reseal re-encrypts every credential that is not sealed under the primary key, and
	// returns how many it re-encrypted. It is idempotent: it may run under traffic, be
	// stopped, and be run again. Errors: CredentialUnopened, with their number, when some
	// credentials cannot be decrypted; all others are re-encrypted in that case.
	Reseal(ctx context.Context) (int, error)
	// BacklogAge returns the age of the oldest pull that is not over; zero if there is none.
	BacklogAge(ctx context.Context) (time.Duration, error)
}
