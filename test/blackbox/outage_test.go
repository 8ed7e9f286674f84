package blackbox_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// answerTime is the documented time limit for a response while the database is unavailable.
const answerTime = 2 * time.Second

// causes are words that describe the cause of a 5xx. A response must not contain any of them.
var causes = []string{
	"postgres", "sqlite", "127.0.0.1", "refused", "dial", "SQLSTATE", "timeout", "deadline", "connect", "pool", "disk",
	"read-only", "readonly", "context", "conn ", "EOF", "database or disk",
}

// fixture is a running service with one resource of each kind. It also contains a list of API calls, at least one for
// each route that needs the database.
type fixture struct {
	*env
	p     *process
	link  *link
	calls []apiCall
}

// apiCall is one call of the API that needs the database.
type apiCall struct {
	route, path string
	body        any
}

func newFixture(t *testing.T, h *env) *fixture {
	t.Helper()
	f := &fixture{env: h, p: h.serve(), link: newPluggy(t, 1, 60)}
	f.p.ready()
	f.link.connect(h, f.p)
	tr := newTraffic([]*link{f.link}, func() *process { return f.p })
	tr.deliver(f.link, f.link.fullPullEvent())
	tr.waitForPulls(t, h, f.p, waitTimeout)
	engine := object{
		"type":       "rest-generic",
		"configName": "engine",
		"config":     object{"url": f.link.origin, "auth": "none"},
	}
	first := func(path string) string { return text(h.all(f.p, path)[0], "id") }
	f.calls = f.routes(
		text(h.call(f.p, "POST", "/connections", engine, http.StatusCreated), "id"),
		first("/webhooks/tokens"), first("/webhooks/deliveries"), first("/aggregator-connections/"+f.link.id+"/pulls"))
	return f
}

