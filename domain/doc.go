// Package domain is the vocabulary of the service and its rules.
//
// A tenant owns Connections. An aggregator connection refers to one account reference (a
// Pluggy item, a Belvo link) of one Vendor and has a Credential. The credential exists in
// clear only between a request and the sealer; everything that is stored holds a Sealed
// instead.
//
// A WebhookToken allows that vendor to send webhooks for one connection. Each accepted
// WebhookRequest becomes a Delivery. What the deliveries of one connection ask for
// together, a PullScope, becomes one Pull. A pull reads AccountData and TransactionData
// from the vendor and stores Accounts and Transactions. TransactionData that differs from
// what is stored raises the transaction's version.
//
// An engine connection is one of the reconciliation engine's own connections (a database,
// a REST source). It shares the table and the uniqueness of names with aggregator
// connections, and nothing else.
//
// The package does no I/O and has no clock, no id source and no randomness of its own:
// times, ids and random bytes are arguments. Its failures are Errors with a Kind.
package domain
