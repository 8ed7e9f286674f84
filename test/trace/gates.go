package main

import (
	"context"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// gate wraps the stores of the service, so that background work waits for the action that measures it.
func (s *stage) gate(stores *compose.Stores) {
	stores.Queue = queue{stores.Queue, s.worker}
	s.events.Subscriptions = stores.Subscriptions
	stores.Subscriptions = s.events
}

// queue is the queue of pulls. Its worker is gated, and its frequent tasks do nothing.
type queue struct {
	compose.Queue

	worker *gatedWorker
}

// Start implements compose.Queue.
func (q queue) Start(ctx context.Context, worker ports.Worker, maintenance ports.Maintenance) error {
	q.worker.Worker = worker
	return q.Queue.Start(ctx, q.worker, rareTasks{maintenance})
}

// gatedWorker runs no pull while it is locked.
type gatedWorker struct {
	ports.Worker
	sync.Mutex

	arrived, done chan struct{} // get a value when a pull is to be run, and when its attempt has ended
}

// RunPull implements ports.Worker.
func (w *gatedWorker) RunPull(ctx context.Context, id domain.PullID) (retryAfter time.Duration, err error) {
	w.arrived <- struct{}{}
	w.Lock()
	w.Unlock() //nolint:staticcheck // only waits
	defer func() { w.done <- struct{}{} }()
	return w.Worker.RunPull(ctx, id)
}

// gatedEvents sends no events while it is locked.
type gatedEvents struct {
	ports.Subscriptions
	sync.Mutex

	recorded chan struct{} // gets a value for each attempt to send an event, when its result is stored
}

// ClaimSubscriptions implements ports.Subscriptions.
func (e *gatedEvents) ClaimSubscriptions(
	ctx context.Context, holder domain.LeaseID, now, leaseEnd time.Time, limit int,
) ([]events.Subscription, error) {
	e.Lock()
	defer e.Unlock()
	return e.Subscriptions.ClaimSubscriptions(ctx, holder, now, leaseEnd, limit)
}

// RecordAttempts implements ports.Subscriptions.
func (e *gatedEvents) RecordAttempts(ctx context.Context, l ports.SubscriptionLease, w ports.AttemptsWrite) error {
	err := e.Subscriptions.RecordAttempts(ctx, l, w)
	for range w.Attempts {
		e.recorded <- struct{}{}
	}
	return err
}

// rareTasks leaves out the tasks that run more often than every five seconds.
type rareTasks struct{ ports.Maintenance }

// NumberAuditEntries implements ports.Maintenance.
func (rareTasks) NumberAuditEntries(context.Context, int) (int, error) { return 0, nil }

// NextErasure implements ports.Maintenance.
func (rareTasks) NextErasure(context.Context, []domain.TenantID) (*ports.Work, error) {
	return nil, nil
}

// NextLinkSession implements ports.Maintenance.
func (rareTasks) NextLinkSession(context.Context, []domain.TenantID) (*ports.Work, error) {
	return nil, nil
}

// IndexTexts implements ports.Maintenance.
func (rareTasks) IndexTexts(context.Context, int) (int, error) { return 0, nil }
