package ports

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// API contains the use cases that callers invoke over HTTP.
type API interface {
	ConnectionManager
	ConnectionLifecycle
	ApplicationManager
	EngineManager
	TokenManager
	Linking
	WebhookReceiver
	DeliveryLog
	PullService
	Reader
	Completeness
	Bills
	Replacements
	Statements
	Closing
	BankStatementManager
	Audit
	Erasing
	SubscriptionManager
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
	// AccessToken is required if the vendor is an AccessTokenUser, and must be zero otherwise.
	AccessToken domain.Secret
	// Application replaces BaseURL, ClientID and Secret; zero if the connection has a credential of its own.
	Application domain.ApplicationID
}

// ConnectionUpdate holds the replaceable fields of a connection. ClientID and Secret are either both set (the
// credential is rotated) or both empty (the credential is unchanged). Application replaces BaseURL, ClientID and
// Secret. If Application and BaseURL are both empty, the connection keeps its application.
//
// AccessToken replaces the access token of a connection whose vendor is an AccessTokenUser. It is required if
// AccountRef changes. Otherwise it is optional: if it is empty, the connection keeps its access token.
type ConnectionUpdate struct {
	Application domain.ApplicationID
	Name        string
	BaseURL     string
	AccountRef  string
	ClientID    domain.Secret
	Secret      domain.Secret
	AccessToken domain.Secret
}

// NewApplication holds the fields of a new application, as the operator has sent them.
type NewApplication struct {
	Vendor   string
	Name     string
	BaseURL  string
	ClientID domain.Secret
	Secret   domain.Secret
}

// ApplicationUpdate holds the replaceable fields of an application. ClientID and Secret are either both set (the
// credential is rotated) or both empty (the credential is unchanged).
type ApplicationUpdate struct {
	Name     string
	ClientID domain.Secret
	Secret   domain.Secret
	Force    bool // whether to store a new credential without trying it first
	// Receiver is the URL of the webhook receiver, without the vendor and the token, for the webhook of a new client
	// id.
	Receiver string
}

// ApplicationManager manages applications: credentials that several connections share.
type ApplicationManager interface {
	// CreateApplication validates and stores an application. The vendor is not called. Errors: Invalid with every field
	// error; Conflict (name_taken).
	CreateApplication(ctx context.Context, tenant domain.TenantID, n NewApplication) (domain.Application, error)
	// GetApplication returns one application. Errors: NotFound.
	GetApplication(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID) (domain.Application, error)
	// ListApplications returns the applications of the tenant, ordered by name.
	ListApplications(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Application], error)
	// UpdateApplication renames an application, and rotates the credential of all its connections in one atomic
	// change. Unless Force is set, it first tries a new credential with one call to the vendor. If the client id
	// changes, the webhook that the service has created for the application is removed at the vendor and a new one is
	// created, both later. Errors: Invalid; NotFound; Conflict (name_taken, revision_mismatch); if the credential is
	// tried, Rejected (vendor_refused) and the Unavailable errors of Aggregator. Conflict (revision_mismatch) is
	// returned before the vendor is called.
	UpdateApplication(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, match IfMatch,
		u ApplicationUpdate) (domain.Application, error)
	// DeleteApplication deletes an application. Errors: NotFound; Conflict (application_in_use) while a connection, a
	// link session or an erasure at the vendor uses it; Conflict (revision_mismatch).
	DeleteApplication(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, match IfMatch) error
}

// IfMatch is an If-Match condition on the revision of a connection, an application or a subscription. It is satisfied
// if the current revision is one of the listed revisions. A nil IfMatch is satisfied by every revision.
type IfMatch []int64

// TestResult is the outcome of a live test of an aggregator connection.
type TestResult struct {
	Vendor  domain.Vendor
	Name    string
	Healthy bool
	Reason  domain.Code // "" when healthy
	Latency time.Duration
}

// ConnectionHealth contains the stored facts about a connection, and what is derived from them at the time of the call.
// Reading it calls no vendor.
type ConnectionHealth struct {
	Facts        domain.ConnectionFacts
	Health       domain.Health           // at the present time; see domain.Health.At
	Completeness books.CompletenessState // the completeness of the connection's accounts
	Consent      ConsentHealth
	Webhook      WebhookHealth
	ThisMonth    domain.MonthlyUsage // of the current month in UTC
	// Attention contains the reasons why the connection needs a person, the most urgent reason first; nil if there are
	// none. Warnings contains those that are also warnings.
	Attention []domain.Attention
	Warnings  []domain.Warning
}

// HealthFilter narrows a list of the health of connections. A zero member does not narrow the list.
type HealthFilter struct {
	ConnectionFilter
	// Attention selects only connections that need a person, and orders the list by urgency: by the most urgent reason
	// of each connection (see domain.Attention.Compare), then by id. A position in the list then consists of the
	// urgency and the id.
	Attention bool
	Name      string // part of the name; case and accents are ignored (see domain.FoldText)
}

// HealthDays is the number of days for which ConnectionStatus.Added is known, including the present day.
const HealthDays = 14

// ConsentHealth is the state of the account holder's consent.
type ConsentHealth struct {
	State     domain.ConsentState
	ExpiresAt time.Time // zero if no expiry is known
}

