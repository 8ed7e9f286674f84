package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
)

const requestIDHeader = "X-Request-Id"

// exchange is the state of one request while it is processed.
type exchange struct {
	requestID     string
	instance      string // the path, with webhook tokens redacted
	webhookOrigin string // the origin of webhook URLs in the response
	isHEAD        bool   // the method is HEAD: the body is not sent
	route         *route // nil until a route has matched
	principal     auth.Principal

	// addressForbidden reports whether the body's base URL is a forbidden address; nil
	// where the route has no such field.
	addressForbidden func() bool
}

type exchangeKey struct{}

// exchangeOf returns the exchange that observe stored in the request's context. It returns
// an empty exchange where there is none.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// matchedRoute returns the matched route, or an empty route before one has matched.
func (x *exchange) matchedRoute() *route {
	if x.route == nil {
		return &route{}
	}
	return x.route
}

// requestID returns the caller's request id if it is 1 to 128 printable ASCII characters,
// and a new id otherwise.
func (s *server) requestID(r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, isUnprintable) {
		return s.NewRequestID()
	}
	return id
}

// isUnprintable reports whether a request id with r could break out of a log line.
func isUnprintable(r rune) bool { return r < ' ' || r > '~' }

// webhookOrigin returns the public origin. In development, where none needs to be set, it
// returns the origin that the request was sent to.
func (s *server) webhookOrigin(r *http.Request) string {
	if s.PublicURL == "" {
		return "http://" + r.Host
	}
	return s.PublicURL
}
