// Package rest is the service's HTTP surface: Echo routes, huma operations, and the one
// translation of domain kinds into statuses.
//
// A request passes the same stations in the same order. The observer (observe.go) gives
// it an id, recovers panics and writes the access log. The router picks a row of the
// table in routes.go. The row's chain (chain.go) then asks for a bearer token, the
// tenant's rate, the scope, the body and the idempotency key, each of which may answer
// in the handler's place. The handler calls the driving port and knows nothing of HTTP
// but its own input and output types. A failure of any station becomes the same problem
// document (errors.go, RFC 9457), which never holds a value of the request.
//
// The webhook receiver (receiver.go) is the hot path and the open door: a plain handler
// over the raw body, without a token of an operator.
//
// Secrets exist on input types only, as domain.Secret; no output type has a field for
// one but the answer that mints a webhook token.
package rest
