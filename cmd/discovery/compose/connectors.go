package compose

import (
	connpostgres "github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	connrest "github.com/LerianStudio/aggregator-connections/adapters/connector/rest"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectors returns the connector types of the engine. They open connections through the same
// egress guard as the HTTP client for the vendors. allowHTTP allows connections without TLS.
func connectors(client *vendorhttp.Client, allowHTTP bool) []ports.Connector {
	guard := client.Guard()
	return []ports.Connector{
		connpostgres.New(connpostgres.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
		connrest.New(connrest.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
	}
}
