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

// storeFault makes the nth write of a pull return an error. If afterWrite is set, the write is executed
// before the error is returned, as when the connection to the database is lost during the commit.
type storeFault struct {
	nth        int
	afterWrite bool
	writes     int
}

func (m *storeFault) apply(write func() error) error {
	m.writes++
	if m.writes != m.nth {
		return write()
	}
	if m.afterWrite {
		_ = write()
	}
	return unavailable(domain.StoreUnavailable)
}

// wrap returns a ports.Pulls that calls the given store and injects the fault into its writes.
func (m *storeFault) wrap(t *testing.T, store ports.Pulls) ports.Pulls {
	mock := portmock.NewMockPulls(gomock.NewController(t))
	mock.EXPECT().TenantOf(gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(store.TenantOf)
	mock.EXPECT().Claim(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, at time.Time) (claimed ports.Claimed, err error) {
			err = m.apply(func() error { claimed, err = store.Claim(ctx, l, at); return err })
			return claimed, err
		})
	mock.EXPECT().FilterHeld(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(store.FilterHeld)
	mock.EXPECT().FilterUnchanged(gomock.Any(), gomock.Any(), gomock.Any(),
		gomock.Any()).AnyTimes().DoAndReturn(store.FilterUnchanged)
	mock.EXPECT().StorePage(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, w ports.PageWrite) (counts domain.Counts, err error) {
			err = m.apply(func() error { counts, err = store.StorePage(ctx, l, w); return err })
			return counts, err
		})
	mock.EXPECT().Sweep(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, w ports.SweepWrite) (counts domain.Counts, err error) {
			err = m.apply(func() error { counts, err = store.Sweep(ctx, l, w); return err })
			return counts, err
		})
	mock.EXPECT().SweepAccounts(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, w ports.AccountSweepWrite) error {
			return m.apply(func() error { return store.SweepAccounts(ctx, l, w) })
		})
	mock.EXPECT().Finish(gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(
		func(ctx context.Context, l domain.Lease, o ports.Outcome) error {
			return m.apply(func() error { return store.Finish(ctx, l, o) })
		})
	return mock
}

// writesOfPull is the number of writes of the pull in the test below. They store the claim, a lease
// extension, the accounts, a page, the last page with the sweep, the removals, the sweep of the accounts, and
// the outcome.
const writesOfPull = 8

