package gormstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// fakeTable replaces the database. It records the size of each batch that it receives. Then it blocks until the channel
// proceed is closed or the context ends.
type fakeTable struct {
	mu               sync.Mutex
	batches          []int
	entered, proceed chan struct{}
	fail             func(deliveries []PendingDelivery) error
}

func newFakeTable() *fakeTable {
	return &fakeTable{entered: make(chan struct{}, 1000), proceed: make(chan struct{})}
}

func (f *fakeTable) receive(ctx context.Context, deliveries []PendingDelivery) ([]Result, error) {
	f.mu.Lock()
	f.batches = append(f.batches, len(deliveries))
	f.mu.Unlock()
	f.entered <- struct{}{}
	select {
	case <-f.proceed:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if f.fail != nil {
		if err := f.fail(deliveries); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(deliveries))
	for i, d := range deliveries {
		results[i].Delivery.Event = d.Event.Name
	}
	return results, nil
}

func deliveryNamed(name string) PendingDelivery {
	return PendingDelivery{IncomingDelivery: ports.IncomingDelivery{Event: domain.WebhookEvent{Name: name}}}
}

// submitAll submits the first delivery and waits until the committer is storing it. Then it submits the other
// deliveries, which have to queue. Finally, it lets all deliveries proceed and returns their results by name.
func submitAll(t *testing.T, c *committer, f *fakeTable, names []string) map[string]Result {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	results := map[string]Result{}
	send := func(name string) {
		all.Go(func() {
			r := c.submit(t.Context(), deliveryNamed(name))
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	send(names[0])
	<-f.entered
	for _, name := range names[1:] {
		send(name)
	}
	synctest.Wait()
	close(f.proceed)
	all.Wait()
	return results
}

func TestWaitingDeliveriesAreStoredInOneBatchWithAResultEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		c := newCommitter(time.Minute, maxBatch, f.receive)
		defer c.close()
		results := submitAll(t, c, f, []string{"a", "b", "c", "d"})
		for name, r := range results {
			if r.Err != nil || r.Delivery.Event != name {
				t.Errorf("the result of %s is %q, %v", name, r.Delivery.Event, r.Err)
			}
		}
		if diff := cmp.Diff([]int{1, 3}, f.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestTheSizeOfABatchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		c := newCommitter(time.Minute, maxBatch, f.receive)
		defer c.close()
		names := make([]string, 2*maxBatch)
		for i := range names {
			names[i] = time.Duration(i).String()
		}
		submitAll(t, c, f, names)
		if diff := cmp.Diff([]int{1, maxBatch, maxBatch - 1}, f.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestAFailedBatchIsRetriedOneDeliveryAtATime(t *testing.T) {
	bad := errors.New("bad")
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		f.fail = func(deliveries []PendingDelivery) error {
			if slices.ContainsFunc(deliveries, func(d PendingDelivery) bool { return d.Event.Name == "bad" }) {
				return bad
			}
			return nil
		}
		c := newCommitter(time.Minute, maxBatch, f.receive)
		defer c.close()
		for name, r := range submitAll(t, c, f, []string{"a", "b", "bad", "c"}) {
			if (name == "bad") != errors.Is(r.Err, bad) || name != "bad" && r.Err != nil {
				t.Errorf("%s: error %v", name, r.Err)
			}
		}
	})
}

func TestABatchIsNotRetriedWhenTheDatabaseIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		f.fail = func([]PendingDelivery) error { return context.DeadlineExceeded }
		c := newCommitter(time.Minute, maxBatch, f.receive)
		defer c.close()
		for name, r := range submitAll(t, c, f, []string{"a", "b", "c"}) {
			if !errors.Is(r.Err, domain.StoreUnavailable) {
				t.Errorf("%s: error %v", name, r.Err)
			}
		}
		if diff := cmp.Diff([]int{1, 2}, f.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestACallerWhoseContextEndsReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		c := newCommitter(time.Minute, maxBatch, f.receive)
		defer c.close()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan Result, 2)
		for _, name := range []string{"being stored", "queued"} {
			go func() { left <- c.submit(ctx, deliveryNamed(name)) }()
			synctest.Wait()
		}
		cancel()
		for range 2 {
			if r := <-left; !errors.Is(r.Err, context.Canceled) {
				t.Errorf("error %v", r.Err)
			}
		}
		close(f.proceed)
		if r := c.submit(t.Context(), deliveryNamed("next")); r.Err != nil {
			t.Errorf("the next caller: %v", r.Err)
		}
		if diff := cmp.Diff([]int{1, 1}, f.batches); diff != "" {
			t.Errorf("batches: a delivery was stored whose caller left while it was queued (-want +got):\n%s", diff)
		}
	})
}

func TestCloseStoresTheQueuedDeliveriesAndRefusesLaterOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTable()
		c := newCommitter(time.Minute, maxBatch, f.receive)
		queued := make(chan Result, 5)
		for range 5 {
			go func() { queued <- c.submit(t.Context(), deliveryNamed("queued")) }()
		}
		synctest.Wait()
		go c.close()
		synctest.Wait()
		if r := c.submit(t.Context(), deliveryNamed("late")); !errors.Is(r.Err, domain.Unavailable) {
			t.Errorf("a late delivery: error %v", r.Err)
		}
		close(f.proceed)
		for range 5 {
			if r := <-queued; r.Err != nil {
				t.Errorf("a queued delivery: %v", r.Err)
			}
		}
		c.close()
	})
}

