// Package porttest holds conformance suites for the driven ports. An adapter that passes its
// port's suite fulfils the port's contract. Even an adapter without tests of its own is then
// known to keep every rule in the port's comments.
//
// Each rule is one subtest, named by a sentence, so that a failure reads as the sentence
// that does not hold. The stores are tested together (TestStores), because writes to one
// store are visible in another: a pull that ends changes its deliveries, and a deleted
// connection revokes its tokens.
//
// The suites use tenants, ids and times of their own and do not clean up their rows. They
// can run repeatedly on one database that also has other rows: methods that act for the
// whole service, and therefore see every tenant's rows, are only checked for the suite's
// own rows.
package porttest
