package porttest

import (
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// applicationRecordTests check the methods of ports.Applications for applications that operators have created.
var applicationRecordTests = []storeTest{
	{"an application is stored with its sealed credential, and listed without", applicationIsStored},
	{"the name of an application is unique for its tenant", applicationNames},
	{"applications are listed by name in pages, with the numbers of their connections", applicationsAreListed},
	{"other tenants find no application", applicationsOfOthers},
	{"a connection joins only the application as it is now", joinComparesTheRevision},
	{"Update changes the application and its connections together, or nothing", applicationUpdate},
	{"another client id removes the registration and plans a new one", applicationGetsAnotherClient},
	{"Delete deletes no application that its check refuses", deletionRefused},
	{"an application is not deleted while a connection or an erasure at the vendor uses it", applicationInUse},
	{"a link session joins its application, which is not deleted before", applicationOfALinkSession},
	{"a renewal is claimed once, with the oldest connection, and ends", renewals},
}

func (f *fixture) newApplication(name string) domain.Application {
	at := f.now()
	return domain.Application{
		ID: newID[domain.Application](), Tenant: f.tenant, Vendor: vendor, Name: name,
		BaseURL: "https://api.example.test", Sealed: domain.Sealed("sealed \x00\xff bytes of " + name),
		Revision: 1, CreatedAt: at, UpdatedAt: at,
	}
}

func (f *fixture) createApplication(name string) domain.Application {
	f.Helper()
	a := f.newApplication(name)
	f.noError(f.Applications.Create(f.ctx, a, f.entry("application.create")))
	return a
}

func (f *fixture) getApplication(id domain.ApplicationID) domain.Application {
	f.Helper()
	a, err := f.Applications.Get(f.ctx, f.tenant, id)
	f.noError(err)
	return a
}

// joined stores a new connection that uses the credential of the application. The byte client stands for the client
// id of the application.
func (f *fixture) joined(a domain.Application, name string, client byte) domain.Connection {
	f.Helper()
	c := f.newConnection(name)
	c.AccountRef, c.BaseURL = "item of "+name, a.BaseURL
	c.Join(a, domain.Sealed("of "+name), domain.ClientKey{client})
	c = f.createStored(c)
	c.JoinedRevision = 0
	return c
}

func (f *fixture) updateApplication(
	a domain.Application, rotates bool, fn func(*domain.Application, []*domain.Connection) error,
) (domain.Application, error) {
	return f.Applications.Update(f.ctx, f.tenant, a.ID, ports.ApplicationChange{
		Rotates: rotates, Receiver: "https://receiver.example", Actor: "operator",
	}, f.entry("application.update"), fn)
}

func applicationIsStored(f *fixture) {
	a := f.createApplication("a")
	f.equal("stored", a, f.getApplication(a.ID))
	page, err := f.Applications.List(f.ctx, f.tenant, domain.PageRequest{Limit: 10})
	f.noError(err)
	a.Sealed = nil
	f.equal("listed", []domain.Application{a}, page.Items)
	f.equal("actions", []string{"application.create"}, f.actions())
}

func applicationNames(f *fixture) {
	a, b := f.createApplication("a"), f.createApplication("b")
	err := f.Applications.Create(f.ctx, f.newApplication("a"), f.entry("application.create"))
	f.errorIs(err, domain.Conflict)
	f.equal("the code", domain.NameTaken, domain.CodeOf(err))
	rename := func(a domain.Application, name string) error {
		_, err := f.updateApplication(a, false, func(a *domain.Application, _ []*domain.Connection) error {
			a.Rename(name)
			return nil
		})
		return err
	}
	f.equal("a rename", domain.NameTaken, domain.CodeOf(rename(b, "a")))
	f.equal("after the refusal", b, f.getApplication(b.ID))
	f.noError(rename(b, "b"))
	f.noError(f.Applications.Delete(f.ctx, f.tenant, a.ID, nil, allowed))
	f.noError(rename(b, "a"))
	f.tenant = newTenant()
	f.createApplication("a")
}

func applicationsAreListed(f *fixture) {
	var want []string
	for _, name := range []string{"b", "a", "Z", "ç", "c"} {
		f.createApplication(name)
		want = append(want, name)
	}
	slices.Sort(want)
	list := func() []domain.Application {
		f.Helper()
		return collectPages(f, 2, func(page domain.PageRequest) (domain.Page[domain.Application], error) {
			return f.Applications.List(f.ctx, f.tenant, page)
		}, nil)
	}
	var names []string
	all := list()
	for _, a := range all {
		names = append(names, a.Name)
	}
	f.equal("names", want, names)
	f.joined(f.getApplication(all[1].ID), "one", 1)
	f.deleteConnection(f.joined(f.getApplication(all[1].ID), "deleted", 1))
	for range 2 {
		f.joined(f.getApplication(all[2].ID), newUUID().String(), 1)
	}
	var counts []int
	for _, a := range list() {
		counts = append(counts, a.Connections)
	}
	f.equal("numbers of connections", []int{0, 1, 2, 0, 0}, counts)
	f.equal("of one", 2, f.getApplication(all[2].ID).Connections)
}

func applicationsOfOthers(f *fixture) {
	a := f.createApplication("a")
	f.joined(a, "c", 1)
	own := f.tenant
	f.tenant = newTenant()
	_, err := f.Applications.Get(f.ctx, f.tenant, a.ID)
	f.errorIs(err, domain.NotFound)
	_, err = f.updateApplication(a, true, func(*domain.Application, []*domain.Connection) error {
		f.Error("the function was called")
		return nil
	})
	f.errorIs(err, domain.NotFound)
	f.errorIs(f.Applications.Delete(f.ctx, f.tenant, a.ID, nil, allowed), domain.NotFound)
	members, err := f.Applications.Members(f.ctx, f.tenant, a.ID)
	f.noError(err)
	f.equal("members", 0, len(members))
	foreign := f.newConnection("foreign")
	foreign.Join(a, domain.Sealed("x"), domain.ClientKey{1})
	err = f.Connections.Create(f.ctx, foreign, nil)
	f.equal("joining", domain.ApplicationNotFound, domain.CodeOf(err))
	f.errorIs(err, domain.NotFound)
	f.tenant = own
	f.equal("connections", 1, f.getApplication(a.ID).Connections)
}

func joinComparesTheRevision(f *fixture) {
	a := f.createApplication("a")
	_, err := f.updateApplication(a, true, func(a *domain.Application, _ []*domain.Connection) error {
		a.Rotate(domain.Sealed("fresh"))
		a.BumpRevision(f.now())
		return nil
	})
	f.noError(err)
	stale := f.newConnection("stale")
	stale.BaseURL = a.BaseURL
	stale.Join(a, domain.Sealed("old"), domain.ClientKey{1})
	err = f.Connections.Create(f.ctx, stale, nil)
	f.errorIs(err, domain.Conflict)
	f.equal("a creation", domain.ApplicationChanged, domain.CodeOf(err))
	c := f.createStored(f.newConnection("own"))
	join := func(a domain.Application) error {
		_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.BaseURL = a.BaseURL
			c.Join(a, domain.Sealed("joined"), domain.ClientKey{2})
			return nil
		})
		return err
	}
	f.equal("an update", domain.ApplicationChanged, domain.CodeOf(join(a)))
	f.equal("after the refusal", c, f.getConnection(c))
	now := f.getApplication(a.ID)
	f.noError(join(now))
	stored := f.getConnection(c)
	f.equal("joined", []any{now.ID, int64(0), domain.ClientKey{2}, "joined"},
		[]any{stored.ApplicationID, stored.JoinedRevision, stored.Client, string(stored.Sealed)})
	_, err = f.updateApplication(a, false, func(a *domain.Application, _ []*domain.Connection) error {
		a.Rename("renamed")
		a.BumpRevision(f.now())
		return nil
	})
	f.noError(err)
	f.repoint(c, func(c *domain.Connection) { c.Rename("a later update compares nothing") })
	f.repoint(c, func(c *domain.Connection) { c.Leave(); c.Rotate(domain.Sealed("own"), domain.ClientKey{5}) })
	f.equal("after it has left", 0, f.getApplication(a.ID).Connections)
}

