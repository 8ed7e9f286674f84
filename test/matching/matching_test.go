package matching_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var (
	seeds   = flag.Int("seeds", 20, "number of seeds")
	changes = flag.Int("changes", 500, "changes for each seed")
)

// changesPerAccount is the number of changes that are passed to one call of MatchRows.
const changesPerAccount = 25

const (
	minPrecision = 0.999
	minRecall    = 0.95
)

// score counts the results for one rule or one kind of changes.
type score struct {
	changes int
	matched int // number of matches that the rule found
	right   int // number of correct matches that the rule found
	pairs   int // number of movements that have both an old and a new row
	found   int // number of movements in pairs that were matched correctly, by any rule
}

func (s score) precision() float64 { return share(s.right, s.matched) }
func (s score) recall() float64    { return share(s.found, s.pairs) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// result counts the results of MatchRows for a corpus.
type result struct {
	total, negatives, sharesText, lostKey int
	all                                   score
	// byRule contains the score of each rule. Its fields pairs and found count only movements that the rule should
	// match.
	byRule map[domain.MatchRule]*score
	byKind map[string]*score
}

// TestPrecisionAndRecall measures the rules with many seeds. A flag sets the number of changes. The bounds do not
// depend on that number.
func TestPrecisionAndRecall(t *testing.T) {
	r := result{byRule: map[domain.MatchRule]*score{}, byKind: map[string]*score{}}
	for seed := range *seeds {
		for account := range *changes / changesPerAccount {
			r.measure(newGenerator(uint64(seed), uint64(account)).changes(changesPerAccount))
		}
	}
	r.log(t)
	for name, part := range map[string][2]float64{
		"negatives that share amount and text":      {share(r.sharesText, r.total), 0.30},
		"institution keys that changed or are gone": {share(r.lostKey, r.total), 0.10},
		"precision": {r.all.precision(), minPrecision},
		"recall":    {r.all.recall(), minRecall},
	} {
		if part[0] < part[1] {
			t.Errorf("%s: %.4f, want at least %.4f", name, part[0], part[1])
		}
	}
	for rule, s := range r.byRule {
		if s.precision() < minPrecision {
			t.Errorf("precision of %s: %.4f, want at least %.4f", rule, s.precision(), minPrecision)
		}
	}
}

// TestIndistinguishableChanges logs how often MatchRows matches rows of different movements. The rows look as if they
// described one movement. Every such match is wrong, but no rule can prevent it. The test therefore checks no limit.
func TestIndistinguishableChanges(t *testing.T) {
	r := result{byRule: map[domain.MatchRule]*score{}, byKind: map[string]*score{}}
	for seed := range *seeds * 25 {
		g := newGenerator(uint64(seed), 1<<32)
		for _, build := range indistinguishable {
			r.measure([]change{build(g, g.IntN(20))})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(r.byKind)) {
		t.Logf("%-50s %5d changes, %5d matched", kind, r.byKind[kind].changes, r.byKind[kind].matched)
	}
}

// changes returns n random changes of one account. Each kind of change has a share, its probability in percent. The
// shares of all kinds add up to 100.
func (g *generator) changes(n int) []change {
	all := make([]change, 0, n)
	for range n {
		all = append(all, g.change(g.IntN(100), g.IntN(60)))
	}
	return all
}

// change returns a change that begins on the given day. choice is a random number from 0 to 99 that selects the kind of
// the change. A kind with a share of 5 percent is selected by 5 of these numbers.
func (g *generator) change(choice, day int) change {
	for _, kind := range positives {
		if choice -= kind.share; choice < 0 {
			c := kind.build(g, day)
			c.rule = kind.rule
			return c
		}
	}
	for _, kind := range negatives {
		if choice -= kind.share; choice < 0 {
			return kind.build(g, day)
		}
	}
	panic("the shares of all kinds are less than 100 percent")
}

// measure passes the rows of all changes to one call of MatchRows and adds the results to r.
func (r *result) measure(changes []change) {
	var in domain.MatchInput
	oldRows, newRows, kinds := map[string]int{}, map[string]int{}, map[string]string{}
	for _, c := range changes {
		for _, row := range c.oldRows {
			in.Old = append(in.Old, row.MatchRow)
			oldRows[row.ExternalID], kinds[row.ExternalID] = row.movement, c.kind
		}
		for _, row := range c.newRows {
			in.New = append(in.New, row.MatchRow)
			newRows[row.ExternalID] = row.movement
		}
	}
	found := map[string]bool{}
	for _, match := range domain.MatchRows(in) {
		right := oldRows[match.Old] == newRows[match.New]
		found[match.Old] = right
		for _, s := range []*score{&r.all, scoreOf(r.byRule, match.Rule), scoreOf(r.byKind, kinds[match.Old])} {
			s.matched++
			if right {
				s.right++
			}
		}
	}
	for _, c := range changes {
		r.count(c, found)
	}
}

// count adds one change to the results. A movement with both an old and a new row is counted as a pair. A change
// without a pair is counted as negative. matchedIDs contains the external ids of the matched old rows. The value of an
// id is true if the match is correct.
func (r *result) count(c change, matchedIDs map[string]bool) {
	r.total++
	continues := map[int]bool{}
	for _, row := range c.newRows {
		continues[row.movement] = true
	}
	negative := true
	kind := scoreOf(r.byKind, c.kind)
	kind.changes++
	for _, row := range c.oldRows {
		if !continues[row.movement] {
			continue
		}
		negative = false
		for _, s := range []*score{&r.all, kind, scoreOf(r.byRule, c.rule)} {
			s.pairs++
			if matchedIDs[row.ExternalID] {
				s.found++
			}
		}
	}
	if negative {
		r.negatives++
	}
	if negative && c.sharesText {
		r.sharesText++
	}
	if c.lostKey {
		r.lostKey++
	}
}

// scoreOf returns the score of a key. It creates the score if the key has none.
func scoreOf[K comparable](scores map[K]*score, key K) *score {
	if scores[key] == nil {
		scores[key] = &score{}
	}
	return scores[key]
}

func (r *result) log(t *testing.T) {
	t.Logf("%d changes in %d seeds; %.1f %% negatives, %.1f %% share amount and text, %.1f %% lost their key",
		r.total, *seeds, 100*share(r.negatives, r.total), 100*share(r.sharesText, r.total),
		100*share(r.lostKey, r.total))
	for _, rule := range slices.Sorted(maps.Keys(r.byRule)) {
		s := r.byRule[rule]
		t.Logf("rule %-18s %6d matches, precision %.5f; meant for %6d movements, recall %.5f",
			rule, s.matched, s.precision(), s.pairs, s.recall())
	}
	for _, kind := range slices.Sorted(maps.Keys(r.byKind)) {
		s := r.byKind[kind]
		recall := ""
		if s.pairs > 0 {
			recall = fmt.Sprintf(", recall %.4f", s.recall())
		}
		t.Logf(
			"kind %-48s %6d changes, %5d matched, %4d wrong%s",
			kind,
			s.changes,
			s.matched,
			s.matched-s.right,
			recall,
		)
	}
	t.Logf("total: %d matches, precision %.5f, recall %.5f", r.all.matched, r.all.precision(), r.all.recall())
}
