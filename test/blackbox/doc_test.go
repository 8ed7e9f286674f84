// Package blackbox_test tests the built binary from outside, as an operator, a vendor and an orchestrator use it.
//
// The tests run the service as processes on loopback, kill or stop these processes, and cut them off from their
// database. The package imports no code of the service except the vendors' simulators. The simulators run in the test
// process.
//
// Settings of a run, as environment variables:
//
//	CRASH_KILLS       number of kills of the crash test on SQLite and PostgreSQL together; default 20
//	CHURN_CRASH_ROWS  number of rows of an account whose ids all change while its pull is killed
//	CRASH_POOLED      if set, the crash test uses only PostgreSQL, through a pooler
//	SEED              seed of all random choices; chosen at random and printed if not set
//	DISCOVERY_BINARY  path of a binary to be tested, instead of building one
package blackbox_test

import (
	"flag"
	"os"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/binary"
)

// concurrency is the maximum number of parallel tests that run at the same time. Only tests that mostly wait are
// parallel: they wait for leases, for timeouts and for killed processes. Tests that measure memory or short times do
// not run together with others.
const concurrency = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", concurrency); err != nil {
		panic(err)
	}
	os.Exit(binary.Main(m))
}
