package simulation_test

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The limits of a mass removal, as the contract with the callers of the API states them. They are repeated here, so
// that the simulation detects a change of the constants in package domain.
const (
	massRows     = 20
	massAll      = 3 // if a listing contains no row of the account
	massWait     = time.Hour
	massLongWait = 6 * time.Hour
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
	// since and sync describe the first of these sweeps that was a proof, and in which the row was part of a mass
	// removal. The removal of the row is held back from then on; zero if it is not held back.
	since time.Time
	sync  domain.SyncTime
}

// released reports whether a sweep with these members applies the removal of a row that is held back:
//
//   - an hour later, if the vendor states that it has synchronised since
//   - otherwise six hours later, but not if the vendor states its synchronisations, and plans the next one
func (a absentRow) released(at time.Time, sync domain.SyncTime) bool {
	waited, stated := at.Sub(a.since), !a.sync.At.IsZero() && !sync.At.IsZero()
	switch {
	case a.since.IsZero():
		return false
	case stated && sync.At.After(a.sync.At):
		return waited >= massWait
	default:
		return waited >= massLongWait && !(stated && sync.Planned)
	}
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

// sweptAccount describes what a sweep did with the rows of one account.
type sweptAccount struct {
	live    int      // the rows before the sweep, and the new ones
	shown   int      // the rows that the sweep contains, or that new rows continue
	removed []string // the external ids of the rows that the sweep has removed
	back    bool     // a row whose removal was held back is shown again
	unseen  []string // the external ids of the other rows that the sweep lacks
	recent  int      // how many of removed and unseen are dated within twelve months
}

// isMass reports whether the removal of rows of the account is a mass removal. recent is how many of them are dated
// within twelve months.
func (a *sweptAccount) isMass(rows, recent int) bool {
	return rows >= massRows && 2*rows > a.live || recent >= massAll && a.shown == 0
}

// checkMassRemoval is called after a sweep (see absentRow), and checks the rows that it lacks. previousRows contains
// the rows that were live before the sweep. These rules are exact at a vendor whose rows are removed after one listing:
//
//   - Rows that are no mass removal are removed, unless they were one before and none of the account has come back.
//   - Each row of a mass removal is removed if and only if it is released (see absentRow.released).
//
// At the other vendors, a row may stay until a second listing proves its removal. It may not stay if the listing is a
// stream, and the same pull has stored the row.
func (s *sim) checkMassRemoval(lease domain.Lease, w ports.SweepWrite, previousRows sweptWindow) {
	connection := s.claims[lease.ID].Connection
	accounts := s.sweptAccounts(connection, lease, w, previousRows)
	for account, swept := range accounts {
		for _, id := range swept.removed {
			if t := previousRows[id]; w.Stream && t.Version == 1 && t.Pull == lease.Pull {
				s.counters.withdrawn++
			}
		}
		recent := 0
		for _, id := range swept.removed {
			recent += s.isRecent(previousRows[id], w.At)
		}
		if !swept.isMass(len(swept.removed), recent) {
			continue
		}
		s.counters.massRemovals++
		for _, id := range swept.removed {
			if a := s.absent[rowKey{connection, id}]; !a.released(w.At, w.Sync) {
				s.violated("a sweep removed %d of %d rows of %s, but %s is held back since %v", len(swept.removed),
					swept.live, account, id, a.since)
			}
		}
	}
	if w.Proof == domain.NoProof {
		return
	}
	for _, swept := range accounts {
		held := swept.isMass(len(swept.unseen)+len(swept.removed), swept.recent)
		if held {
			s.counters.massHeld++
		}
		for _, id := range swept.unseen {
			k, t := rowKey{connection, id}, previousRows[id]
			exact := w.Proof == domain.OneRead || w.Stream && t.Version == 1 && t.Pull == lease.Pull
			s.checkUnseen(k, w, exact, held || !swept.back && !s.absent[k].since.IsZero())
		}
	}
}

// checkUnseen checks and records a row that stays live although a sweep lacks it. exact reports whether the sweep
// proves that the row was removed, and held whether it is part of a mass removal.
func (s *sim) checkUnseen(key rowKey, w ports.SweepWrite, exact, held bool) {
	a := s.absent[key]
	if exact && !s.connectionByID(key.connection).carriedOver && !s.announced[key] &&
		(!held || a.released(w.At, w.Sync)) {
		s.violated("a sweep did not remove %s, which is held back since %v", key.externalID, a.since)
	}
	if held && a.since.IsZero() {
		s.absent[key] = absentRow{w.At, w.Sync}
	}
}

// sweptAccounts returns what a sweep did, by account. It forgets the absences of the rows that are not missing.
// Announced removals that were held back are left out: a complete listing applies them, regardless of their number.
func (s *sim) sweptAccounts(
	connection domain.ConnectionID, lease domain.Lease, w ports.SweepWrite, previousRows sweptWindow,
) map[string]*sweptAccount {
	accounts := map[string]*sweptAccount{}
	of := func(t domain.Transaction) *sweptAccount {
		if accounts[t.Account] == nil {
			accounts[t.Account] = &sweptAccount{}
		}
		return accounts[t.Account]
	}
	before := map[domain.TransactionID]bool{}
	for _, t := range previousRows {
		before[t.ID] = true
	}
	after := map[domain.TransactionID]string{} // the external ids of the rows that are live after the sweep
	for id, t := range s.windowOf(lease, w) {
		if after[t.ID] = id; !before[t.ID] { // the sweep also stores new rows
			of(t).live++
		}
	}
	joined := map[string]bool{} // the rows that the sweep lacks, and that older records have now
	for id, t := range previousRows {
		if now, ok := after[t.ID]; ok && now != id && !w.Seen(now) {
			joined[now] = true
		}
	}
	for id, t := range previousRows {
		key, account := rowKey{connection, id}, of(t)
		now, ok := after[t.ID]
		if joined[id] && !ok { // the younger record
			continue
		}
		account.live++
		switch {
		case ok && joined[now] && now != id:
			account.unseen = append(account.unseen, now)
		case w.Seen(id) || ok && now != id:
			// The row is not missing: either the vendor returned it, or another row has replaced it.
			account.shown++
			account.back = account.back || !s.absent[key].since.IsZero()
			delete(s.absent, key)
			continue
		case ok:
			account.unseen = append(account.unseen, id)
		case s.announced[key]:
			continue
		default:
			account.removed = append(account.removed, id)
		}
		account.recent += s.isRecent(t, w.At)
	}
	return accounts
}

// isRecent returns 1 if the row is dated within twelve months, and 0 otherwise.
func (*sim) isRecent(t domain.Transaction, at time.Time) int {
	if t.Date >= domain.DateOf(at).AddDays(-365) {
		return 1
	}
	return 0
}

// liveAccounts returns the external ids of the accounts that are not removed.
func (s *sim) liveAccounts(c *connection) map[string]bool {
	live := map[string]bool{}
	for _, a := range s.accountsOf(c) {
		live[a.ExternalID] = a.RemovedAt.IsZero()
	}
	return live
}

// forgetRemovedAccounts forgets the absences of the rows of the accounts that were removed since they were in before.
// If the vendor still returns some of their rows, the others are absent from the next sweep at the earliest.
func (s *sim) forgetRemovedAccounts(c *connection, before map[string]bool) {
	removed := map[string]bool{}
	for account, live := range s.liveAccounts(c) {
		removed[account] = before[account] && !live
	}
	for key := range s.absent {
		if r := c.ref.row(key.externalID); key.connection == c.ID && r != nil && removed[r.account] {
			delete(s.absent, key)
		}
	}
}

// isHeld reports whether the last sweeps did not remove a missing row, because that would have been a mass removal.
func (s *sim) isHeld(t domain.Transaction) bool {
	return !s.absent[rowKey{t.Connection, t.ExternalID}].since.IsZero()
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
// checks nothing while removals are held back, or if the connection has got another reference since the pull started:
// the simulation then no longer knows the rows of the former one. A row may stay if the vendor has listed it after its
// removal, or has restored it, because a complete listing with the row voids the announcement. The rows of a removed
// account stay, and the announcements of their removals that were held back are forgotten together with the account.
func (s *sim) checkAnnouncedApplied(p domain.Pull) {
	c := s.connectionByID(p.Connection)
	if s.holdsRemovals(c) || c.startedBefore(p) {
		return
	}
	announced := map[string]bool{}
	for _, id := range p.Scope.Removed {
		announced[id] = true
	}
	accounts := s.liveAccounts(c)
	for _, t := range s.storedRows(c) {
		r := c.ref.row(t.ExternalID)
		mayStay := r != nil && (!r.removed || r.wasStillListed)
		live, found := accounts[t.Account]
		if announced[t.ExternalID] && t.RemovedAt.IsZero() && !mayStay && (live || !found) {
			s.violated("%s is not removed, although its removal was announced to the pull that succeeded", t.ExternalID)
		}
	}
}
