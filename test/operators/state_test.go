package operators_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"
)

// chapter is one thing that happens to the item or link, and whether the holder is called
// for after it.
type chapter struct {
	status []string // how it stands from now on; nil leaves it
	event  string   // what the vendor tells; "" tells nothing, and an operator pulls
	reauth bool
}

func (c connected) lives(chapters []chapter) {
	c.t.Helper()
	for _, ch := range chapters {
		when := "an operator's pull"
		if ch.status != nil {
			c.stands(ch.status...)
		}
		if ch.event != "" {
			when = ch.event
			c.told(ch.event)
		} else if pull := c.pulled(); pull["status"] != "succeeded" {
			c.t.Fatalf("%s: a pull with %v ended as %v", c.bank.vendor, ch.status, pull)
		}
		c.shows(when, "healthy", "", ch.reauth)
	}
}

func TestTheHolderIsCalledForByPluggy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.operator(t).connect(newPluggy(t), "main")
		c.shows("nothing", "unknown", "", false)
		c.lives([]chapter{
			{event: "item/updated"},
			// What no event told, the item's status does; and its good news takes it back.
			{status: []string{"LOGIN_ERROR"}, reauth: true},
			{status: []string{"UPDATED"}},
			{status: []string{"WAITING_USER_INPUT"}, reauth: true},
			{status: []string{"UPDATED"}},
			{status: []string{"WAITING_USER_ACTION"}, reauth: true},
			{status: []string{"OUTDATED", "USER_AUTHORIZATION_REVOKED"}, reauth: true},
			{status: []string{"OUTDATED", "CONNECTION_ERROR"}},
			{status: []string{"UPDATED"}},
			// Events.
			{status: []string{"WAITING_USER_INPUT"}, event: "item/waiting_user_input", reauth: true},
			{status: []string{"UPDATED"}, event: "item/login_succeeded"},
			{status: []string{"WAITING_USER_ACTION"}, event: "item/waiting_user_action", reauth: true},
			{status: []string{"UPDATED"}, event: "item/updated"},
			{status: []string{"LOGIN_ERROR"}, event: "item/error", reauth: true},
			{event: `{"event":"transactions/deleted","eventId":"e-1","itemId":"` + c.bank.ref + `","transactionIds":["none"]}`, reauth: true},
			{status: []string{"UPDATED"}, event: "item/updated"},
			// The institution's own trouble is none of the holder's.
			{status: []string{"OUTDATED", "SITE_NOT_AVAILABLE"}, event: "item/error"},
			{status: []string{"UPDATED"}, event: "connector/status_updated"},
		})
	})
}

func TestTheHolderIsCalledForByBelvo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.operator(t).connect(newBelvo(t), "main")
		c.shows("nothing", "unknown", "", false)
		consent := func(code string) string {
			return `{"webhook_id":"` + code + `","webhook_type":"CONSENT","webhook_code":"` + code + `","link_id":"` + c.bank.ref + `","data":{}}`
		}
		c.lives([]chapter{
			{event: "TRANSACTIONS/historical_update"},
			{status: []string{"invalid"}, reauth: true},
			{status: []string{"valid"}},
			{status: []string{"token_required"}, reauth: true},
			{status: []string{"unconfirmed"}, reauth: true},
			{status: []string{"valid"}},
			{event: "LINK/token_required", reauth: true},
			{event: "TRANSACTIONS/historical_update_errors", reauth: true},
			{event: "TRANSACTIONS/new_transactions_available"},
			{event: "LINK/invalid_credentials", reauth: true},
			{event: "ACCOUNTS/new_accounts_available"},
			// A consent that has expired does not show in the link's status: only the vendor's
			// own good news takes it back.
			{event: "CONSENT/openfinance_consent_expired", reauth: true},
			{status: []string{"valid"}, reauth: true},
			{event: consent("openfinance_consent_renewed")},
			{event: "CONSENT/consent_expired", reauth: true},
			{event: "TRANSACTIONS/historical_update"},
			{event: consent("consent_revoked"), reauth: true},
			{event: consent("consent_authorised")},
			{event: "CONSENT/openfinance_consent_about_to_expire"},
		})
	})
}

