package bills_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// bill returns a bill in BRL.
func bill(id string, closing, due domain.Date, total string, payments ...bills.ListedPayment) bills.Bill {
	return bills.Bill{ID: id, Data: bills.Data{
		ExternalID: id, ClosingDate: closing, DueDate: due, Total: amount(total), Currency: "BRL", Payments: payments,
	}}
}

// row returns a posted row.
func row(date domain.Date, owed string, facts domain.CardFacts) bills.Row {
	return bills.Row{Date: date, Amount: amount(owed), CardFacts: facts}
}

// named returns the facts of a row that names a bill.
func named(id string) domain.CardFacts { return domain.CardFacts{Bill: id} }

// twoBills returns the documented sample: 644.26, of which 400.00 are paid, and 744.52 = 244.26 + 480.00 + 20.26.
func twoBills() bills.Card {
	october := bill("october", "2026-09-28", "2026-10-05", "644.26",
		bills.ListedPayment{Date: "2026-10-05", Amount: amount("400"), Mode: "PIX"})
	november := bill("november", "2026-10-28", "2026-11-05", "744.52",
		bills.ListedPayment{Date: "2026-11-05", Amount: amount("744.52"), Mode: "DEBIT_ACCOUNT"})
	november.FinanceCharges = []bills.Charge{
		{Type: "LATE_PAYMENT_REMUNERATIVE_INTEREST", Amount: amount("12.3")},
		{Type: "LATE_PAYMENT_FEE", Amount: amount("4.89")},
		{Type: "LATE_PAYMENT_INTEREST", Amount: amount("1.02")},
		{Type: "IOF", Amount: amount("2.05")},
		{Type: "OTHER", Amount: amount("500"), NoCost: true},
	}
	next := domain.CardFacts{Bill: "november", Payment: true, Forecast: "2026-11"}
	pending := row("2026-11-10", "300", domain.CardFacts{Forecast: "2026-12", Number: 3, Count: 3})
	unbilled := row("2026-11-05", "58.9", domain.CardFacts{Forecast: domain.Unbilled})
	pending.Pending, unbilled.Pending = true, true
	return bills.Card{
		Bills: []bills.Bill{november, october}, Today: "2026-11-06", CoversTo: "2026-11-05", Currency: "BRL",
		Rows: []bills.Row{
			pending, unbilled,
			row("2026-11-05", "-744.52", domain.CardFacts{Payment: true, Forecast: "2026-12"}),
			row("2026-10-10", "300", named("november")), row("2026-10-18", "150", named("november")),
			row("2026-10-20", "30", named("november")), row("2026-10-05", "-400", next),
			row("2026-09-03", "240", named("october")), row("2026-09-10", "300", named("october")),
			row("2026-09-12", "-40", named("october")), row("2026-09-15", "110.4", named("october")),
			row("2026-09-15", "3.86", named("october")), row("2026-09-20", "30", named("october")),
		},
	}
}

func TestTheSampleOfTwoBillsAddsUp(t *testing.T) {
	r := bills.Evaluate(twoBills())
	for i, want := range []struct {
		id, sum, difference, carried string
		count                        int
		form                         bills.Form
		state                        bills.State
	}{
		{"november", "480", "0", "244.26", 3, bills.OfRowsAndCharges, bills.Paid},
		{"october", "644.26", "0", "", 6, bills.OfRows, bills.CarriedOver},
	} {
		b := r.Bills[i]
		if b.ID != want.id || b.Rows.Count != want.count || !b.Rows.Sum.Equal(amount(want.sum)) ||
			b.Check != bills.AddsUp || b.Form != want.form || b.State != want.state || len(b.Paid) != 1 ||
			!b.Difference.Equal(amount(want.difference)) || text(b.Carried) != want.carried {
			t.Errorf("got %+v (carried %s), want %+v", b, text(b.Carried), want)
		}
	}
	if a := r.Rows[6]; a.Bill != "october" || !a.Payment {
		t.Errorf("the payment that names the next bill is on %+v, want october", a)
	}
	if a := r.Rows[2]; a.Bill != "november" || a.Month != "2026-11" {
		t.Errorf("the payment of the newest bill is on %+v", a)
	}
	if len(r.Open) != 2 || r.Open[0].Month != "2026-12" || !r.Open[0].Sum.Equal(amount("300")) ||
		r.Open[1].Month != "" || r.Open[1].Count != 1 {
		t.Errorf("the open rows are %+v", r.Open)
	}
}

