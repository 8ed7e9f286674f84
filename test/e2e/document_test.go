package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// document is the content of /openapi.json. Every response is checked against it.
type document struct {
	read  sync.Once
	paths object

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	checked  map[string]bool // the operations for which a success response was checked
}

// documentedHeaders are the headers that a response may have only if the document lists them.
var documentedHeaders = []string{"Location", "Etag", "Retry-After", "Www-Authenticate", "X-Idempotency-Replayed"}

// checkDocumented checks that the OpenAPI document allows the response: its status, its headers and
// every member of its body. Responses to paths and methods that the document does not list are not
// checked.
func (w *env) checkDocumented(a response) {
	a.t.Helper()
	d := &w.document
	d.read.Do(func() { d.load(a.t, w) })
	method, path, _ := strings.Cut(a.request, " ")
	name, operation := d.operation(method, path)
	if operation == nil {
		return
	}
	response := objectAt(operation, "responses", strconv.Itoa(a.status))
	if response == nil {
		a.t.Errorf("the document has no %d of %s", a.status, name)
		return
	}
	for _, header := range documentedHeaders {
		if _, known := canonical(objectAt(response, "headers"))[header]; a.header.Get(header) != "" && !known {
			a.t.Errorf("the document has no %s for a %d of %s", header, a.status, name)
		}
	}
	d.body(a, name, objectAt(response, "content"))
}

// body validates the response's body against the schema of its media type. content maps the media types of the
// documented response to their schemas. name is the name of the operation, such as "GET /health".
func (d *document) body(a response, name string, content object) {
	a.t.Helper()
	media := a.header.Get("Content-Type")
	if len(a.raw) == 0 && (content == nil || strings.HasPrefix(a.request, http.MethodHead)) {
		return
	}
	if objectAt(content, media, "schema") == nil {
		a.t.Errorf("the document has no %q for a %d of %s", media, a.status, name)
		return
	}
	var value any = string(a.raw) // the value of a body that is not JSON
	var err error
	if strings.Contains(media, "json") {
		value, err = jsonschema.UnmarshalJSON(strings.NewReader(string(a.raw)))
	}
	if err == nil {
		err = d.validate(name, a.status, media, value)
	}
	if err != nil {
		a.t.Errorf("%s returned %d with a body that the document does not allow: %v", a.request, a.status, err)
		return
	}
	if a.status < http.StatusMultipleChoices {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.checked[name] = true
	}
}

// documentURL is the URL under which the schema compiler knows the document.
const documentURL = "api:///openapi.json"

