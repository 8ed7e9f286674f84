package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RateBudgetKey identifies a rate budget that replicas share. A budget limits the calls from one address to one
// resource at one origin of a vendor.
type RateBudgetKey struct {
	Vendor        domain.Vendor
	Origin        string // as domain.OriginOf returns it
	Resource      string
	EgressAddress string // a name for the address from which the replica calls; it can be ""
}

// RateBudgets stores the rate budgets that all replicas on one database share. A rate budget belongs to the service and
// not to a tenant, because a vendor counts calls by address. Rate budgets are the only state of the service that
// belongs to no tenant.
type RateBudgets interface {
	// Update replaces the state of a rate budget with the result of change, as one atomic change. If no state is
	// stored, change gets the zero value. change also gets the present time (now) from the store's own clock, which all
	// replicas share. This time lies between the call of Update and the moment at which the state is replaced, unless
	// the store's clock is adjusted meanwhile.
	//
	// Update may call change more than once, and reads the state again before each call. It stores only the result of
	// the last call. If it returns nil, it has stored this result. After an error it is unknown whether the state was
	// stored. Times in the state are stored with a precision of microseconds. The store may drop a state that was not
	// updated for a day.
	Update(ctx context.Context, key RateBudgetKey,
		change func(state domain.RateBudget, now time.Time) domain.RateBudget) error
}
