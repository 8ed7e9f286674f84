package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
)

// RateBudgetKey identifies a rate budget that replicas share. A budget limits the calls from one address to one
// resource at one origin of a vendor.
type RateBudgetKey struct {
	Vendor domain.Vendor
	Origin string // as domain.OriginOf returns it
	// Resource also contains a hash of what the vendor counts calls by, if it does not count them by address.
	Resource      string
	EgressAddress string // a name for the address from which the replica calls; it can be ""
}

// RateBudgets stores the rate budgets that all replicas on one database share. A rate budget belongs to no tenant,
// because a vendor counts calls by address. All other state of the service belongs to a tenant.
type RateBudgets interface {
	// Update replaces the state of a rate budget with the result of the function fn, in one atomic change. The
	// arguments of fn are:
	//
	//   - state: the stored state, or the zero value if no state is stored.
	//   - now: the current time of the store's own clock, which all replicas share. This time is not earlier than the
	//     call of Update, and not later than the replacement of the state, except if the clock is adjusted meanwhile.
	//
	// Update may call fn more than once. It reads the state again before each call, and stores only the result of the
	// last call. After an error it is unknown whether a result was stored.
	//
	// Times in the state are stored with a precision of microseconds.
	Update(ctx context.Context, key RateBudgetKey,
		fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget) error

	// Prune deletes the states that were not updated for a day, and returns their number. Their budgets are full again.
	Prune(ctx context.Context) (int, error)
}
