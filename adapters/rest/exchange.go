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
	isHEAD        bool   // the method is HEAD, so the response has no body
	language      string // the Accept-Language header
	route         *route // nil until the router has matched a route
	principal     auth.Principal
	bearer        string // the verified token of principal; must never be logged

	releaseBodyMemory func() // releases the memory of the request's body; nil if none is reserved
	releaseMemory     func() // releases the memory that reserveMemory has reserved; nil if it has reserved none

	body []byte // the body of an operation; nil if it has none
	file []byte // the file in the body; nil if the route takes none, or the body is JSON

	// invalid contains the errors that were found in the request before its input was read. If there are such errors,
	// the handler is not called.
	invalid []ProblemField

	// addressForbidden reports whether the base URL in the body contains a forbidden address. It is
	// nil if the route has no such field.
	addressForbidden func() bool

	// addressMissing reports whether the body lacks a base URL that the connection needs. It is called only for a body
	// that is invalid; nil for a route without keepsAddress.
	addressMissing func() bool
	bodyFaults     func() []ProblemField // calls route.bodyFaults for the body; nil if the route has none
}

type exchangeKey struct{}

// exchangeOf returns the exchange in the context, or an empty exchange if the context has none.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// matchedRoute returns the matched route, or an empty route if none has matched yet.
func (x *exchange) matchedRoute() *route {
	if x.route == nil {
		return &route{}
	}
	return x.route
}

// requestID returns the request id that the caller sent if it consists of 1 to 128 printable ASCII characters, and
// otherwise a new id.
func (s *server) requestID(r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, isUnprintable) {
		return s.NewRequestID()
	}
	return id
}

// isUnprintable reports whether r is not a printable ASCII character. In a request id, such a
// character could forge lines of a log.
func isUnprintable(r rune) bool { return r < ' ' || r > '~' }

// webhookOrigin returns the origin of webhook URLs. It returns PublicURL if it is set, and otherwise the origin to
// which the request was sent. PublicURL may be unset only in development.
func (s *server) webhookOrigin(r *http.Request) string {
	if s.PublicURL == "" {
		return "http://" + r.Host
	}
	return s.PublicURL
}
