// Package domain defines the vocabulary of the service and its rules.
//
// A tenant owns Connections. An aggregator connection refers to one account reference (a
// Pluggy item, a Belvo link) of one Vendor and has a Credential. The credential is
// unencrypted only on its way from a request to the sealer, and from the sealer to the
// vendor's adapter; the store contains only a Sealed.
//
// A WebhookToken allows that vendor to send webhooks for one connection. Each accepted
// WebhookRequest becomes a Delivery. A delivery requests a PullScope, and the scopes of
// several deliveries of one connection are merged into one Pull. A pull reads AccountData
// and TransactionData from the vendor and stores them as Accounts and Transactions. If the
// TransactionData differs from the stored transaction, the transaction's version increases.
//
// An engine connection is one of the reconciliation engine's own connections (a database,
// a REST source). It shares only two things with aggregator connections: the table, and the
// rule that names are unique.
//
// The package does no I/O and has no clock, no id source and no randomness of its own:
// times, ids and random bytes are arguments. Its functions return failures as Errors with a
// Kind.
package domain
