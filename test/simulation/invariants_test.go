package simulation_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quiesce stops all faults, runs all tasks and pulls to their end, and reconciles every connection once. Then it
// compares the stored data with the vendors' data and checks all invariants.
func (s *sim) quiesce() {
	s.log("simulation", "is quiet")
	s.faultFree, s.down = true, false
	for n := 0; len(s.tasks) > 0; n++ {
		s.checkTermination(n)
		s.resume(s.tasks[s.rand.IntN(len(s.tasks))])
	}
	for _, c := range s.liveConnections() {
		s.repairConnection(c)
	}
	s.removeWebhooks()
	s.drainPulls()
	for _, c := range s.liveConnections() {
		s.mustSucceed(s.replayFailedDeliveries(s.background(), s.randomReplica(), c))
	}
	s.drainPulls()
	s.reconcileAll()
	s.checkInvariants()
	s.counters.quiesces++
	s.faultFree = false
}

func (*sim) background() context.Context { return context.Background() }

// mustSucceed reports a violation for any error, because without faults no call may fail.
func (s *sim) mustSucceed(err error) {
	if s.checkError("a quiet point", err) != nil {
		s.violated("without faults: %v", err)
	}
}

func (s *sim) checkTermination(n int) {
	if n > 100_000 {
		s.violated("the simulation does not terminate")
	}
}

// repairConnection makes the next pulls of the connection succeed. It ends the vendor's failures and resumes the
// connection if it is paused. It corrects the credential and creates a webhook token if there is no valid one. It
// delivers the pending webhooks of the account reference.
func (s *sim) repairConnection(c *connection) {
	c.ref.refusedUntil, c.ref.loopsUntil = time.Time{}, time.Time{}
	s.endSync(c.ref)
	s.arriveLate(c.ref)
	if c.Vendor == "pluggy" { // pluggy returns rows only for listed accounts, so list all accounts
		c.ref.unlisted, c.ref.partial, c.ref.approval = nil, false, false
		c.ref.listedChangedAt, c.ref.syncChangedAt = s.clock.Now(), s.clock.Now()
	}
	if s.hasNewReference(c) { // make all accounts readable, because rows of unreadable accounts stay staged
		clear(c.ref.odd)
	}
	for _, r := range c.ref.rows { // the vendor updates its lists
		r.stillListed = false
	}
	for _, r := range c.ref.rows { // pulls mark no missing rows as removed if any listed id is unreadable
		r.nameless = false
	}
	c.ref.namelessUntil = s.clock.Now()
	_, err := s.randomReplica().ResumeConnection(s.background(), c.Tenant, c.ID)
	s.mustSucceed(err)
	result, err := s.randomReplica().TestConnection(s.background(), c.Tenant, string(c.Vendor), c.Name)
	s.mustSucceed(err)
	switch a := s.applicationByID(c.ApplicationID); {
	case result.Healthy:
	case a != nil:
		s.mustSucceed(s.updateApplication(s.background(), s.randomReplica(), a, true))
	default:
		s.mustSucceed(s.updateCredential(s.background(), s.randomReplica(), c))
	}
	if len(c.tokens) == 0 || c.tokens[len(c.tokens)-1].revoked {
		s.mustSucceed(s.mintToken(s.background(), s.randomReplica(), c))
	}
	for n := 0; len(c.ref.outbox) > 0; n++ {
		s.checkTermination(n)
		next := c.ref.outbox[0]
		received, err := s.randomReplica().Receive(s.background(), domain.WebhookRequest{
			Vendor: c.Vendor, Token: string(c.tokens[len(c.tokens)-1].raw.Reveal()), Body: next.body(),
			Authorization: canary + "-shared",
		})
		s.mustSucceed(err)
		s.webhookAnswered(c.ref, next, received, nil, false)
	}
	s.mustSucceed(s.randomReplica().FlushTokenUsage(s.background()))
}

// drainPulls runs pulls until all have finished. A pull may have to wait for another pull whose job was lost when its
// worker died. Therefore drainPulls looks for such stuck pulls after every 20 jobs, and schedules new jobs for them.
func (s *sim) drainPulls() {
	for n := 0; ; n++ {
		s.checkTermination(n)
		if (len(s.jobs) == 0 || n%20 == 0) && s.allPullsFinished() {
			return
		}
		if len(s.jobs) > 0 {
			s.runNextJob()
		}
	}
}

