package bills_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

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
	for _, s := range bills.Applied(merged, changes) {
		after[s.ExternalID] = s
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
	changes, result := bills.Update(again, again, c, time.Date(2026, 11, 7, 9, 5, 0, 0, time.UTC))
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

func TestAClosingDateThatALaterListLeavesOutStaysKnown(t *testing.T) {
	before := stored(nil, bill("a", "2026-10-28", "2026-11-05", "480"))
	without := bill("a", "", "2026-11-05", "500")
	got := stored(before, without)[0].Data
	if got.ClosingDate != "2026-10-28" || got.Total.String() != "500" {
		t.Errorf("the bill is %+v", got)
	}
	without.DueDate = "2026-11-10"
	if got := stored(before, without)[0].ClosingDate; got != "" {
		t.Errorf("the bill has another due date, but closes on %s", got)
	}
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

func TestTheEarlierPaymentsOfTheLatestBillAreKept(t *testing.T) {
	statement := func(day domain.Date, paid string) bills.Read {
		b := bill("", "2026-10-03", "2026-10-28", "100", payment(day, paid)).Data
		return bills.Read{Listing: bills.Listing{Bills: []bills.Data{b}, LatestOnly: true}}
	}
	var all []bills.Stored
	for _, read := range []bills.Read{
		statement("2026-10-20", "30"), statement("2026-10-25", "20"), statement("2026-10-10", "10"),
		statement("2026-10-25", "25"), // the vendor has corrected it
	} {
		all = merged(all, read)
	}
	got := ""
	for _, p := range all[0].Payments {
		got += fmt.Sprint(p.Date, " ", p.Amount, ", ")
	}
	if want := "2026-10-10 10, 2026-10-20 30, 2026-10-25 25, "; len(all) != 1 || got != want {
		t.Errorf("the payments are %s want %s", got, want)
	}
	whole := statement("2026-10-27", "100")
	whole.LatestOnly = false
	if all = merged(all, whole); len(all[0].Payments) != 1 {
		t.Errorf("a list of all bills has the payments %+v", all[0].Payments)
	}
}

func TestABillKnowsWhenTheBankWasReadForIt(t *testing.T) {
	first := time.Date(2026, 11, 7, 9, 0, 0, 0, time.UTC)
	october, november := bill(
		"o",
		"2026-10-03",
		"2026-10-28",
		"1",
	).Data, bill(
		"n",
		"2026-11-03",
		"2026-11-28",
		"1",
	).Data
	list := func(before []bills.Stored, days int, latest bool, listed ...bills.Data) []bills.Stored {
		return bills.Merge(before, bills.Read{
			Listing:  bills.Listing{Bills: listed, LatestOnly: latest},
			CoversTo: domain.Date("2026-11-06").AddDays(days),
		}, domain.Account{BankReadAt: first.AddDate(0, 0, days)}, first, func(key string) (id domain.BillID) {
			copy(id.UUID[:], key)
			return id
		})
	}
	both := list(nil, 0, false, october, november)
	for name, test := range map[string]struct {
		bills    []bills.Stored
		readAt   [2]time.Time
		coversTo [2]domain.Date
	}{
		"both are listed": {both, [2]time.Time{first, first}, [2]domain.Date{"2026-11-06", "2026-11-06"}},
		"one is listed no longer": {
			list(both, 1, false, november), [2]time.Time{first, first.AddDate(0, 0, 1)},
			[2]domain.Date{"2026-11-06", "2026-11-07"},
		},
		"only the latest one is listed, whose payment may be that of the other": {
			list(both, 2, true, november), [2]time.Time{first, first.AddDate(0, 0, 2)},
			[2]domain.Date{"2026-11-08", "2026-11-08"},
		},
	} {
		for i, b := range test.bills {
			if !b.BankReadAt.Equal(test.readAt[i]) || b.CoversTo != test.coversTo[i] {
				t.Errorf(
					"%s: bill %s was read at %s, and is covered to %s",
					name,
					b.ExternalID,
					b.BankReadAt,
					b.CoversTo,
				)
			}
		}
	}
}

func TestAListThatIsAsBeforeIsNotEvaluatedAgain(t *testing.T) {
	kept, twice := bill("kept", "2026-10-28", "2026-11-05", "480"), bill("twice", "2026-10-28", "2026-11-05", "480")
	rows := bills.Card{Today: "2026-11-06", Currency: "BRL", Rows: []bills.Row{row("2026-10-10", "480", named("kept"))}}
	first, _, _ := updated(nil, stored(nil, kept, twice), rows)
	before := []bills.Stored{first["kept"], first["twice"]}
	changed, other := kept, bill("o", "2026-09-28", "2026-10-05", "1")
	changed.Total = amount("490")
	for name, test := range map[string]struct {
		listed []bills.Bill
		later  bool // the bank was read since
		same   bool
		reread int // the bills of which only the time of the reading changes
	}{
		"as before":             {[]bills.Bill{kept, twice}, false, true, 0},
		"as before, read again": {[]bills.Bill{kept, twice}, true, true, 2},
		"another total":         {[]bills.Bill{changed, twice}, true, false, 0},
		"one is listed no more": {[]bills.Bill{kept}, true, false, 0},
		"another one":           {[]bills.Bill{kept, twice, other}, true, false, 0},
	} {
		again := stored(before, test.listed...)
		for i := range again {
			if test.later {
				again[i].BankReadAt = time.Date(2026, 11, 6, 8, 0, 0, 0, time.UTC)
			}
		}
		changes, same := bills.Relisted(before, again)
		if same != test.same || len(changes) != test.reread {
			t.Errorf("%s: same is %t, %d bills change", name, same, len(changes))
		}
		for _, c := range changes {
			if c.Announced || c.RemovedAt.IsZero() != (c.ExternalID == "kept") {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}

func TestWhichChangesOfABillAreAnnounced(t *testing.T) {
	october := bill("o", "2026-09-28", "2026-10-05", "480", payment("2026-10-05", "480"))
	card := bills.Card{Today: "2026-11-20", CoversTo: "2026-11-18", Currency: "BRL", Rows: []bills.Row{
		row("2026-09-10", "480", named("o")),
	}}
	least := amount("48")
	for name, test := range map[string]struct {
		change    func(*bills.Stored, *bills.Card)
		announced bool
	}{
		"the total":        {func(s *bills.Stored, _ *bills.Card) { s.Total = amount("490") }, true},
		"the due date":     {func(s *bills.Stored, _ *bills.Card) { s.DueDate = "2026-10-06" }, true},
		"the closing date": {func(s *bills.Stored, _ *bills.Card) { s.ClosingDate = "2026-09-27" }, true},
		"a charge": {func(s *bills.Stored, _ *bills.Card) {
			s.FinanceCharges = []bills.Charge{{Type: "IOF", Amount: amount("1")}}
		}, true},
		"a payment": {func(s *bills.Stored, _ *bills.Card) {
			s.Payments = append(s.Payments[:1:1], payment("2026-10-08", "10"))
		}, true},
		"the check": {func(_ *bills.Stored, c *bills.Card) { c.Rows[0].Amount = amount("470") }, true},
		"its removal": {func(s *bills.Stored, _ *bills.Card) {
			s.RemovedAt = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)
		}, true},
		"a row of nothing": {func(_ *bills.Stored, c *bills.Card) {
			c.Rows = append(c.Rows, row("2026-09-11", "0", named("o")))
		}, false},
		"a difference within the tolerance": {func(_ *bills.Stored, c *bills.Card) {
			c.Rows[0].Amount = amount("479.99")
		}, false},
		"the minimum payment": {func(s *bills.Stored, _ *bills.Card) { s.MinimumPayment = &least }, false},
		"a payment of nothing": {func(s *bills.Stored, _ *bills.Card) {
			s.Payments = append(s.Payments[:1:1], payment("2026-10-08", "0"))
		}, false},
		"the reading": {func(s *bills.Stored, _ *bills.Card) {
			s.BankReadAt, s.CoversTo = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), "2026-11-18"
		}, false},
		"when the vendor stored it": {func(s *bills.Stored, _ *bills.Card) {
			s.CreatedAt = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
		}, false},
	} {
		first, _, _ := updated(nil, stored(nil, october), card)
		before := all(first)
		after, changed := []bills.Stored{before[0]}, card
		changed.Rows = []bills.Row{card.Rows[0]}
		test.change(&after[0], &changed)
		if _, changes, _ := updated(
			before,
			after,
			changed,
		); len(changes) != 1 ||
			changes[0].Announced != test.announced {
			t.Errorf("%s: %+v", name, changes)
		}
	}
}

func TestABillIsClosedBeforeADayIfTheVendorHasShownItClosed(t *testing.T) {
	one := bills.Stored{Data: bill("a", "2026-11-03", "2026-11-10", "1").Data}
	one.Closing = one.ClosingDate
	for name, test := range map[string]struct {
		change func(*bills.Stored)
		day    domain.Date
		want   bool
	}{
		"on its closing date": {func(*bills.Stored) {}, "2026-11-03", false},
		"on the next day":     {func(*bills.Stored) {}, "2026-11-04", true},
		"removed":             {func(s *bills.Stored) { s.RemovedAt = time.Unix(1, 0) }, "2026-11-04", false},
		"a duplicate":         {func(s *bills.Stored) { s.SameAs = "b" }, "2026-11-04", false},
		"read before it closed": {func(s *bills.Stored) {
			s.BankReadAt = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
		}, "2026-11-04", false},
		"read when it had closed": {func(s *bills.Stored) {
			s.BankReadAt = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
		}, "2026-11-04", true},
		"no closing date, on the due date":    {func(s *bills.Stored) { s.ClosingDate = "" }, "2026-11-10", false},
		"no closing date, after the due date": {func(s *bills.Stored) { s.ClosingDate = "" }, "2026-11-11", true},
	} {
		b := one
		if test.change(&b); b.ClosedBefore(test.day) != test.want {
			t.Errorf("%s: closed before %s: %t", name, test.day, !test.want)
		}
	}
}

func TestTheBillOfARecord(t *testing.T) {
	id := domain.BillID{UUID: uuid.New()}
	pending := bills.Row{Pending: true, CardFacts: domain.CardFacts{Forecast: "2026-12"}}
	posted := bills.Row{CardFacts: domain.CardFacts{Forecast: "2026-11"}}
	posted.Former.PendingForecast = "2026-12"
	unplaced := bills.Row{Pending: true, CardFacts: domain.CardFacts{Forecast: domain.Unbilled}}
	unplaced.Former.PendingForecast = "2026-12"
	a := bills.Assignment{Bill: id.String(), Month: "2026-11", Basis: bills.ByForecast, Uncertain: true, Payment: true}
	want := domain.CardBill{
		ID: id, Month: "2026-11", Basis: "forecast", Uncertain: true, Payment: true, PendingForecast: "2026-12",
	}
	for name, r := range map[string]bills.Row{
		"pending": pending, "posted, and was pending": posted, "pending, and not placed any more": unplaced,
	} {
		if got := bills.RowBill(r, a); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := bills.RowBill(bills.Row{}, bills.Assignment{}); got != (domain.CardBill{}) {
		t.Errorf("a row on no bill has %+v", got)
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
	for count, want := range map[[2]int]int{{40, 100}: 1, {41, 100}: 0, {40, 101}: 0} {
		var list bills.Listing
		b := bill("a", "2026-10-03", "2026-10-10", "1", make([]bills.ListedPayment, count[0])...).Data
		b.FinanceCharges = make([]bills.Charge, count[1])
		if list.Add(b, true); len(list.Bills) != want || list.Partial != (want == 0) {
			t.Errorf("with %d payments and %d charges: %d bills", count[0], count[1], len(list.Bills))
		}
	}
}

// A bill whose card cannot be read may be one of any card.
func TestTheListOfALinkHasTheBillsOfEachCard(t *testing.T) {
	b := bill("a", "2026-10-03", "2026-10-10", "1").Data
	link := bills.LinkListing{ByCard: map[string]bills.Listing{}}
	link.Add(b, "gold", true)
	link.Add(b, "gold", true)
	link.Add(b, "blue", false)
	for card, want := range map[string]struct {
		bills   int
		partial bool
	}{"gold": {2, false}, "blue": {0, true}, "other": {0, false}} {
		if got := link.Of(card); len(got.Bills) != want.bills || got.Partial != want.partial {
			t.Errorf("%s: %+v", card, got)
		}
	}
	link.Add(b, "", true)
	for card, want := range map[string]int{"gold": 2, "blue": 0, "other": 0} {
		if got := link.Of(card); len(got.Bills) != want || !got.Partial {
			t.Errorf("beside a bill of an unknown card, %s has %+v", card, got)
		}
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

// The vendor no longer lists the older of two paid bills. The row of its payment, which only its text and amount show
// as one, becomes no row of the newer bill.
func TestThePaymentOfABillThatIsNoLongerListedIsNoPurchase(t *testing.T) {
	older := bill("oct", "2026-09-28", "2026-10-05", "350.75", payment("2026-10-05", "350.75"))
	newer := bill("nov", "2026-10-28", "2026-11-05", "233.70")
	paid := row("2026-10-05", "-350.75", domain.CardFacts{})
	paid.Text = "PAGAMENTO RECEBIDO"
	c := bills.Card{Today: "2026-11-06", CoversTo: "2026-11-05", Currency: "BRL", Rows: []bills.Row{
		row("2026-09-10", "350.75", named("oct")), row("2026-10-10", "233.70", named("nov")), paid,
	}}
	first, _, _ := updated(nil, stored(nil, older, newer), c)
	again, _, result := updated(all(first), stored(all(first), newer), c)
	if got := again["nov"]; got.Check != bills.AddsUp || got.Rows.Count != 1 || !result.Rows[2].Payment {
		t.Errorf("%s with %d rows, the payment is on %+v", got.Check, got.Rows.Count, result.Rows[2])
	}
	if again["oct"].RemovedAt.IsZero() {
		t.Error("the older bill is not removed")
	}
	none, _, _ := updated(all(again), stored(all(again)), c)
	if len(none) != 2 {
		t.Errorf("there are %d bills", len(none))
	}
}
