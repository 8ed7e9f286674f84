package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RateBudgetKey identifies a rate budget that replicas share: calls to one resource at one origin of a vendor, from one
// address.
type RateBudgetKey struct {
	Vendor        domain.Vendor
	Origin        string // in the form of domain.OriginOf
	Resource      string
	EgressAddress string // a name for the address from which the replica calls; it can be ""
}

// RateBudgets stores the rate budgets that all replicas on one database share. A rate budget belongs to the service and
// not to a tenant, because a vendor counts calls by address. It is the only state of the service without a tenant.
type RateBudgets interface {
	// Update replaces the state of a rate budget with the result of change, as one atomic change. A state that was
	// never stored is the zero value. now is the time of the store's own clock, which all replicas share. It is not
	// later than the change, and not earlier than the call of Update, except that the store's clock may be adjusted.
	//
	// change may be called more than once, each time with a state that was read again; only the result of the last
	// call is stored, and only if Update returns nil. After an error it is unknown whether the state was stored. Times
	// in the state are stored with a precision of microseconds. The store may drop a state that was not updated for a
	// day.
	Update(ctx context.Context, key RateBudgetKey,
		change func(state domain.RateBudget, now time.Time) domain.RateBudget) error
}
