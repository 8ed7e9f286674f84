// Package rest implements the HTTP API of the service with Echo; package operation reads its requests. It is
// also the only place where the error kinds of the domain are translated into HTTP statuses.
//
// Every request passes through the same middleware in the same order. The outermost middleware (observe, in
// middleware.go) assigns a request id, recovers panics and writes the access log. The router then selects a row of the
// route table in routes.go. The route's own middleware checks the bearer token, the tenant's rate limit, the scope, the
// body and the idempotency key (idempotency.go). Each middleware may respond instead of the handler: with an error if
// its check fails, or with the stored response to an earlier request. The handler calls the driving port, ports.API. It
// does not depend on HTTP, except through its own input and output types. A failure in any of these steps becomes the
// same kind of problem document (errors.go, RFC 9457), which never contains a value from the request.
//
// The webhook receiver (webhook_receiver.go) is the hot path. It is the only route that changes data without an
// operator's bearer token. It is a plain Echo handler that passes the raw body, the webhook signature and the client's
// address to ports.WebhookReceiver.
//
// Secrets occur only in input types, as domain.Secret. No output type has a field for a secret, except those of the
// operations that create one: a webhook token, the signing secret of a subscription, or the token of a link session.
package rest
