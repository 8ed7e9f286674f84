package blackbox_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// replicas starts n processes on one empty PostgreSQL database concurrently, so that all of them try to
// migrate it at the same time.
func replicas(t *testing.T, n int) (*env, []*process) {
	t.Helper()
	h := newEnv(t, newDatabase(t).url)
	all := make([]*process, n)
	for i := range all {
		all[i] = h.serve()
	}
	for _, p := range all {
		p.ready()
	}
	return h, all
}

func TestReplicasDoTheSameWorkOnce(t *testing.T) {
	h, all := replicas(t, 3)
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60), newBelvo(t, 4, 60)}
	for _, l := range links {
		l.connect(h, all[0])
	}
	tr := newTraffic(links, alternate(all...))
	// Send each bank's event twelve times at the same time, to all processes in turn.
	var senders sync.WaitGroup
	for _, l := range links {
		body := l.fullPullEvent()
		for range 12 {
			senders.Go(func() { tr.deliver(l, body) })
		}
	}
	senders.Wait()
	tr.waitForPulls(t, h, all[1], waitTimeout)
	for _, l := range links {
		pulls := h.all(all[2], "/aggregator-connections/"+l.id+"/pulls")
		if len(pulls) != 1 || pulls[0]["attempts"] != 1.0 {
			t.Errorf("one event caused %d pulls: %v", len(pulls), pulls)
		}
		// Each page must be requested only once. 60 rows are 3 pages of 25 rows at Pluggy,
		// or 1 page of 100 at Belvo.
		if most := map[bool]int{true: 3, false: 1}[text(pulls[0], "vendor") == "pluggy"]; l.listRequests() > most {
			t.Errorf("the vendor got %d requests for %d pages", l.listRequests(), most)
		}
	}
	seed := seedOf(t)
	tr.runAccepted(t, h, all[1], seed, 3*time.Second, 60*time.Millisecond)
	tr.waitForPulls(t, h, all[1], waitTimeout)
	v := tr.compareAll(t, h, all[2])
	t.Logf("3 processes: %+v, seed %d", v, seed)
}

func TestRevocationAndDeletionApplyToAllReplicas(t *testing.T) {
	h, all := replicas(t, 3)
	ctx := context.Background()
	l, other := newPluggy(t, 1, 5), newBelvo(t, 2, 5)
	l.connect(h, all[0])
	other.connect(h, all[0])
	for i, p := range all {
		for _, known := range []*link{l, other} {
			if status, _ := known.post(ctx, p, known.fullPullEvent()); status != http.StatusAccepted {
				t.Fatalf("process %d answered %d to a good token", i, status)
			}
		}
	}
	tokens := h.all(all[0], "/webhooks/tokens?connectionId="+l.id)
	h.call(all[0], "DELETE", "/webhooks/tokens/"+text(tokens[0], "id"), nil, http.StatusNoContent)
	h.call(all[0], "DELETE", "/aggregator-connections/"+other.id, nil, http.StatusNoContent)
	for i, p := range all {
		if status, _ := l.post(ctx, p, l.fullPullEvent()); status != http.StatusUnauthorized {
			t.Errorf("process %d answered %d to a revoked token", i, status)
		}
		if status, _ := other.post(ctx, p, other.fullPullEvent()); status != http.StatusUnauthorized {
			t.Errorf("process %d answered %d to the token of a deleted connection", i, status)
		}
		h.call(p, "GET", "/aggregator-connections/"+other.id, nil, http.StatusNotFound)
		h.call(p, "GET", "/aggregator-connections/"+other.id+"/transactions", nil, http.StatusNotFound)
		h.call(p, "POST", "/aggregator-connections/"+other.id+"/pulls", object{}, http.StatusNotFound)
	}
}

