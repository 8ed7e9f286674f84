package application_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// eraser is a fake aggregator that implements ports.Eraser.
type eraser struct {
	*registrar
	erased   []string // the account references of all calls of Erase
	refusing error
}

var _ ports.Eraser = (*eraser)(nil)

func (v *eraser) Erase(_ context.Context, a ports.Access) error {
	v.erased = append(v.erased, a.AccountRef)
	return v.refusing
}

// faultyErasures makes one call of the store fail, either before or after the call takes effect.
type faultyErasures struct {
	ports.Erasures
	calls, failAt int
	afterEffect   bool
	failedMethod  string // the name of the method that has failed
}

func fault[T any](f *faultyErasures, name string, do func() (T, error)) (result T, err error) {
	f.calls++
	fails := f.calls == f.failAt
	if fails {
		f.failedMethod = name
	}
	if fails && !f.afterEffect {
		return result, unavailable(domain.StoreUnavailable)
	}
	if result, err = do(); fails && err == nil {
		return *new(T), unavailable(domain.StoreUnavailable)
	}
	return result, err
}

func (f *faultyErasures) Claim(
	ctx context.Context,
	now, claimEnd time.Time,
	atVendor bool,
	skip []domain.TenantID,
	limit int,
) ([]ports.ClaimedErasure, error) {
	return fault(
		f,
		"Claim",
		func() ([]ports.ClaimedErasure, error) {
			return f.Erasures.Claim(ctx, now, claimEnd, atVendor, skip, limit)
		},
	)
}

func (f *faultyErasures) EraseBatch(
	ctx context.Context, e domain.Erasure, now, deadline time.Time, _ int,
) (domain.Erasure, error) {
	return fault(
		f,
		"EraseBatch",
		func() (domain.Erasure, error) { return f.Erasures.EraseBatch(ctx, e, now, deadline, 2) },
	)
}

func (f *faultyErasures) Save(ctx context.Context, e domain.Erasure, claimedDueAt time.Time) error {
	_, err := fault(f, "Save", func() (struct{}, error) { return struct{}{}, f.Erasures.Save(ctx, e, claimedDueAt) })
	return err
}

func (f *faultyErasures) End(ctx context.Context, e domain.Erasure, at time.Time) (bool, error) {
	return fault(f, "End", func() (bool, error) { return f.Erasures.End(ctx, e, at) })
}

// newEraserEnv returns an env whose vendor "pluggy" can delete account references, with the connection "books".
func newEraserEnv(
	t *testing.T,
	options ...func(*application.Deps),
) (*env, *eraser, *faultyErasures, domain.Connection) {
	t.Helper()
	v := &eraser{registrar: &registrar{
		webhooks: map[string]ports.NewWebhook{"other": {URL: domain.SecretText("https://elsewhere.example/hook")}},
	}}
	var store *faultyErasures
	e := newEnv(t, append(options, func(d *application.Deps) {
		v.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0] = v
		store = &faultyErasures{Erasures: d.Erasures}
		d.Erasures = store
	})...)
	return e, v, store, e.createConnection("books")
}

func (e *env) eraseConnection(c domain.Connection, atVendor bool) domain.Erasure {
	e.Helper()
	erasure, err := e.EraseConnection(e.ctx, e.tenant, c.ID, atVendor)
	e.noError(err)
	return erasure
}

func (e *env) erasure(id domain.ErasureID) domain.Erasure {
	e.Helper()
	erasure, err := e.GetErasure(e.ctx, e.tenant, id)
	e.noError(err)
	return erasure
}

// nextErasure claims an erasure that asks its vendor, or any other one.
func (e *env) nextErasure(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	work, err := e.NextErasure(ctx, skip)
	if err == nil && work == nil {
		work, err = e.NextVendorErasure(ctx, skip)
	}
	return work, err
}

