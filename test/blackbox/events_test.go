package blackbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

// eventLog records the events that the destination of one subscription has received. The subscription covers all
// transactions.
type eventLog struct {
	id string // the id of the subscription

	mu            sync.Mutex
	receivedCount int
	ids           map[int]string // the ids of the received events, by sequence number
	first         map[string]int // the highest sequence number received so far for each record
	versions      map[string]float64
	added         map[string]string // the sequence number of the event transaction.added of each record
	violation     string
}

// newEventLog creates a subscription that sends the events of all transactions to a sink. It returns an empty log for
// that subscription.
func (h *env) newEventLog(p *process, sink object) *eventLog {
	status := h.call(p, http.MethodPost, "/subscriptions", object{
		"name": "crash", "types": []string{"transaction.*"}, "fromStart": true, "sink": sink,
	}, http.StatusCreated)
	return &eventLog{
		id: text(status, "id"), ids: map[int]string{}, first: map[string]int{}, versions: map[string]float64{},
		added: map[string]string{},
	}
}

// receive records an event, and checks that the events of each record arrive in order.
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
	l.receivedCount++
	l.ids[n], l.versions[event.Subject] = event.ID, event.Data.Version
	l.first[event.Subject] = max(l.first[event.Subject], n)
}

// missing counts the records whose events were not received. The given map contains the current version of each record,
// by record id. The results are:
//
//   - lastCount: the number of records whose last received version is too old.
//   - added: the number of other records whose event transaction.added was not received.
func (l *eventLog) missing(expected map[string]float64) (lastCount, added int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, version := range expected {
		switch {
		case l.versions[id] < version:
			lastCount++
		case l.added[id] == "":
			added++
		}
	}
	return lastCount, added
}

// check waits until all events are delivered. Each record of the feed must have been received in its current version.
// No sequence number may be missing. While check waits, it calls receive repeatedly; receive may be nil.
func (l *eventLog) check(t testing.TB, h *env, p *process, receive func()) {
	h.call(p, http.MethodPost, "/subscriptions/"+l.id+"/pause", nil, http.StatusOK)
	h.call(p, http.MethodPost, "/subscriptions/"+l.id+"/resume", nil, http.StatusOK) // now all retries are due
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
	t.Logf("events: %d of %d records, %d received more than once", last, len(want), l.receivedCount-last)
}

// eventEndpoint is the webhook endpoint of a subscription. While it is failing, it refuses about 30 % of the events,
// and sometimes does not answer for a long time.
type eventEndpoint struct {
	*httptest.Server
	log      *eventLog
	requests atomic.Int64 // number of requests with an event, including refused ones

	mu      sync.Mutex
	failing bool
	random  *rand.Rand
}

// newEventEndpoint starts an endpoint that is failing, and creates a subscription for it.
func (h *env) newEventEndpoint(t testing.TB, p *process, seed uint64) *eventEndpoint {
	e := &eventEndpoint{failing: true, random: rand.New(rand.NewPCG(seed, 7))}
	e.Server = httptest.NewUnstartedServer(e)
	t.Cleanup(e.Close)
	url := "http://" + e.Listener.Addr().String() + "/events"
	e.log = h.newEventLog(p, object{"kind": "webhook", "url": url})
	e.Start()
	return e
}

// ServeHTTP receives an event, unless it simulates a failure.
func (e *eventEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	e.requests.Add(1)
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

// check makes the endpoint work without failures, and then checks what it has received.
func (e *eventEndpoint) check(t testing.TB, h *env, p *process) {
	e.mu.Lock()
	e.failing = false
	e.mu.Unlock()
	e.log.check(t, h, p, nil)
}

// mortalBroker is a broker that is killed and restarted.
type mortalBroker struct {
	*rabbittest.Broker
	mu    sync.Mutex // held while the broker is killed and restarted
	kills int
}

// crashWhileSending pauses the broker as soon as a message passes the proxy. At this time, the broker has not confirmed
// some messages of the service.
//
// crashWhileSending then returns. A goroutine keeps the broker paused for the given time, and then kills and restarts
// it. The goroutine is registered in the given WaitGroup.
func (b *mortalBroker) crashWhileSending(t testing.TB, p *brokerProxy, hangs time.Duration, crashed *sync.WaitGroup) {
	b.mu.Lock()
	if !p.awaitMessage() {
		b.mu.Unlock()
		t.Errorf("no message to the broker within %v", waitTimeout)
		return
	}
	b.Pause()
	crashed.Go(func() {
		defer b.mu.Unlock()
		time.Sleep(hangs)
		b.Kill()
		b.kills++
		if err := b.Restart(); err != nil {
			t.Error(err)
		}
	})
}

// killed returns the number of times that the broker was killed.
func (b *mortalBroker) killed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kills
}

// brokerProxy is a TCP proxy in front of a broker. It detects when a service publishes messages.
type brokerProxy struct {
	net.Listener
	broker    string        // the address of the broker
	published chan struct{} // an element is sent when the service publishes a message
}

// newBrokerProxy starts a proxy, which ends with the test.
func newBrokerProxy(t testing.TB, b *mortalBroker) *brokerProxy {
	p := &brokerProxy{
		Listener: must(net.Listen("tcp", "127.0.0.1:0")), broker: b.Address(), published: make(chan struct{}, 1),
	}
	t.Cleanup(func() { _ = p.Close() })
	go func() {
		for {
			conn, err := p.Accept()
			if err != nil {
				return
			}
			go p.forward(conn)
		}
	}()
	return p
}

// forward forwards the data of a connection in both directions, until one side closes the connection.
func (p *brokerProxy) forward(service net.Conn) {
	defer func() { _ = service.Close() }()
	broker, err := net.Dial("tcp", p.broker)
	if err != nil {
		return
	}
	go func() {
		defer func() { _ = service.Close() }()
		_, _ = io.Copy(service, broker)
	}()
	defer func() { _ = broker.Close() }()
	_, _ = io.Copy(io.MultiWriter(broker, p), service)
}

// Write receives a copy of the data that a service sends to the broker. Data that contains the media type of an event
// counts as a message.
func (p *brokerProxy) Write(data []byte) (int, error) {
	if bytes.Contains(data, []byte("application/cloudevents+json")) {
		select {
		case p.published <- struct{}{}:
		default:
		}
	}
	return len(data), nil
}

// awaitMessage waits for the next message, and reports whether there was one within waitTimeout.
func (p *brokerProxy) awaitMessage() bool {
	select {
	case <-p.published: // discard the notification of an earlier message
	default:
	}
	select {
	case <-p.published:
		return true
	case <-time.After(waitTimeout):
		return false
	}
}

// eventQueue is a queue of a broker that gets the events of a subscription.
type eventQueue struct {
	broker *mortalBroker
	proxy  *brokerProxy
	queue  *rabbittest.Queue
	log    *eventLog
}

// newEventQueue creates a queue, and a subscription whose sink is the exchange of that queue.
func (h *env) newEventQueue(t testing.TB, p *process, b *mortalBroker, exchange string) *eventQueue {
	b.mu.Lock()
	defer b.mu.Unlock()
	proxy := newBrokerProxy(t, b)
	url := b.URL(proxy.Addr().String())
	return &eventQueue{
		broker: b, proxy: proxy, queue: b.Queue(t, exchange, "#", nil),
		log: h.newEventLog(p, object{"kind": "rabbitmq", "url": url, "exchange": exchange}),
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
