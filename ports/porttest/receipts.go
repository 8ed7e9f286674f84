package porttest

import (
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// receiptPromises are those of Deliveries.Receive, the door's one write.
var receiptPromises = []promise{
	{"a wanted event is stored as it came, with a queued pull", receiptIsStored},
	{"a delivery is not shared with its callers", deliveriesAreNotShared},
	{"without a live token of the vendor nobody is let in, and nothing is stored", receiptNeedsToken},
	{"many events become one queued pull", eventsShareAPull},
	{"a pull that has begun to read is never joined", begunPullsAreNotJoined},
	{"what asks for nothing is stored without a pull", uselessReceipts},
	{"the same event again is a duplicate of the first, whatever became of it", duplicates},
	{"of copies that race one is stored", racingCopies},
	{"of events that race all are stored, with one pull", racingEvents},
	{"an event is new to every connection", fingerprintsPerConnection},
}

// bare compares deliveries as lists show them.
var bare = cmpopts.IgnoreFields(domain.Delivery{}, "Body", "Scope")

// receiptIsStored has a body that is neither JSON nor UTF-8: the signature was made over
// bytes, and bytes must be kept.
func receiptIsStored(b *bench) {
	c, token := b.door()
	at := b.now()
	ask := domain.PullScope{
		Window: &domain.Window{From: "2026-01-01", To: "2026-02-01"}, Removed: []string{"r'1", "🏦"},
		Changed: map[string][]string{"acc": {"x", "y"}}, Signal: domain.SignalReauth,
		Created: map[string]time.Time{"acc": at},
	}
	r := b.receipt(token, wanted(`id "1"`, ask))
	r.Trace = trace
	r.Event.AccountRef, r.Event.Name, r.Body = c.AccountRef, "transactions/été %", []byte("{\"a\":\t1}\x00\xff\xfe 🏦")
	received := b.receive(r)
	want := domain.Delivery{
		ID: r.Delivery, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Event: r.Event.Name, EventID: r.Event.ID,
		Fingerprint: domain.FingerprintOf(r.Event, r.Body), Body: r.Body, Scope: ask,
		Status: domain.DeliveryAccepted, Pull: r.Pull, ReceivedAt: r.At,
	}
	b.same("token", token.ID, received.Token)
	b.same("duplicate", false, received.Duplicate)
	if diff := cmp.Diff(want, received.Delivery, exactly, bare); diff != "" {
		b.Errorf("received (-want +got):\n%s", diff)
	}
	got := b.delivery(r.Delivery)
	b.same("stored", want, got)
	b.utc(got.ReceivedAt)
	pull := b.pull(r.Pull)
	pull.Scope = domain.PullScope{} // of the deliveries only from the first claim on
	b.same("pull", domain.Pull{
		ID: r.Pull, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: domain.TriggerWebhook,
		State: domain.PullQueued, CreatedAt: r.At, Trace: trace,
	}, pull)
}

// deliveriesAreNotShared matters to stores in memory: an ask has maps and slices.
func deliveriesAreNotShared(b *bench) {
	_, token := b.door()
	r := b.receipt(token, domain.WebhookEvent{})
	fill := func() {
		r.Body, r.Event = []byte("body"), wanted("key", domain.PullScope{
			Window: &domain.Window{From: "2026-01-01"}, Removed: []string{"r"}, Changed: map[string][]string{"acc": {"a"}},
		})
	}
	spoil := func(body []byte, ask domain.PullScope) {
		body[0], ask.Window.From, ask.Removed[0], ask.Changed["acc"][0] = '!', "", "!", "!"
	}
	fill()
	b.receive(r)
	spoil(r.Body, r.Event.Scope)
	fill()
	got := b.delivery(r.Delivery)
	b.same("body after the caller wrote to what it handed over", r.Body, got.Body)
	b.same("ask after the caller wrote to what it handed over", r.Event.Scope, got.Scope)
	spoil(got.Body, got.Scope)
	_, claimed := b.claim(r.Pull)
	b.same("the pull's ask", r.Event.Scope, claimed.Pull.Scope)
	spoil([]byte("-"), claimed.Pull.Scope)
	b.same("the pull's ask after the caller wrote to it", r.Event.Scope, b.pull(r.Pull).Scope)
	b.same("the delivery's ask", r.Event.Scope, b.delivery(r.Delivery).Scope)
}

// receiptNeedsToken: one error for every reason, so that the door tells nobody which.
func receiptNeedsToken(b *bench) {
	c, token := b.door()
	revoked := b.token(c)
	b.ok(b.Tokens.Revoke(b.ctx, b.tenant, revoked.ID, b.now()))
	gone, orphan := b.door()
	b.delete(gone)
	unknown, foreign := b.freshToken(c), token
	foreign.Vendor = otherVendor
	for name, token := range map[string]domain.WebhookToken{
		"unknown": unknown, "revoked": revoked, "another vendor's": foreign, "a deleted connection's": orphan,
	} {
		r := b.receipt(token, wanted(name, domain.PullScope{}))
		_, err := b.Deliveries.Receive(b.ctx, r)
		b.fails(err, domain.Unauthenticated)
		_, err = b.Deliveries.Get(b.ctx, b.tenant, r.Delivery)
		b.fails(err, domain.NotFound)
		_, err = b.Pulls.Get(b.ctx, b.tenant, r.Pull)
		b.fails(err, domain.NotFound)
	}
}

// eventsShareAPull has a second token: what is queued belongs to the connection.
func eventsShareAPull(b *bench) {
	c, token := b.door()
	first := b.knock(token)
	for range 4 {
		b.same("pull", first.Pull, b.knock(token).Pull)
	}
	b.same("a token's pull is its connection's", first.Pull, b.knock(b.token(c)).Pull)
	b.same("a request joins too", first.Pull, b.request(c, domain.PullScope{}).ID)
	pulls := b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)
	b.same("pulls", []domain.PullID{first.Pull}, ids(pulls, pullID))
	b.same("trigger", domain.TriggerWebhook, pulls[0].Trigger)
}