// WebhookHealth reports whether the expected webhooks of a connection arrive.
type WebhookHealth struct {
	State      domain.WebhookState
	LastAt     time.Time // when the last delivery was received; zero if there was none
	ExpectedBy time.Time // the time by which a webhook is expected; zero if none is
}

// AccountCompleteness reports whether the records of an account explain its balance, at the time of the call.
type AccountCompleteness struct {
	Account domain.AccountID
	State   books.CompletenessState
	Since   time.Time // when State began; zero if it is unknown
	Basis   books.Basis
	Checks  []books.CheckResult
	// ChangedSince is set if posted records have changed since the latest reading, or if removals of posted
	// records are held back. After books.UnsettledAfter it is no longer set, and Basis is books.BasisUnsettled.
	ChangedSince bool
	BankReadAt   time.Time   // when the bank was last read; zero if it is not known
	CoversTo     domain.Date // the last day that the state covers; "" if it is not known
	CompleteTo   domain.Date // the last day up to which the state holds if only a bill decides; "" otherwise
}

// Bill is a bill of a card, with the debits that may be its payments.
type Bill struct {
	bills.Stored
	// Candidates contains, for each of Paid, posted debits of bank accounts that may be the payment.
	Candidates [][]domain.TransactionID
}

// Bills returns the bills of cards.
type Bills interface {
	// ListBills returns the bills of an account whose due date is inside the window, newest first, and an overview of
	// all its bills. An account that is no card has none. Errors: NotFound; Invalid if the window is not valid.
	ListBills(ctx context.Context, tenant domain.TenantID, id domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[Bill], bills.Overview, error)
	// GetBill returns one bill. Errors: NotFound.
	GetBill(ctx context.Context, tenant domain.TenantID, id domain.BillID) (Bill, error)
	// ListBillTransactions returns the transactions of a bill, newest first, without payments. Errors: NotFound.
	ListBillTransactions(ctx context.Context, tenant domain.TenantID, id domain.BillID,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)
}

// Completeness reports whether the records of accounts explain the balances of the accounts.
//
// Every method returns NotFound unless the id belongs to an account of the tenant.
type Completeness interface {
	// AccountCompleteness returns the completeness of an account, according to its latest settled pull (see
	// SettledRead).
	AccountCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (AccountCompleteness, error)
	// AcceptCompleteness accepts the current numbers of an account as right. The current anchor (the balance minus the
	// sum of the records) becomes the baseline of later comparisons. The counts of rows that webhooks have announced
	// until now are no longer compared with the stored rows. Errors: Invalid ("reason"); Conflict (no_anchor) if no
	// anchor is known and no announced row is missing.
	AcceptCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
		reason string) (AccountCompleteness, error)
	// ListBalances returns the last reading of an account's balance on each day of the window, newest first. Readings
	// are made by settled pulls (see SettledRead); days without a reading are omitted. Errors: Invalid if the window is
	// not valid.
	ListBalances(ctx context.Context, tenant domain.TenantID, id domain.AccountID, window domain.Window,
		page domain.PageRequest) (domain.Page[books.AccountBalance], error)
}

