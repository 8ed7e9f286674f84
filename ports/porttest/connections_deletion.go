package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deletionTests check the effects of deleting a connection. All effects of a deletion happen in one transaction.
var deletionTests = []storeTest{
	{"no method finds a deleted connection", deletedIsNotFound},
	{"deletion revokes the live tokens if no connection can take them over", deletionRevokes},
	{"deletion moves the live tokens to the youngest connection of the vendor and origin", deletionMovesTokens},
	{"deletion fails queued and waiting pulls and their deliveries", deletionFailsPulls},
	{"no pull stays queued when requests race with the deletion", deletionRacesRequests},
	{"rows of a deleted connection stay in the change feed", deletionKeepsFeed},
}

// deletedIsNotFound checks every method that takes the id of a connection: none of them may find a deleted connection.
func deletedIsNotFound(f *fixture) {
	for _, c := range []domain.Connection{f.createStored(f.newConnection("c")), f.createStored(f.newEngine("e"))} {
		f.deleteConnection(c)
		_, err := f.Connections.Get(f.ctx, f.tenant, c.Kind, c.ID)
		f.errorIs(err, domain.NotFound)
		_, err = f.Connections.Find(f.ctx, f.tenant, c.Vendor, c.Name)
		f.errorIs(err, domain.NotFound)
		_, err = f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(*domain.Connection) error { return nil })
		f.errorIs(err, domain.NotFound)
		_, err = f.Pulls.Request(f.ctx, f.tenant, c.ID,
			ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()}, nil)
		f.errorIs(err, domain.NotFound)
		f.errorIs(f.Tokens.Create(f.ctx, f.newToken(c), nil), domain.NotFound)
	}
	f.equal("List", 0, len(f.listConnections(ports.ConnectionFilter{}, 10, nil)))
}

// deletionRevokes checks that a deletion revokes the live tokens. A token that was revoked before the
// deletion must retain its RevokedAt.
func deletionRevokes(f *fixture) {
	c, live := f.connectionWithToken()
	early := f.createToken(c)
	revoked := f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, early.ID, revoked, nil, nil))
	other := f.newConnection("another origin")
	other.BaseURL = "https://sandbox.example.test"
	unaffected := f.createToken(f.createStored(other))
	at := f.deleteConnection(c)
	for _, token := range f.listTokens(ports.TokenFilter{}, 10, nil) {
		switch token.ID {
		case live.ID:
			f.equal("a live token", at, token.RevokedAt)
		case early.ID:
			f.equal("a token revoked before", revoked, token.RevokedAt)
		case unaffected.ID:
			f.equal("another connection's token", true, token.Live())
		}
	}
	_, err := f.Deliveries.Receive(f.ctx, f.incoming(live, wantedEvent("late", domain.PullScope{})))
	f.errorIs(err, domain.Unauthenticated)
}

// deletionMovesTokens deletes the connections of one tenant, vendor and origin one after another. A token without a
// registration moves to another connection each time. The last deletion revokes it.
func deletionMovesTokens(f *fixture) {
	c, token := f.connectionWithToken()
	registered := f.newToken(c)
	registered.Registration = domain.WebhookRegistration{State: domain.RegistrationActive, ID: "webhook"}
	f.noError(f.Tokens.Create(f.ctx, registered, nil))
	older, youngest := f.createConnection(), f.createConnection()
	for i, elsewhere := range []func(*domain.Connection){
		func(c *domain.Connection) { c.BaseURL = "https://sandbox.example.test" },
		func(c *domain.Connection) { c.Vendor = otherVendor },
		func(c *domain.Connection) { c.Tenant = newTenant() },
	} {
		other := f.newConnection(fmt.Sprintf("elsewhere %d", i))
		elsewhere(&other)
		f.createStored(other)
	}
	f.deleteConnection(f.createConnection())
	get := func(id domain.TokenID) domain.WebhookToken {
		tokens := f.listTokens(ports.TokenFilter{}, 10, nil)
		return tokens[slices.IndexFunc(tokens, func(t domain.WebhookToken) bool { return t.ID == id })]
	}
	del := func(c domain.Connection) {
		entries := f.entry("connection.delete")
		_, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, entries, func(c *domain.Connection) error {
			c.Delete(f.now())
			return nil
		})
		f.noError(err)
	}
	del(c)
	f.equal("a token with a registration", false, get(registered.ID).Live())
	moved := get(token.ID)
	f.equal("the moved token", []any{true, youngest.ID}, []any{moved.Live(), moved.Connection})
	f.equal("a webhook through it", youngest.ID, f.receiveWanted(token).Connection)
	del(youngest)
	f.equal("the token after another deletion", older.ID, get(token.ID).Connection)
	del(older)
	f.equal("the token after the last deletion", false, get(token.ID).Live())
}

// deletionFailsPulls checks that the deletion of a connection marks its pulls and their deliveries as failed. Otherwise
// the deliveries would keep the status "accepted" forever, because no worker runs a pull of a deleted connection. One
// of the pulls waits for its next attempt, and another one is queued after it.
func deletionFailsPulls(f *fixture) {
	c, token := f.connectionWithToken()
	first := f.receiveWanted(token)
	l, _ := f.claim(first.Pull)
	second := f.receiveWanted(token) // this pull is queued after the first one
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, otherToken := f.connectionWithToken()
	unaffected := f.receiveWanted(otherToken)
	f.deleteConnection(c)
	for _, d := range []domain.Delivery{first, second} {
		pull := f.getPull(d.Pull)
		f.equal("state", domain.PullFailed, pull.State)
		f.equal("reason", domain.ConnectionGone, pull.LastError)
		f.equal("finished", false, pull.FinishedAt.IsZero())
		_, err := f.Pulls.Claim(f.ctx, newLease(d.Pull, longAfter(epoch)), longAfter(epoch))
		f.errorIs(err, domain.NotFound)
		d = f.getDelivery(d.ID)
		f.equal("delivery", domain.DeliveryFailed, d.Status)
		f.equal("processed", false, d.ProcessedAt.IsZero())
	}
	f.equal("another connection's pull", domain.PullQueued, f.getPull(unaffected.Pull).State)
	f.equal("another connection's delivery", domain.DeliveryAccepted, f.getDelivery(unaffected.ID).Status)
}

// deletionRacesRequests checks that no pull stays queued for a connection that is deleted while pulls are requested. A
// pull would stay queued if a store checked the connection in one transaction and wrote the pull in another.
func deletionRacesRequests(f *fixture) {
	for range 5 {
		c, token := f.connectionWithToken()
		concurrently(9, func(i int) {
			switch i % 3 {
			case 0:
				_, _ = f.Pulls.Request(f.ctx, f.tenant, c.ID,
					ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()}, nil)
			case 1:
				_, _ = f.Deliveries.Receive(f.ctx,
					f.incoming(token, wantedEvent(newUUID().String(), domain.PullScope{})))
			case 2:
				_, _ = f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
					c.Delete(epoch)
					return nil
				})
			}
		})
		for _, pull := range f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil) {
			f.equal("state", domain.PullFailed, pull.State)
		}
		for _, d := range f.listDeliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil) {
			f.equal("delivery", domain.DeliveryFailed, d.Status)
		}
	}
}

// deletionKeepsFeed checks that the changes of a deleted connection remain in the feed, because the feed
// never withdraws a change that a consumer may have read.
func deletionKeepsFeed(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("kept"))
	f.finish(l, domain.PullSucceeded, "")
	f.deleteConnection(c)
	f.equal("feed", []string{"kept"}, ids(f.readFeed(domain.Position{}, 10, 1), externalID))
}
