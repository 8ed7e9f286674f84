package witness_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The tests of this file are about movements that a file lists more than once.

// kept returns the texts of the lines of each section that are not set apart, with ? behind a doubtful section.
func kept(s witness.Statement) string {
	text := ""
	for _, section := range s.Sections {
		text += "|"
		for _, b := range section.Blocks {
			if b.Kind == witness.Line {
				text += b.Text
			}
		}
		if section.Doubtful {
			text += "?"
		}
	}
	return text
}

func withFITID(value string) func(*witness.Block) {
	return func(b *witness.Block) { b.IDs = append(b.IDs, witness.ID{Kind: "FITID", Value: value}) }
}

func TestLinesThatTwoStatementsOfAFileShare(t *testing.T) {
	days := func(from, to string, fromDay, toDay int, all ...witness.Block) witness.Section {
		return witness.Section{Blocks: all, Balances: balances(opening(fromDay, from), closing(toDay, to))}
	}
	for name, tc := range map[string]struct {
		sections []witness.Section
		want     string
	}{
		"one statement": {[]witness.Section{{Blocks: blocks(line(2, "-1", "A"), line(2, "-1", "A"))}}, "|AA"},
		"the same twice": {
			[]witness.Section{{Blocks: blocks(line(2, "-1", "A"))}, {Blocks: blocks(line(2, "-1", "A"))}},
			"|A|",
		},
		"another amount": {
			[]witness.Section{{Blocks: blocks(line(2, "-1", "A"))}, {Blocks: blocks(line(2, "-2", "A"))}},
			"|A|A",
		},
		"another balance": {
			[]witness.Section{days("10", "9", 1, 2, line(2, "-1", "A")), days("9", "8", 2, 3, line(3, "-1", "A"))},
			"|A|A",
		},
		"an identifier of the bank": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "B", withFITID("2")))},
			{Blocks: blocks(line(2, "-1", "B", withFITID("2")), line(2, "-1", "C", withFITID("3")))},
		}, "|AB|C"},
		"an identifier on another day": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")))},
			{Blocks: blocks(line(3, "-1", "A", withFITID("1")), line(3, "-1", "B", withFITID("2")))},
		}, "|A|AB"},
		"an identifier that is there twice": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")))},
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "A", withFITID("1")))},
		}, "|A|A"},
		"a shared line of three statements": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "X", withFITID("7")))},
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "Y", withFITID("8")))},
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "Z", withFITID("9")))},
		}, "|AX|Y|Z"},
		"the balance after a line": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", running("9")), line(2, "-1", "B", running("8")))},
			{Blocks: blocks(line(2, "-1", "B", running("8")), line(2, "-1", "C", running("7")))},
		}, "|AB|C"},
		"only the text, and nothing tells": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A"), line(2, "-1", "B"))},
			{Blocks: blocks(line(2, "-1", "B"), line(2, "-1", "C"))},
		}, "|AB|BC?"},
		"the balances hold without the copy": {[]witness.Section{
			days(
				"10",
				"8",
				1,
				3,
				line(2, "-1", "A"),
				line(3, "-1", "B"),
			), days("9", "7", 2, 4, line(3, "-1", "B"), line(4, "-1", "C")),
		}, "|AB|C"},
		"the balances hold with both": {[]witness.Section{
			days(
				"10",
				"8",
				1,
				3,
				line(2, "-1", "A"),
				line(3, "-1", "B"),
			), days("8", "6", 3, 4, line(3, "-1", "B"), line(4, "-1", "C")),
		}, "|AB|BC"},
		"the balances hold with both of two overlapping statements": {[]witness.Section{
			days("10", "7", 1, 3, line(2, "-1", "A"), line(3, "-1", "B")),
			days("9", "6", 2, 4, line(3, "-1", "B"), line(4, "-1", "C")),
			{Blocks: blocks(balanceRow(4))},
		}, "|AB|BC|"},
		"the same lines and another declared period": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A")), Declared: declared(1, 5)},
			{Blocks: blocks(line(2, "-1", "A")), Declared: declared(1, 6)},
		}, "|A|A?"},
		"the same lines and other totals": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A"))}, {Blocks: blocks(line(2, "-1", "A")), TotalsDisagree: true},
		}, "|A|A?"},
		"the same lines and other balances": {
			[]witness.Section{days("10", "9", 1, 2, line(2, "-1", "A")), days("9", "8", 1, 2, line(2, "-1", "A"))},
			"|A|A",
		},
		"two equal lines with one identifier in both": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", withFITID("1")), line(2, "-1", "A", withFITID("1")))},
			{Blocks: blocks(
				line(2, "-1", "A", withFITID("1")), line(2, "-1", "A", withFITID("1")), line(3, "-1", "B"),
			)},
		}, "|AA|B"},
		"balances of days in the rows do not tell": {[]witness.Section{
			{Blocks: blocks(line(2, "-1", "A", running("9")), line(3, "-1", "B", running("8"))), DailyRunning: true},
			{Blocks: blocks(line(3, "-1", "B", running("8")), line(4, "-1", "C", running("7"))), DailyRunning: true},
		}, "|AB|BC?"},
		"the balances hold in neither way": {[]witness.Section{
			days(
				"10",
				"8",
				1,
				3,
				line(2, "-1", "A"),
				line(3, "-1", "B"),
			), days("9", "5", 2, 4, line(3, "-1", "B"), line(4, "-1", "C")),
		}, "|AB|BC?"},
	} {
		s := witness.Statement{Sections: tc.sections}
		if s.SetCopiesApart(); kept(s) != tc.want {
			t.Errorf("%s: %s, want %s", name, kept(s), tc.want)
		}
	}
}

