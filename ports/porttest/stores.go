package porttest

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores is one backend: stores that see each other's rows.
type Stores struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger
}

// promise is one rule of a port, and what holds it against a backend.
type storeTest struct {
	name  string
	run func(f *fixture)
}

// TestStores runs every promise of the store ports against what open gives. open is
// called once a promise; it may give the same backend each time, and it closes what it
// opened with t.Cleanup.
func TestStores(t *testing.T, open func(t *testing.T) Stores) {
	for _, port := range []struct {
		name     string
		promises []storeTest
	}{
		{"Connections", slices.Concat(connectionTests, nameTests, deletionTests, resealTests)},
		{"Tokens", tokenTests},
		{"Deliveries", slices.Concat(receiveTests, deliveryTests, replayTests, pruneTests)},
		{"Pulls", slices.Concat(requestTests, claimTests, leaseTests, finishTests, maintenanceTests, mixedLoadTests)},
		{"Pages", slices.Concat(storePageTests, assumeNewTests, filterUnchangedTests, storedValueTests, accountTests, sweepTests)},
		{"Ledger", slices.Concat(ledgerTests, changeFeedTests)},
		{"Idempotency", idempotencyTests},
	} {
		t.Run(port.name, func(t *testing.T) {
			for _, p := range port.promises {
				t.Run(p.name, func(t *testing.T) { p.run(newFixture(t, open(t))) })
			}
		})
	}
}
