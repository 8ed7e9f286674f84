package application

import (
	"context"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// CreateConnection implements ports.ConnectionManager.
func (s *Service) CreateConnection(
	ctx context.Context, tenant domain.TenantID, n ports.NewConnection,
) (domain.Connection, error) {
	now := s.Clock.Now()
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: s.IDs.New()}, Tenant: tenant, Kind: domain.Aggregator,
		Vendor: domain.Vendor(n.Vendor), Name: n.Name, BaseURL: n.BaseURL, AccountRef: n.AccountRef,
		Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now, NewReference: true,
	}
	address, err := s.checkBaseURL(ctx, c.Vendor, n.BaseURL)
	if err != nil {
		return domain.Connection{}, err
	}
	_, unknown := s.wiredVendor(n.Vendor)
	fieldErrors := slices.Concat(nonNil(unknown), c.Validate(), address)
	fieldErrors = append(fieldErrors, nonNil(
		domain.ValidateSecret(domain.PartClientID, n.ClientID), domain.ValidateSecret(domain.PartSecret, n.Secret),
	)...)
	if err := domain.Join(fieldErrors); err != nil {
		return domain.Connection{}, err
	}
	if err := s.sealFor(ctx, &c, domain.AggregatorCredential(n.ClientID, n.Secret)); err != nil {
		return domain.Connection{}, err
	}
	entries := s.audits.EntriesOf(ctx, "connection.create", c.ID.String())
	if err := s.Connections.Create(ctx, c, entries); err != nil {
		return domain.Connection{}, err
	}
	s.audits.Emit(ctx, tenant, "connection.create", c.ID.String())
	return c, nil
}

// GetConnection implements ports.ConnectionManager.
func (s *Service) GetConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (domain.Connection, error) {
	return s.Connections.Get(ctx, tenant, domain.Aggregator, id)
}

// ListConnections implements ports.ConnectionManager.
func (s *Service) ListConnections(
	ctx context.Context, tenant domain.TenantID, filter ports.ConnectionFilter, page domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	filter.Kind = domain.Aggregator
	return s.Connections.List(ctx, tenant, filter, page)
}

// UpdateConnection implements ports.ConnectionManager.
func (s *Service) UpdateConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch, u ports.ConnectionUpdate,
) (domain.Connection, error) {
	if err := s.validateUpdate(ctx, tenant, id, u); err != nil {
		return domain.Connection{}, err
	}
	fresh, err := s.sealUpdate(ctx, tenant, id, u)
	if err != nil {
		return domain.Connection{}, err
	}
	now := s.Clock.Now()
	var before, after domain.Connection
	entries := func() []domain.AuditEntry {
		return s.audits.EntriesOfUpdate(
			ctx,
			"connection.update",
			id.String(),
			auditing.IfChanged(
				after.Name != before.Name,
				"configName",
			),
			auditing.IfChanged(after.BaseURL != before.BaseURL, "baseUrl"),
			auditing.IfChanged(
				after.AccountRef != before.AccountRef,
				"accountRef",
			),
			auditing.IfChanged(fresh != nil, "credential"),
		)
	}
	updated, err := s.Connections.Update(ctx, tenant, domain.Aggregator, id, entries, func(c *domain.Connection) error {
		if err := checkIfMatch(match, c); err != nil {
			return err
		}
		before = *c
		defer func() { after = *c }()
		c.Rename(u.Name)
		c.Repoint(u.BaseURL, u.AccountRef, now)
		if fresh != nil {
			c.Rotate(fresh.Sealed, fresh.Client)
		}
		c.BumpRevision(now)
		return nil
	})
	if err == nil {
		s.audits.Emit(ctx, tenant, "connection.update", id.String())
	}
	return updated, err
}

func (s *Service) validateUpdate(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, u ports.ConnectionUpdate,
) error {
	vendor, err := s.vendorOf(ctx, tenant, id)
	if err != nil {
		return err
	}
	address, err := s.checkBaseURL(ctx, vendor, u.BaseURL)
	if err != nil {
		return err
	}
	probe := domain.Connection{Kind: domain.Aggregator, Name: u.Name, AccountRef: u.AccountRef}
	fieldErrors := append(probe.Validate(), address...)
	if u.ClientID.IsZero() != u.Secret.IsZero() {
		missing := domain.PartSecret
		if u.ClientID.IsZero() {
			missing = domain.PartClientID
		}
		fieldErrors = append(fieldErrors, &domain.Error{
			Kind: domain.Invalid, Code: domain.HalfCredential, Field: missing,
			Message: "clientId and secret must be sent together",
		})
	}
	if !u.ClientID.IsZero() && !u.Secret.IsZero() {
		fieldErrors = append(fieldErrors, nonNil(
			domain.ValidateSecret(domain.PartClientID, u.ClientID), domain.ValidateSecret(domain.PartSecret, u.Secret),
		)...)
	}
	return domain.Join(fieldErrors)
}

// vendorOf returns the vendor of a connection. The vendor determines which origins a base URL may have. The result is
// "" in two cases:
//
//   - No origins are configured. The vendor is not needed in this case.
//   - The connection does not exist. The update of the connection then fails with NotFound.
func (s *Service) vendorOf(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) (domain.Vendor, error) {
	if len(s.BaseURLs) == 0 {
		return "", nil
	}
	c, err := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if errors.Is(err, domain.NotFound) {
		return "", nil
	}
	return c.Vendor, err
}

