// The tests in the health_*_test.go files check the health of a connection that an operator reads over HTTP. They run
// on both databases, with the vendors' simulators. They never call the connection test, because every state must
// appear without this call.

package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

const (
	healthShared    = "Bearer the-shared-value"
	apiPrefix       = "/v1/discovery"
	connectionsPath = apiPrefix + "/aggregator-connections"
)

// healthEnv is a running service on one database.
type healthEnv struct {
	app    *compose.App
	origin string
	dsn    string // the DATABASE_URL
}

// eachDatabase runs body as a subtest on SQLite and on PostgreSQL.
func eachDatabase(t *testing.T, body func(*testing.T, *healthEnv)) {
	t.Helper()
	t.Parallel()
	harness.EachDatabase(t, func(t *testing.T, dsn string) { body(t, openHealthEnv(t, dsn)) })
}

func openHealthEnv(t testing.TB, dsn string) *healthEnv {
	t.Helper()
	cfg := harness.Config(t, dsn)
	trusted := domain.SourcePolicy{Authorization: domain.SecretText(healthShared)}
	cfg.Sources = map[domain.Vendor]domain.SourcePolicy{"pluggy": trusted, "belvo": trusted}
	app, err := compose.New(t.Context(), cfg, compose.Overrides{
		LogTo: io.Discard, PerMinute: -1, StoreTimeout: harness.StoreTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	harness.Work(t, app)
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	return &healthEnv{app, server.URL, dsn}
}

// healthOperator sends requests with the bearer token of its own tenant.
type healthOperator struct {
	*healthEnv
	t      testing.TB
	tenant string
	token  string
}

func (w *healthEnv) operator(t testing.TB) healthOperator {
	t.Helper()
	tenant := uuid.NewString()
	return healthOperator{w, t, tenant, harness.Token(t, tenant)}
}

// call sends a request, checks the status, and returns the body and the Location header.
func (o healthOperator) call(status int, method, path string, body object) (object, string) {
	o.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	if body == nil {
		raw = nil
	}
	request, err := http.NewRequestWithContext(o.t.Context(), method, o.origin+path, bytes.NewReader(raw))
	if err != nil {
		o.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+o.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer object
	if response.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			o.t.Fatalf("%s %s answered %d: %v", method, path, response.StatusCode, err)
		}
	}
	if response.StatusCode != status {
		o.t.Fatalf("%s %s answered %d, want %d: %v", method, path, response.StatusCode, status, answer)
	}
	return answer, response.Header.Get("Location")
}

func (o healthOperator) get(path string) object {
	o.t.Helper()
	answer, _ := o.call(http.StatusOK, http.MethodGet, path, nil)
	return answer
}

// eventually waits until condition returns true, and fails the test after a timeout. label names the awaited event in
// the error message.
func (o healthOperator) eventually(label string, condition func() bool) {
	o.t.Helper()
	harness.Eventually(o.t, label, condition)
}

// names returns the config names of the listed connections, read page by page. query is appended to the query string of
// the list. It must start with & or be "".
func (o healthOperator) names(query string) []string {
	o.t.Helper()
	names := []string{}
	for next := ""; ; {
		page := o.get(connectionsPath + "?limit=1" + query + next)
		items, _ := page["items"].([]any)
		for _, item := range items {
			connection, _ := item.(object)
			names = append(names, textOf(connection, "configName"))
		}
		if next = "&cursor=" + textOf(page, "nextCursor"); next == "&cursor=" {
			return names
		}
	}
}

func textOf(o object, member string) string {
	value, _ := o[member].(string)
	return value
}
