package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
)

// plaidBank is a simulated Plaid with an Item that has one account.
type plaidBank struct {
	// behind is how far the vendor's clock is behind, in nanoseconds. A test reduces it to date the vendor's next
	// synchronisation, which is stated in whole seconds.
	behind atomic.Int64

	sim     *plaidsim.Simulator
	at      *gate
	url     string
	item    plaidsim.Item
	account string
}

const plaidClient, plaidSecret = "plaid-client", "plaid-secret"

func newPlaid(t *testing.T) *plaidBank {
	t.Helper()
	b := &plaidBank{}
	b.behind.Store(int64(time.Minute))
	b.sim = plaidsim.New(plaidsim.Options{Now: func() time.Time {
		return time.Now().Add(-time.Duration(b.behind.Load()))
	}})
	b.sim.AddClient(plaidClient, plaidSecret)
	b.item = b.sim.AddItem(plaidsim.Item{})
	account, err := b.sim.AddAccount(b.item.ID, plaidsim.Account{
		Type: "depository", Subtype: "checking", Name: "Checking", Mask: "4821",
		Balances: plaidsim.Balances{Current: new(json.Number("100.5")), Currency: new("USD")},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.account = account.ID
	b.at, b.url = serve(t, b.sim)
	return b
}

// put adds a row and returns its id.
func (b *plaidBank) put(t *testing.T, name, amount string, pending bool) string {
	t.Helper()
	row, err := b.sim.Put(b.item.ID, plaidsim.Transaction{
		Account: b.account, Amount: json.Number(amount), Currency: new("USD"), Name: name, Pending: pending,
		Date: time.Now().UTC().Format(time.DateOnly),
	})
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

// creation returns the request that creates a connection to the Item.
func (b *plaidBank) creation(name string) object {
	return object{
		"vendor": "plaid", "configName": name, "baseUrl": b.url, "accountRef": b.item.ID, "clientId": plaidClient,
		"secret": plaidSecret, "accessToken": b.item.AccessToken,
	}
}

// hook returns the path of the Item's webhook address.
func (b *plaidBank) hook(t *testing.T) string {
	t.Helper()
	var address string
	if err := b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { address = i.Webhook }); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(address, publicURL)
}

// event sends a signed webhook to the address of the Item. The response must be a 200 without a body.
func (b *plaidBank) event(t *testing.T, o operator, kind, code string, members map[string]any) {
	t.Helper()
	body, err := b.sim.Event(b.item.ID, kind, code, members)
	if err != nil {
		t.Fatal(err)
	}
	a := o.call(t, http.MethodPost, b.hook(t), body, "Plaid-Verification: "+b.sim.Sign(body, nil)).want(http.StatusOK)
	if len(a.raw) > 0 {
		t.Errorf("the 200 has a body: %s", a.raw)
	}
}

// news sends a webhook about new data, and waits for the pull that it causes.
func (b *plaidBank) news(t *testing.T, o operator, id string) {
	t.Helper()
	before := len(o.pages(pathOf(id, "/pulls"), 100))
	b.event(t, o, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", nil)
	if pulls := o.waitForSuccess(id); len(pulls) != before+1 {
		t.Errorf("%d pulls, want %d", len(pulls), before+1)
	}
}

// connectPlaid creates a connection with a registered webhook, and waits for the pull of its first row.
func connectPlaid(t *testing.T, w *env) (o operator, b *plaidBank, id string) {
	t.Helper()
	o, b = w.operator(t), newPlaid(t)
	id = o.send(http.MethodPost, connections, b.creation("main")).want(http.StatusCreated).text("id")
	o.send(http.MethodPost, tokens, object{
		"vendor": "plaid", "connection_config_name": "main", "register": true,
	}).want(http.StatusCreated)
	b.put(t, "RENT", "900", false)
	b.news(t, o, id)
	return o, b, id
}

func TestPlaidStreamOfChanges(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		pending := b.put(t, "CAFE", "12.50", true)
		b.news(t, o, id)
		before := o.rows(id)[pending]
		if before["status"] != "pending" || before["amount"] != "-12.50" && before["amount"] != "-12.5" {
			t.Fatalf("the pending row is %v", before)
		}
		posted, err := b.sim.Post(b.item.ID, pending, true, func(r *plaidsim.Transaction) { r.Amount = "14.00" })
		if err != nil {
			t.Fatal(err)
		}
		b.news(t, o, id) // the body is equal to that of the last event
		rows := o.rows(id)
		after := rows[posted.ID]
		if len(rows) != 2 || after["id"] != before["id"] || after["status"] != "posted" || after["version"] != 2.0 {
			t.Errorf("%d rows, the posted row is %v", len(rows), after)
		}
		if err := b.sim.Remove(b.item.ID, posted.ID); err != nil {
			t.Fatal(err)
		}
		b.news(t, o, id)
		if row := o.rows(id)[posted.ID]; row["removedAt"] == nil {
			t.Errorf("the removed row is %v", row)
		}
		// A complete pull must find nothing that the stream has missed.
		if pull := o.pull(id, object{}); pull["status"] != "succeeded" {
			t.Errorf("the pull ended as %v", pull)
		}
		for external, row := range o.rows(id) {
			if (row["removedAt"] == nil) != (external != posted.ID) || row["version"].(float64) > 3 {
				t.Errorf("%v", row)
			}
		}
	})
}

// TestPlaidCompletenessAfterChanges checks that the pull after a webhook about new data also reads the balances. No
// complete pull follows.
func TestPlaidCompletenessAfterChanges(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		account := o.accountPath(id, b.account)
		balance := func(current string) {
			t.Helper()
			if err := b.sim.EditAccount(b.item.ID, b.account, func(a *plaidsim.Account) {
				a.Balances.Current = new(json.Number(current))
			}); err != nil {
				t.Fatal(err)
			}
		}
		check := func(when, difference string, statement int) {
			t.Helper()
			b.news(t, o, id)
			b.behind.Add(-int64(time.Second)) // the next synchronisation has another time
			got := o.get(account + "/completeness").want(http.StatusOK).json()
			checks, _ := got["checks"].([]any)
			if len(checks) != 1 || got["changedSince"] != nil || checks[0].(object)["difference"] != difference {
				t.Errorf("%s: %v", when, got)
			}
			o.get(account + "/statement?format=camt053").want(statement)
		}
		b.behind.Add(-int64(time.Second))
		row := b.put(t, "COFFEE", "4.50", false)
		balance("96")
		check("after a new row", "0", http.StatusOK)
		balance("90")
		check("after a row that is missing", "-6", http.StatusConflict)
		if err := b.sim.Remove(b.item.ID, row); err != nil {
			t.Fatal(err)
		}
		balance("100.5")
		check("after a removal", "0", http.StatusOK)
		b.put(t, "TEA", "3", true)
		check("after a pending row", "0", http.StatusOK)
	})
}

func TestPlaidAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		without := b.creation("without")
		delete(without, "accessToken")
		o.send(http.MethodPost, connections, without).problem(http.StatusBadRequest, "MTCH-0001", "body.accessToken")
		pluggy := creation(newPluggy(t), "pluggy")
		pluggy["accessToken"] = "access-x"
		o.send(http.MethodPost, connections, pluggy).problem(http.StatusBadRequest, "MTCH-0001", "body.accessToken")

		test := func(healthy bool, reason any) {
			t.Helper()
			got := o.send(http.MethodPost, connections+"/test", object{"vendor": "plaid", "configName": "main"}).
				want(http.StatusOK).json()
			if got["healthy"] != healthy || got["reason"] != reason {
				t.Errorf("the test is %v, want %v", got, reason)
			}
		}
		test(true, nil)
		other := b.sim.AddItem(plaidsim.Item{})
		update := object{"configName": "main", "baseUrl": b.url, "accountRef": b.item.ID}
		put := func(members object) response {
			t.Helper()
			body := maps.Clone(update)
			maps.Copy(body, members)
			etag := o.get(pathOf(id, "")).want(http.StatusOK).header.Get("ETag")
			return o.send(http.MethodPut, pathOf(id, ""), body, "If-Match: "+etag)
		}
		put(object{"accessToken": other.AccessToken}).want(http.StatusOK) // the token of another Item
		test(false, "account_not_found")
		put(object{"accountRef": other.ID}).problem(http.StatusBadRequest, "MTCH-0001", "body.accessToken")
		put(object{"clientId": plaidClient, "secret": plaidSecret}).want(http.StatusOK)
		test(false, "account_not_found") // the token is kept
		put(object{"accessToken": b.item.AccessToken}).want(http.StatusOK)
		test(true, nil)
		for _, secret := range []string{b.item.AccessToken, other.AccessToken, plaidSecret} {
			if strings.Contains(w.responses.String(), secret) || strings.Contains(w.log.String(), secret) {
				t.Error("a secret is in a response or in the log")
			}
		}
	})
}

