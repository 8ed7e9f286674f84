package pulling

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// consentTimeout is the time limit of the request for a connection's consents. It is short, because this request is the
// last thing for which a pull or a connection test waits.
const consentTimeout = 5 * time.Second

// ConsentOf returns what the vendor reports about the connection's consent. If the vendor cannot report consents, or
// the request fails, the result depends only on the given link status. A failure to read the consent must never make a
// pull or a test fail.
func ConsentOf(
	ctx context.Context, vendor ports.Aggregator, access ports.Access, status domain.LinkStatus,
) domain.ConsentReport {
	report, _ := consentOf(ctx, vendor, access, status)
	return report
}

// consentOf is like ConsentOf, and also returns the error of the request. The report is valid even after an error.
func consentOf(
	ctx context.Context, vendor ports.Aggregator, access ports.Access, status domain.LinkStatus,
) (domain.ConsentReport, error) {
	reader, ok := vendor.(ports.ConsentReader)
	if !ok {
		return status.Consent(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, consentTimeout)
	defer cancel()
	report, err := reader.Consent(ctx, access)
	if err != nil || report.Status == "" {
		return status.Consent(), err
	}
	if report.Status == domain.ReportedGranted && report.ExpiresAt.IsZero() && !status.ConsentExpiresAt.IsZero() {
		report.ExpiresAt, report.NoExpiry = status.ConsentExpiresAt, false
	}
	return report, nil
}

// readConsent returns what the vendor reports about the consent at the end of an attempt. It sends no request in these
// cases; the result then depends only on what the attempt has read:
//   - The attempt has read the consent already.
//   - The attempt has not read the status of the account reference.
//   - The attempt has failed for a reason of ours, or because the vendor accepts no more requests now. Any other
//     failure may have its reason in the consent, for example if the vendor returns no rows.
//   - The connection is paused.
func (a *attempt) readConsent(ctx context.Context, failure error) domain.ConsentReport {
	if a.consent.done {
		return a.consent.report
	}
	if !a.checked {
		return domain.ConsentReport{}
	}
	ours := []domain.Code{
		domain.BudgetExhausted, domain.MemoryExhausted, domain.Interrupted, domain.VendorRateLimited,
	}
	if slices.Contains(ours, domain.CodeOf(failure)) {
		return a.status.Consent()
	}
	if ctx.Err() != nil || errors.Is(failure, domain.StoreUnavailable) || errors.Is(failure, domain.LeaseLost) {
		return a.status.Consent()
	}
	if a.checkNotPaused(ctx) != nil {
		return a.status.Consent()
	}
	return ConsentOf(ctx, a.vendor, a.access, a.status)
}

// consentAfter returns the state of the consent after the attempt. The argument c is the state before the attempt. It
// first applies the reports in the pull's deliveries. Then it applies the report that the attempt has read from the
// vendor.
func (a *attempt) consentAfter(c domain.Consent, read domain.ConsentReport, at time.Time) domain.Consent {
	for _, report := range a.pull.Scope.Consents {
		c = c.After(report, at)
	}
	return c.After(read, at)
}

// report stores what the attempt has learned so far about the connection: that the account holder must sign in, or that
// the consent has changed. The attempt may take long, or fail. failure is the reason why it ends; nil if it goes on.
//
// Only the end of the attempt (finish) tells that the connection is healthy. It reports everything again, so report
// ignores the errors of the store.
func (a *attempt) report(ctx context.Context, failure error) {
	now := a.Clock.Now()
	change := func(c *domain.Connection) {
		if !c.SameAccess(a.connection) {
			return
		}
		c.Report(a.pull.Scope, a.pull.StartedAt, now)
		c.Consent = c.Consent.After(a.consent.report, now)
		if c.Health = c.Health.AfterStatus(a.status, now); errors.Is(failure, domain.ErrHolderMustAct) {
			c.Health = c.Health.AfterReauth(now)
		}
	}
	learned := a.connection
	if change(&learned); learned.Health == a.connection.Health && learned.Consent == a.connection.Consent {
		return
	}
	if a.Pulls.ReportConnection(ctx, a.lease, now, change) == nil {
		a.connection.Health, a.connection.Consent = learned.Health, learned.Consent
	}
}

// webhookAfter returns the state of the watch for missing webhooks after the attempt. The first argument is the earlier
// state. The error is the attempt's failure, or nil. The function heardSince reports whether a webhook about the
// connection was received at or after a time.
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
