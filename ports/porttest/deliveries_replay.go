package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// replayTests check Deliveries.Replay.
var replayTests = []storeTest{
	{"a replayed delivery gets a new pull", replayQueues},
	{"replayed deliveries join the queued pull, never one that has started", replayJoins},
	{"deliveries of several connections are replayed in one transaction", replayOfSeveralConnections},
	{"deliveries that want no pull, or cannot be pulled, are skipped", replaySkipsUnpullable},
}

// pruneTests check Deliveries.Prune.
var pruneTests = []storeTest{
	{"old deliveries are pruned, unless they wait for a pull", pruneRemovesOldDeliveries},
	{"pruning and receiving do not deadlock", pruneWhileReceiving},
}

func (f *fixture) replay(deliveries ...domain.DeliveryID) map[domain.DeliveryID]domain.Delivery {
	f.Helper()
	replayed, err := f.Deliveries.Replay(f.ctx, f.tenant, deliveries, f.now(), nil, newID[domain.Pull])
	f.noError(err)
	byID := map[domain.DeliveryID]domain.Delivery{}
	for _, d := range replayed {
		byID[d.ID] = d
	}
	f.equal("rows returned twice", len(byID), len(replayed))
	return byID
}

// finishedDelivery returns a delivery whose pull has finished with the given state and reason.
func (f *fixture) finishedDelivery(token domain.WebhookToken, scope domain.PullScope, state domain.PullState,
	reason domain.Code) domain.Delivery {
	f.Helper()
	d := f.receive(f.incoming(token, wantedEvent(newUUID().String(), scope))).Delivery
	l, _ := f.claim(d.Pull)
	f.finish(l, state, reason)
	return f.getDelivery(d.ID)
}

func replayQueues(f *fixture) {
	_, token := f.connectionWithToken()
	for _, d := range []domain.Delivery{
		f.finishedDelivery(token, domain.PullScope{Removed: []string{"x"}}, domain.PullSucceeded, ""),
		f.finishedDelivery(token, domain.PullScope{Everything: true}, domain.PullSucceeded, ""),
		f.finishedDelivery(token, domain.PullScope{Removed: []string{"y"}}, domain.PullFailed, domain.AccessDenied),
	} {
		got := f.replay(d.ID)[d.ID]
		if got.Pull == d.Pull || got.Pull.IsZero() {
			f.Fatalf("pull %v after %v, want a new one", got.Pull, d.Pull)
		}
		want := d
		want.Status, want.Pull, want.ProcessedAt = domain.DeliveryAccepted, got.Pull, time.Time{}
		if d.Status == domain.DeliveryProcessed { // the pull has applied the removal; the replay must not repeat it
			want.Scope = domain.PullScope{Everything: true}
		}
		f.equal("stored", want, f.getDelivery(d.ID))
		f.equal("returned status", domain.DeliveryAccepted, got.Status)
		pull := f.getPull(got.Pull)
		f.equal("trigger", domain.TriggerReplay, pull.Trigger)
		f.equal("state", domain.PullQueued, pull.State)
		l, claimed := f.claim(got.Pull)
		f.equal("the scope that is pulled again", want.Scope, claimed.Pull.Scope)
		f.finish(l, domain.PullSucceeded, "")
		f.equal("afterwards", domain.DeliveryProcessed, f.getDelivery(d.ID).Status)
	}
}

