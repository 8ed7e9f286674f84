package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// replayPromises are those of Deliveries.Replay.
var replayPromises = []promise{
	{"a replayed delivery waits for a new pull", replayQueues},
	{"replayed deliveries join the pull that is queued, never one that has begun", replayJoins},
	{"deliveries of several connections are replayed as one change", replayMany},
	{"what asks for nothing, or cannot be pulled, is passed over", replayPassesOver},
}

// prunePromises are those of Deliveries.Prune.
var prunePromises = []promise{
	{"old deliveries are let go, unless they wait for a pull", pruneOld},
	{"pruning and receiving do not hinder each other", pruneUnderTraffic},
}

func (b *bench) replay(deliveries ...domain.DeliveryID) map[domain.DeliveryID]domain.Delivery {
	b.Helper()
	replayed, err := b.Deliveries.Replay(b.ctx, b.tenant, deliveries, b.now(), newID[domain.Pull])
	b.ok(err)
	byID := map[domain.DeliveryID]domain.Delivery{}
	for _, d := range replayed {
		byID[d.ID] = d
	}
	b.same("rows given twice", len(byID), len(replayed))
	return byID
}

// ended is a delivery whose pull is over.
func (b *bench) ended(token domain.WebhookToken, ask domain.PullScope, state domain.PullState, reason domain.Code) domain.Delivery {
	b.Helper()
	d := b.receive(b.receipt(token, wanted(newUUID().String(), ask))).Delivery
	l, _ := b.claim(d.Pull)
	b.finish(l, state, reason)
	return b.delivery(d.ID)
}

func replayQueues(b *bench) {
	_, token := b.door()
	for _, d := range []domain.Delivery{
		b.ended(token, domain.PullScope{Removed: []string{"x"}}, domain.PullSucceeded, ""),
		b.ended(token, domain.PullScope{Removed: []string{"y"}}, domain.PullFailed, domain.AccessDenied),
	} {
		got := b.replay(d.ID)[d.ID]
		if got.Pull == d.Pull || got.Pull.IsZero() {
			b.Fatalf("pull %v after %v, want a new one", got.Pull, d.Pull)
		}
		want := d
		want.Status, want.Pull, want.ProcessedAt = domain.DeliveryAccepted, got.Pull, time.Time{}
		b.same("stored", want, b.delivery(d.ID))
		b.same("given status", domain.DeliveryAccepted, got.Status)
		pull := b.pull(got.Pull)
		b.same("trigger", domain.TriggerReplay, pull.Trigger)
		b.same("state", domain.PullQueued, pull.State)
		l, claimed := b.claim(got.Pull)
		b.same("what is asked again", d.Scope, claimed.Pull.Scope)
		b.finish(l, domain.PullSucceeded, "")
		b.same("afterwards", domain.DeliveryProcessed, b.delivery(d.ID).Status)
	}
}

