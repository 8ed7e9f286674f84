package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// backends are where the service keeps things, each with how to get an empty one.
var backends = map[string]func(testing.TB) string{
	"memory":   func(testing.TB) string { return compose.InMemory },
	"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "discovery.db") },
	"postgres": pgtest.DSN,
}

// each runs the body on every backend. Tests that change nothing share one world a
// backend, each as tenants of its own, for opening one costs more than most tests; a test
// with changes gets worlds that nobody else sees.
func each(t *testing.T, body func(*testing.T, *world), changes ...change) {
	t.Helper()
	number := 0
	if len(changes) == 0 {
		number = common.enter(t)
	}
	t.Parallel()
	for backend, dsn := range backends {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			if len(changes) == 0 {
				w := common.world(t, backend, number%wings)
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("errors in the log of %s: %v", backend, w.log.having(`"level":"error"`))
					}
				})
				body(t, w)
				return
			}
			body(t, open(t, backend, dsn(t), changes...))
		})
	}
}

// wings is how many shared worlds a backend has: SQLite has one writer, for which a test
// must not wait longer than a request may.
const wings = 3

// common holds the worlds that are shared. Every test that uses one enters before it lets
// others run beside it, so that the last to leave knows to be the last.
var common = house{rooms: map[string]*room{}}

type house struct {
	mu     sync.Mutex
	guests int
	rooms  map[string]*room
}

// room is one shared world. It stands in for the test that opened it, whose end must not
// close it.
type room struct {
	testing.TB
	once  sync.Once
	world *world

	mu   sync.Mutex
	ends []func()
}

// Cleanup keeps the function until the house is empty.
func (r *room) Cleanup(end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, end)
}

// Context outlives the test.
func (r *room) Context() context.Context { return context.Background() }

// TempDir is removed when the house is empty.
func (r *room) TempDir() string {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// enter gives the guest a number.
func (h *house) enter(t *testing.T) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.guests++
	t.Cleanup(func() { h.leave(t) })
	return h.guests
}

// leave closes everything behind the last guest.
func (h *house) leave(t *testing.T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.guests--; h.guests > 0 {
		return
	}
	for _, r := range h.rooms {
		r.TB = t
		for _, end := range slices.Backward(r.ends) {
			end()
		}
	}
	h.rooms = map[string]*room{}
}

func (h *house) world(t *testing.T, backend string, wing int) *world {
	t.Helper()
	h.mu.Lock()
	key := fmt.Sprint(backend, wing)
	r := h.rooms[key]
	if r == nil {
		r = &room{TB: t}
		h.rooms[key] = r
	}
	h.mu.Unlock()
	r.once.Do(func() { r.world = open(r, backend, backends[backend](r)) })
	if r.world == nil {
		t.Fatal("the shared world did not open")
	}
	return r.world
}
