package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// mintRequest returns the body of a request that creates a webhook token for the named connection. The body sets the
// given option to true, for example "sourceSecret".
func mintRequest(b bank, name, option string) object {
	return object{"vendor": b.vendor(), "connection_config_name": name, option: true}
}

func TestATokenWithASourceSecretAdmitsOnlyThisSecret(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		request := mintRequest(b, "main", "sourceSecret")
		minted := o.send(http.MethodPost, tokens, request, "X-Idempotency-Key: mint").want(201)
		o.send(http.MethodPost, tokens, request, "X-Idempotency-Key: mint").problem(409, "MTCH-0021")
		hook, secret := strings.TrimPrefix(minted.text("webhookUrl"), publicURL), minted.text("authorization")
		other := o.send(http.MethodPost, tokens, request).want(201).text("authorization")
		// The test is repeated, because a store may execute different code for the second webhook, which arrives when a
		// pull is already queued.
		for range 2 {
			body := b.payload(t, "all")
			// The secret of the deployment must no longer authenticate the webhook.
			o.postWebhook(t, b.vendor(), hook, body).problem(401, "MTCH-0003")
			for _, wrong := range []string{other, secret + "x", strings.TrimPrefix(secret, "Bearer ")} {
				o.call(t, http.MethodPost, hook, body, "Authorization: "+wrong, proofUnless(b)).
					problem(401, "MTCH-0003")
			}
			o.call(t, http.MethodPost, hook, body, "Authorization: "+secret).want(202)
		}
		o.call(t, http.MethodPost, o.mint(b, "main"), b.payload(t, "all"), "Authorization: "+secret).
			problem(401, "MTCH-0003")
		o.waitForPulls(id)
		for where, text := range map[string]string{
			"answers": w.responses.String(), "log": w.log.String(), "database": w.dump(t),
		} {
			search(t, where, map[string]string{"source secret": strings.TrimPrefix(secret, "Bearer ")}, text)
		}
	})
}

// proofUnless returns the header that authenticates the vendor's webhooks under the default test settings. For Belvo it
// returns a header without effect. Belvo's webhooks use the header Authorization, and the tests set that header
// themselves.
func proofUnless(b bank) string {
	if b.vendor() == "belvo" {
		return "X-None: none"
	}
	return proof(b.vendor(), nil)
}

func TestBelvoRegistersNoWebhook(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newBelvo(t)
		o.connect(b, "main")
		o.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).problem(400, "MTCH-0001", "body.register")
		both := mintRequest(newPluggy(t), "main", "register")
		both["sourceSecret"] = true
		o.send(http.MethodPost, tokens, both).problem(400, "MTCH-0001", "body.sourceSecret")
	})
}

// addItem adds an item with a bank account to the bank's Pluggy client, and returns the id of the item.
func (b *pluggyBank) addItem(t *testing.T) string {
	t.Helper()
	item := b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID
	if _, err := b.sim.AddAccount(pluggysim.Account{ItemID: item}); err != nil {
		t.Fatal(err)
	}
	return item
}

// sendRegistered sends an item/updated event for the item to the registered webhooks, and returns the statuses of the
// responses.
func (w *env) sendRegistered(t *testing.T, b *pluggyBank, item string) (statuses []int) {
	t.Helper()
	results, err := b.sim.SendRegistered(t.Context(), w.origin, pluggysim.Event{Name: "item/updated", ItemID: item})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		statuses = append(statuses, r.Status)
	}
	return statuses
}

func TestARegisteredWebhookLivesAsLongAsItsToken(t *testing.T) {
	for name, end := range map[string]func(o operator, connection, token string){
		"revocation": func(o operator, _, token string) {
			o.send(http.MethodDelete, tokens+"/"+token, nil).want(204)
		},
		"deletion": func(o operator, connection, _ string) {
			o.send(http.MethodDelete, pathOf(connection, ""), nil).want(204)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *env) {
				o, b := w.operator(t), newPluggy(t)
				id := o.connect(b, "main")
				minted := o.send(http.MethodPost, tokens, mintRequest(b, "main", "register"), "X-Idempotency-Key: r").
					want(201)
				o.send(http.MethodPost, tokens, mintRequest(b, "main", "register"), "X-Idempotency-Key: r").
					problem(409, "MTCH-0021")
				made := b.sim.Webhooks()
				registration, _ := minted.json()["registration"].(object)
				if len(made) != 1 || made[0].URL != minted.text("webhookUrl") || made[0].Event != "all" ||
					registration["id"] != made[0].ID || registration["state"] != "active" ||
					minted.json()["authorization"] != nil {
					t.Fatalf("the vendor has %+v after %v", made, minted.json())
				}
				if got := w.sendRegistered(t, b, b.item); len(got) != 1 || got[0] != 202 {
					t.Fatalf("the webhook got %v", got)
				}
				o.waitForPulls(id)
				other := b.addItem(t)
				if got := w.sendRegistered(t, b, other); len(got) != 1 || got[0] != 202 {
					t.Fatalf("an event of another item got %v", got)
				}
				foreign := o.pages(deliveries, 20)[0]
				if d := o.get(deliveries + "/" + text(foreign, "id")).want(200).json(); d["status"] != "ignored" ||
					d["payload"] != "" {
					t.Errorf("an event of another item is stored as %v", d)
				}
				secret := strings.TrimPrefix(made[0].Headers["Authorization"], "Bearer ")
				for where, text := range map[string]string{
					"answers": w.responses.String(), "log": w.log.String(), "database": w.dump(t),
				} {
					search(t, where, map[string]string{
						"source secret": secret, "token": minted.text("token"), "id of the other item": other,
					}, text)
				}

				b.inject(t, fault{path: "/webhooks/*", kind: "status", status: 503, times: -1})
				end(o, id, minted.text("id"))
				if got := w.sendRegistered(t, b, b.item); len(got) != 1 || got[0] != 401 {
					t.Errorf("after the end, the webhook got %v", got)
				}
				eventually(t, "a failed removal", func() bool {
					return len(w.log.linesWith("vendor webhooks", minted.text("id"))) > 0
				})
				if len(b.sim.Webhooks()) != 1 {
					t.Error("the vendor refused, but the webhook is gone")
				}
				b.clear()
				eventually(t, "the removal of the webhook", func() bool { return len(b.sim.Webhooks()) == 0 })
			})
		})
	}
}