// validate validates a value against the schema of a response.
func (d *document) validate(name string, status int, media string, value any) error {
	method, path, _ := strings.Cut(name, " ")
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	pointer := "#/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(status) +
		"/content/" + escape(media) + "/schema"
	d.mu.Lock()
	schema, err := d.compiler.Compile(documentURL + pointer)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// load fetches the document over HTTP, as every client does.
func (d *document) load(t *testing.T, w *env) {
	t.Helper()
	response, err := w.http.Get(w.origin + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	parsed, err := jsonschema.UnmarshalJSON(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, parsed); err != nil {
		t.Fatal(err)
	}
	whole, _ := parsed.(object)
	d.paths, d.checked = objectAt(whole, "paths"), map[string]bool{}
}

// operation returns the documented operation of a method and path, with its name, such as
// "GET /health". If several path templates match, it returns the one with the fewest parameters.
func (d *document) operation(method, path string) (name string, found object) {
	path, _, _ = strings.Cut(path, "?")
	fewest := len(path)
	for template := range d.paths {
		operation := objectAt(d.paths, template, strings.ToLower(method))
		if free := strings.Count(template, "{"); operation != nil && free < fewest && matches(template, path) {
			fewest, name, found = free, method+" "+template, operation
		}
	}
	return name, found
}

func matches(template, path string) bool {
	is, as := strings.Split(path, "/"), strings.Split(template, "/")
	if len(is) != len(as) {
		return false
	}
	for i := range as {
		if as[i] != is[i] && (!strings.HasPrefix(as[i], "{") || is[i] == "") {
			return false
		}
	}
	return true
}

// objectAt returns a nested object: objectAt(o, "a", "b") is o["a"]["b"]. It returns nil if there is no such object.
func objectAt(o object, members ...string) object {
	for _, member := range members {
		o, _ = o[member].(object)
	}
	return o
}

func canonical(headers object) object {
	all := object{}
	for name, value := range headers {
		all[http.CanonicalHeaderKey(name)] = value
	}
	return all
}

// Every test of this package checks its responses against the document. This test ensures that a successful response of
// every operation has been checked.
func TestEveryOperationAnswersAsTheDocumentSays(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o, id, hook := connectAndPull(t, w, b)
		o.postWebhook(t, "pluggy", hook, []byte("garbage")).want(202)
		posted := b.post(t, b.sim.Transactions(pluggysim.DemoBankAccountID)[0].ID)
		o.pull(id, nil)
		record := allTransactions + "/" + text(o.byExternalID(id, posted)[0], "id")
		o.send(http.MethodPost, record+"/split", nil).want(200)
		other := text(o.byExternalID(id, posted)[0], "id")
		o.joinSeveral(strings.TrimPrefix(record, allTransactions+"/"), other)
		o.send(http.MethodPost, record+"/split", nil).want(200)
		o.send(http.MethodPost, record+"/join", object{"with": other}).want(200)
		o.checkExclusion(record)
		twin, accounts, second := o.linkTwins(newPluggy(t))
		o.continueTwins(twin, accounts, second)
		failing := newPluggy(t)
		broken, brokenHook := o.connect(failing, "removals"), o.mint(failing, "removals")
		o.pull(broken, nil)
		o.applyHeld(failing, broken, brokenHook)
		_, card := o.billsCard(newPluggy(t))
		bills, _ := o.billsByID(card)
		bill := allBills + "/" + text(bills[pluggysim.FirstBillID], "id")
		o.get(bill).want(200)
		o.get(bill + "/transactions").want(200)
		failing.clear()
		o.pull(broken, nil) // reads the balances again, which the statements need
		o.tour(id)
		for template, methods := range w.document.paths {
			operations, _ := methods.(object)
			for method, operation := range operations {
				name := strings.ToUpper(method) + " " + template
				if w.document.hasBody(operation) && !w.document.checked[name] {
					t.Errorf("no response of %s was checked", name)
				}
			}
		}
	}, func(*setup) {})
}

// joinSeveral joins two transactions as the second of three pairs. The others cannot be joined.
func (o operator) joinSeveral(old, other string) {
	o.t.Helper()
	joined := o.send(http.MethodPost, prefix+"/possible-replacements/join", object{"pairs": []object{
		{"old": old, "new": "none"}, {"old": old, "new": other}, {"old": old, "new": other},
	}}).want(200).json()
	results, _ := joined["results"].([]any)
	var statuses []any
	for _, result := range results {
		result, _ := result.(object)
		statuses = append(statuses, result["status"], result["code"])
	}
	want := []any{404.0, "MTCH-0005", 200.0, nil, 409.0, "MTCH-0007"}
	if diff := cmp.Diff(want, statuses); diff != "" {
		o.t.Errorf("statuses of the pairs: %s", diff)
	}
}

// checkExclusion excludes a record, which then does not count in the sums, and includes it again.
func (o operator) checkExclusion(record string) {
	o.t.Helper()
	id := strings.TrimPrefix(record, allTransactions+"/")
	count := func() (n float64) {
		total, _ := o.get(allTransactions + "/summary").want(200).json()["total"].([]any)
		for _, sum := range total {
			sum, _ := sum.(object)
			n += sum["count"].(float64)
		}
		return n
	}
	before := count()
	o.send(http.MethodPost, record+"/exclude", object{}).problem(400, "MTCH-0001", "body.reason")
	excluded := o.send(http.MethodPost, record+"/exclude", object{"reason": "shown twice"}).want(200).json()
	if excluded["excludedAt"] == nil || excluded["excludedBy"] == nil || excluded["id"] != id {
		o.t.Errorf("the excluded record is %v", excluded)
	}
	if got := count(); got != before-1 {
		o.t.Errorf("%v of %v records count", got, before)
	}
	if version := o.get(record + "/history").items()[0]; version["reason"] != "shown twice" ||
		version["cause"] != "operator" || version["actor"] == nil {
		o.t.Errorf("the last version is %v", version)
	}
	included := o.send(http.MethodDelete, record+"/exclude", nil).want(200).json()
	if included["excludedAt"] != nil || count() != before {
		o.t.Errorf("the included record is %v, and %v of %v records count", included, count(), before)
	}
}

