package rest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const (
	maxBody        = 64 << 10 // bytes, on operator routes
	maxWebhookBody = 1 << 20  // bytes, at the webhook receiver
)

// bodyTimeout is how long reading a body may take; tests shorten it.
var bodyTimeout = 10 * time.Second

// bufferBody is the middleware that reads the whole body into memory before anything is
// done, and leaves the copy for huma to parse. Errors: errMediaType, errTooLarge,
// errBodyTimeout; Invalid for an empty body that is required.
func (s *server) bufferBody(c echo.Context, x *exchange) error {
	r := c.Request()
	raw, err := readBody(c, maxBody)
	switch {
	case err != nil:
		return err
	case len(raw) == 0 && x.route.bodyOptional:
		r.Header.Set(echo.HeaderContentType, jsonType)
	case !isJSON(r.Header):
		return errMediaType
	case len(raw) == 0:
		return domain.FieldError("", "is required")
	}
	r.Header.Set(echo.HeaderContentType, jsonType)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if s.Egress != nil && x.route.addressField == "baseUrl" {
		x.addressForbidden = func() bool { return s.addressForbidden(r.Context(), raw) }
	}
	return nil
}

const jsonType = "application/json"

// isJSON reports whether there is exactly one Content-Type, it is JSON, and no content
// encoding is used: an encoded body could decompress to more than its limit.
func isJSON(h http.Header) bool {
	types, encodings := h["Content-Type"], h["Content-Encoding"]
	if len(types) != 1 || len(encodings) > 1 || (len(encodings) == 1 && encodings[0] != "identity") {
		return false
	}
	media, params, err := mime.ParseMediaType(types[0])
	charset, named := params["charset"]
	return err == nil && media == jsonType && (!named || isUTF8(charset))
}

// isUTF8 reports whether charset names, in any case, the only charset of JSON (RFC 8259,
// section 8.1).
func isUTF8(charset string) bool {
	return len(charset) == len("utf-8") && bytes.EqualFold([]byte(charset), []byte("utf-8"))
}

// readBody reads at most limit bytes within bodyTimeout. A body with a larger Content-Length
// is not read at all. The read deadline does not outlive the body, because net/http lifts it
// at the body's end. Errors: errTooLarge; errBodyTimeout; Invalid for a body that is cut off.
func readBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	if r.ContentLength == 0 {
		return nil, nil
	}
	// A response recorder in a test supports no deadline, and needs none.
	_ = http.NewResponseController(c.Response().Writer).SetReadDeadline(time.Now().Add(bodyTimeout))
	raw, err := readAll(r, limit)
	var timeout net.Error
	switch {
	case err == nil && int64(len(raw)) > limit:
		return nil, errTooLarge
	case err == nil:
		return raw, nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, errBodyTimeout
	}
	return nil, domain.FieldError("", "ended before it was complete")
}

// readAll allocates one buffer of the right size where the size is known.
func readAll(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(io.LimitReader(r.Body, limit+1))
	}
	raw := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, raw)
	return raw, err
}
