// Package receivetest is a differential test of the databases that store webhook deliveries in
// batches. It compares a database with the model, package memory, which receives the same deliveries
// one at a time: results, rows and jobs must be equal, with any other work between the batches.
package receivetest

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores are the stores that a batch writes to, and those that are used between batches.
type Stores interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
}

// Dialect is a database that is compared with the model.
type Dialect struct {
	Stores Stores
	// Receive stores the deliveries as one batch.
	Receive func(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error)
	// Jobs returns the pulls that a job was enqueued for since its last call.
	Jobs func() []domain.PullID
	// Exact means that a new pull has the id of the first delivery that wants it, as in the model.
	// Otherwise it may have the id of any delivery of the batch that wants it.
	Exact bool
	// MaxBatch bounds the deliveries of a batch. It should be large enough that some batches take
	// more than one statement.
	MaxBatch int
}

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// Run compares d with the model in many random runs, each with a tenant of its own. It also fails
// when no run covered a case that a delivery or a batch may be.
func Run(t *testing.T, d Dialect) {
	seen := make(coverage)
	rapid.Check(t, func(rt *rapid.T) {
		p := &pair{
			T: rt, ctx: t.Context(), d: d, at: epoch, tenant: domain.TenantID{UUID: uuid.New()}, seen: seen,
			ids: pullMapping{exact: d.Exact}, revoked: make(map[domain.TokenHash]bool),
			deleted: make(map[domain.ConnectionID]bool),
		}
		p.model = memory.New(memory.Options{Nudge: func(id domain.PullID) {
			p.modelJobs = append(p.modelJobs, id)
		}})
		_ = d.Jobs() // discard those of the run before
		for i := range 2 {
			p.connect(strconv.Itoa(i))
		}
		steps := []func(){
			p.receive, p.receive, p.receive, p.receive, p.receive,
			p.work, p.work, p.work, p.request, p.revoke, p.remove,
		}
		for range rapid.IntRange(2, 16).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")()
			p.compareJobs()
		}
		p.compareRows()
	})
	seen.check(t)
}

// pair is a database and its model. Every step is applied to both.
type pair struct {
	*rapid.T
	ctx         context.Context
	d           Dialect
	model       *memory.Store
	at          time.Time
	tenant      domain.TenantID
	connections []domain.Connection
	tokens      []domain.WebhookToken
	revoked     map[domain.TokenHash]bool
	deleted     map[domain.ConnectionID]bool
	ids         pullMapping
	modelJobs   []domain.PullID // enqueued by the model in the current step
	seen        coverage
}

// both calls do on the model and on the database, and returns the database's error. It fails unless
// both errors are nil or of one kind. storedID translates the id of a pull of the model.
func (p *pair) both(do func(s Stores, storedID func(domain.PullID) domain.PullID) error) error {
	p.Helper()
	identity := func(id domain.PullID) domain.PullID { return id }
	want, got := do(p.model, identity), do(p.d.Stores, p.ids.stored)
	for _, kind := range []error{domain.NotFound, domain.Conflict} {
		if errors.Is(want, kind) != errors.Is(got, kind) {
			p.Fatalf("error %v, the model's is %v", got, want)
		}
	}
	if (want == nil) != (got == nil) {
		p.Fatalf("error %v, the model's is %v", got, want)
	}
	return got
}

// equal fails unless the values of both sides are equal.
func (p *pair) equal(what string, want, got any) {
	p.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.Fatalf("%s (-model +database):\n%s", what, diff)
	}
}

// receive stores a batch on both sides.
func (p *pair) receive() {
	batch := make([]gormstore.PendingDelivery, rapid.IntRange(1, p.d.MaxBatch).Draw(p.T, "deliveries"))
	keys := rapid.IntRange(0, 30).Draw(p.T, "keys")
	for i := range batch {
		batch[i] = p.delivery(keys)
	}
	got, err := p.d.Receive(p.ctx, batch)
	if err != nil {
		p.Fatal(err)
	}
	covered := p.seen.batch(p, batch)
	for i, d := range batch {
		want, refused := p.model.Deliveries().Receive(p.ctx, d.IncomingDelivery)
		covered.delivery(d, want, refused)
		p.compareResult("result "+strconv.Itoa(i), want, refused, got[i])
	}
	covered.end()
}

// compareResult compares the two results of one delivery. A duplicate has neither body nor scope.
func (p *pair) compareResult(what string, want ports.ReceiveResult, refused error, got gormstore.Result) {
	p.Helper()
	unauthenticated := errors.Is(refused, domain.Unauthenticated)
	if unauthenticated != errors.Is(got.Err, domain.Unauthenticated) || (refused == nil) != (got.Err == nil) {
		p.Fatalf("%s: error %v, the model's is %v", what, got.Err, refused)
	}
	if err := p.ids.match(want.Delivery.Pull, got.Delivery.Pull); err != nil {
		p.Fatalf("%s: %v", what, err)
	}
	want.Delivery.Pull = got.Delivery.Pull
	want.Delivery.Body, want.Delivery.Scope = nil, domain.PullScope{}
	got.Delivery.Body, got.Delivery.Scope = nil, domain.PullScope{}
	p.equal(what, want, got.ReceiveResult)
}
