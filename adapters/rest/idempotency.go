package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	keyHeader      = "X-Idempotency-Key"
	replayedHeader = "X-Idempotency-Replayed"
	maxKeyLength   = 128
)

// keyHeaders are the names of the headers that can contain an idempotency key: that of the documented API, that of the
// IETF draft, and the default of Lerian's lib-commons.
var keyHeaders = []string{keyHeader, "Idempotency-Key", "X-Idempotency"}

// storedHeaders are the names of the headers that are stored with a response.
var storedHeaders = []string{echo.HeaderLocation, "Etag", echo.HeaderContentType}

// tokenPlaceholder is stored instead of a response that contains a token.
var tokenPlaceholder = ports.StoredResponse{Status: http.StatusConflict, Body: []byte(codeTokenShownOnce)}

// runOrReplay runs the handler for the first request with an idempotency key, and writes its response. For each
// repetition it writes the stored response, or an error. A 5xx response is not stored. The key then becomes free again,
// so that the caller can repeat the request.
func (s *server) runOrReplay(c echo.Context, x *exchange, key string, run func() error) {
	var ran *bufferedResponse
	do := func(ctx context.Context) (ports.StoredResponse, error) {
		ran = s.runBuffered(ctx, c, run)
		return ran.stored(x.route), nil
	}
	response, replayed, err := s.service.Do(c.Request().Context(), x.principal.Tenant, key, fingerprint(c, x), do)
	switch {
	case ran != nil && !replayed:
		// The handler has done its work. If storing the response failed, the error of the store must
		// not hide the handler's response from the caller.
		ran.flush(c)
	case err != nil:
		s.writeError(err, c)
	case bytes.Equal(response.Body, tokenPlaceholder.Body):
		s.writeError(&domain.Error{Kind: domain.Conflict, Code: domain.ShownOnce}, c)
	default:
		replay(c, response)
	}
}

// idempotencyKey returns the key in one of the keyHeaders, or "" if the request has none of them. If the key is
// malformed, or if the headers contain different keys, it returns a field error for each header with a key.
func idempotencyKey(h http.Header) (key string, invalid []ProblemField) {
	var keys, headers []string
	for _, name := range keyHeaders {
		if values := h.Values(name); len(values) > 0 {
			keys, headers = append(keys, values...), append(headers, "header."+name)
		}
	}
	var fault string
	switch different := slices.Compact(keys); {
	case len(different) == 0:
		return "", nil
	case len(different) > 1:
		fault = "must be a single key"
	case !isKey(different[0]):
		fault = "must be 1 to 128 characters of A-Z a-z 0-9 : _ -"
	default:
		return different[0], nil
	}
	for _, header := range headers {
		invalid = append(invalid, ProblemField{header, fault})
	}
	return "", invalid
}

// isKey reports whether text can be an idempotency key.
func isKey(text string) bool {
	return text != "" && len(text) <= maxKeyLength && !strings.ContainsFunc(text, notKeyRune)
}

// notKeyRune reports whether r is not allowed in an idempotency key.
func notKeyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == ':', r == '_', r == '-':
		return false
	}
	return true
}

// fingerprint returns a hash of the request. Different requests with the same idempotency key have different hashes.
//
// A newline follows each part before the body. No part contains a newline, so two different requests are never hashed
// as the same bytes.
//
// On routes with If-Match, the header is hashed too, because the response depends on the header. The header's value
// follows the method and a space. Earlier releases did not hash the header. The fingerprint of a request without the
// header is the same as in those releases, so stored fingerprints stay valid.
func fingerprint(c echo.Context, x *exchange) domain.Fingerprint {
	r := c.Request()
	operation := r.Method
	if match := r.Header.Values("If-Match"); x.matchedRoute().ifMatch && len(match) > 0 {
		operation += " If-Match: " + strings.Join(match, ", ")
	}
	h := sha256.New()
	for _, part := range []string{operation, r.URL.EscapedPath(), x.principal.Tenant.String()} {
		_, _ = io.WriteString(h, part+"\n")
	}
	h.Write(x.body)
	return domain.Fingerprint(h.Sum(nil))
}

// bufferedResponse is an http.ResponseWriter that holds the response in memory, so that it can be
// stored before it is sent.
type bufferedResponse struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *bufferedResponse) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *bufferedResponse) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *bufferedResponse) Write(b []byte) (int, error) { return r.body.Write(b) }

// runBuffered runs the handler with ctx and returns its buffered response. It turns a panic of the handler into a
// response. If the panic reached the middleware observe, the idempotency key would not become free again.
func (s *server) runBuffered(ctx context.Context, c echo.Context, run func() error) *bufferedResponse {
	outer, request := c.Response(), c.Request()
	buffered := &bufferedResponse{header: maps.Clone(outer.Header())}
	c.SetResponse(echo.NewResponse(buffered, c.Echo()))
	c.SetRequest(request.WithContext(ctx))
	err := s.recoverPanic(c, func(echo.Context) error { return run() })
	if err != nil {
		s.writeError(err, c)
	}
	c.SetResponse(outer)
	c.SetRequest(request)
	return buffered
}

// stored returns what is stored for the response: an empty response for a 5xx, a placeholder if the response contains a
// token, and otherwise the response itself.
func (r *bufferedResponse) stored(of *route) ports.StoredResponse {
	switch {
	case r.status >= http.StatusInternalServerError, r.status == 0:
		return ports.StoredResponse{}
	case of.returnsSecret && r.status < http.StatusMultipleChoices && r.status != of.otherStatus:
		return tokenPlaceholder
	}
	headers := map[string]string{}
	for _, name := range storedHeaders {
		if value := r.header.Get(name); value != "" {
			headers[name] = value
		}
	}
	return ports.StoredResponse{Status: r.status, Headers: headers, Body: bytes.Clone(r.body.Bytes())}
}

// flush sends the buffered response to the caller.
func (r *bufferedResponse) flush(c echo.Context) {
	maps.Copy(c.Response().Header(), r.header)
	c.Response().WriteHeader(max(r.status, http.StatusOK))
	_, _ = c.Response().Write(r.body.Bytes())
}

// replay sends a stored response, with a header that marks the response as replayed.
func replay(c echo.Context, response ports.StoredResponse) {
	header := c.Response().Header()
	for name, value := range response.Headers {
		header.Set(name, value)
	}
	header.Set(replayedHeader, "true")
	c.Response().WriteHeader(response.Status)
	_, _ = c.Response().Write(response.Body)
}
