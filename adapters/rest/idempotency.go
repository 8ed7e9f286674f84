package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	keyHeader      = "X-Idempotency-Key"
	altKeyHeader   = "Idempotency-Key"
	replayedHeader = "X-Idempotency-Replayed"
	maxKeyLength   = 128
)

// storedHeaders are the headers that are stored with a response.
var storedHeaders = []string{echo.HeaderLocation, "Etag", echo.HeaderContentType}

// tokenPlaceholder is stored instead of a response that contains a token.
var tokenPlaceholder = ports.StoredResponse{Status: http.StatusConflict, Body: []byte(codeTokenShownOnce)}

// idempotent is the middleware that runs the handler for the first request with an
// idempotency key, and replays the stored response for each repetition. A 5xx is not
// stored: it frees the key.
func (s *server) idempotent(ctx huma.Context, next func(huma.Context)) {
	c := humaecho.Unwrap(ctx)
	x := exchangeOf(c.Request().Context())
	key, invalid := idempotencyKey(c.Request().Header)
	switch {
	case invalid != nil:
		s.rejectKey(c, x, invalid)
	case key == "":
		next(ctx)
	default:
		s.runOrReplay(c, x, key, func() { next(ctx) })
	}
}

// rejectKey responds with a 400 that names the header, for which there is no domain field.
func (s *server) rejectKey(c echo.Context, x *exchange, invalid *domain.Error) {
	p := x.problem(invalid)
	p.Errors = []ProblemField{{"header." + keyHeader, invalid.Message}}
	writeProblem(c, p)
}

// runOrReplay writes the handler's response, if this request ran it, or the stored response.
func (s *server) runOrReplay(c echo.Context, x *exchange, key string, run func()) {
	var ran *bufferedResponse
	do := func(ctx context.Context) (ports.StoredResponse, error) {
		ran = s.runBuffered(ctx, c, run)
		return ran.stored(x.route), nil
	}
	response, replayed, err := s.service.Do(c.Request().Context(), x.principal.Tenant, key, fingerprint(c, x), do)
	switch {
	case ran != nil && !replayed:
		// The handler has done its work, even if storing the response failed: an error of
		// the store here must not hide the outcome.
		ran.flush(c)
	case err != nil:
		s.writeError(err, c)
	case bytes.Equal(response.Body, tokenPlaceholder.Body):
		s.writeError(&domain.Error{Kind: domain.Conflict, Code: domain.ShownOnce}, c)
	default:
		replay(c, response)
	}
}

// idempotencyKey returns the key of either header; "" without a header. Errors: Invalid for
// a key that is malformed, or for several headers with different keys.
func idempotencyKey(h http.Header) (string, *domain.Error) {
	given := append(h.Values(keyHeader), h.Values(altKeyHeader)...)
	if len(given) == 0 {
		return "", nil
	}
	for _, other := range given[1:] {
		if other != given[0] {
			return "", domain.FieldError("", "must be a single key")
		}
	}
	if key := given[0]; key != "" && len(key) <= maxKeyLength && !strings.ContainsFunc(key, notKeyRune) {
		return key, nil
	}
	return "", domain.FieldError("", "must be 1 to 128 characters of A-Z a-z 0-9 : _ -")
}

// notKeyRune reports whether r is not allowed in a key.
func notKeyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == ':', r == '_', r == '-':
		return false
	}
	return true
}

// fingerprint returns a hash that distinguishes different requests with the same key. Each
// part ends with a byte that no part before the body can contain.
func fingerprint(c echo.Context, x *exchange) domain.Fingerprint {
	r := c.Request()
	raw, _ := io.ReadAll(r.Body) // reads from memory: bufferBody has buffered the body
	r.Body = io.NopCloser(bytes.NewReader(raw))
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.EscapedPath(), x.principal.Tenant.String()} {
		_, _ = io.WriteString(h, part+"\n")
	}
	h.Write(raw)
	return domain.Fingerprint(h.Sum(nil))
}

// bufferedResponse is an http.ResponseWriter that holds a response back until it is stored.
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

// runBuffered runs the handler under ctx and buffers its response. A panic becomes a
// response here already, so that the key is freed.
func (s *server) runBuffered(ctx context.Context, c echo.Context, run func()) *bufferedResponse {
	outer, request := c.Response(), c.Request()
	buffered := &bufferedResponse{header: maps.Clone(outer.Header())}
	c.SetResponse(echo.NewResponse(buffered, c.Echo()))
	c.SetRequest(request.WithContext(ctx))
	err := s.recoverPanic(c, func(echo.Context) error { run(); return nil })
	if err != nil {
		s.writeError(err, c)
	}
	c.SetResponse(outer)
	c.SetRequest(request)
	return buffered
}

// stored returns what may be stored of the response: nothing of a 5xx, and nothing that
// contains a token.
func (r *bufferedResponse) stored(of *route) ports.StoredResponse {
	switch {
	case r.status >= http.StatusInternalServerError, r.status == 0:
		return ports.StoredResponse{}
	case of.returnsSecret && r.status < http.StatusMultipleChoices:
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

// replay sends a stored response, with the header that marks it as replayed.
func replay(c echo.Context, response ports.StoredResponse) {
	header := c.Response().Header()
	for name, value := range response.Headers {
		header.Set(name, value)
	}
	header.Set(replayedHeader, "true")
	c.Response().WriteHeader(response.Status)
	_, _ = c.Response().Write(response.Body)
}
