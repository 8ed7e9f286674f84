package ports

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Access contains everything that an aggregator needs to read the data of one connection.
type Access struct {
	Tenant     domain.TenantID     // the tenant whose share of the rate budget a call uses; never sent to the vendor
	Connection domain.ConnectionID // the key of cached vendor sessions and of rate budgets; never sent to the vendor
	BaseURL    string
	AccountRef string // in the form that the vendor uses (domain.CanonicalAccountRef)
	Credential domain.Credential
	// Reserve reserves memory for a response of this size in bytes. Each call replaces the previous reservation. An
	// adapter calls it before it holds more than SmallResponse bytes of a response, and returns its error. If it is
	// nil, the memory is not bounded.
	Reserve func(ctx context.Context, bytes int64) error
}

// AccessOf returns the access to the vendor of a connection. The account reference is in the vendor's own form, because
// adapters compare it with the vendor's responses.
func AccessOf(c domain.Connection, credential domain.Credential) Access {
	return Access{
		Tenant: c.Tenant, Connection: c.ID, BaseURL: c.BaseURL, AccountRef: domain.CanonicalAccountRef(c.AccountRef),
		Credential: credential,
	}
}

// SmallResponse is the maximum number of bytes of a response that an adapter may hold without calling Access.Reserve.
const SmallResponse = 1 << 20

// VendorPage is one page of a step (one list that a pull reads), as read from the vendor.
type VendorPage struct {
	// Accounts are the accounts that the vendor returned together with the page's rows; often there are none. An
	// account can be unreadable, as described for Aggregator.Accounts.
	Accounts []domain.AccountData
	// Transactions are all rows of the page. A row is normalised only when its Normalize
	// function is called.
	Transactions []domain.RawTransaction
	// CollectedFrom contains the earliest collection time of the page's rows, by the external id of their account. The
	// collection time is when the vendor read a row from the institution. CollectedFrom is nil if the aggregator does
	// not implement Purger.
	CollectedFrom map[string]time.Time
	// Total is the number of rows in the step's whole list, as the vendor reported it with this page; nil if the vendor
	// does not report it. The caller reads the list again if two pages report different totals, or if the total differs
	// from the number of rows.
	Total *int
	// Removed contains the external ids of rows that the vendor has removed since an earlier page, or since the step's
	// stream position (domain.Step.Since). A row in both Transactions and Removed is removed.
	Removed []string
	// StreamPosition is the position in the vendor's stream of changes that the step has reached; "" if the step does
	// not read the stream. Only the last page has it.
	StreamPosition string
	// Incomplete is set if the vendor has not read the whole history of the account reference yet. A row that the list
	// does not contain may then still exist.
	Incomplete bool
	// Next is the cursor of the step's next page; "" means that this page is the last one. Only
	// the adapter that returned the cursor can interpret it.
	Next string
}

// ErrInconsistentAccounts is the error of Aggregator.Accounts for a list that contradicts itself, for example with a
// count that is never reached. The accounts that are returned with it are valid, but others may exist.
var ErrInconsistentAccounts = errors.New("the vendor's list of accounts contradicts itself")

