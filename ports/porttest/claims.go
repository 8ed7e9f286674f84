package porttest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// claimPromises are those of Pulls.Claim: who may run what, and when.
var claimPromises = []promise{
	{"a claim gives the pull, running, and its connection", claimGives},
	{"the first claim folds the asks of the pull's deliveries, in their order", claimFolds},
	{"of many claims of one pull one succeeds", racingClaims},
	{"of a connection's pulls one is under way", onePullUnderWay},
	{"a pull is not due before its time", claimWaits},
	{"a pull whose try has ended well or for good is not found", claimOfOver},
	{"a claim on a deleted connection fails the pull", claimOfDeleted},
	{"First is told until a pull has succeeded where the connection points", firstUntilSucceeded},
}

// notDue asks for a claim that waits, and gives how long.
func (b *bench) notDue(pull domain.PullID, at time.Time) time.Duration {
	b.Helper()
	_, err := b.Pulls.Claim(b.ctx, lease(pull, at), at)
	b.fails(err, domain.Conflict)
	b.fails(err, domain.NotDue)
	if wait := domain.RetryAfterOf(err); wait > 0 {
		return wait
	}
	b.Fatal("NotDue without RetryAfter")
	return 0
}

func claimGives(b *bench) {
	c := b.connection()
	want := b.request(c, domain.PullScope{Everything: true})
	at := b.now()
	_, claimed := b.claimAt(want.ID, at)
	want.State, want.Attempts, want.StartedAt = domain.PullRunning, 1, at
	b.same("claimed", ports.Claimed{Pull: want, Connection: c, Initial: true, Empty: true}, claimed)
	got := b.pull(want.ID)
	b.same("stored", want, got)
	b.utc(got.StartedAt)
}

// claimFolds has signals: the last news wins, so the order of the deliveries shows. A
// second claim folds nothing, for the steps are planned already.
func claimFolds(b *bench) {
	c, token := b.door()
	first := b.receive(b.receipt(token, wanted("1", domain.PullScope{
		Changed: map[string][]string{"acc": {"b"}}, Signal: domain.SignalReauth,
	}))).Delivery
	b.request(c, domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-31"}})
	b.receive(b.receipt(token, wanted("2", domain.PullScope{
		Changed: map[string][]string{"acc": {"a", "b"}, "other": {"z"}}, Removed: []string{"r"}, Signal: domain.SignalRecovered,
	})))
	b.receive(b.receipt(token, wanted("3", domain.PullScope{})))
	l, claimed := b.claim(first.Pull)
	want := domain.PullScope{
		Window:  &domain.Window{From: "2026-01-01", To: "2026-01-31"},
		Changed: map[string][]string{"acc": {"a", "b"}, "other": {"z"}}, Removed: []string{"r"}, Signal: domain.SignalRecovered,
	}
	b.same("claimed", want, claimed.Pull.Scope)
	b.same("stored", want, b.pull(first.Pull).Scope)
	b.receive(b.receipt(token, wanted("late", domain.PullScope{Everything: true})))
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	_, claimed = b.claimAt(first.Pull, behind(epoch))
	b.same("claimed again", want, claimed.Pull.Scope)
}

// racingClaims has a lease for each worker, as two replicas have.
func racingClaims(b *bench) {
	for range 5 {
		pull := b.request(b.connection(), domain.PullScope{})
		at := b.now()
		var won atomic.Int32
		race(8, func(int) {
			switch _, err := b.Pulls.Claim(b.ctx, lease(pull.ID, at), at); {
			case err == nil:
				won.Add(1)
			case domain.CodeOf(err) != domain.NotDue || domain.RetryAfterOf(err) <= 0:
				b.Error(err)
			}
		})
		b.same("winners", int32(1), won.Load())
		b.same("attempts", 1, b.pull(pull.ID).Attempts)
	}
}

// onePullUnderWay goes through every state of the first pull: running, running under a
// lease that has ended, and waiting. The second stays behind it throughout.
func onePullUnderWay(b *bench) {
	c := b.connection()
	first := b.request(c, domain.PullScope{})
	l, _ := b.claim(first.ID)
	second := b.request(c, domain.PullScope{})
	b.notDue(second.ID, b.now())
	b.notDue(second.ID, l.Until.Add(time.Second)) // its lease has ended, but it is still under way
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.notDue(second.ID, b.now())
	b.notDue(second.ID, behind(epoch))
	b.same("state", domain.PullQueued, b.pull(second.ID).State)
	b.same("attempts", 0, b.pull(second.ID).Attempts)
	l, _ = b.claimAt(first.ID, behind(epoch))
	b.finish(l, domain.PullSucceeded, "")
	b.claim(second.ID)

	var mu sync.Mutex
	won := map[domain.PullID]int{}
	var pulls []domain.PullID
	for range 4 {
		pulls = append(pulls, b.request(b.connection(), domain.PullScope{}).ID)
	}
	at := b.now()
	race(16, func(i int) {
		if _, err := b.Pulls.Claim(b.ctx, lease(pulls[i%4], at), at); err == nil {
			mu.Lock()
			defer mu.Unlock()
			won[pulls[i%4]]++
		}
	})
	for _, id := range pulls {
		b.same("winners, of connections apart", 1, won[id])
	}
}

// claimWaits asks for the exact wait: a worker sleeps that long and must then succeed.
func claimWaits(b *bench) {
	_, l := b.running()
	at := b.now()
	due := at.Add(90 * time.Second)
	b.ok(b.Pulls.Finish(b.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.VendorRateLimited, NotBefore: due, Attempts: 1, At: at,
	}))
	b.same("wait", 90*time.Second, b.notDue(l.Pull, at))
	b.same("wait", instant, b.notDue(l.Pull, due.Add(-instant)))
	b.same("attempts", 1, b.pull(l.Pull).Attempts)
	_, claimed := b.claimAt(l.Pull, due)
	b.same("attempts", 2, claimed.Pull.Attempts)
	b.same("state", domain.PullRunning, claimed.Pull.State)
	b.same("the next wait", time.Time{}, claimed.Pull.NotBefore)
}

