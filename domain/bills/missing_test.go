package bills_test

import (
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about bills, rows and payments that the list of the vendor lacks.

// paymentRow returns a row of the card that is a payment.
func paymentRow(day domain.Date, total string) bills.Row {
	return row(day, "-"+total, domain.CardFacts{Payment: true})
}

// A payment after the day on which the next bill can have closed may belong to that bill, whether the vendor does not
// list it yet, no longer, or in a form that cannot be read.
func TestALatePaymentSettlesNoBillIfTheNextOneIsNotListed(t *testing.T) {
	for name, test := range map[string]struct {
		left  []int // the bills of threeBills that are listed
		paid  []bills.Row
		bill  string
		state bills.State
	}{
		"the total of the bill that is not listed": {
			[]int{0, 1}, []bills.Row{paymentRow("2026-11-10", "1350")}, "oct", bills.StateUnknown,
		},
		"after a part": {
			[]int{0, 1}, []bills.Row{paymentRow("2026-10-10", "100"), paymentRow("2026-11-10", "900")},
			"oct", bills.PartlyPaid,
		},
		"of a bill in the middle": {
			[]int{0, 2}, []bills.Row{paymentRow("2026-10-10", "700")}, "sep", bills.StateUnknown,
		},
		"exactly the total, when the next bill may have closed": {
			[]int{0, 1}, []bills.Row{paymentRow("2026-11-02", "700")}, "oct", bills.StateUnknown,
		},
		"exactly the total, in time": {[]int{0, 1}, []bills.Row{paymentRow("2026-10-28", "700")}, "oct", bills.Paid},
		"a part, in time": {
			[]int{0, 1}, []bills.Row{paymentRow("2026-10-28", "300")}, "oct", bills.PartlyPaid,
		},
	} {
		c := threeBills()
		all := c.Bills
		c.Bills = nil
		for _, i := range test.left {
			all[i].Payments = nil
			c.Bills = append(c.Bills, all[i])
		}
		c.Rows = append(c.Rows, test.paid...)
		b := find(t, c, test.bill)
		if b.State != test.state {
			t.Errorf("%s: %s is %s, paid %+v", name, test.bill, b.State, b.Paid)
		}
		if test.state == bills.StateUnknown && len(b.Paid) > 0 {
			t.Errorf("%s: %s has the payments %+v", name, test.bill, b.Paid)
		}
	}
}

// A part of the bill before was seen to be paid. A total without the rest is then no proof: a row may be doubled.
func TestATotalWithoutTheRestOfABillThatIsPartlyPaidIsUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		paid       string
		total      string
		check      bills.Check
		difference string
	}{
		"a part was paid, and the total has the rest": {"100", "1250", bills.AddsUp, "0"},
		"a part was paid, and the total lacks it":     {"100", "650", bills.CheckUnknown, "-600"},
		"all was paid": {"700", "650", bills.AddsUp, "0"},
		"neither":      {"100", "900", bills.Differs, "-350"},
	} {
		c := threeBills()
		c.Bills[1].Payments = []bills.ListedPayment{payment("2026-10-10", test.paid)}
		c.Bills[2].Total = amount(test.total)
		if nov := find(t, c, "nov"); nov.Check != test.check || text(nov.Difference) != test.difference {
			t.Errorf("%s: %s %s (difference %s)", name, nov.Check, nov.Form, text(nov.Difference))
		}
	}
}

// An instalment plan replaces the rest of a bill, so that the next total has only a part of it.
func TestTheDifferenceIsToTheFormThatFitsBestIfTheRestIsNotKnown(t *testing.T) {
	for name, test := range map[string]struct {
		change func(sep, oct *bills.Bill)
		want   string
	}{
		"the rest is known":      {func(_, _ *bills.Bill) {}, "-570"},
		"a plan":                 {func(_, oct *bills.Bill) { oct.Payments[0].Instalments = true }, "30"},
		"a plan of another bill": {func(sep, _ *bills.Bill) { sep.Payments[0].Instalments = true }, "-570"},
	} {
		c := threeBills()
		c.Bills[1].Payments = []bills.ListedPayment{payment("2026-10-10", "100")}
		c.Bills[2].Total, c.Bills[2].Payments = amount("680"), nil
		test.change(&c.Bills[0], &c.Bills[1])
		if nov := find(t, c, "nov"); text(nov.Difference) != test.want {
			t.Errorf("%s: november is %s (difference %s)", name, nov.Check, text(nov.Difference))
		}
	}
	c := unpaid("sep", "oct", "nov")
	c.Bills[2].Total = amount("680")
	if nov := find(t, c, "nov"); text(nov.Difference) != "30" {
		t.Errorf("no payment was ever seen: the difference is %s", text(nov.Difference))
	}
}

