package application_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestReconcileRequestsAPullOfEverything(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	e.clock.pass(time.Hour)
	requested, err := e.Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	if requested != 1 || len(e.nudged) != 1 {
		t.Fatalf("requested %d pulls", requested)
	}
	if p := e.getPull(e.nudged[0]); p.Trigger != domain.TriggerReconcile || !p.Scope.Everything {
		t.Errorf("got %+v", p)
	}
	requested, err = e.Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	if requested != 0 {
		t.Error("requested a pull although one is queued")
	}
	e.runPull(e.nudged[0])
	if requested, _ = e.Reconcile(e.ctx, time.Hour, 10); requested != 0 {
		t.Error("requested a pull again at once")
	}
	if got := eventsOf[ports.ReconcileRequested](e.events); len(got) != 1 || got[0].Requested != 1 {
		t.Errorf("emitted %v, want exactly one event", got)
	}
}

// A connection is already due after four fifths of the interval. Reconcile runs every twentieth of the interval, so a
// pull of the connection is requested before the whole interval has passed.
func TestReconcileIsInTime(t *testing.T) {
	e := newEnv(t)
	e.runPull(e.requestFullPull(e.createConnection("books")))
	e.clock.pass(47 * time.Minute)
	requested, err := e.Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	if requested != 0 {
		t.Error("requested a pull after 47 minutes of 60")
	}
	e.clock.pass(2 * time.Minute)
	requested, err = e.Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	if requested != 1 {
		t.Error("did not request a pull after 49 minutes of 60")
	}
}

