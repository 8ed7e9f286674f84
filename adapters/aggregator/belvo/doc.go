// Package belvo reads a Belvo link: its status, its accounts and its transactions.
//
// An account reference is the id of a link. Every call carries HTTP Basic authentication
// with the connection's clientId and secret. The header is set on the request immediately
// before it is sent and is never stored.
//
// Three traits of the vendor shape the package:
//
//   - A list names its next page by an absolute URL. A client that follows it sends the
//     credential to any host named there. Here the URL must name the requested list
//     at the connection's own base URL; then only its query is stored (read.go).
//
//   - The vendor purges old rows by itself (stale_in), assigns new ids to some edited rows,
//     and has no cursor that shows every change. Therefore no row counts as removed
//     unless an event says so, and changes are found by reading the whole link (plan.go).
//
//   - An amount is a magnitude, and its direction is a separate member that may be missing
//     (normalize.go).
//
// The files:
//
//   - adapter.go, errors.go: the port, and the mapping of the vendor's errors
//
//   - accounts.go, plan.go: from a pull scope to the account list and the steps
//
//   - read.go: one page of transactions, from Adapter.Read to raw transactions with their
//     content hashes; reads top to bottom
//
//   - normalize.go, stable_metadata.go: from the vendor's row to a
//     domain.TransactionData; pure
//
//   - webhook.go: from a webhook's body to a pull scope; pure
//
// Source: developers.belvo.com, API 1.223, as read in November 2026. Where the vendor's
// documentation leaves a question open, the code that decides it says so.
package belvo