func TestTheStoreMayFailAtAnyWrite(t *testing.T) {
	for nth := 1; nth <= writesOfPull; nth++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after it %t", nth, after), func(t *testing.T) {
				e, c := envWithRemovedRow(t)
				e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Everything: true, Removed: []string{"r3"}}))
				id, m := e.nudged[1], &storeFault{nth: nth, afterWrite: after}
				e.deps.Pulls = m.wrap(t, e.deps.Pulls)
				service := e.newService()
				_, err := service.RunPull(e.ctx, id)
				e.wantError(err, domain.StoreUnavailable)
				if after && nth == writesOfPull {
					e.wantPull(id, domain.PullSucceeded, "")
				}
				e.clock.pass(21 * time.Second)
				again, err := service.RunPull(e.ctx, id)
				e.noError(err)
				if again != 0 {
					t.Errorf("next attempt in %v, want none", again)
				}
				e.wantPull(id, domain.PullSucceeded, "")
				want := []string{"r1 v1", "r2 v2 removed", "r3 v2 removed", "r4 v1"}
				if diff := cmp.Diff(want, e.storedRows(c)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// If the store is unavailable, every use case must return the store's error.
func TestAnOutageIsReturnedAsStoreUnavailable(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	d := e.receive(token, eventBody("e1", domain.PullScope{})).Delivery.ID
	e.clock.pass(time.Hour)
	update := ports.ConnectionUpdate{
		Name: "n", BaseURL: c.BaseURL, AccountRef: "r", ClientID: domain.SecretText("a"),
		Secret: domain.SecretText("b"),
	}
	e.sealer.primary++
	for op, uses := range map[string][]func() error{
		"Connections.Create": {func() error {
			_, err := e.CreateConnection(e.ctx, e.tenant, newConnection("x"))
			return err
		}},
		"Connections.Get": {
			func() error { _, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, update); return err },
			func() error { _, err := e.RunPull(e.ctx, e.nudged[0]); return err },
		},
		"Connections.Update": {
			func() error { _, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, update); return err },
			func() error { _, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books"); return err },
			func() error { return e.DeleteConnection(e.ctx, e.tenant, c.ID, nil) },
		},
		"Connections.Find": {
			func() error { _, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books"); return err },
			func() error {
				_, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
				return err
			},
		},
		"Connections.VisitFacts": {func() error { _, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID); return err }},
		"SealedValues.List":      {func() error { _, err := e.Reseal(e.ctx); return err }},
		"SealedValues.Replace":   {func() error { _, err := e.Reseal(e.ctx); return err }},
		"Tokens.Create": {func() error {
			_, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
			return err
		}},
		"Deliveries.Receive": {func() error { _, err := e.Receive(e.ctx, webhookRequest(token, "{}")); return err }},
		"Deliveries.Get":     {func() error { _, err := e.ReplayDelivery(e.ctx, e.tenant, d); return err }},
		"Deliveries.Replay":  {func() error { _, err := e.ReplayDelivery(e.ctx, e.tenant, d); return err }},
		"Deliveries.List": {func() error {
			_, err := e.ReplayDeliveries(e.ctx, e.tenant, ports.DeliveryFilter{}, 5)
			return err
		}},
		"Deliveries.Prune":  {func() error { _, err := e.Prune(e.ctx, time.Hour, 5); return err }},
		"Idempotency.Prune": {func() error { _, err := e.Prune(e.ctx, time.Hour, 5); return err }},
		"Idempotency.Begin": {func() error {
			_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{}, mustNotRun)
			return err
		}},
		"Pulls.Prune":               {func() error { _, err := e.PrunePulls(e.ctx, time.Hour, 5); return err }},
		"Pulls.ListDueForReconcile": {func() error { _, err := e.Reconcile(e.ctx, time.Minute, 5); return err }},
		"Ledger.FeedHold":           {func() error { _, err := e.FeedDelay(e.ctx); return err }},
		"Pulls.OldestOpen":          {func() error { _, err := e.BacklogAge(e.ctx); return err }},
		"Pulls.ListStuck": {
			func() error { _, err := e.ListStuck(e.ctx, 5); return err },
			func() error { _, err := e.ListDue(e.ctx, 5); return err },
		},
		"Pulls.Claim": {func() error { _, err := e.RunPull(e.ctx, e.nudged[0]); return err }},
		"Ledger.Changes": {func() error {
			_, err := e.Changes(e.ctx, e.tenant, domain.PageRequest{Limit: 1}, time.Hour)
			return err
		}},
		"Ledger.Accounts": {func() error {
			_, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{})
			return err
		}},
	} {
		t.Run(op, func(t *testing.T) {
			restore := e.failOperation(op)
			defer restore()
			for _, use := range uses {
				e.wantError(use(), domain.Unavailable, domain.StoreUnavailable)
			}
		})
	}
}

// If the store fails, Reconcile returns the number of pulls that it requested before the failure.
func TestReconcileStopsAtAnOutage(t *testing.T) {
	e := newEnv(t)
	due := []domain.Connection{e.createConnection("a"), e.createConnection("b")}
	mock := portmock.NewMockPulls(gomock.NewController(t))
	mock.EXPECT().ListDueForReconcile(gomock.Any(), gomock.Any(), gomock.Any()).Return(due, nil)
	gomock.InOrder(
		mock.EXPECT().Request(gomock.Any(), e.tenant, due[0].ID, gomock.Any(), gomock.Nil()).Return(domain.Pull{}, nil),
		mock.EXPECT().Request(gomock.Any(), e.tenant, due[1].ID, gomock.Any(), gomock.Nil()).
			Return(domain.Pull{}, unavailable(domain.StoreUnavailable)),
	)
	e.deps.Pulls = mock
	requested, err := e.newService().Reconcile(e.ctx, time.Hour, 10)
	e.wantError(err, domain.StoreUnavailable)
	if requested != 1 {
		t.Errorf("requested %d pulls", requested)
	}
}

// If a sealer returns an error that its contract does not list, the service returns that error and
// does not hide it.
func TestAnUnknownErrorOfTheSealerIsReturned(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	e.sealer.primary++
	sealer := portmock.NewMockSealer(gomock.NewController(t))
	sealer.EXPECT().NeedsReseal(gomock.Any()).Return(true).AnyTimes()
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{}, errBroken)
	e.deps.Sealer = sealer
	_, err := e.newService().Reseal(e.ctx)
	e.wantError(err, errBroken)
	sealer.EXPECT().Open(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Credential{}, nil)
	sealer.EXPECT().Seal(gomock.Any(), gomock.Any(), gomock.Any()).Return(nil, errBroken)
	_, err = e.newService().Reseal(e.ctx)
	e.wantError(err, errBroken)
}