// runNextJob advances the clock to the earliest due time of all jobs, and runs that job.
func (s *sim) runNextJob() {
	slices.SortStableFunc(s.jobs, func(x, y job) int { return x.due.Compare(y.due) })
	next := s.jobs[0]
	s.jobs = s.jobs[1:]
	s.clock.advance(max(0, next.due.Sub(s.clock.now)))
	again, err := s.randomReplica().RunPull(s.background(), next.pull)
	s.mustSucceed(err)
	s.log("quiet", fmt.Sprintf("ran a pull, again in %v", again))
	if again > 0 {
		s.scheduleJob(next.pull, again)
	}
}

// allPullsFinished reports whether all pulls have finished. It schedules a new job for each stuck pull.
func (s *sim) allPullsFinished() bool {
	s.clock.advance(31 * time.Second)
	stuck, err := s.randomReplica().ListStuck(s.background(), 100)
	s.mustSucceed(err)
	for _, id := range stuck {
		s.nudge(id)
	}
	backlog, err := s.randomReplica().BacklogAge(s.background())
	s.mustSucceed(err)
	return len(stuck) == 0 && backlog == 0
}

// reconcileInterval is the interval in which every connection must have at least one pull that reads everything.
const reconcileInterval = 10 * time.Minute

// reconcileAll lets the reconcile interval pass, and runs the reconcile task. The task must request one pull for each
// live connection without a complete pull (a pull of everything) in that interval. A narrow pull (a pull of only a few
// rows) does not count, even if it has just ended or is queued.
func (s *sim) reconcileAll() {
	s.clock.advance(reconcileInterval)
	for _, c := range s.liveConnections() {
		// A connection is skipped if its next pull would read everything anyway: if no pull has succeeded yet or if its
		// account reference is new.
		if c.pulledOnce && !s.hasNewReference(c) && s.chance(0.5) {
			s.requestNarrowPull(c)
		}
	}
	s.drainPulls()
	for _, c := range s.liveConnections() {
		if s.chance(0.5) {
			s.requestNarrowPull(c)
		}
	}
	due := 0
	for _, c := range s.liveConnections() {
		// A connection is not due if a complete pull ended within the interval. A narrow pull can become complete: if
		// it finds an account of a former reference, its next attempt reads everything.
		if c.completeEnd.Before(s.clock.now.Add(-reconcileInterval)) {
			due++
		}
	}
	s.reconcileRound(due)
	s.reconcileRound(0) // no pull is requested, because a complete pull is already queued for every connection
	s.drainPulls()
	for range s.roundsUntilRemoved() {
		s.readAgain(massWait)
		s.readAgain(massWait)
		s.readAgain(massLongWait)
	}
}

// readAgain lets time pass, and reads everything. Meanwhile, the vendors that plan synchronisations synchronise.
func (s *sim) readAgain(wait time.Duration) {
	s.clock.advance(wait)
	for _, c := range s.liveConnections() {
		if c.ref.plansSync || s.booked != nil {
			c.ref.syncedAt = s.clock.Now()
		}
		_, err := s.randomReplica().RequestPull(s.background(), c.Tenant, c.ID, domain.Window{})
		s.mustSucceed(err)
	}
	s.drainPulls()
}

// roundsUntilRemoved returns how many more rounds of complete pulls are needed until all missing rows are marked as
// removed. A missing row is a stored row that the vendor no longer has. A round is two pulls that are an hour apart,
// and one after six hours. At the vendor "belvo", all of them are needed:
//
//   - A row is marked as removed if it is missing from two successive pulls.
//   - If many rows of an account, or all, are missing (a mass removal), a pull at least an hour later must confirm the
//     removal. If the vendor does not synchronise meanwhile, or does not state when it does, the pull must be six hours
//     later.
//   - An account is marked as removed after two pulls without it. If no account is listed, another pull must confirm
//     the removal, as for a mass removal of rows. The service then forgets the absences of the account's rows, because
//     it may never read a row of the account again, and their removals would be held back forever. If the vendor still
//     returns some of the rows, the absences of the others begin again after any pull of the first round, so that
//     their removal needs a whole second round.
func (s *sim) roundsUntilRemoved() int {
	for _, c := range s.liveConnections() {
		for _, unlisted := range c.ref.unlisted {
			if unlisted {
				return 2
			}
		}
	}
	return 1
}

