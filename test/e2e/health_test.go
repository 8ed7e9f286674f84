package e2e_test

import (
	"cmp"
	"net/http"
	"slices"
	"testing"
	"time"
)

// healthStep is one change of the status of an item or link. It also contains the expected value of needsReauth after
// the change. needsReauth means that the account holder must sign in again.
type healthStep struct {
	status []string // the new status; nil leaves it unchanged
	event  string   // the event that the vendor then sends; if "", the operator requests a pull instead
	reauth bool
	reason string // the reason of the health; "" means reauth_required while reauth is set, and otherwise none
}

func (c healthConnection) runSteps(steps []healthStep) {
	c.t.Helper()
	for _, step := range steps {
		when := "an operator's pull"
		if step.status != nil {
			c.setStatus(step.status...)
		}
		if step.event != "" {
			when = step.event
			c.sendEvent(step.event)
		} else if pull := c.pullAndWait(); pull["status"] != "succeeded" {
			c.t.Fatalf("%s: a pull with %v ended as %v", c.bank.vendor, step.status, pull)
		}
		health, reason := "healthy", ""
		if step.reauth || step.reason != "" {
			health, reason = "unhealthy", cmp.Or(step.reason, "reauth_required")
		}
		c.checkHealth(when, health, reason, step.reauth)
	}
}

func TestPluggyEventsSetNeedsReauth(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		c := w.operator(t).connect(newHealthPluggy(t), "main")
		c.checkHealth("nothing", "unknown", "", false)
		c.runSteps([]healthStep{
			{event: "item/updated"},
			// No event reports these changes. A pull reads them from the item's status, and the recovery
			// clears needsReauth again.
			{status: []string{"LOGIN_ERROR"}, reauth: true},
			{status: []string{"UPDATED"}},
			{status: []string{"WAITING_USER_INPUT"}, reauth: true},
			{status: []string{"UPDATED"}},
			{status: []string{"WAITING_USER_ACTION"}, reauth: true},
			{status: []string{"OUTDATED", "USER_AUTHORIZATION_REVOKED"}, reauth: true},
			{status: []string{"OUTDATED", "CONNECTION_ERROR"}},
			{status: []string{"UPDATED"}},
			// From here on, the vendor sends an event for each change.
			{status: []string{"WAITING_USER_INPUT"}, event: "item/waiting_user_input", reauth: true},
			{status: []string{"UPDATED"}, event: "item/login_succeeded"},
			{status: []string{"WAITING_USER_ACTION"}, event: "item/waiting_user_action", reauth: true},
			{status: []string{"UPDATED"}, event: "item/updated"},
			{status: []string{"LOGIN_ERROR"}, event: "item/error", reauth: true},
			{
				event: `{"event":"transactions/deleted","eventId":"e-1","itemId":"` + c.bank.ref +
					`","transactionIds":["none"]}`,
				reauth: true,
			},
			{status: []string{"UPDATED"}, event: "item/updated"},
			// An event that arrives late: the item, which the pull of the event reads, overrules it.
			{
				status: []string{"UPDATED", "PARTIAL_SUCCESS"},
				event: `{"event":"item/error","eventId":"e-2","itemId":"` + c.bank.ref +
					`","error":{"code":"INVALID_CREDENTIALS"}}`,
			},
			// The account holder can do nothing about an outage of the institution.
			{status: []string{"OUTDATED", "SITE_NOT_AVAILABLE"}, event: "item/error"},
			{status: []string{"UPDATED"}, event: "connector/status_updated"},
		})
	})
}

func TestBelvoEventsSetNeedsReauth(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		c := w.operator(t).connect(newHealthBelvo(t), "main")
		c.checkHealth("nothing", "unknown", "", false)
		consent := func(code string) string {
			return `{"webhook_id":"` + code + `","webhook_type":"CONSENT","webhook_code":"` + code +
				`","link_id":"` + c.bank.ref + `","data":{}}`
		}
		c.runSteps([]healthStep{
			{event: "TRANSACTIONS/historical_update"},
			{status: []string{"invalid"}, reauth: true},
			{status: []string{"valid"}},
			{status: []string{"token_required"}, reauth: true},
			{status: []string{"unconfirmed"}, reauth: true},
			{status: []string{"valid"}},
			{status: []string{"token_required"}, event: "LINK/token_required", reauth: true},
			{event: "TRANSACTIONS/historical_update_errors", reauth: true},
			{status: []string{"valid"}, event: "TRANSACTIONS/new_transactions_available"},
			{status: []string{"invalid"}, event: "LINK/invalid_credentials", reauth: true},
			{status: []string{"valid"}, event: "ACCOUNTS/new_accounts_available"},
			// An event that arrives late: the link, which the pull of the event reads, overrules it.
			{event: "LINK/token_required"},
			{event: "LINK/invalid_credentials"},
			// The link's status does not show whether the consent has expired. Therefore a valid status does not clear
			// needsReauth. Only a later event of the vendor clears it.
			{event: "CONSENT/openfinance_consent_expired", reauth: true, reason: "consent_expired"},
			{status: []string{"valid"}, reauth: true, reason: "consent_expired"},
			{event: consent("openfinance_consent_renewed")},
			{event: "CONSENT/consent_expired", reauth: true, reason: "consent_expired"},
			{event: "TRANSACTIONS/historical_update", reason: "consent_expired"}, // the consent is not renewed
			{event: consent("consent_revoked"), reauth: true, reason: "consent_revoked"},
			{event: consent("consent_authorised")},
			{event: "CONSENT/openfinance_consent_about_to_expire"},
		})
	})
}

