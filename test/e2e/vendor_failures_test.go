package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// passing contains temporary failures of a vendor, by name. The field class is the error class that the pull must
// report until a retry succeeds; "" means that no class is checked. The 503 of a gateway is sent three times, because
// the client repeats such a request twice within an attempt.
var passing = map[string]struct {
	fault
	class string
}{
	"the vendor's budget is used up": {fault{kind: "status", status: 429, retryAfter: "1"}, "vendor_rate_limited"},
	"an error of the vendor":         {fault{kind: "status", status: 500}, "vendor_unreachable"},
	"a gateway":                      {fault{kind: "status", status: 503, times: 3}, "vendor_unreachable"},
	"a truncated response":           {fault{kind: "cut", times: 3}, ""},
	"a page of HTML":                 {fault{kind: "html"}, "malformed_response"},
	"other types":                    {fault{kind: "types"}, "malformed_response"},
	"a redirect":                     {fault{kind: "redirect"}, ""},
	"silence":                        {fault{kind: "hang"}, "vendor_unreachable"},
	"a cursor that goes in circles":  {fault{kind: "endless", times: 12}, ""},
}

func TestTemporaryVendorFailuresAreRetried(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		type failingBank struct {
			bank
			id, hook, class string
		}
		affected := map[string]failingBank{}
		for name, c := range passing {
			for _, b := range banks(t) {
				c.path = b.rowsPath()
				b.inject(t, c.fault)
				title := b.vendor() + " " + name
				id := o.connect(b, title)
				affected[title] = failingBank{b, id, o.mint(b, title), c.class}
			}
		}
		for _, p := range affected {
			o.announce(p.bank, p.hook, "all")
		}
		for title, p := range affected {
			seen := ""
			eventually(t, "the visible failure of "+title, func() bool {
				pull := o.pages(pathOf(p.id, "/pulls"), 1)[0]
				seen = text(pull, "lastError")
				return seen != "" || pull["status"] == "succeeded"
			})
			if p.class != "" && seen != p.class && seen != "" {
				t.Errorf("%s shows as %q, want %q", title, seen, p.class)
			}
			pulls := o.waitForSuccess(p.id)
			if attempts, _ := pulls[0]["attempts"].(float64); len(pulls) != 1 || attempts < 2 {
				t.Errorf(
					"%s: %d pulls, the first of %v attempts: the failure had no effect",
					title,
					len(pulls),
					attempts,
				)
			}
			o.checkRows(p.bank, p.id)
			for external, row := range o.rows(p.id) {
				if row["version"] != 1.0 {
					t.Errorf("%s made version %v of %s", title, row["version"], external)
				}
			}
		}
	})
}

func TestARejectedCredentialFailsVisibly(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		o.checkHealth(id, "healthy", "", false)
		b.revoke()
		o.announce(b, hook, "all")
		pull := o.waitForPulls(id)[0]
		if pull["status"] != "failed" || pull["lastError"] != "credential_rejected" || pull["attempts"] != 1.0 {
			t.Errorf("the pull ended as %v", pull)
		}
		o.checkHealth(id, "unhealthy", "credential_rejected", true)
		if list := o.pages(connections+"?health=unhealthy", 20); len(list) != 1 || list[0]["id"] != id {
			t.Errorf("the unhealthy ones are %v", list)
		}
		kept := o.pages(deliveries+"?status=failed", 20)
		if len(kept) != 1 || kept[0]["pullId"] != pull["id"] {
			t.Errorf("the failed deliveries are %v", kept)
		}
		b.grant()
		if again := o.pull(id, nil); again["status"] != "succeeded" {
			t.Errorf("with the credential granted again it ended as %v", again)
		}
		o.checkHealth(id, "healthy", "", false)
		o.checkRows(b, id)
	})
}

// checkHealth checks the health that the service reports for a connection.
func (o operator) checkHealth(id, health, reason string, reauth bool) {
	o.t.Helper()
	got := o.get(pathOf(id, "/health")).want(200).json()
	if got["health"] != health || text(got, "reason") != reason || got["needsReauth"] != reauth {
		o.t.Errorf("health says %v, want %s %q, reauth %v", got, health, reason, reauth)
	}
}

