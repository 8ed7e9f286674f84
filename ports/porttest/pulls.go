package porttest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// requestTests check how pulls are requested and read.
var requestTests = []storeTest{
	{"a request queues a pull with its scope, trigger and trace", requestQueues},
	{"another tenant's pull or connection is not found, like an absent one", pullsAreTenantScoped},
	{"only an aggregator connection that is not deleted can be pulled", requestNeedsConnection},
	{"a request merges into the queued pull that has not started", requestMerges},
	{"a request never merges into a pull that has started", requestDoesNotMergeIntoStarted},
	{"concurrent requests create one pull", concurrentRequests},
	{"a list omits scopes and progress of pulls, newest first", pullList},
	{"paging newest first returns every row once while rows are added", pullPaging},
	{"a position of another list is Invalid", pullPositions},
	{"a list of pulls is filtered by state, with and without a connection", pullStates},
}

func (f *fixture) listPulls(filter ports.PullFilter, limit int, between func()) []domain.Pull {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.Pull], error) {
		return f.Pulls.List(f.ctx, f.tenant, filter, page)
	}, between)
}

func requestQueues(f *fixture) {
	c := f.createConnection()
	at := f.now()
	r := ports.PullRequest{
		ID: newID[domain.Pull](), Trigger: domain.TriggerReconcile, At: at, Trace: trace,
		Scope: domain.PullScope{
			Window:  &domain.Window{From: "2026-01-01"},
			Created: map[string]time.Time{"acc'1": at},
			Changed: map[string][]string{"acc": {"b", "c"}}, Removed: []string{"r", "🏦"},
			Signal: domain.SignalRecovered,
		},
	}
	want := domain.Pull{
		ID: r.ID, Tenant: f.tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: r.Trigger,
		State: domain.PullQueued, Scope: r.Scope, CreatedAt: r.At, Trace: trace,
	}
	returned, err := f.Pulls.Request(f.ctx, f.tenant, c.ID, r, nil)
	f.noError(err)
	f.equal("returned", want, returned)
	got := f.getPull(r.ID)
	f.equal("stored", want, got)
	f.inUTC(got.CreatedAt)
	joined, err := f.Pulls.Request(f.ctx, f.tenant, c.ID, ports.PullRequest{
		ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now(), Trace: "00-another",
	}, nil)
	f.noError(err)
	f.equal("trace after a request that merges", trace, joined.Trace)
	_, claimed := f.claim(r.ID)
	f.equal("trace of the claimed pull", trace, claimed.Pull.Trace)
}

func pullsAreTenantScoped(f *fixture) {
	c := f.createConnection()
	foreign := newTenant()
	request := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := f.Pulls.Request(f.ctx, tenant, id, ports.PullRequest{
			ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now(),
		}, nil)
		return err
	}
	f.sameNotFound("Request", request(foreign, c.ID), request(f.tenant, newID[domain.Connection]()))
	pull := f.requestPull(c, domain.PullScope{})
	get := func(tenant domain.TenantID, id domain.PullID) error {
		_, err := f.Pulls.Get(f.ctx, tenant, id)
		return err
	}
	f.sameNotFound("Get", get(foreign, pull.ID), get(f.tenant, newID[domain.Pull]()))
	page, err := f.Pulls.List(f.ctx, foreign, ports.PullFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("List of another tenant", domain.Page[domain.Pull]{}, page)
}

func requestNeedsConnection(f *fixture) {
	deleted := f.createConnection()
	f.deleteConnection(deleted)
	for _, c := range []domain.Connection{deleted, f.createStored(f.newEngine("engine"))} {
		r := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()}
		_, err := f.Pulls.Request(f.ctx, f.tenant, c.ID, r, nil)
		f.errorIs(err, domain.NotFound)
		_, err = f.Pulls.Get(f.ctx, f.tenant, r.ID)
		f.errorIs(err, domain.NotFound)
	}
}

