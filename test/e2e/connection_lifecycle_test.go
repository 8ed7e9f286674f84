package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"
)

// hostedPages contains, for each vendor, the URL of the page on which the account holder can sign in again. The URLs do
// not include the token, which must be appended.
var hostedPages = map[string]string{
	"pluggy": "https://connect.pluggy.ai/?connect_token=",
	"belvo":  "https://widget.belvo.io/?access_token=",
}

func TestALinkSessionHasATokenOfTheVendor(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		path := pathOf(o.connect(b, "main"), "/link-sessions")
		before := time.Now()
		a := o.send(http.MethodPost, path, nil, "X-Idempotency-Key: once").want(http.StatusCreated)
		got := a.members("vendor", "mode", "token", "url", "expiresAt")
		token := text(got, "token")
		if got["vendor"] != b.vendor() || got["mode"] != "update" || !slices.Contains(b.linkTokens(), token) {
			t.Errorf("the session is %s %s", got["vendor"], got["mode"])
		}
		if want := hostedPages[b.vendor()] + url.QueryEscape(token); got["url"] != want {
			t.Errorf("the URL is not the vendor's page with the token: %.40s", got["url"])
		}
		if cache := a.header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("Cache-Control: %q", cache)
		}
		expires, err := time.Parse(time.RFC3339, text(got, "expiresAt"))
		if err != nil || expires.Before(before.Add(9*time.Minute)) || expires.After(before.Add(31*time.Minute)) {
			t.Errorf("it expires at %s, %v", got["expiresAt"], err)
		}
		o.send(http.MethodPost, path, nil, "X-Idempotency-Key: once").problem(http.StatusConflict, "MTCH-0021")
		if n := len(b.linkTokens()); b.vendor() == "pluggy" && n != 1 {
			t.Errorf("the vendor has issued %d tokens, want 1", n)
		}
		w.operator(t).send(http.MethodPost, path, nil).problem(http.StatusNotFound, "MTCH-0201")
	})
}

func TestALinkSessionThatTheVendorRefusesOrCannotServe(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		path := pathOf(o.connect(b, "main"), "/link-sessions")
		tokenPath := map[string]string{"pluggy": "/connect_token", "belvo": "/api/token/"}[b.vendor()]
		b.inject(t, fault{path: tokenPath, kind: "status", status: 500})
		a := o.send(http.MethodPost, path, nil)
		a.problem(http.StatusServiceUnavailable, "MTCH-0008")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		b.revoke()
		o.send(http.MethodPost, path, nil).refused(t, "credential_rejected")
		b.grant()
		missing := creation(b, "missing")
		missing["accountRef"] = "00000000-1111-4222-8333-444444444444"
		other := o.send(http.MethodPost, connections, missing).want(http.StatusCreated).text("id")
		o.send(http.MethodPost, pathOf(other, "/link-sessions"), nil).refused(t, "account_not_found")
		o.send(http.MethodPost, pathOf(other, "/refresh"), nil).refused(t, "account_not_found")
	})
}

// refused checks that the response is a 502 whose problem document names this reason.
func (a response) refused(t *testing.T, reason string) {
	t.Helper()
	a.problem(http.StatusBadGateway, "MTCH-0022", "vendor")
	if all, _ := a.json()["errors"].([]any); len(all) != 1 || all[0].(object)["message"] != reason {
		t.Errorf("errors are %v, want the reason %s", all, reason)
	}
}

func TestARefreshAsksTheVendorToReadTheBank(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, pluggy := w.operator(t), newPluggy(t)
		path := pathOf(o.connect(pluggy, "pluggy"), "/refresh")
		// The vendor refuses the second request, because the first synchronisation with the bank is still running.
		for range 2 {
			if a := o.send(http.MethodPost, path, nil).want(http.StatusAccepted); len(a.raw) > 0 {
				t.Errorf("the 202 has a body: %s", a.raw)
			}
		}
		if n := pluggy.sim.Stats().Refreshes; n != 1 {
			t.Errorf("the vendor has started %d synchronisations, want 1", n)
		}
	})
}

// Belvo accepts one refresh of a link in ten minutes. It must be asked for only once, also if another connection has
// the link, or several callers ask at the same time.
func TestALinkOfBelvoIsRefreshedOnceInTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, belvo := w.operator(t), newBelvo(t)
		id := o.connect(belvo, "belvo")
		answers := make(chan response, 6)
		for range cap(answers) {
			go func() { answers <- o.send(http.MethodPost, pathOf(id, "/refresh"), nil) }()
		}
		accepted := 0
		for range cap(answers) {
			if a := <-answers; a.status == http.StatusAccepted {
				accepted++
			} else {
				a.isAfterARefresh(t)
			}
		}
		refreshes := belvo.sim.Refreshes(belvo.link)
		if accepted != 1 || len(refreshes) != 1 || !slices.Equal(refreshes[0], []string{"TRANSACTIONS"}) {
			t.Errorf("%d accepted, the vendor was asked for %v", accepted, refreshes)
		}
		sent := belvo.gate().total()
		other := w.operator(t)
		other.send(http.MethodPost, pathOf(other.connect(belvo, "other"), "/refresh"), nil).isAfterARefresh(t)
		if n := belvo.gate().total() - sent; n != 0 {
			t.Errorf("%d requests to the vendor within the ten minutes", n)
		}
		usage := o.get(pathOf(id, "/health")).want(http.StatusOK).json()["thisMonth"].(object)
		if usage["refreshes"] != 1.0 {
			t.Errorf("thisMonth is %v, want one refresh", usage)
		}
	})
}

