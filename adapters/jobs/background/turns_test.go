package background_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// dueWork is work that is due, the oldest first. Claims return it as a store would.
type dueWork struct {
	mu  sync.Mutex
	due []ports.Work
}

func (d *dueWork) add(tenant byte, n int, run func(ctx context.Context) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.due = append(d.due, ports.Work{Tenant: turnTenant(tenant), Run: run})
	}
}

func (d *dueWork) next(_ context.Context, skip []domain.TenantID) (*ports.Work, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, work := range d.due {
		if !slices.Contains(skip, work.Tenant) {
			d.due = slices.Delete(d.due, i, i+1)
			return &work, nil
		}
	}
	return nil, nil
}

func turnTenant(n byte) domain.TenantID { return domain.TenantID{UUID: uuid.UUID{n}} }

// onEachTurnTask runs a test for each task that takes its work in turn.
func onEachTurnTask(t *testing.T, test func(t *testing.T, task string, due *dueWork)) {
	t.Helper()
	_, inTurn := background.TaskNames(background.Config{}, fakeService{})
	for _, task := range inTurn {
		t.Run(task, func(t *testing.T) { test(t, task, &dueWork{}) })
	}
}

// Forty pieces of work of some tenants wait for a vendor that does not answer. The work of another tenant must be done
// meanwhile.
func TestWorkOfATenantIsDoneWhileTheWorkOfAnotherIsBlocked(t *testing.T) {
	onEachTurnTask(t, func(t *testing.T, task string, due *dueWork) {
		service := fakeService{next: map[string]ports.NextWork{task: due.next}}
		var blocked, done atomic.Int32
		var answered atomic.Bool
		block := func(context.Context) error {
			blocked.Add(1)
			for !answered.Load() {
				time.Sleep(time.Second)
			}
			return nil
		}
		due.add(1, 40, block)
		runFor(t, 3*time.Second, background.Config{}, service, func() {
			if n := blocked.Load(); n == 0 || n == 40 {
				t.Errorf("%d pieces of work of the tenant run at the same time, want its share", n)
			}
			due.add(2, 40, func(context.Context) error { done.Add(1); return nil })
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if n := done.Load(); n != 40 {
				t.Errorf("%d of 40 pieces of work of the other tenant are done", n)
			}
			answered.Store(true)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if n := blocked.Load(); n != 40 {
				t.Errorf("%d of 40 pieces of work were run after the vendor has answered", n)
			}
		})
	})
}

// While all workers are busy with the work of many tenants, a tenant must get the next free worker although the others
// have work that was due earlier.
func TestATenantGetsTheNextFreeWorker(t *testing.T) {
	onEachTurnTask(t, func(t *testing.T, task string, due *dueWork) {
		service := fakeService{next: map[string]ports.NextWork{task: due.next}}
		var order []domain.TenantID
		run := func(tenant byte) func(context.Context) error {
			return func(context.Context) error {
				due.mu.Lock()
				order = append(order, turnTenant(tenant))
				due.mu.Unlock()
				time.Sleep(time.Minute)
				return nil
			}
		}
		const others = 40
		for tenant := range byte(others) {
			due.add(tenant, 20, run(tenant))
		}
		runFor(t, 10*time.Second, background.Config{}, service, func() {
			late := turnTenant(200)
			due.add(200, 1, run(200))
			due.mu.Lock()
			before := len(due.due)
			due.mu.Unlock()
			time.Sleep(30 * time.Minute)
			synctest.Wait()
			due.mu.Lock()
			place := slices.Index(order, late)
			due.mu.Unlock()
			if place < 0 || place > 2*(others+1)+128 { // those that run already, and a round of turns
				t.Errorf("the tenant had its turn after %d others, of %d", place, before)
			}
			due.mu.Lock()
			due.due = nil
			due.mu.Unlock()
			time.Sleep(2 * time.Minute)
		})
	})
}

func TestErrorsAndPanicsOfWorkAreReported(t *testing.T) {
	onEachTurnTask(t, func(t *testing.T, task string, due *dueWork) {
		service := fakeService{next: map[string]ports.NextWork{task: due.next}}
		var failed errorLog
		due.add(1, 1, func(context.Context) error { return errors.New("the vendor does not answer") })
		due.add(1, 1, func(context.Context) error { panic("a secret") })
		due.add(1, 1, func(context.Context) error { return nil })
		cfg := background.Config{OnError: func(e ports.BackgroundError) {
			due.mu.Lock()
			defer due.mu.Unlock()
			failed.add(e)
		}}
		runFor(t, 10*time.Second, cfg, service, func() {
			due.mu.Lock()
			defer due.mu.Unlock()
			if len(failed) != 2 || len(due.due) != 0 || failed[0].Task != "maintenance "+task {
				t.Errorf("reported %v", failed)
			}
		})
	})
}

// docs/internals/architecture.md lists each task with what makes it fair between tenants, so that nobody adds a task
// without deciding it.
func TestTheDocumentListsEachTask(t *testing.T) {
	cfg := background.Config{
		Backlog: func(time.Duration) {}, FeedDelay: func(time.Duration) {}, Attention: func(ports.Attention) {},
		EventBacklog: func(ports.EventBacklogAge) {}, ReconcileInterval: 1, DeliveryRetention: 1, EventRetention: 1,
		PullRetention: 1, PingWrite: func(context.Context) error { return nil },
	}
	others, inTurn := background.TaskNames(cfg, fakeService{})
	text, err := os.ReadFile("../../../docs/internals/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Background tasks")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed, listedInTurn []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*)$").FindAllStringSubmatch(section, -1) {
		if strings.Contains(row[2], "| by tenant: ") {
			listedInTurn = append(listedInTurn, row[1])
		} else {
			listed = append(listed, row[1])
		}
	}
	for _, names := range [][]string{others, inTurn, listed, listedInTurn} {
		slices.Sort(names)
	}
	if diff := cmp.Diff(others, listed); diff != "" {
		t.Errorf("tasks (-code +document):\n%s", diff)
	}
	if diff := cmp.Diff(inTurn, listedInTurn); diff != "" {
		t.Errorf("tasks that take their work in turn (-code +document):\n%s", diff)
	}
}
