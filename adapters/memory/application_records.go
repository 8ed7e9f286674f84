package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func cloneApplication(a domain.Application) domain.Application {
	a.Sealed = slices.Clone(a.Sealed)
	return a
}

// application returns the tenant's application with this id. Errors: NotFound.
func (s *Store) application(tenant domain.TenantID, id domain.ApplicationID) (*domain.Application, error) {
	if a := s.applications[id]; a != nil && a.Tenant == tenant {
		return a, nil
	}
	return nil, domain.NotFoundError()
}

// applicationNameTaken reports whether another application of the tenant has a's name.
func (s *Store) applicationNameTaken(a domain.Application) bool {
	for _, other := range s.applications {
		if other.ID != a.ID && other.Tenant == a.Tenant && other.Name == a.Name {
			return true
		}
	}
	return false
}

// members returns the connections of the application in the order of their ids, including deleted ones.
func (s *Store) members(a *domain.Application) (found []*domain.Connection) {
	for _, c := range s.connections {
		if c.Tenant == a.Tenant && c.ApplicationID == a.ID {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(x, y *domain.Connection) int { return x.ID.Compare(y.ID) })
	return found
}

// liveMembers returns the live connections of the application, oldest first.
func (s *Store) liveMembers(a *domain.Application) []*domain.Connection {
	found := slices.DeleteFunc(s.members(a), func(c *domain.Connection) bool { return !c.Live() })
	slices.SortStableFunc(found, func(x, y *domain.Connection) int { return x.CreatedAt.Compare(y.CreatedAt) })
	return found
}

// withConnections returns a copy of the application in which Connections is set.
func (s *Store) withConnections(a domain.Application) domain.Application {
	a = cloneApplication(a)
	a.Connections = len(s.liveMembers(&a))
	return a
}

// checkJoined checks a connection that joins an application before it is stored, and resets its JoinedRevision. It does
// nothing if JoinedRevision is 0.
func (s *Store) checkJoined(c *domain.Connection) error {
	if c.JoinedRevision == 0 {
		return nil
	}
	a, err := s.application(c.Tenant, c.ApplicationID)
	if err != nil {
		return domain.ApplicationNotFoundError()
	}
	err = c.CheckJoined(*a)
	c.JoinedRevision = 0
	return err
}

// Create checks the name and stores the application under one lock.
func (v applications) Create(ctx context.Context, a domain.Application, entries ports.AuditEntries) error {
	return v.exclusive(ctx, "Applications.Create", func() error {
		if v.applicationNameTaken(a) {
			return conflict(domain.NameTaken)
		}
		v.applications[a.ID] = new(cloneApplication(a))
		v.record(a.Tenant, entries)
		return nil
	})
}

// Get returns a copy of the application.
func (v applications) Get(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID,
) (domain.Application, error) {
	return exclusiveResult(ctx, v.Store, "Applications.Get", func() (domain.Application, error) {
		a, err := v.application(tenant, id)
		if err != nil {
			return domain.Application{}, err
		}
		return v.withConnections(*a), nil
	})
}

// List returns pages ordered by name.
func (v applications) List(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[domain.Application], error) {
	return exclusiveResult(ctx, v.Store, "Applications.List", func() (domain.Page[domain.Application], error) {
		rows := filtered(v.applications, func(a *domain.Application) bool { return a.Tenant == tenant },
			func(a domain.Application) domain.Application {
				a.Sealed = nil
				return v.withConnections(a)
			})
		return cutPage(rows, page, byName, func(a domain.Application) domain.Position {
			return domain.Position{Key: a.Name, ID: a.ID.UUID}
		})
	})
}

// Update calls fn with copies, so that the stored rows stay unchanged if fn returns an error.
func (v applications) Update(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, u ports.ApplicationChange,
	entries ports.AuditEntries, fn func(*domain.Application, []*domain.Connection) error,
) (domain.Application, error) {
	return exclusiveResult(ctx, v.Store, "Applications.Update", func() (domain.Application, error) {
		a, err := v.application(tenant, id)
		if err != nil {
			return domain.Application{}, err
		}
		draft := cloneApplication(*a)
		var rows, members []*domain.Connection
		if u.Rotates {
			rows = v.members(a)
		}
		for _, row := range rows {
			members = append(members, new(cloneConnection(*row)))
		}
		if err := fn(&draft, members); err != nil {
			return domain.Application{}, err
		}
		if v.applicationNameTaken(draft) {
			return domain.Application{}, conflict(domain.NameTaken)
		}
		changed, moved := v.saveMembers(rows, members)
		draft.RenewRegistration(changed, u.Receiver, u.Actor, draft.UpdatedAt)
		*a = draft
		v.record(tenant, entries.WithMoved(moved))
		return v.withConnections(draft), nil
	})
}

// saveMembers overwrites each of the stored connections (rows) with the element of members at the same index, and
// then changes their tokens. It returns the changed tokens, and the subset of tokens that moved to another
// connection.
func (s *Store) saveMembers(rows, members []*domain.Connection) (changed, moved []domain.WebhookToken) {
	before := make([]domain.Connection, len(rows))
	for i, row := range rows {
		before[i] = *row
		var events []records.Event
		members[i].Announced, events = records.OfHealth(*row, *members[i])
		*row = cloneConnection(*members[i])
		s.recordEvents(row.Tenant, row.ID, row.Health.Since, events...)
	}
	for i, row := range rows {
		more, gone := s.rebindTokens(before[i], *row)
		changed, moved = append(changed, more...), append(moved, gone...)
	}
	return changed, moved
}

// Members returns copies without credentials.
func (v applications) Members(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID,
) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Applications.Members", func() ([]domain.Connection, error) {
		var found []domain.Connection
		if a, err := v.application(tenant, id); err == nil {
			for _, c := range v.liveMembers(a) {
				found = append(found, listedConnection(*c))
			}
		}
		return found, nil
	})
}

