package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connections implements ports.Connections on a Store.
type connections struct{ *Store }

// Create checks the name and stores the connection under one lock, so that no concurrent call can take the
// name in between.
func (v connections) Create(ctx context.Context, c domain.Connection, entries ports.AuditEntries) error {
	return v.exclusive(ctx, "Connections.Create", func() error {
		if v.nameTaken(c) {
			return conflict(domain.NameTaken)
		}
		if err := v.checkJoined(&c); err != nil {
			return err
		}
		c = cloneConnection(c)
		v.connections[c.ID] = &c
		v.record(c.Tenant, entries)
		return nil
	})
}

// nameTaken reports whether another live connection of the tenant has c's name, or a link session reserves it.
func (s *Store) nameTaken(c domain.Connection) bool {
	for _, other := range s.connections {
		if other.ID != c.ID && other.Live() && other.Tenant == c.Tenant && other.Name == c.Name {
			return true
		}
	}
	for _, session := range s.linkSessions {
		if session.ReservesName() && session.Tenant == c.Tenant && session.Name == c.Name {
			return true
		}
	}
	return false
}

// Get returns the same error (NotFound) if the connection does not exist, is deleted, has the other kind, or belongs
// to another tenant.
func (v connections) Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID) (domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Connections.Get", func() (domain.Connection, error) {
		row, err := v.live(tenant, id, kind)
		if err != nil {
			return domain.Connection{}, err
		}
		return cloneConnection(*row), nil
	})
}

// live returns the tenant's live connection with this id if its kind is one of kinds. Errors: NotFound.
func (s *Store) live(tenant domain.TenantID, id domain.ConnectionID,
	kinds ...domain.ConnectionKind) (*domain.Connection, error) {
	row := s.connections[id]
	if row == nil || row.Tenant != tenant || !row.Live() || !slices.Contains(kinds, row.Kind) {
		return nil, domain.NotFoundError()
	}
	return row, nil
}

// Find returns at most one connection, because a name is unique among the live connections of a
// tenant.
func (v connections) Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor,
	name string) (domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Connections.Find", func() (domain.Connection, error) {
		for _, row := range v.connections {
			if row.Tenant == tenant && row.Live() && row.Kind == domain.Aggregator && row.Vendor == vendor &&
				row.Name == name {
				return cloneConnection(*row), nil
			}
		}
		return domain.Connection{}, domain.NotFoundError()
	})
}

// listedConnection returns a copy of the connection without its credential.
func listedConnection(c domain.Connection) domain.Connection {
	c.Sealed = nil
	return cloneConnection(c)
}

// List returns pages ordered by name. If a connection is renamed between two pages, it may be
// returned twice or not at all.
func (v connections) List(ctx context.Context, tenant domain.TenantID, f ports.ConnectionFilter,
	page domain.PageRequest) (domain.Page[domain.Connection], error) {
	return exclusiveResult(ctx, v.Store, "Connections.List", func() (domain.Page[domain.Connection], error) {
		rows := filtered(v.connections, func(c *domain.Connection) bool {
			return c.Tenant == tenant && c.Live() && (f.Kind == "" || c.Kind == f.Kind) &&
				(f.Health == "" || c.Health.StatusOrUnknown() == f.Health) &&
				(f.IDs == nil || slices.Contains(f.IDs, c.ID)) &&
				(f.ConsentExpiresBefore.IsZero() ||
					!c.Consent.ExpiresAt.IsZero() && c.Consent.ExpiresAt.Before(f.ConsentExpiresBefore))
		}, listedConnection)
		return cutPage(rows, page, byName, func(c domain.Connection) domain.Position {
			return domain.Position{Key: c.Name, ID: c.ID.UUID}
		})
	})
}

// Update calls fn with a copy of the connection. If fn returns an error, the stored connection does not change. The
// mutex is held during the call, which serializes updates.
func (v connections) Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID, entries ports.AuditEntries, fn func(*domain.Connection) error,
) (domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Connections.Update", func() (domain.Connection, error) {
		row, err := v.live(tenant, id, kind)
		if err != nil {
			return domain.Connection{}, err
		}
		draft := cloneConnection(*row)
		if err := fn(&draft); err != nil {
			return domain.Connection{}, err
		}
		if draft.Live() && v.nameTaken(draft) {
			return domain.Connection{}, conflict(domain.NameTaken)
		}
		if err := v.checkJoined(&draft); err != nil {
			return domain.Connection{}, err
		}
		var events []records.Event
		draft.Announced, events = records.OfHealth(*row, draft)
		resumed := row.Paused() && !draft.Paused()
		before, ref := *row, row.AccountRef
		*row = cloneConnection(draft)
		if ref != "" && domain.CanonicalAccountRef(ref) != domain.CanonicalAccountRef(row.AccountRef) {
			v.pastRefs[id] = append(v.pastRefs[id], ref)
		}
		v.recordEvents(row.Tenant, row.ID, draft.Health.Since, events...)
		_, moved := v.rebindTokens(before, *row)
		entries = entries.WithMoved(moved)
		if !row.Live() {
			v.closeDeleted(row.ID, row.DeletedAt)
		}
		if resumed {
			// Nudge is called in the order of v.nudged. The pull that has started is the last one in the slice, but
			// must be nudged first.
			for _, p := range slices.Backward(v.openPullsOf(id).open()) {
				v.nudged = append(v.nudged, p.ID)
			}
		}
		v.record(tenant, entries)
		return cloneConnection(draft), nil
	})
}

// rebindTokens applies domain.RebindTokens to the tokens of a connection. It returns the changed tokens, and the subset
// of tokens that moved to another connection.
func (s *Store) rebindTokens(before, after domain.Connection) (changed, moved []domain.WebhookToken) {
	var live []domain.Receiver
	for _, c := range s.connections {
		if c.Live() && c.Kind == domain.Aggregator && c.Tenant == before.Tenant && c.Vendor == before.Vendor {
			live = append(live, domain.ReceiverOf(*c))
		}
	}
	var tokens []domain.WebhookToken
	for _, token := range s.tokens {
		if token.Connection == before.ID && (token.Live() || token.Registration.AtVendor()) {
			tokens = append(tokens, *token)
		}
	}
	slices.SortFunc(tokens, func(x, y domain.WebhookToken) int { return x.ID.Compare(y.ID) })
	changed = domain.RebindTokens(before, after, tokens, live)
	for _, token := range changed {
		s.tokens[token.Hash] = new(cloneToken(token))
		if token.Connection != before.ID {
			moved = append(moved, token)
		}
	}
	return changed, moved
}

// closeDeleted marks the queued pulls of a deleted connection as failed. A running pull does not change; the next write
// of its worker returns LeaseLost.
func (s *Store) closeDeleted(id domain.ConnectionID, at time.Time) {
	delete(s.staged, id)
	delete(s.lastTokens, id)
	for _, p := range s.openPullsOf(id).open() {
		if p.State == domain.PullQueued {
			s.end(p, domain.PullFailed, domain.ConnectionGone, at)
		}
	}
}

// recordActivity records the times of the activity a. A recorded time is never replaced by an earlier one.
func (s *Store) recordActivity(id domain.ConnectionID, a domain.ConnectionActivity) {
	known := s.activity[id]
	s.activity[id] = domain.ConnectionActivity{
		LastPullAt:    domain.Later(known.LastPullAt, a.LastPullAt),
		LastWebhookAt: domain.Later(known.LastWebhookAt, a.LastWebhookAt),
	}
}
