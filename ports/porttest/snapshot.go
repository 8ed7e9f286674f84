package porttest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// snapshotTests check the view of an account that Ledger.Snapshot returns.
var snapshotTests = []storeTest{
	{"a snapshot contains the account's live posted records, by date and id", snapshotRecords},
	{"a snapshot is limited to a window", snapshotWindow},
	{"a snapshot knows the first day of the live records", snapshotFirstDay},
	{"a snapshot knows the references that several records have ever had", snapshotReferences},
	{"a snapshot reads many records of the same days once each", snapshotPages},
	{"a snapshot does not show what commits while it is read", snapshotIsolation},
	{"a snapshot is limited to the tenant, and returns the error of read", snapshotErrors},
	{"a snapshot ends early with its reader and with its context", snapshotEnds},
}

// snapshot calls fn with a view of the account.
func (f *fixture) snapshot(id domain.AccountID, fn func(view ports.AccountView)) {
	f.Helper()
	f.noError(f.Ledger.Snapshot(f.ctx, f.tenant, id, func(view ports.AccountView) error {
		fn(view)
		return nil
	}))
}

// posted returns the view's records whose dates are in the window.
func (f *fixture) posted(view ports.AccountView, window domain.Window) []domain.Transaction {
	f.Helper()
	var records []domain.Transaction
	for record, err := range view.Posted(f.ctx, window) {
		f.noError(err)
		records = append(records, record)
	}
	return records
}

// stated returns the members of a posted record that PostedRecords promises.
func stated(t domain.Transaction) domain.Transaction {
	return domain.Transaction{
		ID: t.ID, Version: t.Version, FirstSeenAt: t.FirstSeenAt,
		TransactionData: domain.TransactionData{
			ExternalID: t.ExternalID, Amount: t.Amount, AccountMoney: t.AccountMoney, Status: t.Status, Date: t.Date,
			Description: t.Description, Counterparty: t.Counterparty, References: t.References,
			CounterpartyDocument: t.CounterpartyDocument,
		},
	}
}

func postedID(r domain.Transaction) string { return r.ExternalID }

func snapshotRecords(f *fixture) {
	foreign := func(o *domain.TransactionData) {
		brl := money("-51.25", "BRL")
		o.Amount, o.AccountMoney, o.Counterparty = money("-10", "USD"), &brl, "Store \u00e9"
		o.References = domain.References{
			EndToEndID:          "1",
			TransactionID:       "2",
			AuthenticationCode:  "3",
			ReferenceNumber:     "4",
			ReceiverReferenceID: "5",
			TrackingKey:         "6",
			ChequeNumber:        "7",
			Barcode:             barcode,
			TxID:                "8",
		}
		o.CounterpartyDocument = domain.PartyDocument{Type: domain.CNPJ, Value: "12ABC34501DE35"}
	}
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	c, l, id := f.accountWithRows(row("later", withAccount("a"), withDate("2026-02-11")),
		row("foreign", withAccount("a"), foreign), row("pending", withAccount("a"), pending),
		row("other account", withAccount("b")), row("no account"), row("removed", withAccount("a")),
		row("earlier", withAccount("a"), withDate("2026-01-05")))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	f.finishSettled(l, f.now(), balances("1000"))
	var want []domain.Transaction
	for _, name := range []string{"earlier", "foreign", "later"} {
		want = append(want, stated(f.getRow(c, name)))
	}
	account := f.listAccounts(c)[0]
	f.snapshot(id, func(view ports.AccountView) {
		f.equal("account", account, view.Account)
		f.equal("balance", "1000", view.Completeness.Last.Balance.String())
		for range 2 {
			f.equal("records", want, ids(f.posted(view, domain.Window{}), stated))
		}
	})
}

// snapshotFirstDay checks FirstDay. A pending record counts; removed records and those of another account do not.
func snapshotFirstDay(f *fixture) {
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	_, l, id := f.accountWithRows(row("removed", withAccount("a"), withDate("2026-01-02")),
		row("other account", withAccount("b"), withDate("2026-01-01")),
		row("pending", withAccount("a"), pending, withDate("2026-01-05")),
		row("posted", withAccount("a"), withDate("2026-01-06")))
	first := func() (day domain.Date) {
		f.snapshot(id, func(view ports.AccountView) {
			var err error
			day, err = view.FirstDay(f.ctx)
			f.noError(err)
		})
		return day
	}
	f.equal("of all records", domain.Date("2026-01-02"), first())
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	f.equal("of the live records", domain.Date("2026-01-05"), first())
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"pending", "posted"}})
	f.equal("without records", domain.Date(""), first())
}

