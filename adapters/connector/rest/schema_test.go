package rest

import (
	"encoding/json"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestTheSchemaHasTheMembersOfTheConfiguration(t *testing.T) {
	porttest.TestConfigSchema(t, ConfigSchema, func(raw json.RawMessage) (config, []*domain.Error) {
		return decodeConfig(raw, false)
	})
}
