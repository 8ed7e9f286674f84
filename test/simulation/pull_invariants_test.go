package simulation_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
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
	s.started[lease.Pull] = true
	for _, id := range announcedRemovals(c.Pull) {
		s.announced[rowKey{c.Connection.ID, id}] = true
	}
	if c.Initial || c.Pull.Scope.Everything {
		s.openComplete[lease.Pull] = c.Connection.ID
	}
	s.connectionByID(c.Connection.ID).ref.lists = nil
	s.connectionByID(c.Connection.ID).carriedOver = c.HasCarriedOver
	if s.current != nil {
		s.current.reading = s.connectionByID(c.Connection.ID)
	}
}

// announcedRemovals returns the external ids of the rows whose removal was announced to the pull. It includes
// announcements that did not come through the connection's own webhook.
func announcedRemovals(p domain.Pull) []string {
	return slices.Concat(p.Scope.Removed, slices.Concat(slices.Collect(maps.Values(p.Scope.Doubted))...))
}

// takenOver must be called when a pull is claimed. An earlier pull of the connection may be waiting until the vendor
// lists an account. The claimed pull takes over the work of that pull, and takenOver records this.
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

// attemptEnded records the end of an attempt in two cases: a complete pull has ended, or the pull now waits until the
// vendor lists an account. A complete pull reads everything that the vendor has.
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
	page, err := s.store.Ledger().
		Accounts(s.background(), c.Tenant, ports.AccountFilter{Connection: c.ID}, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	removed := map[string]bool{}
	for _, a := range page.Items {
		removed[a.ExternalID] = !a.RemovedAt.IsZero()
	}
	return removed
}

// checkDueForReconcile checks the connections that the store lists as due for the reconcile task. A connection is due
// if:
//
//   - it is live and not paused, and was created before startTime, and
//   - all its complete pulls (pulls of everything) ended before startTime.
func (s *sim) checkDueForReconcile(due []domain.Connection, startTime time.Time, limit int) {
	waiting := map[domain.ConnectionID]bool{}
	for _, c := range s.openComplete {
		waiting[c] = true
	}
	want := slices.DeleteFunc(s.liveConnections(), func(c *connection) bool {
		return c.Paused() || !c.CreatedAt.Before(startTime) || !c.completeEnd.Before(startTime) || waiting[c.ID]
	})
	slices.SortFunc(want, func(x, y *connection) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
	want = want[:min(limit, len(want))]
	if !slices.EqualFunc(due, want, func(d domain.Connection, c *connection) bool { return d.ID == c.ID }) {
		s.violated("%d connections are due for a reconcile round, want %d", len(due), len(want))
	}
}

// checkRestarts checks that no attempt fails because the vendor's list cannot be continued. The attempt must start the
// step again. Only attempts that are run by quiesce are checked, because the vendor's lists do not change during
// quiesce. Other attempts may reach the limit of restarts and fail.
func (s *sim) checkRestarts(o ports.PullAttempted) {
	if s.faultFree && s.current == nil &&
		(errors.Is(o.Err, domain.CursorGone) || errors.Is(o.Err, domain.ListChanged)) {
		s.violated("pull %s did not start its step again: %v", o.Pull.ID, o.Err)
	}
}

// checkFencing checks that only the holder of the most recent lease of a pull can write for the pull. err is the result
// of the write.
func (s *sim) checkFencing(lease domain.Lease, err error) {
	if err == nil && s.holders[lease.Pull] != lease.ID {
		s.violated("a lost lease of pull %s was used for a write", lease.Pull)
	}
}

// checkPullComplete checks that a successful pull has stored every row that existed when the pull started. It checks
// only complete pulls (pulls of everything) and the first successful pull of a connection. Rows that were ever hidden,
// removed or unreadable are not checked.
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

// checkReadableReleased checks the quarantine after the write w. It must contain neither a row that w stores nor a row
// that w removes. Rows that the same pull has put into the quarantine are checked later, by checkQuarantine.
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
		// A row may be in the quarantine if the same pull has put it there. The pull may first have read a readable
		// form of the row, and later an unreadable form. The unreadable form goes into the quarantine immediately. The
		// readable form of a new row is stored later, when a sweep ends.
		again = again || row.Pull == lease.Pull && !slices.Contains(w.Removed, key.ID)
		if key.Kind == domain.QuarantinedTransaction && !again && slices.Contains(readable, key.ID) {
			s.violated("%s can be read or is removed, and is in the quarantine", key.ID)
		}
	}
}

