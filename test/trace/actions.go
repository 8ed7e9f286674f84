package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/coverage"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

const (
	tokenSecret   = "signs-only-the-tokens-of-this-command"
	webhookSecret = "Bearer only-for-this-command"
	connections   = "/v1/discovery/aggregator-connections"
	patience      = time.Minute // how long the command waits for an action
)

// stage is the service with its simulator and a receiver of events.
type stage struct {
	folder         string // where the counters of the actions are written
	vendor         *pluggysim.Simulator
	origin         string // of the service
	token          string // of an operator
	worker         *gatedWorker
	events         *gatedEvents
	vendorOrigin   string
	receiverOrigin string
}

// perform starts the service with a new database and performs all actions. It writes the counters of each action into
// a folder of its own.
func perform(ctx context.Context, folder string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &stage{
		folder: folder, worker: &gatedWorker{arrived: make(chan struct{}, 64), done: make(chan struct{}, 64)},
		events: &gatedEvents{recorded: make(chan struct{}, 64)}, vendor: pluggysim.New(pluggysim.Options{}),
	}
	s.vendor.SeedAt(time.Now())
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if s.vendorOrigin, err = serve(ctx, s.vendor); err != nil {
		return err
	}
	receiver := func(http.ResponseWriter, *http.Request) {} // answers 200
	if s.receiverOrigin, err = serve(ctx, http.HandlerFunc(receiver)); err != nil {
		return err
	}
	stop, err := s.startService(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.actions(ctx), stop())
}

// serve serves the handler on a loopback address until ctx ends, and returns its origin.
func serve(ctx context.Context, handler http.Handler) (origin string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// startService starts the service. stop ends it and returns its error.
func (s *stage) startService(ctx context.Context) (stop func() error, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.origin = "http://" + listener.Addr().String()
	settings := map[string]string{
		"ENV_NAME": "development", "DATABASE_URL": "sqlite://" + filepath.Join(s.folder, "discovery.db"),
		"SEALING_KEYSET_FILE": filepath.Join(s.folder, "keyset.json"), "AUTH_JWT_SECRET": tokenSecret,
		"RECONCILE_INTERVAL": "0s", "LOG_LEVEL": "warn", "PUBLIC_URL": s.origin, "EGRESS_ALLOW_HTTP": "true",
		"EGRESS_ALLOWED_CIDRS": "127.0.0.0/8", "PLUGGY_WEBHOOK_AUTHORIZATION": webhookSecret,
	}
	lookup := func(name string) (string, bool) {
		value, found := settings[name]
		return value, found
	}
	cfg, err := configs.Load(lookup, compose.Vendors())
	if err != nil {
		return nil, err
	}
	if err := sealing.Create(cfg.Sealing.KeysetFile); err != nil {
		return nil, err
	}
	if s.token, err = operatorToken(cfg); err != nil {
		return nil, err
	}
	app, err := compose.New(ctx, cfg, compose.Overrides{LogTo: io.Discard, Wrap: s.gate, StoreTimeout: patience})
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(serving, listener, nil) }()
	return func() error {
		cancel()
		return <-ended
	}, nil
}

// operatorToken returns the token of an operator of a new tenant.
func operatorToken(cfg configs.Config) (string, error) {
	token, err := jwt.NewBuilder().Claim(cfg.Auth.TenantClaim, uuid.NewString()).
		Expiration(time.Now().Add(time.Hour)).Build()
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, []byte(tokenSecret)))
	return string(signed), err
}

// actions performs the actions.
func (s *stage) actions(ctx context.Context) error {
	c := &client{ctx: ctx, stage: s}
	c.connect()
	c.measurePull("pull")
	c.measurePull("unchanged")
	c.sendWebhook("created") // the first webhook fills caches
	c.awaitPull()
	s.worker.Lock()
	c.measure("webhook", func() { c.sendWebhook("updated") })
	s.worker.Unlock()
	c.awaitPull()
	list := c.connection + "/transactions"
	c.call(http.MethodGet, list, nil)
	c.measure("list", func() { c.call(http.MethodGet, list, nil) })
	c.measureEvents()
	statement := "/v1/discovery/accounts/" + c.account() + "/statement?format=csv"
	c.call(http.MethodGet, statement, nil)
	c.measure("statement", func() { c.call(http.MethodGet, statement, nil) })
	day := time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	c.measure("close", func() {
		c.call(http.MethodPut, "/v1/discovery/accounts/"+c.account()+"/closes/"+day, nil)
	})
	return c.err
}

// object is a decoded JSON object.
type object = map[string]any

