package rest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// validationProblem returns a problem document that lists every validation error: the given violations, and the
// errors that the exchange has recorded. If a path parameter is invalid, the problem is a 404 instead, because an
// object with such an id cannot exist.
func (x *exchange) validationProblem(violations []operation.Violation) *Problem {
	p := x.problem(&domain.Error{Kind: domain.Invalid})
	p.Errors = slices.Clone(x.invalid)
	for _, violation := range violations {
		field := x.problemField(violation)
		if strings.HasPrefix(field.Location, "path.") {
			return x.problem(domain.NotFoundError())
		}
		p.Errors = append(p.Errors, field)
	}
	if x.addressForbidden != nil && x.addressForbidden() {
		r := x.matchedRoute()
		p.Errors = append(p.Errors, ProblemField{r.location(r.addressField), addressForbiddenMessage})
	}
	if x.addressMissing != nil && x.addressMissing() {
		r := x.matchedRoute()
		p.Errors = append(p.Errors, ProblemField{r.location(r.addressField), "is required"})
	}
	if x.bodyFaults != nil {
		p.Errors = append(p.Errors, x.bodyFaults()...)
	}
	p.Errors = sortFields(p.Errors)
	return p
}

// bodyFields describes invalid members of a body in the form in which the response lists them.
func bodyFields(faults []*domain.Error) (all []ProblemField) {
	for _, fault := range faults {
		all = append(all, ProblemField{printableLocation("body." + fault.Field), fault.Message})
	}
	return all
}

// problemField describes the violation in the form in which the response lists it.
func (x *exchange) problemField(v operation.Violation) ProblemField {
	location := printableLocation(v.Location)
	if v.Unknown && x.matchedRoute().immutable(location) {
		return ProblemField{location, "cannot be changed"}
	}
	return ProblemField{location, v.Message}
}

// maxLocation is the maximum length, in bytes, of an error's location in a response.
const maxLocation = 80

// printableLocation returns location if it is short and printable. Otherwise it returns only the first part of
// location, such as "body" or "query", because the rest is the name of an unknown member or parameter.
func printableLocation(location string) string {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if len(location) <= maxLocation && !strings.ContainsFunc(location, unprintable) {
		return location
	}
	parent, _, _ := strings.Cut(location, ".")
	return parent
}
