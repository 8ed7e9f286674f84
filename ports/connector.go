package ports

import (
	"context"
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Connector is a kind of engine connection.
type Connector interface {
	Type() domain.ConnectorType
	Category() domain.Category

	// Validate checks configuration and credential against the connector's own schema and
	// gives the configuration in its canonical form. Faults name fields below "config" and
	// "credential", all of them at once. Errors: Invalid; Rejected (address_not_allowed).
	Validate(ctx context.Context, config json.RawMessage, c domain.Credential) (json.RawMessage, error)

	// Probe connects for real and says what it found ("PostgreSQL 15.18", "200 OK").
	// Errors: as of Aggregator; never the peer's own text.
	Probe(ctx context.Context, config json.RawMessage, c domain.Credential) (string, error)
}
