package bills_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// The tests of this file are about the months that banks forecast.

// forecasts adds posted rows of November whose forecast is a number of months before the due month.
func forecasts(c *bills.Card, rows, distance int) {
	for range rows {
		r := row("2026-10-20", "0", named("nov"))
		r.Forecast = domain.BillMonth("2026-11").Add(-distance)
		c.Rows = append(c.Rows, r)
	}
}

func TestTheDistanceOfAForecastIsLearnedIfNineInTenAgree(t *testing.T) {
	for _, test := range []struct {
		agree, differ int
		learned       bool
	}{{4, 0, false}, {5, 0, true}, {5, 1, false}, {8, 1, false}, {9, 1, true}, {9, 2, false}, {18, 2, true}} {
		c := threeBills()
		forecasts(&c, test.agree, 1)
		forecasts(&c, test.differ, 0)
		a := placed(c, row("2026-10-20", "10", domain.CardFacts{Forecast: "2026-10"}))
		if learned := a.Basis == bills.ByForecast; learned != test.learned || a.Bill != "nov" {
			t.Errorf("%d rows agree, %d differ: %+v", test.agree, test.differ, a)
		}
	}
}

// What is known of posted rows makes the forecast of a pending one doubtful, but does not replace it.
func TestTheForecastOfAPendingRowIsUncertainIfThatOfPostedRowsIsNotTheDueMonth(t *testing.T) {
	for name, test := range map[string]struct {
		rows, distance int
		uncertain      bool
	}{
		"nothing is known of posted rows":         {0, 0, false},
		"posted rows state the due month":         {5, 0, false},
		"posted rows state the month before":      {5, 1, true},
		"too few posted rows state another month": {4, 1, false},
	} {
		c := threeBills()
		forecasts(&c, test.rows, test.distance)
		pending := row("2026-11-20", "10", domain.CardFacts{Forecast: "2026-12"})
		pending.Pending = true
		if a := placed(c, pending); a.Month != "2026-12" || !a.Open || a.Uncertain != test.uncertain {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAForecastDecidesAloneIfTheDateIsThatOfNoKnownBill(t *testing.T) {
	c := threeBills()
	forecasts(&c, 5, 0)
	for forecast, open := range map[domain.BillMonth]bool{"2026-08": false, "2026-12": true} {
		a := placed(c, row("2026-07-10", "10", domain.CardFacts{Forecast: forecast}))
		if a.Bill != "" || a.Month != forecast || a.Uncertain || a.Open != open {
			t.Errorf("the row is on %+v", a)
		}
	}
}

// If the holder moves the due date, two bills may be due in a month.
func TestTheDateDecidesBetweenTwoBillsOfAMonth(t *testing.T) {
	c := threeBills()
	c.Bills = append(c.Bills, bill("moved", "2026-11-21", "2026-11-28", "1"))
	forecasts(&c, 5, 0)
	for day, want := range map[domain.Date]string{
		"2026-10-20": "nov", "2026-11-12": "moved",
		"2026-12-20": "nov", // no bill of the month has the day
	} {
		a := placed(c, row(day, "10", domain.CardFacts{Forecast: "2026-11"}))
		if a.Bill != want || a.Basis != bills.ByForecast || !a.Uncertain {
			t.Errorf("the row of %s is on %+v", day, a)
		}
	}
}

// Banks leave the rows of a closed bill pending for days. A later instalment is dated to its purchase.
func TestARowThatTheBankHasNotPlacedMayBeOnAClosedBill(t *testing.T) {
	for _, test := range []struct {
		day       domain.Date
		number    int
		uncertain bool
	}{
		{"2026-10-20", 0, true}, {"2026-11-03", 0, true}, {"2026-11-04", 0, false}, {"2026-10-20", 1, true},
		{"2026-10-20", 2, false},
	} {
		facts := domain.CardFacts{Forecast: domain.Unbilled, Number: test.number, Count: 5 * test.number}
		if a := placed(threeBills(), row(test.day, "10", facts)); !a.Open || a.Uncertain != test.uncertain {
			t.Errorf("a row of %s, instalment %d, is on %+v", test.day, test.number, a)
		}
	}
	empty := bills.Card{Today: "2026-11-28", Currency: "BRL"}
	if a := placed(empty, row("2026-11-04", "10", domain.CardFacts{Forecast: domain.Unbilled})); a.Uncertain {
		t.Errorf("without bills the row is on %+v", a)
	}
}