func TestATableThatIsListedTwice(t *testing.T) {
	table := func(change ...func(*witness.Block)) []witness.Block {
		return blocks(line(2, "-1", "A", change...), line(3, "-2", "B", change...), line(4, "-3", "C", change...))
	}
	twice := append(table(), table()...)
	other := append(table(), table()...)
	other[4].Amount = amount("-2.5")
	named := append(table(withFITID("1")), table(withFITID("1"))...)
	for name, tc := range map[string]struct {
		section witness.Section
		first   int
		want    string
	}{
		"once":    {witness.Section{Blocks: table()}, 0, "|ABC"},
		"no rows": {witness.Section{}, 0, "|"},
		"twice":   {witness.Section{Blocks: twice}, 3, "|ABC?"},
		"three times": {
			witness.Section{Blocks: append(append(table(), table()...), table()...)},
			3,
			"|ABC?",
		},
		"twice, and one row more": {
			witness.Section{Blocks: append(append(table(), table()...), line(2, "-1", "A"))},
			0,
			"|ABCABCA",
		},
		"twice, with the balance after each row": {
			witness.Section{Blocks: append(table(running("9")), table(running("9"))...)}, 3, "|ABC",
		},
		"rows that begin like the table within it": {
			witness.Section{Blocks: slices.Repeat(blocks(line(2, "-1", "A"), line(2, "-2", "B"), line(2, "-1", "A"),
				line(2, "-3", "C")), 2)}, 4, "|ABAC?",
		},
		"two rows":         {witness.Section{Blocks: append(table()[:2:2], table()[:2]...)}, 0, "|ABAB"},
		"another amount":   {witness.Section{Blocks: other}, 0, "|ABCABC"},
		"with identifiers": {witness.Section{Blocks: named}, 3, "|ABC"},
		"the balances hold without the copy": {
			witness.Section{
				Blocks:   append(table(), table()...),
				Balances: balances(opening(1, "10"), closing(4, "4")),
			}, 3, "|ABC",
		},
		"the balances hold with both": {
			witness.Section{
				Blocks:   append(table(), table()...),
				Balances: balances(opening(1, "10"), closing(4, "-2")),
			}, 0, "|ABCABC?",
		},
	} {
		section := tc.section
		first := section.SetRepetitionApart()
		if got := kept(witness.Statement{Sections: []witness.Section{section}}); got != tc.want || first != tc.first {
			t.Errorf("%s: %s, the first copy is %d; want %s, %d", name, got, first, tc.want, tc.first)
		}
	}
}

func TestRowsAreEqualOnlyIfAllMembersAre(t *testing.T) {
	for name, change := range map[string]func(*witness.Block){
		"date":    func(b *witness.Block) { b.Date = day(5) },
		"value":   func(b *witness.Block) { b.ValueDate = day(5) },
		"amount":  func(b *witness.Block) { b.Amount = amount("-9") },
		"text":    func(b *witness.Block) { b.Text = "X" },
		"raw":     func(b *witness.Block) { b.Raw = "X" },
		"kind":    func(b *witness.Block) { b.Kind = witness.Apart },
		"id":      withFITID("2"),
		"balance": running("5"),
	} {
		var all []witness.Block
		for i := range 6 {
			all = append(all, line(i%3+1, "-1", fmt.Sprint(i%3)))
		}
		change(&all[4])
		section := witness.Section{Blocks: all}
		if first := section.SetRepetitionApart(); first != 0 {
			t.Errorf("with another %s, the rows are a copy from %d on", name, first)
		}
	}
}

