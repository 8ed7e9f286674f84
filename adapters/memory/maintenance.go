package memory

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// ListStuck ignores a queued pull that waits for the active pull of its connection. When the active pull ends, its
// worker makes the queued pull claimable.
func (v pulls) ListStuck(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListStuck", func() ([]domain.PullID, error) {
		var found []*pull
		for _, d := range v.openPullsOfActive() {
			for _, p := range d.claimable() {
				if p.stuck(now, grace) {
					found = append(found, p)
				}
			}
		}
		slices.SortFunc(found, func(x, y *pull) int {
			return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), x.ID.Compare(y.ID))
		})
		var ids []domain.PullID
		for _, p := range found[:min(limit, len(found))] {
			ids = append(ids, p.ID)
		}
		return ids, nil
	})
}

// openPullsOfActive returns the open pulls of each connection that is not paused.
func (s *Store) openPullsOfActive() iter.Seq2[domain.ConnectionID, *openPulls] {
	return func(yield func(domain.ConnectionID, *openPulls) bool) {
		for id, d := range s.openPulls {
			if c := s.connections[id]; c != nil && c.Paused() {
				continue
			}
			if !yield(id, d) {
				return
			}
		}
	}
}

// stuck reports whether no worker will run the pull. The caller must ensure that the pull does not wait for
// another pull of its connection.
func (p *pull) stuck(at time.Time, grace time.Duration) bool {
	if p.State == domain.PullRunning {
		return !p.lease.Until.After(at)
	}
	return at.Sub(domain.Later(p.CreatedAt, p.NotBefore)) > grace
}

// ListWaiting checks the same pulls as ListStuck.
func (v pulls) ListWaiting(
	ctx context.Context, now time.Time, excludedTenants []domain.TenantID, limit int,
) ([]domain.Pull, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListWaiting", func() ([]domain.Pull, error) {
		var found []domain.Pull
		for _, d := range v.openPullsOfActive() {
			for _, p := range d.claimable() {
				if !records.ReadyAt(p.Pull, p.lease.Until).After(now) && !slices.Contains(excludedTenants, p.Tenant) {
					row := p.Pull
					row.Scope, row.Progress = domain.PullScope{}, domain.Progress{}
					found = append(found, row)
				}
			}
		}
		slices.SortFunc(found, func(x, y domain.Pull) int {
			return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), x.ID.Compare(y.ID))
		})
		return found[:min(limit, len(found))], nil
	})
}

// ListDueForReconcile also returns connections for which no complete pull has ended yet. A complete pull reads
// everything that the vendor has.
func (v pulls) ListDueForReconcile(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListDueForReconcile", func() ([]domain.Connection, error) {
		var due []domain.Connection
		for id, c := range v.connections {
			d := v.openPullsOf(id)
			opened := slices.ContainsFunc(d.open(), func(p *pull) bool {
				return p.complete && !p.AwaitsAccount()
			})
			if c.Live() && !c.Paused() && c.Kind == domain.Aggregator && c.CreatedAt.Before(cutoff) && !opened &&
				d.completeEnd.Before(cutoff) {
				due = append(due, cloneConnection(*c))
			}
		}
		slices.SortFunc(due, func(x, y domain.Connection) int { return x.ID.Compare(y.ID) })
		return due[:min(limit, len(due))], nil
	})
}

// OldestOpen compares the creation times of the pulls, not the times at which they are due.
func (v pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.OldestOpen", func() (time.Time, error) {
		var oldest time.Time
		for _, d := range v.openPullsOfActive() {
			for _, p := range d.open() {
				oldest = domain.EarlierNonZero(oldest, p.CreatedAt)
			}
		}
		return oldest, nil
	})
}
