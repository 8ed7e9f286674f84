package domain_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// inbox contains a token, its connection, and other connections, for tests of domain.PlanWebhooks.
type inbox struct {
	token domain.TokenHash
	own   domain.Receiver
	view  domain.WebhookView
}

const (
	itemRef        = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12"
	itemRefCapital = "6D1A9C34-20B7-4F5E-8C61-93E7A5D40B12"
)

func receiverAt(ref string, created int) domain.Receiver {
	return domain.Receiver{
		Connection: domain.ConnectionID{UUID: uuid.New()}, BaseURL: "https://api.vendor.example/v1", AccountRef: ref,
		CreatedAt: time.Unix(int64(created), 0),
	}
}

// newInbox returns an inbox whose token belongs to a connection with the account reference ref. The test adds the
// connections that have a reference (the holders) with the method add.
func newInbox(ref string) *inbox {
	in := &inbox{token: domain.HashToken(uuid.NewString()), own: receiverAt(ref, 0)}
	in.view = domain.WebhookView{
		Bindings: map[domain.TokenHash]domain.TokenBinding{in.token: {
			Token: domain.TokenID{UUID: uuid.New()}, Tenant: domain.TenantID{UUID: uuid.New()}, Vendor: "pluggy",
			Own: in.own,
		}},
		Holders: map[domain.ReferenceKey][]domain.Receiver{}, Erased: map[domain.ReferenceKey]bool{},
		Queued: map[domain.ConnectionID]domain.PullID{}, LastTokens: map[domain.ConnectionID]domain.TokenID{},
	}
	return in
}

func (in *inbox) key(ref string) domain.ReferenceKey {
	return domain.ReferenceKey{Tenant: in.view.Bindings[in.token].Tenant, Vendor: "pluggy", Reference: ref}
}

func (in *inbox) add(r domain.Receiver) domain.Receiver {
	key := in.key(domain.CanonicalAccountRef(r.AccountRef))
	in.view.Holders[key] = append(in.view.Holders[key], r)
	return r
}

// incoming returns a delivery of an event that names the reference and announces a removal.
func (in *inbox) incoming(ref, dedupKey string) domain.PendingDelivery {
	return domain.IncomingDelivery{
		Delivery: domain.DeliveryID{UUID: uuid.Must(uuid.NewV7())}, Pull: domain.PullID{UUID: uuid.Must(uuid.NewV7())},
		Token: in.token, Vendor: "pluggy", SourceAdmitted: true, Body: []byte("body"), At: time.Unix(100, 0),
		Event: domain.WebhookEvent{
			Name: "event", ID: dedupKey, DedupKey: dedupKey, AccountRef: ref, WantsPull: true,
			Scope: domain.PullScope{Removed: []string{"row"}}, RemovedIn: "account",
		},
	}.Prepare()
}

func connectionsOf(batch *domain.WebhookBatch) (ids []domain.ConnectionID) {
	for _, p := range batch.Planned {
		ids = append(ids, p.Connection)
	}
	return ids
}

func TestAnEventBelongsToTheConnectionsThatHaveItsAccount(t *testing.T) {
	tests := map[string]struct {
		own, named string
		want       domain.DeliveryStatus
	}{
		"no account is named":                   {"item-1", "", domain.DeliveryAccepted},
		"the token's own account":               {"item-1", "item-1", domain.DeliveryAccepted},
		"another account":                       {"item-1", "item-2", domain.DeliveryIgnored},
		"the case of a reference differs":       {"item-1", "ITEM-1", domain.DeliveryIgnored},
		"the connection has a UUID in capitals": {itemRefCapital, itemRef, domain.DeliveryAccepted},
		"the event has a UUID in capitals":      {itemRef, itemRefCapital, domain.DeliveryAccepted},
		"a UUID of another form is another item": {
			itemRef,
			"6d1a9c3420b74f5e8c6193e7a5d40b12",
			domain.DeliveryIgnored,
		},
		"one reference is a prefix of the other":  {"item-1", "item", domain.DeliveryIgnored},
		"the connection has no account reference": {"", "item-1", domain.DeliveryIgnored},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := newInbox(tt.own)
			in.add(in.own)
			batch := domain.PlanWebhooks([]domain.PendingDelivery{in.incoming(tt.named, "e")}, in.view)
			if len(batch.Planned) != 1 || batch.Planned[0].Status != tt.want {
				t.Fatalf("%+v, want one delivery that is %s", batch.Planned, tt.want)
			}
			bare := tt.want == domain.DeliveryIgnored
			if got := batch.Planned[0]; len(got.Body) == 0 != bare || got.ScopeText == "" != bare {
				t.Errorf("body %q, scope %q of a delivery that is %s", got.Body, got.ScopeText, got.Status)
			}
		})
	}
}

