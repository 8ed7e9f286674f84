package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectionTests check the reads and updates of ports.Connections.
var connectionTests = []storeTest{
	{"Get, List and Find return what was created", getReturnsWhatWasCreated},
	{"byte slices of arguments and results are not shared", bytesAreNotShared},
	{"another tenant's connection is not found, like an absent one", connectionsAreTenantScoped},
	{"a connection of the other kind is not found", kindsAreSeparate},
	{"a list filters by kind and by health, and zero members do not filter", connectionFilters},
	{"paging by name returns every row once while rows are added and deleted", connectionPaging},
	{"updates of one row are serialised", updatesSerialise},
	{"an error of the update function is returned unchanged, and nothing is written", updateRollsBack},
	{"an update writes what the update function changed", updateWrites},
	{"a cancelled context returns its own error, and nothing is written", cancelledContextIsReturned},
	{"activity is the finish of the last succeeded pull and the receipt of the last delivery", activityFollows},
	{"the activities of many connections are read at once", activityOfConnections},
}

func (f *fixture) getConnection(c domain.Connection) domain.Connection {
	f.Helper()
	got, err := f.Connections.Get(f.ctx, c.Tenant, c.Kind, c.ID)
	f.noError(err)
	return got
}

// listConnections returns the connections of the fixture's tenant that match the filter. It reads pages of limit
// connections and calls fn, if fn is not nil, after each page except the last.
func (f *fixture) listConnections(filter ports.ConnectionFilter, limit int, fn func()) []domain.Connection {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.Connection], error) {
		return f.Connections.List(f.ctx, f.tenant, filter, page)
	}, fn)
}

func getReturnsWhatWasCreated(f *fixture) {
	full := f.newConnection("full")
	full.Health = domain.Health{
		Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: f.now(), NeedsReauth: true, ReauthByEvent: true,
		ReauthSince: f.now(), ApprovalSince: f.now(), DeviceSince: f.now(),
	}
	full.Consent = domain.Consent{Status: domain.ReportedRevoked, Since: f.now()}
	full.Revision = 7
	for _, c := range []domain.Connection{full, f.newConnection("plain"), f.newEngine("engine")} {
		f.createStored(c)
		got := f.getConnection(c)
		f.equal("Get of "+c.Name, c, got)
		f.inUTC(got.CreatedAt, got.UpdatedAt)
		listed := slices.DeleteFunc(f.listConnections(ports.ConnectionFilter{Kind: c.Kind}, 50, nil),
			func(other domain.Connection) bool {
				return other.ID != c.ID
			})
		bare := c
		bare.Sealed = nil
		f.equal("List of "+c.Name, []domain.Connection{bare}, listed)
	}
	found, err := f.Connections.Find(f.ctx, f.tenant, vendor, "full")
	f.noError(err)
	f.equal("Find", full, found)
}

func bytesAreNotShared(f *fixture) {
	want := f.newEngine("engine")
	argument := want
	argument.Sealed, argument.Config = slices.Clone(want.Sealed), slices.Clone(want.Config)
	f.createStored(argument)
	argument.Sealed[0], argument.Config[0] = '!', '!'
	got := f.getConnection(want)
	f.equal("after the caller wrote to the argument", want, got)
	got.Sealed[0], got.Config[0] = '!', '!'
	f.equal("after the caller wrote to the result", want, f.getConnection(want))
}

