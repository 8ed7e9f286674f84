package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deliveries implements ports.Deliveries on a Store.
type deliveries struct{ *Store }

// Receive plans the delivery as a batch of one. The deliveries keep their own scopes, which are merged into the scope
// of their pull when the pull is first claimed.
func (v deliveries) Receive(ctx context.Context, incoming ports.IncomingDelivery) (ports.ReceiveResult, error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.Receive", func() (ports.ReceiveResult, error) {
		pending := incoming.Prepare()
		batch := domain.PlanWebhooks([]domain.PendingDelivery{pending}, v.webhookView(&pending))
		for _, p := range batch.Planned {
			if p.Earlier == nil {
				v.storeDelivery(p)
			}
		}
		result := batch.Results(nil)[0]
		result.Delivery = cloneDelivery(result.Delivery)
		return result.ReceiveResult, result.Err
	})
}

// webhookView returns the stored values on which the delivery depends. If the token is not live, the view is empty.
func (s *Store) webhookView(d *domain.PendingDelivery) domain.WebhookView {
	token := s.tokens[d.Token]
	if token == nil || !token.Live() || !s.connections[token.Connection].Live() {
		return domain.WebhookView{}
	}
	binding := domain.TokenBinding{
		Token: token.ID, Tenant: token.Tenant, Vendor: token.Vendor, Source: token.Source,
		Own: domain.ReceiverOf(*s.connections[token.Connection]),
	}
	view := domain.WebhookView{
		Bindings: map[domain.TokenHash]domain.TokenBinding{d.Token: binding},
		Holders:  map[domain.ReferenceKey][]domain.Receiver{}, Erased: map[domain.ReferenceKey]bool{},
		Queued: map[domain.ConnectionID]domain.PullID{}, LastTokens: s.lastTokens,
		Stored: func(key domain.DeliveryKey) *domain.Delivery { return s.byKey[key] },
	}
	for id, pulls := range s.openPulls {
		if pulls.nextPull != nil {
			view.Queued[id] = pulls.nextPull.ID
		}
	}
	if key, names := binding.Reference(d); names {
		view.Erased[key] = s.erasedRefs[erasedRef{key.Tenant, domain.DigestOfReference(key.Reference)}]
		for _, c := range s.connections {
			if c.Live() && c.Kind == domain.Aggregator && c.Tenant == key.Tenant && c.Vendor == key.Vendor &&
				domain.CanonicalAccountRef(c.AccountRef) == key.Reference {
				view.Holders[key] = append(view.Holders[key], domain.ReceiverOf(*c))
			}
		}
	}
	return view
}

// storeDelivery stores a planned delivery, and queues its pull if the pull is not queued yet.
func (s *Store) storeDelivery(p *domain.PlannedDelivery) {
	d := cloneDelivery(p.Delivery)
	s.deliveries[d.ID], s.byKey[d.Key()] = &d, &d
	if !p.Pull.IsZero() {
		r := ports.PullRequest{ID: p.Pull, Trigger: domain.TriggerWebhook, At: p.ReceivedAt, Trace: p.Trace}
		s.queuedPull(s.connections[d.Connection], r).attach(&d)
	}
	if p.NewToken {
		s.lastTokens[d.Connection] = p.Token
	}
	s.recordActivity(d.Connection, domain.ConnectionActivity{LastWebhookAt: d.ReceivedAt})
	p.Inserted = true
}

// List returns deliveries without body and scope, which can be large. Get returns a delivery with both.
func (v deliveries) List(
	ctx context.Context, tenant domain.TenantID, f ports.DeliveryFilter, page domain.PageRequest,
) (domain.Page[domain.Delivery], error) {
	return exclusiveResult(ctx, v.Store, "Deliveries.List", func() (domain.Page[domain.Delivery], error) {
		rows := filtered(v.deliveries, func(d *domain.Delivery) bool {
			return d.Tenant == tenant && matchesFilter(f, d)
		}, func(d domain.Delivery) domain.Delivery {
			d.Body, d.Scope = nil, domain.PullScope{}
			return d
		})
		return cutPage(rows, page, byTime, func(d domain.Delivery) domain.Position {
			return timePosition(d.ReceivedAt, d.ID.UUID)
		})
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
			return cmp.Or(x.ReceivedAt.Compare(y.ReceivedAt), x.ID.Compare(y.ID))
		})
		old = old[:min(limit, len(old))]
		for _, d := range old {
			delete(v.deliveries, d.ID)
			delete(v.byKey, d.Key())
			if p := v.pulls[d.Pull]; p != nil {
				delete(p.deliveries, d.ID)
			}
		}
		return len(old), nil
	})
}
