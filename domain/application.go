package domain

import (
	"slices"
	"time"
)

// Application is a credential at a vendor that several connections of a tenant share.
type Application struct {
	ID     ApplicationID
	Tenant TenantID
	Vendor Vendor // never changes
	Name   string // unique among the applications of the tenant
	// BaseURL never changes. It is the base URL of all connections of the application.
	BaseURL string
	Sealed  Sealed // bound to the tenant and the id of the application
	// Revision starts at 1 and increases by one with each change by an operator.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time

	// Connections is the number of live connections of the application. It is set only by methods whose comments say
	// so.
	Connections int

	// Renewal is the webhook that must be created at the vendor because the client id has changed.
	Renewal RegistrationRenewal
}

// RegistrationRenewal describes a webhook that must be created at the vendor for an application. The zero value means
// that none must be created.
type RegistrationRenewal struct {
	DueAt    time.Time // when it is attempted next; zero if no webhook is to be created
	Since    time.Time // when the client id was changed
	Attempts int
	// Receiver is the URL of the webhook receiver, without the vendor and the token.
	Receiver string
	Actor    string // the operator who has changed the client id
}

// Validate returns one Invalid error for each invalid field, or nil if every field is valid.
func (a *Application) Validate() []*Error { return CheckText("name", a.Name, MaxName) }

// Rename changes the name of the application.
func (a *Application) Rename(name string) { a.Name = name }

// Rotate replaces the sealed credential.
func (a *Application) Rotate(sealed Sealed) { a.Sealed = slices.Clone(sealed) }

// BumpRevision increments the revision and sets UpdatedAt.
func (a *Application) BumpRevision(at time.Time) {
	a.Revision++
	a.UpdatedAt = at
}

// RenewRegistration plans a new webhook if the application has lost its webhook because its client id has changed.
// changed contains the tokens of its connections that domain.RebindTokens has changed at the given time.
func (a *Application) RenewRegistration(changed []WebhookToken, receiver, actor string, at time.Time) {
	lost := func(t WebhookToken) bool {
		active := t.Registration.State == RegistrationActive || t.Registration.State == RegistrationRemoving
		return active && (t.Live() || t.RevokedAt.Equal(at))
	}
	if slices.ContainsFunc(changed, lost) {
		a.Renewal = RegistrationRenewal{DueAt: at, Since: at, Receiver: receiver, Actor: actor}
	}
}

// Failed returns the renewal after a failed attempt. The wait until the next attempt doubles with each attempt, up to
// an hour. If attempts have failed for RegistrationGiveUp, Failed returns the zero value.
func (r RegistrationRenewal) Failed(at time.Time) RegistrationRenewal {
	if at.Sub(r.Since) >= RegistrationGiveUp {
		return RegistrationRenewal{}
	}
	r.DueAt = at.Add(removalWait(r.Attempts))
	return r
}

// Join makes the connection use the credential of the application. sealed is this credential, sealed for the
// connection, and client is the key of its client id. The store checks the revision of the application; see
// CheckJoined.
func (c *Connection) Join(a Application, sealed Sealed, client ClientKey) {
	c.ApplicationID, c.JoinedRevision = a.ID, a.Revision
	c.Rotate(sealed, client)
}

// Leave makes the connection use a credential of its own, which the caller sets with Rotate.
func (c *Connection) Leave() { c.ApplicationID, c.JoinedRevision = ApplicationID{}, 0 }

// Follow gives the connection the new credential of its application. sealed is this credential, sealed for the
// connection, and client is the key of its client id. A deleted connection keeps its credential if the client id has
// changed, because only the old client id has access to its account at the vendor.
func (c *Connection) Follow(sealed Sealed, client ClientKey, at time.Time) {
	switch {
	case c.Live():
		c.Rotate(sealed, client)
		c.BumpRevision(at)
	case !client.IsZero() && c.Client == client:
		c.Sealed = slices.Clone(sealed)
	}
}

// CheckJoined returns Conflict (application_changed) if the connection has joined another revision of the application
// a, or if its vendor or base URL differs from that of a.
func (c *Connection) CheckJoined(a Application) error {
	if c.JoinedRevision == a.Revision && c.Vendor == a.Vendor && c.BaseURL == a.BaseURL {
		return nil
	}
	return &Error{Kind: Conflict, Code: ApplicationChanged, Message: "the application has changed"}
}
