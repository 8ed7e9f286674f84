// Package vendorhttp is the HTTP client of the aggregator adapters. Every request to a vendor is sent by this package.
//
// A vendor's adapter describes a request as a [Call]. It gets the body of the response, or a domain.Error of one of the
// kinds that ports.Aggregator lists. Protection against SSRF (server-side request forgery) is not part of this package:
// package egress opens the connections and checks the addresses.
//
// A call uses the code of these files, in this order:
//
//   - client.go, call.go: a call and its attempts, with their timeouts
//   - origins.go, rate_limit.go: a rate limit for each origin and resource, with a token bucket; a 429 response blocks
//     the bucket for the time in its Retry-After header
//   - retry.go, circuit_breaker.go: at most two retries of an idempotent request, with backoff, and a circuit breaker
//     for each origin
//   - transport.go, response.go: TLS, no proxy, no redirect, size limits
//   - status.go, transport_error.go: the mapping of HTTP statuses and of transport errors to domain errors
//
// The adapter then parses the body with the code of these files:
//
//   - decode.go: strict JSON, exact numbers and amounts
//   - decode_list.go, scanner.go: the rows of a page, separated without decoding them
//   - content_hash.go: a hash by which changed rows are detected
//
// This package itself defines the texts of all its errors. Neither an error nor its causes contain a URL, header, body,
// address or credential. [Call.SetAuth] and [Call.Body] add the authentication directly before a request is sent.
// Therefore no value that is stored or printed contains a secret.
package vendorhttp
