package application_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billedRow returns a row of the first card that names its bill.
func billedRow(id string) domain.TransactionData {
	r := row(id, "Purchase "+id)
	r.Card.Bill = "bill of " + account
	return r
}

// dueEnv returns an env with a pull of bills and of one row, and then a pull that adds a row without reading bills.
func dueEnv(t *testing.T) (e *env, c domain.Connection, addRow func(id string)) {
	e, v := newBillEnv(t)
	c = e.createConnection("cards")
	v.rows = []domain.TransactionData{billedRow("1")}
	e.runPull(e.requestFullPull(c))
	token := e.mintToken(c)
	addRow = func(id string) {
		v.rows = append(v.rows, billedRow(id))
		v.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
			return &ports.VendorPage{Transactions: domain.RawTransactionsOf(v.rows[len(v.rows)-1:]...)}, nil
		}
		v.steps = []domain.Step{{Account: account, CreatedFrom: e.clock.Now()}}
		scope := domain.PullScope{Created: map[string]time.Time{account: e.clock.Now()}}
		e.runPull(e.receive(token, eventBody("event "+id, scope)).Delivery.Pull)
	}
	addRow("2")
	return e, c, addRow
}

// rowsOnBill returns the number of rows that the bill of the first card counts.
func (e *env) rowsOnBill(c domain.Connection) int {
	e.Helper()
	for _, b := range e.storedBills(c) {
		if b.ExternalID == "bill of "+account {
			return b.Rows.Count
		}
	}
	e.Fatal("there is no bill")
	return 0
}

// nextBills runs the next evaluation, and reports whether one was due.
func (e *env) nextBills() bool {
	e.Helper()
	work, err := e.NextBills(e.ctx, nil)
	e.noError(err)
	if work == nil {
		return false
	}
	e.noError(work.Run(e.ctx))
	return true
}

func TestBillsAreEvaluatedAfterThePullThatHasChangedTheirRows(t *testing.T) {
	e, c, _ := dueEnv(t)
	if n := e.rowsOnBill(c); n != 1 {
		t.Fatalf("%d rows directly after the pull, want 1", n)
	}
	if work, err := e.NextBills(e.ctx, []domain.TenantID{e.tenant}); work != nil || err != nil {
		t.Fatalf("work of a tenant whose turn it is not: %v, %v", work, err)
	}
	if !e.nextBills() || e.rowsOnBill(c) != 2 {
		t.Fatalf("%d rows after the evaluation, want 2", e.rowsOnBill(c))
	}
	if e.nextBills() {
		t.Error("the bills are still due")
	}
}

// The rows are read without a lock. What changes between the reading and the end of the evaluation must not be lost.
func TestRowsThatChangeDuringAnEvaluationMakeTheBillsDueAgain(t *testing.T) {
	e, c, addRow := dueEnv(t)
	work, err := e.NextBills(e.ctx, nil)
	e.noError(err)
	calls := 0
	e.fault = func(op string) error {
		if op != "Ledger.EvaluateBills" {
			return nil
		}
		if calls++; calls == 3 { // the list and the bills, the rows, then the transaction
			e.fault = nil
			addRow("3")
		}
		return nil
	}
	e.noError(work.Run(e.ctx))
	if n := e.rowsOnBill(c); calls != 3 || n != 1 {
		t.Fatalf("%d rows after an evaluation of old rows (%d calls), want 1", n, calls)
	}
	if !e.nextBills() || e.rowsOnBill(c) != 3 {
		t.Errorf("%d rows after the next evaluation, want 3", e.rowsOnBill(c))
	}
}

func TestAnEvaluationThatFailsIsMadeAgain(t *testing.T) {
	e, c, _ := dueEnv(t)
	restore := e.failOperation("Ledger.EvaluateBills")
	work, err := e.NextBills(e.ctx, nil)
	e.noError(err)
	if err := work.Run(e.ctx); err == nil {
		t.Fatal("the evaluation reports no error")
	}
	restore()
	if e.nextBills() {
		t.Error("the bills are due before the claim has ended")
	}
	e.clock.pass(61 * time.Second)
	if !e.nextBills() || e.rowsOnBill(c) != 2 {
		t.Errorf("%d rows, want 2", e.rowsOnBill(c))
	}
}
