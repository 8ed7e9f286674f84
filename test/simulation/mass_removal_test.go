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

// losableRows returns the present rows of one account that has at least massRows of them, or nil if there is no such
// account. It omits the rows with the oldest date, because at belvo a list cannot reveal the removal of rows that are
// older than all other rows of the account.
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

// loseManyRows is given rows of one account. It removes at least massRows of them at once, as if the vendor had lost
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
// complete read with the stored rows, and marks the missing rows as removed.
type absentRow struct {
	since time.Time
	held  bool // the last sweep would have been a mass removal and therefore kept the row
}

// sweptWindow contains the live rows of a connection that a sweep compares with the rows of a read, by external id.
type sweptWindow map[string]domain.Transaction

// windowOf returns the live rows that the sweep w compares. During an outage, when no sweep succeeds, it returns no
// rows.
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

// checkMassRemoval checks a sweep that removed most rows of an account at once. A sweep may do this only if the rows
// have been missing from every sweep of the last hour, including at least one sweep before this one. The argument
// before contains the rows that were live before the sweep.
func (s *sim) checkMassRemoval(lease domain.Lease, w ports.SweepWrite, before sweptWindow) {
	connection := s.claims[lease.ID].Connection
	live, removed, unseen := map[string]int{}, map[string][]string{}, map[string][]string{}
	after := map[domain.TransactionID]string{} // the external ids of the rows that are live after the sweep
	for id, t := range s.windowOf(lease, w) {
		after[t.ID] = id
		if _, ok := before[id]; !ok { // the sweep also stores the new rows of the read
			live[t.Account]++
		}
	}
	for id, t := range before {
		live[t.Account]++
		switch now, ok := after[t.ID]; {
		case w.Seen(id) || ok && now != id:
			// Either the read returned the row, which may now belong to an older transaction, or another row has
			// replaced it.
			delete(s.absent, rowKey{connection, id})
		case ok:
			unseen[t.Account] = append(unseen[t.Account], id)
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

// isHeld reports whether the last sweep in which the row was missing has held back the removal of the row.
func (s *sim) isHeld(t domain.Transaction) bool {
	return s.absent[rowKey{t.Connection, t.ExternalID}].held
}

// checkAnnouncedApplied checks that a succeeded pull has applied all removals that were announced to it. Announced
// removals are never held back, regardless of their number.
func (s *sim) checkAnnouncedApplied(p domain.Pull) {
	announced := map[string]bool{}
	for _, id := range p.Scope.Removed {
		announced[id] = true
	}
	for _, t := range s.storedRows(s.connectionByID(p.Connection)) {
		if announced[t.ExternalID] && t.RemovedAt.IsZero() {
			s.violated("%s is not removed, although its removal was announced to the pull that succeeded", t.ExternalID)
		}
	}
}
