package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectionPromises are what ports.Connections says of reading and changing.
var connectionPromises = []promise{
	{"what was created is given back as it was", createdIsGivenBack},
	{"bytes handed over and handed back are not shared", bytesAreNotShared},
	{"another tenant's connection is answered like an absent one", connectionsKeepTenants},
	{"a connection of the other kind is not found", kindsAreApart},
	{"a list narrows by kind and by health, and zero members do not narrow", connectionFilters},
	{"paging by name meets every row once while rows come and go", connectionPaging},
	{"updates of one row happen one after the other", updatesSerialise},
	{"an error of the change is returned as it is, with nothing written", updateRollsBack},
	{"an update writes what the change changed", updateWrites},
	{"a context that is over is answered with its own error, and nothing is written", contextIsObeyed},
	{"activity is the last succeeded pull's finish and the last delivery's receipt", activityFollows},
}

func (b *bench) get(c domain.Connection) domain.Connection {
	b.Helper()
	got, err := b.Connections.Get(b.ctx, c.Tenant, c.Kind, c.ID)
	b.ok(err)
	return got
}

// listed reads the bench's own connections.
func (b *bench) listed(filter ports.ConnectionFilter, limit int, between func()) []domain.Connection {
	b.Helper()
	return walk(b, limit, func(page domain.PageRequest) (domain.Page[domain.Connection], error) {
		return b.Connections.List(b.ctx, b.tenant, filter, page)
	}, between)
}

func createdIsGivenBack(b *bench) {
	full := b.freshConnection("full")
	full.Health = domain.Health{
		Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: b.now(), NeedsReauth: true, ReauthByEvent: true,
	}
	full.Revision = 7
	for _, c := range []domain.Connection{full, b.freshConnection("plain"), b.freshEngine("engine")} {
		b.store(c)
		got := b.get(c)
		b.same("Get of "+c.Name, c, got)
		b.utc(got.CreatedAt, got.UpdatedAt)
		listed := slices.DeleteFunc(b.listed(ports.ConnectionFilter{Kind: c.Kind}, 50, nil), func(other domain.Connection) bool {
			return other.ID != c.ID
		})
		bare := c
		bare.Sealed = nil
		b.same("List of "+c.Name, []domain.Connection{bare}, listed)
	}
	found, err := b.Connections.Find(b.ctx, b.tenant, vendor, "full")
	b.ok(err)
	b.same("Find", full, found)
}

func bytesAreNotShared(b *bench) {
	want := b.freshEngine("engine")
	given := want
	given.Sealed, given.Config = slices.Clone(want.Sealed), slices.Clone(want.Config)
	b.store(given)
	given.Sealed[0], given.Config[0] = '!', '!'
	got := b.get(want)
	b.same("after the caller wrote to what it handed over", want, got)
	got.Sealed[0], got.Config[0] = '!', '!'
	b.same("after the caller wrote to what it was given", want, b.get(want))
}

// connectionsKeepTenants tries every method with another tenant, and with an id of nobody:
// a caller who can tell the two apart can find out which ids exist.
func connectionsKeepTenants(b *bench) {
	c, foreign, absent := b.connection(), newTenant(), newID[domain.Connection]()
	get := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := b.Connections.Get(b.ctx, tenant, c.Kind, id)
		return err
	}
	b.alike("Get", get(foreign, c.ID), get(b.tenant, absent))
	find := func(tenant domain.TenantID, v domain.Vendor, name string) error {
		_, err := b.Connections.Find(b.ctx, tenant, v, name)
		return err
	}
	b.alike("Find", find(foreign, c.Vendor, c.Name), find(b.tenant, c.Vendor, "absent"))
	b.alike("Find by vendor", find(b.tenant, otherVendor, c.Name), find(b.tenant, c.Vendor, "absent"))
	update := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := b.Connections.Update(b.ctx, tenant, c.Kind, id, func(c *domain.Connection) error {
			c.Name = "taken over"
			return nil
		})
		return err
	}
	b.alike("Update", update(foreign, c.ID), update(b.tenant, absent))
	activity := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := b.Connections.Activity(b.ctx, tenant, id)
		return err
	}
	b.alike("Activity", activity(foreign, c.ID), activity(b.tenant, absent))
	page, err := b.Connections.List(b.ctx, foreign, ports.ConnectionFilter{}, domain.PageRequest{Limit: 10})
	b.ok(err)
	b.same("List of another tenant", domain.Page[domain.Connection]{}, page)
	b.same("the connection afterwards", c, b.get(c))
}

