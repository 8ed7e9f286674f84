package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deliveries is the store as ports.Deliveries.
type deliveries struct{ *Store }

// fingerprint is what a connection takes in once.
type fingerprint struct {
	connection domain.ConnectionID
	of         domain.Fingerprint
}

// Receive decides in this order: who knocks, whether it knocked with this before, what it
// wants. A delivery keeps its own ask; the pull takes it over when it is first claimed.
func (v deliveries) Receive(ctx context.Context, r ports.IncomingDelivery) (ports.ReceiveResult, error) {
	return give(ctx, v.Store, "Deliveries.Receive", func() (ports.ReceiveResult, error) {
		token := v.tokens[r.Token]
		if token == nil || !token.Live() || token.Vendor != r.Vendor || !v.connections[token.Connection].Live() {
			return ports.ReceiveResult{}, &domain.Error{Kind: domain.Unauthenticated}
		}
		c := v.connections[token.Connection]
		key := fingerprint{c.ID, domain.FingerprintOf(r.Event, r.Body)}
		if first := v.fingerprints[key]; first != nil {
			return ports.ReceiveResult{Token: token.ID, Delivery: cloneDelivery(*first), Duplicate: true}, nil
		}
		d := cloneDelivery(domain.Delivery{
			ID: r.Delivery, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Event: r.Event.Name, EventID: r.Event.ID,
			Fingerprint: key.of, Body: r.Body, Scope: r.Event.Scope, Status: statusAtDoor(r, *c), ReceivedAt: r.At,
		})
		v.deliveries[d.ID], v.fingerprints[key] = &d, &d
		if d.Status == domain.DeliveryAccepted {
			v.queue(c, ports.PullRequest{ID: r.Pull, Trigger: domain.TriggerWebhook, At: r.At, Trace: r.Trace}).join(&d)
		}
		v.seen(c.ID, ports.Activity{LastWebhookAt: r.At})
		return ports.ReceiveResult{Token: token.ID, Delivery: cloneDelivery(d)}, nil
	})
}

// statusAtDoor says what becomes of a receipt before any pull.
func statusAtDoor(r ports.IncomingDelivery, c domain.Connection) domain.DeliveryStatus {
	switch {
	case r.Unreadable:
		return domain.DeliveryUnreadable
	case !r.Event.WantsPull, r.Event.AccountRef != "" && r.Event.AccountRef != c.AccountRef:
		return domain.DeliveryIgnored
	}
	return domain.DeliveryAccepted
}

// List leaves out what is long: the body is read one by one.
func (v deliveries) List(ctx context.Context, tenant domain.TenantID, f ports.DeliveryFilter, page domain.PageRequest) (domain.Page[domain.Delivery], error) {
	return give(ctx, v.Store, "Deliveries.List", func() (domain.Page[domain.Delivery], error) {
		if err := checkInstant(page.After); err != nil {
			return domain.Page[domain.Delivery]{}, err
		}
		rows := matching(maps.Values(v.deliveries), func(d *domain.Delivery) bool {
			return d.Tenant == tenant && passes(f, d)
		}, func(d domain.Delivery) domain.Delivery {
			d.Body, d.Scope = nil, domain.PullScope{}
			return d
		})
		return cut(rows, page, descending, func(d domain.Delivery) domain.Position {
			return instant(d.ReceivedAt, d.ID.UUID)
		}), nil
	})
}

// passes says whether the delivery is one that the filter names.
func passes(f ports.DeliveryFilter, d *domain.Delivery) bool {
	return (f.Connection.IsZero() || d.Connection == f.Connection) &&
		(f.Status == "" || d.Status == f.Status) &&
		(f.EventID == "" || d.EventID == f.EventID) &&
		(f.From.IsZero() || !d.ReceivedAt.Before(f.From)) &&
		(f.To.IsZero() || d.ReceivedAt.Before(f.To))
}

// Get gives the whole delivery.
func (v deliveries) Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	return give(ctx, v.Store, "Deliveries.Get", func() (domain.Delivery, error) {
		d := v.deliveries[id]
		if d == nil || d.Tenant != tenant {
			return domain.Delivery{}, domain.NotFoundError()
		}
		return cloneDelivery(*d), nil
	})
}

// Replay takes each delivery once, however often it is named.
func (v deliveries) Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
	fresh func() domain.PullID,
) ([]domain.Delivery, error) {
	return give(ctx, v.Store, "Deliveries.Replay", func() ([]domain.Delivery, error) {
		var replayed []domain.Delivery
		done := map[domain.DeliveryID]bool{}
		for _, id := range ids {
			d := v.deliveries[id]
			if d == nil || d.Tenant != tenant || done[id] || !v.replayable(d) {
				continue
			}
			done[id] = true
			v.requeue(d, at, fresh)
			replayed = append(replayed, cloneDelivery(*d))
		}
		return replayed, nil
	})
}

// replayable says whether the delivery asks for a pull that can still be made. One that
// never had a pull was turned away at the door: it asks for nothing.
func (s *Store) replayable(d *domain.Delivery) bool {
	return !d.Pull.IsZero() && s.connections[d.Connection].Live()
}

// requeue moves the delivery from whatever pull it was with to one that is not begun.
func (s *Store) requeue(d *domain.Delivery, at time.Time, fresh func() domain.PullID) {
	delete(s.pulls[d.Pull].deliveries, d.ID)
	d.Status, d.ProcessedAt = domain.DeliveryAccepted, time.Time{}
	next := s.desk(d.Connection).next
	if next == nil {
		next = s.queue(s.connections[d.Connection], ports.PullRequest{ID: fresh(), Trigger: domain.TriggerReplay, At: at})
	}
	next.join(d)
}

// Prune lets the oldest go first, and their fingerprints with them: an event that comes
// again after that is new.
func (v deliveries) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return give(ctx, v.Store, "Deliveries.Prune", func() (int, error) {
		var old []*domain.Delivery
		for _, d := range v.deliveries {
			if d.ReceivedAt.Before(before) && d.Status != domain.DeliveryAccepted {
				old = append(old, d)
			}
		}
		slices.SortFunc(old, func(x, y *domain.Delivery) int {
			return cmp.Or(x.ReceivedAt.Compare(y.ReceivedAt), cmp.Compare(x.ID.String(), y.ID.String()))
		})
		old = old[:min(limit, len(old))]
		for _, d := range old {
			delete(v.deliveries, d.ID)
			delete(v.fingerprints, fingerprint{d.Connection, d.Fingerprint})
			if p := v.pulls[d.Pull]; p != nil {
				delete(p.deliveries, d.ID)
			}
		}
		return len(old), nil
	})
}
