package application_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// epoch is when every test begins.
var epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// bench is a service over memory stores, with everything around it in the test's hands.
type bench struct {
	*testing.T
	*application.Service
	ctx    context.Context
	deps   application.Deps
	tenant domain.TenantID
	clock  *clock
	vendor *vendor
	sealer *vault
	seen   *notes
	kicked []domain.PullID
	broken map[string]error // by store method
}

// newBench gives a bench; each with changes the dependencies before the service is made.
func newBench(t *testing.T, with ...func(*application.Deps)) *bench {
	t.Helper()
	b := &bench{
		T: t, ctx: t.Context(), tenant: domain.TenantID{UUID: uuid.MustParse("0195e0a0-0000-7000-8000-00000000000a")},
		clock: &clock{now: epoch}, vendor: newVendor("pluggy"), sealer: newVault(), seen: &notes{}, broken: map[string]error{},
	}
	store := memory.New(memory.Options{
		Nudge:  func(id domain.PullID) { b.kicked = append(b.kicked, id) },
		Before: func(op string) error { return b.broken[op] },
	})
	b.deps = application.Deps{
		Connections: store.Connections(), Tokens: store.Tokens(), Deliveries: store.Deliveries(),
		Idempotency: store.Idempotency(), Pulls: store.Pulls(), Ledger: store.Ledger(),
		Sealer: b.sealer, Egress: addresses{}, Aggregators: []ports.Aggregator{b.vendor, newVendor("belvo")},
		Connectors: []ports.Connector{connector{"rest-generic", domain.CategoryREST}, connector{"postgres", domain.CategoryDatabase}},
		Sources:    map[domain.Vendor]domain.SourcePolicy{"pluggy": {Authorization: domain.SecretText("shared")}},
		Clock:      b.clock, Sleeper: b.clock, IDs: &ids{}, Entropy: &entropy{}, Observer: b.seen,
		Go: order,
	}
	for _, change := range with {
		change(&b.deps)
	}
	service, err := application.New(b.deps)
	b.ok(err)
	b.Service = service
	return b
}

// again starts another service over the same stores, as the dependencies are now.
func (b *bench) again() *application.Service {
	b.Helper()
	service, err := application.New(b.deps)
	b.ok(err)
	return service
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("unexpected error: %v", err)
	}
}

// fails wants an error that answers for every target.
func (b *bench) fails(err error, targets ...error) {
	b.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			b.Fatalf("got %v, want %v", err, target)
		}
	}
}

// outage makes a store method fail until the returned function is called.
func (b *bench) outage(op string) (over func()) {
	b.broken[op] = unavailable(domain.StoreUnavailable)
	return func() { delete(b.broken, op) }
}

func fresh(name string) ports.NewConnection {
	return ports.NewConnection{
		Vendor: "pluggy", Name: name, BaseURL: "https://api.example.test", AccountRef: "item-1",
		ClientID: domain.SecretText("id"), Secret: domain.SecretText("right"),
	}
}

func (b *bench) connection(name string) domain.Connection {
	b.Helper()
	c, err := b.CreateConnection(b.ctx, b.tenant, fresh(name))
	b.ok(err)
	return c
}

// rotate replaces the credential and leaves the rest.
func (b *bench) rotate(c domain.Connection, secret string) {
	b.Helper()
	_, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef,
		ClientID: domain.SecretText("id"), Secret: domain.SecretText(secret),
	})
	b.ok(err)
}

func (b *bench) health(c domain.Connection) domain.Health {
	b.Helper()
	h, err := b.ConnectionHealth(b.ctx, b.tenant, c.ID)
	b.ok(err)
	return h.Health
}

// everything asks for a pull of everything.
func (b *bench) everything(c domain.Connection) domain.PullID {
	b.Helper()
	p, err := b.RequestPull(b.ctx, b.tenant, c.ID, domain.Window{})
	b.ok(err)
	return p.ID
}

func (b *bench) run(id domain.PullID) time.Duration {
	b.Helper()
	again, err := b.RunPull(b.ctx, id)
	b.ok(err)
	return again
}

func (b *bench) pull(id domain.PullID) domain.Pull {
	b.Helper()
	p, err := b.GetPull(b.ctx, b.tenant, id)
	b.ok(err)
	return p
}

// stands wants the pull in a state, with the last try's error.
func (b *bench) stands(id domain.PullID, state domain.PullState, code domain.Code) domain.Pull {
	b.Helper()
	p := b.pull(id)
	if p.State != state || p.LastError != code {
		b.Fatalf("the pull is %s (%q), want %s (%q)", p.State, p.LastError, state, code)
	}
	return p
}

// rows gives the stored transactions as "id version", removed ones marked, by id.
func (b *bench) rows(c domain.Connection) []string {
	b.Helper()
	page, err := b.ListTransactions(b.ctx, b.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 200})
	b.ok(err)
	var rows []string
	for _, t := range page.Items {
		row := fmt.Sprintf("%s v%d", t.ExternalID, t.Version)
		if !t.RemovedAt.IsZero() {
			row += " removed"
		}
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return rows
}

// mint gives a raw webhook token.
func (b *bench) mint(c domain.Connection) string {
	b.Helper()
	minted, err := b.MintToken(b.ctx, b.tenant, string(c.Vendor), c.Name)
	b.ok(err)
	return string(minted.Raw.Reveal())
}

// knock is a call at the door that proves its source.
func knock(token, body string) domain.WebhookRequest {
	return domain.WebhookRequest{Vendor: "pluggy", Token: token, Body: []byte(body), Authorization: "shared"}
}

func (b *bench) receive(token, body string) ports.ReceiveResult {
	b.Helper()
	received, err := b.Receive(b.ctx, knock(token, body))
	b.ok(err)
	return received
}

// delivered reads a delivery again.
func (b *bench) delivered(id domain.DeliveryID) domain.Delivery {
	b.Helper()
	d, err := b.GetDelivery(b.ctx, b.tenant, id)
	b.ok(err)
	return d
}
