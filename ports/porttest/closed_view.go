package porttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// closedViewTests check the balances of closed periods, Ledger.ReadClose and Ledger.Closes of reopened periods.
var closedViewTests = []storeTest{
	{"a close has the balances and the sums of the days since the close before it", closeBalances},
	{"a close without a known balance has none", closeWithoutBalance},
	{"late records belong to the balances of a close", closeLateRecords},
	{"the document of a close stays the same", closeDocumentStays},
	{"a document with more records than a page", closeLargeDocument},
	{"a reopened close is read until the day is closed again, and is listed", closeReopenedViews},
	{"the records of a close have its digest, and the origins of their versions, whatever changes", closeRecords},
	{"a period is read before it is closed, and not closed if that fails", closeReads},
	{"ReadClose is NotFound for a day that nobody closed, and for another tenant", closeViewNotFound},
}

// sumsOf describes a closed period in one text: its first day, the count and the sum of its posted records, and its
// balances.
func sumsOf(c books.Close) string {
	if c.Statement == nil {
		return "no statement"
	}
	text := fmt.Sprint(c.Statement.From, " ", c.Statement.PostedCount(), " ", c.Statement.PostedSum())
	if b := c.Statement.Balances; b != nil {
		text += fmt.Sprint(" ", b.Opening, " ", b.Closing)
	}
	return text
}

func closeBalances(f *fixture) {
	_, l, id := f.accountWithRows(
		row("1", withAccount("a"), withDate("2026-02-03"), withAmount("10", "BRL")),
		row("2", withAccount("a"), withDate("2026-02-14"), withAmount("-4", "BRL")),
		row("3", withAccount("a"), withDate("2026-02-20"), withAmount("2.5", "BRL")),
		row("pending", withAccount("a"), withDate("2026-02-02"), func(o *domain.TransactionData) {
			o.Status = domain.Pending
		}),
	)
	f.finishSettled(l, f.now(), balances("100"))
	f.equal("the first close", "2026-02-02 2 6 91.5 97.5", sumsOf(f.close(id, "2026-02-14")))
	f.equal("the next close", "2026-02-15 1 2.5 97.5 100", sumsOf(f.close(id, "2026-02-20")))
	f.equal("a close without records", "2026-02-21 0 0 100 100", sumsOf(f.close(id, closeDay)))
	f.equal("a close before others", "2026-02-02 1 10 91.5 101.5", sumsOf(f.close(id, "2026-02-10")))
	f.equal("the sums stay", "2026-02-02 2 6 91.5 97.5", sumsOf(f.listCloses(id)[2]))
}

func closeWithoutBalance(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	f.equal("no reading", "2026-02-10 1 -12.5", sumsOf(f.close(id, closeDay)))
	_, _, id = f.accountWithRows(row("1", withAccount("a"), withAmount("-1", "USD")))
	f.equal("an unknown amount", "2026-02-10 0 0", sumsOf(f.close(id, closeDay)))
}

// closeLateRecords stores a record that is dated earlier than all records that were stored when the baseline was set.
func closeLateRecords(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-20"), withAmount("10", "BRL")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.storeRows(l, row("late", withAccount("a"), withDate("2026-02-12"), withAmount("7", "BRL")))
	f.finishSettled(l, f.now(), balances("100"))
	f.equal("before the late record", "2026-02-05 0 0 83 83", sumsOf(f.close(id, "2026-02-05")))
	f.equal("after it", "2026-02-06 2 17 83 100", sumsOf(f.close(id, closeDay)))
}

// document returns the closed period that ends on the given day, and one text for each of its records, in the order
// in which ReadClose returns them.
func (f *fixture) document(id domain.AccountID, date domain.Date) (closed books.Close, records []string) {
	f.Helper()
	f.noError(f.Ledger.ReadClose(f.ctx, f.tenant, id, date, func(view ports.ClosedView) error {
		closed = view.Close
		for range 2 {
			records = nil
			for r, err := range view.Posted(f.ctx, closed.Period()) {
				f.noError(err)
				records = append(records, fmt.Sprint(r.Date, " ", r.ID, " ", r.ExternalID, " ", r.Amount.Amount,
					r.Amount.Currency, " ", r.AccountMoney, " ", r.Description, " ", r.Counterparty, " ",
					r.References, " ", r.CounterpartyDocument, " ", r.Version))
			}
		}
		return nil
	}))
	return closed, records
}

// externalIDsOf returns the external ids and the amounts of the records of a closed period.
func (f *fixture) externalIDsOf(id domain.AccountID, date domain.Date) []string {
	f.Helper()
	var all []string
	f.noError(f.Ledger.ReadClose(f.ctx, f.tenant, id, date, func(view ports.ClosedView) error {
		for r, err := range view.Posted(f.ctx, view.Close.Period()) {
			f.noError(err)
			all = append(all, fmt.Sprint(r.ExternalID, " ", r.Amount.Amount))
		}
		return nil
	}))
	return all
}

