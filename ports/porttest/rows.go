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

func on(date domain.Date) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Date = date }
}

func of(account string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Account = account }
}

func described(text string) func(*domain.TransactionData) {
	return func(o *domain.TransactionData) { o.Description = text }
}

func account(externalID string) domain.AccountData {
	balance := money("100", "BRL")
	return domain.AccountData{
		ExternalID: externalID, Type: domain.BankAccount, Name: "account " + externalID, Currency: "BRL", Balance: &balance,
	}
}

// tryPage stores a page; what w leaves open is filled in, the lease's end stays.
func (b *bench) tryPage(l domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if w.NewID == nil {
		w.NewID = newID[domain.Transaction]
	}
	if w.At.IsZero() {
		w.At = b.now()
	}
	if w.LeaseUntil.IsZero() {
		w.LeaseUntil = l.Until
	}
	return b.Pulls.StorePage(b.ctx, l, w)
}

func (b *bench) page(l domain.Lease, w ports.PageWrite) error {
	_, err := b.tryPage(l, w)
	return err
}

func (b *bench) stored(l domain.Lease, w ports.PageWrite) domain.Counts {
	b.Helper()
	counts, err := b.tryPage(l, w)
	b.ok(err)
	return counts
}

// write stores a page of nothing but rows.
func (b *bench) write(l domain.Lease, rows ...domain.TransactionData) domain.Counts {
	b.Helper()
	return b.stored(l, ports.PageWrite{Transactions: rows})
}

func (b *bench) transactions(c domain.Connection, filter ports.TransactionFilter, limit int, between func()) []domain.Transaction {
	b.Helper()
	return walk(b, limit, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
		return b.Ledger.Transactions(b.ctx, b.tenant, c.ID, filter, page)
	}, between)
}

// rows gives the connection's transactions, newest first.
func (b *bench) rows(c domain.Connection) []domain.Transaction {
	b.Helper()
	return b.transactions(c, ports.TransactionFilter{}, domain.MaxLimit, nil)
}

// row gives the one transaction with this external id.
func (b *bench) row(c domain.Connection, externalID string) domain.Transaction {
	b.Helper()
	for _, t := range b.rows(c) {
		if t.ExternalID == externalID {
			return t
		}
	}
	b.Fatalf("no row %q", externalID)
	return domain.Transaction{}
}

func (b *bench) accounts(c domain.Connection) []domain.Account {
	b.Helper()
	return walk(b, 3, func(page domain.PageRequest) (domain.Page[domain.Account], error) {
		return b.Ledger.Accounts(b.ctx, b.tenant, c.ID, page)
	}, nil)
}

// feed reads the change feed behind a position, until it has shown that many changes.
func (b *bench) feed(after domain.Position, limit, changes int) []domain.Transaction {
	b.Helper()
	all, _ := b.feedFrom(after, limit, changes)
	return all
}

// feedPatience is how long a change may be held back.
const feedPatience = 30 * time.Second

// feedFrom is feed that also gives where to go on. A store may hold changes back while
// anybody who began to write earlier is at it, be it for another tenant: what must come is
// waited for. Whatever else is there by then is given too.
func (b *bench) feedFrom(after domain.Position, limit, changes int) ([]domain.Transaction, domain.Position) {
	b.Helper()
	var all []domain.Transaction
	for deadline := time.Now().Add(feedPatience); ; {
		page, err := b.Ledger.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: limit, After: after})
		b.ok(err)
		if page.Next.IsZero() || len(page.Items) > limit {
			b.Fatalf("a page of %d changes (limit %d) with next %v", len(page.Items), limit, page.Next)
		}
		if page.More && len(page.Items) == 0 {
			b.Fatal("More without a row")
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
