package gormstore

import (
	"bytes"
	"errors"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// PendingDelivery is an incoming delivery prepared for storage. Everything that can be computed
// without the database is computed before the delivery queues for a batch.
type PendingDelivery struct {
	ports.IncomingDelivery
	Scope       string // as JSON
	Fingerprint domain.Fingerprint
}

// newPendingDelivery encodes the scope of the delivery and computes its fingerprint. It copies the body, because the
// caller may stop waiting and reuse the buffer before the delivery is stored.
func newPendingDelivery(incoming ports.IncomingDelivery) (PendingDelivery, error) {
	scope, err := encode(incoming.Event.Scope)
	incoming.Body = nonNil(bytes.Clone(incoming.Body))
	fingerprint := domain.FingerprintOf(incoming.Event, incoming.Body)
	return PendingDelivery{IncomingDelivery: incoming, Scope: scope, Fingerprint: fingerprint}, err
}

// Result is the outcome of storing a single delivery of a batch.
type Result struct {
	ports.ReceiveResult
	Err error
}

// RefusedResult returns the result of a refused delivery, with the error Unauthenticated. Deduplicate lists the reasons
// for a refusal.
func RefusedResult() Result { return Result{Err: &domain.Error{Kind: domain.Unauthenticated}} }

// TokenBinding is a live token with the connection to which it belongs. It contains all columns that decide
// whether and how a delivery is stored.
type TokenBinding struct {
	Token      uuid.UUID
	Tenant     uuid.UUID
	Connection uuid.UUID
	Vendor     domain.Vendor
	AccountRef string
	Source     domain.SourceHash // zero unless the token has a source secret
	Registered bool              // the service has created the webhook at the vendor
}

// SourceHashOf converts a value of the column source_hash. A token without a source secret has NULL in this column. The
// result is then zero.
func SourceHashOf(column []byte) domain.SourceHash { return hashOf[domain.SourceHash](column) }

// Matches reports whether the delivery was sent to the webhook URL of the binding's vendor, from a source that the
// token admits.
func (b TokenBinding) Matches(d PendingDelivery) bool {
	return b.Vendor == d.Vendor && b.Source.Admits(d.Authorization, d.SourceAdmitted)
}

// storedForm returns the delivery in the form in which it is stored. If the service has created the webhook, the
// webhook receives the events of all accounts of an application. If an event names another account than the
// connection's, it is stored without body and scope.
func (b TokenBinding) storedForm(d *PendingDelivery) *PendingDelivery {
	if !b.Registered || !d.Event.NamesOther(b.AccountRef) {
		return d
	}
	bare := *d
	bare.Body, bare.Scope, bare.Event.Scope = []byte{}, "", domain.PullScope{}
	return &bare
}

// InitialStatus returns the status with which the delivery d is stored for the binding's connection.
func (b TokenBinding) InitialStatus(d PendingDelivery) domain.DeliveryStatus {
	return d.Event.InitialStatus(b.AccountRef, d.Unreadable)
}

// WantsPull reports whether the delivery d needs a pull of the binding's connection.
func (b TokenBinding) WantsPull(d PendingDelivery) bool {
	return b.InitialStatus(d) == domain.DeliveryAccepted
}

// StoredResult returns the result of a delivery that was stored. If the delivery needs no pull, pull is the nil UUID.
func (b TokenBinding) StoredResult(d PendingDelivery, pull uuid.UUID) Result {
	return Result{ReceiveResult: ports.ReceiveResult{
		Token: domain.TokenID{UUID: b.Token},
		Delivery: domain.Delivery{
			ID: d.Delivery, Tenant: domain.TenantID{UUID: b.Tenant},
			Connection: domain.ConnectionID{UUID: b.Connection}, Vendor: b.Vendor, Event: d.Event.Name,
			EventID: d.Event.ID, Fingerprint: d.Fingerprint, Body: d.Body, Scope: d.Event.Scope,
			Status: b.InitialStatus(d), Pull: domain.PullID{UUID: pull}, ReceivedAt: d.At,
		},
	}}
}

// DuplicateResult returns the result of a delivery whose event was stored before. The argument original is the stored
// delivery.
func (b TokenBinding) DuplicateResult(original domain.Delivery) Result {
	return Result{ReceiveResult: ports.ReceiveResult{
		Token: domain.TokenID{UUID: b.Token}, Delivery: original, Duplicate: true,
	}}
}

// EventKey is the deduplication key of a delivery: two deliveries with the same key belong to the same event. The
// unique index deliveries_fingerprint has these columns and the tenant of the connection.
type EventKey struct {
	Connection  uuid.UUID
	Fingerprint domain.Fingerprint
}

// BatchEvent is one distinct event of a batch.
type BatchEvent struct {
	EventKey
	First   *PendingDelivery // the first delivery of the event, as it is stored; no other delivery is stored
	Binding TokenBinding     // the binding of the first delivery's token
	Status  domain.DeliveryStatus
	Pull    uuid.UUID // nil unless the event needs a pull
	NewPull bool      // Pull was not yet queued when AssignPulls ran

	// Inserted means that this batch has stored First.
	Inserted bool
	// Earlier is the delivery that was stored before the batch; nil if there is no such delivery, or if it was not
	// read.
	Earlier *domain.Delivery

	members []int // the event's deliveries, as indexes into WebhookBatch.Deliveries; First is members[0]
}

// WantsPull reports whether the event needs a pull of its connection.
func (e *BatchEvent) WantsPull() bool { return e.Status == domain.DeliveryAccepted }

// WebhookBatch contains the deliveries of one transaction, grouped by event. A dialect first calls Deduplicate and
// AssignPulls. Then it runs its own statements and sets the fields Inserted and Earlier of the events. At the end, it
// calls Results.
type WebhookBatch struct {
	Deliveries []PendingDelivery
	// Events are the distinct events, in the order of their first deliveries.
	Events []*BatchEvent

	byKey    map[EventKey]*BatchEvent
	bindings map[domain.TokenHash]TokenBinding
}

// Deduplicate groups the deliveries by event. A delivery is refused, and belongs to no event, in three cases:
//
//   - Its token has no binding.
//   - The binding belongs to another vendor.
//   - The binding does not admit the source of the delivery.
func Deduplicate(deliveries []PendingDelivery, bindings map[domain.TokenHash]TokenBinding) *WebhookBatch {
	b := &WebhookBatch{
		Deliveries: deliveries, Events: make([]*BatchEvent, 0, len(deliveries)),
		byKey: make(map[EventKey]*BatchEvent, len(deliveries)), bindings: bindings,
	}
	for i := range deliveries {
		d := &deliveries[i]
		binding, ok := b.bindingOf(d)
		if !ok {
			continue
		}
		key := EventKey{binding.Connection, d.Fingerprint}
		e, ok := b.byKey[key]
		if !ok {
			e = &BatchEvent{
				EventKey: key, First: binding.storedForm(d), Binding: binding, Status: binding.InitialStatus(*d),
			}
			b.byKey[key] = e
			b.Events = append(b.Events, e)
		}
		e.members = append(e.members, i)
	}
	return b
}

// bindingOf returns the binding of the delivery's token. It returns false if the token has no binding, or if the
// binding does not match the delivery.
func (b *WebhookBatch) bindingOf(d *PendingDelivery) (TokenBinding, bool) {
	binding, ok := b.bindings[d.Token]
	return binding, ok && binding.Matches(*d)
}

// Foreign returns the events that name an account reference other than the one of their connection.
func (b *WebhookBatch) Foreign() (foreign []*BatchEvent) {
	for _, e := range b.Events {
		if e.First.Event.NamesOther(e.Binding.AccountRef) {
			foreign = append(foreign, e)
		}
	}
	return foreign
}

// Forget removes the contents of an event that names an erased account reference. It keeps the fingerprint, so that the
// event is still deduplicated.
func (e *BatchEvent) Forget() {
	bare := *e.First
	bare.Body, bare.Scope, bare.Event.Scope, bare.Event.ID = []byte{}, "", domain.PullScope{}, ""
	e.First = &bare
}

// AssignPulls assigns a pull to each event that needs a pull and whose field Earlier is nil. The map queuedPulls
// contains the ids of the queued pulls, keyed by connection id. There are two cases:
//
//   - If the connection has a queued pull, its events get this pull.
//   - If the connection has no queued pull, its events share a new pull. The id comes from the first of these events.
//
// The dialect must create a new pull only if at least one of the pull's events is new.
func (b *WebhookBatch) AssignPulls(queuedPulls map[uuid.UUID]uuid.UUID) {
	newPulls := make(map[uuid.UUID]uuid.UUID)
	for _, e := range b.Events {
		if !e.WantsPull() || e.Earlier != nil {
			continue
		}
		if pull, ok := queuedPulls[e.Connection]; ok {
			e.Pull = pull
			continue
		}
		if _, ok := newPulls[e.Connection]; !ok {
			newPulls[e.Connection] = e.First.Pull.UUID
		}
		e.Pull, e.NewPull = newPulls[e.Connection], true
	}
}

// SetEarlier sets the field Earlier of the event to which the delivery d belongs. If the batch does not contain this
// event, SetEarlier does nothing.
func (b *WebhookBatch) SetEarlier(d domain.Delivery) {
	if e, ok := b.byKey[EventKey{d.Connection.UUID, d.Fingerprint}]; ok {
		e.Earlier = &d
	}
}

// ErrPruned is the error of a duplicate whose first delivery was deleted after the INSERT had found it. The error is
// Unavailable, so that the vendor sends the event again. The event is then stored as new.
var ErrPruned = Unavailable(errors.New("the first delivery of the event was just pruned"))

// Results returns a result for each delivery, in the order of Deliveries:
//
//   - A delivery that belongs to no event is refused.
//   - If this batch has stored the event (Inserted), the first delivery is reported as stored. The other deliveries are
//     duplicates.
//   - If an earlier batch has stored the event (Earlier), all deliveries are duplicates.
//   - If Inserted is false and Earlier is nil, all deliveries of the event get the error notFoundErr.
func (b *WebhookBatch) Results(notFoundErr error) []Result {
	results := make([]Result, len(b.Deliveries))
	for i := range b.Deliveries {
		if _, ok := b.bindingOf(&b.Deliveries[i]); !ok {
			results[i] = RefusedResult()
		}
	}
	for _, e := range b.Events {
		duplicates, first := e.members, e.Earlier
		if e.Inserted {
			stored := e.Binding.StoredResult(*e.First, e.Pull)
			results[e.members[0]] = stored
			duplicates, first = e.members[1:], &stored.Delivery
		}
		for _, i := range duplicates {
			if first == nil {
				results[i] = Result{Err: notFoundErr}
				continue
			}
			// The same event may arrive through two tokens of one connection, so each duplicate gets the
			// binding of its own token.
			results[i] = b.bindings[b.Deliveries[i].Token].DuplicateResult(*first)
		}
	}
	return results
}
