package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/console"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The OAuth scopes that operations require.
const (
	scopeRead  = "discovery:read"
	scopeWrite = "discovery:write"
)

// route is one row of the route table. It describes everything about an operation except what its
// handler does.
type route struct {
	id      string
	method  string
	path    string // the path template in OpenAPI's notation
	status  int    // the status of a successful response
	summary string
	tag     string
	// description is one or two sentences about what the operation does and what callers must know.
	description string

	scope         string   // the required scope; "" for routes without a bearer token
	notFound      notFound // describes the 404; zero if the route looks up no object
	tooLarge      bool     // may respond with 413, because its document is too large
	conflict      bool     // may respond with 409
	ifMatch       bool     // supports If-Match
	idempotent    bool     // accepts an idempotency key
	callsVendor   bool     // may respond with 502 if the vendor refuses the request
	returnsSecret bool     // the response with status contains a token and must never be stored
	otherStatus   int      // the status of another successful response, which contains no token; 0 if there is none
	bodyOptional  bool     // the body may be omitted
	takesFile     bool     // the body may also be a file of at most witness.MaxFileBytes
	// memory is how many bytes of memory a request reserves, if this is not the usual number (see memoryOf).
	memory int64
	// reservesMemory means that the handler itself calls reserveMemory, because it does not need the memory at once, or
	// needs none.
	reservesMemory bool
	noBody         bool // the method is POST or PUT, but the request has no body

	// fieldNames maps the names of domain fields to their names in this route's input.
	fieldNames map[string]string
	// addressField is the input field with the address that is checked against the egress rules.
	addressField string
	// keepsAddress means that a body without a base URL is valid for a connection that uses an application. The
	// connection then keeps its base URL.
	keepsAddress bool
	// bodyFaults returns the invalid fields of a body that its schema does not find. It is called only for a body that
	// is already invalid, so that the 400 names all fields; the body may not be JSON. nil if there are none.
	bodyFaults func(ctx context.Context, body []byte) []ProblemField

	mount func(*server, *route) echo.HandlerFunc
}

// readsBody reports whether the route reads a request body.
func (r *route) readsBody() bool {
	return !r.noBody && (r.method == http.MethodPost || r.method == http.MethodPut || r.method == http.MethodPatch)
}

// changesObject reports whether the route replaces, changes or deletes the object at its path.
func (r *route) changesObject() bool {
	return slices.Contains([]string{http.MethodPut, http.MethodPatch, http.MethodDelete}, r.method)
}

// getsByID reports whether the route returns the object whose id ends the path.
func (r *route) getsByID() bool {
	return r.method == http.MethodGet && strings.HasSuffix(r.path, "/{id}")
}

// inputLocation returns "body" or "query", depending on where the fields of the operation are. In a problem document,
// the location of a field begins with this word.
func (r *route) inputLocation() string {
	if r.readsBody() {
		return "body"
	}
	return "query"
}

// immutable reports whether the member at the location can be set only when the object is created.
func (r *route) immutable(location string) bool {
	return r.method != http.MethodPost && (location == "body.vendor" || location == "body.type")
}

// handler executes one operation for one tenant. It returns the errors of the driving port
// unchanged.
type handler[I, O any] func(ctx context.Context, tenant domain.TenantID, in *I) (*O, error)

// handle returns a function for route.mount. That function adds the operation to the OpenAPI document and returns its
// Echo handler. The Echo handler reads and validates the request, and calls h if the input is valid.
func handle[I, O any](h handler[I, O]) func(*server, *route) echo.HandlerFunc {
	return func(s *server, r *route) echo.HandlerFunc {
		op := s.describe(r)
		input, output := operation.NewInput[I](s.api, op), operation.NewOutput[O](s.api, op, r.status)
		e := &endpoint{server: s, route: r, hasQuery: input.HasQuery, run: func(c echo.Context, x *exchange) error {
			return run(s, c, x, input, h, output)
		}}
		return e.mount(op)
	}
}

// mount adds the operation to the OpenAPI document and returns its Echo handler.
func (e *endpoint) mount(op *operation.Operation) echo.HandlerFunc {
	r, s := e.route, e.server
	if r.otherStatus != 0 && !r.idempotent {
		same := *op.Responses[statusText(r.status)]
		same.Description = http.StatusText(r.otherStatus)
		op.Responses[statusText(r.otherStatus)] = &same
	}
	if r.takesFile {
		op.RequestBody.Required = true
		op.RequestBody.Content[octetStream] = &operation.MediaType{Schema: fileSchema("The file")}
	}
	e.memory = memoryOf(r, e.hasQuery("limit"))
	s.api.Document.Add(r.method, r.path, op)
	checks := s.middlewares(r)
	return func(c echo.Context) error { return e.serve(c, checks) }
}

// endpoint serves the requests of one row of the route table. Only run depends on the types of the operation.
type endpoint struct {
	server   *server
	route    *route
	hasQuery func(name string) bool
	run      func(echo.Context, *exchange) error // reads the input, calls the handler and writes its output
	memory   int64                               // the memory that each request reserves
}

