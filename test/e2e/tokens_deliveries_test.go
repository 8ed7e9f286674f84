package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokensAreListedAndRevoked(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		other := o.connect(b, "other")
		old, fresh := o.mint(b, "main"), o.mint(b, "main")
		o.mint(b, "other")
		list := o.pages(tokens, 2)
		if mine := o.pages(
			tokens+"?connectionId="+id,
			1,
		); len(list) != 3 || len(mine) != 2 ||
			list[0]["connectionId"] != other {
			t.Fatalf("the tokens are %v, newest first; of one connection %v", list, mine)
		}
		first := list[2]
		if want := (object{
			"id": first["id"], "connectionId": id, "vendor": b.vendor(), "createdAt": first["createdAt"],
			"serves": float64(0),
		}); !cmp.Equal(
			want,
			first,
		) {
			t.Errorf("a token shows as %v", first)
		}
		o.postWebhook(t, b.vendor(), old, b.payload(t, "all")).want(202)
		if err := w.app.Service.FlushTokenUsage(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The test waits, because the service's own maintenance task may be writing lastUsedAt at the same time, and
		// may not have committed yet.
		eventually(t, "lastUsedAt of a token that was used", func() bool {
			return o.pages(tokens, 20)[2]["lastUsedAt"] != nil
		})
		// Both connections have the account reference that the webhook contains, so the token serves both.
		if serves := o.pages(tokens, 20)[2]["serves"]; serves != float64(2) {
			t.Errorf("the token serves %v connections, want 2", serves)
		}
		o.send(http.MethodDelete, tokens+"/"+text(first, "id"), nil).problem(409, "MTCH-0007")
		o.send(http.MethodDelete, tokens+"/"+text(first, "id")+"?force=true", nil).want(204)
		o.postWebhook(t, b.vendor(), old, b.payload(t, "all")).problem(401, "MTCH-0003")
		o.postWebhook(t, b.vendor(), fresh, b.payload(t, "all")).want(202)
		o.send(http.MethodDelete, tokens+"/"+text(first, "id"), nil).problem(404, "MTCH-0005")
		if list := o.pages(tokens, 20); len(list) != 3 || list[2]["revokedAt"] == nil {
			t.Errorf("after a revocation the tokens are %v", list)
		}
		o.get(tokens+"?connectionId=x").problem(400, "MTCH-0001", "query.connectionId")
	})
}

func TestDeliveriesAreListedAndReplayed(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		first := o.pages(deliveries, 20)[0]
		want := []string{
			"id",
			"connectionId",
			"vendor",
			"event",
			"eventId",
			"status",
			"pullId",
			"receivedAt",
			"processedAt",
		}
		got := o.get(deliveries + "/" + text(first, "id")).want(200).members(append(want, "payload")...)
		sent, _ := got["payload"].(object)
		if first["status"] != "processed" || first["eventId"] == "" || len(sent) == 0 {
			t.Errorf("a delivery is %v", got)
		}
		o.postWebhook(t, b.vendor(), hook, []byte("garbage")).want(202)
		for query, n := range map[string]int{
			"": 2, "status=processed": 1, "status=unreadable": 1, "status=accepted": 0, "connectionId=" + id: 2,
			"eventId=" + text(first, "eventId"): 1, "eventId=nobody": 0, "from=" + text(first, "receivedAt"): 2,
			"to=" + text(first, "receivedAt"): 0, "to=2020-01-01": 0, "from=2020-01-01": 2,
		} {
			if list := o.pages(deliveries+"?"+query, 1); len(list) != n {
				t.Errorf("%q lists %d, want %d", query, len(list), n)
			}
		}
		o.get(deliveries+"?from=2026-01-02&to=2026-01-01").problem(400, "MTCH-0001", "query.to")
		o.get(deliveries+"?status=x&from=x&to=y&connectionId=z").
			problem(400, "MTCH-0001", "query.status", "query.from", "query.to", "query.connectionId")

		b.add(t)
		a := o.send(http.MethodPost, deliveries+"/"+text(first, "id")+"/replay", nil).want(202)
		if pull := o.waitForPull(
			a.header.Get("Location"),
		); pull["status"] != "succeeded" ||
			pull["trigger"] != "replay" {
			t.Errorf("a replay ended as %v", pull)
		}
		o.checkRows(b, id)
		unreadable := text(o.pages(deliveries+"?status=unreadable", 20)[0], "id")
		o.send(http.MethodPost, deliveries+"/"+unreadable+"/replay", nil).problem(409, "MTCH-0007")

		bulk := o.send(http.MethodPost, deliveries+"/replay", object{"connectionId": id}).
			want(202).
			members("replayed", "items")
		if bulk["replayed"] != 1.0 {
			t.Errorf("%v deliveries were replayed in bulk", bulk["replayed"])
		}
		o.waitForSuccess(id)
		o.send(http.MethodPost, deliveries+"/replay", object{"limit": 0, "status": "x"}).
			problem(400, "MTCH-0001", "body.limit", "body.status")
	})
}

