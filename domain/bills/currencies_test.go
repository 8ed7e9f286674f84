package bills_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about bills of several currencies on one card, whose account is in BRL.

// inUSD returns a bill in USD.
func inUSD(b bills.Bill) bills.Bill {
	b.Currency = "USD"
	return b
}

// wantBill fails the test unless a bill has these findings. carried is "" if the bill before is not known.
func wantBill(t *testing.T, c bills.Card, id string, state bills.State, check bills.Check, carried string, paid int) {
	t.Helper()
	b := find(t, c, id)
	got := ""
	if b.Carried != nil {
		got = b.Carried.String()
	}
	if b.State != state || b.Check != check || got != carried || len(b.Paid) != paid {
		t.Errorf("%s: state %s, check %s, carried %q, paid %+v; want %s, %s, %q, %d payments",
			id, b.State, b.Check, got, b.Paid, state, check, carried, paid)
	}
}

func TestTheRestOfABillIsOnlyInABillOfTheSameCurrency(t *testing.T) {
	c := bills.Card{Today: "2026-11-28", CoversTo: "2026-11-26", Currency: "BRL", Bills: []bills.Bill{
		inUSD(bill("october", "2026-10-13", "2026-10-20", "80")), bill("november", "2026-11-13", "2026-11-20", "80"),
	}}
	c.Bills[0].CoversTo, c.Bills[1].CoversTo = c.CoversTo, c.CoversTo
	wantBill(t, c, "october", bills.StateUnknown, bills.CheckUnknown, "", 0)
	wantBill(t, c, "november", bills.StateUnknown, bills.CheckUnknown, "", 0)
	r := bills.Evaluate(c)
	if len(r.Bills) != 2 || r.Bills[0].ID != "november" || r.Bills[1].ID != "october" {
		t.Errorf("the bills are %+v", r.Bills)
	}
	// Between two bills in BRL, the one in USD is skipped.
	c = threeBills()
	c.Bills[1].Payments, c.Bills[2].Payments = nil, nil
	c.Bills[2].Total = amount("1350") // the rest of October, and the row of November
	c.Bills = append(c.Bills, inUSD(bill("dollars", "2026-10-20", "2026-10-27", "700")))
	c.Bills[3].CoversTo = c.CoversTo
	wantBill(t, c, "oct", bills.CarriedOver, bills.AddsUp, "0", 0)
	wantBill(t, c, "nov", bills.Overdue, bills.AddsUp, "700", 0)
	wantBill(t, c, "dollars", bills.StateUnknown, bills.CheckUnknown, "", 0)
}

func TestAPaymentSettlesOnlyABillOfItsCurrency(t *testing.T) {
	listed := threeBills()
	listed.Bills[1].Payments = nil
	dollars := bill("dollars", "2026-10-05", "2026-10-12", "650", payment("2026-10-10", "700"))
	listed.Bills = append(listed.Bills, inUSD(dollars))
	wantBill(t, listed, "dollars", bills.Paid, bills.CheckUnknown, "", 1)
	wantBill(t, listed, "oct", bills.StateUnknown, bills.AddsUp, "0", 0) // November adds up without a rest

	shown := threeBills() // the rows are in BRL
	shown.Bills[1] = inUSD(shown.Bills[1])
	shown.Bills[1].Payments = nil
	shown.Rows = append(shown.Rows, paymentRow("2026-10-10", "700"))
	wantBill(t, shown, "oct", bills.StateUnknown, bills.CheckUnknown, "", 0)
	shown.Rows[3].Bill = "oct"
	wantBill(t, shown, "oct", bills.StateUnknown, bills.CheckUnknown, "", 0)
	if r := bills.Evaluate(shown); !r.Rows[3].Payment || r.Rows[3].Bill != "" {
		t.Errorf("the payment that names the bill has %+v", r.Rows[3])
	}
	for i := range shown.Bills {
		shown.Bills[i] = inUSD(shown.Bills[i])
		shown.Bills[i].Payments = nil
	}
	wantBill(t, shown, "oct", bills.StateUnknown, bills.CheckUnknown, "500", 0)
}

// A row is on the bill that it names, in any currency. The dates place it on a bill in the currency of the account.
func TestARowIsOnABillOfTheCurrencyOfTheAccountUnlessItNamesAnother(t *testing.T) {
	c := threeBills()
	c.Bills = append(c.Bills, inUSD(bill("dollars", "2026-10-20", "2026-10-27", "10")))
	former := domain.CardBill{Basis: string(bills.ByVendor), Month: "2026-10"}
	if err := former.ID.UnmarshalText([]byte("01a21918-90de-7718-9976-a6f8c83d3d7f")); err != nil {
		t.Fatal(err)
	}
	c.Bills = append(c.Bills, inUSD(bill(former.ID.String(), "2026-10-21", "2026-10-28", "10")))
	c.Rows = append(c.Rows, row("2026-10-19", "51", named("dollars")), row("2026-10-19", "52", domain.CardFacts{}),
		row("2026-10-19", "53", domain.CardFacts{}))
	c.Rows[5].Former = former
	r := bills.Evaluate(c)
	for i, want := range []string{"sep", "oct", "nov", "dollars", "nov", former.ID.String()} {
		if r.Rows[i].Bill != want {
			t.Errorf("row %d is on %q, want %q", i, r.Rows[i].Bill, want)
		}
	}
	c.Currency = "" // not known: the newest bill has the currency of the rows without a bill
	if got := bills.Evaluate(c).Rows[4].Bill; got != "nov" {
		t.Errorf("on a card of an unknown currency, the row is on %q", got)
	}
}
