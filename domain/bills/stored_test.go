package bills_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// stored returns the bills of a card after the vendor has listed these bills.
func stored(before []bills.Stored, listed ...bills.Bill) []bills.Stored {
	read := bills.Read{}
	for _, b := range listed {
		read.Bills = append(read.Bills, b.Data)
	}
	return bills.Merge(before, read, domain.Account{}, time.Date(2026, 11, 6, 9, 0, 0, 0, time.UTC),
		func(key string) domain.BillID {
			id := domain.BillID{}
			copy(id.UUID[:], key)
			return id
		})
}

// updated returns the bills after the rules were applied, by the vendor's id, and the changes.
func updated(before, merged []bills.Stored, c bills.Card) (map[string]bills.Stored, []bills.Change, bills.Result) {
	changes, result := bills.Update(before, merged, c, time.Date(2026, 11, 6, 9, 5, 0, 0, time.UTC))
	after := map[string]bills.Stored{}
	for _, s := range merged {
		after[s.ExternalID] = s
	}
	for _, c := range changes {
		after[c.ExternalID] = c.Stored
	}
	return after, changes, result
}

// all returns the values of a map.
func all(m map[string]bills.Stored) (list []bills.Stored) {
	for _, s := range m {
		list = append(list, s)
	}
	return list
}

func TestOfTwoBillsWithOneDateAndTotalTheNewerIsKept(t *testing.T) {
	older := bill("b", "2026-10-28", "2026-11-05", "480")
	newer := bill("a", "2026-10-28", "2026-11-05", "480")
	older.CreatedAt = time.Date(2026, 10, 29, 0, 0, 0, 0, time.UTC)
	newer.CreatedAt = older.CreatedAt.Add(time.Hour)
	c := bills.Card{Today: "2026-11-06", CoversTo: "2026-11-05", Currency: "BRL"}
	for _, order := range [][]bills.Bill{{older, newer}, {newer, older}} {
		after, _, _ := updated(nil, stored(nil, order...), c)
		if !after["a"].RemovedAt.IsZero() || after["b"].RemovedAt.IsZero() {
			t.Errorf("the newer bill is %+v, the older one %+v", after["a"], after["b"])
		}
	}
	c.Rows = []bills.Row{row("2026-10-10", "480", named("b"))}
	after, _, _ := updated(nil, stored(nil, older, newer), c)
	if after["a"].RemovedAt.IsZero() || !after["b"].RemovedAt.IsZero() {
		t.Error("the bill that no row names is kept")
	}
}

func TestTheRowsOfADuplicateStayOnItsBillWhenNoBillsAreRead(t *testing.T) {
	kept, twice := bill("kept", "2026-10-28", "2026-11-05", "480"), bill("twice", "2026-10-28", "2026-11-05", "480")
	c := bills.Card{Today: "2026-11-06", CoversTo: "2026-11-05", Currency: "BRL", Rows: []bills.Row{
		row("2026-10-10", "300", named("kept")), row("2026-10-11", "100", named("kept")),
		row("2026-10-12", "80", named("twice")),
	}}
	first, changes, _ := updated(nil, stored(nil, kept, twice), c)
	if len(changes) != 2 || first["twice"].RemovedAt.IsZero() || first["kept"].Check != bills.AddsUp {
		t.Fatalf("%+v", first)
	}
	again := all(first)
	_, changes, result := updated(again, again, c)
	if len(changes) != 0 || result.Rows[2].Bill != first["kept"].ID.String() ||
		result.Rows[2].Basis != bills.ByVendor {
		t.Errorf("without a list, %d bills change and the row is on %+v", len(changes), result.Rows[2])
	}
	c.Rows[1].CardFacts.Bill = "twice"
	swapped, _, _ := updated(again, again, c)
	if !swapped["twice"].RemovedAt.IsZero() || swapped["kept"].RemovedAt.IsZero() {
		t.Error("the bill that more rows name is not kept")
	}
	gone, _, result := updated(again, stored(again, kept), c)
	if gone["twice"].RemovedAt.IsZero() || result.Rows[2].Basis == bills.ByVendor {
		t.Errorf("a bill that the vendor lists no more has rows: %+v", result.Rows[2])
	}
	without, _, _ := updated(again, stored(again, bill("other", "2026-09-28", "2026-10-05", "1")), c)
	if b := without["kept"]; b.RemovedAt.IsZero() || b.Rows.Count != 0 || b.Check != bills.CheckUnknown ||
		b.Difference != nil {
		t.Errorf("a removed bill has %+v", b.Facts)
	}
}

func TestCarriedIsWhatTheBillBeforeLeftUnpaid(t *testing.T) {
	paid := bills.ListedPayment{Date: "2026-09-05", Amount: amount("70")}
	c := bills.Card{Today: "2026-11-06", CoversTo: "2026-11-05", Currency: "BRL", Bills: []bills.Bill{
		bill("september", "2026-08-28", "2026-09-05", "100", paid),
		bill("october", "2026-09-28", "2026-10-05", "50"), // the rows explain it without the rest of 30
	}, Rows: []bills.Row{row("2026-08-10", "100", named("september")), row("2026-09-10", "50", named("october"))}}
	check := func(what string, want ...string) {
		t.Helper()
		for i, b := range bills.Evaluate(c).Bills { // newest first
			if text(b.Carried) != want[i] {
				t.Errorf("%s: carried to %s is %s, want %s", what, b.ID, text(b.Carried), want[i])
			}
		}
	}
	check("paid in part", "30", "")
	c.Bills[0].Payments[0].Instalments = true
	check("with an instalment plan", "30", "")
	c.Bills[0].Payments = nil
	check("no payment was ever seen", "100", "")
	c.Bills[0].Payments = []bills.ListedPayment{{Date: "2026-09-05", Amount: amount("110")}}
	check("paid too much", "-10", "")
}

