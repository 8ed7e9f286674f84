package domain

import "regexp"

// Vendor names an aggregator: lower-case letters, digits and dashes, at most 32.
// Which vendors exist is not known here: it is what the composition root wires.
type Vendor string

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// ParseVendor checks the form alone. Errors: Invalid on field "vendor".
func ParseVendor(text string) (Vendor, error) {
	if !slug.MatchString(text) {
		return "", FieldError("vendor", "must name an aggregator")
	}
	return Vendor(text), nil
}

// ConnectorType names a kind of engine connection ("postgres", "rest-generic").
type ConnectorType string

// Category says what a connector type speaks to.
type Category string

// The categories.
const (
	CategoryDatabase Category = "database"
	CategoryREST     Category = "rest"
)
