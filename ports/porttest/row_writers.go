package porttest

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// writerPromises are those of Transaction.Pull.
var writerPromises = []promise{
	{"each row carries the pull that wrote its present version", rowsCarryTheirPull},
}

// rowsCarryTheirPull writes rows with one pull and changes some of them with a second one: by an edit,
// a new row, an announced removal, a sweep and a return.
func rowsCarryTheirPull(b *bench) {
	c := b.connection()
	next := func() domain.Lease {
		l, _ := b.claim(b.request(c, domain.PullScope{}).ID)
		return l
	}
	first := next()
	b.write(first, row("equal", read(1)), row("edited"), row("removed"), row("swept"), row("gone"))
	b.stored(first, ports.PageWrite{Removed: []string{"gone"}})
	for _, t := range b.rows(c) {
		b.same(t.ExternalID+" of the first pull", first.Pull, t.Pull)
	}
	b.finish(first, domain.PullSucceeded, "")

	second := next()
	b.stored(second, ports.PageWrite{
		Transactions: []domain.TransactionData{row("equal", read(2)), row("edited", described("now")), row("new")},
		Removed:      []string{"removed", "gone"},
	})
	b.sweep(second, ports.SweepWrite{}, "equal", "edited", "new")
	want := map[string]domain.PullID{
		"equal": first.Pull, "gone": first.Pull,
		"edited": second.Pull, "new": second.Pull, "removed": second.Pull, "swept": second.Pull,
	}
	for id, pull := range want {
		b.same(id+" of two pulls", pull, b.row(c, id).Pull)
	}
	b.write(second, row("gone"))
	b.same("a row that returned", second.Pull, b.row(c, "gone").Pull)
	for _, t := range b.feed(domain.Position{}, 10, len(want)) {
		b.same(t.ExternalID+" in the feed", b.row(c, t.ExternalID).Pull, t.Pull)
	}
}
