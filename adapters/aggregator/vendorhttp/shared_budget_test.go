package vendorhttp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const sharedLimit = 360 // calls per minute

// sharedStore is a store of rate budgets that simulates a network with faults: messages can be late
// or get lost, and the store can be down. It counts the requests.
type sharedStore struct {
	mu       sync.Mutex
	budgets  map[ports.RateBudgetKey]ratelimit.Budget
	draw     *rand.Rand
	late     time.Duration // the maximum delay of the statement, and of the response
	lost     float64       // the fraction of updates that get no response; half of these updates are not stored
	down     bool
	requests int
}

func newSharedStore(seed uint64) *sharedStore {
	return &sharedStore{
		budgets: map[ports.RateBudgetKey]ratelimit.Budget{}, draw: rand.New(rand.NewPCG(seed, 0)),
		late: 5 * time.Millisecond,
	}
}

var errStore = errors.New("the store does not respond")

func (s *sharedStore) Update(ctx context.Context, key ports.RateBudgetKey,
	change func(ratelimit.Budget, time.Time) ratelimit.Budget,
) error {
	s.mu.Lock()
	s.requests++
	there, back := time.Duration(s.draw.Int64N(int64(s.late))), time.Duration(s.draw.Int64N(int64(s.late)))
	lost, down, stored := s.draw.Float64() < s.lost, s.down, s.draw.IntN(2) == 0
	s.mu.Unlock()
	if down {
		return errStore
	}
	time.Sleep(there) // the statement is executed even if the caller no longer waits
	s.mu.Lock()
	if next := change(s.budgets[key], time.Now()); !lost || stored {
		s.budgets[key] = next
	}
	s.mu.Unlock()
	if lost {
		return errStore
	}
	time.Sleep(back)
	return ctx.Err()
}

func (s *sharedStore) Prune(context.Context) (int, error) { return 0, nil }

