package ports

import (
	"context"
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Connector implements one type of engine connection.
type Connector interface {
	// Type returns the connector's registered type.
	Type() domain.ConnectorType
	// Category returns the category that the type belongs to.
	Category() domain.Category

	// Validate checks configuration and credential against the connector's own schema and
	// returns the configuration in its canonical form. Its errors name fields below "config"
	// and "credential" and report all invalid fields at once. Errors: Invalid; Rejected
	// (address_not_allowed).
	Validate(ctx context.Context, config json.RawMessage, c domain.Credential) (json.RawMessage, error)

	// Probe opens a real connection and returns what it found in one short text
	// ("PostgreSQL 15.18", "200 OK"). Errors: the same as Aggregator's; they never contain
	// the peer's own text.
	Probe(ctx context.Context, config json.RawMessage, c domain.Credential) (string, error)
}
