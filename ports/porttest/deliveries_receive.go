package porttest

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// receiveTests check Deliveries.Receive, which is the only write of the webhook endpoint.
var receiveTests = []storeTest{
	{"a wanted event is stored unchanged, with a queued pull", wantedEventIsStored},
	{"byte slices and scopes of a delivery are not shared with the caller", deliveriesAreNotShared},
	{"without a live token of the vendor the event is rejected and nothing is stored", receiveNeedsALiveToken},
	{"many events share one queued pull", eventsShareAPull},
	{"an event never joins a pull that has started", startedPullsAreNotJoined},
	{"an event that wants no pull is stored without one", unwantedEvents},
	{"account references that are UUIDs are compared regardless of case", referencesInCapitals},
	{"the same event again is a duplicate of the first, in any state of its pull", duplicates},
	{"of concurrent copies exactly one is stored", concurrentCopies},
	{"concurrent events are all stored, with one pull", concurrentEvents},
	{"events are deduplicated per connection", fingerprintsPerConnection},
	{"an event is stored for each live connection of the tenant that has its account", eventsAreRouted},
	{"an event is stored for the connections that have not received it yet", eventsAreRoutedAgain},
	{"an event that names the account of a paused connection queues its pull", eventsOfPausedConnections},
	{"an equal body without a key is a new event after its pull has started", equalBodies},
	{"concurrent equal bodies are one event", concurrentEqualBodies},
}

// ignoreBodyAndScope makes cmp ignore the members that lists of deliveries omit.
var ignoreBodyAndScope = cmpopts.IgnoreFields(domain.Delivery{}, "Body", "Scope")

// wantedEventIsStored checks that a delivery is stored unchanged. A store must not change the bytes of the body,
// because a signature covers them. The body of this delivery is neither JSON nor UTF-8.
func wantedEventIsStored(f *fixture) {
	c, token := f.connectionWithToken()
	at := f.now()
	scope := domain.PullScope{
		Window: &domain.Window{From: "2026-01-01", To: "2026-02-01"}, Removed: []string{"r'1", "🏦"},
		Changed: map[string][]string{"acc": {"x", "y"}}, Signal: domain.SignalReauth,
		Created: map[string]time.Time{"acc": at},
	}
	r := f.incoming(token, wantedEvent(`id "1"`, scope))
	r.Trace = trace
	r.Event.AccountRef, r.Event.Name = c.AccountRef, "transactions/été %"
	r.Body = []byte("{\"a\":\t1}\x00\xff\xfe 🏦")
	received := f.receive(r)
	want := domain.Delivery{
		ID: r.Delivery, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Event: r.Event.Name, EventID: r.Event.ID,
		Fingerprint: domain.FingerprintOf(r.Event, r.Body), Body: r.Body, Scope: scope,
		Status: domain.DeliveryAccepted, Pull: r.Pull, ReceivedAt: r.At,
	}
	f.equal("token", token.ID, received.Token)
	f.equal("duplicate", false, received.Duplicate)
	if diff := cmp.Diff(want, received.Delivery, cmpOptions, ignoreBodyAndScope); diff != "" {
		f.Errorf("received (-want +got):\n%s", diff)
	}
	got := f.getDelivery(r.Delivery)
	f.equal("stored", want, got)
	f.inUTC(got.ReceivedAt)
	pull := f.getPull(r.Pull)
	pull.Scope = domain.PullScope{} // only the first claim adds the deliveries' scopes to the stored pull
	f.equal("pull", domain.Pull{
		ID: r.Pull, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: domain.TriggerWebhook,
		State: domain.PullQueued, CreatedAt: r.At, Trace: trace,
	}, pull)
}

// deliveriesAreNotShared checks that changing an argument or a result of a method does not change the
// stored delivery. A store that keeps deliveries in memory must copy the maps and slices of a scope.
func deliveriesAreNotShared(f *fixture) {
	_, token := f.connectionWithToken()
	r := f.incoming(token, domain.WebhookEvent{})
	fill := func() {
		r.Body, r.Event = []byte("body"), wantedEvent("key", domain.PullScope{
			Window: &domain.Window{From: "2026-01-01"}, Removed: []string{"r"},
			Changed: map[string][]string{"acc": {"a"}},
		})
	}
	overwrite := func(body []byte, scope domain.PullScope) {
		body[0], scope.Window.From, scope.Removed[0], scope.Changed["acc"][0] = '!', "", "!", "!"
	}
	fill()
	f.receive(r)
	overwrite(r.Body, r.Event.Scope)
	fill()
	got := f.getDelivery(r.Delivery)
	f.equal("body after the caller wrote to the argument", r.Body, got.Body)
	f.equal("scope after the caller wrote to the argument", r.Event.Scope, got.Scope)
	overwrite(got.Body, got.Scope)
	_, claimed := f.claim(r.Pull)
	f.equal("the pull's scope", r.Event.Scope, claimed.Pull.Scope)
	overwrite([]byte("-"), claimed.Pull.Scope)
	f.equal("the pull's scope after the caller wrote to it", r.Event.Scope, f.getPull(r.Pull).Scope)
	f.equal("the delivery's scope", r.Event.Scope, f.getDelivery(r.Delivery).Scope)
}

