package application

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// consentTimeout bounds the request for the consents of a connection, because a pull or a test that is otherwise done
// waits for it.
const consentTimeout = 5 * time.Second

// consentOf returns what the vendor reports about the connection's consent. status is the link status that was just
// read. If the vendor shows no consents, or the request fails, only the status counts: a consent is never the reason
// why a pull or a test fails.
func (s *Service) consentOf(
	ctx context.Context, vendor ports.Aggregator, access ports.Access, status domain.LinkStatus,
) domain.ConsentReport {
	reader, ok := vendor.(ports.ConsentReader)
	if !ok {
		return status.Consent()
	}
	ctx, cancel := context.WithTimeout(ctx, consentTimeout)
	defer cancel()
	report, err := reader.Consent(ctx, access)
	if err != nil || report.Status == "" {
		return status.Consent()
	}
	if report.Status == domain.ReportedGranted && report.ExpiresAt.IsZero() && !status.ConsentExpiresAt.IsZero() {
		report.ExpiresAt, report.NoExpiry = status.ConsentExpiresAt, false
	}
	return report
}

// readConsent reads the consent at the end of an attempt that has read the status of the account reference. It sends no
// request after a failure that will be retried, and none while the connection is paused.
func (a *attempt) readConsent(ctx context.Context, failure error) {
	if !a.checked {
		return
	}
	a.consent = a.status.Consent()
	if failure != nil && !errors.Is(failure, domain.Rejected) && !errors.Is(failure, domain.AccountNotListed) {
		return
	}
	if a.checkNotPaused(ctx) == nil {
		a.consent = a.consentOf(ctx, a.vendor, a.access, a.status)
	}
}

// consentAfter returns the consent after the attempt. It applies the events of the pull's deliveries first, and then
// the present report of the vendor.
func (a *attempt) consentAfter(c domain.Consent, at time.Time) domain.Consent {
	for _, report := range a.pull.Scope.Consents {
		c = c.After(report, at)
	}
	return c.After(a.consent, at)
}

// webhookAfter returns the watch for webhooks after the attempt. failure is the failure of the attempt.
func (a *attempt) webhookAfter(
	w domain.WebhookWatch, failure error, heardSince func(time.Time) bool,
) domain.WebhookWatch {
	if a.checked {
		w = w.After(a.status.Schedule)
	}
	if !w.MissedAt.IsZero() && heardSince(w.MissedAt) {
		w = w.AfterWebhook()
	}
	missed := a.pull.Scope.Unheard
	done := failure == nil || errors.Is(failure, domain.AccountNotListed)
	if missed.IsZero() || !done || a.initial {
		return w
	}
	changed := a.pull.Counts.Plus(a.counts)
	return w.AfterPull(missed, changed.Added+changed.Modified+changed.Removed > 0, heardSince(missed))
}

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

// NoticeSilence implements ports.Maintenance. A connection that cannot be changed does not delay the others.
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