func TestARefusedRegistrationKeepsNoToken(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		for range 5 { // the vendor counts the webhooks of all tenants that use one client id
			other := w.operator(t)
			other.connect(b, "main")
			other.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).want(201)
		}
		o.connect(b, "main")
		o.send(http.MethodPost, tokens, mintRequest(b, "main", "register"), "X-Idempotency-Key: six").
			problem(502, "MTCH-0022", "vendor")
		if n := len(o.pages(tokens, 20)); n != 0 || len(b.sim.Webhooks()) != 5 {
			t.Errorf("%d tokens and %d webhooks, want none and five", n, len(b.sim.Webhooks()))
		}
		b.inject(t, fault{path: "/webhooks", kind: "status", status: 503, times: -1})
		o.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).problem(503, "MTCH-0008")
		if n := len(o.pages(tokens, 20)); n != 0 {
			t.Errorf("%d tokens are listed after the vendor was unreachable", n)
		}
	})
}

// dyingTokens is a token store that cannot record the creation of a webhook. It simulates a process that dies directly
// after the vendor has created the webhook.
type dyingTokens struct{ ports.Tokens }

func (dyingTokens) ActivateRegistration(
	context.Context, domain.TenantID, domain.TokenID, string, ports.AuditEntries,
) error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
}

// afterTimeout is a clock that is ahead of the real time, so that every pending registration is old enough to be
// removed.
type afterTimeout struct{}

func (afterTimeout) Now() time.Time {
	return time.Now().UTC().Add(domain.RegistrationTimeout + time.Minute).Truncate(time.Microsecond)
}

// A process may die after the vendor has created a webhook, but before the service has recorded the creation. Exactly
// one of two other processes must then remove the webhook. Only one process may run the tasks of an SQLite file, so
// there is one other process on SQLite.
func TestAWebhookOfADeadProcessIsRemovedByOneReplica(t *testing.T) {
	t.Parallel()
	for backend, replicas := range map[string]int{"sqlite": 1, "postgres": 2} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			dsn, b := backends[backend](t), newPluggy(t)
			w := open(t, backend, dsn, func(s *setup) {
				s.over.Wrap = func(stores *composedStores) { stores.Tokens = dyingTokens{stores.Tokens} }
			})
			o := w.operator(t)
			o.connect(b, "main")
			o.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).problem(503, "MTCH-0008")
			if len(b.sim.Webhooks()) != 1 || len(o.pages(tokens, 20)) != 0 {
				t.Fatalf("the vendor has %v, and the token must not be listed", b.sim.Webhooks())
			}
			if err := w.app.Stores.Queue.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			var running sync.WaitGroup
			for range replicas {
				replica := open(t, backend, dsn, func(s *setup) {
					s.over.Clock, s.cfg.Sealing.KeysetFile = afterTimeout{}, w.cfg.Sealing.KeysetFile
				})
				running.Go(func() {
					if _, err := porttest.RunDue(
						context.Background(),
						replica.app.Service.NextRemoval,
						10,
					); err != nil {
						t.Error(err)
					}
				})
			}
			running.Wait()
			eventually(t, "the removal of the webhook", func() bool { return len(b.sim.Webhooks()) == 0 })
			made := b.gate().count("/webhooks")
			// The vendor must have got one POST from the first process, and one GET from the replica that has claimed
			// the registration.
			if made != 2 {
				t.Errorf("%d requests to /webhooks, want 2", made)
			}
		})
	}
}

func TestBaseURLsAreRestrictedToOrigins(t *testing.T) {
	b := newPluggy(t)
	each(t, func(t *testing.T, w *env) {
		o, other := w.operator(t), newPluggy(t)
		id := o.connect(b, "main")
		o.send(http.MethodPost, connections, creation(other, "other")).problem(400, "MTCH-0001", "body.baseUrl")
		o.send(http.MethodPut, pathOf(id, ""), object{
			"configName": "main", "baseUrl": other.origin(), "accountRef": other.ref(),
		}).problem(400, "MTCH-0001", "body.baseUrl")
		o.connect(newBelvo(t), "belvo") // no list of allowed origins is set for Belvo
	}, func(s *setup) {
		s.cfg.BaseURLs = map[domain.Vendor][]string{"pluggy": {domain.Origin(b.origin())}}
	})
}

func TestAStoredOriginThatIsNotAllowedAnyMoreIsNotCalled(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{"sqlite", "postgres"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			dsn, b := backends[backend](t), newPluggy(t)
			w := open(t, backend, dsn)
			o := w.operator(t)
			o.connect(b, "main")
			restricted := open(t, backend, dsn, func(s *setup) {
				s.cfg.Sealing.KeysetFile = w.cfg.Sealing.KeysetFile
				s.cfg.BaseURLs = map[domain.Vendor][]string{"pluggy": {"https://api.pluggy.ai"}}
			})
			o.env = restricted
			before := b.gate().count("/auth")
			o.testConnection(b, "main", "address_not_allowed")
			o.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).problem(502, "MTCH-0022", "vendor")
			if b.gate().count("/auth") != before || b.gate().count("/webhooks") != 0 {
				t.Error("the vendor was called")
			}
		})
	}
}
