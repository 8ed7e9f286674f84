// Package rest is the HTTP API of the service: Echo routes, huma operations, and the only
// translation of domain error kinds into HTTP statuses.
//
// Every request passes the same middleware in the same order. The outermost middleware
// (observe, in middleware.go) assigns a request id, recovers panics and writes the access
// log. The router then selects a row of the route table in routes.go. The route's own
// middleware checks the bearer token, the tenant's rate limit, the scope, the body and the
// idempotency key (idempotency.go); each of them may respond instead of the handler. The
// handler calls the driving port, ports.API, and knows nothing of HTTP except its own input
// and output types. A failure at any of these points becomes the same problem document
// (errors.go, RFC 9457), which never contains a value of the request.
//
// The webhook receiver (webhook_receiver.go) is the hot path, and the only route that needs
// no operator's token to write: a plain Echo handler that passes the raw body, the webhook
// signature and the client's address to ports.WebhookReceiver.
//
// Secrets occur in input types only, as domain.Secret. No output type has a field for one,
// except the response that returns a minted webhook token.
package rest
