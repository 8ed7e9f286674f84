package compose

import (
	"net/netip"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// vendor describes an aggregator that the service supports.
type vendor struct {
	name     domain.Vendor
	make     func(*vendorhttp.Client, ports.Clock) ports.Aggregator
	networks []netip.Prefix // the known source networks of the vendor's webhooks
}

// vendors returns the aggregators that the service supports. To add a third aggregator, add an
// entry here and a folder under adapters/aggregator.
func vendors() []vendor {
	return []vendor{
		{
			pluggy.Name, func(c *vendorhttp.Client, t ports.Clock) ports.Aggregator { return pluggy.New(c, t) },
			pluggy.Networks(),
		},
		{
			belvo.Name, func(c *vendorhttp.Client, t ports.Clock) ports.Aggregator { return belvo.New(c, t) },
			belvo.Networks(),
		},
	}
}

// Networks returns a map from each supported vendor to the known source networks of the vendor's
// webhooks.
func Networks() map[domain.Vendor][]netip.Prefix {
	networks := make(map[domain.Vendor][]netip.Prefix)
	for _, v := range vendors() {
		networks[v.name] = v.networks
	}
	return networks
}

// vendorNames returns the names of the supported vendors.
func vendorNames() []domain.Vendor {
	var all []domain.Vendor
	for _, v := range vendors() {
		all = append(all, v.name)
	}
	return all
}
