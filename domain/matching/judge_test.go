package matching_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// fact is a case of a part of the judgement: two rows, what their comparison has found, and the result.
type fact struct {
	oldRow, newRow, flags string
	want                  bool
}

func checkFacts(t *testing.T, name string, facts []fact, change func(o, n *banktext.Row), context matching.Context) {
	t.Helper()
	for _, f := range facts {
		o, n := parseRow(t, f.oldRow), parseRow(t, f.newRow)
		if change != nil {
			change(&o, &n)
		}
		if got := matching.Fact(name, o, n, context, f.flags); got != f.want {
			t.Errorf("%s: %q and %q (%s): %t, want %t", name, f.oldRow, f.newRow, f.flags, got, f.want)
		}
	}
}

// The 10th of November 2026 is a Tuesday. An amount such as 47.31 is unusual, and 50 is not.
func TestTheDatesOfRowsFitOneMovement(t *testing.T) {
	const round, odd, shop = " -50 BRL ", " -147.31 BRL ", "LOJA BELA"
	pending := func(amount, day, text, flags string, want bool) fact {
		return fact{"2026-11-10 p" + amount + text, "2026-11-" + day + " P" + amount + text, flags, want}
	}
	posted := func(amount, day, text, flags string, want bool) fact {
		return fact{"2026-11-10 P" + amount + text, "2026-11-" + day + " P" + amount + text, flags, want}
	}
	checkFacts(t, "timely", []fact{
		pending(
			round,
			"10",
			shop,
			"",
			true,
		),
		pending(round, "11", shop, "", true),
		pending(round, "12", shop, "", false),
		pending(
			odd,
			"15",
			shop,
			"",
			true,
		),
		pending(odd, "16", shop, "", false),
		posted(round, "30", shop, "anchored", true),
		pending(round, "15", shop, "weak", true),
		pending(round, "16", shop, "weak", false),
		pending(round, "12", shop, "weak bare", false),
		pending(round, "11", shop, "weak bare", true),
		{"2026-11-13 p -50 BRL " + shop, "2026-11-16 P -50 BRL " + shop, "", true}, // over a weekend
		{"2026-11-13 p -50 BRL " + shop, "2026-11-17 P -50 BRL " + shop, "", false},
		posted(odd, "15", shop, "complete", true),
		posted(odd, "16", shop, "complete", false),
		posted(
			round,
			"12",
			shop,
			"complete",
			false,
		),
		posted(odd, "11", shop, "", true),
		posted(odd, "12", shop, "", false),
		posted(round, "11", shop, "", false),
		posted(round, "11", shop, "numbered", true),
		posted(round, "11", shop, "weak", false),
		posted(" -99.80 BRL ", "11", shop, "", false),
		posted(" -99.81 BRL ", "11", shop, "", true),
		posted(" -99.80 BRL ", "11", shop, "weak", true),
		posted(" -100.20 BRL ", "11", shop, "", true),
		posted(" -99.90 BRL ", "11", shop, "weak", false),
		posted(odd, "11", "RECARGA TIM", "", false),
		posted(odd, "11", "TARIFA PACOTE", "", false),
		posted(round, "11", "SALARIO ANA", "", false),
		posted(round, "11", "SALARIO ANA", "documented", true),
		posted(odd, "11", "SALARIO ANA", "", true),
		posted(round, "11", "BOLETO ANA", "", false),
		posted(round, "11", "BOLETO ANA", "weak", true),
		posted(odd, "11", "BOLETO ANA", "", true),
		posted(odd, "11", "UBER TRIP", "", false),
		pending(odd, "11", "UBER TRIP", "", false),
		pending(odd, "10", "UBER TRIP", "", true),
	}, nil, matching.Context{})
}

// Two equal texts may be two movements if two other records have them, or if more than 0.1 movements are expected
// between the dates: one record in 180 days is enough for 19 days.
func TestEqualRowsMayBeTwoMovementsByChance(t *testing.T) {
	shown := func(n int) matching.Context {
		return matching.Context{Shown: func(_, _ *banktext.Row) int { return n }}
	}
	on := func(day, flags string, want bool) []fact {
		return []fact{{"2026-11-01 P -50 BRL LOJA BELA", "2026-11-" + day + " P -50 BRL LOJA BELA", flags, want}}
	}
	checkFacts(t, "chance", on("02", "", true), nil, shown(2))
	checkFacts(t, "chance", on("02", "", false), nil, shown(1))
	checkFacts(t, "chance", on("01", "", false), nil, shown(9))
	checkFacts(t, "chance", on("02", "anchored", false), nil, shown(9))
	checkFacts(t, "chance", on("19", "identified", false), nil, shown(1)) // 18 days
	checkFacts(t, "chance", on("20", "identified", true), nil, shown(1))
	checkFacts(t, "chance", on("10", "documented", false), nil, shown(2)) // 9 days
	checkFacts(t, "chance", on("11", "documented", true), nil, shown(2))
	checkFacts(t, "chance", on("20", "", false), nil, matching.Context{})
}

