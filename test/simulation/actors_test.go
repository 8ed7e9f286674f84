package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// connection is a stored connection, together with the state that the simulation expects.
type connection struct {
	domain.Connection
	ref            *accountRef
	tokens         []*token
	carriedOver    bool            // rows may be carried over: at the last claim, or since a publication
	everListed     map[string]bool // the accounts that were listed at the vendor when a pull stored them
	pulledOnce     bool            // at least one pull of the connection has succeeded
	completeEnd    time.Time       // when the last complete pull of the connection succeeded or failed
	deleted        bool            // the connection is deleted
	continued      bool            // this connection was deleted, and a new connection to its accounts exists
	rowsAtDeletion string          // the digest of the connection's rows at its deletion
	moves          int             // how often the connection has joined or left an application
	positionedAt   time.Time       // when the connection got the position from which its pulls read the stream
}

type token struct {
	id      domain.TokenID
	raw     domain.Secret
	revoked bool
}

// connectionCreated records a new connection. The store's decorator calls it when the connection is committed, because
// the actor that creates the connection may die before it can record the connection itself.
func (s *sim) connectionCreated(c domain.Connection) {
	for _, ref := range s.refs {
		if ref.id == c.AccountRef {
			s.linkCreated(ref)
			s.connections = append(s.connections, &connection{Connection: c, ref: ref, everListed: map[string]bool{}})
			return
		}
	}
	s.violated("a connection to an unknown reference: %s", c.AccountRef)
}

// connectionUpdated records the update or deletion of a connection when it is committed.
func (s *sim) connectionUpdated(c domain.Connection) {
	for _, existing := range s.connections {
		if existing.ID == c.ID {
			if existing.ApplicationID != c.ApplicationID {
				existing.moves++
			}
			existing.Connection = c
			s.repointed(existing)
			if !c.Live() && !existing.deleted {
				existing.deleted, existing.rowsAtDeletion = true, s.digest(existing)
			}
		}
	}
}

// liveConnections returns the connections that are not deleted.
func (s *sim) liveConnections() []*connection {
	var live []*connection
	for _, c := range s.connections {
		if !c.deleted {
			live = append(live, c)
		}
	}
	return live
}

// startSomething starts one random activity of an actor.
func (s *sim) startSomething() {
	live := s.liveConnections()
	if len(live) < 6 || len(live) < 8 && s.chance(0.01) {
		if s.chance(0.3) {
			s.continueDeleted()
		} else {
			s.createConnection()
		}
		return
	}
	c := live[s.rand.IntN(len(live))]
	switch p := s.rand.Float64(); {
	case p < 0.40:
		s.startWorker()
	case p < 0.58:
		s.deliverWebhook(c)
	case p < 0.74:
		s.changeVendorData(s.preferConnectionBeingRead(c).ref)
	case p < 0.82:
		s.readers[s.rand.IntN(len(s.readers))].startRead()
	case p < 0.90:
		s.startOperator(c)
	case p < 0.905:
		s.changeHostileIDs()
	case p < 0.99:
		s.runMaintenance()
	case p < 0.995:
		s.refuseCredential(c.ref)
	default:
		s.startOutage()
	}
}

// preferConnectionBeingRead usually returns the connection of a sleeping worker that is running a pull. In all
// other cases it returns c. As a result, the vendor's data often changes after a worker has read a page, and before the
// worker stores the page.
func (s *sim) preferConnectionBeingRead(c *connection) *connection {
	for _, t := range s.tasks {
		if t.sleepsUntil > s.step && t.reading != nil && s.chance(0.8) {
			return t.reading
		}
	}
	return c
}

// startOutage makes the store unavailable for up to 30 s of simulated time.
func (s *sim) startOutage() {
	s.down, s.outageEnd = true, s.clock.now.Add(time.Duration(s.rand.IntN(30))*time.Second)
	s.counters.outages++
	s.log("store", "is unavailable")
}

// startWorker starts a worker that runs a job which is due. If the worker's process dies, its job is lost, too.
func (s *sim) startWorker() {
	due := -1
	for i, j := range s.jobs {
		if !j.due.After(s.clock.now) && (due < 0 || s.chance(0.5)) {
			due = i
		}
	}
	if due < 0 {
		return
	}
	j := s.jobs[due]
	s.jobs = slices.Delete(s.jobs, due, due+1)
	app := s.randomReplica()
	s.spawn("worker", func(ctx context.Context) {
		again, err := app.RunPull(ctx, j.pull)
		switch {
		case s.checkError("RunPull", err) != nil:
			if !errors.Is(err, domain.StoreUnavailable) && !errors.Is(err, context.Canceled) {
				s.violated("a worker returned an error that is not the store's: %v", err)
			}
			s.scheduleJob(j.pull, time.Second)
		case again > 0:
			s.scheduleJob(j.pull, again)
		}
	})
}

