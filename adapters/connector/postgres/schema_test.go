package postgres

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestTheSchemaHasTheMembersOfTheConfiguration(t *testing.T) {
	porttest.TestConfigSchema(t, ConfigSchema, decodeConfig)
}
