package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// streamVendor is the vendor "plaid": it also returns what has changed since a position. It implements
// ports.ChangeStream.
type streamVendor struct{ *vendor }

var _ ports.ChangeStream = streamVendor{}

// changes is the stream of changes of an account reference. The changes are recorded whenever the vendor is asked for
// data. An edit that was undone before then is not recorded.
type changes struct {
	ids   []string          // the row of each change, in the order of the changes
	known map[string]string // the state of each row after its last change
	epoch int               // the vendor refuses positions of earlier epochs
	// lost is set if the vendor has refused positions. Removals may then be missing from the stream.
	lost bool
}

// streamState returns the part of a row that the vendor's stream reports; "" if the row is removed.
func (r *row) streamState() string {
	if r.removed {
		return ""
	}
	return fmt.Sprint(r.revision, r.broken, r.nameless, r.date, r.account, r.movement, r.capital)
}

// note records the changes of the rows since the last call.
func (c *changes) note(rows []*row) {
	if c.known == nil {
		c.known = map[string]string{}
	}
	for _, r := range rows {
		if state := r.streamState(); c.known[r.id] != state {
			c.known[r.id] = state
			c.ids = append(c.ids, r.id)
		}
	}
}

// positionAt returns the position after the first n changes.
func (c *changes) positionAt(n int) string { return fmt.Sprintf("at %d %d", c.epoch, n) }

// streamCursor is the cursor of a page of the changes between the positions from and until. skip is the number of rows
// on the earlier pages.
type streamCursor struct{ from, until, skip int }

func (c streamCursor) String() string {
	return fmt.Sprintf("changes %d %d %d", c.from, c.until, c.skip)
}

// PlanFrom implements ports.ChangeStream as the adapter of Plaid does.
func (v streamVendor) PlanFrom(
	position string, scope domain.PullScope, accounts []domain.AccountData, today domain.Date,
) []domain.Step {
	steps := v.Plan(scope, accounts, today)
	if len(steps) == 0 {
		return nil
	}
	since := domain.Step{Since: position}
	if steps[0].Sweep && (scope.Window == nil || *scope.Window != domain.Window{}) {
		return []domain.Step{since}
	}
	return append([]domain.Step{since}, steps...)
}

// newsEvent returns the event of the vendor "plaid". It does not say which rows have changed.
func (n notice) newsEvent() domain.WebhookEvent {
	event := domain.WebhookEvent{Name: n.Kind, AccountRef: n.Ref, WantsPull: n.Kind != "boring"}
	switch n.Kind {
	case "trouble":
		event.Scope.Signal = domain.SignalReauth
	case "synced":
		event.Scope = domain.PullScope{News: true, Signal: domain.SignalRecovered}
	default:
		event.Scope.News = true
	}
	return event
}

// Read returns a page of the stream if the step has a position in the stream. Otherwise it returns a page of the list
// of all rows.
func (v streamVendor) Read(
	ctx context.Context, a ports.Access, step domain.Step, accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	if step.Since != "" {
		return callVendor(
			ctx,
			v.vendor,
			"vendor.Read since "+cursor,
			a,
			func(ref *accountRef) (ports.VendorPage, error) {
				return v.readChanges(ref, a.Connection, step, cursor)
			},
		)
	}
	return v.vendor.Read(ctx, a, step, accounts, cursor)
}

// readChanges returns a page of the stream. The vendor refuses to return the next page if the rows have changed since
// the first page. It also refuses the positions of an earlier epoch.
func (v streamVendor) readChanges(
	ref *accountRef, connection domain.ConnectionID, step domain.Step, cursor string,
) (page ports.VendorPage, err error) {
	s, stream := v.sim, &ref.stream
	s.counters.streamPages++
	stream.note(ref.rows)
	var epoch int
	at := streamCursor{until: len(stream.ids)}
	if _, err := fmt.Sscanf(step.Since, "at %d %d", &epoch, &at.from); err != nil {
		panic(err)
	}
	if strings.TrimSpace(cursor) != "" {
		if _, err := fmt.Sscanf(cursor, "changes %d %d %d", &at.from, &at.until, &at.skip); err != nil {
			panic(err)
		}
	}
	switch {
	case epoch != stream.epoch && at.skip == 0:
		s.counters.gonePositions++
		return page, &domain.Error{Kind: domain.Unavailable, Code: domain.StreamGone}
	case epoch != stream.epoch, at.until != len(stream.ids):
		s.counters.mutations++
		return page, &domain.Error{Kind: domain.Unavailable, Code: domain.CursorGone}
	}
	changed := lastOccurrences(stream.ids[at.from:])
	to := min(at.skip+2+s.rand.IntN(4), len(changed))
	var shown []*row
	for _, id := range changed[at.skip:to] {
		if r := ref.row(id); r.removed {
			s.counters.streamedRemovals++
			s.announced[rowKey{connection, id}] = true
			page.Removed = append(page.Removed, id)
		} else {
			if ref.unlisted[r.account] {
				page.Accounts = append(page.Accounts, ref.vendorAccount(r.account))
			}
			shown = append(shown, r)
			page.Transactions = append(page.Transactions, r.rawTransaction())
		}
	}
	s.noteShown(ref, step, cursor, shown)
	if to < len(changed) {
		page.Next = streamCursor{at.from, at.until, to}.String()
	} else {
		page.StreamPosition = stream.positionAt(at.until)
	}
	if s.clock.now.Before(ref.loopsUntil) && !s.faultFree {
		s.counters.endlessCursors++
		page.Next, page.StreamPosition = cursor+" ", ""
	}
	return page, nil
}

