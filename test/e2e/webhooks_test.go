package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sourcePolicy returns a change that sets how Pluggy's webhooks are authenticated, and which proxies
// are trusted.
func sourcePolicy(p domain.SourcePolicy, trusted ...string) change {
	return func(s *setup) {
		s.cfg.Sources = map[domain.Vendor]domain.SourcePolicy{"pluggy": p}
		s.cfg.TrustedProxies = networks(trusted...)
	}
}

// webhook creates a connection of a new tenant to a new Pluggy bank, and a webhook token for it. It returns the
// tenant's operator, the bank, the connection's id and the path of the webhook.
func (w *env) webhook(t *testing.T) (o operator, b *pluggyBank, id, path string) {
	o, b = w.operator(t), newPluggy(t)
	id = o.connect(b, "main")
	return o, b, id, o.mint(b, "main")
}

func TestWebhookSourceChecks(t *testing.T) {
	const secret, value = "hmac", "Bearer value"
	// requests maps the headers of a request, separated by "; ", to the expected status. In the headers, SIGNED is a
	// placeholder for the signature.
	type requests map[string]int
	everything := domain.SourcePolicy{
		HMACSecret:    domain.SecretText(secret),
		Authorization: domain.SecretText(value),
		Networks:      networks("127.0.0.0/8"),
	}
	for name, c := range map[string]struct {
		change   change
		requests requests
	}{
		"a signature": {sourcePolicy(domain.SourcePolicy{HMACSecret: domain.SecretText(secret)}), requests{
			"X-Webhook-Signature: SIGNED": 202, "X-Webhook-Signature: sha256=SIGNED": 202,
			"X-Webhook-Signature: SIGNEDUPPER": 202, "": 401, "X-Webhook-Signature: sha256=": 401,
			"X-Webhook-Signature: SIGNEDx": 401, "X-Webhook-Signature: sha1=SIGNED": 401,
			"X-Webhook-Signature: " + strings.Repeat("0", 64): 401, "Authorization: " + value: 401,
			"Authorization: SIGNED":      401,
			"X-Forwarded-For: 127.0.0.1": 401,
		}},
		"a shared value": {sourcePolicy(domain.SourcePolicy{Authorization: domain.SecretText(value)}), requests{
			"Authorization: " + value: 202, "Authorization: " + value + "x": 401,
			"Authorization: bearer value": 401, "Authorization: Bearer": 401, "": 401,
			"X-Webhook-Signature: SIGNED": 401,
		}},
		"the peer's address": {sourcePolicy(domain.SourcePolicy{Networks: networks("127.0.0.0/8")}), requests{
			"": 202, "X-Forwarded-For: 203.0.113.9": 202, // no proxy is trusted, so X-Forwarded-For is ignored
		}},
		"another address": {sourcePolicy(domain.SourcePolicy{Networks: networks("203.0.113.0/24")}), requests{
			"": 401, "X-Forwarded-For: 203.0.113.9": 401, "X-Real-Ip: 203.0.113.9": 401,
			"Forwarded: for=203.0.113.9": 401,
		}},
		"an address behind a proxy": {sourcePolicy(
			domain.SourcePolicy{Networks: networks("203.0.113.0/24")}, "127.0.0.0/8", "198.51.100.0/24",
		), requests{
			"": 401, "X-Forwarded-For: 203.0.113.9": 202, "X-Forwarded-For: 10.0.0.1, 203.0.113.9": 202,
			"X-Forwarded-For: 203.0.113.9, 198.51.100.7": 202, "X-Forwarded-For: 203.0.113.9, 192.0.2.1": 401,
			"X-Forwarded-For: nonsense": 401, "X-Forwarded-For: 203.0.113.9, nonsense": 401,
		}},
		"any of them": {
			sourcePolicy(everything),
			requests{"": 202, "Authorization: wrong; X-Webhook-Signature: wrong": 202},
		},
		"none": {
			sourcePolicy(domain.SourcePolicy{}),
			requests{"": 401, "Authorization: ; X-Webhook-Signature: SIGNED": 401},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, "sqlite", backends["sqlite"](t), c.change)
			_, b, _, path := w.webhook(t)
			for headers, status := range c.requests {
				body := b.payload(t, "all")
				signed := signature(secret, body)
				sent := strings.NewReplacer("SIGNEDUPPER", strings.ToUpper(signed), "SIGNED", signed).Replace(headers)
				var all []string
				if sent != "" {
					all = strings.Split(sent, "; ")
				}
				if got := w.call(t, http.MethodPost, path, body, all...).status; got != status {
					t.Errorf("%q answered %d, want %d", headers, got, status)
				}
			}
		})
	}
}

