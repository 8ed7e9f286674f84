package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// statusText returns a status in the form in which it is a key of the document's responses.
func statusText(status int) string { return strconv.Itoa(status) }

// problemResponse returns the description of a failure status of a route, with an example and with the
// headers that belong to the status.
func (s *server) problemResponse(r *route, status int) *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	response := &huma.Response{
		Description: http.StatusText(status),
		Content: map[string]*huma.MediaType{
			problemType: {Schema: schema, Example: exampleProblem(r, status)},
		},
	}
	text := &huma.Schema{Type: huma.TypeString}
	switch status {
	case http.StatusUnauthorized:
		response.Headers = map[string]*huma.Param{
			"WWW-Authenticate": {Schema: text, Description: "Always Bearer"},
		}
	case http.StatusMethodNotAllowed:
		response.Headers = map[string]*huma.Param{
			"Allow": {Schema: text, Description: "The methods that the path supports"},
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		response.Headers = map[string]*huma.Param{
			"Retry-After": {Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "Seconds"},
		}
	}
	return response
}

// vendorSchema returns a schema whose enum lists the configured vendors.
func (s *server) vendorSchema() *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, vendor := range s.Vendors {
		schema.Enum = append(schema.Enum, string(vendor))
	}
	return schema
}

// baseURLPattern expresses that part of the domain's rule for base URLs that a pattern can express.
// A URL that does not match it is reported together with all other validation errors.
const baseURLPattern = `://[^\s/?#@\\]+(/[^\s?#\\]*)?$`

// completeSchemas adds to the schemas what is known only at startup: the configured vendors, and
// whether plain http is allowed.
func (s *server) completeSchemas(doc *huma.OpenAPI) {
	scheme := "^https"
	if s.AllowHTTP {
		scheme = "^https?"
	}
	for _, schema := range doc.Components.Schemas.Map() {
		if vendor := schema.Properties["vendor"]; vendor != nil {
			vendor.Enum = s.vendorSchema().Enum
			vendor.PrecomputeMessages()
		}
		if address := schema.Properties["baseUrl"]; address != nil && address.MinLength != nil {
			address.Format = "uri"
			address.Pattern = scheme + baseURLPattern
			address.PatternDescription = "an absolute https URL without userinfo, query or fragment"
			address.PrecomputeMessages()
		}
	}
}

// buildDocument completes the OpenAPI document and returns it encoded as JSON.
func (s *server) buildDocument() ([]byte, error) {
	doc := s.api.OpenAPI()
	s.completeSchemas(doc)
	s.describeReceiver(doc)
	ready := doc.Paths["/readyz"].Get
	ready.Responses["503"] = &huma.Response{Description: "Not ready", Content: ready.Responses["200"].Content}
	addExamples(doc)
	hidePatternDescriptions(doc)
	restore, err := s.describeConnectors(doc.Components.Schemas.Map())
	if err != nil {
		return nil, err
	}
	defer restore()
	return json.Marshal(doc)
}

// Document returns the OpenAPI document that a handler with these options serves, encoded as JSON. Of
// the options, it uses only Vendors, ConnectorSchemas, AllowHTTP and Version. Errors: a document that
// cannot be encoded.
func Document(options Options) ([]byte, error) {
	s := &server{Options: options, allowedMethods: map[string]string{}}
	err := s.mountAPI(echo.New())
	return s.openAPIDocument, err
}

// openapi serves the OpenAPI document, which was encoded at startup.
func (s *server) openapi(c echo.Context) error {
	return c.Blob(http.StatusOK, jsonType, s.openAPIDocument)
}
