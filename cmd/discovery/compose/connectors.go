package compose

import (
	connpostgres "github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	connrest "github.com/LerianStudio/aggregator-connections/adapters/connector/rest"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectors returns the engine connector types. They dial through the same egress guard as
// the vendors' client.
func connectors(client *vendorhttp.Client, allowHTTP bool) []ports.Connector {
	guard := client.Guard()
	return []ports.Connector{
		connpostgres.New(connpostgres.Options{Egress: guard, Control: guard.Control}),
		connrest.New(connrest.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
	}
}