// serve runs the middleware of the route, reserves memory, and runs the handler. The first error becomes the response.
func (e *endpoint) serve(c echo.Context, checks []middleware) error {
	x := exchangeOf(c.Request().Context())
	for _, check := range checks {
		if err := check(c, x); err != nil {
			return err
		}
	}
	if err := e.server.reserveMemory(c.Request().Context(), e.memory); err != nil {
		return err
	}
	x.invalid = append(x.invalid, invalidParams(c.Request().URL.RawQuery, e.hasQuery)...)
	key := ""
	if e.route.idempotent {
		var invalid []ProblemField
		key, invalid = idempotencyKey(c.Request().Header)
		x.invalid = append(x.invalid, invalid...)
	}
	if key == "" || len(x.invalid) > 0 {
		// A 400 that is caused by x.invalid is not stored under the idempotency key. The corrected request can have the
		// same fingerprint and would then get the stored 400.
		return e.run(c, x)
	}
	e.server.runOrReplay(c, x, key, func() error { return e.run(c, x) })
	return nil
}

// run reads the input, calls the handler and writes its output.
func run[I, O any](
	s *server, c echo.Context, x *exchange, input *operation.Input[I], h handler[I, O], output *operation.Output[O],
) error {
	end := time.Now().Add(writeTimeout)
	in, err := readInput(c, x, input)
	if in == nil {
		return err
	}
	out, err := h(c.Request().Context(), x.principal.Tenant, in)
	if err != nil {
		s.failWaits(err)
		return err
	}
	return output.Write(&progressWriter{ResponseWriter: c.Response(), end: end}, out)
}

// readInput reads the input of an operation. If the input is not valid, readInput writes the problem document and
// returns nil. Errors: NotFound if an id in the path is malformed.
func readInput[I any](c echo.Context, x *exchange, input *operation.Input[I]) (*I, error) {
	in, violations, err := input.Read(requestOf(c, x))
	if rejected, err := rejectInput(c, x, violations, err); rejected || err != nil {
		return nil, err
	}
	return in, nil
}

// requestOf returns the parts of the request from which an input is read.
func requestOf(c echo.Context, x *exchange) operation.Request {
	return operation.Request{Header: c.Request().Header, Query: c.QueryParams(), Path: c.Param, Body: x.body}
}

// rejectInput writes the problem document if an input has violations, and reports whether it did. err is the error of a
// malformed id in the path, and is returned if nothing was written.
func rejectInput(c echo.Context, x *exchange, violations []operation.Violation, err error) (bool, error) {
	if len(violations) > 0 || len(x.invalid) > 0 {
		writeProblem(c, x.validationProblem(violations))
		return true, nil
	}
	return false, err
}

// routes returns the route table.
func (s *server) routes() []route {
	return slices.Concat(
		s.connectionRoutes(),
		s.connectionHealthRoutes(),
		s.institutionRoutes(),
		s.lifecycleRoutes(),
		s.linkSessionRoutes(),
		s.applicationRoutes(),
		s.engineRoutes(),
		s.tokenRoutes(),
		s.deliveryRoutes(),
		s.pullRoutes(),
		s.readRoutes(),
		s.replacementRoutes(),
		s.exclusionRoutes(),
		s.heldDecisionRoutes(),
		s.completenessRoutes(),
		s.billRoutes(),
		s.closeRoutes(),
		s.bankStatementRoutes(),
		s.erasureRoutes(),
		s.subscriptionRoutes(),
		s.auditRoutes(),
		s.metaRoutes(),
	)
}

// mountRoutes adds the routes of the route table to the router, and the plain Echo handlers that the table does not
// contain.
func (s *server) mountRoutes(e *echo.Echo) {
	for _, r := range s.routes() {
		e.Add(r.method, echoPath(r.path), r.mount(s, &r))
		s.allowMethod(r.method, r.path)
	}
	e.POST(echoPath(webhookPath), s.receiveWebhook)
	s.allowMethod(http.MethodPost, webhookPath)
	s.mountPlain(e, "/openapi.json", s.openapi)
	s.mountPlain(e, "/docs", s.docs)
	s.mountPlain(e, console.Path, s.serveConsole)
	s.mountPlain(e, console.Path+"/*", s.serveConsole)
	s.mountReservedPaths(e)
	s.mountHEAD(e)
}

// mountHEAD mounts HEAD for every path that has GET, with the same handler. net/http does not send
// the body, but computes the Content-Length that a GET would have (RFC 9110, section 9.3.2).
func (s *server) mountHEAD(e *echo.Echo) {
	for path, methods := range s.allowedMethods {
		if strings.Contains(methods, http.MethodGet) {
			c := e.NewContext(nil, nil)
			e.Router().Find(http.MethodGet, path, c)
			e.HEAD(path, c.Handler())
		}
	}
}