// Replacements stores the decisions of operators about replaced rows, doubled transactions, continued accounts and held
// removals. In a replacement, the vendor has removed the row of a transaction and has created a new row for it. The
// transaction keeps its id and has the content of the new row.
type Replacements interface {
	// SplitTransaction undoes the last replacement of a transaction, and returns the transaction. reason is kept in the
	// history; "" if there is none. Errors: NotFound; Conflict (nothing_to_undo) if the transaction has replaced
	// no row.
	SplitTransaction(
		ctx context.Context, tenant domain.TenantID, id domain.TransactionID, reason string,
	) (domain.Transaction, error)

	// JoinTransactions makes the row of pair.New the current row of the removed transaction pair.Old, and returns
	// pair.Old. See Decisions.Join. Errors: NotFound; Conflict (not_joinable).
	JoinTransactions(
		ctx context.Context, tenant domain.TenantID, pair RecordPair, reason string,
	) (domain.Transaction, error)

	// ExcludeTransaction excludes a transaction, which then counts nowhere, and returns it. See Decisions.Exclude.
	// Errors: NotFound; Conflict (not_excludable); Invalid on "reason" if it is empty.
	ExcludeTransaction(
		ctx context.Context, tenant domain.TenantID, id domain.TransactionID, reason string,
	) (domain.Transaction, error)

	// IncludeTransaction takes an exclusion back, and returns the transaction. See Decisions.Include. Errors: NotFound;
	// Conflict (not_excludable).
	IncludeTransaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID) (domain.Transaction, error)

	// JoinPairs joins several pairs, one after the other, as JoinTransactions does. A failure for one pair does not
	// prevent the others: JoinPairs returns one error for each pair, nil for a joined one. It fails as a whole with
	// Invalid on "pairs" unless there are 1 to MaxPairs pairs, and if the database is unavailable; the pairs before the
	// failure then stay joined.
	JoinPairs(ctx context.Context, tenant domain.TenantID, pairs []RecordPair, reason string) ([]error, error)

	// ListSuggestions returns the possible replacements that wait for a decision. See Decisions.Suggestions.
	ListSuggestions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[Suggestion], error)

	// DismissReplacements stores the decision that the transactions of each pair are different movements at the bank.
	// See Decisions.Dismiss. Errors: NotFound; Conflict (not_joinable); Invalid on "pairs" unless there are 1 to
	// MaxPairs pairs.
	DismissReplacements(ctx context.Context, tenant domain.TenantID, pairs []RecordPair, reason string) error

	// ContinueAccount stores the decision that a stored account and the account with this external id are the same
	// bank account. The account with this external id belongs to the connection's new account reference.
	// ContinueAccount also requests a pull that publishes the staged rows, and returns this pull. See
	// domain.AccountAmbiguity. If the account is gone, and the account with this external id was stored as a new one,
	// the records of both are compared, and the pull reads the connection again; see Decisions.MergeAccounts.
	//
	// Errors: NotFound if one of the accounts does not exist; Conflict (account_not_ambiguous, account_left,
	// currency_differs, connection_paused); Invalid on "externalId" if no account with this external id waits for the
	// decision about an ambiguous account.
	ContinueAccount(
		ctx context.Context, tenant domain.TenantID, account domain.AccountID, externalID string,
	) (domain.Pull, error)

	// MergeAccounts stores the decision that the account pair.Old of a deleted connection and the stored account
	// pair.New are the same bank account, and returns pair.Old. See Decisions.MergeAccounts. Errors: NotFound; Conflict
	// (account_not_ambiguous, currency_differs).
	MergeAccounts(ctx context.Context, tenant domain.TenantID, pair AccountPair) (domain.Account, error)

	// EndAccount stores one of two decisions about an account, and returns the account: that no account continues it,
	// if it is gone or ambiguous (the staged candidates of an ambiguous account then become new accounts); or, for a
	// new account, that it continues none of its Account.MaybeContinues.
	//
	// Errors: NotFound; Conflict (account_not_ambiguous, account_left, connection_paused).
	EndAccount(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (domain.Account, error)

	// ApplyRemovals removes the transactions of an account whose announced removals are held back, and returns their
	// number. See Decisions.ApplyRemovals. Errors: NotFound; Conflict (no_held_removals).
	ApplyRemovals(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (int, error)
}

// StatementQuery selects a statement.
type StatementQuery struct {
	Window domain.Window // the value dates of the records; may be open at both ends
	Force  books.StatementForce
	// Balances is set if the document contains balances. Its period then ends with the last day that is covered, unless
	// Window has an end, and its balances may be refused; see books.Completeness.Doubts.
	Balances bool
	// ByReference requests that the document identifies a record by its main reference; see
	// books.StatementRecord.MatchingID.
	ByReference bool
	// MaxBytes is the maximum size of the document in Format; 0 means no bound.
	MaxBytes int64
	Format   StatementFormat // required if MaxBytes is not 0
}

// StatementWriter writes a statement. The sequence contains the statement's records, ordered by date, then by id. It
// may be ranged over several times. If reading fails, the sequence ends with the error, and the writer returns this
// error.
type StatementWriter func(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error

// Statements writes statements of accounts.
type Statements interface {
	// WriteStatement calls the given function with a statement of an account, and returns the function's error. The
	// statement is consistent: it does not contain changes that commit while it is written. Each statement occupies a
	// connection to the database, so only a few are written at the same time. If too many are being written,
	// WriteStatement waits a few seconds.
	//
	// Errors:
	//
	//   - NotFound;
	//   - Invalid if the window is not valid;
	//   - Conflict (account_drifting, account_changed), from the writer of a format with balances, if the statement
	//     has this code as its Doubt, the reason why its balances may be wrong. It has no Doubt if q.Force is set;
	//   - Conflict (no_account_amount) if an amount in the account's currency is not known;
	//   - Oversized (document_too_large), before the function is called, if the document would be larger than
	//     q.MaxBytes. LastDay is the last day up to which a statement fits; "" if even the statement of the first day
	//     does not fit;
	//   - Unavailable (too_many_statements) with RetryAfter if there are still too many after the wait.
	WriteStatement(ctx context.Context, tenant domain.TenantID, id domain.AccountID, q StatementQuery,
		writer StatementWriter) error
	// WriteBillStatement is like WriteStatement, for the posted rows of a bill of the account. The closing balance is
	// the total of the bill, negative if it is owed. Records without an amount in the currency of the account are left
	// out. byReference is StatementQuery.ByReference. Errors: NotFound, also for a bill of another account;
	// Conflict (no_account_amount) if the currency is not known; Unavailable (too_many_statements).
	WriteBillStatement(ctx context.Context, tenant domain.TenantID, id domain.AccountID, bill domain.BillID,
		byReference bool, writer StatementWriter) error
}

// StatementFormat is a document format for statements.
type StatementFormat interface {
	// Name returns the name by which callers choose the format.
	Name() string
	// Variant returns the version or the locale by which callers choose between formats of the same name; "" for the
	// format that they get if they choose none.
	Variant() string
	// MediaType returns the media type of the documents.
	MediaType() string
	// Extension returns the extension of file names, without the dot.
	Extension() string
	// HasBalances reports whether the documents contain the balances of the account.
	HasBalances() bool
	// PrintsUnconverted reports whether the documents contain records whose amount in the currency of the statement is
	// not known. Otherwise Write returns the error of books.Statement.CheckConverted.
	PrintsUnconverted() bool
	// Write writes a document to w. It keeps only one record in memory at a time. If the format cannot express the
	// statement, Write writes nothing and returns Conflict (no_balance, account_changed, not_representable). Other
	// errors: those of the record sequence and of the writer w.
	Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error
}

// DayCoverage says which accounts are complete for a day: how many, by bank, and a page of those that are not.
type DayCoverage struct {
	Day      domain.Date
	Accounts map[domain.DayState]int // number of accounts by state
	Banks    []BankCoverage          // ordered by name, vendor and id
	domain.Page[UncoveredAccount]
}

// BankCoverage contains the number of accounts at a bank, and how many of them cover the day. The id and the name are
// "" for the accounts of a vendor whose bank is not known.
type BankCoverage struct {
	domain.InstitutionKey
	Name              string
	Accounts, Covered int
}

// UncoveredAccount is an account that is not complete for a day.
type UncoveredAccount struct {
	Account     domain.Account // see Ledger.BriefAccounts; with CoversTo
	Connection  domain.BriefConnection
	Paused      bool
	State       domain.DayState
	CoveredFrom time.Time // the earliest reading of the bank that covers the day
	// Reasons contains the reasons why no data arrives from the bank; see domain.AttentionReason.StopsReading.
	Reasons []domain.Attention
}

// FoundTransactions is a page of the transactions that a typed text means. Terms contains the meanings that were
// searched for.
type FoundTransactions struct {
	domain.Page[FoundTransaction]
	Terms []SearchedTerm
}

// FoundTransaction is a transaction with its connection and its account. Account is zero if the vendor's row has none.
type FoundTransaction struct {
	Transaction domain.Transaction
	Connection  domain.BriefConnection
	Account     domain.Account // see Ledger.BriefAccounts
}

// SearchedTerm is a meaning of a typed text. If it names a bank, Banks contains the names of the banks that are meant,
// in alphabetical order.
type SearchedTerm struct {
	domain.TypedTerm
	Banks []string
}

// ConnectionStatus is the health of a connection, and the records that it has gained.
type ConnectionStatus struct {
	ConnectionHealth
	Added [HealthDays]AddedRows // the new records of each of the last days (UTC), the oldest day first
}

// AddedRows is the number of records that the pulls of a connection have added on one day.
type AddedRows struct {
	Date  domain.Date
	Count int
}

// ConnectionManager manages aggregator connections.
//
// Every method that takes an id returns NotFound unless the id belongs to a live aggregator connection of the tenant.
type ConnectionManager interface {
	// CreateConnection validates all fields, checks the address against the egress rules,
	// seals the credential and stores the connection. Errors: Invalid (joined, one error for
	// each invalid field); Conflict (name_taken).
	CreateConnection(ctx context.Context, tenant domain.TenantID, n NewConnection) (domain.Connection, error)
	// GetConnection returns one connection.
	GetConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	// ListConnections returns the tenant's live connections that match the filter, ordered by name. The Kind of
	// the filter is ignored.
	ListConnections(ctx context.Context, tenant domain.TenantID, filter ConnectionFilter,
		page domain.PageRequest) (domain.Page[domain.Connection], error)
	// UpdateConnection renames the connection, changes its target and rotates its
	// credential, in one atomic change. Errors: Invalid; Conflict (name_taken,
	// revision_mismatch).
	UpdateConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
		match IfMatch, u ConnectionUpdate) (domain.Connection, error)
	// DeleteConnection soft-deletes the connection and frees its name. Its webhook tokens move to other connections or
	// are revoked; see domain.RebindTokens. Errors: Conflict (revision_mismatch).
	DeleteConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	// TestConnection authenticates at the vendor with the stored credential and reads the account reference. Any
	// response of the vendor, including a refusal, is returned as a result, not as an error. If too many tests are
	// running, for the tenant or in the whole service, TestConnection waits for a few seconds. Errors:
	//
	//   - Invalid; NotFound;
	//   - Conflict (connection_paused);
	//   - Unavailable (too_many_probes) with RetryAfter if too many tests are still running after the wait.
	TestConnection(ctx context.Context, tenant domain.TenantID, vendor, name string) (TestResult, error)
	// ConnectionHealth returns the stored health and activity of a connection.
	ConnectionHealth(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (ConnectionHealth, error)
	// ListConnectionHealth returns the connections that match the filter, with their stored health and activity. They
	// are ordered by name, unless filter.Attention is set.
	ListConnectionHealth(ctx context.Context, tenant domain.TenantID, filter HealthFilter,
		page domain.PageRequest) (domain.Page[ConnectionStatus], error)
	// SummarizeConnections counts the tenant's live connections, and the reasons why they need a person. It needs one
	// query, however many connections there are.
	SummarizeConnections(ctx context.Context, tenant domain.TenantID) (domain.AttentionSummary, error)
	// ListInstitutions returns the banks of the tenant's live connections, ordered by name, vendor and id. Connections
	// whose bank is not known are left out.
	ListInstitutions(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.InstitutionStatus], error)
}

// LinkSession allows the account holder of a connection to sign in at the institution again. It is not stored.
type LinkSession struct {
	Vendor    domain.Vendor
	Token     domain.Secret
	URL       domain.Secret // the vendor's hosted page, with the token
	ExpiresAt time.Time     // when the token expires at the vendor
}

// ConnectionLifecycle renews the access and the data of connections at the vendor, and pauses connections.
//
// Every method returns NotFound unless the id belongs to a live aggregator connection of the tenant.
//
// Some methods call the vendor. Their calls and the calls of TestConnection are counted together, and the number of
// concurrent calls is limited. These methods return these errors:
//
//   - Conflict (connection_paused).
//   - Conflict (not_offered) if the vendor does not have the feature.
//   - Rejected (vendor_refused). The Message is one of the codes of TestResult.Reason.
//   - Unavailable with RetryAfter if the vendor cannot be reached, or if too many calls are running (too_many_probes).
type ConnectionLifecycle interface {
	// CreateLinkSession requests a token from the vendor. With this token, the account holder can sign in again.
	CreateLinkSession(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (LinkSession, error)
	// RefreshConnection asks the vendor to synchronise with the institution now.
	RefreshConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) error
	// PauseConnection stops all requests to the vendor. Webhooks are still stored. A running pull stops
	// before its next request and continues after ResumeConnection. Pausing a paused connection changes
	// nothing.
	PauseConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (ConnectionHealth, error)
	// ResumeConnection allows requests to the vendor again, and runs the pulls that were requested before or
	// during the pause. Resuming a connection that is not paused changes nothing.
	ResumeConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (ConnectionHealth, error)
}

// ConnectorType describes one registered connector: its type and the category of the type.
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

// EngineUpdate holds the fields to replace. A zero member leaves the stored value unchanged.
type EngineUpdate struct {
	Name       string
	Config     json.RawMessage
	Credential domain.Credential
}

// EngineTest is the result of a live probe of an engine connection. Message is one sentence
// written by the service, never text from the probed system; it is "" when Healthy is set.
type EngineTest struct {
	Connection domain.ConnectionID
	Healthy    bool
	Latency    time.Duration
	Message    string
}

// EngineManager manages the reconciliation engine's own connections. The two managers are
// separate: ConnectionManager returns NotFound for the ids of engine connections, and
// EngineManager returns NotFound for the ids of aggregator connections.
type EngineManager interface {
	// ConnectorTypes returns the registered connectors, ordered by type.
	ConnectorTypes(ctx context.Context) []ConnectorType
	// CreateEngine validates an engine connection, seals its credential and stores it, like CreateConnection. It
	// returns the same errors.
	CreateEngine(ctx context.Context, tenant domain.TenantID, n NewEngine) (domain.Connection, error)
	// GetEngine returns one engine connection.
	GetEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Connection, error)
	// ListEngines returns the tenant's live engine connections ordered by name.
	ListEngines(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Connection], error)
	// UpdateEngine replaces the fields that are set in u, in one atomic change. Errors:
	// Invalid; Conflict (name_taken, revision_mismatch).
	UpdateEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch,
		u EngineUpdate) (domain.Connection, error)
	// DeleteEngine soft-deletes the connection. Errors: Conflict (revision_mismatch).
	DeleteEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match IfMatch) error
	// TestEngine probes the system that the connection points to. Any response of that system is returned as a result,
	// not as an error. If too many probes are running, for the tenant or in the whole service, TestEngine waits for a
	// few seconds. Errors: NotFound; Unavailable (too_many_probes) with RetryAfter if too many probes are still running
	// after the wait.
	TestEngine(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (EngineTest, error)
}

