package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// postgresEngine returns a request body that creates an engine connection to a new database on the tests' PostgreSQL
// server.
func postgresEngine(t *testing.T, name string) object {
	t.Helper()
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	if password == "" {
		password = "unused"
	}
	return object{
		"type":       "postgres",
		"configName": name,
		"config": object{
			"host":     u.Hostname(),
			"port":     json.Number(u.Port()),
			"database": u.Path[1:],
			"sslMode":  "disable",
		},
		"credential": object{"username": u.User.Username(), "password": password},
	}
}

func TestEngineConnections(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		body := postgresEngine(t, "ledger")
		a := o.send(http.MethodPost, engines, body).want(201)
		made := a.members("id", "type", "configName", "config", "createdAt", "updatedAt")
		id := text(made, "id")
		if a.header.Get("Location") != engines+"/"+id || made["type"] != "postgres" {
			t.Errorf("made %v at %s", made, a.header.Get("Location"))
		}
		got := o.get(engines + "/" + id).want(200)
		if diff := cmp.Diff(made, got.json()); diff != "" {
			t.Errorf("it is returned differently:\n%s", diff)
		}
		o.testEngine(id, true)

		// Names are unique across both kinds of connections. The endpoints of one kind do not find a connection
		// of the other kind by its id.
		o.send(http.MethodPost, connections, creation(b, "ledger")).problem(409, "MTCH-0007")
		aggregator := o.connect(b, "bank")
		taken := maps.Clone(body)
		taken["configName"] = "bank"
		o.send(http.MethodPost, engines, taken).problem(409, "MTCH-0007")
		o.send(http.MethodPatch, engines+"/"+id, object{"configName": "bank"}).problem(409, "MTCH-0007")
		o.get(pathOf(id, "")).problem(404, "MTCH-0201")
		o.get(engines+"/"+aggregator).problem(404, "MTCH-0201")

		renamed := o.send(
			http.MethodPatch, engines+"/"+id, object{"configName": "books"},
			"If-Match: "+got.header.Get("ETag"),
		).
			want(200)
		if renamed.text("configName") != "books" || renamed.text("type") != "postgres" {
			t.Errorf("a patch made it %s", renamed.raw)
		}
		o.testEngine(id, true) // the PATCH did not change the members that its body omits
		o.send(http.MethodPatch, engines+"/"+id, object{"configName": "x"}, "If-Match: "+got.header.Get("ETag")).
			problem(412, "MTCH-0020")
		o.send(http.MethodPatch, engines+"/"+id, object{"type": "rest-generic"}).problem(400, "MTCH-0001", "body.type")
		config, _ := body["config"].(object)
		config["port"] = 1
		o.send(http.MethodPatch, engines+"/"+id, object{"config": config}).want(200)
		o.testEngine(id, false)
		if list := o.pages(engines, 1); len(list) != 1 || list[0]["id"] != id {
			t.Errorf("the list is %v", list)
		}
		if list := o.pages(connections, 20); len(list) != 1 || list[0]["id"] != aggregator {
			t.Errorf("the aggregators' list is %v", list)
		}
		o.send(http.MethodDelete, engines+"/"+id, nil).want(204)
		o.send(http.MethodDelete, engines+"/"+id, nil).problem(404, "MTCH-0201")
		o.connect(b, "books") // the name is free again after the rename and the deletion
	})
}

// databaseEngine is postgresEngine with the members that Lerian's documentation names.
func databaseEngine(t *testing.T, name string) object {
	body := postgresEngine(t, name)
	config, _ := body["config"].(object)
	credential, _ := body["credential"].(object)
	return object{
		"configName": name, "databaseType": "postgresql", "host": config["host"], "port": config["port"],
		"databaseName": config["database"], "schema": "public", "sslMode": "disable",
		"userName": credential["username"], "password": credential["password"],
	}
}

