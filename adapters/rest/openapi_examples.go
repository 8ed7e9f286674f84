package rest

import (
	"iter"
	"net/http"
	"slices"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// exampleErrors maps each failure status to an error, from which the example response for the status is generated. It
// does not contain status 500, because every unknown error has this status.
var exampleErrors = map[int]error{
	http.StatusBadRequest:            domain.FieldError("limit", "must be at most 200"),
	http.StatusUnauthorized:          domain.Unauthenticated,
	http.StatusForbidden:             domain.Forbidden,
	http.StatusNotFound:              domain.NotFound,
	http.StatusMethodNotAllowed:      errMethodNotAllowed,
	http.StatusRequestTimeout:        errBodyTimeout,
	http.StatusConflict:              domain.Conflict,
	http.StatusPreconditionFailed:    domain.RevisionMismatch,
	http.StatusRequestEntityTooLarge: errTooLarge,
	http.StatusUnsupportedMediaType:  errMediaType,
	http.StatusUnprocessableEntity:   domain.KeyReused,
	http.StatusTooManyRequests:       errRateLimited,
	http.StatusBadGateway: &domain.Error{
		Kind: domain.Rejected, Code: domain.VendorRefused, Message: string(domain.CredentialRejected),
	},
	http.StatusServiceUnavailable: domain.Unavailable,
}

// exampleProblem returns the problem document that the OpenAPI document shows as the route's example for this status.
func exampleProblem(r *route, status int) *Problem {
	x := &exchange{route: r, instance: r.path}
	if status == http.StatusRequestEntityTooLarge && r.tooLarge {
		return x.problem(domain.Oversized)
	}
	if status == http.StatusUnsupportedMediaType && r.takesFile {
		return x.problem(errFileMediaType)
	}
	return x.problem(exampleErrors[status])
}

// addExamples adds an example to each JSON body in the document if the body has no example. The example consists of the
// examples of the body's members.
func addExamples(doc *operation.Document) {
	for op := range operations(doc) {
		if op.RequestBody != nil {
			addExample(doc, op.RequestBody.Content)
		}
		for _, response := range op.Responses {
			addExample(doc, response.Content)
		}
	}
}

// operations returns the operations of the document, in any order.
func operations(doc *operation.Document) iter.Seq[*operation.Operation] {
	return func(yield func(*operation.Operation) bool) {
		for _, item := range doc.Paths {
			for _, op := range item {
				if !yield(op) {
					return
				}
			}
		}
	}
}

func addExample(doc *operation.Document, content map[string]*operation.MediaType) {
	for _, media := range content {
		if media.Example == nil {
			media.Example = exampleOf(doc.Components.Schemas, media.Schema)
		}
	}
}

// exampleOf returns a value that the schema allows: its own example if it has one, otherwise one that is
// composed of the examples of its parts.
func exampleOf(schemas operation.Schemas, schema *operation.Schema) any {
	schema = schemas.Resolve(schema)
	switch {
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case len(schema.AnyOf) > 0:
		return exampleOf(schemas, schema.AnyOf[0])
	case schema.Type == operation.TypeArray:
		return []any{exampleOf(schemas, schema.Items)}
	case schema.Type != operation.TypeObject:
		return nil
	}
	example := map[string]any{}
	for name, member := range schema.Properties {
		if schema.If != nil && slices.Contains(schema.If.Required, name) {
			continue // it replaces the members that Else requires
		}
		example[name] = exampleOf(schemas, member)
	}
	if values, ok := schema.AdditionalProperties.(*operation.Schema); ok {
		example["database"] = exampleOf(schemas, values)
	}
	return example
}
