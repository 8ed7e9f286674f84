package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func digits(n int) string { return strconv.Itoa(n) }

// creation returns the body that connects a tenant to a bank.
func creation(b bank, name string) object {
	id, secret := b.login()
	return object{
		"vendor": b.vendor(), "configName": name, "baseUrl": b.origin(),
		"accountRef": b.ref(), "clientId": id, "secret": secret,
	}
}

// connect creates a connection to the bank and returns its id.
func (o operator) connect(b bank, name string) string {
	o.t.Helper()
	return o.do(http.MethodPost, connections, creation(b, name)).want(http.StatusCreated).text("id")
}

// mint returns the address of a new webhook token, on loopback instead of PUBLIC_URL.
func (o operator) mint(b bank, name string) string {
	o.t.Helper()
	a := o.do(http.MethodPost, tokens, object{"vendor": b.vendor(), "connection_config_name": name}).want(http.StatusCreated)
	return strings.TrimPrefix(a.text("webhookUrl"), publicURL)
}

// proof returns the header with which a vendor proves a body in the usual environment.
func proof(vendor string, body []byte) string {
	if vendor == "belvo" {
		return "Authorization: " + shared
	}
	return "X-Webhook-Signature: " + signature(signing, body)
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// postWebhook posts a body as the vendor does.
func (w *env) postWebhook(t *testing.T, vendor, path string, body []byte) response {
	t.Helper()
	return w.call(t, http.MethodPost, path, body, proof(vendor, body))
}

// announce has the bank send a webhook, which must be accepted.
func (o operator) announce(b bank, path, kind string, ids ...string) {
	o.t.Helper()
	if a := o.deliver(b, path, b.payload(o.t, kind, ids...)).want(http.StatusAccepted); len(a.raw) > 0 {
		o.t.Errorf("the 202 has a body: %s", a.raw)
	}
}

// deliver posts a body and, like every vendor, repeats it after a 503.
func (o operator) deliver(b bank, path string, body []byte) response {
	o.t.Helper()
	a := o.postWebhook(o.t, b.vendor(), path, body)
	for tries := 1; a.status == http.StatusServiceUnavailable && tries < 6; tries++ {
		a = o.postWebhook(o.t, b.vendor(), path, body)
	}
	return a
}

// of returns a path below a connection.
func of(id, more string) string { return connections + "/" + id + more }

// settled waits until the connection has had a pull and none is running, and returns its
// pulls, newest first.
func (o operator) settled(id string) []object {
	o.t.Helper()
	var pulls []object
	eventually(o.t, "the pulls of "+id, func() bool {
		pulls = o.pages(of(id, "/pulls"), 100)
		for _, pull := range pulls {
			if pull["status"] == "queued" || pull["status"] == "running" {
				return false
			}
		}
		return len(pulls) > 0
	})
	return pulls
}

// succeeded is settled, and checks that every pull succeeded.
func (o operator) succeeded(id string) []object {
	o.t.Helper()
	pulls := o.settled(id)
	for _, pull := range pulls {
		if pull["status"] != "succeeded" || pull["lastError"] != nil {
			o.t.Fatalf("a pull ended as %v", pull)
		}
	}
	return pulls
}

// rows returns a connection's transactions by the vendor's id.
func (o operator) rows(id string) map[string]object {
	o.t.Helper()
	all := map[string]object{}
	for _, row := range o.pages(of(id, "/transactions"), 200) {
		external, _ := row["externalId"].(string)
		if all[external] != nil {
			o.t.Errorf("%s is twice in the list", external)
		}
		all[external] = row
	}
	return all
}

// pull requests a pull and waits for its end.
func (o operator) pull(id string, body any) object {
	o.t.Helper()
	a := o.do(http.MethodPost, of(id, "/pulls"), body).want(http.StatusAccepted)
	return o.ended(a.header.Get("Location"))
}

// ended waits for the end of the pull at the location.
func (o operator) ended(location string) object {
	o.t.Helper()
	var pull object
	eventually(o.t, "the end of "+location, func() bool {
		pull = o.get(location).want(http.StatusOK).json()
		return pull["status"] == "succeeded" || pull["status"] == "failed"
	})
	return pull
}
