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

// deliveries implements ports.Deliveries on a Store.
type deliveries struct{ *Store }

// fingerprint is the deduplication key of a delivery: a connection has at most one delivery with
// the same fingerprint.
type fingerprint struct {
	connection domain.ConnectionID
	digest     domain.Fingerprint
}

// Receive first checks the token, then whether the event is a duplicate, and then decides the status. The delivery
// keeps its own scope. The scopes of the deliveries are merged into the scope of their pull when the pull is first
// claimed.
func (v deliveries) Receive(ctx context.Context, incoming ports.IncomingDelivery) (ports.ReceiveResult, error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.Receive", func() (ports.ReceiveResult, error) {
		token := v.tokens[incoming.Token]
		if token == nil || !token.Live() || token.Vendor != incoming.Vendor ||
			!v.connections[token.Connection].Live() ||
			!token.Source.Admits(incoming.Authorization, incoming.SourceAdmitted) {
			return ports.ReceiveResult{}, &domain.Error{Kind: domain.Unauthenticated}
		}
		c := v.connections[token.Connection]
		key := fingerprint{c.ID, domain.FingerprintOf(incoming.Event, incoming.Body)}
		if first := v.fingerprints[key]; first != nil {
			return ports.ReceiveResult{Token: token.ID, Delivery: cloneDelivery(*first), Duplicate: true}, nil
		}
		d := cloneDelivery(domain.Delivery{
			ID: incoming.Delivery, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Event: incoming.Event.Name, EventID: incoming.Event.ID, Fingerprint: key.digest, Body: incoming.Body,
			Scope: incoming.Event.Scope, Status: incoming.Event.InitialStatus(c.AccountRef, incoming.Unreadable),
			ReceivedAt: incoming.At,
		})
		if token.Registration.Exists() && incoming.Event.NamesOther(c.AccountRef) {
			d.Body, d.Scope = []byte{}, domain.PullScope{}
		}
		if incoming.Event.NamesOther(c.AccountRef) &&
			v.erasedRefs[erasedRef{c.Tenant, domain.DigestOfReference(incoming.Event.AccountRef)}] {
			d.Body, d.Scope, d.EventID = []byte{}, domain.PullScope{}, ""
		}
		v.deliveries[d.ID], v.fingerprints[key] = &d, &d
		if d.Status == domain.DeliveryAccepted {
			r := ports.PullRequest{
				ID: incoming.Pull, Trigger: domain.TriggerWebhook, At: incoming.At, Trace: incoming.Trace,
			}
			v.queuedPull(c, r).attach(&d)
		}
		v.recordActivity(c.ID, ports.Activity{LastWebhookAt: incoming.At})
		return ports.ReceiveResult{Token: token.ID, Delivery: cloneDelivery(d)}, nil
	})
}

// List returns deliveries without body and scope, which can be large. Get returns a delivery with both.
func (v deliveries) List(
	ctx context.Context, tenant domain.TenantID, f ports.DeliveryFilter, page domain.PageRequest,
) (domain.Page[domain.Delivery], error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.List", func() (domain.Page[domain.Delivery], error) {
		if err := checkTimePosition(page.After); err != nil {
			return domain.Page[domain.Delivery]{}, err
		}
		rows := filtered(maps.Values(v.deliveries), func(d *domain.Delivery) bool {
			return d.Tenant == tenant && matchesFilter(f, d)
		}, func(d domain.Delivery) domain.Delivery {
			d.Body, d.Scope = nil, domain.PullScope{}
			return d
		})
		return cutPage(rows, page, descending, func(d domain.Delivery) domain.Position {
			return timePosition(d.ReceivedAt, d.ID.UUID)
		}), nil
	})
}

// matchesFilter reports whether the delivery satisfies all members of the filter that are set.
func matchesFilter(f ports.DeliveryFilter, d *domain.Delivery) bool {
	return (f.Connection.IsZero() || d.Connection == f.Connection) &&
		(f.Status == "" || d.Status == f.Status) &&
		(f.EventID == "" || d.EventID == f.EventID) &&
		(f.From.IsZero() || !d.ReceivedAt.Before(f.From)) &&
		(f.To.IsZero() || d.ReceivedAt.Before(f.To))
}

// Get returns the whole delivery, with body and scope.
func (v deliveries) Get(ctx context.Context, tenant domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.Get", func() (domain.Delivery, error) {
		d := v.deliveries[id]
		if d == nil || d.Tenant != tenant {
			return domain.Delivery{}, domain.NotFoundError()
		}
		return cloneDelivery(*d), nil
	})
}

// Replay requeues each delivery only once, even if ids contains its id several times.
func (v deliveries) Replay(ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID, at time.Time,
	entries ports.AuditEntries, newID func() domain.PullID,
) ([]domain.Delivery, error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.Replay", func() ([]domain.Delivery, error) {
		var replayed []domain.Delivery
		var objects []string
		done := map[domain.DeliveryID]bool{}
		for _, id := range ids {
			d := v.deliveries[id]
			if d == nil || d.Tenant != tenant || done[id] || !v.replayable(d) {
				continue
			}
			done[id] = true
			v.requeue(d, at, newID)
			replayed = append(replayed, cloneDelivery(*d))
			objects = append(objects, id.String())
		}
		v.record(tenant, entries.About(objects))
		return replayed, nil
	})
}

// replayable reports whether a replay of the delivery can start a pull: its connection must be live, and the
// delivery must have a pull. A delivery that was stored as ignored or unreadable has none.
func (s *Store) replayable(d *domain.Delivery) bool {
	return !d.Pull.IsZero() && s.connections[d.Connection].Live()
}

// requeue detaches the delivery from its previous pull and attaches it to a pull that has not
// started.
func (s *Store) requeue(d *domain.Delivery, at time.Time, newID func() domain.PullID) {
	delete(s.pulls[d.Pull].deliveries, d.ID)
	if d.Status == domain.DeliveryProcessed {
		d.Scope = d.Scope.Replayed()
	}
	d.Status, d.ProcessedAt = domain.DeliveryAccepted, time.Time{}
	next := s.openPullsOf(d.Connection).nextPull
	if next == nil {
		r := ports.PullRequest{ID: newID(), Trigger: domain.TriggerReplay, At: at}
		next = s.queuedPull(s.connections[d.Connection], r)
	}
	next.attach(d)
}

// Prune deletes the oldest deliveries first. It also deletes their fingerprints, so that an event that is received
// again later is treated as new.
func (v deliveries) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.Prune", func() (int, error) {
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