// MintRequest identifies the connection for which to mint a token, and contains the options of the token.
type MintRequest struct {
	Vendor string
	Name   string
	// SourceSecret requests a token with its own source secret, a value that the vendor must send in Authorization.
	SourceSecret bool
	// Register requests that the service creates the webhook at the vendor.
	Register bool
	// Receiver is the URL of the webhook receiver, without the vendor and the token. It is used only with
	// Register.
	Receiver string
}

// MintedToken is a new webhook token. This is the only time that the raw token (Raw) and the source
// secret (Authorization) are available, because the store keeps only their hashes.
type MintedToken struct {
	domain.WebhookToken
	Raw domain.Secret
	// Authorization is the value that the vendor must send in Authorization. It is empty unless SourceSecret was
	// requested.
	Authorization domain.Secret
	// Shared is set if the token is not new, because the application of the connection has a registered webhook
	// already. Raw and Authorization are then empty.
	Shared bool
}

// TokenManager manages webhook tokens.
type TokenManager interface {
	// MintToken creates a webhook token for the tenant's connection that has this vendor and name. If Register is set,
	// it also creates the webhook at the vendor. If the vendor fails, no token is kept. If the application of the
	// connection has a webhook of the service already, MintToken creates nothing and returns the token of this webhook
	// (MintedToken.Shared). If another call is creating this webhook, MintToken waits for that call. Errors:
	//
	//   - Invalid; NotFound;
	//   - Unavailable (registration_in_flight) if another call creates the webhook for too long;
	//   - Conflict (target_changed) if the connection is pointed at another application meanwhile;
	//   - Conflict (too_many_tokens) if the connection has domain.MaxTokens live tokens of its own;
	//   - Rejected (vendor_refused), or an Unavailable error of Aggregator, if the webhook cannot be created.
	MintToken(ctx context.Context, tenant domain.TenantID, r MintRequest) (MintedToken, error)
	// ListTokens returns tokens, including revoked ones, newest first, with WebhookToken.Serves.
	ListTokens(ctx context.Context, tenant domain.TenantID, filter TokenFilter,
		page domain.PageRequest) (domain.Page[domain.WebhookToken], error)
	// RevokeToken revokes the token: the service refuses every later webhook request that uses it. If the service has
	// created the webhook at the vendor, it removes the webhook there later.
	//
	// Errors: NotFound; Conflict (token_in_use) if the token serves more than one connection, unless force is set.
	RevokeToken(ctx context.Context, tenant domain.TenantID, id domain.TokenID, force bool) error
}

