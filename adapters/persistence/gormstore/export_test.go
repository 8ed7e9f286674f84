package gormstore

// Rows returns the GORM models of all tables but transactions. A test compares them with the schemas.
func Rows() []any {
	return []any{
		&connectionRow{}, &tokenRow{}, &pullRow{}, &deliveryRow{}, &keyRow{}, &accountRow{},
	}
}
