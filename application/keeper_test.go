package application_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestReconcileAsksForEverything(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	b.clock.pass(time.Hour)
	asked, err := b.Reconcile(b.ctx, time.Hour, 10)
	b.ok(err)
	if asked != 1 || len(b.kicked) != 1 {
		t.Fatalf("asked for %d", asked)
	}
	if p := b.pull(b.kicked[0]); p.Trigger != domain.TriggerReconcile || !p.Scope.Everything {
		t.Errorf("got %+v", p)
	}
	asked, err = b.Reconcile(b.ctx, time.Hour, 10)
	b.ok(err)
	if asked != 0 {
		t.Error("asked beside a pull that waits")
	}
	b.run(b.kicked[0])
	if asked, _ = b.Reconcile(b.ctx, time.Hour, 10); asked != 0 {
		t.Error("asked again at once")
	}
	if got := noted[ports.ReconcileRequested](b.seen); len(got) != 1 || got[0].Asked != 1 {
		t.Errorf("observed %v", got)
	}
}

// A connection is due after four fifths of the interval, so that rounds which come
// every twentieth of it are in time.
func TestReconcileIsInTime(t *testing.T) {
	b := newBench(t)
	b.run(b.everything(b.connection("books")))
	b.clock.pass(47 * time.Minute)
	asked, err := b.Reconcile(b.ctx, time.Hour, 10)
	b.ok(err)
	if asked != 0 {
		t.Error("asked after 47 minutes of 60")
	}
	b.clock.pass(2 * time.Minute)
	asked, err = b.Reconcile(b.ctx, time.Hour, 10)
	b.ok(err)
	if asked != 1 {
		t.Error("did not ask after 49 minutes of 60")
	}
}

func TestReconcileIsBounded(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"a", "b", "c"} {
		b.connection(name)
	}
	b.clock.pass(time.Hour)
	for _, want := range []int{2, 1, 0} {
		asked, err := b.Reconcile(b.ctx, time.Hour, 2)
		b.ok(err)
		if asked != want {
			t.Errorf("asked for %d, want %d", asked, want)
		}
	}
}

func TestReconcilePassesOverWhatIsDeletedMeanwhile(t *testing.T) {
	b := newBench(t)
	first, second := b.connection("a"), b.connection("b")
	b.clock.pass(time.Hour)
	b.deps.Pulls = &afterIdle{Pulls: b.deps.Pulls, then: func() {
		b.ok(b.DeleteConnection(b.ctx, b.tenant, first.ID, nil))
	}}
	asked, err := b.again().Reconcile(b.ctx, time.Hour, 10)
	b.ok(err)
	if asked != 1 || b.pull(b.kicked[0]).Connection != second.ID {
		t.Errorf("asked for %d", asked)
	}
}

type afterIdle struct {
	ports.Pulls
	then func()
}

func (p *afterIdle) ListDueForReconcile(ctx context.Context, since time.Time, limit int) ([]domain.Connection, error) {
	idle, err := p.Pulls.ListDueForReconcile(ctx, since, limit)
	p.then()
	return idle, err
}

func TestPruneLetsGoOfWhatIsOld(t *testing.T) {
	b := newBench(t)
	token := b.mint(b.connection("books"))
	done := b.receive(token, event("e1", domain.PullScope{})).Delivery.ID
	b.run(b.kicked[0])
	waiting := b.receive(token, event("e2", domain.PullScope{})).Delivery.ID
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(201))
	b.ok(err)
	b.clock.pass(8 * 24 * time.Hour)
	recent := b.receive(token, `{"DedupKey":"k"}`).Delivery.ID

	rows, err := b.Prune(b.ctx, 24*time.Hour, 10)
	b.ok(err)
	if rows != 2 {
		t.Errorf("%d rows, want a delivery and an answer", rows)
	}
	_, err = b.GetDelivery(b.ctx, b.tenant, done)
	b.fails(err, domain.NotFound)
	b.delivered(waiting)
	b.delivered(recent)
	rows, err = b.Prune(b.ctx, 24*time.Hour, 10)
	b.ok(err)
	if rows != 0 || len(noted[ports.Pruned](b.seen)) != 1 {
		t.Errorf("%d rows more, observed %v", rows, noted[ports.Pruned](b.seen))
	}
}

