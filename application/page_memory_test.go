package application_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// memoryLedger is a ports.MemoryBudget that records how much memory is held. It refuses all requests once it is
// exhausted.
type memoryLedger struct {
	mu        sync.Mutex
	held      int64
	most      int64
	exhausted bool
}

func (l *memoryLedger) Fail(error) {}

func (l *memoryLedger) Acquire(_ context.Context, _ domain.TenantID, bytes int64) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.exhausted {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.MemoryExhausted, RetryAfter: 3 * time.Second}
	}
	l.held += bytes
	l.most = max(l.most, l.held)
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held -= bytes
	}), nil
}

// heldNow returns the number of bytes that are reserved at present.
func (l *memoryLedger) heldNow() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

func (l *memoryLedger) setExhausted(exhausted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.exhausted = exhausted
}

func withMemory(b ports.MemoryBudget) func(*application.Deps) {
	return func(d *application.Deps) { d.Memory = b }
}

// The memory of a page is reserved before the page is requested, and released when the page is stored, so that a pull
// of any number of pages holds at most three of them.
func TestAPullHoldsMemoryOfFewPages(t *testing.T) {
	const page = 3 * ports.SmallResponse
	ledger := &memoryLedger{}
	e, _ := envRecordingPages(t, withMemory(ledger))
	inOrder := pagesInOrder(largeRows("a", "b"), largeRows("c", "d"), largeRows("e", "f"), largeRows("g", "h"))
	e.vendor.onRead = func(step domain.Step, cursor string) (*ports.VendorPage, error) {
		if ledger.held < page {
			t.Errorf("%d bytes are reserved while a page is read, want at least %d", ledger.held, page)
		}
		return inOrder(step, cursor)
	}
	id := e.requestFullPull(e.createConnection("books"))
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	if ledger.held != 0 || ledger.most > 3*page {
		t.Errorf("%d bytes are held after the pull, at most %d before, want 0 and %d", ledger.held, ledger.most, 3*page)
	}
}

// A pull that gets no memory must be retried later. The attempt must not count, and the connection must stay healthy.
func TestAPullWithoutMemoryIsRetriedLater(t *testing.T) {
	ledger := &memoryLedger{}
	e, _ := envRecordingPages(t, withMemory(ledger))
	c := e.createConnection("books")
	id := e.requestFullPull(c)
	inOrder := pagesInOrder(largeRows("a", "b"), largeRows("c", "d"))
	e.vendor.onRead = func(step domain.Step, cursor string) (*ports.VendorPage, error) {
		ledger.exhausted = true // the second page gets no memory
		return inOrder(step, cursor)
	}
	retryAfter, err := e.RunPull(e.ctx, id)
	e.noError(err)
	p, err := e.GetPull(e.ctx, e.tenant, id)
	e.noError(err)
	if retryAfter != 3*time.Second || p.State != domain.PullQueued || p.Attempts != 0 ||
		p.LastError != domain.MemoryExhausted || p.Progress.Pages != 1 {
		t.Errorf("the pull is %+v, retried after %v", p, retryAfter)
	}
	if ledger.held != 0 {
		t.Errorf("%d bytes are held after the attempt", ledger.held)
	}
	e.vendor.onRead, ledger.exhausted = inOrder, false
	e.clock.pass(retryAfter)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
}

// If a tenant's share of the memory suffices for only one page, the prefetch must wait until the current page is
// stored.
func TestThePrefetchWaitsForTheMemoryOfThePageBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := membudget.New(3 * ports.SmallResponse)
		e, _ := envRecordingPages(t, withMemory(budget), func(d *application.Deps) { d.Go = nil })
		inOrder := pagesInOrder(largeRows("a", "b"), largeRows("c", "d"), largeRows("e", "f"), largeRows("g", "h"))
		e.vendor.onRead = inOrder
		id := e.requestFullPull(e.createConnection("books"))
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if bytes, tenants := budget.Used(); bytes != 0 || tenants != 0 {
			t.Errorf("%d bytes of %d tenants are reserved after the pull", bytes, tenants)
		}
	})
}

// The new rows of a listing are withheld until its end, because each of them may replace a row that the listing lacks.
// A vendor chooses their size, so their memory must be reserved, too.
func TestTheWithheldRowsOfAPullReserveMemory(t *testing.T) {
	const pages, size = 7, 3 << 20 // the bytes of a row of largeRows
	ledger := &memoryLedger{}
	e, _ := envRecordingPages(t, withMemory(ledger), func(d *application.Deps) { d.KeepReplacementsApart = false })
	e.vendor.steps = []domain.Step{{Sweep: true}}
	c := e.createConnection("books")
	e.vendor.onRead = pagesInOrder(largeRows("a"))
	e.runPull(e.requestFullPull(c))
	list := [][]domain.RawTransaction{largeRows("a")}
	for _, id := range numberedIDs("new", pages) {
		list = append(list, largeRows(id))
	}
	inOrder, most := pagesInOrder(list...), int64(0)
	e.vendor.onRead = func(step domain.Step, cursor string) (*ports.VendorPage, error) {
		most = max(most, ledger.heldNow())
		return inOrder(step, cursor)
	}
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	// When the last page is read, at most three pages are not among the withheld rows yet.
	if want := int64((pages - 3) * size); most < want {
		t.Errorf("at most %d bytes were reserved, want at least %d", most, want)
	}
	if held := ledger.heldNow(); held != 0 {
		t.Errorf("%d bytes are reserved after the pull", held)
	}
}