func TestHealthIsReadWithoutCallingTheVendor(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		unknown := o.get(pathOf(id, "/health")).want(200).
			members(
				"health", "needsReauth", "paused", "quarantined", "staged", "completeness", "consent", "webhook",
				"thisMonth",
			)
		if unknown["health"] != "unknown" || unknown["needsReauth"] != false {
			t.Errorf("at first it is %v", unknown)
		}
		o.announce(b, o.mint(b, "main"), "all")
		o.waitForSuccess(id)
		before := b.gate().total()
		known := o.get(pathOf(id, "/health")).
			want(200).
			members("health", "needsReauth", "paused", "since", "lastPullAt", "lastWebhookAt", "quarantined", "staged",
				"completeness", "consent", "webhook", "thisMonth", "bankReadAt", "institution")
		if known["health"] != "healthy" || b.gate().total() != before {
			t.Errorf("after a pull it is %v", known)
		}
		o.connect(b, "new")
		for health, n := range map[string]int{"healthy": 1, "unknown": 1, "unhealthy": 0} {
			if list := o.pages(connections+"?health="+health, 20); len(list) != n {
				t.Errorf("%s: %d connections, want %d", health, len(list), n)
			}
		}
		o.get(connections+"?health=ill").problem(400, "MTCH-0001", "query.health")
	})
}

func TestIdempotencyKeys(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		body := creation(b, "main")
		first := o.send(http.MethodPost, connections, body, "X-Idempotency-Key: k:1_-").want(201)
		again := o.send(http.MethodPost, connections, body, "Idempotency-Key: k:1_-").want(201)
		if string(first.raw) != string(again.raw) || again.header.Get("X-Idempotency-Replayed") != "true" ||
			again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("a repeat answered %v %s", again.header, again.raw)
		}
		if first.header.Get("X-Idempotency-Replayed") != "" || len(o.pages(connections, 20)) != 1 {
			t.Error("the first response is marked as a repetition, or the repetition is not")
		}
		o.send(http.MethodPost, connections, creation(b, "other"), "X-Idempotency-Key: k:1_-").problem(422, "MTCH-0019")
		o.send(http.MethodPut, pathOf(first.text("id"), ""), object{}, "X-Idempotency-Key: k:1_-").
			problem(422, "MTCH-0019")
		o.send(http.MethodPost, connections, body, "X-Idempotency-Key: conflict").problem(409, "MTCH-0007")
		if again := o.send(
			http.MethodPost,
			connections,
			body,
			"X-Idempotency-Key: conflict",
		); again.header.Get(
			"X-Idempotency-Replayed",
		) != "true" {
			t.Error("an error response is not repeated")
		}
		for _, bad := range []string{"ä", "a b", "a/b", strings.Repeat("x", 129)} {
			o.send(http.MethodPost, connections, body, "X-Idempotency-Key: "+bad).
				problem(400, "MTCH-0001", "header.X-Idempotency-Key")
		}
		ask := object{"vendor": "pluggy", "connection_config_name": "main"}
		o.send(http.MethodPost, tokens, ask, "X-Idempotency-Key: mint").want(201)
		o.send(http.MethodPost, tokens, ask, "X-Idempotency-Key: mint").problem(409, "MTCH-0021")
		if n := len(o.pages(tokens, 20)); n != 1 {
			t.Errorf("a repeated mint created %d tokens", n)
		}
		test := object{"vendor": "pluggy", "configName": "main"}
		for range 2 { // a connection test ignores the idempotency key: its response is never replayed
			if a := o.send(http.MethodPost, connections+"/test", test, "X-Idempotency-Key: test").
				want(200); a.header.Get(
				"X-Idempotency-Replayed",
			) != "" {
				t.Error("a live test was replayed")
			}
		}
		// An idempotency key is unique only within its tenant.
		w.operator(t).send(http.MethodPost, connections, body, "X-Idempotency-Key: k:1_-").want(201)
	})
}

