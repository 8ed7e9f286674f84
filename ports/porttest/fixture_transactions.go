package porttest

import (
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// money parses an amount; it panics if the amount is invalid.
func money(amount, currency string) domain.Money {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		panic(err)
	}
	return m
}

// row returns a transaction with this external id and default values, changed by the edits. Without edits, calls with
// the same id return equal transactions.
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

func withReferences(references domain.References) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.References = references }
}

func accountData(externalID string) domain.AccountData {
	balance := money("100", "BRL")
	return domain.AccountData{
		ExternalID: externalID, Type: domain.BankAccount, Name: "account " + externalID, Currency: "BRL",
		Balance: &balance,
	}
}

// storePageCounts stores a page and returns its counts. If the fields NewID and At of the write are not set, they get a
// default value. If LeaseUntil is not set, the end of the lease does not change.
func (f *fixture) storePageCounts(l domain.Lease, write ports.PageWrite) (domain.Counts, error) {
	if write.NewID == nil {
		write.NewID = newID[domain.Transaction]
	}
	if write.At.IsZero() {
		write.At = f.now()
	}
	if write.LeaseUntil.IsZero() {
		write.LeaseUntil = l.Until
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

// storeRows stores a page that contains only transactions, and returns its counts.
func (f *fixture) storeRows(l domain.Lease, rows ...domain.TransactionData) domain.Counts {
	f.Helper()
	return f.mustStorePage(l, ports.PageWrite{Transactions: rows})
}

func (f *fixture) listTransactions(c domain.Connection, filter ports.TransactionFilter, limit int,
	between func()) []domain.Transaction {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
		return f.Ledger.Transactions(f.ctx, f.tenant, c.ID, filter, page)
	}, between)
}

// allRows returns the connection's transactions, newest first.
func (f *fixture) allRows(c domain.Connection) []domain.Transaction {
	f.Helper()
	return f.listTransactions(c, ports.TransactionFilter{}, domain.MaxLimit, nil)
}

// getRow returns the connection's transaction with this external id. It ends the test if there is
// none.
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
		return f.Ledger.Accounts(f.ctx, f.tenant, ports.AccountFilter{Connection: c.ID}, page)
	}, nil)
}

// readFeed reads the change feed after a position, in pages of at most limit changes, until it has read at least as
// many changes as the argument changes says. It returns the changes that it has read.
func (f *fixture) readFeed(after domain.Position, limit, changes int) []domain.Transaction {
	f.Helper()
	all, _ := f.readFeedFrom(after, limit, changes)
	return all
}

// feedTimeout is the time after which a test stops waiting for a change to appear in the feed.
const feedTimeout = 30 * time.Second

// readFeedFrom is like readFeed, but also returns the position to continue from. It waits for the expected number of
// changes, because a store may withhold changes while an older write is open, in any tenant. If the feed has more
// changes, they are returned too.
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
