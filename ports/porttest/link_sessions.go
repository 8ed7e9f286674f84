package porttest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// linkSessionTests check ports.LinkSessions.
var linkSessionTests = []storeTest{
	{"a stored session is returned with all its fields, and only to its tenant", linkSessionIsStored},
	{"an open session reserves its name against connections and sessions", linkSessionReservesName},
	{"of concurrent sessions and connections with one name exactly one is stored", linkSessionNameRace},
	{"a tenant has a maximum of open sessions", linkSessionsAreLimited},
	{"a session is opened once, with its audit entry", linkSessionIsOpened},
	{"a due session is claimed by exactly one of concurrent calls", linkSessionIsClaimedOnce},
	{"a session is saved only under its claim, and keeps its credential", linkSessionIsSaved},
	{"a connected session has a connection, a pull and a token, and no credential", linkSessionConnects},
	{"a session connects only under its claim, and not with a taken name", linkSessionConnectsOnce},
	{"a session is found by the hash of its webhook token while it is not settled", linkSessionByHook},
	{"an update changes only a session of the tenant and vendor that is not settled", linkSessionUpdate},
	{"a reference is linked while a live connection has it, regardless of case for UUIDs", linkSessionIsLinked},
	{"only settled sessions are pruned", linkSessionIsPruned},
	{"an erasure deletes the session of the connection", linkSessionIsErased},
}

func linkSessionsAreLimited(f *fixture) {
	open := f.createLinkSession()
	for range domain.MaxLinkSessions - 5 {
		f.createLinkSession()
	}
	refused := make([]error, 8)
	sessions := make([]domain.LinkSession, len(refused))
	for i := range sessions {
		sessions[i] = f.newLinkSession()
	}
	concurrently(len(refused), func(i int) { refused[i] = f.LinkSessions.Create(f.ctx, sessions[i]) })
	count := 0
	for _, err := range refused {
		if err != nil {
			f.errorIs(err, domain.TooManyLinkSessions)
			count++
		}
	}
	f.equal("refused sessions", 4, count)
	theirs := f.newLinkSession()
	theirs.Tenant = newTenant()
	f.noError(f.LinkSessions.Create(f.ctx, theirs))
	f.errorIs(f.LinkSessions.Create(f.ctx, f.newLinkSession()), domain.TooManyLinkSessions)
	ended := open
	ended.State = domain.LinkClosing
	f.noError(f.LinkSessions.Save(f.ctx, ended, open.DueAt))
	f.createLinkSession()
}

// newLinkSession returns an open session with a unique name.
func (f *fixture) newLinkSession() domain.LinkSession {
	at := f.now()
	return domain.LinkSession{
		ID: newID[domain.LinkSession](), Tenant: f.tenant, Connection: newID[domain.Connection](), Vendor: vendor,
		Name: "session " + newUUID().String(), BaseURL: "https://api.example.test",
		Sealed: domain.Sealed("sealed \x00\xff of " + newUUID().String()), Actor: "operator-1",
		Receiver: "https://hooks.example.test/webhooks", Hook: domain.HashToken(newUUID().String()),
		State: domain.LinkOpen, CreatedAt: at, ExpiresAt: at.Add(time.Minute), DueAt: at.Add(30 * time.Second),
	}
}

func (f *fixture) createLinkSession() domain.LinkSession {
	f.Helper()
	l := f.newLinkSession()
	f.noError(f.LinkSessions.Create(f.ctx, l))
	return l
}

func (f *fixture) getLinkSession(l domain.LinkSession) domain.LinkSession {
	f.Helper()
	got, err := f.LinkSessions.Get(f.ctx, l.Tenant, l.ID)
	f.noError(err)
	return got
}

// claimLinkSession claims sessions that are due at the given time, and returns the session with the id of l. ok is
// false if that session was not claimed. The loop is needed because other tests may have sessions that are due.
func (f *fixture) claimLinkSession(l domain.LinkSession, now time.Time) (claimed domain.LinkSession, ok bool) {
	f.Helper()
	return claimOne(f, func(skip []domain.TenantID, limit int) ([]domain.LinkSession, error) {
		return f.LinkSessions.Claim(f.ctx, now, now.Add(time.Hour), skip, limit)
	}, func(c domain.LinkSession) bool { return c.ID == l.ID })
}

