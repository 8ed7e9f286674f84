package application_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/mock/gomock"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/portmock"
)

// mishap breaks the nth write of a pull: before it happens, or, as a connection that is
// cut during the commit does, after it has happened.
type mishap struct {
	nth   int
	after bool
	wrote int
}

func (m *mishap) meets(write func() error) error {
	m.wrote++
	if m.wrote != m.nth {
		return write()
	}
	if m.after {
		_ = write()
	}
	return unavailable(domain.StoreUnavailable)
}

// over gives pulls that meet the mishap and are otherwise those of the bench.
func (m *mishap) over(t *testing.T, store ports.Pulls) ports.Pulls {
	mock := portmock.NewMockPulls(gomock.NewController(t))
	mock.EXPECT().Claim(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, at time.Time) (claimed ports.Claimed, err error) {
			err = m.meets(func() error { claimed, err = store.Claim(ctx, l, at); return err })
			return claimed, err
		})
	mock.EXPECT().FilterUnchanged(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(store.FilterUnchanged)
	mock.EXPECT().StorePage(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, w ports.PageWrite) (counts domain.Counts, err error) {
			err = m.meets(func() error { counts, err = store.StorePage(ctx, l, w); return err })
			return counts, err
		})
	mock.EXPECT().Sweep(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, w ports.SweepWrite) (counts domain.Counts, err error) {
			err = m.meets(func() error { counts, err = store.Sweep(ctx, l, w); return err })
			return counts, err
		})
	mock.EXPECT().Finish(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, o ports.Outcome) error {
			return m.meets(func() error { return store.Finish(ctx, l, o) })
		})
	return mock
}

// writes of the pull below: a claim, an extension, the accounts, two pages, the sweep,
// what follows it, the removals, the end.
const writes = 9

