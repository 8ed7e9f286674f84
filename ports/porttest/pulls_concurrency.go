package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// mixedLoadTests check the invariants of pulls under concurrent operations of all kinds.
var mixedLoadTests = []storeTest{
	{"under concurrent operations a connection runs one pull at a time and no scope is lost", mixedLoadOnOneConnection},
	{"concurrent operations on many connections do not deadlock", mixedLoadOnManyConnections},
}

// mixedLoad runs all kinds of operations on one connection. Vendors send webhooks, operators request
// pulls, replay deliveries and change the connection, and workers claim pulls, store pages and
// finish pulls.
type mixedLoad struct {
	*fixture
	connection domain.Connection
	token      domain.WebhookToken
	old        domain.Delivery // a delivery to replay; its pull has ended
	running    *atomic.Int32   // number of workers that run a pull of the connection
}

func (f *fixture) newMixedLoad() mixedLoad {
	c, token := f.connectionWithToken()
	return mixedLoad{f, c, token, f.finishedDelivery(token, domain.PullScope{}, domain.PullSucceeded, ""),
		new(atomic.Int32)}
}

// step runs one operation. The argument n determines the kind of operation.
func (s mixedLoad) step(n int) (err error) {
	switch n % 5 {
	case 0:
		id := newUUID().String()
		_, err = s.Deliveries.Receive(s.ctx,
			s.incoming(s.token, wantedEvent(id, domain.PullScope{Removed: []string{id}})))
	case 1:
		_, err = s.Pulls.Request(s.ctx, s.tenant, s.connection.ID, ports.PullRequest{
			ID: newID[domain.Pull](), Scope: domain.PullScope{Removed: []string{newUUID().String()}},
			Trigger: domain.TriggerOperator, At: s.now(),
		}, nil)
	case 2:
		_, err = s.Deliveries.Replay(s.ctx, s.tenant, []domain.DeliveryID{s.old.ID}, s.now(), nil, newID[domain.Pull])
	case 3:
		_, err = s.Connections.Update(s.ctx, s.tenant, s.connection.Kind, s.connection.ID,
			nil, func(c *domain.Connection) error {
				c.Revision++
				return nil
			})
	case 4:
		err = s.runPulls(n)
	}
	return err
}

// runPulls tries to claim every unfinished pull of the connection. For each pull that it claims, it stores one page and
// finishes the pull.
func (s mixedLoad) runPulls(n int) error {
	page, err := s.Pulls.List(s.ctx, s.tenant, ports.PullFilter{Connection: s.connection.ID},
		domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	for _, pull := range page.Items {
		if !pull.FinishedAt.IsZero() {
			continue
		}
		at := s.now()
		l := newLease(pull.ID, longAfter(at))
		l.Tenant = pull.Tenant
		switch _, err := s.Pulls.Claim(s.ctx, l, at); {
		case errors.Is(err, domain.NotDue), errors.Is(err, domain.NotFound):
			continue
		case err != nil:
			return err
		}
		if err := s.runPull(l, n); err != nil {
			return err
		}
	}
	return nil
}

func (s mixedLoad) runPull(l domain.Lease, n int) error {
	if others := s.running.Add(1) - 1; others != 0 {
		s.Errorf("%d other pulls of the connection are running", others)
	}
	if err := s.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row(fmt.Sprint(n % 7)),
		row("shared", withDescription(fmt.Sprint(n)))}}); err != nil {
		return err
	}
	at := s.now()
	o := ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: at, Health: func(h domain.Health) domain.Health {
		return h.AfterSuccess(domain.LinkStatus{}, at)
	}}
	if n%3 == 0 {
		o.State, o.LastError, o.NotBefore = domain.PullQueued, domain.VendorUnreachable, epoch
	}
	s.running.Add(-1)
	return s.Pulls.Finish(s.ctx, l, o)
}

// finishAll runs the remaining pulls. It then checks that all pulls have succeeded, that all
// deliveries are processed, and that the scope of every delivery is part of the scope of its pull.
func (s mixedLoad) finishAll() {
	for range 3 {
		s.noError(s.runPulls(1))
	}
	for _, d := range s.listDeliveries(ports.DeliveryFilter{Connection: s.connection.ID}, 50, nil) {
		s.equal("delivery", domain.DeliveryProcessed, d.Status)
		for _, id := range s.getDelivery(d.ID).Scope.Removed {
			if !slices.Contains(s.getPull(d.Pull).Scope.Removed, id) {
				s.Errorf("the scope of delivery %v is not in its pull", d.ID)
			}
		}
	}
	for _, pull := range s.listPulls(ports.PullFilter{Connection: s.connection.ID}, 50, nil) {
		s.equal("pull", domain.PullSucceeded, pull.State)
	}
}

func mixedLoadOnOneConnection(f *fixture) {
	s := f.newMixedLoad()
	concurrently(10, func(i int) {
		for round := range 8 {
			if err := s.step(i + round); err != nil {
				f.Error(err)
			}
		}
	})
	s.finishAll()
}

// mixedLoadOnManyConnections also replays deliveries of several connections in one call. Each call lists the deliveries
// in another order. A store that locks the connections in the order of the call can deadlock.
func mixedLoadOnManyConnections(f *fixture) {
	storms := []mixedLoad{f.newMixedLoad(), f.newMixedLoad(), f.newMixedLoad()}
	concurrently(9, func(i int) {
		for round := range 8 {
			if err := storms[(i+round)%3].step(i * 2); err != nil {
				f.Error(err)
			}
			olds := []domain.DeliveryID{storms[i%3].old.ID, storms[(i+1)%3].old.ID, storms[(i+2)%3].old.ID}
			if _, err := f.Deliveries.Replay(f.ctx, f.tenant, olds, f.now(), nil, newID[domain.Pull]); err != nil {
				f.Error(err)
			}
		}
	})
	for _, s := range storms {
		s.finishAll()
	}
}
