package bills_test

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about the dates of bills, and about rows that belong to a bill because of their date.

// placed returns the assignment of a row that is added to the card.
func placed(c bills.Card, r bills.Row) bills.Assignment {
	c.Rows = append(slices.Clip(c.Rows), r)
	return bills.Evaluate(c).Rows[len(c.Rows)-1]
}

func TestAMissingClosingDateIsDerivedFromTheMedianOfTheOthers(t *testing.T) {
	for name, test := range map[string]struct {
		before []int // the days from the closing to the due date of the other bills
		want   domain.Date
	}{
		"no closing date is known":  {nil, "2026-12-03"},
		"the usual one":             {[]int{10, 3, 10}, "2026-11-30"},
		"one that was late is none": {[]int{4, 4, 9}, "2026-12-06"},
	} {
		c := bills.Card{Today: "2026-12-20", Currency: "BRL", Bills: []bills.Bill{bill("b", "", "2026-12-10", "1")}}
		for i, days := range test.before {
			due := domain.Date("2026-11-10").AddDays(-30 * i)
			c.Bills = append(c.Bills, bill(string(due), due.AddDays(-days), due, "1"))
		}
		if b := find(t, c, "b"); b.Closing != test.want || b.ClosingKnown {
			t.Errorf("%s: closed on %s (known: %t), want %s", name, b.Closing, b.ClosingKnown, test.want)
		}
	}
}

func TestABillOfWhichTheOneBeforeIsUnknownBeginsAMonthEarlier(t *testing.T) {
	for closing, want := range map[domain.Date]domain.Date{
		"2026-03-03": "2026-02-04", "2026-03-31": "2026-03-01", "2028-03-30": "2028-03-01", "2026-01-15": "2025-12-16",
	} {
		if got := bills.StartOf(closing); got != want {
			t.Errorf("a bill that closed on %s begins on %s, want %s", closing, got, want)
		}
	}
}

func TestABillFollowsAnotherWithin45Days(t *testing.T) {
	for closing, want := range map[domain.Date]bool{"2026-10-03": true, "2026-10-18": true, "2026-10-19": false} {
		if got := bills.Follows("2026-09-03", closing); got != want {
			t.Errorf("the bill of %s follows that of 2026-09-03: %t", closing, got)
		}
	}
}

func TestARowIsOnTheBillOfItsDate(t *testing.T) {
	for day, want := range map[domain.Date]struct {
		bill      string
		month     domain.BillMonth
		uncertain bool
	}{
		"2026-08-03": {"", "", true}, // a bill that is not known
		"2026-08-04": {"sep", "2026-09", true},
		"2026-08-06": {"sep", "2026-09", true},
		"2026-08-07": {"sep", "2026-09", false},
		"2026-08-30": {"sep", "2026-09", false},
		"2026-08-31": {"sep", "2026-09", true},
		"2026-09-03": {"sep", "2026-09", true},
		"2026-09-04": {"oct", "2026-10", true},
		"2026-09-20": {"oct", "2026-10", false},
		"2026-11-03": {"nov", "2026-11", true},
		// open rows, by the month in which they are expected to be due
		"2026-11-04": {"", "2026-12", true},
		"2026-11-06": {"", "2026-12", true},
		"2026-11-07": {"", "2026-12", false},
		"2026-11-29": {"", "2026-12", false},
		"2026-11-30": {"", "2026-12", true},
		"2026-12-03": {"", "2026-12", true},
		"2026-12-04": {"", "2027-01", true},
		"2026-12-06": {"", "2027-01", true},
		"2026-12-07": {"", "2027-01", false},
		"2026-12-31": {"", "2027-01", true},
		"2027-02-20": {"", "2027-03", false},
		"2056-11-20": {"", "2036-11", false}, // ten years are the maximum
	} {
		a := placed(threeBills(), row(day, "1", domain.CardFacts{}))
		if a.Bill != want.bill || a.Month != want.month || a.Uncertain != want.uncertain || a.Basis != bills.ByDates {
			t.Errorf("a row of %s is on %+v, want %+v", day, a, want)
		}
	}
}

func TestABillContainsTheRowsSinceTheClosingOfTheOneBefore(t *testing.T) {
	c := threeBills()
	c.Bills[1].ClosingDate = "2026-10-08" // five days later than usual
	if a := placed(c, row("2026-09-05", "1", domain.CardFacts{})); a.Bill != "oct" {
		t.Errorf("the row is on %+v", a)
	}
}