// claimOfOver: a job may be run again after its pull has ended; it must find nothing to do.
func claimOfOver(b *bench) {
	for _, state := range []domain.PullState{domain.PullSucceeded, domain.PullFailed} {
		_, l := b.running()
		b.finish(l, state, "")
		before := b.pull(l.Pull)
		_, err := b.Pulls.Claim(b.ctx, lease(l.Pull, behind(epoch)), behind(epoch))
		b.fails(err, domain.NotFound)
		b.same("the pull", before, b.pull(l.Pull))
	}
	_, err := b.Pulls.Claim(b.ctx, lease(newID[domain.Pull](), epoch), epoch)
	b.fails(err, domain.NotFound)
}

// claimOfDeleted has a pull that was in a worker's hands when the connection went, once
// with a worker that died and once with one that came back.
func claimOfDeleted(b *bench) {
	c, token := b.door()
	d := b.knock(token)
	b.claim(d.Pull)
	b.delete(c)
	at := behind(epoch)
	_, err := b.Pulls.Claim(b.ctx, lease(d.Pull, at), at)
	b.fails(err, domain.NotFound)
	pull := b.pull(d.Pull)
	b.same("state", domain.PullFailed, pull.State)
	b.same("reason", domain.ConnectionGone, pull.LastError)
	b.same("finished", false, pull.FinishedAt.IsZero())
	b.same("delivery", domain.DeliveryFailed, b.delivery(d.ID).Status)

	c, l := b.running()
	b.delete(c)
	// Whether this is LeaseLost or not, nothing may be left waiting.
	_ = b.Pulls.Finish(b.ctx, l, ports.Outcome{State: domain.PullQueued, NotBefore: epoch, Attempts: 1, At: b.now()})
	_, err = b.Pulls.Claim(b.ctx, lease(l.Pull, at), at)
	b.fails(err, domain.NotFound)
	b.same("a try that ended after the deletion", domain.PullFailed, b.pull(l.Pull).State)
}

func firstUntilSucceeded(b *bench) {
	c := b.connection()
	for _, row := range []struct {
		state domain.PullState
		first bool
	}{{domain.PullFailed, true}, {domain.PullSucceeded, true}, {domain.PullFailed, false}, {domain.PullSucceeded, false}} {
		l, claimed := b.claim(b.request(c, domain.PullScope{}).ID)
		b.same("first", row.first, claimed.Initial)
		b.finish(l, row.state, "")
	}
	_, claimed := b.claim(b.request(b.connection(), domain.PullScope{}).ID)
	b.same("of another connection", true, claimed.Initial)

	_, err := b.Connections.Update(b.ctx, c.Tenant, c.Kind, c.ID, func(c *domain.Connection) error {
		c.Repoint(c.BaseURL, "elsewhere", b.now())
		return nil
	})
	b.ok(err)
	for _, first := range []bool{true, false} {
		l, claimed := b.claim(b.request(c, domain.PullScope{}).ID)
		b.same("after a redirect", first, claimed.Initial)
		b.finish(l, domain.PullSucceeded, "")
	}
}
