package rest

import (
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// station is one step before the handler; an error of it is the answer.
type station func(c echo.Context, x *exchange) error

// chain gives the stations of a route, in order.
func (s *server) chain(r *route) huma.Middlewares {
	stations := []station{s.matched(r)}
	if r.scope != "" {
		stations = append(stations, s.authenticate, s.spend, s.permit)
	}
	if r.takesBody() {
		stations = append(stations, s.body)
	}
	middlewares := huma.Middlewares{s.through(stations)}
	if r.once {
		middlewares = append(middlewares, s.once)
	}
	return middlewares
}

// through runs the stations before the handler; the first error is the answer.
func (s *server) through(stations []station) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humaecho.Unwrap(ctx)
		x := exchangeOf(c.Request().Context())
		for _, pass := range stations {
			if err := pass(c, x); err != nil {
				s.fail(err, c)
				return
			}
		}
		next(ctx)
	}
}

// matched tells the exchange its route. Nothing is negotiated: every answer is JSON, a
// problem when it fails. Several lines of a list header are one list
// (RFC 9110, section 5.3), but huma reads the first alone.
func (s *server) matched(r *route) station {
	return func(c echo.Context, x *exchange) error {
		x.route = r
		s.Routed(c.Request().Context(), r.path)
		c.Request().Header.Del("Accept")
		if lines := c.Request().Header["If-Match"]; r.match && len(lines) > 1 {
			c.Request().Header.Set("If-Match", strings.Join(lines, ", "))
		}
		return nil
	}
}

// authenticate takes the tenant from the bearer token, and from nowhere else.
func (s *server) authenticate(c echo.Context, x *exchange) error {
	token, ok := bearer(c.Request().Header["Authorization"])
	if !ok {
		return &domain.Error{Kind: domain.Unauthenticated}
	}
	who, err := s.Verifier.Verify(c.Request().Context(), token)
	switch {
	case err != nil:
		return err
	case who.Tenant.IsZero():
		return &domain.Error{Kind: domain.Unauthenticated, Cause: errors.New("no tenant")}
	}
	x.who = who
	return nil
}

// bearer takes the token out of the Authorization header (RFC 6750, section 2.1). Two
// headers are none: which of them another party checked cannot be known.
func bearer(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false
	}
	for i := range len(token) {
		if !token68[token[i]] {
			return "", false
		}
	}
	return token, true
}

// token68 are the bytes that can stand in a token (RFC 7235, section 2.1).
var token68 = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") {
		table[c] = true
	}
	return table
}()

// spend takes one request from the tenant's rate.
func (s *server) spend(_ echo.Context, x *exchange) error {
	return s.tenants.spend(x.who.Tenant.String(), s.Clock.Now())
}

// permit wants the route's scope, where scopes are asked for at all.
func (s *server) permit(_ echo.Context, x *exchange) error {
	if s.RequireScopes && !x.who.Can(x.route.scope) {
		return &domain.Error{Kind: domain.Forbidden}
	}
	return nil
}
