package compose

import (
	"net/url"
	"slices"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// vendor describes an aggregator that the service supports.
type vendor struct {
	name      domain.Vendor
	make      func(*vendorhttp.Client, ports.Clock, configs.LinkPage) ports.Aggregator
	settings  configs.Vendor
	hosts     []string // the hosts of its API, beside those of settings.BaseURLs
	answersOK bool     // see rest.Options.AnswersOK
	signs     bool     // the adapter is a ports.WebhookVerifier
}

// vendors returns the aggregators that the service supports. To add another aggregator, add an
// entry here and a folder under adapters/aggregator.
func vendors() []vendor {
	return []vendor{
		{
			name: pluggy.Name, settings: configs.Vendor{Networks: pluggy.Networks()},
			hosts: []string{"api.pluggy.ai"},
			make: func(c *vendorhttp.Client, t ports.Clock, _ configs.LinkPage) ports.Aggregator {
				return pluggy.New(c, t)
			},
		},
		{
			name: belvo.Name, settings: configs.Vendor{Networks: belvo.Networks()},
			hosts: []string{"api.belvo.com", "sandbox.belvo.com", "development.belvo.com"},
			make: func(c *vendorhttp.Client, t ports.Clock, _ configs.LinkPage) ports.Aggregator {
				return belvo.New(c, t)
			},
		},
		{
			name: plaid.Name, settings: configs.Vendor{BaseURLs: plaid.BaseURLs(), LinkPage: true},
			answersOK: true, signs: true,
			make: func(c *vendorhttp.Client, t ports.Clock, p configs.LinkPage) ports.Aggregator {
				return plaid.New(c, t, plaid.Link(p))
			},
		},
	}
}

// Vendors returns the settings of each supported vendor.
func Vendors() map[domain.Vendor]configs.Vendor {
	settings := make(map[domain.Vendor]configs.Vendor)
	for _, v := range vendors() {
		settings[v.name] = v.settings
	}
	return settings
}

// VendorNames returns the names of the supported vendors.
func VendorNames() []domain.Vendor {
	var all []domain.Vendor
	for _, v := range vendors() {
		all = append(all, v.name)
	}
	return all
}

// UsesAccessToken reports whether each connection to the vendor has an access token; false for an unknown vendor.
func UsesAccessToken(name domain.Vendor) bool {
	for _, v := range vendors() {
		user, ok := v.make(nil, nil, configs.LinkPage{}).(ports.AccessTokenUser)
		if v.name == name && ok {
			return user.UsesAccessToken()
		}
	}
	return false
}

// answeredOK returns the names of the vendors whose webhooks are answered with 200.
func answeredOK() []domain.Vendor {
	var all []domain.Vendor
	for _, v := range vendors() {
		if v.answersOK {
			all = append(all, v.name)
		}
	}
	return all
}

// proxyHosts returns the hosts that may be called through a proxy although they do not resolve here: those of the
// vendors and of the setting. If the base URLs of a vendor are limited, only their hosts count.
func proxyHosts(cfg configs.Config) []string {
	hosts := slices.Clone(cfg.Egress.ProxyHosts)
	for _, v := range vendors() {
		origins := cfg.BaseURLs[v.name]
		if len(origins) == 0 {
			hosts = append(hosts, v.hosts...)
		}
		for _, origin := range origins {
			if u, err := url.Parse(origin); err == nil {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	return hosts
}
