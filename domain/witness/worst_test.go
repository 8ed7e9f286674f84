package witness_test

import (
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// Statements in which all lines share a day, an amount, a text or an identifier are compared in nearly linear time. A
// quadratic comparison of so many lines would exceed the time limit of the test.
func TestCostlyStatementsAreCompared(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 140,000 lines")
	}
	const n = 20_000
	long := ""
	for i := range 100 {
		long += fmt.Sprintf("w%d ", i)
	}
	for name, tc := range map[string]struct {
		line func(i int) witness.Block
		ours func(i int) witness.Record
	}{
		"one day and amount": {
			func(i int) witness.Block { return line(2, "-1", fmt.Sprint("A", i)) },
			func(i int) witness.Record { return ours(fmt.Sprint(i), 2, "-1", fmt.Sprint("B", i)) },
		},
		"one identifier, many amounts": {
			func(i int) witness.Block { return line(2, fmt.Sprint(i+1), "A", withID("X", true)) },
			func(i int) witness.Record { return ours(fmt.Sprint(i), 20, fmt.Sprint(-i-1), "A", endToEnd("X")) },
		},
		"one identifier and amount": {
			func(int) witness.Block { return line(2, "-1", "A", withID("X", true)) },
			func(i int) witness.Record { return ours(fmt.Sprint(i), 20, "-1", "A", endToEnd("X")) },
		},
		"one day and many amounts": {
			func(i int) witness.Block { return line(2, fmt.Sprint(-2*i-1), "A") },
			func(i int) witness.Record { return ours(fmt.Sprint(i), 2, fmt.Sprint(-2*i-2), "B") },
		},
		"one amount near the day": {
			func(int) witness.Block { return line(2, "-1", "A") },
			func(i int) witness.Record { return ours(fmt.Sprint(i), 3, "-1", "B") },
		},
		"long texts of one day and amount": { // with a record less than lines for each of them
			func(i int) witness.Block {
				return line(i/20%300+i%20/19*1000, fmt.Sprint(-1-i/6000), fmt.Sprint(long, i))
			},
			func(i int) witness.Record {
				return ours(fmt.Sprint(i), i/20%300, fmt.Sprint(-1-i/6000), fmt.Sprint(long, -i))
			},
		},
		"many days with small groups": {
			func(i int) witness.Block { return line(i/20, fmt.Sprint(-1000*i-7), "A") },
			func(i int) witness.Record { return ours(fmt.Sprint(i), i/20, fmt.Sprint(-3*i-1), "B") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var blocks []witness.Block
			in := witness.Input{}
			for i := range n {
				blocks = append(blocks, tc.line(i))
				in.Records = append(in.Records, tc.ours(i))
			}
			in.Statement = september(blocks...)
			if c := witness.Compare(in); len(c.Findings) < n {
				t.Errorf("%d findings", len(c.Findings))
			}
		})
	}
}

// Many statements of a file with the same lines are compared with each other in bounded time.
func TestManyOverlappingSectionsAreCompared(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 60,000 lines")
	}
	var s witness.Statement
	for i := range 3000 {
		blocks := []witness.Block{line(2, "-1", fmt.Sprint("B", i))}
		for range 20 {
			blocks = append(blocks, line(2, "-1", "A"))
		}
		s.Sections = append(s.Sections, witness.Section{Blocks: blocks})
	}
	s.SetCopiesApart()
	if c := s.Counts(); c.Lines != 63_000 || !s.Sections[1].Doubtful {
		t.Errorf("the counts are %+v", c)
	}
}