// receiveNeedsALiveToken checks that Receive returns the same error for every reason why a token is
// not accepted, so that a caller cannot find out the reason.
func receiveNeedsALiveToken(f *fixture) {
	c, token := f.connectionWithToken()
	revoked := f.createToken(c)
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, revoked.ID, f.now(), nil, nil))
	deleted := f.newConnection("of an origin without other connections")
	deleted.BaseURL = "https://sandbox.example.test"
	orphan := f.createToken(f.createStored(deleted))
	f.deleteConnection(deleted)
	unknown, foreign := f.newToken(c), token
	foreign.Vendor = otherVendor
	for name, token := range map[string]domain.WebhookToken{
		"unknown": unknown, "revoked": revoked, "another vendor's": foreign, "a deleted connection's": orphan,
	} {
		r := f.incoming(token, wantedEvent(name, domain.PullScope{}))
		_, err := f.Deliveries.Receive(f.ctx, r)
		f.errorIs(err, domain.Unauthenticated)
		_, err = f.Deliveries.Get(f.ctx, f.tenant, r.Delivery)
		f.errorIs(err, domain.NotFound)
		_, err = f.Pulls.Get(f.ctx, f.tenant, r.Pull)
		f.errorIs(err, domain.NotFound)
	}
}

// eventsShareAPull checks that several events join one queued pull. One event is received with a second token, because
// the queued pull belongs to the connection and not to a token.
func eventsShareAPull(f *fixture) {
	c, token := f.connectionWithToken()
	first := f.receiveWanted(token)
	for range 4 {
		f.equal("pull", first.Pull, f.receiveWanted(token).Pull)
	}
	f.equal("the pull of the connection's second token", first.Pull, f.receiveWanted(f.createToken(c)).Pull)
	f.equal("a request joins too", first.Pull, f.requestPull(c, domain.PullScope{}).ID)
	pulls := f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)
	f.equal("pulls", []domain.PullID{first.Pull}, ids(pulls, pullID))
	f.equal("trigger", domain.TriggerWebhook, pulls[0].Trigger)
}

// startedPullsAreNotJoined checks that an event does not join a pull that is running or waits for its next attempt. In
// both states the pull has already read rows, so it could miss the change that a new event announces.
func startedPullsAreNotJoined(f *fixture) {
	c, token := f.connectionWithToken()
	first := f.receiveWanted(token)
	l, _ := f.claim(first.Pull)
	second := f.receiveWanted(token)
	if second.Pull == first.Pull {
		f.Fatal("a delivery joined a running pull")
	}
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("while the first waits for its next attempt", second.Pull, f.receiveWanted(token).Pull)
	f.equal("a request meanwhile", second.Pull, f.requestPull(c, domain.PullScope{}).ID)
	f.equal("the first delivery", first.Pull, f.getDelivery(first.ID).Pull)
}

