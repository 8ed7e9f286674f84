package blackbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// drainTime is the documented time limit within which a stopped process ends.
const drainTime = 15 * time.Second

// requestTimeout is the maximum time for which a process that is being stopped waits for requests in progress.
const requestTimeout = 5 * time.Second

// handBackTime is the maximum time that another process may take to store the remaining rows of a pull that was handed
// back. It is shorter than the lease of a pull. A pull that is not handed back can be continued only when the lease has
// expired.
const handBackTime = 10 * time.Second

const killed = syscall.SIGKILL

// A process that is stopped under load must respond to every request that it has received, and must not lose
// anything that it has accepted. During the shutdown, /readyz must report that it is not ready.
func TestShutdownUnderLoadDropsNothing(t *testing.T) {
	for name, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			pace.Within(t, drainTime, func() time.Duration { return shutdown(t, newEnv(t, at(t))) })
		})
	}
}

// shutdown stops a process under load, and returns the time until it ended.
func shutdown(t *testing.T, h *env) time.Duration {
	t.Helper()
	first := h.serve()
	first.ready()
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60), newBelvo(t, 4, 60)}
	for _, l := range links {
		l.connect(h, first)
	}
	current := &currentProcess{p: first}
	tr := newTraffic(links, current.get)
	load, stop := context.WithCancel(context.Background())
	answers := readers(load, h, current.get, links)
	ended := make(chan struct{})
	seed := seedOf(t)
	go func() {
		defer close(ended)
		tr.run(load, seed, 20*time.Millisecond)
	}()
	time.Sleep(time.Second)
	unready := watchReadiness(first)
	code, took := first.stop()
	if code != 0 {
		t.Errorf("the exit code is %d after %v:\n%s", code, took, first.log())
	}
	if !<-unready {
		t.Error("/readyz never answered 503 while draining")
	}
	second := h.serve()
	second.ready()
	current.set(second)
	stop()
	<-ended
	got := answers()
	tr.waitForPulls(t, h, second, waitTimeout)
	v := tr.compareAll(t, h, second)
	for _, seen := range []map[int]int{tr.statuses, got} {
		for status := range seen {
			if status >= 500 || status == dropped {
				t.Errorf("answers: %s", formatStatuses(seen))
			}
		}
	}
	t.Logf("stopped within %.2f s: %+v, seed %d", took.Seconds(), v, seed)
	return took
}

// watchReadiness polls /readyz until the status is 503 or the process has ended. It then sends a value to the returned
// channel: true if the status was 503, and otherwise false.
func watchReadiness(p *process) <-chan bool {
	seen := make(chan bool, 1)
	go func() {
		for {
			select {
			case <-p.ended:
				seen <- false
				return
			default:
			}
			if p.status("/readyz") == http.StatusServiceUnavailable {
				seen <- true
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return seen
}

// A request that is waiting for the vendor when the process is stopped must still get its response.
func TestShutdownAnswersWaitingRequests(t *testing.T) {
	pace.Within(t, drainTime, func() time.Duration { return answerWaitingRequest(t) })
}

// answerWaitingRequest stops a process while a request waits, and returns the time until it ended.
func answerWaitingRequest(t *testing.T) time.Duration {
	t.Helper()
	h := newEnv(t, "")
	p := h.serve()
	p.ready()
	l := newBelvo(t, 1, 5)
	l.connect(h, p)
	vendor, account, _, _, _ := l.connectionValues()
	l.delayResponses(3 * time.Second)
	type waiter struct {
		a   response
		err error
	}
	waits := make(chan waiter, 1)
	go func() {
		a, err := h.try(context.Background(), p, http.MethodPost, surface+"/aggregator-connections/test",
			object{"vendor": vendor, "configName": vendor + "-" + account})
		waits <- waiter{a, err}
	}()
	eventually(t, waitTimeout, "call at the vendor", func() bool { return l.delayedRequests() > 0 })
	code, took := p.stop()
	w := <-waits
	if w.err != nil || w.a.status != http.StatusOK || w.a.body["healthy"] != true {
		t.Errorf("the waiting request got %d %s, %v", w.a.status, w.a.raw, w.err)
	}
	if code != 0 {
		t.Errorf("the exit code is %d after %v", code, took)
	}
	return took
}

// A long poll that is waiting when the process is stopped must get its response, an empty page, immediately, so that it
// does not delay the shutdown.
func TestShutdownAnswersLongPolls(t *testing.T) {
	for name, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			pace.Within(t, requestTimeout, func() time.Duration { return endPolls(t, newEnv(t, at(t))) })
		})
	}
}