// merged returns the bills after the vendor has listed some, under keys of their own.
func merged(before []bills.Stored, read bills.Read) []bills.Stored {
	return bills.Merge(before, read, domain.Account{}, time.Date(2026, 11, 7, 9, 0, 0, 0, time.UTC),
		func(key string) (id domain.BillID) {
			copy(id.UUID[:], key)
			return id
		})
}

func TestOnlyAProvedListRemovesABill(t *testing.T) {
	a, b := bill("a", "2026-10-03", "2026-10-10", "1").Data, bill("b", "2026-11-03", "2026-11-10", "1").Data
	before := merged(nil, bills.Read{Listing: bills.Listing{Bills: []bills.Data{a, b}}})
	only := []bills.Data{b}
	for name, c := range map[string]struct {
		read bills.Read
		gone bool
	}{
		"a list":                         {bills.Read{Listing: bills.Listing{Bills: only}}, true},
		"an empty list":                  {bills.Read{}, false},
		"a list with an unreadable bill": {bills.Read{Listing: bills.Listing{Bills: only, Partial: true}}, false},
		"the latest bill":                {bills.Read{Listing: bills.Listing{Bills: only, LatestOnly: true}}, false},
		"a vendor that cannot read":      {bills.Read{Listing: bills.Listing{Bills: only}, Unproved: true}, false},
		"a denied list":                  {bills.Read{Denied: true}, false},
	} {
		if after := merged(before, c.read); after[0].RemovedAt.IsZero() == c.gone || !after[1].RemovedAt.IsZero() {
			t.Errorf("%s: %+v", name, after)
		}
	}
}

func TestOfABillThatIsListedTwiceTheLaterChangeCounts(t *testing.T) {
	older, newer := bill("a", "2026-10-03", "2026-10-10", "140").Data, bill("a", "2026-10-03", "2026-10-10", "150").Data
	list := func(all ...bills.Data) string {
		return merged(nil, bills.Read{Listing: bills.Listing{Bills: all}})[0].Total.String()
	}
	if got := list(older, newer); got != "150" {
		t.Errorf("without times the first one counts: %s", got)
	}
	older.UpdatedAt = time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC)
	newer.UpdatedAt = older.UpdatedAt.Add(time.Hour)
	if first, last := list(newer, older), list(older, newer); first != "150" || last != "150" {
		t.Errorf("the earlier change counts: %s, %s", first, last)
	}
}

// A vendor that lists only the latest statement lists only the latest payment, too.
func TestTheLatestPaymentDoesNotEndTheEarlierOnes(t *testing.T) {
	statement := func(closing, due domain.Date, total string, paid domain.Date) bills.Read {
		b := bill("", closing, due, total, bills.ListedPayment{Date: paid, Amount: amount(total)}).Data
		return bills.Read{Listing: bills.Listing{Bills: []bills.Data{b}, LatestOnly: true}, CoversTo: "2026-11-25"}
	}
	october := merged(nil, statement("2026-10-03", "2026-10-28", "100", "2026-09-25"))
	second := statement("2026-11-03", "2026-11-20", "150", "2026-10-25")
	second.Bills[0].Payments[0].Amount = amount("100") // the payment of October's statement
	november := merged(october, second)
	after, _, _ := updated(november, merged(november, statement("2026-11-03", "2026-11-20", "150", "2026-11-18")),
		bills.Card{Today: "2026-11-26", CoversTo: "2026-11-25", Currency: "BRL"})
	for _, b := range after {
		if b.State != bills.Paid {
			t.Errorf("the statement of %s is %s", b.ClosingDate, b.State)
		}
	}
	if got := november[0].CoversTo; got != "2026-11-25" {
		t.Errorf("the payments of October's statement are known up to %q", got)
	}
}

// A vendor cannot make each row be compared with any number of bills and payments.
func TestAListOfBillsIsBounded(t *testing.T) {
	var list bills.Listing
	for n := range 300 {
		list.Add(bill(fmt.Sprint(n), "2026-10-03", "2026-10-10", "1").Data, true)
	}
	if len(list.Bills) != 240 || !list.Partial {
		t.Errorf("%d bills, partial: %t", len(list.Bills), list.Partial)
	}
	var paid bills.Listing
	paid.Add(bill("a", "2026-10-03", "2026-10-10", "1", make([]bills.ListedPayment, 41)...).Data, true)
	if len(paid.Bills) != 0 || !paid.Partial {
		t.Errorf("with 41 payments: %+v", paid)
	}
}

// BenchmarkEvaluate evaluates 100,000 payments of one amount and as many bills and listed payments as are read.
func BenchmarkEvaluate(b *testing.B) {
	card := bills.Card{Today: "2026-11-28", CoversTo: "2026-11-26", Currency: "BRL"}
	closing := domain.Date("2006-11-03")
	for n := range 240 {
		one := bill(fmt.Sprint(n), closing.AddDays(30*n), closing.AddDays(30*n+7), "1")
		for day := range 40 {
			one.Payments = append(one.Payments, bills.ListedPayment{
				Date: one.DueDate.AddDays(day % 20), Amount: amount("1"),
			})
		}
		card.Bills = append(card.Bills, one)
	}
	for n := range 100_000 {
		card.Rows = append(card.Rows, row(closing.AddDays(n%7000), "-1", domain.CardFacts{Payment: n%2 == 0}))
	}
	for b.Loop() {
		bills.Evaluate(card)
	}
}