// hasBody reports whether a success response of the operation has a body.
func (d *document) hasBody(operation any) bool {
	o, _ := operation.(object)
	for status, response := range objectAt(o, "responses") {
		r, _ := response.(object)
		if strings.HasPrefix(status, "2") && r["content"] != nil {
			return true
		}
	}
	return false
}

// tour calls each operation that connectAndPull does not call, so that its response is checked against the
// OpenAPI document.
func (o operator) tour(id string) {
	o.t.Helper()
	for _, path := range []string{
		connections, pathOf(id, ""), pathOf(id, "/health"), pathOf(id, "/accounts"), pathOf(id, "/transactions"),
		pathOf(id, "/pulls"),
		pathOf(id, "/quarantine"),
		connections + "/health", allPulls, allAccounts, allTransactions,
		allAccounts + "/" + text(o.pages(allAccounts, 20)[0], "id"),
		allAccounts + "/" + text(o.pages(allAccounts, 20)[0], "id") + "/completeness",
		allAccounts + "/" + text(o.pages(allAccounts, 20)[0], "id") + "/balances",
		allTransactions + "/" + text(o.pages(allTransactions, 20)[0], "id"),
		allTransactions + "/" + text(o.pages(allTransactions, 20)[0], "id") + "/history",
		connections + "/summary", prefix + "/institutions", allAccounts + "/coverage", allTransactions + "/summary",
		prefix + "/possible-replacements",
		tokens, changes, prefix + "/connector-types", "/health", "/readyz", "/version",
	} {
		o.get(path).want(200)
	}
	for _, account := range o.pages(allAccounts, 20) {
		if account["type"] == "bank" {
			path := allAccounts + "/" + text(account, "id")
			o.send(http.MethodPost, path+"/completeness/accept", object{"reason": "checked"}).want(200)
			for _, format := range []string{"camt053", "ofx", "csv", "matcher"} {
				o.get(path + "/statement?format=" + format).want(200)
			}
			o.tourOfBankStatements(path, text(account, "id"))
		}
	}
	for _, path := range []string{
		"/events", "/checkpoint", "/key", "/proofs/consistency?from=1", "/proofs/inclusion/0",
	} {
		o.get(auditPath + path).want(200)
	}
	account := text(o.pages(allAccounts, 20)[0], "id")
	o.send(http.MethodPost, prefix+"/closes", object{"date": "2026-01-30", "accountIds": []string{account}}).want(200)
	closes := allAccounts + "/" + account + "/closes"
	o.send(http.MethodPut, closes+"/2026-01-31", nil).want(200)
	o.get(closes).want(200)
	o.get(closes + "/2026-01-31/adjustments").want(200)
	o.get(closes + "/2026-01-31/evidence").want(200)
	o.send(http.MethodDelete, closes+"/2026-01-31", nil).want(204)
	subscription := subscriptions + "/" + text(
		o.subscribe("http://127.0.0.1:1/", object{"fromStart": true}, "account.*"),
		"id",
	)
	o.get(subscriptions).want(200)
	o.get(subscription).want(200)
	o.send(http.MethodPost, subscription+"/test", nil).want(200)
	eventually(
		o.t,
		"an attempt to send an event",
		func() bool { return len(o.pages(subscription+"/attempts", 20)) > 0 },
	)
	o.send(http.MethodPost, subscription+"/skip", object{"sequence": "1"}).want(200)
	o.send(http.MethodPut, subscription, object{"name": "books", "types": []string{"account.*"}, "sink": object{
		"kind": "webhook", "url": "http://127.0.0.1:1/",
	}}).want(200)
	o.send(http.MethodPost, subscription+"/replay", object{"from": "1"}).want(200)
	o.send(http.MethodPost, subscription+"/secret", nil).want(200)
	o.send(http.MethodPost, subscription+"/pause", nil).want(200)
	o.send(http.MethodPost, subscription+"/resume", nil).want(200)
	o.send(http.MethodDelete, subscription, nil).want(204)
	o.tourOfMatcher(id)
	for _, delivery := range o.pages(deliveries, 20) {
		o.get(deliveries + "/" + text(delivery, "id")).want(200)
		if delivery["status"] == "processed" {
			o.send(http.MethodPost, deliveries+"/"+text(delivery, "id")+"/replay", nil).want(202)
		}
	}
	o.send(http.MethodPost, deliveries+"/replay", object{}, "X-Idempotency-Key: tour").want(202)
	o.send(http.MethodPost, deliveries+"/replay", object{}, "X-Idempotency-Key: tour").want(202)
	o.waitForPull(o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(202).header.Get("Location"))
	o.send(http.MethodPost, pathOf(id, "/link-sessions"), nil).want(201)
	link := creation(newPluggy(o.t), "linked")
	delete(link, "accountRef")
	session := o.send(http.MethodPost, linkSessions, link).want(201).text("id")
	o.get(linkSessions + "/" + session).want(200)
	o.send(http.MethodPost, pathOf(id, "/refresh"), nil).want(202)
	o.send(http.MethodPost, pathOf(id, "/pause"), nil).want(200)
	o.send(http.MethodPost, pathOf(id, "/resume"), nil).want(200)
	change := object{"configName": "main", "baseUrl": "http://127.0.0.1:1", "accountRef": "another"}
	o.send(http.MethodPut, pathOf(id, ""), change).want(200)
	o.send(http.MethodPost, connections+"/test", object{"vendor": "pluggy", "configName": "main"}).want(200)
	erased := o.send(http.MethodPost, connections, creation(newPluggy(o.t), "erased")).want(201).text("id")
	location := o.send(http.MethodPost, pathOf(erased, "/erasure"), object{"atVendor": false}).
		want(202).
		header.Get(
		"Location",
	)
	o.get(location).want(200)
	o.get(prefix + "/erasures").want(200)
	application := o.send(http.MethodPost, prefix+"/applications", object{
		"vendor": "pluggy", "name": "production", "baseUrl": "http://127.0.0.1:1", "clientId": "c", "secret": "s",
	}).want(201).header.Get("Location")
	o.get(prefix + "/applications").want(200)
	o.get(application).want(200)
	o.send(http.MethodPut, application, object{"name": "renamed"}).want(200)
	o.send(http.MethodDelete, application, nil).want(204)
	engine := engines + "/" + o.send(http.MethodPost, engines, postgresEngine(o.t, "ledger")).want(201).text("id")
	o.get(engines).want(200)
	o.get(engine).want(200)
	o.send(http.MethodPatch, engine, object{"configName": "books"}).want(200)
	o.send(http.MethodPost, engine+"/test", nil).want(200)
}

