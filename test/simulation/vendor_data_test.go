package simulation_test

import (
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxRows is the number of rows at which no more single rows are added to an account reference. An account reference
// is an item or link at the vendor. Removed rows do not count.
const maxRows = 25

// newAccountRef returns a new account reference at a random vendor, with accounts and rows.
func (s *sim) newAccountRef() *accountRef {
	s.names++
	ref := &accountRef{
		sim: s, vendor: s.used[s.rand.IntN(len(s.used))], id: fmt.Sprintf("item-%d", s.names),
		secret: fmt.Sprintf("%s-secret-%d", canary, s.names), odd: map[string]bool{}, numbers: map[string]string{},
		statesSync: s.chance(0.6) || s.booked != nil, plansSync: s.chance(0.5), syncedAt: s.clock.Now(),
	}
	for i := range 1 + s.rand.IntN(2) {
		account := fmt.Sprintf("%s-account-%d", ref.id, i)
		ref.accounts = append(ref.accounts, account)
		ref.numbers[account] = fmt.Sprintf("%d", 1_000_000+10*s.names+i)
	}
	for range s.rand.IntN(12) {
		s.addRow(ref)
	}
	return ref
}

// changeVendorData changes the vendor's data and usually sends a webhook about the change.
func (s *sim) changeVendorData(ref *accountRef) {
	s.counters.changes++
	switch r := s.randomRow(ref, func(r *row) bool { return !r.removed }); {
	case ref.syncing && s.chance(0.3):
		s.endSync(ref)
	case s.chance(0.08):
		s.startSync(ref)
	case s.chance(0.1):
		s.breakOrHeal(ref)
	case s.chance(0.03):
		s.changeListed(ref)
	case s.booked != nil && s.chance(0.01):
		s.moveBalance(ref)
	case s.chance(0.03):
		ref.partial, ref.syncChangedAt, ref.syncedAt = !ref.partial, s.clock.Now(), s.clock.Now()
		ref.approval = ref.partial && s.chance(0.5)
	case s.chance(0.03):
		ref.listing++ // the vendor rebuilds its lists and refuses cursors of the earlier lists
		if ref.vendor == "plaid" && s.chance(0.3) {
			ref.refusePositions()
		}
	case s.chance(0.015):
		s.growAccount(ref)
	case len(ref.late) > 0 && s.chance(0.1):
		s.arriveLate(ref)
	case s.chance(0.2) && ref.losableRows() != nil:
		s.loseManyRows(ref, ref.losableRows())
	case r == nil || s.chance(0.35) && ref.presentRows() < maxRows:
		r = s.addRow(ref)
		s.publish(ref, notice{Kind: "created", Account: r.account, From: r.created}, 0.9)
	case s.chance(0.4):
		s.editRow(ref, r)
		s.publish(ref, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.9)
	case s.chance(0.3):
		s.removeRow(ref, r)
		s.replaceUnderNewID(ref, r)
	case s.chance(0.2):
		s.restoreRow(ref)
	default:
		s.removeRow(ref, r)
	}
}

// changeListed removes a random account from the list of accounts, or restores it there.
func (s *sim) changeListed(ref *accountRef) {
	if ref.unlisted == nil {
		ref.unlisted = map[string]bool{}
	}
	account := ref.accounts[s.rand.IntN(len(ref.accounts))]
	ref.unlisted[account] = !ref.unlisted[account]
	ref.wasUnlisted = true
	ref.listedChangedAt = s.clock.Now()
	if ref.unlisted[account] && s.chance(0.5) {
		s.publish(ref, notice{Kind: "updated", Account: account}, 0.9)
	}
}

func (s *sim) addRow(ref *accountRef) *row {
	s.names++
	r := &row{
		id: fmt.Sprintf("r%08d", s.names), account: ref.accounts[s.rand.IntN(len(ref.accounts))],
		date: domain.DateOf(s.clock.now).AddDays(-s.rand.IntN(30)), created: s.clock.Now(),
		occurred: s.clock.Now().Truncate(time.Microsecond), // as exact as the databases store times

		movement: movementName(s.names),
	}
	if ref.hostile {
		r.text = s.hostileText()
	}
	if s.booked != nil {
		s.bookedRow(ref, r)
	}
	if twin := s.randomRow(ref, func(r *row) bool { return true }); twin != nil && s.chance(0.05) {
		r.movement, r.account, r.date = twin.movement, twin.account, twin.date // an equal purchase
		r.text, r.particulars = twin.text, twin.particulars
	}
	ref.rows = append(ref.rows, r)
	return r
}

// editRow changes the content of a row. The date changes only at belvo. At pluggy, a row with a new date may be missing
// from the list of a date range, so the service would treat the row as removed.
func (s *sim) editRow(ref *accountRef, r *row) {
	r.revision++
	if s.booked != nil && s.chance(0.5) {
		r.particulars.pending = false
	}
	if ref.vendor == "belvo" && s.chance(0.3) {
		r.date = r.date.AddDays(1)
	}
}

// breakOrHeal makes one of these changes:
//
//   - An account becomes unreadable or readable again.
//   - A new unreadable row is added, sometimes with an unreadable id.
//   - A readable row becomes unreadable. Its id stays readable, because the service needs the id to find the stored
//     row.
//   - The bytes of an unreadable row change.
//   - An unreadable row becomes readable again, sometimes together with an edit.
//
// Most of these changes are not announced.
func (s *sim) breakOrHeal(ref *accountRef) {
	account := ref.accounts[s.rand.IntN(len(ref.accounts))]
	unhealed := s.chance(0.75)
	switch r := s.randomRow(ref, func(r *row) bool { return !r.removed && (r.broken != "" || !unhealed) }); {
	case s.chance(0.15):
		ref.odd[account] = !ref.odd[account]
		ref.wasOdd = true
		s.counters.oddAccounts++
	case r == nil || s.chance(0.2) && ref.presentRows() < maxRows:
		r = s.addRow(ref)
		s.breakRow(r)
		r.nameless = s.chance(0.5)
		ref.wasNameless = ref.wasNameless || r.nameless
	case r.broken == "":
		s.breakRow(r)
		s.publish(ref, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.3)
	case s.chance(0.3):
		s.breakRow(r)
	default:
		if r.nameless {
			ref.namelessUntil = s.clock.Now()
		}
		r.broken, r.nameless, r.brokenOrHealedAt = "", false, s.clock.Now()
		s.counters.healedRows++
		if s.chance(0.5) {
			s.editRow(ref, r)
		}
		s.publish(ref, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.7)
	}
}

// breakRow replaces a row with unreadable bytes that no other row has.
func (s *sim) breakRow(r *row) {
	s.names++
	r.broken, r.wasBroken, r.brokenOrHealedAt = fmt.Sprintf("broken %s %d", r.id, s.names), true, s.clock.Now()
	s.counters.brokenRows++
}

// removeRow removes a row. Sometimes the vendor does not announce the removal by a webhook. The service must then find
// the removal by reading complete lists.
func (s *sim) removeRow(ref *accountRef, r *row) {
	r.removed, r.removedAt = true, s.clock.Now()
	r.removals++
	if s.publish(ref, notice{Kind: "deleted", Account: r.account, Rows: []string{r.id}}, s.removalIsAnnounced(ref, r)) {
		r.stillListed = s.chance(0.4)
		r.wasStillListed = r.wasStillListed || r.stillListed
	}
}

// removalIsAnnounced returns the probability that the removal of a row is announced. Belvo always announces the removal
// of an account's oldest row. Belvo's lists cannot prove this removal, because they contain no older row of the
// account.
func (s *sim) removalIsAnnounced(ref *accountRef, r *row) float64 {
	if ref.vendor == "belvo" && r.date <= ref.oldestDate(r.account) {
		return 1
	}
	return 0.85
}

// oldestDate returns the oldest date of the account's current rows, or "" if there are none.
func (ref *accountRef) oldestDate(account string) (oldest domain.Date) {
	for _, r := range ref.rows {
		if r.account == account && !r.removed && (oldest == "" || r.date < oldest) {
			oldest = r.date
		}
	}
	return oldest
}

// replaceUnderNewID adds a copy of a removed row under another id.
func (s *sim) replaceUnderNewID(ref *accountRef, old *row) {
	r := s.addRow(ref)
	r.account, r.date, r.revision, r.movement = old.account, old.date, old.revision, old.movement
	r.occurred, r.text, r.particulars = old.occurred, old.text, old.particulars
	if s.chance(0.3) {
		r.date = r.date.AddDays(s.rand.IntN(4))
	}
	s.counters.churned++
	s.publish(ref, notice{Kind: "created", Account: r.account, From: r.created}, 0.9)
}

// restoreRow restores a removed row under its own id.
func (s *sim) restoreRow(ref *accountRef) {
	if r := s.randomRow(ref, func(r *row) bool { return r.removed }); r != nil {
		r.removed, r.stillListed = false, false
		s.publish(ref, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.9)
	}
}

// startSync starts a synchronisation of ref. While it lasts, some rows are hidden, so the fact that a row is missing
// from a list does not prove that the row was removed.
func (s *sim) startSync(ref *accountRef) {
	ref.syncing, ref.reauth, ref.syncChangedAt = true, s.chance(0.3), s.clock.Now()
	for _, r := range ref.rows {
		if r.hidden = s.chance(0.3); r.hidden {
			r.hides++
		}
	}
	switch ref.device = !ref.reauth && ref.vendor == "pluggy" && s.chance(0.2); {
	case ref.reauth:
		s.publish(ref, notice{Kind: "trouble"}, 0.9)
	case ref.device:
		s.publish(ref, notice{Kind: "device"}, 0.9)
	}
}

// endSync ends the synchronisation of ref. It does nothing if ref is the settledRef of a task. Such a task checks
// before its first page and after its last page that ref does not synchronise. It could not detect a synchronisation
// that starts and ends between the two checks.
func (s *sim) endSync(ref *accountRef) {
	for _, t := range s.tasks {
		if t.settledRef == ref {
			return
		}
	}
	ref.syncing, ref.reauth, ref.device = false, false, false
	ref.syncChangedAt, ref.syncedAt = s.clock.Now(), s.clock.Now()
	for _, r := range ref.rows {
		r.hidden = false
	}
	s.publish(ref, notice{Kind: "synced"}, 0.9)
}

// publish adds a notice to the outbox of ref with the given probability. Otherwise the notice is lost. It reports
// whether the notice was added.
func (s *sim) publish(ref *accountRef, n notice, probability float64) bool {
	if !s.chance(probability) {
		s.counters.unannounced++
		return false
	}
	ref.events++
	n.ID = fmt.Sprintf("%s-event-%d", ref.id, ref.events)
	if s.chance(0.8) {
		n.Ref = ref.id
	}
	if ref.vendor == "belvo" && n.Kind != "deleted" && s.chance(0.4) || ref.vendor == "plaid" {
		n.Nameless, n.Account, n.Rows, n.From = true, "", nil, time.Time{}
	}
	ref.outbox = append(ref.outbox, n)
	return true
}

// randomRow returns a random row for which filter returns true, or nil if there is none.
func (s *sim) randomRow(ref *accountRef, filter func(*row) bool) *row {
	var some []*row
	for _, r := range ref.rows {
		if filter(r) {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[s.rand.IntN(len(some))]
}

func (ref *accountRef) presentRows() int {
	n := 0
	for _, r := range ref.rows {
		if !r.removed {
			n++
		}
	}
	return n
}

// row returns the row of ref with this external id, or nil if there never was one.
func (ref *accountRef) row(id string) *row {
	for _, r := range ref.rows {
		if r.id == id {
			return r
		}
	}
	return nil
}

// endListingLag is called when the pull p has no more work. A removed row may still be listed for some time.
// endListingLag ends this time for all rows whose removal was announced to p.
func (s *sim) endListingLag(p domain.Pull) {
	for _, c := range s.connections {
		if c.ID != p.Connection {
			continue
		}
		for _, id := range announcedRemovals(p) {
			if r := c.ref.row(id); r != nil {
				r.stillListed = false
			}
		}
	}
}

// refuseCredential makes the vendor refuse the credential of an account reference for up to a minute.
func (s *sim) refuseCredential(ref *accountRef) {
	ref.refusedUntil = s.clock.now.Add(time.Duration(s.rand.IntN(60)) * time.Second)
	s.counters.refusedCredentials++
}