func text(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return d.String()
}

func TestATotalThatTheRowsDoNotReachShowsTheDifference(t *testing.T) {
	c := bills.Card{
		Bills: []bills.Bill{bill("b", "2026-03-03", "2026-03-10", "4195.66")},
		Rows:  []bills.Row{row("2026-02-10", "4000", named("b")), row("2026-02-12", "86.68", named("b"))},
		Today: "2026-04-01", Currency: "BRL",
	}
	b := bills.Evaluate(c).Bills[0]
	if b.Check != bills.Differs || text(b.Difference) != "108.98" || !b.Total.Equal(amount("4195.66")) {
		t.Errorf("got %s, difference %s, total %s", b.Check, text(b.Difference), b.Total)
	}
}

// The closing dates are not stated, and move between the 26th and the 30th. Rows of these days land a bill later.
func TestRowsNearADerivedClosingDateAreUncertain(t *testing.T) {
	march, december := bill("march", "", "2026-03-05", "10"), bill("december", "", "2026-12-05", "40")
	february, november := bill("february", "", "2026-02-05", "5"), bill("november", "", "2026-11-05", "5")
	c := bills.Card{Bills: []bills.Bill{february, march, november, december}, Today: "2026-12-20", Currency: "BRL"}
	for _, day := range []domain.Date{"2026-02-26", "2026-11-27", "2026-11-28", "2026-11-29"} {
		c.Rows = append(c.Rows, row(day, "10", domain.CardFacts{}))
	}
	c.Rows = append(c.Rows, row("2026-11-15", "40", domain.CardFacts{}))
	r := bills.Evaluate(c)
	for i, a := range r.Rows[:4] {
		if !a.Uncertain || a.Basis != bills.ByDates {
			t.Errorf("the row of %s is %+v, want uncertain", c.Rows[i].Date, a)
		}
	}
	if a := r.Rows[4]; a.Uncertain || a.Bill != "december" {
		t.Errorf("the row in the middle of a period is %+v", a)
	}
	if rows := r.Bills[0].Rows; rows.Count != 3 || rows.Uncertain != 2 {
		t.Errorf("december has the rows %+v", rows)
	}
}

func TestTwoIDsOfOneBillAreOneBill(t *testing.T) {
	c := bills.Card{
		Bills: []bills.Bill{
			bill("first", "2026-03-03", "2026-03-10", "30"), bill("second", "2026-03-03", "2026-03-10", "30"),
		},
		Rows: []bills.Row{
			row("2026-02-10", "10", named("second")), row("2026-02-11", "10", named("second")),
			row("2026-02-12", "10", named("first")),
		},
		Today: "2026-04-01", Currency: "BRL",
	}
	r := bills.Evaluate(c)
	if kept := r.Bills[0]; kept.ID != "second" || kept.Rows.Count != 3 || kept.Check != bills.AddsUp {
		t.Errorf("the kept bill is %+v", kept)
	}
	if other := r.Bills[1]; other.ID != "first" || other.SameAs != "second" {
		t.Errorf("the other bill is %+v", other)
	}
}

// Two bills of a list are one if they have one due date, closing date, total and currency. A closing date may be
// missing.
func TestWhichBillsAreOneBill(t *testing.T) {
	one := bill("one", "2026-03-03", "2026-03-10", "30")
	for name, test := range map[string]struct {
		change func(*bills.Bill)
		same   bool
	}{
		"equal":                  {func(*bills.Bill) {}, true},
		"without a closing date": {func(b *bills.Bill) { b.ClosingDate = "" }, true},
		"another closing date":   {func(b *bills.Bill) { b.ClosingDate = "2026-03-04" }, false},
		"another due date":       {func(b *bills.Bill) { b.DueDate = "2026-03-11" }, false},
		"another total":          {func(b *bills.Bill) { b.Total = amount("30.01") }, false},
		"another currency":       {func(b *bills.Bill) { b.Currency = "USD" }, false},
	} {
		two := bill("two", "2026-03-03", "2026-03-10", "30")
		test.change(&two)
		found := bills.Evaluate(bills.Card{Bills: []bills.Bill{one, two}, Today: "2026-04-01", Currency: "BRL"}).Bills
		if same := found[0].SameAs != "" || found[1].SameAs != ""; same != test.same {
			t.Errorf("%s: one bill: %t", name, same)
		}
	}
}