// tourOfBankStatements calls the operations on the statements of an account, of the bank and of the service.
func (o operator) tourOfBankStatements(path, account string) {
	o.t.Helper()
	o.send(http.MethodPost, prefix+"/statements", object{"accountIds": []string{account}, "format": "csv"}).want(200)
	o.send(http.MethodPut, path+"/csv-mapping", object{
		"date": "Data", "dateFormat": "dd/MM/yyyy", "amount": "Valor", "decimal": ",",
	}).want(200)
	added := o.addFile(path, "?name=own.csv", o.statement(path, "format=csv"), 201)
	o.get(path + "/bank-statements").want(200)
	o.get(path + "/coverage").want(200)
	for _, tail := range []string{"", "/lines", "/file"} {
		o.get(statementPath(added, tail)).want(200)
	}
	o.send(http.MethodPost, statementPath(added, "/comparisons"), nil).want(200)
	o.send(http.MethodPost, statementPath(added, "/decisions"), object{"decision": "accepted", "note": "seen"}).
		want(200)
	o.send(http.MethodDelete, statementPath(added, ""), nil).want(204)
}

// tourOfMatcher calls the operations of a subscription to a Matcher that refuses every row.
func (o operator) tourOfMatcher(id string) {
	o.t.Helper()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"items":[]}`)
	}))
	defer refusing.Close()
	source := object{
		"accountId": o.bankAccount(id)["id"], "contextId": uuid.NewString(), "sourceId": uuid.NewString(),
	}
	subscription := subscriptions + "/" + o.send(http.MethodPost, subscriptions, object{
		"name": "matcher", "types": []string{"transaction.*"}, "fromStart": true,
		"sink": object{"kind": "matcher", "url": refusing.URL, "sources": []object{source}},
	}).want(201).text("id")
	o.get(subscription + "/unmapped").want(200)
	var conflicts []object
	eventually(o.t, "a conflict", func() bool {
		conflicts = o.pages(subscription+"/conflicts", 200)
		return len(conflicts) > 0
	})
	retry := subscription + "/conflicts/" + text(conflicts[0], "transactionId") + "/retry"
	o.send(http.MethodPost, retry, nil).want(202)
	o.send(http.MethodDelete, subscription, nil).want(204)
}
