// Package e2e_test drives the composed service through HTTP alone, on every backend, with
// the vendors' simulators on loopback as the only other parties. What it asserts is what
// a caller, a vendor and an operator are promised; how it is done inside is not its
// business, but for the stores that a few tests decorate to force a failure.
//
// A test is written once, as the body of each, and runs on memory, SQLite and PostgreSQL,
// each with a database of its own.
package e2e_test

import (
	"flag"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// inParallel is how many worlds live at once unless the command line says otherwise: most
// of their time they wait, so that more of them than cores are worth it.
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