// WebhookReceiver receives webhook requests from vendors.
type WebhookReceiver interface {
	// Receive verifies the token and the source of a request, and stores the delivery and the requested pull. The
	// source is verified by a webhook signature, a shared Authorization value or the source address.
	//
	// Errors: Unauthenticated, with the same text for every reason. The cause of the error states the reason for the
	// log. It contains no part of the request.
	Receive(ctx context.Context, r domain.WebhookRequest) (ReceiveResult, error)
}

// DeliveryLog reads received webhook deliveries and replays them.
type DeliveryLog interface {
	// ListDeliveries returns deliveries without bodies, newest first.
	ListDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		page domain.PageRequest) (domain.Page[domain.Delivery], error)
	// GetDelivery returns one delivery with its body. Errors: NotFound.
	GetDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDelivery requests a new pull for a delivery. Errors: NotFound; Conflict if the delivery does not require a
	// pull.
	ReplayDelivery(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error)
	// ReplayDeliveries replays at most limit deliveries that match the filter, newest first,
	// and returns the replayed deliveries.
	ReplayDeliveries(ctx context.Context, tenant domain.TenantID, filter DeliveryFilter,
		limit int) ([]domain.Delivery, error)
}

// PullService requests pulls and returns their state.
type PullService interface {
	// RequestPull requests a pull of the transactions in the window. The zero window requests everything that the
	// vendor has. Errors: NotFound; Invalid; Conflict (connection_paused).
	RequestPull(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		w domain.Window) (domain.Pull, error)
	// GetPull returns one pull. Errors: NotFound.
	GetPull(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error)
	// ListPulls returns a connection's pulls, newest first. Errors: NotFound.
	ListPulls(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
	// ListTenantPulls returns the pulls of all connections of the tenant, newest first,
	// including those of deleted connections.
	ListTenantPulls(ctx context.Context, tenant domain.TenantID, filter PullFilter,
		page domain.PageRequest) (domain.Page[domain.Pull], error)
}

// Reader reads the accounts and transactions that pulls have stored.
type Reader interface {
	// ListAccounts returns a connection's accounts. Errors: NotFound.
	ListAccounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.Account], error)
	// ListTransactions returns a connection's transactions ordered by date, newest first,
	// including transactions that the vendor has removed. Errors: NotFound; Invalid on "asOf" if filter.AsOf is more
	// than domain.MaxAhead in the future.
	ListTransactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		filter TransactionFilter, page domain.PageRequest) (domain.Page[domain.Transaction], error)
	// ListQuarantine returns the rows in a connection's quarantine, newest first. Errors: NotFound.
	ListQuarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
		page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error)
	// ListTenantAccounts returns the accounts of all connections of the tenant, ordered by external id.
	ListTenantAccounts(ctx context.Context, tenant domain.TenantID, filter AccountFilter,
		page domain.PageRequest) (domain.Page[domain.Account], error)
	// GetAccount returns one account. Errors: NotFound.
	GetAccount(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error)
	// GetTransaction returns one transaction, even if it is removed. If asOf is not zero, it returns the transaction as
	// it was at that moment; see TransactionFilter.AsOf. Errors: NotFound; Invalid on "asOf" if the moment is more than
	// domain.MaxAhead in the future.
	GetTransaction(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
		asOf time.Time) (domain.Transaction, error)
	// TransactionHistory returns the versions of a transaction, newest first. Errors: NotFound.
	TransactionHistory(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
		page domain.PageRequest) (domain.Page[domain.TransactionVersion], error)
	// SearchTransactions returns the transactions that match the search, of all connections of the tenant, ordered by
	// date, newest first. Each call examines a bounded number of transactions, so any page can have fewer items than
	// requested, or none.
	SearchTransactions(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
		page domain.PageRequest) (domain.Page[domain.Transaction], error)
	// CoverageOfDay returns which accounts of the tenant's live connections are complete for a day. It considers the
	// accounts that the vendor lists, of one bank if bank is not zero. The day "" is the last one that has ended at
	// CLOSE_OFFSET. The page contains the accounts that are not complete for the day: first those whose bank was not
	// read since the end of the day, then those without a known reading, then those that were read since. Each of the
	// three groups is ordered by bank, connection and account. Errors: Invalid on "day" if it has not ended.
	CoverageOfDay(ctx context.Context, tenant domain.TenantID, day domain.Date, bank domain.InstitutionKey,
		page domain.PageRequest) (DayCoverage, error)
	// FindTransactions returns the transactions that one of the meanings of the typed text selects (see
	// domain.ParseTyped), and that match the filter, in the order of SearchTransactions and with pages like its pages.
	// Errors: Invalid, on "q" if the text has no meaning.
	FindTransactions(ctx context.Context, tenant domain.TenantID, typed string, filter domain.TransactionSearch,
		page domain.PageRequest) (FoundTransactions, error)
	// SumTransactions returns the sums of the live transactions that match the filter, by day and currency, the latest
	// day first. Errors: Invalid.
	SumTransactions(ctx context.Context, tenant domain.TenantID, filter domain.SumFilter) ([]domain.DayTotal, error)
	// Changes reads a page of the tenant's change feed. If the page would be empty, Changes
	// first waits up to the given duration for a change.
	Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
		wait time.Duration) (domain.FeedPage, error)
}

