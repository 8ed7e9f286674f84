package bills_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about the bill that a payment settles.

// unpaid returns the card of threeBills without payments of some bills.
func unpaid(ids ...string) bills.Card {
	c := threeBills()
	for i := range c.Bills {
		if slices.Contains(ids, c.Bills[i].ID) {
			c.Bills[i].Payments = nil
		}
	}
	return c
}

// settles returns the bill that a payment settles, which the last row shows.
func settles(c bills.Card) string {
	r := bills.Evaluate(c)
	return r.Rows[len(r.Rows)-1].Bill
}

func TestTheBillThatAPaymentSettles(t *testing.T) {
	for name, test := range map[string]struct {
		day    domain.Date
		amount string
		want   string
	}{
		"a part, on the closing date":                    {"2026-11-03", "300", "oct"},
		"a part, on the next day":                        {"2026-11-04", "300", "nov"},
		"exactly the total, on the closing date":         {"2026-11-03", "650", "nov"},
		"exactly the total, before the closing date":     {"2026-11-02", "650", "oct"},
		"the total before, three days after the closing": {"2026-11-06", "700", "oct"},
		"the total before, four days after the closing":  {"2026-11-07", "700", "nov"},
		"today":                          {"2026-11-28", "650", "nov"},
		"before the oldest closing date": {"2026-09-03", "300", ""},
	} {
		c := unpaid("oct", "nov")
		c.Rows = append(c.Rows, paymentRow(test.day, test.amount))
		if got := settles(c); got != test.want {
			t.Errorf("%s: the payment settles %q, want %q", name, got, test.want)
		}
	}
}

func TestAPaymentOnTwoClosingDatesSettlesOneBill(t *testing.T) {
	c := unpaid("oct", "nov")
	c.Bills[2].Total = amount("700")
	c.Rows = append(c.Rows, paymentRow("2026-11-03", "700"))
	if oct, nov := find(t, c, "oct"), find(t, c, "nov"); len(oct.Paid) != 1 || len(nov.Paid) != 0 {
		t.Errorf("october has the payments %+v, november %+v", oct.Paid, nov.Paid)
	}
}

// The bill after this one is not listed, so that its closing date is not known.
func TestAPaymentBeforeTheNextBillCanHaveClosedSettlesTheLatestOne(t *testing.T) {
	for _, total := range []string{"650", "300"} {
		for day, want := range map[domain.Date]string{"2026-11-29": "nov", "2026-11-30": ""} {
			c := unpaid("nov")
			c.Today = "2026-12-31"
			c.Rows = append(c.Rows, paymentRow(day, total))
			if got := settles(c); got != want {
				t.Errorf("a payment of %s on %s settles %q, want %q", total, day, got, want)
			}
		}
	}
}

func TestAPaymentNearADerivedClosingDateSettlesNoBill(t *testing.T) {
	for day, want := range map[domain.Date]string{"2026-11-06": "", "2026-11-07": "nov", "2026-10-30": "oct"} {
		c := unpaid("nov")
		c.Bills[2].ClosingDate = "" // seven days before the due date
		c.Rows = append(c.Rows, paymentRow(day, "100"))
		if got := settles(c); got != want {
			t.Errorf("a payment of %s settles %q, want %q", day, got, want)
		}
	}
}

// Banks list a payment with the bill that it settles or with the next one.
func TestAPaymentSettlesNoBillAfterTheOneThatListsIt(t *testing.T) {
	for _, total := range []string{"650", "300"} {
		c := unpaid("nov")
		c.Bills[0].Payments = append(c.Bills[0].Payments, payment("2026-11-10", total))
		if nov := find(t, c, "nov"); len(nov.Paid) > 0 || nov.State != bills.StateUnknown {
			t.Errorf("november is %s, paid %+v", nov.State, nov.Paid)
		}
	}
}

