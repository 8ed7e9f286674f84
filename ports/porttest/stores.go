package porttest

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores contains the stores of one backend. All of them share the same data.
type Stores struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger
	AuditLog    ports.AuditLog
	Erasures    ports.Erasures

	Applications   ports.Applications
	LinkSessions   ports.LinkSessions
	BankStatements ports.BankStatements
	SealedValues   ports.SealedValues

	Subscriptions ports.Subscriptions

	MatcherEntries ports.MatcherEntries
}

// storeTest is the test of one rule of a port. The name of the test is the rule as a sentence.
type storeTest struct {
	name string
	run  func(f *fixture)
}

// TestStores runs the tests of all store ports. It calls the function factory for each test. This function may return
// the same backend each time. It must use t.Cleanup to close the stores that it has opened.
func TestStores(t *testing.T, factory func(t *testing.T) Stores) {
	for _, port := range []struct {
		name  string
		tests []storeTest
	}{
		{"Connections", slices.Concat(connectionTests, nameTests, deletionTests)},
		{"Tokens", slices.Concat(tokenTests, registrationTests)},
		{"Deliveries", slices.Concat(receiveTests, deliveryTests, replayTests, pruneTests)},
		{"Pulls", slices.Concat(requestTests, claimTests, pauseTests, attentionTests, leaseTests, finishTests,
			earlyTests, maintenanceTests, mixedLoadTests)},
		{"Pages", slices.Concat(storePageTests, rowWriterTests, assumeNewTests, filterUnchangedTests, storedValueTests,
			accountTests, sweepTests, accountSweepTests, heldRemovalTests, quarantineTests)},
		{"Replacements", replacementTests},
		{"Suggestions", suggestionTests},
		{"Exclusions", exclusionTests},
		{"Relinks", relinkTests},
		{"MergedAccounts", mergedAccountTests},
		{"Ledger", slices.Concat(ledgerTests, searchTests, sumTests, historyTests, changeFeedTests)},
		{"Completeness", slices.Concat(completenessTests, changedRecordTests, bankReadingTests, institutionTests)},
		{"Bills", billTests},
		{"Snapshot", snapshotTests},
		{"Bank statements", bankStatementTests},
		{"Closes", slices.Concat(closeTests, adjustmentTests, closeHistoryTests, closedViewTests)},
		{"AsOf", asOfTests},
		{"Idempotency", idempotencyTests},
		{"Page bytes", pageBytesTests},
		{"Audit", auditTests},
		{"Erasures", erasureTests},
		{"Applications", slices.Concat(applicationTests, applicationRecordTests)},
		{"Link sessions", linkSessionTests},
		{"Sealed values", sealedValueTests},
		{"Subscriptions", slices.Concat(subscriptionTests, eventQueueTests, eventTests, eventOccasionTests)},
		{"Matcher entries", matcherTests},
	} {
		t.Run(port.name, func(t *testing.T) {
			for _, test := range port.tests {
				t.Run(test.name, func(t *testing.T) { test.run(newFixture(t, factory(t))) })
			}
		})
	}
}