func (s *sharedStore) set(change func(*sharedStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// sharedCalls makes calls on several replicas and records when they were sent. It must be used in a synctest bubble.
type sharedCalls struct {
	*testing.T
	store *sharedStore
	all   sync.WaitGroup
	mu    sync.Mutex
	sent  map[string][]time.Time // by tenant
}

func newSharedCalls(t *testing.T, seed uint64) *sharedCalls {
	return &sharedCalls{T: t, store: newSharedStore(seed), sent: map[string][]time.Time{}}
}

// replica returns the budget of a new replica, which shares the store with the other replicas. The
// replica stops when ctx ends.
func (c *sharedCalls) replica(ctx context.Context) *sharedBudget {
	shared := newSharedBudgets(Config{SharedBudgets: c.store}.withDefaults())
	context.AfterFunc(ctx, shared.close)
	return shared.budget(originKey{"sim", "https://sim"}, "rows", sharedLimit)
}

// keepCalling starts the given number of goroutines. Each makes calls of the tenant, one after the other, until ctx
// ends.
func (c *sharedCalls) keepCalling(ctx context.Context, b *sharedBudget, tenant domain.TenantID, goroutines int) {
	for range goroutines {
		c.all.Go(func() {
			for ctx.Err() == nil {
				if err := c.call(ctx, b, tenant); err != nil {
					time.Sleep(min(max(domain.RetryAfterOf(err), 10*time.Millisecond), time.Second))
				}
			}
		})
	}
}

func (c *sharedCalls) call(ctx context.Context, b *sharedBudget, tenant domain.TenantID) error {
	queued, err := b.take(tenant, DefaultMaxBudgetWait)
	if err == nil && queued != nil {
		err = b.await(ctx, queued, DefaultMaxBudgetWait)
	}
	if err == nil {
		c.mu.Lock()
		c.sent[fmt.Sprint(tenant.UUID[0])] = append(c.sent[fmt.Sprint(tenant.UUID[0])], time.Now())
		c.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// count returns the number of calls that were sent between two times, for all tenants or only for
// the given one.
func (c *sharedCalls) count(from, to time.Time, tenants ...domain.TenantID) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, sent := range c.sent {
		if len(tenants) > 0 && name != fmt.Sprint(tenants[0].UUID[0]) {
			continue
		}
		for _, at := range sent {
			if !at.Before(from) && at.Before(to) {
				n++
			}
		}
	}
	return n
}

// end waits until all calls and all requests to the store have ended.
func (c *sharedCalls) end() {
	c.all.Wait()
	time.Sleep(10 * time.Second)
}

// wantNoExcess fails the test if any minute had more calls than the limit.
func (c *sharedCalls) wantNoExcess() {
	c.Helper()
	var all []time.Time
	for _, sent := range c.sent {
		all = append(all, sent...)
	}
	slices.SortFunc(all, time.Time.Compare)
	first := 0
	for i, at := range all {
		for at.Sub(all[first]) >= time.Minute {
			first++
		}
		if n := i - first + 1; n > sharedLimit {
			c.Fatalf("%d calls in a minute, limit %d", n, sharedLimit)
		}
	}
}

// TestReplicasShareABudget checks four properties of a shared budget:
//
//   - No minute has more calls than the limit.
//   - At least 85 % of the limit is used.
//   - A tenant with few calls gets nearly as many tokens as a tenant with many.
//   - At most two requests to the store are sent for every three calls.
func TestReplicasShareABudget(t *testing.T) {
	for name, late := range map[string]time.Duration{
		"a fast store": 5 * time.Millisecond, "a slow store": 200 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSharedCalls(t, 1)
				c.store.late = late
				ctx, stop := context.WithCancel(t.Context())
				for i := range 3 {
					b := c.replica(ctx)
					c.keepCalling(ctx, b, flooding, 15)
					if i == 2 {
						c.keepCalling(ctx, b, second, 5)
					}
				}
				from := time.Now()
				time.Sleep(5 * time.Minute)
				stop()
				c.end()
				c.wantNoExcess()
				calls, requests := c.count(from, time.Now()), c.store.requests
				large, small := c.count(from, time.Now(), flooding), c.count(from, time.Now(), second)
				t.Logf("%.1f %% of the limit; %d calls of the large tenant, %d of the small one; %.2f requests a call",
					float64(calls)/5/sharedLimit*100, large, small, float64(requests)/float64(calls))
				if calls < 5*sharedLimit*85/100 {
					t.Errorf("%d calls in five minutes, less than 85 %% of the limit", calls)
				}
				if small < large*95/100 {
					t.Errorf("the small tenant made %d calls, the large one %d", small, large)
				}
				if requests > calls*2/3 {
					t.Errorf("%d requests for %d calls", requests, calls)
				}
			})
		})
	}
}

// A killed replica leaves its number of waiting calls in the store. Within seconds, the other replicas must
// nevertheless use the share of the killed replica.
func TestTheShareOfAKilledReplicaIsUsedByTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSharedCalls(t, 1)
		ctx, stop := context.WithCancel(t.Context())
		killed, kill := context.WithCancel(ctx)
		c.keepCalling(killed, c.replica(killed), flooding, 30)
		c.keepCalling(ctx, c.replica(ctx), second, 30)
		time.Sleep(2 * time.Minute)
		kill()
		at := time.Now()
		time.Sleep(90 * time.Second)
		stop()
		c.end()
		c.wantNoExcess()
		if n := c.count(at.Add(-time.Minute), at, second); n > sharedLimit/2 {
			t.Errorf("the other replica made %d calls in the minute before, more than its half", n)
		}
		first, later := c.count(at, at.Add(10*time.Second)), c.count(at.Add(10*time.Second), at.Add(70*time.Second))
		t.Logf("%d calls in the first 10 s, %d in the minute after that", first, later)
		if later < sharedLimit*85/100 {
			t.Errorf("%d calls in the minute after 10 s, less than 85 %% of the limit", later)
		}
	})
}

