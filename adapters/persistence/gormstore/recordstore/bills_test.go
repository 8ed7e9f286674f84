package recordstore_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/stores"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// A pull that brings nothing for a card must not read the rows of the card. The test changes a row where the store does
// not notice it, so that only an evaluation that reads the rows finds the change.
func TestBillsAreEvaluatedOnlyIfSomethingHasChanged(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		p.now = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
		money, _ := domain.ParseMoney("-10", "BRL")
		purchase := domain.TransactionData{
			ExternalID: "purchase", Account: "card", Amount: money, Status: domain.Posted, Date: "2026-01-20",
			Card: domain.CardFacts{Bill: "first"}, ContentHash: domain.ContentHash{1},
		}
		other := purchase
		other.ExternalID, other.Account = "debit", "account"
		p.storeCard(purchase, other)
		list := map[string]bills.Read{"card": {Listing: bills.Listing{Bills: []bills.Data{{
			ExternalID: "first", DueDate: "2026-02-05", ClosingDate: "2026-01-29", Currency: "BRL",
			Total: decimal.RequireFromString("10"),
		}}}}}
		p.finish(list)
		p.wantSum("10")
		p.must(b.GORM.Exec("UPDATE transactions SET amount = '-11' WHERE external_id = 'purchase'").Error)

		p.pullAgain()
		p.finish(nil)
		p.wantSum("10") // nothing was read
		p.pullAgain()
		other.Description = "of another account"
		p.storeCard(purchase, other)
		p.finish(list)
		p.wantSum("10") // only rows of another account have changed, and the list is as before
		p.pullAgain()
		purchase.ContentHash = domain.ContentHash{2}
		purchase.Category = "food"
		p.storeCard(purchase, other)
		p.finish(nil)
		p.wantSum("10") // the bills are due: a member without versions has changed
		p.evaluateDue()
		p.wantSum("11")
		p.must(b.GORM.Exec("UPDATE transactions SET amount = '-12' WHERE external_id = 'purchase'").Error)
		p.pullAgain()
		p.now = p.now.Add(24 * time.Hour)
		p.finish(nil)
		p.wantSum("12") // a new day
	})
}

// The candidates of a payment must be found by the index over the connection and the date, without a read of all rows.
func TestTheCandidatesOfPaymentsAreFoundByAnIndex(t *testing.T) {
	payment := ports.BillPayment{
		Payment: bills.Payment{Date: "2026-02-05", Amount: decimal.RequireFromString("10")}, Currency: "BRL",
	}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		p := newPulled(t, b)
		p.now = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
		rows := make([]domain.TransactionData, 2000)
		for i := range rows {
			rows[i] = domain.TransactionData{
				ExternalID: strconv.Itoa(i), Account: "account", Status: domain.Posted,
				Date:        domain.Date("2026-03-01").AddDays(-i / 4),
				ContentHash: domain.ContentHash{1, byte(i), byte(i >> 8)},
			}
			rows[i].Amount, _ = domain.ParseMoney("-"+strconv.Itoa(i+1), "BRL")
		}
		p.storeCard(rows...)
		p.must(b.GORM.Exec("ANALYZE").Error)
		query := recordstore.CandidateQuery(b.Core().Dialect, payment, payment)
		tx := b.GORM.Begin()
		defer tx.Rollback()
		var plan []string
		var err error
		if b.GORM.Name() == "sqlite" {
			var steps []struct{ Detail string }
			err = tx.Raw("EXPLAIN QUERY PLAN " + query).Scan(&steps).Error
			for _, step := range steps {
				plan = append(plan, step.Detail)
			}
		} else {
			tx.Exec("SET LOCAL enable_seqscan = off") // the tables of the test are small
			err = tx.Raw("EXPLAIN " + query).Scan(&plan).Error
		}
		if found := strings.Join(plan, "\n"); err != nil || !strings.Contains(found, "transactions_by_date") {
			t.Errorf("%v:\n%s", err, found)
		}
	})
}

// An evaluation reads the rows outside of its transaction. If the connection is erased before any of its uses of the
// database, nothing of the connection's bills is left when both have ended.
func TestAnErasureDuringAnEvaluationLeavesNoBill(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		var erase func()
		uses, eraseBefore := 0, 0
		hooked := gormstore.New(b.GORM, gormstore.Options{
			Dialect: b.Core().Dialect, Timeout: storetest.Timeout, InjectFault: func() error {
				if uses++; uses == eraseBefore {
					erase()
				}
				return nil
			},
		})
		t.Cleanup(hooked.Close)
		ledger := stores.New(hooked).Ledger()
		for eraseBefore = 1; ; eraseBefore++ {
			p := newDueBills(t, b)
			now := p.now.Add(time.Second) // the pages of one moment have different times
			due, err := b.Ledger().ClaimBills(t.Context(), now, now.Add(time.Minute), nil)
			p.must(err)
			uses, erase = 0, p.erase
			p.must(ledger.EvaluateBills(t.Context(), due.Tenant, due.Account, now))
			if uses < eraseBefore {
				break
			}
			p.wantNoBills(eraseBefore)
		}
		if eraseBefore < 4 { // the list and the bills, the rows, the transaction
			t.Errorf("the evaluation has used the database only %d times", uses)
		}
	})
}

