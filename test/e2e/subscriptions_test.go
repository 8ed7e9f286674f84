package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sinksettings "github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

const subscriptions = "/v1/discovery/subscriptions"

// plainSink is a sink that sends events to HTTP endpoints without a signature.
type plainSink struct{ client *http.Client }

func (plainSink) Kind() events.SinkKind { return "webhook" }
func (plainSink) Signs() bool           { return true }
func (plainSink) Schema() string        { return "" }

// sinkURL is the only setting of a plainSink.
type sinkURL struct {
	URL string `json:"url"`
}

func (plainSink) Parse(
	_ context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	m, faults := sinksettings.Decode[sinkURL](requested, "is wrong")
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	u, fault := sinksettings.ParseURL(m.URL, urlOf(stored))
	if fault != nil {
		return ports.SinkSettings{}, []*domain.Error{fault}
	}
	return ports.SinkSettings{Public: sinksettings.Encode(sinkURL{u.Public}), Secrets: u.Secrets}, nil
}

func (plainSink) Current(stored ports.SinkSettings) ports.SinkSettings { return stored }

func urlOf(stored ports.SinkSettings) sinksettings.URL {
	return sinksettings.URL{Public: sinksettings.Stored[sinkURL](stored.Public).URL, Secrets: stored.Secrets}
}

func (s plainSink) Open(t ports.SinkTarget) ports.EventSender { return plainSender{s.client, t} }

type plainSender struct {
	client *http.Client
	target ports.SinkTarget
}

func (plainSender) Close() {}

func (s plainSender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	url := urlOf(s.target.Settings).Full()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(e.Structured()))
	if err != nil {
		return events.SinkAnswer{}, err
	}
	for _, secret := range s.target.SigningSecrets {
		r.Header.Add("X-Secret", string(secret.Reveal()))
	}
	response, err := s.client.Do(r)
	if err != nil {
		return events.SinkAnswer{}, &domain.Error{Kind: domain.Unavailable, Code: domain.SinkUnreachable}
	}
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		return events.SinkAnswer{}, &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused}
	}
	return events.SinkAnswer{}, nil
}

// withPlainSink makes the service send events through a plainSink.
func withPlainSink(s *setup) { s.over.Sinks = []ports.Sink{plainSink{&http.Client{}}} }

