package compose

import (
	connpostgres "github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	connrest "github.com/LerianStudio/aggregator-connections/adapters/connector/rest"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectors is the list of engine connector types. They dial behind the guard that the
// vendors' client dials behind.
func connectors(client *vendorhttp.Client, allowHTTP bool) []ports.Connector {
	guard := client.Guard()
	return []ports.Connector{
		connpostgres.New(connpostgres.Options{Egress: guard, Control: guard.Control}),
		connrest.New(connrest.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
	}
}