func TestTheDayOfAnInstalment(t *testing.T) {
	for name, test := range map[string]struct {
		number    int
		purchase  domain.Date // "" if the bank does not state it
		day       domain.Date
		pending   bool
		bill      string
		uncertain bool
	}{
		"the first one":                                    {1, "2026-10-20", "2026-10-20", false, "nov", false},
		"dated to the purchase":                            {3, "2026-08-20", "2026-08-20", false, "nov", true},
		"dated to the day after the purchase":              {3, "2026-08-19", "2026-08-20", false, "nov", true},
		"with a date of its own":                           {3, "2026-08-18", "2026-08-20", false, "sep", false},
		"months after the purchase":                        {3, "2026-08-20", "2026-10-20", false, "nov", false},
		"without the date of the purchase":                 {3, "", "2026-10-20", false, "nov", true},
		"pending, dated to its period":                     {3, "2026-08-18", "2026-10-20", true, "nov", true},
		"pending, and the day may be that of the purchase": {3, "", "2026-10-20", true, "", true},
		"pending, on the day of the last closing":          {3, "", "2026-11-03", true, "", true},
	} {
		r := row(test.day, "1", domain.CardFacts{Number: test.number, Count: 5, PurchaseDate: test.purchase})
		r.Pending = test.pending
		if a := placed(threeBills(), r); a.Bill != test.bill || a.Uncertain != test.uncertain {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAnInstalmentFollowsTheLatestOneThatIsKnown(t *testing.T) {
	instalment := func(number, count int, of, text string) bills.Row {
		r := row("2026-08-20", "100", domain.CardFacts{Bill: of, Number: number, Count: count})
		r.Text = text
		return r
	}
	known := []bills.Row{
		instalment(1, 12, "sep", "MOVEIS 1/12"), instalment(2, 12, "oct", "MOVEIS 2/12"),
		instalment(3, 12, "nov", "MOVEIS 3/12"),
	}
	backward := []bills.Row{known[2], known[1], known[0]}
	for name, test := range map[string]struct {
		rows  []bills.Row
		month domain.BillMonth
	}{
		"the latest one": {known, "2027-08"}, // the bill of November is due in December
		"in any order":   {backward, "2027-08"},
		"beside one of a bill that is not listed": {
			append(backward[:3:3], instalment(4, 12, "dec", "MOVEIS 4/12")), "2027-08",
		},
		"two purchases of one amount": {append([]bills.Row{instalment(1, 12, "sep", "MOVEIS 1/12")}, known...), ""},
		"another purchase":            {[]bills.Row{instalment(3, 12, "nov", "LOJA 3/12")}, ""},
		"another number of instalments": {
			[]bills.Row{instalment(3, 10, "nov", "MOVEIS 3/10")}, "",
		},
	} {
		c := threeBills()
		c.Bills[2].DueDate = "2026-12-01"
		c.Rows = append(c.Rows, test.rows...)
		open := instalment(11, 12, "", "MOVEIS 11/12")
		open.Pending = true
		if a := placed(c, open); a.Bill != "" || !a.Open || a.Month != test.month {
			t.Errorf("%s: the instalment is on %+v", name, a)
		}
	}
}

// A row that does not state which instalment it is follows no other one.
func TestARowWithoutANumberIsNoInstalment(t *testing.T) {
	c := threeBills()
	known := domain.CardFacts{Bill: "nov", Number: 3, Count: 5, PurchaseDate: "2026-08-20"}
	c.Rows = append(c.Rows, row("2026-10-20", "100", known))
	other := domain.CardFacts{Count: 5, PurchaseDate: "2026-08-20"}
	if a := placed(c, row("2026-11-04", "100", other)); a.Month != "2026-12" || !a.Open {
		t.Errorf("the row is on %+v", a)
	}
}

func TestACardWithoutBillsHasOpenRows(t *testing.T) {
	c := bills.Card{Today: "2026-11-28", Currency: "BRL", Rows: []bills.Row{
		row("2026-11-10", "20", domain.CardFacts{}), paymentRow("2026-11-12", "100"),
	}}
	r := bills.Evaluate(c)
	if !r.Rows[0].Open || r.Rows[0].Month != "" || !r.Rows[1].Payment || len(r.Open) != 1 || r.UnbilledTo != "" {
		t.Errorf("%+v", r)
	}
}

func TestOpenRowsAreAddedUpByMonth(t *testing.T) {
	c := threeBills()
	c.Rows = append(c.Rows, row("2026-11-20", "5", domain.CardFacts{Forecast: domain.Unbilled}))
	for _, day := range []domain.Date{"2027-04-20", "2026-11-20", "2027-02-20", "2026-12-20", "2027-01-20"} {
		c.Rows = append(c.Rows, row(day, "10", domain.CardFacts{}), row(day, "2.5", domain.CardFacts{}))
	}
	got := bills.Evaluate(c).Open
	want := []domain.BillMonth{"2026-12", "2027-01", "2027-02", "2027-03", "2027-05", ""}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, month := range want {
		count, sum := 2, "12.5"
		if month == "" {
			count, sum = 1, "5"
		}
		if o := got[i]; o.Month != month || o.Count != count || !o.Sum.Equal(amount(sum)) {
			t.Errorf("got %+v, want %d rows in %q", o, count, month)
		}
	}
}

// A bill is closed if its due date has passed, or else on the closing date that the vendor states. A derived closing
// date closes none. What is not closed may still change, so neither its total nor its payments decide anything.
func TestABillThatIsNotKnownToBeClosedHasNoFinalVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		closing, due, today, readOn domain.Date
		total, paid                 string
		check                       bills.Check
		state                       bills.State
	}{
		"derived, paid": {
			"", "2026-12-05", "2026-12-04", "", "650", "650", bills.CheckUnknown, bills.StateUnknown,
		},
		"derived, paid in part": {
			"", "2026-12-05", "2026-12-04", "", "650", "300", bills.CheckUnknown, bills.StateUnknown,
		},
		"derived, not paid": {
			"", "2026-12-05", "2026-12-04", "", "650", "", bills.CheckUnknown, bills.Due,
		},
		"derived, on the due date": {
			"", "2026-12-05", "2026-12-05", "", "650", "650", bills.CheckUnknown, bills.StateUnknown,
		},
		"derived, after the due date": {
			"", "2026-12-05", "2026-12-06", "", "650", "650", bills.AddsUp, bills.Paid,
		},
		"derived, read before the due date": {
			"", "2026-12-05", "2026-12-06", "2026-12-04", "650", "650", bills.CheckUnknown, bills.StateUnknown,
		},
		"stated, on the closing date": {
			"2026-11-30", "2026-12-05", "2026-11-30", "", "650", "650", bills.AddsUp, bills.Paid,
		},
		"stated, before the closing date": {
			"2026-11-30", "2026-12-05", "2026-11-29", "", "650", "", bills.CheckUnknown, bills.Due,
		},
		"nothing so far": {
			"2026-11-30", "2026-12-05", "2026-11-29", "", "0", "", bills.CheckUnknown, bills.StateUnknown,
		},
		"a credit so far": {
			"2026-11-30", "2026-12-05", "2026-11-29", "", "-20", "", bills.CheckUnknown, bills.StateUnknown,
		},
		"nothing, closed": {
			"2026-11-30", "2026-12-05", "2026-11-30", "", "0", "", bills.AddsUp, bills.Paid,
		},
	} {
		c := threeBills()
		c.Today, c.CoversTo = test.today, test.today.AddDays(-1)
		b := bill("dec", test.closing, test.due, test.total)
		b.ReadOn, b.CoversTo = test.readOn, c.CoversTo
		if test.paid != "" {
			b.Payments = []bills.ListedPayment{payment(test.today.AddDays(-1), test.paid)}
			if test.closing != "" {
				b.Payments[0].Date = test.closing
			}
		}
		c.Bills = append(c.Bills, b)
		c.Rows = append(c.Rows, row("2026-11-15", test.total, named("dec")))
		if dec := find(t, c, "dec"); dec.Check != test.check || dec.State != test.state {
			t.Errorf("%s: %s, %s (paid %+v)", name, dec.Check, dec.State, dec.Paid)
		}
	}
}

// The total of a bill that is not closed may still get the rest of the bill before, or lose it.
func TestABillThatIsNotKnownToBeClosedDoesNotDecideTheOneBefore(t *testing.T) {
	for total, want := range map[string]bills.State{
		"100": bills.StateUnknown, // it shows no rest of 650, so that november may have been settled
		"750": bills.Overdue,      // it shows the rest, but only a closed bill carries it
	} {
		c := unpaid("nov")
		b := bill("dec", "", "2026-12-05", total)
		b.CoversTo = c.CoversTo
		c.Bills, c.Rows = append(c.Bills, b), append(c.Rows, row("2026-11-15", "100", named("dec")))
		if nov := find(t, c, "nov"); nov.State != want {
			t.Errorf("with a total of %s, november is %s, want %s", total, nov.State, want)
		}
	}
}
