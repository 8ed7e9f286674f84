package gormstore

// Rows returns the GORM models of all tables except transactions. A test compares them with the
// schemas of both databases.
func Rows() []any {
	return []any{
		&connectionRow{}, &tokenRow{}, &pullRow{}, &deliveryRow{}, &keyRow{}, &accountRow{}, &absenceRow{},
		&completenessRow{}, &balanceRow{},
	}
}
