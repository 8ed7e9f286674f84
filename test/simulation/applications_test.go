package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// vendorApplication is an application that an operator has created in the service, together with the credential that
// the vendor accepts for it.
type vendorApplication struct {
	domain.Application
	clientID, secret string
}

// maxApplications is the maximum number of live applications that the simulation creates for a tenant.
const maxApplications = 2

// errorsOfVendor are the kinds of errors that a use case may return if it calls a vendor.
var errorsOfVendor = []error{domain.Unavailable, domain.Rejected}

// toleratingVendor returns nil if err is an error of a vendor; otherwise it returns err.
func (s *sim) toleratingVendor(actor string, err error) error {
	for _, kind := range errorsOfVendor {
		if s.checkError(actor, err) == nil || errors.Is(err, kind) {
			return nil
		}
	}
	return err
}

// liveApplications returns the tenant's applications that were not deleted.
func (s *sim) liveApplications(tenant domain.TenantID) (live []*vendorApplication) {
	for _, a := range s.applications {
		if a.Tenant == tenant {
			live = append(live, a)
		}
	}
	return live
}

// applicationByID returns an application that was not deleted, or nil.
func (s *sim) applicationByID(id domain.ApplicationID) *vendorApplication {
	for _, a := range s.applications {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// createApplication creates an application of the connection's tenant, if the tenant has fewer than maxApplications.
func (s *sim) createApplication(ctx context.Context, app *application.Service, c *connection) error {
	if len(s.liveApplications(c.Tenant)) >= maxApplications {
		return nil
	}
	s.names++
	secret := fmt.Sprintf("%s-secret-%d", canary, s.names)
	s.newSecrets[fmt.Sprintf("application %d", s.names)] = secret
	created, err := app.CreateApplication(ctx, c.Tenant, ports.NewApplication{
		Vendor: string(c.Vendor), Name: fmt.Sprintf("application %d", s.names), BaseURL: c.BaseURL,
		ClientID: domain.SecretText(canary + "-id"), Secret: domain.SecretText(secret),
	})
	s.checkNoSecret("a created application", created)
	return err
}

// applicationCreated records a new application when it is committed.
func (s *sim) applicationCreated(a domain.Application) {
	s.applications = append(s.applications, &vendorApplication{
		Application: a, clientID: canary + "-id", secret: s.newSecrets[a.Name],
	})
}

// rotateApplication changes the credential of the connection's application at the vendor, and afterwards in the
// service. Usually the new credential has another client id. Sometimes the request forces the service to store the
// credential without a successful test.
func (s *sim) rotateApplication(ctx context.Context, app *application.Service, c *connection) error {
	a := s.applicationByID(c.ApplicationID)
	if a == nil {
		return nil
	}
	s.names++
	a.secret = fmt.Sprintf("%s-secret-%d", canary, s.names)
	if s.chance(0.7) {
		a.clientID = fmt.Sprintf("%s-id-%d", canary, s.names)
	}
	return s.toleratingVendor("rotate", s.updateApplication(ctx, app, a, s.chance(0.3)))
}

// updateApplication gives the service the credential that the vendor accepts for the application.
func (s *sim) updateApplication(
	ctx context.Context, app *application.Service, a *vendorApplication, force bool,
) error {
	updated, err := app.UpdateApplication(ctx, a.Tenant, a.ID, nil, ports.ApplicationUpdate{
		Name: a.Name, ClientID: domain.SecretText(a.clientID), Secret: domain.SecretText(a.secret), Force: force,
		Receiver: receiver,
	})
	s.checkNoSecret("an updated application", updated)
	return err
}

// deleteApplication deletes a random application of the tenant. The service refuses the deletion while a connection
// uses the application.
func (s *sim) deleteApplication(ctx context.Context, app *application.Service, c *connection) error {
	live := s.liveApplications(c.Tenant)
	if len(live) == 0 {
		return nil
	}
	return app.DeleteApplication(ctx, c.Tenant, live[s.rand.IntN(len(live))].ID, nil)
}

// joinOrLeave makes a connection without an application use an application of the same vendor, if the tenant has one.
// It gives a connection with an application a credential of its own, so that the connection leaves the application.
func (s *sim) joinOrLeave(ctx context.Context, app *application.Service, c *connection) error {
	if !c.ApplicationID.IsZero() {
		return s.updateCredential(ctx, app, c)
	}
	for _, a := range s.liveApplications(c.Tenant) {
		if a.Vendor == c.Vendor {
			c.ref.application = a
			return s.updateConnection(ctx, app, c, ports.IfMatch{c.Revision}, ports.ConnectionUpdate{
				Name: c.Name, AccountRef: c.AccountRef, Application: a.ID,
			})
		}
	}
	return nil
}

// updateConnection updates a connection. It sets the base URL of u if the connection then uses no application. If the
// connection joins or leaves an application meanwhile, the service may refuse the base URL.
func (s *sim) updateConnection(
	ctx context.Context, app *application.Service, c *connection, match ports.IfMatch, u ports.ConnectionUpdate,
) error {
	if u.Application.IsZero() && (c.ApplicationID.IsZero() || !u.ClientID.IsZero()) {
		u.BaseURL = c.BaseURL
	}
	moves := c.moves
	updated, err := app.UpdateConnection(ctx, c.Tenant, c.ID, match, u)
	s.checkNoSecret("an updated connection", updated)
	if errors.Is(err, domain.Invalid) && c.moves != moves {
		return nil
	}
	return err
}

// newMember returns a new account reference of a random application, and the request for a connection to it. It reports
// false if the tenant has no application.
func (s *sim) newMember(tenant domain.TenantID) (*accountRef, ports.NewConnection, bool) {
	live := s.liveApplications(tenant)
	if len(live) == 0 {
		return nil, ports.NewConnection{}, false
	}
	a := live[s.rand.IntN(len(live))]
	ref := s.newAccountRef()
	ref.vendor, ref.application = a.Vendor, a
	return ref, ports.NewConnection{
		Vendor: string(a.Vendor), Name: "to " + ref.id, AccountRef: ref.id, Application: a.ID,
	}, true
}

// accepts reports whether the vendor accepts the credential for the account reference. The vendor accepts the
// credential of the reference and the credential of its application.
func (ref *accountRef) accepts(credential domain.Credential) bool {
	secret := credential.Part(domain.PartSecret)
	return secret.Equal(domain.SecretText(ref.secret)) ||
		ref.application != nil && secret.Equal(domain.SecretText(ref.application.secret))
}

// checkApplications checks that each connection of an application has the credential of the application, and that the
// application is stored with the number of its connections.
func (s *sim) checkApplications() {
	for _, a := range s.applications {
		stored, err := s.store.Applications().Get(s.background(), a.Tenant, a.ID)
		s.mustSucceed(err)
		credential, err := s.sealer.Open(a.Tenant, domain.ConnectionID(a.ID), stored.Sealed)
		s.mustSucceed(err)
		members := 0
		for _, c := range s.liveConnections() {
			if c.ApplicationID != a.ID {
				continue
			}
			members++
			now, err := s.store.Connections().Get(s.background(), c.Tenant, c.Kind, c.ID)
			s.mustSucceed(err)
			own, err := s.sealer.Open(c.Tenant, c.ID, now.Sealed)
			s.mustSucceed(err)
			if !own.Part(domain.PartSecret).Equal(credential.Part(domain.PartSecret)) {
				s.violated("%s does not have the credential of %s", c.Name, a.Name)
			}
		}
		if stored.Connections != members {
			s.violated("%s states %d connections, want %d", a.Name, stored.Connections, members)
		}
		s.counters.members += members
	}
}

// applications injects faults into the methods that use cases of operators and background tasks call.
type applications struct {
	sim *sim
	ports.Applications
}

func (v applications) Create(ctx context.Context, a domain.Application, entries ports.AuditEntries) error {
	return interceptError(ctx, v.sim, "Applications.Create", func(ctx context.Context) error {
		err := v.Applications.Create(ctx, a, entries)
		if err == nil {
			v.sim.applicationCreated(a)
		}
		return err
	})
}

func (v applications) Get(
	ctx context.Context, t domain.TenantID, id domain.ApplicationID,
) (domain.Application, error) {
	return intercept(ctx, v.sim, "Applications.Get", func(ctx context.Context) (domain.Application, error) {
		return v.Applications.Get(ctx, t, id)
	})
}

func (v applications) Members(
	ctx context.Context, t domain.TenantID, id domain.ApplicationID,
) ([]domain.Connection, error) {
	return intercept(ctx, v.sim, "Applications.Members", func(ctx context.Context) ([]domain.Connection, error) {
		return v.Applications.Members(ctx, t, id)
	})
}

func (v applications) Update(ctx context.Context, t domain.TenantID, id domain.ApplicationID, u ports.ApplicationChange,
	entries ports.AuditEntries, fn func(*domain.Application, []*domain.Connection) error,
) (domain.Application, error) {
	return intercept(ctx, v.sim, "Applications.Update", func(ctx context.Context) (a domain.Application, err error) {
		return a, v.sim.changeConnections(func() error {
			if a, err = v.Applications.Update(ctx, t, id, u, entries, fn); err != nil {
				return err
			}
			for _, c := range v.sim.liveConnections() {
				if c.ApplicationID == id {
					stored, err := v.sim.store.Connections().Get(ctx, c.Tenant, c.Kind, c.ID)
					v.sim.mustSucceed(err)
					v.sim.connectionUpdated(stored)
				}
			}
			if u.Rotates {
				v.sim.counters.rotations++
			}
			return nil
		})
	})
}

func (v applications) Delete(
	ctx context.Context, t domain.TenantID, id domain.ApplicationID, entries ports.AuditEntries,
	check func(domain.Application) error,
) error {
	return interceptError(ctx, v.sim, "Applications.Delete", func(ctx context.Context) error {
		err := v.Applications.Delete(ctx, t, id, entries, check)
		if err == nil {
			v.sim.applicationDeleted(id)
		}
		return err
	})
}

// applicationDeleted records the deletion of an application when it is committed. No connection may use it.
func (s *sim) applicationDeleted(id domain.ApplicationID) {
	for _, c := range s.liveConnections() {
		if c.ApplicationID == id {
			s.violated("an application was deleted although %s uses it", c.Name)
		}
	}
	for i, a := range s.applications {
		if a.ID == id {
			s.applications = append(s.applications[:i:i], s.applications[i+1:]...)
			return
		}
	}
}

func (v applications) ClaimRenewals(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int,
) ([]ports.ClaimedRenewal, error) {
	return intercept(ctx, v.sim, "Applications.ClaimRenewals",
		func(ctx context.Context) ([]ports.ClaimedRenewal, error) {
			claimed, err := v.Applications.ClaimRenewals(ctx, now, claimEnd, skip, limit)
			v.sim.counters.renewals += len(claimed)
			return claimed, err
		})
}

func (v applications) EndRenewal(
	ctx context.Context, claimed domain.Application, next domain.RegistrationRenewal,
) error {
	return interceptError(ctx, v.sim, "Applications.EndRenewal", func(ctx context.Context) error {
		return v.Applications.EndRenewal(ctx, claimed, next)
	})
}
