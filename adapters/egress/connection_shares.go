package egress

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DialFunc connects to an address, as Guard.Dial does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// ConnectionShares limits how many connections each tenant can have open at the same time to receivers of events. It
// is safe for concurrent use.
type ConnectionShares struct {
	perTenant int

	mu      sync.Mutex
	tenants map[domain.TenantID]*tenantConnections // the tenants with senders
}

// tenantConnections are the open connections of one tenant. ConnectionShares.mu guards all members.
type tenantConnections struct {
	open    int
	senders []*SenderConnections
	waiting []*dialWaiter // ordered by the start of their wait
}

// SenderConnections opens and counts the connections of one sender. Create it with ConnectionShares.Join.
type SenderConnections struct {
	shares    *ConnectionShares
	tenant    domain.TenantID
	closeIdle func()
	open      int // guarded by shares.mu
}

// dialWaiter is a dial that waits until another connection of its tenant is closed.
type dialWaiter struct {
	sender  *SenderConnections
	granted chan struct{} // closed when the dial may begin
}

// NewConnectionShares returns ConnectionShares that allow each tenant at most perTenant open connections.
func NewConnectionShares(perTenant int) *ConnectionShares {
	return &ConnectionShares{perTenant: perTenant, tenants: make(map[domain.TenantID]*tenantConnections)}
}

// Join adds a sender of the tenant. The function closeIdle must close the sender's idle connections; it may be nil.
// It is called if a sender of the tenant, possibly this one, needs a connection while the tenant's limit is reached.
// The caller must call Leave when it opens no more connections.
func (s *ConnectionShares) Join(tenant domain.TenantID, closeIdle func()) *SenderConnections {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[tenant]
	if t == nil {
		t = &tenantConnections{}
		s.tenants[tenant] = t
	}
	sender := &SenderConnections{shares: s, tenant: tenant, closeIdle: closeIdle}
	t.senders = append(t.senders, sender)
	return sender
}

// Leave removes the sender. Its open connections count towards the tenant's limit until they are closed.
func (c *SenderConnections) Leave() {
	s := c.shares
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[c.tenant]
	t.senders = slices.DeleteFunc(t.senders, func(other *SenderConnections) bool { return other == c })
	s.forget(c.tenant, t)
}

// forget removes a tenant without senders and connections. The caller must hold s.mu.
func (s *ConnectionShares) forget(tenant domain.TenantID, t *tenantConnections) {
	if len(t.senders) == 0 && t.open == 0 && len(t.waiting) == 0 {
		delete(s.tenants, tenant)
	}
}

// Dial returns a DialFunc that waits until the tenant may open another connection, and then calls dial. The
// connection counts towards the tenant's limit until it is closed. Errors: the error of ctx, or of dial.
func (c *SenderConnections) Dial(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := c.acquire(ctx); err != nil {
			return nil, err
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			c.release()
			return nil, err
		}
		return &sharedConn{Conn: conn, release: sync.OnceFunc(c.release)}, nil
	}
}

// acquire waits until the sender may open another connection, and counts this connection.
func (c *SenderConnections) acquire(ctx context.Context) error {
	w, senders := c.enter()
	if w == nil {
		return nil
	}
	for _, other := range senders {
		if other.closeIdle != nil {
			other.closeIdle()
		}
	}
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	if c.leave(w) {
		return nil
	}
	return ctx.Err()
}

// enter counts a new connection and returns nil. If the tenant's limit is reached, enter does not count the
// connection. It then returns a waiter for the next free connection, and the senders of the tenant.
func (c *SenderConnections) enter() (*dialWaiter, []*SenderConnections) {
	s := c.shares
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[c.tenant]
	if t == nil { // the sender has left, and the dial was still under way
		t = &tenantConnections{}
		s.tenants[c.tenant] = t
	}
	if t.open < s.perTenant {
		t.open++
		c.open++
		return nil, nil
	}
	w := &dialWaiter{sender: c, granted: make(chan struct{})}
	t.waiting = append(t.waiting, w)
	return w, slices.Clone(t.senders)
}

// leave removes a waiter. It reports whether a connection has been granted to the waiter in the meantime.
func (c *SenderConnections) leave(w *dialWaiter) (granted bool) {
	s := c.shares
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[c.tenant]
	before := len(t.waiting)
	t.waiting = slices.DeleteFunc(t.waiting, func(other *dialWaiter) bool { return other == w })
	granted = len(t.waiting) == before
	s.forget(c.tenant, t)
	return granted
}

// release stops counting a connection that was closed. If dials wait, it grants a connection to the one whose sender
// has the fewest open connections. Among several such dials, it chooses the one that has waited longest.
func (c *SenderConnections) release() {
	s := c.shares
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[c.tenant]
	t.open--
	c.open--
	if len(t.waiting) == 0 {
		s.forget(c.tenant, t)
		return
	}
	next := 0
	for i, w := range t.waiting {
		if w.sender.open < t.waiting[next].sender.open {
			next = i
		}
	}
	w := t.waiting[next]
	t.waiting = slices.Delete(t.waiting, next, next+1)
	t.open++
	w.sender.open++
	close(w.granted)
}

// sharedConn is a connection that counts towards its tenant's limit until it is closed.
type sharedConn struct {
	net.Conn
	release func()
}

// Close closes the connection. It may be called more than once.
func (c *sharedConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