func (f *fixture) routes(engine, token, delivery, pull string) []apiCall {
	own := "/aggregator-connections/" + f.link.id
	stored := f.link.id // any id will do: the database is down, so no request can look the id up
	vendor, account, clientID, secret, _ := f.link.connectionValues()
	create := object{
		"vendor":     vendor,
		"configName": "another",
		"baseUrl":    f.link.origin,
		"accountRef": account,
		"clientId":   clientID,
		"secret":     secret,
	}
	link := maps.Clone(create)
	delete(link, "accountRef")
	return []apiCall{
		{"GET /aggregator-connections", "/aggregator-connections", nil},
		{"POST /aggregator-connections", "/aggregator-connections", create},
		{
			"POST /aggregator-connections/test",
			"/aggregator-connections/test",
			object{"vendor": vendor, "configName": vendor + "-" + account},
		},
		{"DELETE /aggregator-connections/{id}", own, nil},
		{"GET /aggregator-connections/{id}", own, nil},
		{
			"PUT /aggregator-connections/{id}",
			own,
			object{"configName": "renamed", "baseUrl": f.link.origin, "accountRef": account},
		},
		{"GET /aggregator-connections/health", "/aggregator-connections/health", nil},
		{"GET /aggregator-connections/{id}/accounts", own + "/accounts", nil},
		{"GET /aggregator-connections/{id}/health", own + "/health", nil},
		{"POST /aggregator-connections/{id}/link-sessions", own + "/link-sessions", nil},
		{"POST /link-sessions", "/link-sessions", link},
		{"GET /link-sessions/{id}", "/link-sessions/" + stored, nil},
		{"POST /aggregator-connections/{id}/refresh", own + "/refresh", nil},
		{"POST /aggregator-connections/{id}/pause", own + "/pause", nil},
		{"POST /aggregator-connections/{id}/resume", own + "/resume", nil},
		{"GET /aggregator-connections/{id}/pulls", own + "/pulls", nil},
		{"POST /aggregator-connections/{id}/pulls", own + "/pulls", object{}},
		{"GET /aggregator-connections/{id}/quarantine", own + "/quarantine", nil},
		{"GET /aggregator-connections/{id}/transactions", own + "/transactions", nil},
		{"GET /accounts", "/accounts", nil},
		{"GET /accounts/{id}", "/accounts/" + stored, nil},
		{"GET /accounts/{id}/balances", "/accounts/" + stored + "/balances", nil},
		{"GET /accounts/{id}/bills", "/accounts/" + stored + "/bills", nil},
		{"GET /bills/{id}", "/bills/" + stored, nil},
		{"GET /bills/{id}/transactions", "/bills/" + stored + "/transactions", nil},
		{"GET /accounts/{id}/completeness", "/accounts/" + stored + "/completeness", nil},
		{"GET /accounts/{id}/statement", "/accounts/" + stored + "/statement?format=csv", nil},
		{
			"POST /statements", "/statements",
			object{"format": "csv", "accountIds": []string{stored}, "from": "2026-01-01", "to": "2026-01-31"},
		},
		{"GET /accounts/{id}/bank-statements", "/accounts/" + stored + "/bank-statements", nil},
		{
			"POST /accounts/{id}/bank-statements", "/accounts/" + stored + "/bank-statements",
			object{"accountId": account, "from": "2026-01-01", "to": "2026-01-31"},
		},
		{
			"PUT /accounts/{id}/csv-mapping", "/accounts/" + stored + "/csv-mapping",
			object{"date": "Data", "dateFormat": "dd/MM/yyyy", "amount": "Valor", "decimal": ","},
		},
		{"GET /accounts/{id}/coverage", "/accounts/" + stored + "/coverage", nil},
		{"GET /bank-statements/{id}", "/bank-statements/" + stored, nil},
		{"DELETE /bank-statements/{id}", "/bank-statements/" + stored, nil},
		{"GET /bank-statements/{id}/lines", "/bank-statements/" + stored + "/lines", nil},
		{"GET /bank-statements/{id}/file", "/bank-statements/" + stored + "/file", nil},
		{"POST /bank-statements/{id}/comparisons", "/bank-statements/" + stored + "/comparisons", nil},
		{
			"POST /bank-statements/{id}/decisions", "/bank-statements/" + stored + "/decisions",
			object{"decision": "accepted", "note": "seen"},
		},
		{
			"POST /accounts/{id}/completeness/accept",
			"/accounts/" + stored + "/completeness/accept",
			object{"reason": "r"},
		},
		{"GET /accounts/{id}/closes", "/accounts/" + stored + "/closes", nil},
		{"PUT /accounts/{id}/closes/{date}", "/accounts/" + stored + "/closes/2026-01-31", nil},
		{"DELETE /accounts/{id}/closes/{date}", "/accounts/" + stored + "/closes/2026-01-31", nil},
		{
			"GET /accounts/{id}/closes/{date}/adjustments",
			"/accounts/" + stored + "/closes/2026-01-31/adjustments",
			nil,
		},
		{
			"GET /accounts/{id}/closes/{date}/evidence",
			"/accounts/" + stored + "/closes/2026-01-31/evidence",
			nil,
		},
		{"GET /audit/events", "/audit/events", nil},
		{"GET /audit/checkpoint", "/audit/checkpoint", nil},
		{"GET /audit/key", "/audit/key", nil},
		{"GET /audit/proofs/consistency", "/audit/proofs/consistency?from=1", nil},
		{"GET /audit/proofs/inclusion/{sequence}", "/audit/proofs/inclusion/0", nil},
		{"POST /aggregator-connections/{id}/erasure", own + "/erasure", object{"atVendor": false}},
		{"GET /applications", "/applications", nil},
		{"GET /applications/{id}", "/applications/" + stored, nil},
		{"PUT /applications/{id}", "/applications/" + stored, object{"name": "renamed"}},
		{"DELETE /applications/{id}", "/applications/" + stored, nil},
		{
			"POST /applications", "/applications", object{
				"vendor": "pluggy", "name": "production", "baseUrl": f.link.origin, "clientId": "c", "secret": "s",
			},
		},
		{"GET /erasures", "/erasures", nil},
		{"GET /erasures/{id}", "/erasures/" + stored, nil},
		{"GET /subscriptions", "/subscriptions", nil},
		{"GET /subscriptions/{id}", "/subscriptions/" + stored, nil},
		{"PUT /subscriptions/{id}", "/subscriptions/" + stored, subscriptionBody(f.link.origin)},
		{"DELETE /subscriptions/{id}", "/subscriptions/" + stored, nil},
		{"POST /subscriptions", "/subscriptions", subscriptionBody(f.link.origin)},
		{"POST /subscriptions/{id}/test", "/subscriptions/" + stored + "/test", nil},
		{"POST /subscriptions/{id}/pause", "/subscriptions/" + stored + "/pause", nil},
		{"POST /subscriptions/{id}/resume", "/subscriptions/" + stored + "/resume", nil},
		{"POST /subscriptions/{id}/secret", "/subscriptions/" + stored + "/secret", nil},
		{"POST /subscriptions/{id}/replay", "/subscriptions/" + stored + "/replay", object{"from": "1"}},
		{"POST /subscriptions/{id}/skip", "/subscriptions/" + stored + "/skip", object{"sequence": "1"}},
		{"GET /subscriptions/{id}/attempts", "/subscriptions/" + stored + "/attempts", nil},
		{"GET /subscriptions/{id}/conflicts", "/subscriptions/" + stored + "/conflicts", nil},
		{
			"POST /subscriptions/{id}/conflicts/{transactionId}/retry",
			"/subscriptions/" + stored + "/conflicts/" + stored + "/retry", nil,
		},
		{"GET /subscriptions/{id}/unmapped", "/subscriptions/" + stored + "/unmapped", nil},
		{"GET /connections", "/connections", nil},
		{
			"POST /connections",
			"/connections",
			object{
				"type":       "rest-generic",
				"configName": "one more",
				"config":     object{"url": f.link.origin, "auth": "none"},
			},
		},
		{"DELETE /connections/{id}", "/connections/" + engine, nil},
		{"GET /connections/{id}", "/connections/" + engine, nil},
		{"PATCH /connections/{id}", "/connections/" + engine, object{"configName": "renamed"}},
		{"POST /connections/{id}/test", "/connections/" + engine + "/test", nil},
		{"GET /pulls", "/pulls", nil},
		{"GET /pulls/{id}", "/pulls/" + pull, nil},
		{"GET /transactions", "/transactions", nil},
		{"GET /transactions/{id}", "/transactions/" + stored, nil},
		{"POST /transactions/{id}/split", "/transactions/" + stored + "/split", nil},
		{"POST /transactions/{id}/exclude", "/transactions/" + stored + "/exclude", object{"reason": "x"}},
		{"DELETE /transactions/{id}/exclude", "/transactions/" + stored + "/exclude", nil},
		{"POST /transactions/{id}/join", "/transactions/" + stored + "/join", object{"with": stored}},
		{"GET /transactions/summary", "/transactions/summary", nil},
		{"GET /possible-replacements", "/possible-replacements", nil},
		{
			"POST /possible-replacements/join", "/possible-replacements/join",
			object{"pairs": []object{{"old": stored, "new": stored}}},
		},
		{"POST /possible-replacements/dismiss", "/possible-replacements/dismiss", object{"old": stored, "new": stored}},
		{"POST /accounts/{id}/removals/apply", "/accounts/" + stored + "/removals/apply", nil},
		{"POST /accounts/{id}/continue", "/accounts/" + stored + "/continue", object{"externalId": "x"}},
		{"GET /aggregator-connections/summary", "/aggregator-connections/summary", nil},
		{"GET /institutions", "/institutions", nil},
		{"GET /accounts/coverage", "/accounts/coverage", nil},
		{"POST /closes", "/closes", object{"date": "2026-01-31", "accountIds": []string{stored}}},
		{"GET /transactions/{id}/history", "/transactions/" + stored + "/history", nil},
		{"GET /transactions/changes", "/transactions/changes", nil},
		{"GET /webhooks/deliveries", "/webhooks/deliveries", nil},
		{"POST /webhooks/deliveries/replay", "/webhooks/deliveries/replay", object{"connectionId": f.link.id}},
		{"GET /webhooks/deliveries/{id}", "/webhooks/deliveries/" + delivery, nil},
		{"POST /webhooks/deliveries/{id}/replay", "/webhooks/deliveries/" + delivery + "/replay", nil},
		{"GET /webhooks/tokens", "/webhooks/tokens", nil},
		{
			"POST /webhooks/tokens",
			"/webhooks/tokens",
			object{"vendor": vendor, "connection_config_name": vendor + "-" + account},
		},
		{"DELETE /webhooks/tokens/{id}", "/webhooks/tokens/" + token, nil},
	}
}

