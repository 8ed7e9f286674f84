// Package plaid is the adapter for the vendor Plaid. It implements ports.Aggregator.
//
// The account reference of a connection is the id of an Item. An Item is one login at one institution. Each Item has
// its own access token, and each call identifies the Item by this token. With the token of another Item, a call would
// read or delete the data of that Item. Therefore the adapter compares the item id that the vendor returns with the
// account reference. It does so at the start of each pull, and before it changes something at the vendor.
// DeleteWebhook compares the webhook address instead.
//
// Four properties of the vendor determine the design of the package:
//
//   - Transactions come from a stream of changes, /transactions/sync. A pull without a stream position reads the whole
//     history. The position at its end is kept for the next pull (plan.go, read.go).
//   - When a pending row is posted, the stream removes it and adds a new row. The member pending_transaction_id of
//     the new row contains the id of the pending row. It is evidence for matching (matching_rows.go).
//   - A positive amount is money out, on every type of account (normalize.go).
//   - Each webhook carries a JWT that proves its origin. The adapter requests the key of the JWT from the vendor with
//     the connection's credential (verify.go, keys.go).
//
// Source: the vendor's OpenAPI document 1.697.4 and plaid.com/docs, read 2026-11.
package plaid
