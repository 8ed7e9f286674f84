package simulation_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quiet ends all faults, drains everything, lets the safety net ask for everything once,
// and holds what is stored against the truth.
func (s *sim) quiet() {
	s.note("world", "falls quiet")
	s.calm, s.down = true, false
	for n := 0; len(s.tasks) > 0; n++ {
		s.bounded(n)
		s.advance(s.tasks[s.rand.IntN(len(s.tasks))])
	}
	for _, c := range s.live() {
		s.heal(c)
	}
	s.drain()
	for _, c := range s.live() {
		s.must(s.replayFailed(s.ctx(), s.app(), c))
	}
	s.drain()
	s.reconcile()
	s.judge()
	s.tally.quiets++
	s.calm = false
}

func (*sim) ctx() context.Context { return context.Background() }

// must wants no error: in the quiet nothing fails.
func (s *sim) must(err error) {
	if s.heard("the quiet", err) != nil {
		s.broken("in the quiet: %v", err)
	}
}

func (s *sim) bounded(n int) {
	if n > 100_000 {
		s.broken("the world does not come to rest")
	}
}

// heal gives a connection the right credential and a live token, and delivers what its
// item has to tell.
func (s *sim) heal(c *conn) {
	c.item.barred, c.item.looping = time.Time{}, time.Time{}
	s.settle(c.item)
	result, err := s.app().TestConnection(s.ctx(), c.Tenant, string(c.Vendor), c.Name)
	if s.must(err); !result.Healthy {
		s.must(s.hand(s.ctx(), s.app(), c))
	}
	if len(c.tokens) == 0 || c.tokens[len(c.tokens)-1].revoked {
		s.must(s.mint(s.ctx(), s.app(), c))
	}
	for n := 0; len(c.item.outbox) > 0; n++ {
		s.bounded(n)
		next := c.item.outbox[0]
		received, err := s.app().Receive(s.ctx(), domain.WebhookRequest{
			Vendor: c.Vendor, Token: string(c.tokens[len(c.tokens)-1].raw.Reveal()), Body: next.body(), Authorization: canary + "-shared",
		})
		s.must(err)
		s.answered(c.item, next, received, nil, false)
	}
	s.must(s.app().FlushTokenUsage(s.ctx()))
}

// drain runs pulls until none is left. A job may wait for a pull whose own job died with
// its worker, so stranded ones are looked for all along.
func (s *sim) drain() {
	for n := 0; ; n++ {
		s.bounded(n)
		if (len(s.jobs) == 0 || n%20 == 0) && s.rested() {
			return
		}
		if len(s.jobs) > 0 {
			s.runNext()
		}
	}
}

// runNext runs the job that is due first, when it is due.
func (s *sim) runNext() {
	slices.SortStableFunc(s.jobs, func(x, y job) int { return x.due.Compare(y.due) })
	next := s.jobs[0]
	s.jobs = s.jobs[1:]
	s.clock.pass(max(0, next.due.Sub(s.clock.now)))
	again, err := s.app().RunPull(s.ctx(), next.pull)
	s.must(err)
	s.note("quiet", fmt.Sprintf("ran a pull, again in %v", again))
	if again > 0 {
		s.later(next.pull, again)
	}
}

// rested says whether no pull is open; stranded ones get a job again.
func (s *sim) rested() bool {
	s.clock.pass(31 * time.Second)
	stranded, err := s.app().ListStuck(s.ctx(), 100)
	s.must(err)
	for _, id := range stranded {
		s.kick(id)
	}
	backlog, err := s.app().BacklogAge(s.ctx())
	s.must(err)
	return len(stranded) == 0 && backlog == 0
}

func (s *sim) reconcile() {
	s.clock.pass(time.Second)
	asked, err := s.app().Reconcile(s.ctx(), 0, 1000)
	s.must(err)
	if live := len(s.live()); asked != live {
		s.broken("the safety net asked for %d of %d connections", asked, live)
	}
	s.drain()
}

// judge holds every invariant.
func (s *sim) judge() {
	s.deliveriesAccounted()
	for _, c := range s.conns {
		s.pullsOver(c)
		if c.gone {
			if s.digest(c) != c.left {
				s.broken("rows of %s were written after it was deleted", c.item.ref)
			}
			continue
		}
		s.truthful(c)
		s.well(c)
		s.apart(c)
	}
	for _, r := range s.readers {
		r.complete()
	}
}

// deliveriesAccounted: what was let in has come to an end, or was let go when it was old.
func (s *sim) deliveriesAccounted() {
	s.knocked = slices.DeleteFunc(s.knocked, func(id domain.DeliveryID) bool {
		f := s.facts[id]
		d, err := s.app().GetDelivery(s.ctx(), f.tenant, id)
		if err != nil {
			if !f.at.Before(s.pruned) {
				s.broken("delivery %s is lost: %v", id, err)
			}
			return true
		}
		switch d.Status {
		case domain.DeliveryAccepted:
			s.broken("delivery %s still waits for its pull", id)
		case domain.DeliveryProcessed, domain.DeliveryFailed:
			s.followsPull(d)
		case domain.DeliveryIgnored, domain.DeliveryUnreadable:
		default:
			s.broken("delivery %s is %q", id, d.Status)
		}
		return false
	})
}

