package porttest

import (
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// money reads an amount that the suite itself wrote.
func money(amount, currency string) domain.Money {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		panic(err)
	}
	return m
}

// row is an observation, the same for the same external id, with edits.
func row(externalID string, edits ...func(*domain.TransactionData)) domain.TransactionData {
	o := domain.TransactionData{
		ExternalID: externalID, Amount: money("-12.5", "BRL"), Status: domain.Posted, Date: "2026-02-10",
		Description: "row " + externalID, Metadata: json.RawMessage(`{"id": "` + externalID + `"}`),
	}
	for _, edit := range edits {
		edit(&o)
	}
	return o
}

func withDate(date domain.Date) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Date = date }
}

func withAccount(account string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Account = account }
}

func withDescription(text string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Description = text }
}

func accountData(externalID string) domain.AccountData {
	balance := money("100", "BRL")
	return domain.AccountData{
		ExternalID: externalID, Type: domain.BankAccount, Name: "account " + externalID, Currency: "BRL", Balance: &balance,
	}
}

// tryPage stores a page; what w leaves open is filled in, the lease's end stays.
func (f *fixture) storePageCounts(l domain.Lease, write ports.PageWrite) (domain.Counts, error) {
	if write.NewID == nil {
		write.NewID = newID[domain.Transaction]
	}
	if write.At.IsZero() {
		write.At = f.now()
	}
	if write.Until.IsZero() {
		write.Until = l.Until
	}
	return f.Pulls.StorePage(f.ctx, l, write)
}

func (f *fixture) storePage(l domain.Lease, write ports.PageWrite) error {
	_, err := f.storePageCounts(l, write)
	return err
}

func (f *fixture) mustStorePage(l domain.Lease, write ports.PageWrite) domain.Counts {
	f.Helper()
	counts, err := f.storePageCounts(l, write)
	f.noError(err)
	return counts
}

// write stores a page of nothing but rows.
func (f *fixture) storeRows(l domain.Lease, rows ...domain.TransactionData) domain.Counts {
	f.Helper()
	return f.mustStorePage(l, ports.PageWrite{Transactions: rows})
}

func (f *fixture) listTransactions(c domain.Connection, filter ports.TransactionFilter, limit int, between func()) []domain.Transaction {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
		return f.Ledger.Transactions(f.ctx, f.tenant, c.ID, filter, page)
	}, between)
}

// rows gives the connection's transactions, newest first.
func (f *fixture) allRows(c domain.Connection) []domain.Transaction {
	f.Helper()
	return f.listTransactions(c, ports.TransactionFilter{}, domain.MaxLimit, nil)
}

// row gives the one transaction with this external id.
func (f *fixture) getRow(c domain.Connection, externalID string) domain.Transaction {
	f.Helper()
	for _, t := range f.allRows(c) {
		if t.ExternalID == externalID {
			return t
		}
	}
	f.Fatalf("no row %q", externalID)
	return domain.Transaction{}
}

func (f *fixture) listAccounts(c domain.Connection) []domain.Account {
	f.Helper()
	return collectPages(f, 3, func(page domain.PageRequest) (domain.Page[domain.Account], error) {
		return f.Ledger.Accounts(f.ctx, f.tenant, c.ID, page)
	}, nil)
}

// feed reads the change feed behind a position, until it has shown that many changes.
func (f *fixture) readFeed(after domain.Position, limit, changes int) []domain.Transaction {
	f.Helper()
	all, _ := f.readFeedFrom(after, limit, changes)
	return all
}

// feedPatience is how long a change may be held back.
const feedTimeout = 30 * time.Second

// feedFrom is feed that also gives where to go on. A store may hold changes back while
// anybody who began to write earlier is at it, be it for another tenant: what must come is
// waited for. Whatever else is there by then is given too.
func (f *fixture) readFeedFrom(after domain.Position, limit, changes int) ([]domain.Transaction, domain.Position) {
	f.Helper()
	var all []domain.Transaction
	for deadline := time.Now().Add(feedTimeout); ; {
		page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: limit, After: after})
		f.noError(err)
		if page.Next.IsZero() || len(page.Items) > limit {
			f.Fatalf("a page of %d changes (limit %d) with next %v", len(page.Items), limit, page.Next)
		}
		if page.More && len(page.Items) == 0 {
			f.Fatal("More without a row")
		}
		all, after = append(all, page.Items...), page.Next
		if !page.More && (len(all) >= changes || time.Now().After(deadline)) {
			return all, after
		}
		if !page.More {
			time.Sleep(time.Millisecond)
		}
	}
}
