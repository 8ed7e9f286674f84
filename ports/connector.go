package ports

import (
	"context"
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Connector implements one type of engine connection, for example connections to PostgreSQL databases.
type Connector interface {
	// Type returns the connector's registered type.
	Type() domain.ConnectorType
	// Category returns the category of the connector's type.
	Category() domain.Category

	// Validate checks configuration and credential against the connector's own schema and
	// returns the configuration in its canonical form. It reports all invalid fields at once;
	// the field names in its errors start with "config" or "credential". Errors: Invalid;
	// Rejected (address_not_allowed).
	Validate(ctx context.Context, config json.RawMessage, c domain.Credential) (json.RawMessage, error)

	// Probe opens a real connection and returns a short description of the system that it
	// found ("PostgreSQL 15.18", "200 OK"). Errors: the same as those of Aggregator; an error
	// never contains text from that system.
	Probe(ctx context.Context, config json.RawMessage, c domain.Credential) (string, error)
}
