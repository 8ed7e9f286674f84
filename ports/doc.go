// Package ports defines the interfaces at the edge of the hexagon. The driving ports
// (usecases.go) are how callers use the service; the driven ports (stores.go, pulls.go,
// aggregator.go, connector.go, environment.go) are how the service uses everything outside of it.
//
// These rules hold for every port:
//
//   - One method is one atomic change: either all of it happens or none of it. No port
//     exposes a transaction. A read-modify-write takes a closure, which may run more than
//     once and must have no side effects outside of its arguments.
//   - The tenant is an explicit argument. An object that does not exist and an object of
//     another tenant are indistinguishable: both are NotFound. The exceptions are methods
//     that act for the service itself (the worker's, the webhook receiver's, maintenance);
//     each of them says so.
//   - Errors are domain.Errors of the kinds that the method names. Every store method may
//     also return Unavailable with code database_unavailable, and every method may return
//     the context's own error. Any other error is internal.
//   - Times are UTC, truncated to microseconds by the caller; a store returns them unchanged.
//   - Slices and bytes passed as arguments belong to the callee until the call returns.
//     Those that are returned belong to the caller.
//
// Package porttest holds these contracts as conformance suites that run against any adapter.
package ports
