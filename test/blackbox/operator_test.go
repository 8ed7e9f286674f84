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
)

const surface = "/v1/discovery"

// What the vendors prove themselves with.
const (
	pluggyShared = "Bearer blackbox-pluggy"
	belvoShared  = "Bearer blackbox-belvo"
)

// client keeps no connection: every request shows whether the process takes new ones.
var client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   20 * time.Second,
}

// house is one database with the settings to serve it, and its one tenant.
type house struct {
	t        testing.TB
	settings map[string]string
	tenant   string
	token    string
}

// newHouse makes a keyset and an operator's token for a database. "" is a SQLite file.
func newHouse(t testing.TB, database string) *house {
	t.Helper()
	dir := t.TempDir()
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, "discovery.db")
	}
	h := &house{t: t, tenant: uuid.NewString(), settings: map[string]string{
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
	h.renew()
	return h
}

// renew asks for a fresh operator's token.
func (h *house) renew() {
	h.t.Helper()
	out, said, code := command(h.t, h.settings, "token", h.tenant)
	if code != 0 {
		h.t.Fatal(said)
	}
	h.token = strings.TrimSpace(out)
}

func (h *house) serve() *process {
	h.t.Helper()
	return serve(h.t, h.settings)
}

// object is a JSON object.
type object = map[string]any

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   object // nil when the body is no object
}

// try asks once. Errors: no answer came.
func (h *house) try(ctx context.Context, p *process, method, path string, body any) (answer, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		payload = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.at()+path, payload)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header}
	if a.raw, err = io.ReadAll(response.Body); err != nil {
		return answer{}, err
	}
	_ = json.Unmarshal(a.raw, &a.body)
	return a, nil
}

// call asks once and wants the status.
func (h *house) call(p *process, method, path string, body any, status int) object {
	h.t.Helper()
	a, err := h.try(context.Background(), p, method, surface+path, body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status {
		h.t.Fatalf("%s %s answered %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a.body
}

// all walks through every page of a list.
func (h *house) all(p *process, path string) []object {
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

// text reads a member that is a string; "" when it is none.
func text(o object, member string) string {
	s, _ := o[member].(string)
	return s
}

// open says how many pulls of a connection are not over, and shows the failed ones.
func (h *house) open(p *process, connection string) (open int, failed []string) {
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
