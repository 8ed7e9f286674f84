package rest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// caller gives the address a request came from: the peer, or behind trusted proxies the
// rightmost address of X-Forwarded-For that is not one of them. Whatever stands left of
// that one is the caller's own claim. The zero address where it cannot be told: it is in
// no network.
func caller(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	hops := r.Header.Values("X-Forwarded-For")
	for _, hop := range slices.Backward(hops) {
		for rest := hop; rest != ""; {
			if !within(at, trusted) {
				return at
			}
			var last string
			rest, last = lastHop(rest)
			if at, err = netip.ParseAddr(last); err != nil {
				return netip.Addr{}
			}
			at = at.Unmap()
		}
	}
	return at
}

// lastHop splits the last address off a list.
func lastHop(list string) (rest, hop string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], strings.TrimSpace(list[i+1:])
	}
	return "", strings.TrimSpace(list)
}

func within(at netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(at) {
			return true
		}
	}
	return false
}