func TestStrandedPullsAreFound(t *testing.T) {
	b := newBench(t)
	id := b.everything(b.connection("books"))
	for wait, want := range map[time.Duration][]domain.PullID{time.Second: nil, 11 * time.Second: {id}} {
		b.clock.now = epoch.Add(wait)
		got, err := b.ListStuck(b.ctx, 5)
		b.ok(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %v: %s", wait, diff)
		}
	}
}

func TestBacklogIsTheAgeOfTheOldest(t *testing.T) {
	b := newBench(t)
	age, err := b.BacklogAge(b.ctx)
	b.ok(err)
	if age != 0 {
		t.Errorf("nothing waits, and the backlog is %v", age)
	}
	id := b.everything(b.connection("books"))
	b.clock.pass(time.Minute)
	if age, err = b.BacklogAge(b.ctx); err != nil || age.Truncate(time.Second) != time.Minute {
		t.Errorf("got %v, %v", age, err)
	}
	b.run(id)
	if age, _ = b.BacklogAge(b.ctx); age != 0 {
		t.Errorf("got %v", age)
	}
}

func TestResealBringsAllUnderThePrimary(t *testing.T) {
	b := newBench(t)
	first, engine := b.connection("books"), b.engine("engine")
	gone := b.connection("gone")
	b.ok(b.DeleteConnection(b.ctx, b.tenant, gone.ID, nil))
	b.sealer.primary++
	done, err := b.Reseal(b.ctx)
	b.ok(err)
	if done != 2 {
		t.Errorf("%d, want 2", done)
	}
	c, err := b.GetConnection(b.ctx, b.tenant, first.ID)
	b.ok(err)
	if b.sealer.NeedsReseal(c.Sealed) || c.Revision != first.Revision {
		t.Errorf("got %+v", c)
	}
	if result, err := b.TestEngine(b.ctx, b.tenant, engine.ID); err != nil || !result.Healthy {
		t.Errorf("got %+v, %v", result, err)
	}
	if done, err = b.Reseal(b.ctx); err != nil || done != 0 {
		t.Errorf("again %d, %v", done, err)
	}
}

// A rotation that races the re-encryption wins: its credential is the newer one.
func TestResealNeverUndoesARotation(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.sealer.primary++
	b.sealer.meantime = func() {
		b.sealer.meantime = nil
		b.sealer.primary-- // by a replica that has not seen the new key yet
		b.rotate(c, "rotated")
		b.sealer.primary++
	}
	done, err := b.Reseal(b.ctx)
	b.ok(err)
	kept, err := b.GetConnection(b.ctx, b.tenant, c.ID)
	b.ok(err)
	credential, err := b.sealer.Open(b.tenant, c.ID, kept.Sealed)
	b.ok(err)
	if !credential.Part(domain.PartSecret).Equal(domain.SecretText("rotated")) {
		t.Error("the rotation was undone")
	}
	if done > 1 {
		t.Errorf("%d", done)
	}
}

// Rows that do not open must not hold up the others, nor pass for resealed: their key may
// be destroyed next. They are told again until they are gone.
func TestResealPassesOverLostRowsAndSaysHowMany(t *testing.T) {
	b := newBench(t)
	lost := []domain.Connection{b.connection("lost"), b.connection("gone")}
	b.sealer.held = map[string]domain.Credential{}
	b.connection("books")
	b.sealer.primary++
	for _, want := range []int{1, 0} {
		done, err := b.Reseal(b.ctx)
		b.fails(err, domain.Rejected, domain.CredentialUnopened)
		failures := noted[ports.SealingFailed](b.seen)
		if done != want || !strings.HasSuffix(err.Error(), ": 2") || len(failures) == 0 || failures[0].Connection != lost[0].ID {
			t.Errorf("%d, %v, observed %v", done, err, failures)
		}
	}
	for _, c := range lost {
		b.ok(b.DeleteConnection(b.ctx, b.tenant, c.ID, nil))
	}
	_, err := b.Reseal(b.ctx)
	b.ok(err)
}
