// Package plaid is the adapter for the vendor Plaid. It implements ports.Aggregator.
//
// The account reference of a connection is the id of an Item, one login at one institution. Each call names the Item by
// its access token, a secret that belongs to this Item alone. A token of another Item would read, or delete, the data
// of that Item. Every method that changes something, and the check at the start of each pull, therefore compares the
// item id that the vendor returns with the account reference.
//
// Four properties of the vendor determine the design of the package:
//
//   - Transactions come from a stream of changes, /transactions/sync. A pull without a stream position reads the whole
//     history. The position at its end is kept for the next pull (plan.go, read.go).
//   - A pending row is never edited when it posts: the stream removes it, and adds a row that names it in
//     pending_transaction_id. This member is evidence for matching (matching_rows.go).
//   - A positive amount is money out, on every type of account (normalize.go).
//   - A webhook is proved by a JWT, whose key the vendor returns to the owner of a credential (verify.go, keys.go).
//
// Source: the vendor's OpenAPI document 1.697.4 and plaid.com/docs, read 2026-11.
package plaid
