// Package receivetest tests databases that store webhook deliveries in batches. It compares a database with a model: an
// SQLite database, which receives the same deliveries one at a time. Package porttest checks the receipt of one
// delivery.
//
// The results, rows and jobs of the database and of the model must be equal. Other work may happen between the batches.
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

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Stores contains the stores to which a batch writes, and the stores that the test uses between batches.
type Stores interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
}

// Dialect describes the database that Run compares with the model.
type Dialect struct {
	Stores Stores
	// Model returns the stores of the model. They call nudge as those of a database do.
	Model func(nudge gormstore.Nudge) Stores
	// Receive stores the deliveries as one batch.
	Receive func(ctx context.Context, deliveries []gormstore.PendingDelivery) ([]gormstore.Result, error)
	// Jobs returns the pulls for which a job was enqueued since the previous call of Jobs.
	Jobs func() []domain.PullID
	// MaxBatch is the maximum number of deliveries in a batch. It should be so large that some batches need more than
	// one INSERT.
	MaxBatch int
}

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// Run compares d with the model in many random runs, each with its own tenant. It also fails the test if one of
// testCases occurred in no run.
func Run(t *testing.T, d Dialect) {
	seen := make(coverage)
	var jobs []domain.PullID
	model := d.Model(func(pulls ...domain.PullID) { jobs = append(jobs, pulls...) })
	rapid.Check(t, func(rt *rapid.T) {
		p := &pair{
			T: rt, ctx: t.Context(), d: d, model: model, modelJobs: &jobs, at: epoch,
			tenant: domain.TenantID{UUID: uuid.New()}, seen: seen,
			revoked:  make(map[domain.TokenHash]bool),
			deleted:  make(map[domain.ConnectionID]bool),
			lastPull: make(map[domain.Fingerprint]domain.PullID),
		}
		_, jobs = d.Jobs(), nil // discard the jobs of the previous run
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

// pair consists of a database and its model. Every step of a run is applied to both.
type pair struct {
	*rapid.T
	ctx         context.Context
	d           Dialect
	model       Stores
	modelJobs   *[]domain.PullID // the jobs that the model enqueued in the current step
	at          time.Time
	tenant      domain.TenantID
	connections []domain.Connection
	tokens      []domain.WebhookToken
	revoked     map[domain.TokenHash]bool
	deleted     map[domain.ConnectionID]bool
	lastPull    map[domain.Fingerprint]domain.PullID // the pull of the last delivery without a key, by its body
	ids         pullMapping
	seen        coverage
}

// both applies a step to the model and then to the database, and returns the error of the database. It fails the test
// if only one error is nil, or if only one error is NotFound or Conflict.
//
// The step is a function with two arguments:
//
//   - The stores of the model, or the stores of the database.
//   - A function that converts a pull id of the model to the id of the same pull in these stores.
func (p *pair) both(fn func(s Stores, storedID func(domain.PullID) domain.PullID) error) error {
	p.Helper()
	identity := func(id domain.PullID) domain.PullID { return id }
	want, got := fn(p.model, identity), fn(p.d.Stores, p.ids.stored)
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

// equal fails the test if the two values differ. The first value comes from the model, the second one from the
// database. The failure message begins with the given name.
func (p *pair) equal(name string, want, got any) {
	p.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.Fatalf("%s (-model +database):\n%s", name, diff)
	}
}

// receive draws a batch of deliveries, stores it in the model and in the database, and compares
// the results.
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
	p.matchPulls()
}

// compareResult compares the two results of one delivery. It does not compare body and scope,
// because the database does not read them for a duplicate.
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
	want.Delivery, got.Delivery = p.withoutPullID(want.Delivery), p.withoutPullID(got.Delivery)
	want.Delivery.Body, want.Delivery.Scope = nil, domain.PullScope{}
	got.Delivery.Body, got.Delivery.Scope = nil, domain.PullScope{}
	// The pulls of further connections are matched only after the step; see matchPulls.
	p.equal(what+", pulls that ask for a read", len(want.Asking), len(got.Asking))
	want.Asking, got.Asking = nil, nil
	p.equal(what, want, got.ReceiveResult)
}