// checkAllRoutesCalled checks that the fixture's calls include every route of the OpenAPI document.
func (f *fixture) checkAllRoutesCalled(t *testing.T) {
	t.Helper()
	// known contains the routes that this test covers, and two more routes. The route connector-types needs no
	// database, and the webhook route has a separate test.
	known := map[string]bool{"GET /connector-types": true, "POST /webhooks/{vendor}/{token}": true}
	for _, c := range f.calls {
		known[c.route] = true
	}
	a, err := f.try(context.Background(), f.p, "GET", "/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := a.body["paths"].(object)
	for path, methods := range paths {
		for method := range methods.(object) {
			route := strings.ToUpper(method) + " " + strings.TrimPrefix(path, surface)
			if strings.HasPrefix(path, surface) && !known[route] {
				t.Errorf("%s is not called by this test", route)
			}
		}
	}
}

// checkOutage makes all calls concurrently while the database is not reachable, and checks their responses. It returns
// the time until the slowest response.
func (f *fixture) checkOutage(t *testing.T) time.Duration {
	t.Helper()
	var requests sync.WaitGroup
	var mu sync.Mutex
	var slowest time.Duration
	note := func(begun time.Time) {
		took := time.Since(begun)
		mu.Lock()
		defer mu.Unlock()
		slowest = max(slowest, took)
	}
	for _, c := range f.calls {
		requests.Go(func() {
			method, _, _ := strings.Cut(c.route, " ")
			begun := time.Now()
			a, err := f.try(context.Background(), f.p, method, surface+c.path, c.body)
			note(begun)
			if err != nil {
				t.Errorf("%s: %v", c.route, err)
				return
			}
			f.checkRefused(t, c.route, a)
		})
	}
	requests.Go(func() {
		begun := time.Now()
		status, header := f.link.post(context.Background(), f.p, f.link.fullPullEvent())
		note(begun)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("the webhook got %d, Retry-After %q", status, header.Get("Retry-After"))
		}
	})
	for path, want := range map[string]int{
		"/readyz": 503, "/health": 200, "/version": 200, "/openapi.json": 200,
		surface + "/connector-types": 200,
	} {
		requests.Go(func() {
			begun := time.Now()
			a, err := f.try(context.Background(), f.p, "GET", path, nil)
			note(begun)
			if err != nil || a.status != want {
				t.Errorf("%s answered %d, %v, want %d", path, a.status, err, want)
			}
		})
	}
	requests.Wait()
	t.Logf("%d routes, the slowest after %.2f s", len(f.calls), slowest.Seconds())
	return slowest
}