// runErasures runs the maintenance task at intervals until the erasure with this id has ended or the duration d has
// passed. It returns the errors of the task. The interval is 4 s, or a thousandth of d if that is more.
func (e *env) runErasures(id domain.ErasureID, d time.Duration) (failures []error) {
	e.Helper()
	interval := max(4*time.Second, d/1000)
	for passed := time.Duration(0); passed < d; passed += interval {
		for {
			n, err := porttest.RunDue(e.ctx, e.nextErasure, 1)
			if err != nil {
				failures = append(failures, err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		if e.erasure(id).Status != domain.ErasureRunning {
			break
		}
		e.clock.pass(interval)
	}
	return failures
}

func (e *env) wantStatus(id domain.ErasureID, status domain.ErasureStatus, lastError domain.Code) {
	e.Helper()
	if got := e.erasure(id); got.Status != status || got.LastError != lastError {
		e.Fatalf("the erasure is %s (%s), want %s (%s)", got.Status, got.LastError, status, lastError)
	}
}

// fillAndErase pulls five rows and requests the erasure of the connection.
func fillAndErase(e *env, v *eraser, c domain.Connection) domain.Erasure {
	e.Helper()
	v.setRows("1", "2", "3", "4", "5")
	e.runPull(e.requestFullPull(c))
	if rows := e.storedRows(c); len(rows) != 5 {
		e.Fatalf("%d rows before the erasure", len(rows))
	}
	return e.eraseConnection(c, true)
}

func (e *env) wantNothingLeft(c domain.Connection) {
	e.Helper()
	changes, err := e.Changes(e.ctx, e.tenant, domain.PageRequest{Limit: 100}, 0)
	e.noError(err)
	for _, t := range changes.Items {
		if !t.Erased() || t.Description != "" || t.Version != 2 {
			e.Errorf("a transaction is left: version %d, %q", t.Version, t.Description)
		}
	}
	if len(changes.Items) != 5 {
		e.Errorf("the feed has %d transactions", len(changes.Items))
	}
	pulls, err := e.ListTenantPulls(e.ctx, e.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 9})
	e.noError(err)
	if len(pulls.Items) > 0 {
		e.Errorf("%d pulls are left", len(pulls.Items))
	}
	_, err = e.GetConnection(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.NotFound)
}

func TestAnErasureResumesAfterAFaultAtAnyStep(t *testing.T) {
	methods := map[string]bool{}
	for _, after := range []bool{false, true} {
		for failAt := 1; ; failAt++ {
			e, v, store, c := newEraserEnv(t)
			erasure := fillAndErase(e, v, c)
			store.failAt, store.afterEffect = failAt, after
			failures := e.runErasures(erasure.ID, 5*time.Minute)
			e.wantStatus(erasure.ID, domain.ErasureDone, "")
			e.wantNothingLeft(c)
			for _, ref := range v.erased {
				if ref != "item-1" {
					t.Errorf("the vendor was asked to delete %q", ref)
				}
			}
			if len(v.erased) == 0 || len(v.erased) > 2 {
				t.Errorf("the vendor was asked %d times", len(v.erased))
			}
			if store.failedMethod == "" {
				break
			}
			methods[store.failedMethod] = true
			for _, err := range failures {
				e.wantError(err, domain.StoreUnavailable)
			}
		}
	}
	if len(methods) != 4 {
		t.Errorf("only %v have failed", methods)
	}
}

func TestAnErasureDoesNotWaitForTheVendor(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	v.refusing = unavailable(domain.VendorUnreachable)
	erasure := fillAndErase(e, v, c)
	failures := e.runErasures(erasure.ID, time.Minute)
	e.wantStatus(erasure.ID, domain.ErasureRunning, domain.VendorUnreachable)
	e.wantNothingLeft(c)
	if len(failures) == 0 || len(failures) > 5 {
		t.Errorf("%d failures in a minute", len(failures))
	}
	v.refusing = nil
	e.runErasures(erasure.ID, time.Hour)
	e.wantStatus(erasure.ID, domain.ErasureDone, "")
}

func TestAnErasureFailsAfterSevenDaysAndCanBeRepeated(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	v.refusing = rejected(domain.CredentialRejected)
	erasure := fillAndErase(e, v, c)
	began := e.clock.Now()
	e.runErasures(erasure.ID, domain.ErasureGiveUp-time.Hour)
	e.wantStatus(erasure.ID, domain.ErasureRunning, domain.CredentialRejected)
	e.runErasures(erasure.ID, 3*time.Hour)
	e.wantStatus(erasure.ID, domain.ErasureFailed, domain.CredentialRejected)
	if ended := e.erasure(erasure.ID).EndedAt; ended.Sub(began) < domain.ErasureGiveUp {
		t.Errorf("given up after %s", ended.Sub(began))
	}
	asked := len(v.erased)
	e.runErasures(erasure.ID, time.Hour)
	if len(v.erased) != asked {
		t.Error("the vendor is asked after the erasure has failed")
	}
	v.refusing = nil
	again := e.eraseConnection(c, true)
	e.runErasures(again.ID, time.Minute)
	e.wantStatus(again.ID, domain.ErasureDone, "")
	if v.erased[len(v.erased)-1] != "item-1" {
		t.Error("the repeated request did not ask the vendor for the account reference")
	}
	e.wantStatus(erasure.ID, domain.ErasureFailed, domain.CredentialRejected)
	e.wantNothingLeft(c)
}

func TestARequestForTheVendorIsAddedToARunningErasure(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	first := e.eraseConnection(c, false)
	if second := e.eraseConnection(c, true); second.ID != first.ID {
		t.Error("the second request has started another erasure")
	}
	e.runErasures(first.ID, time.Minute)
	e.wantStatus(first.ID, domain.ErasureDone, "")
	if len(v.erased) != 1 {
		t.Errorf("the vendor was asked %d times", len(v.erased))
	}
	if e.eraseConnection(c, false).ID != first.ID {
		t.Error("a request after the end has started another erasure")
	}
}

func TestAConnectionErasedWithoutTheVendorCannotBeErasedThere(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	first := e.eraseConnection(c, false)
	e.runErasures(first.ID, time.Minute)
	_, err := e.EraseConnection(e.ctx, e.tenant, c.ID, true)
	e.wantError(err, domain.Conflict, domain.AlreadyErased)
	if len(v.erased) > 0 {
		t.Error("the vendor was asked")
	}
}

func TestAVendorThatDeletesNothingIsAConflict(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	_, err := e.EraseConnection(e.ctx, e.tenant, c.ID, true)
	e.wantError(err, domain.Conflict, domain.NotOffered)
	if _, err := e.GetConnection(e.ctx, e.tenant, c.ID); err != nil {
		t.Errorf("the refused request has deleted the connection: %v", err)
	}
	e.eraseConnection(c, false)
}

func TestAnErasureWaitsForTheRemovalOfItsWebhooks(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	_, err := e.register()
	e.noError(err)
	v.failure = unavailable(domain.VendorUnreachable)
	erasure := e.eraseConnection(c, false)
	e.runErasures(erasure.ID, 2*time.Minute)
	e.wantStatus(erasure.ID, domain.ErasureRunning, "")
	v.failure = nil
	_, err = e.removeDue(time.Hour)
	e.noError(err)
	v.wantWebhooks(t, 0)
	e.runErasures(erasure.ID, 2*time.Minute)
	e.wantStatus(erasure.ID, domain.ErasureDone, "")
	if tokens := e.tokensOf(c); len(tokens) > 0 {
		t.Errorf("%d tokens are left", len(tokens))
	}
}

// A pull that runs when the erasure of its connection is requested must store nothing more. Its worker learns from its
// next write that it has lost the lease.
func TestAPullThatRunsStopsWhenItsConnectionIsErased(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	v.setRows("1", "2", "3", "4", "5")
	pull := e.requestFullPull(c)
	var erasure domain.Erasure
	v.beforeRead = func(context.Context, string) {
		if erasure.ID.IsZero() {
			erasure = e.eraseConnection(c, false)
		}
	}
	if _, err := e.RunPull(e.ctx, pull); err != nil && !errors.Is(err, domain.LeaseLost) {
		t.Errorf("the pull ended with %v", err)
	}
	e.runErasures(erasure.ID, time.Minute)
	e.wantStatus(erasure.ID, domain.ErasureDone, "")
	changes, err := e.Changes(e.ctx, e.tenant, domain.PageRequest{Limit: 100}, 0)
	e.noError(err)
	if len(changes.Items) > 0 {
		t.Errorf("%d rows were stored after the request", len(changes.Items))
	}
}

// Erasures must take turns. A short erasure must not wait for the end of a long one.
func TestErasuresTakeTurns(t *testing.T) {
	e, v, _, c := newEraserEnv(t)
	var ids []string
	for i := range 300 { // the erasure needs 150 batches of 2 rows
		ids = append(ids, fmt.Sprint(i))
	}
	v.setRows(ids...)
	e.runPull(e.requestFullPull(c))
	long := e.eraseConnection(c, false)
	short := e.eraseConnection(e.createConnection("other"), false)
	for range 3 {
		_, err := porttest.RunDue(e.ctx, e.nextErasure, 1)
		e.noError(err)
		e.clock.pass(4 * time.Second)
	}
	if got := e.erasure(short.ID).Passes; got == 0 || e.erasure(long.ID).Passes > 0 {
		t.Errorf("the short erasure has made %d passes, the long one %d", got, e.erasure(long.ID).Passes)
	}
	e.runErasures(long.ID, 5*time.Minute)
	e.wantStatus(long.ID, domain.ErasureDone, "")
}
