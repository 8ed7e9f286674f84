package belvo

import "net/netip"

// Networks is from where Belvo is known to call webhooks. Source: developers.belvo.com, Webhooks, read 2026-11.
// They change without notice, which is why they are a setting.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"3.130.254.46/32", "18.220.61.186/32", "18.223.45.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
