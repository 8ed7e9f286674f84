package porttest

import (
	"bytes"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deletionPromises are what goes along when a connection is deleted, in one change.
var deletionPromises = []promise{
	{"a deleted connection is not found by any way", deletedIsAbsent},
	{"deletion revokes the tokens that were live", deletionRevokes},
	{"deletion fails queued and waiting pulls, and their deliveries with them", deletionFailsPulls},
	{"no pull is left queued when requests race the deletion", deletionRacesRequests},
	{"what a deleted connection's pulls brought stays in the change feed", deletionKeepsFeed},
}

// sealedPromises are those of re-encryption, which goes on under traffic.
var sealedPromises = []promise{
	{"sealed credentials of both kinds and all tenants are met once, by id", sealedWalk},
	{"a credential is resealed only while it is the old one", resealCompares},
}

// deletedIsAbsent asks by every method that takes a connection.
func deletedIsAbsent(b *bench) {
	for _, c := range []domain.Connection{b.store(b.freshConnection("c")), b.store(b.freshEngine("e"))} {
		b.delete(c)
		_, err := b.Connections.Get(b.ctx, b.tenant, c.Kind, c.ID)
		b.fails(err, domain.NotFound)
		_, err = b.Connections.Find(b.ctx, b.tenant, c.Vendor, c.Name)
		b.fails(err, domain.NotFound)
		_, err = b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(*domain.Connection) error { return nil })
		b.fails(err, domain.NotFound)
		_, err = b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: b.now()})
		b.fails(err, domain.NotFound)
		b.fails(b.Tokens.Create(b.ctx, b.freshToken(c)), domain.NotFound)
	}
	b.same("List", 0, len(b.listed(ports.ConnectionFilter{}, 10, nil)))
}

// deletionRevokes has a token that was revoked before: its time says when it was, and stays.
func deletionRevokes(b *bench) {
	c, live := b.door()
	early := b.token(c)
	revoked := b.now()
	b.ok(b.Tokens.Revoke(b.ctx, b.tenant, early.ID, revoked))
	_, spared := b.door()
	at := b.delete(c)
	for _, token := range b.tokens(ports.TokenFilter{}, 10, nil) {
		switch token.ID {
		case live.ID:
			b.same("a live token", at, token.RevokedAt)
		case early.ID:
			b.same("a token revoked before", revoked, token.RevokedAt)
		case spared.ID:
			b.same("another connection's token", true, token.Live())
		}
	}
	_, err := b.Deliveries.Receive(b.ctx, b.receipt(live, wanted("late", domain.PullScope{})))
	b.fails(err, domain.Unauthenticated)
}

// deletionFailsPulls has one pull that waits for its next try and one queued behind it.
// Nobody would ever run either, and their deliveries would be accepted for good.
func deletionFailsPulls(b *bench) {
	c, token := b.door()
	first := b.knock(token)
	l, _ := b.claim(first.Pull)
	second := b.knock(token) // queued behind the first
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, bystander := b.door()
	spared := b.knock(bystander)
	b.delete(c)
	for _, d := range []domain.Delivery{first, second} {
		pull := b.pull(d.Pull)
		b.same("state", domain.PullFailed, pull.State)
		b.same("reason", domain.ConnectionGone, pull.LastError)
		b.same("finished", false, pull.FinishedAt.IsZero())
		_, err := b.Pulls.Claim(b.ctx, lease(d.Pull, behind(epoch)), behind(epoch))
		b.fails(err, domain.NotFound)
		d = b.delivery(d.ID)
		b.same("delivery", domain.DeliveryFailed, d.Status)
		b.same("processed", false, d.ProcessedAt.IsZero())
	}
	b.same("another connection's pull", domain.PullQueued, b.pull(spared.Pull).State)
	b.same("another connection's delivery", domain.DeliveryAccepted, b.delivery(spared.ID).Status)
}

// deletionRacesRequests fails where a request checks the connection first and writes
// later: its pull is then queued for nobody.
func deletionRacesRequests(b *bench) {
	for range 5 {
		c, token := b.door()
		race(9, func(i int) {
			switch i % 3 {
			case 0:
				_, _ = b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: b.now()})
			case 1:
				_, _ = b.Deliveries.Receive(b.ctx, b.receipt(token, wanted(newUUID().String(), domain.PullScope{})))
			case 2:
				_, _ = b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
					c.Delete(epoch)
					return nil
				})
			}
		})
		for _, pull := range b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil) {
			b.same("state", domain.PullFailed, pull.State)
		}
		for _, d := range b.deliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil) {
			b.same("delivery", domain.DeliveryFailed, d.Status)
		}
	}
}

// deletionKeepsFeed: nothing that a consumer may have read is ever taken back.
func deletionKeepsFeed(b *bench) {
	c, l := b.running()
	b.write(l, row("kept"))
	b.finish(l, domain.PullSucceeded, "")
	b.delete(c)
	b.same("feed", []string{"kept"}, ids(b.feed(domain.Position{}, 10, 1), externalID))
}

// sealedWalk pages as re-encryption does, over rows of other tests too.
func sealedWalk(b *bench) {
	var want []domain.ConnectionID
	for range 4 {
		want = append(want, b.connection().ID, b.store(b.freshEngine(newUUID().String())).ID)
		b.tenant = newTenant()
	}
	gone := b.connection()
	b.delete(gone)
	var met []domain.ConnectionID
	for after := (domain.ConnectionID{}); ; {
		batch, err := b.Connections.ListSealed(b.ctx, after, 7)
		b.ok(err)
		if len(batch) > 7 {
			b.Fatalf("%d rows, limit 7", len(batch))
		}
		if len(batch) == 0 {
			break
		}
		met = append(met, ids(batch, connectionID)...)
		after = batch[len(batch)-1].ID
	}
	once(b, want, met)
	if !slices.IsSortedFunc(met, func(x, y domain.ConnectionID) int { return bytes.Compare(x.UUID[:], y.UUID[:]) }) {
		b.Error("the rows are not by id")
	}
	if slices.Contains(met, gone.ID) {
		b.Error("a deleted connection was met")
	}
}

// resealCompares fails where re-encryption overwrites a credential that was rotated
// meanwhile: the old one would come back to life.
func resealCompares(b *bench) {
	for _, c := range []domain.Connection{b.store(b.freshConnection("c")), b.store(b.freshEngine("e"))} {
		reseal := func(id domain.ConnectionID, old, fresh string) bool {
			b.Helper()
			done, err := b.Connections.Reseal(b.ctx, id, domain.Sealed(old), domain.Sealed(fresh))
			b.ok(err)
			return done
		}
		b.same("from another credential", false, reseal(c.ID, "stale", "fresh"))
		b.same("the connection", c, b.get(c))
		b.same("of an absent connection", false, reseal(newID[domain.Connection](), string(c.Sealed), "fresh"))
		b.same("from the stored credential", true, reseal(c.ID, string(c.Sealed), "fresh \x00\xfe"))
		want := c
		want.Sealed = domain.Sealed("fresh \x00\xfe")
		b.same("the connection resealed", want, b.get(c))
		b.same("a second time", false, reseal(c.ID, string(c.Sealed), "fresher"))
		b.delete(c)
		b.same("of a deleted connection", false, reseal(c.ID, "fresh \x00\xfe", "fresher"))
	}
}
