package porttest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// feedPromises are those of Ledger.Changes: order, and nothing skipped.
var feedPromises = []promise{
	{"changes come in their order, each row as it stands now", feedOrder},
	{"a page goes on where it ended, also when it is empty", feedGoesOn},
	{"the feed is of every connection of the tenant", feedOfTenant},
	{"a change is never behind a position handed out earlier", feedSkipsNothing},
	{"a writer that is slow in the middle of its page is not skipped", feedWaitsForSlow},
	{"a position that is not the feed's is Invalid", feedPositions},
}

// feedOrder has an equal row in between: what did not change is not told.
func feedOrder(b *bench) {
	c, l := b.running()
	for _, name := range []string{"1", "2", "3"} {
		b.write(l, row(name))
	}
	b.write(l, row("1", described("edited")))
	b.write(l, row("3")) // equal: no change
	b.stored(l, ports.PageWrite{Removed: []string{"2"}})
	got := b.feed(domain.Position{}, 2, 3)
	b.same("order", []string{"3", "1", "2"}, ids(got, externalID))
	b.same("kinds", []domain.ChangeKind{domain.Added, domain.Modified, domain.Removed}, ids(got, domain.Transaction.Change))
	for _, t := range got {
		b.same("row", b.row(c, t.ExternalID), t)
	}
}

// feedGoesOn keeps a position of an empty feed: whoever follows begins there.
func feedGoesOn(b *bench) {
	_, l := b.running()
	page, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 10})
	b.ok(err)
	b.same("changes before any", 0, len(page.Items))
	b.same("more", false, page.More)
	if page.Next.IsZero() {
		b.Fatal("an empty page has no next")
	}
	b.write(l, row("1"), row("2"))
	got, next := b.feedFrom(page.Next, 1, 2)
	once(b, []string{"1", "2"}, ids(got, externalID))
	again, next := b.feedFrom(next, 1, 0)
	b.same("changes behind the last", 0, len(again))
	b.write(l, row("1", described("edited")))
	b.same("the next change", []string{"1"}, ids(b.feed(next, 1, 1), externalID))
	first, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 1})
	b.ok(err)
	b.same("more behind a first page", true, first.More)
	exact, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 2})
	b.ok(err)
	b.same("rows of a last page that is full", 2, len(exact.Items))
	b.same("more behind it", false, exact.More)
}

func feedOfTenant(b *bench) {
	for i := range 3 {
		_, l := b.running()
		b.write(l, row(fmt.Sprint(i)))
	}
	b.same("changes", []string{"0", "1", "2"}, ids(b.feed(domain.Position{}, 2, 3), externalID))
	b.tenant = newTenant()
	_, l := b.running()
	b.write(l, row("another's"))
	b.same("changes of another tenant", []string{"another's"}, ids(b.feed(domain.Position{}, 2, 1), externalID))
}

// versions are the last of each row.
type versions map[domain.TransactionID]int

// follow reads the feed as a consumer does, until it has met all that was written and
// nothing is left. It gives what it has met when the time for that is over, at the latest.
func (b *bench) follow(written <-chan versions) versions {
	met, want := versions{}, versions(nil)
	var deadline time.Time
	for after := (domain.Position{}); ; {
		select {
		case want = <-written:
			deadline = time.Now().Add(feedPatience)
		default:
		}
		page, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 3, After: after})
		if err != nil {
			b.Error(err)
			return met
		}
		for _, t := range page.Items {
			if t.Version < met[t.ID] {
				b.Errorf("version %d of %s after version %d", t.Version, t.ExternalID, met[t.ID])
			}
			met[t.ID] = t.Version
		}
		after = page.Next
		if want != nil && !page.More && (maps.Equal(met, want) || time.Now().After(deadline)) {
			return met
		}
		if !page.More {
			time.Sleep(time.Millisecond) // at the end: as a consumer that polls
		}
	}
}

// feedSkipsNothing lets several writers commit at once, pages large and small, while a
// consumer follows. Whatever it has not met in the end was skipped.
func feedSkipsNothing(b *bench) {
	const writers, rounds = 4, 12
	leases, connections := make([]domain.Lease, writers), make([]domain.Connection, writers)
	for i := range writers {
		connections[i], leases[i] = b.running()
	}
	written, met := make(chan versions, 1), versions(nil)
	var follower sync.WaitGroup
	follower.Go(func() { met = b.follow(written) })
	race(writers, func(i int) {
		for round := range rounds {
			var rows []domain.TransactionData
			for n := range 1 + i*20 {
				rows = append(rows, row(fmt.Sprint(n), described(fmt.Sprint("round ", round))))
			}
			if err := b.page(leases[i], ports.PageWrite{Transactions: rows}); err != nil {
				b.Error(err)
			}
		}
	})
	table := versions{}
	for _, c := range connections {
		for _, t := range b.rows(c) {
			table[t.ID] = t.Version
		}
	}
	written <- table
	follower.Wait()
	b.same("versions that the feed told of", table, met)
}

// feedWaitsForSlow holds a writer up between two rows of one page, while another commits
// and a consumer reads as far as it can. A store that lets nobody in meanwhile is right
// too, so the writer is held up for a moment only.
func feedWaitsForSlow(b *bench) {
	slowly, slow := b.running()
	quickly, quick := b.running()
	var others sync.WaitGroup
	overtaken := make(chan struct{})
	met := map[string]bool{}
	var position domain.Position
	overtake := sync.OnceFunc(func() {
		others.Go(func() {
			defer close(overtaken)
			if err := b.page(quick, ports.PageWrite{Transactions: []domain.TransactionData{row("quick")}}); err != nil {
				b.Error(err)
			}
			page, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: domain.MaxFeedLimit})
			if err != nil {
				b.Error(err)
			}
			position = page.Next
			for _, t := range page.Items {
				met[t.ExternalID] = true
			}
		})
		select {
		case <-overtaken:
		case <-time.After(50 * time.Millisecond):
		}
	})
	made := 0
	b.stored(slow, ports.PageWrite{
		Transactions: []domain.TransactionData{row("slow 1"), row("slow 2"), row("slow 3")},
		NewID: func() domain.TransactionID {
			if made++; made == 2 {
				overtake()
			}
			return newID[domain.Transaction]()
		},
	})
	others.Wait()
	all := slices.Concat(b.rows(slowly), b.rows(quickly))
	for _, t := range b.feed(position, 10, len(all)-len(met)) {
		met[t.ExternalID] = true
	}
	for _, t := range all {
		if !met[t.ExternalID] {
			b.Errorf("the change of %s was skipped", t.ExternalID)
		}
	}
}

func feedPositions(b *bench) {
	for _, key := range []string{"a name", domain.TimeKey(epoch), "2026-02-10", "';--", "-"} {
		_, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 10, After: domain.Position{Key: key, ID: newUUID()}})
		b.badCursor(key, err)
	}
}
