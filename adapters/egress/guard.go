// Package egress decides to which addresses the service may connect, and limits the duration and the size of HTTP
// exchanges.
//
// Adapters use a [Guard] to dial hosts that tenants have named. The guard checks the address of each connection. A host
// name that first resolves to an allowed address and later to a forbidden one is therefore harmless.
//
// All HTTP requests of the service are sent by a [Transport], which ends each exchange in time and limits its size.
package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// lookupTimeout bounds the DNS lookup by [Guard.Check].
const lookupTimeout = 3 * time.Second

// azureWireServer is the address of Azure's host service. It is a public address, but requests to it are answered by
// the host machine on which the process runs.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
var azureWireServer = netip.MustParsePrefix("168.63.129.16/32")

// Config configures a [Guard]. The zero value allows only https and only public addresses.
type Config struct {
	// AllowedCIDRs are IPv4 and IPv6 networks that requests may reach although they are
	// private, loopback or otherwise not public.
	AllowedCIDRs []netip.Prefix
	// AllowHTTP allows connections without TLS, for URLs with http and for other protocols.
	AllowHTTP bool
	// Resolver resolves host names; nil means the system's resolver. The guard checks the
	// addresses that it returns.
	Resolver Resolver
	// Proxy makes the connections; nil means that they are made directly.
	Proxy *Proxy
	// ProxyHosts are the host names that may be called through the proxy although they do not resolve here.
	ProxyHosts []string
}

// Resolver resolves a host name. *net.Resolver implements it. network is always "ip".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Guard is the egress guard, which protects against server-side request forgery (SSRF). It prevents requests to
// forbidden addresses. An address is forbidden if it is not a public unicast address according to IANA's
// special-purpose registries, unless [Config.AllowedCIDRs] contains it. Guard implements ports.EgressGuard.
type Guard struct {
	addresses *ssrf.Guardian
	resolver  Resolver // nil means the system's resolver
	allowHTTP bool

	proxy      *Proxy
	proxyHosts map[string]bool // in lower case
}

// NewGuard returns a guard with the address rules of cfg.
func NewGuard(cfg Config) *Guard {
	var v4, v6 []netip.Prefix
	for _, prefix := range cfg.AllowedCIDRs {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	hosts := make(map[string]bool, len(cfg.ProxyHosts))
	for _, host := range cfg.ProxyHosts {
		hosts[strings.ToLower(host)] = true
	}
	return &Guard{
		addresses: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...),
			ssrf.WithAllowedV6Prefixes(v6...), ssrf.WithDeniedV4Prefixes(azureWireServer)),
		resolver: cfg.Resolver, allowHTTP: cfg.AllowHTTP, proxy: cfg.Proxy, proxyHosts: hosts,
	}
}

// Check refuses a URL that is not a valid base URL (see domain.ParseBaseURL). An http URL is valid only if
// Config.AllowHTTP is set. Check also refuses a URL whose host is a forbidden address or resolves to one. A host name
// that does not resolve is accepted. Errors: Rejected (address_not_allowed).
func (g *Guard) Check(ctx context.Context, rawURL string) error {
	u, err := g.Parse(rawURL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, _ := g.lookup(ctx, u.Hostname())
	for _, addr := range found {
		if g.addresses.SafeAddr(addr.Unmap().WithZone("")) != nil {
			return NotAllowed("an address that egress forbids")
		}
	}
	return nil
}

// lookup resolves a host name or parses an address.
func (g *Guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if g.resolver == nil {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	return g.resolver.LookupNetIP(ctx, "ip", host)
}

// Parse parses a base URL and checks its form, its scheme, and its host if the host is an
// address. It does not resolve a host name. Errors: Rejected (address_not_allowed).
func (g *Guard) Parse(rawURL string) (*url.URL, error) {
	u, err := domain.ParseBaseURL(rawURL, g.allowHTTP)
	if err != nil {
		return nil, NotAllowed("not a valid base URL, or a scheme that egress forbids")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	addr, err := netip.ParseAddr(host)
	switch {
	case strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) >= 0:
		// net/http converts full-width and circled digits to ASCII digits before it dials.
		return nil, NotAllowed("a host that is not ASCII")
	case err != nil && isNumeric(host):
		return nil, NotAllowed("an address in an unusual notation")
	case err != nil:
		return u, nil
	// An IPv4 address in IPv6 notation is also forbidden.
	case g.addresses.SafeAddr(addr) != nil:
		return nil, NotAllowed("an address that egress forbids")
	}
	return u, nil
}

// Control is a net.Dialer.Control function. It refuses to dial a forbidden address; it is
// called with the resolved address directly before the dial. Errors: ErrForbiddenAddress.
func (g *Guard) Control(network, address string, raw syscall.RawConn) error {
	if g.addresses.Safe(network, address, raw) != nil {
		return ErrForbiddenAddress
	}
	return nil
}

// ErrForbiddenAddress is the error of a dial that the guard has refused. Errors of package net can wrap it.
var ErrForbiddenAddress = errors.New("address forbidden by egress")

// isNumeric reports whether some resolvers would interpret the host as an IPv4 address. That
// is the case if its last label is a number: decimal, octal or hexadecimal.
// https://url.spec.whatwg.org/#ends-in-a-number-checker
func isNumeric(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// AllowsPlaintext reports whether connections without TLS are allowed.
func (g *Guard) AllowsPlaintext() bool { return g.allowHTTP }

// NotAllowed returns the error Rejected (address_not_allowed) with this message.
func NotAllowed(why string) *domain.Error {
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: why}
}
