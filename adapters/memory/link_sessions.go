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

// linkSessions implements ports.LinkSessions on a Store.
type linkSessions struct{ *Store }

func cloneLinkSession(l domain.LinkSession) domain.LinkSession {
	l.Sealed, l.Announced = slices.Clone(l.Sealed), slices.Clone(l.Announced)
	return l
}

// Create implements ports.LinkSessions. It checks the name under the same lock as Connections.Create.
func (v linkSessions) Create(ctx context.Context, l domain.LinkSession) error {
	return v.exclusive(ctx, "LinkSessions.Create", func() error {
		if v.nameTaken(domain.Connection{Tenant: l.Tenant, Name: l.Name}) {
			return conflict(domain.NameTaken)
		}
		if _, err := v.application(l.Tenant, l.Application); err != nil && !l.Application.IsZero() {
			return domain.ApplicationNotFoundError()
		}
		l = cloneLinkSession(l)
		v.linkSessions[l.ID] = &l
		return nil
	})
}

// claimedLink returns the stored session if its DueAt still equals dueAt; otherwise it returns nil.
func (s *Store) claimedLink(l domain.LinkSession, dueAt time.Time) *domain.LinkSession {
	stored := s.linkSessions[l.ID]
	if stored == nil || stored.Tenant != l.Tenant || stored.DueAt.IsZero() || !stored.DueAt.Equal(dueAt) {
		return nil
	}
	return stored
}

// Open implements ports.LinkSessions. It finds only a session that no worker has claimed.
func (v linkSessions) Open(
	ctx context.Context, l domain.LinkSession, createdDueAt time.Time, entries ports.AuditEntries,
) error {
	return v.exclusive(ctx, "LinkSessions.Open", func() error {
		stored := v.claimedLink(l, createdDueAt)
		if stored == nil || stored.State != domain.LinkOpen {
			return domain.NotFoundError()
		}
		stored.ExpiresAt, stored.DueAt = l.ExpiresAt, l.DueAt
		v.record(l.Tenant, entries)
		return nil
	})
}

// Get implements ports.LinkSessions. It checks the tenant, because a caller may know the id of another tenant's
// session.
func (v linkSessions) Get(
	ctx context.Context, tenant domain.TenantID, id domain.LinkSessionID,
) (domain.LinkSession, error) {
	return exclusiveResult(ctx, v.Store, "LinkSessions.Get", func() (domain.LinkSession, error) {
		l := v.linkSessions[id]
		if l == nil || l.Tenant != tenant {
			return domain.LinkSession{}, domain.NotFoundError()
		}
		return cloneLinkSession(*l), nil
	})
}

// FindByHook implements ports.LinkSessions. It examines all sessions.
func (v linkSessions) FindByHook(
	ctx context.Context, vendor domain.Vendor, hook domain.TokenHash,
) (domain.LinkSession, error) {
	return exclusiveResult(ctx, v.Store, "LinkSessions.FindByHook", func() (domain.LinkSession, error) {
		for _, l := range v.linkSessions {
			if l.Hook == hook && l.Vendor == vendor && !l.DueAt.IsZero() {
				return cloneLinkSession(*l), nil
			}
		}
		return domain.LinkSession{}, domain.NotFoundError()
	})
}

// Claim implements ports.LinkSessions. It claims under the store's mutex, so that concurrent claims return different
// sessions.
func (v linkSessions) Claim(
	ctx context.Context, now, claimEnd time.Time, limit int,
) ([]domain.LinkSession, error) {
	return exclusiveResult(ctx, v.Store, "LinkSessions.Claim", func() ([]domain.LinkSession, error) {
		due := slices.SortedFunc(maps.Values(v.linkSessions), func(x, y *domain.LinkSession) int {
			return cmp.Or(x.DueAt.Compare(y.DueAt), x.ID.Compare(y.ID))
		})
		var claimed []domain.LinkSession
		for _, l := range due {
			if len(claimed) < limit && !l.DueAt.IsZero() && !l.DueAt.After(now) {
				l.DueAt = claimEnd
				claimed = append(claimed, cloneLinkSession(*l))
			}
		}
		return claimed, nil
	})
}

