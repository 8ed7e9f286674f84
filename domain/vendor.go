package domain

import "regexp"

// Vendor is the name of an aggregator: lower-case letters, digits and dashes, at most 32
// characters. The domain does not know which vendors exist; the composition root registers
// them.
type Vendor string

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// ParseVendor checks the form of a vendor's name, but not whether the vendor is registered.
// Errors: Invalid on "vendor".
func ParseVendor(text string) (Vendor, error) {
	if !slug.MatchString(text) {
		return "", FieldError("vendor", "must name an aggregator")
	}
	return Vendor(text), nil
}

// ConnectorType is the name of a type of engine connection ("postgres", "rest-generic").
type ConnectorType string

// Category is the kind of system that a connector type connects to.
type Category string

// The categories of connector types.
const (
	CategoryDatabase Category = "database"
	CategoryREST     Category = "rest"
)
