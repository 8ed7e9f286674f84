package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// consentOf returns the state and the expiry of a connection's consent, separated by a space.
func (o operator) consentOf(id string) string {
	o.t.Helper()
	return stateOf(o.get(pathOf(id, "/health")).want(200).json(), "consent", "expiresAt")
}

// stateOf returns two members of the object health[member]: "state" and otherMember. Their values are joined by a
// space.
func stateOf(health object, member, otherMember string) string {
	view, _ := health[member].(object)
	return fmt.Sprint(view["state"], " ", view[otherMember])
}

// wantConsent waits until o.consentOf(id) == want. It is called after a pull.
func (o operator) wantConsent(id, want string) {
	o.t.Helper()
	eventually(o.t, "the consent "+want, func() bool { return o.consentOf(id) == want })
}

// expiringBefore returns the names of the connections whose consent expires before the day of cutoff. The string params
// is appended to the query string of the request.
func (o operator) expiringBefore(cutoff time.Time, params string) (names []string) {
	o.t.Helper()
	for _, c := range o.pages(connections+"?consentExpiresBefore="+cutoff.Format(time.DateOnly)+params, 1) {
		names = append(names, text(c, "configName"))
	}
	return names
}

func (o operator) pullNow(id string) {
	o.t.Helper()
	o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
	o.waitForSuccess(id)
}

func TestTheConsentOfAnItemIsReadWithEachPull(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id, now := o.connect(b, "main"), time.Now().UTC().Truncate(time.Millisecond)
		if got := o.consentOf(id); got != "unknown <nil>" {
			t.Errorf("at first it is %s", got)
		}
		grant := func(after time.Duration) (string, string) {
			at := now.Add(after)
			c, err := b.sim.AddConsent(pluggysim.Consent{
				ItemID: b.item, CreatedAt: pluggysim.At(time.Now()), ExpiresAt: pluggysim.At(at),
			})
			if err != nil {
				t.Fatal(err)
			}
			return c.ID, at.Format("2006-01-02T15:04:05.999999999Z07:00")
		}
		first, expires := grant(10 * 24 * time.Hour)
		o.pullNow(id)
		o.wantConsent(id, "expiring "+expires)
		day := 24 * time.Hour
		for before, want := range map[time.Duration]int{5 * day: 0, 15 * day: 1} {
			if got := o.expiringBefore(now.Add(before), ""); len(got) != want {
				t.Errorf("before %s: %v", before, got)
			}
		}
		if got := o.expiringBefore(now.Add(15*day), "&health=unhealthy"); len(got) != 0 {
			t.Errorf("unhealthy: %v", got)
		}
		for _, path := range []string{connections, connections + "/health"} {
			o.get(path+"?consentExpiresBefore=soon").problem(400, "MTCH-0001", "query.consentExpiresBefore")
		}
		b.inject(t, fault{path: "/consents", kind: "status", status: 500, times: 100})
		o.pullNow(id) // the pull must not fail, and must not lose the stored consent
		b.clear()
		o.wantConsent(id, "expiring "+expires)
		if err := b.sim.RevokeConsent(first); err != nil {
			t.Fatal(err)
		}
		o.send(http.MethodPost, connections+"/test", object{"vendor": "pluggy", "configName": "main"}).want(200)
		o.wantConsent(id, "revoked "+expires)
		_, expires = grant(100 * day)
		o.pullNow(id)
		o.wantConsent(id, "active "+expires)
	})
}

func TestTheConsentOfALinkFollowsItsEvents(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newBelvo(t), w.operator(t)
		id, hook := o.connect(b, "main"), o.mint(b, "main")
		number := 0
		event := func(code, consent string, due time.Time) {
			number++
			body := fmt.Sprintf(`{"webhook_id":"w%d","webhook_type":"CONSENT","webhook_code":"openfinance_consent_%s",`+
				`"link_id":%q,"external_id":null,"data":{"consent_id":%q,"consent_due_date":%q}}`,
				number, code, b.link, consent, due.Format(time.RFC3339))
			o.deliver(b, hook, []byte(body)).want(http.StatusAccepted)
			o.waitForSuccess(id)
		}
		soon, later := time.Now().UTC().Add(240*time.Hour), time.Now().UTC().Add(2400*time.Hour)
		at := func(due time.Time) string { return due.Format(time.RFC3339) }
		event("about_to_expire", "c-1", soon)
		o.wantConsent(id, "expiring "+at(soon))
		event("revoked", "c-1", soon)
		o.wantConsent(id, "revoked "+at(soon))
		if h := o.get(pathOf(id, "/health")).want(200).json(); h["needsReauth"] != true {
			t.Errorf("the health after the revocation is %v", h)
		}
		event("about_to_expire", "c-1", later)
		o.wantConsent(id, "revoked "+at(soon))
		event("renewed", "c-2", later)
		o.wantConsent(id, "active "+at(later))
	})
}