// The balances decide whether two statements overlap. If one begins where the other ends, they share no line, even if
// two lines have one identifier. If a balance is not known, they may overlap.
func TestTheBalancesTellWhetherStatementsOverlap(t *testing.T) {
	a, b, c := line(2, "-1", "A", withFITID("a")), line(3, "-1", "B", withFITID("b")), line(4, "-1", "C")
	of := func(lines []witness.Block, all ...witness.Balance) witness.Section {
		return witness.Section{Blocks: slices.Clone(lines), Balances: all}
	}
	for name, tc := range map[string]struct {
		first, second witness.Section
		want          string
	}{
		"the second follows": {
			of(blocks(a), opening(1, "10"), closing(2, "9")), of(blocks(a), opening(2, "9"), closing(3, "8")), "|A|A",
		},
		"the first follows": {
			of(blocks(a), opening(2, "9"), closing(3, "8")), of(blocks(a), opening(1, "10"), closing(2, "9")), "|A|A",
		},
		"both begin on one day, and their balances join": {
			of(blocks(a), opening(1, "10"), closing(2, "9")), of(blocks(a), opening(1, "9"), closing(2, "8")), "|A|A",
		},
		"the first has no opening balance": {
			of(blocks(a), closing(2, "9")), of(blocks(a), opening(2, "9"), closing(3, "8")), "|A|",
		},
		"the first has no closing balance": {
			of(blocks(a), opening(1, "10")), of(blocks(a), opening(2, "9"), closing(3, "8")), "|A|",
		},
		"the second has no opening balance": {
			of(blocks(a), opening(1, "10"), closing(2, "9")), of(blocks(a), closing(3, "8")), "|A|",
		},
		"the closing balance has no date": {
			of(blocks(a), opening(1, "10"), undated(closing(2, "9"))),
			of(blocks(a), opening(2, "9"), closing(3, "8")), "|A|",
		},
		"the second begins within the first": {
			of(blocks(a, b), opening(1, "10"), closing(3, "8")), of(blocks(b, c), closing(4, "7"), opening(2, "9")),
			"|AB|C",
		},
		"the first ends with the balance of a day": {
			of(blocks(a, b), opening(1, "10"), row(-1, 3, "8")), of(blocks(b, c), opening(2, "9"), closing(4, "7")),
			"|AB|C",
		},
		"a later closing balance has two readings": {
			of(blocks(a, b), opening(1, "10"), row(-1, 3, "8"), closing(5, "7", "70")),
			of(blocks(b), opening(3, "8"), closing(4, "7")), "|AB|B",
		},
		"the balance of the download is no closing balance": {
			of(blocks(a, b), opening(1, "10"), closing(3, "8"), ledger(20, "5")),
			of(blocks(b), opening(3, "8"), closing(4, "7")), "|AB|B",
		},
		"the last of two balances of the last day counts": {
			of(blocks(a, b), opening(1, "10"), row(-1, 3, "9"), closing(3, "8")),
			of(blocks(b), opening(2, "8"), closing(4, "7")), "|AB|B",
		},
	} {
		s := witness.Statement{Sections: []witness.Section{tc.first, tc.second}}
		if s.SetCopiesApart(); kept(s) != tc.want {
			t.Errorf("%s: %s, want %s", name, kept(s), tc.want)
		}
	}
}

// The balances of a copied statement are those of the first one, and must not be checked once more.
func TestACopiedStatementProvesNothing(t *testing.T) {
	section := func() witness.Section {
		return witness.Section{
			Blocks: blocks(line(2, "-1", "A")), Balances: balances(opening(2, "10"), closing(2, "9")),
		}
	}
	once, twice := witness.Statement{Sections: []witness.Section{section()}}, witness.Statement{
		Sections: []witness.Section{section(), section()},
	}
	twice.SetCopiesApart()
	if got, want := proofText(witness.Prove(twice)), proofText(witness.Prove(once)); got != want {
		t.Errorf("the statement and its copy prove %s, want %s", got, want)
	}
}

// The copy of a table states the balances of its rows once more.
func TestTheBalancesOfACopiedTableAreLeftOut(t *testing.T) {
	table := func() []witness.Block { return blocks(line(2, "-1", "A"), line(3, "-2", "B"), line(4, "-3", "C")) }
	s := witness.Section{
		Blocks:   append(table(), table()...),
		Balances: balances(opening(1, "10"), row(2, 4, "4"), row(3, 2, "9"), row(5, 4, "4")),
	}
	if first := s.SetRepetitionApart(); first != 3 {
		t.Fatalf("the first copy is %d, want 3", first)
	}
	var got []int
	for _, b := range s.Balances {
		got = append(got, b.Block)
	}
	if want := []int{-1, 2}; !slices.Equal(got, want) || s.Doubtful {
		t.Errorf("the balances of the entries %v remain, want %v; doubtful: %t", got, want, s.Doubtful)
	}
}
