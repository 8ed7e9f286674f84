package matching_test

import (
	"math"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// unseenSets are the sets whose authors had not seen the rules when they wrote the labels, as the heads of the files or
// testdata/README.md say. The authors of the other sets knew the rules, or wrote the pairs because of a wrong verdict.
// The rules have been changed since because of some pairs of these sets, too.
var unseenSets = struct{ pairs, movements, accounts []string }{
	pairs: []string{"fifth", "sixth", "eighth", "ninth"},
	movements: []string{
		"eleventh", "twelfth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
		"twentieth", "twentyfirst",
	},
	accounts: []string{"sixth_accounts"},
}

// decided counts the pairs that one rule has decided: those whose rows are one movement, and all of them.
type decided struct{ right, all int }

// TestConfidence logs for each rule how many pairs of unseenSets it has decided, how many of them rightly, and the
// lower bound of this share. A pair without a label counts as wrong, because each set labels all its movements, save
// the seventeenth; see leavesOut.
func TestConfidence(t *testing.T) {
	rules := map[domain.MatchRule]*decided{}
	count := func(result matching.Result, isRight func(domain.MatchPair) bool) {
		for _, pair := range result.Pairs {
			if rules[pair.Rule] == nil {
				rules[pair.Rule] = &decided{}
			}
			rules[pair.Rule].all++
			if isRight(pair.MatchPair) {
				rules[pair.Rule].right++
			} else {
				t.Errorf("%s has decided wrongly: %v", pair.Rule, pair.MatchPair)
			}
		}
	}
	for _, file := range unseenSets.pairs {
		for _, pair := range loadPairs(t, "testdata/"+file+".txt") {
			result := matching.Match([]banktext.Row{pair.oldRow}, []banktext.Row{pair.newRow}, matching.Context{})
			count(result, func(domain.MatchPair) bool { return pair.verdict == "same" })
		}
	}
	for _, file := range unseenSets.movements {
		for _, m := range loadMovements(t, "testdata/"+file+".jsonl") {
			count(m.match(t), func(pair domain.MatchPair) bool {
				return m.isRight(pair) || file == "seventeenth" && m.leavesOut(pair)
			})
		}
	}
	for _, file := range unseenSets.accounts {
		for _, a := range loadWholeAccounts(t, "testdata/"+file+".txt") {
			result := matching.Match(a.left, a.came, matching.Context{Whole: true})
			count(result, func(pair domain.MatchPair) bool { return a.movement[pair.Old] == a.movement[pair.New] })
		}
	}
	for _, rule := range []domain.MatchRule{
		matching.VendorLink, domain.SameKey, domain.SameDescription, domain.SimilarText, domain.ForeignAmount,
		matching.Exclusion,
	} {
		n := decided{}
		if rules[rule] != nil {
			n = *rules[rule]
		}
		t.Logf("%-16s %4d of %4d right, lower bound at 95 %% %.4f (Clopper-Pearson, one-sided)", rule, n.right, n.all,
			lowerBound(n.right, n.all))
	}
}

// isRight reports whether a pair is labelled as one movement, or belongs to a set of interchangeable rows.
func (m movement) isRight(pair domain.MatchPair) bool {
	return m.areInterchangeable(pair.Old, pair.New) ||
		slices.ContainsFunc(m.Expect, func(e struct{ Old, New, Verdict string }) bool {
			return e.Old == pair.Old && e.New == pair.New && e.Verdict == "same"
		})
}

// leavesOut reports whether no label says what became of the old row of a pair, or which row the new one continues. The
// author of the seventeenth set left out rows of one price and one shop that come again within a week.
func (m movement) leavesOut(pair domain.MatchPair) bool {
	return !slices.ContainsFunc(m.Expect, func(e struct{ Old, New, Verdict string }) bool {
		return e.Old == pair.Old || e.New == pair.New && e.Verdict == "same"
	})
}

// lowerBound returns the lower end of the one-sided interval of Clopper and Pearson at 95 %: the probability p for
// which at least right of all trials succeed with a probability of 5 %.
func lowerBound(right, all int) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		p := (low + high) / 2
		if atLeast(right, all, p) < 0.05 {
			low = p
		} else {
			high = p
		}
	}
	return low
}

// atLeast returns the probability that at least k of n trials succeed, each with the probability p.
func atLeast(k, n int, p float64) (sum float64) {
	for i := k; i <= n; i++ {
		logOf := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
		sum += math.Exp(logOf(n) - logOf(i) - logOf(n-i) + float64(i)*math.Log(p) + float64(n-i)*math.Log(1-p))
	}
	return sum
}

func TestTheLowerBoundIsThatOfClopperAndPearson(t *testing.T) {
	for _, tc := range []struct {
		right, all int
		want       float64
	}{{0, 0, 0}, {0, 10, 0}, {10, 10, 0.7411}, {95, 100, 0.8977}, {300, 300, 0.9901}, {1, 2, 0.0253}} {
		if got := lowerBound(tc.right, tc.all); math.Abs(got-tc.want) > 0.0001 {
			t.Errorf("%d of %d: %.4f, want %.4f", tc.right, tc.all, got, tc.want)
		}
	}
}
