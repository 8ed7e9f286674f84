package application

import (
	"context"
	"errors"
	"iter"
	"runtime"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Probes of engine connections have lower limits than live tests of aggregator connections. A probe connects to a
// system that the tenant chooses. That system can make the probe use much CPU time and memory. A live test only waits
// for the vendor.
var (
	engineProbes = concurrency.Limit{Total: 8, Tenant: 2}
	liveTests    = concurrency.Limit{Total: 64, Tenant: 4}
)

// closings limits how many periods are closed at the same time, because each close reads all records of an account.
var closings = concurrency.Limit{Total: 3, Tenant: 1}

// costlyReads returns the limits of reads that use much CPU time, for example searches. One tenant may use a quarter
// of the processors, but at least one. In total, at least three reads may run. An SQLite file has 4 connections for
// reading, so one of them remains for other reads.
func costlyReads() concurrency.Limit {
	processors := runtime.GOMAXPROCS(0)
	return concurrency.Limit{Total: max(3, processors), Tenant: max(1, processors/4)}
}

// smallPage is the largest number of transactions that a list reads without a share. Reading them is about as cheap as
// reading one transaction.
const smallPage = 50

// readShared calls read while it holds one of the tenant's shares of costly reads. Errors: see withShare.
func readShared[T any](
	ctx context.Context, s *Service, tenant domain.TenantID, read func() (T, error),
) (result T, err error) {
	err = s.withShare(ctx, s.readShares, tenant, func() (err error) {
		result, err = read()
		return err
	})
	return result, err
}

// readFiltered calls read. It holds one of the tenant's shares of costly reads meanwhile, unless the list is indexed:
// every row that it reads belongs to its page, because an index serves all of its filters. Errors: see withShare.
func readFiltered[T any](
	ctx context.Context, s *Service, tenant domain.TenantID, indexed bool, read func() (T, error),
) (T, error) {
	if indexed {
		return read()
	}
	return readShared(ctx, s, tenant, read)
}

// withShare calls do while it holds one of the tenant's shares. If the store is not available, all operations that
// wait for a share fail, too. Otherwise each of them would run into its own timeout, one after the other. Errors:
// those of concurrency.Shares.Acquire and of do.
func (s *Service) withShare(
	ctx context.Context, shares *concurrency.Shares, tenant domain.TenantID, do func() error,
) error {
	release, err := shares.Acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return err
	}
	defer release()
	return failWith(shares, do())
}

// failWith returns err. If err means that the store is not available, it also makes all operations that wait for a
// share fail.
func failWith(shares *concurrency.Shares, err error) error {
	if errors.Is(err, domain.StoreUnavailable) {
		shares.Fail(err)
	}
	return err
}

// A statement reads its records in portions. A portion ends after portionRecords records, or when its texts have
// portionBytes bytes.
const (
	portionRecords = 512
	portionBytes   = 256 << 10
)

// turn is a tenant's share of costly reads. Long work gives it up from time to time, so that other reads can run.
type turn struct {
	shares  *concurrency.Shares
	tenant  domain.TenantID
	release func()
}

// acquireTurn waits a few seconds for a share of the tenant's costly reads. The caller must call end. Errors: see
// concurrency.Shares.Acquire.
func (s *Service) acquireTurn(ctx context.Context, tenant domain.TenantID) (*turn, error) {
	release, err := s.readShares.Acquire(ctx, s.Sleeper, tenant)
	return &turn{s.readShares, tenant, release}, err
}

// awaitTurn is like acquireTurn, but waits until ctx ends. Errors: see concurrency.Shares.Await.
func (s *Service) awaitTurn(ctx context.Context, tenant domain.TenantID) (*turn, error) {
	t := &turn{s.readShares, tenant, func() {}}
	return t, t.pass(ctx)
}

// pass gives up the share, and waits for another one. If other operations of the tenant wait, one of them runs first.
// After an error, the turn has no share. Errors: see concurrency.Shares.Await.
func (t *turn) pass(ctx context.Context) error {
	t.end()
	release, err := t.shares.Await(ctx, t.tenant)
	if err == nil {
		t.release = release
	}
	return err
}

// end ends the share.
func (t *turn) end() {
	t.release()
	t.release = func() {}
}

// readPortions returns the same sequence as read, but reads it in portions. It holds one of the tenant's shares of
// costly reads only while it reads a portion. It yields the records without a share, because their consumer may wait
// for a slow receiver.
func (s *Service) readPortions(
	ctx context.Context, tenant domain.TenantID, read iter.Seq2[domain.Transaction, error],
) iter.Seq2[domain.Transaction, error] {
	return func(yield func(domain.Transaction, error) bool) {
		var none domain.Transaction
		turn, err := s.awaitTurn(ctx, tenant)
		if err != nil {
			yield(none, err)
			return
		}
		defer turn.end()
		items, size := make([]domain.Transaction, 0, portionRecords), 0
		// flush gives up the share, and then yields the items.
		flush := func() bool {
			turn.end()
			for _, item := range items {
				if !yield(item, nil) {
					return false
				}
			}
			items, size = items[:0], 0
			return true
		}
		for item, err := range read {
			if err != nil {
				if flush() {
					yield(none, failWith(s.readShares, err))
				}
				return
			}
			items = append(items, item)
			size += len(item.Description) + len(item.Counterparty)
			if len(items) < portionRecords && size < portionBytes {
				continue
			}
			if !flush() {
				return
			}
			if err := turn.pass(ctx); err != nil {
				yield(none, err)
				return
			}
		}
		flush()
	}
}
