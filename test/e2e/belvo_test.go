package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

func TestBelvoOpenFinanceAmounts(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvoLink(t, belvosim.DemoOpenFinanceLinkID)
		o, id, _ := connectAndPull(t, w, b)
		o.checkRows(b, id)
		foreign := 0
		for _, row := range o.rows(id) {
			if row["currency"] == "USD" && row["amount"] == "-41.27" && row["accountAmount"] == "-218.73" &&
				row["accountCurrency"] == "BRL" {
				foreign++
			}
		}
		if foreign != 1 {
			t.Error("the foreign purchase is not stored with both amounts")
		}
	})
}

func TestBelvoPages(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		b.generate(t, 1300)
		o, id, _ := connectAndPull(t, w, b)
		o.checkRows(b, id)
		if n := b.gate().count(b.rowsPath()); n < 2 {
			t.Errorf("%d requests read 1300 rows", n)
		}
	})
}

func TestBelvoNextOnAnotherHost(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		trap, address := serve(t, http.NotFoundHandler())
		b.inject(
			t,
			fault{
				path:  b.rowsPath(),
				kind:  "nextHost",
				value: address + "/api/transactions/?page=1&page_size=1000&link=" + b.link,
			},
		)
		o, id, _ := connectAndAnnounce(t, w, b)
		pull := o.waitForPulls(id)[0]
		if pull["status"] != "succeeded" || pull["attempts"] == 1.0 {
			t.Errorf("the pull ended as %v", pull)
		}
		o.checkRows(b, id)
		if trap.total() > 0 {
			t.Errorf("the other host was called %d times, with the credential", trap.total())
		}
	})
}

func TestBelvoLinkEvents(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		o, id, hook := connectAndPull(t, w, b)
		for _, c := range []struct {
			event  string
			status belvosim.LinkStatus
			reauth bool
			reason string // "" while the connection is healthy
		}{
			{"LINK/token_required", belvosim.LinkTokenRequired, true, "reauth_required"},
			{"TRANSACTIONS/historical_update", belvosim.LinkValid, false, ""},
			{"LINK/invalid_credentials", belvosim.LinkInvalid, true, "reauth_required"},
			{"ACCOUNTS/historical_update", belvosim.LinkValid, false, ""},
			// The status of the link shows neither that a consent has expired nor that it was renewed.
			{"CONSENT/openfinance_consent_expired", belvosim.LinkValid, true, "consent_expired"},
			{"TRANSACTIONS/new_transactions_available", belvosim.LinkValid, false, "consent_expired"},
		} {
			if err := b.sim.SetLinkStatus(b.link, c.status); err != nil {
				t.Fatal(err)
			}
			o.postWebhook(t, "belvo", hook, b.event(t, belvosim.Event{Name: c.event, LinkID: b.link})).want(202)
			o.waitForSuccess(id)
			health := "healthy"
			if c.reason != "" {
				health = "unhealthy"
			}
			o.checkHealth(id, health, c.reason, c.reauth)
		}
		if err := b.sim.RemoveLink(b.link); err != nil {
			t.Fatal(err)
		}
		o.postWebhook(t, "belvo", hook, b.event(t, belvosim.Event{Name: "LINK/link_deleted", LinkID: b.link})).want(202)
		if pull := o.waitForPulls(id)[0]; pull["status"] != "failed" || pull["lastError"] != "account_not_found" {
			t.Errorf("a deleted link's pull ended as %v", pull)
		}
		o.checkHealth(id, "unhealthy", "consent_expired", false)
	})
}

func TestBelvoEventsAreDistinguishedByTheirWholeBody(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newBelvo(t)
		o, id, hook := connectAndPull(t, w, b)
		same := belvosim.Event{
			Name:      "TRANSACTIONS/new_transactions_available",
			LinkID:    b.link,
			WebhookID: "0123456789abcdef0123456789abcdef",
			RequestID: uuid.NewString(),
		}
		before := len(o.pages(deliveries+"?connectionId="+id, 200))
		for range 3 {
			o.postWebhook(t, "belvo", hook, b.event(t, same)).want(202)
		}
		same.RequestID = uuid.NewString() // the same webhook_id, but a different event
		o.postWebhook(t, "belvo", hook, b.event(t, same)).want(202)
		if n := len(o.pages(deliveries+"?connectionId="+id, 200)) - before; n != 2 {
			t.Errorf("two events, one sent three times, are stored as %d", n)
		}
		o.waitForSuccess(id)
	})
}
