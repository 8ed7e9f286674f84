package application_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The months of a coverage are checked before anything is read.
func TestACoverageOfTooManyMonthsReadsNothing(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, onePage)
	e.noError(err)
	var read []string
	e.fault = func(op string) error { read = append(read, op); return nil }
	for _, test := range []domain.Window{
		{From: "1990-01-01"}, {From: "1990-01-01", To: "2026-01-01"}, {From: "2026-02-01", To: "2026-01-01"},
		{To: "9999-12-31"},
	} {
		_, err := e.AccountCoverage(e.ctx, e.tenant, accounts.Items[0].ID, test.From, test.To)
		if !errors.Is(err, domain.Invalid) || len(read) > 0 {
			t.Errorf("%+v: %v, and %q are read", test, err, read)
		}
	}
	months, err := e.AccountCoverage(e.ctx, e.tenant, accounts.Items[0].ID, "", "")
	if e.noError(err); len(months) != 2 || months[0].Month != "2026-02" || !slices.Contains(read, "Ledger.Snapshot") {
		t.Errorf("%+v, and %q are read", months, read)
	}
}

// anyBill is a ledger in which every account and every bill exists.
type anyBill struct{ anyAccount }

func (anyBill) Bill(context.Context, domain.TenantID, domain.BillID) (bills.Stored, error) {
	return bills.Stored{}, nil
}

// accountReads are the reads of one account that take a share of the tenant's costly reads, or not.
var accountReads = map[string]struct {
	read  func(e *env) error
	waits bool
}{
	"coverage": {waits: true, read: func(e *env) error {
		_, err := e.AccountCoverage(e.ctx, e.tenant, domain.AccountID{}, "", "")
		return err
	}},
	"a small page of a bill": {read: func(e *env) error {
		_, err := e.ListBillTransactions(e.ctx, e.tenant, domain.BillID{}, domain.PageRequest{Limit: 50})
		return err
	}},
	"a large page of a bill": {waits: true, read: func(e *env) error {
		_, err := e.ListBillTransactions(e.ctx, e.tenant, domain.BillID{}, domain.PageRequest{Limit: 51})
		return err
	}},
	"balances": {read: func(e *env) error {
		_, err := e.ListBalances(e.ctx, e.tenant, domain.AccountID{}, domain.Window{}, onePage)
		return err
	}},
}

// A read of one account takes a share of the tenant's costly reads if it reads more than its page. While the tenant has
// no share left, it waits, and is refused in the end.
func TestACostlyReadOfAnAccountTakesAShare(t *testing.T) {
	for name, tc := range accountReads {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b blockingSearches
				e := newEnv(t, func(d *application.Deps) {
					b = blockingSearches{d.Ledger, make(chan domain.TenantID, 100), make(chan struct{})}
					d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, anyBill{anyAccount{b}}
				})
				for range max(1, runtime.GOMAXPROCS(0)/4) {
					go func() {
						_, _ = e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{}, onePage)
					}()
				}
				synctest.Wait()
				result := make(chan error, 1)
				go func() { result <- tc.read(e) }()
				synctest.Wait()
				if waits := len(result) == 0; waits != tc.waits {
					t.Errorf("the read waits: %t, want %t", waits, tc.waits)
				}
				time.Sleep(6 * time.Second)
				if err := <-result; errors.Is(err, domain.TooManyReads) != tc.waits {
					t.Errorf("the read has ended with %v", err)
				}
				close(b.endSignal)
				synctest.Wait()
			})
		})
	}
}
