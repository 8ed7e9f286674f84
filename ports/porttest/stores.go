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
type promise struct {
	rule  string
	holds func(b *bench)
}

// TestStores runs every promise of the store ports against what open gives. open is
// called once a promise; it may give the same backend each time, and it closes what it
// opened with t.Cleanup.
func TestStores(t *testing.T, open func(t *testing.T) Stores) {
	for _, port := range []struct {
		name     string
		promises []promise
	}{
		{"Connections", slices.Concat(connectionPromises, namePromises, deletionPromises, sealedPromises)},
		{"Tokens", tokenPromises},
		{"Deliveries", slices.Concat(receiptPromises, deliveryPromises, replayPromises, prunePromises)},
		{"Pulls", slices.Concat(requestPromises, claimPromises, leasePromises, finishPromises, keeperPromises, stormPromises)},
		{"Pages", slices.Concat(pagePromises, writerPromises, freshPromises, knownPromises, fidelityPromises, accountPromises, sweepPromises)},
		{"Ledger", slices.Concat(ledgerPromises, feedPromises)},
		{"Idempotency", idempotencyPromises},
	} {
		t.Run(port.name, func(t *testing.T) {
			for _, p := range port.promises {
				t.Run(p.rule, func(t *testing.T) { p.holds(newBench(t, open(t))) })
			}
		})
	}
}