// requestMerges checks that a second request adds its scope to the queued pull. The pull keeps the trigger
// and the time of the first request.
func requestMerges(f *fixture) {
	c := f.createConnection()
	first := domain.PullScope{Window: &domain.Window{From: "2026-01-05", To: "2026-01-06"}, Removed: []string{"b"}}
	second := domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-05"},
		Removed: []string{"a", "b"}, Signal: domain.SignalReauth}
	pull := f.requestPull(c, first)
	merged := f.requestPull(c, second)
	pull.Scope = first.Merge(second)
	f.equal("returned", pull, merged)
	f.equal("stored", pull, f.getPull(pull.ID))
	f.equal("pulls", 1, len(f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

func requestDoesNotMergeIntoStarted(f *fixture) {
	c := f.createConnection()
	first := f.requestPull(c, domain.PullScope{Removed: []string{"first"}})
	l, _ := f.claim(first.ID)
	second := f.requestPull(c, domain.PullScope{Removed: []string{"second"}})
	if second.ID == first.ID {
		f.Fatal("the request merged into a running pull")
	}
	f.finish(l, domain.PullQueued, domain.VendorUnreachable)
	f.equal("while the first waits", second.ID, f.requestPull(c, domain.PullScope{}).ID)
	f.equal("the first's scope", first.Scope, f.getPull(first.ID).Scope)
	f.equal("the second's scope", second.Scope, f.getPull(second.ID).Scope)
}

// concurrentRequests checks that no scope is lost if many requests and events merge into one pull
// concurrently.
func concurrentRequests(f *fixture) {
	c, token := f.connectionWithToken()
	var mu sync.Mutex
	returned := map[domain.PullID]bool{}
	concurrently(24, func(i int) {
		var id domain.PullID
		var err error
		if i%2 == 0 {
			var pull domain.Pull
			pull, err = f.Pulls.Request(f.ctx, f.tenant, c.ID, ports.PullRequest{
				ID: newID[domain.Pull](), Scope: domain.PullScope{Removed: []string{newUUID().String()}},
				Trigger: domain.TriggerOperator, At: f.now(),
			}, nil)
			id = pull.ID
		} else {
			var got ports.ReceiveResult
			got, err = f.Deliveries.Receive(f.ctx,
				f.incoming(token, wantedEvent(newUUID().String(),
					domain.PullScope{Removed: []string{newUUID().String()}})))
			id = got.Delivery.Pull
		}
		if err != nil {
			f.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		returned[id] = true
	})
	pulls := f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil)
	if len(pulls) != 1 || len(returned) != 1 || !returned[pulls[0].ID] {
		f.Fatalf("%d pulls stored and %d returned, want one", len(pulls), len(returned))
	}
	_, claimed := f.claim(pulls[0].ID)
	f.equal("scopes that were merged", 24, len(claimed.Pull.Scope.Removed))
}

func pullList(f *fixture) {
	c, l := f.runningPull()
	f.noError(f.storePage(l, ports.PageWrite{Progress: domain.Progress{Planned: true,
		Steps: []domain.Step{{Account: "a"}}}}))
	behindIt := f.requestPull(c, domain.PullScope{Everything: true})
	other := f.requestPull(f.createConnection(), domain.PullScope{Everything: true})
	stored := f.getPull(l.Pull)
	want := []domain.Pull{behindIt, stored}
	for i := range want {
		want[i].Scope, want[i].Progress = domain.PullScope{}, domain.Progress{}
	}
	f.equal("of one connection", want, f.listPulls(ports.PullFilter{Connection: c.ID}, 10, nil))
	f.equal("of all", []domain.PullID{other.ID, behindIt.ID, l.Pull},
		ids(f.listPulls(ports.PullFilter{}, 2, nil), pullID))
	f.equal("of none", 0, len(f.listPulls(ports.PullFilter{Connection: newID[domain.Connection]()}, 10, nil)))
}

// pullPaging checks paging when several pulls have the same time.
func pullPaging(f *fixture) {
	var want []domain.PullID
	at := f.now()
	for i := range 7 {
		c := f.createConnection()
		pull, err := f.Pulls.Request(f.ctx, f.tenant, c.ID, ports.PullRequest{
			ID: newID[domain.Pull](), Trigger: domain.TriggerOperator,
			At: at.Add(time.Duration(i/3) * timeResolution), // equal times; the id breaks ties
		}, nil)
		f.noError(err)
		want = append(want, pull.ID)
	}
	got := ids(f.listPulls(ports.PullFilter{}, 2,
		func() { f.requestPull(f.createConnection(), domain.PullScope{}) }), pullID)
	slices.Reverse(want)
	f.equal("newest first", want, got)
	page, err := f.Pulls.List(f.ctx, f.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 1})
	f.noError(err)
	newest := page.Items[0]
	f.equal("position", domain.Position{Key: domain.TimeKey(newest.CreatedAt), ID: newest.ID.UUID}, page.Next)
}

func pullPositions(f *fixture) {
	f.requestPull(f.createConnection(), domain.PullScope{})
	for _, key := range foreignKeys {
		_, err := f.Pulls.List(f.ctx, f.tenant, ports.PullFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		f.invalidCursor(key, err)
	}
}

// pullStates checks that pulls can be listed by state. A pull that waits for its next attempt must be listed as queued.
func pullStates(f *fixture) {
	queued := f.requestPull(f.createConnection(), domain.PullScope{})
	_, running := f.runningPull()
	_, waiting := f.runningPull()
	f.finish(waiting, domain.PullQueued, domain.VendorUnreachable)
	c, succeeded := f.runningPull()
	f.finish(succeeded, domain.PullSucceeded, "")
	failed, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	f.finish(failed, domain.PullFailed, domain.CredentialRejected)
	f.requestPull(c, domain.PullScope{})
	f.equal("queued", 3, len(f.listPulls(ports.PullFilter{State: domain.PullQueued}, 2, nil)))
	for _, tc := range []struct {
		filter ports.PullFilter
		want   []domain.PullID
	}{
		{ports.PullFilter{State: domain.PullQueued, Connection: queued.Connection}, []domain.PullID{queued.ID}},
		{ports.PullFilter{State: domain.PullRunning}, []domain.PullID{running.Pull}},
		{ports.PullFilter{State: domain.PullRunning, Connection: c.ID}, []domain.PullID{}},
		{ports.PullFilter{State: domain.PullSucceeded}, []domain.PullID{succeeded.Pull}},
		{ports.PullFilter{State: domain.PullFailed}, []domain.PullID{failed.Pull}},
		{ports.PullFilter{State: domain.PullFailed, Connection: c.ID}, []domain.PullID{failed.Pull}},
		{ports.PullFilter{State: domain.PullFailed, Connection: queued.Connection}, []domain.PullID{}},
	} {
		f.equal(fmt.Sprintf("%+v", tc.filter), tc.want, ids(f.listPulls(tc.filter, 1, nil), pullID))
	}
	page, err := f.Pulls.List(
		f.ctx,
		newTenant(),
		ports.PullFilter{State: domain.PullFailed},
		domain.PageRequest{Limit: 9},
	)
	f.noError(err)
	f.equal("failed pulls of another tenant", 0, len(page.Items))
}
