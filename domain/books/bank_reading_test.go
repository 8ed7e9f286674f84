package books_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// readOn returns the reading of an account with this balance in BRL, and a part that the bank has invested.
func readOn(
	c books.Completeness, at, bankReadAt time.Time, balance, parts string, rows ...books.SumRow,
) books.AccountReading {
	sum := books.NewAccountSum(books.VendorBalance{
		Amount: decimal.RequireFromString(balance), Parts: decimal.RequireFromString(parts), Currency: "BRL",
	}, c.Baseline, at).On(domain.DateOf(at), bankReadAt)
	for _, row := range rows {
		sum.Add(row)
	}
	return sum.Reading(false, nil)
}

func TestAnAccountIsCompleteOnlyAfterAReadingOfALaterSynchronisation(t *testing.T) {
	hour := func(n int) time.Time { return firstReading.Add(time.Duration(n) * time.Hour) }
	for name, steps := range map[string][]struct {
		at         int
		bankReadAt time.Time
		balance    string
		want       books.CompletenessState
	}{
		"dated": {
			{0, hour(-1), "100", books.CompletenessUnknown}, {30, hour(-1), "100", books.CompletenessUnknown},
			{31, hour(30), "100", books.Complete},
		},
		"undated": {
			{0, time.Time{}, "100", books.CompletenessUnknown}, {5, time.Time{}, "100", books.CompletenessUnknown},
			{6, time.Time{}, "100", books.Complete},
		},
		"a difference confirms nothing": {
			{0, hour(-1), "100", books.CompletenessUnknown}, {5, hour(4), "90", books.CompletenessUnknown},
			{60, hour(59), "90", books.Drifting}, {61, hour(60), "100", books.Complete},
		},
	} {
		var c books.Completeness
		for i, step := range steps {
			c = c.After(readOn(c, hour(step.at), step.bankReadAt, step.balance, "0"))
			c.AccountReadAt = step.bankReadAt
			state, _ := c.State(hour(step.at), grace)
			first := state == books.CompletenessUnknown && c.BasisAt(hour(step.at), grace) != books.BasisFirst
			if state != step.want && !(name == "a difference confirms nothing" && i == 2) || first {
				t.Errorf("%s, reading %d: %s, %s", name, i, state, c.BasisAt(hour(step.at), grace))
			}
		}
	}
}

func TestMoneyThatTheBankInvestsIsNoDrift(t *testing.T) {
	day := firstReading
	var c books.Completeness
	for i, step := range []struct {
		balance, parts string
		drifts         bool
	}{
		{"12000", "100", false}, {"2000", "10100", false}, {"12000", "0", false}, {"2000", "10000", true},
		{"1990", "10100", true}, {"2000", "10100", false},
	} {
		c = c.After(readOn(c, day.AddDate(0, 0, i), day.AddDate(0, 0, i), step.balance, step.parts))
		if drifts := !c.AnchorDrift.IsZero(); drifts != step.drifts {
			t.Errorf("reading %d: drifts %t", i, drifts)
		}
	}
}

func TestARecordOfALaterDayCountsFromItsDayOn(t *testing.T) {
	row := posted("2026-03-13", "-40") // three days after the first reading
	var c books.Completeness
	for i, balance := range []string{"100", "100", "100", "60", "60"} {
		at := firstReading.AddDate(0, 0, i)
		if i > 0 && i < 3 && c.SameReading(books.VendorBalance{
			Amount: decimal.RequireFromString(balance), Currency: "BRL",
		}, false) {
			t.Errorf("day %d: the records are not read again", i)
		}
		c = c.After(readOn(c, at, at, balance, "0", row))
		if !c.AnchorDrift.IsZero() {
			t.Errorf("day %d drifts", i)
		}
	}
	if c = c.After(readOn(c, firstReading.AddDate(0, 0, 9), firstReading, "100", "0", row)); c.AnchorDrift.IsZero() {
		t.Error("a record that the balance lacks after its day is no drift")
	}
}

