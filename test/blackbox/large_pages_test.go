package blackbox_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const (
	largePageConnections = 8
	largePageRows        = 125
	largeRowBytes        = 96 << 10
	// maxMemoryOfPulls is the maximum resident memory, in bytes, while one tenant is active.
	maxMemoryOfPulls = (100 + 64) << 20
)

// The pulls of eight connections of one tenant read pages of about 12 MiB at the same time, as many pulls as the tenant
// may run. The process must hold only as many pages as the tenant's share of the memory allows, and must store
// all rows.
func TestPullsOfLargePagesHoldLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process can be read only on Linux")
	}
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			h := newEnv(t, database(t))
			p := h.serve()
			p.ready()
			before := residentMemory(t, p)
			ids := h.connectLargeItems(p)
			for _, id := range ids {
				h.call(p, http.MethodPost, "/aggregator-connections/"+id+"/pulls", object{}, http.StatusAccepted)
			}
			peak, waiting := before, ids
			for deadline := time.Now().Add(2 * time.Minute); len(waiting) > 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the pulls of %d connections have not ended", len(waiting))
				}
				peak = max(peak, residentMemory(t, p))
				pull := h.all(p, "/aggregator-connections/"+waiting[0]+"/pulls")[0]
				if status := text(pull, "status"); status == "succeeded" {
					waiting = waiting[1:]
				} else if status == "failed" {
					t.Fatalf("a pull failed: %v", pull)
				}
			}
			for _, id := range ids {
				if n := len(h.all(p, "/aggregator-connections/"+id+"/transactions")); n != largePageRows {
					t.Errorf("a connection has %d transactions, want %d", n, largePageRows)
				}
			}
			if peak > maxMemoryOfPulls {
				t.Errorf("the process used %d MiB, want at most %d MiB", peak>>20, maxMemoryOfPulls>>20)
			}
			t.Logf("memory %d MiB before, at most %d MiB", before>>20, peak>>20)
		})
	}
}

// connectLargeItems starts a vendor whose pages are large, and creates a connection for each of its items. It returns
// the ids of the connections.
func (h *env) connectLargeItems(p *process) (ids []string) {
	h.t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: 1, PageSize: largePageRows})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	server := httptest.NewServer(encodedOnce(sim))
	h.t.Cleanup(server.Close)
	payment := json.RawMessage(`{"reason":"` + strings.Repeat("x", largeRowBytes) + `"}`)
	for range largePageConnections {
		item := sim.AddItem(pluggysim.Item{}).ID
		account := must(sim.AddAccount(pluggysim.Account{ItemID: item}))
		for row := range largePageRows {
			must(sim.AddTransaction(pluggysim.Transaction{
				AccountID:   account.ID,
				Description: "PIX",
				Type:        "DEBIT",
				Amount:      pluggysim.Number("-" + money(100+row)),
				PaymentData: payment,
			}))
		}
		ids = append(ids, text(h.call(p, http.MethodPost, "/aggregator-connections", object{
			"vendor": "pluggy", "configName": item, "baseUrl": server.URL, "accountRef": item,
			"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
		}, http.StatusCreated), "id"))
	}
	return ids
}

// encodedOnce returns a handler that asks the simulator for each page of transactions only once. The race
// detector makes the encoding of large pages so slow that the requests of several pulls would end with a timeout.
func encodedOnce(sim http.Handler) http.Handler {
	var mu sync.Mutex
	pages := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/transactions") {
			sim.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		page := pages[r.URL.String()]
		if page == nil {
			page = httptest.NewRecorder()
			sim.ServeHTTP(page, r)
			if page.Code == http.StatusOK {
				pages[r.URL.String()] = page
			}
		}
		mu.Unlock()
		maps.Copy(w.Header(), page.Header())
		w.WriteHeader(page.Code)
		_, _ = w.Write(page.Body.Bytes())
	})
}
