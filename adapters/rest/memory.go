package rest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The memory that a request reserves in Options.Memory, in bytes. The sizes include the garbage that the runtime has
// not collected yet, which is at most as much as the live memory.
const (
	// itemMemory is the memory of a request for one object, which is at most as large as a vendor's row.
	itemMemory = 2 * domain.MaxRowBytes
	// deliveryMemory is the memory of a request for a delivery. Its body of at most 1 MiB may be written as a JSON
	// string in which each byte is escaped.
	deliveryMemory = 8 * maxWebhookBody
	// pageMemory is the memory of a request for a page of a list, whose last row may exceed the size of a page.
	pageMemory = 2 * (domain.MaxPageBytes + domain.MaxRowBytes)
	// smallPageMemory is the memory of a request for a page of a list whose objects are small, because they contain
	// nothing that a vendor or an operator can make long.
	smallPageMemory = 1 << 20
	// statementMemory is the memory of a request for an account statement. The statement is written in chunks.
	statementMemory = 1 << 20
)

// stallTimeout is how long a caller may read nothing of a large response before the connection is closed. Until then,
// the response holds memory of its tenant.
const stallTimeout = 20 * time.Second

// smallLists are the operations that return a list of small objects. While pulls of a tenant hold most of its memory,
// an operator can still read these lists.
var smallLists = []string{
	"list-audit-entries", "list-closes", "list-balances", "list-connection-health", "list-connections",
	"list-deliveries", "list-erasures", "list-pulls", "list-all-pulls", "list-event-attempts", "list-webhook-tokens",
}

// memoryOf returns the memory that a request of this operation reserves. It returns 0 for an operation that reserves
// its memory itself, or has no tenant.
func memoryOf(r *route, isList bool) int64 {
	switch {
	case r.scope == "", r.reservesMemory:
		return 0
	case r.memory > 0:
		return r.memory
	case slices.Contains(smallLists, r.id):
		return smallPageMemory
	case isList:
		return pageMemory
	}
	return itemMemory
}

// reserveMemory reserves memory of the request's tenant until the request ends, or until releaseMemory is called.
// Errors: those of ports.MemoryBudget.
func (s *server) reserveMemory(ctx context.Context, bytes int64) error {
	if s.Memory == nil || bytes == 0 {
		return nil
	}
	x := exchangeOf(ctx)
	release, err := s.Memory.Acquire(ctx, x.principal.Tenant, bytes)
	x.releaseMemory = release
	return err
}

// failWaits ends all waits for memory with err if err means that the store is not available.
func (s *server) failWaits(err error) {
	if s.Memory != nil && errors.Is(err, domain.StoreUnavailable) {
		s.Memory.Fail(err)
	}
}

// releaseMemory releases the memory that the request has reserved.
func releaseMemory(x *exchange) {
	if x.releaseMemory != nil {
		x.releaseMemory()
	}
	x.releaseMemory = nil
}

// progressWriter is the http.ResponseWriter of a large response. It sets write deadlines that close the connection if
// the caller reads nothing for stallTimeout, or has not read the whole response at the time end.
type progressWriter struct {
	http.ResponseWriter

	end     time.Time
	started bool // the first chunk was written, so the response is larger than one chunk
}

// Write implements io.Writer. The first chunk keeps the deadline of the server, because most responses are small. An
// error from setting the deadline is ignored, because the response recorder in tests supports no deadline.
func (w *progressWriter) Write(chunk []byte) (int, error) {
	if w.started {
		deadline := time.Now().Add(stallTimeout)
		if w.end.Before(deadline) {
			deadline = w.end
		}
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(deadline)
	}
	w.started = true
	return w.ResponseWriter.Write(chunk)
}

// Unwrap returns the wrapped writer, for http.ResponseController.
func (w *progressWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