// followsPull: a delivery ended as its pull did, and a failure has a reason.
func (s *sim) followsPull(d domain.Delivery) {
	p, err := s.app().GetPull(s.ctx(), d.Tenant, d.Pull)
	s.must(err)
	switch {
	case d.Status == domain.DeliveryProcessed && p.State != domain.PullSucceeded:
		s.broken("delivery %s is processed, and its pull %s", d.ID, p.State)
	case d.Status == domain.DeliveryFailed && (p.State != domain.PullFailed || p.LastError == ""):
		s.broken("delivery %s failed for no reason", d.ID)
	case d.ProcessedAt.IsZero():
		s.broken("delivery %s ended at no time", d.ID)
	}
}

// pullsOver: nobody holds a pull any more, and the last one of a live connection, which
// is the safety net's, succeeded.
func (s *sim) pullsOver(c *conn) {
	page, err := s.store.Pulls().List(s.ctx(), c.Tenant, ports.PullFilter{Connection: c.ID}, domain.PageRequest{Limit: 1000})
	s.must(err)
	for i, p := range page.Items {
		if p.FinishedAt.IsZero() || p.State != domain.PullSucceeded && p.State != domain.PullFailed {
			s.broken("pull %s of %s is %s", p.ID, c.item.ref, p.State)
		}
		if i == 0 && !c.gone && (p.State != domain.PullSucceeded || p.Trigger != domain.TriggerReconcile) {
			s.broken("the last pull of %s is %s (%s), by %s", c.item.ref, p.State, p.LastError, p.Trigger)
		}
	}
}

// truthful: the stored rows are the vendor's, to the field, and no version was raised
// without a reason.
func (s *sim) truthful(c *conn) {
	stored := map[string]bool{}
	for _, t := range s.rows(c) {
		if stored[t.ExternalID] {
			s.broken("%s is stored twice", t.ExternalID)
		}
		stored[t.ExternalID] = true
		s.faithful(c.item.row(t.ExternalID), t)
	}
	for _, r := range c.item.rows {
		if !r.gone && !stored[r.id] {
			s.broken("%s of %s is not stored", r.id, c.item.ref)
		}
	}
}

func (s *sim) faithful(r *row, t domain.Transaction) {
	switch {
	case r == nil:
		s.broken("%s is stored, and never was", t.ExternalID)
	case r.gone != !t.RemovedAt.IsZero():
		s.broken("%s of %s: gone %t after %d removals and %d mentions, but removed %v",
			r.id, t.Vendor, r.gone, r.removals, r.mentions, t.RemovedAt)
	case r.revision == 0 && r.removals == 0 && t.Version != 1:
		s.broken("%s never changed, and has version %d", r.id, t.Version)
	case t.Version > 1+r.revision+2*(r.removals+r.mentions):
		s.broken("%s has version %d after %d edits, %d removals and %d mentions", r.id, t.Version, r.revision, r.removals, r.mentions)
	}
	want := r.observed()
	want.StableMetadata = nil
	if !r.gone && (t.Digest() != want.Digest() || string(t.Metadata) != string(want.Metadata) || t.AccountID.IsZero()) {
		s.broken("%s is not as the vendor has it: %+v", r.id, t)
	}
}

// well: the last thing that is known of a connection is that its pull succeeded.
func (s *sim) well(c *conn) {
	h, err := s.app().ConnectionHealth(s.ctx(), c.Tenant, c.ID)
	if s.must(err); h.Status != domain.Healthy || h.LastPullAt.IsZero() {
		s.broken("%s is %s (%s)", c.item.ref, h.Status, h.Reason)
	}
}

// apart: another tenant sees nothing of it.
func (s *sim) apart(c *conn) {
	for _, tenant := range s.tenants {
		_, err := s.app().GetConnection(s.ctx(), tenant, c.ID)
		if (err == nil) != (tenant == c.Tenant) {
			s.broken("%s is not its tenant's alone: %v", c.item.ref, err)
		}
	}
}

// complete: the reader, once it has read to the end, has what the table has.
func (r *reader) complete() {
	for n := 0; ; n++ {
		r.sim.bounded(n)
		feed, err := r.sim.app().Changes(r.sim.ctx(), r.tenant, domain.PageRequest{Limit: 7, After: r.cursor}, 0)
		r.sim.must(err)
		r.take(feed)
		if r.cursor = feed.Next; len(feed.Items) == 0 {
			break
		}
	}
	rows := 0
	for _, c := range r.sim.conns {
		if c.Tenant != r.tenant {
			continue
		}
		for _, t := range r.sim.rows(c) {
			if rows++; r.mirror[t.ID] != showing(t) {
				r.sim.broken("a reader has %+v of %+v", r.mirror[t.ID], showing(t))
			}
		}
	}
	if rows != len(r.mirror) {
		r.sim.broken("a reader has %d rows of %d", len(r.mirror), rows)
	}
}
