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

// env contains the settings of a service on one database, and the operator token of one tenant.
type env struct {
	bench    *bench
	settings map[string]string
	tenant   string
	token    string
	accepts  func(tenant string) (bool, error) // whether newTenant may use the id; nil accepts all
}

// newEnv creates a keyset and a token for a service that uses the given database. If the URL of the database is "", the
// service uses a new SQLite file.
func (b *bench) newEnv(ctx context.Context, database string) (*env, error) {
	dir, err := os.MkdirTemp(b.dir, "env-")
	if err != nil {
		return nil, err
	}
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, "discovery.db")
	}
	e := &env{bench: b, settings: map[string]string{
		"ENV_NAME": "development", "PUBLIC_URL": "http://webhooks.invalid", "DATABASE_URL": database,
		"SEALING_KEYSET_FILE":  filepath.Join(dir, "keyset.json"),
		"AUTH_JWT_SECRET":      "a-secret-of-the-benchmarks-alone",
		"EGRESS_ALLOWED_CIDRS": "127.0.0.0/8", "EGRESS_ALLOW_HTTP": "true",
		"PLUGGY_WEBHOOK_HMAC_SECRET": signingKey, "PLUGGY_WEBHOOK_SOURCE_CIDRS": "",
		"RATE_LIMIT_PER_MINUTE": "0", "WEBHOOK_RATE_LIMIT_PER_MINUTE": "0",
	}}
	if err := sealing.Create(e.settings["SEALING_KEYSET_FILE"]); err != nil {
		return nil, err
	}
	return e, e.newTenant(ctx)
}

// newTenant replaces the tenant and its token with new ones.
func (e *env) newTenant(ctx context.Context) error {
	e.tenant = uuid.NewString()
	for e.accepts != nil {
		if ok, err := e.accepts(e.tenant); err != nil {
			return err
		} else if ok {
			break
		}
		e.tenant = uuid.NewString()
	}
	cmd := exec.CommandContext(ctx, e.bench.binary, "token", e.tenant)
	cmd.Env = e.environ()
	said, err := cmd.Output()
	e.token = strings.TrimSpace(string(said))
	return err
}

func (e *env) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
	for name, value := range e.settings {
		env = append(env, name+"="+value)
	}
	return env
}

// service is a running process of the service.
type service struct {
	*env
	*process

	address, admin string
	ready          time.Duration // duration from the start of the process until it was ready
	client         *http.Client
}

// serve starts the binary and waits until it is ready. The process is stopped at the end of the section.
func (e *env) serve(ctx context.Context) (*service, error) {
	return e.launch(ctx, e.bench.binary, "serve")
}

// unlimited starts the service without the vendor's rate budget, which would otherwise determine the result of a
// measurement of pulls. In every other respect it starts the same service as serve.
func (e *env) unlimited(ctx context.Context) (*service, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return e.launch(ctx, self, unlimitedCommand)
}

func (e *env) launch(ctx context.Context, program string, args ...string) (*service, error) {
	s := &service{env: e, client: &http.Client{Timeout: time.Minute}}
	var err error
	if s.address, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if s.admin, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	cmd.Env = append(e.environ(), "SERVER_ADDRESS="+s.address, "ADMIN_ADDRESS="+s.admin)
	if e.bench.verbose {
		cmd.Env, cmd.Stderr = append(cmd.Env, "LOG_LEVEL=warn"), os.Stderr
	}
	begun := time.Now()
	if s.process, err = start(cmd); err != nil {
		return nil, err
	}
	e.bench.onClose(func() { s.client.CloseIdleConnections(); s.stop() })
	err = s.awaitReady(ctx, "http://"+s.address)
	s.ready = time.Since(begun)
	return s, err
}

// call sends a request as the operator, and decodes the JSON response into the variable that target points to. If
// target is nil, the response is ignored. call returns an error if the response does not have the expected status.
func (s *service) call(ctx context.Context, method, path string, body any, status int, target any) error {
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
	case target == nil:
		return nil
	}
	return json.Unmarshal(raw, target)
}

type object = map[string]any

// connect creates a connection to the vendor's demo item and returns its id.
func (s *service) connect(ctx context.Context, v *vendor, name string) (string, error) {
	return s.connectItem(ctx, v, name, demoItem)
}

// connectItem works like connect, but the connection is to the given item of the vendor.
func (s *service) connectItem(ctx context.Context, v *vendor, name, item string) (string, error) {
	var made struct{ ID string }
	err := s.call(ctx, http.MethodPost, "/aggregator-connections", object{
		"vendor": "pluggy", "configName": name, "baseUrl": v.origin, "accountRef": item,
		"clientId": demoClient, "secret": demoSecret,
	}, http.StatusCreated, &made)
	return made.ID, err
}

// mint creates a webhook token for the named connection and returns the path of its webhook.
func (s *service) mint(ctx context.Context, name string) (string, error) {
	var minted struct{ Token string }
	err := s.call(ctx, http.MethodPost, "/webhooks/tokens", object{"vendor": "pluggy", "connection_config_name": name},
		http.StatusCreated, &minted)
	return surface + "/webhooks/pluggy/" + minted.Token, err
}

// pull requests a pull of all data of the connection and waits until the pull has ended.
func (s *service) pull(ctx context.Context, connection string) error {
	var asked struct{ ID string }
	if err := s.call(
		ctx,
		http.MethodPost,
		"/aggregator-connections/"+connection+"/pulls",
		nil,
		http.StatusAccepted,
		&asked,
	); err != nil {
		return err
	}
	return s.await(ctx, asked.ID)
}

// await polls every few milliseconds until the pull with this id has ended. It returns an error if
// the pull failed.
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
