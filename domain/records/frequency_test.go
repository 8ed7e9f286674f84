package records_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// lunch returns a purchase. All lunches have one price, and are at one place.
func lunch(externalID string, date domain.Date) domain.TransactionData {
	return data(externalID, "RESTAURANTE DA NONA", "-47.31", date)
}

// excluded returns a record that an operator has excluded.
func excluded(r records.Record) records.Record {
	r.ExcludedAt, r.ExcludedBy = now, "alice"
	return r
}

func TestAPriceThatOtherRecordsShowIsAMatterOfChance(t *testing.T) {
	lunches := func(n int) (all []records.Record) {
		for i := range n {
			all = append(all, record(2+i, lunch(fmt.Sprintf("l%03d", i), "2026-01-07")))
		}
		return all
	}
	elsewhere := record(3, lunch("elsewhere", "2026-01-07"))
	elsewhere.AccountID = domain.AccountID{UUID: [16]byte{8}}
	for name, tc := range map[string]struct {
		others []records.Record
		came   domain.Date
		kept   bool
		asked  int // how often the store was asked in the last transaction
	}{
		"no other record":       {nil, "2026-03-05", true, 1},
		"one other record":      {lunches(1), "2026-03-05", true, 1},
		"two other records":     {lunches(2), "2026-03-05", false, 1},
		"rows of one date":      {lunches(2), "2026-03-04", true, 1},
		"an amount of one date": {nil, "2026-03-04", true, 0},
		"one was removed": {
			append(lunches(1), removed(record(3, lunch("gone", "2026-01-08")), 24*30)), "2026-03-05", true, 1,
		},
		"one is excluded": {
			append(lunches(1), excluded(record(3, lunch("twin", "2026-01-08")))), "2026-03-05", true, 1,
		},
		"one of another account": {append(lunches(1), elsewhere), "2026-03-05", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(append([]records.Record{removed(record(1, lunch("old", "2026-03-04")), 5)}, tc.others...)...)
			if err := b.store(pageOf(lunch("new", tc.came))); err != nil {
				t.Fatal(err)
			}
			if kept := b.byKey("new").ID == recordID(1); kept != tc.kept {
				t.Errorf("kept: %t", kept)
			}
			if len(b.shown) != tc.asked {
				t.Errorf("the store was asked %d times", len(b.shown))
			}
		})
	}
}

func TestARecordThatComesWhileRowsAreComparedCounts(t *testing.T) {
	b := newBook(removed(record(1, lunch("old", "2026-03-04")), 5), record(2, lunch("one", "2025-12-07")))
	page := records.NewPage(pageOf(lunch("new", "2026-03-05")))
	before := b.clone()
	if err := b.apply(page.Changes(b.view(page.Rows()), b)); !errors.Is(err, records.ErrNotCompared) {
		t.Fatal(err)
	}
	*b = *before
	if err := page.Make(); err != nil {
		t.Fatal(err)
	}
	b.records = append(b.records, record(3, lunch("two", "2025-12-08"))) // too old for a partner
	if err := b.write(page, page.Rows()); err != nil {
		t.Fatal(err)
	}
	if b.byKey("new").ID == recordID(1) {
		t.Error("the rows were matched, although two other records show the price")
	}
}

func TestFurtherAmountsThanTheStoreIsAskedForAreAMatterOfChance(t *testing.T) {
	var old []records.Record
	var came []domain.TransactionData
	for i := range matching.MaxShownAmounts + 1 {
		amount := fmt.Sprintf("-%d.31", 1000+i)
		r := removed(record(0, data(fmt.Sprintf("old%03d", i), "RESTAURANTE DA NONA", amount, "2026-03-04")), 5)
		r.ID.UUID[13] = byte(i >> 8)
		r.ID.UUID[14], r.ID.UUID[12] = byte(i), 1
		old, came = append(old, r), append(came, data(fmt.Sprintf("new%03d", i), r.Description, amount, "2026-03-05"))
	}
	stays := record(1, lunch("stays", "2026-03-04"))
	b := newBook(append(old, stays)...)
	if err := b.store(pageOf(came...)); err != nil {
		t.Fatal(err)
	}
	if kept := b.counts.IDChanges; kept != matching.MaxShownAmounts {
		t.Errorf("%d rows continue", kept)
	}
	if got := b.byKey("new000").ID; got == old[0].ID { // the amounts are asked in ascending order
		t.Error("the last amount is not a matter of chance")
	}
}

