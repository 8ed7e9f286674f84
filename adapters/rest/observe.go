package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
)

const requestIDHeader = "X-Request-Id"

// exchange is what is known of one request while it is answered.
type exchange struct {
	id       string
	instance string // the path, webhook tokens cut out
	origin   string // of webhook URLs
	head     bool   // asked for with HEAD: the body goes nowhere
	route    *route // nil until a route has matched
	who      auth.Principal

	forbidden func() bool // whether the body's address is; nil where it has none
}

type exchangeKey struct{}

// exchangeOf gives the exchange that observe put into every context.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// row is the matched route; an empty one where none has.
func (x *exchange) row() *route {
	if x.route == nil {
		return &route{}
	}
	return x.route
}

// Headers of every answer, in their canonical form; a later Set replaces them whole.
var (
	noSniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

// observe is around everything: it names the request, turns failures and panics into
// problem documents, and writes one line of the access log.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begin := s.Clock.Now()
		r := c.Request()
		x := &exchange{id: s.requestID(r), instance: cleanPath(r.URL.Path), origin: s.origin(r), head: r.Method == http.MethodHead}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
		head := c.Response().Header()
		head[requestIDHeader] = []string{x.id}
		head["X-Content-Type-Options"], head["Cache-Control"] = noSniff, noStore
		if err := s.guarded(c, next); err != nil {
			s.fail(err, c)
		}
		s.log(c, x, s.Clock.Now().Sub(begin))
		return nil
	}
}

// guarded runs the handler and turns its panic into an error.
func (s *server) guarded(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause)
		default:
			err = &panicked{cause: cause, stack: debug.Stack()}
		}
	}()
	return next(c)
}

// panicked is a panic on its way to the log. A value that was thrown may hold anything,
// so its type is told and, of errors alone, the text.
type panicked struct {
	cause any
	stack []byte
}

// Error tells the type, and the text of an error.
func (p *panicked) Error() string {
	if err, ok := p.cause.(error); ok {
		return "panic: " + causes(err)
	}
	return fmt.Sprintf("panic: %T", p.cause)
}

// fail answers with the problem that err is. It is also what the router calls for paths
// and methods that it does not know.
func (s *server) fail(err error, c echo.Context) {
	x := exchangeOf(c.Request().Context())
	if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
		err = s.routing(he, c)
	}
	p := x.problem(err)
	s.explain(x, p, err)
	if c.Response().Committed {
		return
	}
	writeProblem(c, p)
}

// routing words the router's own failures.
func (s *server) routing(he *echo.HTTPError, c echo.Context) error {
	switch he.Code {
	case http.StatusNotFound:
		return domain.NotFoundError()
	case http.StatusMethodNotAllowed:
		c.Response().Header().Set(echo.HeaderAllow, s.allowed[c.Path()])
		return errMethod
	}
	return he
}

// writeProblem answers with the document, its headers and its media type.
func writeProblem(c echo.Context, p *Problem) {
	head := c.Response().Header()
	maps.Copy(head, p.headers)
	head.Set(echo.HeaderContentType, problemType)
	body, err := json.Marshal(p)
	if err != nil {
		body = nil
	}
	c.Response().WriteHeader(p.Status)
	_, _ = c.Response().Write(body)
}

// explain logs the cause of a 5xx under the request's id.
func (s *server) explain(x *exchange, p *Problem, err error) {
	if p.Status < http.StatusInternalServerError || errors.Is(err, context.Canceled) {
		return // a caller who has gone is no failure of ours
	}
	fields := []zap.Field{zap.String("requestId", x.id), zap.String("cause", causes(err))}
	if thrown := (*panicked)(nil); errors.As(err, &thrown) {
		fields = append(fields, zap.ByteString("stack", thrown.stack))
	}
	s.Logger.Error("request failed", fields...)
}

// causes joins the texts of an error and of what domain errors keep for the log alone.
func causes(err error) string {
	texts := []string{err.Error()}
	for e := (*domain.Error)(nil); errors.As(err, &e) && e.Cause != nil; {
		err = e.Cause
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, ": ")
}

// log writes the access log: never a header, a body or a query.
func (s *server) log(c echo.Context, x *exchange, took time.Duration) {
	template, status, size := "", c.Response().Status, c.Response().Size
	if x.head {
		size = 0
	}
	if x.route != nil {
		template = x.route.path
	}
	s.OnRequest(c.Request().Method, template, status, took)
	if entry := s.Logger.Check(zap.InfoLevel, "request"); entry != nil {
		fields := append(make([]zap.Field, 0, 8),
			zap.String("requestId", x.id), zap.String("method", c.Request().Method),
			zap.String("route", template), zap.String("path", x.instance), zap.Int("status", status),
			zap.Int64("bytes", size), zap.Duration("took", took))
		if !x.who.Tenant.IsZero() {
			fields = append(fields, zap.Stringer("tenant", x.who.Tenant))
		}
		entry.Write(fields...)
	}
}

// requestID takes the caller's id when it is 1 to 128 printable ASCII characters.
func (s *server) requestID(r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, unprintable) {
		return s.NewRequestID()
	}
	return id
}

// unprintable says what would let a request id break out of a log line.
func unprintable(r rune) bool { return r < ' ' || r > '~' }

// origin is the public one; in development, where none may be set, the one that was called.
func (s *server) origin(r *http.Request) string {
	if s.PublicURL == "" {
		return "http://" + r.Host
	}
	return s.PublicURL
}
