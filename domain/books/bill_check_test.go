package books_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// cardAfter returns the completeness of a card whose balance is the open invoice, after a reading at the given time.
func cardAfter(at time.Time) books.Completeness {
	c := books.Completeness{}.After(books.AccountReading{At: at, Missing: books.BasisInvoice, BankReadAt: at})
	c.AccountReadAt, c.Currency = at, "BRL"
	return c
}

func TestTheLastClosedBillMakesACardComplete(t *testing.T) {
	const grace = 48 * time.Hour
	at := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	id := domain.BillID{UUID: uuid.New()}
	bill := func(total, rows string, at time.Time) *books.BillCheck {
		b := &books.BillCheck{
			Bill: id, Known: true, CompleteTo: "2026-03-13", Overdue: at.Add(-grace), At: at,
			Expected: decimal.RequireFromString(total), Actual: decimal.RequireFromString(rows),
		}
		b.AddsUp = b.Expected.Equal(b.Actual)
		return b
	}
	want := func(c books.Completeness, now time.Time, state books.CompletenessState, basis books.Basis) {
		t.Helper()
		got, _ := c.State(now, grace)
		if of := c.BasisAt(now, grace); got != state || of != basis {
			t.Errorf("the state is %s with the basis %s, want %s with %s", got, of, state, basis)
		}
	}
	c := cardAfter(at)
	want(c, at, books.CompletenessUnknown, books.BasisInvoice)
	complete := c.WithBill(bill("100", "100", at))
	want(complete, at, books.Complete, "bill_total")
	if complete.CompleteTo() != "2026-03-13" || !complete.Decided() {
		t.Errorf("complete to %q", complete.CompleteTo())
	}
	rules := domain.Coverage{}
	for days, state := range map[domain.Window]books.CompletenessState{
		{From: "2026-03-01", To: "2026-03-13"}: books.Complete,
		{From: "2026-03-01", To: "2026-03-14"}: books.CompletenessUnknown,
		{From: "2026-02-13", To: "2026-03-13"}: books.CompletenessUnknown, // a bill of these days differs
	} {
		doubtful := bill("100", "100", at)
		doubtful.Doubtful = []domain.Date{"2026-02-13"}
		if got := c.WithBill(doubtful).StateOfPeriod(days, "BRL", rules, at, grace); got != state {
			t.Errorf("the close of %v is %s, want %s", days, got, state)
		}
	}

	for name, limit := range map[string]func(*books.BillCheck){
		"an unreadable bill":        func(b *books.BillCheck) { b.Partial = true },
		"days before all bills":     func(b *books.BillCheck) { b.From = "2026-03-14" },
		"a record on no bill":       func(b *books.BillCheck) { b.UnbilledTo = "2026-03-01" },
		"an amount that is missing": func(b *books.BillCheck) { b.WithoutAmount = 1 },
	} {
		limited := bill("100", "100", at)
		limit(limited)
		days := domain.Window{From: "2026-03-01", To: "2026-03-13"}
		if got := c.WithBill(limited).StateOfPeriod(days, "BRL", rules, at, grace); got != books.CompletenessUnknown {
			t.Errorf("the close with %s is %s", name, got)
		}
	}
	unknown := bill("100", "100", at)
	unknown.WithoutAmount = 1
	want(c.WithBill(unknown), at, books.CompletenessUnknown, books.BasisInvoice)
	known, err := c.WithBill(unknown).Accept("dollars", at)
	if err != nil {
		t.Fatal(err)
	}
	want(known, at, books.Complete, "bill_total")
	unknown.WithoutAmount = 2
	want(known.WithBill(unknown), at, books.CompletenessUnknown, books.BasisInvoice)

	differs := complete.WithBill(bill("100", "90", at))
	want(differs, at, books.CompletenessUnknown, "bill_total") // within the grace period
	if differs.Decided() {
		t.Error("a bill that differs decides that the account is complete")
	}
	late := at.Add(grace)
	want(differs, late, books.Drifting, "bill_total")
	if differs.DriftSince() != at || !differs.DriftElsewhere().IsZero() {
		t.Errorf("the drift began at %v, elsewhere at %v", differs.DriftSince(), differs.DriftElsewhere())
	}
	if doubts := differs.Doubts("2026-03-10", "BRL", rules, late, grace); len(doubts) != 0 {
		t.Errorf("a statement has the doubts %v", doubts)
	}
	results := differs.Results(late, grace)
	last := results[len(results)-1]
	if last.Check != books.CheckBillTotal || last.State != books.Drifting || last.Difference().String() != "-10" {
		t.Errorf("the check is %+v", last)
	}

	accepted, err := differs.Accept("rows never arrive", late)
	if err != nil {
		t.Fatal(err)
	}
	want(accepted, late.Add(grace), books.Complete, "bill_total")
	later := late.Add(grace)
	want(accepted.WithBill(bill("100", "90", late)), later, books.Complete, "bill_total")
	want(accepted.WithBill(bill("100", "80", late)), later, books.Drifting, "bill_total")
	next := bill("50", "40", late)
	next.Bill = domain.BillID{UUID: uuid.New()}
	want(accepted.WithBill(next), later, books.Drifting, "bill_total")
	if _, err := complete.Accept("nothing", at); domain.CodeOf(err) != domain.NoAnchor {
		t.Errorf("a bill that adds up was accepted: %v", err)
	}
}

