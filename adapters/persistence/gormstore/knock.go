package gormstore

import (
	"bytes"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Knock is a receipt made ready to be stored: what can be worked out without the
// database is worked out before it queues.
type PendingDelivery struct {
	ports.IncomingDelivery
	Scope       string // JSON
	Fingerprint domain.Fingerprint
}

// Result is what became of one knock.
type Result struct {
	ports.ReceiveResult
	Err error
}

// newKnock copies the body, since the caller may leave, and reuse it, before it is stored.
func newKnock(r ports.IncomingDelivery) (PendingDelivery, error) {
	ask, err := encode(r.Event.Scope)
	r.Body = present(bytes.Clone(r.Body))
	return PendingDelivery{IncomingDelivery: r, Scope: ask, Fingerprint: domain.FingerprintOf(r.Event, r.Body)}, err
}

// Gate is a live token with the connection behind it: all that the door asks the database
// before it decides.
type TokenBinding struct {
	Token      uuid.UUID
	Tenant     uuid.UUID
	Connection uuid.UUID
	Vendor     domain.Vendor
	AccountRef string
}

// Opens says whether the knock is of the gate's vendor.
func (g TokenBinding) Matches(k PendingDelivery) bool { return g.Vendor == k.Vendor }

// Status is what the knock's delivery is at the door: accepted when it wants a pull.
func (g TokenBinding) InitialStatus(k PendingDelivery) domain.DeliveryStatus {
	switch {
	case k.Unreadable:
		return domain.DeliveryUnreadable
	case !k.Event.WantsPull, k.Event.AccountRef != "" && k.Event.AccountRef != g.AccountRef:
		return domain.DeliveryIgnored
	}
	return domain.DeliveryAccepted
}

// Wants says whether the knock wants a pull.
func (g TokenBinding) WantsPull(k PendingDelivery) bool {
	return g.InitialStatus(k) == domain.DeliveryAccepted
}

// Delivered is the result of a knock that was stored; pull is nil unless it wants one.
func (g TokenBinding) StoredResult(k PendingDelivery, pull uuid.UUID) Result {
	return Result{ReceiveResult: ports.ReceiveResult{
		Token: domain.TokenID{UUID: g.Token},
		Delivery: domain.Delivery{
			ID: k.Delivery, Tenant: domain.TenantID{UUID: g.Tenant}, Connection: domain.ConnectionID{UUID: g.Connection},
			Vendor: g.Vendor, Event: k.Event.Name, EventID: k.Event.ID, Fingerprint: k.Fingerprint,
			Body: k.Body, Scope: k.Event.Scope, Status: g.InitialStatus(k), Pull: domain.PullID{UUID: pull}, ReceivedAt: k.At,
		},
	}}
}

// Refused is the result of a knock that no gate is open for.
func RefusedResult() Result { return Result{Err: &domain.Error{Kind: domain.Unauthenticated}} }

// Repeated is the result of a knock whose event is stored already.
func (g TokenBinding) DuplicateResult(first domain.Delivery) Result {
	return Result{ReceiveResult: ports.ReceiveResult{Token: domain.TokenID{UUID: g.Token}, Delivery: first, Duplicate: true}}
}