func TestAnEventIsStoredForTheOldestConnectionsOfItsOrigin(t *testing.T) {
	in := newInbox("item-1")
	elsewhere := receiverAt("item-2", 1)
	elsewhere.BaseURL = "https://other.example"
	in.add(elsewhere)
	var want []domain.ConnectionID
	for i := range domain.MaxReceivers + 3 {
		r := receiverAt("item-2", 50-i)
		r.BaseURL = "HTTPS://API.vendor.example:443/other/path"
		want = append(want, in.add(r).Connection)
	}
	slices.Reverse(want)
	d := in.incoming("item-2", "e")
	batch := domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view)
	if diff := cmp.Diff(want[:domain.MaxReceivers], connectionsOf(batch)); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	ids, pulls := map[domain.DeliveryID]bool{}, map[domain.PullID]bool{}
	for _, p := range batch.Planned {
		ids[p.ID], pulls[p.Pull] = true, true
		if p.ID.Version() != 7 || p.ID.Variant() != uuid.RFC4122 || p.Pull.Variant() != uuid.RFC4122 ||
			!p.NewPull || !p.NewToken {
			t.Errorf("%+v, want a UUIDv7, a new pull and a new token", p)
		}
	}
	if len(ids) != domain.MaxReceivers || len(pulls) != domain.MaxReceivers {
		t.Errorf("%d ids and %d pulls, want %d", len(ids), len(pulls), domain.MaxReceivers)
	}
}

// The id of an erased account is not stored, unless a live connection has the account.
func TestAnEventOfAnErasedAccountIsStoredWithoutItsID(t *testing.T) {
	in := newInbox("item-1")
	in.view.Erased[in.key("item-2")] = true
	d := in.incoming("item-2", "e")
	got := domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view).Planned[0]
	if got.EventID != "" || len(got.Body) > 0 || got.Status != domain.DeliveryIgnored {
		t.Errorf("%+v, want an ignored delivery without id and body", got.Delivery)
	}
	in.add(receiverAt("item-2", 1))
	got = domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view).Planned[0]
	if got.EventID != "e" || string(got.Body) != "body" {
		t.Errorf("%+v, want the whole delivery", got.Delivery)
	}
}

// A connection must not trust removals that were announced through the token of another connection.
func TestRemovalsAnnouncedThroughAnotherConnectionAreDoubted(t *testing.T) {
	own := domain.PullScope{Removed: []string{"row"}}
	ids := map[string][]string{"account": {"row"}}
	nameless := map[string][]string{"": {"row"}}
	for name, tt := range map[string]struct {
		own       bool
		removedIn string
		want      domain.PullScope
	}{
		"its own connection":                {true, "account", own},
		"another connection":                {false, "account", domain.PullScope{Changed: ids, Doubted: ids}},
		"another connection, no account id": {false, "", domain.PullScope{Everything: true, Doubted: nameless}},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox("item-1")
			d := in.incoming("item-1", "e")
			if tt.own {
				in.add(in.own)
			} else {
				in.add(receiverAt("item-1", 1))
			}
			d.Event.RemovedIn = tt.removedIn
			got := domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view).Planned[0]
			if diff := cmp.Diff(tt.want, got.Scope); diff != "" {
				t.Errorf("scope (-want +got):\n%s", diff)
			}
			if text, err := json.Marshal(tt.want); got.ScopeText != string(text) || err != nil {
				t.Errorf("the stored scope is %s, want %s", got.ScopeText, text)
			}
		})
	}
}

