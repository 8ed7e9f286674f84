package blackbox_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// eventWatch is the endpoint of a subscription to all transactions. While it is failing, it refuses a third of the
// events, and sometimes does not answer.
type eventWatch struct {
	*httptest.Server
	id string

	mu        sync.Mutex
	failing   bool
	random    *rand.Rand
	received  int
	ids       map[int]string // by sequence
	first     map[string]int // the highest sequence of each record that was received for the first time
	versions  map[string]float64
	added     map[string]string // the sequence of the event that added a record
	violation string
}

// watchEvents subscribes an endpoint that fails.
func (h *env) watchEvents(t testing.TB, p *process, seed uint64) *eventWatch {
	w := &eventWatch{
		failing: true, random: rand.New(rand.NewPCG(seed, 7)), ids: map[int]string{}, first: map[string]int{},
		versions: map[string]float64{}, added: map[string]string{},
	}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	w.id = text(h.call(p, http.MethodPost, "/subscriptions", object{
		"name": "crash", "types": []string{"transaction.*"}, "fromStart": true,
		"sink": object{"kind": "webhook", "url": w.URL + "/events"},
	}, http.StatusCreated), "id")
	return w
}

// ServeHTTP receives an event.
func (w *eventWatch) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	var event struct {
		ID, Type, Subject, Sequence string
		Data                        struct{ Version float64 }
	}
	err := json.NewDecoder(request.Body).Decode(&event)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing {
		switch chance := w.random.Float64(); {
		case chance < 0.002:
			w.mu.Unlock()
			select {
			case <-request.Context().Done():
			case <-time.After(16 * time.Second):
			}
			w.mu.Lock()
			return
		case chance < 0.3:
			response.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	n, failed := strconv.Atoi(event.Sequence)
	known, again := w.ids[n]
	switch {
	case err != nil || failed != nil || n < 1:
		w.violation = "an event that is not valid"
	case again && known != event.ID:
		w.violation = "two ids for sequence " + event.Sequence
	case !again && n < w.first[event.Subject]:
		w.violation = "the events of " + event.Subject + " do not ascend"
	case event.Data.Version < w.versions[event.Subject]:
		w.violation = "the versions of " + event.Subject + " do not ascend"
	}
	if event.Type == "studio.lerian.discovery.transaction.added" {
		if w.added[event.Subject] != "" && w.added[event.Subject] != event.Sequence {
			w.violation = event.Subject + " was added twice"
		}
		w.added[event.Subject] = event.Sequence
	}
	w.received++
	w.ids[n], w.versions[event.Subject] = event.ID, event.Data.Version
	w.first[event.Subject] = max(w.first[event.Subject], n)
	response.WriteHeader(http.StatusNoContent)
}

// check waits until all events are delivered, and checks that each record of the feed was received in its present
// version and that no sequence is missing. It logs how many events were received more than once.
func (w *eventWatch) check(t testing.TB, h *env, p *process) {
	w.mu.Lock()
	w.failing = false
	w.mu.Unlock()
	h.call(p, http.MethodPost, "/subscriptions/"+w.id+"/pause", nil, http.StatusOK)
	h.call(p, http.MethodPost, "/subscriptions/"+w.id+"/resume", nil, http.StatusOK) // makes retries due
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
	missing := func() (events, added int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for id, version := range want {
			switch {
			case w.versions[id] < version:
				events++
			case w.added[id] == "":
				added++
			}
		}
		return events, added
	}
	status := func() object { return h.call(p, http.MethodGet, "/subscriptions/"+w.id, nil, http.StatusOK) }
	defer func() {
		if t.Failed() {
			events, added := missing()
			t.Logf("%d records without their last event, %d without their first; the subscription: %v", events, added,
				status())
		}
	}()
	eventually(t, waitTimeout, "all events", func() bool {
		events, added := missing()
		return events+added == 0 && status()["waiting"] == 0.0
	})
	last, _ := strconv.Atoi(text(status(), "lastSequence"))
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := range last {
		if w.ids[n+1] == "" {
			t.Errorf("sequence %d of %d was not received", n+1, last)
		}
	}
	if w.violation != "" || len(w.ids) != last {
		t.Errorf("%d sequences of %d; %s", len(w.ids), last, w.violation)
	}
	t.Logf("events: %d of %d records, %d received more than once", last, len(want), w.received-last)
}
