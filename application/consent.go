package application

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// NoticeConsents implements ports.Maintenance.
func (s *Service) NoticeConsents(ctx context.Context, limit int) (int, error) {
	noticed, err := s.Connections.NoticeConsents(ctx, s.Clock.Now(), limit)
	for _, c := range noticed {
		s.Observer.Emit(ctx, ports.ConsentExpiring{
			Connection: c.ID, Vendor: c.Vendor, ExpiresAt: c.Consent.ExpiresAt,
		})
	}
	return len(noticed), err
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

// CountAttention implements ports.Maintenance.
func (s *Service) CountAttention(ctx context.Context) (ports.Attention, error) {
	return s.Connections.CountAttention(ctx, s.Clock.Now())
}