// unwantedEvents checks that no pull is queued for three kinds of events: an unreadable event, an event that requests
// no pull, and an event about another account reference. The three events have the same body, but none of them is a
// duplicate. The unreadable event has no deduplication key and is identified by its body. The two other events have
// different keys.
func unwantedEvents(f *fixture) {
	c, token := f.connectionWithToken()
	elsewhere := wantedEvent("elsewhere", domain.PullScope{Everything: true})
	elsewhere.AccountRef = "another item"
	for _, row := range []struct {
		name       string
		event      domain.WebhookEvent
		unreadable bool
		want       domain.DeliveryStatus
	}{
		{"unreadable", domain.WebhookEvent{}, true, domain.DeliveryUnreadable},
		{"unwanted", domain.WebhookEvent{Name: "item/seen", DedupKey: "unwanted"}, false, domain.DeliveryIgnored},
		{"confidential", domain.WebhookEvent{Name: "item/moved", DedupKey: "confidential", Confidential: true}, false,
			domain.DeliveryIgnored},
		{"about another account reference", elsewhere, false, domain.DeliveryIgnored},
	} {
		r := f.incoming(token, row.event)
		r.Unreadable, r.Body = row.unreadable, []byte("\x00not json \xff")
		got := f.receive(r)
		f.equal(row.name+": duplicate", false, got.Duplicate)
		for _, d := range []domain.Delivery{got.Delivery, f.getDelivery(r.Delivery)} {
			f.equal(row.name, row.want, d.Status)
			f.equal(row.name+": pull", domain.PullID{}, d.Pull)
		}
		body := r.Body
		if row.event.AccountRef != "" || row.event.Confidential {
			body = []byte{}
		}
		f.equal(row.name+": body", string(body), string(f.getDelivery(r.Delivery).Body))
		_, err := f.Pulls.Get(f.ctx, f.tenant, r.Pull)
		f.errorIs(err, domain.NotFound)
	}
	f.equal("pulls", 0, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// referencesInCapitals receives events whose account reference differs from the connection's reference only in case. If
// the references are UUIDs, the event must be accepted, both with and without a queued pull. Otherwise the references
// are different, and the event must be ignored.
func referencesInCapitals(f *fixture) {
	const lower, upper = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12", "6D1A9C34-20B7-4F5E-8C61-93E7A5D40B12"
	for _, refs := range []struct {
		stored, named string
		want          domain.DeliveryStatus
	}{
		{upper, lower, domain.DeliveryAccepted}, {lower, upper, domain.DeliveryAccepted},
		{upper, upper, domain.DeliveryAccepted}, {"Item-1", "item-1", domain.DeliveryIgnored},
		{"item-1", "ITEM-1", domain.DeliveryIgnored},
	} {
		f.tenant = newTenant() // otherwise, the event would belong to the connections of the other rows, too
		c := f.newConnection("connection " + newUUID().String())
		c.AccountRef = refs.stored
		token := f.createToken(f.createStored(c))
		for _, queued := range []bool{false, true} {
			if queued {
				f.receiveWanted(token)
			}
			event := wantedEvent(fmt.Sprintf("queued %t", queued), domain.PullScope{Everything: true})
			event.AccountRef = refs.named
			r := f.incoming(token, event)
			what := fmt.Sprintf("%s, received for %s, queued %t", refs.named, refs.stored, queued)
			f.equal(what, refs.want, f.receive(r).Delivery.Status)
			f.equal(what+": stored", refs.want, f.getDelivery(r.Delivery).Status)
		}
		found, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, c.ID)
		f.noError(err)
		f.equal("account reference", refs.stored, found.AccountRef)
	}
}

// duplicates checks that an event is recognised as a duplicate when it is sent again. An event with a deduplication key
// must be recognised even if its body has changed. Such an event is also sent again while its pull runs, and after its
// pull has ended.
func duplicates(f *fixture) {
	c, token := f.connectionWithToken()
	byKey := f.incoming(token, wantedEvent("key", domain.PullScope{Everything: true}))
	byBody := f.incoming(token, domain.WebhookEvent{Name: "item/seen"})
	unreadable := f.incoming(token, domain.WebhookEvent{})
	unreadable.Unreadable, unreadable.Body = true, []byte("%")
	again := func(what string, r ports.IncomingDelivery) {
		f.Helper()
		first := f.getDelivery(r.Delivery)
		copied := r
		copied.Delivery, copied.Pull, copied.At = newID[domain.Delivery](), newID[domain.Pull](), f.now()
		if r.Event.DedupKey != "" {
			copied.Body = []byte("the same event with another body")
		}
		got := f.receive(copied)
		f.equal(what+": duplicate", true, got.Duplicate)
		f.equal(what+": token", token.ID, got.Token)
		if diff := cmp.Diff(first, got.Delivery, cmpOptions, ignoreBodyAndScope); diff != "" {
			f.Errorf("%s: not the first delivery (-want +got):\n%s", what, diff)
		}
		_, err := f.Deliveries.Get(f.ctx, f.tenant, copied.Delivery)
		f.errorIs(err, domain.NotFound)
	}
	for _, r := range []ports.IncomingDelivery{byKey, byBody, unreadable} {
		f.receive(r)
		again("immediately", r)
	}
	l, _ := f.claim(byKey.Pull)
	again("while its pull runs", byKey)
	f.finish(l, domain.PullSucceeded, "")
	again("after its pull has ended", byKey)
	f.equal("pulls", 1, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// receiveConcurrently receives deliveries concurrently. It returns the results of the new deliveries
// and the results of the duplicates.
func (f *fixture) receiveConcurrently(deliveries []ports.IncomingDelivery) (fresh, copies []ports.ReceiveResult) {
	var mu sync.Mutex
	concurrently(len(deliveries), func(i int) {
		got, err := f.Deliveries.Receive(f.ctx, deliveries[i])
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			f.Error(err)
		case got.Duplicate:
			copies = append(copies, got)
		default:
			fresh = append(fresh, got)
		}
	})
	return fresh, copies
}

// concurrentCopies simulates a burst of retries by the vendor: 64 concurrent copies of one event. A store
// that only looks up the event before the insert would store several copies.
func concurrentCopies(f *fixture) {
	c, token := f.connectionWithToken()
	var deliveries []ports.IncomingDelivery
	for range 64 {
		deliveries = append(deliveries, f.incoming(token, wantedEvent("the same", domain.PullScope{Everything: true})))
	}
	fresh, copies := f.receiveConcurrently(deliveries)
	if len(fresh) != 1 || len(copies) != 63 {
		f.Fatalf("%d stored and %d duplicates, want 1 and 63", len(fresh), len(copies))
	}
	for _, other := range copies {
		f.equal("the original of the duplicate", fresh[0].Delivery.ID, other.Delivery.ID)
	}
	f.equal("deliveries", 1, len(f.listDeliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil)))
	f.equal("pulls", []domain.PullID{fresh[0].Delivery.Pull},
		ids(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil), pullID))
}

