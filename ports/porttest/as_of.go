package porttest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// asOfTests check TransactionFilter.AsOf, Ledger.Transaction with asOf, and the times of versions and closes.
var asOfTests = []storeTest{
	{"each version of a record is in effect from its time until the next version", asOfVersions},
	{"a record that was removed at the moment, or did not exist yet, is left out", asOfRemoved},
	{"metadata and category are left out", asOfUnversioned},
	{"the list is ordered by the dates of that moment, and pages return each record once", asOfPages},
	{"the filter applies to the version that was in effect", asOfFilter},
	{"the times of versions and closes rise strictly, even if the clock goes back", asOfTimesRise},
	{"the records as of closedAt have the digest of the close", asOfCloses},
	{"an account that moves to another connection keeps its versions under it", asOfMoved},
	{"reads are limited to the tenant", asOfTenant},
}

// listAsOf lists the connection's transactions as they were at the moment filter.AsOf. It checks that Transaction
// returns the same transactions.
func (f *fixture) listAsOf(c domain.Connection, filter ports.TransactionFilter, limit int) []domain.Transaction {
	f.Helper()
	listed := f.listTransactions(c, filter, limit, nil)
	for _, t := range listed {
		one, err := f.Ledger.Transaction(f.ctx, f.tenant, t.ID, filter.AsOf)
		f.noError(err)
		f.equal("a record by id", t, one)
	}
	return listed
}

// asOfTexts returns one text for each transaction: the id of its row, its version and its amount.
func asOfTexts(all []domain.Transaction) []string {
	return ids(all, func(t domain.Transaction) string {
		return fmt.Sprint(t.ExternalID, " v", t.Version, " ", t.Amount.Amount)
	})
}

func (f *fixture) asOf(c domain.Connection, at time.Time) []string {
	f.Helper()
	texts := asOfTexts(f.listAsOf(c, ports.TransactionFilter{AsOf: at}, domain.MaxLimit))
	slices.Sort(texts)
	return texts
}

func asOfVersions(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")))
	first := f.getRow(c, "1")
	f.storeRows(l, row("1", withAccount("a"), withAmount("-20", "BRL")))
	second := f.getRow(c, "1")
	f.storeRows(l, row("1", withAccount("a"), withAmount("-30", "BRL")), row("3", withAccount("a")))
	third := f.getRow(c, "1")
	const tick = time.Microsecond
	for _, test := range []struct {
		at   time.Time
		want []string
	}{
		{first.UpdatedAt.Add(-tick), nil},
		{first.UpdatedAt, []string{"1 v1 -12.5", "2 v1 -12.5"}},
		{second.UpdatedAt.Add(-tick), []string{"1 v1 -12.5", "2 v1 -12.5"}},
		{second.UpdatedAt, []string{"1 v2 -20", "2 v1 -12.5"}},
		{third.UpdatedAt.Add(-tick), []string{"1 v2 -20", "2 v1 -12.5"}},
		{third.UpdatedAt, []string{"1 v3 -30", "2 v1 -12.5", "3 v1 -12.5"}},
		{third.UpdatedAt.Add(time.Hour), []string{"1 v3 -30", "2 v1 -12.5", "3 v1 -12.5"}},
	} {
		f.equal("as of "+test.at.String(), test.want, f.asOf(c, test.at))
	}
	first.Metadata, first.Category = nil, ""
	old, err := f.Ledger.Transaction(f.ctx, f.tenant, first.ID, first.UpdatedAt)
	f.noError(err)
	f.equal("the first version", first, old)
}

func asOfRemoved(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a")))
	added := f.getRow(c, "1")
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	removed := f.getRow(c, "1")
	f.storeRows(l, row("1", withAccount("a")))
	restored := f.getRow(c, "1")
	f.equal("before the removal", []string{"1 v1 -12.5"}, f.asOf(c, removed.UpdatedAt.Add(-time.Microsecond)))
	f.equal("while removed", []string(nil), f.asOf(c, removed.UpdatedAt))
	f.equal("while removed", []string(nil), f.asOf(c, restored.UpdatedAt.Add(-time.Microsecond)))
	f.equal("after the return", []string{"1 v3 -12.5"}, f.asOf(c, restored.UpdatedAt))
	for _, at := range []time.Time{added.UpdatedAt.Add(-time.Microsecond), removed.UpdatedAt} {
		_, err := f.Ledger.Transaction(f.ctx, f.tenant, added.ID, at)
		f.errorIs(err, domain.NotFound)
	}
}

