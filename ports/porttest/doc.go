// Package porttest holds the contracts of the driven ports as suites. An adapter that
// passes its port's suite may stand behind that port; one that has none of its own tests
// beside is still known to keep every promise that the ports' comments make.
//
// Each promise is one subtest, named for the rule, so that a failure reads as the sentence
// that was broken. The stores are run as one set (TestStores), because what one store
// writes shows in another: a pull that ends moves its deliveries, a connection that is
// deleted ends its tokens.
//
// The suites bring tenants, ids and times of their own and leave their rows behind. They
// can be run again and again over one database, beside other rows: what acts for the
// service itself and therefore sees every tenant's rows is asked about the suite's own.
package porttest
