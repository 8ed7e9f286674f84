// Package operators_test follows a connection's state as its operator sees it: through
// HTTP alone, on both databases, with the vendors' simulators as the only other parties.
// Nobody calls the connection test here: what shows must show by itself.
package operators_test

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
	"github.com/LerianStudio/aggregator-connections/test/harness"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	shared = "Bearer the-shared-value"
	prefix = "/v1/discovery"
	list   = prefix + "/aggregator-connections"
)

// world is the service on one database.
type world struct {
	app    *compose.App
	origin string
	dsn    string // what DATABASE_URL says
}

// each runs the body on both databases.
func each(t *testing.T, body func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	harness.EachDatabase(t, func(t *testing.T, dsn string) { body(t, open(t, dsn)) })
}

func open(t testing.TB, dsn string) *world {
	t.Helper()
	cfg := harness.Config(t, dsn)
	trusted := domain.SourcePolicy{Authorization: domain.SecretText(shared)}
	cfg.Sources = map[domain.Vendor]domain.SourcePolicy{"pluggy": trusted, "belvo": trusted}
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: io.Discard, PerMinute: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	harness.Work(t, app)
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	return &world{app, server.URL, dsn}
}

// object is a JSON object.
type object = map[string]any

// operator calls for a tenant of its own.
type operator struct {
	*world
	t      testing.TB
	tenant string
	token  string
}

func (w *world) operator(t testing.TB) operator {
	t.Helper()
	tenant := uuid.NewString()
	return operator{w, t, tenant, harness.Token(t, tenant)}
}

// call insists on a status and gives the body and the Location.
func (o operator) call(status int, method, path string, body object) (object, string) {
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

func (o operator) get(path string) object {
	o.t.Helper()
	answer, _ := o.call(http.StatusOK, http.MethodGet, path, nil)
	return answer
}

// eventually waits for what comes by itself.
func (o operator) eventually(what string, done func() bool) {
	o.t.Helper()
	harness.Eventually(o.t, what, done)
}

// names are the config names of the connections that the list gives, page by page.
func (o operator) names(query string) []string {
	o.t.Helper()
	names := []string{}
	for next := ""; ; {
		page := o.get(list + "?limit=1" + query + next)
		items, _ := page["items"].([]any)
		for _, item := range items {
			connection, _ := item.(object)
			names = append(names, text(connection, "configName"))
		}
		if next = "&cursor=" + text(page, "nextCursor"); next == "&cursor=" {
			return names
		}
	}
}

func text(o object, member string) string {
	value, _ := o[member].(string)
	return value
}