func kindsAreApart(b *bench) {
	c, engine := b.store(b.freshConnection("c")), b.store(b.freshEngine("e"))
	for _, row := range []struct {
		kind domain.ConnectionKind
		id   domain.ConnectionID
	}{{domain.Engine, c.ID}, {domain.Aggregator, engine.ID}} {
		_, err := b.Connections.Get(b.ctx, b.tenant, row.kind, row.id)
		b.fails(err, domain.NotFound)
		_, err = b.Connections.Update(b.ctx, b.tenant, row.kind, row.id, func(*domain.Connection) error {
			b.Error("the change of a row of the other kind was run")
			return nil
		})
		b.fails(err, domain.NotFound)
	}
	_, err := b.Connections.Find(b.ctx, b.tenant, "", engine.Name)
	b.fails(err, domain.NotFound)
}

// connectionFilters has a row whose health was never looked at: it reads as unknown.
func connectionFilters(b *bench) {
	with := func(name string, status domain.HealthStatus) {
		c := b.freshConnection(name)
		c.Health.Status = status
		b.store(c)
	}
	with("a new", "")
	with("b unknown", domain.Unknown)
	with("c healthy", domain.Healthy)
	with("d unhealthy", domain.Unhealthy)
	b.store(b.freshEngine("e engine"))
	for _, row := range []struct {
		filter ports.ConnectionFilter
		want   []string
	}{
		{ports.ConnectionFilter{}, []string{"a new", "b unknown", "c healthy", "d unhealthy", "e engine"}},
		{ports.ConnectionFilter{Kind: domain.Engine}, []string{"e engine"}},
		{ports.ConnectionFilter{Kind: domain.Aggregator, Health: domain.Unknown}, []string{"a new", "b unknown"}},
		{ports.ConnectionFilter{Kind: domain.Aggregator, Health: domain.Healthy}, []string{"c healthy"}},
		{ports.ConnectionFilter{Health: domain.Unhealthy}, []string{"d unhealthy"}},
		{ports.ConnectionFilter{Kind: domain.Engine, Health: domain.Healthy}, nil},
	} {
		names := ids(b.listed(row.filter, 2, nil), func(c domain.Connection) string { return c.Name })
		b.same(fmt.Sprintf("%+v", row.filter), row.want, names)
	}
}

// connectionPaging lets rows come before and behind the position, and one go: a store
// that pages by offset meets a row twice or not at all.
func connectionPaging(b *bench) {
	var want []domain.ConnectionID
	for i := range 7 {
		want = append(want, b.store(b.freshConnection(fmt.Sprintf("m%d", i))).ID)
	}
	gone := b.store(b.freshConnection("m0 gone"))
	round := 0
	got := b.listed(ports.ConnectionFilter{}, 2, func() {
		if round++; round == 1 {
			b.delete(gone)
		}
		b.store(b.freshConnection(fmt.Sprintf("a%d", round))) // before the position
		if round < 4 {
			b.store(b.freshConnection(fmt.Sprintf("z%d", round))) // behind it
		}
	})
	once(b, want, ids(got, connectionID))
	if !slices.IsSortedFunc(got, func(x, y domain.Connection) int { return cmpText(x.Name, y.Name) }) {
		b.Error("the rows are not by name")
	}
}

// updatesSerialise loses an increment where a store reads, changes and writes without a
// lock or a compare.
func updatesSerialise(b *bench) {
	const writers = 32
	c := b.connection()
	race(writers, func(int) {
		_, err := b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
			c.Revision++
			return nil
		})
		if err != nil {
			b.Error(err)
		}
	})
	b.same("revision", int64(1+writers), b.get(c).Revision)
}