func asOfUnversioned(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a"), func(o *domain.TransactionData) { o.Category = "food" }))
	present := f.getRow(c, "1")
	f.storeRows(l, row("1", withAccount("a"), withAmount("-20", "BRL")))
	for _, at := range []time.Time{present.UpdatedAt, f.getRow(c, "1").UpdatedAt} {
		for _, t := range f.listAsOf(c, ports.TransactionFilter{AsOf: at}, 1) {
			f.equal("metadata and category", "/", string(t.Metadata)+"/"+t.Category)
			f.equal("vendor and first seen", fmt.Sprint(present.Vendor, present.FirstSeenAt),
				fmt.Sprint(t.Vendor, t.FirstSeenAt))
		}
	}
}

// asOfPages lists the records as they were at a past moment, page by page. Most records got another date after that
// moment, so the present order of the records is different.
func asOfPages(f *fixture) {
	var rows, changed []domain.TransactionData
	for i := range 23 {
		id := fmt.Sprintf("%02d", i)
		rows = append(rows, row(id, withAccount("a"), withDate(domain.Date(fmt.Sprintf("2026-02-%02d", 1+i%9)))))
		if i%3 != 0 {
			changed = append(changed, row(id, withAccount("a"),
				withDate(domain.Date(fmt.Sprintf("2026-02-%02d", 9-i%9)))))
		}
	}
	c, l, _ := f.accountWithRows(rows...)
	before := f.allRows(c)
	for i := range before {
		before[i].Metadata = nil
	}
	at := before[0].UpdatedAt
	f.storeRows(l, changed...)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"00", "01"}})
	f.storeRows(l, row("new", withAccount("a"), withDate("2026-02-05")))
	for _, limit := range []int{1, 2, 5, domain.MaxLimit} {
		f.equal(fmt.Sprint("pages of ", limit), before, f.listAsOf(c, ports.TransactionFilter{AsOf: at}, limit))
	}
	foreign := domain.PageRequest{Limit: 1, After: domain.Position{Key: "no date", ID: newUUID()}}
	_, err := f.Ledger.Transactions(f.ctx, f.tenant, c.ID, ports.TransactionFilter{AsOf: at}, foreign)
	f.invalidCursor("a foreign position", err)
}

func asOfFilter(f *fixture) {
	c, l, a := f.accountWithRows(row("1", withAccount("a"), func(o *domain.TransactionData) {
		o.Status = domain.Pending
	}), row("2", withAccount("b"), withDate("2026-02-20")))
	at := f.getRow(c, "2").UpdatedAt
	f.storeRows(l, row("1", withAccount("a"), withDate("2026-02-25")), row("2", withAccount("a")))
	for _, test := range []struct {
		filter ports.TransactionFilter
		want   []string
	}{
		{ports.TransactionFilter{Account: a}, []string{"1 v1 -12.5"}},
		{ports.TransactionFilter{Status: domain.Pending}, []string{"1 v1 -12.5"}},
		{ports.TransactionFilter{Status: domain.Posted}, []string{"2 v1 -12.5"}},
		{ports.TransactionFilter{Window: domain.Window{From: "2026-02-11"}}, []string{"2 v1 -12.5"}},
		{ports.TransactionFilter{Window: domain.Window{To: "2026-02-11"}}, []string{"1 v1 -12.5"}},
		{ports.TransactionFilter{ExternalID: "2"}, []string{"2 v1 -12.5"}},
		{ports.TransactionFilter{ExternalID: "unknown"}, nil},
	} {
		test.filter.AsOf = at
		f.equal(fmt.Sprint(test.filter), test.want, asOfTexts(f.listAsOf(c, test.filter, 1)))
	}
}

