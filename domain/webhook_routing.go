package domain

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
)

// MaxReceivers is the maximum number of connections for which one webhook event is stored.
const MaxReceivers = 16

// IncomingDelivery is a delivery to store. It comes from a webhook request whose source was
// verified.
type IncomingDelivery struct {
	// Delivery is the id of the delivery, and Pull is the id of the pull that it creates. If the event is stored for
	// several connections, the ids for the second and each later connection are derived from these.
	Delivery DeliveryID
	Pull     PullID
	Token    TokenHash
	Vendor   Vendor
	// SourceAdmitted means that the request has passed one of the deployment's source checks.
	SourceAdmitted bool
	Authorization  SourceHash // the hash of the request's Authorization header
	Event          WebhookEvent
	Unreadable     bool // the body is not the vendor's JSON, and Event is zero
	Body           []byte
	At             time.Time
	Trace          string // W3C traceparent; stored with the pull if this delivery creates one
}

// Prepare returns the delivery with the values that can be computed before any stored value is read.
func (d IncomingDelivery) Prepare() PendingDelivery {
	return PendingDelivery{
		IncomingDelivery: d, Scope: encodeScope(d.Event.Scope), Fingerprint: FingerprintOf(d.Event, d.Body),
	}
}

// PendingDelivery is an incoming delivery that waits for its batch.
type PendingDelivery struct {
	IncomingDelivery
	Scope       string // the scope of the event as JSON
	Fingerprint Fingerprint
}

// encodeScope returns the scope as JSON.
func encodeScope(scope PullScope) string {
	text, _ := json.Marshal(scope) // cannot fail: every member of a scope can be encoded
	return string(text)
}

// Receiver is a live aggregator connection for which an event can be stored.
type Receiver struct {
	Connection ConnectionID
	BaseURL    string
	AccountRef string
	Client     ClientKey // zero where it is not needed
	CreatedAt  time.Time
}

// ReceiverOf returns the members of a connection that decide which events it receives.
func ReceiverOf(c Connection) Receiver {
	return Receiver{
		Connection: c.ID, BaseURL: c.BaseURL, AccountRef: c.AccountRef, Client: c.Client, CreatedAt: c.CreatedAt,
	}
}

// TokenBinding is a live token with the connection to which it belongs. This connection must be live.
type TokenBinding struct {
	Token  TokenID
	Tenant TenantID
	Vendor Vendor
	Source SourceHash // zero unless the token has a source secret
	Own    Receiver   // the connection of the token
}

// admits reports whether the delivery was sent to the webhook URL of the token's vendor, from a source that the token
// admits.
func (b TokenBinding) admits(d *PendingDelivery) bool {
	return b.Vendor == d.Vendor && b.Source.Admits(d.Authorization, d.SourceAdmitted)
}

// ReferenceKey identifies an account reference that an event names, among the references of all tenants.
type ReferenceKey struct {
	Tenant    TenantID
	Vendor    Vendor
	Reference string // in the form of CanonicalAccountRef
}

// Reference returns the key of the account reference that the delivery's event names. It returns false if the event
// names none.
func (b TokenBinding) Reference(d *PendingDelivery) (ReferenceKey, bool) {
	key := ReferenceKey{b.Tenant, b.Vendor, CanonicalAccountRef(d.Event.AccountRef)}
	return key, d.Event.AccountRef != ""
}

// routedEvent is the form in which an event is stored for one connection.
type routedEvent struct {
	Receiver
	status  DeliveryStatus
	eventID string
	body    []byte
	scope   PullScope
	text    string // scope as JSON
}

// route decides for which connections an event is stored, and in which form. holders are the live connections of the
// token's tenant and vendor that have the account reference of the event. erased means that an erased connection of the
// tenant had this reference.
//
//   - An event that names no account belongs to the connection of the token, and so does an unreadable body.
//   - Any other event belongs to the holders with the origin of the token's connection, at most to the MaxReceivers
//     oldest of them. Connections other than the token's must not trust the removals that the event announces (see
//     PullScope.Unproved).
//   - A confidential event is stored without its body.
//   - If an event belongs to no connection, it is stored as ignored for the connection of the token, without body and
//     scope. If its reference is erased, its id is not stored either.
func (b TokenBinding) route(d *PendingDelivery, holders []Receiver, erased bool) []routedEvent {
	whole := routedEvent{
		Receiver: b.Own, status: d.initialStatus(), eventID: d.Event.ID, body: d.Body, scope: d.Event.Scope,
		text: d.Scope,
	}
	if d.Event.Confidential {
		whole.body = []byte{}
	}
	if d.Event.AccountRef == "" {
		return []routedEvent{whole}
	}
	receivers := b.receivers(holders)
	if len(receivers) == 0 {
		bare := routedEvent{Receiver: b.Own, status: DeliveryIgnored, eventID: d.Event.ID, body: []byte{}}
		if erased {
			bare.eventID = ""
		}
		return []routedEvent{bare}
	}
	routed := make([]routedEvent, len(receivers))
	for i, r := range receivers {
		routed[i] = whole
		routed[i].Receiver = r
		if r.Connection != b.Own.Connection && len(whole.scope.Removed) > 0 {
			routed[i].scope = whole.scope.Unproved(d.Event.RemovedIn)
			routed[i].text = encodeScope(routed[i].scope)
		}
	}
	return routed
}

