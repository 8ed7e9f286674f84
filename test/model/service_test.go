package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// The paths of the API.
const (
	prefix        = "/v1/discovery"
	connections   = prefix + "/aggregator-connections"
	subscriptions = prefix + "/subscriptions"
	transactions  = prefix + "/transactions"
)

// driftGrace is how long a difference between balance and rows must last before it counts as a drift.
const driftGrace = time.Hour

// object is a JSON object.
type object = map[string]any

// service is a running service on one database. Its clock can be moved forward.
type service struct {
	origin string
	clock  *clock
	http   *http.Client
	log    *harness.Journal
}

func newService(t testing.TB, dsn string) *service {
	t.Helper()
	s := &service{clock: &clock{}, http: &http.Client{Timeout: time.Minute}, log: &harness.Journal{}}
	cfg := harness.Config(t, dsn)
	cfg.DriftGrace = driftGrace
	cfg.WebhookSilenceGrace = 10000 * time.Hour // the clock moves, and no simulator synchronises by itself
	app, err := compose.New(t.Context(), cfg, compose.Overrides{
		LogTo: s.log, PerMinute: -1, StoreTimeout: harness.StoreTimeout, Clock: s.clock,
	})
	must(t, err)
	t.Cleanup(app.Close)
	harness.Work(t, app)
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(s.http.CloseIdleConnections)
	s.origin = server.URL
	return s
}

// webhookAddress is the path of a webhook, and the value that the vendor sends in Authorization.
type webhookAddress struct{ path, authorization string }

// failure ends a life.
type failure struct{ text string }

// fail ends the life l as failed, with the formatted text as the reason. It must be called by the goroutine of the
// life.
func (l *life) fail(format string, values ...any) { panic(failure{fmt.Sprintf(format, values...)}) }

// call sends a request with the token of the tenant and returns the body of the response, which must have this status.
func (l *life) call(status int, method, path string, body any) []byte {
	for try := 1; ; try++ {
		got, raw := l.send(method, path, body, "Bearer "+l.token)
		if got == status {
			return raw
		}
		busy := got == http.StatusServiceUnavailable || got == http.StatusTooManyRequests
		if !busy || try == 20 {
			l.fail("%s %s answered %d: %s", method, path, got, raw)
		}
		time.Sleep(time.Second) // the delay that Retry-After asks for
	}
}