func TestThePaymentsOfABillAreThoseOfItsListAndItsRows(t *testing.T) {
	first, second := paymentRow("2026-11-10", "325"), paymentRow("2026-11-11", "325")
	first.ID, second.ID = domain.TransactionID{UUID: uuid.New()}, domain.TransactionID{UUID: uuid.New()}
	for name, test := range map[string]struct {
		listed []bills.ListedPayment
		rows   []bills.Row
		want   []domain.TransactionID // the rows of the payments, oldest first
	}{
		"one payment": {
			[]bills.ListedPayment{payment("2026-11-10", "325")}, []bills.Row{first}, []domain.TransactionID{first.ID},
		},
		"two rows, one of which is listed": {
			[]bills.ListedPayment{payment("2026-11-10", "325")}, []bills.Row{first, second},
			[]domain.TransactionID{first.ID, second.ID},
		},
		"the newest row first": {nil, []bills.Row{second, first}, []domain.TransactionID{first.ID, second.ID}},
		"two listed payments of one day": {
			[]bills.ListedPayment{payment("2026-11-10", "325"), payment("2026-11-10", "325")}, nil,
			[]domain.TransactionID{{}, {}},
		},
	} {
		c := unpaid("nov")
		c.Bills[2].Payments = test.listed
		c.Rows = append(test.rows, c.Rows...)
		r := bills.Evaluate(c)
		var got []domain.TransactionID
		for _, p := range r.Bills[0].Paid {
			got = append(got, p.Row)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: november has the payments %+v", name, r.Bills[0].Paid)
		}
		for i := range test.rows {
			if a := r.Rows[i]; a.Bill != "nov" || a.Month != "2026-11" || !a.Payment || a.Basis != bills.ByDates {
				t.Errorf("%s: the row of the payment is %+v", name, a)
			}
		}
	}
}

