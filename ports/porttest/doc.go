// Package porttest contains conformance suites for the driven ports. An adapter that passes the suite of
// its port fulfils the port's contract. The suite checks every rule in the port's comments, so an adapter
// needs no tests of its own for these rules.
//
// Each rule is one subtest, and its name states the rule as a sentence. The stores are tested together
// (TestStores), because writes to one store are visible in another: a pull that ends changes its
// deliveries, and a deleted connection revokes its tokens.
//
// The suites use tenants, ids and times of their own and do not clean up their rows. They can run repeatedly on one
// database that also has other rows. Some methods are not limited to one tenant and therefore see every tenant's rows;
// the suites check their results only for the suite's own rows.
package porttest
