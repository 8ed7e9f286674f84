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
	for name, change := range map[string]func(*books.BillCheck){
		"bills that reach the last day":            func(b *books.BillCheck) { b.From = "2026-03-13" },
		"a record on no bill before the first day": func(b *books.BillCheck) { b.UnbilledTo = "2026-02-28" },
		"a bill that differed before": func(b *books.BillCheck) {
			b.Doubtful = []domain.Date{"2026-02-28"}
		},
	} {
		changed := bill("100", "100", at)
		change(changed)
		days := domain.Window{From: "2026-03-01", To: "2026-03-13"}
		if got := c.WithBill(changed).StateOfPeriod(days, "BRL", rules, at, grace); got != books.Complete {
			t.Errorf("the close with %s is %s", name, got)
		}
	}
	want(books.Completeness{}.WithBill(bill("100", "100", at)), at, books.CompletenessUnknown, books.BasisNone)
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
	results := c.Results(due.Add(-time.Second), grace)
	if last := results[len(results)-1]; last.State != books.CompletenessUnknown || last.Difference().String() != "-1" {
		t.Errorf("before the due date, the check is %+v", last)
	}
}

func TestADifferenceOfABillCountsFromItsBeginning(t *testing.T) {
	const grace = 48 * time.Hour
	at := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.Add(time.Duration(n) * 24 * time.Hour) }
	bill := func(id byte, difference int64, checked int, overdue time.Time) *books.BillCheck {
		return &books.BillCheck{
			Bill: domain.BillID{UUID: uuid.UUID{id}}, Known: true, AddsUp: difference == 0, At: day(checked),
			Expected: decimal.NewFromInt(difference), Overdue: overdue,
		}
	}
	due := at.Add(-grace)
	for name, test := range map[string]struct {
		checks                        []*books.BillCheck
		differs, drift, completeSince time.Time
	}{
		"it differs, and differs still": {
			[]*books.BillCheck{bill(1, 5, 0, due), bill(1, 5, 1, due)}, day(0), day(0), time.Time{},
		},
		"the next bill differs": {
			[]*books.BillCheck{bill(1, 5, 0, due), bill(2, 5, 1, due)}, day(1), day(1), time.Time{},
		},
		"it is due later, and the due date is not known any more": {
			[]*books.BillCheck{bill(1, 5, 0, day(9)), bill(1, 5, 1, time.Time{})}, day(0), day(9), time.Time{},
		},
		"the due date of another bill says nothing": {
			[]*books.BillCheck{bill(1, 5, 0, day(9)), bill(2, 5, 1, time.Time{})}, day(1), day(1), time.Time{},
		},
		"it adds up, and adds up still": {
			[]*books.BillCheck{bill(1, 0, 0, due), bill(1, 0, 1, due)}, time.Time{}, time.Time{}, day(0),
		},
		"the next bill adds up, too": {
			[]*books.BillCheck{bill(1, 0, 0, due), bill(2, 0, 1, due)}, time.Time{}, time.Time{}, day(0),
		},
		"it adds up after a drift": {
			[]*books.BillCheck{bill(1, 0, 0, due), bill(1, 5, 1, due), bill(1, 0, 2, due)}, time.Time{}, time.Time{},
			day(2),
		},
	} {
		c := cardAfter(at)
		for _, check := range test.checks {
			c = c.WithBill(check)
		}
		if !c.BillDiffers.Equal(test.differs) || !c.BillDrift.Equal(test.drift) {
			t.Errorf("%s: it differs since %v, and drifts since %v", name, c.BillDiffers, c.BillDrift)
		}
		if _, since := c.State(day(2), grace); test.differs.IsZero() && !since.Equal(test.completeSince) {
			t.Errorf("%s: complete since %v", name, since)
		}
		none := c.WithBill(nil)
		if state, _ := none.State(day(20), grace); state != books.CompletenessUnknown || none.Bill != nil ||
			!none.BillDiffers.IsZero() || !none.DriftSince().IsZero() {
			t.Errorf("%s: without a closed bill, the account is %s: %+v", name, state, none)
		}
	}
	c, err := cardAfter(at).WithBill(bill(1, 5, 0, due)).Accept("rows never arrive", day(3))
	if _, since := c.State(day(4), grace); err != nil || !since.Equal(day(3)) {
		t.Errorf("after it was accepted, the account is complete since %v, %v", since, err)
	}
}

// A bill that has closed since the first day of the period may lack rows of it.
func TestACloseOfACardNeedsEachBillOfItsDays(t *testing.T) {
	at := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	c := cardAfter(at).WithBill(&books.BillCheck{
		Bill: domain.BillID{UUID: uuid.New()}, Known: true, AddsUp: true, CompleteTo: "2026-03-13", At: at,
		Doubtful: []domain.Date{"2026-02-13"},
	})
	card := domain.Account{AccountData: domain.AccountData{Type: domain.CreditAccount, Currency: "BRL"}}
	for from, want := range map[domain.Date]books.CompletenessState{
		"2026-02-13": books.CompletenessUnknown, "2026-02-14": books.Complete, "": books.Complete,
	} {
		sum := books.NewCloseSum(card, c, "2026-03-10", from)
		addTo(sum, posted("2026-03-05", "-5"))
		closed := sum.Close(books.CloseRequest{Date: "2026-03-10", At: at}, c)
		if closed.Completeness != want {
			t.Errorf("the close from %q is %s, want %s", from, closed.Completeness, want)
		}
	}
	differs := c.WithBill(&books.BillCheck{
		Bill: c.Bill.Bill, Known: true, Expected: decimal.NewFromInt(1), CompleteTo: "2026-03-13", At: at,
	})
	sum := books.NewCloseSum(card, differs, "2026-03-10", "")
	closed := sum.Close(books.CloseRequest{Date: "2026-03-10", At: at.Add(grace), Grace: grace}, differs)
	if closed.Completeness != books.Drifting {
		t.Errorf("the close of a card that drifts is %s", closed.Completeness)
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
