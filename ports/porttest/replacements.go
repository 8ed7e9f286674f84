package porttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// replacementTests check how the store recognises that a new row replaces an old row, which the vendor has removed.
var replacementTests = []storeTest{
	{"a row that is added after the other one was removed continues its transaction", replaceAfterRemoval},
	{"one sweep that learns of both rows makes one change", replaceInSweep},
	{"the older transaction survives when the new row was stored first", replaceStoredRow},
	{"a removal that is applied before its pull starts continues with a stored row", replaceBeforePull},
	{"absences of two reads continue with the row that the first of them brought", replaceAfterTwoReads},
	{"rows that one read has shown are never matched", replaceNeverShownTogether},
	{"rows that a step without a list has shown are never matched with rows of that pull", replaceNeverShownByStep},
	{"a list that was read more than once proves nothing about its own rows", replaceNotAfterReread},
	{"no row is matched if two rows could continue it", replaceAmbiguous},
	{"as many removed rows are matched with as many new ones", replaceGroups},
	{"an id of the institution that another record or a quarantined row has does not decide", replaceRepeatedID},
	{"a row of another date is not matched if the account shows its amount and text often", replaceFrequent},
	{"rows of other accounts, old removals and excluded rows are not matched", replaceLimits},
	{"a removal of a past id has no effect", replaceIgnoresPastRemoval},
	{"a row that is removed again continues with a third row", replaceChain},
	{"a past id that is shown while the present row is there undoes the replacement", replaceUndone},
	{"a former id that is returned after the current row was removed returns to its transaction", replaceGoesBack},
	{"the first of two past ids that is shown again undoes both replacements", replaceUndoesChain},
	{"two past ids that are shown at once become two transactions", replaceShownTogether},
	{"a decision that an operator makes while rows are compared is respected", replaceAfterDecision},
	{"a split restores both rows and is never undone", splitRestores},
	{"a split restores the younger transaction", splitRestoresYounger},
	{"a split of a removed transaction leaves both removed", splitOfRemoved},
	{"a transaction without a replacement, or of another tenant, cannot be split", splitErrors},
	{"a split waits for a page that is being stored, and excludes others", splitRacesWithPages},
	{"without Matching nothing is matched, but past ids are followed", replaceWithoutMatching},
}

// withoutMatching can be passed to Pulls.RemoveAnnounced to turn off the recognition of replacements.
func withoutMatching(domain.Vendor) *ports.Matching { return nil }

// descriptions is a Matching without the rules of a single vendor. With it, replacements are recognised only by what
// all vendors state, such as the description of a row.
var descriptions = &ports.Matching{}

// purchase returns a row of the account "a" whose description does not depend on its id.
func purchase(externalID string, edits ...func(*domain.TransactionData)) domain.TransactionData {
	edits = append([]func(*domain.TransactionData){withAccount("a"), withDescription("padaria do ze")}, edits...)
	return row(externalID, edits...)
}

// replacements contains a connection with the accounts "a" and "b" and the row "x" in "a". One of its pulls has
// succeeded, and another one, with the lease l, is running.
type replacements struct {
	*fixture
	c     domain.Connection
	l     domain.Lease
	older domain.TransactionID
}

func newReplacements(f *fixture) *replacements {
	r := &replacements{fixture: f}
	r.c, r.l = f.runningPull()
	f.mustStorePage(r.l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a"), accountData("b")}, Listed: true,
		Transactions: []domain.TransactionData{purchase("x")},
	})
	r.older = f.getRow(r.c, "x").ID
	r.next()
	return r
}

// listing returns the progress of a pull that reads the vendor's whole list of transactions.
func listing() domain.Progress {
	return domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}
}

// news returns the progress of a pull that reads only the rows that the vendor has created recently.
func news() domain.Progress {
	return domain.Progress{Planned: true, Steps: []domain.Step{{CreatedFrom: time.Unix(1, 0)}}}
}

// next ends the running pull and starts another one.
func (r *replacements) next() { r.l = r.nextPull(r.c, r.l) }

// page stores the rows as a page of the running pull, with this progress.
func (r *replacements) page(p domain.Progress, rows ...domain.TransactionData) domain.Counts {
	r.Helper()
	return r.mustStorePage(r.l, ports.PageWrite{
		Transactions: rows, Progress: p, Matching: descriptions,
	})
}

