package domain_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// drawRow draws a row whose members have few possible values, so that many rows are alike.
func drawRow(t *rapid.T, id string) domain.MatchRow {
	optional := rapid.SampledFrom([]string{"", "", "", "x", "y"})
	r := movement(id,
		amount(rapid.SampledFrom([]string{"-50", "-51", "50"}).Draw(t, "amount")),
		on(domain.Date("2026-11-10").AddDays(rapid.IntRange(0, 14).Draw(t, "days"))),
		text(rapid.SampledFrom([]string{
			"PADARIA DO ZE", "PADARIA DO ZE NSU 123456", "PADARIA DO ZE LTDA", "LOJA PARC 1/3", "LOJA PARC 2/3", "",
		}).Draw(t, "text")),
		transactionKey(optional.Draw(t, "key")), reference(optional.Draw(t, "reference")),
		learned(time.Duration(rapid.IntRange(0, 20).Draw(t, "learned"))*24*time.Hour),
	)
	if rapid.Bool().Draw(t, "foreign") {
		dollars("-10", rapid.SampledFrom([]string{"", "-50", "-51", "-60"}).Draw(t, "account amount"))(&r)
	}
	if rapid.Bool().Draw(t, "pending") {
		r.Status = domain.Pending
	}
	r.FirstRead = uint64(rapid.IntRange(1, 4).Draw(t, "first read"))
	r.LastRead = r.FirstRead + uint64(rapid.IntRange(0, 2).Draw(t, "more reads"))
	return r
}

func drawInput(t *rapid.T) domain.MatchInput {
	var in domain.MatchInput
	for i := range rapid.IntRange(0, 12).Draw(t, "left") {
		in.Old = append(in.Old, drawRow(t, fmt.Sprintf("l%02d", i)))
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "came") {
		in.New = append(in.New, drawRow(t, fmt.Sprintf("c%02d", i)))
	}
	in.Relinked = rapid.Bool().Draw(t, "relinked")
	return in
}

func TestMatchesDoNotDependOnTheOrderOfTheRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		want := domain.MatchRows(in)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 5 {
			random.Shuffle(len(in.Old), func(i, j int) { in.Old[i], in.Old[j] = in.Old[j], in.Old[i] })
			random.Shuffle(len(in.New), func(i, j int) { in.New[i], in.New[j] = in.New[j], in.New[i] })
			if diff := cmp.Diff(want, domain.MatchRows(in)); diff != "" {
				t.Fatalf("in another order: %s", diff)
			}
		}
	})
}

func TestEachMatchKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		oldRows, newRows := byID(in.Old), byID(in.New)
		for _, m := range domain.MatchRows(in) {
			l, known := oldRows[m.Old]
			c, knownToo := newRows[m.New]
			if !known || !knownToo {
				t.Fatalf("%v uses a row twice, or one that does not exist", m)
			}
			delete(oldRows, m.Old)
			delete(newRows, m.New)
			checkMatch(t, m.Rule, l, c)
		}
	})
}

func byID(all []domain.MatchRow) map[string]domain.MatchRow {
	index := map[string]domain.MatchRow{}
	for _, r := range all {
		index[r.ExternalID] = r
	}
	return index
}

// checkMatch fails the test if the old row l and the new row c, which were matched by the given rule, are outside the
// limits of the rule.
func checkMatch(t *rapid.T, rule domain.MatchRule, l, c domain.MatchRow) {
	settles := l.Status == domain.Pending && c.Status == domain.Posted
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	switch {
	case l.Amount.Currency != c.Amount.Currency || l.Amount.Amount.Sign() != c.Amount.Amount.Sign():
		t.Fatalf("%s: another currency or direction", rule)
	case l.LastRead >= c.FirstRead:
		t.Fatalf("%s: one read may have shown both", rule)
	case l.LearnedAt.Sub(c.LearnedAt).Abs() > 14*24*time.Hour:
		t.Fatalf("%s: learned too far apart", rule)
	case differ(l.Keys.Reference, c.Keys.Reference):
		t.Fatalf("%s: other references", rule)
	case differ(l.Keys.Transaction, c.Keys.Transaction) && !settles:
		t.Fatalf("%s: other institution keys", rule)
	case rule == domain.SameKey:
		return
	case l.Status == domain.Posted && c.Status == domain.Pending:
		t.Fatalf("%s: a posted row became pending", rule)
	case !l.Amount.Equal(c.Amount):
		t.Fatalf("%s: another amount", rule)
	case c.Date > l.Date.AddDays(10) || l.Date > c.Date.AddDays(10):
		t.Fatalf("%s: dates too far apart", rule)
	case rule == domain.SameDescription && (c.Date > l.Date.AddDays(5) || l.Date > c.Date.AddDays(5)):
		t.Fatalf("%s: dates too far apart", rule)
	}
}