// A difference counts after the due date, however long it has lasted before.
func TestABillThatIsNotDueYetIsNoDrift(t *testing.T) {
	const grace = 48 * time.Hour
	at := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	due := at.Add(10 * 24 * time.Hour)
	c := cardAfter(at).WithBill(&books.BillCheck{
		Bill: domain.BillID{UUID: uuid.New()}, Known: true, Expected: decimal.NewFromInt(1),
		Overdue: due.Add(-grace), At: at,
	})
	if state, _ := c.State(due.Add(-time.Second), grace); state != books.CompletenessUnknown {
		t.Errorf("before the due date, the account is %s", state)
	}
	if state, _ := c.State(due, grace); state != books.Drifting {
		t.Errorf("after the due date, the account is %s", state)
	}
}

func TestACloseOfACardIsCoveredWhenABillReachesItsDay(t *testing.T) {
	const grace = 48 * time.Hour
	at := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	bill := &books.BillCheck{Bill: domain.BillID{UUID: uuid.New()}, Known: true, AddsUp: true, CompleteTo: "2026-03-13",
		Doubtful: []domain.Date{"2026-02-13"}, At: at}
	card := cardAfter(at)
	differs := *bill
	differs.AddsUp, differs.Expected = false, decimal.New(1, 0)
	for name, tc := range map[string]struct {
		closed  books.Close
		account books.Completeness
		want    books.CompletenessState
	}{
		"unknown, and reached": {books.Close{Date: "2026-03-13"}, card.WithBill(bill), books.Complete},
		"a day later":          {books.Close{Date: "2026-03-14"}, card.WithBill(bill), ""},
		"without a bill":       {books.Close{Date: "2026-03-13"}, card, ""},
		"with a doubtful bill since the first day": {
			books.Close{Date: "2026-03-13", Statement: &books.ClosedStatement{From: "2026-02-13"}}, card.WithBill(bill),
			"",
		},
		"after the doubtful bill": {
			books.Close{Date: "2026-03-13", Statement: &books.ClosedStatement{From: "2026-02-14"}}, card.WithBill(bill),
			books.Complete,
		},
		"a bill that differs": {books.Close{Date: "2026-03-13"}, card.WithBill(&differs), books.Drifting},
		"covered by a reading, then reached": {
			books.Close{Date: "2026-03-13", Completeness: books.NotCovered, CoveredSince: at,
				CoveredCompleteness: books.CompletenessUnknown}, card.WithBill(bill), books.Complete,
		},
		"not covered, and read": {
			books.Close{Date: "2026-03-14", Completeness: books.NotCovered}, card.WithBill(bill),
			books.CompletenessUnknown,
		},
		"not covered, and not read": {books.Close{Date: "2026-03-21", Completeness: books.NotCovered}, card, ""},
		"covered already": {
			books.Close{Date: "2026-03-13", Completeness: books.NotCovered, CoveredSince: at,
				CoveredCompleteness: books.Complete}, card.WithBill(&differs), "",
		},
		"complete from the start": {
			books.Close{Date: "2026-03-13", Completeness: books.Complete}, card.WithBill(&differs), "",
		},
	} {
		if tc.closed.Completeness == "" {
			tc.closed.Completeness = books.CompletenessUnknown
		}
		tc.closed.Currency = "BRL"
		got, ok := tc.closed.Covered(tc.account, domain.Coverage{}, at.Add(2*grace), grace)
		if !ok {
			got = ""
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
