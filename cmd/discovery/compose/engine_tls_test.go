package compose_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// EGRESS_ALLOW_HTTP must apply to every connector type. Unless it is set, no password may be sent in cleartext.
func TestEngineConnectionsNeedTLSUnlessHTTPIsAllowed(t *testing.T) {
	password := domain.NewCredential(map[string]domain.Secret{
		"username": domain.SecretText("reader"), "password": domain.SecretText("password-canary"),
	})
	engines := map[string]ports.NewEngine{
		"config.sslMode": {
			Type: "postgres", Name: "books", Credential: password,
			Config: json.RawMessage(`{"host":"127.0.0.1","database":"books","sslMode":"disable"}`),
		},
		"config.url": {
			Type: "rest-generic", Name: "source", Credential: password,
			Config: json.RawMessage(`{"url":"http://127.0.0.1","auth":"basic"}`),
		},
	}
	for _, allowed := range []bool{false, true} {
		cfg := settings(t)
		cfg.Egress.AllowHTTP = allowed
		app, _, end := serve(t, cfg, compose.Overrides{})
		for field, engine := range engines {
			_, err := app.Service.CreateEngine(t.Context(), domain.TenantID{UUID: uuid.New()}, engine)
			var invalid *domain.Error
			if refused := errors.As(err, &invalid); refused == allowed || refused && invalid.Field != field {
				t.Errorf("%s with EGRESS_ALLOW_HTTP=%t: got %v", field, allowed, err)
			}
		}
		end()
	}
}