// A row must not be compared with more than 100 rows that are dated within ten days. If there are 101 such rows,
// nothing may be matched.
func TestManyRowsOfOneAmountAreNotCompared(t *testing.T) {
	for count, want := range map[int]int{99: 1, 100: 0} {
		in := domain.MatchInput{
			Old: rows{oldRow("a", text("PADARIA DO ZE"))}, New: rows{newRow("b", text("PADARIA DO ZE LTDA"))},
		}
		for i := range count {
			in.New = append(in.New, newRow(fmt.Sprint(i), text(fmt.Sprintf("%c%c%c", 'a'+i%25, 'a'+i/25, 'z'))))
		}
		if got := len(domain.MatchRows(in)); got != want {
			t.Errorf("%d other rows: %d matches, want %d", count, got, want)
		}
	}
}

// At most 100 rows may be compared with one row, even if the rows differ only in the time of day in their texts. Rows
// outside the maximum distance in days for SameDescription must not count towards this limit.
func TestManyGroupsOfOneDescriptionAreNotCompared(t *testing.T) {
	for _, c := range []struct {
		inside, outside int
		want            []string
	}{
		{100, 0, []string{"a>0 same_description"}}, {101, 0, []string{}}, {60, 60, []string{"a>0 same_description"}},
	} {
		in := domain.MatchInput{Old: rows{oldRow("a", text("SAQUE 24H 00:00"))}}
		for i := range c.inside + c.outside {
			row := newRow(fmt.Sprint(i), text(fmt.Sprintf("SAQUE 24H %02d:%02d", i/60, i%60)))
			if i >= c.inside {
				row.Date = "2026-10-01"
			}
			in.New = append(in.New, row)
		}
		if diff := cmp.Diff(c.want, pairs(domain.MatchRows(in))); diff != "" {
			t.Errorf("%d near and %d far rows: %s", c.inside, c.outside, diff)
		}
	}
}

// identical returns n rows that cannot be distinguished. The argument row is oldRow or newRow, and is called for each
// row.
func identical(n int, row func(string, ...rowOption) domain.MatchRow, prefix string, options ...rowOption) rows {
	all := make(rows, n)
	for i := range all {
		all[i] = row(fmt.Sprint(prefix, i), options...)
	}
	return all
}

// At most 16,384 pairs of rows may be checked for two groups of identical rows. With more pairs, these rows remain
// unmatched:
//
//   - a posted row among many pending rows;
//   - all rows of two groups, if one group has an additional row without a possible partner. The sizes of the two
//     groups differ because of the additional row.
func TestTheNumberOfPairsThatAreTriedIsBounded(t *testing.T) {
	for pendingRows, want := range map[int]int{1<<14 - 1: 1, 1 << 14: 0} {
		in := domain.MatchInput{
			Old: rows{
				oldRow("a"),
			},
			New:      append(identical(pendingRows, newRow, "p", pending), newRow("b")),
			Relinked: true,
		}
		if got := len(domain.MatchRows(in)); got != want {
			t.Errorf("%d pending rows: %d matches, want %d", pendingRows, got, want)
		}
	}
	for count, want := range map[int]int{127: 127, 130: 0} {
		in := domain.MatchInput{Old: identical(count, oldRow, "l"), New: append(identical(count, newRow, "c"),
			newRow("shown before", readBetween(1, 3)))}
		if got := len(domain.MatchRows(in)); got != want {
			t.Errorf("%d rows: %d matches, want %d", count, got, want)
		}
	}
}

// benchmarkRows returns n old rows and n new rows: purchases at 300 merchants over a year. Half of the new rows have a
// new document number, and the other half have a new text.
func benchmarkRows(n int) domain.MatchInput {
	var in domain.MatchInput
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		price := fmt.Sprintf("-%d.%02d", random.IntN(300)+1, random.IntN(100))
		date := on(domain.Date("2026-01-01").AddDays(random.IntN(365)))
		shop := fmt.Sprintf("COMPRA CARTAO LOJA %c%c %03d", 'A'+i%25, 'A'+i/25%25, random.IntN(300))
		in.Old = append(in.Old, oldRow(fmt.Sprintf("l%d", i), amount(price), date, text(shop+" NSU 123456")))
		if i%2 == 0 {
			shop += " SP"
		}
		in.New = append(in.New, newRow(fmt.Sprintf("c%d", i), amount(price), date, text(shop+" NSU 654321")))
	}
	return in
}

func BenchmarkMatchRows(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		in := benchmarkRows(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(domain.MatchRows(in)) < n*9/10 {
					b.Fatal("few matches")
				}
			}
		})
	}
}

// BenchmarkMatchIdenticalRows measures the matching of 10,000 old rows with 10,000 new rows. All rows are identical.
func BenchmarkMatchIdenticalRows(b *testing.B) {
	var in domain.MatchInput
	for i := range 10000 {
		in.Old = append(in.Old, oldRow(fmt.Sprint(i)))
		in.New = append(in.New, newRow(fmt.Sprint(i)))
	}
	for b.Loop() {
		domain.MatchRows(in)
	}
}
