package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// registerShared requests a webhook for the named connection, and returns the registration in the response. The
// application of the connection must already have a webhook.
func (o operator) registerShared(b bank, name string) object {
	o.t.Helper()
	answer := o.send(http.MethodPost, tokens, mintRequest(b, name, "register")).want(200).json()
	if answer["token"] != nil || answer["webhookUrl"] != nil || answer["webhook_url"] != nil {
		o.t.Errorf("%s: the response has a token: %v", name, answer)
	}
	registration, _ := answer["registration"].(object)
	if registration["shared"] != true || registration["state"] != "active" {
		o.t.Fatalf("%s: the registration is %v", name, registration)
	}
	return registration
}

// Forty connections of one application share one webhook. Each connection gets the events of its own item. If the
// connection that requested the webhook is deleted or repointed, the others still get their events.
func TestFortyItemsHaveOneWebhook(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		const count = 40
		ids, items := make([]string, count), make([]string, count)
		for i := range count {
			items[i] = b.addItem(t)
			create := creation(b, fmt.Sprint("member ", i))
			create["accountRef"] = items[i]
			ids[i] = o.send(http.MethodPost, connections, create).want(201).text("id")
		}
		minted := o.send(http.MethodPost, tokens, mintRequest(b, "member 0", "register")).want(201)
		registration, _ := minted.json()["registration"].(object)
		for i := 1; i < count; i++ {
			if got := o.registerShared(b, fmt.Sprint("member ", i)); got["id"] != registration["id"] {
				t.Fatalf("connection %d has the registration %v, want %v", i, got, registration)
			}
		}
		if n := len(b.sim.Webhooks()); n != 1 {
			t.Fatalf("the vendor has %d webhooks", n)
		}
		heard := func(i int) {
			t.Helper()
			before := len(o.pages(deliveries+"?connectionId="+ids[i], 20))
			if got := w.sendRegistered(t, b, items[i]); len(got) != 1 || got[0] != 202 {
				t.Fatalf("an event of item %d got %v", i, got)
			}
			if after := len(o.pages(deliveries+"?connectionId="+ids[i], 20)); after != before+1 {
				t.Errorf("connection %d has %d deliveries after %d", i, after, before)
			}
		}
		for i := range count {
			heard(i)
		}
		owner := func() string {
			t.Helper()
			for _, token := range o.pages(tokens, 20) {
				if text(token, "id") == minted.text("id") && token["revokedAt"] == nil {
					return text(token, "connectionId")
				}
			}
			return ""
		}
		o.send(http.MethodDelete, pathOf(ids[0], ""), nil).want(204)
		if got := owner(); got != ids[count-1] {
			t.Errorf("after the deletion of the owner, the token belongs to %q", got)
		}
		o.send(http.MethodPut, pathOf(ids[count-1], ""), object{
			"configName": "elsewhere", "baseUrl": b.origin(), "accountRef": b.addItem(t),
		}).want(200)
		if got := owner(); got != ids[count-2] {
			t.Errorf("after the owner has another account, the token belongs to %q", got)
		}
		heard(1)
		heard(count - 2)
		for i := 1; i < count; i++ {
			o.send(http.MethodDelete, pathOf(ids[i], ""), nil).want(204)
		}
		eventually(t, "the removal of the webhook", func() bool { return len(b.sim.Webhooks()) == 0 })
	})
}

// Requests that arrive at the same time must create one webhook.
func TestConcurrentRegistrationsShareOneWebhook(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		const count = 8
		for i := range count {
			o.connect(b, fmt.Sprint("member ", i))
		}
		var running sync.WaitGroup
		statuses := make([]int, count)
		for i := range count {
			running.Go(func() {
				statuses[i] = o.send(
					http.MethodPost,
					tokens,
					mintRequest(b, fmt.Sprint("member ", i), "register"),
				).status
			})
		}
		running.Wait()
		created := 0
		for i, status := range statuses {
			switch status {
			case http.StatusCreated:
				created++
			case http.StatusOK:
			default:
				t.Errorf("request %d got %d", i, status)
			}
		}
		if n := len(b.sim.Webhooks()); created != 1 || n != 1 {
			t.Errorf("%d requests have created %d webhooks", created, n)
		}
	})
}

// When no connection uses an application any more, the webhook of the application is removed at the vendor. The
// removal uses the old credential.
func TestTheWebhookOfALeftOriginIsRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, other := w.operator(t), newPluggy(t), newPluggy(t)
		id := o.connect(b, "main")
		minted := o.send(http.MethodPost, tokens, mintRequest(b, "main", "register")).want(201)
		o.send(http.MethodPut, pathOf(id, ""), object{
			"configName": "main", "baseUrl": other.origin(), "accountRef": other.ref(),
		}).want(200)
		eventually(t, "the removal of the webhook", func() bool { return len(b.sim.Webhooks()) == 0 })
		if got := other.gate().count("/webhooks"); got != 0 {
			t.Errorf("the new origin got %d requests about webhooks", got)
		}
		again := o.send(http.MethodPost, tokens, mintRequest(other, "main", "register")).want(201)
		if again.text("id") == minted.text("id") || len(other.sim.Webhooks()) != 1 {
			t.Error("the new origin has no webhook of its own")
		}
	})
}

