// Package rest implements the HTTP API of the service with Echo; package operation reads the requests. Package rest is
// also the only place where the error kinds of the domain become HTTP statuses.
//
// Every request passes through these stages:
//
//   - The outermost middleware (observe, in middleware.go) assigns a request id, recovers panics and writes the access
//     log.
//   - The router selects a row of the route table in routes.go.
//   - The middleware of the route checks the bearer token, the tenant's rate limit, the scope, the body and the
//     idempotency key (idempotency.go). It responds itself if a check fails, or if a response to the same request is
//     stored.
//   - The handler calls the driving port, ports.API. The handler depends on HTTP only through its own input and output
//     types.
//
// A failure in any stage becomes a problem document (errors.go, RFC 9457). The document never contains a value from the
// request.
//
// The webhook receiver (webhook_receiver.go) is the hot path. It is the only route that changes data without an
// operator's bearer token. It is a plain Echo handler that passes the raw body, the webhook signature and the client's
// address to ports.WebhookReceiver.
//
// Secrets in a request have the type domain.Secret. A response contains a secret only if the operation has just created
// one of these secrets: a webhook token, the signing secret of a subscription, or the token of a link session.
package rest
