package simulation_test

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// counters counts the events of a simulation, such as faults and kills. With these counts, the test detects a
// simulation in which some kind of event never occurs.
type counters struct {
	quiesces, succeeded, retried, failed, pages, swept                                 int
	killed, lostPrefetches, leasesLost, stuckPulls, faultsBefore, faultsAfter, outages int
	vendorErrors, endlessCursors, refusedCredentials, duplicates, pruned               int
	changes, unannounced, added, modified, removed, interrupted                        int
	unchangedRows, goneCursors, shiftedLists, narrowPulls, removedAccounts             int
	versions, restored                                                                 int
	closes, reopened, adjustments                                                      int
	brokenRows, healedRows, oddAccounts, quarantined, released, removedBlocked         int
	takenOver, doneRemoved, massLosses, massHeld, massRemovals                         int
	pauses, pausedPulls                                                                int
	churned, replaced, superseded, splits                                              int
	joins, dismissals, suggested                                                       int
	relinks, continuations, continued, lateRows, staged                                int
	members, rotations, renewals                                                       int
	webhooks, registered, shared, handedOver, unregistered, lostResponses              int
	routedEvents, ignoredEvents, equalBodies                                           int
	longTexts, hostileLinks                                                            int

	// Counters of the vendor that has a stream of changes. They are not in byName, because TestSimulation runs
	// without this vendor.
	streamPages, streamedRemovals, mutations, gonePositions, skippedStreams, withdrawn int
}

func (t *counters) countAttempt(o ports.PullAttempted) {
	t.added += o.Counts.Added
	t.modified += o.Counts.Modified
	t.removed += o.Counts.Removed
	switch {
	case o.Pull.State == domain.PullSucceeded:
		t.succeeded++
	case o.Pull.State == domain.PullFailed:
		t.failed++
	case o.Pull.LastError == domain.ConnectionPaused:
		t.pausedPulls++
	case o.Pull.LastError == domain.Interrupted:
		t.interrupted++
	default:
		t.retried++
	}
}

// byName returns pointers to all counters. Each key is the name under which the counter is printed.
func (t *counters) byName() map[string]*int {
	return map[string]*int{
		"quiet":                         &t.quiesces,
		"pull succeeded":                &t.succeeded,
		"pull retried":                  &t.retried,
		"pull failed":                   &t.failed,
		"pull interrupted":              &t.interrupted,
		"connection paused":             &t.pauses,
		"pull stopped by a pause":       &t.pausedPulls,
		"page":                          &t.pages,
		"row swept":                     &t.swept,
		"process killed":                &t.killed,
		"killed with a page prefetched": &t.lostPrefetches,
		"lease lost":                    &t.leasesLost,
		"pull stuck":                    &t.stuckPulls,
		"fault before commit":           &t.faultsBefore,
		"fault after commit":            &t.faultsAfter,
		"store outage":                  &t.outages,
		"vendor error":                  &t.vendorErrors,
		"endless cursor":                &t.endlessCursors,
		"credential refused":            &t.refusedCredentials,
		"duplicate webhook":             &t.duplicates,
		"delivery pruned":               &t.pruned,
		"vendor change":                 &t.changes,
		"change unannounced":            &t.unannounced,
		"row added":                     &t.added,
		"row modified":                  &t.modified,
		"row removed":                   &t.removed,
		"row unchanged":                 &t.unchangedRows,
		"cursor gone":                   &t.goneCursors,
		"account removed":               &t.removedAccounts,
		"list shifted":                  &t.shiftedLists,
		"narrow pull before reconcile":  &t.narrowPulls,
		"version undone":                &t.versions,
		"row restored":                  &t.restored,
		"period closed":                 &t.closes,
		"period reopened":               &t.reopened,
		"adjustment undone":             &t.adjustments,
		"row broken":                    &t.brokenRows,
		"row healed":                    &t.healedRows,
		"account odd":                   &t.oddAccounts,
		"row quarantined":               &t.quarantined,
		"row released":                  &t.released,
		"pull blocked":                  &t.removedBlocked,
		"pull taken over":               &t.takenOver,
		"row churned":                   &t.churned,
		"row replaced":                  &t.replaced,
		"transaction superseded":        &t.superseded,
		"transaction split":             &t.splits,
		"transactions joined":           &t.joins,
		"transactions dismissed":        &t.dismissals,
		"connection linked again":       &t.relinks,
		"deleted connection continued":  &t.continuations,
		"known row continued":           &t.continued,
		"row of a new link late":        &t.lateRows,
		"reference published":           &t.staged,
		"mass loss at the vendor":       &t.massLosses,
		"mass removal held back":        &t.massHeld,
		"mass removal applied":          &t.massRemovals,
		"event about a removed account": &t.doneRemoved,
		"connection of an application":  &t.members,
		"application rotated":           &t.rotations,
		"webhook renewed":               &t.renewals,
		"webhook created":               &t.webhooks,
		"webhook registered":            &t.registered,
		"webhook shared":                &t.shared,
		"webhook unregistered":          &t.unregistered,
		"token handed over":             &t.handedOver,
		"response of a vendor lost":     &t.lostResponses,
		"event routed elsewhere":        &t.routedEvents,
		"event of no connection":        &t.ignoredEvents,
		"equal body":                    &t.equalBodies,
		"longest text":                  &t.longTexts,
		"hostile ids changed":           &t.hostileLinks,
	}
}

func (t *counters) add(other counters) {
	theirs := other.byName()
	for name, count := range t.byName() {
		*count += *theirs[name]
	}
	t.streamPages += other.streamPages
	t.streamedRemovals += other.streamedRemovals
	t.mutations += other.mutations
	t.gonePositions += other.gonePositions
	t.skippedStreams += other.skippedStreams
	t.withdrawn += other.withdrawn
}

// missing returns the sorted names of the counters that are zero.
func (t *counters) missing() []string {
	var names []string
	for name, count := range t.byName() {
		if *count == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (t counters) String() string {
	var all []string
	for name, count := range t.byName() {
		all = append(all, fmt.Sprintf("%s ×%d", name, *count))
	}
	slices.Sort(all)
	return fmt.Sprintf("%q, %d pages, %d removals, %d mutations, %d refused and %d skipped positions of streams, "+
		"%d withdrawn rows", all, t.streamPages, t.streamedRemovals, t.mutations, t.gonePositions, t.skippedStreams,
		t.withdrawn)
}
