package application_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// blockingSearches is a ledger whose searches block until they receive from the channel endSignal.
type blockingSearches struct {
	ports.Ledger
	started   chan domain.TenantID
	endSignal chan struct{}
}

func (b blockingSearches) Search(ctx context.Context, tenant domain.TenantID, _ domain.TransactionSearch,
	_ domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	b.started <- tenant
	select {
	case <-b.endSignal:
		return domain.Page[domain.Transaction]{}, nil
	case <-ctx.Done():
		return domain.Page[domain.Transaction]{}, ctx.Err()
	}
}

// TestATenantsSearchesRunOneAfterTheOther starts many searches of one tenant. Only as many as its share allows may
// run. The searches of another tenant must not wait. A search that waits for too long must be refused.
func TestATenantsSearchesRunOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := max(1, runtime.GOMAXPROCS(0)/4)
		var b blockingSearches
		e := newEnv(t, func(d *application.Deps) {
			b = blockingSearches{d.Ledger, make(chan domain.TenantID, 100), make(chan struct{})}
			d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, b
		})
		results := make(chan error, 100)
		search := func(tenant domain.TenantID) {
			go func() {
				_, err := e.SearchTransactions(e.ctx, tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 1})
				results <- err
			}()
		}
		other := domain.TenantID{UUID: uuid.New()}
		for range share + 2 {
			search(e.tenant)
		}
		synctest.Wait()
		search(other)
		synctest.Wait()
		if got := len(b.started); got != share+1 {
			t.Fatalf("%d searches run, want %d of the tenant and one of the other", got, share)
		}
		b.endSignal <- struct{}{}
		synctest.Wait()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		refused := 0
		for len(results) > 0 {
			if err := <-results; err != nil {
				refused++
				e.wantError(err, domain.Unavailable, domain.TooManyReads)
			}
		}
		if refused == 0 {
			t.Error("no search was refused")
		}
		close(b.endSignal)
		synctest.Wait()
	})
}

// A list takes a share of the tenant's costly reads if it may read many rows that are not on its page.
func TestAFilteredListTakesAShare(t *testing.T) {
	for name, tc := range map[string]struct {
		filter ports.TransactionFilter
		limit  int
		waits  bool
	}{
		"a small page": {limit: 50},
		"a large page": {limit: 51, waits: true},
		"a window": {
			filter: ports.TransactionFilter{Window: domain.Window{From: "2026-01-01"}}, limit: 1,
		},
		"an external id": {filter: ports.TransactionFilter{ExternalID: "x"}, limit: 1},
		"a status":       {filter: ports.TransactionFilter{Status: domain.Posted}, limit: 1, waits: true},
		"an account": {
			filter: ports.TransactionFilter{Account: domain.AccountID{UUID: uuid.Max}}, limit: 1, waits: true,
		},
		"the records of the moment": {filter: ports.TransactionFilter{AsOf: time.Unix(1, 0)}, limit: 1, waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b blockingSearches
				e := newEnv(t, func(d *application.Deps) {
					b = blockingSearches{d.Ledger, make(chan domain.TenantID, 100), make(chan struct{})}
					d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, b
				})
				c := e.createConnection("c")
				for range max(1, runtime.GOMAXPROCS(0)/4) {
					go func() {
						_, _ = e.SearchTransactions(
							e.ctx,
							e.tenant,
							domain.TransactionSearch{},
							domain.PageRequest{Limit: 1},
						)
					}()
				}
				synctest.Wait()
				ended := false
				go func() {
					_, err := e.ListTransactions(e.ctx, e.tenant, c.ID, tc.filter, domain.PageRequest{Limit: tc.limit})
					if ended = true; err != nil {
						t.Error(err)
					}
				}()
				synctest.Wait()
				if ended == tc.waits {
					t.Errorf("the list has ended: %t, want %t", ended, !tc.waits)
				}
				close(b.endSignal)
				synctest.Wait()
			})
		})
	}
}

