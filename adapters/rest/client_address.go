package rest

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress returns the client address of a request:
//
//   - If the peer is not a trusted proxy, the result is the address of the peer.
//   - If the peer is a trusted proxy, the result is the rightmost address in X-Forwarded-For that belongs to no trusted
//     proxy. Addresses to its left are ignored, because the client may have written them.
//   - If the address cannot be determined, the result is the zero address, which is in no network.
//
// Empty elements of the list are skipped (RFC 9110, section 5.6.1.2).
func clientAddress(r *http.Request, trustedProxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for rest := line; rest != ""; {
			if !containedIn(address, trustedProxies) {
				return address
			}
			var last string
			if rest, last = cutLastAddress(rest); last == "" {
				continue
			}
			if address, err = parseForwarded(last); err != nil {
				return netip.Addr{}
			}
		}
	}
	return address
}

// peerOf returns the client address of a request for the log. If X-Forwarded-For is invalid, it returns the address of
// the proxy. If that address is unknown, it returns "unknown". The zone of an IPv6 address is omitted, because a zone
// may be any text.
func (s *server) peerOf(r *http.Request) string {
	address := clientAddress(r, s.TrustedProxies)
	if !address.IsValid() {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return "unknown"
		}
		address = peer.Addr().Unmap()
	}
	return address.WithZone("").String()
}

// prefixOf returns the path that a trusted proxy has removed from the request, as X-Forwarded-Prefix names it, or "".
// The header of any other peer is ignored, because it would decide from where the console loads its scripts.
func prefixOf(r *http.Request, trustedProxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !containedIn(peer.Addr().Unmap(), trustedProxies) {
		return ""
	}
	return strings.Join(r.Header.Values("X-Forwarded-Prefix"), ",") // several are no valid prefix
}

// parseForwarded parses an element of X-Forwarded-For: an address with or without a port, an IPv6 address with or
// without brackets. Azure's gateways and Caddy, among others, append the port.
func parseForwarded(element string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(element); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	if inner, ok := strings.CutPrefix(element, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(inner, ":") {
			return netip.Addr{}, errors.New("not an address in brackets")
		}
		element = inner
	}
	address, err := netip.ParseAddr(element)
	return address.Unmap(), err
}

// cutLastAddress cuts the last address off a comma-separated list. It returns the rest of the list and the address.
func cutLastAddress(list string) (rest, lastAddress string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], strings.TrimSpace(list[i+1:])
	}
	return "", strings.TrimSpace(list)
}

// containedIn reports whether the address is in one of the networks.
func containedIn(address netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
