package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// resources contains the id of one resource of each kind that a tenant owns.
type resources struct {
	connection, engine, token, delivery, pull, account, transaction string
}

// createResources creates one resource of each kind for the operator's tenant, and returns their ids.
func createResources(t *testing.T, o operator, b bank) resources {
	t.Helper()
	e := resources{connection: o.connect(b, "main")}
	a := o.send(http.MethodPost, tokens, object{"vendor": b.vendor(), "connection_config_name": "main"}).
		want(http.StatusCreated)
	e.token = a.text("id")
	o.announce(b, strings.TrimPrefix(a.text("webhookUrl"), publicURL), "all")
	e.pull = text(o.waitForSuccess(e.connection)[0], "id")
	e.delivery = text(o.pages(deliveries, 20)[0], "id")
	e.account, e.transaction = text(o.pages(allAccounts, 20)[0], "id"), text(o.pages(allTransactions, 200)[0], "id")
	e.engine = o.send(http.MethodPost, engines, object{
		"type": "rest-generic", "configName": "engine", "config": object{"url": b.origin()},
	}).want(http.StatusCreated).text("id")
	return e
}

// byID returns functions that build the requests to all routes that take an id, grouped by the kind of resource.
func byID(b bank) map[string][]func(id string) (method, path string, body any) {
	call := func(method, before, after string, body any) func(string) (string, string, any) {
		return func(id string) (string, string, any) { return method, before + "/" + id + after, body }
	}
	change := creation(b, "stolen")
	delete(change, "vendor")
	return map[string][]func(string) (string, string, any){
		"connection": {
			call(
				"GET",
				connections,
				"",
				nil,
			),
			call("PUT", connections, "", change),
			call("DELETE", connections, "", nil),
			call(
				"GET",
				connections,
				"/health",
				nil,
			),
			call("GET", connections, "/accounts", nil),
			call("GET", connections, "/transactions", nil),
			call("GET", connections, "/pulls", nil),
			call("POST", connections, "/pulls", object{}),
		},
		"engine": {
			call("GET", engines, "", nil), call("PATCH", engines, "", object{"configName": "stolen"}),
			call("DELETE", engines, "", nil), call("POST", engines, "/test", nil),
		},
		"token":    {call("DELETE", tokens, "", nil)},
		"delivery": {call("GET", deliveries, "", nil), call("POST", deliveries, "/replay", nil)},
		"pull":     {call("GET", pullsPath, "", nil)},
		"account":  {call("GET", allAccounts, "", nil)}, "transaction": {call("GET", allTransactions, "", nil)},
	}
}

// normalized returns the parts of a response that must be equal for every unknown id. It omits headers that differ in
// every response. It replaces the requested id with ID. The response to a webhook contains {token} and not the token
// itself, so normalized also replaces {token} with ID.
func normalized(a response, id string) object {
	header := a.header.Clone()
	for _, own := range []string{"Date", "X-Request-Id", "Content-Length"} {
		header.Del(own)
	}
	return object{
		"status": a.status,
		"header": header,
		"body":   strings.NewReplacer(id, "ID", "{token}", "ID").Replace(string(a.raw)),
	}
}

func TestForeignResourcesAreNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		owner, other := w.operator(t), w.operator(t)
		theirs, mine := createResources(t, owner, b), createResources(t, other, b)
		deleted := other.connect(b, "gone")
		other.send(http.MethodDelete, pathOf(deleted, ""), nil).want(http.StatusNoContent)
		gone := map[string]string{"connection": deleted}
		foreign := map[string]string{
			"connection": theirs.connection,
			"engine":     theirs.engine,
			"token":      theirs.token,
			"delivery":   theirs.delivery,
			"pull":       theirs.pull,
			"account":    theirs.account, "transaction": theirs.transaction,
		}
		for kind, routes := range byID(b) {
			for _, route := range routes {
				unknown := uuid.Must(uuid.NewV7()).String()
				method, path, body := route(unknown)
				a := other.send(method, path, body)
				code := "MTCH-0005"
				if kind == "connection" || kind == "engine" {
					code = "MTCH-0201"
				}
				a.problem(404, code)
				want := normalized(a, unknown)
				for what, id := range map[string]string{
					"another tenant's": foreign[kind], "deleted": gone[kind], "nil": uuid.Nil.String(),
					"of another kind": map[string]string{
						"connection": mine.engine, "engine": mine.connection, "token": mine.pull,
						"delivery": mine.token, "pull": mine.delivery,
						"account": mine.transaction, "transaction": mine.account,
					}[kind],
					"malformed": "not-an-id", "in braces": "%7B" + unknown + "%7D",
					"urn": "urn:uuid:" + unknown[:8], "bare hex": strings.ReplaceAll(unknown, "-", ""),
				} {
					if id == "" {
						continue
					}
					method, path, body := route(id)
					got := normalized(
						other.send(method, path, body),
						strings.NewReplacer("%7B", "{", "%7D", "}").Replace(id),
					)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf(
							"%s %s with an id that is %s differs from an unknown one (-unknown +got):\n%s",
							method,
							path,
							what,
							diff,
						)
					}
				}
			}
		}
		owner.checkUnchanged(theirs)
	})
}

// checkUnchanged checks that none of the tenant's resources was changed or deleted, and that no pull
// was added.
func (o operator) checkUnchanged(e resources) {
	o.t.Helper()
	if name := o.get(pathOf(e.connection, "")).want(200).text("configName"); name != "main" {
		o.t.Errorf("another tenant renamed the connection to %s", name)
	}
	o.get(engines + "/" + e.engine).want(200)
	if list := o.pages(tokens, 20); len(list) != 1 || list[0]["revokedAt"] != nil {
		o.t.Errorf("another tenant revoked a token: %v", list)
	}
	if pulls := o.pages(pathOf(e.connection, "/pulls"), 20); len(pulls) != 1 {
		o.t.Errorf("another tenant requested pulls: %v", pulls)
	}
}

func TestListsAndFeedsContainOnlyTheTenantsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		owner, other := w.operator(t), w.operator(t)
		theirs := createResources(t, owner, b)
		for _, path := range []string{
			connections, engines, tokens, deliveries, tokens + "?connectionId=" + theirs.connection,
			deliveries + "?connectionId=" + theirs.connection,
			connections + "/health", allPulls, allPulls + "?connectionId=" + theirs.connection, allAccounts,
			allAccounts + "?connectionId=" + theirs.connection, allTransactions,
			allTransactions + "?connectionId=" + theirs.connection,
		} {
			if list := other.pages(path, 20); len(list) > 0 {
				t.Errorf("%s shows the object of another tenant %v", path, list)
			}
			if list := owner.pages(path, 20); len(list) == 0 {
				t.Errorf("%s returns nothing to the owner", path)
			}
		}
		if feed := other.get(changes).want(200).items(); len(feed) > 0 {
			t.Errorf("the feed shows another tenant %v", feed)
		}
		owner.changesFrom("", 200, 1)
		again := other.send(http.MethodPost, deliveries+"/replay", object{"connectionId": theirs.connection}).want(202)
		if again.json()["replayed"] != 0.0 {
			t.Errorf("another tenant can replay %s", again.raw)
		}
		// A cursor of the feed must not reveal anything to another tenant. It contains an encrypted position that is
		// bound to its tenant.
		cursor := owner.get(changes + "?limit=1").want(200).text("nextCursor")
		other.get(changes+"?cursor="+cursor).problem(400, "MTCH-0001", "query.cursor")
		other.send(http.MethodPost, connections+"/test", object{"vendor": "pluggy", "configName": "main"}).
			problem(404, "MTCH-0201")
		other.send(http.MethodPost, tokens, object{"vendor": "pluggy", "connection_config_name": "main"}).
			problem(404, "MTCH-0201")
	})
}