// checkRemovalsApplied checks the removals that the deliveries of the given pull announce. They must be applied
// immediately, even if the pull is blocked.
func (s *sim) checkRemovalsApplied(id domain.PullID) {
	for _, d := range s.deliveries {
		if d.pull != id {
			continue
		}
		for _, id := range d.removed {
			s.announced[rowKey{d.connection, id}] = true
		}
		if s.holdsRemovals(s.connectionByID(d.connection)) {
			continue
		}
		for _, t := range s.ownRows(s.connectionByID(d.connection)) {
			if slices.Contains(d.removed, t.ExternalID) && t.RemovedAt.IsZero() {
				s.violated("the removal of %s waits although its pull is blocked", t.ExternalID)
			}
		}
	}
}

// checkHealedReleased checks rows that the pull had to read because a webhook reported them as changed. If such a row
// became readable before the pull started, it must have left the quarantine. This also applies if the row has the same
// content as the stored row. The check is skipped if the vendor synchronised during the pull.
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

// checkSweepComplete checks a successful pull of everything. Every row that the vendor removed before the pull started
// must be marked as removed. Rows of a mass removal that is not applied yet are not checked. The check is skipped if
// the vendor synchronised during the pull, if the id of a row could not be read, or if the holder must sign in again,
// because lists then prove nothing. A publication removes nothing either: the next complete read does.
func (s *sim) checkSweepComplete(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if s.published[p.ID] || c.startedBefore(p) || c.Vendor != "pluggy" || !p.Scope.Everything || c.ref.syncing ||
		!c.ref.syncChangedAt.Before(p.StartedAt) {
		return
	}
	nameless := slices.ContainsFunc(c.ref.rows, func(r *row) bool { return r.nameless })
	if nameless || !c.ref.namelessUntil.Before(p.StartedAt) || s.mustSignIn(c) {
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

// mustSignIn reports whether the service knows that the holder of a connection must sign in again.
func (s *sim) mustSignIn(c *connection) (must bool) {
	s.mustSucceed(s.store.Connections().VisitFacts(s.background(), c.Tenant, []domain.ConnectionID{c.ID},
		func(f *domain.ConnectionFacts) error {
			must = f.Health.NeedsReauth
			return nil
		}))
	return must
}

// wasListed reports whether the vendor has listed the row's account since the pull was created. Pluggy returns no rows
// of an unlisted account.
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

// countFailedDeliveries returns how many live connections have failed deliveries, which wait to be replayed.
// Connections whose deliveries cannot be listed are included.
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

// readNotPaused records that the current task has read the connection. If the connection was not paused, the task may
// call the vendor once. A pause that is committed after the task has read the connection cannot prevent this call.
func (s *sim) readNotPaused(c domain.Connection) {
	if s.current != nil && !c.Paused() {
		s.current.mayCall = c.ID
	}
}

// checkNotPaused checks that no call to a vendor is started for a paused connection, except the one call that
// readNotPaused allows.
func (s *sim) checkNotPaused(op string, id domain.ConnectionID) {
	read := s.current != nil && s.current.mayCall == id
	if !slices.ContainsFunc(s.connections, func(c *connection) bool { return c.ID == id }) {
		return // the service tries the credential of an application
	}
	if c := s.connectionByID(id); c.Paused() && !read {
		s.violated("%s calls the vendor of %s, which is paused", op, c.Name)
	}
	if s.current != nil {
		s.current.mayCall = domain.ConnectionID{}
	}
}