// A number of at most ten digits may be a counter if the rows name different things on different days.
func TestAnEqualNumberMayBeACounter(t *testing.T) {
	with := func(day, id, flags string, want bool) fact {
		return fact{
			"2026-11-10 P -50 BRL LOJA BELA {id=" + id + "}",
			"2026-11-" + day + " P -50 BRL MERCADO SUL {id=" + id + "}",
			flags,
			want,
		}
	}
	checkFacts(t, "counter", []fact{
		with("11", "9876543210", "differ", true), with("11", "98765432101", "differ", false),
		with("11", "00009876543210", "differ", true), with("11", "A987654321", "differ", false),
		with("10", "9876543210", "differ", false), with("11", "9876543210", "doubtful", false),
		with("11", "9876543210", "differ national", false),
	}, nil, matching.Context{})
}

func TestARowIsFarFromAnother(t *testing.T) {
	const bela = " -50 BRL LOJA BELA"
	checkFacts(t, "far", []fact{
		{
			"2026-11-01 p" + bela,
			"2026-11-15 P" + bela,
			"",
			false,
		},
		{"2026-11-01 p" + bela, "2026-11-16 P" + bela, "", true},
		{"2026-11-16 p" + bela, "2026-11-01 P" + bela, "", true},
		{"2026-11-01 p" + bela, "2026-11-16 P" + bela, "anchored", false},
	}, nil, matching.Context{})
	const tip = " -55 BRL LOJA BELA"
	checkFacts(t, "tip", []fact{
		{"2026-11-01 p" + bela, "2026-11-15 P" + tip, "doubtful", true},
		{"2026-11-01 p" + bela, "2026-11-16 P" + tip, "doubtful", false},
		{"2026-11-01 p" + bela, "2026-11-15 P" + tip, "differ", false},
		{"2026-11-01 P" + bela, "2026-11-15 P" + tip, "agree", false},
		{"2026-11-01 p" + bela, "2026-11-15 P -500 BRL LOJA BELA", "agree", false},
	}, nil, matching.Context{})
	checkFacts(t, "named", []fact{
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "contained", true},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "doubtful", false},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "documented", true},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "weak", true},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "quota", true},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "timed", false},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "anchored", false},
		{"2026-11-01 P" + bela, "2026-11-01 P" + bela, "timed anchored", true},
	}, nil, matching.Context{})
}

// Two rows are two movements if one read returned both. If the reads are not known, the last read of the old row and
// the first one of the new row decide.
func TestOneReadReturnedBothRows(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after []uint64
		last, first   uint64
		want          bool
	}{
		"one common read":               {[]uint64{1, 3}, []uint64{2, 3}, 0, 0, true},
		"the first read of both":        {[]uint64{2, 3}, []uint64{2, 4}, 0, 0, true},
		"no common read":                {[]uint64{1, 3}, []uint64{2, 4}, 0, 0, false},
		"other reads, whatever is last": {[]uint64{1}, []uint64{2}, 9, 1, false},
		"the last read is the first":    {nil, []uint64{2}, 5, 5, true},
		"the last read is earlier":      {[]uint64{1}, nil, 4, 5, false},
		"the last read is later":        {nil, nil, 6, 5, true},
		"the first read is not known":   {nil, nil, 6, 0, false},
	} {
		row := "2026-11-01 P -50 BRL LOJA BELA"
		checkFacts(t, "seen", []fact{{row, row, "", tc.want}}, func(o, n *banktext.Row) {
			o.Reads, n.Reads, o.LastRead, n.FirstRead = tc.before, tc.after, tc.last, tc.first
		}, matching.Context{})
		if t.Failed() {
			t.Fatalf("the case is: %s", name)
		}
	}
	const day, refund = "2026-11-01 P -50 BRL LOJA BELA", "2026-11-01 P -50 BRL ESTORNO LOJA BELA"
	const later, laterRefund = "2026-11-02 P -50 BRL LOJA BELA", "2026-11-02 P -50 BRL ESTORNO LOJA BELA"
	back := matching.Context{Reversed: func(*banktext.Row) bool { return true }}
	checkFacts(t, "reversed", []fact{
		{day, later, "", true}, {day, day, "", false}, {day, later, "weak", false}, {day, later, "weak bare", true},
		{day, later, "timed", false}, {refund, laterRefund, "", false}, {refund, later, "", true},
	}, nil, back)
	checkFacts(t, "reversed", []fact{{day, later, "", false}}, nil, matching.Context{})
}
