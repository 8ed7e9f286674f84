package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The numbers of replicas, senders, events and connections in the test of concurrent batches and claims.
const (
	replicas    = 3
	senders     = 4 * replicas // the senders form pairs; a pair sends the same events to two replicas
	perSender   = 50           // number of events that each sender sends
	connections = 4
)

// The claim of a pull must read every delivery that is attached to the pull. Therefore no delivery may be attached to a
// pull that has started. In any interleaving, no authenticated event may be lost, and no event may be stored twice.
func TestConcurrentBatchesAndClaimsLoseNoDelivery(t *testing.T) {
	r := newRace(t)
	done := make(chan struct{})
	var sending, others sync.WaitGroup
	for i := range senders {
		sending.Go(func() { r.send(i) })
	}
	for _, s := range r.stores {
		others.Go(func() { r.work(s, done) })
	}
	others.Go(func() { r.request(done) })
	others.Go(r.interfere)
	sending.Wait()
	close(done)
	others.Wait()
	r.work(r.stores[0], done)
	r.check()
}

// race contains several replicas on one database, the events that were sent to them, and the results for
// each event.
type race struct {
	*testing.T
	stores []*postgres.Store
	tenant domain.TenantID
	tokens []domain.WebhookToken
	half   chan struct{} // closed when half of the events have been sent
	sent   atomic.Int32

	mu         sync.Mutex
	revoked    map[domain.TokenHash]bool      // tokens that may be refused
	stored     map[string][]domain.DeliveryID // the deliveries that were reported as new, by event
	duplicates map[string][]domain.DeliveryID // the deliveries that were reported as duplicates, by event
	claimed    map[domain.PullID][]string     // the events in the scope of each claimed pull
	jobs       map[domain.PullID]bool         // the pulls that got a job
	deleted    domain.ConnectionID
}

// newRace returns a race of several replicas. It creates connections of one tenant. The first connection
// has two tokens, and the others have one.
func newRace(t *testing.T) *race {
	r := &race{
		T: t, tenant: domain.TenantID{UUID: uuid.New()}, half: make(chan struct{}),
		revoked: make(map[domain.TokenHash]bool), stored: make(map[string][]domain.DeliveryID),
		duplicates: make(map[string][]domain.DeliveryID), claimed: make(map[domain.PullID][]string),
		jobs: make(map[domain.PullID]bool),
	}
	dsn := pgtest.DSN(t)
	for range replicas {
		r.stores = append(r.stores, opened(t, dsn).Store(r.nudge))
	}
	for i := range connections {
		r.connect(uuid.NewString(), 1+max(0, 1-i))
	}
	r.deleted = r.tokens[len(r.tokens)-1].Connection
	return r
}

// connect creates a connection with the given number of tokens.
func (r *race) connect(name string, tokens int) {
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: r.tenant, Kind: domain.Aggregator, Name: name,
		BaseURL: "https://" + name + ".example", // so that a deletion revokes the tokens instead of moving them
		Vendor:  "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	r.must(r.stores[0].Connections().Create(r.Context(), c, nil))
	for range tokens {
		token := domain.WebhookToken{
			ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
		}
		r.must(r.stores[0].Tokens().Create(r.Context(), token, nil))
		r.tokens = append(r.tokens, token)
	}
}

// The method must reports err as a failure unless err is nil. It does not end the test, because only the test's own
// goroutine may do that.
func (r *race) must(err error) {
	r.Helper()
	if err != nil {
		r.Error(err, errors.Unwrap(err))
	}
}

// nudge is used as the job queue of all replicas. It only records the pulls that get a job.
func (r *race) nudge(pulls ...domain.PullID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range pulls {
		r.jobs[id] = true
	}
}

// send sends the events of sender i to one replica, using all tokens in turn.
func (r *race) send(i int) {
	for k := range perSender {
		token := r.tokens[(i/2+k)%len(r.tokens)]
		event := fmt.Sprintf("%d-%d", i/2, k)
		got, err := r.stores[i%replicas].Deliveries().Receive(r.Context(), ports.IncomingDelivery{
			Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
			At:             epoch,
			SourceAdmitted: true, Event: domain.WebhookEvent{
				ID: event, DedupKey: event, WantsPull: true, Scope: domain.PullScope{Removed: []string{event}},
			},
		})
		r.record(token, event, got, err)
		if r.sent.Add(1) == senders*perSender/2 {
			close(r.half)
		}
	}
}

// record records the result of a delivery. It fails the test if the delivery was refused although its token
// was not revoked.
func (r *race) record(token domain.WebhookToken, event string, got ports.ReceiveResult, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, domain.Unauthenticated) && r.revoked[token.Hash]:
	case err != nil:
		r.must(err)
	case got.Duplicate:
		r.duplicates[event] = append(r.duplicates[event], got.Delivery.ID)
	default:
		r.stored[event] = append(r.stored[event], got.Delivery.ID)
	}
}

