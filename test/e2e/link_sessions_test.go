package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// holder acts as an account holder at the page of a simulated vendor.
type holder struct {
	bank
	// link signs in with the token of a link session. It creates an item or link that names the session at the
	// vendor, and returns its id. If signedIn is false, the sign-in fails.
	link func(t *testing.T, token, session string, signedIn bool) string
	// recover makes a failed sign-in succeed.
	recover func(t *testing.T, id string)
	// objects returns the ids of all items or links that the vendor has.
	objects func() []string
}

// holders returns an account holder at Pluggy and one at Belvo. The tokens of their link sessions are valid for ttl,
// or for the vendor's own period if ttl is 0.
func holders(t *testing.T, ttl time.Duration) []holder {
	t.Helper()
	p := newPluggy(t, func(o *pluggysim.Options) { o.TokenTTL = ttl })
	b := newBelvoSim(t, belvosim.DemoLinkID, belvosim.Options{TokenTTL: ttl})
	return []holder{{
		bank: p,
		link: func(t *testing.T, token, _ string, signedIn bool) string {
			t.Helper()
			i := pluggysim.Item{}
			if !signedIn {
				i.Status, i.ExecutionStatus = "LOGIN_ERROR", "INVALID_CREDENTIALS"
			}
			made, err := p.sim.Connect(token, i)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.sim.AddAccount(pluggysim.Account{ItemID: made.ID}); err != nil {
				t.Fatal(err)
			}
			return made.ID
		},
		recover: func(t *testing.T, id string) {
			t.Helper()
			if err := p.sim.SetItemStatus(id, "UPDATED", ""); err != nil {
				t.Fatal(err)
			}
		},
		objects: p.sim.Items,
	}, {
		bank: b,
		link: func(t *testing.T, token, session string, signedIn bool) string {
			t.Helper()
			l := belvosim.Link{Institution: "erebor_br_retail"}
			if !signedIn {
				l.Status = belvosim.LinkInvalid
			}
			made, err := b.sim.Connect(token, session, l)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.sim.AddAccount(belvosim.Account{Link: made.ID}); err != nil {
				t.Fatal(err)
			}
			return made.ID
		},
		recover: func(t *testing.T, id string) {
			t.Helper()
			if err := b.sim.SetLinkStatus(id, belvosim.LinkValid); err != nil {
				t.Fatal(err)
			}
		},
		objects: func() (ids []string) {
			for _, l := range b.sim.Links() {
				ids = append(ids, l.ID)
			}
			return ids
		},
	}}
}

// eachHolder runs test for each vendor on each backend.
func eachHolder(t *testing.T, ttl time.Duration, test func(t *testing.T, o operator, h holder)) {
	t.Helper()
	each(t, func(t *testing.T, w *env) {
		for _, h := range holders(t, ttl) {
			t.Run(h.vendor(), func(t *testing.T) { test(t, w.operator(t), h) })
		}
	})
}

// newLink returns the body of the request for a link session.
func newLink(b bank, name string) object {
	body := creation(b, name)
	delete(body, "accountRef")
	return body
}

// sessionStatus returns the response to a request for a link session. The response must contain neither the token nor
// the URL of the session.
func (o operator) sessionStatus(id string) object {
	o.t.Helper()
	a := o.get(linkSessions + "/" + id).want(http.StatusOK)
	got := a.json()
	if got["token"] != nil || got["url"] != nil || a.header.Get("Cache-Control") != "no-store" {
		o.t.Errorf("the session is %v", got)
	}
	return got
}

func TestAHolderLinksANewAccount(t *testing.T) {
	eachHolder(t, 0, func(t *testing.T, o operator, h holder) {
		a := o.send(http.MethodPost, linkSessions, newLink(h, "linked"), "X-Idempotency-Key: link").
			want(http.StatusCreated)
		got := a.members("id", "token", "url", "expiresAt", "status")
		id, token := text(got, "id"), text(got, "token")
		if !strings.Contains(text(got, "url"), "token=") || got["status"] != "open" ||
			a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the session is %v", got)
		}
		o.send(http.MethodPost, linkSessions, newLink(h, "linked"), "X-Idempotency-Key: link").
			problem(http.StatusConflict, "MTCH-0021")
		o.send(http.MethodPost, connections, creation(h, "linked")).problem(http.StatusConflict, "MTCH-0007")
		o.send(http.MethodPost, linkSessions, newLink(h, "linked")).problem(http.StatusConflict, "MTCH-0007")
		foreign := h.link(
			t,
			token,
			"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01",
			false,
		) // at Pluggy, it carries the session's id
		made := h.link(t, token, id, true)
		eventually(t, "the connection", func() bool { return o.sessionStatus(id)["status"] == "done" })
		c := o.get(pathOf(text(o.sessionStatus(id), "connectionId"), "")).want(http.StatusOK).json()
		if c["configName"] != "linked" || c["accountRef"] != made || c["accountRef"] == foreign {
			t.Errorf("the connection is %v", c)
		}
		connection := text(c, "id")
		o.waitForSuccess(connection)
		if health := o.get(pathOf(connection, "/health")).want(http.StatusOK).json(); health["health"] != "healthy" {
			t.Errorf("the health is %v", health)
		}
		if all := o.pages(connections, 20); len(all) != 1 {
			t.Errorf("%d connections", len(all))
		}
		if o.env.operator(t).get(linkSessions+"/"+id).status != http.StatusNotFound {
			t.Error("another tenant sees the session")
		}
	})
}

