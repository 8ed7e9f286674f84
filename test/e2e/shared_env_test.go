package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// backends maps the name of each backend of the service to a function that returns the DATABASE_URL
// of an empty store. TestMain adds citus if there is a Citus cluster.
var backends = map[string]func(testing.TB) string{
	"sqlite":   harness.SQLite,
	"postgres": pgtest.DSN,
}

// citus is the backend whose tables are distributed over a Citus cluster.
const citus = "citus"

// each runs body as a subtest on every backend. Tests without changes share environments, and each
// test uses its own tenant, because opening an environment takes longer than most tests. A test with
// changes gets its own environment on each backend.
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
						t.Logf("errors in the log of %s: %v", backend, w.log.linesWith(`"level":"error"`))
					}
				})
				body(t, w)
				return
			}
			body(t, open(t, backend, dsn(t), changes...))
		})
	}
}

// environments is the number of shared environments per backend. All tests in one SQLite
// environment share its single writer. There are several environments because a test must not
// wait for the writer longer than the request timeout.
const environments = 3

// common contains the shared environments. Every test that uses a shared environment calls enter before it runs in
// parallel with other tests, so that leave can detect when the last of these tests has ended.
var common = sharedEnvs{envs: map[string]*sharedEnv{}}

type sharedEnvs struct {
	mu    sync.Mutex
	users int
	envs  map[string]*sharedEnv
}

// sharedEnv is an environment that several tests share. The environment is opened with sharedEnv as its testing.TB, so
// it stays open when the test that opened it ends.
type sharedEnv struct {
	testing.TB
	once sync.Once
	env  *env

	mu   sync.Mutex
	ends []func()
}

// Cleanup registers a function that is called when no test uses the environment any more.
func (r *sharedEnv) Cleanup(end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, end)
}

// Context returns a context that is not canceled at the end of the test.
func (r *sharedEnv) Context() context.Context { return context.Background() }

// TempDir creates and returns a folder, which is removed when no test uses the environment any more.
func (r *sharedEnv) TempDir() string { return datadir.New(r) }

// enter registers a test as a user of the environments and returns the test's number.
func (h *sharedEnvs) enter(t *testing.T) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users++
	t.Cleanup(func() { h.leave(t) })
	return h.users
}

// leave is called at the end of each test. After the last test it closes all environments.
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
	r.once.Do(func() { r.env = open(r, backend, backends[backend](r)) })
	if r.env == nil {
		t.Fatal("the shared environment did not open")
	}
	return r.env
}
