package porttest

import (
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// requestPromises are those of pulls that are asked for and looked at.
var requestPromises = []promise{
	{"a request queues a pull as it was asked for", requestQueues},
	{"another tenant's pull or connection is answered like an absent one", pullsKeepTenants},
	{"only a live aggregator connection can be pulled", requestNeedsConnection},
	{"a request merges into the pull that is queued and not begun", requestMerges},
	{"a request never merges into a pull that has begun", requestQueuesBehind},
	{"of many requests at once one pull comes", racingRequests},
	{"a list shows pulls without asks and progress, newest first", pullList},
	{"paging newest first meets every row once while rows come", pullPaging},
	{"a position of another list is Invalid", pullPositions},
}

func (b *bench) pulls(filter ports.PullFilter, limit int, between func()) []domain.Pull {
	b.Helper()
	return walk(b, limit, func(page domain.PageRequest) (domain.Page[domain.Pull], error) {
		return b.Pulls.List(b.ctx, b.tenant, filter, page)
	}, between)
}

func requestQueues(b *bench) {
	c := b.connection()
	at := b.now()
	r := ports.PullRequest{
		ID: newID[domain.Pull](), Trigger: domain.TriggerReconcile, At: at, Trace: trace,
		Scope: domain.PullScope{
			Window:  &domain.Window{From: "2026-01-01"},
			Created: map[string]time.Time{"acc'1": at},
			Changed: map[string][]string{"acc": {"b", "c"}}, Removed: []string{"r", "🏦"}, Signal: domain.SignalRecovered,
		},
	}
	want := domain.Pull{
		ID: r.ID, Tenant: b.tenant, Connection: c.ID, Vendor: c.Vendor, Trigger: r.Trigger,
		State: domain.PullQueued, Scope: r.Scope, CreatedAt: r.At, Trace: trace,
	}
	given, err := b.Pulls.Request(b.ctx, b.tenant, c.ID, r)
	b.ok(err)
	b.same("given", want, given)
	got := b.pull(r.ID)
	b.same("stored", want, got)
	b.utc(got.CreatedAt)
	joined, err := b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{
		ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: b.now(), Trace: "00-another",
	})
	b.ok(err)
	b.same("trace after a request that joins", trace, joined.Trace)
	_, claimed := b.claim(r.ID)
	b.same("trace in the worker's hands", trace, claimed.Pull.Trace)
}

func pullsKeepTenants(b *bench) {
	c := b.connection()
	foreign := newTenant()
	request := func(tenant domain.TenantID, id domain.ConnectionID) error {
		_, err := b.Pulls.Request(b.ctx, tenant, id, ports.PullRequest{
			ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: b.now(),
		})
		return err
	}
	b.alike("Request", request(foreign, c.ID), request(b.tenant, newID[domain.Connection]()))
	pull := b.request(c, domain.PullScope{})
	get := func(tenant domain.TenantID, id domain.PullID) error {
		_, err := b.Pulls.Get(b.ctx, tenant, id)
		return err
	}
	b.alike("Get", get(foreign, pull.ID), get(b.tenant, newID[domain.Pull]()))
	page, err := b.Pulls.List(b.ctx, foreign, ports.PullFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	b.ok(err)
	b.same("List of another tenant", domain.Page[domain.Pull]{}, page)
}

func requestNeedsConnection(b *bench) {
	gone := b.connection()
	b.delete(gone)
	for _, c := range []domain.Connection{gone, b.store(b.freshEngine("engine"))} {
		r := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: b.now()}
		_, err := b.Pulls.Request(b.ctx, b.tenant, c.ID, r)
		b.fails(err, domain.NotFound)
		_, err = b.Pulls.Get(b.ctx, b.tenant, r.ID)
		b.fails(err, domain.NotFound)
	}
}

// requestMerges: the trigger and the time stay those of who asked first.
func requestMerges(b *bench) {
	c := b.connection()
	first := domain.PullScope{Window: &domain.Window{From: "2026-01-05", To: "2026-01-06"}, Removed: []string{"b"}}
	second := domain.PullScope{Window: &domain.Window{From: "2026-01-01", To: "2026-01-05"}, Removed: []string{"a", "b"}, Signal: domain.SignalReauth}
	pull := b.request(c, first)
	merged := b.request(c, second)
	pull.Scope = first.Merge(second)
	b.same("given", pull, merged)
	b.same("stored", pull, b.pull(pull.ID))
	b.same("pulls", 1, len(b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)))
}