// The text of a row proves a payment only with the amount of an earlier bill or of a listed payment.
func TestTheTextOfAPaymentNeedsAnAmountThatIsKnown(t *testing.T) {
	for name, test := range map[string]struct {
		day    domain.Date
		amount string
		text   string
		want   bool
	}{
		"the total of the bill":                  {"2026-11-10", "650", "PAGAMENTO ON LINE", true},
		"on the closing date":                    {"2026-11-03", "650", "PGTO", true},
		"before the closing date":                {"2026-11-02", "650", "PGTO", false},
		"a listed payment":                       {"2026-10-10", "120", "PAGAMENTO RECEBIDO", true},
		"a listed payment of another week":       {"2026-10-20", "120", "PAGAMENTO RECEBIDO", false},
		"an amount that is known from no source": {"2026-11-10", "44", "PAGAMENTO RECEBIDO", false},
		"another text":                           {"2026-11-10", "650", "CASHBACK", false},
	} {
		c := unpaid("nov")
		c.Bills[1].Payments = append(c.Bills[1].Payments, payment("2026-10-10", "120"))
		r := row(test.day, "-"+test.amount, domain.CardFacts{})
		r.Text = test.text
		if a := placed(c, r); a.Payment != test.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// A direct debit bounces, for example.
func TestWhichPaymentIsReturned(t *testing.T) {
	returned := func(day domain.Date, total, text string) bills.Row {
		r := row(day, total, domain.CardFacts{})
		r.Text = text
		return r
	}
	waits := returned("2026-11-11", "650", "PAGAMENTO DEVOLVIDO")
	waits.Pending = true
	paid := paymentRow("2026-11-10", "650")
	const back = "ESTORNO PAGAMENTO"
	for name, test := range map[string]struct {
		rows []bills.Row
		want []string // the payments that count for November
	}{
		"on the same day":          {[]bills.Row{paid, returned("2026-11-10", "650", back)}, nil},
		"45 days later":            {[]bills.Row{paid, returned("2026-12-25", "650", back)}, nil},
		"46 days later":            {[]bills.Row{paid, returned("2026-12-26", "650", back)}, []string{"650"}},
		"before the payment":       {[]bills.Row{paid, returned("2026-11-09", "650", back)}, []string{"650"}},
		"a return that is pending": {[]bills.Row{paid, waits}, []string{"650"}},
		"a purchase with the word": {[]bills.Row{paid, returned("2026-11-11", "650", "PGTO LUZ")}, []string{"650"}},
		"a refund with the amount": {[]bills.Row{paid, returned("2026-11-11", "650", "ESTORNO LOJA")}, []string{"650"}},
		"not the latest payment": {
			[]bills.Row{paid, paymentRow("2026-11-11", "100"), returned("2026-11-12", "650", back)},
			[]string{"100"},
		},
		"two returns": {[]bills.Row{
			paid, paymentRow("2026-11-12", "650"), returned("2026-11-13", "650", back),
			returned("2026-11-14", "650", back),
		}, nil},
		"paid again": {[]bills.Row{
			paid, returned("2026-11-11", "650", back), paymentRow("2026-11-12", "650"),
		}, []string{"650"}},
	} {
		c := unpaid("nov")
		c.Today = "2026-12-31"
		c.Rows = append(c.Rows, test.rows...)
		var got []string
		for _, p := range find(t, c, "nov").Paid {
			got = append(got, p.Amount.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: november has the payments %v, want %v", name, got, test.want)
		}
	}
}

// A payment within three days after a closing date may be of the bill that closed then, or of the one before.
func TestAPendingPaymentMaySettleABillThatClosesWithinThreeDays(t *testing.T) {
	for day, want := range map[domain.Date]bills.State{
		"2026-10-30": bills.Overdue, "2026-10-31": bills.StateUnknown, "2026-11-10": bills.StateUnknown,
	} {
		c := unpaid("nov")
		r := paymentRow(day, "650")
		r.Pending = true
		c.Rows = append(c.Rows, r)
		if nov := find(t, c, "nov"); nov.State != want || len(nov.Paid) > 0 {
			t.Errorf("with a pending payment of %s, november is %s, want %s", day, nov.State, want)
		}
	}
}

// A bank that lists a payment on the closing date of the oldest known bill lists the payment of the bill before it.
func TestTheNewestBillIsNotOverdueIfTheOldestListsThePaymentOfTheBillBefore(t *testing.T) {
	for day, want := range map[domain.Date]bills.State{
		"2026-09-03": bills.StateUnknown, "2026-09-04": bills.Overdue,
	} {
		c := unpaid("oct", "nov")
		c.Bills[0].Payments = []bills.ListedPayment{payment(day, "400")}
		if nov := find(t, c, "nov"); nov.State != want {
			t.Errorf("with a payment of %s, november is %s, want %s", day, nov.State, want)
		}
	}
}

// The bill between them is missing, so that the later one does not show what was left of the earlier one.
func TestABillIsNotCarriedAcrossAMissingOne(t *testing.T) {
	c := unpaid("sep")
	c.Bills = []bills.Bill{c.Bills[0], c.Bills[2]}
	if sep, nov := find(t, c, "sep"), find(t, c, "nov"); sep.State != bills.Overdue || nov.Carried != nil {
		t.Errorf("september is %s, november carries %s", sep.State, text(nov.Carried))
	}
}

// A row that reduces the debt after the closing date may be a payment that the text and the amount do not prove. The
// bill is then neither paid nor overdue. Only a row that shows that it is a refund leaves it overdue.
func TestABillIsOverdueOnlyIfNoRowMayBeItsPayment(t *testing.T) {
	for name, test := range map[string]struct {
		day    domain.Date
		amount string
		text   string
		of     string // the bill that the row names
		want   bills.State
	}{
		"almost the total":                {"2026-11-10", "649.90", "PAGAMENTO ON LINE", "", bills.StateUnknown},
		"a part":                          {"2026-11-10", "325", "PAGTO FATURA", "", bills.StateUnknown},
		"more than the total":             {"2026-11-10", "650.50", "PAGAMENTO EFETUADO", "", bills.StateUnknown},
		"a plan for the rest of the bill": {"2026-11-10", "650", "CREDITO PARCELAMENTO FATURA", "", bills.StateUnknown},
		"a plan that is called a refund":  {"2026-11-10", "650", "ESTORNO FATURA PARCELADA", "", bills.StateUnknown},
		"the bank names the next bill":    {"2026-11-10", "649.90", "PAGAMENTO RECEBIDO", "dec", bills.StateUnknown},
		"no text":                         {"2026-11-10", "649.90", "", "", bills.StateUnknown},
		"a text that says nothing":        {"2026-11-10", "40", "LOJA DA LUA", "", bills.StateUnknown},
		"on the closing date":             {"2026-11-03", "649.90", "PAGAMENTO ON LINE", "", bills.StateUnknown},
		"before the closing date":         {"2026-11-02", "649.90", "PAGAMENTO ON LINE", "", bills.Overdue},
		"a refund":                        {"2026-11-10", "40", "Estorno Loja da Lua", "", bills.Overdue},
		"the refund of a bought payment":  {"2026-11-10", "40", "ESTORNO PAGAMENTO LOJA", "", bills.Overdue},
		"cashback":                        {"2026-11-10", "40", "CASHBACK", "", bills.Overdue},
		"paid with cashback":              {"2026-11-10", "40", "PAGAMENTO COM CASHBACK", "", bills.StateUnknown},
		"a shop that has also charged":    {"2026-11-10", "40", "loja do sol", "", bills.Overdue},
	} {
		for _, pending := range []bool{false, true} {
			c := unpaid("nov")
			c.Rows[1].Text = "LOJA DO SOL"
			r := row(test.day, "-"+test.amount, named(test.of))
			r.Text, r.Pending = test.text, pending
			c.Rows = append(c.Rows, r)
			if nov := find(t, c, "nov"); nov.State != test.want || len(nov.Paid) > 0 {
				t.Errorf("%s (pending: %t): november is %s, paid %+v", name, pending, nov.State, nov.Paid)
			}
		}
	}
}

// A payment of a bill comes after its closing date and at most three days after the next one. A derived closing date
// may be three days too late. If the next bill is not listed, its closing date is not known.
func TestInWhichDaysARowMayBeThePaymentOfABill(t *testing.T) {
	without := func(id string) func(*bills.Card) {
		return func(c *bills.Card) {
			c.Bills = slices.DeleteFunc(c.Bills, func(b bills.Bill) bool { return b.ID == id })
		}
	}
	derived := func(c *bills.Card) { c.Bills[2].ClosingDate = "" }
	for name, test := range map[string]struct {
		change func(*bills.Card)
		of     string
		day    domain.Date
		want   bills.State
	}{
		"before the closing":             {func(*bills.Card) {}, "oct", "2026-10-02", bills.Overdue},
		"on the closing":                 {func(*bills.Card) {}, "oct", "2026-10-03", bills.StateUnknown},
		"three days after the next one":  {func(*bills.Card) {}, "oct", "2026-11-06", bills.StateUnknown},
		"four days after the next one":   {func(*bills.Card) {}, "oct", "2026-11-07", bills.Overdue},
		"near a derived closing":         {derived, "nov", "2026-10-31", bills.StateUnknown},
		"before a derived closing":       {derived, "nov", "2026-10-30", bills.Overdue},
		"the next bill is not listed":    {without("oct"), "sep", "2026-11-06", bills.StateUnknown},
		"after the next one but one":     {without("oct"), "sep", "2026-11-07", bills.Overdue},
		"long after, no later bill":      {without("nov"), "oct", "2026-11-20", bills.StateUnknown},
		"two months later, a later bill": {func(*bills.Card) {}, "sep", "2026-11-06", bills.Overdue},
	} {
		c := unpaid("sep", "oct", "nov")
		// No total says that the bill before was settled. A payment of another bill was seen.
		c.Bills[0].Total, c.Bills[1].Total, c.Bills[2].Total = amount("570"), amount("770"), amount("730")
		c.Rows = append(c.Rows, paymentRow("2026-08-10", "11"))
		test.change(&c)
		r := row(test.day, "-33", domain.CardFacts{})
		r.Text = "PAGAMENTO"
		c.Rows = append(c.Rows, r)
		if b := find(t, c, test.of); b.State != test.want {
			t.Errorf("%s: %s is %s, want %s", name, test.of, b.State, test.want)
		}
	}
}