// TestAnAccountReferenceInCapitalsIsTheSameReference checks that webhooks are accepted for a connection that the
// operator has created with the account reference in capital letters. Both simulators, like the vendors, write the
// reference in lower case in their webhooks.
func TestAnAccountReferenceInCapitalsIsTheSameReference(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, body := w.operator(t), creation(b, "capitals")
		capitals := strings.ToUpper(b.ref())
		if capitals == b.ref() {
			t.Fatalf("the reference %s has no letters", capitals)
		}
		body["accountRef"] = capitals
		id := o.send(http.MethodPost, connections, body).want(http.StatusCreated).text("id")
		o.testConnection(b, "capitals", "")
		path := o.mint(b, "capitals")
		o.announce(b, path, "all")
		o.waitForSuccess(id)
		o.checkRows(b, id)
		for _, delivery := range o.pages(deliveries+"?connectionId="+id, 100) {
			if delivery["status"] != "processed" {
				t.Errorf("the delivery of a webhook about %s is %v, want processed", b.ref(), delivery["status"])
			}
		}
		if got := o.get(pathOf(id, "")).text("accountRef"); got != capitals {
			t.Errorf("the descriptor has the reference %s, want %s as the operator wrote it", got, capitals)
		}
	})
}

func TestAllWebhookRefusalsAreIdentical(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id, path := w.webhook(t)
		body := b.payload(t, "all")
		revoked := o.send(http.MethodPost, tokens, object{"vendor": "pluggy", "connection_config_name": "main"}).
			want(201)
		o.send(http.MethodDelete, tokens+"/"+revoked.text("id"), nil).want(204)
		belvo := newBelvo(t)
		o.connect(belvo, "belvo")
		other := newPluggy(t) // another origin, so that no connection takes over the token
		gone := o.connect(other, "gone")
		orphan := o.mint(other, "gone")
		o.send(http.MethodDelete, pathOf(gone, ""), nil).want(204)
		elsewhere := o.mint(belvo, "belvo")

		good := "X-Webhook-Signature: " + signature(signing, body)
		first := w.call(t, http.MethodPost, path, body)
		first.problem(401, "MTCH-0003")
		want := normalized(first, "-")
		for name, request := range map[string][]string{
			"a wrong signature":             {path, "X-Webhook-Signature: " + signature("wrong", body)},
			"the signature of another body": {path, "X-Webhook-Signature: " + signature(signing, []byte("{}"))},
			"an unknown token":              {prefix + "/webhooks/pluggy/" + strings.Repeat("A", 43), good},
			"a malformed token":             {prefix + "/webhooks/pluggy/x", good},
			"a token with a suffix":         {path + "x", good},
			"a token in another case":       {strings.ToLower(path), good},
			"a revoked token":               {strings.TrimPrefix(revoked.text("webhookUrl"), publicURL), good},
			"a deleted connection":          {orphan, good},
			"the other vendor's token":      {strings.Replace(elsewhere, "/belvo/", "/pluggy/", 1), good},
			"the other vendor's path": {
				strings.Replace(path, "/pluggy/", "/belvo/", 1), "Authorization: " + shared,
			},
			"an unknown vendor":   {strings.Replace(path, "/pluggy/", "/nosuch/", 1), good},
			"not a vendor name":   {strings.Replace(path, "/pluggy/", "/Pluggy!/", 1), good},
			"an operator's token": {path, "Authorization: Bearer " + o.token},
			"no proof":            {strings.Replace(elsewhere, "/pluggy/", "/belvo/", 1)},
		} {
			got := normalized(w.call(t, http.MethodPost, request[0], body, request[1:]...), "-")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if kept := o.pages(deliveries, 20); len(kept) > 0 {
			t.Errorf("a refused request was stored: %v", kept)
		}
		if pulls := o.pages(pathOf(id, "/pulls"), 20); len(pulls) > 0 {
			t.Errorf("a refused request caused a pull: %v", pulls)
		}
	})
}

