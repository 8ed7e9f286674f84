package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// The size of a race.
const (
	replicas    = 3
	senders     = 4 * replicas // each event is told by two of them, to two replicas
	told        = 50           // by each
	connections = 4
)

// A delivery joins a pull before its claim, which then sees it, or the next pull; never a
// pull that has begun without it. Whatever else happens, no event that was let in is lost,
// and none is stored twice.
func TestConcurrentClaimsAndReceiptsLoseNoDelivery(t *testing.T) {
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

// race is several replicas on one database, with what they were told and what they did.
type race struct {
	*testing.T
	stores []*gormstore.Store
	tenant domain.TenantID
	tokens []domain.WebhookToken
	half   chan struct{} // closed when half of the events are told
	sent   atomic.Int32

	mu      sync.Mutex
	gone    map[domain.TokenHash]bool      // may be refused
	stored  map[string][]domain.DeliveryID // by event: what was answered as new
	copies  map[string][]domain.DeliveryID // by event: what was answered as told before
	asked   map[domain.PullID][]string     // the events that a claim had the pull ask for
	jobs    map[domain.PullID]bool         // had one
	deleted domain.ConnectionID
}

// newRace makes connections of one tenant, each with a token; the first has two.
func newRace(t *testing.T) *race {
	r := &race{
		T: t, tenant: domain.TenantID{UUID: uuid.New()}, half: make(chan struct{}),
		gone: make(map[domain.TokenHash]bool), stored: make(map[string][]domain.DeliveryID), copies: make(map[string][]domain.DeliveryID),
		asked: make(map[domain.PullID][]string), jobs: make(map[domain.PullID]bool),
	}
	dsn := pgtest.DSN(t)
	for range replicas {
		r.stores = append(r.stores, opened(t, dsn).Store(r.enqueue))
	}
	for i := range connections {
		r.door(uuid.NewString(), 1+max(0, 1-i))
	}
	r.deleted = r.tokens[len(r.tokens)-1].Connection
	return r
}

func (r *race) door(name string, tokens int) {
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: r.tenant, Kind: domain.Aggregator, Name: name,
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	r.must(r.stores[0].Connections().Create(r.Context(), c))
	for range tokens {
		token := domain.WebhookToken{
			ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
		}
		r.must(r.stores[0].Tokens().Create(r.Context(), token))
		r.tokens = append(r.tokens, token)
	}
}

// must reports an error; goroutines of a test may not end it.
func (r *race) must(err error) {
	r.Helper()
	if err != nil {
		r.Error(err, errors.Unwrap(err))
	}
}

func (r *race) enqueue(_ context.Context, _ pgx.Tx, pulls []uuid.UUID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range pulls {
		r.jobs[domain.PullID{UUID: id}] = true
	}
	return nil
}

// send tells events through all doors, to one replica.
func (r *race) send(i int) {
	for k := range told {
		token := r.tokens[(i/2+k)%len(r.tokens)]
		event := fmt.Sprintf("%d-%d", i/2, k)
		got, err := r.stores[i%replicas].Deliveries().Receive(r.Context(), ports.IncomingDelivery{
			Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor, At: epoch,
			Event: domain.WebhookEvent{ID: event, DedupKey: event, WantsPull: true, Scope: domain.PullScope{Removed: []string{event}}},
		})
		r.note(token, event, got, err)
		if r.sent.Add(1) == senders*told/2 {
			close(r.half)
		}
	}
}

func (r *race) note(token domain.WebhookToken, event string, got ports.ReceiveResult, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, domain.Unauthenticated) && r.gone[token.Hash]:
	case err != nil:
		r.must(err)
	case got.Duplicate:
		r.copies[event] = append(r.copies[event], got.Delivery.ID)
	default:
		r.stored[event] = append(r.stored[event], got.Delivery.ID)
	}
}

// interfere revokes a token and deletes a connection while events come through them.
func (r *race) interfere() {
	<-r.half
	r.mu.Lock()
	for _, token := range r.tokens {
		r.gone[token.Hash] = token.ID == r.tokens[0].ID || token.Connection == r.deleted
	}
	r.mu.Unlock()
	r.must(r.stores[1].Tokens().Revoke(r.Context(), r.tenant, r.tokens[0].ID, epoch))
	_, err := r.stores[2].Connections().Update(r.Context(), r.tenant, domain.Aggregator, r.deleted, func(c *domain.Connection) error {
		c.DeletedAt = epoch
		return nil
	})
	r.must(err)
}

// request queues pulls as an operator does, which may come between a group's statements.
func (r *race) request(done <-chan struct{}) {
	for i := 0; !closed(done); i++ {
		_, err := r.stores[0].Pulls().Request(r.Context(), r.tenant, r.tokens[i%len(r.tokens)].Connection,
			ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: epoch})
		if !errors.Is(err, domain.NotFound) {
			r.must(err)
		}
	}
}

// work claims and ends pulls until done, and once more.
func (r *race) work(s *gormstore.Store, done <-chan struct{}) {
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

// run claims a pull, if that may be, and ends it. Every other needs a second try.
func (r *race) run(s *gormstore.Store, pull domain.PullID) {
	lease := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(time.Hour)}
	claimed, err := s.Pulls().Claim(r.Context(), lease, epoch)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.asked[pull] = claimed.Pull.Scope.Removed
	r.mu.Unlock()
	o := ports.Outcome{State: domain.PullSucceeded, Attempts: claimed.Pull.Attempts, At: epoch, NotBefore: epoch}
	if o.Attempts == 1 && pull.UUID[15]%2 == 0 {
		o.State = domain.PullQueued
	}
	err = s.Pulls().Finish(r.Context(), lease, o)
	if errors.Is(err, domain.LeaseLost) && claimed.Connection.ID == r.deleted {
		return // another worker found the connection deleted, and ended the pull
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

// check looks at what is left.
func (r *race) check() {
	for event, copies := range r.copies {
		for _, id := range copies {
			if !slices.Equal(r.stored[event], []domain.DeliveryID{id}) {
				r.Errorf("event %s was a copy of %s, stored were %v", event, id, r.stored[event])
			}
		}
	}
	page, err := r.stores[0].Deliveries().List(r.Context(), r.tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: senders * told})
	r.must(err)
	for _, d := range page.Items {
		if !slices.Equal(r.stored[d.EventID], []domain.DeliveryID{d.ID}) {
			r.Errorf("event %s is stored as %s, answered were %v", d.EventID, d.ID, r.stored[d.EventID])
		}
		r.pulled(d)
	}
	if len(page.Items) != len(r.stored) || len(page.Items) == 0 {
		r.Errorf("%d events are stored, %d were answered", len(page.Items), len(r.stored))
	}
}

// pulled holds that a delivery's pull asked for it, unless its connection went before.
func (r *race) pulled(d domain.Delivery) {
	pull, err := r.stores[0].Pulls().Get(r.Context(), r.tenant, d.Pull)
	r.must(err)
	if pull.Connection != d.Connection || !r.jobs[pull.ID] {
		r.Errorf("event %s has the pull %s of connection %s, with a job: %t", d.EventID, pull.ID, pull.Connection, r.jobs[pull.ID])
	}
	asked, claimed := r.asked[pull.ID]
	if !claimed && d.Connection == r.deleted && pull.LastError == domain.ConnectionGone {
		return
	}
	if !slices.Contains(asked, d.EventID) {
		r.Errorf("event %s: its pull was claimed: %t; and asked for %v", d.EventID, claimed, asked)
	}
}