// Receive must use its own timeout (ReceiveTimeout) if one is set, because vendors wait only five seconds for a
// response. This timeout may be shorter than the timeout of the other methods.
func TestReceiveHasATimeoutOfItsOwn(t *testing.T) {
	for _, row := range []struct{ receiveTimeout, want time.Duration }{
		{4 * time.Second, 4 * time.Second}, {0, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			stuck := newFakeTable()
			s := New(nil, Options{
				Dialect: receiveDialect{receive: stuck.receive},
				Timeout: 10 * time.Second, ReceiveTimeout: row.receiveTimeout,
			})
			defer s.Close()
			start := time.Now()
			_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{})
			if took := time.Since(start); !errors.Is(err, domain.StoreUnavailable) || took != row.want {
				t.Errorf("%v after %v, want Unavailable after %v", err, took, row.want)
			}
		})
	}
}

// Large deliveries take long to store. They must not share a transaction with others, or delay them.
func TestLargeDeliveriesAreStoredApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large, small := newFakeTable(), newFakeTable()
		close(small.proceed)
		c := &committers{
			timeout: time.Minute, byLane: map[lane]*committer{},
			receive: func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error) {
				if len(deliveries[0].Body) >= largeWebhook {
					return large.receive(ctx, deliveries)
				}
				return small.receive(ctx, deliveries)
			},
		}
		var all sync.WaitGroup
		send := func(name string, size int) {
			all.Go(func() {
				d := deliveryNamed(name)
				d.Body = make([]byte, size)
				if got := c.submit(t.Context(), d); got.Err != nil || got.Delivery.Event != name {
					t.Errorf("%s: %+v", name, got)
				}
			})
		}
		for range 3 {
			send("large", largeWebhook)
		}
		<-large.entered
		if got := c.submit(t.Context(), deliveryNamed("small")); got.Err != nil {
			t.Errorf("a small delivery beside large ones: %v", got.Err)
		}
		send("nearly large", largeWebhook-1)
		synctest.Wait()
		close(large.proceed)
		all.Wait()
		c.close()
		if diff := cmp.Diff([]int{1, 1, 1}, large.batches); diff != "" {
			t.Errorf("batches of large deliveries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int{1, 1}, small.batches); diff != "" {
			t.Errorf("batches of small deliveries (-want +got):\n%s", diff)
		}
	})
}

// A sender of many large deliveries must not make those of another token wait for all of its own, and must leave time
// of the database to others.
func TestTokensTakeTurnsWithLargeDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const taken = 100 * time.Millisecond
		var order []string
		c := &committers{
			timeout: time.Minute, byLane: map[lane]*committer{},
			receive: func(_ context.Context, deliveries []PendingDelivery) ([]Result, error) {
				time.Sleep(taken)
				order = append(order, deliveries[0].Event.Name)
				return make([]Result, len(deliveries)), nil
			},
		}
		var all sync.WaitGroup
		send := func(name string, token byte) {
			all.Go(func() {
				d := deliveryNamed(name)
				d.Body, d.Token[0] = make([]byte, largeWebhook), token
				if got := c.submit(t.Context(), d); got.Err != nil {
					t.Errorf("%s: %v", name, got.Err)
				}
			})
			synctest.Wait()
		}
		begun := time.Now()
		for range 4 {
			send("many", 1)
		}
		send("one", 2)
		all.Wait()
		if diff := cmp.Diff([]string{"many", "one", "many", "many", "many"}, order); diff != "" {
			t.Errorf("the order of the deliveries (-want +got):\n%s", diff)
		}
		if got, want := time.Since(begun), 9*taken; got != want { // five deliveries, with four rests between them
			t.Errorf("the deliveries took %v, want %v", got, want)
		}
		if len(c.turns) != 0 {
			t.Errorf("%d turns are left", len(c.turns))
		}
		c.close()
	})
}

func TestALargeDeliveryWaitsNotLongerThanVendorsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newFakeTable()
		c := &committers{timeout: time.Second, byLane: map[lane]*committer{}, receive: table.receive}
		send := func() Result {
			d := deliveryNamed("large")
			d.Body = make([]byte, largeWebhook)
			return c.submit(t.Context(), d)
		}
		go send()
		synctest.Wait()
		begun := time.Now()
		if got := send(); !errors.Is(got.Err, domain.Unavailable) || time.Since(begun) != largeTimeout {
			t.Errorf("%v after %v, want Unavailable after %v", got.Err, time.Since(begun), largeTimeout)
		}
		close(table.proceed)
		c.close()
	})
}

// A server that does not respond must delay only the deliveries that it stores.
func TestASlowServerDelaysNoDeliveryOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := newFakeTable(), newFakeTable()
		close(fast.proceed)
		table := map[string]*fakeTable{"slow": slow, "fast": fast}
		c := &committers{
			timeout: time.Minute, byLane: map[lane]*committer{},
			serverOf: func(d PendingDelivery) string { return d.Event.Name },
			receive: func(ctx context.Context, deliveries []PendingDelivery) ([]Result, error) {
				return table[deliveries[0].Event.Name].receive(ctx, deliveries)
			},
		}
		waiting := make(chan Result, 1)
		go func() { waiting <- c.submit(t.Context(), deliveryNamed("slow")) }()
		<-slow.entered
		for range 3 {
			if got := c.submit(t.Context(), deliveryNamed("fast")); got.Err != nil {
				t.Errorf("a delivery of another server: %v", got.Err)
			}
		}
		close(slow.proceed)
		if got := <-waiting; got.Err != nil {
			t.Errorf("the delivery of the slow server: %v", got.Err)
		}
		c.close()
		for _, server := range []string{"slow", "fast", "new"} {
			if got := c.submit(t.Context(), deliveryNamed(server)); !errors.Is(got.Err, domain.Unavailable) {
				t.Errorf("a delivery of the server %q after close: %v, want Unavailable", server, got.Err)
			}
		}
	})
}
