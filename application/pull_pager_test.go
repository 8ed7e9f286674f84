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

// order is how reading and storing follow each other in a bench.
var defaultGo = runWhenAwaited

// inTurn does what may be done beside the caller when it is waited for: a page is read
// once the one before it is stored.
func runWhenAwaited(work func()) (wait func()) { return sync.OnceFunc(work) }

// atOnce does it before anything else: a page is stored once the next one is read.
func runImmediately(work func()) (wait func()) {
	work()
	return func() {}
}

// What holds page after page holds whatever is done first, and beside each other.
func TestAnyOrderOfReadingAndStoring(t *testing.T) {
	defer func(saved func(func()) func()) { defaultGo = saved }(defaultGo)
	for name, other := range map[string]func(func()) func(){"at once": runImmediately, "beside": nil} {
		defaultGo = other
		for what, holds := range map[string]func(*testing.T){
			"resumes":     TestResumesAfterACrashBetweenAnyTwoPages,
			"outages":     TestTheStoreMayFailAtAnyWrite,
			"keeps":       TestAStepThatFailsKeepsItsPages,
			"lost lease":  TestALostLeaseWritesNothing,
			"hands back":  TestAWorkerThatIsToldToStop,
			"round":       TestACursorThatGoesRound,
			"never ends":  TestACursorThatNeverEnds,
			"sweeps":      TestASweepRemovesWhatIsShownNoMore,
			"sweeps anew": TestASweepReadsAgainAfterACrash,
			"swept once":  TestASweepIsNotSkippedByACrash,
			"known again": TestARowThatIsKnownAgainOnTheNextPage,
		} {
			t.Run(name+"/"+what, holds)
		}
	}
}

// storing gives a bench whose pages meet a function before they are stored. Its reads
// run beside it, as the service's do.
func envWithStoreHook(t *testing.T, beforeStore func() error) *env {
	return newEnv(t, func(d *application.Deps) { d.Pulls, d.Go = hookedPulls{d.Pulls, beforeStore}, nil })
}

// met are pulls whose pages with rows meet a function.
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

// While a page is stored, the next one is made ready and the one behind it is asked for;
// no further one is begun. Two of these are too many rows to be stored as one.
func TestTwoPagesAreReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *env
		var found []string
		e = envWithStoreHook(t, func() error {
			synctest.Wait() // for whatever goes on beside
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

// A store that fails ends the read that goes on beside it, and waits for that.
func TestAFailedStoreEndsTheReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := envWithStoreHook(t, func() error {
			synctest.Wait() // until the next page is asked for
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
			t.Error("the read goes on")
		}
	})
}

// A worker that is told to stop in the middle of both leaves nothing half done.
func TestAStopInTheMiddleOfReadingAndStoring(t *testing.T) {
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

// A panic beside the caller ends no process: it reaches the caller as its own would.
func TestAPanicOfAReadReachesItsWorker(t *testing.T) {
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
			t.Fatal("it is not told where the panic comes from")
		}
		if typeName, stack := origin.Origin(); typeName != "string" ||
			!bytes.Contains(stack, []byte("TestAPanicOfARead")) {
			t.Errorf("a %s at %s", typeName, stack)
		}
	}()
	e.runPull(id)
}
