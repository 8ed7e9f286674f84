package gormstore

// Rows returns the GORM models of this package. A test compares them with the schemas of both databases.
func Rows() []any {
	return []any{
		&ConnectionRow{},
		&hashKeyRow{},
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
		&auditKeyRow{},
		&StagedRow{},
		&DayTotalRow{},
	}
}

// Statements returns the statements in the text of a migration file.
func Statements(text string) []string { return statements(text) }
