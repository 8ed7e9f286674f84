package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// statusText is a status as the document keys it.
func statusText(status int) string { return strconv.Itoa(status) }

// problemResponse describes a failure, with the headers that come with it.
func (s *server) problemResponse(status int) *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	response := &huma.Response{
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
	}
	text := &huma.Schema{Type: huma.TypeString}
	switch status {
	case http.StatusUnauthorized:
		response.Headers = map[string]*huma.Param{"WWW-Authenticate": {Schema: text}}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		response.Headers = map[string]*huma.Param{"Retry-After": {Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "Seconds"}}
	}
	return response
}

// vendorSchema lists the vendors that are wired.
func (s *server) vendorSchema() *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, vendor := range s.Vendors {
		schema.Enum = append(schema.Enum, string(vendor))
	}
	return schema
}

// baseURLForm is the domain's rule as far as a pattern can say it: faults of form are
// then named beside all the others.
const baseURLForm = `://[^\s/?#@\\]+(/[^\s?#\\]*)?$`

// specialise puts what is only known at start into the schemas: which vendors are wired,
// and whether plain http is allowed.
func (s *server) specialise(doc *huma.OpenAPI) {
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
			address.Pattern = scheme + baseURLForm
			address.PatternDescription = "an absolute https URL without userinfo, query or fragment"
			address.PrecomputeMessages()
		}
	}
}

// describe completes the document and writes it once.
func (s *server) describe() ([]byte, error) {
	doc := s.api.OpenAPI()
	s.specialise(doc)
	s.describeReceiver(doc)
	ready := doc.Paths["/readyz"].Get
	ready.Responses["503"] = &huma.Response{Description: "Not ready", Content: ready.Responses["200"].Content}
	return json.Marshal(doc)
}

// openapi serves the document as it was written at start.
func (s *server) openapi(c echo.Context) error {
	return c.Blob(http.StatusOK, jsonType, s.document)
}
