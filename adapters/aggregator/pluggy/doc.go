// Package pluggy is the adapter for the vendor Pluggy. It implements ports.Aggregator.
//
// The account reference of a connection is the id of an item. The item's accounts are read from /accounts. The
// transactions are read only from /v2/transactions, because the vendor removes the older /transactions on 2026-12-31.
//
// An API key is cached per credential and origin until shortly before it expires. If the vendor refuses the key
// earlier, the adapter fetches a new key once.
//
//   - adapter.go, errors.go: the methods of the port, and the mapping of the vendor's errors
//   - auth.go, api_key_cache.go: authentication, and the cache of API keys
//   - plan.go: converts a pull scope into steps
//   - read.go, cursor.go: read one page of a step
//   - raw_transactions.go: the rows of a page with their content hashes; pure functions
//   - accounts.go: the accounts of the item
//   - normalize.go, dates.go: convert a row of the vendor into a domain.TransactionData; pure functions
//   - webhook.go: converts the body of a webhook into an event with its pull scope; pure functions
//
// Source: the vendor's OpenAPI document and docs.pluggy.ai, read 2026-11.
package pluggy
