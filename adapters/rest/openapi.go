package rest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
)

// newDocument returns an OpenAPI document without operations.
func newDocument(version string) *operation.Document {
	return &operation.Document{
		OpenAPI: "3.1.0",
		Info: operation.Info{
			Title: "Aggregator connections", Version: version,
			Description: "Connections to open-finance aggregators, their webhooks, " +
				"and the transactions that are read from them.",
			License: operation.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []operation.Server{{URL: "/", Description: "The origin that serves this document"}},
		Tags: []operation.Tag{
			{Name: "Aggregator connections", Description: "Connections to aggregators, and their health"},
			{Name: "Engine connections", Description: "The engine's own connections to databases and APIs"},
			{Name: "Applications", Description: "Credentials that several connections share"},
			{Name: "Webhook tokens", Description: "Tokens in the URLs to which aggregators send webhooks"},
			{Name: "Webhook deliveries", Description: "The webhooks that were received and stored"},
			{Name: "Webhook receiver", Description: "The endpoint that aggregators call"},
			{Name: "Pulls", Description: "Runs that read accounts and transactions from an aggregator"},
			{Name: "Accounts and transactions", Description: "Accounts and transactions that pulls have stored, and " +
				"the change feed"},
			{Name: "Subscriptions", Description: "Events that are sent to other systems"},
			{Name: "Operation", Description: "Checks of the process"},
		},
		Components: operation.Components{
			SecuritySchemes: map[string]operation.SecurityScheme{
				"bearer": {
					Type: "http", Scheme: "bearer", BearerFormat: "JWT",
					Description: "The tenant is taken from the token.",
				},
			},
		},
	}
}

// statusText returns the status as text, which is the key of a response in the OpenAPI document.
func statusText(status int) string { return strconv.Itoa(status) }

// problemResponse returns the description of a failure status of a route, with an example and with the
// headers that belong to the status.
func (s *server) problemResponse(r *route, status int) *operation.Response {
	schema := s.api.Schemas().Of(reflect.TypeFor[Problem]())
	response := &operation.Response{
		Description: http.StatusText(status),
		Content: map[string]*operation.MediaType{
			problemType: {Schema: schema, Example: exampleProblem(r, status)},
		},
	}
	text := &operation.Schema{Type: operation.TypeString}
	switch status {
	case http.StatusUnauthorized:
		response.Headers = map[string]*operation.Header{
			"WWW-Authenticate": {Schema: text, Description: "Always Bearer"},
		}
	case http.StatusMethodNotAllowed:
		response.Headers = map[string]*operation.Header{
			"Allow": {Schema: text, Description: "The methods that the path supports"},
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		response.Headers = map[string]*operation.Header{
			"Retry-After": {Schema: &operation.Schema{Type: operation.TypeInteger}, Description: "Seconds"},
		}
	}
	return response
}

// vendorSchema returns a schema whose enum lists the configured vendors.
func (s *server) vendorSchema() *operation.Schema {
	schema := &operation.Schema{Type: operation.TypeString}
	for _, vendor := range s.Vendors {
		schema.Enum = append(schema.Enum, string(vendor))
	}
	return schema
}

// baseURLPattern is the domain's rule for base URLs, as far as a pattern can express it. A URL that does not match the
// pattern is reported together with all other validation errors of the request.
const baseURLPattern = `://[^\s/?#@\\]+(/[^\s?#\\]*)?$`

// completeSchemas adds to the schemas the information that is known only at startup: the configured vendors, and
// whether plain http is allowed.
func (s *server) completeSchemas() {
	scheme := "^https"
	if s.AllowHTTP {
		scheme = "^https?"
	}
	for _, schema := range s.api.Schemas() {
		if vendor := schema.Properties["vendor"]; vendor != nil {
			vendor.Enum = s.vendorSchema().Enum
		}
		if address := schema.Properties["baseUrl"]; address != nil && address.MinLength != nil {
			address.Format = "uri"
			address.Pattern = scheme + baseURLPattern
			address.PatternDescription = "an absolute https URL without userinfo, query or fragment"
		}
	}
}

// Document returns the OpenAPI document that a handler with these options serves, encoded as JSON. It uses only the
// options Vendors, ConnectorSchemas, SinkSchemas, Statements, AllowHTTP and Version. It returns an error if the
// schema of a connector or of a sink is not valid.
func Document(options Options) ([]byte, error) {
	s := &server{Options: options, allowedMethods: map[string]string{}}
	if err := s.mountAPI(echo.New()); err != nil {
		return nil, err
	}
	doc := s.api.Document
	s.describeSinks(s.api.Schemas())
	s.describeReceiver(doc)
	ready := doc.Paths["/readyz"]["get"]
	ready.Responses["503"] = &operation.Response{Description: "Not ready", Content: ready.Responses["200"].Content}
	addExamples(doc)
	if err := s.describeConnectors(s.api.Schemas()); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// openapi serves the OpenAPI document. It is built at the first request, and kept in gzip form, which is a tenth of its
// size. It is decompressed for a client that does not accept gzip.
func (s *server) openapi(c echo.Context) error {
	document, err := s.document()
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		return c.Blob(http.StatusOK, jsonType, document)
	}
	reader, err := gzip.NewReader(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return c.Stream(http.StatusOK, jsonType, reader)
}

// compress returns content in gzip form. Writing to a buffer cannot fail.
func compress(content []byte) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, _ = w.Write(content)
	_ = w.Close()
	return bytes.Clone(buffer.Bytes())
}
