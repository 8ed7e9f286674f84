package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// joinAttempts is the maximum number of attempts at a change of a connection. Another attempt is necessary if the
// connection's application has changed meanwhile.
const joinAttempts = 3

// CreateApplication implements ports.ApplicationManager.
func (s *Service) CreateApplication(
	ctx context.Context, tenant domain.TenantID, n ports.NewApplication,
) (domain.Application, error) {
	now := s.Clock.Now()
	a := domain.Application{
		ID: domain.ApplicationID{UUID: s.IDs.New()}, Tenant: tenant, Vendor: domain.Vendor(n.Vendor), Name: n.Name,
		BaseURL: n.BaseURL, Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	address, err := s.checkBaseURL(ctx, a.Vendor, a.BaseURL)
	if err != nil {
		return domain.Application{}, err
	}
	_, unknown := s.wiredVendor(n.Vendor)
	fieldErrors := slices.Concat(nonNil(unknown), a.Validate(), address, nonNil(
		domain.ValidateSecret(domain.PartClientID, n.ClientID), domain.ValidateSecret(domain.PartSecret, n.Secret),
	))
	if err := domain.Join(fieldErrors); err != nil {
		return domain.Application{}, err
	}
	sealed, err := s.sealApplication(ctx, a, domain.AggregatorCredential(n.ClientID, n.Secret))
	if err != nil {
		return domain.Application{}, err
	}
	a.Rotate(sealed)
	entries := s.audits.EntriesOf(ctx, "application.create", a.ID.String())
	if err := s.Applications.Create(ctx, a, entries); err != nil {
		return domain.Application{}, err
	}
	s.audits.Emit(ctx, tenant, "application.create", a.ID.String())
	return a, nil
}

// GetApplication implements ports.ApplicationManager.
func (s *Service) GetApplication(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID,
) (domain.Application, error) {
	return s.Applications.Get(ctx, tenant, id)
}

// ListApplications implements ports.ApplicationManager.
func (s *Service) ListApplications(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[domain.Application], error) {
	return s.Applications.List(ctx, tenant, page)
}

// DeleteApplication implements ports.ApplicationManager.
func (s *Service) DeleteApplication(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, match ports.IfMatch,
) error {
	entries := s.audits.EntriesOf(ctx, "application.delete", id.String())
	err := s.Applications.Delete(ctx, tenant, id, entries, func(a domain.Application) error {
		return matchApplication(match, a)
	})
	if err == nil {
		s.audits.Emit(ctx, tenant, "application.delete", id.String())
	}
	return err
}

// matchApplication returns a Conflict (revision_mismatch) if the revision of a does not satisfy the If-Match condition.
func matchApplication(match ports.IfMatch, a domain.Application) error {
	if match == nil || slices.Contains(match, a.Revision) {
		return nil
	}
	return &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch, Message: "the application has changed"}
}

// UpdateApplication implements ports.ApplicationManager.
func (s *Service) UpdateApplication(
	ctx context.Context,
	tenant domain.TenantID,
	id domain.ApplicationID,
	match ports.IfMatch,
	u ports.ApplicationUpdate,
) (domain.Application, error) {
	probe := domain.Application{Name: u.Name}
	if err := domain.Join(append(probe.Validate(), checkCredentialPair(u.ClientID, u.Secret)...)); err != nil {
		return domain.Application{}, err
	}
	a, err := s.Applications.Get(ctx, tenant, id)
	if err != nil {
		return domain.Application{}, err
	}
	if err := matchApplication(match, a); err != nil {
		return domain.Application{}, err
	}
	var fresh *applicationCredential
	if !u.ClientID.IsZero() {
		if fresh, err = s.newCredential(ctx, a, u); err != nil {
			return domain.Application{}, err
		}
	}
	var changed []string
	entries := func() []domain.AuditEntry {
		return s.audits.EntriesOfUpdate(ctx, "application.update", id.String(), changed)
	}
	change := ports.ApplicationChange{
		Rotates: fresh != nil, Receiver: u.Receiver, Actor: ports.CallerOf(ctx).Actor,
	}
	now := s.Clock.Now()
	var replaced []domain.Connection // the members before the change
	updated, err := s.Applications.Update(ctx, tenant, id, change, entries,
		func(a *domain.Application, members []*domain.Connection) error {
			if err := matchApplication(match, *a); err != nil {
				return err
			}
			replaced = replaced[:0]
			for _, c := range members {
				replaced = append(replaced, *c)
			}
			changed = auditing.Changed(
				auditing.IfChanged(a.Name != u.Name, "name"), auditing.IfChanged(fresh != nil, "credential"))
			if len(changed) == 0 {
				return nil
			}
			a.Rename(u.Name)
			a.BumpRevision(now)
			if fresh == nil {
				return nil
			}
			a.Rotate(fresh.sealed)
			return s.distribute(ctx, *fresh, members, now)
		})
	if err == nil {
		s.audits.EmitUpdate(ctx, tenant, "application.update", id.String(), changed)
		s.pullReplaced(ctx, replaced)
	}
	return updated, err
}

