package blackbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

const surface = "/v1/discovery"

// The values of the Authorization header with which the vendors authenticate their webhooks.
const (
	pluggyShared = "Bearer blackbox-pluggy"
	belvoShared  = "Bearer blackbox-belvo"
)

// client opens a new connection for each request, so that every request tests whether the process still
// accepts connections.
var client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   20 * time.Second,
}

// env contains the settings of a service on one database, and the id and operator token of one tenant.
type env struct {
	t        testing.TB
	settings map[string]string
	tenant   string
	token    string
}

// newEnv creates a keyset and an operator token for a service on the database. If database is "", the
// service uses a new SQLite file.
func newEnv(t testing.TB, database string) *env {
	t.Helper()
	dir := datadir.New(t)
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, "discovery.db")
	}
	h := &env{t: t, tenant: uuid.NewString(), settings: map[string]string{
		"ENV_NAME": "development", "PUBLIC_URL": "http://webhooks.invalid", "DATABASE_URL": database,
		"SERVER_ADDRESS": "127.0.0.1:0", "ADMIN_ADDRESS": "127.0.0.1:0",
		"SEALING_KEYSET_FILE":  filepath.Join(dir, "keyset.json"),
		"AUTH_JWT_SECRET":      "a-secret-of-the-blackbox-tests-alone",
		"EGRESS_ALLOWED_CIDRS": "127.0.0.0/8", "EGRESS_ALLOW_HTTP": "true",
		"PLUGGY_WEBHOOK_AUTHORIZATION": pluggyShared, "BELVO_WEBHOOK_AUTHORIZATION": belvoShared,
		"RATE_LIMIT_PER_MINUTE": "0", "WEBHOOK_RATE_LIMIT_PER_MINUTE": "0",
	}}
	if _, said, code := command(t, nil, "keyset", "create", h.settings["SEALING_KEYSET_FILE"]); code != 0 {
		t.Fatal(said)
	}
	h.renewToken()
	return h
}

// renewToken replaces the operator token with a new one, because a token is valid only for a limited time.
func (h *env) renewToken() {
	h.t.Helper()
	out, said, code := command(h.t, h.settings, "token", h.tenant)
	if code != 0 {
		h.t.Fatal(said)
	}
	h.token = strings.TrimSpace(out)
}

func (h *env) serve() *process {
	h.t.Helper()
	return serve(h.t, h.settings)
}

// object is a JSON object.
type object = map[string]any

// response is an HTTP response whose body has been read.
type response struct {
	status int
	header http.Header
	raw    []byte
	body   object // nil if the body is not an object
}

// try sends one request with the operator token to the process. It returns an error only if no response
// arrives.
func (h *env) try(ctx context.Context, p *process, method, path string, body any) (response, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return response{}, err
		}
		payload = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.baseURL()+path, payload)
	if err != nil {
		return response{}, err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(request)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := response{status: resp.StatusCode, header: resp.Header}
	if a.raw, err = io.ReadAll(resp.Body); err != nil {
		return response{}, err
	}
	_ = json.Unmarshal(a.raw, &a.body)
	return a, nil
}

// call sends one request, checks the status, and returns the body. A GET, and a request for a pull, is repeated if the
// answer is a 503 with Retry-After, as the documentation tells clients: on a busy machine, the database can take longer
// than the service waits for it. A repeated request for a pull is merged with the first one.
func (h *env) call(p *process, method, path string, body any, status int) object {
	h.t.Helper()
	repeatable := method == http.MethodGet || method == http.MethodPost && strings.HasSuffix(path, "/pulls")
	for end := time.Now().Add(waitTimeout); ; time.Sleep(time.Second) {
		a, err := h.try(context.Background(), p, method, surface+path, body)
		if err != nil {
			h.t.Fatalf("%s %s: %v", method, path, err)
		}
		if a.status == status {
			return a.body
		}
		unavailable := a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
		if !repeatable || !unavailable || time.Now().After(end) {
			h.t.Fatalf("%s %s answered %d, want %d: %s", method, path, a.status, status, a.raw)
		}
	}
}

// all returns the items of all pages of the list at path.
func (h *env) all(p *process, path string) []object {
	h.t.Helper()
	var items []object
	for cursor := ""; ; {
		u, err := url.Parse(path)
		if err != nil {
			h.t.Fatal(err)
		}
		query := u.Query()
		query.Set("limit", "200")
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		u.RawQuery = query.Encode()
		page := h.call(p, http.MethodGet, u.String(), nil, http.StatusOK)
		items = append(items, listed(page)...)
		if cursor, _ = page["nextCursor"].(string); page["hasMore"] != true {
			return items
		}
	}
}

func listed(page object) []object {
	list, _ := page["items"].([]any)
	items := make([]object, 0, len(list))
	for _, item := range list {
		if o, ok := item.(object); ok {
			items = append(items, o)
		}
	}
	return items
}

// text returns a member of o if it is a string, and otherwise "".
func text(o object, member string) string {
	s, _ := o[member].(string)
	return s
}

// open returns how many pulls of a connection have not ended. It also returns a description of each failed pull.
func (h *env) open(p *process, connection string) (open int, failed []string) {
	h.t.Helper()
	for _, pull := range h.all(p, "/aggregator-connections/"+connection+"/pulls") {
		switch pull["status"] {
		case "queued", "running":
			open++
		case "failed":
			failed = append(failed, fmt.Sprint(pull["id"], " ", pull["lastError"]))
		}
	}
	return open, failed
}