// replayJoins replays deliveries while a pull is running. They must be attached to the next pull. One of these
// deliveries was attached to the running pull before. Its status must not change when the running pull ends.
func replayJoins(f *fixture) {
	c, token := f.connectionWithToken()
	done := f.finishedDelivery(token, domain.PullScope{Everything: true}, domain.PullSucceeded, "")
	running := f.receiveWanted(token)
	l, _ := f.claim(running.Pull)
	got := f.replay(done.ID, running.ID, done.ID)
	next := got[done.ID].Pull
	if next == running.Pull || next == done.Pull {
		f.Fatal("a replayed delivery joined a pull that has started")
	}
	f.equal("a delivery whose pull runs", next, got[running.ID].Pull)
	f.equal("a new delivery", next, f.receiveWanted(token).Pull)
	f.equal("replayed again", next, f.replay(done.ID)[done.ID].Pull)
	f.finish(l, domain.PullSucceeded, "")
	f.equal("a delivery that left the pull before it ended", domain.DeliveryAccepted, f.getDelivery(running.ID).Status)
	f.equal("pulls", 3, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

// replayOfSeveralConnections replays two deliveries of each of several connections. It checks that
// deliveries of the same connection share one new pull.
func replayOfSeveralConnections(f *fixture) {
	var all []domain.DeliveryID
	for range 3 {
		_, token := f.connectionWithToken()
		for range 2 {
			all = append(all, f.finishedDelivery(token, domain.PullScope{}, domain.PullSucceeded, "").ID)
		}
	}
	got := f.replay(all...)
	f.equal("replayed", len(all), len(got))
	pulls := map[domain.PullID]bool{}
	for i, id := range all {
		pulls[got[id].Pull] = true
		f.equal("pulls so far", i/2+1, len(pulls))
	}
	f.equal("replaying nothing", 0, len(f.replay()))
}

func replaySkipsUnpullable(f *fixture) {
	_, token := f.connectionWithToken()
	ignored := f.receive(f.incoming(token, domain.WebhookEvent{Name: "item/seen", DedupKey: "ignored"})).Delivery
	r := f.incoming(token, domain.WebhookEvent{})
	r.Unreadable = true
	unreadable := f.receive(r).Delivery
	deleted, orphanToken := f.connectionWithToken()
	orphan := f.finishedDelivery(orphanToken, domain.PullScope{Everything: true}, domain.PullSucceeded, "")
	f.deleteConnection(deleted)
	good := f.finishedDelivery(token, domain.PullScope{}, domain.PullSucceeded, "")
	got := f.replay(ignored.ID, unreadable.ID, orphan.ID, newID[domain.Delivery](), good.ID)
	f.equal("replayed", 1, len(got))
	f.equal("the replayable one", domain.DeliveryAccepted, got[good.ID].Status)
	f.equal("the ignored one", domain.DeliveryIgnored, f.getDelivery(ignored.ID).Status)
	f.equal("the unreadable one", domain.DeliveryUnreadable, f.getDelivery(unreadable.ID).Status)
	f.equal("the deleted connection's", orphan, f.getDelivery(orphan.ID))
}

// prune calls Prune until there are no rows left to prune, and returns the number of pruned
// deliveries.
func (f *fixture) prune(before time.Time, limit int) (pruned int) {
	f.Helper()
	for {
		n, err := f.Deliveries.Prune(f.ctx, before, limit)
		f.noError(err)
		if n > limit {
			f.Fatalf("%d deliveries pruned, limit %d", n, limit)
		}
		if n == 0 {
			return pruned
		}
		pruned += n
	}
}

// longAgo is a time before the deliveries of all other tests. It is used to test methods that see the rows of every
// tenant.
var longAgo = time.Date(2001, time.May, 1, 0, 0, 0, 0, time.UTC)

// pruneRemovesOldDeliveries uses deliveries from the year of longAgo. Prune sees the deliveries of every
// tenant, and must not delete those of other tests.
func pruneRemovesOldDeliveries(f *fixture) {
	_, token := f.connectionWithToken()
	at := func(days int, key string, useful bool) domain.Delivery {
		r := f.incoming(token, wantedEvent(key, domain.PullScope{}))
		r.At, r.Event.WantsPull = longAgo.AddDate(0, 0, days), useful
		return f.receive(r).Delivery
	}
	old := []domain.Delivery{at(0, "ignored", false), at(1, "processed", true)}
	l, _ := f.claim(old[1].Pull)
	f.finish(l, domain.PullSucceeded, "")
	old = append(old, at(2, "failed", true))
	l, _ = f.claim(old[2].Pull)
	waitsForRunning := at(3, "running", true)
	f.finish(l, domain.PullFailed, domain.AccessDenied)
	l, _ = f.claim(waitsForRunning.Pull)
	waitsForQueued, young := at(4, "queued", true), at(9, "young", false)
	if n := f.prune(young.ReceivedAt, 2); n < len(old) {
		f.Errorf("%d deliveries pruned, want %d or more", n, len(old))
	}
	for _, d := range old {
		_, err := f.Deliveries.Get(f.ctx, f.tenant, d.ID)
		f.errorIs(err, domain.NotFound)
	}
	for _, d := range []domain.Delivery{waitsForRunning, waitsForQueued, young} {
		f.getDelivery(d.ID)
	}
	f.finish(l, domain.PullSucceeded, "")
	f.equal("a pruned event again", false,
		f.receive(f.incoming(token, wantedEvent("ignored", domain.PullScope{}))).Duplicate)
}

// pruneWhileReceiving checks that Prune and Receive do not deadlock. It does not check whether one of them
// waits for the other.
func pruneWhileReceiving(f *fixture) {
	_, token := f.connectionWithToken()
	concurrently(16, func(i int) {
		if i%4 == 0 {
			if _, err := f.Deliveries.Prune(f.ctx, longAgo, 10); err != nil {
				f.Error(err)
			}
			return
		}
		if _, err := f.Deliveries.Receive(f.ctx,
			f.incoming(token, wantedEvent(newUUID().String(), domain.PullScope{}))); err != nil {
			f.Error(err)
		}
	})
	f.equal("deliveries", 12, len(f.listDeliveries(ports.DeliveryFilter{}, 10, nil)))
}
