package pulling

import (
	"context"
	"errors"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// checkNotPaused returns Conflict (connection_paused) if the connection was paused during the attempt. When the
// connection is resumed, the pull continues where it stopped. checkNotPaused is called before each request to the
// vendor except the first one, because Claim has already checked the connection.
func (c *claim) checkNotPaused(ctx context.Context) error {
	now, err := c.Connections.Get(ctx, c.Connection.Tenant, c.Connection.Kind, c.Connection.ID)
	if errors.Is(err, domain.NotFound) {
		return nil // the next write finds that the connection was deleted
	}
	if err != nil {
		return err
	}
	return now.CheckNotPaused()
}

// pageMemory is the memory that a page of a vendor holds, from the request for the page until the page is stored. If
// budget is nil, the memory is not bounded.
type pageMemory struct {
	budget ports.MemoryBudget
	tenant domain.TenantID

	mu   sync.Mutex
	free func() // releases what is reserved; nil if nothing is
}

// reserve reserves memory for a response of this size. It first releases what was reserved before. Otherwise several
// pages of a tenant could wait for one another. Errors: those of ports.MemoryBudget.
func (m *pageMemory) reserve(ctx context.Context, bytes int64) error {
	if m.budget == nil {
		return nil
	}
	m.drop()
	free, err := m.budget.Acquire(ctx, m.tenant, ports.MemoryPerByte*bytes)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = free
	return nil
}

// drop releases the memory. The page may reserve memory again. m may be nil.
func (m *pageMemory) drop() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.free != nil {
		m.free()
	}
	m.free = nil
}
