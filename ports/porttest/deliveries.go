package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deliveryPromises are what is seen of a delivery once it is in.
var deliveryPromises = []promise{
	{"another tenant's delivery is answered like an absent one", deliveriesKeepTenants},
	{"a list shows deliveries without bodies and asks", listsAreBare},
	{"a list narrows by every member of its filter, and by all at once", deliveryFilters},
	{"paging newest first meets every row once while rows come", deliveryPaging},
	{"a position of another list is Invalid", deliveryPositions},
	{"a delivery's status follows its pull", statusFollowsPull},
}

func (b *bench) deliveries(filter ports.DeliveryFilter, limit int, between func()) []domain.Delivery {
	b.Helper()
	return walk(b, limit, func(page domain.PageRequest) (domain.Page[domain.Delivery], error) {
		return b.Deliveries.List(b.ctx, b.tenant, filter, page)
	}, between)
}

func deliveriesKeepTenants(b *bench) {
	c, token := b.door()
	d := b.knock(token)
	foreign := newTenant()
	get := func(tenant domain.TenantID, id domain.DeliveryID) error {
		_, err := b.Deliveries.Get(b.ctx, tenant, id)
		return err
	}
	b.alike("Get", get(foreign, d.ID), get(b.tenant, newID[domain.Delivery]()))
	page, err := b.Deliveries.List(b.ctx, foreign, ports.DeliveryFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	b.ok(err)
	b.same("List of another tenant", domain.Page[domain.Delivery]{}, page)
	replayed, err := b.Deliveries.Replay(b.ctx, foreign, []domain.DeliveryID{d.ID}, b.now(), newID[domain.Pull])
	b.ok(err)
	b.same("Replay by another tenant", 0, len(replayed))
}

func listsAreBare(b *bench) {
	_, token := b.door()
	b.knock(token)
	want := b.delivery(b.knock(token).ID)
	want.Body, want.Scope = nil, domain.PullScope{}
	b.same("List", want, b.deliveries(ports.DeliveryFilter{}, 10, nil)[0])
}

// deliveryFilters has event ids that mean something to LIKE and to quoting.
func deliveryFilters(b *bench) {
	c, token := b.door()
	_, otherToken := b.door()
	take := func(token domain.WebhookToken, key string, useful bool) domain.Delivery {
		event := wanted(key, domain.PullScope{})
		event.WantsPull = useful
		return b.receive(b.receipt(token, event)).Delivery
	}
	a, ignored, hostileOne := take(token, "a", true), take(token, "ignored", false), take(token, `%'"`, true)
	other := take(otherToken, "a", true)
	for _, row := range []struct {
		filter ports.DeliveryFilter
		want   []domain.Delivery
	}{
		{ports.DeliveryFilter{}, []domain.Delivery{other, hostileOne, ignored, a}},
		{ports.DeliveryFilter{Connection: c.ID}, []domain.Delivery{hostileOne, ignored, a}},
		{ports.DeliveryFilter{Connection: newID[domain.Connection]()}, nil},
		{ports.DeliveryFilter{Status: domain.DeliveryIgnored}, []domain.Delivery{ignored}},
		{ports.DeliveryFilter{Status: domain.DeliveryProcessed}, nil},
		{ports.DeliveryFilter{EventID: "a"}, []domain.Delivery{other, a}},
		{ports.DeliveryFilter{EventID: "A"}, nil},
		{ports.DeliveryFilter{EventID: `%'"`}, []domain.Delivery{hostileOne}},
		{ports.DeliveryFilter{EventID: "%"}, nil},
		{ports.DeliveryFilter{From: ignored.ReceivedAt}, []domain.Delivery{other, hostileOne, ignored}},
		{ports.DeliveryFilter{From: ignored.ReceivedAt.Add(instant)}, []domain.Delivery{other, hostileOne}},
		{ports.DeliveryFilter{To: ignored.ReceivedAt}, []domain.Delivery{a}},
		{ports.DeliveryFilter{To: ignored.ReceivedAt.Add(instant)}, []domain.Delivery{ignored, a}},
		{ports.DeliveryFilter{
			Connection: c.ID, Status: domain.DeliveryAccepted, EventID: "a", From: a.ReceivedAt, To: other.ReceivedAt,
		}, []domain.Delivery{a}},
	} {
		b.same(fmt.Sprintf("%+v", row.filter), ids(row.want, deliveryID), ids(b.deliveries(row.filter, 2, nil), deliveryID))
	}
}

// deliveryPaging has times that tie, as batches from a vendor do.
func deliveryPaging(b *bench) {
	_, token := b.door()
	var want []domain.DeliveryID
	at := b.now()
	for i := range 7 {
		r := b.receipt(token, wanted(newUUID().String(), domain.PullScope{}))
		r.At = at.Add(time.Duration(i/3) * instant) // three at a time: the id breaks ties
		want = append(want, b.receive(r).Delivery.ID)
	}
	got := ids(b.deliveries(ports.DeliveryFilter{}, 2, func() { b.knock(token) }), deliveryID)
	slices.Reverse(want)
	b.same("newest first", want, got)
	page, err := b.Deliveries.List(b.ctx, b.tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 1})
	b.ok(err)
	newest := page.Items[0]
	b.same("position", domain.Position{Key: domain.TimeKey(newest.ReceivedAt), ID: newest.ID.UUID}, page.Next)
}

func deliveryPositions(b *bench) {
	_, token := b.door()
	b.knock(token)
	for _, key := range foreignKeys {
		_, err := b.Deliveries.List(b.ctx, b.tenant, ports.DeliveryFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		b.badCursor(key, err)
	}
}

// statusFollowsPull has a delivery that came while the pull ran: it belongs to the next
// one, and must not move with this.
func statusFollowsPull(b *bench) {
	for _, row := range []struct {
		state  domain.PullState
		reason domain.Code
		want   domain.DeliveryStatus
	}{
		{domain.PullSucceeded, "", domain.DeliveryProcessed},
		{domain.PullFailed, domain.CredentialRejected, domain.DeliveryFailed},
	} {
		_, token := b.door()
		first, second := b.knock(token), b.knock(token)
		l, _ := b.claim(first.Pull)
		later := b.knock(token)
		b.same("while its pull runs", domain.DeliveryAccepted, b.delivery(first.ID).Status)
		b.finish(l, domain.PullQueued, domain.VendorUnreachable)
		waiting := b.delivery(first.ID)
		b.same("while its pull waits", domain.DeliveryAccepted, waiting.Status)
		b.same("processed meanwhile", time.Time{}, waiting.ProcessedAt)
		l, _ = b.claimAt(first.Pull, behind(epoch))
		b.finish(l, row.state, row.reason)
		for _, d := range []domain.Delivery{first, second} {
			d = b.delivery(d.ID)
			b.same("once its pull has ended", row.want, d.Status)
			b.same("processed", b.pull(first.Pull).FinishedAt, d.ProcessedAt)
			b.utc(d.ProcessedAt)
		}
		b.same("a delivery of the next pull", domain.DeliveryAccepted, b.delivery(later.ID).Status)
		b.same("by status", []domain.DeliveryID{second.ID, first.ID},
			ids(b.deliveries(ports.DeliveryFilter{Connection: first.Connection, Status: row.want}, 10, nil), deliveryID))
	}
}
