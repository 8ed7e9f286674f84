package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// NoticeConsents implements ports.Maintenance. It also ends the waits for devices, which are as rare.
func (s *Service) NoticeConsents(ctx context.Context, limit int) (int, error) {
	ended, failure := s.endDeviceWaits(ctx, limit)
	noticed, err := s.Connections.NoticeConsents(ctx, s.Clock.Now(), limit)
	for _, c := range noticed {
		s.Observer.Emit(ctx, ports.ConsentExpiring{
			Connection: c.ID, Vendor: c.Vendor, ExpiresAt: c.Consent.ExpiresAt,
		})
	}
	return max(ended, len(noticed)), errors.Join(failure, err)
}

// endDeviceWaits reports at most limit connections for which the vendor has waited too long for the authorisation of a
// device: the account holder must sign in again. Each is pulled once, in case an event that reports the end of the wait
// was lost. If one cannot be changed, it continues with the others. It returns the number of connections.
func (s *Service) endDeviceWaits(ctx context.Context, limit int) (int, error) {
	now := s.Clock.Now()
	waits, err := s.Connections.ListDeviceWaits(ctx, now.Add(-domain.DeviceWait), limit)
	failures := []error{err}
	for _, c := range waits {
		_, err = s.Connections.Update(ctx, c.Tenant, domain.Aggregator, c.ID, nil, func(c *domain.Connection) error {
			c.Health = c.Health.AfterDeviceWait(now)
			return nil
		})
		if err == nil {
			_, err = s.Pulls.Request(ctx, c.Tenant, c.ID, ports.PullRequest{
				ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerReconcile, At: now,
			}, nil)
		}
		if errors.Is(err, domain.NotFound) || errors.Is(err, domain.ConnectionPaused) {
			continue // the connection was deleted or paused meanwhile
		}
		failures = append(failures, err)
	}
	return len(waits), errors.Join(failures...)
}

// NoticeSilence implements ports.Maintenance. If one connection cannot be changed, it continues with the others, unless
// the store is unavailable.
func (s *Service) NoticeSilence(ctx context.Context, limit int) (int, error) {
	now := s.Clock.Now()
	unheard, err := s.Pulls.ListUnheard(ctx, now.Add(-s.WebhookSilenceGrace), limit)
	if err != nil {
		return 0, err
	}
	var failures []error
	for _, c := range unheard {
		due := c.Webhook.DueAt
		passed, err := s.Pulls.PassWebhook(ctx, c, due, ports.PullRequest{
			ID: s.newPullID(), Scope: domain.PullScope{Everything: true, Unheard: due}, Trigger: domain.TriggerSilence,
			At: now,
		})
		if errors.Is(err, domain.StoreUnavailable) || ctx.Err() != nil {
			return len(unheard), err
		}
		if err != nil {
			failures = append(failures, err)
		}
		if !passed.Pull.IsZero() {
			s.Observer.Emit(ctx, ports.WebhookMissed{
				Connection: c.ID, Vendor: c.Vendor, Pull: passed.Pull, BecameSilent: passed.BecameSilent,
			})
		}
	}
	return len(unheard), errors.Join(failures...)
}

// stalePage is the number of connections that NoticeStaleness examines with one query.
const stalePage = 200

// NoticeStaleness implements ports.Maintenance. It examines the connections with an old reading of the bank, and those
// that an event has reported as stale.
func (s *Service) NoticeStaleness(ctx context.Context) (changed int, err error) {
	now := s.Clock.Now()
	var cutoff time.Time
	if s.StaleAfter > 0 {
		cutoff = now.Add(-s.StaleAfter)
	}
	for after := (domain.ConnectionID{}); ; {
		page, err := s.Connections.ListMaybeStale(ctx, cutoff, after, stalePage)
		if err != nil || len(page) == 0 {
			return changed, err
		}
		byTenant := map[domain.TenantID][]domain.ConnectionID{}
		for _, c := range page {
			byTenant[c.Tenant] = append(byTenant[c.Tenant], c.ID)
		}
		for tenant, ids := range byTenant {
			n, err := s.announceStaleness(ctx, tenant, ids, now)
			if changed += n; err != nil {
				return changed, err
			}
		}
		after = page[len(page)-1].ID
	}
}

// announceStaleness records the events of the connections of one tenant, and returns their number.
func (s *Service) announceStaleness(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, now time.Time,
) (changed int, err error) {
	stale := map[domain.ConnectionID]bool{}
	err = s.Connections.VisitFacts(ctx, tenant, ids, func(f *domain.ConnectionFacts) error {
		isStale := slices.ContainsFunc(f.Attention(now, s.attentionGrace()), func(a domain.Attention) bool {
			return a.Reason == domain.NeedsBankRead
		})
		if isStale != f.StaleAnnounced {
			stale[f.ID] = isStale
		}
		return nil
	})
	for id, isStale := range stale {
		if err != nil {
			break
		}
		var done bool
		if done, err = s.Connections.AnnounceStale(ctx, tenant, id, isStale, now); done {
			changed++
		}
	}
	return changed, err
}

// CountAttention implements ports.Maintenance.
func (s *Service) CountAttention(ctx context.Context) (ports.Attention, error) {
	return s.Connections.CountAttention(ctx, s.Clock.Now())
}