// client is an operator and a vendor that call the service. After the first failure, its methods do nothing.
type client struct {
	*stage

	ctx        context.Context
	err        error
	connection string // the path of the connection
	webhook    string // the URL of the webhook
	firstID    string // the id of the first account
}

// connect creates a connection to the simulator, and a token for its webhooks.
func (c *client) connect() {
	created := c.call(http.MethodPost, connections, object{
		"vendor": "pluggy", "configName": "main", "baseUrl": c.vendorOrigin, "accountRef": pluggysim.DemoItemID,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	})
	c.connection = connections + "/" + text(created["id"])
	minted := c.call(http.MethodPost, "/v1/discovery/webhooks/tokens", object{
		"vendor": "pluggy", "connection_config_name": "main",
	})
	c.webhook = text(minted["webhookUrl"])
}

// account returns the id of the first account.
func (c *client) account() string {
	if c.firstID == "" {
		items, _ := c.call(http.MethodGet, c.connection+"/accounts?limit=1", nil)["items"].([]any)
		for _, item := range items {
			account, _ := item.(object)
			c.firstID = text(account["id"])
		}
	}
	return c.firstID
}

// measurePull requests a pull of everything, and measures the pull without the request.
func (c *client) measurePull(name string) {
	c.worker.Lock()
	c.call(http.MethodPost, c.connection+"/pulls", nil)
	c.await(c.worker.arrived)
	c.measure(name, func() {
		c.worker.Unlock()
		c.await(c.worker.done)
	})
}

// awaitPull waits for the end of a pull that is not measured.
func (c *client) awaitPull() {
	c.await(c.worker.arrived)
	c.await(c.worker.done)
}

// sendWebhook sends a webhook as the vendor does.
func (c *client) sendWebhook(event string) {
	c.send(http.MethodPost, c.webhook, webhookSecret, object{
		"event": "item/" + event, "eventId": uuid.NewString(), "itemId": pluggysim.DemoItemID,
	})
}

// measureEvents creates a subscription, and measures how two new transactions are sent to it.
func (c *client) measureEvents() {
	c.events.Lock()
	c.call(http.MethodPost, "/v1/discovery/subscriptions", object{
		"name": "trace", "types": []string{"transaction.*"}, "sink": object{"kind": "webhook", "url": c.receiverOrigin},
	})
	for range 2 {
		row := c.vendor.Transactions(pluggysim.DemoBankAccountID)[0]
		row.ID, row.Description = uuid.NewString(), "PADARIA "+uuid.NewString()
		if _, err := c.vendor.AddTransaction(row); err != nil && c.err == nil {
			c.err = err
		}
	}
	c.call(http.MethodPost, c.connection+"/pulls", nil)
	c.awaitPull()
	c.measure("event", func() {
		c.events.Unlock()
		c.await(c.events.recorded)
		c.await(c.events.recorded)
	})
}

// measure performs an action, and writes the counters of what ran meanwhile.
func (c *client) measure(name string, action func()) {
	if c.err == nil {
		c.err = coverage.ClearCounters()
	}
	action()
	if c.err == nil {
		c.err = writeCounters(filepath.Join(c.folder, name))
	}
}

// await waits for a value of the channel.
func (c *client) await(channel <-chan struct{}) {
	if c.err != nil {
		return
	}
	select {
	case <-channel:
	case <-c.ctx.Done():
		c.err = c.ctx.Err()
	case <-time.After(patience):
		c.err = errors.New("something that the action waits for does not happen")
	}
}

// call sends a request of an operator, and returns the decoded response.
func (c *client) call(method, path string, body any) (response object) {
	if text := c.send(method, c.origin+path, "Bearer "+c.token, body); len(text) > 0 {
		_ = json.Unmarshal(text, &response) // a statement is no JSON
	}
	return response
}

// send sends a request, and returns the body of the response. Another status than 2xx is a failure.
func (c *client) send(method, url, authorization string, body any) (text []byte) {
	if c.err != nil {
		return nil
	}
	payload, err := json.Marshal(body)
	if body == nil {
		payload = nil
	}
	request, requestErr := http.NewRequestWithContext(c.ctx, method, url, bytes.NewReader(payload))
	if c.err = errors.Join(err, requestErr); c.err != nil {
		return nil
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.err = err
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	if text, c.err = io.ReadAll(response.Body); c.err == nil && response.StatusCode/100 != 2 {
		c.err = fmt.Errorf("%s %s: %d: %s", method, request.URL.Path, response.StatusCode, text)
	}
	return text
}

// text returns the value as a text; "" if it is none.
func text(value any) string {
	text, _ := value.(string)
	return text
}