func (r *replacements) remove(externalIDs ...string) domain.Counts {
	r.Helper()
	return r.mustStorePage(r.l, ports.PageWrite{Removed: externalIDs, Matching: descriptions})
}

// sweepPage calls Sweep with a complete listing. The listing consists of the given rows, and of the rows with the ids
// in seenIDs. Sweep stores the given rows. It marks stored rows outside the listing as removed, if the argument proof
// permits this.
func (r *replacements) sweepPage(
	proof domain.AbsenceProof, seenIDs []string, rows ...domain.TransactionData,
) domain.Counts {
	r.Helper()
	for _, o := range rows {
		seenIDs = append(seenIDs, o.ExternalID)
	}
	return r.sweep(r.l, ports.SweepWrite{Proof: proof, Page: ports.PageWrite{
		Transactions: rows, NewID: newID[domain.Transaction], Matching: descriptions,
		Progress: listing(),
	}}, seenIDs...)
}

// state describes the transactions of the connection in the order in which they were created.
func (r *replacements) state() []string {
	r.Helper()
	rows := r.allRows(r.c)
	slices.SortFunc(rows, func(a, b domain.Transaction) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	number := map[domain.TransactionID]int{}
	var states []string
	for i, t := range rows {
		number[t.ID] = i + 1
	}
	for _, t := range rows {
		past := ids(t.Supersedes, func(s domain.Superseded) string { return " was " + s.ExternalID })
		text := fmt.Sprintf("%d: %s v%d%s", number[t.ID], t.ExternalID, t.Version, strings.Join(past, ""))
		if !t.RemovedAt.IsZero() {
			text += " removed"
		}
		if !t.SupersededBy.IsZero() {
			text += fmt.Sprintf(" by %d", number[t.SupersededBy])
		}
		states = append(states, text)
		r.historyOf(t.ID, 2, nil)
	}
	return states
}

func (r *replacements) want(what string, states ...string) {
	r.Helper()
	r.equal(what, states, r.state())
}

// found returns the ids of the connection's transactions that a list with a filter for this external id returns.
func (r *replacements) found(externalID string) []domain.TransactionID {
	r.Helper()
	return ids(r.listTransactions(r.c, ports.TransactionFilter{ExternalID: externalID}, 5, nil),
		func(t domain.Transaction) domain.TransactionID { return t.ID })
}

func (r *replacements) kinds(externalID string) []domain.ChangeKind {
	r.Helper()
	return changes(r.history(r.c, externalID))
}

func replaceAfterRemoval(f *fixture) {
	r := newReplacements(f)
	r.remove("x")
	r.want("after the removal", "1: x v2 removed")
	r.next()
	_, position := f.readFeedFrom(domain.Position{}, 10, 1)
	at := f.now()
	counts := r.mustStorePage(r.l, ports.PageWrite{
		Transactions: []domain.TransactionData{purchase("y", withDescription("padaria do ze nsu 123456"))},
		Progress:     news(),
		Matching:     descriptions, At: at,
	})
	f.equal("counts", domain.Counts{Read: 1, Modified: 1, IDChanges: 1}, counts)
	r.want("after the new row", "1: y v3 was x")
	t := f.getRow(r.c, "y")
	want := []domain.Superseded{{ExternalID: "x", At: at, Rule: domain.SameDescription, Version: 2}}
	f.equal("past rows", want, t.Supersedes)
	f.equal("description", "padaria do ze nsu 123456", t.Description)
	f.equal("by the past id", []domain.TransactionID{r.older}, r.found("x"))
	f.equal("by the present id", []domain.TransactionID{r.older}, r.found("y"))
	t.Changed = []string{"externalId", "description", "metadata", "removedAt", "supersedes"}
	f.equal("feed", []domain.Transaction{t}, f.readFeed(position, 10, 1))
	f.equal("history", []domain.ChangeKind{domain.SupersededRow, domain.Removed, domain.Added}, r.kinds("y"))
	f.equal("past version", "x", r.history(r.c, "y")[1].Transaction.ExternalID)
}

func replaceInSweep(f *fixture) {
	r := newReplacements(f)
	f.equal(
		"counts",
		domain.Counts{Read: 1, Modified: 1, IDChanges: 1},
		r.sweepPage(domain.OneRead, nil, purchase("y")),
	)
	r.want("after the sweep", "1: y v2 was x")
	f.equal("history", []domain.ChangeKind{domain.SupersededRow, domain.Added}, r.kinds("y"))
	r.next()
	f.equal("read again", domain.Counts{Read: 1, Unchanged: 1}, r.sweepPage(domain.OneRead, nil, purchase("y")))
}

func replaceStoredRow(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("y", withDescription("PADARIA DO ZE NSU 123456")))
	younger := f.getRow(r.c, "y").ID
	r.want("after the new row", "1: x v1", "2: y v1")
	r.next()
	_, position := f.readFeedFrom(domain.Position{}, 10, 2)
	f.equal("counts", domain.Counts{Modified: 1, Removed: 1, IDChanges: 1}, r.remove("x"))
	r.want("after the removal", "1: y v2 was x", "2: y v2 removed by 1")
	f.equal("by the new id", []domain.TransactionID{r.older}, r.found("y"))
	f.equal("by the past id", []domain.TransactionID{r.older}, r.found("x"))
	feed := f.readFeed(position, 10, 2)
	f.equal("feed", []domain.ChangeKind{domain.Modified, domain.Removed}, ids(feed, domain.Transaction.Change))
	f.equal("content", "PADARIA DO ZE NSU 123456", feed[0].Description)
	f.equal("superseded", younger, feed[1].ID)
	f.equal("history", domain.SupersededRow, f.historyOf(younger, 5, nil)[0].Change())
	same, err := f.Pulls.FilterUnchanged(f.ctx, r.c.Tenant, r.c.ID, domain.RawTransactionsOf(purchase("y")))
	f.noError(err)
	f.equal("unchanged without a hash", []bool{false}, same)
	r.next()
	counts := r.page(news(), purchase("y", withDescription("PADARIA DO ZE NSU 123456")))
	f.equal("read again", domain.Counts{Read: 1, Unchanged: 1}, counts)
}

