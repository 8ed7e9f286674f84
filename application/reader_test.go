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
var order = inTurn

// inTurn does what may be done beside the caller when it is waited for: a page is read
// once the one before it is stored.
func inTurn(work func()) (wait func()) { return sync.OnceFunc(work) }

// atOnce does it before anything else: a page is stored once the next one is read.
func atOnce(work func()) (wait func()) {
	work()
	return func() {}
}

// What holds page after page holds whatever is done first, and beside each other.
func TestAnyOrderOfReadingAndStoring(t *testing.T) {
	defer func(usual func(func()) func()) { order = usual }(order)
	for name, other := range map[string]func(func()) func(){"at once": atOnce, "beside": nil} {
		order = other
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
func storing(t *testing.T, meet func() error) *bench {
	return newBench(t, func(d *application.Deps) { d.Pulls, d.Go = met{d.Pulls, meet}, nil })
}

// met are pulls whose pages with rows meet a function.
type met struct {
	ports.Pulls
	meet func() error
}

func (m met) StorePage(ctx context.Context, l domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if len(w.Transactions) > 0 {
		if err := m.meet(); err != nil {
			return domain.Counts{}, err
		}
	}
	return m.Pulls.StorePage(ctx, l, w)
}

// While a page is stored, the next one is made ready and the one behind it is asked for;
// no further one is begun. Two of these are too many rows to be stored as one.
func TestTwoPagesAreReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b *bench
		var found []string
		b = storing(t, func() error {
			synctest.Wait() // for whatever goes on beside
			found = append(found, fmt.Sprintf("%q", b.vendor.cursors))
			return nil
		})
		b.vendor.steps = []domain.Step{list}
		var pages [][]domain.RawTransaction
		for i := range 5 {
			var rows []domain.TransactionData
			for _, id := range numbered(fmt.Sprint("page ", i, " "), 600) {
				rows = append(rows, row(id, "one of many"))
			}
			pages = append(pages, domain.RawTransactionsOf(rows...))
		}
		b.vendor.onRead = paged(pages...)
		id := b.everything(b.connection("books"))
		b.run(id)
		b.stands(id, domain.PullSucceeded, "")
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
		b := storing(t, func() error {
			synctest.Wait() // until the next page is asked for
			return unavailable(domain.StoreUnavailable)
		})
		b.vendor.shows("r1", "r2", "r3")
		told := false
		ctx, asked := b.ctx, make(chan struct{})
		b.vendor.onReadOf = func(ctx context.Context, cursor string) {
			if cursor == "2" {
				close(asked)
				<-ctx.Done()
				told = true
			}
		}
		_, err := b.RunPull(ctx, b.everything(b.connection("books")))
		b.fails(err, domain.StoreUnavailable)
		<-asked
		if !told {
			t.Error("the read goes on")
		}
	})
}

// A worker that is told to stop in the middle of both leaves nothing half done.
func TestAStopInTheMiddleOfReadingAndStoring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stop context.CancelFunc
		b := storing(t, func() error { synctest.Wait(); stop(); return nil })
		b.vendor.shows("r1", "r2", "r3")
		b.vendor.onReadOf = func(ctx context.Context, cursor string) {
			if cursor == "2" {
				<-ctx.Done()
			}
		}
		c := b.connection("books")
		id := b.everything(c)
		ctx, cancel := context.WithCancel(b.ctx)
		stop = cancel
		again, err := b.RunPull(ctx, id)
		b.ok(err)
		b.stands(id, domain.PullQueued, domain.Interrupted)
		b.vendor.onReadOf = nil
		b.clock.pass(again)
		b.run(id)
		b.stands(id, domain.PullSucceeded, "")
		if diff := cmp.Diff([]string{"r1 v1", "r2 v1", "r3 v1"}, b.rows(c)); diff != "" {
			t.Error(diff)
		}
	})
}

// A panic beside the caller ends no process: it reaches the caller as its own would.
func TestAPanicOfAReadReachesItsWorker(t *testing.T) {
	b := storing(t, func() error { return nil })
	b.vendor.shows("r1", "r2", "r3")
	b.vendor.onReadOf = func(_ context.Context, cursor string) {
		if cursor == "2" {
			panic("a bug")
		}
	}
	id := b.everything(b.connection("books"))
	defer func() {
		elsewhere, ok := recover().(interface{ Origin() (string, []byte) })
		if !ok {
			t.Fatal("it is not told where the panic comes from")
		}
		if sort, stack := elsewhere.Origin(); sort != "string" || !bytes.Contains(stack, []byte("TestAPanicOfARead")) {
			t.Errorf("a %s at %s", sort, stack)
		}
	}()
	b.run(id)
}