func TestConcurrentRequestsWithOneKey(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		const many = 12
		answers := make([]response, many)
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				answers[i] = o.send(http.MethodPost, connections, creation(b, "main"), "X-Idempotency-Key: same")
			})
		}
		all.Wait()
		made := map[string]bool{}
		for _, a := range answers {
			if a.status == http.StatusCreated {
				made[a.text("id")] = true
				continue
			}
			a.problem(409, "MTCH-0018")
		}
		if len(made) != 1 || len(o.pages(connections, 20)) != 1 {
			t.Errorf("%d requests with one key created %v", many, made)
		}
	})
}

func TestRevisions(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id := o.connect(b, "main")
		change := object{"configName": "renamed", "baseUrl": b.origin(), "accountRef": b.ref()}
		tag := o.get(pathOf(id, "")).want(200).header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) {
			t.Fatalf("ETag %q is not a strong one", tag)
		}
		next := o.send(http.MethodPut, pathOf(id, ""), change, "If-Match: "+tag).want(200).header.Get("ETag")
		if next == tag || next != o.get(pathOf(id, "")).header.Get("ETag") {
			t.Errorf("a change moved the ETag from %s to %s", tag, next)
		}
		for _, stale := range []string{tag, `"x"`, "W/" + tag, `"0"`} {
			o.send(http.MethodPut, pathOf(id, ""), change, "If-Match: "+stale).problem(412, "MTCH-0020")
			o.send(http.MethodDelete, pathOf(id, ""), nil, "If-Match: "+stale).problem(412, "MTCH-0020")
		}
		o.testConnection(b, "renamed", "")
		o.pull(id, nil) // neither a connection test nor a pull changes the revision
		o.send(http.MethodPut, pathOf(id, ""), change, "If-Match: "+tag+", "+next).want(200)
		weakened := "W/" + o.get(pathOf(id, "")).header.Get("ETag") // as a proxy does that compresses responses
		o.send(http.MethodPut, pathOf(id, ""), change, "If-Match: "+weakened).want(200)
		o.send(http.MethodDelete, pathOf(id, ""), nil, "If-Match: *").want(204)
	})
}

func TestScopes(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		as := func(claims object) operator {
			claims["tenant_id"] = o.tenant
			return operator{w, t, o.tenant, signed(t, jwtSecret, claims)}
		}
		const read, write = "discovery:read", "discovery:write"
		for _, c := range []struct {
			claims      object
			read, write bool
		}{
			{object{}, false, false}, {object{"scope": "other discovery:reader"}, false, false},
			{object{"scope": read}, true, false}, {object{"scope": "x " + write}, false, true},
			{object{"scope": read + " " + write}, true, true}, {object{"scp": []string{read}}, true, false},
			{object{"permissions": []string{write, read}}, true, true},
		} {
			caller := as(c.claims)
			for _, path := range []string{
				connections, tokens, deliveries, changes, engines, prefix + "/connector-types",
			} {
				if c.read {
					caller.get(path).want(200)
				} else {
					caller.get(path).problem(403, "MTCH-0004")
				}
			}
			for _, path := range []string{connections, tokens, connections + "/test", engines} {
				if c.write {
					if a := caller.send(http.MethodPost, path, object{}); a.status == 403 {
						t.Errorf("%s with %v answered 403", a.request, c.claims)
					}
				} else {
					caller.send(http.MethodPost, path, object{}).problem(403, "MTCH-0004")
				}
			}
		}
	}, func(s *setup) { s.cfg.Auth.RequireScopes = true })
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	w := open(
		t,
		"sqlite",
		backends["sqlite"](t),
		func(s *setup) { s.cfg.RatePerMinute, s.cfg.WebhookRatePerMinute = 20, 5 },
	)
	o, b, _, hook := w.webhook(t)
	for i := range 5 {
		w.postWebhook(t, "pluggy", hook, []byte(digits(i))).want(202)
	}
	w.postWebhook(t, "pluggy", hook, b.payload(t, "all")).problem(429, "MTCH-0009")
	other := o.mint(b, "main")
	w.postWebhook(t, "pluggy", other, []byte("other")).want(202) // another token has its own limit
	limited := false
	for range 40 {
		if a := o.get(connections); a.status != 200 {
			a.problem(429, "MTCH-0009")
			limited = true
		}
	}
	if !limited {
		t.Error("40 requests passed a limit of 20 a minute")
	}
	w.operator(t).get(connections).want(200) // another tenant has its own limit
	w.call(t, http.MethodGet, "/health", nil).want(200)
}