// A total of nothing without rows says nothing of the rest of the bill before.
func TestABillOfNothingShowsNoPaymentOfTheBillBefore(t *testing.T) {
	c := unpaid("oct", "nov")
	c.Bills[2].Total, c.Rows = amount("0"), c.Rows[:2]
	oct, nov := find(t, c, "oct"), find(t, c, "nov")
	if nov.Check != bills.CheckUnknown || oct.State != bills.Overdue {
		t.Errorf("october is %s, november %s (difference %s)", oct.State, nov.Check, text(nov.Difference))
	}
}

// A forecast is off by one month near a closing date. The row is then uncertain, and neither bill differs.
func TestAForecastThatTheDatesContradictIsUncertain(t *testing.T) {
	for _, test := range []struct {
		day      domain.Date
		forecast domain.BillMonth
		of       string // the bill whose total has the row
	}{
		{"2026-10-05", "2026-12", "nov"}, {"2026-10-02", "2026-11", "oct"}, {"2026-10-03", "2026-11", "oct"},
		{"2026-10-05", "2026-10", "nov"}, {"2026-10-20", "2026-10", "nov"}, {"2026-09-05", "2026-11", "oct"},
	} {
		c := threeBills()
		for i, b := range c.Bills { // the bank forecasts the month in which a bill is due
			if b.ID == test.of {
				c.Bills[i].Total = b.Total.Add(amount("25"))
				c.Bills[i].Payments[0].Amount = c.Bills[i].Total
			}
			for range 3 {
				r := row(b.ClosingDate.AddDays(-10), "0", named(b.ID))
				r.Forecast = domain.BillMonthOf(b.DueDate)
				c.Rows = append(c.Rows, r)
			}
		}
		c.Rows = append(c.Rows, row(test.day, "25", domain.CardFacts{Forecast: test.forecast}))
		r := bills.Evaluate(c)
		if a := r.Rows[len(r.Rows)-1]; a.Bill != test.of && !a.Uncertain {
			t.Errorf("a row of %s with the forecast %s is on %+v", test.day, test.forecast, a)
		}
		for _, b := range r.Bills {
			if b.Check == bills.Differs {
				t.Errorf("a row of %s with the forecast %s: %s differs by %s", test.day, test.forecast, b.ID,
					text(b.Difference))
			}
		}
	}
}

// The day of a posted row that is on no bill is no day up to which the bills are complete.
func TestAPostedRowThatTheBankHasNotPlacedIsUnbilled(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*bills.Row)
		want   domain.Date
	}{
		"posted":               {func(*bills.Row) {}, "2026-10-20"},
		"pending":              {func(r *bills.Row) { r.Pending = true }, ""},
		"on the closing date":  {func(r *bills.Row) { r.Date = "2026-11-03" }, "2026-11-03"},
		"after the closing":    {func(r *bills.Row) { r.Date = "2026-11-05" }, ""},
		"a later instalment":   {func(r *bills.Row) { r.Number, r.Count, r.PurchaseDate = 5, 6, r.Date }, ""},
		"the first instalment": {func(r *bills.Row) { r.Number, r.Count, r.PurchaseDate = 1, 6, r.Date }, "2026-10-20"},
	} {
		c := threeBills()
		r := row("2026-10-20", "15", domain.CardFacts{Forecast: domain.Unbilled})
		test.change(&r)
		c.Rows = append(c.Rows, r)
		if got := bills.Evaluate(c).UnbilledTo; got != test.want {
			t.Errorf("%s: unbilled to %q, want %q", name, got, test.want)
		}
	}
}

// Banks leave rows of a closed bill pending for days. Such a row may be the difference.
func TestAPendingRowOfAClosedBillMayBeTheDifference(t *testing.T) {
	c := threeBills()
	c.Bills[2].Total = amount("710")
	pending := row("2026-10-20", "60", domain.CardFacts{Forecast: domain.Unbilled})
	pending.Pending = true
	c.Rows = append(c.Rows, pending)
	if nov := find(t, c, "nov"); nov.Check != bills.CheckUnknown {
		t.Errorf("november is %s", nov.Check)
	}
	c.Rows[3].Date = "2026-11-10"
	if nov := find(t, c, "nov"); nov.Check != bills.Differs {
		t.Errorf("beside a row of a later day, november is %s", nov.Check)
	}
}