// mountPlain mounts a plain Echo handler for GET requests to a path that the OpenAPI document does not describe.
func (s *server) mountPlain(e *echo.Echo, path string, h echo.HandlerFunc) {
	r := &route{method: http.MethodGet, path: path}
	e.GET(path, func(c echo.Context) error {
		s.enterRoute(c, exchangeOf(c.Request().Context()), r)
		return h(c)
	})
	s.allowMethod(http.MethodGet, path)
}

// serveConsole serves the page and the assets of the console. It returns NotFound if there is no such asset.
func (s *server) serveConsole(c echo.Context) error {
	if !s.console.Serve(c.Response(), c.Request(), prefixOf(c.Request(), s.TrustedProxies)) {
		return domain.NotFoundError()
	}
	return nil
}

// mountReservedPaths reserves the paths of webhook tokens and of deliveries: the router responds with 405 to a POST.
// Without these routes, the webhook receiver would get the request, as if it came from a vendor named "tokens" or
// "deliveries".
func (s *server) mountReservedPaths(e *echo.Echo) {
	for _, path := range []string{prefix + "/webhooks/tokens/{id}", prefix + "/webhooks/deliveries/{id}"} {
		e.POST(echoPath(path), func(echo.Context) error { return echo.ErrMethodNotAllowed })
	}
}

// allowMethod adds a method to the Allow header in 405 responses for the path.
func (s *server) allowMethod(method, path string) {
	path = echoPath(path)
	methods := strings.Split(s.allowedMethods[path], ", ")
	methods = slices.DeleteFunc(methods, func(m string) bool { return m == "" })
	methods = append(methods, method)
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	s.allowedMethods[path] = strings.Join(methods, ", ")
}

// echoPath converts an OpenAPI path template to the router's notation.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// describe returns the description of a row of the route table, without its input and output.
func (s *server) describe(r *route) *operation.Operation {
	op := &operation.Operation{
		OperationID: r.id, Tags: []string{r.tag}, Summary: r.summary, Description: r.description,
		Responses: map[string]*operation.Response{},
		Security:  []map[string][]string{}, // no authentication, unless the route has a scope
	}
	if r.getsByID() {
		op.BodyTag = "The entity tag of the body, which differs as soon as a member does"
	}
	if r.scope != "" {
		op.Security = append(op.Security, map[string][]string{"bearer": {r.scope}})
	}
	for _, status := range r.failureStatuses() {
		op.Responses[strconv.Itoa(status)] = s.problemResponse(r, status)
	}
	if r.idempotent {
		op.Parameters = append(op.Parameters, &operation.Parameter{
			Name: keyHeader, In: "header",
			Description: "Idempotency key: a repeated request with the same key gets the response to the first one. " +
				"Idempotency-Key and X-Idempotency are accepted, too",
			Schema: &operation.Schema{Type: operation.TypeString, Pattern: `^[A-Za-z0-9:_-]{1,128}$`},
		})
		r.describeReplayHeader(op.Responses)
	}
	return op
}

// describeReplayHeader adds the header of a replayed response to the description of every status
// that the handler itself returns. Responses of the middleware that runs before the handler, and
// responses that contain a token, are never stored and therefore never replayed.
func (r *route) describeReplayHeader(responses map[string]*operation.Response) {
	if !r.returnsSecret {
		responses[statusText(r.status)] = &operation.Response{Description: http.StatusText(r.status)}
	}
	if r.otherStatus != 0 {
		responses[statusText(r.otherStatus)] = &operation.Response{Description: http.StatusText(r.otherStatus)}
	}
	for _, status := range []int{
		r.status, r.otherStatus, http.StatusBadRequest, http.StatusNotFound, http.StatusConflict,
		http.StatusPreconditionFailed,
	} {
		byMiddleware := status == http.StatusPreconditionFailed && !r.ifMatch // refuseIfMatch
		if response := responses[statusText(status)]; response != nil && !byMiddleware {
			response.Headers = map[string]*operation.Header{replayedHeader: {
				Schema:      &operation.Schema{Type: operation.TypeString, Enum: []any{"true"}},
				Description: "Present only when the response is replayed for a repeated idempotency key",
			}}
		}
	}
}

// failureStatuses returns the failure statuses with which the route may respond. They include 405, the response to a
// method that the path does not support.
func (r *route) failureStatuses() []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusInternalServerError,
		http.StatusServiceUnavailable,
	}
	add := func(when bool, more ...int) {
		if when {
			statuses = append(statuses, more...)
		}
	}
	add(r.scope != "", http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	add(r.notFound.code != "", http.StatusNotFound)
	add(r.conflict || r.idempotent, http.StatusConflict)
	add(r.tooLarge && !r.readsBody(), http.StatusRequestEntityTooLarge)
	add(r.changesObject(), http.StatusPreconditionFailed)
	add(r.readsBody(), http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	add(r.idempotent, http.StatusUnprocessableEntity)
	add(r.callsVendor, http.StatusBadGateway)
	return statuses
}
