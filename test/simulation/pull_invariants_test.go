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

// pullClaimed records the lease under which a worker runs the pull, and the connection that the current task is
// reading.
func (s *sim) pullClaimed(lease domain.Lease, c ports.Claimed) {
	s.takenOver(lease.Pull, c)
	s.readNotPaused(c.Connection)
	s.claims[lease.ID], s.holders[lease.Pull] = c.Pull, lease.ID
	if c.Initial || c.Pull.Scope.Everything {
		s.openComplete[lease.Pull] = c.Connection.ID
	}
	s.connectionByID(c.Connection.ID).ref.lists = nil
	if s.current != nil {
		s.current.reading = s.connectionByID(c.Connection.ID)
	}
}

// takenOver is called when a pull is claimed. If an earlier pull of the connection was waiting for an account to be
// listed, the claimed pull has taken over the earlier pull's work, and takenOver records this.
func (s *sim) takenOver(claimed domain.PullID, c ports.Claimed) {
	for id, complete := range s.awaiting {
		p, connection := s.claims[s.holders[id]], s.connectionByID(c.Connection.ID)
		switch {
		case id == claimed:
		case p.Connection != c.Connection.ID:
			continue
		default:
			s.counters.takenOver++
			connection.pulledOnce = true
			s.endListingLag(p)
			if complete {
				connection.completeEnd = s.readAt[id]
			}
		}
		delete(s.awaiting, id)
	}
}

// attemptEnded records the end of a complete pull (which reads everything that the vendor has). It also records an
// attempt after which the pull waits for an account to be listed.
func (s *sim) attemptEnded(id domain.PullID, o ports.Outcome) {
	c, complete := s.openComplete[id]
	switch {
	case o.LastError == domain.AccountNotListed && o.State == domain.PullQueued:
		s.awaiting[id] = complete
	case !complete || o.State == domain.PullQueued:
		return
	default:
		s.connectionByID(c).completeEnd = o.At
	}
	delete(s.openComplete, id)
}

// checkAwaited checks a succeeded pull: the vendor must have listed every account that the pull's events name, unless
// the account is marked as removed.
func (s *sim) checkAwaited(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if !c.ref.listedChangedAt.Before(p.StartedAt) || p.CreatedAt.Before(c.TargetChangedAt) {
		return
	}
	removed := s.removedAccounts(c)
	for _, name := range p.Scope.AccountNames() {
		if removed[name] {
			s.counters.doneRemoved++
		} else if c.ref.unlisted[name] {
			s.violated("a pull of an event about %s succeeded although the account is not listed", name)
		}
	}
}

