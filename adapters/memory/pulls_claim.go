package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TenantOf also returns the tenant of a finished pull.
func (v pulls) TenantOf(ctx context.Context, id domain.PullID) (domain.TenantID, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.TenantOf", func() (domain.TenantID, error) {
		if p := v.pulls[id]; p != nil {
			return p.Tenant, nil
		}
		return domain.TenantID{}, domain.NotFoundError()
	})
}

// Claim applies the changes of records.Admit and records.Claim.
func (v pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.Claim", func() (ports.Claimed, error) {
		p := v.pulls[lease.Pull]
		if p == nil {
			return ports.Claimed{}, domain.NotFoundError()
		}
		open := v.openPullsOf(p.Connection)
		view := records.ClaimView{
			Pull: clonePull(p.Pull), LeaseUntil: p.lease.Until, Complete: p.complete,
			Connection: cloneConnection(*v.connections[p.Connection]),
		}
		if open.active != nil && open.active != p {
			view.UnderWay = &records.UnderWay{Pull: clonePull(open.active.Pull), LeaseUntil: open.active.lease.Until}
		}
		admission, err := records.Admit(view, at)
		if err != nil {
			return ports.Claimed{}, err
		}
		v.endReplaced(p, admission)
		if admission.Gone {
			return ports.Claimed{}, domain.NotFoundError()
		}
		claimed, complete, err := records.Claim(view, admission.Awaited, claimSource{scopeSource{p}, v.Store}, at)
		if err != nil {
			return ports.Claimed{}, err
		}
		p.Pull, p.complete, p.lease = clonePull(claimed.Pull), complete, lease
		open.active = p
		if open.nextPull == p {
			open.nextPull = nil
		}
		return claimed, nil
	})
}

// endReplaced ends the pull a.Ended if it is set. It first moves those deliveries of this pull to p that name an
// account in a.Awaited.
func (s *Store) endReplaced(p *pull, a records.Admission) {
	if a.Ended == nil {
		return
	}
	replaced := s.pulls[a.Ended.ID]
	for id, d := range replaced.deliveries {
		if d.Scope.NamesAny(a.Awaited) {
			delete(replaced.deliveries, id)
			p.attach(d)
		}
	}
	s.end(replaced, a.Ended.State, a.Ended.LastError, a.Ended.FinishedAt)
}

// scopeSource implements records.ScopeSource for a pull.
type scopeSource struct{ *pull }

// Scopes implements records.ScopeSource. It sorts the deliveries of the pull.
func (s scopeSource) Scopes() (scopes []domain.PullScope, err error) {
	for _, d := range slices.SortedFunc(maps.Values(s.deliveries), func(x, y *domain.Delivery) int {
		return cmp.Or(x.ReceivedAt.Compare(y.ReceivedAt), x.ID.Compare(y.ID))
	}) {
		scopes = append(scopes, cloneScope(d.Scope))
	}
	return scopes, nil
}

// ScopesExceed implements records.ScopeSource. It adds up the sizes of all scopes.
func (s scopeSource) ScopesExceed(bytes int) (bool, error) {
	total := 0
	for _, d := range s.deliveries {
		total += scopeBytes(d.Scope)
	}
	return total > bytes, nil
}

// LastScopes implements records.ScopeSource. Both results contain the scopes of all deliveries.
func (s scopeSource) LastScopes() (signals, consents []domain.PullScope, err error) {
	scopes, err := s.Scopes()
	return scopes, scopes, err
}

// claimSource implements records.ClaimSource for a pull.
type claimSource struct {
	scopeSource

	store *Store
}

// SucceededSince implements records.ClaimSource. It uses the latest start of a pull that has succeeded.
func (s claimSource) SucceededSince(start time.Time) (bool, error) {
	succeeded := s.store.openPullsOf(s.Connection).succeeded
	return !succeeded.IsZero() && !succeeded.Before(start), nil
}

// IsEmpty implements records.ClaimSource. It counts the transactions.
func (s claimSource) IsEmpty() (bool, error) {
	return len(s.store.transactions[s.Connection]) == 0, nil
}

