package outgoing_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

// TestEveryDatabaseProbeEnds runs all hostile servers against the test of an engine connection to a database.
func TestEveryDatabaseProbeEnds(t *testing.T) {
	attack(t, map[string]call{"postgres": probePostgres}, hostile.Postgres())
}

func probePostgres(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
	connector := postgres.New(postgres.Options{AllowHTTP: true, Timeout: callTimeout})
	config := fmt.Appendf(nil, `{"host":"127.0.0.1","port":%d,"database":"d","sslMode":"disable"}`, peer.Port())
	_, err := connector.Probe(ctx, config, domain.NewCredential(map[string]domain.Secret{
		"username": domain.SecretText("u"), "password": domain.SecretText("p"),
	}))
	return err
}
