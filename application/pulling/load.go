package pulling

import (
	"cmp"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// defaultPullWorkers is the number of pull workers if Deps.Workers is 0.
const defaultPullWorkers = 32

// pullLimit returns the limits of the pulls in a process with this number of workers. One tenant uses at most a
// quarter of the workers, but at least one. In addition, tenants without a running pull may run as many pulls as
// there are workers. Many tenants with slow pulls therefore cannot delay another tenant.
func pullLimit(workers int) concurrency.Limit {
	return concurrency.Limit{Total: workers, Tenant: max(1, workers/4), First: workers}
}

// pullLoad limits the pulls that run in this process. It is safe for concurrent use.
type pullLoad struct {
	workers int // number of workers of the queue
	shares  *concurrency.Shares
	looking sync.Mutex // held while RunWaitingPull looks for a pull and claims it

	mu       sync.Mutex
	occupied int       // number of calls of RunPull that run a pull or wait for a share
	lookedAt time.Time // when RunWaitingPull last found no waiting pull
}

// lookInterval is how long RunWaitingPull does not look for a waiting pull after it has found none. Each look is a
// query of the store, and many reserved workers look one after the other.
const lookInterval = 200 * time.Millisecond

func newPullLoad(workers int) *pullLoad {
	workers = cmp.Or(workers, defaultPullWorkers)
	return &pullLoad{workers: workers, shares: concurrency.NewShares(pullLimit(workers), "")}
}

// occupy counts a call of RunPull that runs a pull or waits for a share. The caller must call end afterwards.
func (l *pullLoad) occupy() (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.occupied++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.occupied--
	}
}

// mayLook reports whether RunWaitingPull may look for a waiting pull now. All of these conditions must be true:
//   - Every worker of the queue is occupied. A worker that is still claiming its pull is not occupied, because
//     RunWaitingPull could claim the same pull.
//   - A further pull may run.
//   - The last look that found nothing is at least lookInterval old.
//
// excluded contains the tenants that may not run a further pull.
func (l *pullLoad) mayLook(now time.Time) (excluded []domain.TenantID, ok bool) {
	excluded, full := l.shares.Exhausted()
	l.mu.Lock()
	defer l.mu.Unlock()
	return excluded, !full && l.occupied >= l.workers && now.Sub(l.lookedAt) >= lookInterval
}

// foundNone records that RunWaitingPull has found no waiting pull.
func (l *pullLoad) foundNone(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lookedAt = now
}
