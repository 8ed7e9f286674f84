package eventlog

// Rows returns the GORM models of this package.
func Rows() []any {
	return []any{&subscriptionRow{}, &subscriptionEventRow{}, &attemptRow{}, &matcherRow{}}
}