func (s *sim) requestNarrowPull(c *connection) {
	today := domain.DateOf(s.clock.now)
	_, err := s.randomReplica().RequestPull(s.background(), c.Tenant, c.ID, domain.Window{From: today, To: today})
	s.mustSucceed(err)
	s.counters.narrowPulls++
}

func (s *sim) reconcileRound(want int) {
	requested, err := s.randomReplica().Reconcile(s.background(), reconcileInterval, 1000)
	if s.mustSucceed(err); requested != want {
		s.violated("reconcile requested pulls of %d connections, want %d of %d", requested, want,
			len(s.liveConnections()))
	}
}

// checkInvariants checks all invariants. It is called at quiet points, when no task is running.
func (s *sim) checkInvariants() {
	s.checkDeliveries()
	adjusted := map[domain.TransactionID]domain.Date{}
	for _, c := range s.connections {
		s.checkPullsFinished(c)
		s.checkCloses(c, adjusted)
		for _, t := range s.storedRows(c) {
			s.noteRenamed(t)
		}
		for _, t := range s.storedRows(c) {
			s.checkHistory(t)
		}
		if c.deleted {
			if s.digest(c) != c.rowsAtDeletion {
				s.violated("rows of %s were written after it was deleted", c.ref.id)
			}
			continue
		}
		s.checkStoredRows(c)
		s.checkSums(c)
		s.checkContinued(c)
		s.checkReplacements(c)
		s.checkQuarantine(c)
		s.checkHealth(c)
		s.checkTenantIsolation(c)
	}
	s.checkApplications()
	s.checkWebhooks()
	s.checkAdjustedDays(adjusted)
	s.checkDecisions()
	for _, r := range s.readers {
		r.readToEnd()
	}
}

// checkDeliveries checks that every accepted delivery has been processed, or was pruned because of its
// age.
func (s *sim) checkDeliveries() {
	s.deliveryIDs = slices.DeleteFunc(s.deliveryIDs, func(id domain.DeliveryID) bool {
		f := s.deliveries[id]
		d, err := s.randomReplica().GetDelivery(s.background(), f.tenant, id)
		if err != nil {
			if !f.at.Before(s.prunedBefore) {
				s.violated("delivery %s is lost: %v", id, err)
			}
			return true
		}
		switch d.Status {
		case domain.DeliveryAccepted:
			s.violated("delivery %s still waits for its pull", id)
		case domain.DeliveryProcessed, domain.DeliveryFailed:
			s.checkDeliveryOutcome(d)
		case domain.DeliveryIgnored, domain.DeliveryUnreadable:
		default:
			s.violated("delivery %s is %q", id, d.Status)
		}
		return false
	})
}

// checkDeliveryOutcome checks that a delivery has the same outcome as its pull, and that a failed delivery has a
// reason.
func (s *sim) checkDeliveryOutcome(d domain.Delivery) {
	p, err := s.randomReplica().GetPull(s.background(), d.Tenant, d.Pull)
	s.mustSucceed(err)
	switch {
	case d.Status == domain.DeliveryProcessed && p.State != domain.PullSucceeded:
		s.violated("delivery %s is processed, but its pull is %s", d.ID, p.State)
	case d.Status == domain.DeliveryFailed && (p.State != domain.PullFailed || p.LastError == ""):
		s.violated("delivery %s failed without a reason", d.ID)
	case d.ProcessedAt.IsZero():
		s.violated("delivery %s ended without a time", d.ID)
	}
}