// rotate returns an update function that gives the application and its connections new credentials.
func (f *fixture) rotate(client byte) func(*domain.Application, []*domain.Connection) error {
	return func(a *domain.Application, members []*domain.Connection) error {
		a.Rename("renamed " + a.Name)
		a.Rotate(domain.Sealed("rotated"))
		a.BumpRevision(f.now())
		for _, c := range members {
			c.Follow(domain.Sealed("rotated for "+c.Name), domain.ClientKey{client}, a.UpdatedAt)
		}
		return nil
	}
}

func applicationUpdate(f *fixture) {
	a := f.createApplication("a")
	first, second := f.joined(a, "first", 1), f.joined(a, "second", 1)
	deleted := f.joined(a, "deleted", 1)
	f.deleteConnection(deleted)
	f.joined(f.createApplication("b"), "of another", 1)
	refused := &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused}
	_, err := f.updateApplication(a, true, func(a *domain.Application, members []*domain.Connection) error {
		f.noError(f.rotate(1)(a, members))
		return refused
	})
	f.errorIs(err, refused)
	a.Connections = 2
	f.equal("after the refusal", a, f.getApplication(a.ID))
	f.equal("a connection after the refusal", first, f.getConnection(first))
	var ids []domain.ConnectionID
	updated, err := f.updateApplication(a, true, func(a *domain.Application, members []*domain.Connection) error {
		ids = nil
		for _, c := range members {
			ids = append(ids, c.ID)
		}
		return f.rotate(1)(a, members)
	})
	f.noError(err)
	f.equal("members", []domain.ConnectionID{first.ID, second.ID, deleted.ID}, ids)
	f.equal("the result", updated, f.getApplication(a.ID))
	f.equal("the application", []any{"renamed a", "rotated", int64(2), 2},
		[]any{updated.Name, string(updated.Sealed), updated.Revision, updated.Connections})
	for _, c := range []domain.Connection{first, second} {
		stored := f.getConnection(c)
		f.equal("a connection", []any{"rotated for " + c.Name, int64(2)}, []any{string(stored.Sealed), stored.Revision})
	}
	members, err := f.Applications.Members(f.ctx, f.tenant, a.ID)
	f.noError(err)
	f.equal("Members", []any{2, first.ID, 0}, []any{len(members), members[0].ID, len(members[0].Sealed)})
	_, err = f.updateApplication(a, false, func(_ *domain.Application, members []*domain.Connection) error {
		f.equal("members of a change without a credential", 0, len(members))
		return nil
	})
	f.noError(err)
}