// snapshotReferences checks SharedReferences. References of earlier versions, of removed records and of pending
// records must count. References of records of another account must not count.
func snapshotReferences(f *fixture) {
	with := func(references domain.References, edits ...func(*domain.TransactionData)) []func(*domain.TransactionData) {
		return append(edits, withAccount("a"), func(o *domain.TransactionData) { o.References = references })
	}
	number := func(n string) domain.References { return domain.References{ReferenceNumber: n} }
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	elsewhere := func(o *domain.TransactionData) { o.Account = "b" }
	c, l, id := f.accountWithRows(row("edited", with(number("earlier"))...), row("removed", with(number("gone"))...),
		row("pending", with(number("open"), pending)...), row("alone", with(number("own"))...),
		row("main", with(domain.References{TransactionID: "main", ReferenceNumber: "own"})...))
	f.storeRows(l, row("edited", with(number("present"))...))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	f.storeRows(l, row("x", with(number("earlier"))...), row("y", with(number("gone"))...),
		row("z", with(number("open"))...), row("other", append(with(number("own")), elsewhere)...),
		row("twice", with(domain.References{EndToEndID: "main"})...), row("none", with(domain.References{})...))
	want := map[string]domain.TransactionID{
		"earlier": f.getRow(c, "edited").ID, "gone": f.getRow(c, "removed").ID, "open": f.getRow(c, "pending").ID,
		"main": f.getRow(c, "main").ID,
	}
	f.snapshot(id, func(view ports.AccountView) {
		for range 2 {
			got, err := view.SharedReferences(f.ctx)
			f.noError(err)
			f.equal("shared references", want, got)
		}
	})
}

func snapshotWindow(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-02-01")),
		row("2", withAccount("a"), withDate("2026-02-02")), row("3", withAccount("a"), withDate("2026-02-03")))
	f.snapshot(id, func(view ports.AccountView) {
		for _, tc := range []struct {
			window domain.Window
			want   []string
		}{
			{domain.Window{From: "2026-02-02"}, []string{"2", "3"}},
			{domain.Window{To: "2026-02-02"}, []string{"1", "2"}},
			{domain.Window{From: "2026-02-02", To: "2026-02-02"}, []string{"2"}},
			{domain.Window{From: "2026-02-04"}, nil},
		} {
			f.equal(fmt.Sprint(tc.window), tc.want, ids(f.posted(view, tc.window), postedID))
		}
	})
}

// snapshotPages checks a snapshot with very many records, so that a store must read them in several batches. Each day
// has more than a thousand records.
func snapshotPages(f *fixture) {
	const days, perDay = 3, 1100
	_, l, id := f.accountWithRows()
	for day := range days {
		rows := make([]domain.TransactionData, perDay)
		for i := range rows {
			rows[i] = row(fmt.Sprintf("%d-%04d", day, i), withAccount("a"),
				withDate(domain.Date("2026-02-01").AddDays(day)))
		}
		f.storeRows(l, rows...)
	}
	f.snapshot(id, func(view ports.AccountView) {
		seen, before := map[string]bool{}, domain.Transaction{}
		for _, record := range f.posted(view, domain.Window{}) {
			if record.Date < before.Date || record.Date == before.Date && record.ID.String() <= before.ID.String() {
				f.Fatalf("%v follows %v", record, before)
			}
			seen[record.ExternalID], before = true, record
		}
		f.equal("records", days*perDay, len(seen))
	})
}

// snapshotIsolation checks that a view does not show changes that another goroutine (the writer) makes while the view
// is read. A store may make the writer wait until the view is closed, so the reader waits only briefly for the writer.
func snapshotIsolation(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")))
	changed := make(chan struct{})
	f.snapshot(id, func(view ports.AccountView) {
		before := f.posted(view, domain.Window{})
		go func() {
			defer close(changed)
			if err := f.storePage(l, ports.PageWrite{
				Transactions: []domain.TransactionData{
					row("0", withAccount("a"), withDate("2026-01-01")), row("3", withAccount("a")),
					row("1", withAccount("a"), withDate("2026-03-01"), withDescription("edited")),
				},
				Removed: []string{"2"},
			}); err != nil {
				f.Errorf("a write during the snapshot: %v", err)
			}
		}()
		select {
		case <-changed:
		case <-time.After(500 * time.Millisecond):
		}
		if diff := cmp.Diff(before, f.posted(view, domain.Window{})); diff != "" {
			f.Errorf("the view has changed: %s", diff)
		}
	})
	<-changed
	f.equal("row 1 afterwards", "edited", f.getRow(c, "1").Description)
	f.snapshot(id, func(view ports.AccountView) {
		f.equal("afterwards", []string{"0", "3", "1"}, ids(f.posted(view, domain.Window{}), postedID))
	})
}

func snapshotErrors(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	unexpected := func(ports.AccountView) error {
		f.Error("an unknown account has a view")
		return nil
	}
	f.errorIs(f.Ledger.Snapshot(f.ctx, newTenant(), id, unexpected), domain.NotFound)
	f.errorIs(f.Ledger.Snapshot(f.ctx, f.tenant, newID[domain.Account](), unexpected), domain.NotFound)
	want := errors.New("of the reader")
	if err := f.Ledger.Snapshot(f.ctx, f.tenant, id, func(ports.AccountView) error { return want }); err != want {
		f.Errorf("the error is %v, want that of read", err)
	}
}

func snapshotEnds(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")))
	ctx, cancel := context.WithCancel(f.ctx)
	err := f.Ledger.Snapshot(ctx, f.tenant, id, func(view ports.AccountView) error {
		for _, err := range view.Posted(ctx, domain.Window{}) {
			f.noError(err)
			break
		}
		cancel()
		for _, err := range view.Posted(ctx, domain.Window{}) {
			return err
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		f.Errorf("the error is %v, want that of the context", err)
	}
	f.storeRows(l, row("3", withAccount("a"))) // the view holds no lock any longer
}
