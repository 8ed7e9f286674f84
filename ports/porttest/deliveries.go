package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// deliveryTests check the reads of stored deliveries.
var deliveryTests = []storeTest{
	{"another tenant's delivery is not found, like an absent one", deliveriesAreTenantScoped},
	{"a list omits bodies and scopes of deliveries", listsOmitBodyAndScope},
	{"a list filters by every member of its filter, and by all combined", deliveryFilters},
	{"paging newest first returns every row once while rows are added", deliveryPaging},
	{"a position of another list is Invalid", deliveryPositions},
	{"a delivery's status follows its pull", statusFollowsPull},
}

func (f *fixture) listDeliveries(filter ports.DeliveryFilter, limit int, between func()) []domain.Delivery {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.Delivery], error) {
		return f.Deliveries.List(f.ctx, f.tenant, filter, page)
	}, between)
}

func deliveriesAreTenantScoped(f *fixture) {
	c, token := f.connectionWithToken()
	d := f.receiveWanted(token)
	foreign := newTenant()
	get := func(tenant domain.TenantID, id domain.DeliveryID) error {
		_, err := f.Deliveries.Get(f.ctx, tenant, id)
		return err
	}
	f.sameNotFound("Get", get(foreign, d.ID), get(f.tenant, newID[domain.Delivery]()))
	page, err := f.Deliveries.List(f.ctx, foreign, ports.DeliveryFilter{Connection: c.ID},
		domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("List of another tenant", domain.Page[domain.Delivery]{}, page)
	replayed, err := f.Deliveries.Replay(f.ctx, foreign, []domain.DeliveryID{d.ID}, f.now(), nil, newID[domain.Pull])
	f.noError(err)
	f.equal("Replay by another tenant", 0, len(replayed))
}

func listsOmitBodyAndScope(f *fixture) {
	_, token := f.connectionWithToken()
	f.receiveWanted(token)
	want := f.getDelivery(f.receiveWanted(token).ID)
	want.Body, want.Scope = nil, domain.PullScope{}
	f.equal("List", want, f.listDeliveries(ports.DeliveryFilter{}, 10, nil)[0])
}

// deliveryFilters checks the filters of List. Some event ids contain characters that are special in
// LIKE patterns or in quoted strings.
func deliveryFilters(f *fixture) {
	c, token := f.connectionWithToken()
	_, otherToken := f.connectionWithToken()
	take := func(token domain.WebhookToken, key string, useful bool) domain.Delivery {
		event := wantedEvent(key, domain.PullScope{})
		event.WantsPull = useful
		return f.receive(f.incoming(token, event)).Delivery
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
		{ports.DeliveryFilter{From: ignored.ReceivedAt.Add(timeResolution)}, []domain.Delivery{other, hostileOne}},
		{ports.DeliveryFilter{To: ignored.ReceivedAt}, []domain.Delivery{a}},
		{ports.DeliveryFilter{To: ignored.ReceivedAt.Add(timeResolution)}, []domain.Delivery{ignored, a}},
		{ports.DeliveryFilter{
			Connection: c.ID, Status: domain.DeliveryAccepted, EventID: "a", From: a.ReceivedAt, To: other.ReceivedAt,
		}, []domain.Delivery{a}},
	} {
		f.equal(fmt.Sprintf("%+v", row.filter), ids(row.want, deliveryID),
			ids(f.listDeliveries(row.filter, 2, nil), deliveryID))
	}
}

// deliveryPaging checks paging when several deliveries have the same time, like those of a vendor's batch.
func deliveryPaging(f *fixture) {
	_, token := f.connectionWithToken()
	var want []domain.DeliveryID
	at := f.now()
	for i := range 7 {
		r := f.incoming(token, wantedEvent(newUUID().String(), domain.PullScope{}))
		r.At = at.Add(time.Duration(i/3) * timeResolution) // three deliveries have the same time; the id breaks ties
		want = append(want, f.receive(r).Delivery.ID)
	}
	got := ids(f.listDeliveries(ports.DeliveryFilter{}, 2, func() { f.receiveWanted(token) }), deliveryID)
	slices.Reverse(want)
	f.equal("newest first", want, got)
	page, err := f.Deliveries.List(f.ctx, f.tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 1})
	f.noError(err)
	newest := page.Items[0]
	f.equal("position", domain.Position{Key: domain.TimeKey(newest.ReceivedAt), ID: newest.ID.UUID}, page.Next)
}

func deliveryPositions(f *fixture) {
	_, token := f.connectionWithToken()
	f.receiveWanted(token)
	for _, key := range foreignKeys {
		_, err := f.Deliveries.List(f.ctx, f.tenant, ports.DeliveryFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		f.invalidCursor(key, err)
	}
}

// statusFollowsPull checks that the status of a delivery changes when its pull ends. One delivery arrives while the
// pull runs. It belongs to the next pull, so its status must not change when the first pull ends.
func statusFollowsPull(f *fixture) {
	for _, row := range []struct {
		state  domain.PullState
		reason domain.Code
		want   domain.DeliveryStatus
	}{
		{domain.PullSucceeded, "", domain.DeliveryProcessed},
		{domain.PullFailed, domain.CredentialRejected, domain.DeliveryFailed},
	} {
		_, token := f.connectionWithToken()
		first, second := f.receiveWanted(token), f.receiveWanted(token)
		l, _ := f.claim(first.Pull)
		later := f.receiveWanted(token)
		f.equal("while its pull runs", domain.DeliveryAccepted, f.getDelivery(first.ID).Status)
		f.finish(l, domain.PullQueued, domain.VendorUnreachable)
		waiting := f.getDelivery(first.ID)
		f.equal("while its pull waits", domain.DeliveryAccepted, waiting.Status)
		f.equal("ProcessedAt while its pull waits", time.Time{}, waiting.ProcessedAt)
		l, _ = f.claimAt(first.Pull, longAfter(epoch))
		f.finish(l, row.state, row.reason)
		for _, d := range []domain.Delivery{first, second} {
			d = f.getDelivery(d.ID)
			f.equal("after its pull has ended", row.want, d.Status)
			f.equal("processed", f.getPull(first.Pull).FinishedAt, d.ProcessedAt)
			f.inUTC(d.ProcessedAt)
		}
		f.equal("a delivery of the next pull", domain.DeliveryAccepted, f.getDelivery(later.ID).Status)
		f.equal("by status", []domain.DeliveryID{second.ID, first.ID},
			ids(f.listDeliveries(ports.DeliveryFilter{Connection: first.Connection, Status: row.want}, 10, nil),
				deliveryID))
	}
}