func TestWebhooksDuringAPullAreProcessed(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		entered, release := b.gate().hold(b.rowsPath())
		defer release()
		o.announce(b, hook, "all")
		<-entered
		const copies = 50
		var all sync.WaitGroup
		for range copies {
			body := b.payload(t, "created", b.add(t))
			all.Go(func() { o.deliver(b, hook, body) })
		}
		all.Wait()
		release()
		// Two pulls are expected: one before the webhooks and one for all of them. On a slow machine, the
		// blocked request of the first pull may have timed out and been retried.
		if pulls := o.waitForSuccess(id); len(pulls) != 2 && pulls[len(pulls)-1]["attempts"] == 1.0 {
			t.Errorf("%d webhooks caused %d pulls, want 2", copies+1, len(pulls))
		}
		o.checkRows(b, id)
		if kept := o.pages(deliveries+"?status=processed&connectionId="+id, 200); len(kept) != copies+1 {
			t.Errorf("%d of %d deliveries are processed", len(kept), copies+1)
		}
		if most := b.gate().most(); most != 1 {
			t.Errorf("one connection sent %d requests at once", most)
		}
	})
}

func TestManyConnectionsArePulledAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const many = 3
		o := w.operator(t)
		var all []func()
		for i := range many {
			for _, b := range banks(t) {
				name := fmt.Sprint(b.vendor(), i)
				id := o.connect(b, name)
				entered, release := b.gate().hold(b.rowsPath())
				t.Cleanup(release)
				o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
				<-entered // this pull runs, although the earlier pulls are still blocked
				all = append(all, func() { release(); o.waitForSuccess(id); o.checkRows(b, id) })
			}
		}
		for _, end := range all {
			end()
		}
	})
}

// failingPulls is a pull store that fails to write one page.
type failingPulls struct {
	ports.Pulls
	left    *atomic.Int64 // pages of rows until the failure: StorePage fails when it becomes 0
	failure error
}

func (b failingPulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	if len(w.Transactions) > 0 && b.left.Add(-1) == 0 {
		return domain.Counts{}, b.failure
	}
	return b.Pulls.StorePage(ctx, lease, w)
}

// failOnPage returns a change that makes the store fail with the given error (failure) when it stores the nth page of
// rows.
func failOnPage(n int64, failure error) change {
	return func(s *setup) {
		s.over.Wrap = func(stores *composedStores) {
			var left atomic.Int64
			left.Store(n)
			stores.Pulls = failingPulls{stores.Pulls, &left, failure}
		}
	}
}

func TestAPullContinuesAfterACrash(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t, smallPages)
		b.generate(t, 40)
		o, id, _ := connectAndAnnounce(t, w, b)
		pull := o.waitForPulls(id)[0]
		if pull["status"] != "succeeded" || pull["attempts"] != 2.0 {
			t.Errorf("it continued as %v", pull)
		}
		o.checkRows(b, id)
		for external, row := range o.rows(id) {
			if row["version"] != 1.0 {
				t.Errorf("%s was written %v times", external, row["version"])
			}
		}
		counts, _ := pull["counts"].(object)
		if n := float64(len(b.truth(t))); counts["added"] != n || counts["unchanged"] == 0.0 {
			t.Errorf("of %v rows it counts %v", n, counts)
		}
	}, failOnPage(4, errors.New("crash")))
}

// connectAndAnnounce is like connectAndPull, but does not wait for the first pull.
func connectAndAnnounce(t *testing.T, w *env, b bank) (o operator, id, hook string) {
	t.Helper()
	o = w.operator(t)
	id = o.connect(b, "main")
	hook = o.mint(b, "main")
	o.announce(b, hook, "all")
	return o, id, hook
}

// Another worker must continue a pull when its first worker has lost the database and the lease has expired. The wait
// is long, so this test uses only PostgreSQL. The conformance suite of the stores tests the same for each store. The
// documented limit of 30 s is tested in test/blackbox.
func TestAPullContinuesAfterItsWorkerWasLost(t *testing.T) {
	gone := &domain.Error{
		Kind:  domain.Unavailable,
		Code:  domain.StoreUnavailable,
		Cause: errors.New("connection reset"),
	}
	t.Parallel()
	w := open(t, "postgres", backends["postgres"](t), failOnPage(2, gone))
	b := newPluggy(t, smallPages)
	o, id, _ := connectAndAnnounce(t, w, b)
	o.waitForSuccess(id)
	o.checkRows(b, id)
}
