package application

import (
	"cmp"
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
	_, unknown := s.wiredVendor(n.Vendor)
	fieldErrors := append(nonNil(unknown), c.Validate()...)
	fieldErrors = append(fieldErrors, nonNil(s.checkAccessToken(c.Vendor, n.AccessToken, true))...)
	if !n.Application.IsZero() {
		return s.createMember(ctx, c, n, fieldErrors)
	}
	address, err := s.checkBaseURL(ctx, c.Vendor, n.BaseURL)
	if err != nil {
		return domain.Connection{}, err
	}
	fieldErrors = slices.Concat(fieldErrors, address, nonNil(
		domain.ValidateSecret(domain.PartClientID, n.ClientID), domain.ValidateSecret(domain.PartSecret, n.Secret),
	))
	if err := domain.Join(fieldErrors); err != nil {
		return domain.Connection{}, err
	}
	credential := domain.AggregatorCredential(n.ClientID, n.Secret).With(domain.PartAccessToken, n.AccessToken)
	if err := s.sealFor(ctx, &c, credential); err != nil {
		return domain.Connection{}, err
	}
	return c, s.storeNew(ctx, c)
}

// storeNew stores a new connection with its audit entry.
func (s *Service) storeNew(ctx context.Context, c domain.Connection) error {
	entries := s.audits.EntriesOf(ctx, "connection.create", c.ID.String())
	err := s.Connections.Create(ctx, c, entries)
	if err == nil {
		s.audits.Emit(ctx, c.Tenant, "connection.create", c.ID.String())
	}
	return err
}

// createMember creates a connection that uses the credential of an application. fieldErrors are the errors that were
// found in the request so far.
func (s *Service) createMember(
	ctx context.Context, c domain.Connection, n ports.NewConnection, fieldErrors []*domain.Error,
) (domain.Connection, error) {
	own := ownCredential(n.BaseURL, n.ClientID, n.Secret)
	if err := domain.Join(append(fieldErrors, own...)); err != nil {
		return domain.Connection{}, err
	}
	for attempt := 1; ; attempt++ {
		a, err := s.applicationFor(ctx, c.Tenant, n.Application, c.Vendor)
		if err != nil {
			return domain.Connection{}, err
		}
		c.BaseURL = a.BaseURL
		if err = s.join(ctx, &c, a, n.AccessToken); err == nil {
			err = s.storeNew(ctx, c)
		}
		if err == nil {
			c.JoinedRevision = 0
			return c, nil
		}
		if !errors.Is(err, domain.ApplicationChanged) || attempt == joinAttempts {
			return domain.Connection{}, err
		}
	}
}

// ownCredential returns one error for each field of a request that must not be sent together with applicationId.
func ownCredential(baseURL string, clientID, secret domain.Secret) (fieldErrors []*domain.Error) {
	for _, f := range []struct {
		name string
		sent bool
	}{{"baseUrl", baseURL != ""}, {domain.PartClientID, !clientID.IsZero()}, {domain.PartSecret, !secret.IsZero()}} {
		if f.sent {
			fieldErrors = append(fieldErrors, domain.FieldError(f.name, "cannot be combined with applicationId"))
		}
	}
	return fieldErrors
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
	filter.Kind, filter.Now = domain.Aggregator, s.Clock.Now()
	indexed := filter.Health == "" && filter.ConsentExpiresBefore.IsZero() &&
		filter.Institution == domain.InstitutionKey{}
	return readFiltered(ctx, s, tenant, indexed, func() (domain.Page[domain.Connection], error) {
		return s.Connections.List(ctx, tenant, filter, page)
	})
}

// UpdateConnection implements ports.ConnectionManager.
func (s *Service) UpdateConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch, u ports.ConnectionUpdate,
) (domain.Connection, error) {
	for attempt := 1; ; attempt++ {
		updated, err := s.updateConnection(ctx, tenant, id, match, u)
		if !errors.Is(err, domain.ApplicationChanged) || attempt == joinAttempts {
			return updated, err
		}
	}
}

