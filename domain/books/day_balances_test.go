package books_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

func TestTheBalanceOfADayIsTheLatestOneWithoutTheRecordsAfterIt(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 9, day, 9, 0, 0, 0, time.UTC) }
	amount := decimal.RequireFromString
	reading := func(day int, anchor string) books.AccountBalance {
		return books.AccountBalance{At: at(day), BankReadAt: at(day), Currency: "BRL", Anchor: amount(anchor)}
	}
	undated := reading(4, "10")
	undated.BankReadAt = time.Time{}
	latest := books.AccountReading{
		At: at(10), Currency: "BRL", Balance: amount("60"), Posted: amount("50"), BankReadAt: at(10),
	}
	day := func(text, balance string) books.DayBalance {
		return books.DayBalance{Date: domain.Date(text), Amount: amount(balance)}
	}
	for name, tc := range map[string]struct {
		change   func(*books.Completeness)
		readings []books.AccountBalance
		want     []books.DayBalance
	}{
		"each covered day": {
			nil, []books.AccountBalance{reading(10, "10"), reading(9, "10")},
			[]books.DayBalance{day("2026-09-09", "55"), day("2026-09-08", "30")},
		},
		"a vendor that states no time": {
			nil, []books.AccountBalance{undated}, []books.DayBalance{day("2026-09-03", "30")},
		},
		"only the latest reading":      {nil, []books.AccountBalance{reading(10, "10")}, nil},
		"several readings of its day":  {nil, []books.AccountBalance{reading(10, "10"), reading(10, "10")}, nil},
		"a reading with other records": {nil, []books.AccountBalance{reading(9, "11")}, nil},
		"records have changed since": {
			func(c *books.Completeness) { c.Changed.Since = at(11) }, []books.AccountBalance{reading(10, "10")}, nil,
		},
		"a record waits for its second absence": {
			func(c *books.Completeness) {
				last := *c.Last
				last.Waiting, c.Last = 1, &last
			}, []books.AccountBalance{reading(10, "10")}, nil,
		},
		"no reading": {
			func(c *books.Completeness) { c.Last = nil }, []books.AccountBalance{reading(10, "10")}, nil,
		},
		"two readings of one day": {
			nil, []books.AccountBalance{reading(9, "10"), reading(9, "10")},
			[]books.DayBalance{day("2026-09-08", "30")},
		},
		"an amount of the day is not known": {
			nil, []books.AccountBalance{reading(3, "10")}, []books.DayBalance{day("2026-09-02", "30")},
		},
		"a day after the window":               {nil, []books.AccountBalance{reading(35, "10")}, nil},
		"an amount after the day is not known": {nil, []books.AccountBalance{reading(2, "10")}, nil},
		"a day outside of the window is absent": {
			nil, []books.AccountBalance{{At: at(1), Currency: "BRL", Anchor: amount("10")}}, nil,
		},
	} {
		c := books.Completeness{Last: &latest}
		if tc.change != nil {
			tc.change(&c)
		}
		d := books.NewDayBalances(c, "BRL", tc.readings, domain.Coverage{})
		d.Add("2026-09-09", amount("25"), true)
		d.Add("2026-09-10", amount("5"), true)
		d.Add("2026-09-11", amount("99"), true) // the latest balance does not contain it
		d.Add("2026-09-02", amount("0"), false)
		got := d.In(domain.Window{From: "2026-09-01", To: "2026-09-30"})
		if diff := cmp.Diff(tc.want, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// At one o'clock in UTC, it is still the day before in Brazil. A record of the next day is not part of the balance.
func TestTheBalanceOfADayLeavesOutTheRecordsAfterTheLocalDayOfTheReading(t *testing.T) {
	at := time.Date(2026, 9, 11, 1, 0, 0, 0, time.UTC)
	last := books.AccountReading{At: at, Currency: "BRL", Balance: decimal.New(60, 0), BankReadAt: at}
	reading := books.AccountBalance{At: at, BankReadAt: at, Currency: "BRL", Anchor: decimal.New(60, 0)}
	before := reading
	before.At, before.BankReadAt = at.AddDate(0, 0, -20), at.AddDate(0, 0, -20)
	readings := []books.AccountBalance{reading, before}
	rules := domain.Coverage{Offset: -3 * time.Hour}
	d := books.NewDayBalances(books.Completeness{Last: &last}, "BRL", readings, rules)
	d.Add("2026-09-10", decimal.New(5, 0), true)
	d.Add("2026-09-11", decimal.New(7, 0), true)
	got := d.In(domain.Window{From: "2026-09-01", To: "2026-09-30"})
	if len(got) != 1 || got[0].Date != "2026-09-09" || !got[0].Amount.Equal(decimal.New(55, 0)) {
		t.Errorf("the balances are %v", got)
	}
}
