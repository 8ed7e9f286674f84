package application

import (
	"bytes"
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

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
	startedAt := s.Clock.Now()
	status, failure := s.liveCheck(ctx, c)
	took := s.Clock.Now().Sub(startedAt)
	if ctx.Err() != nil {
		return ports.TestResult{}, ctx.Err()
	}
	s.Observer.Emit(ctx, ports.VendorChecked{Vendor: v, Took: took, Err: failure})
	if err := s.saveHealth(ctx, c, status, failure); err != nil {
		return ports.TestResult{}, err
	}
	return ports.TestResult{
		Vendor: v, Name: name, Healthy: failure == nil, Reason: reasonOf(failure), Latency: took,
	}, nil
}

// validateAddress validates the pair (vendor, config name) that identifies a connection. field is
// the name that the caller uses for the config name; it appears in the error.
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
	vendor, access := s.aggregators[c.Vendor], accessOf(c, credential)
	if v, ok := vendor.(ports.Verifier); ok {
		return v.Verify(ctx, access) // Check may pass with a cached session after the credential was withdrawn
	}
	return vendor.Check(ctx, access)
}

// accessOf returns the access of a connection to its vendor. The account reference is in the form in
// which the vendor returns it, because adapters compare it with the vendor's responses.
func accessOf(c domain.Connection, credential domain.Credential) ports.Access {
	return ports.Access{
		Connection: c.ID, BaseURL: c.BaseURL, AccountRef: domain.CanonicalAccountRef(c.AccountRef),
		Credential: credential,
	}
}

// saveHealth stores the health that results from a check. It stores nothing if the connection was
// repointed, rotated or deleted during the check, because the result is then about the old target or
// the old credential.
func (s *Service) saveHealth(
	ctx context.Context, checked domain.Connection, status domain.LinkStatus, failure error,
) error {
	now := s.Clock.Now()
	_, err := s.Connections.Update(ctx, checked.Tenant, checked.Kind, checked.ID, func(c *domain.Connection) error {
		if sameTarget(*c, checked) {
			c.Health = healthAfter(c.Health, status, failure, now)
		}
		return nil
	})
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// sameTarget reports whether the result of a check of the connection before is still valid for
// the connection now. The result remains valid after a rename, and after a re-encryption, which
// does not change the revision.
func sameTarget(now, before domain.Connection) bool {
	return now.Revision == before.Revision ||
		bytes.Equal(now.Sealed, before.Sealed) && now.BaseURL == before.BaseURL &&
			now.AccountRef == before.AccountRef && bytes.Equal(now.Config, before.Config)
}

// reasonOf maps every possible failure to one of the five reasons that a connection test can return;
// it returns "" for nil.
func reasonOf(failure error) domain.Code {
	if failure == nil {
		return ""
	}
	switch code := domain.CodeOf(failure); code {
	case domain.CredentialRejected, domain.AccountNotFound, domain.VendorRateLimited, domain.AddressNotAllowed:
		return code
	case domain.AccessDenied, domain.CredentialUnopened:
		return domain.CredentialRejected
	case domain.BudgetExhausted:
		return domain.VendorRateLimited
	default:
		return domain.VendorUnreachable
	}
}
