package witness_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// example is a worked example of the table of passes in docs/second-witness.md.
type example struct {
	text    string // as the page states it
	lines   []witness.Block
	records []witness.Record
	groups  []witness.Group
	want    []string
}

// examples contains the example of each pass, in the order of the passes.
func examples() []example {
	fee := []witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B")}
	var coffees []witness.Record
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		coffees = append(coffees, ours(name, 3, "-5", "CAFÉ"))
	}
	return []example{
		{
			"line −100.00; records −60.00 and −40.00, confirmed", []witness.Block{line(2, "-100", "LOTE")}, fee,
			[]witness.Group{{Position: 1, Records: []domain.TransactionID{idOf("a"), idOf("b")}}},
			[]string{"both person 2 records"},
		},
		{
			"line of the 2nd −50.00 with end-to-end id E1; record of the 20th −50.00 with E1: `different`, date",
			[]witness.Block{line(2, "-50", "PIX", withID("E1", true))},
			[]witness.Record{ours("a", 20, "-50", "x", endToEnd("E1"))}, nil, []string{"different id date 02/20"},
		},
		{
			"six lines −5.00 and five records −5.00 of one day: five are `both`, one is `only_theirs` with `6:5`",
			slices.Repeat([]witness.Block{line(3, "-5", "CAFÉ")}, 6), coffees, nil,
			append(slices.Repeat([]string{"both day_amount"}, 5), "only_theirs 6:5"),
		},
		{
			"line of Monday the 7th −50.00; record of Saturday the 5th −50.00",
			[]witness.Block{line(7, "-50", "PIX")}, []witness.Record{ours("a", 5, "-50", "PIX")}, nil,
			[]string{"different amount_near_day date 07/05"},
		},
		{
			"line −50.00 with E1; record −51.00 with E1", []witness.Block{line(2, "-50", "PIX", withID("E1", true))},
			[]witness.Record{ours("a", 2, "-51", "x", endToEnd("E1"))}, nil,
			[]string{"different id_other_amount amount -50/-51"},
		},
		{
			"`INT PAG TÍT` of the 2nd: line −1,200.50; record −1,205.50",
			[]witness.Block{line(2, "-1200.5", "INT PAG TÍT")},
			[]witness.Record{ours("a", 2, "-1205.5", "INT PAG TÍT")}, nil,
			[]string{"different day_text amount -1200.5/-1205.5"},
		},
		{
			"batch −429.50 with the parts −329.50, −60.00 and −40.00; three records of these amounts",
			[]witness.Block{line(2, "-429.5", "LOTE", withParts("-329.5", "-60", "-40"))},
			append([]witness.Record{ours("c", 2, "-329.5", "C")}, fee...), nil, []string{"both parts 3 records"},
		},
		{
			"line 97.50; records 100.00 and −2.50", []witness.Block{line(2, "97.5", "CARTÃO")},
			[]witness.Record{ours("a", 2, "100", "VENDA"), ours("b", 2, "-2.5", "TAXA")}, nil,
			[]string{"proposed_group sum 2 records"},
		},
	}
}

// The page has one example for each pass, and the passes do what it says.
func TestTheExamplesOfThePasses(t *testing.T) {
	page, err := os.ReadFile("../../docs/second-witness.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| pass | a line and a record match if they have |")
	table, _, ended := strings.Cut(table, "| | nothing |")
	if !found || !ended {
		t.Fatal("the page has no table of passes")
	}
	var stated, run []string
	for row := range strings.Lines(table) {
		if cells := strings.Split(row, " | "); strings.HasPrefix(row, "| `") && len(cells) == 4 {
			pass := strings.Trim(cells[0], "| `")
			stated = append(stated, pass+": "+strings.TrimSuffix(strings.TrimSpace(cells[3]), " |"))
		}
	}
	for _, e := range examples() {
		in := witness.Input{
			Statement: september(e.lines...),
			Records:   e.records,
			Confirmed: e.groups,
			CoversTo:  day(60),
		}
		c := witness.Compare(in)
		if diff := cmp.Diff(e.want, summary(c)); diff != "" {
			t.Errorf("%s: %s", e.text, diff)
		}
		run = append(run, string(c.Findings[0].MatchedBy)+": "+e.text)
	}
	if diff := cmp.Diff(stated, run); diff != "" {
		t.Errorf("the examples of the page differ from those that were run: %s", diff)
	}
}
