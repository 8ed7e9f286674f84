package bills_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about verdicts that would go further than what is known.

// threeBills returns a card with the bills sep, oct and nov, which are 500, 700 and 650. Each has one row and is paid
// on its due date. The bank was read on 28 November 2026.
func threeBills() bills.Card {
	card := bills.Card{Today: "2026-11-28", CoversTo: "2026-11-26", Currency: "BRL"}
	for i, total := range []string{"500", "700", "650"} {
		id := []string{"sep", "oct", "nov"}[i]
		closing := domain.Date("2026-" + []string{"09", "10", "11"}[i] + "-03")
		b := bill(id, closing, closing.AddDays(7), total, payment(closing.AddDays(7), total))
		b.CoversTo = card.CoversTo
		card.Bills = append(card.Bills, b)
		card.Rows = append(card.Rows, row(closing.AddDays(-14), total, named(id)))
	}
	return card
}

func payment(day domain.Date, total string) bills.ListedPayment {
	return bills.ListedPayment{Date: day, Amount: amount(total)}
}

// find returns the evaluated bill with an id.
func find(t *testing.T, c bills.Card, id string) bills.Evaluated {
	t.Helper()
	for _, b := range bills.Evaluate(c).Bills {
		if b.ID == id {
			return b
		}
	}
	t.Fatalf("there is no bill %s", id)
	return bills.Evaluated{}
}

func TestAPaymentThatIsBookedAfterAWeekendCountsOnce(t *testing.T) {
	for name, days := range map[string][2]domain.Date{
		"listed on a Saturday, booked on Tuesday": {"2026-11-07", "2026-11-10"},
		"listed on a Friday, booked on Monday":    {"2026-11-06", "2026-11-09"},
		"booked first":                            {"2026-11-10", "2026-11-07"},
		"listed on a Wednesday, booked next day":  {"2026-11-04", "2026-11-05"},
	} {
		c := threeBills()
		c.Bills[2].Payments = []bills.ListedPayment{payment(days[0], "325")}
		c.Rows = append(c.Rows, row(days[1], "-325", domain.CardFacts{Payment: true}))
		c.Rows[3].ID = domain.TransactionID{UUID: uuid.New()}
		if b := find(t, c, "nov"); b.State != bills.PartlyPaid || len(b.Paid) != 1 || b.Paid[0].Row != c.Rows[3].ID {
			t.Errorf("%s: %s, paid %+v", name, b.State, b.Paid)
		}
	}
	c := threeBills()
	c.Bills[2].Payments = []bills.ListedPayment{payment("2026-11-04", "325")}
	c.Rows = append(c.Rows, row("2026-11-06", "-325", domain.CardFacts{Payment: true}))
	if b := find(t, c, "nov"); b.State != bills.Paid || len(b.Paid) != 2 {
		t.Errorf("two halves on two days: %s, paid %+v", b.State, b.Paid)
	}
}

// The vendor lists the payments of October with October and with November.
func TestTwoListedPaymentsOfNearDaysMayBeTwoPayments(t *testing.T) {
	for name, test := range map[string]struct {
		first, second domain.Date
		nov           bills.Check // the total of November is 100 less than its rows and the rest of October
	}{
		"one day apart, so that they are one": {"2026-10-08", "2026-10-09", bills.Differs},
		"a weekend apart":                     {"2026-10-09", "2026-10-13", bills.CheckUnknown},
	} {
		c := threeBills()
		c.Bills[1].Payments = []bills.ListedPayment{payment(test.first, "350")}
		c.Bills[2].Payments = append(c.Bills[2].Payments, payment(test.second, "350"))
		c.Bills[2].Total = amount("900")
		if nov := find(t, c, "nov"); nov.Check != test.nov {
			t.Errorf("%s: november is %s (difference %s)", name, nov.Check, text(nov.Difference))
		}
	}
	for second, want := range map[domain.Date]bills.State{
		"2026-10-10": bills.Overdue, "2026-10-13": bills.StateUnknown,
	} {
		c := unpaid("sep")
		c.Bills[1].Total = amount("730") // October does not show that September was settled
		c.Bills[1].Payments = []bills.ListedPayment{payment("2026-10-09", "350")}
		c.Bills[2].Payments = append(c.Bills[2].Payments, payment(second, "350"))
		if sep := find(t, c, "sep"); sep.State != want {
			t.Errorf("listed again on %s: september is %s, want %s", second, sep.State, want)
		}
	}
}

