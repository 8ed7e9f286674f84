package rest

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// adoptHuma sets the library's package variables once, since there is no other way to
// have exact member names and one's own problem document.
var adoptHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = humaProblem
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &Problem{Status: status} }
})

// humaConfig has none of the library's routes, links and fallbacks.
func humaConfig(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Aggregator connections", Version: version,
				Description: "Connections to open-finance aggregators, their webhooks, and the transactions they bring.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The tenant is taken from the token."},
				},
			},
		},
		Formats:       map[string]huma.Format{jsonType: jsonFormat, problemType: jsonFormat},
		DefaultFormat: jsonType,
	}
}

// humaProblem words the library's own refusals. Values that it hands over are dropped.
func humaProblem(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	x := exchangeOf(ctx.Context())
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return x.invalid(errs)
	case http.StatusRequestEntityTooLarge:
		return x.problem(errTooLarge)
	case http.StatusUnsupportedMediaType:
		return x.problem(errMediaType)
	}
	return x.problem(errors.Join(errs...))
}

// invalid lists every fault. A fault of the path is an id that names nothing.
func (x *exchange) invalid(errs []error) *Problem {
	p := x.problem(&domain.Error{Kind: domain.Invalid})
	p.Errors = nil
	for _, err := range errs {
		fault := x.fault(err)
		if strings.HasPrefix(fault.Location, "path.") {
			return x.problem(domain.NotFoundError())
		}
		p.Errors = append(p.Errors, fault)
	}
	if x.forbidden != nil && x.forbidden() {
		p.Errors = append(p.Errors, ProblemField{x.row().location(x.row().address), forbiddenAddress})
	}
	p.Errors = tidy(p.Errors)
	return p
}

var (
	missingMember   = regexp.MustCompile(`^expected required property (.+) to be present$`)
	dependentMember = regexp.MustCompile(`^expected property (.+) to be present when .+ is present$`)
)

// fault turns the library's wording into ours: the member itself is the location.
func (x *exchange) fault(err error) ProblemField {
	detailed, ok := err.(huma.ErrorDetailer)
	if !ok {
		return ProblemField{x.row().input(), "is not valid"}
	}
	d := detailed.ErrorDetail()
	at := named(d.Location)
	switch d.Value.(type) {
	case nullMember:
		return ProblemField{at, "must not be null"}
	case doubledMember:
		return ProblemField{at, "must hold every member once"}
	}
	for _, absent := range []*regexp.Regexp{missingMember, dependentMember} {
		if found := absent.FindStringSubmatch(d.Message); found != nil {
			return ProblemField{at + "." + found[1], "is required"}
		}
	}
	return ProblemField{at, x.wording(at, d.Message)}
}

// wording passes on only those of the library's texts that are made from the schema
// alone; the rest may quote the value.
func (x *exchange) wording(at, message string) string {
	switch {
	case message == validation.MsgUnexpectedProperty && x.row().immutable(at):
		return "cannot be changed"
	case message == validation.MsgUnexpectedProperty:
		return "is not a member of this request"
	case strings.HasPrefix(message, "expected ") && !strings.Contains(message, ": "):
		return strings.Replace(message, "expected string to be ", "must be ", 1)
	case strings.HasPrefix(message, parsed):
		return strings.TrimPrefix(message, parsed)
	case message == "invalid integer":
		return "must be an integer"
	case at == "body":
		return "must be one valid JSON text"
	}
	return "is not valid"
}

// parsed is what the library puts before the error of an UnmarshalText; ours hold no value.
const parsed = "invalid value: "

// longestName bounds an unknown member's name in an answer.
const longestName = 80

// named keeps a location readable: a member whose name is not, is told by its parent.
func named(location string) string {
	if len(location) <= longestName && !strings.ContainsFunc(location, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return location
	}
	parent, _, _ := strings.Cut(location, ".")
	return parent
}