// sealUpdate returns the connection with the credential of an update, or nil if the update has no credential. It reads
// the connection first, so that nothing is sealed for a connection that does not belong to the tenant.
func (s *Service) sealUpdate(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, u ports.ConnectionUpdate,
) (*domain.Connection, error) {
	if u.ClientID.IsZero() {
		return nil, nil
	}
	c, err := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if err != nil {
		return nil, err
	}
	// The store compares the client ids. An old credential that cannot be decrypted has none.
	if c, err = s.identify(ctx, c); err != nil && !errors.Is(err, domain.CredentialUnopened) {
		return nil, err
	}
	return &c, s.sealFor(ctx, &c, domain.AggregatorCredential(u.ClientID, u.Secret))
}

// sealFor seals the credential of an aggregator connection, and sets its Sealed and its Client.
// Client is zero if the key with which client ids are hashed cannot be decrypted.
func (s *Service) sealFor(ctx context.Context, c *domain.Connection, credential domain.Credential) (err error) {
	c.Client, err = s.clientKeyOf(ctx, c.Tenant, credential)
	if err != nil && !errors.Is(err, domain.CredentialUnopened) {
		return err
	}
	c.Sealed, err = s.seal(ctx, *c, credential)
	return err
}

// DeleteConnection implements ports.ConnectionManager.
func (s *Service) DeleteConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch,
) error {
	return s.delete(ctx, tenant, domain.Aggregator, id, match)
}

func (s *Service) delete(
	ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
	match ports.IfMatch,
) error {
	now := s.Clock.Now()
	entries := s.audits.EntriesOf(ctx, "connection.delete", id.String())
	_, err := s.Connections.Update(ctx, tenant, kind, id, entries, func(c *domain.Connection) error {
		if err := checkIfMatch(match, c); err != nil {
			return err
		}
		c.Delete(now)
		c.BumpRevision(now)
		return nil
	})
	if err == nil {
		s.audits.Emit(ctx, tenant, "connection.delete", id.String())
	}
	return err
}

// checkBaseURL validates the form, the origin and the address of a base URL for connections of the vendor v. It returns
// the field errors, or nil if the URL is valid. A non-nil error means that the check itself was interrupted.
func (s *Service) checkBaseURL(ctx context.Context, v domain.Vendor, raw string) ([]*domain.Error, error) {
	if fieldError := domain.ValidateBaseURL(raw, s.AllowHTTP); fieldError != nil {
		return nonNil(fieldError), nil
	}
	if !s.allowsOrigin(v, raw) {
		return nonNil(&domain.Error{
			Kind: domain.Invalid, Code: domain.AddressNotAllowed, Field: "baseUrl",
			Message: "must have an origin that this deployment allows for the vendor",
		}), nil
	}
	err := s.Egress.Check(ctx, raw)
	if err == nil || !errors.Is(err, domain.Rejected) {
		return nil, err
	}
	return nonNil(&domain.Error{
		Kind: domain.Invalid, Code: domain.AddressNotAllowed, Field: "baseUrl",
		Message: "must not resolve to an address that the egress rules forbid", Cause: err,
	}), nil
}

func (s *Service) seal(
	ctx context.Context, c domain.Connection, credential domain.Credential,
) (domain.Sealed, error) {
	sealed, err := s.Sealer.Seal(c.Tenant, c.ID, credential)
	if err != nil {
		s.Observer.Emit(ctx, ports.SealingFailed{Connection: c.ID, Err: err})
	}
	return sealed, err
}

// open returns the credential of a connection for a call to its vendor. It returns Rejected (address_not_allowed) if
// the deployment no longer allows the origin of the base URL. It also returns the errors of unseal.
func (s *Service) open(ctx context.Context, c domain.Connection) (domain.Credential, error) {
	if !s.allowsOrigin(c.Vendor, c.BaseURL) {
		return domain.Credential{}, &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}
	}
	return s.unseal(ctx, c)
}

// unseal decrypts the credential of a connection. Errors: Unavailable (credential_unopened).
func (s *Service) unseal(ctx context.Context, c domain.Connection) (domain.Credential, error) {
	credential, err := s.Sealer.Open(c.Tenant, c.ID, c.Sealed)
	if err != nil {
		s.Observer.Emit(ctx, ports.SealingFailed{Connection: c.ID, Err: err})
	}
	return credential, err
}

// checkIfMatch returns a Conflict (revision_mismatch) if the current revision of c does not satisfy the
// If-Match condition, and otherwise nil. It must be called before c is changed.
func checkIfMatch(match ports.IfMatch, c *domain.Connection) error {
	if match == nil || slices.Contains(match, c.Revision) {
		return nil
	}
	return &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch, Message: "the connection has changed"}
}

// nonNil returns fieldErrors without its nil elements.
func nonNil(fieldErrors ...*domain.Error) []*domain.Error {
	return slices.DeleteFunc(fieldErrors, func(f *domain.Error) bool { return f == nil })
}
