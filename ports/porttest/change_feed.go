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

// changeFeedTests check Ledger.Changes: the order of the changes, and that no change is skipped.
var changeFeedTests = []storeTest{
	{"the end of the feed is after every change that was read, and before every later one", feedEnds},
	{"changes are in commit order, each with the current row", feedOrder},
	{"a page continues where the last one ended, also after an empty page", feedPositionsResume},
	{"the feed covers all connections of the tenant", feedCoversAllConnections},
	{"no change gets a position before one that was already returned", feedSkipsNoConcurrentWrite},
	{"a writer that is slow in the middle of its page is not skipped", feedSkipsNoSlowWriter},
	{"a position of another list is Invalid", feedPositions},
	{"a change lists the members that differ from the previous version", feedChangedMembers},
}

// feedOrder checks the order of changes. It also writes a row that is equal to the stored row, which
// must not appear as a change.
func feedOrder(f *fixture) {
	c, l := f.runningPull()
	for _, name := range []string{"1", "2", "3"} {
		f.storeRows(l, row(name))
	}
	f.storeRows(l, row("1", withDescription("edited")))
	f.storeRows(l, row("3")) // equal to the stored row, so this is no change
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"2"}})
	got := f.readFeed(domain.Position{}, 2, 3)
	f.equal("order", []string{"3", "1", "2"}, ids(got, externalID))
	f.equal("kinds", []domain.ChangeKind{domain.Added, domain.Modified, domain.Removed},
		ids(got, domain.Transaction.Change))
	f.equal("changed members", [][]string{nil, {"description"}, {"removedAt"}},
		ids(got, func(t domain.Transaction) []string { return t.Changed }))
	for _, t := range got {
		t.Changed = nil
		f.equal("row", f.getRow(c, t.ExternalID), t)
	}
}

// feedChangedMembers checks that an item of the feed lists the members of the transaction that differ from the
// previous version, and only these. Changed metadata is listed only if another member has changed, too.
func feedChangedMembers(f *fixture) {
	_, l := f.runningPull()
	f.storeRows(l, row("1"))
	changed := func(when string, want []string, edits ...func(*domain.TransactionData)) {
		f.Helper()
		f.storeRows(l, row("1", edits...))
		got := f.readFeed(domain.Position{}, 10, 1)
		f.equal(when, want, got[0].Changed)
	}
	reference := func(o *domain.TransactionData) { o.References.EndToEndID = "E12345678202611101200abcDEF12345" }
	document := func(o *domain.TransactionData) {
		o.CounterpartyDocument = domain.PartyDocument{Type: domain.RFC, Value: "GODE561231GR8"}
	}
	metadata := func(o *domain.TransactionData) { o.Metadata = []byte(`{"new": 1}`) }
	changed("version 1", nil)
	changed("an equal row with other metadata", nil, metadata)
	changed("references", []string{"references"}, metadata, reference)
	changed("document and metadata", []string{"counterpartyDocument", "metadata"}, reference, document)
	changed("two members", []string{"amount", "references"}, document, withAmount("1", "BRL"))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.equal("a removal", []string{"removedAt"}, f.readFeed(domain.Position{}, 10, 1)[0].Changed)
}

// feedPositionsResume checks that a consumer can stop at any position of the feed and continue there later. The first
// position is the position of the empty feed.
func feedPositionsResume(f *fixture) {
	_, l := f.runningPull()
	page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("changes before any write", 0, len(page.Items))
	f.equal("more", false, page.More)
	if page.Next.IsZero() {
		f.Fatal("an empty page has no next")
	}
	f.storeRows(l, row("1"), row("2"))
	got, next := f.readFeedFrom(page.Next, 1, 2)
	exactlyOnce(f, []string{"1", "2"}, ids(got, externalID))
	again, next := f.readFeedFrom(next, 1, 0)
	f.equal("changes after the last", 0, len(again))
	f.storeRows(l, row("1", withDescription("edited")))
	f.equal("the next change", []string{"1"}, ids(f.readFeed(next, 1, 1), externalID))
	first, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: 1})
	f.noError(err)
	f.equal("More after a first page", true, first.More)
	exact, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: 2})
	f.noError(err)
	f.equal("rows of a last page that is full", 2, len(exact.Items))
	f.equal("More after it", false, exact.More)
}

func feedCoversAllConnections(f *fixture) {
	for i := range 3 {
		_, l := f.runningPull()
		f.storeRows(l, row(fmt.Sprint(i)))
	}
	f.equal("changes", []string{"0", "1", "2"}, ids(f.readFeed(domain.Position{}, 2, 3), externalID))
	f.tenant = newTenant()
	_, l := f.runningPull()
	f.storeRows(l, row("another's"))
	f.equal("changes of another tenant", []string{"another's"}, ids(f.readFeed(domain.Position{}, 2, 1), externalID))
}