// updateRollsBack sets DeletedAt too: what a deletion takes along must not happen either.
func updateRollsBack(b *bench) {
	c, refused := b.connection(), errors.New("refused")
	_, err := b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
		c.Name, c.Sealed, c.Revision = "changed", nil, 9
		c.DeletedAt = epoch
		return refused
	})
	if !errors.Is(err, refused) {
		b.Errorf("error %v, want the change's own", err)
	}
	b.same("the connection", c, b.get(c))
}

// updateWrites changes every member that an update may change, of both kinds.
func updateWrites(b *bench) {
	for _, c := range []domain.Connection{b.store(b.freshConnection("c")), b.store(b.freshEngine("e"))} {
		at := b.now()
		var want domain.Connection
		got, err := b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(row *domain.Connection) error {
			b.same("what the change is given", c, *row)
			row.Rename(c.Name + " renamed")
			if c.Kind == domain.Aggregator {
				row.Repoint("https://elsewhere.example.test", "item-2", at)
			} else {
				row.Reconfigure([]byte(`{"host":"elsewhere"}`))
			}
			row.Rotate(domain.Sealed("another"))
			row.BumpRevision(at)
			row.Health = row.Health.AfterFailure(domain.CredentialRejected, at).AfterSignal(domain.SignalReauth)
			want = *row
			return nil
		})
		b.ok(err)
		b.same("what Update gives", want, got)
		b.same("what is stored", want, b.get(c))
	}
}

// activityFollows has a failed pull and an ignored event at the end: the first must not
// count, the second must.
func activityFollows(b *bench) {
	c, token := b.door()
	check := func(what string, want ports.Activity) {
		b.Helper()
		got, err := b.Connections.Activity(b.ctx, b.tenant, c.ID)
		b.ok(err)
		b.same(what, want, got)
		b.utc(got.LastPullAt, got.LastWebhookAt)
	}
	check("before anything happened", ports.Activity{})
	first := b.knock(token)
	check("after a delivery", ports.Activity{LastWebhookAt: first.ReceivedAt})
	l, _ := b.claim(first.Pull)
	b.finish(l, domain.PullSucceeded, "")
	ended := b.pull(first.Pull).FinishedAt
	check("after a succeeded pull", ports.Activity{LastPullAt: ended, LastWebhookAt: first.ReceivedAt})
	ignored := b.receive(b.receipt(token, domain.WebhookEvent{Name: "item/seen", DedupKey: "ignored"})).Delivery
	l, _ = b.claim(b.request(c, domain.PullScope{}).ID)
	b.finish(l, domain.PullFailed, domain.CredentialRejected)
	check("after a failed pull and an ignored event", ports.Activity{LastPullAt: ended, LastWebhookAt: ignored.ReceivedAt})
	b.delete(c)
	_, err := b.Connections.Activity(b.ctx, b.tenant, c.ID)
	b.fails(err, domain.NotFound)
}

// contextIsObeyed asks for the context's error as it is: a store that calls it
// Unavailable makes a caller's haste look like an outage.
func contextIsObeyed(b *bench) {
	c, token := b.door()
	over, cancel := context.WithCancel(b.ctx)
	cancel()
	fresh, r := b.freshConnection("fresh"), b.receipt(token, wanted("late", domain.PullScope{}))
	b.fails(b.Connections.Create(over, fresh), context.Canceled)
	_, err := b.Connections.Get(over, b.tenant, c.Kind, c.ID)
	b.fails(err, context.Canceled)
	_, err = b.Deliveries.Receive(over, r)
	b.fails(err, context.Canceled)
	_, err = b.Connections.Get(b.ctx, b.tenant, fresh.Kind, fresh.ID)
	b.fails(err, domain.NotFound)
	_, err = b.Deliveries.Get(b.ctx, b.tenant, r.Delivery)
	b.fails(err, domain.NotFound)
}
