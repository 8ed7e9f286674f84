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

// table is a stand-in for the database: it notes the groups it is given, and waits for a
// word before each but the first.
type table struct {
	mu               sync.Mutex
	groups           []int
	entered, proceed chan struct{}
	fail             func(knocks []PendingDelivery) error
}

func newTable() *table {
	return &table{entered: make(chan struct{}, 1000), proceed: make(chan struct{})}
}

func (s *table) receive(ctx context.Context, knocks []PendingDelivery) ([]Result, error) {
	s.mu.Lock()
	s.groups = append(s.groups, len(knocks))
	s.mu.Unlock()
	s.entered <- struct{}{}
	select {
	case <-s.proceed:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.fail != nil {
		if err := s.fail(knocks); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(knocks))
	for i, k := range knocks {
		results[i].Delivery.Event = k.Event.Name
	}
	return results, nil
}

func named(name string) PendingDelivery {
	return PendingDelivery{IncomingDelivery: ports.IncomingDelivery{Event: domain.WebhookEvent{Name: name}}}
}

// submitted sends a first knock, waits until it is being stored, and queues the others
// behind it.
func submitted(t *testing.T, c *committer, s *table, names []string) map[string]Result {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	results := map[string]Result{}
	send := func(name string) {
		all.Go(func() {
			r := c.submit(t.Context(), named(name))
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	send(names[0])
	<-s.entered
	for _, name := range names[1:] {
		send(name)
	}
	synctest.Wait()
	close(s.proceed)
	all.Wait()
	return results
}

func TestWhatWaitsIsStoredTogetherAndAnsweredApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		c := newCommitter(time.Minute, s.receive)
		defer c.close()
		results := submitted(t, c, s, []string{"a", "b", "c", "d"})
		for name, r := range results {
			if r.Err != nil || r.Delivery.Event != name {
				t.Errorf("%s was answered %q, %v", name, r.Delivery.Event, r.Err)
			}
		}
		if diff := cmp.Diff([]int{1, 3}, s.groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
}

func TestAGroupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		c := newCommitter(time.Minute, s.receive)
		defer c.close()
		names := make([]string, 2*maxBatch)
		for i := range names {
			names[i] = time.Duration(i).String()
		}
		submitted(t, c, s, names)
		if diff := cmp.Diff([]int{1, maxBatch, maxBatch - 1}, s.groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
}

func TestAFailedGroupIsStoredOneByOne(t *testing.T) {
	bad := errors.New("bad")
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		s.fail = func(knocks []PendingDelivery) error {
			if slices.ContainsFunc(knocks, func(k PendingDelivery) bool { return k.Event.Name == "bad" }) {
				return bad
			}
			return nil
		}
		c := newCommitter(time.Minute, s.receive)
		defer c.close()
		for name, r := range submitted(t, c, s, []string{"a", "b", "bad", "c"}) {
			if (name == "bad") != errors.Is(r.Err, bad) || name != "bad" && r.Err != nil {
				t.Errorf("%s: error %v", name, r.Err)
			}
		}
	})
}

func TestAGroupIsGivenUpAtOnceWhenTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		s.fail = func([]PendingDelivery) error { return context.DeadlineExceeded }
		c := newCommitter(time.Minute, s.receive)
		defer c.close()
		for name, r := range submitted(t, c, s, []string{"a", "b", "c"}) {
			if !errors.Is(r.Err, domain.StoreUnavailable) {
				t.Errorf("%s: error %v", name, r.Err)
			}
		}
		if diff := cmp.Diff([]int{1, 2}, s.groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
}

func TestACallerWhoseContextEndsLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		c := newCommitter(time.Minute, s.receive)
		defer c.close()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan Result, 2)
		for _, name := range []string{"being stored", "queued"} {
			go func() { left <- c.submit(ctx, named(name)) }()
			synctest.Wait()
		}
		cancel()
		for range 2 {
			if r := <-left; !errors.Is(r.Err, context.Canceled) {
				t.Errorf("error %v", r.Err)
			}
		}
		close(s.proceed)
		if r := c.submit(t.Context(), named("next")); r.Err != nil {
			t.Errorf("the next caller: %v", r.Err)
		}
		if diff := cmp.Diff([]int{1, 1}, s.groups); diff != "" {
			t.Errorf("groups: who left before his turn was stored (-want +got):\n%s", diff)
		}
	})
}

func TestClosingStoresWhatIsQueuedAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		c := newCommitter(time.Minute, s.receive)
		queued := make(chan Result, 5)
		for range 5 {
			go func() { queued <- c.submit(t.Context(), named("queued")) }()
		}
		synctest.Wait()
		go c.close()
		synctest.Wait()
		if r := c.submit(t.Context(), named("late")); !errors.Is(r.Err, domain.Unavailable) {
			t.Errorf("a late one: error %v", r.Err)
		}
		close(s.proceed)
		for range 5 {
			if r := <-queued; r.Err != nil {
				t.Errorf("a queued one: %v", r.Err)
			}
		}
		c.close()
	})
}

// Vendors wait five seconds: a receipt has a bound of its own where other methods may take longer.
func TestAReceiptWaitsNoLongerThanTheDoorSays(t *testing.T) {
	for _, row := range []struct{ door, want time.Duration }{{4 * time.Second, 4 * time.Second}, {0, 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			stuck := newTable()
			s := New(nil, Options{Dialect: receiveDialect{receive: stuck.receive}, Timeout: 10 * time.Second, ReceiveTimeout: row.door})
			defer s.Close()
			begun := time.Now()
			_, err := s.Deliveries().Receive(t.Context(), ports.IncomingDelivery{})
			if took := time.Since(begun); !errors.Is(err, domain.StoreUnavailable) || took != row.want {
				t.Errorf("%v after %v, want Unavailable after %v", err, took, row.want)
			}
		})
	}
}