func replaceBeforePull(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("y"))
	r.next()
	f.finish(r.l, domain.PullQueued, domain.VendorUnreachable)
	event := wantedEvent("removed", domain.PullScope{Removed: []string{"x"}})
	d := f.receive(f.incoming(f.createToken(r.c), event)).Delivery
	matchAll := func(domain.Vendor) *ports.Matching { return descriptions }
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, d.Pull, f.now(), matchAll)
	f.noError(err)
	f.equal("blocked", true, blocked)
	r.want("after the removal", "1: y v2 was x", "2: y v2 removed by 1")
}

func replaceAfterDecision(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("y"))
	pair := ports.RecordPair{Old: r.older, New: f.getRow(r.c, "y").ID}
	r.next()
	comparisons := 0
	rules := &ports.Matching{
		RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
			if comparisons == 0 {
				f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{pair}, ports.Decision{At: f.now()}))
			}
			return descriptions.Row(data, account)
		},
		Compared: func(matching.Cost) { comparisons++ },
	}
	f.mustStorePage(r.l, ports.PageWrite{Removed: []string{"x"}, Matching: rules})
	r.want("two movements", "1: x v2 removed", "2: y v1")
	f.equal("comparisons", 2, comparisons)
}

func replaceAfterTwoReads(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.TwoReads, nil, purchase("y"))
	r.want("after the first read", "1: x v1", "2: y v1")
	r.next()
	r.sweepPage(domain.TwoReads, []string{"y"})
	r.want("after the second read", "1: y v2 was x", "2: y v2 removed by 1")
}

