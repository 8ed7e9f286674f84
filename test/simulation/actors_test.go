package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// conn is a connection as the world knows it.
type conn struct {
	domain.Connection
	item   *item
	tokens []*token
	open   bool   // a pull of it has succeeded
	gone   bool   // deleted
	left   string // its rows when it was deleted
}

type token struct {
	id      domain.TokenID
	raw     domain.Secret
	revoked bool
}

// born learns of a connection when it is committed, for its creator may not live to
// tell.
func (s *sim) born(c domain.Connection) {
	for _, it := range s.waiting {
		if it.ref == c.AccountRef {
			s.conns = append(s.conns, &conn{Connection: c, item: it})
			return
		}
	}
	s.broken("a connection to nowhere: %s", c.AccountRef)
}

// changed learns of an update when it is committed.
func (s *sim) changed(c domain.Connection) {
	for _, known := range s.conns {
		if known.ID == c.ID {
			known.Connection = c
			if !c.Live() && !known.gone {
				known.gone, known.left = true, s.digest(known)
			}
		}
	}
}

// live lists the connections that are not deleted.
func (s *sim) live() []*conn {
	var live []*conn
	for _, c := range s.conns {
		if !c.gone {
			live = append(live, c)
		}
	}
	return live
}

// happen lets something begin.
func (s *sim) happen() {
	live := s.live()
	if len(live) < 6 || len(live) < 8 && s.chance(0.01) {
		s.create()
		return
	}
	c := live[s.rand.IntN(len(live))]
	switch p := s.rand.Float64(); {
	case p < 0.40:
		s.work()
	case p < 0.58:
		s.knock(c)
	case p < 0.74:
		s.evolve(s.slept(c).item)
	case p < 0.82:
		s.readers[s.rand.IntN(len(s.readers))].begin()
	case p < 0.90:
		s.operate(c)
	case p < 0.99:
		s.keep()
	case p < 0.995:
		s.mood(c.item)
	default:
		s.outage()
	}
}

// slept gives the connection that a sleeper reads in place of c, now and then: much may
// change while a page is in somebody's hand.
func (s *sim) slept(c *conn) *conn {
	for _, t := range s.tasks {
		if t.asleep > s.step && t.reads != nil && s.chance(0.8) {
			return t.reads
		}
	}
	return c
}

// outage takes the store away for a while.
func (s *sim) outage() {
	s.down, s.upAt = true, s.clock.now.Add(time.Duration(s.rand.IntN(30))*time.Second)
	s.tally.outages++
	s.note("store", "is away")
}

// work hands a job that is due to a worker. If the worker dies, so does the job.
func (s *sim) work() {
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
	app := s.app()
	s.spawn("worker", func(ctx context.Context) {
		again, err := app.RunPull(ctx, j.pull)
		switch {
		case s.heard("RunPull", err) != nil:
			if !errors.Is(err, domain.StoreUnavailable) && !errors.Is(err, context.Canceled) {
				s.broken("a worker was told of more than its store: %v", err)
			}
			s.later(j.pull, time.Second)
		case again > 0:
			s.later(j.pull, again)
		}
	})
}

// knock delivers one of the item's notices, not always the oldest, and not always once.
func (s *sim) knock(c *conn) {
	if len(c.tokens) == 0 || len(c.item.outbox) == 0 {
		return
	}
	n, with, app := c.item.outbox[s.rand.IntN(len(c.item.outbox))], c.tokens[s.rand.IntN(len(c.tokens))], s.app()
	refused := with.revoked || c.gone
	k := domain.WebhookRequest{
		Vendor: c.Vendor, Token: string(with.raw.Reveal()), Body: n.body(), Authorization: canary + "-shared",
	}
	switch {
	case s.chance(0.02):
		n.ID, k.Body = n.ID+"-broken", []byte("<html>")
	case s.chance(0.02):
		n.Kind, n.ID = "boring", n.ID+"-boring"
		k.Body = n.body()
	case s.chance(0.02):
		n.Ref, n.ID = "item-of-somebody-else", n.ID+"-astray"
		k.Body = n.body()
	case s.chance(0.02):
		k.Authorization, refused = "forged", true
	}
	s.spawn("knock", func(ctx context.Context) {
		received, err := app.Receive(ctx, k)
		s.answered(c.item, n, received, s.heard("Receive", err), refused)
	})
}

func (n notice) body() []byte {
	body, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return body
}

// answered is what the vendor makes of the door's answer.
func (s *sim) answered(it *item, n notice, received ports.ReceiveResult, err error, refused bool) {
	switch {
	case err == nil && refused:
		s.broken("a knock that must be refused was let in")
	case err != nil && !errors.Is(err, domain.Unauthenticated) && !errors.Is(err, domain.StoreUnavailable) && !errors.Is(err, context.Canceled):
		s.broken("the door answered %v", err)
	case err != nil:
		return // the vendor will try again
	}
	d := received.Delivery
	if _, known := s.facts[d.ID]; !known {
		s.knocked = append(s.knocked, d.ID)
		s.facts[d.ID] = fact{d.Tenant, d.ReceivedAt}
	}
	if received.Duplicate {
		s.tally.duplicates++
	}
	if s.chance(0.85) {
		it.outbox = slices.DeleteFunc(it.outbox, func(other notice) bool { return other.ID == n.ID })
	}
}

// mentioned counts what a stored delivery says is gone.
func (s *sim) mentioned(connection domain.ConnectionID, ids []string) {
	for _, c := range s.conns {
		for _, id := range ids {
			if r := c.item.row(id); c.ID == connection && r != nil {
				r.mentions++
			}
		}
	}
}

// keep does one of the chores.
func (s *sim) keep() {
	app := s.app()
	chore := s.rand.IntN(9)
	s.spawn("keeper", func(ctx context.Context) {
		var err error
		switch chore {
		case 2:
			_, err = app.Reconcile(ctx, 10*time.Minute, 10)
		case 3:
			err = s.prune(ctx, app)
		case 4:
			err = app.FlushTokenUsage(ctx)
		case 5:
			if s.chance(0.1) {
				s.sealer.primary++
			}
			_, err = app.Reseal(ctx)
		default:
			var stranded []domain.PullID
			stranded, err = app.ListStuck(ctx, 10)
			for _, id := range stranded {
				s.tally.stranded++
				s.kick(id)
			}
		}
		s.expected("keeper", err)
	})
}

// prune lets old deliveries go, but none that still waits to be replayed.
func (s *sim) prune(ctx context.Context, app ports.Maintenance) error {
	const keep = time.Hour
	if s.failed() > 0 {
		return nil
	}
	s.current.whole = true // so that none fails between the look and the deed
	defer func() { s.current.whole = false }()
	s.pruned = s.clock.now.Add(-keep).Add(time.Second)
	_, err := app.Prune(ctx, keep, 1000)
	return err
}

// expected wants nothing worse than an outage, a conflict, or something that is gone.
func (s *sim) expected(who string, err error) {
	for _, kind := range []error{domain.StoreUnavailable, context.Canceled, domain.NotFound, domain.Conflict} {
		if s.heard(who, err) == nil || errors.Is(err, kind) {
			return
		}
	}
	s.broken("%s: %v", who, err)
}
