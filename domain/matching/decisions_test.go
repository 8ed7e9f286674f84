package matching_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

var update = flag.Bool("update", false, "write the expected decisions anew")

// TestDecisionsAboutTheCorpus compares the evidence of each labelled row, and the decision about each labelled pair,
// with testdata/decisions.txt. Other tests only limit the number of wrong decisions; this test shows every decision
// that a change of the code changes. If all changes are wanted, -update writes the file again.
func TestDecisionsAboutTheCorpus(t *testing.T) {
	const golden = "testdata/decisions.txt"
	var b strings.Builder
	for _, file := range pairFiles {
		pairs := loadPairs(t, "testdata/"+file+".txt")
		for i, pair := range pairs {
			fmt.Fprintf(&b, "%s %d\n", file, i+1)
			writeDecisions(&b, pair.oldRow, pair.newRow)
			others := ""
			for n := 1; n <= 6; n++ { // the text of another row, with the date and the amount of this one
				other := pairs[(i+n)%len(pairs)].newRow
				other.Amount, other.AccountAmount = pair.oldRow.Amount, pair.oldRow.AccountAmount
				other.Date = pair.oldRow.Date
				other.ExternalID = fmt.Sprint("other", n)
				others += fmt.Sprint(" ", matching.NumberOf(pair.oldRow, other, matching.Context{}))
			}
			fmt.Fprintf(&b, "  others%s\n", others)
		}
	}
	for _, m := range loadMovements(t, "testdata/movements.jsonl") {
		fmt.Fprintf(&b, "movement %s\n", m.Name)
		left, came := m.rows(t)
		for _, context := range []matching.Context{{}, {Whole: true}, {Whole: true, AsMany: true}} {
			fmt.Fprintf(&b, "  whole %t, as many %t:%s\n", context.Whole, context.AsMany,
				resultText(matching.Match(left, came, context)))
		}
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("other decisions (-want +got):\n%s", diff)
	}
}

// writeDecisions writes the evidence of two rows, and the verdict about them. It then changes the rows in several
// ways, for example their dates, and writes for each change the number of the line of Table that decides.
func writeDecisions(b *strings.Builder, oldRow, newRow banktext.Row) {
	verdict, findings := matching.Judge(oldRow, newRow, matching.Context{})
	fmt.Fprintf(b, "  old %s\n  new %s\n  %s %v%s\n  lines", matching.EvidenceText(oldRow),
		matching.EvidenceText(newRow), verdict, findings,
		resultText(matching.Match([]banktext.Row{oldRow}, []banktext.Row{newRow}, matching.Context{})))
	for _, change := range []func(o, n *banktext.Row, c *matching.Context){
		func(*banktext.Row, *banktext.Row, *matching.Context) {},
		func(o, n *banktext.Row, _ *matching.Context) { *o, *n = *n, *o },
		func(_, n *banktext.Row, _ *matching.Context) { n.Date = n.Date.AddDays(1) },
		func(_, n *banktext.Row, _ *matching.Context) { n.Date = n.Date.AddDays(-4) },
		func(_, n *banktext.Row, _ *matching.Context) { n.Date = n.Date.AddDays(15) },
		func(_, n *banktext.Row, _ *matching.Context) { n.Date = n.Date.AddDays(70) },
		func(o, n *banktext.Row, _ *matching.Context) { o.Status, n.Status = domain.Pending, domain.Posted },
		func(o, n *banktext.Row, _ *matching.Context) { o.Status, n.Status = domain.Posted, domain.Pending },
		func(o, n *banktext.Row, _ *matching.Context) { n.Amount = times(o.Amount, "1.004") },
		func(o, n *banktext.Row, _ *matching.Context) {
			n.Amount, o.Status = times(o.Amount, "1.1"), domain.Pending
		},
		func(o, n *banktext.Row, _ *matching.Context) { n.Amount = times(o.Amount, "2") },
		func(_, _ *banktext.Row, c *matching.Context) { c.Shown = func(_, _ *banktext.Row) int { return 2 } },
		func(_, _ *banktext.Row, c *matching.Context) { c.Reversed = func(*banktext.Row) bool { return true } },
		func(_, _ *banktext.Row, c *matching.Context) { c.Repeated = func(string) bool { return true } },
		func(_, n *banktext.Row, _ *matching.Context) { n.Description += " ESTORNO" },
		func(o, n *banktext.Row, _ *matching.Context) { n.Description = o.Description[:len(o.Description)*2/3] },
		func(_, n *banktext.Row, _ *matching.Context) {
			n.Counterparty, n.Keys = banktext.Party{}, domain.InstitutionKeys{}
		},
	} {
		o, n, c := oldRow, newRow, matching.Context{}
		change(&o, &n, &c)
		fmt.Fprint(b, " ", matching.NumberOf(o, n, c))
	}
	b.WriteString("\n")
}

// times returns the amount multiplied by a factor, with two decimal places.
func times(m domain.Money, factor string) domain.Money {
	m.Amount = m.Amount.Mul(decimal.RequireFromString(factor)).Round(2)
	return m
}

// resultText returns the pairs with their rules, and the suggestions.
func resultText(r matching.Result) string {
	text := ""
	for _, pair := range r.Pairs {
		text += fmt.Sprintf(" %s=%s %s", pair.Old, pair.New, pair.Rule)
	}
	for _, s := range r.Suggestions {
		text += fmt.Sprintf(" %s?%s", s.Old, s.New)
	}
	return text
}
