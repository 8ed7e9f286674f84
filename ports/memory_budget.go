package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// MemoryPerByte is the number of bytes of memory to reserve for each byte of a vendor's response or of an event. The
// runtime collects garbage late, and rows are copied when they are normalised, stored and encoded.
const MemoryPerByte = 3

// MemoryBudget bounds the memory that requests, pages and messages hold at the same time. It divides the memory among
// the tenants that hold some.
type MemoryBudget interface {
	// Acquire reserves memory of the given size in bytes for the tenant. If the memory is not available, Acquire waits
	// a few seconds for it; it does not wait if ctx has ended. The caller must call release when it no longer
	// holds the memory; further calls of release do nothing.
	//
	// A tenant that holds nothing gets its first reservation as long as the whole budget has that much memory left,
	// even if the reservation is larger than the tenant's share. A reservation that is larger than the whole budget
	// gets all of it once nothing else is held.
	//
	// Errors: Unavailable (memory_exhausted) with RetryAfter if the memory is not available in time; the error of ctx.
	Acquire(ctx context.Context, tenant domain.TenantID, bytes int64) (release func(), err error)

	// Fail ends all waits of Acquire with this error. It is called when the store is not available. The requests that
	// hold memory then wait for the store until their timeouts. The requests that wait for memory would start only
	// after these timeouts.
	Fail(err error)
}
