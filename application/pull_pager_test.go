package application_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// defaultGo is the value of Deps.Go in each env. It determines the order in which pages are read and stored.
var defaultGo = runWhenAwaited

// runWhenAwaited runs fn at the first call of wait. With this Deps.Go, a pull first stores a page, and then reads the
// next page.
func runWhenAwaited(fn func()) (wait func()) { return sync.OnceFunc(fn) }

// runImmediately runs fn before it returns. With this Deps.Go, a pull first reads the next page, and then stores the
// current page.
func runImmediately(fn func()) (wait func()) {
	fn()
	return func() {}
}

// By default, the tests below store a page first, and then read the next page (runWhenAwaited). The tests must also
// pass if the next page is read first (runImmediately), and if both happen concurrently.
func TestPullsHoldInAnyOrderOfReadingAndStoring(t *testing.T) {
	defer func(saved func(func()) func()) { defaultGo = saved }(defaultGo)
	for name, other := range map[string]func(func()) func(){"immediately": runImmediately, "concurrently": nil} {
		defaultGo = other
		for what, holds := range map[string]func(*testing.T){
			"resumes":         TestResumesAfterACrashBetweenAnyTwoPages,
			"outages":         TestTheStoreMayFailAtAnyWrite,
			"keeps":           TestAStepThatFailsKeepsItsStoredPages,
			"lost lease":      TestALostLeaseWritesNothing,
			"interrupted":     TestAStoppedWorkerHandsItsPullBack,
			"round":           TestACursorThatGoesInACircleIsDetected,
			"never ends":      TestACursorThatNeverEndsIsDetected,
			"gone page":       TestAGonePageStartsItsStepAgain,
			"gone on resume":  TestAResumedStepMayStartAgain,
			"shift":           TestRowsThatShiftBetweenPagesAreNotSkipped,
			"shift on resume": TestRowsThatShiftBetweenAttemptsAreNotSkipped,
			"wrong total":     TestATotalThatIsNeverRightFailsTheAttempt,
			"bounded":         TestRestartsOfAnAttemptAreBounded,
			"sweeps":          TestASweepRemovesRowsThatAreNoLongerShown,
			"sweeps again":    TestASweepReadsAgainAfterACrash,
			"swept once":      TestASweepIsNotSkippedByACrash,
			"unchanged again": TestARowThatIsUnchangedAgainOnTheNextPageIsStored,
		} {
			t.Run(name+"/"+what, holds)
		}
	}
}

// envWithStoreHook returns an env that calls beforeStore before each page is stored. The pager's work
// runs in goroutines, as in the real service.
func envWithStoreHook(t *testing.T, beforeStore func() error) *env {
	return newEnv(t, func(d *application.Deps) { d.Pulls, d.Go = hookedPulls{d.Pulls, beforeStore}, nil })
}

// hookedPulls wraps a ports.Pulls and calls beforeStore before it stores a page with rows.
type hookedPulls struct {
	ports.Pulls
	beforeStore func() error
}

func (m hookedPulls) StorePage(ctx context.Context, l domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if len(w.Transactions) > 0 {
		if err := m.beforeStore(); err != nil {
			return domain.Counts{}, err
		}
	}
	return m.Pulls.StorePage(ctx, l, w)
}

// While page n is stored, page n+1 is compared with the store, and page n+2 is fetched. Page n+3 must not be requested
// yet. The pages are so large that two of them do not fit into one batch.
func TestTwoPagesArePrefetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *env
		var found []string
		e = envWithStoreHook(t, func() error {
			synctest.Wait() // wait until all concurrent work is blocked or has ended
			found = append(found, fmt.Sprintf("%q", e.vendor.cursors))
			return nil
		})
		e.vendor.steps = []domain.Step{listStep}
		var pages [][]domain.RawTransaction
		for i := range 5 {
			var rows []domain.TransactionData
			for _, id := range numberedIDs(fmt.Sprint("page ", i, " "), 600) {
				rows = append(rows, row(id, "one of many"))
			}
			pages = append(pages, domain.RawTransactionsOf(rows...))
		}
		e.vendor.onRead = pagesInOrder(pages...)
		id := e.requestFullPull(e.createConnection("books"))
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		all := `["" "1" "2" "3" "4"]`
		want := []string{`["" "1" "2"]`, `["" "1" "2" "3"]`, all, all, all}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	})
}

// If storing a page fails, the attempt cancels the concurrent prefetch and waits until it has ended.
func TestAFailedStoreCancelsThePrefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := envWithStoreHook(t, func() error {
			synctest.Wait() // wait until the next page has been requested
			return unavailable(domain.StoreUnavailable)
		})
		e.vendor.setRows("r1", "r2", "r3")
		shown := false
		ctx, requested := e.ctx, make(chan struct{})
		e.vendor.beforeRead = func(ctx context.Context, cursor string) {
			if cursor == "2" {
				close(requested)
				<-ctx.Done()
				shown = true
			}
		}
		_, err := e.RunPull(ctx, e.requestFullPull(e.createConnection("books")))
		e.wantError(err, domain.StoreUnavailable)
		<-requested
		if !shown {
			t.Error("the read was not cancelled")
		}
	})
}

// If a worker is stopped while it reads and stores at the same time, the pull resumes later and stores
// each row exactly once.
func TestAPullStoppedWhileReadingAndStoringResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stop context.CancelFunc
		e := envWithStoreHook(t, func() error { synctest.Wait(); stop(); return nil })
		e.vendor.setRows("r1", "r2", "r3")
		e.vendor.beforeRead = func(ctx context.Context, cursor string) {
			if cursor == "2" {
				<-ctx.Done()
			}
		}
		c := e.createConnection("books")
		id := e.requestFullPull(c)
		ctx, cancel := context.WithCancel(e.ctx)
		stop = cancel
		again, err := e.RunPull(ctx, id)
		e.noError(err)
		e.wantPull(id, domain.PullQueued, domain.Interrupted)
		e.vendor.beforeRead = nil
		e.clock.pass(again)
		e.runPull(id)
		e.wantPull(id, domain.PullSucceeded, "")
		if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, e.storedRows(c)); diff != "" {
			t.Error(diff)
		}
	})
}

// A panic of concurrent work must not end the process. Instead, the caller that waits for the work must panic.
func TestAPanicOfAPrefetchReachesItsWorker(t *testing.T) {
	e := envWithStoreHook(t, func() error { return nil })
	e.vendor.setRows("r1", "r2", "r3")
	e.vendor.beforeRead = func(_ context.Context, cursor string) {
		if cursor == "2" {
			panic("a bug")
		}
	}
	id := e.requestFullPull(e.createConnection("books"))
	defer func() {
		origin, ok := recover().(interface{ Origin() (string, []byte) })
		if !ok {
			t.Fatal("the panic does not report its origin")
		}
		if typeName, stack := origin.Origin(); typeName != "string" ||
			!bytes.Contains(stack, []byte("TestAPanicOfAPrefetch")) {
			t.Errorf("the origin is a %s at %s", typeName, stack)
		}
	}()
	e.runPull(id)
}