func (l *life) send(method, path string, body any, authorization string, headers ...string) (status int, raw []byte) {
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(body)
	default:
		encoded, err := json.Marshal(body)
		must(l.t, err)
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(l.t.Context(), method, l.service.origin+path, content)
	must(l.t, err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", authorization)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := l.service.http.Do(request)
	if err != nil {
		l.fail("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err = io.ReadAll(response.Body)
	if err != nil {
		l.fail("%s %s: %v", method, path, err)
	}
	return response.StatusCode, raw
}

// get returns a JSON object.
func (l *life) get(path string) object {
	return l.decode(l.call(http.StatusOK, http.MethodGet, path, nil))
}

func (l *life) post(status int, path string, body any) object {
	return l.decode(l.call(status, http.MethodPost, path, body))
}

func (l *life) decode(raw []byte) (o object) {
	if err := json.Unmarshal(raw, &o); err != nil {
		l.fail("the body is no object: %v: %s", err, raw)
	}
	return o
}

// list returns all items of a list. path must contain a query.
func (l *life) list(path string) (items []object) {
	for cursor := ""; ; {
		page := l.get(path + cursor)
		items = append(items, itemsOf(page)...)
		if page["hasMore"] != true {
			return items
		}
		cursor = "&cursor=" + url.QueryEscape(text(page, "nextCursor"))
	}
}

func itemsOf(page object) (items []object) {
	all, _ := page["items"].([]any)
	for _, item := range all {
		o, _ := item.(object)
		items = append(items, o)
	}
	return items
}

func text(o object, member string) string {
	s, _ := o[member].(string)
	return s
}

func number(o object, member string) int {
	n, _ := o[member].(float64)
	return int(n)
}

// patience is how long the test waits for an asynchronous result of the service.
const patience = 2 * time.Minute

// eventually polls until condition returns "", and fails the life with the last text after a timeout.
func (l *life) eventually(label string, condition func() string) {
	pause := 2 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		reason := condition()
		if reason == "" {
			return
		}
		if time.Now().After(deadline) {
			l.fail("waited without result for %s: %s", label, reason)
		}
		pause = min(pause+time.Millisecond, 20*time.Millisecond)
	}
}

// connect creates the connection and its webhook address.
func (w *world) connect() {
	client, secret := w.bank.login()
	creation := object{
		"vendor": w.bank.vendor(), "configName": w.bank.vendor(), "baseUrl": w.bank.origin(),
		"accountRef": w.bank.ref(), "clientId": client, "secret": secret,
	}
	minting := object{"vendor": w.bank.vendor(), "connection_config_name": w.bank.vendor()}
	if w.stream != nil {
		creation["accessToken"] = w.stream.accessToken()
	} else {
		minting["sourceSecret"] = true
	}
	made := w.post(http.StatusCreated, connections, creation)
	w.id = text(made, "id")
	minted := w.post(http.StatusCreated, prefix+"/webhooks/tokens", minting)
	u, err := url.Parse(text(minted, "webhookUrl"))
	must(w.t, err)
	w.hook = webhookAddress{u.Path, text(minted, "authorization")}
}

// pull requests a pull and waits for its success.
func (w *world) pull(body any) {
	asked := w.post(http.StatusAccepted, connections+"/"+w.id+"/pulls", body)
	w.awaitPull(text(asked, "id"))
}

// deliver sends a webhook.
func (w *world) deliver(body []byte) {
	want, headers := http.StatusAccepted, []string{}
	if w.stream != nil {
		want, headers = http.StatusOK, []string{plaidsim.ProofHeader, w.stream.sign(body)}
	}
	status, raw := w.send(http.MethodPost, w.hook.path, body, w.hook.authorization, headers...)
	for try := 0; status == http.StatusServiceUnavailable && try < 20; try++ {
		time.Sleep(100 * time.Millisecond)
		status, raw = w.send(http.MethodPost, w.hook.path, body, w.hook.authorization, headers...)
	}
	if status != want {
		w.fail("the webhook got %d: %s", status, raw)
	}
}

// notify sends a webhook and waits until the pull that it asks for has succeeded.
func (w *world) notify(body []byte) {
	w.deliver(body)
	newest := itemsOf(w.get(prefix + "/webhooks/deliveries?limit=1&connectionId=" + w.id))
	if len(newest) != 1 || text(newest[0], "pullId") == "" {
		w.fail("the webhook has no pull: %v", newest)
	}
	w.awaitPull(text(newest[0], "pullId"))
	w.eventually("the webhook", func() string {
		delivery := w.get(prefix + "/webhooks/deliveries/" + text(newest[0], "id"))
		if status := text(delivery, "status"); status != "processed" {
			return "the delivery is " + status
		}
		return ""
	})
}

// rest waits until no pull of the connection is queued or running.
func (w *world) rest() {
	w.eventually("the end of all pulls", func() string {
		for _, pull := range itemsOf(w.get(connections + "/" + w.id + "/pulls?limit=5")) {
			if status := text(pull, "status"); status != "succeeded" {
				return fmt.Sprint(pull)
			}
		}
		return ""
	})
}

func (w *world) awaitPull(id string) {
	w.eventually("the end of a pull", func() string {
		pull := w.get(prefix + "/pulls/" + id)
		switch text(pull, "status") {
		case "succeeded":
			return ""
		case "failed":
			w.fail("the pull has failed: %v", pull)
		}
		return fmt.Sprint(pull)
	})
}

// receiver is the endpoint of a subscription. It keeps the parts of the events that the comparison needs.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	fault string
	bySeq map[int]event
	last  map[string]float64 // the version in the last event of each record, in the order of arrival
}

// event contains the parts of an event that the receiver keeps.
type event struct {
	id, kind, subject string
	data              object
}

func newReceiver() *receiver {
	r := &receiver{bySeq: map[int]event{}, last: map[string]float64{}}
	r.Server = httptest.NewServer(r)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	var o object
	err := json.NewDecoder(request.Body).Decode(&o)
	r.mu.Lock()
	defer r.mu.Unlock()
	sequence, notNumber := strconv.Atoi(text(o, "sequence"))
	data, _ := o["data"].(object)
	e := event{text(o, "id"), text(o, "type"), text(o, "subject"), data}
	if known, twice := r.bySeq[sequence]; twice && known.id != e.id {
		r.fault = fmt.Sprintf("two events have the sequence %d", sequence)
	}
	version, _ := data["version"].(float64)
	if err != nil || notNumber != nil || data == nil || version < r.last[e.subject] {
		r.fault = fmt.Sprintf("event %v after version %v", o, r.last[e.subject])
	}
	r.last[e.subject] = version
	r.bySeq[sequence] = e
}
