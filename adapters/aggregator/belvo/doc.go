// Package belvo reads a Belvo link: its status, its accounts and its transactions.
//
// An account reference is the id of a link. Every call carries HTTP Basic authentication
// with the connection's clientId and secret. The header is set on the request immediately
// before it is sent and is never stored.
//
// Three properties of the vendor determine the design of the package:
//
//   - The vendor's lists contain the address of the next page as an absolute URL. A client that
//     simply followed this URL would send the credential to any host that the URL names. Here
//     the URL must name the requested list at the connection's own base URL, and only the
//     URL's query is stored (read.go).
//
//   - The vendor deletes old rows (stale_in), assigns new ids to some edited rows, and has no cursor that returns every
//     change. Therefore changes are found by reading the whole link. A row counts as removed if a webhook event reports
//     its removal, or if two reads of the whole link show that it is gone (plan.go).
//
//   - An amount has no sign, and its direction is a separate member that may be missing
//     (normalize.go).
//
// The files:
//
//   - adapter.go, errors.go: the implementation of the port, and the mapping of the vendor's
//     errors
//
//   - accounts.go, plan.go: the account list, and the steps that a pull scope needs
//
//   - read.go: one page of transactions, from Adapter.Read to raw transactions with their
//     content hashes; the file can be read from top to bottom
//
//   - normalize.go, stable_metadata.go: the conversion of the vendor's row to a
//     domain.TransactionData; pure functions
//
//   - webhook.go: the conversion of a webhook's body to a pull scope; pure functions
//
// Source: developers.belvo.com, API 1.223, as read in November 2026. Where the vendor's documentation leaves a question
// open, a comment says so next to the code that decides the question.
package belvo
