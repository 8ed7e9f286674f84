package simulation_test

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tally counts what happened, so that a world which has become too kind is noticed.
type tally struct {
	quiets, succeeded, retried, failed, pages, swept                int
	killed, lostAhead, leasesLost, stranded, before, after, outages int
	troubles, loops, barred, duplicates, pruned                     int
	changes, untold, added, modified, removed, interrupted          int
	known                                                           int
}

func (t *tally) tried(o ports.PullAttempted) {
	t.added += o.Counts.Added
	t.modified += o.Counts.Modified
	t.removed += o.Counts.Removed
	switch {
	case o.Pull.State == domain.PullSucceeded:
		t.succeeded++
	case o.Pull.State == domain.PullFailed:
		t.failed++
	case o.Pull.LastError == domain.Interrupted:
		t.interrupted++
	default:
		t.retried++
	}
}

// named gives every counter with its name.
func (t *tally) named() map[string]*int {
	return map[string]*int{
		"quiet": &t.quiets, "pull succeeded": &t.succeeded, "pull retried": &t.retried, "pull failed": &t.failed,
		"pull interrupted": &t.interrupted, "page": &t.pages, "row swept": &t.swept, "process killed": &t.killed,
		"killed with a page ahead": &t.lostAhead,
		"lease lost":               &t.leasesLost, "pull stranded": &t.stranded, "fault before commit": &t.before,
		"fault after commit": &t.after, "store outage": &t.outages, "vendor trouble": &t.troubles,
		"endless cursor": &t.loops, "credential barred": &t.barred, "duplicate webhook": &t.duplicates,
		"delivery pruned": &t.pruned, "vendor change": &t.changes, "change untold": &t.untold,
		"row added": &t.added, "row modified": &t.modified, "row removed": &t.removed,
		"row known": &t.known,
	}
}

func (t *tally) add(other tally) {
	theirs := other.named()
	for name, count := range t.named() {
		*count += *theirs[name]
	}
}

// missing names what never happened.
func (t *tally) missing() []string {
	var names []string
	for name, count := range t.named() {
		if *count == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (t tally) String() string {
	var all []string
	for name, count := range t.named() {
		all = append(all, fmt.Sprintf("%s ×%d", name, *count))
	}
	slices.Sort(all)
	return fmt.Sprintf("%q", all)
}
