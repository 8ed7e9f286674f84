package e2e_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/mock/gomock"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/portmock"
)

// descriptor lists the members that a connection has in every response.
var descriptor = []string{"id", "vendor", "configName", "baseUrl", "accountRef", "createdAt", "updatedAt"}

func TestCreateAConnection(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		a := o.send(http.MethodPost, connections, creation(b, b.vendor()+"-main")).want(http.StatusCreated)
		made := a.members(descriptor...)
		want := object{
			"vendor":     b.vendor(),
			"configName": b.vendor() + "-main",
			"baseUrl":    b.origin(),
			"accountRef": b.ref(),
		}
		for member, value := range want {
			if made[member] != value {
				t.Errorf("%s is %v, want %v", member, made[member], value)
			}
		}
		id, err := uuid.Parse(text(made, "id"))
		if err != nil || id.Version() != 7 || a.header.Get("Location") != connections+"/"+id.String() {
			t.Errorf("id %v at %q", made["id"], a.header.Get("Location"))
		}
		if at, err := time.Parse(
			time.RFC3339Nano,
			text(made, "createdAt"),
		); err != nil || time.Since(at) > time.Minute ||
			made["createdAt"] != made["updatedAt"] {
			t.Errorf("created at %v, updated at %v", made["createdAt"], made["updatedAt"])
		}
		got := o.get(a.header.Get("Location")).want(http.StatusOK).members(descriptor...)
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("it is returned differently (-created +read):\n%s", diff)
		}
	})
}

func TestADuplicateNameIsAConflict(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		o.connect(b, "main")
		o.send(http.MethodPost, connections, creation(b, "main")).problem(409, "MTCH-0007")
		o.send(http.MethodPost, connections, creation(newBelvo(t), "main")).problem(409, "MTCH-0007")
		// These names differ from "main", because names are compared exactly.
		for _, other := range []string{"Main", "main ", "ma\u00edn"} {
			o.connect(b, other)
		}
		w.operator(t).connect(b, "main") // names are unique only within a tenant
	})
}

func TestListInPagesByName(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		empty := o.get(connections).want(http.StatusOK)
		if !strings.Contains(string(empty.raw), `"items":[]`) {
			t.Errorf("an empty list is %s", empty.raw)
		}
		empty.members("items", "limit", "hasMore")
		want := []string{"B", "a", "a-1", "a1", "b", "c", "é"}
		for _, name := range []string{"c", "a1", "B", "é", "a", "b", "a-1"} {
			o.connect(b, name)
		}
		for _, limit := range []int{1, 2, 3, 7, 200} {
			var names []string
			for _, item := range o.pages(connections, limit) {
				names = append(names, text(item, "configName"))
				if diff := cmp.Diff(
					slices.Sorted(slices.Values(descriptor)),
					slices.Sorted(maps.Keys(item)),
				); diff != "" {
					t.Errorf("an item has other members:\n%s", diff)
				}
			}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		if limit := o.get(connections).json()["limit"]; limit != 20.0 {
			t.Errorf("the default limit is %v", limit)
		}
		for _, bad := range []string{"0", "-1", "201", "x", "1.5", ""} {
			o.get(connections+"?limit="+bad).problem(400, "MTCH-0001", "query.limit")
		}
		for _, bad := range []string{"x", "%00", base64.RawURLEncoding.EncodeToString([]byte("made up by a caller"))} {
			o.get(connections+"?cursor="+bad).problem(400, "MTCH-0001", "query.cursor")
		}
		o.get(connections+"?limit=0&cursor=x").problem(400, "MTCH-0001", "query.cursor", "query.limit")
	})
}

