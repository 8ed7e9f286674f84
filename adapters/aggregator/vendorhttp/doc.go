// Package vendorhttp is the one HTTP client through which aggregators are reached.
//
// A vendor adapter describes a request as a [Call] and gets the answer's body, or a
// domain.Error of the kinds that ports.Aggregator names. What every vendor needs is done
// here, once:
//
//   - guard.go: no address is dialled that egress forbids, whatever its name resolved to
//   - client.go, transport.go: deadlines, size caps, no proxy, no redirect
//   - budget.go, origin.go: a token bucket per origin and resource, drained by a 429
//   - retry.go: at most two more tries of a harmless request, and a breaker per origin
//   - status.go, failure.go: status and transport failure to domain kinds, one table each
//   - decode.go, money.go: strict JSON, exact numbers
//   - list.go, scan.go, sift.go: rows, cut out and digested without being decoded
//   - canon.go: one form for rows that say the same
//
// An error of this package holds words of its own alone: never a URL, a header, a body,
// an address or a credential, in its causes neither. Authentication is set on the
// request at the last moment by [Call.Sign] and [Call.Payload], so that nothing which is
// kept or printed holds a secret.
package vendorhttp
