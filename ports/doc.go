// Package ports is the hexagon's edge: the driving ports through which the world uses
// the service (usecases.go) and the driven ports through which the service uses the
// world (stores.go, pulls.go, aggregator.go, connector.go, environment.go).
//
// Rules that hold for every port:
//
//   - One method is one atomic change: it has happened whole, or not at all. No port
//     knows a transaction; what must be read before it is written takes a closure,
//     which may run more than once and must not touch the outside.
//   - The tenant is an explicit argument. What is absent and what is another tenant's
//     are one answer: NotFound. The exceptions are the methods that act for the service
//     itself (a worker's, the door's, the safety net's); each says so.
//   - Errors are domain.Errors of the kinds a method names. Unavailable with code
//     database_unavailable may come from every store method, and the context's own error
//     from every method. Anything else is internal.
//   - Times are UTC, truncated to microseconds by the caller; a store gives back what it was given.
//   - Slices and bytes handed over belong to the receiver until the call returns, and
//     those handed back to the caller.
//
// Package porttest holds these contracts as suites that any adapter can be run through.
package ports
