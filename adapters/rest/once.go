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
	otherKeyHeader = "Idempotency-Key"
	replayedHeader = "X-Idempotency-Replayed"
	maxKey         = 128
)

// kept are the headers that belong to a stored answer.
var kept = []string{echo.HeaderLocation, "Etag", echo.HeaderContentType}

// shownOnce stands in the store for an answer that held a token.
var shownOnce = ports.StoredResponse{Status: http.StatusConflict, Body: []byte(codeShownOnce)}

// once runs the handler for the first request with an idempotency key, and gives its
// answer to each repeat. A 5xx is no answer: the key is free again.
func (s *server) once(ctx huma.Context, next func(huma.Context)) {
	c := humaecho.Unwrap(ctx)
	x := exchangeOf(c.Request().Context())
	key, fault := idempotencyKey(c.Request().Header)
	switch {
	case fault != nil:
		s.refuseKey(c, x, fault)
	case key == "":
		next(ctx)
	default:
		s.firstOrRepeat(c, x, key, func() { next(ctx) })
	}
}

// refuseKey names the header, which no domain field does.
func (s *server) refuseKey(c echo.Context, x *exchange, fault *domain.Error) {
	p := x.problem(fault)
	p.Errors = []ProblemField{{"header." + keyHeader, fault.Message}}
	writeProblem(c, p)
}

// firstOrRepeat writes what the handler answered, if it ran now, or what was stored.
func (s *server) firstOrRepeat(c echo.Context, x *exchange, key string, run func()) {
	var fresh *recording
	do := func(ctx context.Context) (ports.StoredResponse, error) {
		fresh = s.record(ctx, c, run)
		return fresh.answer(x.route), nil
	}
	answer, replayed, err := s.service.Do(c.Request().Context(), x.who.Tenant, key, fingerprint(c, x), do)
	switch {
	case fresh != nil && !replayed:
		// The work is done whatever became of its record: an error of the store here
		// must not hide the outcome.
		fresh.write(c)
	case err != nil:
		s.fail(err, c)
	case bytes.Equal(answer.Body, shownOnce.Body):
		s.fail(&domain.Error{Kind: domain.Conflict, Code: domain.ShownOnce}, c)
	default:
		replay(c, answer)
	}
}

// idempotencyKey reads either header. Errors: a fault when it is malformed, doubled, or
// differs between the two.
func idempotencyKey(h http.Header) (string, *domain.Error) {
	given := append(h.Values(keyHeader), h.Values(otherKeyHeader)...)
	if len(given) == 0 {
		return "", nil
	}
	for _, other := range given[1:] {
		if other != given[0] {
			return "", domain.FieldError("", "must be one key")
		}
	}
	if key := given[0]; key != "" && len(key) <= maxKey && !strings.ContainsFunc(key, notKey) {
		return key, nil
	}
	return "", domain.FieldError("", "must be 1 to 128 of A-Z a-z 0-9 : _ -")
}

// notKey says what cannot stand in a key.
func notKey(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == ':', r == '_', r == '-':
		return false
	}
	return true
}

// fingerprint tells requests apart that share a key. Each part ends with a byte that
// none of the others before the body can hold.
func fingerprint(c echo.Context, x *exchange) domain.Fingerprint {
	r := c.Request()
	raw, _ := io.ReadAll(r.Body) // read from memory: the body station buffered it
	r.Body = io.NopCloser(bytes.NewReader(raw))
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.EscapedPath(), x.who.Tenant.String()} {
		_, _ = io.WriteString(h, part+"\n")
	}
	h.Write(raw)
	return domain.Fingerprint(h.Sum(nil))
}

// recording is an answer that is held back until it is stored.
type recording struct {
	status int
	head   http.Header
	body   bytes.Buffer
}

// The three methods make a recording an http.ResponseWriter.
func (r *recording) Header() http.Header         { return r.head }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(b []byte) (int, error) { return r.body.Write(b) }

// record runs the handler under the given context against a recording. A panic becomes
// the answer here, so that the key is freed.
func (s *server) record(ctx context.Context, c echo.Context, run func()) *recording {
	outer, request := c.Response(), c.Request()
	held := &recording{head: maps.Clone(outer.Header())}
	c.SetResponse(echo.NewResponse(held, c.Echo()))
	c.SetRequest(request.WithContext(ctx))
	err := s.guarded(c, func(echo.Context) error { run(); return nil })
	if err != nil {
		s.fail(err, c)
	}
	c.SetResponse(outer)
	c.SetRequest(request)
	return held
}

// answer is what may be stored of the recording: nothing of a 5xx, nothing of a token.
func (r *recording) answer(of *route) ports.StoredResponse {
	switch {
	case r.status >= http.StatusInternalServerError, r.status == 0:
		return ports.StoredResponse{}
	case of.secret && r.status < http.StatusMultipleChoices:
		return shownOnce
	}
	headers := map[string]string{}
	for _, name := range kept {
		if value := r.head.Get(name); value != "" {
			headers[name] = value
		}
	}
	return ports.StoredResponse{Status: r.status, Headers: headers, Body: bytes.Clone(r.body.Bytes())}
}

// write sends the recording to the caller.
func (r *recording) write(c echo.Context) {
	maps.Copy(c.Response().Header(), r.head)
	c.Response().WriteHeader(max(r.status, http.StatusOK))
	_, _ = c.Response().Write(r.body.Bytes())
}

// replay sends a stored answer, marked as one.
func replay(c echo.Context, answer ports.StoredResponse) {
	head := c.Response().Header()
	for name, value := range answer.Headers {
		head.Set(name, value)
	}
	head.Set(replayedHeader, "true")
	c.Response().WriteHeader(answer.Status)
	_, _ = c.Response().Write(answer.Body)
}
