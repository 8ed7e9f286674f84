package egress

import (
	"context"
	"net"
	"time"
)

// dialTimeout bounds one dial. keepAlive is the interval of the probes on a connection without data.
const (
	dialTimeout = 5 * time.Second
	keepAlive   = 30 * time.Second
)

// Dial connects to an address with the form "host:port". It resolves the host name with the resolver of the guard, or
// with the system's resolver if the guard has none. The errors are those of package net, and ErrForbiddenAddress.
//
// The guard checks each address just before it is dialed. Therefore a host name that now resolves to a different
// address (DNS rebinding) cannot evade the guard.
//
// The timeout is 5 s. If the guard has a resolver, the timeout applies to each dialed address separately.
//
// If the guard has a proxy, the proxy connects. It resolves the host name again, so it must itself refuse private
// addresses to be a defence against DNS rebinding.
func (g *Guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if g.proxy != nil {
		return g.dialThroughProxy(ctx, network, address)
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: g.Control}
	if g.resolver == nil {
		return dialer.DialContext(ctx, network, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := g.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	err = &net.DNSError{IsNotFound: true}
	for _, addr := range found {
		if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(addr.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
