package belvosim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

var noon = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

// client is an HTTP client of one server. It sends the demo secret if auth is true.
type client struct {
	t    *testing.T
	http *http.Client
	base string
	auth bool
}

// newDemoServer starts a simulator with the demo data and the control surface. It returns the
// simulator and a client that is authenticated with the demo secret.
func newDemoServer(t *testing.T, options belvosim.Options) (*belvosim.Simulator, client) {
	t.Helper()
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	if options.Seed == 0 {
		options.Seed = 7
	}
	sim := belvosim.New(options)
	sim.Seed()
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	return sim, client{t: t, http: server.Client(), base: server.URL, auth: true}
}

type apiResponse struct {
	status int
	header http.Header
	body   []byte
}

func (c client) send(method, path, body string) (apiResponse, error) {
	c.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.base + path
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.auth {
		request.SetBasicAuth(belvosim.DemoSecretID, belvosim.DemoSecretPassword)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return apiResponse{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return apiResponse{response.StatusCode, response.Header, text}, err
}

// get requests path and returns the decoded body. It ends the test if the response has another
// status.
func get[T any](c client, path string, status int) (into T) {
	c.t.Helper()
	return call[T](c, http.MethodGet, path, "", status)
}

func call[T any](c client, method, path, body string, status int) (into T) {
	c.t.Helper()
	got, err := c.send(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	if err := json.Unmarshal(got.body, &into); err != nil {
		c.t.Fatalf("%s %s: %v: %s", method, path, err, got.body)
	}
	return into
}

type list struct {
	Count    int
	Next     *string
	Previous *string
	Results  []struct {
		ID      string
		Account *struct{ ID string }
	}
}

func (l list) ids() []string {
	ids := []string{}
	for _, row := range l.Results {
		ids = append(ids, row.ID)
	}
	return ids
}

type errorList []struct{ Code, Message, Field, RequestID string }

func (c client) transactions(query string) list {
	c.t.Helper()
	return get[list](c, "/api/transactions/?link="+belvosim.DemoLinkID+query, http.StatusOK)
}

func benchRequest(path string) (*http.Request, func() *httptest.ResponseRecorder) {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.SetBasicAuth(belvosim.DemoSecretID, belvosim.DemoSecretPassword)
	return request, httptest.NewRecorder
}