// lastOccurrences returns the different texts in the order of their last occurrences.
func lastOccurrences(texts []string) (distinct []string) {
	seen := map[string]bool{}
	for _, text := range slices.Backward(texts) {
		if !seen[text] {
			distinct = append(distinct, text)
		}
		seen[text] = true
	}
	slices.Reverse(distinct)
	return distinct
}

// maxChangeAttempts is the number of attempts after which a pull reads everything instead of the stream.
const maxChangeAttempts = 3

// checkChangesApplied checks a successful pull of a connection to the vendor "plaid" that had to read the stream. Each
// row that the vendor removed before the pull started must be marked as removed. It checks nothing while removals are
// held back, or if the vendor has refused a position. It does not check rows that the vendor removed before the first
// pull of the stream had stored a position, or before the last pull that read everything instead of the stream, because
// it had failed several times. Only two complete reads find these removals.
func (s *sim) checkChangesApplied(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.Vendor != "plaid" || !p.Scope.Everything && !p.Scope.News || len(p.Scope.Doubted) > 0 ||
		c.ref.stream.lost || c.startedBefore(p) || s.hasNewReference(c) || s.holdsRemovals(c) {
		return
	}
	if s.positionOf(c) == "" { // for example, because rows stay staged: the next pull reads everything
		c.positionedAt = time.Time{}
		return
	}
	skipped := p.Attempts > maxChangeAttempts
	if c.positionedAt.IsZero() || c.positionedAt.Before(c.ref.linkedAt) || skipped {
		c.positionedAt = s.clock.Now()
		if skipped {
			s.counters.skippedStreams++
		}
		return
	}
	for _, t := range s.ownRows(c) {
		r := c.ref.row(t.ExternalID)
		if r != nil && r.removed && r.removedAt.Before(p.StartedAt) && r.removedAt.After(c.positionedAt) &&
			t.RemovedAt.IsZero() {
			s.violated("a pull of the changes of %s did not remove %s", c.ref.id, r.id)
		}
	}
}

// positionOf returns the position that is stored for a connection; "" if there is none.
func (s *sim) positionOf(c *connection) string {
	stored, err := s.store.Connections().Get(s.background(), c.Tenant, domain.Aggregator, c.ID)
	if errors.Is(err, domain.NotFound) { // it was deleted
		return ""
	}
	s.mustSucceed(err)
	return stored.StreamPosition
}

// TestSimulationOfAStream is like TestSimulation. One of the vendors returns what has changed since the last pull.
func TestSimulationOfAStream(t *testing.T) {
	total := counters{}
	for seed, left := *seed, *streamSteps; left > 0; seed, left = seed+1, left-stepsPerSeed {
		s := newSim(t, seed, onSQLite, "plaid", "plaid", "pluggy", "belvo")
		runSeed(t, s, min(left, stepsPerSeed))
		total.add(s.counters)
	}
	t.Log(total)
	if *streamSteps >= 10*stepsPerSeed &&
		min(total.streamPages, total.streamedRemovals, total.mutations, total.gonePositions,
			total.skippedStreams, total.withdrawn) == 0 {
		t.Error("something never happened: the simulation injects too little")
	}
}

// refusePositions makes the vendor refuse all positions in the stream that it has returned.
func (ref *accountRef) refusePositions() {
	ref.stream.epoch++
	ref.stream.lost = true
}
