package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// NewLinkSession holds the fields of a link session for a new account.
type NewLinkSession struct {
	Vendor   string
	Name     string // the config name of the connection that the session creates
	BaseURL  string
	ClientID domain.Secret
	Secret   domain.Secret
	Receiver string // the address of the webhook receiver, as for MintRequest
	// Application replaces BaseURL, ClientID and Secret; zero if the connection gets a credential of its own.
	Application domain.ApplicationID
}

// OpenLinkSession is a new link session with the vendor's token. The token is not stored.
type OpenLinkSession struct {
	domain.LinkSession
	Token domain.Secret
	URL   domain.Secret // the vendor's hosted page, with the token
}

// Linking lets account holders link new accounts, so that nobody has to copy an account reference.
type Linking interface {
	// StartLinkSession reserves the config name and requests a token from the vendor. With this token, an account
	// holder can link a new account. Errors:
	//
	//   - Invalid, as for ConnectionManager.CreateConnection; NotFound (application_not_found).
	//   - Conflict (name_taken); Conflict (too_many_link_sessions).
	//   - Conflict (not_offered) if the vendor does not have the feature.
	//   - Rejected (vendor_refused). The Message is one of the codes of TestResult.Reason.
	//   - Unavailable with RetryAfter if the vendor cannot be reached, or if too many calls are running
	//     (too_many_probes).
	StartLinkSession(ctx context.Context, tenant domain.TenantID, n NewLinkSession) (OpenLinkSession, error)
	// GetLinkSession returns one link session. Errors: NotFound, also after domain.LinkSessionRetention.
	GetLinkSession(ctx context.Context, tenant domain.TenantID, id domain.LinkSessionID) (domain.LinkSession, error)
}

// LinkedConnection is a connection that a link session has created.
type LinkedConnection struct {
	Connection domain.Connection
	Pull       PullRequest          // the first pull
	Token      *domain.WebhookToken // the token of LinkSession.Hook; nil if there is none
}

// LinkSessions stores link sessions for new accounts.
//
// A worker must claim a session before it continues the session. The field DueAt of the session is the end of the
// claim, and also the fencing token. After DueAt has changed, a write under the older claim changes nothing and fails
// with LeaseLost (Conflict).
type LinkSessions interface {
	// Create stores a new session. If it has an application that does not exist, the error is NotFound
	// (application_not_found). While the state of the session is domain.LinkOpen, it reserves its name: no connection
	// of the tenant can get the name by Connections.Create or Connections.Update. Errors: Conflict (name_taken) if a
	// live connection, or another session, has the name; Conflict (too_many_link_sessions) if the tenant already has
	// domain.MaxLinkSessions sessions whose state is domain.LinkOpen. Concurrent calls cannot exceed this maximum.
	Create(ctx context.Context, s domain.LinkSession) error

	// Open stores ExpiresAt and DueAt of a session whose state is "open", if its DueAt still is createdDueAt. Errors:
	// NotFound.
	Open(ctx context.Context, s domain.LinkSession, createdDueAt time.Time, entries AuditEntries) error

	// Get returns one session. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.LinkSessionID) (domain.LinkSession, error)

	// FindByHook returns the session of the vendor that has this LinkSession.Hook and a DueAt that is not zero. It is
	// not limited to one tenant. Errors: NotFound.
	FindByHook(ctx context.Context, vendor domain.Vendor, hook domain.TokenHash) (domain.LinkSession, error)

	// Claim returns at most limit sessions that are due (DueAt <= now), earliest first, and sets their DueAt to
	// claimEnd. Concurrent calls never return the same session. Claim is not limited to one tenant, but omits the
	// tenants in skip.
	Claim(ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int) ([]domain.LinkSession, error)

	// Save stores all fields of a session that can change. It can remove the credential, but does not replace it,
	// because Reseal may have replaced it since the claim. claimedDueAt is the DueAt that Claim has set. Errors:
	// LeaseLost.
	Save(ctx context.Context, s domain.LinkSession, claimedDueAt time.Time) error

	// Connect saves the session like Save, and stores its connection with the first pull and the token, in one atomic
	// change. The connection gets the credential that was stored with the session, unless it joins an application.
	// Errors: LeaseLost; Conflict (name_taken); the errors of Connections.Create about the application.
	Connect(ctx context.Context, s domain.LinkSession, claimedDueAt time.Time, added LinkedConnection,
		entries AuditEntries) error

	// Update changes a session with the function fn, if the session exists and belongs to the vendor. If fn returns
	// false, nothing is stored. A session with a zero DueAt is never changed, and fn is not called for it. Concurrent
	// updates of one session are serialised. Errors: NotFound.
	Update(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, id domain.LinkSessionID,
		fn func(*domain.LinkSession) bool) error

	// IsLinked reports whether a live aggregator connection of the tenant has the account reference. It compares
	// references in the form of domain.CanonicalAccountRef.
	IsLinked(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, ref string) (bool, error)

	// Prune deletes at most limit sessions with a zero DueAt that have ended before the given time, and returns their
	// number. It is not limited to one tenant.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}
