package rest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress returns the client address of a request: the address of the peer or, where
// the peer is a trusted proxy, the rightmost address of X-Forwarded-For that is not one.
// Addresses to the left of that one are ignored, because the client may have written them.
// It returns the zero address, which is in no network, where the address cannot be determined.
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

// cutLastAddress splits the last address off a comma-separated list.
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