// connectionsAreTenantScoped checks that every method returns the same error for the id of another tenant's connection
// as for an id that does not exist. A caller that can distinguish the two cases can find out which ids exist.
func connectionsAreTenantScoped(f *fixture) {
	c, foreign, absent := f.createConnection(), newTenant(), newID[domain.Connection]()
	get := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := f.Connections.Get(f.ctx, tenant, c.Kind, id)
		return err
	}
	f.sameNotFound("Get", get(foreign, c.ID), get(f.tenant, absent))
	find := func(tenant domain.TenantID, v domain.Vendor, name string) error {
		_, err := f.Connections.Find(f.ctx, tenant, v, name)
		return err
	}
	f.sameNotFound("Find", find(foreign, c.Vendor, c.Name), find(f.tenant, c.Vendor, "absent"))
	f.sameNotFound("Find by vendor", find(f.tenant, otherVendor, c.Name), find(f.tenant, c.Vendor, "absent"))
	update := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := f.Connections.Update(f.ctx, tenant, c.Kind, id, nil, func(c *domain.Connection) error {
			c.Name = "taken over"
			return nil
		})
		return err
	}
	f.sameNotFound("Update", update(foreign, c.ID), update(f.tenant, absent))
	f.equal("facts of another tenant", 0, len(f.factsAmong(foreign, []domain.ConnectionID{c.ID})))
	page, err := f.Connections.List(f.ctx, foreign, ports.ConnectionFilter{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("List of another tenant", domain.Page[domain.Connection]{}, page)
	f.equal("the connection afterwards", c, f.getConnection(c))
}

func kindsAreSeparate(f *fixture) {
	c, engine := f.createStored(f.newConnection("c")), f.createStored(f.newEngine("e"))
	for _, row := range []struct {
		kind domain.ConnectionKind
		id   domain.ConnectionID
	}{{domain.Engine, c.ID}, {domain.Aggregator, engine.ID}} {
		_, err := f.Connections.Get(f.ctx, f.tenant, row.kind, row.id)
		f.errorIs(err, domain.NotFound)
		_, err = f.Connections.Update(f.ctx, f.tenant, row.kind, row.id, nil, func(*domain.Connection) error {
			f.Error("the update function of a row of the other kind was called")
			return nil
		})
		f.errorIs(err, domain.NotFound)
	}
	_, err := f.Connections.Find(f.ctx, f.tenant, "", engine.Name)
	f.errorIs(err, domain.NotFound)
}

// connectionFilters checks the filters of List. The filter for the health "unknown" must also return a connection whose
// health was never checked.
func connectionFilters(f *fixture) {
	with := func(name string, status domain.HealthStatus) {
		c := f.newConnection(name)
		c.Health.Status = status
		f.createStored(c)
	}
	with("a new", "")
	with("b unknown", domain.Unknown)
	with("c healthy", domain.Healthy)
	with("d unhealthy", domain.Unhealthy)
	at := f.now()
	stopped := f.newConnection("d signed out")
	stopped.Health = domain.Health{Status: domain.Healthy, NeedsReauth: true, ReauthSince: at}
	f.createStored(stopped)
	consent := func(name string, c domain.Consent) {
		connection := f.newConnection(name)
		connection.Health.Status, connection.Consent = domain.Healthy, c
		f.createStored(connection)
	}
	consent("d taken", domain.Consent{Status: domain.ReportedRevoked, Since: at})
	consent("d told", domain.Consent{Status: domain.ReportedExpired, ExpiresAt: at, Since: at})
	consent("f ends", domain.Consent{Status: domain.ReportedGranted, ExpiresAt: longAfter(at), Since: at})
	f.createStored(f.newEngine("e engine"))
	unknown := []string{"a new", "b unknown"}
	broken := []string{"d signed out", "d taken", "d told", "d unhealthy"}
	all := slices.Concat(unknown, []string{"c healthy"}, broken, []string{"e engine", "f ends"})
	for _, row := range []struct {
		filter ports.ConnectionFilter
		want   []string
	}{
		{ports.ConnectionFilter{}, all},
		{ports.ConnectionFilter{Kind: domain.Engine}, []string{"e engine"}},
		{ports.ConnectionFilter{Kind: domain.Aggregator, Health: domain.Unknown}, []string{"a new", "b unknown"}},
		{
			ports.ConnectionFilter{Kind: domain.Aggregator, Health: domain.Healthy, Now: at},
			[]string{"c healthy", "f ends"},
		},
		{ports.ConnectionFilter{Kind: domain.Aggregator, Health: domain.Unknown, Now: longAfter(at)}, unknown},
		{ports.ConnectionFilter{Health: domain.Unhealthy, Now: at}, broken},
		{ports.ConnectionFilter{Health: domain.Unhealthy, Now: longAfter(at)}, append(broken, "f ends")},
		{ports.ConnectionFilter{Health: domain.Healthy, Now: longAfter(at)}, []string{"c healthy"}},
		{ports.ConnectionFilter{Kind: domain.Engine, Health: domain.Healthy}, nil},
	} {
		names := ids(f.listConnections(row.filter, 2, nil), func(c domain.Connection) string { return c.Name })
		f.equal(fmt.Sprintf("%+v", row.filter), row.want, names)
	}
}

// connectionPaging checks a list that changes while its pages are read. Connections are added before and after the
// current position, and one is deleted. Each connection that exists the whole time must be listed exactly once. A store
// that pages by offset fails.
func connectionPaging(f *fixture) {
	var want []domain.ConnectionID
	for i := range 7 {
		want = append(want, f.createStored(f.newConnection(fmt.Sprintf("m%d", i))).ID)
	}
	deleted := f.createStored(f.newConnection("m0 gone"))
	round := 0
	got := f.listConnections(ports.ConnectionFilter{}, 2, func() {
		if round++; round == 1 {
			f.deleteConnection(deleted)
		}
		f.createStored(f.newConnection(fmt.Sprintf("a%d", round))) // sorted before the position
		if round < 4 {
			f.createStored(f.newConnection(fmt.Sprintf("z%d", round))) // sorted after the position
		}
	})
	exactlyOnce(f, want, ids(got, connectionID))
	if !slices.IsSortedFunc(got, func(x, y domain.Connection) int { return compareText(x.Name, y.Name) }) {
		f.Error("the rows are not sorted by name")
	}
}

// updatesSerialise checks that no increment of the revision is lost when several updates run concurrently. A store
// loses increments if it updates the row without a lock or a compare-and-swap.
func updatesSerialise(f *fixture) {
	const writers = 32
	c := f.createConnection()
	concurrently(writers, func(int) {
		_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.Revision++
			return nil
		})
		if err != nil {
			f.Error(err)
		}
	})
	f.equal("revision", int64(1+writers), f.getConnection(c).Revision)
}