// changeClient gives the application and its connections another client id.
func (f *fixture) changeClient(a domain.Application, client byte) domain.Application {
	f.Helper()
	updated, err := f.updateApplication(a, true, f.rotate(client))
	f.noError(err)
	return updated
}

func applicationGetsAnotherClient(f *fixture) {
	a := f.createApplication("a")
	owner := f.joined(a, "owner", 1)
	f.joined(a, "other", 1)
	token := f.register(owner, "webhook")
	a = f.changeClient(a, 2)
	found := f.findToken(token)
	f.equal("the registration", []any{domain.RegistrationRemoving, string(owner.Sealed)},
		[]any{found.Registration.State, string(found.Registration.Access.Sealed)})
	f.equal("the renewal", domain.RegistrationRenewal{
		DueAt: a.UpdatedAt, Since: a.UpdatedAt, Receiver: "https://receiver.example", Actor: "operator",
	}, a.Renewal)
	f.equal("the stored renewal", a.Renewal, f.getApplication(a.ID).Renewal)

	b := f.createApplication("b")
	f.joined(b, "of b", 3)
	f.equal("without a registration", domain.RegistrationRenewal{}, f.changeClient(b, 4).Renewal)

	// The connection "outside" has its own credential with the same client id. It takes over the registration when
	// the client id of the application changes.
	c := f.createApplication("c")
	owner = f.joined(c, "of c", 5)
	outside := f.newConnection("outside")
	outside.BaseURL, outside.Client, outside.AccountRef = c.BaseURL, domain.ClientKey{5}, "outside"
	outside = f.createStored(outside)
	token = f.register(owner, "another webhook")
	c = f.changeClient(c, 6)
	f.equal("after the registration was handed over", c.UpdatedAt, c.Renewal.DueAt)
	f.wantOwner("handed over", token, outside, outside.AccountRef)
}

// allowed is a check of Applications.Delete that refuses nothing.
func allowed(domain.Application) error { return nil }

// deletionRefused checks that Delete calls check with the stored application, and changes nothing if check refuses.
func deletionRefused(f *fixture) {
	a := f.createApplication("a")
	refused := errors.New("refused")
	err := f.Applications.Delete(
		f.ctx,
		f.tenant,
		a.ID,
		f.entry("application.delete"),
		func(got domain.Application) error {
			f.equal("the checked revision", a.Revision, got.Revision)
			return refused
		},
	)
	f.errorIs(err, refused)
	f.equal("after the refusal", a, f.getApplication(a.ID))
	f.noError(f.Applications.Delete(f.ctx, f.tenant, a.ID, nil, allowed))
}

func applicationInUse(f *fixture) {
	a := f.createApplication("a")
	c := f.joined(a, "c", 1)
	del := func() error {
		return f.Applications.Delete(f.ctx, f.tenant, a.ID, f.entry("application.delete"), allowed)
	}
	f.equal("with a connection", domain.ApplicationInUse, domain.CodeOf(del()))
	f.errorIs(del(), domain.Conflict)
	_, err := f.Erasures.Start(f.ctx, f.tenant, c.ID, domain.ErasureRequest{
		ID: newID[domain.Erasure](), AtVendor: true, At: f.now(),
	}, nil)
	f.noError(err)
	f.equal("with an erasure", domain.ApplicationInUse, domain.CodeOf(del()))
	b := f.createApplication("b")
	f.deleteConnection(f.joined(b, "deleted", 1))
	f.noError(f.Applications.Delete(f.ctx, f.tenant, b.ID, f.entry("application.delete"), allowed))
	_, err = f.Applications.Get(f.ctx, f.tenant, b.ID)
	f.errorIs(err, domain.NotFound)
	f.errorIs(f.Applications.Delete(f.ctx, f.tenant, b.ID, nil, allowed), domain.NotFound)
}

