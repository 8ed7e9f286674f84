// Package pluggy is the adapter for Pluggy: it implements ports.Aggregator.
//
// The account reference is an item. Its accounts are read from /accounts, its transactions
// only from /v2/transactions (the older /transactions ends on 2026-12-31). An API key is
// cached per credential and origin until shortly before it expires, and fetched once more
// if the vendor refuses it earlier.
//
//   - adapter.go, errors.go: the port, and what the vendor's errors mean
//   - auth.go, api_key_cache.go: authentication, and the cache of API keys
//   - plan.go: from a pull scope to steps
//   - read.go, cursor.go: one page of a step
//   - raw_transactions.go: the rows of a page, with their content hashes; pure
//   - accounts.go: the accounts of the item
//   - normalize.go, dates.go, stable_metadata.go: from the vendor's row to a
//     domain.TransactionData; pure
//   - webhook.go: from the body of a webhook to an event with its pull scope; pure
//
// Source: the vendor's OpenAPI document and docs.pluggy.ai, read 2026-11.
package pluggy