// A row that may be on another bill may be what the total of that bill has more than its rows.
func TestWhichBillsAnUncertainRowMayExplain(t *testing.T) {
	instalment := func(number int) domain.CardFacts {
		return domain.CardFacts{Number: number, Count: 5, PurchaseDate: "2026-07-20"}
	}
	forecast := func(month domain.BillMonth) domain.CardFacts { return domain.CardFacts{Forecast: month} }
	for name, test := range map[string]struct {
		day     domain.Date
		facts   domain.CardFacts
		pending bool
		learned int      // the number of posted rows that are due in the month after their forecast
		want    []string // the bills whose differences of 60 it may explain
	}{
		"in the middle of a period":     {"2026-10-20", domain.CardFacts{}, false, 0, nil},
		"on a closing date":             {"2026-10-03", domain.CardFacts{}, false, 0, []string{"sep", "oct", "nov"}},
		"three days after the last one": {"2026-11-06", domain.CardFacts{}, false, 0, []string{"nov"}},
		"four days after the last one":  {"2026-11-07", domain.CardFacts{}, false, 0, nil},
		"an instalment whose day is only estimated": {
			"2026-07-20", instalment(3), false, 0, []string{"sep", "oct", "nov"},
		},
		"a later instalment, which may be dated to its own day": {
			"2026-07-20", instalment(4), false, 0, []string{"sep", "oct", "nov"},
		},
		"pending, with the month of a closed bill": {
			"2026-11-20", forecast("2026-11"), true, 0, []string{"nov"},
		},
		"pending, with the month before a closed bill": {
			"2026-11-20", forecast("2026-10"), true, 5, []string{"oct", "nov"},
		},
		"pending, with a later month": {"2026-11-04", forecast("2026-12"), true, 0, nil},
	} {
		c := threeBills()
		forecasts(&c, test.learned, 1)
		r := row(test.day, "60", test.facts)
		r.Pending = test.pending
		c.Rows = append(c.Rows, r)
		for i := range c.Bills { // what the rows reach now, and 60 more or less
			reached := find(t, c, c.Bills[i].ID).Rows.Sum
			c.Bills[i].Total = reached.Add(amount("60"))
			c.Bills[i].Payments[0].Amount = c.Bills[i].Total
		}
		for _, b := range bills.Evaluate(c).Bills {
			explained := slices.Contains(test.want, b.ID)
			if explained && b.Check != bills.CheckUnknown || !explained && b.Check != bills.Differs {
				t.Errorf("%s: %s is %s (difference %s)", name, b.ID, b.Check, text(b.Difference))
			}
		}
	}
}

// Both distances are known, and the dates contradict that of pending rows.
func TestAPendingRowMayNotBeOnTheBillOfItsForecast(t *testing.T) {
	c := threeBills()
	for range 5 {
		r := row("2026-10-20", "0", named("nov"))
		r.Former.PendingForecast = "2026-10"
		c.Rows = append(c.Rows, r)
	}
	pending := row("2026-09-20", "60", domain.CardFacts{Forecast: "2026-10"})
	pending.Pending = true
	if a := placed(c, pending); a.Bill != "nov" || !a.Uncertain {
		t.Errorf("the row is on %+v", a)
	}
	c.Rows = append(c.Rows, pending)
	if nov := find(t, c, "nov"); nov.Check != bills.CheckUnknown || text(nov.Difference) != "-60" {
		t.Errorf("november is %s (difference %s)", nov.Check, text(nov.Difference))
	}
}

// A payment that settles no known bill may have settled a part of one that is near.
func TestAPaymentOfNoKnownBillMayBeTheDifference(t *testing.T) {
	for paid, want := range map[string]bills.Check{"50": bills.Differs, "100": bills.CheckUnknown} {
		c := threeBills()
		c.Bills[0].Total, c.Bills[0].Payments[0].Amount = amount("560"), amount("560")
		c.Rows = append(c.Rows, paymentRow("2026-08-20", paid))
		if sep := find(t, c, "sep"); sep.Check != want || text(sep.Difference) != "60" {
			t.Errorf("with a payment of %s, september is %s (difference %s)", paid, sep.Check, text(sep.Difference))
		}
	}
}

func TestAPaymentThatTwoBillsListAfterAHolidayCountsOnce(t *testing.T) {
	c := threeBills()
	c.Bills[1].Payments = []bills.ListedPayment{payment("2026-10-09", "350")}
	c.Bills[2].Payments = append(c.Bills[2].Payments, payment("2026-10-13", "350"))
	if b := find(t, c, "oct"); b.State == bills.Paid {
		t.Errorf("half of the bill is paid, and it is %s", b.State)
	}
}

