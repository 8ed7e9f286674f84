package pluggy

import "net/netip"

// Networks is from where Pluggy is known to call webhooks. Source: docs.pluggy.ai, Webhooks, and the addresses that its users report, read 2026-11.
// They change without notice, which is why they are a setting.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"52.67.145.81/32", "177.71.238.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