// updateConnection updates the connection once. Errors: those of UpdateConnection; Conflict (application_changed) if
// the connection or its application has changed since the credential was sealed.
func (s *Service) updateConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch, u ports.ConnectionUpdate,
) (domain.Connection, error) {
	current, missing := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if missing != nil && !errors.Is(missing, domain.NotFound) {
		return domain.Connection{}, missing
	}
	if err := s.validateUpdate(ctx, current, u); err != nil {
		return domain.Connection{}, err
	}
	if missing != nil {
		return domain.Connection{}, missing
	}
	fresh, err := s.sealUpdate(ctx, current, u)
	if err != nil {
		return domain.Connection{}, err
	}
	now := s.Clock.Now()
	var changed []string
	entries := func() []domain.AuditEntry {
		return s.audits.EntriesOfUpdate(ctx, "connection.update", id.String(), changed)
	}
	updated, err := s.Connections.Update(ctx, tenant, domain.Aggregator, id, entries, func(c *domain.Connection) error {
		if err := checkIfMatch(match, c); err != nil {
			return err
		}
		if c.ApplicationID != current.ApplicationID || s.accessChanged(c, current) {
			return &domain.Error{Kind: domain.Conflict, Code: domain.ApplicationChanged}
		}
		before := *c
		c.Rename(u.Name)
		switch {
		case fresh != nil:
			c.Repoint(fresh.BaseURL, u.AccountRef, now)
			c.ApplicationID, c.JoinedRevision = fresh.ApplicationID, fresh.JoinedRevision
			c.Rotate(fresh.Sealed, fresh.Client)
		case c.ApplicationID.IsZero():
			c.Repoint(u.BaseURL, u.AccountRef, now)
		default:
			c.Repoint(c.BaseURL, u.AccountRef, now)
		}
		if changed = updatedMembers(before, *c, fresh != nil); len(changed) > 0 {
			c.BumpRevision(now)
		}
		return nil
	})
	if err == nil {
		s.audits.EmitUpdate(ctx, tenant, "connection.update", id.String(), changed)
	}
	return updated, err
}

// updatedMembers returns the names of the members that an update has changed.
func updatedMembers(before, after domain.Connection, hasCredential bool) []string {
	return auditing.Changed(
		auditing.IfChanged(after.Name != before.Name, "configName"),
		auditing.IfChanged(after.BaseURL != before.BaseURL, "baseUrl"),
		auditing.IfChanged(after.AccountRef != before.AccountRef, "accountRef"),
		auditing.IfChanged(after.ApplicationID != before.ApplicationID, "applicationId"),
		auditing.IfChanged(hasCredential, "credential"),
	)
}

// validateUpdate validates an update. current is the stored connection, or zero if there is none. It is not known then
// whether the update needs a base URL.
func (s *Service) validateUpdate(ctx context.Context, current domain.Connection, u ports.ConnectionUpdate) error {
	probe := domain.Connection{Kind: domain.Aggregator, Name: u.Name, AccountRef: u.AccountRef}
	fieldErrors := append(probe.Validate(), checkCredentialPair(u.ClientID, u.Secret)...)
	switch {
	case !u.Application.IsZero():
		fieldErrors = append(fieldErrors, ownCredential(u.BaseURL, u.ClientID, u.Secret)...)
	case u.BaseURL == "" && current.ID.IsZero():
	case u.BaseURL == "" && !current.ApplicationID.IsZero(): // it keeps the base URL
	case !current.ApplicationID.IsZero() && u.ClientID.IsZero():
		fieldErrors = append(fieldErrors, domain.FieldError("baseUrl", "is that of the application"))
	default:
		address, err := s.checkBaseURL(ctx, current.Vendor, u.BaseURL)
		if err != nil {
			return err
		}
		fieldErrors = slices.Concat(probe.Validate(), address, checkCredentialPair(u.ClientID, u.Secret))
	}
	if !current.ID.IsZero() {
		moved := domain.CanonicalAccountRef(u.AccountRef) != domain.CanonicalAccountRef(current.AccountRef)
		fieldErrors = append(fieldErrors, nonNil(s.checkAccessToken(current.Vendor, u.AccessToken, moved))...)
	}
	return domain.Join(fieldErrors)
}

// sealUpdate returns the connection with the credential and the base URL of an update. It returns nil if the update
// keeps the credential.
func (s *Service) sealUpdate(
	ctx context.Context, c domain.Connection, u ports.ConnectionUpdate,
) (*domain.Connection, error) {
	keeps := u.ClientID.IsZero() && (u.Application.IsZero() || u.Application == c.ApplicationID)
	if keeps && u.AccessToken.IsZero() {
		return nil, nil
	}
	if keeps {
		return s.sealAccessToken(ctx, c, u)
	}
	token, err := s.nextAccessToken(ctx, c, u.AccessToken)
	if err != nil {
		return nil, err
	}
	// The store compares the old client id with the new one. If the old credential cannot be decrypted, the old
	// client id is not known.
	c, err = s.identify(ctx, c)
	if err != nil && !errors.Is(err, domain.CredentialUnopened) {
		return nil, err
	}
	if u.Application.IsZero() {
		c.Leave()
		c.BaseURL = cmp.Or(u.BaseURL, c.BaseURL)
		credential := domain.AggregatorCredential(u.ClientID, u.Secret).With(domain.PartAccessToken, token)
		return &c, s.sealFor(ctx, &c, credential)
	}
	a, err := s.applicationFor(ctx, c.Tenant, u.Application, c.Vendor)
	if err != nil {
		return nil, err
	}
	c.BaseURL = a.BaseURL
	return &c, s.join(ctx, &c, a, token)
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