// endPolls stops a process while polls wait, and returns the time until it ended.
func endPolls(t *testing.T, h *env) time.Duration {
	t.Helper()
	const feed = "/transactions/changes"
	p := h.serve()
	p.ready()
	at := text(h.call(p, http.MethodGet, feed, nil, http.StatusOK), "nextCursor")
	const readers = 3
	polls, sent := make(chan response), make(chan struct{}, readers)
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} },
	})
	for range readers {
		go func() {
			a, _ := h.try(ctx, p, http.MethodGet, surface+feed+"?wait=30s&cursor="+at, nil)
			polls <- a
		}()
	}
	waits := func(until <-chan struct{}) {
		select {
		case a := <-polls:
			t.Fatalf("a poll did not wait: %d %s", a.status, a.raw)
		case <-until:
		}
	}
	for range readers {
		waits(sent)
	}
	received, cancel := context.WithTimeout(ctx, 500*time.Millisecond) // time for the process to receive the requests
	defer cancel()
	waits(received.Done())
	code, took := p.stop()
	if code != 0 {
		t.Errorf("the exit code is %d after %v", code, took)
	}
	second := h.serve()
	second.ready()
	for range readers {
		a := <-polls
		if a.status != http.StatusOK || len(listed(a.body)) != 0 {
			t.Errorf("a poll got %d %s", a.status, a.raw)
			continue
		}
		h.call(second, http.MethodGet, feed+"?cursor="+text(a.body, "nextCursor"), nil, http.StatusOK)
	}
	t.Logf("stopped within %.2f s", took.Seconds())
	return took
}

// A client requests the change feed repeatedly, without a pause. During a graceful stop, it can make only a few
// requests: the process closes the connection after each response, and accepts no new connection.
func TestShutdownDisconnectsFollowers(t *testing.T) {
	pace.Within(t, requestTimeout, func() time.Duration { return disconnectFollowers(t) })
}

// disconnectFollowers stops a process to which clients send requests in a loop, and returns the time until it ended.
func disconnectFollowers(t *testing.T) time.Duration {
	t.Helper()
	h := newEnv(t, "")
	p := h.serve()
	p.ready()
	const feed = "/transactions/changes"
	at := text(h.call(p, http.MethodGet, feed, nil, http.StatusOK), "nextCursor")
	const followers = 3
	counts := make(chan int, followers)
	started := make(chan struct{}, followers)
	for range followers {
		go func() {
			keepAlive := &http.Client{Transport: &http.Transport{}}
			defer keepAlive.CloseIdleConnections()
			started <- struct{}{}
			counts <- h.follow(keepAlive, p.baseURL()+surface+feed+"?wait=30s&cursor="+at)
		}()
	}
	for range followers {
		<-started
	}
	time.Sleep(500 * time.Millisecond) // the polls must reach the process before it is stopped
	code, took := p.stop()
	if code != 0 {
		t.Errorf("the exit code is %d after %v", code, took)
	}
	for range followers {
		if requests := <-counts; requests >= 10 {
			t.Errorf("a follower made %d requests during the stop, want fewer than 10", requests)
		}
	}
	return took
}

// follow requests the address repeatedly until a request fails, and returns the number of requests. A failed request is
// expected when the process stops. The test fails if a status is not 200. It also fails if a request succeeds after a
// response with Connection: close.
func (h *env) follow(with *http.Client, address string) int {
	closed := false
	for requests := 1; ; requests++ {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		if err != nil {
			h.t.Error(err)
			return requests
		}
		request.Header.Set("Authorization", "Bearer "+h.token)
		response, err := with.Do(request)
		if err != nil {
			return requests
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if closed {
			h.t.Error("the process accepted a connection after it had closed one with Connection: close")
		}
		if closed = response.Close; response.StatusCode != http.StatusOK {
			h.t.Errorf("a follower got %s", response.Status)
			return requests
		}
	}
}

// When a process is stopped, it must hand back a pull that is waiting for a response of the vendor, and another process
// must continue that pull without a delay.
func TestShutdownHandsAHangingPullBack(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"another that already runs": true, "another that starts later": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pace.Within(t, handBackTime, func() time.Duration { return handBack(t, early) })
		})
	}
}

// handBack stops a process while its pull hangs, and returns the time that another process then takes to store the
// remaining rows. If early is set, the other process runs before the stop.
func handBack(t *testing.T, early bool) time.Duration {
	t.Helper()
	h := newEnv(t, newDatabase(t).url)
	first := h.serve()
	first.ready()
	l := newPluggy(t, 1, 60)
	l.connect(h, first)
	startHalfReadPull(t, h, l, first)
	var second *process
	if early {
		second = h.serve()
		second.ready()
	}
	code, took := first.stop()
	stopped := time.Now()
	l.clearFaults()
	if code != 0 {
		t.Errorf("the exit code is %d after %v:\n%s", code, took, first.log())
	}
	if !early {
		second = h.serve()
		second.ready()
	}
	path := "/aggregator-connections/" + l.id + "/transactions"
	eventually(t, waitTimeout, "pull taken up", func() bool { return len(h.all(second, path)) == len(l.facts) })
	waited := time.Since(stopped)
	t.Logf("stopped within %.1f s, taken up and done %.2f s later", took.Seconds(), waited.Seconds())
	return waited
}
