package pulling

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Matching returns the rules for recognising that a new row of the vendor replaces a removed row; nil if
// KeepReplacementsApart is set. The rules can be used until ctx ends.
func (e *Engine) Matching(ctx context.Context, vendor domain.Vendor) *ports.Matching {
	if e.KeepReplacementsApart {
		return nil
	}
	return e.matchingRules(ctx, vendor)
}

// matchingRules returns the rules for recognising that a row of the vendor continues another one.
func (e *Engine) matchingRules(ctx context.Context, vendor domain.Vendor) *ports.Matching {
	rules := &ports.Matching{
		Reserve: func(tenant domain.TenantID, rows int, wait bool) (func(), error) {
			return e.reserveComparison(ctx, tenant, rows, wait)
		},
		Turn: func(tenant domain.TenantID, rows int) (func(), error) {
			if rows <= freeComparedRows {
				return func() {}, nil
			}
			return e.comparisons.Await(ctx, tenant)
		},
		Compared: func(cost matching.Cost) {
			if cost.ExceedsLimits() {
				e.Observer.Emit(ctx, ports.ComparisonLimited{CutRows: cost.CutRows, Unjudged: cost.Unjudged})
			}
		},
	}
	if reader, ok := e.Aggregators[vendor].(ports.RowReader); ok {
		rules.RowOf = reader.RowOf
	}
	return rules
}

// comparisonLimit limits how many comparisons of many rows are made at the same time. They need nothing but the
// processors, of which the half is left for webhooks and reads.
func comparisonLimit() concurrency.Limit {
	half := max(1, runtime.GOMAXPROCS(0)/2)
	return concurrency.Limit{Total: half, Tenant: half}
}

// The memory of a comparison of rows. Memory is reserved only for more than freeComparedRows rows, and only they wait
// for a turn.
const (
	freeComparedRows = 100
	// comparedRowBytes is the memory of one row: its bounded texts, its words, and the pairs with other rows.
	comparedRowBytes = 16 << 10
	// maxComparisonBytes is less than half of what a tenant may hold, so that a page fits beside two comparisons.
	maxComparisonBytes = 28 << 20
)

// reserveComparison implements Matching.Reserve. If the memory is not available in time, a comparison that waits is
// made without a reservation. At most one such comparison is made at a time. A pull whose pages hold all memory of its
// tenant could otherwise never continue.
func (e *Engine) reserveComparison(
	ctx context.Context, tenant domain.TenantID, rows int, wait bool,
) (release func(), err error) {
	if e.Memory == nil || rows <= freeComparedRows {
		return func() {}, nil
	}
	bytes := min(int64(rows)*comparedRowBytes, maxComparisonBytes)
	if !wait {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return e.Memory.Acquire(ended, tenant, bytes)
	}
	release, err = e.Memory.Acquire(ctx, tenant, bytes)
	if !errors.Is(err, domain.MemoryExhausted) {
		return release, err
	}
	select {
	case e.unreserved <- struct{}{}:
		return sync.OnceFunc(func() { <-e.unreserved }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
