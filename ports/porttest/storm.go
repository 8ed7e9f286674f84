package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stormPromises hold the invariants of a connection's pulls while everything happens at once.
var stormPromises = []promise{
	{"whatever races over a connection, one pull is under way and no ask is lost", stormOfOne},
	{"what races over many connections at once does not lock itself up", stormOfMany},
}

// storm is everybody at once at some doors: vendors that knock, operators that ask,
// replay and change, and workers that claim, write and finish.
type storm struct {
	*bench
	connection domain.Connection
	token      domain.WebhookToken
	old        domain.Delivery // a delivery to replay
	atWork     *atomic.Int32   // workers that hold a pull of the connection
}

func (b *bench) storm() storm {
	c, token := b.door()
	return storm{b, c, token, b.ended(token, domain.PullScope{}, domain.PullSucceeded, ""), new(atomic.Int32)}
}

// act does the n-th thing.
func (s storm) act(n int) (err error) {
	switch n % 5 {
	case 0:
		id := newUUID().String()
		_, err = s.Deliveries.Receive(s.ctx, s.receipt(s.token, wanted(id, domain.PullScope{Removed: []string{id}})))
	case 1:
		_, err = s.Pulls.Request(s.ctx, s.tenant, s.connection.ID, ports.PullRequest{
			ID: newID[domain.Pull](), Scope: domain.PullScope{Removed: []string{newUUID().String()}}, Trigger: domain.TriggerOperator, At: s.now(),
		})
	case 2:
		_, err = s.Deliveries.Replay(s.ctx, s.tenant, []domain.DeliveryID{s.old.ID}, s.now(), newID[domain.Pull])
	case 3:
		_, err = s.Connections.Update(s.ctx, s.tenant, s.connection.Kind, s.connection.ID, func(c *domain.Connection) error {
			c.Revision++
			return nil
		})
	case 4:
		err = s.work(n)
	}
	return err
}

// work tries to run each pull of the connection that is not over, one page each.
func (s storm) work(n int) error {
	page, err := s.Pulls.List(s.ctx, s.tenant, ports.PullFilter{Connection: s.connection.ID}, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	for _, pull := range page.Items {
		if !pull.FinishedAt.IsZero() {
			continue
		}
		at := s.now()
		l := lease(pull.ID, behind(at))
		switch _, err := s.Pulls.Claim(s.ctx, l, at); {
		case errors.Is(err, domain.NotDue), errors.Is(err, domain.NotFound):
			continue
		case err != nil:
			return err
		}
		if err := s.run(l, n); err != nil {
			return err
		}
	}
	return nil
}

func (s storm) run(l domain.Lease, n int) error {
	if others := s.atWork.Add(1) - 1; others != 0 {
		s.Errorf("%d other pulls of the connection are at work", others)
	}
	if err := s.page(l, ports.PageWrite{Transactions: []domain.TransactionData{row(fmt.Sprint(n % 7)), row("shared", described(fmt.Sprint(n)))}}); err != nil {
		return err
	}
	at := s.now()
	o := ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: at, Health: func(h domain.Health) domain.Health {
		return h.AfterSuccess(domain.LinkStatus{}, at)
	}}
	if n%3 == 0 {
		o.State, o.LastError, o.NotBefore = domain.PullQueued, domain.VendorUnreachable, epoch
	}
	s.atWork.Add(-1)
	return s.Pulls.Finish(s.ctx, l, o)
}

// settle runs what is left, and asks that every delivery was pulled for.
func (s storm) settle() {
	for range 3 {
		s.ok(s.work(1))
	}
	for _, d := range s.deliveries(ports.DeliveryFilter{Connection: s.connection.ID}, 50, nil) {
		s.same("delivery", domain.DeliveryProcessed, d.Status)
		for _, id := range s.delivery(d.ID).Scope.Removed {
			if !slices.Contains(s.pull(d.Pull).Scope.Removed, id) {
				s.Errorf("the ask of delivery %v is not in its pull", d.ID)
			}
		}
	}
	for _, pull := range s.pulls(ports.PullFilter{Connection: s.connection.ID}, 50, nil) {
		s.same("pull", domain.PullSucceeded, pull.State)
	}
}

func stormOfOne(b *bench) {
	s := b.storm()
	race(10, func(i int) {
		for round := range 8 {
			if err := s.act(i + round); err != nil {
				b.Error(err)
			}
		}
	})
	s.settle()
}

// stormOfMany has requests that touch the same connections in different orders.
func stormOfMany(b *bench) {
	storms := []storm{b.storm(), b.storm(), b.storm()}
	race(9, func(i int) {
		for round := range 8 {
			if err := storms[(i+round)%3].act(i * 2); err != nil {
				b.Error(err)
			}
			olds := []domain.DeliveryID{storms[i%3].old.ID, storms[(i+1)%3].old.ID, storms[(i+2)%3].old.ID}
			if _, err := b.Deliveries.Replay(b.ctx, b.tenant, olds, b.now(), newID[domain.Pull]); err != nil {
				b.Error(err)
			}
		}
	})
	for _, s := range storms {
		s.settle()
	}
}
