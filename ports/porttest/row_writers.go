package porttest

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// rowWriterTests check Transaction.Pull, which is the id of the pull that wrote the current version of a row.
var rowWriterTests = []storeTest{
	{"each row carries the pull that wrote its present version", rowsCarryTheirPull},
}

// rowsCarryTheirPull checks that each row has the id of the pull that last changed it. A first pull writes rows. A
// second pull then edits a row, adds one, removes rows by announcement and by sweep, and restores a removed row.
func rowsCarryTheirPull(f *fixture) {
	c := f.createConnection()
	next := func() domain.Lease {
		l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
		return l
	}
	first := next()
	f.storeRows(first, row("equal", withContentHash(1)), row("edited"), row("removed"), row("swept"), row("gone"))
	f.mustStorePage(first, ports.PageWrite{Removed: []string{"gone"}})
	for _, t := range f.allRows(c) {
		f.equal(t.ExternalID+" of the first pull", first.Pull, t.Pull)
	}
	f.finish(first, domain.PullSucceeded, "")

	second := next()
	f.mustStorePage(second, ports.PageWrite{
		Transactions: []domain.TransactionData{
			row("equal", withContentHash(2)), row("edited", withDescription("now")), row("new"),
		},
		Removed: []string{"removed", "gone"},
	})
	f.sweep(second, ports.SweepWrite{}, "equal", "edited", "new")
	want := map[string]domain.PullID{
		"equal": first.Pull, "gone": first.Pull,
		"edited": second.Pull, "new": second.Pull, "removed": second.Pull, "swept": second.Pull,
	}
	for id, pull := range want {
		f.equal(id+" of two pulls", pull, f.getRow(c, id).Pull)
	}
	f.storeRows(second, row("gone"))
	f.equal("a row that returned", second.Pull, f.getRow(c, "gone").Pull)
	for _, t := range f.readFeed(domain.Position{}, 10, len(want)) {
		f.equal(t.ExternalID+" in the feed", f.getRow(c, t.ExternalID).Pull, t.Pull)
	}
}
