package rest

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// configureHuma sets package variables of huma, once per process. huma offers no other way to
// require exact member names and to replace its error document.
var configureHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = humaProblem
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &Problem{Status: status} }
})

// schemaPrefix is the prefix of references to the schemas of the document.
const schemaPrefix = "#/components/schemas/"

// humaConfig returns a configuration of huma without its built-in routes, links and fallback
// formats.
func humaConfig(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Aggregator connections", Version: version,
				Description: "Connections to open-finance aggregators, their webhooks, " +
					"and the transactions that are read from them.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "The origin that serves this document"}},
			Tags: []*huma.Tag{
				{Name: "Aggregator connections", Description: "Connections to aggregators, and their health"},
				{Name: "Engine connections", Description: "The engine's own connections to databases and APIs"},
				{Name: "Webhook tokens", Description: "Tokens in the URLs to which aggregators send webhooks"},
				{Name: "Webhook deliveries", Description: "The webhooks that were received and stored"},
				{Name: "Webhook receiver", Description: "The endpoint that aggregators call"},
				{Name: "Pulls", Description: "Runs that read accounts and transactions from an aggregator"},
				{Name: "Accounts and transactions", Description: "What pulls have stored, and the change feed"},
				{Name: "Operation", Description: "Checks of the process"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {
						Type: "http", Scheme: "bearer", BearerFormat: "JWT",
						Description: "The tenant is taken from the token.",
					},
				},
			},
		},
		Formats:       map[string]huma.Format{jsonType: jsonFormat, problemType: jsonFormat},
		DefaultFormat: jsonType,
	}
}

// humaProblem returns the problem document that replaces huma's own error document. It ignores the
// invalid values that huma passes along.
func humaProblem(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	x := exchangeOf(ctx.Context())
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return x.validationProblem(errs)
	case http.StatusRequestEntityTooLarge:
		return x.problem(errTooLarge)
	case http.StatusUnsupportedMediaType:
		return x.problem(errMediaType)
	}
	return x.problem(errors.Join(errs...))
}

// validationProblem returns a problem document that lists every validation error: errs, and those
// that the exchange has recorded. An invalid path parameter is an id that cannot exist, so the
// problem is then a 404.
func (x *exchange) validationProblem(errs []error) *Problem {
	p := x.problem(&domain.Error{Kind: domain.Invalid})
	p.Errors = slices.Clone(x.invalid)
	for _, err := range errs {
		field := x.problemField(err)
		if strings.HasPrefix(field.Location, "path.") {
			return x.problem(domain.NotFoundError())
		}
		p.Errors = append(p.Errors, field)
	}
	if x.addressForbidden != nil && x.addressForbidden() {
		r := x.matchedRoute()
		p.Errors = append(p.Errors, ProblemField{r.location(r.addressField), addressForbiddenMessage})
	}
	p.Errors = sortFields(p.Errors)
	return p
}

var (
	missingMember   = regexp.MustCompile(`^expected required property (.+) to be present$`)
	dependentMember = regexp.MustCompile(`^expected property (.+) to be present when .+ is present$`)
)

// problemField translates one of huma's validation errors. If a required member is missing, the
// location is that of the member itself, not that of its parent.
func (x *exchange) problemField(err error) ProblemField {
	detailed, ok := err.(huma.ErrorDetailer)
	if !ok {
		return ProblemField{x.matchedRoute().inputLocation(), "is not valid"}
	}
	d := detailed.ErrorDetail()
	location := printableLocation(d.Location)
	switch d.Value.(type) {
	case nullMember:
		return ProblemField{location, "must not be null"}
	case duplicateMember:
		return ProblemField{location, "must not be a duplicate member or contain one"}
	}
	for _, absent := range []*regexp.Regexp{missingMember, dependentMember} {
		if found := absent.FindStringSubmatch(d.Message); found != nil {
			return ProblemField{location + "." + found[1], "is required"}
		}
	}
	return ProblemField{location, x.message(location, d.Message)}
}

// message returns huma's message only if it is derived from the schema. Any other message is
// replaced, because it may quote the invalid value.
func (x *exchange) message(location, message string) string {
	switch {
	case message == validation.MsgUnexpectedProperty && x.matchedRoute().immutable(location):
		return "cannot be changed"
	case message == validation.MsgUnexpectedProperty:
		return "is not a member of this request"
	case strings.HasPrefix(message, "expected ") && !strings.Contains(message, ": "):
		return strings.Replace(message, "expected string to be ", "must be ", 1)
	case strings.HasPrefix(message, parseErrorPrefix):
		return strings.TrimPrefix(message, parseErrorPrefix)
	case message == "invalid integer":
		return "must be an integer"
	case location == "body":
		return "must be one valid JSON text"
	}
	return "is not valid"
}

// parseErrorPrefix is the text that huma prepends to the error of an UnmarshalText method. The
// UnmarshalText methods of this package return errors that contain no value.
const parseErrorPrefix = "invalid value: "

// maxLocation is the maximum length, in bytes, of a location that a response repeats.
const maxLocation = 80

// printableLocation returns location. If the name of an unknown member or parameter makes it too
// long or unprintable, or is not UTF-8, it returns the location of its parent instead.
func printableLocation(location string) string {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if len(location) <= maxLocation && !strings.ContainsFunc(location, unprintable) {
		return location
	}
	parent, _, _ := strings.Cut(location, ".")
	return parent
}