// isAfterARefresh checks that the response is a 429 which asks the caller to wait for most of ten minutes.
func (a response) isAfterARefresh(t *testing.T) {
	t.Helper()
	a.problem(http.StatusTooManyRequests, "MTCH-0009")
	if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < 480 || s > 602 {
		t.Errorf("Retry-After: %q, want nearly ten minutes", a.header.Get("Retry-After"))
	}
}

// If the vendor has accepted a refresh that the service does not know of, it answers 409 with the rest of the wait.
func TestALinkThatWasRefreshedElsewhereIsA429(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, belvo := w.operator(t), newBelvo(t)
		id := o.connect(belvo, "belvo")
		belvo.inject(t, fault{path: "/api/links/*/refresh/", kind: "status", status: http.StatusConflict, times: 1})
		for range 2 { // the second one is not sent
			a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
			a.problem(http.StatusTooManyRequests, "MTCH-0009")
			if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < 390 || s > 420 {
				t.Errorf("Retry-After: %q, want the vendor's seven minutes", a.header.Get("Retry-After"))
			}
		}
		if n := len(belvo.sim.Refreshes(belvo.link)); n != 0 {
			t.Errorf("the vendor has accepted %d refreshes", n)
		}
	})
}

func TestAPausedConnectionSendsNothingAndLosesNothing(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		gone := b.add(t)
		o.announce(b, hook, "created", gone)
		o.waitForSuccess(id)
		for range 2 { // a repetition changes nothing
			if h := o.send(http.MethodPost, pathOf(id, "/pause"), nil).want(http.StatusOK).json(); h["paused"] != true {
				t.Errorf("the health after the pause is %v", h)
			}
		}
		sent := b.gate().total()
		b.add(t)
		b.remove(t, gone)
		o.announce(b, hook, "all")
		o.announce(b, hook, "deleted", gone)
		o.send(http.MethodPost, pathOf(id, "/pulls"), nil).problem(http.StatusConflict, "MTCH-0007")
		o.send(http.MethodPost, pathOf(id, "/refresh"), nil).problem(http.StatusConflict, "MTCH-0007")
		o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil).problem(http.StatusConflict, "MTCH-0007")
		test := object{"vendor": b.vendor(), "configName": "main"}
		o.send(http.MethodPost, connections+"/test", test).problem(http.StatusConflict, "MTCH-0007")
		time.Sleep(1500 * time.Millisecond) // longer than a pull takes
		if n := b.gate().total() - sent; n != 0 {
			t.Errorf("%d requests to the vendor during the pause", n)
		}
		if row := o.rows(id)[gone]; row["removedAt"] != nil {
			t.Error("an announced deletion was applied during the pause")
		}
		if newest := o.pages(deliveries+"?connectionId="+id, 20)[0]; newest["status"] != "accepted" {
			t.Errorf("the delivery is %v", newest)
		}
		for _, h := range o.pages(connections+"/health", 20) {
			if h["paused"] != (h["connectionId"] == id) {
				t.Errorf("the list of health has %v", h)
			}
		}
		if h := o.send(http.MethodPost, pathOf(id, "/resume"), nil).want(http.StatusOK).json(); h["paused"] != false {
			t.Errorf("the health after the resume is %v", h)
		}
		o.waitForSuccess(id)
		o.checkRows(b, id, gone)
		// The added row has the same content as the deleted row. The service may therefore have assigned the added row
		// to the deleted row's transaction. In that case no row with the old id is listed.
		if row := o.rows(id)[gone]; row != nil && row["removedAt"] == nil {
			t.Error("the announced deletion is lost")
		}
	})
}

// If a connection is paused while the vendor is still preparing the first page of a pull, the pull must stop before its
// next request to the vendor. The pull must continue when the connection is resumed.
func TestAPauseStopsARunningPullBeforeItsNextRequest(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		b.generate(t, 2500) // several pages
		o := w.operator(t)
		id := o.connect(b, "main")
		entered, release := b.gate().hold(b.rowsPath())
		defer release()
		location := o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted).header.Get("Location")
		<-entered
		o.send(http.MethodPost, pathOf(id, "/pause"), nil).want(http.StatusOK)
		sent := b.gate().total()
		release()
		eventually(t, "the stop of the pull", func() bool {
			pull := o.get(location).want(http.StatusOK).json()
			return pull["status"] == "queued" && pull["lastError"] == "connection_paused"
		})
		if n := b.gate().total() - sent; n != 0 {
			t.Errorf("%d requests to the vendor after the pause", n)
		}
		o.send(http.MethodPost, pathOf(id, "/resume"), nil).want(http.StatusOK)
		o.waitForSuccess(id)
		o.checkRows(b, id)
	})
}
