package simulation_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pullClaimed records which lease holds the pull, and which connection the current task is reading.
func (s *sim) pullClaimed(lease domain.Lease, c ports.Claimed) {
	s.claims[lease.ID], s.holders[lease.Pull] = c.Pull, lease.ID
	if c.Initial || c.Pull.Scope.Everything {
		s.openComplete[lease.Pull] = c.Connection.ID
	}
	if s.current != nil {
		s.current.reading = s.connectionByID(c.Connection.ID)
	}
}

// attemptEnded records the end of a pull that reads everything.
func (s *sim) attemptEnded(id domain.PullID, o ports.Outcome) {
	if c, complete := s.openComplete[id]; complete && o.State != domain.PullQueued {
		s.connectionByID(c).completeEnd = o.At
		delete(s.openComplete, id)
	}
}

// checkDueForReconcile checks the connections that the store lists for a reconcile round: all live
// connections without a pull of everything that is open or that ended at since or later, regardless of
// their other pulls.
func (s *sim) checkDueForReconcile(due []domain.Connection, since time.Time, limit int) {
	waiting := map[domain.ConnectionID]bool{}
	for _, c := range s.openComplete {
		waiting[c] = true
	}
	want := slices.DeleteFunc(s.liveConnections(), func(c *connection) bool {
		return !c.CreatedAt.Before(since) || !c.completeEnd.Before(since) || waiting[c.ID]
	})
	slices.SortFunc(want, func(x, y *connection) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
	want = want[:min(limit, len(want))]
	if !slices.EqualFunc(due, want, func(d domain.Connection, c *connection) bool { return d.ID == c.ID }) {
		s.violated("%d connections are due for a reconcile round, want %d", len(due), len(want))
	}
}

// checkRestarts checks that an attempt restarts a step whose list it cannot continue. Without faults the
// vendors' lists do not change any more, so no attempt may then end with such a failure. An attempt that
// started before, as a task, may have used up its restarts.
func (s *sim) checkRestarts(o ports.PullAttempted) {
	if s.faultFree && s.current == nil &&
		(errors.Is(o.Err, domain.CursorGone) || errors.Is(o.Err, domain.ListChanged)) {
		s.violated("pull %s did not start its step again: %v", o.Pull.ID, o.Err)
	}
}

// checkFencing checks that only the holder of the most recent lease of a pull can write for the pull.
// err is the result of the write.
func (s *sim) checkFencing(lease domain.Lease, err error) {
	if err == nil && s.holders[lease.Pull] != lease.ID {
		s.violated("a lost lease of pull %s was used for a write", lease.Pull)
	}
}

// checkPullComplete checks a succeeded pull of everything: every row that existed when the pull started
// must be stored. The same holds for the first succeeded pull of a connection, regardless of its scope.
// Rows that were hidden or removed meanwhile are excepted.
func (s *sim) checkPullComplete(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.pulledOnce && !p.Scope.Everything {
		return
	}
	c.pulledOnce = true
	stored := map[string]bool{}
	for _, t := range s.storedRows(c) {
		stored[t.ExternalID] = true
	}
	for _, r := range c.ref.rows {
		if r.created.Before(p.StartedAt) && r.removals == 0 && !r.wasHidden && !stored[r.id] {
			s.violated("a pull of all of %s did not store %s", c.ref.id, r.id)
		}
	}
}

// checkSweepComplete checks a succeeded pull of everything: every row that was removed before the pull
// started must be marked as removed. The check is skipped if the vendor synchronised meanwhile.
func (s *sim) checkSweepComplete(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.Vendor != "pluggy" || !p.Scope.Everything || c.ref.syncing || !c.ref.syncChangedAt.Before(p.StartedAt) {
		return
	}
	for _, t := range s.storedRows(c) {
		r := c.ref.row(t.ExternalID)
		if r.removed && !r.wasStillListed && r.removedAt.Before(p.StartedAt) && t.RemovedAt.IsZero() {
			s.violated("a complete read of %s did not remove %s", c.ref.id, r.id)
		}
	}
}

func (s *sim) connectionByID(id domain.ConnectionID) *connection {
	return s.connections[slices.IndexFunc(s.connections, func(c *connection) bool { return c.ID == id })]
}

// storedRows returns all stored rows of a connection, even of a deleted one.
func (s *sim) storedRows(c *connection) []domain.Transaction {
	page, err := s.store.Ledger().Transactions(s.background(), c.Tenant, c.ID, ports.TransactionFilter{},
		domain.PageRequest{Limit: 1_000_000})
	s.mustSucceed(err)
	return page.Items
}

// digest returns a text that identifies the state of all rows of a connection.
func (s *sim) digest(c *connection) string {
	var b strings.Builder
	for _, t := range s.storedRows(c) {
		fmt.Fprintln(&b, t.ID, rowStateOf(t))
	}
	return b.String()
}

// countFailedDeliveries returns how many live connections have failed deliveries, which wait to be
// replayed. A connection whose deliveries cannot be listed counts, too.
func (s *sim) countFailedDeliveries() int {
	n := 0
	for _, c := range s.liveConnections() {
		page, err := s.store.Deliveries().List(s.background(), c.Tenant,
			ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}, domain.PageRequest{Limit: 1})
		if n += len(page.Items); err != nil {
			n++
		}
	}
	return n
}
