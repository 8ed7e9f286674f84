package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The scopes.
const (
	scopeRead  = "discovery:read"
	scopeWrite = "discovery:write"
)

// route is one row of the table: all that is known of an operation beside its handler.
type route struct {
	id      string
	method  string
	path    string // as OpenAPI writes it
	status  int    // of success
	summary string
	tag     string

	scope    string // "" for routes without a bearer token
	missing  string // code of a 404; "" where nothing can be missing
	conflict bool   // may answer 409
	match    bool   // honours If-Match
	once     bool   // takes an idempotency key
	secret   bool   // its answer must never be stored
	optional bool   // the body may be left out
	bodiless bool   // POST without a body

	// renamed spells domain fields as this route's input does.
	renamed map[string]string
	// address is the field that a refused address stood in.
	address string

	mount func(*server, *route)
}

// takesBody says whether a body is read.
func (r *route) takesBody() bool {
	return !r.bodiless && (r.method == http.MethodPost || r.method == http.MethodPut || r.method == http.MethodPatch)
}

// input is where the operation's fields come from, as locations begin.
func (r *route) input() string {
	if r.takesBody() {
		return "body"
	}
	return "query"
}

// immutable says whether the location is a member that exists, but only at creation.
func (r *route) immutable(location string) bool {
	return r.method != http.MethodPost && (location == "body.vendor" || location == "body.type")
}

// handler answers one operation for one tenant. Its errors are the driving port's.
type handler[I, O any] func(ctx context.Context, tenant domain.TenantID, in *I) (*O, error)

// by binds a handler to a row.
func by[I, O any](h handler[I, O]) func(*server, *route) {
	return func(s *server, r *route) {
		huma.Register(s.api, s.operation(r), func(ctx context.Context, in *I) (*O, error) {
			x := exchangeOf(ctx)
			out, err := h(ctx, x.who.Tenant, in)
			if err != nil {
				p := x.problem(err)
				s.explain(x, p, err)
				return nil, p
			}
			return out, nil
		})
	}
}

// routes mounts the table, and the few plain handlers beside it.
func (s *server) routes(e *echo.Echo) {
	for _, r := range slices.Concat(s.connectionRoutes(), s.engineRoutes(), s.tokenRoutes(),
		s.deliveryRoutes(), s.pullRoutes(), s.readRoutes(), s.metaRoutes()) {
		r.mount(s, &r)
		s.allow(r.method, r.path)
	}
	s.plain(e, http.MethodPost, webhookPath, s.receive)
	s.plain(e, http.MethodGet, "/openapi.json", s.openapi)
	s.plain(e, http.MethodGet, "/docs", s.docs)
	s.shadow(e)
	s.heads(e)
}

// heads serves HEAD wherever GET is served, by the same handler: net/http keeps the body
// back, and counts it where it would for GET (RFC 9110, section 9.3.2).
func (s *server) heads(e *echo.Echo) {
	for path, methods := range s.allowed {
		if strings.Contains(methods, http.MethodGet) {
			c := e.NewContext(nil, nil)
			e.Router().Find(http.MethodGet, path, c)
			e.HEAD(path, c.Handler())
		}
	}
}

// plain mounts a handler that huma has no part in.
func (s *server) plain(e *echo.Echo, method, path string, h echo.HandlerFunc) {
	r := &route{method: method, path: path}
	e.Add(method, echoPath(path), func(c echo.Context) error {
		ctx := c.Request().Context()
		exchangeOf(ctx).route = r
		s.Routed(ctx, path)
		return h(c)
	})
	s.allow(method, path)
}

// shadow keeps a POST below the two collections from being taken for a knock of a vendor
// with their names.
func (s *server) shadow(e *echo.Echo) {
	for _, path := range []string{prefix + "/webhooks/tokens/{id}", prefix + "/webhooks/deliveries/{id}"} {
		e.POST(echoPath(path), func(echo.Context) error { return echo.ErrMethodNotAllowed })
	}
}

// allow notes a method for the Allow header of the path's 405.
func (s *server) allow(method, path string) {
	path = echoPath(path)
	methods := strings.Split(s.allowed[path], ", ")
	methods = slices.DeleteFunc(methods, func(m string) bool { return m == "" })
	methods = append(methods, method)
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	s.allowed[path] = strings.Join(methods, ", ")
}

// echoPath spells a template as the router does.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// operation describes a row to huma.
func (s *server) operation(r *route) huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.tag},
		DefaultStatus: r.status, Middlewares: s.chain(r), Responses: map[string]*huma.Response{},
		// One byte more than the body station lets through: huma counts the limit itself as
		// too much. The body is in memory by then, so that no deadline is wanted.
		MaxBodyBytes: maxBody + 1, BodyReadTimeout: -1,
	}
	if r.scope != "" {
		op.Security = []map[string][]string{{"bearer": {r.scope}}}
	}
	for _, status := range r.problems() {
		op.Responses[strconv.Itoa(status)] = s.problemResponse(status)
	}
	if r.once {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Description: "Makes a repeat answer the first answer; Idempotency-Key is read too",
			Schema: &huma.Schema{Type: huma.TypeString, Pattern: `^[A-Za-z0-9:_-]{1,128}$`},
		})
		r.markReplays(op.Responses)
	}
	return op
}

// markReplays describes the header of a repeated answer wherever the handler is the one
// that answers: what the stations before it refuse, and what holds a token, is not kept.
func (r *route) markReplays(responses map[string]*huma.Response) {
	if !r.secret {
		responses[statusText(r.status)] = &huma.Response{Description: http.StatusText(r.status)}
	}
	for _, status := range []int{r.status, http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed} {
		if response := responses[statusText(status)]; response != nil {
			response.Headers = map[string]*huma.Param{replayedHeader: {
				Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}}, Description: "Only with the repeat of an answer, by its idempotency key",
			}}
		}
	}
}

// problems are the failures that a row may answer.
func (r *route) problems() []int {
	statuses := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}
	add := func(when bool, more ...int) {
		if when {
			statuses = append(statuses, more...)
		}
	}
	add(r.scope != "", http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	add(r.missing != "", http.StatusNotFound)
	add(r.conflict || r.once, http.StatusConflict)
	add(r.match, http.StatusPreconditionFailed)
	add(r.takesBody(), http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	add(r.once, http.StatusUnprocessableEntity)
	return statuses
}