func replaceNeverShownTogether(f *fixture) {
	r := newReplacements(f)
	r.page(listing(), purchase("y")) // the list also contains "x", which has not changed
	r.next()
	r.remove("x")
	r.want("returned when the other one was added", "1: x v2 removed", "2: y v1")

	r = newReplacements(f)
	r.page(news(), purchase("y"))
	r.next()
	r.page(listing())
	r.mustStorePage(r.l, ports.PageWrite{Progress: listing(), Accounts: []domain.AccountData{accountData("a")}})
	r.next()
	r.remove("x")
	r.want("returned after the other one was added", "1: x v2 removed", "2: y v1")

	r = newReplacements(f)
	r.page(news().WithShown([]string{"x"}), purchase("y"))
	r.want("in one page", "1: x v1", "2: y v1")
	r.remove("x")
	r.next()
	r.page(news(), purchase("x", withDescription("other")), purchase("z"))
	r.want("a removed row that returns with the new one", "1: x v3", "2: y v1", "3: z v1")
}

func replaceNeverShownByStep(f *fixture) {
	r := newReplacements(f)
	r.page(news().WithShown([]string{"x"}), purchase("y"))
	r.next()
	r.remove("x")
	r.want("a row that the step has shown", "1: x v2 removed", "2: y v1")

	r = newReplacements(f)
	r.page(news(), purchase("x", withDate("2026-02-09")), purchase("y"))
	r.next()
	r.remove("x")
	r.want("a row that the step has changed", "1: x v3 removed", "2: y v1")
}

func replaceNotAfterReread(f *fixture) {
	r := newReplacements(f)
	reread := listing()
	reread.Reread = true
	r.page(reread, purchase("y"))
	r.sweep(r.l, ports.SweepWrite{Page: ports.PageWrite{
		Matching: descriptions, Progress: reread, NewID: newID[domain.Transaction],
	}}, "y")
	r.want("after the sweep", "1: x v2 removed", "2: y v1")
}

func replaceAmbiguous(f *fixture) {
	r := newReplacements(f)
	r.remove("x")
	r.next()
	r.page(news(), purchase("y"), purchase("z"))
	r.want("two rows were added", "1: x v2 removed", "2: y v1", "3: z v1")

	r = newReplacements(f)
	r.page(news(), purchase("x2"))
	r.next()
	r.remove("x", "x2")
	r.next()
	r.page(news(), purchase("y"))
	r.want("two rows were removed", "1: x v2 removed", "2: x2 v2 removed", "3: y v1")
}

func replaceGroups(f *fixture) {
	r := newReplacements(f)
	r.page(listing(), purchase("x2"))
	r.next()
	counts := r.sweepPage(domain.OneRead, nil, purchase("y"), purchase("y2"))
	f.equal("counts", domain.Counts{Read: 2, Modified: 2, IDChanges: 2}, counts)
	f.equal("transactions", 2, len(r.state()))
}

// replaceRepeatedID checks the id of a standing order, which each of its payments has.
func replaceRepeatedID(f *fixture) {
	const order = "7F3A91C2-0d5e-4b7e"
	paid := func(externalID string, edits ...func(*domain.TransactionData)) domain.TransactionData {
		edits = append([]func(*domain.TransactionData){
			withDescription("pix " + externalID), withReferences(domain.References{TransactionID: order}),
		}, edits...)
		return purchase(externalID, edits...)
	}
	rules := &ports.Matching{RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
		return banktext.NewRow(data, account, domain.InstitutionKeys{Transaction: data.References.TransactionID})
	}}
	for name, test := range map[string]struct {
		before ports.PageWrite
		gone   string
		want   []string
	}{
		"no other record": {want: []string{"1: x v1", "2: n v3 was o"}},
		"a removed record": {
			before: ports.PageWrite{Transactions: []domain.TransactionData{
				paid(
					"q", withDate("2025-10-10"),
					withReferences(domain.References{EndToEndID: strings.ToLower(order)}),
				),
				paid("r", withDate("2025-09-10")),
			}},
			gone: "r", want: []string{"1: x v1", "2: q v1", "3: r v2 removed", "4: o v2 removed", "5: n v1"},
		},
		"a record of another account": {
			before: ports.PageWrite{Transactions: []domain.TransactionData{paid("r", withAccount("b"))}},
			want:   []string{"1: x v1", "2: r v1", "3: n v3 was o"},
		},
		"a quarantined row": {
			before: ports.PageWrite{Quarantined: []domain.UnreadableData{
				unreadable("bad", domain.InvalidDate, `{"providerId":"`+order+`"}`),
			}},
			want: []string{"1: x v1", "2: o v2 removed", "3: n v1"},
		},
	} {
		r := newReplacements(f)
		f.mustStorePage(r.l, test.before)
		if test.gone != "" {
			f.mustStorePage(r.l, ports.PageWrite{Removed: []string{test.gone}, At: f.now().Add(-100 * 24 * time.Hour)})
		}
		r.next()
		f.mustStorePage(r.l, ports.PageWrite{Transactions: []domain.TransactionData{paid("o")}})
		r.next()
		r.remove("o")
		r.next()
		f.mustStorePage(r.l, ports.PageWrite{
			Transactions: []domain.TransactionData{paid("n", withDate("2026-02-12"))}, Progress: news(),
			Matching: rules,
		})
		r.want(name, test.want...)
	}
}

