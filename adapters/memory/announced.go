package memory

import (
	"context"
	"maps"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// AnnouncedRemovals implements records.AnnouncedSource. It returns the announced removals of rows.
func (s recordSource) AnnouncedRemovals(externalIDs []string) (map[string]domain.AnnouncedRemoval, error) {
	found := map[string]domain.AnnouncedRemoval{}
	for _, externalID := range externalIDs {
		if a, known := s.announcedRows[s.p.Connection][externalID]; known {
			found[externalID] = a
		}
	}
	return found, nil
}

// HeldRemovals implements records.AnnouncedSource. It returns the announced removals that are held back.
func (s recordSource) HeldRemovals(account string) (map[string]domain.AnnouncedRemoval, error) {
	held := maps.Clone(s.announcedRows[s.p.Connection])
	maps.DeleteFunc(held, func(_ string, a domain.AnnouncedRemoval) bool {
		return a.State != domain.AnnouncedHeld || account != "" && a.Account != account
	})
	return held, nil
}

// AnnouncedSums implements records.AnnouncedSource. It counts the announced removals after a time, by account.
func (s recordSource) AnnouncedSums(after time.Time) (map[string]domain.AnnouncedSum, error) {
	sums := map[string]domain.AnnouncedSum{}
	for _, a := range s.announcedRows[s.p.Connection] {
		if !a.At.After(after) || a.State == domain.AnnouncedVoid {
			continue
		}
		sum, found := sums[a.Account]
		if !found {
			sum = domain.AnnouncedSum{Account: a.Account, Dates: domain.Window{From: a.Date, To: a.Date}}
		}
		sum.Dates = domain.Window{From: min(sum.Dates.From, a.Date), To: max(sum.Dates.To, a.Date)}
		if sum.Count++; a.State == domain.AnnouncedApplied {
			sum.Applied++
		}
		sums[a.Account] = sum
	}
	return sums, nil
}

// LiveRows implements records.AnnouncedSource. It returns live records by their external ids.
func (s recordSource) LiveRows(externalIDs []string) ([]records.LiveRecord, error) {
	var live []records.LiveRecord
	for _, externalID := range externalIDs {
		if row := s.transactions[s.p.Connection][externalID]; row != nil && row.RemovedAt.IsZero() {
			live = append(live, s.liveRecord(row))
		}
	}
	return live, nil
}

// liveRecord returns the members of a live row that a sweep compares.
func (s recordSource) liveRecord(row *transaction) records.LiveRecord {
	live := records.LiveRecord{
		ExternalID: row.ExternalID, Account: row.Account, Date: row.Date, CarriedOver: s.isCarriedOver(row),
	}
	if a := s.accountOf(row.Tenant, row.AccountID); live.CarriedOver && a != nil {
		live.Account = a.ExternalID
	}
	return live
}

// changeAnnounced changes the announced removals of the connection.
func (w *recordWriter) changeAnnounced(c *records.AnnouncedChanges) {
	if c == nil {
		return
	}
	known := innerMap(w.announcedRows, w.p.Connection)
	maps.DeleteFunc(known, func(_ string, a domain.AnnouncedRemoval) bool {
		return c.All || a.State != domain.AnnouncedHeld && a.At.Before(c.Before)
	})
	for _, externalID := range c.Forget {
		delete(known, externalID)
	}
	for _, a := range c.Put {
		known[a.ExternalID] = a
	}
}

// forgetAnnounced deletes the announced removals of an account.
func (s *Store) forgetAnnounced(connection domain.ConnectionID, account string) {
	maps.DeleteFunc(s.announcedRows[connection], func(_ string, a domain.AnnouncedRemoval) bool {
		return a.Account == account
	})
}

// heldRemovals returns the number of rows of a connection whose removal is held back. since is the time of the first
// of these removals, or zero if there are none.
func (s *Store) heldRemovals(connection domain.ConnectionID) (n int, since time.Time) {
	rows := map[string]bool{}
	for externalID, a := range s.absences[connection] {
		if !a.HeldAt.IsZero() {
			rows[externalID], since = true, domain.EarlierNonZero(since, a.HeldAt)
		}
	}
	for externalID, a := range s.announcedRows[connection] {
		if a.State == domain.AnnouncedHeld {
			rows[externalID], since = true, domain.EarlierNonZero(since, a.At)
		}
	}
	return len(rows), since
}

// FilterHeld returns the rows whose announced removal is held back.
func (v pulls) FilterHeld(ctx context.Context, lease domain.Lease, externalIDs []string) ([]string, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.FilterHeld", func() ([]string, error) {
		p, err := v.writable(lease)
		if err != nil {
			return nil, err
		}
		var held []string
		for _, externalID := range externalIDs {
			if v.announcedRows[p.Connection][externalID].State == domain.AnnouncedHeld {
				held = append(held, externalID)
			}
		}
		return held, nil
	})
}

// ApplyRemovals removes the rows of an account whose announced removals are held back.
func (v ledger) ApplyRemovals(ctx context.Context, tenant domain.TenantID, account domain.AccountID, at time.Time,
	matching func(domain.Vendor) *ports.Matching, entries ports.AuditEntries,
) (int, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.ApplyRemovals", func() (int, error) {
		a := v.accountOf(tenant, account)
		if a == nil {
			return 0, domain.NotFoundError()
		}
		p := &pull{Pull: domain.Pull{Tenant: tenant, Connection: a.Connection, Vendor: a.Vendor}}
		held, err := recordSource{v.Store, p}.HeldRemovals(a.ExternalID)
		if err != nil {
			return 0, err
		}
		page := records.ApplyHeld(held, ports.PageWrite{
			At: v.tick(a.Connection, at), Matching: matching(a.Vendor),
		})
		if page == nil {
			return 0, domain.NoHeldRemovals()
		}
		counts, err := v.changeRecords(p, page, nil)
		if err != nil {
			return 0, err
		}
		v.record(tenant, entries)
		return counts.Removed, nil
	})
}
