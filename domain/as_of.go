package domain

import "time"

// MaxAhead is how far the moment in the parameter asOf may be ahead of the service's clock. The clocks of a caller
// and of the service differ.
const MaxAhead = 5 * time.Second

// CheckAsOf checks the past moment at, for which a caller requests the data. Errors: Invalid on "asOf" if the moment
// is more than MaxAhead after now.
func CheckAsOf(at, now time.Time) error {
	if at.Sub(now) > MaxAhead {
		return FieldError("asOf", "must not be in the future")
	}
	return nil
}