func linkSessionIsStored(f *fixture) {
	l := f.newLinkSession()
	l.Announced, l.Attempts, l.EndedAt, l.AccountRef = []string{"item-1", "item \"2\""}, 3, f.now(), "item-3"
	f.noError(f.LinkSessions.Create(f.ctx, l))
	f.equal("session", l, f.getLinkSession(l))
	_, err := f.LinkSessions.Get(f.ctx, newTenant(), l.ID)
	f.errorIs(err, domain.NotFound)
	_, err = f.LinkSessions.Get(f.ctx, f.tenant, newID[domain.LinkSession]())
	f.errorIs(err, domain.NotFound)
}

func linkSessionReservesName(f *fixture) {
	l := f.createLinkSession()
	f.errorIs(f.Connections.Create(f.ctx, f.newConnection(l.Name), nil), domain.NameTaken)
	f.errorIs(f.Connections.Create(f.ctx, f.newEngine(l.Name), nil), domain.NameTaken)
	c := f.createConnection()
	rename := func() error {
		_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.Rename(l.Name)
			return nil
		})
		return err
	}
	f.errorIs(rename(), domain.NameTaken)
	second := f.newLinkSession()
	second.Name = l.Name
	f.errorIs(f.LinkSessions.Create(f.ctx, second), domain.NameTaken)
	second.Name = c.Name
	f.errorIs(f.LinkSessions.Create(f.ctx, second), domain.NameTaken)
	second.Name, second.Tenant = l.Name, newTenant()
	f.noError(f.LinkSessions.Create(f.ctx, second))
	closed := l
	closed.Close(f.now())
	f.noError(f.LinkSessions.Save(f.ctx, closed, l.DueAt))
	f.noError(rename())
}

func linkSessionNameRace(f *fixture) {
	for range 5 {
		l := f.newLinkSession()
		c := f.newConnection(l.Name)
		other := f.newLinkSession()
		other.Name = l.Name
		var stored atomic.Int32
		var running sync.WaitGroup
		for _, create := range []func() error{
			func() error { return f.LinkSessions.Create(f.ctx, l) },
			func() error { return f.Connections.Create(f.ctx, c, nil) },
			func() error { return f.LinkSessions.Create(f.ctx, other) },
		} {
			running.Go(func() {
				if create() == nil {
					stored.Add(1)
				}
			})
		}
		running.Wait()
		f.equal("stored", int32(1), stored.Load())
	}
}

func linkSessionIsOpened(f *fixture) {
	l := f.createLinkSession()
	opened := l
	opened.Open(l.CreatedAt.Add(30*time.Minute), f.now())
	f.errorIs(f.LinkSessions.Open(f.ctx, opened, l.DueAt.Add(time.Second), f.entry("link_session.create")),
		domain.NotFound)
	f.noError(f.LinkSessions.Open(f.ctx, opened, l.DueAt, f.entry("link_session.create")))
	f.equal("session", opened, f.getLinkSession(l))
	f.errorIs(f.LinkSessions.Open(f.ctx, opened, l.DueAt, nil), domain.NotFound)
}

func linkSessionIsClaimedOnce(f *fixture) {
	l := f.createLinkSession()
	if _, ok := f.claimLinkSession(l, l.DueAt.Add(-time.Microsecond)); ok {
		f.Error("the session was claimed before it was due")
	}
	var claims atomic.Int32
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if claimed, ok := f.claimLinkSession(l, l.DueAt); ok {
				claims.Add(1)
				want := l
				want.DueAt = l.DueAt.Add(time.Hour)
				f.equal("claimed", want, claimed)
			}
		})
	}
	running.Wait()
	f.equal("claims", int32(1), claims.Load())
	if _, ok := f.claimLinkSession(l, l.DueAt.Add(time.Hour)); !ok {
		f.Error("an expired claim is not claimed again")
	}
}

