// Package domain is the vocabulary of the service, and its rules.
//
// A tenant keeps Connections. An aggregator connection points at one account
// reference (a Pluggy item, a Belvo link) of one Vendor and carries a Credential,
// which exists in clear only between a request and the sealer; everything that is
// stored holds a Sealed instead. A WebhookToken lets that vendor knock: each knock
// that is let in becomes a Delivery, and what the deliveries of one connection ask
// for together (an Ask) becomes one Pull. A pull observes Accounts and Transactions;
// an Observation that differs from what is stored raises the transaction's version.
//
// An engine connection is the reconciliation engine's own (a database, a REST
// source). It shares the table and the namespace of names, and nothing else.
//
// The package does no I/O and has no clock, no id source and no randomness of its
// own: times, ids and random bytes are arguments. Its failures are Errors with a Kind.
package domain