// receiver is an HTTP endpoint of a consumer that receives events.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	status   int // the status of the responses; if 0, the receiver does not respond
	events   []object
	requests []http.Header
	queries  []string // of the requests
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		status := r.status
		r.mu.Unlock()
		if status == 0 {
			<-request.Context().Done()
			return
		}
		var event object
		err := json.Unmarshal(body, &event)
		r.mu.Lock()
		r.requests, r.queries = append(r.requests, request.Header.Clone()), append(r.queries, request.URL.RawQuery)
		if err == nil && status < 300 {
			r.events = append(r.events, event)
		}
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) got() []object {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// last returns the last event of each subject.
func (r *receiver) last() map[string]object {
	last := map[string]object{}
	for _, e := range r.got() {
		last[text(e, "subject")] = e
	}
	return last
}

// subscribe creates a subscription that sends events of these types to url. extraMembers contains further members of
// the request.
func (o operator) subscribe(url string, extraMembers object, types ...string) object {
	o.t.Helper()
	body := object{"name": "ledger", "types": types, "sink": object{"kind": "webhook", "url": url}}
	maps.Copy(body, extraMembers)
	return o.send(http.MethodPost, subscriptions, body).want(http.StatusCreated).json()
}

func (o operator) subscription(s object) object {
	o.t.Helper()
	return o.get(subscriptions + "/" + text(s, "id")).want(http.StatusOK).json()
}

// delivered waits until condition returns true and no event of the subscription is still waiting to be sent. It fails
// the test after a timeout. label names the awaited event in the error message.
func (o operator) delivered(s object, label string, condition func() bool) {
	o.t.Helper()
	eventually(o.t, label, func() bool { return condition() && o.subscription(s)["waiting"] == 0.0 })
}

// checkEvents returns the number of events of a subscription, after these checks:
//
//   - No sequence number is missing.
//   - The versions of each record ascend.
//   - The last event of each record contains the current state of the record in the feed.
//
// checkEvents first waits until the subscription has sent all events. A database transaction of another test can delay
// some events of a pull.
func (o operator) checkEvents(s object, r *receiver) int {
	o.t.Helper()
	sequences, versions := map[int]string{}, map[string]float64{}
	var got []object
	eventually(o.t, "a subscription that has sent as many events as it has", func() bool {
		status := o.subscription(s)
		got = r.got()
		sent := map[string]bool{}
		for _, e := range got {
			sent[text(e, "sequence")] = true
		}
		all := strconv.Itoa(len(sent))
		return status["lastSequence"] == all && status["position"] == all
	})
	for _, e := range got {
		n, err := strconv.Atoi(text(e, "sequence"))
		if id, known := sequences[n]; err != nil || known && id != text(e, "id") {
			o.t.Errorf("sequence %v of event %v: %v, %s", e["sequence"], e["id"], err, id)
		}
		sequences[n] = text(e, "id")
		data, isObject := e["data"].(object)
		if e["specversion"] != "1.0" || e["source"] != "discovery" || e["tenantid"] != o.tenant || !isObject {
			o.t.Errorf("the event is %v", e)
		}
		if version, ok := data["version"].(float64); ok {
			if version < versions[text(e, "subject")] {
				o.t.Errorf("version %v of %v after %v", version, e["subject"], versions[text(e, "subject")])
			}
			versions[text(e, "subject")] = version
		}
	}
	for n := range len(sequences) {
		if sequences[n+1] == "" {
			o.t.Errorf("sequence %d of %d is missing", n+1, len(sequences))
		}
	}
	last := r.last()
	for _, item := range o.get(changes + "?limit=1000").want(http.StatusOK).json()["items"].([]any) {
		record := item.(object)["transaction"].(object)
		data, _ := last[text(record, "id")]["data"].(object)
		for _, silent := range []string{"billId", "billMonth", "billBasis"} { // no version, so no event, announces them
			delete(record, silent)
			delete(data, silent)
		}
		if diff := cmp.Diff(record, data); diff != "" {
			o.t.Errorf("data of the last event (-API +event):\n%s", diff)
		}
	}
	return len(got)
}

// TestEventsFollowTheRecords checks that a subscription gets an event for each stored record and for each later change.
// One subscription is created before the records are stored, and one afterwards.
func TestEventsFollowTheRecords(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		r := newReceiver(t)
		s := o.subscribe(r.URL, nil, "transaction.*", "account.*", "pull.failed")
		if !strings.HasPrefix(text(s, "secret"), "whsec_") || s["state"] != "active" || s["position"] != "0" {
			t.Errorf("the new subscription is %v", s)
		}
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		rows := slices.SortedFunc(maps.Values(o.rows(id)), func(x, y object) int {
			return strings.Compare(text(x, "externalId"), text(y, "externalId"))
		})
		has := func(id, kind string) func() bool {
			return func() bool { return r.last()[id]["type"] == "studio.lerian.discovery."+kind }
		}
		o.delivered(s, "the first events", func() bool { return has(text(rows[0], "id"), "transaction.added")() })
		late := newReceiver(t)
		all := o.subscribe(late.URL, object{"fromStart": true, "connectionId": id}, "transaction.added")
		b.edit(t, text(rows[0], "externalId"))
		o.announce(b, hook, "updated", text(rows[0], "externalId"))
		o.waitForSuccess(id)
		o.announce(b, hook, "deleted", text(rows[1], "externalId"))
		o.waitForSuccess(id)
		o.delivered(s, "the edit", has(text(rows[0], "id"), "transaction.modified"))
		o.delivered(s, "the removal", has(text(rows[1], "id"), "transaction.removed"))
		sent := o.checkEvents(s, r)
		for _, row := range rows {
			if r.last()[text(row, "id")] == nil {
				t.Errorf("no event of %v", row["id"])
			}
		}
		o.delivered(all, "all records", func() bool { return len(late.last()) >= len(rows) })
		for _, e := range late.got() {
			if e["type"] != "studio.lerian.discovery.transaction.added" {
				t.Errorf("an event of type %v", e["type"])
			}
		}
		attempts := o.pages(subscriptions+"/"+text(s, "id")+"/attempts", 50)
		if len(attempts) < sent || attempts[0]["delivered"] != true {
			t.Errorf("%d attempts of %d events, the first one %v", len(attempts), sent, attempts[0])
		}
	})
}