func TestTheStoreMayFailAtAnyWrite(t *testing.T) {
	for nth := 1; nth <= writes; nth++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after it %t", nth, after), func(t *testing.T) {
				b, c := swept(t)
				b.receive(b.mint(c), event("e1", domain.PullScope{Everything: true, Removed: []string{"r3"}}))
				id, m := b.kicked[1], &mishap{nth: nth, after: after}
				b.deps.Pulls = m.over(t, b.deps.Pulls)
				service := b.again()
				_, err := service.RunPull(b.ctx, id)
				b.fails(err, domain.StoreUnavailable)
				if after && nth == writes {
					b.stands(id, domain.PullSucceeded, "")
				}
				b.clock.pass(21 * time.Second)
				again, err := service.RunPull(b.ctx, id)
				b.ok(err)
				if again != 0 {
					t.Errorf("again in %v", again)
				}
				b.stands(id, domain.PullSucceeded, "")
				want := []string{"r1 v1", "r2 v2 removed", "r3 v2 removed", "r4 v1"}
				if diff := cmp.Diff(want, b.rows(c)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A use case whose store is away says so, and nothing else.
func TestAnOutageIsToldAsItIs(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	token := b.mint(c)
	d := b.receive(token, event("e1", domain.PullScope{})).Delivery.ID
	b.clock.pass(time.Hour)
	update := ports.ConnectionUpdate{
		Name: "n", BaseURL: c.BaseURL, AccountRef: "r", ClientID: domain.SecretText("a"), Secret: domain.SecretText("b"),
	}
	b.sealer.primary++
	for op, uses := range map[string][]func() error{
		"Connections.Create": {func() error { _, err := b.CreateConnection(b.ctx, b.tenant, fresh("x")); return err }},
		"Connections.Get": {
			func() error { _, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, update); return err },
			func() error { _, err := b.ConnectionHealth(b.ctx, b.tenant, c.ID); return err },
			func() error { _, err := b.RunPull(b.ctx, b.kicked[0]); return err },
		},
		"Connections.Update": {
			func() error { _, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, update); return err },
			func() error { _, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books"); return err },
			func() error { return b.DeleteConnection(b.ctx, b.tenant, c.ID, nil) },
		},
		"Connections.Find": {
			func() error { _, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books"); return err },
			func() error { _, err := b.MintToken(b.ctx, b.tenant, "pluggy", "books"); return err },
		},
		"Connections.Activity": {func() error { _, err := b.ConnectionHealth(b.ctx, b.tenant, c.ID); return err }},
		"Connections.Sealed":   {func() error { _, err := b.Reseal(b.ctx); return err }},
		"Connections.Reseal":   {func() error { _, err := b.Reseal(b.ctx); return err }},
		"Tokens.Create":        {func() error { _, err := b.MintToken(b.ctx, b.tenant, "pluggy", "books"); return err }},
		"Deliveries.Receive":   {func() error { _, err := b.Receive(b.ctx, knock(token, "{}")); return err }},
		"Deliveries.Get":       {func() error { _, err := b.ReplayDelivery(b.ctx, b.tenant, d); return err }},
		"Deliveries.Replay":    {func() error { _, err := b.ReplayDelivery(b.ctx, b.tenant, d); return err }},
		"Deliveries.List": {func() error {
			_, err := b.ReplayDeliveries(b.ctx, b.tenant, ports.DeliveryFilter{}, 5)
			return err
		}},
		"Deliveries.Prune":   {func() error { _, err := b.Prune(b.ctx, time.Hour, 5); return err }},
		"Idempotency.Forget": {func() error { _, err := b.Prune(b.ctx, time.Hour, 5); return err }},
		"Idempotency.Begin": {func() error {
			_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{}, never)
			return err
		}},
		"Pulls.Idle":     {func() error { _, err := b.Reconcile(b.ctx, time.Minute, 5); return err }},
		"Pulls.Backlog":  {func() error { _, err := b.BacklogAge(b.ctx); return err }},
		"Pulls.Stranded": {func() error { _, err := b.ListStuck(b.ctx, 5); return err }},
		"Pulls.Claim":    {func() error { _, err := b.RunPull(b.ctx, b.kicked[0]); return err }},
		"Ledger.Changes": {func() error {
			_, err := b.Changes(b.ctx, b.tenant, domain.PageRequest{Limit: 1}, time.Hour)
			return err
		}},
		"Ledger.Accounts": {func() error { _, err := b.ListAccounts(b.ctx, b.tenant, c.ID, domain.PageRequest{}); return err }},
	} {
		t.Run(op, func(t *testing.T) {
			over := b.outage(op)
			defer over()
			for _, use := range uses {
				b.fails(use(), domain.Unavailable, domain.StoreUnavailable)
			}
		})
	}
}

// The safety net tells how many it has asked for before the store went away.
func TestReconcileStopsAtAnOutage(t *testing.T) {
	b := newBench(t)
	idle := []domain.Connection{b.connection("a"), b.connection("b")}
	mock := portmock.NewMockPulls(gomock.NewController(t))
	mock.EXPECT().ListDueForReconcile(gomock.Any(), gomock.Any(), gomock.Any()).Return(idle, nil)
	gomock.InOrder(
		mock.EXPECT().Request(gomock.Any(), b.tenant, idle[0].ID, gomock.Any()).Return(domain.Pull{}, nil),
		mock.EXPECT().Request(gomock.Any(), b.tenant, idle[1].ID, gomock.Any()).
			Return(domain.Pull{}, unavailable(domain.StoreUnavailable)),
	)
	b.deps.Pulls = mock
	asked, err := b.again().Reconcile(b.ctx, time.Hour, 10)
	b.fails(err, domain.StoreUnavailable)
	if asked != 1 {
		t.Errorf("asked for %d", asked)
	}
}

// What a store fails with beyond the contract is handed on, never hidden.
func TestAnUnknownFailureOfTheSealer(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	b.sealer.primary++
	sealer := portmock.NewMockSealer(gomock.NewController(t))
	sealer.EXPECT().NeedsReseal(gomock.Any()).Return(true).AnyTimes()
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{}, errBroken)
	b.deps.Sealer = sealer
	_, err := b.again().Reseal(b.ctx)
	b.fails(err, errBroken)
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{}, nil)
	sealer.EXPECT().Seal(gomock.Any(), gomock.Any(), gomock.Any()).Return(nil, errBroken)
	_, err = b.again().Reseal(b.ctx)
	b.fails(err, errBroken)
}
