package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Values of headers that every response has. The slices are shared between responses. This is safe
// because the header names are canonical: a later Set replaces the slice instead of changing its
// items.
var (
	noSniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

// strictTransport is the value of Strict-Transport-Security (RFC 6797): for a year, browsers use only
// https for the host and its subdomains.
var strictTransport = []string{"max-age=31536000; includeSubDomains"}

// observe is the outermost middleware. It does the following for every request:
//
//   - counts the request as work,
//   - assigns the request id,
//   - turns errors and panics into problem documents,
//   - writes one line of the access log, even if the response is aborted,
//   - releases the memory of the request.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		s.OnWork(1)
		defer s.OnWork(-1)
		start := s.Clock.Now()
		r := c.Request()
		x := &exchange{
			requestID: s.requestID(r), instance: redactPath(r.URL.Path),
			webhookOrigin: s.webhookOrigin(r), isHEAD: r.Method == http.MethodHead,
			language: r.Header.Get("Accept-Language"),
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
		header := c.Response().Header()
		header[requestIDHeader] = []string{x.requestID}
		header["X-Content-Type-Options"], header["Cache-Control"] = noSniff, noStore
		if s.servedByHTTPS {
			header["Strict-Transport-Security"] = strictTransport
		}
		defer x.releaseBody()
		defer releaseMemory(x)
		defer func() { s.logAccess(c, x, s.Clock.Now().Sub(start)) }()
		if err := s.recoverPanic(c, checkHeaders(next)); err != nil {
			s.writeError(err, c)
		}
		return nil
	}
}

// checkHeaders returns a handler that rejects requests whose headers have more than maxHeaders bytes.
func checkHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		size := 0
		for name, values := range c.Request().Header {
			for _, value := range values {
				size += len(name) + len(": ") + len(value) + len("\r\n")
			}
		}
		if size > maxHeaders {
			return errHeadersTooLarge
		}
		return next(c)
	}
}

// recoverPanic calls nextHandler and turns a panic into an error. After a panic with http.ErrAbortHandler it panics
// with this value again, because net/http handles it.
func (s *server) recoverPanic(c echo.Context, nextHandler echo.HandlerFunc) (err error) {
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			panic(value)
		default:
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return nextHandler(c)
}

// panicError is the error for a recovered panic. Its text is logged. The value of a panic may contain anything, even a
// secret. Therefore the text contains only the type of the value, except if the value is an error.
type panicError struct {
	value any
	stack []byte
}

// Error returns the text of the value if it is an error, and otherwise its type.
func (p *panicError) Error() string {
	if err, ok := p.value.(error); ok {
		return "panic: " + errorChain(err)
	}
	return fmt.Sprintf("panic: %T", p.value)
}

// statusClientClosed is the status in the log and in the metrics of a request that its client gave up before the
// response. It is nginx's number for this case; no response has it.
const statusClientClosed = 499

// loggedStatus returns the status of a request for the log and the metrics. If the client gave up, the response that
// the handler could not complete is no failure of the service.
func loggedStatus(c echo.Context) int {
	status := c.Response().Status
	if status >= http.StatusInternalServerError && errors.Is(c.Request().Context().Err(), context.Canceled) {
		return statusClientClosed
	}
	return status
}

// accessLevel returns the level of a request's line in the access log. Successful health checks are frequent and say
// nothing.
func accessLevel(template string, status int) zapcore.Level {
	if (template == healthPath || template == readyPath) && status < http.StatusBadRequest {
		return zap.DebugLevel
	}
	return zap.InfoLevel
}

// logAccess calls OnRequest and writes one line of the access log. The line never contains a header, a body or a query.
// For a change or a failure (status 400 or higher), it contains the actor and the peer if the token was valid.
func (s *server) logAccess(c echo.Context, x *exchange, took time.Duration) {
	template, status, size := "", loggedStatus(c), c.Response().Size
	if x.isHEAD {
		size = 0
	}
	if x.route != nil {
		template = x.route.path
	}
	s.OnRequest(c.Request().Method, template, status, took)
	if entry := s.Logger.Check(accessLevel(template, status), "request"); entry != nil {
		fields := append(make([]zap.Field, 0, 8),
			zap.String("requestId", x.requestID), zap.String("method", c.Request().Method),
			zap.String("route", template), zap.String("path", x.instance), zap.Int("status", status),
			zap.Int64("bytes", size), zap.Duration("took", took))
		if !x.principal.Tenant.IsZero() {
			fields = append(fields, zap.Stringer("tenant", x.principal.Tenant))
			if status >= http.StatusBadRequest || x.route.scope == scopeWrite {
				fields = append(fields,
					zap.String("actor", x.principal.Actor), zap.String("peer", s.peerOf(c.Request())))
			}
		}
		entry.Write(fields...)
	}
}

// middleware is one check that runs before the handler of an operation. If it returns an error, the
// handler does not run, and the error becomes the response.
type middleware func(c echo.Context, x *exchange) error

// middlewares returns the middleware of a route, in the order in which it runs.
func (s *server) middlewares(r *route) []middleware {
	checks := []middleware{s.prepare(r)}
	if r.scope != "" {
		checks = append(checks, s.authenticate, s.rateLimit, s.requireScope, s.authorize)
	}
	if r.changesObject() && !r.ifMatch {
		checks = append(checks, refuseIfMatch)
	}
	if r.readsBody() {
		return append(checks, s.bufferBody)
	}
	return append(checks, s.bufferUnusedBody)
}