// Clients must never send more calls than the limit. This must hold if messages to or from the store are late or lost,
// and if replicas start and stop at random.
func TestFaultsOfTheStoreNeverExceedASharedBudget(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSharedCalls(t, seed)
				draw := rand.New(rand.NewPCG(seed, 1))
				ctx, stop := context.WithCancel(t.Context())
				for i := range uint64(5) {
					draw := rand.New(rand.NewPCG(seed, 2+i))
					c.all.Go(func() {
						for ctx.Err() == nil { // a replica that lives for a while
							life, end := context.WithTimeout(ctx, time.Duration(1+draw.IntN(90))*time.Second)
							b := c.replica(life)
							c.keepCalling(life, b, domain.TenantID{UUID: [16]byte{byte(draw.IntN(3))}}, 1+draw.IntN(12))
							<-life.Done()
							end()
						}
					})
				}
				for range 20 {
					c.store.set(func(s *sharedStore) {
						s.late = []time.Duration{time.Millisecond, time.Second / 10, 3 * time.Second}[draw.IntN(3)]
						s.lost = []float64{0, 0.05, 0.5}[draw.IntN(3)]
						s.down = draw.IntN(5) == 0
					})
					time.Sleep(time.Duration(1+draw.IntN(30)) * time.Second)
				}
				stop()
				c.end()
				c.wantNoExcess()
			})
		})
	}
}

func TestNoCallIsSentWhileTheStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSharedCalls(t, 1)
		c.store.down = true
		reported := 0
		shared := newSharedBudgets(Config{
			SharedBudgets: c.store, OnBudgetError: func(error) { reported++ },
		}.withDefaults())
		defer shared.close()
		b := shared.budget(originKey{"sim", "https://sim"}, "rows", sharedLimit)
		began := time.Now()
		err := c.call(t.Context(), b, second)
		if !errors.Is(err, domain.BudgetExhausted) || domain.RetryAfterOf(err) < time.Second {
			t.Errorf("got %v after %v, want budget_exhausted", err, domain.RetryAfterOf(err))
		}
		if took := time.Since(began); took != DefaultMaxBudgetWait {
			t.Errorf("the call failed after %v, want %v", took, DefaultMaxBudgetWait)
		}
		if reported != 1 {
			t.Errorf("the outage was reported %d times, want once", reported)
		}
		c.all.Go(func() {
			if err := c.call(t.Context(), b, second); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(2 * time.Second)
		c.store.set(func(s *sharedStore) { s.down = false })
		back := time.Now()
		c.all.Wait()
		if took := time.Since(back); took > time.Second {
			t.Errorf("the call was sent %v after the store was back", took)
		}
	})
}

func TestASharedBudgetSendsNoRequestWhileNoCallWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSharedCalls(t, 1)
		b := c.replica(t.Context())
		for range 5 { // the first call also requests the tokens for the other four
			if err := c.call(t.Context(), b, second); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if c.store.requests != 1 {
			t.Errorf("%d requests for 5 calls and an hour without a call, want 1", c.store.requests)
		}
		b.close()
	})
}

func TestA429BlocksTheBudgetOfAllReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSharedCalls(t, 1)
		ctx, stop := context.WithCancel(t.Context())
		limited, other := c.replica(ctx), c.replica(ctx)
		c.keepCalling(ctx, limited, flooding, 5)
		c.keepCalling(ctx, other, second, 5)
		time.Sleep(10 * time.Second)
		limited.blockFor(30*time.Second, time.Now())
		at := time.Now()
		time.Sleep(time.Minute)
		stop()
		c.end()
		if n := c.count(at, at.Add(30*time.Second), flooding); n > 0 {
			t.Errorf("the replica with the 429 sent %d calls", n)
		}
		if n := c.count(at.Add(tokenValidity), at.Add(30*time.Second), second); n > 0 {
			t.Errorf("the other replica sent %d calls", n)
		}
		if n := c.count(at.Add(30*time.Second), at.Add(time.Minute)); n < 100 {
			t.Errorf("%d calls in the half minute after the block", n)
		}
	})
}

// A process can be suspended for a while after it has received a token, for example because it is
// swapped out. If the token has expired in the meantime, it must not be used.
func TestAnExpiredTokenIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSharedCalls(t, 1)
		b := c.replica(t.Context())
		queued, err := b.take(second, time.Minute)
		if err != nil || queued == nil {
			t.Fatalf("got %v, %v, want to be queued", queued, err)
		}
		time.Sleep(2 * tokenValidity)
		if err := b.await(t.Context(), queued, time.Minute); err != nil {
			t.Fatal(err)
		}
		if c.store.requests != 2 {
			t.Errorf("%d requests, want a second one for the token that has expired", c.store.requests)
		}
		b.close()
	})
}
