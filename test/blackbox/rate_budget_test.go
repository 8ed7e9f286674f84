package blackbox_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

var budgetOfReplicas = flag.Bool("replica-budget", false,
	"keep a vendor busy with three processes for three minutes, and kill one of them")

// TestProcessesShareTheVendorsRateBudget pulls fifty connections to one vendor continuously, with three processes on
// one database.
//
//   - The simulated vendor sends a 429 for every request above the real vendor's rate limit. No request may get a 429.
//   - The processes must use at least 85 % of the limit.
//   - After a minute, one process is killed. Twenty seconds later, the other two processes must reach the 85 % again.
func TestProcessesShareTheVendorsRateBudget(t *testing.T) {
	if !*budgetOfReplicas {
		t.Skip("takes three minutes: run it with -replica-budget")
	}
	const connections = 50
	sim := pluggysim.New(pluggysim.Options{Seed: 1, PageSize: 4, RateLimit: pluggysim.RealRateLimit})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	h := newEnv(t, newDatabase(t).url)
	h.settings["PULL_WORKERS"] = "80"
	var all []*process
	for range 3 {
		all = append(all, h.serve())
	}
	for _, p := range all {
		p.ready()
	}
	ctx, stop := context.WithCancel(t.Context())
	var pulling sync.WaitGroup
	for i := range connections {
		item := sim.AddItem(pluggysim.Item{})
		account := must(sim.AddAccount(pluggysim.Account{ItemID: item.ID}))
		check(sim.Generate(account.ID, 32))
		id := text(h.call(all[0], "POST", "/aggregator-connections", object{
			"vendor": "pluggy", "configName": fmt.Sprint("bank ", i), "baseUrl": server.URL, "accountRef": item.ID,
			"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
		}, http.StatusCreated), "id")
		p := all[1+i%2] // not all[0], because the test kills this process
		pulling.Go(func() { pullUntil(ctx, h, p, id) })
	}
	requests := func() int { return sim.Stats().Resources["transactions"].Requests }
	measure := func(what string, length time.Duration) {
		from := requests()
		time.Sleep(length)
		used := float64(requests()-from) / length.Minutes()
		t.Logf("%s: %.1f %% of the limit", what, 100*used/pluggysim.RealRateLimit)
		if used < pluggysim.RealRateLimit*85/100 {
			t.Errorf("%s: only %.0f requests a minute", what, used)
		}
	}
	eventually(t, waitTimeout, "the first page", func() bool { return requests() > 0 })
	measure("three processes, a minute", time.Minute)
	all[0].signal(killed)
	from := requests()
	for begun := time.Now(); time.Since(begun) < 20*time.Second; {
		time.Sleep(5 * time.Second)
		t.Logf("%2.0f s after the kill: %d requests", time.Since(begun).Seconds(), requests()-from)
	}
	measure("two processes, the minute after that", time.Minute)
	stop()
	pulling.Wait()
	for resource, of := range sim.Stats().Resources {
		if of.Limited > 0 {
			t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
		}
	}
}

// pullUntil runs one pull of the connection after another until ctx is done.
func pullUntil(ctx context.Context, h *env, p *process, connection string) {
	for ctx.Err() == nil {
		started, err := h.try(ctx, p, "POST", surface+"/aggregator-connections/"+connection+"/pulls", object{})
		for err == nil && ctx.Err() == nil {
			time.Sleep(500 * time.Millisecond)
			var found response
			if found, err = h.try(ctx, p, "GET", surface+"/pulls/"+text(started.body, "id"), nil); err != nil {
				break
			}
			if state := text(found.body, "status"); state != "queued" && state != "running" {
				break
			}
		}
	}
}