// prepare returns a middleware that records the route and joins several If-Match headers, because they form one list
// (RFC 9110, section 5.3). The middleware reports an empty If-Match as an error. Otherwise the header would be ignored,
// and the change would be unconditional.
func (s *server) prepare(r *route) middleware {
	return func(c echo.Context, x *exchange) error {
		s.enterRoute(c, x, r)
		if lines := c.Request().Header["If-Match"]; r.ifMatch && len(lines) > 0 {
			all := strings.Join(lines, ", ")
			if c.Request().Header.Set("If-Match", all); strings.Trim(all, " \t,") == "" {
				x.invalid = append(x.invalid, ProblemField{"header.If-Match", invalidIfMatch})
			}
		}
		return nil
	}
}

// refuseIfMatch is the middleware of routes that change an object without an entity tag. No tag in If-Match can match
// (RFC 9110, section 13.1.1), and a caller that sends one expects that the change depends on it.
// Errors: errNoEntityTag.
func refuseIfMatch(c echo.Context, _ *exchange) error {
	if lines := c.Request().Header["If-Match"]; len(lines) > 0 && !slices.Equal(lines, []string{"*"}) {
		return errNoEntityTag
	}
	return nil
}

// enterRoute records the matched route in the exchange and reports it to Options.OnRoute.
func (s *server) enterRoute(c echo.Context, x *exchange, r *route) {
	x.route = r
	s.OnRoute(c.Request().Context(), r.path)
}

// authenticate verifies the bearer token and records its principal. The tenant of a request is taken only from the
// token. The actor, the client address and the request id are stored in the context, for the audit log. The reason for
// a 401 is logged.
func (s *server) authenticate(c echo.Context, x *exchange) error {
	r := c.Request()
	principal, token, err := s.principalOf(r)
	if err != nil {
		s.logUnauthenticated(r, x, err)
		return err
	}
	x.principal, x.bearer = principal, token
	ctx := ports.ForTenant(r.Context(), principal.Tenant)
	c.SetRequest(r.WithContext(ports.WithCaller(ctx, ports.Caller{
		Actor: principal.Actor, Peer: s.peerOf(r), RequestID: x.requestID,
	})))
	return nil
}

// principalOf returns the request's bearer token and its principal. If there is no valid token, it returns
// Unauthenticated with the reason as the cause. It also returns the other errors of TokenVerifier.
func (s *server) principalOf(r *http.Request) (principal auth.Principal, token string, err error) {
	if token, err = bearer(r.Header["Authorization"]); err != nil {
		return auth.Principal{}, "", &domain.Error{Kind: domain.Unauthenticated, Cause: err}
	}
	principal, err = s.Verifier.Verify(r.Context(), token)
	if err == nil && principal.Tenant.IsZero() {
		err = &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("no tenant")}
	}
	return principal, token, err
}

// The reasons why a request has no bearer token. They contain no part of the header.
var (
	errNoAuthorization       = errors.New("no Authorization header")
	errSeveralAuthorizations = errors.New("several Authorization headers")
	errNotBearer             = errors.New("the Authorization header contains no bearer token")
)

// bearer returns the token in the Authorization header (RFC 6750, section 2.1), or one of the errors above. Several
// Authorization headers are an error, because a proxy and this service could read different ones.
func bearer(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", errNoAuthorization
	case 1:
	default:
		return "", errSeveralAuthorizations
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNotBearer
	}
	for i := range len(token) {
		if !token68[token[i]] {
			return "", errNotBearer
		}
	}
	return token, nil
}

// logUnauthenticated logs the reason for a 401 and the address of the caller. The response contains neither. The reason
// is the cause of err, so the cause must contain no part of the request. Errors of other kinds are not logged.
func (s *server) logUnauthenticated(r *http.Request, x *exchange, err error, more ...zap.Field) {
	if !errors.Is(err, domain.Unauthenticated) {
		return
	}
	reason := "unspecified"
	if e := (*domain.Error)(nil); errors.As(err, &e) && e.Cause != nil {
		reason = e.Cause.Error()
	}
	s.Logger.Info("authentication failed", append([]zap.Field{
		zap.String("requestId", x.requestID), zap.String("reason", reason), zap.String("peer", s.peerOf(r)),
	}, more...)...)
}

// token68 is the set of bytes that a token may contain (RFC 7235, section 2.1).
var token68 = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") {
		table[c] = true
	}
	return table
}()

// rateLimit counts the request against the tenant's rate limit. It returns errRateLimited if the limit is exceeded.
func (s *server) rateLimit(_ echo.Context, x *exchange) error {
	return s.tenantLimiter.allow(x.principal.Tenant.String(), s.Clock.Now())
}

// requireScope returns Forbidden if scopes are required and the token lacks the route's scope.
func (s *server) requireScope(c echo.Context, x *exchange) error {
	if !s.RequireScopes || x.principal.Can(x.route.scope) {
		return nil
	}
	return s.refuse(c.Request().Context(), x, &domain.Error{Kind: domain.Forbidden})
}

// refuse stores an audit entry for the refused request and returns the refusal. If the entry cannot be stored, it
// returns the error of the store, so that every 403 has an audit entry.
func (s *server) refuse(ctx context.Context, x *exchange, refusal error) error {
	if err := s.service.RecordRefusal(ctx, x.principal.Tenant, x.route.id); err != nil {
		return err
	}
	return refusal
}
