package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// gathering is a gatherer with every lane taken: what is asked waits until released.
func gathering(t *testing.T) *gatherer { return gatheringOver(t, 0) }

// gatheringOver is gathering over so many connections.
func gatheringOver(t *testing.T, conns int) *gatherer {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	g := newGatherer(dialect{db: db})
	g.busy = g.lanes
	return g
}

// ended is how a read went.
type ended struct {
	got int
	err error
}

// read asks for one row, and is in the queue when it returns.
func (g *gatherer) read(ctx context.Context, t *testing.T, sql string, args ...any) <-chan ended {
	t.Helper()
	queued := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.waiting)
	}
	before, result := queued(), make(chan ended, 1)
	go func() {
		var column, got int
		err := g.query(ctx, sql, args, []any{&column}, func() error {
			got = column
			return nil
		})
		result <- ended{got, err}
	}()
	for queued() == before {
		time.Sleep(time.Millisecond)
	}
	return result
}

func TestReadsThatWaitGoTogether(t *testing.T) {
	g := gathering(t)
	var results []<-chan ended
	for n := range mostGathered {
		results = append(results, g.read(t.Context(), t, "SELECT $1::int", n))
	}
	before := g.alone.db.Pool.Stat().AcquireCount()
	g.release()
	for n, result := range results {
		if r := <-result; r.err != nil || r.got != n {
			t.Errorf("read %d gave %d, %v", n, r.got, r.err)
		}
	}
	if n := g.alone.db.Pool.Stat().AcquireCount() - before; n != 1 {
		t.Errorf("%d reads took %d connections", mostGathered, n)
	}
}

func TestTheNextBatchTakesTheRest(t *testing.T) {
	g := gathering(t)
	var results []<-chan ended
	for n := range mostGathered + 3 {
		results = append(results, g.read(t.Context(), t, "SELECT $1::int", n))
	}
	g.release()
	for n, result := range results {
		if r := <-result; r.err != nil || r.got != n {
			t.Errorf("read %d gave %d, %v", n, r.got, r.err)
		}
	}
}

func TestAReadThatFailsFailsAlone(t *testing.T) {
	g := gathering(t)
	first := g.read(t.Context(), t, "SELECT 1")
	bad := g.read(t.Context(), t, "SELECT 1 / $1::int", 0)
	misspelt := g.read(t.Context(), t, "SELEC 1")
	last := g.read(t.Context(), t, "SELECT 2")
	g.release()
	for n, result := range []<-chan ended{first, last} {
		if r := <-result; r.err != nil || r.got != n+1 {
			t.Errorf("a good read gave %d, %v", r.got, r.err)
		}
	}
	for state, result := range map[string]<-chan ended{"22012": bad, "42601": misspelt} {
		refused := (*pgconn.PgError)(nil)
		if r := <-result; !errors.As(r.err, &refused) || refused.Code != state {
			t.Errorf("err = %v, want SQLSTATE %s", r.err, state)
		}
	}
}

// TestNobodyWaitsForALaneLongerThanTheirTime also has the reads that nobody wants any
// more left out of the next batch.
func TestNobodyWaitsForALaneLongerThanTheirTime(t *testing.T) {
	g := gathering(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone, stays := g.read(ctx, t, "SELECT 1"), g.read(t.Context(), t, "SELECT 2")
	cancel()
	if r := <-gone; !errors.Is(r.err, context.Canceled) {
		t.Errorf("err = %v", r.err)
	}
	batch := g.next()
	if len(batch) != 1 {
		t.Errorf("%d reads are sent", len(batch))
	}
	g.run(batch)
	if r := <-stays; r.err != nil || r.got != 2 {
		t.Errorf("the other read gave %d, %v", r.got, r.err)
	}
}

// TestABatchThatHangsIsLeft reads behind one that sleeps: after the batch's time each asks
// by itself, and the sleeper's own time ends it.
func TestABatchThatHangsIsLeft(t *testing.T) {
	g := gathering(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*batchTime)
	defer cancel()
	sleeper := g.read(ctx, t, "SELECT 1 FROM pg_sleep(60)")
	behind := g.read(t.Context(), t, "SELECT 2")
	g.release()
	if r := <-behind; r.err != nil || r.got != 2 {
		t.Errorf("the read behind gave %d, %v", r.got, r.err)
	}
	if r := <-sleeper; !errors.Is(r.err, context.DeadlineExceeded) {
		t.Errorf("the sleeper's err = %v", r.err)
	}
}

// TestAConnectionThatBrokeIsNoFailure ends the only backend between two reads: the batch
// meets the broken connection, and the read that asks by itself a new one.
func TestAConnectionThatBrokeIsNoFailure(t *testing.T) {
	g := gatheringOver(t, 1)
	one := func() ended {
		result := g.read(t.Context(), t, "SELECT 1")
		g.release()
		return <-result
	}
	if r := one(); r.err != nil {
		t.Fatal(r.err)
	}
	other, err := Open(t.Context(), Config{URL: g.alone.db.Pool.Config().ConnString()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.Pool.Exec(t.Context(),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.busy = g.lanes
	g.mu.Unlock()
	if r := one(); r.err != nil || r.got != 1 {
		t.Errorf("after the connection broke: %d, %v", r.got, r.err)
	}
}

// TestARowThatPanicsFailsItsReadAlone keeps a panic from ending the process.
func TestARowThatPanicsFailsItsReadAlone(t *testing.T) {
	g := gathering(t)
	var column int
	bad := g.join("SELECT 1", nil, []any{&column}, func() error { panic("a row from nowhere") })
	good := g.read(t.Context(), t, "SELECT 2")
	g.release()
	if <-bad.done; bad.err == nil {
		t.Error("the panic is no failure")
	}
	if r := <-good; r.err != nil || r.got != 2 {
		t.Errorf("the other read gave %d, %v", r.got, r.err)
	}
}

// TestCrowdsAreToldApart has many readers at once, some of whom leave.
func TestCrowdsAreToldApart(t *testing.T) {
	g := gathering(t)
	g.busy = 0
	var crowd sync.WaitGroup
	for reader := range 32 {
		crowd.Go(func() {
			for turn := range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+turn%5*10)*time.Millisecond)
				want, column, got := reader*1000+turn, 0, 0
				err := g.query(ctx, "SELECT $1::int", []any{want}, []any{&column}, func() error {
					got = column
					return nil
				})
				if err == nil && got != want {
					t.Errorf("reader %d got %d, not %d", reader, got, want)
				}
				cancel()
			}
		})
	}
	crowd.Wait()
	idle := func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.busy == 0 && len(g.waiting) == 0
	}
	for deadline := time.Now().Add(10 * time.Second); !idle(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("lanes are taken when all is over")
		}
	}
}
