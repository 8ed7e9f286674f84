package memory

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// VisitFacts collects the facts of all connections first, because visit is called without the lock.
func (v connections) VisitFacts(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(*domain.ConnectionFacts) error,
) error {
	facts, err := exclusiveResult(ctx, v.Store, "Connections.VisitFacts", func() ([]domain.ConnectionFacts, error) {
		var all []domain.ConnectionFacts
		for _, c := range v.connections {
			if c.Tenant == tenant && c.Live() && c.Kind == domain.Aggregator &&
				(ids == nil || slices.Contains(ids, c.ID)) {
				all = append(all, v.factsOf(c, ids != nil))
			}
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	for i := range facts {
		if err := visit(&facts[i]); err != nil {
			return err
		}
	}
	return nil
}

// factsOf returns the facts about a live connection. If selected is false, it leaves out ConnectionActivity.
func (v connections) factsOf(c *domain.Connection, selected bool) domain.ConnectionFacts {
	f := domain.ConnectionFacts{
		ID: c.ID, Vendor: c.Vendor, Name: c.Name, Health: c.Health, Consent: c.Consent, Webhook: c.Webhook,
		Paused: c.Paused(), UpdatedAt: c.UpdatedAt, Usage: c.Usage, SharedSince: v.sharedSince(c),
		Quarantined: len(v.quarantine[c.ID]), Ambiguity: c.Ambiguity, ConnectionActivity: v.activity[c.ID],
	}
	f.HeldRemovals, f.RemovalsHeldAt = v.heldRemovals(c.ID)
	v.addSuggestions(&f, c.ID)
	v.addCompleteness(&f, c.ID)
	for _, row := range v.quarantine[c.ID] {
		f.QuarantinedSince = domain.EarlierNonZero(f.QuarantinedSince, row.FirstSeenAt)
	}
	if selected || !c.Webhook.MissedAt.IsZero() {
		f.Webhooks = v.evidence(c)
	}
	if !selected {
		f.ConnectionActivity = domain.ConnectionActivity{}
	}
	return f
}

// sharedSince returns the value of ConnectionFacts.SharedSince of a live connection; zero if no account is shared.
func (s *Store) sharedSince(own *domain.Connection) (since time.Time) {
	for _, a := range s.accounts[own.ID] {
		if !a.RemovedAt.IsZero() {
			continue
		}
		for _, same := range []func(b *records.Account) bool{
			func(b *records.Account) bool { return a.ExternalID == b.ExternalID },
			func(b *records.Account) bool { return a.Key != "" && a.Key == b.Key },
		} {
			last, shared := a.FirstSeenAt, false
			for other, b := range s.accountsOf(own.Tenant) {
				if other.Live() && other.Vendor == own.Vendor && same(b) {
					last, shared = domain.Later(last, b.FirstSeenAt), shared || other.ID != own.ID
				}
			}
			if shared {
				since = domain.EarlierNonZero(since, last)
			}
		}
	}
	return since
}

// CountAdded examines the pulls of all connections.
func (v connections) CountAdded(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, first domain.Date,
) (map[domain.ConnectionID]map[domain.Date]int, error) {
	return exclusiveResult(ctx, v.Store, "Connections.CountAdded",
		func() (map[domain.ConnectionID]map[domain.Date]int, error) {
			counts := map[domain.ConnectionID]map[domain.Date]int{}
			for _, p := range v.pulls {
				day := domain.DateOf(p.FinishedAt.UTC())
				if p.Tenant != tenant || p.FinishedAt.IsZero() || p.Counts.Added == 0 || day < first ||
					!slices.Contains(ids, p.Connection) {
					continue
				}
				innerMap(counts, p.Connection)[day] += p.Counts.Added
			}
			return counts, nil
		})
}