// TestTheLifeOfASubscription checks that a subscription can be changed, paused, tested, replayed and deleted.
func TestTheLifeOfASubscription(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := banks(t)[0]
		o, id, hook := connectAndPull(t, w, b)
		r := newReceiver(t)
		s := o.subscribe(r.URL, nil, "transaction.*")
		one := subscriptions + "/" + text(s, "id")
		add := func() string {
			t.Helper()
			external := b.add(t)
			o.announce(b, hook, "created", external)
			o.waitForSuccess(id)
			return external
		}
		add()
		o.delivered(s, "one event", func() bool { return len(r.got()) == 1 })
		if list := o.pages(subscriptions, 1); len(list) != 1 || list[0]["secret"] != nil {
			t.Errorf("the list is %v", list)
		}
		if got := o.send(http.MethodPost, one+"/test", nil).want(200).json(); got["delivered"] != true {
			t.Errorf("the test is %v", got)
		}
		if e := r.got()[1]; e["type"] != "studio.lerian.discovery.subscription.test" || e["sequence"] != nil {
			t.Errorf("the test event is %v", e)
		}
		r.set(http.StatusGone)
		got := o.send(http.MethodPost, one+"/test", nil).want(200).json()
		if got["delivered"] != false || got["reason"] != "sink_refused" {
			t.Errorf("the failed test is %v", got)
		}
		r.set(http.StatusNoContent)

		o.send(http.MethodPost, one+"/pause", nil).want(200)
		add()
		time.Sleep(300 * time.Millisecond)
		if n := len(r.got()); n != 2 {
			t.Errorf("%d events after a pause", n)
		}
		if p := o.subscription(s); p["state"] != "paused" || p["position"] != "1" {
			t.Errorf("the paused subscription is %v", p)
		}
		o.send(http.MethodPost, one+"/resume", nil).want(200)
		o.delivered(s, "the event of the pause", func() bool { return len(r.got()) == 3 })

		o.send(http.MethodPost, one+"/replay", object{"from": "1"}).want(200)
		o.delivered(s, "the replay", func() bool { return len(r.got()) == 5 })
		recorded := r.got()
		slices.SortFunc(
			recorded[3:],
			func(x, y object) int { return strings.Compare(text(x, "sequence"), text(y, "sequence")) },
		)
		for i, pair := range [][2]object{{recorded[0], recorded[3]}, {recorded[2], recorded[4]}} {
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				t.Errorf("replayed event %d (-first +again):\n%s", i, diff)
			}
		}
		for _, from := range []string{"0", "4", "x", "99999999999999999999"} {
			o.send(http.MethodPost, one+"/replay", object{"from": from}).problem(400, "MTCH-0001", "body.from")
		}

		tag := o.get(one).want(200).header.Get("ETag")
		other := newReceiver(t)
		change := object{"name": "books", "types": []string{"transaction.added"}, "sink": object{
			"kind": "webhook", "url": other.URL,
		}}
		o.send(http.MethodPut, one, change, `If-Match: "99"`).problem(412, "MTCH-0020")
		o.send(http.MethodPut, one, change, "If-Match: "+tag).want(200)
		add()
		o.delivered(s, "an event at the new address", func() bool { return len(other.got()) == 1 })

		rotated := o.send(http.MethodPost, one+"/secret", nil, "Idempotency-Key: rotate").want(200).json()
		o.send(http.MethodPost, one+"/secret", nil, "Idempotency-Key: rotate").problem(409, "MTCH-0021")
		o.send(http.MethodPost, one+"/test", nil).want(200)
		other.mu.Lock()
		secrets := other.requests[len(other.requests)-1].Values("X-Secret")
		other.mu.Unlock()
		if want := []string{text(rotated, "secret"), text(s, "secret")}; !slices.Equal(secrets, want) {
			t.Errorf("%d secrets sign, want 2", len(secrets))
		}
		o.send(http.MethodDelete, one, nil).want(204)
		o.send(http.MethodDelete, one, nil).problem(404, "MTCH-0005")
		o.get(one).problem(404, "MTCH-0005")
		o.get(one+"/attempts").problem(404, "MTCH-0005")
	}, withPlainSink)
}

