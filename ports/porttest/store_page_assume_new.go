package porttest

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// assumeNewTests check PageWrite.AssumeNew and Claimed.Empty. Both are hints: they can save a lookup,
// but must not change a result.
var assumeNewTests = []storeTest{
	{"rows that are assumed to be new are stored", assumeNewAddsRows},
	{"a row that is assumed to be new, but exists, is compared like any other", assumeNewStillCompares},
	{"a connection is empty until a row of it is stored or a pull succeeds", emptyUntilRowsAreStored},
}

func assumeNewAddsRows(f *fixture) {
	c, l := f.runningPull()
	rows := []domain.TransactionData{row("1", withContentHash(1), withAccount("a")), row("2"),
		row("2", withDescription("later")), row("3", withContentHash(3))}
	page := ports.PageWrite{AssumeNew: true, Accounts: []domain.AccountData{accountData("a")}, Transactions: rows}
	f.equal("counts", domain.Counts{Accounts: 1, Read: 3, Added: 3}, f.mustStorePage(l, page))
	f.equal("the later duplicate", "later", f.getRow(c, "2").Description)
	f.equal("no account id", false, f.getRow(c, "1").AccountID.IsZero())
	f.equal("unchanged", []bool{true, false, true},
		f.unchanged(c, row("1", withContentHash(1)), row("2"), row("3", withContentHash(3))))
	_, other := f.runningPull()
	f.equal("of another connection", domain.Counts{Read: 1, Added: 1},
		f.mustStorePage(other, ports.PageWrite{AssumeNew: true, Transactions: []domain.TransactionData{row("1")}}))
}

func assumeNewStillCompares(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("equal", withContentHash(1)), row("edited"), row("removed"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	before := f.allRows(c)
	progress := domain.Progress{Planned: true, Step: 1, Cursor: "on"}
	page := ports.PageWrite{AssumeNew: true, Unchanged: 5, Progress: progress, Transactions: []domain.TransactionData{
		row("new"), row("equal", withContentHash(2)), row("edited", withDescription("now")), row("removed"),
		row("new", withDescription("later")),
	}}
	f.equal("counts", domain.Counts{Read: 9, Added: 1, Modified: 2, Unchanged: 6}, f.mustStorePage(l, page))
	for id, version := range map[string]int{"equal": 1, "edited": 2, "removed": 3, "new": 1} {
		f.equal("version of "+id, version, f.getRow(c, id).Version)
	}
	for _, was := range before {
		f.equal("id of "+was.ExternalID, was.ID, f.getRow(c, was.ExternalID).ID)
	}
	f.equal("rows", 4, len(f.allRows(c)))
	f.equal("unchanged by the new content hash", []bool{true}, f.unchanged(c, row("equal", withContentHash(2))))
	pull := f.getPull(l.Pull)
	f.equal("progress", progress, pull.Progress)
	f.equal("counts of the pull", domain.Counts{Read: 12, Added: 4, Modified: 2, Removed: 1, Unchanged: 6}, pull.Counts)
}

func emptyUntilRowsAreStored(f *fixture) {
	c := f.createConnection()
	l, claimed := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("at first", true, claimed.Empty)
	f.finish(l, domain.PullFailed, "")
	l, claimed = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("after a pull that stored nothing", true, claimed.Empty)
	f.storeRows(l, row("1"))
	f.finish(l, domain.PullFailed, "")
	l, claimed = f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.equal("after a pull that failed with a row stored", []bool{true, false}, []bool{claimed.Initial, claimed.Empty})
	f.finish(l, domain.PullSucceeded, "")
	other := f.createConnection()
	l, claimed = f.claim(f.requestPull(other, domain.PullScope{}).ID)
	f.equal("of another connection", true, claimed.Empty)
	f.finish(l, domain.PullSucceeded, "")
	_, claimed = f.claim(f.requestPull(other, domain.PullScope{}).ID)
	f.equal("after a pull that succeeded", false, claimed.Empty)
}