// updateRollsBack checks that a failed update writes nothing. The update also sets DeletedAt, to check that
// the side effects of a deletion do not happen either.
func updateRollsBack(f *fixture) {
	c, refused := f.createConnection(), errors.New("refused")
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Name, c.Sealed, c.Revision = "changed", nil, 9
		c.DeletedAt = epoch
		return refused
	})
	if !errors.Is(err, refused) {
		f.Errorf("error %v, want the update function's own", err)
	}
	f.equal("the connection", c, f.getConnection(c))
}

// updateWrites changes every member that an update can change, for both kinds of connection.
func updateWrites(f *fixture) {
	for _, c := range []domain.Connection{f.createStored(f.newConnection("c")), f.createStored(f.newEngine("e"))} {
		at := f.now()
		var want domain.Connection
		got, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(row *domain.Connection) error {
			f.equal("what the update function receives", c, *row)
			row.Rename(c.Name + " renamed")
			if c.Kind == domain.Aggregator {
				row.Repoint("https://elsewhere.example.test", "item-2", at)
			} else {
				row.Reconfigure([]byte(`{"host":"elsewhere"}`))
			}
			row.Rotate(domain.Sealed("another"), domain.ClientKey{1})
			row.BumpRevision(at)
			row.Health = row.Health.AfterFailure(domain.CredentialRejected, at).AfterSignal(domain.SignalReauth, at)
			want = *row
			return nil
		})
		f.noError(err)
		want.Announced.Reauth = c.Kind == domain.Aggregator
		f.equal("what Update returns", want, got)
		f.equal("what is stored", want, f.getConnection(c))
	}
}

// factsOf returns the facts about a connection, and checks that those about all connections of the tenant contain the
// same, except for what is read only for selected connections.
func (f *fixture) factsOf(c domain.Connection) domain.ConnectionFacts {
	f.Helper()
	facts := f.factsAmong(c.Tenant, []domain.ConnectionID{c.ID})[c.ID]
	f.equal("id", c.ID, facts.ID)
	common := facts
	common.ConnectionActivity = domain.ConnectionActivity{}
	if facts.Webhook.MissedAt.IsZero() {
		common.Webhooks = domain.Evidence{}
	}
	f.equal("facts about all connections", common, f.factsAmong(c.Tenant, nil)[c.ID])
	return facts
}

