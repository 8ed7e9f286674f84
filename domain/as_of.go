package domain

import "time"

// MaxAhead is how far the moment of a read may be ahead of the service's clock, because the clocks of a caller and of
// the service differ.
const MaxAhead = 5 * time.Second

// CheckAsOf checks the moment of a read. Errors: Invalid on "asOf" if the moment is more than MaxAhead after now.
func CheckAsOf(at, now time.Time) error {
	if at.Sub(now) > MaxAhead {
		return FieldError("asOf", "must not be in the future")
	}
	return nil
}

// WithoutUnversioned returns the transaction without the members that have no versions: Metadata and Category.
func (t Transaction) WithoutUnversioned() Transaction {
	t.Metadata, t.Category = nil, ""
	return t
}