func TestPlaidWebhooksAreProved(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		body, err := b.sim.Event(b.item.ID, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", nil)
		if err != nil {
			t.Fatal(err)
		}
		valid := b.sim.Sign(body, nil)
		parts := strings.Split(valid, ".")
		var compact strings.Builder
		_ = json.NewEncoder(&compact).Encode(json.RawMessage(body))
		edited := func(edit func(*plaidsim.Proof)) string { return b.sim.Sign(body, edit) }
		for name, c := range map[string]struct{ body, proof string }{
			"no proof":       {string(body), ""},
			"another body":   {compact.String(), valid},
			"no signature":   {string(body), parts[0] + "." + parts[1] + "."},
			"algorithm none": {string(body), edited(func(p *plaidsim.Proof) { p.Header["alg"] = "none" })},
			"HS256":          {string(body), edited(func(p *plaidsim.Proof) { p.Header["alg"] = "HS256" })},
			"too old": {string(body), edited(func(p *plaidsim.Proof) {
				p.Claims["iat"] = time.Now().Add(-5*time.Minute - 2*time.Second).Unix()
			})},
			"too early": {string(body), edited(func(p *plaidsim.Proof) {
				p.Claims["iat"] = time.Now().Add(2 * time.Minute).Unix()
			})},
			"an Authorization value": {string(body), "x"},
		} {
			headers := []string{"Plaid-Verification: " + c.proof, "Authorization: Bearer " + strings.Repeat("a", 43)}
			if c.proof == "" {
				headers = headers[1:]
			}
			if a := o.call(t, http.MethodPost, b.hook(t), c.body, headers...); a.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		unknown := o.call(t, http.MethodPost, prefix+"/webhooks/plaid/"+strings.Repeat("A", 43), body,
			"Plaid-Verification: "+valid)
		unknown.want(http.StatusUnauthorized)
		if n := len(o.pages(pathOf(id, "/pulls"), 100)); n != 1 {
			t.Errorf("%d pulls", n)
		}
		o.send(http.MethodPost, pathOf(id, "/pause"), nil).want(http.StatusOK)
		b.event(t, o, "ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED", map[string]any{"new_webhook_url": publicURL + b.hook(t)})
		newest := o.pages(deliveries, 1)[0]
		got := o.get(deliveries + "/" + text(newest, "id")).want(http.StatusOK)
		if newest["status"] != "ignored" || strings.Contains(string(got.raw), b.hook(t)) {
			t.Errorf("the confidential delivery is %s", got.raw)
		}
	})
}

func TestPlaidLifeOfAnItem(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		o.send(http.MethodPost, tokens, object{
			"vendor": "plaid", "connection_config_name": "main", "sourceSecret": true,
		}).problem(http.StatusBadRequest, "MTCH-0001", "body.sourceSecret")
		first := b.hook(t)
		o.send(http.MethodPost, tokens, object{
			"vendor": "plaid", "connection_config_name": "main", "register": true,
		}).want(http.StatusCreated)
		if b.hook(t) == first {
			t.Error("the registration was not replaced")
		}
		session := o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil).want(http.StatusCreated)
		if !strings.HasPrefix(session.text("url"), "https://secure.plaid.com/") {
			t.Errorf("the page is %s", session.text("url"))
		}
		linked := b.creation("linked")
		delete(linked, "accountRef")
		delete(linked, "accessToken")
		o.send(http.MethodPost, linkSessions, linked).want(http.StatusConflict)
		o.send(http.MethodPost, pathOf(id, "/refresh"), nil).want(http.StatusAccepted)
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.NoRefresh = true })
		o.send(http.MethodPost, pathOf(id, "/refresh"), nil).want(http.StatusConflict)

		expiry := time.Now().Add(7 * 24 * time.Hour).UTC().Truncate(time.Second)
		b.event(t, o, "ITEM", "PENDING_EXPIRATION", map[string]any{
			"consent_expiration_time": expiry.Format(time.RFC3339),
		})
		o.wantConsent(id, "expiring "+expiry.Format(time.RFC3339))
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.Error = "ITEM_LOGIN_REQUIRED" })
		b.event(t, o, "ITEM", "ERROR", map[string]any{"error": map[string]any{"error_code": "ITEM_LOGIN_REQUIRED"}})
		eventually(t, "needsReauth", func() bool {
			return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["needsReauth"] == true
		})
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.Error = "" })
		b.event(t, o, "ITEM", "LOGIN_REPAIRED", nil)
		eventually(t, "the end of needsReauth", func() bool {
			return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["needsReauth"] == false
		})
		o.waitForPulls(id)
		b.signInEvent(t, o) // late: the Item, which the pull of the event reads, overrules it
		o.waitForPulls(id)
		if h := o.get(pathOf(id, "/health")).want(http.StatusOK).json(); h["needsReauth"] != false {
			t.Errorf("the health after a late event is %v", h)
		}
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.Error = "USER_PERMISSION_REVOKED" })
		o.send(http.MethodPost, pathOf(id, "/pulls"), map[string]any{}).want(http.StatusAccepted)
		eventually(t, "needsReauth without an event", func() bool {
			health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
			consent, _ := health["consent"].(map[string]any)
			return health["needsReauth"] == true && consent["state"] == "revoked"
		})
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.Error = "" })
		o.pull(id, nil)
		if h := o.get(pathOf(id, "/health")).want(http.StatusOK).json(); h["reason"] != "consent_revoked" {
			t.Errorf("the health before the vendor has read the bank again is %v", h)
		}
		b.behind.Store(int64(-time.Second))
		b.put(t, "AFTER THE SIGN-IN", "3.10", false)
		o.pull(id, nil)
		if h := o.get(pathOf(id, "/health")).want(http.StatusOK).json(); h["health"] != "healthy" {
			t.Errorf("the health after the vendor has read the bank again is %v", h)
		}
		o.erase(id, true)
		if err := b.sim.EditItem(b.item.ID, func(*plaidsim.Item) {}); err == nil {
			t.Error("the Item exists after the erasure")
		}
	})
}

