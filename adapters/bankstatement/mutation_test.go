package bankstatement_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

var mutations = flag.Int("mutations", 10_000, "changes that each test of changed files makes")

// samples returns the sample files by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/[0-9]*")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d samples: %v", len(files), err)
	}
	contents := map[string][]byte{}
	for _, file := range files {
		if contents[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}

func read(content []byte) witness.File {
	return bankstatement.Reader{}.Read(content, witness.Options{})
}

// blocksOf returns the blocks of all statements as texts, and the number of refused ones.
func blocksOf(f witness.File) (blocks map[string]int, total, refused int) {
	blocks = map[string]int{}
	for _, s := range f.Statements {
		for _, b := range s.Blocks() {
			total++
			if b.Kind == witness.Refused {
				refused++
			} else {
				blocks[string(b.Date)+" "+b.Amount.Abs().String()]++
			}
		}
	}
	return blocks, total, refused
}

// mutate changes one byte or one line of a file.
func mutate(rng *rand.Rand, content []byte) (changed []byte, what string) {
	lines := strings.SplitAfter(string(content), "\n")
	i := rng.IntN(len(lines))
	switch rng.IntN(5) {
	case 0:
		return []byte(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")), fmt.Sprintf("line %d removed", i+1)
	case 1:
		return []byte(strings.Join(slices.Insert(slices.Clone(lines), i, lines[i]), "")),
			fmt.Sprintf("line %d doubled", i+1)
	case 2:
		at := rng.IntN(len(content))
		return slices.Delete(slices.Clone(content), at, at+1), fmt.Sprintf("byte %d removed", at)
	}
	changed = slices.Clone(content)
	at := rng.IntN(len(changed))
	changed[at] ^= byte(1 + rng.IntN(255))
	return changed, fmt.Sprintf("byte %d changed to %q", at, changed[at])
}

// lost returns the number of blocks of a that b lacks.
func lost(a, b map[string]int) int {
	n := 0
	for key, count := range a {
		n += max(0, count-b[key])
	}
	return n
}

// A change of one line or one byte concerns at most two blocks: all others are still read. What is not read is refused,
// or the whole file is.
func TestNoChangeOfAFileLosesABlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	contents := samples(t)
	names := sortedNames(contents)
	for n := range *mutations {
		name := names[n%len(names)]
		content := contents[name]
		before, total, _ := blocksOf(read(content))
		changed, what := mutate(rng, content)
		f := read(changed)
		if f.Refusal != nil {
			continue
		}
		after, now, refusedNow := blocksOf(f)
		removedLine := strings.HasSuffix(what, "removed") && strings.HasPrefix(what, "line")
		missing := lost(before, after)
		if now < total && refusedNow == 0 && !removedLine {
			t.Errorf("%s, %s: %d of %d blocks are left", name, what, now, total)
		}
		if now < total-1 && !strings.HasSuffix(name, ".xml") && refusedNow == 0 {
			t.Errorf("%s, %s: %d of %d blocks are left", name, what, now, total)
		}
		if missing > 1 && refusedNow == 0 && !sharedFieldChanged(f, read(content)) {
			t.Errorf("%s, %s: %d blocks are missing, and none is refused", name, what, missing)
		}
	}
}

// sharedFieldChanged reports whether the change concerns something that all blocks share.
func sharedFieldChanged(a, b witness.File) bool {
	return a.Dialect != b.Dialect || len(a.Statements) != len(b.Statements)
}

func sortedNames(contents map[string][]byte) []string {
	names := make([]string, 0, len(contents))
	for name := range contents {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pair is a statement together with the records of its lines.
type pair struct {
	name  string
	input witness.Input
}

// provedPairs returns the samples whose balances are proved by the file, with records that are equal to the lines.
func provedPairs(t testing.TB) []pair {
	t.Helper()
	var pairs []pair
	contents := samples(t)
	for _, name := range sortedNames(contents) {
		for i, s := range read(contents[name]).Statements {
			p := witness.Prove(s)
			if p.Closing.State != witness.Proved || s.Counts().Lines == 0 {
				continue
			}
			pairs = append(pairs, pair{name, witness.Input{Statement: s, Records: recordsOf(s, name, i),
				CoversTo: "2026-12-31"}})
		}
	}
	if len(pairs) < 8 {
		t.Fatalf("only %d samples prove their balances", len(pairs))
	}
	return pairs
}

func recordsOf(s witness.Statement, name string, statement int) (records []witness.Record) {
	for i, b := range s.Blocks() {
		if b.Kind == witness.Line {
			records = append(records, witness.Record{
				ID: idOf(fmt.Sprint(name, statement, i)), Date: b.Date, Amount: b.Amount, Text: b.Text,
			})
		}
	}
	return records
}

func TestEqualPairsAgree(t *testing.T) {
	for _, p := range provedPairs(t) {
		if c := witness.Compare(p.input); c.Verdict != witness.Agrees || c.FirstDayApart != "" ||
			!c.Unexplained.IsZero() {
			t.Errorf("%s: the verdict is %s from %s: %+v", p.name, c.Verdict, c.FirstDayApart, c.Buckets)
		}
	}
}

// change changes one line of the statement or one record: by a cent, by a day, or whether it exists. It returns false
// if the change is no difference: a record that is added on a day that the statement does not cover, or a record that
// is moved to the value date of its line.
func change(rng *rand.Rand, in witness.Input) (changed witness.Input, what string, counts bool) {
	cent := decimal.New(int64(1-2*rng.IntN(2)), -2)
	days := 1 - 2*rng.IntN(2)
	if rng.IntN(2) == 0 {
		in.Records = slices.Clone(in.Records)
		i := rng.IntN(len(in.Records))
		r := &in.Records[i]
		switch rng.IntN(4) {
		case 0:
			r.Amount = r.Amount.Add(cent)
			return in, "a cent of a record", true
		case 1:
			r.Date = r.Date.AddDays(days)
			return in, "a day of a record", !slices.ContainsFunc(in.Statement.Blocks(), func(b witness.Block) bool {
				return b.ValueDate == r.Date && b.Amount.Equal(r.Amount)
			})
		case 2:
			in.Records = slices.Delete(in.Records, i, i+1)
			return in, "a record less", true
		}
		copied := *r
		copied.ID = idOf("copy")
		in.Records = append(in.Records, copied)
		return in, "a record more", witness.Prove(in.Statement).Covers(copied.Date)
	}
	section := in.Statement.Sections[0]
	section.Blocks = slices.Clone(section.Blocks)
	in.Statement.Sections = append([]witness.Section{section}, in.Statement.Sections[1:]...)
	var lines []int
	for i, b := range section.Blocks {
		if b.Kind == witness.Line {
			lines = append(lines, i)
		}
	}
	i := lines[rng.IntN(len(lines))]
	b := &section.Blocks[i]
	switch rng.IntN(4) {
	case 0:
		b.Amount = b.Amount.Add(cent)
		what = "a cent of a line"
	case 1:
		b.Date = b.Date.AddDays(days)
		what = "a day of a line"
	case 2:
		b.Kind = witness.BalanceRow // a line less, so that the positions of the balances stay
		what = "a line less"
	default:
		in.Statement.Sections[0].Blocks = append(section.Blocks, *b)
		what = "a line more"
	}
	return in, what, true
}

func TestNoChangedPairAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	pairs := provedPairs(t)
	seen := map[string]int{}
	for n := range *mutations {
		p := pairs[n%len(pairs)]
		in, what, counts := change(rng, p.input)
		c := witness.Compare(in)
		if c.Verdict == witness.Agrees && counts {
			t.Errorf("%s: with %s the verdict is %s", p.name, what, c.Verdict)
		}
		seen[what]++
	}
	if len(seen) != 8 {
		t.Errorf("only %v were changed", seen)
	}
}

// A file in which a byte or a line was changed agrees with the records of the original only if its lines are the same.
func TestNoChangedFileAgreesUnlessItsLinesAreTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	contents := samples(t)
	pairs := provedPairs(t)
	agreed := 0
	for n := range *mutations {
		p := pairs[n%len(pairs)]
		changed, what := mutate(rng, contents[p.name])
		f := read(changed)
		if f.Refusal != nil {
			continue
		}
		for _, s := range f.Statements {
			if s.Account != p.input.Statement.Account {
				continue
			}
			in := p.input
			in.Statement = s
			if witness.Compare(in).Verdict != witness.Agrees {
				continue
			}
			agreed++
			if got, want := lineKeys(s), lineKeys(p.input.Statement); !slices.Equal(got, want) {
				t.Errorf("%s, %s: agrees with the lines %v", p.name, what, got)
			}
			checkRecordsAreKnown(t, p, in, what)
		}
	}
	if agreed == 0 {
		t.Error("no changed file agrees, although most changes concern only texts")
	}
}

// A line that the balances contain, but whose date is far from theirs, has a wrong date.
func TestALineFarFromItsBalancesProvesNothing(t *testing.T) {
	contents := samples(t)
	for name, day := range map[string][2]string{
		"12-mt940.sta":   {":61:2609300930D68,", ":61:2609300630D68,"},
		"11-camt053.xml": {"<BookgDt><Dt>2026-09-30</Dt>", "<BookgDt><Dt>2096-09-30</Dt>"},
	} {
		for _, p := range provedPairs(t) {
			changed := strings.Replace(string(contents[name]), day[0], day[1], 1)
			if p.name != name || changed == string(contents[name]) {
				continue
			}
			p.input.Statement = read([]byte(changed)).Statements[0]
			if c := witness.Compare(p.input); c.Verdict == witness.Agrees {
				t.Errorf("%s: with a line of another month or century it agrees", name)
			}
			delete(contents, name)
		}
	}
	if _, left := contents["12-mt940.sta"]; left {
		t.Error("no date was changed")
	}
}

// checkRecordsAreKnown checks that each record of a covered day has a line.
func checkRecordsAreKnown(t *testing.T, p pair, in witness.Input, what string) {
	t.Helper()
	proof := witness.Prove(in.Statement)
	keys := lineKeys(in.Statement)
	for _, r := range in.Records {
		if proof.Covers(r.Date) && !slices.Contains(keys, string(r.Date)+" "+r.Amount.String()) {
			t.Errorf("%s, %s: agrees without the record of %s", p.name, what, r.Date)
		}
	}
}

func lineKeys(s witness.Statement) (keys []string) {
	for _, b := range s.Blocks() {
		if b.Kind == witness.Line {
			keys = append(keys, string(b.Date)+" "+b.Amount.String())
		}
	}
	slices.Sort(keys)
	return keys
}