// checkRefused checks that a response is a 503 with Retry-After, and that it does not reveal the cause.
func (f *fixture) checkRefused(t *testing.T, route string, a response) {
	t.Helper()
	if route == "GET /audit/key" && a.status == http.StatusOK { // needs no database: the key is in memory
		return
	}
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.body["code"] != "MTCH-0008" {
		t.Errorf("%s answered %d, Retry-After %q: %s", route, a.status, a.header.Get("Retry-After"), a.raw)
	}
	announced := text(a.body, "title") + text(a.body, "detail") + fmt.Sprint(a.body["errors"])
	for _, cause := range causes {
		if strings.Contains(strings.ToLower(announced), strings.ToLower(cause)) {
			t.Errorf("%s reveals %q: %s", route, cause, a.raw)
		}
	}
}

// checkRecovery checks that the service recovers without intervention after an outage that ended at outageEnd, and that
// the interrupted pull is completed.
func (f *fixture) checkRecovery(t *testing.T, outageEnd time.Time) {
	t.Helper()
	eventually(t, waitTimeout, "readiness", func() bool { return f.p.status("/readyz") == http.StatusOK })
	ready := time.Since(outageEnd)
	tr := newTraffic([]*link{f.link}, func() *process { return f.p })
	f.link.mu.Lock()
	id, fact := f.link.add(4711)
	f.link.facts[id] = fact
	f.link.mu.Unlock()
	for _, body := range f.link.takeEvents() {
		tr.deliver(f.link, body)
	}
	accepted := time.Since(outageEnd)
	tr.waitForPulls(t, f.env, f.p, waitTimeout)
	tr.compareAll(t, f.env, f.p)
	t.Logf(
		"ready after %.2f s, a webhook accepted after %.2f s, all pulls ended after %.1f s",
		ready.Seconds(),
		accepted.Seconds(),
		time.Since(outageEnd).Seconds(),
	)
}

