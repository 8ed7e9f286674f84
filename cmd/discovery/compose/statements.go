package compose

import (
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// statementFormats returns the formats of statements, in the order in which the API lists them. The variants of a
// format follow it.
func statementFormats() []ports.StatementFormat {
	return []ports.StatementFormat{
		camt053.Format{},
		ofx.Format{},
		ofx.Format{SGML: true},
		csv.Format{},
		csv.Format{Brazilian: true},
		lerianmatcher.Format{},
	}
}
