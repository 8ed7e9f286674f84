// Package domain defines the types of the service and its rules. It does no I/O and has no clock, no id source and no
// randomness: times, ids and random bytes are arguments. Its functions return failures as Errors with a Kind.
//
// The most important types are:
//
//   - Connection: it belongs to a tenant. An aggregator connection refers to one account reference (a Pluggy item, a
//     Belvo link) of one Vendor.
//   - Credential: an aggregator connection has one. It is stored only as a Sealed. It is unencrypted only between a
//     request and the sealer, and between the sealer and the vendor's adapter.
//   - WebhookToken: it allows the vendor to send webhooks for one connection.
//   - Delivery: a WebhookRequest that was accepted. It requests a PullScope.
//   - Pull: it reads AccountData and TransactionData from the vendor, for one or several deliveries of a connection. It
//     stores them as Accounts and Transactions.
//   - Transaction: its version increases if the vendor's TransactionData differs from the stored data.
//
// An engine connection is one of the reconciliation engine's own connections (a database, a REST source). It shares
// only two things with aggregator connections: the table, and the rule that names are unique.
package domain
