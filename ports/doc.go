// Package ports defines the interfaces at the edge of the hexagon. The driving ports (usecases.go) are the
// interfaces through which callers use the service. The driven ports (stores.go, pulls.go, aggregator.go,
// connector.go, environment.go) are the interfaces through which the service uses everything outside of it.
//
// These rules apply to every port:
//
//   - One method is one atomic change: either all of it happens or none of it. No port exposes a
//     transaction. A method that reads, modifies and writes takes a closure. The closure may be called more
//     than once, so it must have no side effects except on its arguments.
//   - The tenant is an explicit argument. A method does not distinguish an object that does not exist from
//     an object of another tenant: it returns NotFound for both. The exceptions are methods that act for
//     the service itself rather than for a tenant (methods of the worker, the webhook receiver and
//     maintenance); each of these methods says so in its comment.
//   - Errors are domain.Errors of the kinds that the method's comment lists. In addition, every store
//     method may return Unavailable with code database_unavailable, and every method may return the
//     context's own error. Any other error is an internal error.
//   - Times are UTC, truncated to microseconds by the caller; a store returns them unchanged.
//   - Slices and bytes that are passed as arguments belong to the called method until it returns. Slices
//     and bytes that a method returns belong to the caller.
//
// Package porttest contains conformance suites that check these contracts against any adapter.
package ports
