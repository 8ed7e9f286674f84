package gormstore

import (
	"bytes"
	"errors"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The values with which a dialect stores a batch of webhooks. A dialect reads a domain.WebhookView, calls
// domain.PlanWebhooks, stores the planned deliveries, and returns WebhookBatch.Results.
type (
	// PendingDelivery is an incoming delivery that waits for its batch.
	PendingDelivery = domain.PendingDelivery
	// Result is the outcome of storing a single delivery of a batch.
	Result = domain.WebhookResult
)

// newPendingDelivery prepares the delivery for its batch. It copies the body, because the caller may stop waiting and
// reuse the buffer before the delivery is stored.
func newPendingDelivery(incoming ports.IncomingDelivery) PendingDelivery {
	incoming.Body = NonNil(bytes.Clone(incoming.Body))
	return incoming.Prepare()
}

// SourceHashOf converts a value of the column source_hash. It returns the zero hash for NULL, which means that the
// token has no source secret.
func SourceHashOf(column []byte) domain.SourceHash { return hashOf[domain.SourceHash](column) }

// ErrPruned is the error for a webhook that repeats a stored event. The INSERT has found the stored delivery of the
// event, but the delivery was deleted before it could be read. The error is Unavailable, so that the vendor sends the
// event again. The event is then stored as new.
var ErrPruned = Unavailable(errors.New("the first delivery of the event was just pruned"))

// NamedReference is an account reference, with the webhook token of the events that contain it.
type NamedReference struct {
	Token     domain.TokenHash
	Reference string // in the form of domain.CanonicalAccountRef; "" for the events that name no reference
}

// NamedReferences returns the distinct pairs of tokens and references in the deliveries, in the order of the
// deliveries.
func NamedReferences(deliveries []PendingDelivery) []NamedReference {
	seen := make(map[NamedReference]bool, len(deliveries))
	var named []NamedReference
	for i := range deliveries {
		n := NamedReference{deliveries[i].Token, domain.CanonicalAccountRef(deliveries[i].Event.AccountRef)}
		if !seen[n] {
			seen[n] = true
			named = append(named, n)
		}
	}
	return named
}

// MaxHolders limits how many connections with the account reference of an event are read. The oldest connections are
// read first. The limit is larger than domain.MaxReceivers, because some of these connections may have another
// origin.
const MaxHolders = 16 * domain.MaxReceivers

// NewWebhookView returns an empty view.
func NewWebhookView() domain.WebhookView {
	return domain.WebhookView{
		Bindings: map[domain.TokenHash]domain.TokenBinding{}, Holders: map[domain.ReferenceKey][]domain.Receiver{},
		Erased: map[domain.ReferenceKey]bool{}, Queued: map[domain.ConnectionID]domain.PullID{},
		LastTokens: map[domain.ConnectionID]domain.TokenID{},
	}
}

// BoundConnection is one row that a dialect reads for a domain.WebhookView. It combines a live token, an account
// reference from the token's events, and a live connection of the same tenant and vendor. Either the token is bound
// to the connection, or the connection has the account reference.
type BoundConnection struct {
	Hash       domain.TokenHash
	Token      uuid.UUID
	Tenant     uuid.UUID
	Vendor     domain.Vendor
	Source     domain.SourceHash
	Own        bool // the connection is the token's own
	Connection domain.Receiver
	Queued     uuid.NullUUID // the queued pull of the connection
	LastToken  uuid.NullUUID // see domain.WebhookView.LastTokens
	Erased     bool          // an erased connection of the tenant had the reference
}

// Add adds the row to the view. reference is the account reference of the row; it is "" if the events contain none.
// Add does not rely on the query, but checks itself whether the connection has the reference.
func (r BoundConnection) Add(view domain.WebhookView, reference string) {
	tenant := domain.TenantID{UUID: r.Tenant}
	if r.Own {
		view.Bindings[r.Hash] = domain.TokenBinding{
			Token: domain.TokenID{UUID: r.Token}, Tenant: tenant, Vendor: r.Vendor, Source: r.Source,
			Own: r.Connection,
		}
	}
	if r.Queued.Valid {
		view.Queued[r.Connection.Connection] = domain.PullID{UUID: r.Queued.UUID}
	}
	if r.LastToken.Valid {
		view.LastTokens[r.Connection.Connection] = domain.TokenID{UUID: r.LastToken.UUID}
	}
	if reference == "" {
		return
	}
	key := domain.ReferenceKey{Tenant: tenant, Vendor: r.Vendor, Reference: reference}
	view.Erased[key] = r.Erased
	if domain.CanonicalAccountRef(r.Connection.AccountRef) != reference {
		return
	}
	for _, known := range view.Holders[key] { // found through another token of the batch
		if known.Connection == r.Connection.Connection {
			return
		}
	}
	view.Holders[key] = append(view.Holders[key], r.Connection)
}