// TestWaitingReadsFailWithTheStore starts several costly requests of one tenant. When the first one fails because the
// store is not available, those that wait for a share fail at once.
func TestWaitingReadsFailWithTheStore(t *testing.T) {
	for name, request := range map[string]func(e *env) error{
		"search": func(e *env) error {
			_, err := e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 1})
			return err
		},
		"close": func(e *env) error {
			_, err := e.ClosePeriod(e.ctx, e.tenant, domain.AccountID{}, longAgo) // before the time of the bubble
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				away := &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
				share := max(1, runtime.GOMAXPROCS(0)/4)
				e := newEnv(t, func(d *application.Deps) {
					d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, slowFailure{d.Ledger, away}
				})
				results := make(chan error, 100)
				for range share + 3 {
					go func() { results <- request(e) }()
				}
				start := time.Now()
				for range share + 3 {
					if err := <-results; !errors.Is(err, domain.StoreUnavailable) {
						t.Errorf("got %v, want the error of the store", err)
					}
				}
				if took := time.Since(start); took != time.Second {
					t.Errorf("the requests failed after %v, want the 1 s of one of them", took)
				}
			})
		})
	}
}

// TestReadsFailWithTheCloseThatTheyWaitFor starts to close a period. Searches of the same tenant then wait until the
// close pauses. When the close fails because the store is not available, the searches must fail at once.
func TestReadsFailWithTheCloseThatTheyWaitFor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one share for a tenant
	synctest.Test(t, func(t *testing.T) {
		away := &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
		e := newEnv(t, func(d *application.Deps) {
			d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, slowFailure{d.Ledger, away}
		})
		results := make(chan error, 4)
		start := time.Now()
		go func() {
			_, err := e.ClosePeriod(e.ctx, e.tenant, domain.AccountID{}, longAgo)
			results <- err
		}()
		synctest.Wait()
		for range 3 {
			go func() {
				_, err := e.SearchTransactions(
					e.ctx,
					e.tenant,
					domain.TransactionSearch{},
					domain.PageRequest{Limit: 1},
				)
				results <- err
			}()
		}
		for range 4 {
			if err := <-results; !errors.Is(err, domain.StoreUnavailable) {
				t.Errorf("got %v, want the error of the store", err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the requests failed after %v, want the 1 s of the close", took)
		}
	})
}

// longAgo is a period that ended before the time of a synctest bubble.
var longAgo = domain.Window{To: "1999-12-31"}

// slowFailure is a ledger whose searches and closes fail after a second.
type slowFailure struct {
	ports.Ledger
	err error
}

func (s slowFailure) Search(context.Context, domain.TenantID, domain.TransactionSearch, domain.PageRequest) (
	domain.Page[domain.Transaction], error,
) {
	time.Sleep(time.Second)
	return domain.Page[domain.Transaction]{}, s.err
}

func (s slowFailure) ClosePeriod(
	context.Context, domain.TenantID, domain.AccountID, books.CloseRequest, ports.CloseSteps, ports.AuditEntries,
) (books.Close, bool, error) {
	time.Sleep(time.Second)
	return books.Close{}, false, s.err
}

// TestACloseLetsTheReadsOfItsTenantRun starts to close a period, and then starts a search of the same tenant. The
// search must run when the close pauses.
func TestACloseLetsTheReadsOfItsTenantRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one share for a tenant
	synctest.Test(t, func(t *testing.T) {
		var order []string
		e := newEnv(t, func(d *application.Deps) {
			d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, pausingClose{d.Ledger, &order}
		})
		var running sync.WaitGroup
		running.Go(func() {
			if _, err := e.ClosePeriod(e.ctx, e.tenant, domain.AccountID{}, longAgo); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		running.Go(func() {
			_, err := e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 1})
			if err != nil {
				t.Error(err)
			}
		})
		running.Wait()
		if want := []string{"close begins", "search", "close ends"}; !slices.Equal(order, want) {
			t.Errorf("got the order %q, want %q", order, want)
		}
	})
}

// pausingClose is a ledger in which closing a period takes two seconds, with a pause in the middle.
type pausingClose struct {
	ports.Ledger
	order *[]string
}

func (p pausingClose) Search(context.Context, domain.TenantID, domain.TransactionSearch, domain.PageRequest) (
	domain.Page[domain.Transaction], error,
) {
	*p.order = append(*p.order, "search")
	return domain.Page[domain.Transaction]{}, nil
}

func (p pausingClose) ClosePeriod(
	ctx context.Context, _ domain.TenantID, _ domain.AccountID, _ books.CloseRequest, steps ports.CloseSteps,
	_ ports.AuditEntries,
) (books.Close, bool, error) {
	*p.order = append(*p.order, "close begins")
	time.Sleep(time.Second)
	if err := steps.Pause(ctx); err != nil {
		return books.Close{}, false, err
	}
	time.Sleep(time.Second)
	*p.order = append(*p.order, "close ends")
	return books.Close{}, false, nil
}
