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
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// backends are the stores of the service, each with a function that returns an empty one.
var backends = map[string]func(testing.TB) string{
	"memory":   func(testing.TB) string { return compose.InMemory },
	"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "discovery.db") },
	"postgres": pgtest.DSN,
}

// each runs the body on every backend. Tests without changes share one environment per
// backend, each as a tenant of its own, because opening one takes longer than most tests. A
// test with changes gets an environment of its own.
func each(t *testing.T, body func(*testing.T, *env), changes ...change) {
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
				w := common.env(t, backend, number%environments)
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

// environments is the number of shared environments per backend: SQLite has one writer, and
// no test may wait for it longer than a request may.
const environments = 3

// common holds the shared environments. Every test that uses one enters before it lets others
// run in parallel, so that the last one to leave knows that it is the last.
var common = sharedEnvs{envs: map[string]*sharedEnv{}}

type sharedEnvs struct {
	mu    sync.Mutex
	users int
	envs  map[string]*sharedEnv
}

// sharedEnv is one shared environment. It replaces the testing.TB of the test that opened it,
// because the end of that test must not close it.
type sharedEnv struct {
	testing.TB
	once  sync.Once
	world *env

	mu   sync.Mutex
	ends []func()
}

// Cleanup registers a function to be called when no test uses the environment any more.
func (r *sharedEnv) Cleanup(end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, end)
}

// Context is not canceled at the end of the test.
func (r *sharedEnv) Context() context.Context { return context.Background() }

// TempDir returns a folder that is removed when no test uses the environment any more.
func (r *sharedEnv) TempDir() string {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// enter registers a test and returns its number.
func (h *sharedEnvs) enter(t *testing.T) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users++
	t.Cleanup(func() { h.leave(t) })
	return h.users
}

// leave closes everything after the last test.
func (h *sharedEnvs) leave(t *testing.T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users--; h.users > 0 {
		return
	}
	for _, r := range h.envs {
		r.TB = t
		for _, end := range slices.Backward(r.ends) {
			end()
		}
	}
	h.envs = map[string]*sharedEnv{}
}

func (h *sharedEnvs) env(t *testing.T, backend string, number int) *env {
	t.Helper()
	h.mu.Lock()
	key := fmt.Sprint(backend, number)
	r := h.envs[key]
	if r == nil {
		r = &sharedEnv{TB: t}
		h.envs[key] = r
	}
	h.mu.Unlock()
	r.once.Do(func() { r.world = open(r, backend, backends[backend](r)) })
	if r.world == nil {
		t.Fatal("the shared environment did not open")
	}
	return r.world
}