func linkSessionIsSaved(f *fixture) {
	l := f.createLinkSession()
	claimed, _ := f.claimLinkSession(l, l.DueAt)
	changed := claimed
	changed.Attempts, changed.DueAt, changed.Sealed = 2, f.now().Add(2*time.Hour), domain.Sealed("another")
	changed.AwaitingSince = f.now()
	f.errorIs(f.LinkSessions.Save(f.ctx, changed, l.DueAt), domain.LeaseLost)
	f.noError(f.LinkSessions.Save(f.ctx, changed, claimed.DueAt))
	want := changed
	want.Sealed = l.Sealed
	f.equal("saved", want, f.getLinkSession(l))
	ended := changed
	ended.Discard(f.now())
	f.noError(f.LinkSessions.Save(f.ctx, ended, changed.DueAt))
	got := f.getLinkSession(l)
	f.equal("ended", ended, got)
	f.equal("strings of an ended session", []string{"", "", "", "", ""},
		[]string{got.Name, got.BaseURL, string(got.Sealed), got.Actor, got.Receiver})
	if _, ok := f.claimLinkSession(l, longAfter(f.now())); ok {
		f.Error("a settled session was claimed")
	}
	f.errorIs(f.LinkSessions.Save(f.ctx, changed, changed.DueAt), domain.LeaseLost)
}

// linked returns the session as it is after the account holder has signed in, and the new connection. Connect stores
// both.
func (f *fixture) linked(l domain.LinkSession) (domain.LinkSession, ports.LinkedConnection) {
	at := f.now()
	token, _ := l.Token(newID[domain.WebhookToken](), at)
	added := ports.LinkedConnection{
		Connection: l.ConnectionOf("item-"+newUUID().String(), at), Token: &token,
		Pull: ports.PullRequest{
			ID: newID[domain.Pull](), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator,
			At: at,
		},
	}
	l.Connect(added.Connection.AccountRef, at)
	return l, added
}

func linkSessionConnects(f *fixture) {
	l := f.createLinkSession()
	resealed, err := f.SealedValues.Replace(f.ctx, ports.SealedValue{
		Kind: ports.SealedLinkSession, Tenant: l.Tenant, ID: l.ID.UUID, Sealed: l.Sealed,
	}, domain.Sealed("resealed"))
	f.noError(err)
	f.equal("resealed", true, resealed)
	connected, added := f.linked(l)
	f.noError(f.LinkSessions.Connect(f.ctx, connected, l.DueAt, added, f.entry("connection.create")))
	f.equal("session", connected, f.getLinkSession(l))
	c, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, l.Connection)
	f.noError(err)
	want := added.Connection
	want.Sealed = domain.Sealed("resealed")
	f.equal("connection", want, c)
	p, err := f.Pulls.Get(f.ctx, f.tenant, added.Pull.ID)
	f.noError(err)
	f.equal("scope of the pull", domain.PullScope{Everything: true}, p.Scope)
	f.equal("token", *added.Token, f.findToken(*added.Token))
	f.equal("status of a delivery", domain.DeliveryAccepted, f.receiveWanted(*added.Token).Status)
}

func linkSessionConnectsOnce(f *fixture) {
	l := f.createLinkSession()
	connected, added := f.linked(l)
	f.errorIs(f.LinkSessions.Connect(f.ctx, connected, l.DueAt.Add(time.Second), added, nil), domain.LeaseLost)
	f.errorIs(f.LinkSessions.Connect(f.ctx, connected, l.DueAt, ports.LinkedConnection{
		Connection: f.createConnectionAgain(added.Connection), Pull: added.Pull,
	}, nil), domain.NameTaken)
	f.equal("session", l, f.getLinkSession(l))
	f.noError(f.LinkSessions.Connect(f.ctx, connected, l.DueAt, added, nil))
	f.errorIs(f.LinkSessions.Connect(f.ctx, connected, l.DueAt, added, nil), domain.LeaseLost)
}

// createConnectionAgain stores a new connection, and returns c with the name of that connection, so that c cannot be
// stored.
func (f *fixture) createConnectionAgain(c domain.Connection) domain.Connection {
	f.Helper()
	c.Name = f.createConnection().Name
	return c
}

