// Package e2e_test drives the composed service only through HTTP, on every backend, with the
// vendors' simulators on loopback as the only other parties. It checks the promises to a
// caller, a vendor and an operator. It does not depend on the implementation, except for the
// stores that a few tests decorate to force a failure.
//
// A test is written once, as the body of each, and runs on memory, SQLite and PostgreSQL,
// each with a database of its own.
package e2e_test

import (
	"flag"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// inParallel is the default number of environments that are open at once. They wait most of
// the time, so more of them than cores are useful.
const inParallel = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", inParallel)
	}
	pgtest.Main(m)
}
