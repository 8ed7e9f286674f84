package eventlog

// Rows returns the rows of this package, for the test that compares them with their tables.
func Rows() []any {
	return []any{&subscriptionRow{}, &subscriptionEventRow{}, &attemptRow{}, &matcherRow{}}
}