// The second of two equal bodies is another event if it is attached to another pull.
func TestAnEqualBodyIsTheSameEventUntilItsPullStarts(t *testing.T) {
	for name, tt := range map[string]struct {
		dedupKey string
		same     bool
	}{"without an id": {"", false}, "with an id": {"e", true}} {
		t.Run(name, func(t *testing.T) {
			in := newInbox("item-1")
			in.add(in.own)
			first := in.incoming("item-1", tt.dedupKey)
			again := domain.PlanWebhooks([]domain.PendingDelivery{first, in.incoming("item-1", tt.dedupKey)}, in.view)
			if len(again.Planned) != 1 {
				t.Fatalf("%d deliveries of a batch with one body, want 1", len(again.Planned))
			}
			stored := again.Planned[0].Delivery
			plan := func(queued domain.PullID) *domain.PlannedDelivery {
				in.view.Queued[in.own.Connection] = queued
				later := in.incoming("item-1", tt.dedupKey)
				return domain.PlanWebhooks([]domain.PendingDelivery{later}, in.view).Planned[0]
			}
			if plan(stored.Pull).Key() != stored.Key() {
				t.Error("while the pull is queued, the key differs")
			}
			if got := plan(domain.PullID{UUID: uuid.New()}).Key() == stored.Key(); got != tt.same {
				t.Errorf("after the pull has started, the key is the same: %t, want %t", got, tt.same)
			}
		})
	}
}