// Quarantine implements records.ClaimSource. It returns the keys of the quarantined rows, with their LastSeenAt.
func (s claimSource) Quarantine() (map[domain.QuarantineKey]time.Time, error) {
	seen := map[domain.QuarantineKey]time.Time{}
	for key, row := range s.store.quarantine[s.Connection] {
		seen[key] = row.LastSeenAt
	}
	return seen, nil
}

// Replaceable implements records.ClaimSource. It examines all transactions of the connection.
func (s claimSource) Replaceable(start time.Time) (removed, carriedOver bool, err error) {
	removed = len(s.store.pastIDs[s.Connection]) > 0
	for _, row := range s.store.transactions[s.Connection] {
		removed = removed || !row.RemovedAt.IsZero() && !row.RemovedAt.Before(start)
	}
	return removed, len(s.store.carriedOver[s.Connection]) > 0, nil
}

// RemovedAccounts implements records.ClaimSource. It examines all accounts of the connection.
func (s claimSource) RemovedAccounts() (removed []string, err error) {
	for id, account := range s.store.accounts[s.Connection] {
		if !account.RemovedAt.IsZero() {
			removed = append(removed, id)
		}
	}
	slices.Sort(removed)
	return removed, nil
}

// NextRemoved implements records.ClaimSource. It merges the scopes of the queued pull.
func (s claimSource) NextRemoved() ([]string, error) {
	next := s.store.openPullsOf(s.Connection).nextPull
	if next == nil {
		return nil, nil
	}
	scope, err := records.MergeDeliveries(next.Scope, scopeSource{next})
	return scope.Removed, err
}

// leasedPull returns the pull that runs under the lease. A lease is accepted after its expiry until another lease
// replaces it. Errors: LeaseLost.
func (s *Store) leasedPull(lease domain.Lease) (*pull, error) {
	p := s.pulls[lease.Pull]
	if p == nil || p.State != domain.PullRunning || p.lease.ID != lease.ID {
		return nil, conflict(domain.LeaseLost)
	}
	return p, nil
}

// writable is like leasedPull, but also requires that the pull's connection is live. Errors:
// LeaseLost.
func (s *Store) writable(lease domain.Lease) (*pull, error) {
	p, err := s.leasedPull(lease)
	if err == nil && !s.connections[p.Connection].Live() {
		return nil, conflict(domain.LeaseLost)
	}
	return p, err
}

// Finish applies the changes of records.Readings and records.Finish.
func (v pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return v.exclusive(ctx, "Pulls.Finish", func() error {
		p, err := v.leasedPull(lease)
		if err != nil {
			return err
		}
		c := v.connections[p.Connection]
		readings, err := records.Readings(readingSource{v.Store, p.Connection}, p.Pull, o)
		if err != nil {
			return err
		}
		changes, err := records.Finish(records.FinishView{
			Pull: p.Pull, Connection: *c,
			HeardSince: func(at time.Time) (bool, error) { return v.heardSince(c, at), nil },
		}, o)
		if err != nil {
			return err
		}
		v.storeReadings(readings)
		reported := changes.Connection
		c.Health, c.Consent, c.Webhook, c.Usage = reported.Health, reported.Consent, reported.Webhook, reported.Usage
		c.Announced, c.Ambiguity, c.StreamPosition = reported.Announced, reported.Ambiguity, reported.StreamPosition
		v.recordEvents(p.Tenant, p.Connection, o.At, changes.Events...)
		if changes.ReferenceStored {
			v.endNewReference(c)
		}
		next := changes.Pull
		p.Attempts = next.Attempts
		if !next.FinishedAt.IsZero() {
			v.end(p, next.State, next.LastError, next.FinishedAt)
			return nil
		}
		p.State, p.LastError, p.NotBefore, p.lease = next.State, next.LastError, next.NotBefore, domain.Lease{}
		if queued := v.openPullsOf(p.Connection).nextPull; queued != nil && changes.NextMayStart {
			v.nudged = append(v.nudged, queued.ID)
		}
		return nil
	})
}
