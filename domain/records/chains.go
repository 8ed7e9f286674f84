package records

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A vendor can change the id of a row twice before a complete read shows the row again: under an attempt that was
// interrupted, or while it was reading the bank, and then once more. The row of the first change then has a record of
// its own, whose row has left, too. Such a record is no further movement. It is compared with the older records whose
// rows have left, before these are compared with the rows that the vendor returns now.

// chain contains the younger records of r.unseen that one pull stored, and the older ones that they may continue.
type chain struct {
	pull    domain.PullID
	younger []*Candidate
	older   []domain.OldRow
}

// maxChains is the number of pulls whose rows are compared with older ones that have left. Rows that earlier pulls have
// stored were most likely shown since together with the older ones.
const maxChains = 4

// chainsOf returns the chains of the live rows of r.Old, ordered by the ids of their pulls, which is the order in which
// the pulls were requested. A row can be in the place of an older one only if the pull that stored it is the first one
// that lacked the older row, or a later one. That pull is not known of the rows in d.missing.
func (d *decision) chainsOf(r *replacement) (chains []chain) {
	stored := make(map[string]domain.PullID, len(r.unseen))
	index := map[domain.PullID]int{}
	for _, candidate := range r.unseen {
		stored[candidate.ExternalID] = candidate.FirstPull
		if !candidate.ExcludedAt.IsZero() {
			continue
		}
		i, found := index[candidate.FirstPull]
		if !found {
			i, chains = len(chains), append(chains, chain{pull: candidate.FirstPull})
			index[candidate.FirstPull] = i
		}
		chains[i].younger = append(chains[i].younger, candidate)
	}
	slices.SortFunc(chains, func(x, y chain) int { return x.pull.Compare(y.pull) })
	chains = chains[max(0, len(chains)-maxChains):]
	for i := range chains {
		c := &chains[i]
		for _, old := range r.Old {
			absent := old.AbsentSince
			if absent.IsZero() {
				absent = d.Pull
			}
			_, missing := d.missing[old.ExternalID]
			first, isYounger := stored[old.ExternalID]
			if old.RemovedAt.IsZero() && (missing || absent.Compare(c.pull) <= 0) &&
				(!isYounger || first.Compare(c.pull) < 0) {
				c.older = append(c.older, old)
			}
		}
	}
	return slices.DeleteFunc(chains, func(c chain) bool { return len(c.older) == 0 })
}

// maxJoins is the number of times that one write joins records: a record continues as a younger one, and then as one
// that is younger still. Each time needs further comparisons, which a store makes before it begins the write again.
const maxJoins = 2

// joinChains emits the changes by which older records of r.Old continue as younger ones whose rows have left, too. It
// reports whether there are any; r is then outdated. Errors: ErrNotCompared; those of the source.
func (d *decision) joinChains(r *replacement) (joined bool, err error) {
	chains := d.chainsOf(r)
	if len(chains) == 0 || d.joins == maxJoins {
		return false, nil
	}
	if err := d.readNever(true); err != nil {
		return false, err
	}
	links, matches := make([]*replacement, len(chains)), make([][]domain.Match, len(chains))
	for i, c := range chains {
		links[i] = &replacement{old: r.old, replaced: map[string]*Candidate{}}
		link := links[i]
		link.Old, link.Complete, link.ShownBefore, link.Never = c.older, r.Complete, r.ShownBefore, d.never
		for _, candidate := range c.younger {
			link.replaced[candidate.ExternalID] = candidate
			link.New = append(link.New, domain.NewRow{
				Transaction: candidate.Transaction, FirstPull: candidate.FirstPull, LearnedAt: candidate.FirstSeenAt,
			})
		}
		if err := d.readReads(link); err != nil {
			return false, err
		}
		if matches[i], _, err = d.compareRows(link); err != nil {
			return false, err
		}
	}
	if err := d.check(); err != nil {
		return false, err
	}
	changed := map[string]bool{} // the rows whose records have changed; they are compared again
	for i, link := range links {
		fresh := slices.DeleteFunc(matches[i], func(m domain.Match) bool { return changed[m.Old] || changed[m.New] })
		for _, match := range fresh {
			changed[match.Old], changed[match.New] = true, true
		}
		for batch := range slices.Chunk(fresh, maxReplacements) {
			if err := d.emitJoined(link, batch); err != nil {
				return false, err
			}
		}
	}
	if len(changed) > 0 {
		d.joins++
	}
	return len(changed) > 0, nil
}

// emitJoined emits the changes by which each old record of a match continues as the younger one. The row of the younger
// record has left, so that the older one keeps the pull that has read it.
func (d *decision) emitJoined(r *replacement, matches []domain.Match) error {
	var c Changes
	var decided []string
	for _, match := range matches {
		younger := r.replaced[match.New]
		d.takeOver(&c, r.old[match.Old], &younger.Record, match)
		c.Upsert[len(c.Upsert)-2].Pull = younger.Pull
		decided = append(decided, match.Old, match.New)
		c.clear(MarkAbsent, match.Old)
		if d.HasCarriedOver {
			c.clear(MarkCarriedOver, match.Old)
		}
		delete(d.missing, match.Old)
		if d.joined == nil {
			d.joined = map[string]bool{}
		}
		d.joined[match.Old], d.judgeAgain = true, true
	}
	err := d.endDecided(&c, decided, func(Suggestion) SuggestionState { return SuggestionMatched })
	if err != nil {
		return err
	}
	return d.emit(c)
}
