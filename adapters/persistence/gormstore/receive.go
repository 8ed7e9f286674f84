package gormstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deliveries is the store of deliveries.
func (s *Store) Deliveries() ports.Deliveries { return deliveries{s} }

// deliveries takes what comes through the door, and shows it.
type deliveries struct{ *Store }

// Receive joins the next group of receipts that is committed.
func (s deliveries) Receive(ctx context.Context, r ports.Receipt) (ports.Received, error) {
	k, err := newKnock(r)
	if err != nil {
		return ports.Received{}, Translate(ctx, err)
	}
	result := s.commits.submit(ctx, k)
	return result.Received, result.Err
}

// ReceiveOneByOne stores knocks in one transaction, a few small statements each: right
// where a statement costs no round trip and nobody else writes meanwhile.
func ReceiveOneByOne(tx Tx, knocks []Knock) ([]Result, error) {
	door := door{tx: tx, gates: map[domain.TokenHash]Gate{}}
	results := make([]Result, len(knocks))
	for i, k := range knocks {
		var err error
		if results[i], err = door.receive(k); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// door remembers the gates of one group.
type door struct {
	tx    Tx
	gates map[domain.TokenHash]Gate
}

// receive looks for the event before it inserts: the only writer cannot be overtaken.
func (d door) receive(k Knock) (Result, error) {
	gate, err := d.gate(k.Token)
	switch {
	case errors.Is(err, domain.NotFound), err == nil && !gate.Opens(k):
		return Refused(), nil
	case err != nil:
		return Result{}, err
	}
	stored, err := first[deliveryView](wholeDeliveries(d.tx.DB).
		Where("d.connection_id = ? AND d.fingerprint = ?", gate.Connection, k.Fingerprint[:]))
	switch {
	case err == nil:
		earlier, err := stored.domain()
		return gate.Repeated(earlier), err
	case !errors.Is(err, domain.NotFound):
		return Result{}, err
	}
	return d.store(gate, k)
}

// gate finds a live token of a live connection. Errors: NotFound.
func (d door) gate(hash domain.TokenHash) (Gate, error) {
	if known, ok := d.gates[hash]; ok {
		return known, nil
	}
	gate, err := first[Gate](d.tx.Table("webhook_tokens t").
		Select("t.id AS token, t.tenant_id AS tenant, t.connection_id AS connection, t.vendor, c.account_ref").
		Joins("JOIN connections c ON c.id = t.connection_id").
		Where("t.hash = ? AND t.revoked_at IS NULL AND c.deleted_at IS NULL", hash[:]))
	if err == nil {
		d.gates[hash] = gate
	}
	return gate, err
}

// store inserts the delivery with the pull it joins.
func (d door) store(gate Gate, k Knock) (Result, error) {
	var pull uuid.UUID
	if gate.Wants(k) {
		wanted := pullRow{
			ID: k.Pull.UUID, Tenant: gate.Tenant, Connection: gate.Connection, Vendor: string(gate.Vendor),
			Trigger: string(domain.ByWebhook), Trace: k.Trace, Created: instant{k.At},
		}
		queued, err := join(d.tx, wanted)
		if err != nil {
			return Result{}, err
		}
		pull = queued.ID
	}
	result := gate.Delivered(k, pull)
	return result, d.tx.Create(&deliveryRow{
		ID: k.Delivery.UUID, Tenant: gate.Tenant, Connection: gate.Connection, Vendor: string(gate.Vendor),
		Event: k.Event.Name, EventID: k.Event.ID, Fingerprint: k.Fingerprint[:], Body: k.Body, Ask: k.Ask,
		Status: string(result.Delivery.Status), Pull: optional(pull), Received: instant{k.At},
	}).Error
}

// wholeDeliveries reads deliveries with body and ask.
func wholeDeliveries(db *gorm.DB) *gorm.DB {
	return db.Table("deliveries d").Select(wholeDelivery).Joins(deliveryJoin)
}
