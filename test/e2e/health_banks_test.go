package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// healthBank is a simulated vendor with one account reference: an item of Pluggy or a link of Belvo.
type healthBank struct {
	t          testing.TB
	vendor     string
	origin     string
	ref        string
	id, secret string

	// status sets the status of the item or link. The first argument is the status. For Pluggy, a second argument sets
	// the execution status.
	status func(words ...string) error
	// send posts an event to a webhook address and returns the status of the response. The string event is the name of
	// the event. If the string starts with {, it is the complete body.
	send func(url, event string) (int, error)
	// revoke revokes the API credential, and grant makes it valid again. deleteRef deletes the item or link. At the
	// real vendors, the account holder can delete it.
	revoke, grant, deleteRef func()
}

func newHealthPluggy(t testing.TB) *healthBank {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	const item = pluggysim.DemoItemID
	client := pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret}
	return &healthBank{
		t: t, vendor: "pluggy", origin: serveVendor(t, sim), ref: item, id: client.ID, secret: client.Secret,
		status: func(words ...string) error { return sim.SetItemStatus(item, words[0], append(words, "")[1]) },
		send: func(url, event string) (int, error) {
			e := pluggysim.Event{Name: event, ItemID: item}
			if event[0] == '{' {
				e = pluggysim.Event{Raw: []byte(event)}
			}
			return sim.SendWebhook(
				t.Context(),
				pluggysim.Target{URL: url, Headers: map[string]string{"Authorization": healthShared}},
				e,
			)
		},
		revoke: func() {
			sim.AddClient(pluggysim.Client{ID: client.ID, Secret: "another"})
			sim.ExpireKeys()
		},
		grant:     func() { sim.AddClient(client) },
		deleteRef: func() { _ = sim.RemoveItem(item) },
	}
}

func newHealthBelvo(t testing.TB) *healthBank {
	t.Helper()
	sim := belvosim.New(belvosim.Options{})
	sim.SeedAt(time.Now())
	const link = belvosim.DemoOpenFinanceLinkID
	return &healthBank{
		t:      t,
		vendor: "belvo",
		origin: serveVendor(t, sim),
		ref:    link,
		id:     belvosim.DemoSecretID,
		secret: belvosim.DemoSecretPassword,
		status: func(words ...string) error { return sim.SetLinkStatus(link, belvosim.LinkStatus(words[0])) },
		send: func(url, event string) (int, error) {
			e := belvosim.Event{Name: event, LinkID: link}
			if event[0] == '{' {
				e = belvosim.Event{Raw: []byte(event)}
			}
			return sim.SendWebhook(
				t.Context(),
				belvosim.Target{URL: url, Headers: map[string]string{"Authorization": healthShared}},
				e,
			)
		},
		revoke:    func() { sim.RemoveSecret(belvosim.DemoSecretID) },
		grant:     func() { sim.AddSecret(belvosim.DemoSecretID, belvosim.DemoSecretPassword) },
		deleteRef: func() { _ = sim.RemoveLink(link) },
	}
}

func serveVendor(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// healthConnection is a connection to a bank, with the address of its webhook.
type healthConnection struct {
	healthOperator
	bank     *healthBank
	id, hook string
}

func (o healthOperator) connect(b *healthBank, name string) healthConnection {
	o.t.Helper()
	made, _ := o.call(http.StatusCreated, http.MethodPost, connectionsPath, object{
		"vendor":     b.vendor,
		"configName": name,
		"baseUrl":    b.origin,
		"accountRef": b.ref,
		"clientId":   b.id,
		"secret":     b.secret,
	})
	token, _ := o.call(
		http.StatusCreated,
		http.MethodPost,
		apiPrefix+"/webhooks/tokens",
		object{"vendor": b.vendor, "connection_config_name": name},
	)
	return healthConnection{
		o,
		b,
		textOf(made, "id"),
		o.origin + apiPrefix + "/webhooks/" + b.vendor + "/" + textOf(token, "token"),
	}
}

// sendEvent sends an event from the vendor, waits until the service has processed its delivery, and returns the status
// of the delivery.
func (c healthConnection) sendEvent(event string) (status string) {
	c.t.Helper()
	if answered, err := c.bank.send(c.hook, event); err != nil || answered != http.StatusAccepted {
		c.t.Fatalf("%s answered %d: %v", event, answered, err)
	}
	c.eventually("the work of "+event, func() bool {
		items, _ := c.get(apiPrefix + "/webhooks/deliveries?limit=1&connectionId=" + c.id)["items"].([]any)
		delivery, _ := items[0].(object)
		status = textOf(delivery, "status")
		return status != "accepted"
	})
	return status
}

// pullAndWait requests a pull, waits until it has ended, and returns it.
func (c healthConnection) pullAndWait() (pull object) {
	c.t.Helper()
	_, location := c.call(http.StatusAccepted, http.MethodPost, connectionsPath+"/"+c.id+"/pulls", object{})
	return c.waitForPull(location)
}

func (c healthConnection) waitForPull(location string) (pull object) {
	c.t.Helper()
	c.eventually("the pull", func() bool {
		pull = c.get(location)
		return pull["status"] == "succeeded" || pull["status"] == "failed"
	})
	return pull
}

func (c healthConnection) setStatus(status ...string) {
	c.t.Helper()
	if err := c.bank.status(status...); err != nil {
		c.t.Fatal(err)
	}
}

// checkHealth reads the health of the connection with its operator's token, checks the health, and returns it. occasion
// says what happened before the check, and is part of the error message.
func (c healthConnection) checkHealth(occasion, health, reason string, needsReauth bool) object {
	c.t.Helper()
	state := c.get(connectionsPath + "/" + c.id + "/health")
	if textOf(state, "health") != health || textOf(state, "reason") != reason || state["needsReauth"] != needsReauth {
		c.t.Errorf(
			"%s: after %s the health is %v, want %s %q needsReauth=%v",
			c.bank.vendor,
			occasion,
			state,
			health,
			reason,
			needsReauth,
		)
	}
	return state
}
