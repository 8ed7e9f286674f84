package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// RemoveAnnounced merges the scopes of the queued pull's deliveries. The deliveries stay attached to the pull.
func (v pulls) RemoveAnnounced(
	ctx context.Context, id domain.PullID, at time.Time, matching func(domain.Vendor) *ports.Matching,
) (bool, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.RemoveAnnounced", func() (bool, error) {
		next := v.pulls[id]
		if next == nil || !next.FinishedAt.IsZero() || !next.StartedAt.IsZero() {
			return false, nil
		}
		active := v.openPullsOf(next.Connection).active
		if active == nil || active.State == domain.PullRunning {
			return false, nil
		}
		if c := v.connections[next.Connection]; !c.Live() || c.Paused() {
			return false, nil
		}
		scope, err := records.MergeDeliveries(next.Scope, scopeSource{next})
		if err != nil {
			return false, err
		}
		counts, err := v.changeRecords(next, records.NewPage(ports.PageWrite{
			Removed: scope.Removed, At: v.tick(next.Connection, at), Matching: matching(next.Vendor),
		}), nil)
		if err != nil {
			return false, err
		}
		next.Counts = next.Counts.Plus(counts)
		return true, nil
	})
}

// Quarantine compares the tenant of each row, because a caller that knows the id of another tenant's
// connection must not be able to read its rows.
func (v ledger) Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Quarantine", func() (domain.Page[domain.QuarantinedRow], error) {
		rows := filtered(v.quarantine[connection],
			func(r *domain.QuarantinedRow) bool { return r.Tenant == tenant },
			func(r domain.QuarantinedRow) domain.QuarantinedRow {
				r.Payload = slices.Clone(r.Payload)
				return r
			})
		return cutPage(rows, page, byTime, func(r domain.QuarantinedRow) domain.Position {
			return timePosition(r.FirstSeenAt, r.ID)
		})
	})
}