func asOfTimesRise(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	var times []time.Time
	same := f.getRow(c, "1").UpdatedAt
	for i := range 4 {
		back := same.Add(-time.Duration(i) * time.Hour)
		f.mustStorePage(l, ports.PageWrite{At: back, Transactions: []domain.TransactionData{
			row("1", withAccount("a"), withAmount(fmt.Sprint(-20-i), "BRL")),
		}})
		times = append(times, f.getRow(c, "1").UpdatedAt)
		r := f.closeRequest(closeDay[:8] + domain.Date(fmt.Sprint(10+i)))
		r.At = back
		closed, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, r, ports.CloseSteps{}, nil)
		f.noError(err)
		times = append(times, closed.ClosedAt)
	}
	for i := 1; i < len(times); i++ {
		f.equal(fmt.Sprint(times[i], " after ", times[i-1]), true, times[i].After(times[i-1]))
	}
}

// digestAsOf returns the digest (in hex) of the account's records up to the last day of the closed period, as they
// were at the time of the close. It computes the digest without the code of the service.
func (f *fixture) digestAsOf(c domain.Connection, closed books.Close) string {
	f.Helper()
	records := f.listAsOf(c, ports.TransactionFilter{
		AsOf: closed.ClosedAt, Account: closed.Account, Window: domain.Window{To: closed.Date},
	}, 7)
	slices.SortFunc(records, func(x, y domain.Transaction) int { return strings.Compare(x.ID.String(), y.ID.String()) })
	var text strings.Builder
	for _, t := range records {
		m := t.Covered()
		fmt.Fprintf(&text, "%s|%s|%s|%s|%s|%s|%s\n",
			t.ID, m.Date, m.Status, m.Amount, m.Currency, m.AccountAmount, m.AccountCurrency)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

func asOfCloses(f *fixture) {
	c, l, id := f.accountWithRows()
	var closes []books.Close
	for i := range 6 {
		var rows []domain.TransactionData
		for n := range 3 + i {
			rows = append(rows, row(fmt.Sprint(n), withAccount("a"), withAmount(fmt.Sprint(-1-i*n), "BRL"),
				withDate(domain.Date(fmt.Sprintf("2026-02-%02d", 1+(i+n)%8)))))
		}
		f.mustStorePage(l, ports.PageWrite{Transactions: rows, Removed: []string{fmt.Sprint(i)}})
		closes = append(closes, f.close(id, domain.Date(fmt.Sprintf("2026-02-%02d", 3+i))))
	}
	for _, closed := range closes {
		f.equal("digest as of closedAt", hex.EncodeToString(closed.Digest[:]), f.digestAsOf(c, closed))
	}
}

func asOfMoved(f *fixture) {
	deleted, l, _ := f.accountWithRows(row("1", withAccount("a")))
	first := f.getRow(deleted, "1")
	f.storeRows(l, row("1", withAccount("a"), withAmount("-20", "BRL")))
	second := f.getRow(deleted, "1")
	f.finish(l, domain.PullSucceeded, "")
	f.deleteConnection(deleted)
	to := f.createConnection()
	next := f.startPull(to)
	account := second.AccountID
	_, err := f.Pulls.Publish(f.ctx, next, ports.Publication{
		Target: to.Target(), AccountRef: to.AccountRef, NewID: newID[domain.Transaction], At: first.UpdatedAt,
		LeaseUntil: next.Until, Unproved: true,
		Accounts: []ports.PublishedAccount{{Data: accountData("a"), Listed: true, Continues: account}},
	})
	f.noError(err)
	f.equal("the first version", []string{"1 v1 -12.5"}, f.asOf(to, first.UpdatedAt))
	f.equal("the second version", []string{"1 v2 -20"}, f.asOf(to, second.UpdatedAt))
	f.equal("the moved version", []string{"1 v3 -20"}, f.asOf(to, f.getRow(to, "1").UpdatedAt))
	f.equal("the time rises", true, f.getRow(to, "1").UpdatedAt.After(second.UpdatedAt))
}

func asOfTenant(f *fixture) {
	c, _, _ := f.accountWithRows(row("1", withAccount("a")))
	t := f.getRow(c, "1")
	_, err := f.Ledger.Transaction(f.ctx, newTenant(), t.ID, t.UpdatedAt)
	f.errorIs(err, domain.NotFound)
	_, err = f.Ledger.Transaction(f.ctx, f.tenant, newID[domain.Transaction](), t.UpdatedAt)
	f.errorIs(err, domain.NotFound)
	page, err := f.Ledger.Transactions(f.ctx, newTenant(), c.ID, ports.TransactionFilter{AsOf: t.UpdatedAt},
		domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("records of another tenant", 0, len(page.Items))
}