// TestAnExpiredConsentIsExtended checks that an event with a later expiry ends the state of an expired consent, and
// that events that arrive late do not change the state.
func TestAnExpiredConsentIsExtended(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newBelvo(t), w.operator(t)
		id, hook := o.connect(b, "main"), o.mint(b, "main")
		number := 0
		event := func(code string, due time.Time) {
			number++
			body := fmt.Sprintf(`{"webhook_id":"w%d","webhook_type":"CONSENT","webhook_code":"openfinance_consent_%s",`+
				`"link_id":%q,"external_id":null,"data":{"consent_id":"c-1","consent_due_date":%q}}`,
				number, code, b.link, due.Format(time.RFC3339))
			o.deliver(b, hook, []byte(body)).want(http.StatusAccepted)
			o.waitForSuccess(id)
		}
		over, later := time.Now().UTC().Add(-time.Hour), time.Now().UTC().Add(7200*time.Hour)
		was, next := over.Format(time.RFC3339), later.Format(time.RFC3339)
		event("expired", over)
		o.wantConsent(id, "expired "+was)
		event("about_to_expire", over)
		event("expiration_changed", over)
		o.wantConsent(id, "expired "+was)
		event("expiration_changed", later)
		o.wantConsent(id, "active "+next)
		h := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if h["health"] != "healthy" || h["needsReauth"] != false || h["reason"] != nil {
			t.Errorf("the health of the extended consent is %v", h)
		}
		event("expired", over)
		o.wantConsent(id, "active "+next)
	})
}

// withGrace returns a change that sets how late a webhook may be before its absence is noticed.
func withGrace(grace time.Duration) change {
	return func(s *setup) { s.cfg.WebhookSilenceGrace = grace }
}

// webhookOf returns the state of the connection's webhooks, as reported by the connection's health.
func (o operator) webhookOf(id string) string {
	o.t.Helper()
	view, _ := o.get(pathOf(id, "/health")).want(200).json()["webhook"].(object)
	return text(view, "state")
}

// silencePulls returns the number of succeeded pulls that were started because a webhook was missing.
func (o operator) silencePulls(id string) (n int) {
	o.t.Helper()
	for _, p := range o.pages(pathOf(id, "/pulls"), 100) {
		if p["trigger"] == "silence" && p["status"] == "succeeded" {
			n++
		}
	}
	return n
}

// synchronises sets the time of the vendor's next automatic synchronisation. It then requests a connection test, so
// that the service reads this time from the vendor.
func (o operator) synchronises(b bank, scheduledAt time.Time) {
	o.t.Helper()
	var err error
	switch b := b.(type) {
	case *pluggyBank:
		_, err = b.sim.UpdateItem(b.item, func(i *pluggysim.Item) { i.NextAutoSyncAt = pluggysim.At(scheduledAt) })
	case *belvoBank:
		_, err = b.sim.UpdateLink(b.link, func(l *belvosim.Link) {
			l.RefreshRate, l.LastAccessedAt = "6h", scheduledAt.Add(-6*time.Hour).UTC().Format(time.RFC3339Nano)
		})
	}
	if err != nil {
		o.t.Fatal(err)
	}
	o.send(http.MethodPost, connections+"/test", object{"vendor": b.vendor(), "configName": "main"}).want(200)
}

func TestASynchronisationWithoutAWebhookIsNoticed(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		o.pullNow(id)
		if got := o.webhookOf(id); got != "unknown" {
			t.Errorf("before a webhook it is %s", got)
		}
		added := b.add(t) // no webhook announces it
		o.synchronises(b, time.Now().Add(-3*time.Hour))
		eventually(t, "the silence", func() bool { return o.webhookOf(id) == "silent" })
		eventually(t, "its pull", func() bool { return o.silencePulls(id) == 1 })
		if o.rows(id)[added] == nil {
			t.Error("the pull has not read the new row")
		}
		health := o.get(pathOf(id, "/health")).want(200).json()
		if got := stateOf(health, "webhook", "lastAt"); got != "silent <nil>" {
			t.Errorf("the webhooks are %s", got)
		}
		if h := o.send(http.MethodPost, pathOf(id, "/pause"), nil).
			want(200).
			json(); stateOf(h, "webhook", "lastAt")[:6] == "silent" {
			t.Errorf("a paused connection is silent: %v", h)
		}
		o.send(http.MethodPost, pathOf(id, "/resume"), nil).want(200)
		o.announce(b, hook, "all")
		if got := o.webhookOf(id); got != "active" {
			t.Errorf("after a webhook it is %s", got)
		}
		o.waitForSuccess(id)
		time.Sleep(6 * time.Second) // longer than the interval of the task
		if n := o.silencePulls(id); n != 1 {
			t.Errorf("%d pulls were started, want 1", n)
		}
	})
}

func TestALinkWithoutNewsIsNotSilent(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newBelvo(t), w.operator(t)
		id := o.connect(b, "main")
		o.mint(b, "main")
		o.pullNow(id)
		o.synchronises(b, time.Now().Add(-3*time.Hour))
		eventually(t, "the pull", func() bool { return o.silencePulls(id) == 1 })
		if got := o.webhookOf(id); got != "unknown" {
			t.Errorf("without new rows it is %s", got)
		}
		single := newBelvoLink(t, belvosim.DemoLinkID)
		_, err := single.sim.UpdateLink(
			single.link,
			func(l *belvosim.Link) { l.AccessMode, l.RefreshRate = "single", "" },
		)
		if err != nil {
			t.Fatal(err)
		}
		other := o.connect(single, "single")
		o.announce(single, o.mint(single, "single"), "all")
		o.waitForSuccess(other)
		if got := o.webhookOf(other); got != "unknown" {
			t.Errorf("a single link is %s", got)
		}
	})
}

func TestAConnectionWithoutATokenIsNotSilent(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id := o.connect(b, "main")
		o.pullNow(id)
		o.synchronises(b, time.Now().Add(-time.Second))
		time.Sleep(7 * time.Second) // longer than the interval of the task
		if got, n := o.webhookOf(id), o.silencePulls(id); got != "unknown" || n != 0 {
			t.Errorf("without a token it is %s, and %d pulls were started", got, n)
		}
		o.mint(b, "main")
		eventually(t, "the silence", func() bool { return o.webhookOf(id) == "silent" })
	}, withGrace(time.Second))
}