// rotationPulls bounds the time in which pulls are requested after a credential was replaced.
const rotationPulls = 3 * time.Second

// pullReplaced requests pulls of connections whose credential was replaced, because their health is not known any more.
// members are the connections before the replacement.
//
//   - A connection that was healthy is asked for its status and its accounts only.
//   - A connection that was unhealthy may have missed rows, so everything is read.
//   - A connection whose health was not known is not read.
//
// The change of the credential is complete without these pulls. If no pull can be requested for a connection, the
// connection is read when its next pull is due.
func (s *Service) pullReplaced(ctx context.Context, members []domain.Connection) {
	ctx, cancel := context.WithTimeout(ctx, rotationPulls)
	defer cancel()
	for _, c := range members {
		known := c.Health.Status == domain.Healthy || c.Health.Status == domain.Unhealthy
		if !known || !c.Live() || c.Paused() {
			continue
		}
		_, err := s.Pulls.Request(ctx, c.Tenant, c.ID, ports.PullRequest{
			ID: s.newPullID(), Scope: domain.PullScope{Everything: c.Health.Status == domain.Unhealthy},
			Trigger: domain.TriggerOperator, At: s.Clock.Now(), Trace: s.Tracer.Inject(ctx),
		}, nil)
		if errors.Is(err, domain.Unavailable) || ctx.Err() != nil {
			return
		}
	}
}

// applicationCredential is a new credential of an application. sealed is the credential as it is stored with the
// application.
type applicationCredential struct {
	credential domain.Credential
	client     domain.ClientKey
	sealed     domain.Sealed
}

// newCredential returns the new credential that an update of the application contains. Unless the update is forced,
// newCredential first makes a call to the vendor with this credential.
func (s *Service) newCredential(
	ctx context.Context, a domain.Application, u ports.ApplicationUpdate,
) (*applicationCredential, error) {
	fresh := applicationCredential{credential: domain.AggregatorCredential(u.ClientID, u.Secret)}
	if !u.Force {
		if err := s.tryCredential(ctx, a, fresh.credential); err != nil {
			return nil, err
		}
	}
	c := sealedApplication(a)
	err := s.sealFor(ctx, &c, fresh.credential)
	fresh.sealed, fresh.client = c.Sealed, c.Client
	return &fresh, err
}

// distribute seals the new credential of an application for each of its connections. A connection keeps its own
// access token, if it has one. Errors: Unavailable (credential_unopened) if such a token cannot be decrypted.
func (s *Service) distribute(
	ctx context.Context, fresh applicationCredential, members []*domain.Connection, now time.Time,
) error {
	for _, c := range members {
		credential, err := s.withAccessToken(ctx, *c, fresh.credential)
		if err != nil {
			return err
		}
		sealed, err := s.seal(ctx, *c, credential)
		if err != nil {
			return err
		}
		c.Follow(sealed, fresh.client, now)
	}
	return nil
}