func TestAPublicationCountsTheRecordsThatTheVendorReturns(t *testing.T) {
	one, two := lunch("one", "2026-01-07"), lunch("two", "2026-01-08")
	all := []records.Record{record(1, lunch("old", "2026-03-04")), record(2, one), record(3, two)}
	for name, tc := range map[string]struct {
		staged []domain.TransactionData
		kept   bool
	}{
		"the vendor returns two":  {rows(lunch("new", "2026-03-05"), one, two), false},
		"the vendor returns one":  {rows(lunch("new", "2026-03-05"), one), true},
		"the vendor returns none": {rows(lunch("new", "2026-03-05")), true},
	} {
		b := staging(tc.staged, slices.Clone(all)...)
		if err := b.publish(nil); err != nil {
			t.Fatal(err)
		}
		if kept := b.byKey("new").ID == recordID(1); kept != tc.kept {
			t.Errorf("%s: kept: %t", name, kept)
		}
	}
}

func TestAnErrorOfTheAmountsEndsTheWrite(t *testing.T) {
	old, came := lunch("old", "2026-03-04"), lunch("new", "2026-03-05")
	b := newBook(removed(record(1, old), 5))
	b.fails = "VisitShown"
	if err := b.store(pageOf(came)); !errors.Is(err, errFails) {
		t.Errorf("a page: %v", err)
	}
	b = newBook(record(1, old))
	b.carriedOver["old"] = true
	b.fails = "VisitShown"
	if err := b.store(pageOf(came)); !errors.Is(err, errFails) {
		t.Errorf("a page after carried-over records: %v", err)
	}
	b = staging(rows(came), record(1, old))
	b.fails = "VisitShown"
	if err := b.publish(nil); !errors.Is(err, errFails) {
		t.Errorf("a publication: %v", err)
	}
}

// The amount in the currency of the account counts, too: rows of one price in it are compared by chance.
func TestAnAmountInTheCurrencyOfTheAccountMayRecur(t *testing.T) {
	abroad := func(externalID, dollars string, date domain.Date) domain.TransactionData {
		row := lunch(externalID, date)
		inAccount := row.Amount
		row.AccountMoney = &inAccount
		money, err := domain.ParseMoney(dollars, "USD")
		if err != nil {
			t.Fatal(err)
		}
		row.Amount = money
		return row
	}
	for name, tc := range map[string]struct {
		came  domain.TransactionData
		asked int
	}{
		"the same amount on another date": {abroad("new", "-9", "2026-03-05"), 1},
		"only the converted amount":       {abroad("new", "-8", "2026-03-05"), 1},
		"one date":                        {abroad("new", "-9", "2026-03-04"), 0},
	} {
		b := newBook(removed(record(1, abroad("old", "-9", "2026-03-04")), 5))
		if err := b.store(pageOf(tc.came)); err != nil {
			t.Fatal(err)
		}
		if len(b.shown) != tc.asked {
			t.Errorf("%s: the store was asked %d times, want %d", name, len(b.shown), tc.asked)
		}
	}
}

// A price that more records show than are read is a matter of chance, also if none of the records that are read counts.
func TestAFrequentPriceIsAMatterOfChance(t *testing.T) {
	for _, tc := range []struct {
		others int
		kept   bool
	}{{matching.MaxShown, true}, {matching.MaxShown + 1, false}} {
		b := newBook(removed(record(1, lunch("old", "2026-03-04")), 5))
		for i := range tc.others { // another place, and another account would ask for itself
			r := record(0, data(fmt.Sprintf("m%04d", i), "MERCADO "+fmt.Sprint(i), "-47.31", "2026-03-01"))
			r.ID.UUID[12], r.ID.UUID[13], r.ID.UUID[14] = 1, byte(i>>8), byte(i)
			b.records = append(b.records, r)
		}
		if err := b.store(pageOf(lunch("new", "2026-03-05"))); err != nil {
			t.Fatal(err)
		}
		if kept := b.byKey("new").ID == recordID(1); kept != tc.kept {
			t.Errorf("%d records show the amount: kept %t, want %t", tc.others, kept, tc.kept)
		}
	}
}

// The store is asked for the days around all old rows whose amounts recur.
func TestTheDaysInWhichAnAmountRecurs(t *testing.T) {
	b := newBook(removed(record(1, lunch("a", "2026-03-04")), 5), removed(record(2, lunch("b", "2026-02-20")), 5),
		removed(record(3, lunch("c", "2026-02-25")), 5))
	if err := b.store(pageOf(lunch("new", "2026-03-05"))); err != nil {
		t.Fatal(err)
	}
	want := domain.Window{
		From: domain.Date("2026-02-20").AddDays(-matching.ShownDays),
		To:   domain.Date("2026-03-04").AddDays(matching.ShownDays),
	}
	if len(b.shown) == 0 || b.shown[0].Dates != want {
		t.Errorf("the store is asked for %+v, want the days %v", b.shown, want)
	}
}
