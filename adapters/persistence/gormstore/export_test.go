package gormstore

// Rows are the models of every table but transactions, for the test that compares them with the schemas.
func Rows() []any {
	return []any{
		&connectionRow{}, &tokenRow{}, &pullRow{}, &deliveryRow{}, &keyRow{}, &accountRow{},
	}
}
