package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// The item and the credential of the demo data.
const (
	demoItem   = pluggysim.DemoItemID
	demoClient = pluggysim.DemoClientID
	demoSecret = pluggysim.DemoClientSecret
)

// itemAlias returns the id of an item with the content of the demo item. Each number results in a different id. The
// service routes a webhook to every connection of its item. Connections that must receive different webhooks therefore
// need different items.
func itemAlias(number int) string { return fmt.Sprintf("%s%04x", demoItem[:len(demoItem)-4], number) }

// itemAliases matches the ids that itemAlias returns.
var itemAliases = regexp.MustCompile(regexp.QuoteMeta(demoItem[:len(demoItem)-4]) + "[0-9a-f]{4}")

// vendor is the simulator of Pluggy. It can cache its pages, so that a measurement does not include
// the time that the simulator needs to encode them.
type vendor struct {
	sim    *pluggysim.Simulator
	origin string
	delay  time.Duration // time to wait before each response
	rows   int           // the total number of transactions of the item

	cached bool
	mu     sync.Mutex
	pages  map[string][]byte
}

// vendor starts a simulator that serves the demo data and the given number of additional rows. If remembers is true,
// the simulator caches its pages, so the data must not change after the first request.
func (b *bench) vendor(ctx context.Context, rows int, remembers bool) (*vendor, error) {
	v := &vendor{sim: pluggysim.New(pluggysim.Options{Seed: 1}), cached: remembers, pages: map[string][]byte{}}
	v.sim.SeedAt(time.Now())
	if rows > 0 {
		if err := v.sim.Generate(pluggysim.DemoBankAccountID, rows); err != nil {
			return nil, err
		}
	}
	for _, account := range []string{pluggysim.DemoBankAccountID, pluggysim.DemoCardAccountID} {
		v.rows += len(v.sim.Transactions(account))
	}
	origin, err := b.listen(ctx, v)
	v.origin = origin
	return v, err
}

// listen serves a handler until the current benchmark section ends, and returns the origin of the server.
func (b *bench) listen(ctx context.Context, handler http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	b.onClose(func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), nil
}

// ServeHTTP answers from the cache if the page is cached, and otherwise with the simulator's response.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(v.delay)
	r.URL.Path = itemAliases.ReplaceAllLiteralString(r.URL.Path, demoItem)
	r.URL.RawQuery = itemAliases.ReplaceAllLiteralString(r.URL.RawQuery, demoItem)
	if !v.cached || r.Method != http.MethodGet || r.URL.Path != "/v2/transactions" {
		v.sim.ServeHTTP(w, r)
		return
	}
	v.mu.Lock()
	page, known := v.pages[r.URL.RawQuery]
	v.mu.Unlock()
	if known {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(page)
		return
	}
	seen := httptest.NewRecorder()
	v.sim.ServeHTTP(seen, r)
	if seen.Code == http.StatusOK {
		v.mu.Lock()
		v.pages[r.URL.RawQuery] = seen.Body.Bytes()
		v.mu.Unlock()
	}
	maps.Copy(w.Header(), seen.Header())
	w.WriteHeader(seen.Code)
	_, _ = w.Write(seen.Body.Bytes())
}