// Aggregator is the client of one vendor.
//
// Each call returns within 15 seconds, including the adapter's own retries. The lease of the calling worker therefore
// does not expire during the call. With a longer timeout for requests (WithRequestTimeout), a call may take longer in
// the same proportion. Errors:
//
//   - Rejected (credential_rejected, account_not_found, access_denied, address_not_allowed).
//   - Unavailable (vendor_unreachable, vendor_rate_limited, budget_exhausted, malformed_response), with RetryAfter if
//     the vendor or the rate budget requires a delay.
//
// An error never contains a credential, a key, a URL or text from the vendor.
type Aggregator interface {
	// Vendor returns the vendor whose API this aggregator calls.
	Vendor() domain.Vendor

	// Check authenticates and returns the status of the account reference.
	Check(ctx context.Context, a Access) (domain.LinkStatus, error)

	// Accounts returns all accounts of the account reference, in a stable order. An account that cannot be
	// normalised exactly has a reason in Unreadable; it does not affect the other accounts. If the vendor's list
	// contradicts itself lastingly, Accounts returns its accounts with the error ErrInconsistentAccounts.
	Accounts(ctx context.Context, a Access) ([]domain.AccountData, error)

	// Plan splits a scope into steps over the given accounts. It is a pure function: the same arguments always return
	// the same steps. The argument today determines how far back the steps read. For a scope that requests no
	// transactions it returns no steps.
	Plan(scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step

	// Read returns one page of a step, starting at cursor ("" for the first page). The argument accounts contains the
	// accounts that this attempt has read. It includes unreadable accounts if their external id is known.
	//
	// The adapter never guesses a value and never drops a row. If a row cannot be normalised exactly,
	// RawTransaction.Normalize returns the error of domain.UnreadableRow. Normalize is a pure function: it can be
	// called at any time and in any order, and returns the same result each time.
	//
	// Read returns the errors of an Aggregator, with these special cases:
	//
	//   - malformed_response means that the page is not JSON in the vendor's format.
	//   - Unavailable (stream_gone) means that the vendor no longer accepts the step's stream position. The caller then
	//     reads everything. Read returns it only for the first page of a step with domain.Step.Since.
	//   - Unavailable (cursor_gone) means that the vendor no longer has the page at cursor, or no longer accepts the
	//     cursor. The caller then reads the step again from its first page. For the first page, Read never returns
	//     cursor_gone. For a later page, Read never returns account_not_found; it returns cursor_gone instead.
	Read(ctx context.Context, a Access, step domain.Step, accounts []domain.AccountData,
		cursor string) (VendorPage, error)

	// Parse parses the body of a webhook. It is a pure function. Errors: Invalid for a body that is not JSON in the
	// vendor's format. An event of an unknown kind is not an error; such an event causes no pull.
	Parse(body []byte) (domain.WebhookEvent, error)
}

// ChangeStream is an optional interface of an Aggregator whose vendor returns what has changed since a position in a
// stream of changes. VendorPage.StreamPosition is such a position. The position of a succeeded pull is kept with the
// connection, so that the next pull reads only what has changed since.
type ChangeStream interface {
	// PlanFrom is like Aggregator.Plan, for a connection whose last pull has reached a stream position. The scope never
	// requests everything. A pull that reads everything first reads the steps of a scope with News. PlanFrom is a pure
	// function.
	PlanFrom(position string, scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step
}

// Verifier is an optional interface of an Aggregator that caches a session with the vendor.
// A cached session can outlive the credential that it was opened with. A successful
// Aggregator.Check therefore does not prove that the vendor still accepts the credential.
type Verifier interface {
	// Verify authenticates and returns the status like Aggregator.Check, but it always sends the
	// credential to the vendor again instead of using a cached session.
	Verify(ctx context.Context, a Access) (domain.LinkStatus, error)
}

// AccessTokenUser is an optional interface of an Aggregator whose vendor assigns a secret to each account reference.
// The credential of a connection then has the part domain.PartAccessToken. The credential of an application does not
// have this part, because it serves many account references.
type AccessTokenUser interface {
	// UsesAccessToken reports whether each connection needs an access token.
	UsesAccessToken() bool
}

// NewWebhook is a webhook to create at a vendor. Both members are secret: the URL contains a raw token.
type NewWebhook struct {
	URL           domain.Secret // the address to which the vendor sends events of every kind
	Authorization domain.Secret // the value that the vendor sends in Authorization; zero for a ReferenceRegistrar
}

// VendorWebhook is a webhook that exists at a vendor.
type VendorWebhook struct {
	ID  string
	URL domain.Secret
}

// WebhookRegistrar is an optional interface of an Aggregator whose vendor can create webhooks. The credential
// identifies an application at the vendor. Webhooks belong to this application, except those of a ReferenceRegistrar.
// The methods return the errors of an Aggregator.
type WebhookRegistrar interface {
	// CreateWebhook creates a webhook and returns the id that the vendor assigned to it. The adapter does not retry the
	// creation after a failure. It returns Rejected (access_denied) if the vendor does not accept the webhook. After an
	// Unavailable error the webhook may exist.
	CreateWebhook(ctx context.Context, a Access, w NewWebhook) (id string, err error)
	// Webhooks returns all webhooks of the application.
	Webhooks(ctx context.Context, a Access) ([]VendorWebhook, error)
	// DeleteWebhook deletes a webhook. It returns nil if there is no such webhook.
	DeleteWebhook(ctx context.Context, a Access, id string) error
}

// ReferenceRegistrar is an optional interface of a WebhookRegistrar. Its vendor stores one webhook address for each
// account reference, and sends the events of the reference to this address. The vendor sends no Authorization value
// of our choice.
//
//   - CreateWebhook replaces the address of the account reference.
//   - Webhooks returns the present address, if there is one.
//   - DeleteWebhook removes the address. It changes nothing if the present address is another one.
type ReferenceRegistrar interface {
	WebhookRegistrar

	// RegistersReferences reports whether webhooks belong to account references.
	RegistersReferences() bool
}

// ConsentReader is an optional interface of an Aggregator whose vendor returns the consents of an account holder. Other
// aggregators can still report a consent in a LinkStatus or in an event.
type ConsentReader interface {
	// Consent returns the vendor's information about the most recent consent for the account reference; the zero report
	// if the vendor returns no consent. A member that the adapter cannot read is missing from the report. Errors: the
	// errors of an Aggregator.
	Consent(ctx context.Context, a Access) (domain.ConsentReport, error)
}

// BalanceReader is an optional interface of an Aggregator whose accounts state a balance that can be compared with
// the rows of the account.
type BalanceReader interface {
	// Balance returns the balance of a readable account, as the account holder sees it.
	Balance(account domain.AccountData) books.VendorBalance
}

// CardLimitReader is an optional interface of an Aggregator whose cards state their credit limit.
type CardLimitReader interface {
	// CardLimit returns what the vendor states about the limit of a card; the zero value for any other account. It is a
	// pure function.
	CardLimit(account domain.AccountData) domain.CardLimit
}

// RunningBalanceReader is an optional interface of an Aggregator whose rows can contain a running balance of the
// account.
type RunningBalanceReader interface {
	// RunningBalance returns the account balance that the bank states in the metadata of a row; the zero value if the
	// metadata contains none.
	RunningBalance(metadata json.RawMessage) books.RunningBalance
}

// CreationReader is an optional interface of an Aggregator, for a vendor that reports when it created a row.
type CreationReader interface {
	// CreatedAt returns when the vendor created the row with this metadata; zero if the metadata does not contain the
	// time.
	CreatedAt(metadata json.RawMessage) time.Time
}

// UpdateReader is an optional interface of an Aggregator, for a vendor that reports when it last changed a row.
type UpdateReader interface {
	// UpdatedAt returns when the vendor last changed the row with this metadata; zero if the metadata does not contain
	// the time.
	UpdatedAt(metadata json.RawMessage) time.Time
}

// RowReader is an optional interface of an Aggregator whose rows contain more evidence than the normalised members:
// keys that the institution assigned, the other party of a payment, the institution's own text.
type RowReader interface {
	// RowOf returns the evidence that a normalised row contains, for the recognition of rows whose ids have changed. It
	// is a pure function.
	RowOf(data domain.TransactionData, account domain.AccountID) banktext.Row
}

// AccountIdentifier is an optional interface of an Aggregator. It is for vendors whose accounts contain the account
// numbers of the institution.
type AccountIdentifier interface {
	// AccountIdentity returns the numbers of an account. It is a pure function.
	AccountIdentity(account domain.AccountData) domain.AccountIdentity
}

// Purger is an optional interface of an Aggregator whose vendor deletes rows some time after it collected them. A
// listing may therefore lack rows that the institution still has. Such a row was collected earlier than every row in
// the listing.
type Purger interface {
	// CollectedAt returns when the vendor collected the row with this metadata; zero if the metadata does
	// not contain the time.
	CollectedAt(metadata json.RawMessage) time.Time
}

// WebhookVerifier is an optional interface of an Aggregator whose vendor signs its webhooks with keys that it returns
// to the owner of a credential. It adds a proof of the source to those of domain.SourcePolicy. Such a vendor sends no
// Authorization value of our choice.
type WebhookVerifier interface {
	// VerifyWebhook returns nil if the vendor has sent the request. The argument a is the access of the connection to
	// which the request's token is bound. Errors:
	//
	//   - Unauthenticated if nothing proves that the vendor has sent the request, for example without a signature.
	//   - The errors of an Aggregator if a key cannot be read. The request may then be genuine.
	VerifyWebhook(ctx context.Context, a Access, r domain.WebhookRequest) error
}

// LinkToken is a short-lived token with which the account holder can sign in at the institution again, on a page
// that the vendor hosts.
type LinkToken struct {
	Token    domain.Secret
	URL      domain.Secret // the vendor's hosted page, with the token
	Lifetime time.Duration // how long the vendor accepts the token, counted from the request
}

// LinkTokens is an optional interface of an Aggregator whose vendor hosts a page for signing in again.
type LinkTokens interface {
	// CreateLinkToken requests a token that can only update the link of this account reference. The token cannot be
	// used to link anything else. Errors: the errors of an Aggregator.
	CreateLinkToken(ctx context.Context, a Access) (LinkToken, error)
}

// Linker is an optional interface of an Aggregator whose vendor hosts a page for linking a new account. The object that
// the vendor creates carries the id of the link session. StartLink and LinkedObjects do not use Access.AccountRef.
// Errors: the errors of an Aggregator.
type Linker interface {
	// StartLink requests a token that can link one new account. The adapter does not retry the request after a failure
	// that may have created a token.
	//
	// The vendor sends events about the object to the given webhook URL, if it can. The URL is secret, because it
	// contains a raw token. It can be zero.
	StartLink(ctx context.Context, a Access, session domain.LinkSessionID, webhook domain.Secret) (LinkToken, error)
	// LinkedObjects returns the objects at the vendor that carry the id of the session, oldest first. announced
	// contains account references from webhooks. They need not exist, and need not belong to the session. An object is
	// deleted with Eraser.
	LinkedObjects(ctx context.Context, a Access, session domain.LinkSessionID,
		announced []string) ([]domain.LinkedObject, error)
	Eraser
}

// Refresher is an optional interface of an Aggregator whose vendor synchronises with the institution on request.
type Refresher interface {
	// Refresh requests a synchronisation. It returns when the vendor has accepted the request; the vendor
	// reports the end of the synchronisation with a webhook. If the vendor responds only after the synchronisation, a
	// request that was sent counts as accepted. Errors: the errors of an Aggregator.
	Refresh(ctx context.Context, a Access) error
}

// RefreshPacer is an optional interface of a Refresher whose vendor accepts at most one refresh of an account reference
// in each interval.
type RefreshPacer interface {
	// RefreshInterval returns the interval.
	RefreshInterval() time.Duration
}

// BillReader is an optional interface of an Aggregator whose vendor lists the bills of cards.
type BillReader interface {
	// Bills returns the vendor's list of the closed bills of a card. The bills are in any order. If the vendor lists
	// the bills of all cards together, the result contains those of the other cards, too (see bills.Listing), and Bills
	// is called for one card only. Errors: the errors of an Aggregator. Rejected (access_denied) means that the list is
	// not readable, which is not an empty list.
	Bills(ctx context.Context, a Access, account domain.AccountData) (bills.Listing, error)
}

// Eraser is an optional interface of an Aggregator whose vendor can delete an account reference.
type Eraser interface {
	// Erase deletes the account reference and all data that the vendor stores for it. It returns nil if the vendor has
	// no such reference. Errors: the errors of an Aggregator.
	Erase(ctx context.Context, a Access) error
}
