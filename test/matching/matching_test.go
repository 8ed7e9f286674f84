package matching_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

var (
	seeds   = flag.Int("seeds", 20, "number of seeds")
	changes = flag.Int("changes", 500, "changes for each seed")
)

// changesPerAccount is the number of changes that are passed to one call of Match.
const changesPerAccount = 25

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// score counts what matching.Match decides about the changes of one kind.
type score struct {
	pairs    int // movements that have both an old and a new row
	same     int // of these, pairs that Match found
	possible int // of these, pairs that Match suggested
	wrong    int // pairs of rows of different movements
}

// TestVerdicts measures matching.Match on the corpus: its precision, and the share of the movements that it pairs or
// suggests. It only logs the share of the pairs with the verdict Same, so that nobody tunes the rules to the generator.
func TestVerdicts(t *testing.T) {
	all, byKind := score{}, map[string]*score{}
	for seed := range *seeds {
		for account := range *changes / changesPerAccount {
			measure(newGenerator(uint64(seed), uint64(account)).changes(changesPerAccount), &all, byKind)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		s := byKind[kind]
		t.Logf("%-55s %6d pairs, same %.4f, possible %.4f, wrong %d", kind, s.pairs, share(s.same, s.pairs),
			share(s.possible, s.pairs), s.wrong)
	}
	precision := share(all.same, all.same+all.wrong)
	t.Logf(
		"%d movements, precision %.5f (%d wrong), same %.4f, same or possible %.4f, of the missed ones suggested %.4f",
		all.pairs,
		precision,
		all.wrong,
		share(all.same, all.pairs),
		share(all.same+all.possible, all.pairs),
		share(all.possible, all.pairs-all.same),
	)
	if precision < 0.9999 {
		t.Errorf("precision: %.5f", precision)
	}
	if found := share(all.same+all.possible, all.pairs); found < 0.97 {
		t.Errorf("same or possible: %.4f", found)
	}
}

func measure(changes []change, all *score, byKind map[string]*score) {
	var left, came []banktext.Row
	oldRows, newRows, kinds, news := map[string]int{}, map[string]int{}, map[string]string{}, map[int][]string{}
	for _, c := range changes {
		for _, row := range c.oldRows {
			left = append(left, row.evidence())
			oldRows[row.ExternalID], kinds[row.ExternalID] = row.movement, c.kind
		}
		for _, row := range c.newRows {
			came = append(came, row.evidence())
			newRows[row.ExternalID] = row.movement
			news[row.movement] = append(news[row.movement], row.ExternalID)
		}
		if byKind[c.kind] == nil {
			byKind[c.kind] = &score{}
		}
	}
	result := matching.Match(left, came, matching.Context{})
	found, suggested := map[int]bool{}, map[int]bool{}
	for _, pair := range result.Pairs {
		kind := byKind[kinds[pair.Old]]
		if oldRows[pair.Old] == newRows[pair.New] {
			found[oldRows[pair.Old]] = true
			continue
		}
		kind.wrong++
		all.wrong++
	}
	for _, s := range result.Suggestions {
		if oldRows[s.Old] == newRows[s.New] {
			suggested[oldRows[s.Old]] = true
		}
	}
	for id, movement := range oldRows {
		if len(news[movement]) == 0 {
			continue
		}
		for _, s := range []*score{all, byKind[kinds[id]]} {
			s.pairs++
			switch {
			case found[movement]:
				s.same++
			case suggested[movement]:
				s.possible++
			}
		}
	}
}

// evidence returns the row in the form that Match expects: the tax number of the counterparty is copied from the
// row's keys to the counterparty.
func (l labelled) evidence() banktext.Row {
	l.Counterparty.Document = l.Keys.CounterpartyDocument
	return l.Row
}

// TestTheCorpusHasDifficultChanges checks the share of the negative changes whose new row has the amount and the text
// of an old row. It also checks the share of the changes in which an institution key has changed or is missing.
func TestTheCorpusHasDifficultChanges(t *testing.T) {
	total, sharesText, lostKey := 0, 0, 0
	for seed := range *seeds {
		for account := range *changes / changesPerAccount {
			for _, c := range newGenerator(uint64(seed), uint64(account)).changes(changesPerAccount) {
				total++
				if c.lostKey {
					lostKey++
				}
				if c.sharesText && !c.continues() {
					sharesText++
				}
			}
		}
	}
	if share(sharesText, total) < 0.30 || share(lostKey, total) < 0.10 {
		t.Errorf("of %d changes, %d share amount and text, and %d have lost their key", total, sharesText, lostKey)
	}
}

// continues reports whether a new row of the change is the same movement as an old one.
func (c change) continues() bool {
	for _, oldRow := range c.oldRows {
		if slices.ContainsFunc(c.newRows, func(r labelled) bool { return r.movement == oldRow.movement }) {
			return true
		}
	}
	return false
}

// TestIndistinguishableChanges logs how often Match pairs rows of different movements that look like one movement.
// Every such pair is wrong, but no rule can prevent it. The test therefore checks no limit.
func TestIndistinguishableChanges(t *testing.T) {
	all, byKind := score{}, map[string]*score{}
	for seed := range *seeds * 25 {
		g := newGenerator(uint64(seed), 1<<32)
		for _, build := range indistinguishable {
			measure([]change{build(g, g.IntN(20))}, &all, byKind)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		t.Logf("%-50s %5d wrong of %d", kind, byKind[kind].wrong, *seeds*25)
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
			return kind.build(g, day)
		}
	}
	for _, kind := range negatives {
		if choice -= kind.share; choice < 0 {
			return kind.build(g, day)
		}
	}
	panic("the shares of all kinds are less than 100 percent")
}