// Pulls of a few rows do not delay the reconciliation, even if one is always queued or running. A removal
// whose event was lost is therefore found within the interval.
func TestNarrowPullsDoNotPutOffReconcile(t *testing.T) {
	const interval = time.Minute
	e := newEnv(t)
	e.vendor.setRows("r1", "r2")
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	token := e.mintToken(c)
	e.vendor.setRows("r1") // the vendor's event about this removal is lost
	narrow := domain.PullScope{Window: &domain.Window{From: "2026-02-20", To: "2026-02-20"}}
	e.vendor.steps = []domain.Step{listStep}
	requested, pulls := 0, 0
	for at := time.Duration(0); at < interval; at += interval / 120 {
		e.clock.pass(interval / 120)
		pull := e.receive(token, eventBody(at.String(), narrow)).Delivery.Pull
		n, err := e.Reconcile(e.ctx, interval, 10)
		e.noError(err)
		if requested += n; n > 0 {
			e.vendor.steps = nil // the next pull reads everything, and must sweep
		}
		e.runPull(pull)
		e.wantPull(pull, domain.PullSucceeded, "")
		pulls++
	}
	if requested != 1 {
		t.Errorf("reconcile requested %d pulls of everything during %d pulls of a few rows, want 1", requested, pulls)
	}
	if diff := cmp.Diff([]string{"r1 v1", "r2 v2 removed"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestReconcileIsBounded(t *testing.T) {
	e := newEnv(t)
	for _, name := range []string{"a", "b", "c"} {
		e.createConnection(name)
	}
	e.clock.pass(time.Hour)
	for _, want := range []int{2, 1, 0} {
		requested, err := e.Reconcile(e.ctx, time.Hour, 2)
		e.noError(err)
		if requested != want {
			t.Errorf("requested %d pulls, want %d", requested, want)
		}
	}
}

func TestReconcileSkipsConnectionsDeletedMeanwhile(t *testing.T) {
	e := newEnv(t)
	first, second := e.createConnection("a"), e.createConnection("b")
	e.clock.pass(time.Hour)
	e.deps.Pulls = &afterListDue{Pulls: e.deps.Pulls, then: func() {
		e.noError(e.DeleteConnection(e.ctx, e.tenant, first.ID, nil))
	}}
	requested, err := e.newService().Reconcile(e.ctx, time.Hour, 10)
	e.noError(err)
	if requested != 1 || e.getPull(e.nudged[0]).Connection != second.ID {
		t.Errorf("requested %d pulls", requested)
	}
}

type afterListDue struct {
	ports.Pulls
	then func()
}

func (p *afterListDue) ListDueForReconcile(
	ctx context.Context, cutoff time.Time, limit int,
) ([]domain.Connection, error) {
	due, err := p.Pulls.ListDueForReconcile(ctx, cutoff, limit)
	p.then()
	return due, err
}

func TestPruneDeletesOldRows(t *testing.T) {
	e := newEnv(t)
	token := e.mintToken(e.createConnection("books"))
	done := e.receive(token, eventBody("e1", domain.PullScope{})).Delivery.ID
	e.runPull(e.nudged[0])
	waiting := e.receive(token, eventBody("e2", domain.PullScope{})).Delivery.ID
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(201))
	e.noError(err)
	e.clock.pass(8 * 24 * time.Hour)
	recent := e.receive(token, `{"DedupKey":"k"}`).Delivery.ID

	rows, err := e.Prune(e.ctx, 24*time.Hour, 10)
	e.noError(err)
	if rows != 2 {
		t.Errorf("%d rows, want a delivery and a stored response", rows)
	}
	_, err = e.GetDelivery(e.ctx, e.tenant, done)
	e.wantError(err, domain.NotFound)
	e.getDelivery(waiting)
	e.getDelivery(recent)
	rows, err = e.Prune(e.ctx, 24*time.Hour, 10)
	e.noError(err)
	if rows != 0 || len(eventsOf[ports.Pruned](e.events)) != 1 {
		t.Errorf("the second run pruned %d rows, want none; all runs emitted %v, want one event",
			rows, eventsOf[ports.Pruned](e.events))
	}
}

func TestStuckPullsAreListed(t *testing.T) {
	e := newEnv(t)
	id := e.requestFullPull(e.createConnection("books"))
	for wait, want := range map[time.Duration][]domain.PullID{time.Second: nil, 11 * time.Second: {id}} {
		e.clock.now = epoch.Add(wait)
		got, err := e.ListStuck(e.ctx, 5)
		e.noError(err)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after %v: %s", wait, diff)
		}
		due, err := e.ListDue(e.ctx, 5)
		e.noError(err)
		if diff := cmp.Diff([]domain.PullID{id}, due); diff != "" {
			t.Errorf("due after %v: %s", wait, diff)
		}
	}
}

// heldLedger is a Ledger that reports that a writer delays the change feed.
type heldLedger struct {
	ports.Ledger
	hold ports.FeedHold
}

func (l *heldLedger) FeedHold(context.Context) (ports.FeedHold, error) { return l.hold, nil }

func TestFeedDelayIsTheTimeSinceAWriterHoldsTheFeedBack(t *testing.T) {
	held := &heldLedger{}
	e := newEnv(t, func(d *application.Deps) { held.Ledger = d.Ledger; d.Ledger = held })
	want := func(what string, want time.Duration) {
		t.Helper()
		if got, err := e.FeedDelay(e.ctx); err != nil || got.Truncate(time.Second) != want {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
	want("no writer", 0)
	held.hold = ports.FeedHold{Writer: "1"}
	want("a writer of unknown age, seen first", 0)
	e.clock.pass(time.Minute)
	want("the same writer later", time.Minute)
	held.hold.Age = time.Hour
	want("a writer of known age", time.Hour)
	held.hold = ports.FeedHold{Writer: "2"}
	want("another writer", 0)
	e.clock.pass(time.Minute)
	held.hold = ports.FeedHold{}
	want("no writer any more", 0)
	held.hold = ports.FeedHold{Writer: "2"}
	want("a writer after a pause", 0)
}

func TestBacklogAgeIsTheAgeOfTheOldestOpenPull(t *testing.T) {
	e := newEnv(t)
	age, err := e.BacklogAge(e.ctx)
	e.noError(err)
	if age != 0 {
		t.Errorf("no pull is open, and the backlog is %v", age)
	}
	id := e.requestFullPull(e.createConnection("books"))
	e.clock.pass(time.Minute)
	if age, err = e.BacklogAge(e.ctx); err != nil || age.Truncate(time.Second) != time.Minute {
		t.Errorf("the backlog age is %v, error %v, want about a minute", age, err)
	}
	e.runPull(id)
	if age, _ = e.BacklogAge(e.ctx); age != 0 {
		t.Errorf("the backlog age is %v, want 0", age)
	}
}

func TestResealEncryptsAllUnderThePrimaryKey(t *testing.T) {
	e := newEnv(t)
	first, engine := e.createConnection("books"), e.createEngine("engine")
	gone := e.createConnection("gone")
	e.noError(e.DeleteConnection(e.ctx, e.tenant, gone.ID, nil))
	e.sealer.primary++
	done, err := e.Reseal(e.ctx)
	e.noError(err)
	if done != 2 {
		t.Errorf("resealed %d credentials, want 2", done)
	}
	c, err := e.GetConnection(e.ctx, e.tenant, first.ID)
	e.noError(err)
	if e.sealer.NeedsReseal(c.Sealed) || c.Revision != first.Revision {
		t.Errorf("got %+v", c)
	}
	if result, err := e.TestEngine(e.ctx, e.tenant, engine.ID); err != nil || !result.Healthy {
		t.Errorf("got %+v, %v", result, err)
	}
	if done, err = e.Reseal(e.ctx); err != nil || done != 0 {
		t.Errorf("the second run resealed %d, error %v, want 0 and no error", done, err)
	}
}

// A credential that is rotated during the re-encryption must not be overwritten, because it is newer than the
// re-encrypted one.
func TestResealNeverUndoesARotation(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.sealer.primary++
	e.sealer.onOpen = func() {
		e.sealer.onOpen = nil
		e.sealer.primary-- // the rotation is made by a replica that has not loaded the new primary key yet
		e.rotate(c, "rotated")
		e.sealer.primary++
	}
	done, err := e.Reseal(e.ctx)
	e.noError(err)
	stored, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	credential, err := e.sealer.Open(e.tenant, c.ID, stored.Sealed)
	e.noError(err)
	if !credential.Part(domain.PartSecret).Equal(domain.SecretText("rotated")) {
		t.Error("the rotation was undone")
	}
	if done > 1 {
		t.Errorf("resealed %d credentials, want at most 1", done)
	}
}

// Credentials that cannot be decrypted must not prevent the resealing of other credentials. Each run must return an
// error until the connections of such credentials are deleted. After a run without errors, the operator may destroy
// the old key.
func TestResealSkipsAndCountsCredentialsThatDoNotOpen(t *testing.T) {
	e := newEnv(t)
	lost := []domain.Connection{e.createConnection("lost"), e.createConnection("gone")}
	maps.DeleteFunc(e.sealer.held, func(key string, _ domain.Credential) bool {
		return strings.HasPrefix(key, e.tenant.String()) // the keys of the service itself are still there
	})
	e.createConnection("books")
	e.sealer.primary++
	for _, want := range []int{1, 0} {
		done, err := e.Reseal(e.ctx)
		e.wantError(err, domain.Rejected, domain.CredentialUnopened)
		failures := eventsOf[ports.SealingFailed](e.events)
		if done != want || !strings.HasSuffix(err.Error(), ": 2") || len(failures) == 0 ||
			failures[0].Connection != lost[0].ID {
			t.Errorf("resealed %d, error %v, emitted %v", done, err, failures)
		}
	}
	for _, c := range lost {
		e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	}
	_, err := e.Reseal(e.ctx)
	e.noError(err)
}

func TestResealEncryptsTheAuditKeyUnderTheNewKey(t *testing.T) {
	e := newEnv(t)
	before, err := e.AuditKey(e.ctx, e.tenant)
	e.noError(err)
	e.sealer.primary++
	_, err = e.Reseal(e.ctx)
	e.noError(err)
	sealed, err := e.deps.SealedValues.Key(e.ctx, ports.SealedAuditKey)
	e.noError(err)
	if e.sealer.NeedsReseal(sealed) {
		t.Error("the audit key is still encrypted under the old key")
	}
	after, err := e.newService().AuditKey(e.ctx, e.tenant)
	e.noError(err)
	if after != before {
		t.Errorf("the audit key is now %s, was %s", after, before)
	}
}