func TestARowThatIsDueLaterExplainsNoDifference(t *testing.T) {
	c := threeBills()
	for i := range 6 { // this bank forecasts the month before the due month
		r := row(domain.Date("2026-10-05").AddDays(i), "0", named("nov"))
		r.Forecast = "2026-10"
		c.Rows = append(c.Rows, r)
	}
	c.Bills[2].Total = amount("758.98")
	for _, forecast := range []domain.BillMonth{"2027-05", "2026-12"} {
		pending := row("2026-11-04", "120", domain.CardFacts{Forecast: forecast})
		pending.Pending = true
		card := c
		card.Rows = append(slices.Clip(card.Rows), pending)
		if b := find(t, card, "nov"); b.Check != bills.Differs || text(b.Difference) != "108.98" {
			t.Errorf("beside a row of %s, the check is %s %s", forecast, b.Check, text(b.Difference))
		}
	}
}

// The bank shows a payment only with the next bill, so nothing is known of the newest one.
func TestTheNewestBillIsNotOverdueIfPaymentsAreListedWithTheNextOne(t *testing.T) {
	c := threeBills()
	for i := range c.Bills {
		c.Bills[i].Payments = nil
	}
	c.Bills[1].Payments = []bills.ListedPayment{payment("2026-09-10", "500")}
	c.Bills[2].Payments = []bills.ListedPayment{payment("2026-10-10", "700")}
	if b := find(t, c, "nov"); b.State != bills.StateUnknown {
		t.Errorf("the newest bill is %s", b.State)
	}
	c.Rows = append([]bills.Row{
		row("2026-10-10", "-700", domain.CardFacts{Payment: true}),
		row("2026-09-10", "-500", domain.CardFacts{Payment: true}),
	}, c.Rows...)
	if b := find(t, c, "nov"); b.State != bills.Overdue {
		t.Errorf("the rows of the card show payments, and the newest bill is %s", b.State)
	}
}

func TestAPostedRowKeepsTheBillThatItHasNamed(t *testing.T) {
	c := threeBills()
	id := uuid.New()
	c.Bills[2].ID = id.String()
	c.Rows[2].CardFacts = domain.CardFacts{Number: 2, Count: 3}
	c.Rows[2].Date = "2026-09-12"
	c.Rows[2].Former = domain.CardBill{
		ID: domain.BillID{UUID: id}, Month: "2026-11", Basis: string(bills.ByVendor),
	}
	if a := bills.Evaluate(c).Rows[2]; a.Bill != id.String() || a.Basis != bills.ByVendor || a.Uncertain {
		t.Errorf("the row is on %+v", a)
	}
	c.Rows[2].Pending = true // the vendor has taken it off
	if a := bills.Evaluate(c).Rows[2]; a.Basis == bills.ByVendor {
		t.Errorf("the pending row is on %+v", a)
	}
}

func TestWhatIsPaidAfterTheNextClosingIsNoPartOfWhatItCarried(t *testing.T) {
	c := threeBills()
	c.Bills[1].Payments = nil
	c.Bills[2].Total = amount("1364")
	c.Bills[2].FinanceCharges = []bills.Charge{{Type: "LATE_PAYMENT_FEE", Amount: amount("14")}}
	c.Bills[2].Payments = []bills.ListedPayment{payment("2026-11-05", "700")}
	oct, nov := find(t, c, "oct"), find(t, c, "nov")
	if oct.State != bills.CarriedOver || nov.Check != bills.AddsUp || nov.State != bills.PartlyPaid {
		t.Errorf("october is %s, november %s and %s", oct.State, nov.Check, nov.State)
	}
}

func TestATotalWithoutARestShowsThatTheBillBeforeWasSettled(t *testing.T) {
	c := threeBills()
	c.Bills[1].Payments = nil
	oct, nov := find(t, c, "oct"), find(t, c, "nov")
	if oct.State != bills.StateUnknown || nov.Check != bills.AddsUp {
		t.Errorf("october is %s, november %s (difference %s)", oct.State, nov.Check, text(nov.Difference))
	}
	c = threeBills()
	c.Bills[2].Payments = []bills.ListedPayment{payment("2026-11-01", "650")} // two days before the closing
	if nov := find(t, c, "nov"); nov.Check != bills.AddsUp || nov.State != bills.StateUnknown {
		t.Errorf("paid before the closing: %s, %s", nov.Check, nov.State)
	}
}