// All connections of an application use its credential. A wrong credential is refused unless the operator forces it.
// A new credential applies to all connections. The application cannot be deleted while a connection uses it.
func TestAnApplicationRotatesItsConnectionsTogether(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id, secret := b.login()
		body := object{
			"vendor":   "pluggy",
			"name":     "production",
			"baseUrl":  b.origin(),
			"clientId": id,
			"secret":   secret,
		}
		created := o.send(http.MethodPost, applications, body).want(201)
		application := created.text("id")
		o.send(http.MethodPost, applications, body).problem(409, "MTCH-0007")
		member := func(name string) string {
			return o.send(http.MethodPost, connections, object{
				"vendor": "pluggy", "configName": name, "accountRef": b.ref(), "applicationId": application,
			}).want(201).text("id")
		}
		first, second := member("first"), member("second")
		if got := o.get(pathOf(first, "")).want(200).text("applicationId"); got != application {
			t.Errorf("the descriptor has the application %q", got)
		}
		both := creation(b, "both")
		both["applicationId"] = application
		o.send(http.MethodPost, connections, both).
			problem(400, "MTCH-0001", "body.baseUrl", "body.clientId", "body.secret")
		o.send(http.MethodPut, pathOf(first, ""), object{
			"configName": "first", "accountRef": b.ref(), "baseUrl": b.origin(),
		}).problem(400, "MTCH-0001", "body.baseUrl")
		unknown := object{
			"vendor": "pluggy", "configName": "unknown", "accountRef": b.ref(), "applicationId": first,
		}
		o.send(http.MethodPost, connections, unknown).problem(404, "MTCH-0005")
		other := w.operator(t)
		unknown["applicationId"] = application
		other.send(http.MethodPost, connections, unknown).problem(404, "MTCH-0005")
		other.get(applications+"/"+application).problem(404, "MTCH-0005")
		o.send(http.MethodPut, pathOf(first, ""), object{"configName": "renamed", "accountRef": b.ref()}).want(200)
		o.testConnection(b, "renamed", "")
		o.send(http.MethodPost, tokens, mintRequest(b, "second", "register")).want(201)

		one := applications + "/" + application
		wrong := object{"name": "production", "clientId": id, "secret": "wrong"}
		o.send(http.MethodPut, one, wrong).problem(502, "MTCH-0022", "vendor")
		o.testConnection(b, "second", "")
		o.send(http.MethodPut, one+"?force=true", wrong).want(200)
		o.testConnection(b, "second", "credential_rejected")
		o.send(http.MethodPut, one, object{"name": "renamed", "clientId": id, "secret": secret}).want(200)
		eventually(t, "the health of a connection after the rotation", func() bool {
			return o.get(pathOf(second, "/health")).want(200).text("health") == "healthy"
		})
		if n := o.get(one).want(200).json()["connections"]; n != float64(2) {
			t.Errorf("the application has %v connections", n)
		}
		if n := len(b.sim.Webhooks()); n != 1 {
			t.Errorf("the vendor has %d webhooks", n)
		}
		o.send(http.MethodDelete, one, nil).problem(409, "MTCH-0007")
		for _, id := range []string{first, second} {
			o.send(http.MethodDelete, pathOf(id, ""), nil).want(204)
		}
		tag := o.get(one).want(200).header.Get("ETag")
		next := o.send(http.MethodPut, one, object{"name": "again"}, "If-Match: "+tag).want(200).header.Get("ETag")
		if next == tag || next != o.get(one).header.Get("ETag") {
			t.Errorf("a change moved the ETag from %s to %s", tag, next)
		}
		calls := b.sim.Stats().Resources["auth"].Requests
		o.send(http.MethodPut, one, wrong, "If-Match: "+tag).problem(412, "MTCH-0020")
		o.send(http.MethodDelete, one, nil, "If-Match: "+tag).problem(412, "MTCH-0020")
		if n := b.sim.Stats().Resources["auth"].Requests; n != calls {
			t.Errorf("%d calls to the vendor for a refused change", n-calls)
		}
		o.send(http.MethodDelete, one, nil, "If-Match: "+next).want(204)
		o.get(one).problem(404, "MTCH-0005")
		// The test searches only for the secret. The client id occurs in the webhooks of the simulator, as in those
		// of the vendor. TestNoSecretLeaks searches for a client id.
		search(t, "database", map[string]string{"secret": secret}, w.dump(t))
	})
}

