package witness_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

func days(from, to int) domain.Window { return domain.Window{From: day(from), To: day(to)} }

// overview returns the overview of a statement that covers the days. The time of its comparison rises with n.
func overview(n int, v witness.Verdict, covered ...domain.Window) witness.Overview {
	return witness.Overview{
		ID: witness.BankStatementID(idOf(string(rune('a' + n)))), Verdict: v, Covered: covered,
		ComparedAt: time.Unix(int64(n), 0), Period: spanning(covered),
	}
}

// spanning returns the days from the first to the last of the windows.
func spanning(windows []domain.Window) (all domain.Window) {
	for _, w := range windows {
		if all.From == "" || w.From < all.From {
			all.From = w.From
		}
		all.To = max(all.To, w.To)
	}
	return all
}

// The witness of a period is the newest comparison of any of its days, if it covers every day. An older comparison that
// covers every day does not replace a newer one that does not.
func TestAPeriodHasTheNewestComparisonAsItsWitness(t *testing.T) {
	whole, newer := overview(1, witness.Agrees, days(1, 30)), overview(3, witness.Differs, days(-9, 40))
	list := func(all ...witness.Overview) []witness.Overview { return all }
	var none witness.BankStatementID
	for name, c := range map[string]struct {
		all  []witness.Overview
		want witness.BankStatementID
	}{
		"none":                         {nil, none},
		"the only one":                 {list(whole), whole.ID},
		"the newer one":                {list(newer, whole), newer.ID},
		"a gap between two windows":    {list(overview(2, witness.Agrees, days(1, 9), days(11, 30))), none},
		"a newer one of other days":    {list(whole, overview(2, witness.Differs, days(31, 40))), whole.ID},
		"a newer one of one day":       {list(whole, overview(2, witness.Agrees, days(30, 40))), none},
		"a newer one of the first day": {list(whole, overview(2, witness.Agrees, days(-9, 1))), none},
		"the last day is missing":      {list(overview(2, witness.Agrees, days(1, 29))), none},
		"no covered day":               {list(whole, overview(2, witness.LinesAgree)), whole.ID},
	} {
		got := witness.Of(c.all, days(1, 30))
		if (got == nil) != c.want.IsZero() || got != nil && got.ID != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheOpeningBalanceIsComparedUnlessStatementsOverlap(t *testing.T) {
	amount := decimal.NewFromInt(10)
	before := witness.Overview{
		ID: witness.BankStatementID{UUID: [16]byte{1}}, SHA256: "1", Period: days(1, 9),
		Closing: witness.StatedBalance{Amount: &amount},
	}
	other, unproved := amount.Neg(), before
	unproved.Closing = witness.StatedBalance{}
	for name, tc := range map[string]struct {
		before  witness.Overview
		from    int
		opening *decimal.Decimal
		want    string
	}{
		"an overlap":            {before, 9, &amount, "absent"},
		"the next day":          {before, 10, &amount, "true"},
		"a gap":                 {before, 12, &amount, "true"},
		"another balance":       {before, 10, &other, "false"},
		"no opening is known":   {before, 10, nil, "absent"},
		"no closing was proved": {unproved, 10, &amount, "absent"},
	} {
		s := witness.BankStatement{State: witness.StateCompared, Comparison: &witness.Result{}}
		s.Reading.Period, s.Comparison.Opening.Amount = days(tc.from, 20), tc.opening
		got := "absent"
		if p := witness.PreviousOf(s, []witness.Overview{tc.before}); p.OpeningAgrees != nil {
			got = strconv.FormatBool(*p.OpeningAgrees)
		}
		if got != tc.want {
			t.Errorf("%s: openingAgrees is %s, want %s", name, got, tc.want)
		}
	}
}
