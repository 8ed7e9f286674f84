package vendorhttp

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

// azureWireServer is the address of Azure's host service. It is a public address, but the
// host machine on which the process runs answers it.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
var azureWireServer = netip.MustParsePrefix("168.63.129.16/32")

// Guard is the egress guard, which protects against server-side request forgery (SSRF). It
// prevents requests to forbidden addresses. Forbidden are all addresses that are not public
// unicast addresses (IANA's special-purpose registries), unless [Config.AllowedCIDRs]
// contains them. Guard implements ports.EgressGuard.
type Guard struct {
	addresses *ssrf.Guardian
	resolver  Resolver
	allowHTTP bool
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
	resolver := cfg.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Guard{
		addresses: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...),
			ssrf.WithAllowedV6Prefixes(v6...), ssrf.WithDeniedV4Prefixes(azureWireServer)),
		resolver: resolver, allowHTTP: cfg.AllowHTTP,
	}
}

// Check refuses a URL that is not a valid base URL (see domain.ParseBaseURL; http only if it
// is allowed). It also refuses a URL whose host is, or resolves to, a forbidden address. A
// host name that does not resolve is accepted. Errors: Rejected (address_not_allowed).
func (g *Guard) Check(ctx context.Context, rawURL string) error {
	u, err := g.parse(rawURL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, _ := g.resolver.LookupNetIP(ctx, "ip", u.Hostname())
	for _, addr := range found {
		if g.addresses.SafeAddr(addr.Unmap().WithZone("")) != nil {
			return notAllowed("an address that egress forbids")
		}
	}
	return nil
}

// parse parses a base URL and checks its form, its scheme, and its host if the host is an
// address. It does not resolve a host name. Errors: Rejected (address_not_allowed).
func (g *Guard) parse(rawURL string) (*url.URL, error) {
	u, err := domain.ParseBaseURL(rawURL, g.allowHTTP)
	if err != nil {
		return nil, notAllowed("not a valid base URL, or a scheme that egress forbids")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	addr, err := netip.ParseAddr(host)
	switch {
	case strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) >= 0:
		// net/http converts full-width and circled digits to ASCII digits before it dials.
		return nil, notAllowed("a host that is not ASCII")
	case err != nil && isNumeric(host):
		return nil, notAllowed("an address in an unusual notation")
	case err != nil:
		return u, nil
	// this includes an IPv4 address in IPv6 notation, which is no public IPv6 address
	case g.addresses.SafeAddr(addr) != nil:
		return nil, notAllowed("an address that egress forbids")
	}
	return u, nil
}

// Control is a net.Dialer.Control function. It refuses to dial a forbidden address; it is
// called with the resolved address directly before the dial.
func (g *Guard) Control(network, address string, raw syscall.RawConn) error {
	if g.addresses.Safe(network, address, raw) != nil {
		return errForbiddenAddress
	}
	return nil
}

var errForbiddenAddress = errors.New("address forbidden by egress")

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

// Origin returns the scheme and the host of an http or https URL in lower case. It includes
// the port unless that is the default port of the scheme. Therefore two URLs of one origin
// have the same result. The URL may have a query. Errors: Rejected (address_not_allowed) for a
// URL that is not absolute, or that has userinfo or a fragment.
func Origin(rawURL string) (string, error) {
	withoutQuery, _, _ := strings.Cut(rawURL, "?")
	u, err := domain.ParseBaseURL(withoutQuery, true)
	if err != nil || strings.Contains(rawURL, "#") {
		return "", notAllowed("not an absolute URL")
	}
	return domain.OriginOf(u), nil
}

func notAllowed(why string) *domain.Error {
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: why}
}
