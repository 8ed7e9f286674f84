// Package porttest contains conformance suites for the driven ports. An adapter that passes the suite of its port
// fulfils the port's contract. The suite checks every rule in the port's comments, so an adapter needs no tests of its
// own for these rules.
//
// Each rule is one subtest, and its name states the rule as a sentence. TestStores tests all stores together, because a
// write to one store can change another: the end of a pull changes its deliveries, and the deletion of a connection
// revokes its tokens.
//
// The suites can run repeatedly on one database that also has other rows:
//
//   - Each run uses its own tenants, ids and times, and does not delete its rows.
//   - Some methods return rows of every tenant. The suites check only their own rows in the results.
package porttest