// The vendor reads the bank each morning and evening, except during outages of up to 20 days. The bank books a row of
// each day one to three banking days late, and its balance contains what it has booked. Each day that is over is closed
// at noon. An independent rule decides whether the bank has had time to book it. Rows that are more than one banking
// day late change covered days: the test logs how often.
func TestNoCloseOfAnUncoveredDayIsComplete(t *testing.T) {
	const offset = -3 * time.Hour
	rules := domain.Coverage{After: 12 * time.Hour, Offset: offset}
	for _, currency := range []string{"BRL", "MXN", "USD", "EUR"} {
		random := rand.New(rand.NewPCG(1, 2))
		var c books.Completeness
		var readAt time.Time
		outage, covered, uncovered, changes := 0, 0, 0, 0
		var rows []lateRow
		for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
			if outage--; outage < -10 && random.IntN(5) == 0 {
				outage = 1 + random.IntN(20)
			}
			rows = append(rows, newLateRow(domain.DateOf(day), currency, 1+random.IntN(3)))
			for _, hour := range []int{9, 20} {
				if at := day.Add(time.Duration(hour)*time.Hour - offset); outage <= 0 {
					readAt = at
					booked := bookedRows(rows, at.Add(offset))
					c = c.After(readOn(c, at, at, strconv.Itoa(100-len(booked)), "0", booked...))
					c.AccountReadAt = at
				}
			}
			for back := 1; back < 30 && !readAt.IsZero(); back++ {
				closed := domain.DateOf(day.AddDate(0, 0, -back))
				isCovered := bookedBy(closed, currency, readAt.Add(offset))
				state := c.StateOfClose(closed, currency, rules, day.Add(36*time.Hour), grace)
				if isCovered {
					covered++
					changes += countLate(rows, closed, readAt.Add(offset))
				} else {
					uncovered++
				}
				if confirmed := c.Baseline.Confirmed; isCovered && confirmed && state != books.Complete ||
					isCovered == (state == books.NotCovered) || !isCovered && state == books.Complete {
					t.Fatalf("%s: %s closed on %s after a reading of %v: %s", currency, closed,
						domain.DateOf(day), readAt, state)
				}
			}
		}
		if covered < 1000 || uncovered < 500 {
			t.Errorf("%s: %d covered, %d not covered", currency, covered, uncovered)
		}
		t.Logf("%s: the row of %.1f %% of %d covered days came after the reading", currency,
			100*float64(changes)/float64(covered), covered)
		if changes == 0 || changes == covered {
			t.Errorf("%s: the rows of %d covered days came late", currency, changes)
		}
	}
}

// bookedBy reports whether the first banking day after the day had lasted 12 hours at the local time.
func bookedBy(day domain.Date, currency string, local time.Time) bool {
	next := day.AddDays(1)
	for !domain.IsBankingDay(next, currency) {
		next = next.AddDays(1)
	}
	begin, err := time.Parse(time.DateOnly, string(next))
	return err == nil && !local.Before(begin.Add(12*time.Hour))
}

// lateRow is a row of a day, which the bank books at a later local time.
type lateRow struct {
	row    books.SumRow
	booked time.Time
}

// newLateRow returns the row of a day. The bank books it in the morning of the given number of banking days later.
func newLateRow(day domain.Date, currency string, bankingDays int) lateRow {
	next := day
	for range bankingDays {
		for next = next.AddDays(1); !domain.IsBankingDay(next, currency); {
			next = next.AddDays(1)
		}
	}
	begin, _ := time.Parse(time.DateOnly, string(next))
	return lateRow{posted(day, "-1"), begin.Add(8 * time.Hour)}
}

// bookedRows returns the rows that the bank has booked at a local time.
func bookedRows(rows []lateRow, local time.Time) (booked []books.SumRow) {
	for _, r := range rows {
		if !r.booked.After(local) {
			booked = append(booked, r.row)
		}
	}
	return booked
}

// countLate returns the number of rows of a day that the bank had not booked at a local time.
func countLate(rows []lateRow, day domain.Date, local time.Time) (n int) {
	for _, r := range rows {
		if r.row.Date == day && r.booked.After(local) {
			n++
		}
	}
	return n
}