// replaceFrequent removes the row "o", which is dated one day before the new row "n" with the same amount and text.
// Other records of the account make it a matter of chance whether the rows are one movement.
func replaceFrequent(f *fixture) {
	shown := func(externalID string, date domain.Date, edits ...func(*domain.TransactionData)) domain.TransactionData {
		edits = append([]func(*domain.TransactionData){
			withAmount("-47.31", "BRL"), withDescription("PADARIA DO ZE NSU 7"), withDate(date),
		}, edits...)
		return purchase(externalID, edits...)
	}
	many := func(n int, edits ...func(*domain.TransactionData)) (rows []domain.TransactionData) {
		for i := range n {
			rows = append(rows, shown(fmt.Sprintf("m%03d", i), "2026-01-08", edits...))
		}
		return rows
	}
	for _, test := range []struct {
		name             string
		others           []domain.TransactionData
		removed, exclude string
		kept             bool
	}{
		{"alone", nil, "", "", true},
		{"two others", []domain.TransactionData{shown("c", "2026-01-08"), shown("d", "2025-10-09")}, "", "", false},
		{"one other", []domain.TransactionData{shown("c", "2026-01-08")}, "", "", true},
		{
			"others whose volatile numbers and letters differ",
			[]domain.TransactionData{
				shown("c", "2026-01-08", withDescription("Padaria do Zé NSU 8")),
				shown("d", "2026-01-09", withDescription("PADARIA DO ZE 09/01")),
			}, "", "", false,
		},
		{
			"another text or amount, or a date of long ago",
			[]domain.TransactionData{
				shown("c", "2026-01-08", withDescription("POSTO IPIRANGA")),
				shown("d", "2026-01-09", withAmount("-47.30", "BRL")), shown("e", "2025-08-14"),
				shown("g", "2026-01-08"),
			}, "", "", true,
		},
		{
			"another account", []domain.TransactionData{
				shown("c", "2026-01-08", withAccount("b")), shown("d", "2026-01-09", withAccount("b")),
				shown("e", "2026-01-08"),
			}, "", "", true,
		},
		{"a removed one", []domain.TransactionData{shown("c", "2026-01-08"), shown("d", "2026-01-09")}, "d", "", true},
		{"one excluded", []domain.TransactionData{shown("c", "2026-01-08"), shown("d", "2026-01-09")}, "", "d", true},
		{"very many of another text", many(matching.MaxShown, withDescription("POSTO IPIRANGA")), "", "", true},
		{"too many of another text", many(matching.MaxShown+1, withDescription("POSTO IPIRANGA")), "", "", false},
	} {
		r := newReplacements(f)
		f.mustStorePage(r.l, ports.PageWrite{Transactions: append(test.others, shown("o", "2026-02-11"))})
		if test.removed != "" {
			early := f.now().Add(-100 * 24 * time.Hour)
			f.mustStorePage(r.l, ports.PageWrite{Removed: []string{test.removed}, At: early})
		}
		if test.exclude != "" {
			f.exclude(f.getRow(r.c, test.exclude).ID)
		}
		r.next()
		r.remove("o")
		r.next()
		r.page(news(), shown("n", "2026-02-12"))
		f.equal(test.name, test.kept, len(f.getRow(r.c, "n").Supersedes) == 1)
	}
}