// TestPostgresOutage does not run in parallel with other tests of this package, because it measures the
// time of responses.
func TestPostgresOutage(t *testing.T) {
	for name, outage := range map[string]struct{ begin, end func(*database) }{
		"stopped": {(*database).stop, (*database).start},
		"crashed": {(*database).crash, (*database).start},
		"hanging": {(*database).hang, (*database).resume},
	} {
		t.Run(name, func(t *testing.T) {
			db := newDatabase(t)
			f := newFixture(t, newEnv(t, db.url))
			f.checkAllRoutesCalled(t)
			startHangingPull(t, f.link, f.p, 1) // a pull is running, and cannot record its end during the outage
			outage.begin(db)
			pace.Within(t, answerTime, func() time.Duration { return f.checkOutage(t) })
			f.link.clearFaults()
			// Check again, because the service now knows that every database connection is broken.
			pace.Within(t, answerTime, func() time.Duration { return f.checkOutage(t) })
			outage.end(db)
			f.checkRecovery(t, time.Now())
			if code, _ := f.p.stop(); code != 0 {
				t.Errorf("the exit code is %d", code)
			}
		})
	}
}

// A process that is stopped while its database is not reachable or does not respond must still end within
// drainTime.
func TestShutdownWithoutPostgres(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*database){"stopped": (*database).stop, "hanging": (*database).hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pace.Within(t, drainTime, func() time.Duration {
				db := newDatabase(t)
				f := newFixture(t, newEnv(t, db.url))
				begin(db)
				code, took := f.p.stop()
				t.Logf("stopped within %.1f s, exit code %d", took.Seconds(), code)
				if code != 0 {
					t.Errorf("the exit code is %d after %v:\n%s", code, took, f.p.log())
				}
				return took
			})
		})
	}
}

// If the database is not reachable when the service starts, the error must name the setting and must not
// reveal the password.
func TestStartWithoutPostgres(t *testing.T) {
	db := newDatabase(t)
	canary := "pw-" + uuid.NewString()
	h := newEnv(t, strings.Replace(db.url, "postgres@", "postgres:"+canary+"@", 1))
	db.stop()
	begun := time.Now()
	_, said, code := command(t, h.settings, "serve")
	if code <= 0 || !strings.Contains(said, "DATABASE_URL") || strings.Contains(said, canary) ||
		strings.Count(said, "\n") != 1 {
		t.Errorf("the exit code is %d, the output %q", code, said)
	}
	t.Logf("it gave up after %.1f s", time.Since(begun).Seconds())
}

// subscriptionBody returns the body of a request for a subscription whose sink is a webhook endpoint at this origin.
func subscriptionBody(origin string) object {
	return object{
		"name":  "ledger",
		"types": []string{"transaction.*"},
		"sink":  object{"kind": "webhook", "url": origin + "/events"},
	}
}
