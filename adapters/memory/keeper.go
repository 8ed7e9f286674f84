package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Stranded looks at one pull of a connection, the one under way before the one behind it:
// whoever runs the first releases the second.
func (v pulls) ListStuck(ctx context.Context, at time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	return give(ctx, v.Store, "Pulls.ListStuck", func() ([]domain.PullID, error) {
		var found []*pull
		for _, d := range v.desks {
			if p := cmp.Or(d.under, d.next); p != nil && p.stranded(at, grace) {
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

// stranded says whether nobody will run the pull, which none of its connection hinders.
func (p *pull) stranded(at time.Time, grace time.Duration) bool {
	if p.State == domain.PullRunning {
		return !p.lease.Until.After(at)
	}
	return at.Sub(later(p.CreatedAt, p.NotBefore)) > grace
}

// Idle takes a connection without an ended pull for one whose last ended long ago.
func (v pulls) ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error) {
	return give(ctx, v.Store, "Pulls.ListDueForReconcile", func() ([]domain.Connection, error) {
		var idle []domain.Connection
		for id, c := range v.connections {
			d := v.desk(id)
			if c.Live() && c.Kind == domain.Aggregator && c.CreatedAt.Before(since) && len(d.open()) == 0 && d.ended.Before(since) {
				idle = append(idle, cloneConnection(*c))
			}
		}
		slices.SortFunc(idle, func(x, y domain.Connection) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
		return idle[:min(limit, len(idle))], nil
	})
}

// Backlog goes by when a pull was asked for, not by when it is due.
func (v pulls) OldestOpen(ctx context.Context) (time.Time, error) {
	return give(ctx, v.Store, "Pulls.OldestOpen", func() (time.Time, error) {
		var oldest time.Time
		for _, d := range v.desks {
			for _, p := range d.open() {
				if oldest.IsZero() || p.CreatedAt.Before(oldest) {
					oldest = p.CreatedAt
				}
			}
		}
		return oldest, nil
	})
}