func closeDocumentStays(f *fixture) {
	_, l, id := f.accountWithRows(
		row("1", withAccount("a"), withDate("2026-02-03"), withAmount("10", "BRL")),
		row("2", withAccount("a"), withDate("2026-02-02"), withDescription("CAFÉ"), withAmount("-4", "BRL"),
			func(o *domain.TransactionData) {
				o.References = domain.References{EndToEndID: "E1", TransactionID: "T1", ChequeNumber: "7"}
				o.CounterpartyDocument = domain.PartyDocument{Type: domain.CNPJ, Value: "12ABC34501DE35"}
			}),
		row("3", withAccount("a"), withDate("2026-02-01"), withAmount("2.5", "BRL")),
		row("pending", withAccount("a"), func(o *domain.TransactionData) { o.Status = domain.Pending }),
		row("later", withAccount("a"), withDate("2026-03-01")), row("other account", withAccount("b")),
	)
	closed := f.close(id, closeDay)
	_, before := f.document(id, closeDay)
	f.equal("records", []string{"3 2.5", "2 -4", "1 10"}, f.externalIDsOf(id, closeDay))
	f.equal("the references", true, strings.Contains(before[1], "E1") && strings.Contains(before[1], "12ABC34501DE35"))
	f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			row("2", withAccount("a"), withDate("2026-02-09"), withDescription("TEA"), withAmount("-5", "BRL")),
			row("3", withAccount("b"), withAmount("2.5", "BRL")),
			row("new", withAccount("a"), withDate("2026-02-05")), row("pending", withAccount("a")),
			row("later", withAccount("a"), withDate("2026-02-07")),
		},
		Removed: []string{"1"},
	})
	again, after := f.document(id, closeDay)
	f.equal("the close", closed, again)
	f.equal("the records of the close", before, after)
	f.storeRows(l, row("2", withAccount("a"), withAmount("-6", "BRL")))
	_, after = f.document(id, closeDay)
	f.equal("the records after another version", before, after)
}

// closeLargeDocument closes a period with many records. Afterwards it changes some records of each page, and all
// records of some days. The document of the close must not change.
func closeLargeDocument(f *fixture) {
	const n = 2500
	rows := make([]domain.TransactionData, n)
	for i := range rows {
		rows[i] = row(fmt.Sprintf("%04d", i), withAccount("a"),
			withDate(domain.Date(fmt.Sprintf("2026-02-%02d", 1+i*28/n))))
	}
	_, l, id := f.accountWithRows(rows...)
	closed := f.close(id, closeDay)
	_, before := f.document(id, closeDay)
	f.equal("count", []int{n, n}, []int{len(before), closed.Statement.PostedCount()})
	var changed []domain.TransactionData
	for i := range rows {
		if i%7 == 0 || i > n/2 {
			changed = append(changed, row(rows[i].ExternalID, withAccount("a"), withDate("2026-02-14"),
				withAmount("-1", "BRL")))
		}
	}
	f.storeRows(l, changed...)
	_, after := f.document(id, closeDay)
	f.equal("the records of the close", before, after)
}