// sealedApplication returns a connection with the id, the tenant and the sealed credential of the application. With
// it, the functions that seal and open the credential of a connection also work for an application.
func sealedApplication(a domain.Application) domain.Connection {
	return domain.Connection{ID: domain.ConnectionID{UUID: a.ID.UUID}, Tenant: a.Tenant, Sealed: a.Sealed}
}

// sealApplication seals a credential for the application.
func (s *Service) sealApplication(
	ctx context.Context, a domain.Application, credential domain.Credential,
) (domain.Sealed, error) {
	return s.seal(ctx, sealedApplication(a), credential)
}

// openApplication decrypts the credential of an application. Errors: Unavailable (credential_unopened).
func (s *Service) openApplication(ctx context.Context, a domain.Application) (domain.Credential, error) {
	return s.unseal(ctx, sealedApplication(a))
}

// tryCredential makes one live call to the vendor with a new credential of the application: it reads the account
// reference of one of the application's connections. If that connection is not healthy, the credential is also
// accepted if the vendor answers that it does not know the account reference. Errors: Rejected (vendor_refused);
// Unavailable with RetryAfter if no slot becomes free; the Unavailable errors of Aggregator.
func (s *Service) tryCredential(ctx context.Context, a domain.Application, credential domain.Credential) error {
	vendor := s.aggregators[a.Vendor]
	if vendor == nil {
		return vendorRefusal(&domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown})
	}
	if !s.allowsOrigin(a.Vendor, a.BaseURL) {
		return vendorRefusal(&domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed})
	}
	release, err := s.liveShares.Acquire(ctx, s.Sleeper, a.Tenant)
	if err != nil {
		return err
	}
	defer release()
	c, err := s.memberToTry(ctx, a)
	if err != nil {
		return err
	}
	if !c.ID.IsZero() && s.usesAccessToken(c.Vendor) {
		// Applications.Members returns no sealed credentials.
		stored, err := s.Connections.Get(ctx, c.Tenant, domain.Aggregator, c.ID)
		if err != nil {
			return err
		}
		if credential, err = s.withAccessToken(ctx, stored, credential); err != nil {
			return err
		}
	}
	access := ports.AccessOf(c, credential)
	// The new connection id prevents the call from using a session of the stored credential. It also keeps a session
	// of the new credential apart, because that credential may not be stored.
	access.Connection = domain.ConnectionID{UUID: s.IDs.New()}
	check := vendor.Check
	if v, ok := vendor.(ports.Verifier); ok {
		check = v.Verify
	}
	ctx, cancel := context.WithTimeout(ctx, liveTestTimeout)
	defer cancel()
	_, err = check(ctx, access)
	if errors.Is(err, domain.AccountNotFound) && c.Health.Status != domain.Healthy {
		err = nil
	}
	return vendorRefusal(err)
}

// memberToTry returns the connection whose account reference tryCredential reads. It is the oldest healthy connection
// of the application, or the oldest one if none is healthy. Paused connections are skipped. If no connection is left,
// memberToTry returns a connection with an account reference that the vendor does not know.
func (s *Service) memberToTry(ctx context.Context, a domain.Application) (domain.Connection, error) {
	chosen := domain.Connection{
		Tenant: a.Tenant, Kind: domain.Aggregator, Vendor: a.Vendor, BaseURL: a.BaseURL,
		AccountRef: s.IDs.New().String(),
	}
	members, err := s.Applications.Members(ctx, a.Tenant, a.ID)
	for _, c := range members {
		better := chosen.ID.IsZero() || c.Health.Status == domain.Healthy && chosen.Health.Status != domain.Healthy
		if better && !c.Paused() {
			chosen = c
		}
	}
	return chosen, err
}