func TestEngineConnectionsWithTheMembersOfADatabase(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		body := databaseEngine(t, "ledger")
		members := []string{
			"id", "type", "configName", "databaseType", "host", "port", "databaseName", "schema", "userName", "sslMode",
			"status", "createdAt", "updatedAt",
		}
		made := o.send(http.MethodPost, engines, body).want(201).members(members...)
		one := engines + "/" + text(made, "id")
		if made["databaseType"] != "POSTGRESQL" || made["status"] != "UNKNOWN" || made["userName"] != body["userName"] {
			t.Errorf("made %v", made)
		}
		o.testEngine(text(made, "id"), true)
		tested := o.get(one).want(200).members(append(members, "lastSeenAt")...)
		if tested["status"] != "AVAILABLE" {
			t.Errorf("after a test: %v", tested)
		}

		// A member is changed on its own, and the others remain.
		changed := o.send(http.MethodPatch, one, object{"schema": "missing"}).want(200)
		if changed.text("schema") != "missing" || changed.text("host") != text(made, "host") {
			t.Errorf("a change of the schema made %s", changed.raw)
		}
		o.testEngine(text(made, "id"), false)
		if got := o.get(one).want(200).members(members...); got["status"] != "UNREACHABLE" {
			t.Errorf("after a failed test: %v", got)
		}

		// A test of a server that cannot be reached decides, too, whatever was known before.
		o.send(http.MethodPatch, one, object{"schema": "public"}).want(200)
		for _, server := range []struct {
			port   any
			status string
		}{{body["port"], "AVAILABLE"}, {1, "UNREACHABLE"}} {
			o.send(http.MethodPatch, one, object{"port": server.port}).want(200)
			o.testEngine(text(made, "id"), server.status == "AVAILABLE")
			if got := o.get(one).want(200); got.text("status") != server.status {
				t.Errorf("after a test of port %v: %s", server.port, got.raw)
			}
		}
		o.send(http.MethodPatch, one, object{"configName": "books", "schema": "public", "password": "other"}).want(200)
		if got := o.get(one).want(200); got.text("configName") != "books" || got.text("schema") != "public" {
			t.Errorf("a change of three members made %s", got.raw)
		}
		if list := o.pages(engines, 1); len(list) != 1 || list[0]["databaseType"] != "POSTGRESQL" {
			t.Errorf("the list is %v", list)
		}

		// A body has one form, that of the connection.
		o.send(http.MethodPatch, one, object{"config": object{"host": "h", "database": "d"}}).
			problem(400, "MTCH-0001", "body.config")
		other := engines + "/" + o.send(http.MethodPost, engines, postgresEngine(t, "other")).want(201).text("id")
		o.send(http.MethodPatch, other, object{"host": "h"}).problem(400, "MTCH-0001", "body.databaseType")
		both := maps.Clone(body)
		both["type"] = "postgres"
		o.send(http.MethodPost, engines, both).problem(400, "MTCH-0001", "body.databaseType")
		o.send(http.MethodPost, engines, object{"configName": "a", "databaseType": "MYSQL", "host": "h",
			"databaseName": "d", "userName": "u"}).problem(400, "MTCH-0001", "body.databaseType")
		o.send(http.MethodPost, engines, object{"configName": "a", "databaseType": "POSTGRESQL", "host": "a,b",
			"databaseName": "d", "userName": "u"}).problem(400, "MTCH-0001", "body.host")
	})
}

// testEngine requests a live test of an engine connection, and checks that the test reports the expected health.
func (o operator) testEngine(id string, healthy bool) {
	o.t.Helper()
	members := []string{"connectionId", "healthy", "latencyMs"}
	if !healthy {
		members = append(members, "errorMessage")
	}
	body := o.send(http.MethodPost, engines+"/"+id+"/test", nil).want(200).members(members...)
	if body["healthy"] != healthy || body["connectionId"] != id {
		o.t.Errorf("a probe says %v", body)
	}
}

func TestRESTSources(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		_, address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer right" {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		body := object{
			"type":       "rest-generic",
			"configName": "source",
			"config":     object{"url": address + "/ping", "auth": "bearer"},
			"credential": object{"token": "right"},
		}
		id := o.send(http.MethodPost, engines, body).want(201).text("id")
		o.testEngine(id, true)
		o.send(http.MethodPatch, engines+"/"+id, object{"credential": object{"token": "wrong"}}).want(200)
		o.testEngine(id, false)
		o.send(http.MethodPatch, engines+"/"+id, object{"config": object{"url": address, "auth": "basic"}}).
			problem(400, "MTCH-0001", "body.credential", "body.credential.password", "body.credential.username")

		for _, wrong := range []struct {
			body object
			at   string
		}{
			{object{"type": "oracle"}, "body.type"},
			{object{"config": object{"url": "http://10.0.0.1"}}, "body.config"},
			{object{"config": object{"url": "x"}}, "body.config.url"},
			{object{"config": object{"url": address, "auth": "none", "more": 1}}, "body.config.more"},
		} {
			refused := object{"type": "rest-generic", "configName": uuid.NewString(), "config": object{"url": address}}
			maps.Copy(refused, wrong.body)
			o.send(http.MethodPost, engines, refused).problem(400, "MTCH-0001", wrong.at)
		}
	})
}