// removedAccounts returns the accounts of a connection that are marked as removed.
func (s *sim) removedAccounts(c *connection) map[string]bool {
	page, err := s.store.Ledger().Accounts(s.background(), c.Tenant, c.ID, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	removed := map[string]bool{}
	for _, a := range page.Items {
		removed[a.ExternalID] = !a.RemovedAt.IsZero()
	}
	return removed
}

// checkDueForReconcile checks the connections that the store lists as due for reconcile. A connection is due if it is
// live and not paused, and if none of its complete pulls is still open or ended at the time since or later. Pulls of
// only a few rows do not count.
func (s *sim) checkDueForReconcile(due []domain.Connection, since time.Time, limit int) {
	waiting := map[domain.ConnectionID]bool{}
	for _, c := range s.openComplete {
		waiting[c] = true
	}
	want := slices.DeleteFunc(s.liveConnections(), func(c *connection) bool {
		return c.Paused() || !c.CreatedAt.Before(since) || !c.completeEnd.Before(since) || waiting[c.ID]
	})
	slices.SortFunc(want, func(x, y *connection) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
	want = want[:min(limit, len(want))]
	if !slices.EqualFunc(due, want, func(d domain.Connection, c *connection) bool { return d.ID == c.ID }) {
		s.violated("%d connections are due for a reconcile round, want %d", len(due), len(want))
	}
}

// checkRestarts checks that an attempt that cannot continue a list starts the step again instead of failing. It checks
// only attempts that start after the faults have ended, when the vendors' lists no longer change, because an earlier
// attempt may fail correctly after it has used up its permitted restarts.
func (s *sim) checkRestarts(o ports.PullAttempted) {
	if s.faultFree && s.current == nil &&
		(errors.Is(o.Err, domain.CursorGone) || errors.Is(o.Err, domain.ListChanged)) {
		s.violated("pull %s did not start its step again: %v", o.Pull.ID, o.Err)
	}
}

// checkFencing checks that only the holder of the most recent lease of a pull can write for the pull. The argument err
// is the result of the write.
func (s *sim) checkFencing(lease domain.Lease, err error) {
	if err == nil && s.holders[lease.Pull] != lease.ID {
		s.violated("a lost lease of pull %s was used for a write", lease.Pull)
	}
}

// checkPullComplete checks a complete pull that has succeeded: every row that existed when the pull started must be
// stored. The same holds for the first succeeded pull of a connection, regardless of its scope. Rows that were hidden
// or removed during the pull are not checked.
func (s *sim) checkPullComplete(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.pulledOnce && !p.Scope.Everything || c.startedBefore(p) {
		return
	}
	if s.hasNewReference(c) {
		return // the rows are staged until the synchronisation ends; checkStoredRows finds lost rows
	}
	c.pulledOnce = true
	stored := map[string]bool{}
	for _, t := range s.ownRows(c) {
		stored[t.ExternalID] = true
	}
	for _, r := range c.ref.rows {
		if r.created.Before(p.StartedAt) && r.removals == 0 && r.hides == 0 && !r.wasBroken && !stored[r.id] &&
			c.ref.wasListed(r, p) {
			s.violated("a pull of all of %s did not store %s", c.ref.id, r.id)
		}
	}
}

// checkReadableReleased checks that the quarantine contains neither a readable row that the write w stores nor a row
// that w removes. It does not check rows that the same pull has put into the quarantine, because checkQuarantine checks
// them at quiet points.
func (s *sim) checkReadableReleased(lease domain.Lease, w ports.PageWrite) {
	c := s.connectionByID(s.claims[lease.ID].Connection)
	page, err := s.store.Ledger().Quarantine(s.background(), c.Tenant, c.ID, domain.PageRequest{Limit: 1000})
	if err != nil {
		return
	}
	readable := slices.Clone(w.Removed)
	for _, o := range w.Transactions {
		readable = append(readable, o.ExternalID)
	}
	for _, row := range page.Items {
		key := row.QuarantineKey
		again := slices.ContainsFunc(
			w.Quarantined,
			func(q domain.UnreadableData) bool { return q.QuarantineKey == key },
		)
		// A pull stores new rows only when a sweep ends. In the meantime, a later page may have shown such a row in an
		// unreadable form.
		again = again || row.Pull == lease.Pull && !slices.Contains(w.Removed, key.ID)
		if key.Kind == domain.QuarantinedTransaction && !again && slices.Contains(readable, key.ID) {
			s.violated("%s can be read or is removed, and is in the quarantine", key.ID)
		}
	}
}

// checkRemovalsApplied checks that announced removals are applied immediately, even if the pull to which
// they were announced is blocked.
func (s *sim) checkRemovalsApplied(id domain.PullID) {
	for _, d := range s.deliveries {
		if d.pull != id {
			continue
		}
		for _, t := range s.ownRows(s.connectionByID(d.connection)) {
			if slices.Contains(d.removed, t.ExternalID) && t.RemovedAt.IsZero() {
				s.violated("the removal of %s waits although its pull is blocked", t.ExternalID)
			}
		}
	}
}

// checkHealedReleased checks a succeeded pull of a few rows: rows of the pull that have become readable again must have
// left the quarantine, even if they are equal to the stored rows. The check is skipped if the vendor synchronised
// meanwhile.
func (s *sim) checkHealedReleased(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.ref.syncing || !c.ref.syncChangedAt.Before(p.StartedAt) {
		return
	}
	page, err := s.store.Ledger().Quarantine(s.background(), c.Tenant, c.ID, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	for _, q := range page.Items {
		r := c.ref.row(q.QuarantineKey.ID)
		if q.Kind == domain.QuarantinedTransaction && r != nil && r.broken == "" && !r.removed &&
			r.brokenOrHealedAt.Before(p.StartedAt) && slices.Contains(p.Scope.Changed[r.account], r.id) &&
			c.ref.wasListed(r, p) {
			s.violated("a pull has read %s, which is readable and still in the quarantine", r.id)
		}
	}
}

// checkSweepComplete checks a complete pull that has succeeded: every row that was removed before the pull started must
// be marked as removed, unless it is held back as part of a mass removal. The check is skipped if the vendor
// synchronised meanwhile, or if the id of a row could not be read.
func (s *sim) checkSweepComplete(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if c.startedBefore(p) || c.Vendor != "pluggy" || !p.Scope.Everything || c.ref.syncing ||
		!c.ref.syncChangedAt.Before(p.StartedAt) {
		return
	}
	nameless := slices.ContainsFunc(c.ref.rows, func(r *row) bool { return r.nameless })
	if nameless || !c.ref.namelessUntil.Before(p.StartedAt) {
		return
	}
	for _, t := range s.ownRows(c) {
		r := c.ref.row(t.ExternalID)
		if r != nil && r.removed && !r.wasStillListed && c.ref.wasListed(r, p) && r.removedAt.Before(p.StartedAt) &&
			t.RemovedAt.IsZero() && !s.isHeld(t) {
			s.violated("a complete read of %s did not remove %s", c.ref.id, r.id)
		}
	}
}

// wasListed reports whether the list of accounts must have contained the row's account during the whole pull. At
// pluggy, the rows of an account that is not listed are not read.
func (ref *accountRef) wasListed(r *row, p domain.Pull) bool {
	return !ref.unlisted[r.account] && ref.listedChangedAt.Before(p.CreatedAt)
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

// digest returns a string that represents the state of the connection's rows. Different states have different strings.
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

// readNotPaused records that the current task has read the connection. If it was not paused, the task may call the
// vendor once: a pause that is committed between the read and the call cannot prevent the call.
func (s *sim) readNotPaused(c domain.Connection) {
	if s.current != nil && !c.Paused() {
		s.current.mayCall = c.ID
	}
}

// checkNotPaused checks that no call to a vendor is started for a paused connection, except the one call that
// readNotPaused allows.
func (s *sim) checkNotPaused(op string, id domain.ConnectionID) {
	read := s.current != nil && s.current.mayCall == id
	if c := s.connectionByID(id); c.Paused() && !read {
		s.violated("%s calls the vendor of %s, which is paused", op, c.Name)
	}
	if s.current != nil {
		s.current.mayCall = domain.ConnectionID{}
	}
}