// The reconcile task must find a revoked credential, even if there is no webhook and no connection test.
func TestReconcileFindsARejectedCredential(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		for _, b := range []*healthBank{newHealthPluggy(t), newHealthBelvo(t)} {
			o := w.operator(t)
			c, other := o.connect(b, b.vendor+"-main"), o.connect(b, b.vendor+"-other")
			c.pullAndWait()
			if state := c.checkHealth(
				"a pull",
				"healthy",
				"",
				false,
			); state["lastPullAt"] == nil || state["since"] == nil ||
				state["lastWebhookAt"] != nil {
				t.Errorf("after its first pull the health is %v", state)
			}
			b.revoke()
			c.reconcile()
			state := c.checkHealth("the reconcile task", "unhealthy", "credential_rejected", true)
			pulls, _ := c.get(connectionsPath + "/" + c.id + "/pulls?limit=1")["items"].([]any)
			last, _ := pulls[0].(object)
			if last["status"] != "failed" || last["lastError"] != "credential_rejected" || last["attempts"] != 1.0 ||
				last["trigger"] != "reconcile" {
				t.Errorf("its pull says %v", last)
			}
			c.reconcile()
			if again := c.checkHealth(
				"another round",
				"unhealthy",
				"credential_rejected",
				true,
			); again["since"] != state["since"] {
				t.Errorf("it is unhealthy since %v; before it was since %v", again["since"], state["since"])
			}
			if got := o.names(
				"&health=unhealthy",
			); !slices.Equal(
				got,
				[]string{b.vendor + "-main", b.vendor + "-other"},
			) {
				t.Errorf("unhealthy are %v", got)
			}
			b.grant()
			if c.pullAndWait(); c.checkHealth("a new grant", "healthy", "", false)["reason"] != nil {
				t.Error("a reason is still there")
			}
			other.checkHealth("another's pull", "unhealthy", "credential_rejected", true)
		}
	})
}

// reconcile runs the reconcile task until it has requested pulls, and waits for the end of these pulls.
func (c healthConnection) reconcile() {
	c.t.Helper()
	ctx := c.t.Context()
	c.eventually("the reconcile task to request pulls", func() bool {
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

func TestADeletedItemFailsVisibly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		for _, b := range []*healthBank{newHealthPluggy(t), newHealthBelvo(t)} {
			c := w.operator(t).connect(b, "main")
			c.sendEvent(
				map[string]string{"pluggy": "item/updated", "belvo": "TRANSACTIONS/historical_update"}[b.vendor],
			)
			b.deleteRef()
			if status := c.sendEvent(
				map[string]string{"pluggy": "item/deleted", "belvo": "LINK/link_deleted"}[b.vendor],
			); status != "failed" {
				t.Errorf("%s: the delivery is %s", b.vendor, status)
			}
			if state := c.checkHealth(
				"the end",
				"unhealthy",
				"account_not_found",
				false,
			); state["lastWebhookAt"] == nil {
				t.Errorf("the health is %v", state)
			}
		}
	})
}

func TestTheListIsFilteredByHealth(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *healthEnv) {
		good, bad := newHealthPluggy(t), newHealthBelvo(t)
		bad.revoke()
		o, foreign := w.operator(t), w.operator(t)
		o.connect(good, "a").pullAndWait()
		o.connect(bad, "b").pullAndWait()
		last := o.connect(good, "c")
		rotated := o.connect(bad, "d")
		rotated.pullAndWait()
		foreign.connect(good, "e").pullAndWait()
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

		// The stored health was determined with the old credential. It must not be shown for the new credential.
		o.call(http.StatusOK, http.MethodPut, connectionsPath+"/"+rotated.id, object{
			"configName": "d", "baseUrl": bad.origin, "accountRef": bad.ref, "clientId": bad.id, "secret": "rotated",
		})
		rotated.checkHealth("a rotation", "unknown", "", false)
		want("&health=unknown", "c", "d")
		want("&health=unhealthy", "b")

		o.call(http.StatusNoContent, http.MethodDelete, connectionsPath+"/"+last.id, nil)
		want("&health=unknown", "d")
		problem, _ := o.call(http.StatusBadRequest, http.MethodGet, connectionsPath+"?health=ill", nil)
		faults, _ := problem["errors"].([]any)
		if fault, _ := faults[0].(object); len(faults) != 1 || textOf(fault, "location") != "query.health" {
			t.Errorf("the problem names %v", faults)
		}
		foreign.call(http.StatusNotFound, http.MethodGet, connectionsPath+"/"+rotated.id+"/health", nil)
	})
}