func replaceLimits(f *fixture) {
	for name, came := range map[string]domain.TransactionData{
		"account": purchase("y", withAccount("b")), "amount": purchase("y", withAmount("-12.51", "BRL")),
		"text": purchase("y", withDescription("posto ipiranga")), "date": purchase("y", withDate("2026-03-10")),
	} {
		r := newReplacements(f)
		r.remove("x")
		r.next()
		r.page(news(), came)
		r.want("another "+name, "1: x v2 removed", "2: y v1")
	}
	r := newReplacements(f)
	r.remove("x")
	r.next()
	r.mustStorePage(r.l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			purchase("y"),
		},
		Progress: news(),
		Matching: descriptions,
		At:       f.now().Add(domain.MatchWindow),
	})
	r.want("too late", "1: x v2 removed", "2: y v1")

	r = newReplacements(f)
	r.remove("x")
	r.next()
	r.mustStorePage(r.l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			purchase("y"),
		},
		Progress:  news(),
		Matching:  descriptions,
		Unmatched: []string{"y"},
	})
	r.want("excluded", "1: x v2 removed", "2: y v1")
}

func replaceIgnoresPastRemoval(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	f.equal("counts", domain.Counts{}, r.remove("x"))
	r.want("after the removal of the past id", "1: y v2 was x")
}

func replaceChain(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.sweepPage(domain.OneRead, nil, purchase("z"))
	r.want("after two replacements", "1: z v3 was x was y")
	for _, id := range []string{"x", "y", "z"} {
		f.equal("found by "+id, []domain.TransactionID{r.older}, r.found(id))
	}
}

func replaceUndone(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.sweepPage(domain.OneRead, []string{"y"}, purchase("x"))
	r.want("both are shown", "1: x v4", "2: y v1")
	f.equal("history", []domain.ChangeKind{domain.Restored, domain.SplitRow, domain.SupersededRow, domain.Added},
		r.kinds("x"))
	r.next()
	counts := r.sweepPage(domain.OneRead, []string{"y"}, purchase("x"))
	f.equal("read again", domain.Counts{Read: 1, Unchanged: 1}, counts)
	r.next()
	r.sweepPage(domain.OneRead, []string{"y"})
	r.want("a split pair is not matched again", "1: x v5 removed", "2: y v1")

	r = newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.page(listing(), purchase("x"), purchase("y", withDate("2026-02-11")))
	r.want("both in one page", "1: x v4", "2: y v2")
	f.equal("date", domain.Date("2026-02-11"), f.getRow(r.c, "y").Date)
}

func replaceGoesBack(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.sweepPage(domain.OneRead, nil, purchase("x"))
	r.want("in one sweep", "1: x v3 was y")
	f.equal("history", []domain.ChangeKind{domain.Restored, domain.SupersededRow, domain.Added}, r.kinds("x"))
	r.next()
	r.remove("x")
	r.next()
	r.page(news(), purchase("y"))
	r.want("after a removal", "1: y v5 was x")
	f.equal("found by x", []domain.TransactionID{r.older}, r.found("x"))
}

func replaceUndoesChain(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.sweepPage(domain.OneRead, nil, purchase("z"))
	r.next()
	r.sweepPage(domain.OneRead, []string{"z"}, purchase("x"))
	r.want("the oldest row is shown", "1: x v5 was y", "2: z v1")
}

func replaceShownTogether(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.sweepPage(domain.OneRead, nil, purchase("z"))
	r.next()
	r.remove("z")
	r.next()
	r.page(listing(), purchase("x"), purchase("y"))
	r.want("both past rows", "1: x v5 was z", "2: y v1")
	r.split(r.older)
	r.want("split", "1: z v6 removed", "2: y v1", "3: x v1")

	r = newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.remove("y")
	r.next()
	r.page(listing(), purchase("x"), purchase("y"))
	r.want("the past row and the removed one", "1: x v5", "2: y v2")
}

// split undoes the last replacement of the transaction, and returns the transaction.
func (r *replacements) split(id domain.TransactionID) domain.Transaction {
	r.Helper()
	t, err := r.Ledger.Split(r.ctx, r.tenant, id, newID[domain.Transaction](), ports.Decision{At: r.now()})
	r.noError(err)
	return t
}

