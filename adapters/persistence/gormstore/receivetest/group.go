// Package receivetest holds a dialect's way to store receipts in groups against the model,
// which takes their knocks one after the other: the same answers, rows and jobs, whatever
// happens in between.
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

// Stores are those that a group touches, and that work goes on in between.
type Stores interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
}

// Dialect is what is held against the model.
type Dialect struct {
	Stores Stores
	// Receive stores the knocks as one group.
	Receive func(ctx context.Context, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error)
	// Jobs gives the pulls that were given a job since it was last called.
	Jobs func() []domain.PullID
	// Exact: a new pull is that of the first knock which wants it, as in the model; else
	// it may be that of any knock of the group which does.
	Exact bool
	// Knocks bounds a group, so that it may take more than one statement.
	Knocks int
}

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// Run holds d against the model in many drawn worlds, each of a tenant of its own, and
// fails also where they together leave out a way that a knock may go.
func Run(t *testing.T, d Dialect) {
	seen := make(coverage)
	rapid.Check(t, func(rt *rapid.T) {
		p := &pair{
			T: rt, ctx: t.Context(), d: d, at: epoch, tenant: domain.TenantID{UUID: uuid.New()}, seen: seen,
			names: naming{exact: d.Exact}, revoked: make(map[domain.TokenHash]bool), deleted: make(map[domain.ConnectionID]bool),
		}
		p.model = memory.New(memory.Options{Nudge: func(id domain.PullID) { p.kicked = append(p.kicked, id) }})
		_ = d.Jobs() // of the world before
		for i := range 2 {
			p.connect(strconv.Itoa(i))
		}
		steps := []func(){p.group, p.group, p.group, p.group, p.group, p.work, p.work, p.work, p.request, p.revoke, p.remove}
		for range rapid.IntRange(2, 16).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")()
			p.jobs()
		}
		p.compare()
	})
	seen.check(t)
}

// pair is a dialect and its model, to which the same is done.
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
	names       naming
	kicked      []domain.PullID // the model's jobs of a step
	seen        coverage
}

// both does a thing to either side; the errors must be of one kind.
func (p *pair) both(do func(s Stores, name func(domain.PullID) domain.PullID) error) error {
	p.Helper()
	itself := func(id domain.PullID) domain.PullID { return id }
	want, got := do(p.model, itself), do(p.d.Stores, p.names.of)
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

// same compares what both sides gave.
func (p *pair) same(what string, want, got any) {
	p.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.Fatalf("%s (-model +database):\n%s", what, diff)
	}
}

// group sends one to either side.
func (p *pair) group() {
	knocks := make([]gormstore.PendingDelivery, rapid.IntRange(1, p.d.Knocks).Draw(p.T, "knocks"))
	keys := rapid.IntRange(0, 30).Draw(p.T, "keys")
	for i := range knocks {
		knocks[i] = p.knock(keys)
	}
	got, err := p.d.Receive(p.ctx, knocks)
	if err != nil {
		p.Fatal(err)
	}
	told := p.seen.group(p, knocks)
	for i, k := range knocks {
		want, refused := p.model.Deliveries().Receive(p.ctx, k.IncomingDelivery)
		told.knock(k, want, refused)
		p.answer("answer "+strconv.Itoa(i), want, refused, got[i])
	}
	told.end()
}

// answer compares two of one knock; a copy is answered without body and ask.
func (p *pair) answer(what string, want ports.ReceiveResult, refused error, got gormstore.Result) {
	p.Helper()
	if errors.Is(refused, domain.Unauthenticated) != errors.Is(got.Err, domain.Unauthenticated) || (refused == nil) != (got.Err == nil) {
		p.Fatalf("%s: error %v, the model's is %v", what, got.Err, refused)
	}
	if err := p.names.match(want.Delivery.Pull, got.Delivery.Pull); err != nil {
		p.Fatalf("%s: %v", what, err)
	}
	want.Delivery.Pull = got.Delivery.Pull
	want.Delivery.Body, want.Delivery.Scope = nil, domain.PullScope{}
	got.Delivery.Body, got.Delivery.Scope = nil, domain.PullScope{}
	p.same(what, want, got.ReceiveResult)
}
