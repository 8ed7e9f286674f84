package porttest

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// freshPromises are those of PageWrite.Fresh and Claimed.Bare: words that may save a look,
// and change nothing.
var freshPromises = []promise{
	{"rows that are said to be fresh are stored", freshAdds},
	{"a row that is said to be fresh and is not is compared like any other", freshInVain},
	{"a connection is bare until a row of it is stored or a pull succeeds", bareUntilStored},
}

func freshAdds(b *bench) {
	c, l := b.running()
	rows := []domain.TransactionData{row("1", read(1), of("a")), row("2"), row("2", described("later")), row("3", read(3))}
	page := ports.PageWrite{AssumeNew: true, Accounts: []domain.AccountData{account("a")}, Transactions: rows}
	b.same("counts", domain.Counts{Accounts: 1, Read: 3, Added: 3}, b.stored(l, page))
	b.same("the later one", "later", b.row(c, "2").Description)
	b.same("bound", false, b.row(c, "1").AccountID.IsZero())
	b.same("known", []bool{true, false, true}, b.known(c, row("1", read(1)), row("2"), row("3", read(3))))
	_, other := b.running()
	b.same("of another connection", domain.Counts{Read: 1, Added: 1},
		b.stored(other, ports.PageWrite{AssumeNew: true, Transactions: []domain.TransactionData{row("1")}}))
}

func freshInVain(b *bench) {
	c, l := b.running()
	b.write(l, row("equal", read(1)), row("edited"), row("removed"))
	b.stored(l, ports.PageWrite{Removed: []string{"removed"}})
	before := b.rows(c)
	progress := domain.Progress{Planned: true, Step: 1, Cursor: "on"}
	page := ports.PageWrite{AssumeNew: true, Unchanged: 5, Progress: progress, Transactions: []domain.TransactionData{
		row("new"), row("equal", read(2)), row("edited", described("now")), row("removed"), row("new", described("later")),
	}}
	b.same("counts", domain.Counts{Read: 9, Added: 1, Modified: 2, Unchanged: 6}, b.stored(l, page))
	for id, version := range map[string]int{"equal": 1, "edited": 2, "removed": 3, "new": 1} {
		b.same("version of "+id, version, b.row(c, id).Version)
	}
	for _, was := range before {
		b.same("id of "+was.ExternalID, was.ID, b.row(c, was.ExternalID).ID)
	}
	b.same("rows", 4, len(b.rows(c)))
	b.same("known by the new source", []bool{true}, b.known(c, row("equal", read(2))))
	stands := b.pull(l.Pull)
	b.same("progress", progress, stands.Progress)
	b.same("counts of the pull", domain.Counts{Read: 12, Added: 4, Modified: 2, Removed: 1, Unchanged: 6}, stands.Counts)
}

func bareUntilStored(b *bench) {
	c := b.connection()
	l, claimed := b.claim(b.request(c, domain.PullScope{}).ID)
	b.same("at first", true, claimed.Empty)
	b.finish(l, domain.PullFailed, "")
	l, claimed = b.claim(b.request(c, domain.PullScope{}).ID)
	b.same("after a pull that stored nothing", true, claimed.Empty)
	b.write(l, row("1"))
	b.finish(l, domain.PullFailed, "")
	l, claimed = b.claim(b.request(c, domain.PullScope{}).ID)
	b.same("after a pull that failed with a row stored", []bool{true, false}, []bool{claimed.Initial, claimed.Empty})
	b.finish(l, domain.PullSucceeded, "")
	other := b.connection()
	l, claimed = b.claim(b.request(other, domain.PullScope{}).ID)
	b.same("of another connection", true, claimed.Empty)
	b.finish(l, domain.PullSucceeded, "")
	_, claimed = b.claim(b.request(other, domain.PullScope{}).ID)
	b.same("after one that succeeded", false, claimed.Empty)
}