func TestOtherReplicasFinishThePullsOfAKilledOne(t *testing.T) {
	t.Parallel()
	h, all := replicas(t, 3)
	var links []*link
	for i := range uint64(3) {
		links = append(links, newPluggy(t, 1+i, 60), newBelvo(t, 11+i, 60))
	}
	for _, l := range links {
		l.connect(h, all[0])
	}
	seed := seedOf(t)
	tr := newTraffic(links, alternate(all[1:]...))
	load, stop := context.WithTimeout(context.Background(), 4*time.Second)
	defer stop()
	for _, l := range links {
		tr.deliver(l, l.fullPullEvent())
	}
	time.AfterFunc(1500*time.Millisecond, func() { all[0].signal(killed) })
	tr.run(load, seed, 60*time.Millisecond)
	tr.waitForPulls(t, h, all[1], waitTimeout)
	v := tr.compareAll(t, h, all[2])
	t.Logf("one of 3 killed: %+v, seed %d", v, seed)
}

// During a rolling restart under load, every webhook must get the status 202 and every API call the status 200. Only
// the process that is being stopped may refuse connections. On a busy machine, the database can take longer than the
// service waits for it; the restart is then repeated (pace.Try).
func TestRollingRestartAnswersNoError(t *testing.T) {
	h, all := replicas(t, 3)
	links := []*link{newPluggy(t, 1, 60), newBelvo(t, 2, 60), newPluggy(t, 3, 60)}
	for _, l := range links {
		l.connect(h, all[0])
	}
	var mu sync.Mutex // guards turn and all
	turn := 0
	target := func() *process {
		mu.Lock()
		defer mu.Unlock()
		turn++
		return all[turn%len(all)]
	}
	seed := seedOf(t)
	tr := newTraffic(links, target)
	pace.Try(t, func() error {
		load, stop := context.WithCancel(context.Background())
		answers := readers(load, h, target, links)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			tr.run(load, seed, 40*time.Millisecond)
		}()
		for i := range all {
			time.Sleep(500 * time.Millisecond)
			replaceProcess(t, h, &mu, &all[i])
		}
		stop()
		<-ended
		got := answers()
		tr.waitForPulls(t, h, all[0], waitTimeout)
		late := tr.statuses[http.StatusServiceUnavailable] + got[http.StatusServiceUnavailable]
		for _, status := range []int{refused, http.StatusOK, http.StatusServiceUnavailable} {
			delete(got, status)
			delete(tr.statuses, status)
		}
		if len(tr.statuses) > 0 || len(got) > 0 {
			t.Errorf("statuses besides 202 for webhooks: %v; besides 200 for the API: %v", tr.statuses, got)
		}
		if late > 0 {
			return fmt.Errorf("%d requests got 503", late)
		}
		return nil
	})
	v := tr.compareAll(t, h, all[1])
	t.Logf("3 restarts: %+v, seed %d", v, seed)
}

// replaceProcess starts a process, and stops the one that it replaces. mu guards p.
func replaceProcess(t *testing.T, h *env, mu *sync.Mutex, p **process) {
	t.Helper()
	fresh := h.serve()
	fresh.ready()
	mu.Lock()
	old := *p
	mu.Unlock()
	if code, took := old.stop(); code != 0 {
		t.Errorf("a process ended with %d after %v", code, took)
	}
	mu.Lock()
	*p = fresh
	mu.Unlock()
}

// readers calls the API in the background until ctx is done. The returned function waits for the end of these calls and
// returns the number of responses by status.
func readers(ctx context.Context, h *env, target func() *process, links []*link) func() map[int]int {
	var mu sync.Mutex
	var working sync.WaitGroup
	seen := map[int]int{}
	for _, l := range links {
		path := surface + "/aggregator-connections/" + l.id
		working.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				suffix := []string{"", "/transactions", "/pulls", "/health"}[i%4]
				p := target()
				a, err := h.try(context.Background(), p, http.MethodGet, path+suffix, nil)
				if err != nil {
					a.status = failureStatus(err, p)
				}
				mu.Lock()
				seen[a.status]++
				mu.Unlock()
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	return func() map[int]int { working.Wait(); return seen }
}

// formatStatuses formats the number of responses with each status.
func formatStatuses(seen map[int]int) string {
	var line string
	for _, status := range slices.Sorted(maps.Keys(seen)) {
		line += fmt.Sprintf("%d×%d ", seen[status], status)
	}
	return line
}