func TestPlaidHistoryThatIsNotReady(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPlaid(t)
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.History = plaidsim.HistoryNotReady })
		id := o.send(http.MethodPost, connections, b.creation("main")).want(http.StatusCreated).text("id")
		for i := range 1200 {
			b.put(t, fmt.Sprint("ROW ", i), fmt.Sprint(i+1, ".25"), false)
		}
		requested := o.send(http.MethodPost, pathOf(id, "/pulls"), object{}).want(http.StatusAccepted)
		location := requested.header.Get("Location")
		eventually(t, "an attempt", func() bool { return o.get(location).json()["attempts"] != 0.0 })
		_ = b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.History = "" })
		b.sim.MutateDuringPagination(1)
		if pull := o.waitForPull(location); pull["status"] != "succeeded" {
			t.Errorf("the pull ended as %v", pull)
		}
		if rows := o.rows(id); len(rows) != 1200 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

// TestPlaidHistoryThatChangesDuringTheFirstPull changes the history after its first page was read: a pending row is
// posted, and another row is removed. The stream is then read again from its start, and announces neither.
func TestPlaidHistoryThatChangesDuringTheFirstPull(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPlaid(t)
		pending, removed := b.put(t, "BISTRO LUNA", "48.50", true), b.put(t, "KIOSK", "7.77", false)
		for i := range 200 {
			b.put(t, fmt.Sprint("ROW ", i), fmt.Sprint(i+1, ".25"), false)
		}
		syncs := 0
		b.at.next = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/transactions/sync" {
				if syncs++; syncs == 2 {
					if _, err := b.sim.Post(b.item.ID, pending, true, func(row *plaidsim.Transaction) {
						row.Amount = "58.20"
					}); err != nil {
						t.Error(err)
					}
					if err := b.sim.Remove(b.item.ID, removed); err != nil {
						t.Error(err)
					}
				}
			}
			b.sim.ServeHTTP(rw, r)
		})
		id := o.send(http.MethodPost, connections, b.creation("main")).want(http.StatusCreated).text("id")
		if pull := o.pull(id, object{}); pull["status"] != "succeeded" {
			t.Errorf("the pull ended as %v", pull)
		}
		live := o.liveRecords(id)
		if _, found := live[removed]; found || len(live) != 201 {
			t.Errorf("%d live records, want 201; the removed row is one of them: %t", len(live), found)
		}
		if _, found := live[pending]; found {
			t.Error("the pending row is live beside the posted one")
		}
		for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
			if row["description"] == "BISTRO LUNA" && row["removedAt"] == nil && row["supersedes"] == nil {
				t.Errorf("the posted row does not continue the pending one: %v", row)
			}
		}
	})
}

// TestPlaidAppliesRemovalsWhenAnAccountIDChanges checks that the removals in the stream are applied although the
// vendor has given the account another id since the last pull, so that all rows are read again.
func TestPlaidAppliesRemovalsWhenAnAccountIDChanges(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		old, err := b.sim.Put(b.item.ID, plaidsim.Transaction{
			Account: b.account, Amount: "77.10", Currency: new("USD"), Name: "GARDEN CENTRE",
			Date: time.Now().UTC().AddDate(0, 0, -40).Format(time.DateOnly),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.sim.EditAccount(b.item.ID, b.account, func(a *plaidsim.Account) {
			a.PersistentID = "persistent-1"
		}); err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			b.put(t, fmt.Sprintf("BOOKSHOP %c", 'A'+n), fmt.Sprintf("%d.37", 20+n), false)
		}
		b.news(t, o, id)
		before := o.liveIDs(id)
		gone := text(o.rows(id)[old.ID], "id")
		if err := b.sim.Remove(b.item.ID, old.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.sim.ChurnAccounts(b.item.ID); err != nil {
			t.Fatal(err)
		}
		b.news(t, o, id)
		delete(before, gone)
		if after := o.liveIDs(id); !maps.Equal(after, before) {
			t.Errorf("the live records are %v, want %v; the row %s was removed", after, before, gone)
		}
	})
}
