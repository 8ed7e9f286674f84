package gormstore

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// hashKeys and auditKeys are the model keyRow with the two tables for which it is used.
type (
	hashKeys  keyRow
	auditKeys keyRow
)

// TableName returns the name of the table in the schema.
func (hashKeys) TableName() string { return sealedTables[ports.SealedHashKey].name }

// TableName returns the name of the table in the schema.
func (auditKeys) TableName() string { return sealedTables[ports.SealedAuditKey].name }

// Rows returns the GORM models of this package. A test compares them with the schemas of both databases.
func Rows() []any {
	return []any{
		&ConnectionRow{},
		&hashKeys{},
		&applicationRow{},
		&TokenRow{},
		&PullRow{},
		&DeliveryRow{},
		&KeyRow{},
		&AccountRow{},
		&pendingEntryRow{},
		&auditEntryRow{},
		&auditHashRow{},
		&auditCheckpointRow{},
		&linkSessionRow{},
		&auditHeadRow{},
		&auditKeys{},
		&StagedRow{},
		&DayTotalRow{},
	}
}

// Statements returns the statements in the text of a migration file.
func Statements(text string) []string { return statements(text) }

// SelectedFactsQuery returns the query with which VisitFacts reads selected connections.
func SelectedFactsQuery(d Dialect) string {
	var f domain.ConnectionFacts
	var paused time.Time
	var texts factTexts
	return factsQuery(d, factColumns(d, &f, &paused, &texts, true), true)
}
