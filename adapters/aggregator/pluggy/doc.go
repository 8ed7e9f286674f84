// Package pluggy is the adapter for the vendor Pluggy. It implements ports.Aggregator.
//
// The account reference of a connection is an item. Its accounts are read from /accounts. Its
// transactions are read only from /v2/transactions, because the vendor removes the older
// /transactions on 2026-12-31. An API key is cached per credential and origin until shortly
// before it expires. If the vendor refuses it earlier, the adapter fetches a new key once.
//
//   - adapter.go, errors.go: the methods of the port, and what the vendor's errors mean
//   - auth.go, api_key_cache.go: authentication, and the cache of API keys
//   - plan.go: converts a pull scope into steps
//   - read.go, cursor.go: read one page of a step
//   - raw_transactions.go: the rows of a page with their content hashes; pure
//   - accounts.go: the accounts of the item
//   - normalize.go, dates.go, stable_metadata.go: convert a row of the vendor into a
//     domain.TransactionData; pure
//   - webhook.go: converts the body of a webhook into an event with its pull scope; pure
//
// Source: the vendor's OpenAPI document and docs.pluggy.ai, read 2026-11.
package pluggy