func splitRestores(f *fixture) {
	r := newReplacements(f)
	before := f.getRow(r.c, "x")
	r.sweepPage(domain.OneRead, nil, purchase("y", withDescription("padaria do ze nsu 123456")))
	replaced := f.getRow(r.c, "y")
	_, position := f.readFeedFrom(domain.Position{}, 10, 1)
	t := r.split(r.older)
	r.want("after the split", "1: x v3 removed", "2: y v1")
	f.equal("result", f.getRow(r.c, "x"), t)
	f.equal("content", before.TransactionData, t.TransactionData)
	f.equal("removed at", replaced.UpdatedAt, t.RemovedAt)
	f.equal("content of the other row", replaced.TransactionData, f.getRow(r.c, "y").TransactionData)
	f.equal("found by x", []domain.TransactionID{r.older}, r.found("x"))
	f.equal("feed", 2, len(f.readFeed(position, 10, 2)))
	f.equal("history", []domain.ChangeKind{domain.SplitRow, domain.SupersededRow, domain.Added}, r.kinds("x"))
	r.next()
	counts := r.sweepPage(domain.OneRead, nil, purchase("y", withDescription("padaria do ze nsu 123456")))
	f.equal("read again", domain.Counts{Read: 1, Unchanged: 1}, counts)
	r.next()
	r.sweepPage(domain.OneRead, nil, purchase("x"))
	r.want("the other row leaves, and the first one returns", "1: x v4", "2: y v2 removed")
}

func splitRestoresYounger(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("y"))
	younger := f.getRow(r.c, "y").ID
	r.next()
	r.remove("x")
	r.split(r.older)
	r.want("after the split", "1: x v3 removed", "2: y v3")
	f.equal("history", domain.SplitRow, f.historyOf(younger, 5, nil)[0].Change())
	f.equal("found by y", []domain.TransactionID{younger}, r.found("y"))
	r.next()
	r.page(news(), purchase("z", withDescription("another")))
	r.want("after another page", "1: x v3 removed", "2: y v3", "3: z v1")
}

func splitOfRemoved(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	r.remove("y")
	r.split(r.older)
	r.want("after the split", "1: x v4 removed", "2: y v1 removed")
}

func splitErrors(f *fixture) {
	r := newReplacements(f)
	fails := func(what string, tenant domain.TenantID, id domain.TransactionID, want error) {
		f.Helper()
		_, err := f.Ledger.Split(f.ctx, tenant, id, newID[domain.Transaction](), ports.Decision{At: f.now()})
		f.errorIs(err, want)
	}
	fails("nothing to undo", f.tenant, r.older, domain.NothingToUndo)
	fails("unknown", f.tenant, newID[domain.Transaction](), domain.NotFound)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	fails("another tenant", newTenant(), r.older, domain.NotFound)
	r.split(r.older)
	fails("again", f.tenant, r.older, domain.NothingToUndo)
	r.want("after the errors", "1: x v3 removed", "2: y v1")
}

// splitRacesWithPages checks that a transaction can be split while pages of its connection are stored.
func splitRacesWithPages(f *fixture) {
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	concurrently(8, func(i int) {
		if i == 0 {
			_, err := f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](), ports.Decision{At: f.now()})
			f.noError(err)
			return
		}
		_, err := f.storePageCounts(r.l, ports.PageWrite{
			Transactions: []domain.TransactionData{
				purchase("y", withDate(domain.Date(fmt.Sprintf("2026-02-%02d", i)))),
			},
			Progress: listing(),
			Matching: descriptions,
		})
		f.noError(err)
	})
	f.equal("transactions", 2, len(r.state()))
	f.equal("older", true, !f.getRow(r.c, "x").RemovedAt.IsZero())
	f.equal("younger", true, f.getRow(r.c, "y").RemovedAt.IsZero())
}

func replaceWithoutMatching(f *fixture) {
	r := newReplacements(f)
	r.remove("x")
	r.next()
	r.storeRows(r.l, purchase("y"))
	r.want("without Matching", "1: x v2 removed", "2: y v1")

	r = newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	claimed := f.getPull(r.l.Pull)
	f.equal("state", domain.PullRunning, claimed.State)
	r.mustStorePage(r.l, ports.PageWrite{Transactions: []domain.TransactionData{purchase("x")}})
	r.want("a past id", "1: x v4", "2: y v1")
}