func closeReopenedViews(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a"), withAmount("-1", "BRL")))
	first := f.close(id, closeDay)
	f.reopen(id, closeDay)
	f.storeRows(l, row("1", withAccount("a"), withAmount("-2", "BRL")))
	got, _ := f.document(id, closeDay)
	first.ReopenedAt = got.ReopenedAt
	f.equal("the reopened close", first, got)
	f.equal("its records", []string{"1 -1"}, f.externalIDsOf(id, closeDay))
	f.close(id, closeDay)
	f.equal("the records of the new close", []string{"1 -2"}, f.externalIDsOf(id, closeDay))
	f.reopen(id, closeDay)
	f.equal("the last one that was reopened", []string{"1 -2"}, f.externalIDsOf(id, closeDay))
	reopened := collectPages(f, 1, func(page domain.PageRequest) (domain.Page[books.Close], error) {
		return f.Ledger.Closes(f.ctx, f.tenant, id, true, page)
	}, nil)
	f.equal("reopened closes", 2, len(reopened))
	f.equal("the older one", first, reopened[1])
	f.equal("newest first", true, reopened[0].ReopenedAt.After(reopened[1].ReopenedAt))
	others, err := f.Ledger.Closes(f.ctx, newTenant(), id, true, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("of another tenant", 0, len(others.Items))
}

// coveredRecords returns the records of a closed period, and the SHA-256 hash of the records' lines.
func (f *fixture) coveredRecords(view ports.ClosedView) (records []books.ClosedRecord, digest [sha256.Size]byte) {
	f.Helper()
	hash := sha256.New()
	for r, err := range view.Records(f.ctx) {
		f.noError(err)
		records = append(records, r)
		hash.Write([]byte(r.Line()))
	}
	return records, [sha256.Size]byte(hash.Sum(nil))
}

// closeRecords compares the records of a closed period with the histories of these records.
func closeRecords(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.receiveWanted(token).Pull)
	second := f.receiveWanted(token)
	f.storeAccounts(l, true, "a", "b")
	foreign := money("-51.25", "BRL")
	f.storeRows(l,
		row("1", withAccount("a"), withOrigin(1, "rules")), row("2", withAccount("a"), withOrigin(2, "rules")),
		row("3", withAccount("a"), func(o *domain.TransactionData) {
			o.Status, o.Amount, o.AccountMoney = domain.Pending, money("-10", "USD"), &foreign
		}),
		row("4", withAccount("a")), row("b", withAccount("b")), row("later", withAccount("a"), withDate("2026-03-01")),
	)
	f.finish(l, domain.PullSucceeded, "")
	l, _ = f.claim(second.Pull)
	f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			row("2", withAccount("a"), withOrigin(3, "rules"), withDescription("x")),
		},
		Removed: []string{"4"},
	})
	var id domain.AccountID
	for _, a := range f.listAccounts(c) {
		if a.ExternalID == "a" {
			id = a.ID
		}
	}
	closed := f.close(id, closeDay)
	type origin struct {
		ID         domain.TransactionID
		Version    int
		Hash       string
		Pull       domain.PullID
		Deliveries []domain.DeliveryID
	}
	var want []origin
	for _, key := range []string{"1", "2", "3"} {
		v := f.history(c, key)[0]
		want = append(want, origin{
			v.Transaction.ID, v.Transaction.Version, fmt.Sprintf("%x", v.Transaction.RowSHA256), v.Transaction.Pull,
			v.Deliveries,
		})
	}
	slices.SortFunc(want, func(x, y origin) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
	check := func(when string) {
		f.noError(f.Ledger.ReadClose(f.ctx, f.tenant, id, closeDay, func(view ports.ClosedView) error {
			for range 2 {
				records, digest := f.coveredRecords(view)
				f.equal(when+": the digest", closed.Digest, digest)
				var got []origin
				for _, r := range records {
					got = append(got, origin{r.ID, r.Version, fmt.Sprintf("%x", r.RowSHA256), r.Pull, r.Deliveries})
				}
				f.equal(when, want, got)
				for _, err := range view.Records(f.ctx) {
					f.noError(err)
					break // a reader may stop before the end
				}
			}
			return nil
		}))
	}
	check("at once")
	f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			row("2", withAccount("a"), withDate("2026-02-09")), row("3", withAccount("b")), row("4", withAccount("a")),
			row("new", withAccount("a")), row("later", withAccount("a")),
		},
		Removed: []string{"1"},
	})
	check("after changes")
	f.reopen(id, closeDay)
	check("reopened")
}

func closeReads(f *fixture) {
	_, l, id := f.accountWithRows(
		row("1", withAccount("a"), withAmount("10", "BRL")), row("2", withAccount("a"), withAmount("-4", "BRL")),
		row("later", withAccount("a"), withDate("2026-03-01")),
	)
	f.finishSettled(l, f.now(), balances("100"))
	refused := errors.New("refused")
	calls := 0
	_, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(closeDay),
		ports.CloseSteps{
			Read: func(context.Context, ports.ClosedView) error { calls++; return refused },
		}, f.entry("close"))
	f.equal("the error of the step", true, errors.Is(err, refused))
	f.equal("calls", 1, calls)
	f.equal("closes", 0, len(f.listCloses(id)))
	f.equal("actions", []string(nil), f.actions())
	var read books.Close
	closed, created, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(closeDay),
		ports.CloseSteps{Read: func(ctx context.Context, view ports.ClosedView) error {
			read = view.Close
			_, digest := f.coveredRecords(view)
			f.equal("the digest", view.Close.Digest, digest)
			posted := 0
			for _, err := range view.Posted(ctx, view.Close.Period()) {
				f.noError(err)
				posted++
			}
			f.equal("posted records", 2, posted)
			return nil
		}}, f.entry("close"))
	f.noError(err)
	f.equal("created", true, created)
	f.equal("the close that was read", closed, read)
	f.equal("the stored close", closed, f.listCloses(id)[0])
	_, created, err = f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(closeDay),
		ports.CloseSteps{Read: func(context.Context, ports.ClosedView) error {
			f.Error("a stored period is read")
			return nil
		}}, nil)
	f.noError(err)
	f.equal("created again", false, created)
}

func closeViewNotFound(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	f.close(id, closeDay)
	fail := func(ports.ClosedView) error { f.Error("fn was called"); return nil }
	f.errorIs(f.Ledger.ReadClose(f.ctx, f.tenant, id, "2026-02-27", fail), domain.NotFound)
	f.errorIs(f.Ledger.ReadClose(f.ctx, newTenant(), id, closeDay, fail), domain.NotFound)
	f.errorIs(f.Ledger.ReadClose(f.ctx, f.tenant, newID[domain.Account](), closeDay, fail), domain.NotFound)
}
