// Package vendorhttp is the HTTP client of the aggregator adapters: every request to a
// vendor goes through it.
//
// A vendor adapter describes a request as a [Call] and gets the body of the response, or a
// domain.Error of the kinds that ports.Aggregator names. What every vendor needs is
// implemented here, once. A call passes these files in this order:
//
//   - egress_guard.go: SSRF protection. No address is dialed that egress forbids, even if
//     its name resolved to another one before
//   - client.go, call.go: a call and its attempts, with their timeouts
//   - origins.go, rate_limit.go: per origin and resource a rate limit, as a token bucket that
//     a 429 blocks (Retry-After)
//   - retry.go, circuit_breaker.go: at most two retries of an idempotent request, with
//     backoff, and a circuit breaker per origin
//   - transport.go, response.go: TLS, no proxy, no redirect, size limits
//   - status.go, transport_error.go: statuses and transport errors as domain kinds, one
//     table each
//
// The adapter then parses the body with:
//
//   - decode.go: strict JSON, exact numbers and amounts
//   - decode_list.go, scanner.go: the rows of a page, split off without decoding them
//   - content_hash.go: which rows have changed, without their volatile members
//   - canonical_json.go: a canonical form, in which equal rows are equal bytes
//
// The texts of an error of this package are its own: they contain no URL, header, body,
// address or credential, nor do those of its causes. [Call.SetAuth] and [Call.Body] set the
// authentication at the last moment, so that no value which is kept or printed holds a
// secret.
package vendorhttp