// receivers returns the holders with the origin of the token's connection: at most MaxReceivers, oldest first.
// Receivers that were created at the same time are ordered by id.
func (b TokenBinding) receivers(holders []Receiver) []Receiver {
	origin := Origin(b.Own.BaseURL)
	same := slices.DeleteFunc(slices.Clone(holders), func(r Receiver) bool { return Origin(r.BaseURL) != origin })
	SortLarge(same, func(x, y Receiver) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), x.Connection.Compare(y.Connection))
	})
	return same[:min(len(same), MaxReceivers)]
}

// initialStatus returns the status of a delivery whose event belongs to a connection.
func (d *PendingDelivery) initialStatus() DeliveryStatus {
	switch {
	case d.Unreadable:
		return DeliveryUnreadable
	case !d.Event.WantsPull:
		return DeliveryIgnored
	}
	return DeliveryAccepted
}

// derivedID returns an id that depends only on the ids base and other. An object that is stored for several others,
// such as one delivery for several connections, gets a different id for each of them. The result is a UUIDv7 with the
// time of base.
func derivedID(base, other uuid.UUID) uuid.UUID {
	sum := sha256.Sum256(slices.Concat(base[:], other[:]))
	derived := base
	copy(derived[6:], sum[:])
	derived[6] = derived[6]&0x0f | 0x70 // version 7
	derived[8] = derived[8]&0x3f | 0x80 // variant of RFC 9562
	return derived
}

// RebindsTokens reports whether a change of a connection can affect its tokens; see RebindTokens.
func RebindsTokens(before, after Connection) bool {
	return before.Live() && (!after.Live() || !before.sameApplication(after) ||
		CanonicalAccountRef(before.AccountRef) != CanonicalAccountRef(after.AccountRef))
}

// RebindTokens returns the tokens that a change of their connection affects, in their new state. An operator has
// deleted the connection, or has changed its account reference, origin or client id. before and after are the
// connection before and after this change. live are the live connections of the same tenant and vendor; they may
// include the connection itself.
//
//   - The deletion of the connection moves a live token without a registration to the youngest of the live connections
//     with the same origin, or revokes it if there is none.
//   - Any of the changes moves a live token with an active registration to the youngest of the live connections of the
//     same application. If there is none, the token stays if the connection still belongs to the application. Otherwise
//     it is revoked, so that its webhook is removed at the vendor.
//   - A live token with a pending registration is revoked if the connection no longer belongs to the application.
//   - A live token with a registration of an account reference is revoked by the deletion, and also if the connection
//     has another account reference or application now.
//
// If the connection belongs to another application or account reference now, RegistrationAccess keeps what is needed to
// remove the webhook at the vendor.
func RebindTokens(before, after Connection, tokens []WebhookToken, live []Receiver) (changed []WebhookToken) {
	if !RebindsTokens(before, after) {
		return nil
	}
	for _, t := range tokens {
		if t.rebind(before, after, live) {
			changed = append(changed, t)
		}
	}
	return changed
}

// rebind changes the token as RebindTokens describes, and reports whether it has changed the token.
func (t *WebhookToken) rebind(before, after Connection, live []Receiver) (changed bool) {
	deleted := !after.Live()
	left := deleted || !before.sameApplication(after) // the connection no longer belongs to its application
	if t.Registration.OfReference {
		left = left || CanonicalAccountRef(before.AccountRef) != CanonicalAccountRef(after.AccountRef)
	}
	registered := t.Registration.Exists()
	if t.Live() && (deleted || registered) && t.Registration.State != RegistrationPending {
		if to, found := t.successor(before, live); found {
			t.Connection, t.Moved = to, true
			return true
		}
	}
	if t.Live() && left && (deleted || registered) {
		at := after.UpdatedAt
		if deleted {
			at = after.DeletedAt
		}
		t.Revoke(at)
		changed = true
	}
	if r := &t.Registration; left && !deleted && r.AtVendor() && r.Access.IsZero() {
		r.Access = RegistrationAccess{BaseURL: before.BaseURL, Sealed: before.Sealed}
		changed = true
	}
	return changed
}

// successor returns the youngest live connection that can take over the token from the connection c. It must have the
// same origin as c. If the token has a registration, it must also belong to the application of the token. successor
// returns false if there is no such connection, or if the registration belongs to an account reference.
func (t *WebhookToken) successor(c Connection, live []Receiver) (ConnectionID, bool) {
	var youngest Receiver
	if t.Registration.OfReference {
		return ConnectionID{}, false
	}
	origin := Origin(c.BaseURL)
	for _, r := range live {
		if r.Connection == c.ID || Origin(r.BaseURL) != origin {
			continue
		}
		if t.Registration.Exists() { // the key is a hash, which most tokens do not need
			application := NewApplicationKey(c.Vendor, origin, r.Client)
			if application.IsZero() || application != t.Application {
				continue
			}
		}
		later := cmp.Or(r.CreatedAt.Compare(youngest.CreatedAt),
			r.Connection.Compare(youngest.Connection)) > 0
		if youngest.Connection.IsZero() || later {
			youngest = r
		}
	}
	return youngest.Connection, !youngest.Connection.IsZero()
}

// TokenMoved returns the audit entry for the move of a token to its present connection, which was caused by the change
// that entry describes.
func TokenMoved(entry AuditEntry, token WebhookToken) AuditEntry {
	entry.ID, entry.Action, entry.Object = derivedID(entry.ID, token.ID.UUID), "token.move", token.ID.String()
	entry.Detail = AuditDetail{}.WithID("connectionId", token.Connection.UUID)
	return entry
}
