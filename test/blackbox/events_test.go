package blackbox_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

// eventLog is what the destination of a subscription to all transactions has received.
type eventLog struct {
	id string // of the subscription

	mu        sync.Mutex
	received  int
	ids       map[int]string // by sequence
	first     map[string]int // the highest sequence of each record that was received for the first time
	versions  map[string]float64
	added     map[string]string // the sequence of the event that added a record
	violation string
}

// newEventLog subscribes a sink to all transactions.
func (h *env) newEventLog(p *process, sink object) *eventLog {
	status := h.call(p, http.MethodPost, "/subscriptions", object{
		"name": "crash", "types": []string{"transaction.*"}, "fromStart": true, "sink": sink,
	}, http.StatusCreated)
	return &eventLog{
		id: text(status, "id"), ids: map[int]string{}, first: map[string]int{}, versions: map[string]float64{},
		added: map[string]string{},
	}
}

// receive receives an event, and checks its order.
func (l *eventLog) receive(body []byte) {
	var event struct {
		ID, Type, Subject, Sequence string
		Data                        struct{ Version float64 }
	}
	err := json.Unmarshal(body, &event)
	n, failed := strconv.Atoi(event.Sequence)
	l.mu.Lock()
	defer l.mu.Unlock()
	known, again := l.ids[n]
	switch {
	case err != nil || failed != nil || n < 1:
		l.violation = "an event that is not valid"
	case again && known != event.ID:
		l.violation = "two ids for sequence " + event.Sequence
	case !again && n < l.first[event.Subject]:
		l.violation = "the events of " + event.Subject + " do not ascend"
	case event.Data.Version < l.versions[event.Subject]:
		l.violation = "the versions of " + event.Subject + " do not ascend"
	}
	if event.Type == "studio.lerian.discovery.transaction.added" {
		if l.added[event.Subject] != "" && l.added[event.Subject] != event.Sequence {
			l.violation = event.Subject + " was added twice"
		}
		l.added[event.Subject] = event.Sequence
	}
	l.received++
	l.ids[n], l.versions[event.Subject] = event.ID, event.Data.Version
	l.first[event.Subject] = max(l.first[event.Subject], n)
}

// count returns the number of events that were received.
func (l *eventLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received
}

// missing returns the number of records whose last event was not received, and of those without the event that adds
// them. want contains the versions of all records by their ids.
func (l *eventLog) missing(want map[string]float64) (last, added int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, version := range want {
		switch {
		case l.versions[id] < version:
			last++
		case l.added[id] == "":
			added++
		}
	}
	return last, added
}

// check waits until all events are delivered, and checks that each record of the feed was received in its present
// version and that no sequence is missing. It calls receive, which may be nil, while it waits. It logs how many events
// were received more than once.
func (l *eventLog) check(t testing.TB, h *env, p *process, receive func()) {
	h.call(p, http.MethodPost, "/subscriptions/"+l.id+"/pause", nil, http.StatusOK)
	h.call(p, http.MethodPost, "/subscriptions/"+l.id+"/resume", nil, http.StatusOK) // makes retries due
	want := map[string]float64{}
	for cursor := ""; ; {
		page := h.call(p, http.MethodGet, "/transactions/changes?limit=1000"+cursor, nil, http.StatusOK)
		for _, item := range page["items"].([]any) {
			record := item.(object)["transaction"].(object)
			want[text(record, "id")] = record["version"].(float64)
		}
		cursor = "&cursor=" + text(page, "nextCursor")
		if page["hasMore"] == false {
			break
		}
	}
	status := func() object { return h.call(p, http.MethodGet, "/subscriptions/"+l.id, nil, http.StatusOK) }
	defer func() {
		if t.Failed() {
			last, added := l.missing(want)
			t.Logf("%d records without their last event, %d without the one that adds them; the subscription: %v",
				last, added, status())
		}
	}()
	eventually(t, waitTimeout, "all events", func() bool {
		if receive != nil {
			receive()
		}
		last, added := l.missing(want)
		return last+added == 0 && status()["waiting"] == 0.0
	})
	last, _ := strconv.Atoi(text(status(), "lastSequence"))
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range last {
		if l.ids[n+1] == "" {
			t.Errorf("sequence %d of %d was not received", n+1, last)
		}
	}
	if l.violation != "" || len(l.ids) != last {
		t.Errorf("%d sequences of %d; %s", len(l.ids), last, l.violation)
	}
	t.Logf("events: %d of %d records, %d received more than once", last, len(want), l.received-last)
}

// eventEndpoint is an endpoint of webhooks. While it is failing, it refuses a third of the events, and sometimes does
// not answer.
type eventEndpoint struct {
	*httptest.Server
	log *eventLog

	mu      sync.Mutex
	failing bool
	random  *rand.Rand
}

// newEventEndpoint subscribes an endpoint that fails.
func (h *env) newEventEndpoint(t testing.TB, p *process, seed uint64) *eventEndpoint {
	e := &eventEndpoint{failing: true, random: rand.New(rand.NewPCG(seed, 7))}
	e.Server = httptest.NewUnstartedServer(e)
	t.Cleanup(e.Close)
	url := "http://" + e.Listener.Addr().String() + "/events"
	e.log = h.newEventLog(p, object{"kind": "webhook", "url": url})
	e.Start()
	return e
}

// ServeHTTP receives an event.
func (e *eventEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	e.mu.Lock()
	chance := e.random.Float64()
	failing := e.failing
	e.mu.Unlock()
	switch {
	case err != nil: // the service was killed
	case failing && chance < 0.002:
		select {
		case <-r.Context().Done():
		case <-time.After(16 * time.Second):
		}
	case failing && chance < 0.3:
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		e.log.receive(body)
		w.WriteHeader(http.StatusNoContent)
	}
}

// check ends the failures of the endpoint, and checks what it has received.
func (e *eventEndpoint) check(t testing.TB, h *env, p *process) {
	e.mu.Lock()
	e.failing = false
	e.mu.Unlock()
	e.log.check(t, h, p, nil)
}

// mortalBroker is a broker that is killed and restarted. Several tests may use it.
type mortalBroker struct {
	*rabbittest.Broker
	mu    sync.Mutex // held while the broker is killed and restarted
	kills int
}

// crash kills the broker and starts it again. Before that, it does not answer for some time.
func (b *mortalBroker) crash(t testing.TB, hangs time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Pause()
	time.Sleep(hangs)
	b.Kill()
	b.kills++
	if err := b.Restart(); err != nil {
		t.Error(err)
	}
}

// killed returns how often the broker was killed.
func (b *mortalBroker) killed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kills
}

// eventQueue is a queue of a broker that gets the events of a subscription.
type eventQueue struct {
	broker *mortalBroker
	queue  *rabbittest.Queue
	log    *eventLog
}

// newEventQueue subscribes an exchange of the broker.
func (h *env) newEventQueue(t testing.TB, p *process, b *mortalBroker, exchange string) *eventQueue {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &eventQueue{
		broker: b, queue: b.Queue(t, exchange, "#", nil),
		log: h.newEventLog(p, object{"kind": "rabbitmq", "url": b.URL(""), "exchange": exchange}),
	}
}

// check receives the messages of the queue, and checks them.
func (q *eventQueue) check(t testing.TB, h *env, p *process) {
	q.log.check(t, h, p, func() {
		q.broker.mu.Lock()
		defer q.broker.mu.Unlock()
		for _, message := range q.queue.Take(t) {
			q.log.receive(message.Body)
		}
	})
}