func TestUpdate(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		clientID, secret := b.login()
		change := func(more object) object {
			body := object{"configName": "main", "baseUrl": b.origin(), "accountRef": b.ref()}
			maps.Copy(body, more)
			return body
		}
		before := o.get(pathOf(id, "")).json()
		renamed := o.send(http.MethodPut, pathOf(id, ""), change(object{"configName": "renamed"})).
			want(http.StatusOK).
			members(descriptor...)
		if renamed["id"] != id || renamed["configName"] != "renamed" || renamed["createdAt"] != before["createdAt"] ||
			renamed["updatedAt"] == before["updatedAt"] {
			t.Errorf("after a rename it is %v", renamed)
		}
		o.testConnection(b, "renamed", "") // the connection test succeeds because the stored credential is unchanged
		o.send(http.MethodPut, pathOf(id, ""), change(object{"clientId": clientID, "secret": "wrong"})).
			want(http.StatusOK)
		o.testConnection(b, "main", "credential_rejected")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"clientId": clientID, "secret": secret})).
			want(http.StatusOK)
		o.testConnection(b, "main", "")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"baseUrl": "http://127.0.0.1:1"})).want(http.StatusOK)
		o.testConnection(b, "main", "vendor_unreachable")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"accountRef": uuid.NewString()})).want(http.StatusOK)
		o.testConnection(b, "main", "account_not_found")

		o.send(http.MethodPut, pathOf(id, ""), change(object{"clientId": clientID})).
			problem(400, "MTCH-0001", "body.secret")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"secret": secret})).
			problem(400, "MTCH-0001", "body.clientId")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"vendor": b.vendor()})).
			problem(400, "MTCH-0001", "body.vendor")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"secret": "", "clientId": ""})).
			problem(400, "MTCH-0001", "body.clientId", "body.secret")
		o.send(http.MethodPut, pathOf(id, ""), object{}).
			problem(400, "MTCH-0001", "body.accountRef", "body.baseUrl", "body.configName")
		o.connect(b, "taken")
		o.send(http.MethodPut, pathOf(id, ""), change(object{"configName": "taken"})).problem(409, "MTCH-0007")
		if got := o.get(pathOf(id, "")).text("configName"); got != "main" {
			t.Errorf("after a refused rename the name is %q", got)
		}
	})
}

// testConnection requests a live test of the named connection and checks its result. If reason is "", the connection
// must be healthy. Otherwise it must be unhealthy for that reason.
func (o operator) testConnection(b bank, name, reason string) {
	o.t.Helper()
	a := o.send(http.MethodPost, connections+"/test", object{"vendor": b.vendor(), "configName": name}).
		want(http.StatusOK)
	members := []string{"vendor", "configName", "healthy", "latencyMs"}
	if reason != "" {
		members = append(members, "reason")
	}
	body := a.members(members...)
	latency, counted := body["latencyMs"].(float64)
	delete(body, "latencyMs")
	want := object{"vendor": b.vendor(), "configName": name, "healthy": reason == ""}
	if reason != "" {
		want["reason"] = reason
	}
	if diff := cmp.Diff(want, body); diff != "" || !counted || latency < 0 {
		o.t.Errorf("a test of %s (-want +got):\n%s", name, diff)
	}
}

func TestDelete(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		if a := o.send(http.MethodDelete, pathOf(id, ""), nil).want(http.StatusNoContent); len(a.raw) > 0 {
			t.Errorf("the 204 has a body: %s", a.raw)
		}
		o.send(http.MethodDelete, pathOf(id, ""), nil).problem(404, "MTCH-0201")
		o.get(pathOf(id, "")).problem(404, "MTCH-0201")
		o.postWebhook(t, b.vendor(), hook, b.payload(t, "all")).problem(401, "MTCH-0003")
		if left := o.pages(connections, 20); len(left) > 0 {
			t.Errorf("a deleted connection is listed: %v", left)
		}
		o.send(http.MethodPost, connections+"/test", object{"vendor": b.vendor(), "configName": "main"}).
			problem(404, "MTCH-0201")
		o.send(http.MethodPost, tokens, object{"vendor": b.vendor(), "connection_config_name": "main"}).
			problem(404, "MTCH-0201")
		if again := o.connect(b, "main"); again == id {
			t.Error("a new connection has the id of the old one")
		}
		o.postWebhook(t, b.vendor(), hook, b.payload(t, "all")).problem(401, "MTCH-0003") // the old token stays revoked
	})
}