func TestConcurrentCopiesOfAWebhookAreDeduplicated(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		const copies = 64
		o := w.operator(t)
		id := o.connect(b, "main")
		path := o.mint(b, "main")
		body := b.payload(t, "all")
		var taken atomic.Int64
		var all sync.WaitGroup
		for range copies {
			all.Go(func() {
				if w.postWebhook(t, b.vendor(), path, body).status == http.StatusAccepted {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != copies {
			t.Errorf("%d of %d copies were accepted", taken.Load(), copies)
		}
		if pulls := o.waitForSuccess(id); len(pulls) != 1 {
			t.Errorf("%d pulls, want 1", len(pulls))
		}
		kept := o.pages(deliveries+"?connectionId="+id, 20)
		if len(kept) != 1 || kept[0]["status"] != "processed" {
			t.Errorf("%d deliveries, want 1, processed: %v", len(kept), kept)
		}
		o.postWebhook(t, b.vendor(), path, body).want(http.StatusAccepted)
		if again := o.pages(pathOf(id, "/pulls"), 20); len(again) != 1 {
			t.Error("a late copy caused another pull")
		}
	})
}

func TestEveryAcceptedWebhookIsStored(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		path := o.mint(b, "main")
		other := bytes.ReplaceAll(b.payload(t, "all"), []byte(b.ref()), []byte("00000000-0000-4000-8000-000000000000"))
		unknown := map[string]string{
			"pluggy": `{"event":"something/new","eventId":"e1","itemId":"` + b.ref() + `"}`,
			"belvo": `{"webhook_id":"1","webhook_type":"OWNERS","webhook_code":"historical_update",` +
				`"link_id":"` + b.ref() + `"}`,
		}[b.vendor()]
		for body, status := range map[string]string{
			"not JSON": "unreadable", "": "unreadable", "[]": "unreadable", "{}": "unreadable",
			"\x00\xff": "unreadable", `{"event":7}`: "unreadable", string(other): "ignored", unknown: "ignored",
		} {
			o.postWebhook(t, b.vendor(), path, []byte(body)).want(http.StatusAccepted)
			newest := o.pages(deliveries+"?connectionId="+id, 20)[0]
			if newest["status"] != status || newest["pullId"] != nil {
				t.Errorf("%q is stored as %v, want %s", body, newest, status)
			}
			got := o.get(deliveries + "/" + text(newest, "id")).want(200).json()["payload"]
			var want any
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				want = strings.ToValidUTF8(body, "\uFFFD")
			}
			if body == string(other) {
				want = "" // the event belongs to no connection
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q is returned differently (-sent +returned):\n%s", body, diff)
			}
		}
		if pulls := o.pages(pathOf(id, "/pulls"), 20); len(pulls) > 0 || b.gate().total() > 0 {
			t.Errorf("an event that needs no pull caused %v", pulls)
		}
	})
}

func TestWebhookBodiesAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, _, id, path := w.webhook(t)
		full := bytes.Repeat([]byte("x"), 1<<20)
		w.postWebhook(t, "pluggy", path, full).want(http.StatusAccepted)
		w.postWebhook(t, "pluggy", path, append(full, 'x')).problem(413, "MTCH-0010")
		if kept := o.pages(deliveries+"?connectionId="+id, 20); len(kept) != 1 {
			t.Errorf("%d deliveries are stored, want 1", len(kept))
		}
	})
}

// unreachableStore is a delivery store that fails while gone is true, as if its database were not reachable.
type unreachableStore struct {
	ports.Deliveries
	gone *atomic.Bool
}

func (a unreachableStore) Receive(ctx context.Context, r ports.IncomingDelivery) (ports.ReceiveResult, error) {
	if a.gone.Load() {
		return ports.ReceiveResult{}, &domain.Error{
			Kind:  domain.Unavailable,
			Code:  domain.StoreUnavailable,
			Cause: errors.New("connection refused"),
		}
	}
	return a.Deliveries.Receive(ctx, r)
}

func TestWebhooksWithoutADatabaseAreRefused(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	w := open(t, "sqlite", backends["sqlite"](t), func(s *setup) {
		s.over.Wrap = func(stores *composedStores) { stores.Deliveries = unreachableStore{stores.Deliveries, &gone} }
	})
	o, b, id, path := w.webhook(t)
	gone.Store(true)
	body := b.payload(t, "all")
	w.postWebhook(t, "pluggy", path, body).problem(503, "MTCH-0008")
	gone.Store(false)
	if kept := o.pages(deliveries, 20); len(kept) > 0 {
		t.Errorf("a delivery without a 202 is stored: %v", kept)
	}
	w.postWebhook(t, "pluggy", path, body).want(202) // the vendor's second attempt must not be treated as a duplicate
	o.waitForSuccess(id)
	o.checkRows(b, id)
}

// The service must never send a request to a link that a webhook contains.
func TestLinksInAPayloadAreNotFollowed(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id, path := w.webhook(t)
		trap, address := serve(t, http.NotFoundHandler())
		added := b.add(t)
		var body object
		if err := json.Unmarshal(
			b.event(
				t,
				pluggysim.Event{
					Name:           "transactions/created",
					AccountID:      pluggysim.DemoBankAccountID,
					TransactionIDs: []string{added},
				},
			),
			&body,
		); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"createdTransactionsLink", "createdTransactionsLinkV2"} {
			if body[name] == nil {
				t.Errorf("the vendor writes no %s", name)
			}
			body[name] = address + "/v2/transactions"
		}
		raw, _ := json.Marshal(body)
		w.postWebhook(t, "pluggy", path, raw).want(202)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		if trap.total() > 0 {
			t.Error("a link was followed")
		}
	})
}
