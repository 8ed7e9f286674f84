package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Applications stores the applications that operators have created, and which connections belong to one application at
// a vendor.
type Applications interface {
	// ReplaceHashKey replaces the stored key with which client ids are hashed (SealedHashKey) by fresh, the sealed form
	// of another key, if the stored key still equals previous. It reports whether it has replaced the key. In the same
	// atomic change it sets the Client of all connections and the Application of all tokens to zero, because their
	// hashes were computed with the old key. It is not limited to one tenant.
	ReplaceHashKey(ctx context.Context, previous, fresh domain.Sealed) (bool, error)

	// ListUnidentified returns live aggregator connections of all tenants whose Client is zero, with their sealed
	// credentials: at most limit, ordered by id, with ids greater than afterID.
	ListUnidentified(ctx context.Context, afterID domain.ConnectionID, limit int) ([]domain.Connection, error)

	// Identify sets the Client of a live connection, if it is still zero and the sealed credential still equals that of
	// c. It reports whether it has set the Client. Revision and UpdatedAt do not change.
	//
	// The same atomic change also sets the application of one token: the oldest live token of the connection that has
	// an active registration. If a live token of the tenant already has this application, no token changes.
	Identify(ctx context.Context, c domain.Connection, client domain.ClientKey) (bool, error)

	// Create stores a new application. Errors: Conflict (name_taken) if an application of the tenant has the name.
	Create(ctx context.Context, a domain.Application, entries AuditEntries) error

	// Get returns one application with its sealed credential. It sets Connections. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID) (domain.Application, error)

	// List returns applications without their sealed credentials, ordered by name (byte order), then by id. It sets
	// Connections. A position in the list consists of a name and an id.
	List(ctx context.Context, tenant domain.TenantID,
		page domain.PageRequest) (domain.Page[domain.Application], error)

	// Update reads an application, changes it with the function fn, and stores the result, in one atomic change.
	// Concurrent updates are serialised. If u.Rotates is set, members are the connections of the application in the
	// order of their ids, with their sealed credentials, including deleted ones. fn may change the credentials of the
	// members, and the fields that depend on a credential. Update stores all members. fn may be called more than once.
	// If fn returns an error, Update writes nothing and returns this error unchanged.
	//
	// The tokens of the members change as domain.RebindTokens describes, after all members have been stored. Each token
	// that moves has an audit entry (AuditEntries.WithMoved). domain.Application.RenewRegistration is applied to the
	// changed tokens.
	//
	// Errors: NotFound; Conflict (name_taken).
	Update(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, u ApplicationChange,
		entries AuditEntries, fn func(a *domain.Application, members []*domain.Connection) error,
	) (domain.Application, error)

	// Members returns the live connections of an application, oldest first, without their sealed credentials. It
	// returns none if the application does not exist.
	Members(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID) ([]domain.Connection, error)

	// Delete deletes an application. Errors: NotFound; Conflict (application_in_use) while one of these uses it: a live
	// connection, a link session (domain.LinkSession.Application), or a deleted connection whose account reference is
	// still to be deleted at the vendor. Delete first calls check, and if check returns an error, Delete changes
	// nothing and returns this error unchanged.
	Delete(ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, entries AuditEntries,
		check func(domain.Application) error) error

	// ClaimRenewals claims at most limit renewals (domain.RegistrationRenewal) that are due, of all tenants. Each
	// result has the oldest live connection of the application, if possible one that is not paused. In the same atomic
	// change, DueAt becomes claimEnd and Attempts increases by one. Only one of several concurrent calls returns a
	// given application.
	ClaimRenewals(ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID,
		limit int) ([]ClaimedRenewal, error)

	// EndRenewal replaces the renewal of a claimed application, unless its DueAt has changed since the claim.
	EndRenewal(ctx context.Context, claimed domain.Application, next domain.RegistrationRenewal) error
}

// ApplicationChange describes what an update of an application can change besides the application itself.
type ApplicationChange struct {
	Rotates bool // whether the credentials of the connections change, too
	// Receiver is the URL of the webhook receiver, without the vendor and the token. A new webhook is created for it if
	// the client id changes.
	Receiver string
	Actor    string // the operator who makes the change
}

// ClaimedRenewal is an application for which a webhook is to be created at the vendor. Connection is zero if the
// application has no live connection.
type ClaimedRenewal struct {
	Application domain.Application
	Connection  domain.Connection
}
