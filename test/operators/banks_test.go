package operators_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// bank is a simulated vendor with one account reference.
type bank struct {
	t          testing.TB
	vendor     string
	origin     string
	ref        string
	id, secret string

	// status has the item or link stand so; pairs of status and execution status.
	status func(words ...string) error
	// tell posts an event to a webhook address; an event that begins with { is posted as it is.
	tell func(url, event string) (int, error)
	// shut revokes the API credential, grant gives it again, leave has the holder delete
	// the item or link.
	shut, grant, leave func()
}

func newPluggy(t testing.TB) *bank {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }})
	sim.SeedAt(time.Now())
	const item = pluggysim.DemoItemID
	client := pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret}
	return &bank{
		t: t, vendor: "pluggy", origin: serve(t, sim), ref: item, id: client.ID, secret: client.Secret,
		status: func(words ...string) error { return sim.SetItemStatus(item, words[0], append(words, "")[1]) },
		tell: func(url, event string) (int, error) {
			e := pluggysim.Event{Name: event, ItemID: item}
			if event[0] == '{' {
				e = pluggysim.Event{Raw: []byte(event)}
			}
			return sim.SendWebhook(t.Context(), pluggysim.Target{URL: url, Headers: map[string]string{"Authorization": shared}}, e)
		},
		shut: func() {
			sim.AddClient(pluggysim.Client{ID: client.ID, Secret: "another"})
			sim.ExpireKeys()
		},
		grant: func() { sim.AddClient(client) },
		leave: func() { _ = sim.RemoveItem(item) },
	}
}

func newBelvo(t testing.TB) *bank {
	t.Helper()
	sim := belvosim.New(belvosim.Options{})
	sim.SeedAt(time.Now())
	const link = belvosim.DemoOpenFinanceLinkID
	return &bank{
		t: t, vendor: "belvo", origin: serve(t, sim), ref: link, id: belvosim.DemoSecretID, secret: belvosim.DemoSecretPassword,
		status: func(words ...string) error { return sim.SetLinkStatus(link, belvosim.LinkStatus(words[0])) },
		tell: func(url, event string) (int, error) {
			e := belvosim.Event{Name: event, LinkID: link}
			if event[0] == '{' {
				e = belvosim.Event{Raw: []byte(event)}
			}
			return sim.SendWebhook(t.Context(), belvosim.Target{URL: url, Headers: map[string]string{"Authorization": shared}}, e)
		},
		shut:  func() { sim.RemoveSecret(belvosim.DemoSecretID) },
		grant: func() { sim.AddSecret(belvosim.DemoSecretID, belvosim.DemoSecretPassword) },
		leave: func() { _ = sim.RemoveLink(link) },
	}
}

func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// connected is a connection to a bank with its webhook.
type connected struct {
	operator
	bank     *bank
	id, hook string
}

func (o operator) connect(b *bank, name string) connected {
	o.t.Helper()
	made, _ := o.call(http.StatusCreated, http.MethodPost, list, object{
		"vendor": b.vendor, "configName": name, "baseUrl": b.origin, "accountRef": b.ref, "clientId": b.id, "secret": b.secret,
	})
	token, _ := o.call(http.StatusCreated, http.MethodPost, prefix+"/webhooks/tokens", object{"vendor": b.vendor, "connection_config_name": name})
	return connected{o, b, text(made, "id"), o.origin + prefix + "/webhooks/" + b.vendor + "/" + text(token, "token")}
}

// told has the vendor tell an event, and waits until its work is done. It gives the
// delivery's status.
func (c connected) told(event string) (status string) {
	c.t.Helper()
	if answered, err := c.bank.tell(c.hook, event); err != nil || answered != http.StatusAccepted {
		c.t.Fatalf("%s answered %d: %v", event, answered, err)
	}
	c.eventually("the work of "+event, func() bool {
		items, _ := c.get(prefix + "/webhooks/deliveries?limit=1&connectionId=" + c.id)["items"].([]any)
		delivery, _ := items[0].(object)
		status = text(delivery, "status")
		return status != "accepted"
	})
	return status
}

// pulled asks for a pull and gives it when it is over.
func (c connected) pulled() (pull object) {
	c.t.Helper()
	_, location := c.call(http.StatusAccepted, http.MethodPost, list+"/"+c.id+"/pulls", object{})
	return c.ended(location)
}

func (c connected) ended(location string) (pull object) {
	c.t.Helper()
	c.eventually("the pull", func() bool {
		pull = c.get(location)
		return pull["status"] == "succeeded" || pull["status"] == "failed"
	})
	return pull
}

func (c connected) stands(status ...string) {
	c.t.Helper()
	if err := c.bank.status(status...); err != nil {
		c.t.Fatal(err)
	}
}

// shows insists on the state that the operator sees.
func (c connected) shows(when, health, reason string, needsReauth bool) object {
	c.t.Helper()
	state := c.get(list + "/" + c.id + "/health")
	if text(state, "health") != health || text(state, "reason") != reason || state["needsReauth"] != needsReauth {
		c.t.Errorf("%s: after %s it shows %v, want %s %q needsReauth=%v", c.bank.vendor, when, state, health, reason, needsReauth)
	}
	return state
}