// interfere waits until half of the events have been sent. Then it revokes a token and deletes
// a connection, while events are still sent with that token and to that connection.
func (r *race) interfere() {
	<-r.half
	r.mu.Lock()
	for _, token := range r.tokens {
		r.revoked[token.Hash] = token.ID == r.tokens[0].ID || token.Connection == r.deleted
	}
	r.mu.Unlock()
	r.must(r.stores[1].Tokens().Revoke(r.Context(), r.tenant, r.tokens[0].ID, epoch, nil, nil))
	deleted := func(c *domain.Connection) error {
		c.DeletedAt = epoch
		return nil
	}
	_, err := r.stores[2].Connections().Update(r.Context(), r.tenant, domain.Aggregator, r.deleted, nil, deleted)
	r.must(err)
}

// request simulates an operator: it queues pulls until done is closed. A pull may therefore be queued between two
// statements of a batch.
func (r *race) request(done <-chan struct{}) {
	for i := 0; !closed(done); i++ {
		_, err := r.stores[0].Pulls().Request(r.Context(), r.tenant, r.tokens[i%len(r.tokens)].Connection,
			ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: epoch}, nil)
		if !errors.Is(err, domain.NotFound) {
			r.must(err)
		}
	}
}

// work claims and ends queued pulls until done is closed. After that, it looks for queued pulls once more.
func (r *race) work(s *postgres.Store, done <-chan struct{}) {
	for last := false; !last; {
		last = closed(done)
		page, err := s.Pulls().List(r.Context(), r.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 100})
		r.must(err)
		for _, pull := range page.Items {
			if pull.State == domain.PullQueued {
				r.run(s, pull.ID)
			}
		}
	}
}

// run claims a pull, if the pull can be claimed, and ends its attempt. About half of the pulls
// need a second attempt.
func (r *race) run(s *postgres.Store, pull domain.PullID) {
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(time.Hour)}
	claimed, err := s.Pulls().Claim(r.Context(), lease, epoch)
	if err != nil {
		return
	}
	lease.Tenant = claimed.Pull.Tenant
	r.mu.Lock()
	r.claimed[pull] = claimed.Pull.Scope.Removed
	r.mu.Unlock()
	o := ports.Outcome{State: domain.PullSucceeded, Attempts: claimed.Pull.Attempts, At: epoch, NotBefore: epoch}
	if o.Attempts == 1 && pull.UUID[15]%2 == 0 {
		o.State = domain.PullQueued
	}
	err = s.Pulls().Finish(r.Context(), lease, o)
	if errors.Is(err, domain.LeaseLost) && claimed.Connection.ID == r.deleted {
		return // another worker found the connection deleted, and marked the pull as failed
	}
	r.must(err)
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// check compares the stored deliveries with the results that were reported to the senders.
func (r *race) check() {
	for event, duplicates := range r.duplicates {
		for _, id := range duplicates {
			if !slices.Equal(r.stored[event], []domain.DeliveryID{id}) {
				r.Errorf("event %s was reported as a duplicate of %s; reported as stored: %v",
					event, id, r.stored[event])
			}
		}
	}
	all := domain.PageRequest{Limit: senders * perSender}
	page, err := r.stores[0].Deliveries().List(r.Context(), r.tenant, ports.DeliveryFilter{}, all)
	r.must(err)
	for _, d := range page.Items {
		if !slices.Equal(r.stored[d.EventID], []domain.DeliveryID{d.ID}) {
			r.Errorf("event %s is stored as %s; reported as stored: %v", d.EventID, d.ID, r.stored[d.EventID])
		}
		r.checkPull(d)
	}
	if len(page.Items) != len(r.stored) || len(page.Items) == 0 {
		r.Errorf("%d events are stored, %d were reported as stored", len(page.Items), len(r.stored))
	}
}

// checkPull fails the test unless two conditions are met:
//
//   - The delivery's pull had a job.
//   - When the pull was claimed, its scope contained the delivery's event.
//
// The second condition is not checked if the pull was never claimed because its connection was deleted.
func (r *race) checkPull(d domain.Delivery) {
	pull, err := r.stores[0].Pulls().Get(r.Context(), r.tenant, d.Pull)
	r.must(err)
	if pull.Connection != d.Connection || !r.jobs[pull.ID] {
		r.Errorf("event %s has the pull %s of connection %s, with a job: %t",
			d.EventID, pull.ID, pull.Connection, r.jobs[pull.ID])
	}
	scope, claimed := r.claimed[pull.ID]
	if !claimed && d.Connection == r.deleted && pull.LastError == domain.ConnectionGone {
		return
	}
	if !slices.Contains(scope, d.EventID) {
		r.Errorf("event %s: its pull was claimed: %t; the events of its scope are %v", d.EventID, claimed, scope)
	}
}