// Idempotency makes a request safe to repeat. A request with an idempotency key is executed
// once, and every repetition of it gets the response to the first request.
type Idempotency interface {
	// Do calls the function fn for the first request with this key, and stores the response. For each repetition of the
	// request it returns the stored response, and replayed is true. In two cases nothing is stored. The key becomes
	// free again, so that the request can be repeated:
	//
	//   - fn returns an error. Do returns this error.
	//   - fn returns a response with status 0. Do returns this response.
	//
	// Errors: Conflict (key_in_flight, key_reused); any error of fn.
	Do(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
		fn func(context.Context) (StoredResponse, error)) (response StoredResponse, replayed bool, err error)
}

// Worker executes pulls. The job queue drives it.
type Worker interface {
	// RunPull makes one attempt of a pull. If the pull's tenant already uses a quarter of the workers, RunPull first
	// waits for a few seconds for a worker; if it gets none, it makes no attempt. It returns how long to wait before
	// the next attempt, or zero if nothing is left to do for this pull. Errors: only errors of the store; errors of the
	// vendor are recorded in the pull.
	RunPull(ctx context.Context, id domain.PullID) (retryAfter time.Duration, err error)
	// RunWaitingPull makes one attempt of a waiting pull if every worker is busy. A worker is busy if it runs a pull,
	// or waits until the tenant of its pull may use another worker. found reports whether there is a pull to run.
	// RunWaitingPull chooses the oldest waiting pull of the tenants that use less than a quarter of the workers. Once
	// as many pulls are running as there are workers, it considers only tenants without a running pull. At most twice
	// as many pulls run as there are workers.
	//
	// The job of the pull stays in the queue. When the job runs later, it finds the outcome of the attempt. Errors:
	// only errors of the store.
	RunWaitingPull(ctx context.Context) (found bool, err error)
}

