// Package ports defines the interfaces at the edge of the hexagon:
//
//   - The driving ports (usecases.go) are the interfaces through which callers use the service.
//   - The driven ports (the other files) are the interfaces through which the service uses everything outside of it:
//     the store, the vendors, the sinks of events, the clock and so on.
//
// These rules apply to every port:
//
//   - A method is one atomic change: either all of it happens or none of it. No port exposes a transaction.
//   - A method that reads, modifies and writes takes a closure. The closure may be called more than once, so it must
//     have no side effects except on its arguments.
//   - The tenant is an explicit argument. A method returns NotFound for an object of another tenant, as if the object
//     did not exist.
//   - Methods of the worker, the webhook receiver and maintenance act for the service itself. They are not limited to
//     one tenant, and their comments say so.
//   - Errors are domain.Errors of the kinds that the method's comment lists. Every method may also return the error of
//     its context. Every store method may also return Unavailable (database_unavailable). Any other error is an
//     internal error.
//   - Times are UTC. The caller truncates them to microseconds, and a store returns them unchanged.
//   - Slices and bytes that are passed as arguments belong to the called method until it returns. Slices and bytes that
//     a method returns belong to the caller.
//
// Package porttest contains conformance suites that check these contracts against any adapter.
package ports