// Open Finance dates all instalments to the purchase.
func TestAnOpenInstalmentFollowsTheOthersOfItsPurchase(t *testing.T) {
	c := threeBills()
	c.Bills[0].Total, c.Bills[1].Total, c.Bills[2].Total = amount("600"), amount("800"), amount("750")
	for i := range c.Bills {
		c.Bills[i].Payments[0].Amount = c.Bills[i].Total
		r := row("2026-08-20", "100", domain.CardFacts{Bill: c.Bills[i].ID, Number: i + 1, Count: 5})
		r.Text = "MOVEIS 0" + string(rune('1'+i)) + "/05"
		c.Rows = append(c.Rows, r)
	}
	open := row("2026-08-20", "100", domain.CardFacts{Number: 4, Count: 5})
	open.Pending, open.Text = true, "MOVEIS 04/05"
	c.Rows = append(c.Rows, open)
	r := bills.Evaluate(c)
	if a := r.Rows[6]; a.Bill != "" || !a.Open || a.Month != "2026-12" {
		t.Errorf("the fourth instalment is on %+v", a)
	}
	for _, b := range r.Bills {
		if b.Check != bills.AddsUp {
			t.Errorf("%s is %s", b.ID, b.Check)
		}
	}
	c.Rows = append(c.Rows[:3:3], open) // the others are not known
	if a := bills.Evaluate(c).Rows[3]; a.Bill != "" || !a.Open || !a.Uncertain {
		t.Errorf("alone, the fourth instalment is on %+v", a)
	}
}

func TestABillOfTheSameDueDateIsNotTheBillBefore(t *testing.T) {
	for _, total := range []string{"600", "680"} {
		c := threeBills()
		c.Bills = append(c.Bills, bill("other", "2026-11-03", "2026-11-10", total))
		c.Bills[3].CoversTo = c.CoversTo
		if nov := find(t, c, "nov"); nov.Check != bills.AddsUp || text(nov.Carried) != "0" {
			t.Errorf("beside a bill of %s: %s, carried %s", total, nov.Check, text(nov.Carried))
		}
		c.Bills = append(c.Bills, bill("oldest", "2026-09-03", "2026-09-10", "40"))
		for _, id := range []string{"sep", "oldest"} {
			if b := find(t, c, id); b.Carried != nil {
				t.Errorf("%s, which is one of the oldest bills, carries %s", id, b.Carried)
			}
		}
		if other := find(t, c, "other"); other.State == bills.Overdue || other.Check == bills.Differs {
			t.Errorf("the other bill is %s and %s", other.State, other.Check)
		}
	}
}

func TestAPaymentThatCannotBeReadMaySettleTheBill(t *testing.T) {
	c := threeBills()
	c.Bills[2].Payments, c.Bills[2].UnreadPayments = nil, true
	if nov := find(t, c, "nov"); nov.State != bills.StateUnknown {
		t.Errorf("the bill is %s", nov.State)
	}
}

func TestARowOfAnUnknownBillIsNotOpen(t *testing.T) {
	c := threeBills()
	c.Bills = c.Bills[:2]
	if r := bills.Evaluate(c); r.Rows[2].Open || !r.Rows[2].Uncertain || len(r.Open) > 0 {
		t.Errorf("the row is %+v, open are %+v", r.Rows[2], r.Open)
	}
}

func TestAPaymentThatIsReturnedSettlesNothing(t *testing.T) {
	for _, listed := range []bool{true, false} {
		c := threeBills()
		if !listed {
			c.Bills[2].Payments = nil
		}
		paid, returned := row(
			"2026-11-10",
			"-650",
			domain.CardFacts{Payment: true},
		), row(
			"2026-11-11",
			"650",
			named(""),
		)
		returned.Text = "PAGAMENTO DEVOLVIDO"
		c.Rows = append(c.Rows, paid, returned)
		r := bills.Evaluate(c)
		if b := r.Bills[0]; b.State != bills.Overdue || len(b.Paid) > 0 || !r.Rows[4].Payment || len(r.Open) > 0 {
			t.Errorf("listed: %t: the bill is %s, the row %+v, open %+v", listed, b.State, r.Rows[4], r.Open)
		}
		c.Rows[4].Text = "LOJA" // a purchase of the same amount
		if b := find(t, c, "nov"); b.State != bills.Paid {
			t.Errorf("listed: %t: beside a purchase of the same amount, the bill is %s", listed, b.State)
		}
	}
}