func TestTheStateOfABill(t *testing.T) {
	bank := func(date domain.Date, owed string) bills.ListedPayment {
		return bills.ListedPayment{Date: date, Amount: amount(owed)}
	}
	earlier := bill("earlier", "2026-01-28", "2026-02-05", "90", bank("2026-02-04", "90"))
	for name, c := range map[string]struct {
		bills    []bills.Bill
		coversTo domain.Date
		want     bills.State
	}{
		"paid in full": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-03-05", "100"))}, "2026-03-20",
			bills.Paid,
		},
		"paid but for a rounding": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-03-05", "99.96"))}, "2026-03-20",
			bills.Paid,
		},
		"a credit": {[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "-20")}, "2026-03-20", bills.Paid},
		"paid in part after the due date": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-03-05", "60"))}, "2026-03-20",
			bills.PartlyPaid,
		},
		"due date on a Thursday, read to Thursday": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-05", "100")}, "2026-03-05", bills.Due,
		},
		"due date on a Thursday, read to Friday": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-05", "100")}, "2026-03-06", bills.Overdue,
		},
		"due date on a Saturday, read to Monday": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-07", "100")}, "2026-03-09", bills.Due,
		},
		"due date on a Saturday, read to Tuesday": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-07", "100")}, "2026-03-10", bills.Overdue,
		},
		"no payment was ever seen": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100")}, "2026-03-20", bills.StateUnknown,
		},
		"only payments of nothing were seen": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-03-05", "0"))}, "2026-03-20",
			bills.StateUnknown,
		},
		"paid today": {
			[]bills.Bill{bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-03-21", "100"))}, "2026-03-20",
			bills.Paid,
		},
		"the list has the payment of the bill before": {
			[]bills.Bill{
				bill("a", "2026-01-25", "2026-02-05", "100"),
				bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-02-05", "100")),
			}, "2026-03-20", bills.StateUnknown, // the bank lists a payment only with the next bill
		},
		"a payment before the closing date": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-02-20", "100"))},
			"2026-03-20",
			bills.Overdue,
		},
		"a payment near a derived closing date": {
			[]bills.Bill{earlier, bill("b", "", "2026-03-05", "100", bank("2026-02-27", "150"))}, "2026-03-20",
			bills.StateUnknown,
		},
		"a payment that the bank has dated in the future": {
			[]bills.Bill{earlier, bill("b", "2026-02-25", "2026-03-05", "100", bank("2026-04-05", "100"))},
			"2026-03-20",
			bills.Overdue,
		},
	} {
		for i := range c.bills {
			c.bills[i].CoversTo = c.coversTo
		}
		card := bills.Card{Bills: c.bills, CoversTo: c.coversTo, Today: c.coversTo.AddDays(1), Currency: "BRL"}
		if got := bills.Evaluate(card).Bills[0].State; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A vendor may list bills less often than it reads the rows of the card. A payment of the last days is then missing
// from the list.
func TestABillIsOverdueOnlyIfTheListIsFromAfterTheDueDate(t *testing.T) {
	paid := bills.ListedPayment{Date: "2026-02-04", Amount: amount("90")}
	earlier, b := bill("earlier", "2026-01-28", "2026-02-05", "90", paid), bill("b", "2026-02-25", "2026-03-05", "100")
	for covered, want := range map[domain.Date]bills.State{
		"": bills.Due, "2026-03-05": bills.Due, "2026-03-06": bills.Overdue,
	} {
		b.CoversTo = covered
		card := bills.Card{
			Bills: []bills.Bill{earlier, b}, CoversTo: "2026-03-20", Today: "2026-03-21", Currency: "BRL",
		}
		if got := bills.Evaluate(card).Bills[0].State; got != want {
			t.Errorf("listed when %q was covered: %s, want %s", covered, got, want)
		}
	}
}

// A payment that has not arrived, or that may be of another bill, may settle the bill.
func TestABillThatMayBePaidIsNotOverdue(t *testing.T) {
	paid := bills.ListedPayment{Date: "2026-02-04", Amount: amount("90")}
	earlier, b := bill("earlier", "2026-01-28", "2026-02-05", "90", paid), bill("b", "2026-02-25", "2026-03-05", "100")
	b.CoversTo = "2026-03-20"
	pending := row("2026-03-05", "-100", domain.CardFacts{Payment: true})
	pending.Pending = true
	twin := bill("twin", "2026-02-27", "2026-03-07", "100")
	twin.CoversTo = "2026-03-20"
	withPayment := b
	withPayment.Payments = []bills.ListedPayment{{Date: "2026-03-05", Amount: amount("100")}}
	for name, card := range map[string]bills.Card{
		"a pending payment": {Bills: []bills.Bill{earlier, b}, Rows: []bills.Row{pending}},
		"the bill has two ids and two due dates, one of which has the payment": {
			Bills: []bills.Bill{earlier, withPayment, twin},
		},
	} {
		card.CoversTo, card.Today, card.Currency = "2026-03-20", "2026-03-21", "BRL"
		for _, found := range bills.Evaluate(card).Bills[:len(card.Bills)-1] {
			if found.State != bills.StateUnknown && found.State != bills.CarriedOver {
				t.Errorf("%s: %s is %s", name, found.ID, found.State)
			}
		}
	}
}

func TestABillIsClosedIfItWasClosedWhenTheBankWasRead(t *testing.T) {
	b := bill("b", "2026-11-24", "2026-12-01", "100")
	for readOn, want := range map[domain.Date]bills.Check{
		"2026-11-19": bills.CheckUnknown, "2026-11-24": bills.AddsUp, "": bills.AddsUp,
	} {
		b.ReadOn = readOn
		card := bills.Card{
			Bills: []bills.Bill{b}, Rows: []bills.Row{row("2026-11-10", "100", named("b"))}, Today: "2026-11-28",
			Currency: "BRL",
		}
		if got := bills.Evaluate(card).Bills[0].Check; got != want {
			t.Errorf("read on %q: %s, want %s", readOn, got, want)
		}
	}
	b.DueDate = "2026-11-20" // a closing date after the due date is wrong
	for readOn, want := range map[domain.Date]bills.Check{
		"2026-11-20": bills.CheckUnknown, "2026-11-21": bills.AddsUp,
	} {
		b.ReadOn = readOn
		card := bills.Card{
			Bills: []bills.Bill{b}, Rows: []bills.Row{row("2026-11-10", "100", named("b"))}, Today: "2026-11-28",
			Currency: "BRL",
		}
		if got := bills.Evaluate(card).Bills[0].Check; got != want {
			t.Errorf("due on the 20th, read on %q: %s, want %s", readOn, got, want)
		}
	}
}

func TestAmountsInAnotherCurrencyProveNothing(t *testing.T) {
	b := bill("b", "2026-11-03", "2026-11-10", "100")
	b.Currency = "USD"
	card := bills.Card{
		Bills: []bills.Bill{b}, Rows: []bills.Row{row("2026-10-20", "100", named("b"))}, Today: "2026-11-28",
		Currency: "BRL",
	}
	if got := bills.Evaluate(card).Bills[0].Check; got != bills.CheckUnknown {
		t.Errorf("a bill in dollars against rows in reais: %s", got)
	}
}

func TestTheRefundOfAPaymentIsNoPayment(t *testing.T) {
	october, november := bill("o", "2026-10-03", "2026-10-10", "500"), bill("n", "2026-11-03", "2026-11-10", "150")
	card := bills.Card{Bills: []bills.Bill{october, november}, Today: "2026-11-28", Currency: "BRL"}
	for text, want := range map[string]bool{"PAGAMENTO RECEBIDO": true, "ESTORNO PAGAMENTO LOJA SOL": false} {
		r := row("2026-10-20", "-500", named("n"))
		r.Text = text
		card.Rows = []bills.Row{r}
		if got := bills.Evaluate(card).Rows[0].Payment; got != want {
			t.Errorf("%q is a payment: %t", text, got)
		}
	}
}

// The amounts of posted rows count in the currency of the account, those of pending rows may still change.
func TestPostedRowsWithoutAnAmountAreCounted(t *testing.T) {
	c := threeBills()
	posted, pending := row("2026-10-20", "0", named("nov")), row("2026-11-20", "0", named(""))
	posted.Unknown, pending.Unknown, pending.Pending = true, true, true
	c.Rows = append(c.Rows, posted, pending)
	if r := bills.Evaluate(c); r.WithoutAmount != 1 || r.Bills[0].Check != bills.CheckUnknown {
		t.Errorf("%d rows are without an amount, november is %s", r.WithoutAmount, r.Bills[0].Check)
	}
}

// The holder's view of a card is negative, a row's amount is positive where it is owed.
func TestARecordOfACardAsARow(t *testing.T) {
	reais := &domain.Money{Amount: amount("-55"), Currency: "BRL"}
	for name, test := range map[string]struct {
		paid     string // the currency of the purchase
		account  *domain.Money
		currency string // of the card
		want     string
		unknown  bool
	}{
		"in the currency of the card":           {"BRL", nil, "BRL", "10", false},
		"converted":                             {"USD", reais, "BRL", "55", false},
		"not converted":                         {"USD", nil, "BRL", "0", true},
		"the currency of the card is not known": {"USD", nil, "", "10", false},
	} {
		for _, status := range []domain.TransactionStatus{domain.Pending, domain.Posted} {
			record := domain.Transaction{}
			record.Date, record.Status, record.Description = "2026-11-10", status, "LOJA"
			record.Amount = domain.Money{Amount: amount("-10"), Currency: test.paid}
			record.AccountMoney, record.Card = test.account, named("nov")
			r := bills.RowOf(record, test.currency)
			if !r.Amount.Equal(amount(test.want)) || r.Unknown != test.unknown ||
				r.Pending != (status == domain.Pending) ||
				r.Date != record.Date || r.Text != "LOJA" || r.CardFacts.Bill != "nov" {
				t.Errorf("%s, %s: %+v", name, status, r)
			}
		}
	}
}

// A row that names a bill that the vendor does not list is not on the bill of its date for certain.
func TestARowOfABillThatIsNotListedIsUncertain(t *testing.T) {
	card := bills.Card{
		Bills: []bills.Bill{bill("o", "2026-10-03", "2026-10-10", "1"), bill("n", "2026-11-03", "2026-11-10", "1")},
		Rows:  []bills.Row{row("2026-10-20", "1", named("other"))}, Today: "2026-11-28", Currency: "BRL",
	}
	if a := bills.Evaluate(card).Rows[0]; !a.Uncertain {
		t.Errorf("%+v", a)
	}
}

func TestAForecastIsLearnedFromFiveRowsThatAgree(t *testing.T) {
	c := bills.Card{
		Bills: []bills.Bill{
			bill("march", "2026-03-03", "2026-03-10", "1"), bill("april", "2026-04-03", "2026-04-10", "1"),
		},
		Today: "2026-04-20", Currency: "BRL",
	}
	for range 4 {
		c.Rows = append(c.Rows, row("2026-02-10", "10", domain.CardFacts{Bill: "march", Forecast: "2026-02"}))
	}
	c.Rows = append(c.Rows, row("2026-03-15", "10", domain.CardFacts{Forecast: "2026-03"}))
	if a := bills.Evaluate(c).Rows[4]; a.Basis != bills.ByDates || a.Bill != "april" {
		t.Errorf("with four rows: %+v", a)
	}
	c.Rows = append(c.Rows, row("2026-02-10", "10", domain.CardFacts{Bill: "march", Forecast: "2026-02"}))
	if a := bills.Evaluate(c).Rows[4]; a.Basis != bills.ByForecast || a.Bill != "april" || a.Uncertain {
		t.Errorf("with five rows: %+v", a)
	}
}

func TestAPendingRowIsOnNoClosedBillUntilItsForecastIsLearned(t *testing.T) {
	c := bills.Card{
		Bills: []bills.Bill{bill("march", "2026-03-03", "2026-03-10", "1")}, Today: "2026-03-20", Currency: "BRL",
	}
	pending := row("2026-03-15", "10", domain.CardFacts{Forecast: "2026-03"})
	pending.Pending = true
	c.Rows = []bills.Row{pending}
	if a := bills.Evaluate(c).Rows[0]; a.Month != "2026-04" || !a.Open || a.Bill != "" || !a.Uncertain {
		t.Errorf("before it is learned: %+v", a)
	}
	for range 5 {
		learned := row("2026-02-15", "10", named("march"))
		learned.Former.PendingForecast = "2026-02"
		c.Rows = append(c.Rows, learned)
	}
	if a := bills.Evaluate(c).Rows[0]; a.Month != "2026-04" || a.Uncertain || a.Basis != bills.ByForecast {
		t.Errorf("after it is learned: %+v", a)
	}
}
