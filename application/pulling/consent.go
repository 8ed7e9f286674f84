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

// consentRead is what the attempt has read about the consent.
type consentRead struct {
	report  domain.ConsentReport
	when    consentTime
	unknown bool           // the last request for the consent failed
	before  domain.Consent // the consent when the attempt began to read lists
}

// consentTime tells when the attempt has last read the consent from the vendor.
type consentTime int

const (
	consentNotRead     consentTime = iota
	consentReadBefore              // before the attempt read lists
	consentReadBetween             // after a list
)

// noteConsentBefore notes the consent before the attempt reads lists. If the consent has ended, or an event has changed
// it, the vendor is asked: these lists prove something only if they were read with a renewed consent.
func (l *link) noteConsentBefore(ctx context.Context) {
	if l.learned().Consent.State(l.Clock.Now()).Ended() || len(l.Pull.Scope.Consents) > 0 {
		l.noteConsent(ctx, consentReadBefore)
	}
	l.consent.before = l.learned().Consent
}

// noteConsent reads the consent, and notes when. A request that was refused says nothing about the consent, because not
// every account reference has one.
func (l *link) noteConsent(ctx context.Context, when consentTime) {
	report, err := consentOf(ctx, l.vendor, l.access, l.status)
	l.consent = consentRead{
		report: report, when: when, unknown: err != nil && !errors.Is(err, domain.Rejected), before: l.consent.before,
	}
	l.report(ctx, nil)
}

// noteRevoked notes that the account holder has withdrawn the consent, if a request has failed for that reason.
func (l *link) noteRevoked(failure error) {
	if errors.Is(failure, domain.ErrConsentRevoked) {
		l.consent.report, l.consent.when = domain.ConsentReport{Status: domain.ReportedRevoked}, consentReadBetween
	}
}

// readConsent returns what the vendor reports about the consent at the end of an attempt. It sends no request in these
// cases; the result then depends only on what the attempt has read:
//   - The attempt has read the consent already.
//   - The attempt has not read the status of the account reference.
//   - The attempt has failed for a reason of ours, or because the vendor accepts no more requests now. Any other
//     failure may have its reason in the consent, for example if the vendor returns no rows.
//   - The connection is paused.
func (l *link) readConsent(ctx context.Context, failure error) domain.ConsentReport {
	if l.consent.when != consentNotRead {
		return l.consent.report
	}
	if !l.isChecked() {
		return domain.ConsentReport{}
	}
	ours := []domain.Code{
		domain.BudgetExhausted, domain.MemoryExhausted, domain.Interrupted, domain.VendorRateLimited,
	}
	if slices.Contains(ours, domain.CodeOf(failure)) {
		return l.status.Consent()
	}
	if ctx.Err() != nil || errors.Is(failure, domain.StoreUnavailable) || errors.Is(failure, domain.LeaseLost) {
		return l.status.Consent()
	}
	if l.checkNotPaused(ctx) != nil {
		return l.status.Consent()
	}
	return ConsentOf(ctx, l.vendor, l.access, l.status)
}