func TestAFailedSignInIsDeletedAtTheEndOfTheSession(t *testing.T) {
	eachHolder(t, 8*time.Second, func(t *testing.T, o operator, h holder) {
		before := len(h.objects())
		body := newLink(h, "linked")
		got := o.send(http.MethodPost, linkSessions, body).want(http.StatusCreated).json()
		failed := h.link(t, text(got, "token"), text(got, "id"), false)
		left := o.send(http.MethodPost, linkSessions, newLink(h, "left")).want(http.StatusCreated).text("id")
		for _, id := range []string{text(got, "id"), left} {
			eventually(t, "the end of the session", func() bool { return o.sessionStatus(id)["status"] == "abandoned" })
		}
		eventually(t, "the deletion at the vendor", func() bool { return len(h.objects()) == before })
		if all := o.pages(connections, 20); len(all) != 0 {
			t.Errorf("connections: %v (failed: %s)", all, failed)
		}
		o.send(http.MethodPost, connections, creation(h, "linked")).want(http.StatusCreated)
	})
}

func TestAFailedSignInCanBeRepeated(t *testing.T) {
	eachHolder(t, 0, func(t *testing.T, o operator, h holder) {
		got := o.send(http.MethodPost, linkSessions, newLink(h, "linked")).want(http.StatusCreated).json()
		made := h.link(t, text(got, "token"), text(got, "id"), false)
		h.recover(t, made)
		eventually(t, "the connection", func() bool { return o.sessionStatus(text(got, "id"))["status"] == "done" })
		c := o.get(pathOf(text(o.sessionStatus(text(got, "id")), "connectionId"), "")).want(http.StatusOK).json()
		if c["accountRef"] != made {
			t.Errorf("the connection is %v", c)
		}
	})
}

func TestALinkSessionThatCannotBeStarted(t *testing.T) {
	eachHolder(t, 0, func(t *testing.T, o operator, h holder) {
		bad := newLink(h, "")
		bad["applicationId2"] = "x"
		o.send(http.MethodPost, linkSessions, bad).
			problem(http.StatusBadRequest, "MTCH-0001", "body.configName", "body.applicationId2")
		h.revoke()
		o.send(http.MethodPost, linkSessions, newLink(h, "linked")).refused(t, "credential_rejected")
		h.grant()
		o.send(http.MethodPost, linkSessions, newLink(h, "linked")).want(http.StatusCreated)
		o.get(linkSessions+"/"+uuid.NewString()).problem(http.StatusNotFound, "MTCH-0005")
	})
}

// The webhook about the item of a link session may arrive at any webhook address of the tenant. The session then ends
// even if the vendor has no list of items.
func TestAWebhookAnnouncesTheItemOfALinkSession(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		p := newPluggy(t, func(o *pluggysim.Options) { o.NoItemList = true })
		o := w.operator(t)
		o.connect(p, "first")
		hook := o.mint(p, "first")
		got := o.send(http.MethodPost, linkSessions, newLink(p, "linked")).want(http.StatusCreated).json()
		made, err := p.sim.Connect(text(got, "token"), pluggysim.Item{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.sim.AddAccount(pluggysim.Account{ItemID: made.ID}); err != nil {
			t.Fatal(err)
		}
		body, err := p.sim.Payload(pluggysim.Event{Name: "item/created", ItemID: made.ID})
		if err != nil {
			t.Fatal(err)
		}
		o.deliver(p, hook, body).want(http.StatusAccepted)
		eventually(t, "the connection", func() bool { return o.sessionStatus(text(got, "id"))["status"] == "done" })
	})
}