// save replaces a stored session, except for its credential.
func save(stored *domain.LinkSession, l domain.LinkSession) {
	sealed := stored.Sealed
	*stored = cloneLinkSession(l)
	if len(l.Sealed) > 0 {
		stored.Sealed = sealed
	}
}

// Save implements ports.LinkSessions. It replaces the stored session.
func (v linkSessions) Save(ctx context.Context, l domain.LinkSession, claimedDueAt time.Time) error {
	return v.exclusive(ctx, "LinkSessions.Save", func() error {
		stored := v.claimedLink(l, claimedDueAt)
		if stored == nil {
			return conflict(domain.LeaseLost)
		}
		save(stored, l)
		return nil
	})
}

// Connect implements ports.LinkSessions. It checks the name against all other connections and sessions. The session
// itself no longer reserves the name.
func (v linkSessions) Connect(ctx context.Context, l domain.LinkSession, claimedDueAt time.Time,
	added ports.LinkedConnection, entries ports.AuditEntries,
) error {
	return v.exclusive(ctx, "LinkSessions.Connect", func() error {
		stored := v.claimedLink(l, claimedDueAt)
		if stored == nil {
			return conflict(domain.LeaseLost)
		}
		before := *stored
		save(stored, l)
		c := cloneConnection(added.Connection)
		if c.ApplicationID.IsZero() {
			c.Sealed = slices.Clone(before.Sealed)
		}
		if err := v.checkJoined(&c); err != nil {
			*stored = before
			return err
		}
		if v.nameTaken(c) {
			*stored = before
			return conflict(domain.NameTaken)
		}
		v.connections[c.ID] = &c
		if added.Token != nil {
			token := cloneToken(*added.Token)
			v.tokens[token.Hash] = &token
		}
		p := v.queuedPull(&c, added.Pull)
		p.Scope = cloneScope(p.Scope.Merge(added.Pull.Scope))
		p.complete = p.Scope.Everything
		v.record(c.Tenant, entries)
		return nil
	})
}

// Update implements ports.LinkSessions. It calls fn with a copy of the session.
func (v linkSessions) Update(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor,
	id domain.LinkSessionID, fn func(*domain.LinkSession) bool,
) error {
	return v.exclusive(ctx, "LinkSessions.Update", func() error {
		stored := v.linkSessions[id]
		if stored == nil || stored.Tenant != tenant || stored.Vendor != vendor {
			return domain.NotFoundError()
		}
		draft := cloneLinkSession(*stored)
		if !stored.DueAt.IsZero() && fn(&draft) {
			*stored = cloneLinkSession(draft)
		}
		return nil
	})
}

// IsLinked implements ports.LinkSessions. It examines all connections.
func (v linkSessions) IsLinked(
	ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, ref string,
) (bool, error) {
	return exclusiveResult(ctx, v.Store, "LinkSessions.IsLinked", func() (bool, error) {
		for _, c := range v.connections {
			if c.Live() && c.Kind == domain.Aggregator && c.Tenant == tenant && c.Vendor == vendor &&
				domain.CanonicalAccountRef(c.AccountRef) == domain.CanonicalAccountRef(ref) {
				return true, nil
			}
		}
		return false, nil
	})
}

// Prune implements ports.LinkSessions. It deletes sessions in no particular order.
func (v linkSessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return exclusiveResult(ctx, v.Store, "LinkSessions.Prune", func() (int, error) {
		pruned := 0
		maps.DeleteFunc(v.linkSessions, func(_ domain.LinkSessionID, l *domain.LinkSession) bool {
			return l.DueAt.IsZero() && old(l.EndedAt, before, &pruned, limit)
		})
		return pruned, nil
	})
}