// concurrentEvents checks that concurrent events share one pull. It fails if two of them find no queued pull, and each
// of them queues one.
func concurrentEvents(f *fixture) {
	c, token := f.connectionWithToken()
	var deliveries []ports.IncomingDelivery
	var want []domain.DeliveryID
	for range 32 {
		deliveries = append(deliveries, f.incoming(token,
			wantedEvent(newUUID().String(), domain.PullScope{Everything: true})))
		want = append(want, deliveries[len(deliveries)-1].Delivery)
	}
	fresh, _ := f.receiveConcurrently(deliveries)
	for _, got := range fresh {
		f.equal("pull", fresh[0].Delivery.Pull, got.Delivery.Pull)
	}
	exactlyOnce(f, want, ids(f.listDeliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil), deliveryID))
	f.equal("pulls", 1, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

func fingerprintsPerConnection(f *fixture) {
	for range 2 {
		_, token := f.connectionWithToken()
		got := f.receive(f.incoming(token, wantedEvent("shared", domain.PullScope{})))
		f.equal("duplicate", false, got.Duplicate)
	}
}

// about returns an event about the account reference ref. The event has a deduplication key and announces a removal.
func about(ref string) domain.WebhookEvent {
	event := wantedEvent(newUUID().String(), domain.PullScope{Removed: []string{"row"}})
	event.AccountRef, event.RemovedIn = ref, "account"
	return event
}

func (f *fixture) deliveriesOf(c domain.Connection) []domain.Delivery {
	return f.listDeliveries(ports.DeliveryFilter{Connection: c.ID}, 10, nil)
}

// eventsAreRouted receives events through the token of a connection that has another account. It checks which
// connections get the event: those of the same tenant, vendor and origin that are live and have the account reference.
func eventsAreRouted(f *fixture) {
	const ref, upper = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12", "6D1A9C34-20B7-4F5E-8C61-93E7A5D40B12"
	create := func(change func(*domain.Connection)) domain.Connection {
		c := f.newConnection("connection " + newUUID().String())
		c.AccountRef = ref
		change(&c)
		return f.createStored(c)
	}
	own := create(func(c *domain.Connection) { c.AccountRef = "another item" })
	token := f.createToken(own)
	receivers := []domain.Connection{
		create(func(c *domain.Connection) { c.BaseURL = "https://API.example.test:443/v2/" }),
		create(func(c *domain.Connection) { c.AccountRef = upper }),
	}
	others := []domain.Connection{
		create(func(c *domain.Connection) { c.BaseURL = "https://sandbox.example.test" }),
		create(func(c *domain.Connection) { c.Vendor = otherVendor }),
		create(func(c *domain.Connection) { c.AccountRef = ref[:len(ref)-1] }),
		create(func(*domain.Connection) {}),
	}
	f.deleteConnection(others[3])
	tenant := f.tenant
	f.tenant = newTenant()
	foreign := create(func(*domain.Connection) {})
	f.tenant = tenant

	for range 2 { // the second event finds queued pulls
		r := f.incoming(token, about(ref))
		got := f.receive(r)
		f.equal("the token", token.ID, got.Token)
		f.equal(
			"the first delivery",
			[]any{r.Delivery, receivers[0].ID},
			[]any{got.Delivery.ID, got.Delivery.Connection},
		)
		r.Delivery, r.Pull = newID[domain.Delivery](), newID[domain.Pull]()
		f.equal("the same event again", true, f.receive(r).Duplicate)
		for _, c := range receivers {
			d := f.getDelivery(f.deliveriesOf(c)[0].ID)
			f.equal("the delivery", []any{domain.DeliveryAccepted, r.Event.ID, string(r.Body)},
				[]any{d.Status, d.EventID, string(d.Body)})
			f.equal("its scope", r.Event.Scope.Unproved("account"), d.Scope)
			pull := f.getPull(d.Pull)
			f.equal("its pull", []any{c.ID, domain.PullQueued, domain.TriggerWebhook},
				[]any{pull.Connection, pull.State, pull.Trigger})
		}
	}
	for _, c := range receivers {
		f.equal("deliveries and pulls", []int{2, 1},
			[]int{len(f.deliveriesOf(c)), len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil))})
	}
	for i, c := range append(others, own) {
		f.equal(fmt.Sprintf("deliveries of the other connection %d", i), 0, len(f.deliveriesOf(c)))
	}
	f.tenant = foreign.Tenant
	f.equal("deliveries of another tenant", 0, len(f.listDeliveries(ports.DeliveryFilter{}, 10, nil)))
	f.tenant = tenant
}

