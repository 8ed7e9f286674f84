// Package model_test compares the service with a reference model under random operations of simulated vendors.
//
// The model (model_test.go) was written from the contract alone, and shares no code with the service. It predicts
// what a tenant sees of a connection: the records with their versions, external ids, removals and replacements, the
// accounts, the sums and the completeness. world_test.go generates the operations. They add, change and remove rows,
// give them other ids, and return removed rows. They make rows unreadable, change balances, and remove and return
// accounts. Webhooks announce some of the changes. The right result is always certain, because no two movements have
// the same amount, text or end-to-end id.
//
// The service runs in the process, with Pluggy, Belvo and Plaid as HTTP servers on loopback. It learns of the
// operations by webhooks and pulls, and is compared only through its HTTP API and by the events that a subscription
// delivers. A test is divided into lives: a life is one tenant with a connection to each vendor. All random choices
// of a life derive from the seed and the number of the life, which a failure prints together with the last
// operations:
//
//	make model OPERATIONS=100000 SEED=1
//	make model OPERATIONS=20000 VENDORS=plaid
//	go test ./test/model -run /sqlite -seed 1 -life 17   # only this life
//
// Plaid returns what has changed since a position, and its webhooks say only that something has changed (see
// plaid_test.go). Posted rows replace pending rows and name them, sometimes with another amount. The history changes
// between two pages, or between the changes and the complete list. Equal webhooks come twice, late, or together with
// an event that asks for no pull. Accounts and all their rows get new ids.
package model_test
