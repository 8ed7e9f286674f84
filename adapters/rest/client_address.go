package rest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress returns the client address of a request. This is the address of the peer,
// unless the peer is a trusted proxy. In that case it is the rightmost address in
// X-Forwarded-For that does not belong to a trusted proxy. All addresses to the left of it are
// ignored, because the client may have written them. If the address cannot be determined,
// clientAddress returns the zero address, which is in no network.
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
			rest, last = cutLastAddress(rest)
			if address, err = netip.ParseAddr(last); err != nil {
				return netip.Addr{}
			}
			address = address.Unmap()
		}
	}
	return address
}

// peerOf returns the client address of a request for the log. If a trusted proxy sent an invalid X-Forwarded-For
// header, peerOf returns the address of that proxy. If the address of the connection is not known either, it returns
// "unknown". The zone of an IPv6 address is omitted, because the zone in a header may be any text.
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

// cutLastAddress splits a comma-separated list of addresses into the last address (last) and the part of the list
// before it (rest).
func cutLastAddress(list string) (rest, last string) {
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
