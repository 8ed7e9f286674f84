package porttest

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pauseTests check that no pull of a paused connection starts, and that none is lost.
var pauseTests = []storeTest{
	{"a pause is stored and listed, and a resume ends it", pauseIsStored},
	{"no pull of a paused connection is requested or claimed", pausedRefusesPulls},
	{"a webhook of a paused connection is stored, and its pull runs after the resume", pausedStoresWebhooks},
	{"maintenance omits paused connections and their pulls", maintenanceOmitsPaused},
	{"announced removals of a paused connection wait", pausedRemovalsWait},
	{"a paused connection can be deleted, which fails its pulls", pausedIsDeleted},
}

// setPaused pauses or resumes the connection and returns it.
func (f *fixture) setPaused(c domain.Connection, paused bool) domain.Connection {
	f.Helper()
	at := f.now()
	changed, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		if c.Resume(); paused {
			c.Pause(at)
		}
		return nil
	})
	f.noError(err)
	f.equal("paused", paused, changed.Paused())
	return changed
}

// refusedAsPaused ends the test unless the error is Conflict (connection_paused).
func (f *fixture) refusedAsPaused(err error) {
	f.Helper()
	f.errorIs(err, domain.Conflict)
	f.errorIs(err, domain.ConnectionPaused)
}

func pauseIsStored(f *fixture) {
	c := f.setPaused(f.createConnection(), true)
	f.inUTC(c.PausedAt)
	f.equal("Get", c, f.getConnection(c))
	bare := c
	bare.Sealed = nil
	f.equal("List", []domain.Connection{bare}, f.listConnections(ports.ConnectionFilter{}, 10, nil))
	c = f.setPaused(c, false)
	f.equal("after the resume", c, f.getConnection(c))
}

func pausedRefusesPulls(f *fixture) {
	c := f.createConnection()
	queued := f.requestPull(c, domain.PullScope{Everything: true})
	running, l := f.runningPull()
	f.setPaused(c, true)
	f.setPaused(running, true)
	at := longAfter(f.now())
	for _, id := range []domain.PullID{queued.ID, l.Pull} {
		before := f.getPull(id)
		_, err := f.Pulls.Claim(f.ctx, newLease(id, at), at)
		f.refusedAsPaused(err)
		f.equal("after the refused claim", before, f.getPull(id))
	}
	request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()}
	_, err := f.Pulls.Request(f.ctx, c.Tenant, c.ID, request, nil)
	f.refusedAsPaused(err)
	_, err = f.Pulls.Get(f.ctx, c.Tenant, request.ID)
	f.errorIs(err, domain.NotFound)

	f.finish(l, domain.PullQueued, domain.ConnectionPaused) // the worker of a running pull can still end its attempt
	f.setPaused(c, false)
	f.setPaused(running, false)
	_, claimed := f.claimAt(queued.ID, at)
	f.equal("scope", true, claimed.Pull.Scope.Everything)
	f.claimAt(l.Pull, at)
}

func pausedStoresWebhooks(f *fixture) {
	c, token := f.connectionWithToken()
	f.setPaused(c, true)
	scopes := []domain.PullScope{
		{Changed: map[string][]string{"acc": {"a"}}},
		{Changed: map[string][]string{"acc": {"b"}}},
	}
	first := f.receive(f.incoming(token, wantedEvent("1", scopes[0]))).Delivery
	second := f.receive(f.incoming(token, wantedEvent("2", scopes[1]))).Delivery
	f.equal("status", domain.DeliveryAccepted, f.getDelivery(second.ID).Status)
	f.equal("one pull for both", first.Pull, second.Pull)
	_, err := f.Pulls.Claim(f.ctx, newLease(first.Pull, f.now()), f.now())
	f.refusedAsPaused(err)
	f.setPaused(c, false)
	_, claimed := f.claim(first.Pull)
	f.equal("scope", domain.MergeScopes(scopes).Changed, claimed.Pull.Scope.Changed)
}

func maintenanceOmitsPaused(f *fixture) {
	c, idle := f.createConnection(), f.createConnection()
	pull := f.oldPull(c)
	at := longAfter(f.now())
	wantListed := func(want bool) {
		f.Helper()
		f.equal("stuck", want, f.isStuck(pull.ID, at, 0))
		f.equal("waiting", want, len(f.waitingOf(at, nil, pull.ID)) > 0)
		f.equal("due for reconciliation", want, f.isDueForReconcile(idle, at))
		oldest, err := f.Pulls.OldestOpen(f.ctx)
		f.noError(err)
		if want && oldest.After(pull.CreatedAt) || !want && oldest.Equal(pull.CreatedAt) {
			f.Errorf("OldestOpen is %v; the pull of %v must count: %t", oldest, pull.CreatedAt, want)
		}
	}
	wantListed(true)
	f.setPaused(c, true)
	f.setPaused(idle, true)
	wantListed(false)
	f.setPaused(c, false)
	f.setPaused(idle, false)
	wantListed(true)
}

func pausedRemovalsWait(f *fixture) {
	c, queued := f.blockedPull()
	f.setPaused(c, true)
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, queued, f.now(), withoutMatching)
	f.noError(err)
	f.equal("blocked", false, blocked)
	f.equal("the row", 1, f.getRow(c, "1").Version)
	f.setPaused(c, false)
	blocked, err = f.Pulls.RemoveAnnounced(f.ctx, queued, f.now(), withoutMatching)
	f.noError(err)
	f.equal("blocked after the resume", true, blocked)
	f.equal("the row after the resume", domain.Removed, f.getRow(c, "1").Change())
}

func pausedIsDeleted(f *fixture) {
	c, token := f.connectionWithToken()
	d := f.receiveWanted(token)
	f.deleteConnection(f.setPaused(c, true))
	f.equal("state", domain.PullFailed, f.getPull(d.Pull).State)
	f.equal("delivery", domain.DeliveryFailed, f.getDelivery(d.ID).Status)

	c, l := f.runningPull()
	f.deleteConnection(f.setPaused(c, true))
	f.equal("a running pull is stuck after its lease", true, f.isStuck(l.Pull, l.Until.Add(timeResolution), 0))
	_, err := f.Pulls.Claim(f.ctx, newLease(l.Pull, longAfter(l.Until)), longAfter(l.Until))
	f.errorIs(err, domain.NotFound)
	f.equal("the running pull", domain.PullFailed, f.getPull(l.Pull).State)
}