// Work is a piece of background work of one tenant that a process has claimed. Run must be called soon, because the
// claim expires. Run returns why the work has failed.
type Work struct {
	Tenant domain.TenantID
	Run    func(ctx context.Context) error
}

// NextWork claims the piece of work that has been due for the longest time, except the work of the tenants in skip. It
// returns nil if no such work is due. The caller decides whose turn it is; see package background.
type NextWork func(ctx context.Context, skip []domain.TenantID) (*Work, error)

// Maintenance runs the periodic tasks. The job queue drives it. Each method does a bounded amount of work per call. A
// method that changes rows returns their number. Two replicas may run the same task concurrently.
type Maintenance interface {
	// ListStuck returns at most limit pulls that no worker will pick up unless their job is
	// queued again.
	ListStuck(ctx context.Context, limit int) ([]domain.PullID, error)
	// ListDue returns at most limit pulls that RunPull would start now, oldest first. A job queue that keeps its jobs
	// only in memory calls ListDue, to find pulls without a job.
	ListDue(ctx context.Context, limit int) ([]domain.PullID, error)
	// Reconcile requests a complete pull for each due connection, and returns the number of requested pulls. A complete
	// pull reads everything that the vendor has. A live connection is due if none of its complete pulls has ended in
	// the last 80 % of the interval. One call selects at most limit connections.
	Reconcile(ctx context.Context, interval time.Duration, limit int) (int, error)
	// NoticeSilence requests pulls for connections whose expected webhook has not arrived within the grace period. It
	// examines at most limit connections, and returns their number.
	NoticeSilence(ctx context.Context, limit int) (int, error)
	// IndexTexts adds at most limit transactions to the index of the search and to the stored sums by day, and returns
	// their number; see Ledger.IndexTexts.
	IndexTexts(ctx context.Context, limit int) (int, error)
	// NoticeConsents reports at most limit connections whose consent has entered the state "expiring" or "expired"
	// (domain.Consent.State), each of them once. It returns their number.
	NoticeConsents(ctx context.Context, limit int) (int, error)
	// NoticeStaleness records an event for each connection that has become stale or current since the last event, and
	// returns their number.
	NoticeStaleness(ctx context.Context) (int, error)
	// CountAttention returns how many connections and accounts need attention.
	CountAttention(ctx context.Context) (Attention, error)
	// Prune deletes at most limit deliveries that are older than the given duration (keep), and at most limit
	// idempotency responses that are older than ResponseRetention. It also deletes at most limit link sessions that
	// ended longer than domain.LinkSessionRetention ago.
	Prune(ctx context.Context, keep time.Duration, limit int) (int, error)
	// PrunePulls deletes at most limit pulls that ended longer than the given duration (keep) ago and changed nothing;
	// see PullMaintenance.Prune.
	PrunePulls(ctx context.Context, keep time.Duration, limit int) (int, error)
	// PruneBudgets deletes the rate budgets of vendors that were not used for a day.
	PruneBudgets(ctx context.Context) error
	// IdentifyClients computes the ClientKey of at most limit live aggregator connections that have none, and returns
	// the number of connections that it has examined. Connections that an earlier version of the service has stored
	// have no ClientKey.
	IdentifyClients(ctx context.Context, limit int) (int, error)
	// NextRenewal claims the creation of a webhook at the vendor, for an application whose client id has changed. A
	// failed attempt is repeated later, for a week. For this method and the next ones, see NextWork.
	NextRenewal(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextRemoval claims the removal of an unneeded webhook at the vendor. A webhook is unneeded in these cases:
	//
	//   - Its token is revoked or was not minted completely.
	//   - No live connection belongs to its application.
	//
	// A failed removal is attempted again later.
	NextRemoval(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextErasure claims an erasure whose next step needs no vendor. Its work is a bounded number of batches. An
	// erasure that fails is continued later.
	NextErasure(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextVendorErasure claims an erasure that must ask the vendor to delete the account reference.
	NextVendorErasure(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextLinkSession claims a link session. Its work asks the vendor whether the account holder has signed in. A
	// session that fails is continued later.
	NextLinkSession(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextComparison claims a bank statement that is due. Its work compares the statement with the present records. A
	// comparison that fails is made again later.
	NextComparison(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// NextBills claims a card whose rows have changed. Its work evaluates the bills of the card. An evaluation that
	// fails is made again later.
	NextBills(ctx context.Context, skip []domain.TenantID) (*Work, error)
	// FlushTokenUsage stores the times at which tokens were last used.
	FlushTokenUsage(ctx context.Context) error
	// Reseal re-encrypts every credential that is not sealed under the primary key, and also the key of the audit log.
	// It returns the number of re-encrypted credentials; the key of the audit log is not counted. Reseal can run while
	// requests are served. After an interruption, it can run again.
	//
	// Errors: CredentialUnopened if some credentials cannot be decrypted. The error states their number. All other
	// credentials are re-encrypted nevertheless.
	Reseal(ctx context.Context) (int, error)
	// NumberAuditEntries numbers the audit entries of at most limit tenants, and returns the number of tenants that had
	// entries without a number. The returned error joins the errors of all tenants.
	NumberAuditEntries(ctx context.Context, limit int) (int, error)
	// AnnounceCheckpoints emits the newest checkpoint of a tenant's audit log (CheckpointAnnounced), so that a copy
	// exists outside of the database. It does this for tenants that had no announcement in the last 24 hours. One
	// call selects at most limit tenants, and returns the number of these tenants.
	AnnounceCheckpoints(ctx context.Context, limit int) (int, error)
	// VerifyAudit recomputes the Merkle tree of each tenant's audit log. It compares the trees with all stored hashes
	// and checkpoints. It also compares them with pastCheckpoints, checkpoints that the caller obtained earlier.
	// Errors: Invalid if an item of pastCheckpoints is not a checkpoint.
	VerifyAudit(ctx context.Context, pastCheckpoints [][]byte) (AuditReport, error)
	// BacklogAge returns the age of the oldest pull that has neither succeeded nor failed;
	// zero if there is no such pull.
	BacklogAge(ctx context.Context) (time.Duration, error)
	// PruneEvents deletes old events and attempts, at most limit rows of each kind. Rows younger than the given
	// duration are kept. The events of a subscription are also kept until they are delivered.
	PruneEvents(ctx context.Context, keep time.Duration, limit int) (int, error)
	// AnnounceCompleteness stores events for at most limit accounts whose completeness state has changed, and returns
	// the number of events. The state reports whether the records of an account explain its balance.
	AnnounceCompleteness(ctx context.Context, limit int) (int, error)
	// EventBacklog returns the number of waiting events of active subscriptions, the age of the oldest one, and the
	// number of disabled subscriptions.
	EventBacklog(ctx context.Context) (EventBacklogAge, error)
	// FeedDelay returns the age of the open write transaction that delays the change feed; zero if there is no such
	// transaction.
	FeedDelay(ctx context.Context) (time.Duration, error)
}

// EventBacklogAge describes the waiting events of all active subscriptions: those that are stored and not delivered.
type EventBacklogAge struct {
	Waiting  int
	Age      time.Duration // the age of the oldest waiting event; 0 if no event waits
	Disabled int           // number of disabled subscriptions
}
