package application

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/pulling"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// liveTestTimeout bounds the total time of all requests of a live test. Including the wait for a share (at most 5 s),
// the test is answered within 20 s.
const liveTestTimeout = 14 * time.Second

// TestConnection implements ports.ConnectionManager with a live check at the vendor.
func (s *Service) TestConnection(
	ctx context.Context, tenant domain.TenantID, vendor, name string,
) (ports.TestResult, error) {
	v, err := s.validateAddress(vendor, name, "configName")
	if err != nil {
		return ports.TestResult{}, err
	}
	c, err := s.Connections.Find(ctx, tenant, v, name)
	if err != nil {
		return ports.TestResult{}, err
	}
	release, err := s.startLiveCall(ctx, c)
	if err != nil {
		return ports.TestResult{}, err
	}
	defer release()
	startedAt := s.Clock.Now()
	bounded, cancel := context.WithTimeout(ctx, liveTestTimeout)
	defer cancel()
	status, failure := s.liveCheck(bounded, c)
	took := s.Clock.Now().Sub(startedAt)
	var consent domain.ConsentReport
	if failure == nil {
		consent = s.liveConsent(bounded, c, status)
	}
	if ctx.Err() != nil {
		return ports.TestResult{}, ctx.Err()
	}
	s.Observer.Emit(ctx, ports.VendorChecked{Vendor: v, Took: took, Err: failure})
	saved, err := s.saveTest(ctx, "connection.test", c, status, consent, failure)
	if err != nil {
		return ports.TestResult{}, err
	}
	reason := cmp.Or(saved.Health.At(s.Clock.Now(), saved.Consent).Stopped(), domain.ReasonOf(failure))
	return ports.TestResult{Vendor: v, Name: name, Healthy: reason == "", Reason: reason, Latency: took}, nil
}

// validateAddress validates the vendor and the config name that identify a connection. The argument field is the name
// of the request field that contains the config name. Errors about the config name refer to this field.
func (s *Service) validateAddress(vendor, name, field string) (domain.Vendor, error) {
	v, unknown := s.wiredVendor(vendor)
	fieldErrors := nonNil(unknown)
	if name == "" {
		fieldErrors = append(fieldErrors, domain.FieldError(field, "must not be empty"))
	}
	return v, domain.Join(fieldErrors)
}

func (s *Service) liveCheck(ctx context.Context, c domain.Connection) (domain.LinkStatus, error) {
	credential, err := s.open(ctx, c)
	if err != nil {
		return domain.LinkStatus{}, err
	}
	vendor, access := s.aggregators[c.Vendor], ports.AccessOf(c, credential)
	if v, ok := vendor.(ports.Verifier); ok {
		// Verify sends the credential again. With a cached session, Check may succeed although the credential is no
		// longer valid.
		return v.Verify(ctx, access)
	}
	return vendor.Check(ctx, access)
}

// liveConsent reads the consent of a connection whose status was just read.
func (s *Service) liveConsent(ctx context.Context, c domain.Connection, status domain.LinkStatus) domain.ConsentReport {
	credential, err := s.open(ctx, c)
	if err != nil {
		return status.Consent()
	}
	return pulling.ConsentOf(ctx, s.aggregators[c.Vendor], ports.AccessOf(c, credential), status)
}

// allowsOrigin reports whether the deployment allows base URLs with this origin for the vendor.
func (s *Service) allowsOrigin(v domain.Vendor, baseURL string) bool {
	allowed := s.BaseURLs[v]
	return len(allowed) == 0 || slices.Contains(allowed, domain.Origin(baseURL))
}

// saveTest stores the health of a connection after a test, and an audit entry. If the connection was deleted during
// the test, only the audit entry is stored, because the vendor was called. saveTest returns the stored connection.
func (s *Service) saveTest(
	ctx context.Context, action string, tested domain.Connection, status domain.LinkStatus,
	consent domain.ConsentReport, failure error,
) (domain.Connection, error) {
	object := tested.ID.String()
	saved, err := s.saveHealth(ctx, tested, status, consent, failure, s.audits.EntriesOf(ctx, action, object))
	if errors.Is(err, domain.NotFound) {
		return tested, s.audits.Append(ctx, tested.Tenant, action, object)
	}
	if err == nil {
		s.audits.Emit(ctx, tested.Tenant, action, object)
	}
	return saved, err
}

// saveHealth stores the health that results from a check, and the audit entries. After a successful check, it also
// stores the reported consent and schedule. If the target or the credential was replaced during the check, it stores
// only the audit entries, because the result describes the old ones. Errors: NotFound if the connection was deleted.
func (s *Service) saveHealth(
	ctx context.Context, checked domain.Connection, status domain.LinkStatus, consent domain.ConsentReport,
	failure error, entries ports.AuditEntries,
) (domain.Connection, error) {
	now := s.Clock.Now()
	update := func(c *domain.Connection) error {
		if c.SameAccess(checked) {
			c.Health = c.Health.AfterTest(status, failure, now)
			if errors.Is(failure, domain.CredentialUnopened) {
				c.Health = c.Health.AfterFailure(domain.CredentialUnopened, now) // although a retry may succeed
			}
			c.Consent = c.Consent.After(consent, now)
			if failure == nil {
				c.Webhook = c.Webhook.After(status.Schedule)
			}
			switch {
			case c.Kind != domain.Engine:
			case failure == nil:
				c.Health.Since = now // an engine has no history of health; this is when it was last seen
			default: // no pull decides about an engine later, so every failure of a test does
				c.Health = c.Health.AfterFailure(domain.ReasonOf(failure), now)
			}
		}
		return nil
	}
	return s.Connections.Update(ctx, checked.Tenant, checked.Kind, checked.ID, entries, update)
}
