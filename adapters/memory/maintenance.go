package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ListStuck checks one pull of each connection: the active pull or, if there is none, the queued
// one. While a pull is active, the queued pull after it is not stuck, because the worker that ends
// the active pull releases it.
func (v pulls) ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListStuck", func() ([]domain.PullID, error) {
		var found []*pull
		for _, d := range v.openPulls {
			if p := cmp.Or(d.active, d.next); p != nil && p.stuck(at, grace) {
				found = append(found, p)
			}
		}
		slices.SortFunc(found, func(x, y *pull) int {
			return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]))
		})
		var ids []domain.PullID
		for _, p := range found[:min(limit, len(found))] {
			ids = append(ids, p.ID)
		}
		return ids, nil
	})
}

// stuck reports whether no worker will run the pull. The caller has made sure that no other pull
// of the connection must run before it.
func (p *pull) stuck(at time.Time, grace time.Duration) bool {
	if p.State == domain.PullRunning {
		return !p.lease.Until.After(at)
	}
	return at.Sub(later(p.CreatedAt, p.NotBefore)) > grace
}

// ListDueForReconcile treats a connection that has never had a complete pull end like a connection
// whose last complete pull ended long ago.
func (v pulls) ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListDueForReconcile", func() ([]domain.Connection, error) {
		var due []domain.Connection
		for id, c := range v.connections {
			d := v.openPullsOf(id)
			opened := slices.ContainsFunc(d.open(), func(p *pull) bool { return p.complete })
			if c.Live() && c.Kind == domain.Aggregator && c.CreatedAt.Before(since) && !opened &&
				d.completeEnd.Before(since) {
				due = append(due, cloneConnection(*c))
			}
		}
		slices.SortFunc(due, func(x, y domain.Connection) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
		return due[:min(limit, len(due))], nil
	})
}

// OldestOpen compares the times at which the pulls were created. It ignores the times at which
// they are due.
func (v pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.OldestOpen", func() (time.Time, error) {
		var oldest time.Time
		for _, d := range v.openPulls {
			for _, p := range d.open() {
				if oldest.IsZero() || p.CreatedAt.Before(oldest) {
					oldest = p.CreatedAt
				}
			}
		}
		return oldest, nil
	})
}