// A credential that is withdrawn shows through the safety net alone: no webhook, no test.
func TestARejectedCredentialShowsByItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, b := range []*bank{newPluggy(t), newBelvo(t)} {
			o := w.operator(t)
			c, other := o.connect(b, b.vendor+"-main"), o.connect(b, b.vendor+"-other")
			c.pulled()
			if state := c.shows("a pull", "healthy", "", false); state["lastPullAt"] == nil || state["since"] == nil || state["lastWebhookAt"] != nil {
				t.Errorf("after its first pull it shows %v", state)
			}
			b.shut()
			c.reconciled()
			state := c.shows("the safety net", "unhealthy", "credential_rejected", true)
			pulls, _ := c.get(list + "/" + c.id + "/pulls?limit=1")["items"].([]any)
			last, _ := pulls[0].(object)
			if last["status"] != "failed" || last["lastError"] != "credential_rejected" || last["attempts"] != 1.0 || last["trigger"] != "reconcile" {
				t.Errorf("its pull says %v", last)
			}
			c.reconciled()
			if again := c.shows("another round", "unhealthy", "credential_rejected", true); again["since"] != state["since"] {
				t.Errorf("it is unhealthy since %v, and was since %v", again["since"], state["since"])
			}
			if got := o.names("&health=unhealthy"); !slices.Equal(got, []string{b.vendor + "-main", b.vendor + "-other"}) {
				t.Errorf("unhealthy are %v", got)
			}
			b.grant()
			if c.pulled(); c.shows("a new grant", "healthy", "", false)["reason"] != nil {
				t.Error("a reason is left")
			}
			other.shows("another's pull", "unhealthy", "credential_rejected", true)
		}
	})
}

// reconciled lets the safety net take its round, and waits for the pulls of it.
func (c connected) reconciled() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	c.eventually("the safety net to ask", func() bool {
		asked, err := c.app.Service.Reconcile(ctx, time.Millisecond, 100)
		if err != nil {
			c.t.Fatal(err)
		}
		return asked > 0
	})
	c.eventually("its pulls", func() bool {
		backlog, err := c.app.Service.BacklogAge(ctx)
		if err != nil {
			c.t.Fatal(err)
		}
		return backlog == 0
	})
}

func TestAnItemThatIsGoneShows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, b := range []*bank{newPluggy(t), newBelvo(t)} {
			c := w.operator(t).connect(b, "main")
			c.told(map[string]string{"pluggy": "item/updated", "belvo": "TRANSACTIONS/historical_update"}[b.vendor])
			b.leave()
			if status := c.told(map[string]string{"pluggy": "item/deleted", "belvo": "LINK/link_deleted"}[b.vendor]); status != "failed" {
				t.Errorf("%s: the delivery is %s", b.vendor, status)
			}
			if state := c.shows("the end", "unhealthy", "account_not_found", false); state["lastWebhookAt"] == nil {
				t.Errorf("it shows %v", state)
			}
		}
	})
}

func TestTheListIsFilteredByHealth(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good, bad := newPluggy(t), newBelvo(t)
		bad.shut()
		o, foreign := w.operator(t), w.operator(t)
		o.connect(good, "a").pulled()
		o.connect(bad, "b").pulled()
		last := o.connect(good, "c")
		rotated := o.connect(bad, "d")
		rotated.pulled()
		foreign.connect(good, "e").pulled()
		want := func(query string, names ...string) {
			t.Helper()
			if got := o.names(query); !slices.Equal(got, names) {
				t.Errorf("%q gives %v, want %v", query, got, names)
			}
		}
		want("", "a", "b", "c", "d")
		want("&health=healthy", "a")
		want("&health=unhealthy", "b", "d")
		want("&health=unknown", "c")

		// What was known of a credential says nothing of the next one.
		o.call(http.StatusOK, http.MethodPut, list+"/"+rotated.id, object{
			"configName": "d", "baseUrl": bad.origin, "accountRef": bad.ref, "clientId": bad.id, "secret": "rotated",
		})
		rotated.shows("a rotation", "unknown", "", false)
		want("&health=unknown", "c", "d")
		want("&health=unhealthy", "b")

		o.call(http.StatusNoContent, http.MethodDelete, list+"/"+last.id, nil)
		want("&health=unknown", "d")
		problem, _ := o.call(http.StatusBadRequest, http.MethodGet, list+"?health=ill", nil)
		faults, _ := problem["errors"].([]any)
		if fault, _ := faults[0].(object); len(faults) != 1 || text(fault, "location") != "query.health" {
			t.Errorf("the problem names %v", faults)
		}
		foreign.call(http.StatusNotFound, http.MethodGet, list+"/"+rotated.id+"/health", nil)
	})
}