// activityFollows checks the times in ConnectionActivity. A failed pull must not change these times, but an ignored
// event must change the time of the last delivery.
func activityFollows(f *fixture) {
	c, token := f.connectionWithToken()
	check := func(what string, want domain.ConnectionActivity) {
		f.Helper()
		got := f.factsOf(c)
		f.equal(what, want, got.ConnectionActivity)
		f.equal(what+": webhooks", domain.Evidence{HasToken: true}, got.Webhooks)
		f.inUTC(got.LastPullAt, got.LastWebhookAt)
	}
	check("before anything happened", domain.ConnectionActivity{})
	first := f.receiveWanted(token)
	check("after a delivery", domain.ConnectionActivity{LastWebhookAt: first.ReceivedAt})
	l, _ := f.claim(first.Pull)
	f.finish(l, domain.PullSucceeded, "")
	ended := f.getPull(first.Pull).FinishedAt
	check("after a succeeded pull", domain.ConnectionActivity{LastPullAt: ended, LastWebhookAt: first.ReceivedAt})
	ignored := f.receive(f.incoming(token, domain.WebhookEvent{Name: "item/seen", DedupKey: "ignored"})).Delivery
	l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.finish(l, domain.PullFailed, domain.CredentialRejected)
	check("after a failed pull and an ignored event",
		domain.ConnectionActivity{LastPullAt: ended, LastWebhookAt: ignored.ReceivedAt})
	f.deleteConnection(c)
	f.equal("after the deletion", 0, len(f.factsAmong(f.tenant, []domain.ConnectionID{c.ID})))
}

func activityOfConnections(f *fixture) {
	c, token := f.connectionWithToken()
	quiet, deleted, engine := f.createConnection(), f.createConnection(), f.createStored(f.newEngine("engine"))
	f.deleteConnection(deleted)
	received := f.receiveWanted(token)
	wanted := []domain.ConnectionID{quiet.ID, deleted.ID, c.ID, engine.ID, newID[domain.Connection]()}
	got := map[domain.ConnectionID]domain.ConnectionActivity{}
	for id, facts := range f.factsAmong(f.tenant, wanted) {
		got[id] = facts.ConnectionActivity
		f.equal("has a token", id == c.ID, facts.Webhooks.HasToken)
	}
	f.equal("activity", map[domain.ConnectionID]domain.ConnectionActivity{
		c.ID: {LastWebhookAt: received.ReceivedAt}, quiet.ID: {},
	}, got)
	for tenant, ids := range map[domain.TenantID][]domain.ConnectionID{newTenant(): wanted, f.tenant: {}} {
		f.equal("facts of another tenant, or of no connection", 0, len(f.factsAmong(tenant, ids)))
	}
}

// cancelledContextIsReturned checks that a store returns the error of a cancelled context. An Unavailable
// error would make the caller's cancellation look like an outage.
func cancelledContextIsReturned(f *fixture) {
	c, token := f.connectionWithToken()
	over, cancel := context.WithCancel(f.ctx)
	cancel()
	fresh, r := f.newConnection("fresh"), f.incoming(token, wantedEvent("late", domain.PullScope{}))
	f.errorIs(f.Connections.Create(over, fresh, nil), context.Canceled)
	_, err := f.Connections.Get(over, f.tenant, c.Kind, c.ID)
	f.errorIs(err, context.Canceled)
	_, err = f.Deliveries.Receive(over, r)
	f.errorIs(err, context.Canceled)
	_, err = f.Connections.Get(f.ctx, f.tenant, fresh.Kind, fresh.ID)
	f.errorIs(err, domain.NotFound)
	_, err = f.Deliveries.Get(f.ctx, f.tenant, r.Delivery)
	f.errorIs(err, domain.NotFound)
}