// deliverWebhook delivers a random webhook from the outbox. The outbox contains the webhooks that the vendor still has
// to send. A webhook may be delivered more than once, and webhooks may be delivered in any order.
func (s *sim) deliverWebhook(c *connection) {
	if len(c.ref.outbox) == 0 {
		return
	}
	n, app := c.ref.outbox[s.rand.IntN(len(c.ref.outbox))], s.randomReplica()
	to, ok := s.addressFor(c, n)
	if !ok {
		return
	}
	refused := to.revoked
	request := domain.WebhookRequest{
		Vendor: c.Vendor, Token: to.raw, Body: n.body(), Authorization: to.authorization,
	}
	if to.tenant != c.Tenant { // the vendor still has to send it to the tenant of the connection
		n.ID += "-elsewhere"
		request.Body = n.body()
	}
	switch {
	case s.chance(0.02):
		n.ID, request.Body = n.ID+"-broken", []byte("<html>")
	case s.chance(0.02):
		n.Kind, n.ID = "boring", n.ID+"-boring"
		request.Body = n.body()
	case s.chance(0.02):
		n.Ref, n.ID = "another-account-ref", n.ID+"-astray"
		request.Body = n.body()
	case s.chance(0.02):
		request.Authorization, refused = "forged", true
	}
	s.spawn("webhook", func(ctx context.Context) {
		received, err := app.Receive(ctx, request)
		s.webhookAnswered(c.ref, n, received, s.checkError("Receive", err), refused)
	})
}

// body returns the body of the webhook. Notices without an id have equal bodies.
func (n notice) body() []byte {
	if n.Nameless {
		n.ID = ""
	}
	body, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return body
}

// webhookAnswered handles the response to a webhook in the same way as a vendor, and records the delivery. A vendor
// sends a webhook again if the response was not successful. The simulated vendor sometimes also sends an accepted
// webhook again.
func (s *sim) webhookAnswered(ref *accountRef, n notice, received ports.ReceiveResult, err error, refused bool) {
	switch {
	case err == nil && refused:
		s.violated("a webhook that must be refused was accepted")
	case err != nil && !errors.Is(err, domain.Unauthenticated) && !errors.Is(err, domain.StoreUnavailable) &&
		!errors.Is(err, context.Canceled):
		s.violated("the webhook receiver returned %v", err)
	case err != nil:
		return // the notice stays in the outbox, so the vendor retries
	}
	d := received.Delivery
	if _, existing := s.deliveries[d.ID]; !existing {
		s.deliveryIDs = append(s.deliveryIDs, d.ID)
		s.deliveries[d.ID] = deliveryRecord{d.Tenant, d.ReceivedAt, d.Connection, d.Pull, d.Scope.Removed}
	}
	if received.Duplicate {
		s.counters.duplicates++
	}
	if s.chance(0.85) {
		ref.outbox = slices.DeleteFunc(ref.outbox, func(other notice) bool { return other.ID == n.ID })
	}
}

// countAnnouncedRemovals increments the field announcements of the connection's rows with these ids.
func (s *sim) countAnnouncedRemovals(connection domain.ConnectionID, ids []string) {
	for _, c := range s.connections {
		for _, id := range ids {
			if r := c.ref.row(id); c.ID == connection && r != nil {
				r.announcements++
			}
		}
	}
}

// runMaintenance starts one random maintenance task.
func (s *sim) runMaintenance() {
	app := s.randomReplica()
	task := s.rand.IntN(11)
	s.spawn("maintenance", func(ctx context.Context) {
		var err error
		switch task {
		case 2:
			_, err = app.Reconcile(ctx, reconcileInterval, 10)
		case 3:
			err = s.pruneDeliveries(ctx, app)
		case 4:
			err = app.FlushTokenUsage(ctx)
		case 9:
			_, err = porttest.RunDue(ctx, app.NextRemoval, 10)
			err = s.toleratingVendor("maintenance", err)
		case 10:
			_, err = porttest.RunDue(ctx, app.NextRenewal, 10)
			err = s.toleratingVendor("maintenance", err)
		case 5:
			if s.chance(0.1) {
				s.sealer.primary++
			}
			_, err = app.Reseal(ctx)
		default:
			var stuck []domain.PullID
			stuck, err = app.ListStuck(ctx, 10)
			for _, id := range stuck {
				s.counters.stuckPulls++
				s.nudge(id)
			}
		}
		s.checkExpectedError("maintenance", err)
	})
}

// pruneDeliveries deletes old deliveries, unless a failed delivery still waits to be replayed.
func (s *sim) pruneDeliveries(ctx context.Context, app ports.Maintenance) error {
	const keep = time.Hour
	if s.countFailedDeliveries() > 0 {
		return nil
	}
	s.current.uninterrupted = true // no delivery may fail between the check and the deletion
	defer func() { s.current.uninterrupted = false }()
	s.prunedBefore = s.clock.now.Add(-keep).Add(time.Second)
	_, err := app.Prune(ctx, keep, 1000)
	return err
}

// checkExpectedError reports a violation unless err is nil or one of these errors: StoreUnavailable, context.Canceled,
// NotFound, Conflict or TooManyReads.
func (s *sim) checkExpectedError(actor string, err error) {
	for _, kind := range []error{
		domain.StoreUnavailable, context.Canceled, domain.NotFound, domain.Conflict, domain.TooManyReads,
	} {
		if s.checkError(actor, err) == nil || errors.Is(err, kind) {
			return
		}
	}
	s.violated("%s: %v", actor, err)
}