func requestQueuesBehind(b *bench) {
	c := b.connection()
	first := b.request(c, domain.PullScope{Removed: []string{"first"}})
	l, _ := b.claim(first.ID)
	second := b.request(c, domain.PullScope{Removed: []string{"second"}})
	if second.ID == first.ID {
		b.Fatal("the request merged into a running pull")
	}
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.same("while the first waits", second.ID, b.request(c, domain.PullScope{}).ID)
	b.same("the first's ask", first.Scope, b.pull(first.ID).Scope)
	b.same("the second's ask", second.Scope, b.pull(second.ID).Scope)
}

// racingRequests asks that no ask is lost where all are merged into one pull at once.
func racingRequests(b *bench) {
	c, token := b.door()
	var mu sync.Mutex
	given := map[domain.PullID]bool{}
	race(24, func(i int) {
		var id domain.PullID
		var err error
		if i%2 == 0 {
			var pull domain.Pull
			pull, err = b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{
				ID: newID[domain.Pull](), Scope: domain.PullScope{Removed: []string{newUUID().String()}}, Trigger: domain.TriggerOperator, At: b.now(),
			})
			id = pull.ID
		} else {
			var got ports.ReceiveResult
			got, err = b.Deliveries.Receive(b.ctx, b.receipt(token, wanted(newUUID().String(), domain.PullScope{Removed: []string{newUUID().String()}})))
			id = got.Delivery.Pull
		}
		if err != nil {
			b.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		given[id] = true
	})
	pulls := b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil)
	if len(pulls) != 1 || len(given) != 1 || !given[pulls[0].ID] {
		b.Fatalf("%d pulls stored and %d given, want one", len(pulls), len(given))
	}
	_, claimed := b.claim(pulls[0].ID)
	b.same("asks that were folded", 24, len(claimed.Pull.Scope.Removed))
}

func pullList(b *bench) {
	c, l := b.running()
	b.ok(b.page(l, ports.PageWrite{Progress: domain.Progress{Planned: true, Steps: []domain.Step{{Account: "a"}}}}))
	behindIt := b.request(c, domain.PullScope{Everything: true})
	other := b.request(b.connection(), domain.PullScope{Everything: true})
	stored := b.pull(l.Pull)
	want := []domain.Pull{behindIt, stored}
	for i := range want {
		want[i].Scope, want[i].Progress = domain.PullScope{}, domain.Progress{}
	}
	b.same("of one connection", want, b.pulls(ports.PullFilter{Connection: c.ID}, 10, nil))
	b.same("of all", []domain.PullID{other.ID, behindIt.ID, l.Pull}, ids(b.pulls(ports.PullFilter{}, 2, nil), pullID))
	b.same("of none", 0, len(b.pulls(ports.PullFilter{Connection: newID[domain.Connection]()}, 10, nil)))
}

// pullPaging has times that tie.
func pullPaging(b *bench) {
	var want []domain.PullID
	at := b.now()
	for i := range 7 {
		c := b.connection()
		pull, err := b.Pulls.Request(b.ctx, b.tenant, c.ID, ports.PullRequest{
			ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: at.Add(time.Duration(i/3) * instant), // the id breaks ties
		})
		b.ok(err)
		want = append(want, pull.ID)
	}
	got := ids(b.pulls(ports.PullFilter{}, 2, func() { b.request(b.connection(), domain.PullScope{}) }), pullID)
	slices.Reverse(want)
	b.same("newest first", want, got)
	page, err := b.Pulls.List(b.ctx, b.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 1})
	b.ok(err)
	newest := page.Items[0]
	b.same("position", domain.Position{Key: domain.TimeKey(newest.CreatedAt), ID: newest.ID.UUID}, page.Next)
}

func pullPositions(b *bench) {
	b.request(b.connection(), domain.PullScope{})
	for _, key := range foreignKeys {
		_, err := b.Pulls.List(b.ctx, b.tenant, ports.PullFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		b.badCursor(key, err)
	}
}
