// Package belvo reads a Belvo link: its status, its accounts and its transactions.
//
// An account reference is the id of a link. Every call carries HTTP Basic authentication with the connection's clientId
// and secret. The header is added immediately before the request is sent, and is never stored.
//
// Three properties of the vendor determine the design of the package:
//
//   - A list contains the address of its next page as an absolute URL. A client that simply followed this URL would
//     send the credential to any host in the URL. The adapter therefore checks that the URL names the requested list at
//     the connection's own base URL. Only the URL's query is stored (read.go).
//
//   - The vendor deletes old rows (stale_in), assigns new ids to some edited rows, and has no cursor that returns every
//     change. Therefore changes are found by reading the whole link. A row counts as removed if a webhook event reports
//     the removal, or if two reads of the whole link do not contain the row (plan.go).
//
//   - An amount has no sign. The direction is a separate member, which may be missing (normalize.go).
//
// The files:
//
//   - adapter.go, errors.go: the implementation of the port, and the mapping of the vendor's errors
//
//   - accounts.go, plan.go: the account list, and the steps that a pull scope needs
//
//   - read.go: one page of transactions, from Adapter.Read to raw transactions with their content hashes; the file can
//     be read from top to bottom
//
//   - normalize.go: the conversion of the vendor's row to a domain.TransactionData; pure functions
//
//   - webhook.go: the conversion of a webhook's body to a pull scope; pure functions
//
// Source: developers.belvo.com, API 1.223, as read in November 2026. If the vendor's documentation leaves a question
// open, a comment next to the affected code says so.
package belvo