func TestSubscriptionsAreValidated(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		body := func(types []string, kind string, more object) object {
			b := object{"name": "ledger", "types": types, "sink": object{"kind": kind, "url": "http://127.0.0.1:1/"}}
			maps.Copy(b, more)
			return b
		}
		all := []string{"transaction.*"}
		o.send(http.MethodPost, subscriptions, body([]string{"transaction.*", "nothing.*"}, "webhook", nil)).
			problem(400, "MTCH-0001", "body.types[1]")
		o.send(http.MethodPost, subscriptions, body(nil, "webhook", nil)).problem(400, "MTCH-0001", "body.types")
		o.send(http.MethodPost, subscriptions, body(all, "pigeon", nil)).problem(400, "MTCH-0001", "body.sink.kind")
		o.send(http.MethodPost, subscriptions, body(all, "rabbitmq", nil)).
			problem(400, "MTCH-0001", "body.sink.exchange", "body.sink.url")
		o.send(http.MethodPost, subscriptions, body(all, "webhook", object{"sink": object{
			"kind": "webhook", "url": "http://169.254.169.254/latest",
		}})).problem(400, "MTCH-0001", "body.sink.url")
		o.send(http.MethodPost, subscriptions, body(all, "webhook", object{
			"connectionId": "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01",
		})).problem(404, "MTCH-0201")
		for _, id := range []string{"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01", "x"} {
			o.send(http.MethodPost, subscriptions, body(all, "webhook", object{"accountId": id})).
				problem(404, "MTCH-0005")
		}
		s := o.subscribe("http://127.0.0.1:1/", nil, "transaction.*")
		other := w.operator(t)
		for method, path := range map[string]string{
			http.MethodGet: "", http.MethodDelete: "", http.MethodPost: "/pause",
		} {
			other.send(method, subscriptions+"/"+text(s, "id")+path, nil).problem(404, "MTCH-0005")
		}
		key := "Idempotency-Key: subscribe"
		o.send(http.MethodPost, subscriptions, body(all, "webhook", nil), key).want(201)
		o.send(http.MethodPost, subscriptions, body(all, "webhook", nil), key).problem(409, "MTCH-0021")
	})
}

// TestASubscriptionToAnAccountGetsOnlyItsEvents checks new events, those that wait, and those that are sent again.
func TestASubscriptionToAnAccountGetsOnlyItsEvents(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		account := text(o.bankAccount(id), "id")
		own, other := map[string]object{}, map[string]object{}
		for _, row := range o.rows(id) {
			if row["accountId"] == account {
				own[text(row, "id")] = row
			} else {
				other[text(row, "id")] = row
			}
		}
		if len(own) == 0 || len(other) == 0 {
			t.Fatalf("%d records of the account, %d of others", len(own), len(other))
		}
		r := newReceiver(t)
		scope := object{"accountId": account, "connectionId": id, "fromStart": true}
		s := o.subscribe(r.URL, scope, "transaction.*", "account.*", "connection.*", "pull.*")
		path := subscriptions + "/" + text(s, "id")
		if s["accountId"] != account || o.subscription(s)["accountId"] != account ||
			o.pages(subscriptions, 20)[0]["accountId"] != account {
			t.Errorf("the subscription is %v", s)
		}
		all := func() bool { return len(r.last()) == len(own)+1 } // and the account
		o.delivered(s, "all records of the account", all)
		o.send(http.MethodPost, path+"/pause", nil).want(200)
		for _, rows := range []map[string]object{other, own} {
			for _, row := range rows {
				b.edit(t, text(row, "externalId"))
				o.announce(b, hook, "updated", text(row, "externalId"))
				o.waitForSuccess(id)
				break
			}
		}
		o.send(http.MethodPost, path+"/resume", nil).want(200)
		o.delivered(s, "the edit", func() bool {
			return slices.ContainsFunc(r.got(), func(e object) bool {
				return e["type"] == "studio.lerian.discovery.transaction.modified"
			})
		})
		sent := len(r.got())
		o.send(http.MethodPost, path+"/replay", object{"from": "1"}).want(200)
		o.delivered(s, "the replay", func() bool { return len(r.got()) >= 2*sent })
		for _, e := range r.got() {
			if subject := text(e, "subject"); own[subject] == nil && subject != account {
				t.Errorf("event %v of %v", e["type"], subject)
			}
		}
		second := o.connect(banks(t)[0], "second")
		change := object{"name": "ledger", "types": []string{"pull.*"}, "sink": s["sink"], "accountId": account}
		change["connectionId"] = second
		o.send(http.MethodPut, path, change).problem(404, "MTCH-0005")
		change["connectionId"] = id
		if got := o.send(http.MethodPut, path, change).want(200).json(); got["accountId"] != account {
			t.Errorf("after a change: %v", got)
		}
		delete(change, "accountId")
		if got := o.send(http.MethodPut, path, change).want(200).json(); got["accountId"] != nil {
			t.Errorf("without the account: %v", got)
		}
	})
}

