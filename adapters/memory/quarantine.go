package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// updateQuarantine applies the page's changes to the quarantine. It releases rows before it adds rows, because a row
// that the page both releases and quarantines must stay in the quarantine.
func (s *Store) updateQuarantine(p *pull, w ports.PageWrite, counts *domain.Counts) {
	for _, key := range w.Released {
		if s.quarantine[p.Connection][key] != nil {
			delete(s.quarantine[p.Connection], key)
			s.attachRows(p, key, w.At, counts)
		}
	}
	for _, row := range latest(w.Quarantined, func(r domain.UnreadableData) string { return string(r.Kind) + r.ID }) {
		s.putQuarantined(p, row, w, counts)
	}
}

// putQuarantined adds a row to the quarantine, or replaces the row with the same key. It counts the row
// once per pull.
func (s *Store) putQuarantined(p *pull, row domain.UnreadableData, w ports.PageWrite, counts *domain.Counts) {
	if s.quarantine[p.Connection] == nil {
		s.quarantine[p.Connection] = map[domain.QuarantineKey]*domain.QuarantinedRow{}
	}
	rows := s.quarantine[p.Connection]
	known := rows[row.QuarantineKey]
	if known == nil || known.Pull != p.ID {
		counts.Quarantined++
	}
	if known == nil {
		if len(rows) >= domain.MaxQuarantined {
			return
		}
		known = &domain.QuarantinedRow{
			ID: w.NewID().UUID, Tenant: p.Tenant, Connection: p.Connection, FirstSeenAt: w.At,
		}
		rows[row.QuarantineKey] = known
	}
	known.UnreadableData, known.Pull, known.LastSeenAt = row, p.ID, w.At
	known.Payload = slices.Clone(row.Payload)
}

// attachRows handles an account that was released from the quarantine or is stored for the first time. Rows of the
// account may have been stored earlier, without an account id. attachRows sets the account id of these rows.
func (s *Store) attachRows(p *pull, key domain.QuarantineKey, at time.Time, counts *domain.Counts) {
	account := s.accounts[p.Connection][key.ID]
	if key.Kind != domain.QuarantinedAccount || account == nil {
		return
	}
	rows := s.transactions[p.Connection]
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if row := rows[id]; row.Account == key.ID && row.AccountID.IsZero() {
			row.archive()
			row.AccountID = account.ID
			s.appendChange(p, row, at)
			counts.Modified++
		}
	}
}

// RemoveAnnounced uses the merged scopes of the queued pull's deliveries. The deliveries stay attached to
// the pull.
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
		merged := *next
		merged.mergeScopes()
		leaves, counts := announcedRemovals(merged.Scope.Removed), domain.Counts{}
		v.replaceRows(next, ports.PageWrite{At: at, Matching: matching(next.Vendor)}, leaves, nil, &counts)
		for _, externalID := range slices.Sorted(maps.Keys(leaves)) {
			counts.Removed += v.remove(next, v.transactions[next.Connection][externalID], at)
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
		if err := checkTimePosition(page.After); err != nil {
			return domain.Page[domain.QuarantinedRow]{}, err
		}
		rows := matching(maps.Values(v.quarantine[connection]),
			func(r *domain.QuarantinedRow) bool { return r.Tenant == tenant },
			func(r domain.QuarantinedRow) domain.QuarantinedRow {
				r.Payload = slices.Clone(r.Payload)
				return r
			})
		return cutPage(rows, page, descending, func(r domain.QuarantinedRow) domain.Position {
			return timePosition(r.FirstSeenAt, r.ID)
		}), nil
	})
}