// What the bill before the oldest one has left is not known, and neither is its closing date.
func TestTheOldestBillDiffersOnlyIfItsRowsAreKnown(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*bills.Card)
		want   bills.Check
	}{
		"its rows name it": {func(*bills.Card) {}, bills.Differs},
		"a row is on it because of its date": {
			func(c *bills.Card) { c.Rows = append(c.Rows, row("2026-08-20", "5", named(""))) }, bills.CheckUnknown,
		},
		"late charges show that it has a rest": {func(c *bills.Card) {
			c.Bills[0].FinanceCharges = []bills.Charge{{Type: "LATE_PAYMENT_FEE", Amount: amount("14")}}
		}, bills.CheckUnknown},
	} {
		c := threeBills()
		c.Bills = slices.Clip(c.Bills[:1])
		c.Bills[0].Total = amount("900")
		test.change(&c)
		if b := find(t, c, "sep"); b.Check != test.want {
			t.Errorf("%s: %s (difference %s)", name, b.Check, text(b.Difference))
		}
	}
}

// A row that cannot be read may be on any bill, and may be a payment.
func TestUnreadableRowsLeaveDifferencesAndPaymentsUnknown(t *testing.T) {
	c := threeBills()
	c.Unreadable = true
	c.Bills[1].Total, c.Bills[2].Payments = amount("800"), nil
	c.Bills[1].Payments[0].Amount = amount("800")
	sep, oct, nov := find(t, c, "sep"), find(t, c, "oct"), find(t, c, "nov")
	if oct.Check != bills.CheckUnknown || sep.Check != bills.AddsUp {
		t.Errorf("october is %s, september %s", oct.Check, sep.Check)
	}
	if nov.State != bills.StateUnknown || sep.State != bills.Paid {
		t.Errorf("november is %s, september %s", nov.State, sep.State)
	}
}

// A payment before the closing date of the only known bill is that of the bill before: this bank lists payments late.
func TestTheOnlyBillIsNotOverdueIfItListsThePaymentOfTheBillBefore(t *testing.T) {
	c := threeBills()
	c.Bills = slices.Clip(c.Bills[2:])
	c.Bills[0].Payments = []bills.ListedPayment{payment("2026-10-10", "900")}
	if nov := find(t, c, "nov"); nov.State != bills.StateUnknown {
		t.Errorf("november is %s", nov.State)
	}
}

// What was paid too much, or a bill that is a credit, reduces the next total (C + R of rule B). A total without it may
// mean that the bank has paid the credit out, or that a row is missing.
func TestATotalWithoutTheCreditOfTheBillBeforeIsUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		before, paid, total string
		check               bills.Check
		difference          string
	}{
		"paid too much, and the total has the credit":   {"700", "800", "550", bills.AddsUp, "0"},
		"paid too much, and the total lacks the credit": {"700", "800", "650", bills.CheckUnknown, "100"},
		"paid too much, and neither":                    {"700", "800", "900", bills.Differs, "350"},
		"paid twice, and the total lacks the credit":    {"650", "1300", "650", bills.CheckUnknown, "650"},
		"a credit, and the total has it":                {"-40", "", "610", bills.AddsUp, "0"},
		"a credit, and the total lacks it":              {"-40", "", "650", bills.CheckUnknown, "40"},
		"paid too much by a rounding":                   {"700", "700.05", "650", bills.AddsUp, "0"},
	} {
		c := threeBills()
		c.Bills[1].Total, c.Bills[1].Payments = amount(test.before), nil
		if test.paid != "" {
			c.Bills[1].Payments = []bills.ListedPayment{payment("2026-10-10", test.paid)}
		}
		c.Bills[2].Total = amount(test.total)
		if nov := find(t, c, "nov"); nov.Check != test.check || text(nov.Difference) != test.difference {
			t.Errorf("%s: %s (difference %s)", name, nov.Check, text(nov.Difference))
		}
	}
}

// A payment that a bill lists, of exactly its total, and that was made before its closing date, settles this bill. It
// is no credit of the bill before, although it lies in the period in which that one is paid.
func TestAPaymentBeforeTheClosingDateIsNoCredit(t *testing.T) {
	c := threeBills()
	c.Bills[1].Total, c.Bills[1].Payments = amount("700"), []bills.ListedPayment{payment("2026-10-10", "700")}
	c.Bills[2].Total, c.Bills[2].Payments = amount("650"), []bills.ListedPayment{payment("2026-10-25", "650")}
	nov := find(t, c, "nov")
	if nov.Check != bills.AddsUp || text(nov.Difference) != "0" || text(nov.Carried) != "0" {
		t.Errorf("%s (difference %s, carried %s)", nov.Check, text(nov.Difference), text(nov.Carried))
	}
	if nov.State != bills.StateUnknown {
		t.Errorf("the state is %s", nov.State)
	}
}