// Delete checks that nothing uses the application.
func (v applications) Delete(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, entries ports.AuditEntries,
) error {
	return v.exclusive(ctx, "Applications.Delete", func() error {
		a, err := v.application(tenant, id)
		if err != nil {
			return err
		}
		if v.usesApplication(a) {
			return conflict(domain.ApplicationInUse)
		}
		delete(v.applications, id)
		v.record(tenant, entries)
		return nil
	})
}

// usesApplication reports whether a live connection, a link session or an erasure at the vendor uses the application.
func (s *Store) usesApplication(a *domain.Application) bool {
	for _, c := range s.members(a) {
		e := s.latestErasure(c.ID)
		if c.Live() || e != nil && e.Status == domain.ErasureRunning && e.AwaitsVendor() {
			return true
		}
	}
	for _, l := range s.linkSessions {
		if l.Tenant == a.Tenant && l.Application == a.ID {
			return true
		}
	}
	return false
}

// ClaimRenewals claims under the store's mutex.
func (v applications) ClaimRenewals(
	ctx context.Context, now, claimEnd time.Time, limit int,
) ([]ports.ClaimedRenewal, error) {
	return exclusiveResult(ctx, v.Store, "Applications.ClaimRenewals", func() ([]ports.ClaimedRenewal, error) {
		var claimed []ports.ClaimedRenewal
		for _, a := range slices.SortedFunc(maps.Values(v.applications), func(x, y *domain.Application) int {
			return x.ID.Compare(y.ID)
		}) {
			if due := a.Renewal.DueAt; len(claimed) == limit || due.IsZero() || due.After(now) {
				continue
			}
			a.Renewal.DueAt = claimEnd
			a.Renewal.Attempts++
			c := ports.ClaimedRenewal{Application: cloneApplication(*a)}
			for _, member := range v.liveMembers(a) {
				if c.Connection.ID.IsZero() || c.Connection.Paused() && !member.Paused() {
					c.Connection = cloneConnection(*member)
				}
			}
			claimed = append(claimed, c)
		}
		return claimed, nil
	})
}

// EndRenewal stores the next renewal only if the due time of the stored renewal still equals claimed.Renewal.DueAt.
func (v applications) EndRenewal(
	ctx context.Context, claimed domain.Application, next domain.RegistrationRenewal,
) error {
	return v.exclusive(ctx, "Applications.EndRenewal", func() error {
		a, err := v.application(claimed.Tenant, claimed.ID)
		if err == nil && a.Renewal.DueAt.Equal(claimed.Renewal.DueAt) {
			a.Renewal = next
		}
		return nil
	})
}
