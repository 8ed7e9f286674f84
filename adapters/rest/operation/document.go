package operation

import "strings"

// JSONType is the media type of all bodies that this package reads and writes.
const JSONType = "application/json"

// Document is an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). It has fields only for the members that
// the service uses. The same is true of the types below.
type Document struct {
	Components Components      `json:"components"`
	Info       Info            `json:"info"`
	OpenAPI    string          `json:"openapi"`
	Paths      map[string]Path `json:"paths"`
	Servers    []Server        `json:"servers"`
	Tags       []Tag           `json:"tags"`
}

// Components contains the objects to which the rest of the document refers.
type Components struct {
	Schemas         map[string]*Schema        `json:"schemas"`
	SecuritySchemes map[string]SecurityScheme `json:"securitySchemes"`
}

// Info describes the API.
type Info struct {
	Description string  `json:"description"`
	License     License `json:"license"`
	Title       string  `json:"title"`
	Version     string  `json:"version"`
}

// License is the licence of the API.
type License struct {
	Identifier string `json:"identifier"`
	Name       string `json:"name"`
}

// Server is an origin at which the API is served.
type Server struct {
	Description string `json:"description"`
	URL         string `json:"url"`
}

// Tag is a group of operations.
type Tag struct {
	Description string `json:"description"`
	Name        string `json:"name"`
}

// SecurityScheme describes how callers authenticate.
type SecurityScheme struct {
	BearerFormat string `json:"bearerFormat"`
	Description  string `json:"description"`
	Scheme       string `json:"scheme"`
	Type         string `json:"type"`
}

// Path maps each HTTP method of a path, in lower case, to its operation.
type Path map[string]*Operation

// Operation describes one method of one path.
type Operation struct {
	Description string                `json:"description"`
	OperationID string                `json:"operationId"`
	Parameters  []*Parameter          `json:"parameters,omitempty"`
	RequestBody *RequestBody          `json:"requestBody,omitempty"`
	Responses   map[string]*Response  `json:"responses"`
	Security    []map[string][]string `json:"security"`
	Summary     string                `json:"summary"`
	Tags        []string              `json:"tags"`
	// BodyTag is the description of the strong entity tag that NewOutput computes from the bytes of the body, unless
	// the output struct has one; "" for none.
	BodyTag string `json:"-"`
}

// Parameter describes a parameter of a request.
type Parameter struct {
	Description string  `json:"description,omitempty"`
	Explode     *bool   `json:"explode,omitempty"`
	In          string  `json:"in"`
	Name        string  `json:"name"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema"`
}

// RequestBody describes the body of a request, by media type.
type RequestBody struct {
	Content  map[string]*MediaType `json:"content"`
	Required bool                  `json:"required,omitempty"`
}

// Response describes the response of an operation with one status.
type Response struct {
	Content     map[string]*MediaType `json:"content,omitempty"`
	Description string                `json:"description"`
	Headers     map[string]*Header    `json:"headers,omitempty"`
}

// Header describes a header of a response.
type Header struct {
	Description string  `json:"description,omitempty"`
	Schema      *Schema `json:"schema"`
}

// MediaType describes a body of one media type.
type MediaType struct {
	Example any     `json:"example,omitempty"`
	Schema  *Schema `json:"schema"`
}

// Add adds an operation to the document.
func (d *Document) Add(method, path string, op *Operation) {
	if d.Paths[path] == nil {
		d.Paths[path] = Path{}
	}
	d.Paths[path][strings.ToLower(method)] = op
}