func linkSessionByHook(f *fixture) {
	l := f.createLinkSession()
	got, err := f.LinkSessions.FindByHook(f.ctx, vendor, l.Hook)
	f.noError(err)
	f.equal("session", l, got)
	_, err = f.LinkSessions.FindByHook(f.ctx, otherVendor, l.Hook)
	f.errorIs(err, domain.NotFound)
	_, err = f.LinkSessions.FindByHook(f.ctx, vendor, domain.HashToken(newUUID().String()))
	f.errorIs(err, domain.NotFound)
	ended := l
	ended.Discard(f.now())
	f.noError(f.LinkSessions.Save(f.ctx, ended, l.DueAt))
	_, err = f.LinkSessions.FindByHook(f.ctx, vendor, l.Hook)
	f.errorIs(err, domain.NotFound)
}

func linkSessionUpdate(f *fixture) {
	l := f.createLinkSession()
	at := f.now()
	announce := func(l *domain.LinkSession) bool { return l.Announce("item-9", at) }
	f.errorIs(f.LinkSessions.Update(f.ctx, newTenant(), vendor, l.ID, announce), domain.NotFound)
	f.errorIs(f.LinkSessions.Update(f.ctx, f.tenant, otherVendor, l.ID, announce), domain.NotFound)
	f.equal("session", l, f.getLinkSession(l))
	f.noError(f.LinkSessions.Update(f.ctx, f.tenant, vendor, l.ID, announce))
	want := l
	want.Announced, want.DueAt = []string{"item-9"}, at
	f.equal("announced", want, f.getLinkSession(l))
	f.noError(f.LinkSessions.Update(f.ctx, f.tenant, vendor, l.ID, func(l *domain.LinkSession) bool {
		l.Attempts = 9
		return false
	}))
	f.equal("unchanged", want, f.getLinkSession(l))
	ended := want
	ended.Discard(f.now())
	f.noError(f.LinkSessions.Save(f.ctx, ended, want.DueAt))
	f.noError(f.LinkSessions.Update(f.ctx, f.tenant, vendor, l.ID, func(*domain.LinkSession) bool {
		f.Error("a settled session is updated")
		return true
	}))
}

func linkSessionIsLinked(f *fixture) {
	c := f.newConnection("connection " + newUUID().String())
	c.AccountRef = "7D2F9C1E-0B5A-4C3D-8E6F-1A2B3C4D5E6F"
	f.createStored(c)
	for ref, want := range map[string]bool{
		c.AccountRef: true, "7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f": true,
		"item-" + newUUID().String(): false, "": false,
	} {
		got, err := f.LinkSessions.IsLinked(f.ctx, f.tenant, vendor, ref)
		f.noError(err)
		f.equal("linked "+ref, want, got)
	}
	got, err := f.LinkSessions.IsLinked(f.ctx, newTenant(), vendor, c.AccountRef)
	f.noError(err)
	f.equal("of another tenant", false, got)
	f.deleteConnection(c)
	got, err = f.LinkSessions.IsLinked(f.ctx, f.tenant, vendor, c.AccountRef)
	f.noError(err)
	f.equal("after the deletion", false, got)
}

func linkSessionIsPruned(f *fixture) {
	open, ended := f.createLinkSession(), f.createLinkSession()
	settled := ended
	settled.Discard(f.now())
	f.noError(f.LinkSessions.Save(f.ctx, settled, ended.DueAt))
	_, err := f.LinkSessions.Prune(f.ctx, settled.EndedAt, 1000)
	f.noError(err)
	f.equal("not old enough", settled, f.getLinkSession(ended))
	_, err = f.LinkSessions.Prune(f.ctx, longAfter(f.now()), 1000)
	f.noError(err)
	_, err = f.LinkSessions.Get(f.ctx, f.tenant, ended.ID)
	f.errorIs(err, domain.NotFound)
	f.equal("open", open, f.getLinkSession(open))
}

func linkSessionIsErased(f *fixture) {
	l, kept := f.createLinkSession(), f.createLinkSession()
	connected, added := f.linked(l)
	f.noError(f.LinkSessions.Connect(f.ctx, connected, l.DueAt, added, nil))
	f.erase(added.Connection)
	_, err := f.LinkSessions.Get(f.ctx, f.tenant, l.ID)
	f.errorIs(err, domain.NotFound)
	f.equal("another session", kept, f.getLinkSession(kept))
}