// begunPullsAreNotJoined has a pull that runs, then waits: it has read already, so that
// what joined it now would be left behind.
func begunPullsAreNotJoined(b *bench) {
	c, token := b.door()
	first := b.knock(token)
	l, _ := b.claim(first.Pull)
	second := b.knock(token)
	if second.Pull == first.Pull {
		b.Fatal("a delivery joined a running pull")
	}
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.same("while the first waits for its next try", second.Pull, b.knock(token).Pull)
	b.same("a request meanwhile", second.Pull, b.request(c, domain.PullScope{}).ID)
	b.same("the first delivery", first.Pull, b.delivery(first.ID).Pull)
}

// uselessReceipts gives all three events one body: they are told apart by their keys, and
// the ones without a key by the body.
func uselessReceipts(b *bench) {
	c, token := b.door()
	elsewhere := wanted("elsewhere", domain.PullScope{Everything: true})
	elsewhere.AccountRef = "another item"
	for _, row := range []struct {
		name       string
		event      domain.WebhookEvent
		unreadable bool
		want       domain.DeliveryStatus
	}{
		{"unreadable", domain.WebhookEvent{}, true, domain.DeliveryUnreadable},
		{"unwanted", domain.WebhookEvent{Name: "item/seen", DedupKey: "unwanted"}, false, domain.DeliveryIgnored},
		{"about another account reference", elsewhere, false, domain.DeliveryIgnored},
	} {
		r := b.receipt(token, row.event)
		r.Unreadable, r.Body = row.unreadable, []byte("\x00not json \xff")
		got := b.receive(r)
		b.same(row.name+": duplicate", false, got.Duplicate)
		for _, d := range []domain.Delivery{got.Delivery, b.delivery(r.Delivery)} {
			b.same(row.name, row.want, d.Status)
			b.same(row.name+": pull", domain.PullID{}, d.Pull)
		}
		b.same(row.name+": body", r.Body, b.delivery(r.Delivery).Body)
		_, err := b.Pulls.Get(b.ctx, b.tenant, r.Pull)
		b.fails(err, domain.NotFound)
	}
	b.same("pulls", 0, len(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// duplicates sends the same event at each stage of its pull, once in other words: where
// there is a key, the body does not matter.
func duplicates(b *bench) {
	c, token := b.door()
	byKey := b.receipt(token, wanted("key", domain.PullScope{Everything: true}))
	byBody := b.receipt(token, domain.WebhookEvent{Name: "item/seen"})
	unreadable := b.receipt(token, domain.WebhookEvent{})
	unreadable.Unreadable, unreadable.Body = true, []byte("%")
	again := func(what string, r ports.IncomingDelivery) {
		b.Helper()
		first := b.delivery(r.Delivery)
		copied := r
		copied.Delivery, copied.Pull, copied.At = newID[domain.Delivery](), newID[domain.Pull](), b.now()
		if r.Event.DedupKey != "" {
			copied.Body = []byte("the same event in other words")
		}
		got := b.receive(copied)
		b.same(what+": duplicate", true, got.Duplicate)
		b.same(what+": token", token.ID, got.Token)
		if diff := cmp.Diff(first, got.Delivery, exactly, bare); diff != "" {
			b.Errorf("%s: not the first delivery (-want +got):\n%s", what, diff)
		}
		_, err := b.Deliveries.Get(b.ctx, b.tenant, copied.Delivery)
		b.fails(err, domain.NotFound)
	}
	for _, r := range []ports.IncomingDelivery{byKey, byBody, unreadable} {
		b.receive(r)
		again("at once", r)
	}
	l, _ := b.claim(byKey.Pull)
	again("while its pull runs", byKey)
	b.finish(l, domain.PullSucceeded, "")
	again("once its pull has ended", byKey)
	b.same("pulls", 1, len(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// raced sends n receipts at once and gives those that were new and those that were not.
func (b *bench) raced(receipts []ports.IncomingDelivery) (fresh, copies []ports.ReceiveResult) {
	var mu sync.Mutex
	race(len(receipts), func(i int) {
		got, err := b.Deliveries.Receive(b.ctx, receipts[i])
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			b.Error(err)
		case got.Duplicate:
			copies = append(copies, got)
		default:
			fresh = append(fresh, got)
		}
	})
	return fresh, copies
}

// racingCopies is the vendor's retry storm. A store that looks before it inserts stores two.
func racingCopies(b *bench) {
	c, token := b.door()
	var receipts []ports.IncomingDelivery
	for range 64 {
		receipts = append(receipts, b.receipt(token, wanted("the same", domain.PullScope{Everything: true})))
	}
	fresh, copies := b.raced(receipts)
	if len(fresh) != 1 || len(copies) != 63 {
		b.Fatalf("%d stored and %d duplicates, want 1 and 63", len(fresh), len(copies))
	}
	for _, other := range copies {
		b.same("what it is a duplicate of", fresh[0].Delivery.ID, other.Delivery.ID)
	}
	b.same("deliveries", 1, len(b.deliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil)))
	b.same("pulls", []domain.PullID{fresh[0].Delivery.Pull}, ids(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil), pullID))
}

// racingEvents fails where two events both find no queued pull and each queue one.
func racingEvents(b *bench) {
	c, token := b.door()
	var receipts []ports.IncomingDelivery
	var want []domain.DeliveryID
	for range 32 {
		receipts = append(receipts, b.receipt(token, wanted(newUUID().String(), domain.PullScope{Everything: true})))
		want = append(want, receipts[len(receipts)-1].Delivery)
	}
	fresh, _ := b.raced(receipts)
	for _, got := range fresh {
		b.same("pull", fresh[0].Delivery.Pull, got.Delivery.Pull)
	}
	once(b, want, ids(b.deliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil), deliveryID))
	b.same("pulls", 1, len(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

func fingerprintsPerConnection(b *bench) {
	for range 2 {
		_, token := b.door()
		got := b.receive(b.receipt(token, wanted("shared", domain.PullScope{})))
		b.same("duplicate", false, got.Duplicate)
	}
}
