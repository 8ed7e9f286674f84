package rest

import (
	"bytes"
	"errors"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

const (
	maxBody        = 64 << 10 // maximum size of a body on the routes of operators, in bytes
	maxWebhookBody = 1 << 20  // maximum size of the body of a webhook, in bytes
)

// bodyTimeout is the time limit for reading a body, unless the body takes longer at minBodyRate. Tests shorten it.
var bodyTimeout = 10 * time.Second

// bufferBody is the middleware that reads the whole body into memory before the handler runs.
//
// Errors:
//
//   - The errors of readBody.
//   - errMediaType: the headers do not declare the body as JSON in UTF-8.
//   - Invalid: a required body is empty.
func (s *server) bufferBody(c echo.Context, x *exchange) error {
	r := c.Request()
	if x.route.takesFile && !isJSON(r.Header) {
		return s.bufferFile(c, x)
	}
	raw, err := s.readBody(c, x, maxBody)
	switch {
	case err != nil:
		return err
	case len(raw) == 0 && x.route.bodyOptional && !x.route.takesFile:
		return nil
	case !isJSON(r.Header):
		return errMediaType
	case len(raw) == 0:
		return domain.FieldError("", "is required")
	}
	x.body = raw
	if s.Egress != nil && x.route.addressField == "baseUrl" {
		x.addressForbidden = func() bool { return s.addressForbidden(r.Context(), raw) }
	}
	if x.route.keepsAddress {
		id := c.Param("id")
		x.addressMissing = func() bool { return s.addressMissing(r.Context(), x.principal.Tenant, id, raw) }
	}
	if x.route.bodyFaults != nil {
		x.bodyFaults = func() []ProblemField { return x.route.bodyFaults(r.Context(), raw) }
	}
	return nil
}

// bufferUnusedBody is the middleware of the routes that take no body. It reads the body all the same, whatever its
// media type, so that a body with members is refused and not ignored. Errors: Unavailable, as readBody.
func (s *server) bufferUnusedBody(c echo.Context, x *exchange) error {
	raw, err := s.readBody(c, x, maxBody)
	if err != nil && !errors.Is(err, domain.Unavailable) {
		x.invalid = append(x.invalid, ProblemField{"body", "must be absent or an empty object"})
		return nil
	}
	x.body = raw
	return err
}

// octetStream is the media type of a file in a request.
const octetStream = "application/octet-stream"

// bufferFile reads a file into memory. Errors: those of readBody; errFileMediaType.
func (s *server) bufferFile(c echo.Context, x *exchange) (err error) {
	if !hasType(c.Request().Header, octetStream) {
		return errFileMediaType
	}
	if x.file, err = s.readBody(c, x, witness.MaxFileBytes); err == nil && len(x.file) == 0 {
		return domain.FieldError("", "is required")
	}
	// The file may have taken longer than the write timeout of the server, which begins with the request. The response
	// recorder in tests supports no deadline.
	_ = http.NewResponseController(c.Response().Writer).SetWriteDeadline(time.Now().Add(writeTimeout))
	return err
}

// releaseBody releases the memory that was reserved for the request's body. It must be called only after the request
// has ended.
func (x *exchange) releaseBody() {
	if x.releaseBodyMemory != nil {
		x.releaseBodyMemory()
	}
}

const jsonType = operation.JSONType

// isJSON reports whether the headers contain exactly one Content-Type, and its value is JSON in UTF-8. It returns false
// if the body has a content encoding, because decompressing could make the body larger than its limit.
func isJSON(h http.Header) bool {
	if !hasType(h, jsonType) {
		return false
	}
	_, params, _ := mime.ParseMediaType(h["Content-Type"][0])
	charset, named := params["charset"]
	return !named || isUTF8(charset)
}

// hasType reports whether the headers contain exactly one Content-Type, with this media type, and no content encoding.
func hasType(h http.Header, mediaType string) bool {
	types, encodings := h["Content-Type"], h["Content-Encoding"]
	if len(types) != 1 || len(encodings) > 1 || (len(encodings) == 1 && encodings[0] != "identity") {
		return false
	}
	media, _, err := mime.ParseMediaType(types[0])
	return err == nil && media == mediaType
}

// isUTF8 reports whether charset is "utf-8", ignoring case. UTF-8 is the only charset of JSON
// (RFC 8259, section 8.1).
func isUTF8(charset string) bool {
	return len(charset) == len("utf-8") && bytes.EqualFold([]byte(charset), []byte("utf-8"))
}

// readBody reads a body of at most limit bytes. The memory for the body remains reserved until the request ends. The
// read deadline does not affect the next request on the connection, because net/http removes the deadline after the
// body.
//
// Errors:
//
//   - errTooLarge: the body is larger than limit. Nothing is read if the Content-Length is larger.
//   - errBodyTimeout: the body does not arrive in time.
//   - Unavailable: the other bodies of the sender use all memory of its share. For a tenant, the error has the code
//     memory_exhausted.
//   - Invalid: the body is incomplete.
func (s *server) readBody(c echo.Context, x *exchange, limit int64) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	if r.ContentLength == 0 {
		return nil, nil
	}
	size := r.ContentLength
	if size < 0 { // unknown
		size = limit
	}
	slowest := time.Duration(size) * time.Second / minBodyRate
	reader := bodyReader{
		body: r.Body, response: http.NewResponseController(c.Response().Writer),
		memory: s.BodyMemory, sender: s.senderOf(r, x), end: time.Now().Add(max(bodyTimeout, slowest)),
	}
	raw, err := reader.readAll(r.Context(), r.ContentLength, limit)
	x.releaseBodyMemory = reader.release
	var timeout net.Error
	switch {
	case err == nil && int64(len(raw)) > limit:
		return nil, errTooLarge
	case err == nil && int64(len(raw)) >= r.ContentLength:
		return raw, nil
	case errors.Is(err, domain.Unavailable) && x.principal.Tenant.IsZero():
		return nil, &domain.Error{Kind: domain.Unavailable, RetryAfter: domain.RetryAfterOf(err), Cause: errBodyMemory}
	case errors.Is(err, domain.Unavailable):
		return nil, err
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, errBodyTimeout
	}
	return nil, domain.FieldError("", "ended before it was complete")
}