func applicationOfALinkSession(f *fixture) {
	a := f.createApplication("a")
	session := f.newLinkSession()
	session.Application, session.BaseURL = a.ID, a.BaseURL
	f.noError(f.LinkSessions.Create(f.ctx, session))
	stored, err := f.LinkSessions.Get(f.ctx, f.tenant, session.ID)
	f.noError(err)
	f.equal("stored", a.ID, stored.Application)
	del := func() error { return f.Applications.Delete(f.ctx, f.tenant, a.ID, nil, allowed) }
	f.equal("with a session", domain.ApplicationInUse, domain.CodeOf(del()))

	connect := func(revision int64) error {
		now, joined := f.now(), a
		joined.Revision = revision
		c := stored.ConnectionOf("item", now)
		c.Join(joined, domain.Sealed("of the application"), domain.ClientKey{1})
		connected := stored
		connected.Connect("item", now)
		return f.LinkSessions.Connect(f.ctx, connected, stored.DueAt, ports.LinkedConnection{
			Connection: c, Pull: ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: now},
		}, nil)
	}
	f.equal("with an old revision", domain.ApplicationChanged, domain.CodeOf(connect(7)))
	again, err := f.LinkSessions.Get(f.ctx, f.tenant, session.ID)
	f.noError(err)
	f.equal("after the refusal", stored, again)
	f.noError(connect(a.Revision))
	c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, session.Connection)
	f.noError(err)
	f.equal("the connection", []any{a.ID, "of the application"}, []any{c.ApplicationID, string(c.Sealed)})
	f.deleteConnection(c)
	f.noError(del())

	orphan := f.newLinkSession()
	orphan.Application = a.ID
	f.equal("without an application", domain.ApplicationNotFound, domain.CodeOf(f.LinkSessions.Create(f.ctx, orphan)))
}

// claimRenewal claims renewals that are due at the given time, and returns the renewal of the application a. A
// renewal creates a webhook at the vendor for the application's new client id.
func (f *fixture) claimRenewal(a domain.Application, now time.Time) (claimed ports.ClaimedRenewal, ok bool) {
	f.Helper()
	return claimOne(f, func(skip []domain.TenantID, limit int) ([]ports.ClaimedRenewal, error) {
		return f.Applications.ClaimRenewals(f.ctx, now, now.Add(time.Hour), skip, limit)
	}, func(c ports.ClaimedRenewal) bool { return c.Application.ID == a.ID })
}

func renewals(f *fixture) {
	a := f.createApplication("a")
	oldest := f.joined(a, "oldest", 1)
	f.joined(a, "younger", 1)
	f.register(oldest, "webhook")
	a = f.changeClient(a, 2)
	_, early := f.claimRenewal(a, a.Renewal.DueAt.Add(-time.Microsecond))
	f.equal("claimed before it is due", false, early)
	now := f.now()
	claimed, ok := f.claimRenewal(a, now)
	f.equal("claimed", true, ok)
	f.equal("the claim", []any{oldest.ID, "rotated for oldest", 1, now.Add(time.Hour)}, []any{
		claimed.Connection.ID, string(claimed.Connection.Sealed), claimed.Application.Renewal.Attempts,
		claimed.Application.Renewal.DueAt,
	})
	_, again := f.claimRenewal(a, now)
	f.equal("claimed again", false, again)
	next := claimed.Application.Renewal
	next.DueAt = now.Add(2 * time.Hour)
	f.noError(f.Applications.EndRenewal(f.ctx, claimed.Application, next))
	f.equal("postponed", next, f.getApplication(a.ID).Renewal)
	f.noError(f.Applications.EndRenewal(f.ctx, claimed.Application, domain.RegistrationRenewal{}))
	f.equal("after the end of an earlier claim", next, f.getApplication(a.ID).Renewal)
	claimed, _ = f.claimRenewal(a, next.DueAt)
	f.noError(f.Applications.EndRenewal(f.ctx, claimed.Application, domain.RegistrationRenewal{}))
	f.equal("ended", domain.RegistrationRenewal{}, f.getApplication(a.ID).Renewal)
}