// replayJoins moves a delivery away from a pull that runs: when that one ends, the
// delivery is no longer its own.
func replayJoins(b *bench) {
	c, token := b.door()
	done := b.ended(token, domain.PullScope{Everything: true}, domain.PullSucceeded, "")
	running := b.knock(token)
	l, _ := b.claim(running.Pull)
	got := b.replay(done.ID, running.ID, done.ID)
	next := got[done.ID].Pull
	if next == running.Pull || next == done.Pull {
		b.Fatal("a replayed delivery joined a pull that has begun")
	}
	b.same("a delivery whose pull runs", next, got[running.ID].Pull)
	b.same("a new one", next, b.knock(token).Pull)
	b.same("replayed again", next, b.replay(done.ID)[done.ID].Pull)
	b.finish(l, domain.PullSucceeded, "")
	b.same("a delivery that left the pull which ended", domain.DeliveryAccepted, b.delivery(running.ID).Status)
	b.same("pulls", 3, len(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// replayMany gives two deliveries of each connection: they share one new pull.
func replayMany(b *bench) {
	var all []domain.DeliveryID
	for range 3 {
		_, token := b.door()
		for range 2 {
			all = append(all, b.ended(token, domain.PullScope{}, domain.PullSucceeded, "").ID)
		}
	}
	got := b.replay(all...)
	b.same("replayed", len(all), len(got))
	pulls := map[domain.PullID]bool{}
	for i, id := range all {
		pulls[got[id].Pull] = true
		b.same("pulls so far", i/2+1, len(pulls))
	}
	b.same("replaying nothing", 0, len(b.replay()))
}

func replayPassesOver(b *bench) {
	_, token := b.door()
	ignored := b.receive(b.receipt(token, domain.WebhookEvent{Name: "item/seen", DedupKey: "ignored"})).Delivery
	r := b.receipt(token, domain.WebhookEvent{})
	r.Unreadable = true
	unreadable := b.receive(r).Delivery
	gone, orphanToken := b.door()
	orphan := b.ended(orphanToken, domain.PullScope{Everything: true}, domain.PullSucceeded, "")
	b.delete(gone)
	good := b.ended(token, domain.PullScope{}, domain.PullSucceeded, "")
	got := b.replay(ignored.ID, unreadable.ID, orphan.ID, newID[domain.Delivery](), good.ID)
	b.same("replayed", 1, len(got))
	b.same("the good one", domain.DeliveryAccepted, got[good.ID].Status)
	b.same("the ignored one", domain.DeliveryIgnored, b.delivery(ignored.ID).Status)
	b.same("the unreadable one", domain.DeliveryUnreadable, b.delivery(unreadable.ID).Status)
	b.same("the deleted connection's", orphan, b.delivery(orphan.ID))
}

// prune runs rounds until nothing is left to prune.
func (b *bench) prune(before time.Time, limit int) (pruned int) {
	b.Helper()
	for {
		n, err := b.Deliveries.Prune(b.ctx, before, limit)
		b.ok(err)
		if n > limit {
			b.Fatalf("%d deliveries pruned, limit %d", n, limit)
		}
		if n == 0 {
			return pruned
		}
		pruned += n
	}
}

// longAgo is a time that only what is to be pruned or waited for plays in.
var longAgo = time.Date(2001, time.May, 1, 0, 0, 0, 0, time.UTC)

// pruneOld plays in a year of its own, because pruning sees every tenant's rows.
func pruneOld(b *bench) {
	_, token := b.door()
	at := func(days int, key string, useful bool) domain.Delivery {
		r := b.receipt(token, wanted(key, domain.PullScope{}))
		r.At, r.Event.WantsPull = longAgo.AddDate(0, 0, days), useful
		return b.receive(r).Delivery
	}
	old := []domain.Delivery{at(0, "ignored", false), at(1, "processed", true)}
	l, _ := b.claim(old[1].Pull)
	b.finish(l, domain.PullSucceeded, "")
	old = append(old, at(2, "failed", true))
	l, _ = b.claim(old[2].Pull)
	waitsForRunning := at(3, "running", true)
	b.finish(l, domain.PullFailed, domain.AccessDenied)
	l, _ = b.claim(waitsForRunning.Pull)
	waitsForQueued, young := at(4, "queued", true), at(9, "young", false)
	if n := b.prune(young.ReceivedAt, 2); n < len(old) {
		b.Errorf("%d deliveries pruned, want %d or more", n, len(old))
	}
	for _, d := range old {
		_, err := b.Deliveries.Get(b.ctx, b.tenant, d.ID)
		b.fails(err, domain.NotFound)
	}
	for _, d := range []domain.Delivery{waitsForRunning, waitsForQueued, young} {
		b.delivery(d.ID)
	}
	b.finish(l, domain.PullSucceeded, "")
	b.same("a pruned event again", false, b.receive(b.receipt(token, wanted("ignored", domain.PullScope{}))).Duplicate)
}

// pruneUnderTraffic cannot see a lock, but it sees a deadlock.
func pruneUnderTraffic(b *bench) {
	_, token := b.door()
	race(16, func(i int) {
		if i%4 == 0 {
			if _, err := b.Deliveries.Prune(b.ctx, longAgo, 10); err != nil {
				b.Error(err)
			}
			return
		}
		if _, err := b.Deliveries.Receive(b.ctx, b.receipt(token, wanted(newUUID().String(), domain.PullScope{}))); err != nil {
			b.Error(err)
		}
	})
	b.same("deliveries", 12, len(b.deliveries(ports.DeliveryFilter{}, 10, nil)))
}