// TestAHangingSinkDelaysNothingElse checks that an endpoint that does not respond delays neither pulls nor the events
// of other subscriptions.
func TestAHangingSinkDelaysNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		pace.Within(t, 14*time.Second, func() time.Duration { return w.delayedByHangingSink(t) })
	})
}

// delayedByHangingSink returns the time until a subscription has received the events of a pull, while the endpoint of
// another subscription does not respond.
func (w *env) delayedByHangingSink(t *testing.T) time.Duration {
	t.Helper()
	b := banks(t)[0]
	o := w.operator(t)
	hanging, healthy := newReceiver(t), newReceiver(t)
	hanging.set(0)
	stuck := o.subscribe(hanging.URL, nil, "transaction.*")
	s := o.subscribe(healthy.URL, nil, "transaction.*")
	id := o.connect(b, "main")
	hook := o.mint(b, "main")
	o.announce(b, hook, "all")
	started := time.Now()
	o.waitForSuccess(id)
	rows := len(o.rows(id))
	o.delivered(s, "the events of the other subscription", func() bool { return len(healthy.last()) == rows })
	took := time.Since(started)
	eventually(t, "the events that wait for the hanging endpoint", func() bool {
		return o.subscription(stuck)["waiting"] == float64(rows)
	})
	hanging.CloseClientConnections()
	hanging.set(http.StatusOK)
	eventually(t, "the delayed events", func() bool { return len(hanging.last()) == rows })
	return took
}

// TestTheSecretsOfSubscriptionsDoNotLeak checks that neither the password and the query in a sink's URL nor the signing
// secrets, old or rotated, appear in responses, logs, metrics or the database.
func TestTheSecretsOfSubscriptionsDoNotLeak(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const canary, canaryQuery = "canary-sink-password-8b4", "canary-sink-query-9c5"
		o := w.operator(t)
		r := newReceiver(t)
		url := strings.Replace(r.URL, "http://", "http://user:"+canary+"@", 1) + "/events?token=" + canaryQuery
		s := o.send(http.MethodPost, subscriptions, object{
			"name": "ledger", "types": []string{"transaction.*"}, "sink": object{"kind": "webhook", "url": url},
		}).want(201)
		created := s.json()
		one := subscriptions + "/" + text(created, "id")
		o.send(http.MethodPost, one+"/test", nil).want(200)
		rotated := o.send(http.MethodPost, one+"/secret", nil).want(200)
		o.get(one).want(200)
		o.get(subscriptions).want(200)
		shown := text(created["sink"].(object), "url")
		if !strings.HasSuffix(shown, "/events?…") {
			t.Errorf("the URL is shown as %s", shown)
		}
		change := func(url string) response {
			return o.send(http.MethodPut, one, object{
				"name": "books", "types": []string{"transaction.*"}, "sink": object{"kind": "webhook", "url": url},
			})
		}
		change(shown).want(200)
		change(strings.Replace(shown, "127.0.0.1", "localhost", 1)).problem(400, "MTCH-0001", "body.sink.url")
		o.send(http.MethodPost, one+"/test", nil).want(200)
		r.set(http.StatusInternalServerError)
		o.send(http.MethodPost, one+"/test", nil).want(200)
		r.mu.Lock()
		for i, header := range r.requests {
			if r.queries[i] != "token="+canaryQuery {
				t.Errorf("a request with the query %q", r.queries[i])
			}
			if user := header.Get("Authorization"); !strings.HasPrefix(user, "Basic ") {
				t.Errorf("a request without the password: %v", header)
			}
		}
		r.mu.Unlock()
		secrets := map[string]string{
			"password": canary, "query": canaryQuery, "secret": strings.TrimPrefix(text(created, "secret"), "whsec_"),
			"rotated secret": strings.TrimPrefix(text(rotated.json(), "secret"), "whsec_"),
		}
		search(t, "the first answer", map[string]string{"password": canary, "query": canaryQuery}, string(s.raw))
		metrics := httptest.NewRecorder()
		telemetry.Admin(w.app.Metrics).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		for where, text := range map[string]string{
			"answers": w.responses.String(), "log": w.log.String(), "metrics": metrics.Body.String(),
			"database": w.dump(t),
		} {
			search(t, where, secrets, text)
		}
	}, withPlainSink)
}
