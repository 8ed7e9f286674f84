package simulation_test

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The limits of a mass removal, as the contract with the callers of the API states them. They are repeated here, so
// that the simulation detects a change of the constants in package domain.
const (
	massRows = 20
	massWait = time.Hour
)

// bigAccount is the number of rows that growAccount adds to an account.
const bigAccount = massRows + 12

// growAccount adds rows to a random account, enough for the vendor to lose most of them later in a mass removal.
func (s *sim) growAccount(ref *accountRef) {
	account := ref.accounts[s.rand.IntN(len(ref.accounts))]
	var r *row
	for range bigAccount {
		r = s.addRow(ref)
		r.account = account
	}
	s.publish(ref, notice{Kind: "created", Account: account, From: r.created.Add(-time.Second)}, 0.9)
}

// losableRows returns the current rows of one account, except the rows of the oldest date. It chooses the first account
// that has more than massRows such rows, and returns nil if there is none. The oldest date is excluded because Belvo's
// lists cannot show the removal of these rows.
func (ref *accountRef) losableRows() []*row {
	for _, account := range ref.accounts {
		oldest := ref.oldestDate(account)
		var rows []*row
		for _, r := range ref.rows {
			if r.account == account && !r.removed && r.date > oldest {
				rows = append(rows, r)
			}
		}
		if len(rows) > massRows {
			return rows
		}
	}
	return nil
}

// loseManyRows removes more than massRows of the given rows, which belong to one account, as if the vendor had lost
// data. Usually the removals are not announced.
func (s *sim) loseManyRows(ref *accountRef, rows []*row) {
	s.counters.massLosses++
	n := notice{Kind: "deleted", Account: rows[0].account}
	for _, r := range rows[s.rand.IntN(len(rows)-massRows):] {
		r.removed, r.removedAt = true, s.clock.Now()
		r.removals++
		n.Rows = append(n.Rows, r.id)
	}
	s.publish(ref, n, 0.3)
}

// absentRow describes a stored row that has been missing from every sweep since a point in time. A sweep compares a
// complete listing with the stored rows, and marks the missing rows as removed.
type absentRow struct {
	since time.Time
	held  bool // the last sweep has kept the row, to avoid a mass removal
}

// sweptWindow contains the live rows that a sweep compares with the vendor's rows. The keys are external ids.
type sweptWindow map[string]domain.Transaction

// windowOf returns the live rows that the sweep w compares with the vendor's rows. It returns no rows during an outage
// of the store. A sweep fails during an outage, so there is nothing to check.
func (s *sim) windowOf(lease domain.Lease, w ports.SweepWrite) sweptWindow {
	rows := sweptWindow{}
	if s.down {
		return rows
	}
	c := s.connectionByID(s.claims[lease.ID].Connection)
	names := s.accountNames(c)
	for _, t := range s.storedRows(c) {
		if name := names[t.AccountID]; name != "" {
			t.Account = name
		}
		if t.RemovedAt.IsZero() && w.Window.Contains(t.Date) && (w.Account == "" || w.Account == t.Account) {
			rows[t.ExternalID] = t
		}
	}
	return rows
}

// checkMassRemoval is called after a sweep (see absentRow), and checks the rows that the sweep has marked as removed.
// If many rows of one account were removed, each row must have been missing for at least an hour. previousRows
// contains the rows that were live before the sweep.
func (s *sim) checkMassRemoval(lease domain.Lease, w ports.SweepWrite, previousRows sweptWindow) {
	connection := s.claims[lease.ID].Connection
	live, removed, unseen := map[string]int{}, map[string][]string{}, map[string][]string{}
	after := map[domain.TransactionID]string{} // the external ids of the rows that are live after the sweep
	for id, t := range s.windowOf(lease, w) {
		after[t.ID] = id
		if _, ok := previousRows[id]; !ok { // the sweep also stores new rows
			live[t.Account]++
		}
	}
	for id, t := range previousRows {
		live[t.Account]++
		switch now, ok := after[t.ID]; {
		case w.Seen(id) || ok && now != id:
			// The row is not missing: either the vendor returned it, or another row has replaced it.
			delete(s.absent, rowKey{connection, id})
		case ok:
			unseen[t.Account] = append(unseen[t.Account], id)
		case s.announced[rowKey{connection, id}]:
			// A complete listing applies announced removals that were held back, regardless of their number.
		default:
			removed[t.Account] = append(removed[t.Account], id)
		}
	}
	for account, ids := range removed {
		if !isMass(len(ids), live[account]) {
			continue
		}
		s.counters.massRemovals++
		for _, id := range ids {
			a, ok := s.absent[rowKey{connection, id}]
			if !ok || w.At.Sub(a.since) < massWait {
				s.violated("a sweep removed %d of %d rows of %s, but %s is absent since %v", len(ids), live[account],
					account, id, a.since)
			}
		}
	}
	for account, ids := range unseen {
		held := isMass(len(ids)+len(removed[account]), live[account])
		if held {
			s.counters.massHeld++
		}
		for _, id := range ids {
			key := rowKey{connection, id}
			a, ok := s.absent[key]
			if !ok {
				a.since = w.At
			}
			s.absent[key] = absentRow{a.since, held}
		}
	}
}

func isMass(rows, live int) bool { return rows >= massRows && 2*rows > live }

// isHeld reports whether the last sweep did not remove a missing row, because the sweep would have been a mass removal.
func (s *sim) isHeld(t domain.Transaction) bool {
	return s.absent[rowKey{t.Connection, t.ExternalID}].held
}

// holdsRemovals reports whether removals of the connection's rows are held back.
func (s *sim) holdsRemovals(c *connection) bool {
	held := false // also if the connection was deleted
	s.mustSucceed(s.store.Connections().VisitFacts(s.background(), c.Tenant, []domain.ConnectionID{c.ID},
		func(f *domain.ConnectionFacts) error {
			held = f.HeldRemovals > 0
			return nil
		}))
	return held
}

// checkAnnouncedApplied checks that a succeeded pull has applied the removals that webhooks announced to it. It
// checks nothing while removals are held back. A row may stay if the vendor has listed it after its removal, or has
// restored it, because a complete listing with the row voids the announcement.
func (s *sim) checkAnnouncedApplied(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if s.holdsRemovals(c) {
		return
	}
	announced := map[string]bool{}
	for _, id := range p.Scope.Removed {
		announced[id] = true
	}
	for _, t := range s.storedRows(c) {
		r := c.ref.row(t.ExternalID)
		mayStay := r != nil && (!r.removed || r.wasStillListed)
		if announced[t.ExternalID] && t.RemovedAt.IsZero() && !mayStay {
			s.violated("%s is not removed, although its removal was announced to the pull that succeeded", t.ExternalID)
		}
	}
}
