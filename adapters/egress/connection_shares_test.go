package egress

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// pipes simulates dials: each dial returns one end of a new pipe. It counts the dials.
type pipes struct {
	mu    sync.Mutex
	dials int
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dials++
	conn, _ := net.Pipe()
	return conn, nil
}

func (p *pipes) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dials
}

func newTenant() domain.TenantID { return domain.TenantID{UUID: uuid.New()} }

func TestATenantHasABoundedNumberOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		shares, tenant := NewConnectionShares(3), newTenant()
		first, second := shares.Join(tenant, nil), shares.Join(tenant, nil)
		other := shares.Join(newTenant(), nil)
		open := make(chan net.Conn, 10)
		dial := func(c *SenderConnections) {
			go func() {
				conn, err := c.Dial(p.dial)(t.Context(), "tcp", "")
				if err != nil {
					t.Error(err)
				}
				open <- conn
			}()
			synctest.Wait()
		}
		for range 4 {
			dial(first)
		}
		dial(second)
		if n := p.count(); n != 3 {
			t.Fatalf("%d connections are open, want 3", n)
		}
		dial(other) // does not wait for the tenant
		if n := p.count(); n != 4 {
			t.Fatalf("the other tenant has no connection")
		}
		conn := <-open
		_, _ = conn.Close(), conn.Close() // counts once
		synctest.Wait()
		if second.open != 1 || first.open != 2 {
			t.Errorf("the senders have %d and %d connections, want 2 and 1", first.open, second.open)
		}
		for range 4 {
			_ = (<-open).Close()
			synctest.Wait()
		}
		for _, c := range []*SenderConnections{first, second, other} {
			c.Leave()
		}
		_ = (<-open).Close()
		if len(shares.tenants) != 0 {
			t.Errorf("%d tenants are left", len(shares.tenants))
		}
	})
}

// If one sender holds all connections of a tenant, and they are idle, they must be closed when another sender of the
// tenant needs a connection.
func TestIdleConnectionsAreClosedWhenAnotherSenderNeedsOne(t *testing.T) {
	var p pipes
	shares, tenant := NewConnectionShares(2), newTenant()
	var idle []net.Conn
	first := shares.Join(tenant, func() {
		for _, conn := range idle {
			_ = conn.Close()
		}
	})
	for range 2 {
		conn, err := first.Dial(p.dial)(t.Context(), "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, conn)
	}
	second := shares.Join(tenant, nil)
	if _, err := second.Dial(p.dial)(t.Context(), "tcp", ""); err != nil {
		t.Fatal(err)
	}
}

func TestADialThatWaitsOrFailsHoldsNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		shares := NewConnectionShares(1)
		sender := shares.Join(newTenant(), nil)
		want := errors.New("refused")
		_, err := sender.Dial(func(context.Context, string, string) (net.Conn, error) { return nil, want })(
			t.Context(), "tcp", "")
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		conn, err := sender.Dial(p.dial)(t.Context(), "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := sender.Dial(p.dial)(ctx, "tcp", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
		_ = conn.Close()
		if conn, err = sender.Dial(p.dial)(t.Context(), "tcp", ""); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	})
}