// eventsAreRoutedAgain sends an event again after a second connection with its account reference was created.
func eventsAreRoutedAgain(f *fixture) {
	_, token := f.connectionWithToken()
	first := f.newConnection("first " + newUUID().String())
	first.AccountRef = "item-2"
	f.createStored(first)
	r := f.incoming(token, about("item-2"))
	f.receive(r)
	second := f.newConnection("second " + newUUID().String())
	second.AccountRef = "item-2"
	f.createStored(second)
	r.Delivery, r.Pull = newID[domain.Delivery](), newID[domain.Pull]()
	got := f.receive(r)
	f.equal("the new delivery", []any{false, second.ID}, []any{got.Duplicate, got.Delivery.Connection})
	f.equal("deliveries", []int{1, 1}, []int{len(f.deliveriesOf(first)), len(f.deliveriesOf(second))})
	r.Delivery, r.Pull = newID[domain.Delivery](), newID[domain.Pull]()
	f.equal("the event a third time", true, f.receive(r).Duplicate)
}

func eventsOfPausedConnections(f *fixture) {
	_, token := f.connectionWithToken()
	c := f.newConnection("paused " + newUUID().String())
	c.AccountRef = "item-2"
	c.Pause(f.now())
	f.createStored(c)
	got := f.receive(f.incoming(token, about("item-2"))).Delivery
	f.equal("the delivery", []any{c.ID, domain.DeliveryAccepted}, []any{got.Connection, got.Status})
	f.equal("its pull", domain.PullQueued, f.getPull(got.Pull).State)
}

func equalBodies(f *fixture) {
	_, token := f.connectionWithToken()
	send := func() ports.ReceiveResult {
		event := wantedEvent("", domain.PullScope{Everything: true})
		return f.receive(f.incoming(token, event))
	}
	first := send()
	f.equal("while its pull is queued", []any{true, first.Delivery.ID}, func() []any {
		again := send()
		return []any{again.Duplicate, again.Delivery.ID}
	}())
	l, _ := f.claim(first.Delivery.Pull)
	second := send()
	f.equal("while its pull runs", []any{false, false},
		[]any{second.Duplicate, second.Delivery.Pull == first.Delivery.Pull})
	f.equal("a third time", true, send().Duplicate)
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(second.Delivery.Pull)
	f.finish(l, domain.PullSucceeded, "")
	third := send()
	f.equal("after its pull has ended", []any{false, domain.PullQueued},
		[]any{third.Duplicate, f.getPull(third.Delivery.Pull).State})
}

// concurrentEqualBodies checks that only one of several equal deliveries is stored if they arrive concurrently, and
// that only one pull is queued.
func concurrentEqualBodies(f *fixture) {
	c, token := f.connectionWithToken()
	var copies []ports.IncomingDelivery
	for range 32 {
		copies = append(copies, f.incoming(token, wantedEvent("", domain.PullScope{Everything: true})))
	}
	fresh, _ := f.receiveConcurrently(copies)
	f.equal("stored", 1, len(fresh))
	f.equal("pulls", 1, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}