func TestALiveTestReportsTheReason(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		o.connect(b, "main")
		o.testConnection(b, "main", "")

		b.inject(t, fault{kind: "status", status: 429, retryAfter: "30"})
		o.testConnection(b, "main", "vendor_rate_limited")

		b.inject(t, fault{kind: "status", status: 403}) // the vendor accepts the credential, but denies access
		o.testConnection(b, "main", "access_denied")

		for name, wrong := range map[string]object{
			"credential_rejected": {"secret": "wrong"},
			"account_not_found":   {"accountRef": uuid.NewString()},
			"vendor_unreachable":  {"baseUrl": "http://127.0.0.1:1"},
		} {
			body := creation(b, name)
			maps.Copy(body, wrong)
			o.send(http.MethodPost, connections, body).want(http.StatusCreated)
			o.testConnection(b, name, name)
		}
		other := map[string]string{"pluggy": "belvo", "belvo": "pluggy"}[b.vendor()]
		for _, missing := range []object{
			{"vendor": b.vendor(), "configName": "nowhere"}, {"vendor": other, "configName": "main"},
		} {
			o.send(http.MethodPost, connections+"/test", missing).problem(404, "MTCH-0201")
		}
		o.send(http.MethodPost, connections+"/test", object{}).
			problem(400, "MTCH-0001", "body.configName", "body.vendor")
		o.send(http.MethodPost, connections+"/test", object{"vendor": "nosuch", "configName": "main"}).
			problem(400, "MTCH-0001", "body.vendor")
	})
}

// The egress policy is made stricter after the connection was created, so that it forbids the
// connection's address. A live test must then refuse the address.
func TestALiveTestRefusesAForbiddenAddress(t *testing.T) {
	t.Parallel()
	dsn := backends["sqlite"](t)
	b := newPluggy(t)
	var keyset string
	before := open(t, "sqlite", dsn, func(s *setup) { keyset = s.cfg.Sealing.KeysetFile })
	o := before.operator(t)
	o.connect(b, "main")
	after := open(t, "sqlite", dsn, func(s *setup) {
		s.cfg.Sealing.KeysetFile, s.cfg.Egress.AllowedCIDRs = keyset, nil
	})
	late := operator{after, t, o.tenant, o.token}
	late.testConnection(b, "main", "address_not_allowed")
	late.send(http.MethodPost, connections, creation(b, "other")).problem(400, "MTCH-0001", "body.baseUrl")
	if b.gate().total() > 0 {
		t.Error("the forbidden address was called")
	}
}

func TestMint(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		o.connect(b, "main")
		ask := object{"vendor": "pluggy", "connection_config_name": "main"}
		a := o.send(http.MethodPost, tokens, ask).want(http.StatusCreated)
		minted := a.members("id", "token", "webhookUrl", "webhook_url", "vendor")
		raw := text(minted, "token")
		url := publicURL + prefix + "/webhooks/pluggy/" + raw
		if minted["webhookUrl"] != url || minted["webhook_url"] != url || minted["vendor"] != "pluggy" {
			t.Errorf("minted %v", minted)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{43,}$`).MatchString(raw) {
			t.Errorf("a token of %d characters cannot hold 256 bits in a path", len(raw))
		}
		if again := o.send(http.MethodPost, tokens, ask).want(http.StatusCreated).text("token"); again == raw {
			t.Error("two mints returned the same token")
		}
		o.send(http.MethodPost, tokens, object{"vendor": "pluggy", "connection_config_name": "nowhere"}).
			problem(404, "MTCH-0201")
		o.send(http.MethodPost, tokens, object{"vendor": "belvo", "connection_config_name": "main"}).
			problem(404, "MTCH-0201")
		o.send(http.MethodPost, tokens, object{"vendor": "nosuch", "connection_config_name": ""}).
			problem(400, "MTCH-0001", "body.connection_config_name", "body.vendor")
		o.send(http.MethodPost, tokens, object{}).
			problem(400, "MTCH-0001", "body.connection_config_name", "body.vendor")
	})
}

func TestConnectorTypesAreTheLiveRegistry(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		a := w.operator(t).get(prefix + "/connector-types").want(http.StatusOK)
		const want = `{"types":[{"type":"postgres","category":"database"},{"type":"rest-generic","category":"rest"}]}`
		if got := strings.TrimSpace(string(a.raw)); got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

func TestARegisteredConnectorIsListed(t *testing.T) {
	t.Parallel()
	one := func(s *setup) {
		s.over.Connector = func() ports.Connector {
			c := portmock.NewMockConnector(gomock.NewController(t))
			c.EXPECT().Type().Return(domain.ConnectorType("oracle")).AnyTimes()
			c.EXPECT().Category().Return(domain.CategoryDatabase).AnyTimes()
			return c
		}
	}
	w := open(t, "memory", compose.InMemory, one)
	got := string(w.operator(t).get(prefix + "/connector-types").want(http.StatusOK).raw)
	if !strings.Contains(got, `{"type":"oracle","category":"database"},{"type":"postgres"`) {
		t.Errorf("answered %s", got)
	}
}
