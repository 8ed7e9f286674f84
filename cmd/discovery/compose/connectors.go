package compose

import (
	connpostgres "github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	connrest "github.com/LerianStudio/aggregator-connections/adapters/connector/rest"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connectorSchemas returns the schemas of the connector types, for the OpenAPI document.
func connectorSchemas() []rest.ConnectorSchema {
	return []rest.ConnectorSchema{
		{Name: "Postgres", Config: connpostgres.ConfigSchema, Credential: connpostgres.CredentialSchema},
		{Name: "RestGeneric", Config: connrest.ConfigSchema, Credential: connrest.CredentialSchema},
	}
}

// connectors returns the connector types for engine connections (to databases and REST APIs). They open connections
// through the same egress guard as the HTTP client for the vendors. allowHTTP allows connections without TLS.
func connectors(client *vendorhttp.Client, allowHTTP bool) []ports.Connector {
	guard := client.Guard()
	return []ports.Connector{
		connpostgres.New(connpostgres.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
		connrest.New(connrest.Options{Egress: guard, Control: guard.Control, AllowHTTP: allowHTTP}),
	}
}