// newDueBills stores a card whose bill is due, because a row has changed since the latest evaluation.
func newDueBills(t *testing.T, b storetest.Backend) *pulled {
	p := newPulled(t, b)
	p.now = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
	money, _ := domain.ParseMoney("-10", "BRL")
	purchase := domain.TransactionData{
		ExternalID: "purchase", Account: "card", Amount: money, Status: domain.Posted, Date: "2026-01-20",
		Card: domain.CardFacts{Bill: "first"}, ContentHash: domain.ContentHash{1},
	}
	p.storeCard(purchase)
	p.finish(map[string]bills.Read{"card": {Listing: bills.Listing{Bills: []bills.Data{{
		ExternalID: "first", DueDate: "2026-02-05", ClosingDate: "2026-01-29", Currency: "BRL",
		Total: decimal.RequireFromString("10"),
	}}}}})
	p.pullAgain()
	purchase.ContentHash, purchase.Category = domain.ContentHash{2}, "food"
	p.storeCard(purchase)
	p.finish(nil)
	return p
}

// erase erases the connection.
func (p *pulled) erase() {
	p.t.Helper()
	ctx := p.t.Context()
	e, err := p.Erasures().Start(ctx, p.c.Tenant, p.c.ID, domain.ErasureRequest{
		ID: domain.ErasureID{UUID: uuid.Must(uuid.NewV7())}, At: p.now,
	}, nil)
	p.must(err)
	for e.Passes < domain.ErasurePasses {
		e, err = p.Erasures().EraseBatch(ctx, e, p.now, p.now.Add(time.Minute), 100)
		p.must(err)
	}
	e.Status = domain.ErasureDone
	_, err = p.Erasures().End(ctx, e, p.now)
	p.must(err)
}

// wantNoBills checks that nothing of the connection's bills is stored.
func (p *pulled) wantNoBills(use int) {
	p.t.Helper()
	for what, table := range map[string]string{
		"bills": "bills", "lists of bills": "bill_lists",
		"records on a bill": "(SELECT * FROM transactions WHERE bill_id IS NOT NULL OR coalesce(card_bill, '') <> '') AS t",
	} {
		var n int64
		p.must(p.GORM.Raw("SELECT count(*) FROM "+table+" WHERE connection_id = ?", p.c.ID.UUID).Scan(&n).Error)
		if n != 0 {
			p.t.Errorf("after an erasure before use %d of the database, there are %d %s", use, n, what)
		}
	}
}

// storeCard stores rows of the accounts "card" and "account".
func (p *pulled) storeCard(rows ...domain.TransactionData) {
	p.t.Helper()
	_, err := p.Pulls().StorePage(p.t.Context(), p.lease, ports.PageWrite{
		At: p.now, LeaseUntil: p.lease.Until, NewID: newRecordID, AccountRef: "item-1",
		Accounts: []domain.AccountData{
			{ExternalID: "card", Type: domain.CreditAccount, Currency: "BRL"},
			{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"},
		},
		Transactions: rows,
	})
	p.must(err)
}

// finish ends the pull after it has read these bills.
func (p *pulled) finish(read map[string]bills.Read) {
	p.t.Helper()
	p.must(p.Pulls().Finish(p.t.Context(), p.lease, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: p.now, Bills: read, Grace: time.Hour,
		Coverage: domain.Coverage{After: 12 * time.Hour},
	}))
}

// pullAgain starts the next pull.
func (p *pulled) pullAgain() {
	p.t.Helper()
	pull, err := p.Pulls().Request(p.t.Context(), p.c.Tenant, p.c.ID, ports.PullRequest{
		ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, Scope: domain.PullScope{Everything: true}, At: p.now,
	}, nil)
	p.must(err)
	p.lease.ID, p.lease.Pull, p.lease.Tenant = domain.LeaseID{UUID: uuid.New()}, pull.ID, domain.TenantID{}
	_, err = p.Pulls().Claim(p.t.Context(), p.lease, p.now)
	p.must(err)
	p.lease.Tenant = p.c.Tenant
}

// evaluateDue evaluates the bills that are due.
func (p *pulled) evaluateDue() {
	p.t.Helper()
	now := p.now.Add(time.Second) // the pages of one moment have different times
	due, err := p.Ledger().ClaimBills(p.t.Context(), now, now.Add(time.Minute), nil)
	p.must(err)
	if due == nil || due.Tenant != p.c.Tenant {
		p.t.Fatalf("due is %v", due)
	}
	p.must(p.Ledger().EvaluateBills(p.t.Context(), due.Tenant, due.Account, now))
}

// wantSum checks the sum of the rows of the only bill.
func (p *pulled) wantSum(want string) {
	p.t.Helper()
	accounts, err := p.Ledger().Accounts(p.t.Context(), p.c.Tenant, ports.AccountFilter{Connection: p.c.ID},
		domain.PageRequest{Limit: 10})
	p.must(err)
	for _, account := range accounts.Items {
		if account.Type != domain.CreditAccount {
			continue
		}
		page, err := p.Ledger().Bills(p.t.Context(), p.c.Tenant, account.ID, domain.Window{},
			domain.PageRequest{Limit: 10})
		p.must(err)
		if len(page.Items) != 1 || page.Items[0].Rows.Sum.String() != want {
			p.t.Errorf("the bills are %+v, want one with the sum %s", page.Items, want)
		}
	}
}