func feedEnds(f *fixture) {
	end := func() domain.Position {
		page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: 10, After: domain.FeedEnd})
		f.noError(err)
		f.equal("changes at the end", 0, len(page.Items))
		f.equal("more changes at the end", false, page.More)
		if page.Next.IsZero() || page.Next == domain.FeedEnd {
			f.Fatalf("the end is the position %v", page.Next)
		}
		return page.Next
	}
	empty := end()
	_, l := f.runningPull()
	f.storeRows(l, row("1"), row("2"))
	f.equal("changes after the end of an empty feed", 2, len(f.readFeed(empty, 10, 2)))
	after := end()
	f.equal("changes after the end", 0, len(f.readFeed(after, 10, 0)))
	f.storeRows(l, row("3"), row("1", withDescription("edited")))
	later := slices.Sorted(slices.Values(ids(f.readFeed(after, 10, 2), externalID)))
	f.equal("later changes", []string{"1", "3"}, later)
}

// versions maps the id of each row to the last version of the row.
type versions map[domain.TransactionID]int

// followFeed reads the feed like a consumer, and returns the last version that it has read of each row. After the last
// write, the channel storedVersions receives the versions of all rows. followFeed returns when it has read these
// versions, or after feedTimeout.
func (f *fixture) followFeed(storedVersions <-chan versions) versions {
	returned, want := versions{}, versions(nil)
	var deadline time.Time
	for after := (domain.Position{}); ; {
		select {
		case want = <-storedVersions:
			deadline = time.Now().Add(feedTimeout)
		default:
		}
		page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: 3, After: after})
		if err != nil {
			f.Error(err)
			return returned
		}
		for _, t := range page.Items {
			if t.Version < returned[t.ID] {
				f.Errorf("version %d of %s after version %d", t.Version, t.ExternalID, returned[t.ID])
			}
			returned[t.ID] = t.Version
		}
		after = page.Next
		if want != nil && !page.More && (maps.Equal(returned, want) || time.Now().After(deadline)) {
			return returned
		}
		if !page.More {
			time.Sleep(time.Millisecond) // at the end of the feed: wait before the next poll, as a consumer does
		}
	}
}

// feedSkipsNoConcurrentWrite checks that a consumer that follows the feed reads every change while several writers
// commit small and large pages concurrently.
func feedSkipsNoConcurrentWrite(f *fixture) {
	const writers, rounds = 4, 12
	leases, connections := make([]domain.Lease, writers), make([]domain.Connection, writers)
	for i := range writers {
		connections[i], leases[i] = f.runningPull()
	}
	written, returned := make(chan versions, 1), versions(nil)
	var follower sync.WaitGroup
	follower.Go(func() { returned = f.followFeed(written) })
	concurrently(writers, func(i int) {
		for round := range rounds {
			var rows []domain.TransactionData
			for n := range 1 + i*20 {
				rows = append(rows, row(fmt.Sprint(n), withDescription(fmt.Sprint("round ", round))))
			}
			if err := f.storePage(leases[i], ports.PageWrite{Transactions: rows}); err != nil {
				f.Error(err)
			}
		}
	})
	table := versions{}
	for _, c := range connections {
		for _, t := range f.allRows(c) {
			table[t.ID] = t.Version
		}
	}
	written <- table
	follower.Wait()
	f.equal("versions in the feed", table, returned)
}

// feedSkipsNoSlowWriter checks that the feed returns every change of a slow writer. The slow writer pauses between two
// rows of one page. During the pause, another writer commits a page, and a consumer reads as far as it can. The pause
// is short, because a store may block all other writers until the pause ends.
func feedSkipsNoSlowWriter(f *fixture) {
	slowly, slow := f.runningPull()
	quickly, quick := f.runningPull()
	var others sync.WaitGroup
	quickDone := make(chan struct{})
	returned := map[string]bool{}
	var position domain.Position
	writeQuick := sync.OnceFunc(func() {
		others.Go(func() {
			defer close(quickDone)
			if err := f.storePage(quick,
				ports.PageWrite{Transactions: []domain.TransactionData{row("quick")}}); err != nil {
				f.Error(err)
			}
			page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: domain.MaxFeedLimit})
			if err != nil {
				f.Error(err)
			}
			position = page.Next
			for _, t := range page.Items {
				returned[t.ExternalID] = true
			}
		})
		select {
		case <-quickDone:
		case <-time.After(50 * time.Millisecond):
		}
	})
	made := 0
	f.mustStorePage(slow, ports.PageWrite{
		Transactions: []domain.TransactionData{row("slow 1"), row("slow 2"), row("slow 3")},
		NewID: func() domain.TransactionID {
			if made++; made == 2 {
				writeQuick()
			}
			return newID[domain.Transaction]()
		},
	})
	others.Wait()
	all := slices.Concat(f.allRows(slowly), f.allRows(quickly))
	for _, t := range f.readFeed(position, 10, len(all)-len(returned)) {
		returned[t.ExternalID] = true
	}
	for _, t := range all {
		if !returned[t.ExternalID] {
			f.Errorf("the change of %s was skipped", t.ExternalID)
		}
	}
}

func feedPositions(f *fixture) {
	for _, key := range []string{"a name", domain.TimeKey(epoch), "2026-02-10", "';--", "-"} {
		_, err := f.Ledger.Changes(f.ctx, f.tenant,
			domain.PageRequest{Limit: 10, After: domain.Position{Key: key, ID: newUUID()}})
		f.invalidCursor(key, err)
	}
}
