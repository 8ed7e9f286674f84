package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
)

const (
	surface    = "/v1/discovery"
	signingKey = "the-secret-that-signs-webhooks"
)

// house is a database with the settings to serve it, and one tenant's operator.
type house struct {
	bench    *bench
	settings map[string]string
	tenant   string
	token    string
}

// house makes keyset and token. database "" is a SQLite file of its own.
func (b *bench) house(ctx context.Context, database string) (*house, error) {
	dir, err := os.MkdirTemp(b.dir, "house-")
	if err != nil {
		return nil, err
	}
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, "discovery.db")
	}
	h := &house{bench: b, tenant: uuid.NewString(), settings: map[string]string{
		"ENV_NAME": "development", "PUBLIC_URL": "http://webhooks.invalid", "DATABASE_URL": database,
		"SEALING_KEYSET_FILE":  filepath.Join(dir, "keyset.json"),
		"AUTH_JWT_SECRET":      "a-secret-of-the-benchmarks-alone",
		"EGRESS_ALLOWED_CIDRS": "127.0.0.0/8", "EGRESS_ALLOW_HTTP": "true",
		"PLUGGY_WEBHOOK_HMAC_SECRET": signingKey, "PLUGGY_WEBHOOK_SOURCE_CIDRS": "",
		"RATE_LIMIT_PER_MINUTE": "0", "WEBHOOK_RATE_LIMIT_PER_MINUTE": "0",
	}}
	if err := sealing.Create(h.settings["SEALING_KEYSET_FILE"], sealing.Options{}); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.binary, "token", h.tenant)
	cmd.Env = h.environ()
	said, err := cmd.Output()
	h.token = strings.TrimSpace(string(said))
	return h, err
}

func (h *house) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
	for name, value := range h.settings {
		env = append(env, name+"="+value)
	}
	return env
}

// service is a running one.
type service struct {
	*house
	*process

	address, admin string
	ready          time.Duration // from the start to readiness
	client         *http.Client
}

// serve starts the binary and waits until it is ready; it is stopped with the section.
func (h *house) serve(ctx context.Context) (*service, error) {
	return h.launch(ctx, h.bench.binary, "serve")
}

// unlimited serves without the vendor's rate budget, which would be all that a
// measurement of pulls shows; the rest is the binary's.
func (h *house) unlimited(ctx context.Context) (*service, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return h.launch(ctx, self, unlimitedCommand)
}

func (h *house) launch(ctx context.Context, program string, args ...string) (*service, error) {
	s := &service{house: h, client: &http.Client{Timeout: time.Minute}}
	var err error
	if s.address, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if s.admin, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	cmd.Env = append(h.environ(), "SERVER_ADDRESS="+s.address, "ADMIN_ADDRESS="+s.admin)
	if h.bench.verbose {
		cmd.Env, cmd.Stderr = append(cmd.Env, "LOG_LEVEL=warn"), os.Stderr
	}
	begun := time.Now()
	if s.process, err = start(cmd); err != nil {
		return nil, err
	}
	h.bench.defers(func() { s.client.CloseIdleConnections(); s.stop() })
	err = s.until(ctx, "http://"+s.address)
	s.ready = time.Since(begun)
	return s, err
}

// call asks as the operator, and reads the answer's JSON. Any status but the wanted is an error.
func (s *service) call(ctx context.Context, method, path string, body any, status int, into any) error {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+surface+path, payload)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode != status:
		return fmt.Errorf("%s %s answered %d: %.200s", method, path, response.StatusCode, raw)
	case into == nil:
		return nil
	}
	return json.Unmarshal(raw, into)
}

type object = map[string]any

// connect makes a connection to the vendor's demo item and gives its id.
func (s *service) connect(ctx context.Context, v *vendor, name string) (string, error) {
	var made struct{ ID string }
	err := s.call(ctx, http.MethodPost, "/aggregator-connections", object{
		"vendor": "pluggy", "configName": name, "baseUrl": v.origin, "accountRef": demoItem,
		"clientId": demoClient, "secret": demoSecret,
	}, http.StatusCreated, &made)
	return made.ID, err
}

// mint gives the path of a new webhook of the connection.
func (s *service) mint(ctx context.Context, name string) (string, error) {
	var minted struct{ Token string }
	err := s.call(ctx, http.MethodPost, "/webhooks/tokens", object{"vendor": "pluggy", "connection_config_name": name},
		http.StatusCreated, &minted)
	return surface + "/webhooks/pluggy/" + minted.Token, err
}

// pull asks for everything and waits until it is there.
func (s *service) pull(ctx context.Context, connection string) error {
	var asked struct{ ID string }
	if err := s.call(ctx, http.MethodPost, "/aggregator-connections/"+connection+"/pulls", nil, http.StatusAccepted, &asked); err != nil {
		return err
	}
	return s.await(ctx, asked.ID)
}

// await looks every few milliseconds whether a pull is over. Errors: it failed.
func (s *service) await(ctx context.Context, pull string) error {
	for {
		var seen struct{ Status, LastError string }
		if err := s.call(ctx, http.MethodGet, "/pulls/"+pull, nil, http.StatusOK, &seen); err != nil {
			return err
		}
		switch seen.Status {
		case "succeeded":
			return nil
		case "failed":
			return errors.New("the pull failed: " + seen.LastError)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
