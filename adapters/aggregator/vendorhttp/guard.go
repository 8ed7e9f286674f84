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

// lookupTimeout bounds the look-up of [Guard.Check].
const lookupTimeout = 3 * time.Second

// wireServer is Azure's host service: a public address that is answered by the machine
// the process runs on. https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
var wireServer = netip.MustParsePrefix("168.63.129.16/32")

// Guard keeps requests from addresses that egress forbids: all that is not public
// unicast (IANA's special-purpose registries), unless [Config.AllowedCIDRs] names it.
// It implements ports.Addresses.
type Guard struct {
	safe      *ssrf.Guardian
	resolver  Resolver
	allowHTTP bool
}

// NewGuard makes a guard from the address rules of the configuration.
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
		safe: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...),
			ssrf.WithAllowedV6Prefixes(v6...), ssrf.WithDeniedV4Prefixes(wireServer)),
		resolver: resolver, allowHTTP: cfg.AllowHTTP,
	}
}

// Check refuses a URL that is not an absolute https URL (http where it is allowed), has
// userinfo, or whose host is or resolves to a forbidden address. A name that does not
// resolve passes. Errors: Rejected (address_not_allowed).
func (g *Guard) Check(ctx context.Context, rawURL string) error {
	u, err := parseBase(rawURL)
	if err != nil {
		return err
	}
	if err := g.inspect(u); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, _ := g.resolver.LookupNetIP(ctx, "ip", u.Hostname())
	for _, addr := range found {
		if g.safe.SafeAddr(addr.Unmap().WithZone("")) != nil {
			return notAllowed("an address that egress forbids")
		}
	}
	return nil
}

// inspect judges a URL by its text: the scheme, and a host that is an address.
func (g *Guard) inspect(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !g.allowHTTP) {
		return notAllowed("a scheme that egress forbids")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	addr, err := netip.ParseAddr(host)
	switch {
	case strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) >= 0:
		// net/http maps wide and circled digits to plain ones before it dials
		return notAllowed("a host that is not ASCII")
	case err != nil && numeric(host):
		return notAllowed("an address spelled in another way than usual")
	case err != nil:
		return nil
	case g.safe.SafeAddr(addr) != nil: // an IPv4 address spelled as IPv6 is none of IPv6's public ones
		return notAllowed("an address that egress forbids")
	}
	return nil
}

// Control refuses a dial by its resolved address, just before it: net.Dialer.Control.
func (g *Guard) Control(network, address string, raw syscall.RawConn) error {
	if g.safe.Safe(network, address, raw) != nil {
		return errForbidden
	}
	return nil
}

var errForbidden = errors.New("address forbidden by egress")

// numeric says whether some resolvers would read the host as an IPv4 address: its last
// label is a number, decimal, octal or hexadecimal.
// https://url.spec.whatwg.org/#ends-in-a-number-checker
func numeric(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// parseBase reads a base URL: absolute, with a host, without userinfo and fragment.
func parseBase(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return nil, notAllowed("a base URL that is none")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	return u, nil
}

// Origin gives scheme and host of a URL, lower case, with the port where it is not the
// scheme's own: two URLs of one origin give the same text. Errors: Rejected
// (address_not_allowed) for what is no absolute URL.
func Origin(rawURL string) (string, error) {
	u, err := parseBase(rawURL)
	if err != nil {
		return "", err
	}
	return originOf(u), nil
}

func originOf(u *url.URL) string {
	host := u.Host
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

func notAllowed(why string) *domain.Error {
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: why}
}