// checkPullsFinished checks that every pull of the connection has finished. The last pull of a live connection must
// have succeeded, and must be a pull of everything, which reconcileAll has requested.
func (s *sim) checkPullsFinished(c *connection) {
	page, err := s.store.Pulls().List(s.background(), c.Tenant, ports.PullFilter{Connection: c.ID},
		domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	for i, p := range page.Items {
		if p.FinishedAt.IsZero() || p.State != domain.PullSucceeded && p.State != domain.PullFailed {
			s.violated("pull %s of %s is %s", p.ID, c.ref.id, p.State)
		}
		if i == 0 && !c.deleted && (p.State != domain.PullSucceeded || !s.requestsEverything(p)) {
			s.violated("the last pull of %s is %s (%s), triggered by %s", c.ref.id, p.State, p.LastError, p.Trigger)
		}
	}
}

// requestsEverything reports whether the scope of the pull requests everything. List methods return pulls without a
// scope, so requestsEverything reads the pull individually.
func (s *sim) requestsEverything(p domain.Pull) bool {
	p, err := s.store.Pulls().Get(s.background(), p.Tenant, p.ID)
	s.mustSucceed(err)
	return p.Scope.Everything
}

// checkStoredRows checks that the stored rows equal the vendor's rows in every field, and that no version was
// incremented without a reason.
func (s *sim) checkStoredRows(c *connection) {
	stored := map[string]bool{}
	for _, t := range s.ownRows(c) {
		if stored[t.ExternalID] {
			s.violated("%s is stored twice", t.ExternalID)
		}
		stored[t.ExternalID] = true
		r := c.ref.row(t.ExternalID)
		if r == nil {
			s.checkFormerRow(c, t)
			continue
		}
		s.checkRow(c.ref, r, t)
	}
	for _, r := range c.ref.rows {
		if !r.removed && r.broken == "" && !stored[r.id] {
			s.violated("%s of %s is not stored", r.id, c.ref.id)
		}
	}
	s.checkAccounts(c)
}

// checkAccounts checks that an account is marked as removed if and only if the vendor no longer lists it.
func (s *sim) checkAccounts(c *connection) {
	page, err := s.store.Ledger().
		Accounts(s.background(), c.Tenant, ports.AccountFilter{Connection: c.ID}, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	for _, a := range page.Items {
		gone := c.ref.unlisted[a.ExternalID] && c.everListed[a.ExternalID] ||
			!slices.Contains(c.ref.accounts, a.ExternalID)
		if gone != !a.RemovedAt.IsZero() {
			s.violated("account %s of %s: listed %t, removed at %v", a.ExternalID, c.Vendor,
				!c.ref.unlisted[a.ExternalID], a.RemovedAt)
		}
		if !a.RemovedAt.IsZero() {
			s.counters.removedAccounts++
		}
	}
}

// checkQuarantine checks that the quarantine contains exactly the rows and accounts of the vendor that cannot be
// normalised, with their current bytes.
func (s *sim) checkQuarantine(c *connection) {
	want := map[domain.QuarantineKey]string{}
	for id, odd := range c.ref.odd {
		if odd && !c.ref.unlisted[id] {
			want[domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: id}] = "odd " + id
		}
	}
	for _, r := range c.ref.rows {
		if !r.removed && r.broken != "" {
			id := r.rawTransaction().ExternalID
			want[domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: id}] = r.broken
		}
	}
	page, err := s.randomReplica().ListQuarantine(s.background(), c.Tenant, c.ID, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	got := map[domain.QuarantineKey]string{}
	for _, row := range page.Items {
		got[row.QuarantineKey] = string(row.Payload)
	}
	if !maps.Equal(got, want) {
		s.violated("the quarantine of %s is %v, want %v", c.ref.id, got, want)
	}
	h, err := s.randomReplica().ConnectionHealth(s.background(), c.Tenant, c.ID)
	if s.mustSucceed(err); h.Facts.Quarantined != len(want) {
		s.violated("the health of %s shows %d quarantined rows, want %d", c.ref.id, h.Facts.Quarantined, len(want))
	}
}

// suggestionVersions returns the number of versions of the transaction that have changed its field PossiblySupersedes.
func (s *sim) suggestionVersions(t domain.Transaction) (n int) {
	if t.Version == 1 {
		return 0
	}
	for _, v := range s.historyOf(t) {
		if v.Previous != nil && !slices.Equal(v.Transaction.PossiblySupersedes, v.Previous.PossiblySupersedes) {
			n++
		}
	}
	return n
}

func (s *sim) checkRow(ref *accountRef, r *row, t domain.Transaction) {
	// When an account leaves the quarantine, or is listed after its rows were stored, its rows are attached to the
	// account. This increments the versions of the rows.
	attached := 0
	// An account of a new link may be listed after its rows were stored. The service may then recognise a known account
	// under a new reference. This also increments the versions of the rows.
	if ref.wasOdd || ref.wasUnlisted || ref.former != nil {
		attached = 1
	}
	// At belvo, a row may be missing from two successive pulls if a synchronisation starts during each of them. The row
	// is then marked as removed, and the next pull restores it.
	swept := 0
	if r != nil && ref.vendor == "belvo" {
		swept = r.hides / 2
	}
	switch {
	case r == nil:
		s.violated("%s is stored, but the vendor never had it", t.ExternalID)
	case r.removed && t.RemovedAt.IsZero() && s.needsList(ref, r, t) && !s.provable(t):
		return // no list reveals the removal of a row that is older than all other rows of its account
	case r.broken != "" && r.removals+swept > 0 && !r.removed: // back but unreadable: it may still be stored as removed
	case r.removed != !t.RemovedAt.IsZero():
		s.violated("%s of %s: removed %t after %d removals and %d announcements, but stored as removed at %v",
			r.id, t.Vendor, r.removed, r.removals, r.announcements, t.RemovedAt)
	case s.renamed[rowKey{t.Connection, t.ExternalID}]: // replacements and splits add versions
	case r.revision == 0 && r.removals == 0 && t.Version > 1+attached+2*swept+s.suggestionVersions(t):
		s.violated("%s never changed, and has version %d", r.id, t.Version)
	case t.Version > 1+attached+r.revision+2*(r.removals+r.announcements+swept)+s.suggestionVersions(t):
		s.violated("%s has version %d after %d edits, %d removals and %d announcements", r.id, t.Version, r.revision,
			r.removals, r.announcements)
	}
	want := r.transactionData()
	if !r.removed && r.broken == "" && (t.Digest() != want.Digest() || string(t.Metadata) != string(want.Metadata) ||
		t.AccountID.IsZero() && !ref.odd[r.account]) {
		s.violated("%s differs from the vendor's: %+v", r.id, t)
	}
}

// needsList reports whether only lists of the vendor reveal that the row was removed: the vendor announces no removals,
// or the stream announces the removal before the position from which the service reads it.
func (s *sim) needsList(ref *accountRef, r *row, t domain.Transaction) bool {
	return t.Vendor == "belvo" || ref.stream.lost ||
		t.Vendor == "plaid" && !r.removedAt.After(s.connectionByID(t.Connection).positionedAt)
}

// provable reports whether a list of the vendor can prove that the row was removed. Such a list contains a readable row
// of the same account that has the same or an earlier date. The dates of unreadable rows are not compared.
func (s *sim) provable(t domain.Transaction) bool {
	return slices.ContainsFunc(s.connectionByID(t.Connection).ref.rows, func(r *row) bool {
		return r.account == t.Account && !r.removed && r.broken == "" && r.date <= t.Date
	})
}

// checkHealth checks that a connection is reported as healthy. It must be healthy, because its last pull has succeeded.
func (s *sim) checkHealth(c *connection) {
	h, err := s.randomReplica().ConnectionHealth(s.background(), c.Tenant, c.ID)
	if s.mustSucceed(err); h.Facts.Health.Status != domain.Healthy || h.Facts.LastPullAt.IsZero() {
		s.violated("%s is %s (%s)", c.ref.id, h.Facts.Health.Status, h.Facts.Health.Reason)
	}
	if since := h.Facts.Health.AwaitsApprovalSince(); h.Facts.Health.NeedsReauth || !since.IsZero() {
		s.violated("%s: sign-in %v, an approval awaited since %v", c.ref.id, h.Facts.Health.NeedsReauth, since)
	}
}

// checkTenantIsolation checks that only the tenant of the connection can read the connection.
func (s *sim) checkTenantIsolation(c *connection) {
	for _, tenant := range s.tenants {
		_, err := s.randomReplica().GetConnection(s.background(), tenant, c.ID)
		if (err == nil) != (tenant == c.Tenant) {
			s.violated("%s is visible to the wrong tenants: %v", c.ref.id, err)
		}
	}
}

// readToEnd reads the feed to its end, and checks that the reader then has the same rows as the store. No other task
// may write during the call.
func (r *reader) readToEnd() {
	for n := 0; ; n++ {
		r.sim.checkTermination(n)
		feed, err := r.sim.randomReplica().Changes(r.sim.background(), r.tenant,
			domain.PageRequest{Limit: 7, After: r.cursor}, 0)
		r.sim.mustSucceed(err)
		r.applyPage(feed)
		if r.cursor = feed.Next; len(feed.Items) == 0 {
			break
		}
	}
	rows := 0
	for _, c := range r.sim.connections {
		if c.Tenant != r.tenant {
			continue
		}
		for _, t := range r.sim.storedRows(c) {
			if rows++; r.mirror[t.ID] != rowStateOf(t) {
				r.sim.violated("a reader has %+v, but stored is %+v", r.mirror[t.ID], rowStateOf(t))
			}
		}
	}
	if rows != len(r.mirror) {
		r.sim.violated("a reader has %d rows, but %d are stored", len(r.mirror), rows)
	}
}
