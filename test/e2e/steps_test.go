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

// creation returns the body of a request that creates a connection with this name to the bank.
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
	return o.send(http.MethodPost, connections, creation(b, name)).want(http.StatusCreated).text("id")
}

// mint creates a webhook token for the named connection and returns the path of its webhook URL,
// without the host of PUBLIC_URL.
func (o operator) mint(b bank, name string) string {
	o.t.Helper()
	a := o.send(http.MethodPost, tokens, object{"vendor": b.vendor(), "connection_config_name": name}).
		want(http.StatusCreated)
	return strings.TrimPrefix(a.text("webhookUrl"), publicURL)
}

// proof returns the header that authenticates a webhook body under the default test settings.
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

// postWebhook posts a webhook body to path, with the header that authenticates the vendor, and
// returns the response.
func (w *env) postWebhook(t *testing.T, vendor, path string, body []byte) response {
	t.Helper()
	return w.call(t, http.MethodPost, path, body, proof(vendor, body))
}

// announce sends a webhook from the bank, which must be accepted with a 202. kind and ids are passed to bank.payload.
func (o operator) announce(b bank, path, kind string, ids ...string) {
	o.t.Helper()
	if a := o.deliver(b, path, b.payload(o.t, kind, ids...)).want(http.StatusAccepted); len(a.raw) > 0 {
		o.t.Errorf("the 202 has a body: %s", a.raw)
	}
}

// deliver posts a webhook body. Like every vendor, it posts the body again after a 503. It returns the last response.
func (o operator) deliver(b bank, path string, body []byte) response {
	o.t.Helper()
	a := o.postWebhook(o.t, b.vendor(), path, body)
	for tries := 1; a.status == http.StatusServiceUnavailable && tries < 6; tries++ {
		a = o.postWebhook(o.t, b.vendor(), path, body)
	}
	return a
}

// pathOf returns the API path of a connection, with suffix appended.
func pathOf(id, suffix string) string { return connections + "/" + id + suffix }

// waitForPulls waits until the connection has had a pull and none of its pulls is queued or running.
// It returns all pulls, newest first.
func (o operator) waitForPulls(id string) []object {
	o.t.Helper()
	var pulls []object
	eventually(o.t, "the pulls of "+id, func() bool {
		pulls = o.pages(pathOf(id, "/pulls"), 100)
		for _, pull := range pulls {
			if pull["status"] == "queued" || pull["status"] == "running" {
				return false
			}
		}
		return len(pulls) > 0
	})
	return pulls
}

// waitForSuccess is like waitForPulls, but also checks that every pull succeeded.
func (o operator) waitForSuccess(id string) []object {
	o.t.Helper()
	pulls := o.waitForPulls(id)
	for _, pull := range pulls {
		if pull["status"] != "succeeded" || pull["lastError"] != nil {
			o.t.Fatalf("a pull ended as %v", pull)
		}
	}
	return pulls
}

// rows returns a connection's transactions by their external ids, which the vendor has assigned.
func (o operator) rows(id string) map[string]object {
	o.t.Helper()
	all := map[string]object{}
	for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
		external, _ := row["externalId"].(string)
		if all[external] != nil {
			o.t.Errorf("%s is twice in the list", external)
		}
		all[external] = row
	}
	return all
}

// pull requests a pull of the connection, waits for its end, and returns it.
func (o operator) pull(id string, body any) object {
	o.t.Helper()
	a := o.send(http.MethodPost, pathOf(id, "/pulls"), body).want(http.StatusAccepted)
	return o.waitForPull(a.header.Get("Location"))
}

// waitForPull waits until a pull has ended, and returns it. location is the path of the pull.
func (o operator) waitForPull(location string) object {
	o.t.Helper()
	var pull object
	eventually(o.t, "the end of "+location, func() bool {
		pull = o.get(location).want(http.StatusOK).json()
		return pull["status"] == "succeeded" || pull["status"] == "failed"
	})
	return pull
}