// A link session can use the credential of an application. The application cannot be deleted before the session has
// ended.
func TestALinkSessionUsesAnApplication(t *testing.T) {
	eachHolder(t, 0, func(t *testing.T, o operator, h holder) {
		body := newLink(h, "linked")
		application := o.send(http.MethodPost, applications, object{
			"vendor": body["vendor"], "name": "production", "baseUrl": body["baseUrl"], "clientId": body["clientId"],
			"secret": body["secret"],
		}).want(http.StatusCreated).text("id")
		request := object{"vendor": body["vendor"], "configName": "linked", "applicationId": application}
		body["applicationId"] = application
		o.send(http.MethodPost, linkSessions, body).
			problem(http.StatusBadRequest, "MTCH-0001", "body.baseUrl", "body.clientId", "body.secret")
		o.send(http.MethodPost, linkSessions, object{
			"vendor": body["vendor"], "configName": "linked", "applicationId": "unknown",
		}).problem(http.StatusNotFound, "MTCH-0005")
		got := o.send(http.MethodPost, linkSessions, request).want(http.StatusCreated).json()
		o.send(http.MethodDelete, applications+"/"+application, nil).problem(http.StatusConflict, "MTCH-0007")
		h.link(t, text(got, "token"), text(got, "id"), true)
		eventually(t, "the connection", func() bool { return o.sessionStatus(text(got, "id"))["status"] == "done" })
		connection := text(o.sessionStatus(text(got, "id")), "connectionId")
		c := o.get(pathOf(connection, "")).want(http.StatusOK).json()
		if c["applicationId"] != application || c["baseUrl"] != body["baseUrl"] {
			t.Errorf("the connection is %v", c)
		}
		o.testConnection(h, "linked", "")
		if n := o.get(applications + "/" + application).want(http.StatusOK).json()["connections"]; n != float64(1) {
			t.Errorf("the application has %v connections", n)
		}
	})
}

// If an application gets another client id, the webhook of the old client id is removed with the old credential. The
// new client id gets a webhook of its own.
func TestAnotherClientIDGetsAWebhookOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id, secret := b.login()
		application := o.send(http.MethodPost, applications, object{
			"vendor": "pluggy", "name": "production", "baseUrl": b.origin(), "clientId": id, "secret": secret,
		}).want(http.StatusCreated).text("id")
		for _, name := range []string{"first", "second"} {
			o.send(http.MethodPost, connections, object{
				"vendor": "pluggy", "configName": name, "accountRef": b.ref(), "applicationId": application,
			}).want(http.StatusCreated)
			o.testConnection(b, name, "")
		}
		o.send(http.MethodPost, tokens, mintRequest(b, "first", "register")).want(http.StatusCreated)
		before := b.sim.Webhooks()[0].ID
		b.sim.AddClient(pluggysim.Client{ID: "another client", Secret: "its secret"})
		change := object{"name": "production", "clientId": "another client", "secret": "its secret"}
		one := applications + "/" + application
		o.send(http.MethodPut, one, change).problem(http.StatusBadGateway, "MTCH-0022", "vendor") // it has no such item
		o.send(http.MethodPut, one+"?force=true", change).want(http.StatusOK)
		eventually(t, "the webhook of the new client id", func() bool {
			now := b.sim.Webhooks()
			return len(now) == 1 && now[0].ID != before
		})
		shared := o.send(http.MethodPost, tokens, mintRequest(b, "second", "register")).want(http.StatusOK).json()
		if registration, _ := shared["registration"].(object); registration["shared"] != true {
			t.Errorf("a further request answers %v", shared)
		}
	})
}

// The erasure of a connection at the vendor uses the new secret of its application. The application can be deleted only
// after the erasure.
func TestAnErasureAtTheVendorUsesTheRotatedSecret(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id, secret := b.login()
		application := o.send(http.MethodPost, applications, object{
			"vendor": "pluggy", "name": "production", "baseUrl": b.origin(), "clientId": id, "secret": "not yet valid",
		}).want(http.StatusCreated).text("id")
		member := o.send(http.MethodPost, connections, object{
			"vendor": "pluggy", "configName": "main", "accountRef": b.ref(), "applicationId": application,
		}).want(http.StatusCreated).text("id")
		erasure := o.send(http.MethodPost, pathOf(member, "/erasure"), object{"atVendor": true}).
			want(http.StatusAccepted).header.Get("Location")
		one := applications + "/" + application
		o.send(http.MethodDelete, one, nil).problem(http.StatusConflict, "MTCH-0007")
		o.send(http.MethodPut, one, object{"name": "production", "clientId": id, "secret": secret}).want(http.StatusOK)
		eventually(
			t,
			"the erasure",
			func() bool { return o.get(erasure).want(http.StatusOK).json()["status"] == "done" },
		)
		if items := b.sim.Items(); slices.Contains(items, b.ref()) {
			t.Errorf("the vendor still has %v", items)
		}
		o.send(http.MethodDelete, one, nil).want(http.StatusNoContent)
	})
}