func TestEachDeliveryOfABatchHasTheResultOfItsEvent(t *testing.T) {
	in := newInbox("item-1")
	in.add(in.own)
	other := in.add(receiverAt("item-1", 1))
	otherVendor, unknown := in.incoming("item-1", "new"), in.incoming("item-1", "new")
	otherVendor.Vendor, unknown.Token = "belvo", domain.HashToken("unknown")
	deliveries := []domain.PendingDelivery{
		in.incoming("item-1", "new"), in.incoming("item-1", "stored"), in.incoming("item-1", "new"), otherVendor,
		unknown, in.incoming("item-1", "pruned"), in.incoming("item-1", "half"),
	}
	batch := domain.PlanWebhooks(deliveries, in.view)
	if len(batch.Planned) != 8 {
		t.Fatalf("%d deliveries are planned, want two for each of four events", len(batch.Planned))
	}
	for _, p := range batch.Planned {
		earlier := p.Delivery
		earlier.ID = domain.DeliveryID{UUID: uuid.New()}
		half := p.EventID == "half" && p.Connection == other.Connection
		switch {
		case p.EventID == "stored", p.EventID == "half" && !half:
			batch.SetEarlier(earlier)
		case p.EventID == "new", half:
			p.Inserted = true
		}
	}
	batch.SetEarlier(domain.Delivery{}) // repeats no event of the batch
	missing := &domain.Error{Kind: domain.Unavailable}
	want := []string{"new", "duplicate of stored", "duplicate of new", "unauthenticated", "unauthenticated",
		"unavailable", "half"}
	var got []string
	for _, r := range batch.Results(missing) {
		switch {
		case r.Err != nil:
			got = append(
				got,
				fmt.Sprint(map[bool]string{true: "unavailable", false: "unauthenticated"}[r.Err == missing]),
			)
		case r.Duplicate:
			got = append(got, "duplicate of "+r.Delivery.EventID)
			if r.Delivery.Connection != in.own.Connection {
				t.Errorf("a duplicate is the delivery of %s, not of the oldest connection", r.Delivery.Connection)
			}
		default:
			got = append(got, r.Delivery.EventID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// A pull that waits for its next attempt is tried at once for what a stored event asks or reports.
func TestOnlyStoredEventsHurryTheirPulls(t *testing.T) {
	in := newInbox("item-1")
	in.add(in.own)
	in.add(receiverAt("item-1", 1))
	scopes := []domain.PullScope{
		{News: true}, {Signal: domain.SignalReauth}, {Signal: domain.SignalRecovered}, {Removed: []string{"row"}},
		{News: true}, {News: true},
	}
	var deliveries []domain.PendingDelivery
	for i, scope := range scopes {
		d := in.incoming("item-1", fmt.Sprint(i))
		d.Event.Scope = scope
		d.Event.WantsPull = i != 4
		deliveries = append(deliveries, d)
	}
	again := in.incoming("item-1", "0")
	again.Event.Scope = scopes[0]
	deliveries = append(deliveries, again)
	batch := domain.PlanWebhooks(deliveries, in.view)
	for _, p := range batch.Planned {
		if p.Inserted = p.EventID != "5"; !p.Inserted {
			batch.SetEarlier(p.Delivery)
		}
	}
	type hurried struct{ Asking, Reporting int } // numbers of pulls, one of each connection
	// The other connection doubts the removal, so it reads the row.
	want := []hurried{{2, 0}, {0, 2}, {0, 2}, {1, 0}, {}, {}, {}}
	var got []hurried
	for _, r := range batch.Results(nil) {
		got = append(got, hurried{len(r.Asking), len(r.Reporting)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pulls (-want +got):\n%s", diff)
	}
	pulls := []domain.PullID{batch.Planned[0].Pull, batch.Planned[1].Pull}
	if diff := cmp.Diff(pulls, batch.Results(nil)[0].Asking); diff != "" {
		t.Errorf("pulls of the first event (-want +got):\n%s", diff)
	}
}

func TestAConfidentialEventIsStoredWithoutItsBody(t *testing.T) {
	in := newInbox("item-1")
	in.add(in.own)
	for _, named := range []string{"", "item-1"} {
		d := in.incoming(named, "e")
		d.Event.Confidential = true
		got := domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view).Planned[0]
		if len(got.Body) > 0 || got.EventID != "e" || got.Status != domain.DeliveryAccepted {
			t.Errorf("%q is named: %+v", named, got.Delivery)
		}
	}
}

func TestAnEventNamesAReferenceInTheFormOfTheVendor(t *testing.T) {
	in := newInbox("item-1")
	binding := in.view.Bindings[in.token]
	d := in.incoming(itemRefCapital, "e")
	if key, named := binding.Reference(&d); !named || key != in.key(itemRef) {
		t.Errorf("%+v, %t", key, named)
	}
	d = in.incoming("", "e")
	if key, named := binding.Reference(&d); named {
		t.Errorf("an event without a reference names %+v", key)
	}
}

func TestNewDeliveriesOfAConnectionShareOnePull(t *testing.T) {
	in := newInbox("item-1")
	in.add(in.own)
	with := in.add(receiverAt("item-2", 1))
	queued := domain.PullID{UUID: uuid.New()}
	in.view.Queued[with.Connection] = queued
	stored := in.incoming("item-1", "stored")
	in.view.Stored = func(key domain.DeliveryKey) *domain.Delivery {
		if key.Fingerprint == stored.Fingerprint {
			return &domain.Delivery{}
		}
		return nil
	}
	unwanted := in.incoming("item-1", "unwanted")
	unwanted.Event.WantsPull = false
	deliveries := []domain.PendingDelivery{
		in.incoming("item-2", "a"), stored, unwanted, in.incoming("item-1", "b"), in.incoming("item-1", "c"),
		in.incoming("item-2", "d"),
	}
	batch := domain.PlanWebhooks(deliveries, in.view)
	created := deliveries[3].Pull
	want := []domain.PullID{queued, stored.Pull, {}, created, created, queued}
	var got []domain.PullID
	for _, p := range batch.Planned {
		got = append(got, p.Pull)
		p.Inserted = p.Earlier == nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pulls (-want +got):\n%s", diff)
	}
	if first := batch.NewPulls(); len(first) != 1 || first[0] != batch.Planned[3] || !batch.NeedsPulls() {
		t.Errorf("%v need a new pull, want the delivery of b", first)
	}
	if domain.PlanWebhooks(deliveries[1:2], in.view).NeedsPulls() {
		t.Error("a delivery that is stored already needs a new pull")
	}
	if domain.PlanWebhooks(deliveries[:1], in.view).NeedsPulls() {
		t.Error("a delivery of a queued pull needs a new pull")
	}
}

// The last token of a connection changes only if an event of this connection has come through another token.
func TestAnotherTokenIsRememberedWithAnEventOfItsConnection(t *testing.T) {
	in := newInbox("item-1")
	in.add(in.own)
	token := in.view.Bindings[in.token].Token
	for name, c := range map[string]struct {
		named string
		last  domain.TokenID
		pulls bool // whether the event needs a pull
		want  bool
	}{
		"the first token":                {"item-1", domain.TokenID{}, true, true},
		"another token":                  {"item-1", domain.TokenID{UUID: uuid.New()}, true, true},
		"another token, no pull needed":  {"item-1", domain.TokenID{UUID: uuid.New()}, false, true},
		"the same token":                 {"item-1", token, true, false},
		"an event of another connection": {"item-9", domain.TokenID{}, true, false},
	} {
		in.view.LastTokens[in.own.Connection] = c.last
		d := in.incoming(c.named, name)
		d.Event.WantsPull = c.pulls
		batch := domain.PlanWebhooks([]domain.PendingDelivery{d}, in.view)
		if got := batch.Planned[0].NewToken; got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	in.view.LastTokens[in.own.Connection] = domain.TokenID{}
	batch := domain.PlanWebhooks(
		[]domain.PendingDelivery{in.incoming("item-1", "x"), in.incoming("item-1", "y")},
		in.view,
	)
	if len(batch.Receivers) != 1 {
		t.Errorf("%d receivers, want each connection once", len(batch.Receivers))
	}
}