// checkCredentialPair returns one error for each invalid part of an optional credential. A request must contain both
// parts or none.
func checkCredentialPair(clientID, secret domain.Secret) []*domain.Error {
	switch {
	case clientID.IsZero() && secret.IsZero():
		return nil
	case clientID.IsZero() || secret.IsZero():
		missing := domain.PartSecret
		if clientID.IsZero() {
			missing = domain.PartClientID
		}
		return []*domain.Error{{
			Kind: domain.Invalid, Code: domain.HalfCredential, Field: missing,
			Message: "clientId and secret must be sent together",
		}}
	}
	return nonNil(
		domain.ValidateSecret(domain.PartClientID, clientID),
		domain.ValidateSecret(domain.PartSecret, secret),
	)
}

// applicationFor returns the application that a connection of the vendor will join. Errors: NotFound
// (application_not_found); Invalid on applicationId if it is an application of another vendor.
func (s *Service) applicationFor(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, v domain.Vendor,
) (domain.Application, error) {
	a, err := s.Applications.Get(ctx, tenant, id)
	if errors.Is(err, domain.NotFound) {
		return a, domain.ApplicationNotFoundError()
	}
	if err == nil && a.Vendor != v {
		err = domain.FieldError("applicationId", "must be an application of the vendor")
	}
	return a, err
}

// join makes the connection use the credential of the application. accessToken is the connection's own access token, if
// it has one.
func (s *Service) join(
	ctx context.Context, c *domain.Connection, a domain.Application, accessToken domain.Secret,
) error {
	credential, err := s.openApplication(ctx, a)
	if err != nil {
		return err
	}
	joined := *c
	if err := s.sealFor(ctx, &joined, credential.With(domain.PartAccessToken, accessToken)); err != nil {
		return err
	}
	c.Join(a, joined.Sealed, joined.Client)
	return nil
}

// NextRenewal implements ports.Maintenance.
func (s *Service) NextRenewal(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	claimed, err := s.Applications.ClaimRenewals(ctx, now, now.Add(domain.RegistrationTimeout), skip, 1)
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	a := claimed[0].Application
	return workOf(a.Tenant, "webhook of application "+a.ID.String(), func(ctx context.Context) error {
		var next domain.RegistrationRenewal
		err := s.renewRegistration(ctx, claimed[0])
		if err != nil {
			next = a.Renewal.Failed(s.Clock.Now())
		}
		return errors.Join(err, s.Applications.EndRenewal(ctx, a, next))
	}), nil
}

// renewRegistration creates a webhook at the vendor for a connection of an application whose client id has changed.
// Then it requests pulls of everything, because no webhook has arrived since the change. It does nothing if the
// application has no connection. The audit entry names the operator who has changed the client id.
func (s *Service) renewRegistration(ctx context.Context, c ports.ClaimedRenewal) error {
	if _, registers := s.aggregators[c.Application.Vendor].(ports.WebhookRegistrar); !registers ||
		s.registersReferences(c.Application.Vendor) || c.Connection.ID.IsZero() {
		return nil
	}
	minted, err := s.newToken(c.Connection, true)
	if err != nil {
		return err
	}
	ctx = ports.WithCaller(ctx, ports.Caller{Actor: c.Application.Renewal.Actor})
	renewed, err := s.registerToken(ctx, c.Connection, minted, c.Application.Renewal.Receiver, 0)
	if err == nil && !renewed.Shared {
		s.audits.Emit(ctx, c.Application.Tenant, "token.mint", renewed.ID.String())
	}
	if err != nil {
		return err
	}
	return s.pullMembers(ctx, c.Application)
}

// pullMembers requests a pull of everything for each connection of an application that is not paused.
func (s *Service) pullMembers(ctx context.Context, a domain.Application) error {
	members, err := s.Applications.Members(ctx, a.Tenant, a.ID)
	if err != nil {
		return err
	}
	for _, c := range members {
		_, err := s.Pulls.Request(ctx, c.Tenant, c.ID, ports.PullRequest{
			ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerReconcile,
			At: s.Clock.Now(),
		}, nil)
		if err != nil && !errors.Is(err, domain.NotFound) && !errors.Is(err, domain.ConnectionPaused) {
			return err
		}
	}
	return nil
}
