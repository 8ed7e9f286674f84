package ports

import (
	"context"
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Service is everything the hexagon does. The application layer implements it; REST,
// the job queue, the command line and embedding services drive it.
type Service interface {
	ConnectionManager
	EngineManager
	TokenManager
	WebhookReceiver
	DeliveryLog
	PullService
	Reader
	Idempotency
	Worker
	Maintenance
}

// NewConnection asks for an aggregator connection.
type NewConnection struct {
	Vendor     string
	Name       string
	BaseURL    string
	AccountRef string
	ClientID   domain.Secret
	Secret     domain.Secret
}

// ConnectionUpdate replaces what can be replaced. ClientID and Secret come both (the
// credential is rotated) or not at all (it stays).
type ConnectionUpdate struct {
	Name       string
	BaseURL    string
	AccountRef string
	ClientID   domain.Secret
	Secret     domain.Secret
}

// Match is an If-Match condition on a connection's revision: any of those listed; nil
// holds for all.
type IfMatch []int64

// TestResult is the outcome of a live test.
type TestResult struct {
	Vendor  domain.Vendor
	Name    string
	Healthy bool
	Reason  domain.Code // "" when healthy
	Latency time.Duration
}

// ConnectionHealth is what is known of a connection without asking its vendor.
type ConnectionHealth struct {
	domain.Health
	Activity
}

// ConnectionManager manages aggregator connections.
//
// Errors of all: NotFound for an id that is not one of the tenant's live aggregator
// connections, whatever it is instead.
type ConnectionManager interface {
	// CreateConnection validates every field at once, checks the address, seals the
	// credential and stores the connection. Errors: Invalid (joined, one a field);
	// Conflict (name_taken).
	CreateConnection(ctx context.Context, tenant domain.TenantID, n NewConnection) (domain.Connection, error)
	GetConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	ListConnections(ctx context.Context, tenant domain.TenantID, health domain.HealthStatus, page domain.PageRequest) (domain.Page[domain.Connection], error)
	// UpdateConnection renames, redirects and rotates as one change. Errors: Invalid;
	// Conflict (name_taken, revision_mismatch).
	UpdateConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch, u ConnectionUpdate) (domain.Connection, error)
	// DeleteConnection ends it softly, frees its name and revokes its tokens. Errors:
	// Conflict (revision_mismatch).
	DeleteConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	// TestConnection authenticates with the sealed credential and reads the account
	// reference. Whatever the vendor answers is a result, not an error.
	TestConnection(ctx context.Context, tenant domain.TenantID, vendor, name string) (TestResult, error)
	ConnectionHealth(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (ConnectionHealth, error)
}

// ConnectorType is one registered connector.
type ConnectorType struct {
	Type     domain.ConnectorType
	Category domain.Category
}

// NewEngine asks for an engine connection.
type NewEngine struct {
	Type       string
	Name       string
	Config     json.RawMessage
	Credential domain.Credential
}

// EngineUpdate replaces what is set; the zero value of a member keeps what is stored.
type EngineUpdate struct {
	Name       string
	Config     json.RawMessage
	Credential domain.Credential
}

// EngineTest is the outcome of a live probe. Message is one sentence of the service's
// own, "" when healthy.
type EngineTest struct {
	Connection domain.ConnectionID
	Healthy    bool
	Latency    time.Duration
	Message    string
}

// EngineManager manages the reconciliation engine's own connections. Their ids are NotFound
// on the aggregator surface, and the other way round.
type EngineManager interface {
	// ConnectorTypes lists what was registered, by type.
	ConnectorTypes(ctx context.Context) []ConnectorType
	CreateEngine(ctx context.Context, tenant domain.TenantID, n NewEngine) (domain.Connection, error)
	GetEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	ListEngines(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.Page[domain.Connection], error)
	UpdateEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch, u EngineUpdate) (domain.Connection, error)
	DeleteEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	TestEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (EngineTest, error)
}

// Minted is a new token. Raw is shown now and never again.
type Minted struct {
	domain.WebhookToken
	Raw domain.Secret
}

// TokenManager manages webhook tokens.
type TokenManager interface {
	// MintToken binds a new token to the connection of this vendor and name. Errors:
	// Invalid; NotFound.
	MintToken(ctx context.Context, tenant domain.TenantID, vendor, name string) (Minted, error)
	ListTokens(ctx context.Context, tenant domain.TenantID, filter TokenFilter, page domain.PageRequest) (domain.Page[domain.WebhookToken], error)
	// RevokeToken refuses the token from the next knock on. Errors: NotFound.
	RevokeToken(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error
}

// Door is where vendors knock.
type WebhookReceiver interface {
	// Receive checks token and source, and stores the delivery with its pull before it
	// returns. Errors: Unauthenticated, one and the same for every reason.
	Receive(ctx context.Context, k domain.WebhookRequest) (ReceiveResult, error)
}

// DeliveryLog shows what came through the door, and replays it.
type DeliveryLog interface {
	ListDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter, page domain.PageRequest) (domain.Page[domain.Delivery], error)
	GetDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDelivery asks for the delivery's work again. Errors: NotFound; Conflict when
	// it asks for nothing.
	ReplayDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDeliveries replays up to limit deliveries that the filter names, newest first.
	ReplayDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter, limit int) ([]domain.Delivery, error)
}

// PullDesk asks for pulls and shows them.
type PullService interface {
	// RequestPull asks for the window; the zero window is everything the vendor keeps.
	// Errors: NotFound; Invalid.
	RequestPull(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, w domain.Window) (domain.Pull, error)
	GetPull(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)
	ListPulls(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// Reader reads what pulls brought.
type Reader interface {
	ListAccounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest) (domain.Page[domain.Account], error)
	ListTransactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)
	// Changes reads the change feed. With an empty page at hand it waits up to wait for a
	// change before it answers.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest, wait time.Duration) (domain.FeedPage, error)
}

// Once lets a caller repeat a request safely.
type Idempotency interface {
	// Once runs do for the first request with this key and gives its answer again, with
	// replayed set, for each repeat. An error of do is returned and frees the key, and so
	// does an answer with a nil body and status 0. Errors: Conflict (key_in_flight,
	// key_reused).
	Do(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		do func(context.Context) (StoredResponse, error)) (answer StoredResponse, replayed bool, err error)
}

// Worker runs pulls.
type Worker interface {
	// RunPull makes one try of a pull. It gives how long to wait before the next one;
	// zero when there is nothing left to do for this pull. Errors: only of the store; the
	// vendor's are kept in the pull.
	RunPull(ctx context.Context, id domain.PullID) (again time.Duration, err error)
}

// Keeper does the chores. Each method does one bounded round and says how many rows it
// touched, so that the caller decides how often; two replicas may do the same round.
type Maintenance interface {
	// Stranded lists pulls that nobody will run unless they are kicked.
	ListStuck(ctx context.Context, limit int) ([]domain.PullID, error)
	// Reconcile asks for a pull of everything for live connections without a succeeded
	// pull within the interval.
	Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error)
	// Prune lets go of deliveries older than keep, and of idempotency answers past their time.
	Prune(ctx context.Context, keep time.Duration, limit int) (int, error)
	// FlushTouches writes when tokens were last used.
	FlushTokenUsage(ctx context.Context) error
	// Reseal re-encrypts every credential that is not sealed under the primary key, and
	// says how many it did. It may run under traffic, be stopped, and be run again. Errors:
	// CredentialUnopened, with their number, when some do not open; all others are done then.
	Reseal(ctx context.Context) (int, error)
	// Backlog is the age of the oldest pull that is not over.
	BacklogAge(ctx context.Context) (time.Duration, error)
}
