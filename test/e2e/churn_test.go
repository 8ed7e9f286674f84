package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// churnRowsEnv is the name of an environment variable. Its value replaces the numbers of rows with which TestIDsChurn
// runs, for example "1,60".
const churnRowsEnv = "CHURN_ROWS"

// churnCell is one account of TestIDsChurn. The ids of all its rows change.
type churnCell struct {
	operator
	b        churnBank
	id, hook string
	old, now []string
	lost     *lostTenants
}

// churn is a moment at which the ids of all rows of an account change.
type churn struct {
	name string
	// play changes the ids, and may run pulls. Complete pulls follow after play returns.
	play func(*churnCell)
	// once is set if the first pull that reads the new rows also proves the removal of the old rows. The feed then
	// shows no new record.
	once bool
	// pluggy is set if the moment exists only at Pluggy.
	pluggy bool
}

var churns = []churn{
	{name: "between two settled reads", play: (*churnCell).change, once: true},
	{name: "while the item is UPDATING", play: pullIn("UPDATING", "TRANSACTIONS_IN_PROGRESS"), pluggy: true},
	{name: "while the item is OUTDATED", play: pullIn("OUTDATED", "SITE_NOT_AVAILABLE"), pluggy: true},
	{name: "while the item is PARTIAL_SUCCESS", play: pullIn("UPDATED", "PARTIAL_SUCCESS"), pluggy: true},
	{name: "before a read of some days", play: func(c *churnCell) {
		c.change()
		today := time.Now().UTC()
		c.pull(c.id, object{
			"from": today.AddDate(0, 0, -350).Format(time.DateOnly), "to": today.Format(time.DateOnly),
		})
	}},
	{name: "before a pull that gets a 429 in the middle of the list", play: func(c *churnCell) {
		c.change()
		c.pullWithRefusal(func() {})
	}},
	{name: "in the middle of the list, when it answers 429", play: func(c *churnCell) { c.pullWithRefusal(c.change) }},
	{name: "between two pages", play: func(c *churnCell) { c.pullWithPause(c.change) }},
	{name: "and the removals are announced first", play: func(c *churnCell) {
		c.change()
		c.announced("deleted", c.old)
	}},
	{name: "and the new rows are announced first", play: func(c *churnCell) {
		c.change()
		c.announced("created", c.now)
	}},
	{name: "before a pull whose attempt is lost between two pages", play: func(c *churnCell) {
		c.change()
		c.pullWithCrash(func() {})
	}},
	{
		name: "when the attempt of a pull is lost between two pages",
		play: func(c *churnCell) { c.pullWithCrash(c.change) },
	},
}

// TestIDsChurn changes the ids of all rows of an account, at each of the moments in churns. Each transaction must
// keep its record. The environment variable CHURN_ROWS sets other numbers of rows.
func TestIDsChurn(t *testing.T) {
	table := churnTable{kept: map[churnKey]map[string]int{}}
	lost := &lostTenants{}
	t.Cleanup(func() { t.Log(table.String()) })
	each(t, func(t *testing.T, w *env) {
		for _, n := range churnRows(t) {
			for _, c := range churns {
				for _, b := range []churnBank{newChurnedPluggy(t, n), &churnedBelvo{newBelvo(t)}} {
					if c.pluggy && b.vendor() != "pluggy" {
						continue
					}
					t.Run(fmt.Sprintf("%s, %s, %d rows", b.vendor(), c.name, n), func(t *testing.T) {
						t.Parallel()
						cell := &churnCell{operator: w.operator(t), b: b, lost: lost}
						table.add(c, b, n, w.backend, cell.run(c, n))
					})
				}
			}
		}
	}, func(s *setup) {
		s.over.Wrap = func(stores *composedStores) { stores.Pulls = losingPulls{stores.Pulls, lost} }
	})
}

func churnRows(t *testing.T) []int {
	t.Helper()
	var sizes []int
	for text := range strings.SplitSeq(cmp.Or(os.Getenv(churnRowsEnv), "1,60"), ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// run connects the account, changes its ids, and returns how many transactions keep their records.
func (c *churnCell) run(moment churn, n int) (kept int) {
	c.t.Helper()
	c.old = c.b.fill(c.t, n)
	c.id, c.hook = c.connect(c.b, "main"), c.mint(c.b, "main")
	for range 2 {
		c.pull(c.id, nil)
	}
	before := c.records()
	cursor := c.feedEnd()
	moment.play(c)
	for range 3 {
		c.pull(c.id, nil)
	}
	after, ids := c.records(), map[string]bool{}
	strange := 0
	for i, old := range c.old {
		ids[before[old].ID] = true
		if record := after[c.now[i]]; record.ID != "" && record.ID == before[old].ID {
			kept++
		}
	}
	for _, record := range after {
		if !ids[record.ID] {
			strange++
		}
	}
	if kept != n || len(after) != n || strange > 0 {
		c.t.Errorf("%d of %d transactions keep their record; %d records are live, %d of them were not there before",
			kept, n, len(after), strange)
	}
	if kept == n {
		c.checkChurnFeed(cursor, ids, moment.once)
	}
	return kept
}

// checkChurnFeed checks the changes of the feed after the cursor. known contains the ids of the records that existed
// before the change. Any other record may appear only as removed and superseded by a known one. If once is set, no
// other record may appear at all.
func (c *churnCell) checkChurnFeed(cursor string, known map[string]bool, once bool) {
	c.t.Helper()
	modified := map[string]bool{}
	eventually(c.t, "all changes in the feed", func() bool {
		var page struct {
			Items []struct {
				Change      string
				Transaction churnRecord
			}
			NextCursor string
		}
		c.read(changes+"?limit=1000&cursor="+cursor, &page)
		cursor = page.NextCursor
		for _, item := range page.Items {
			record := item.Transaction
			switch {
			case known[record.ID] && item.Change != "removed":
				modified[record.ID] = item.Change == "modified"
			case known[record.ID]:
				delete(modified, record.ID)
			case once || item.Change != "removed" || !known[record.SupersededBy]:
				c.t.Errorf("the feed shows %s of %+v", item.Change, record)
				return true
			}
		}
		return len(modified) == len(known)
	})
}

// churnRecord contains the members of a transaction that the test compares.
type churnRecord struct{ ID, ExternalID, RemovedAt, SupersededBy string }

// records returns the connection's records that are not removed, by external id.
func (c *churnCell) records() map[string]churnRecord {
	c.t.Helper()
	live := map[string]churnRecord{}
	for cursor := ""; ; {
		var page struct {
			Items      []churnRecord
			NextCursor string
		}
		path := pathOf(c.id, "/transactions?limit=200")
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		c.read(path, &page)
		for _, record := range page.Items {
			if record.RemovedAt == "" {
				live[record.ExternalID] = record
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return live
		}
	}
}

// liveRecords returns the ids of the connection's records that are not removed, by external id.
func (o operator) liveRecords(id string) map[string]string {
	o.t.Helper()
	live := map[string]string{}
	for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
		if row["removedAt"] == nil {
			live[text(row, "externalId")] = text(row, "id")
		}
	}
	return live
}

// read decodes a response. Unlike get, it neither keeps the response nor compares it with the API's description,
// because the responses of this test are large.
func (c *churnCell) read(path string, out any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.origin+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s answered %d: %.300s (%v)", path, response.StatusCode, raw, err)
	}
}

// change changes all ids of the account.
func (c *churnCell) change() {
	for _, old := range c.old {
		c.now = append(c.now, c.b.post(c.t, old))
	}
}

// pullIn returns a function that changes the ids, and pulls while the item has the given status.
func pullIn(status, execution string) func(*churnCell) {
	return func(c *churnCell) {
		c.change()
		b := c.b.(*churnedPluggy)
		for _, s := range [][2]string{{status, execution}, {"UPDATED", "SUCCESS"}} {
			if err := b.sim.SetItemStatus(b.item, s[0], s[1]); err != nil {
				c.t.Fatal(err)
			}
			if s[0] == status && s[1] == execution {
				c.pullNow(c.id)
			}
		}
	}
}

func (c *churnCell) announced(kind string, ids []string) {
	c.t.Helper()
	c.deliver(c.b, c.hook, c.b.events(c.t, kind, ids)).want(http.StatusAccepted)
	c.waitForSuccess(c.id)
}

// pullWithRefusal runs a pull. The vendor answers the request for the second page, or for the only page, with a 429.
// Before this response, pullWithRefusal calls its argument, the function then.
func (c *churnCell) pullWithRefusal(then func()) {
	c.t.Helper()
	c.pullWithPause(func() {
		c.b.inject(c.t, fault{path: c.b.rowsPath(), kind: "status", status: 429, retryAfter: "1"})
		then()
	})
}

// pullWithPause runs a pull. When the request for the second page, or for the only page, has arrived at the vendor,
// pullWithPause calls its argument, the function then. The vendor answers the request afterwards.
func (c *churnCell) pullWithPause(then func()) {
	c.t.Helper()
	c.startPull(func(release func()) {
		then()
		release()
	})
}

// pullWithCrash runs a pull whose first attempt fails, as if its process had died: before the attempt gets the second
// page, or the only page, its writes start to fail. After that attempt, pullWithCrash calls its argument, the
// function then. Another attempt continues the pull afterwards. TestKilledPullsKeepIDs in test/blackbox kills a real
// process.
func (c *churnCell) pullWithCrash(then func()) {
	c.t.Helper()
	c.startPull(func(release func()) {
		c.lost.Store(c.tenant, true)
		release()
		time.Sleep(2 * time.Second) // the attempt ends; its lease lasts longer
		then()
		c.lost.Delete(c.tenant)
	})
}

// startPull runs a pull. It calls paused when the request for the second page, or for the only page, has arrived at
// the vendor. The vendor answers the request when paused calls release.
func (c *churnCell) startPull(paused func(release func())) {
	c.t.Helper()
	gate := c.b.gate()
	arrived, release := gate.hold(c.b.rowsPath())
	location := c.send(http.MethodPost, pathOf(c.id, "/pulls"), nil).want(http.StatusAccepted).
		header.Get("Location")
	<-arrived
	if len(c.old) > c.pageSize() {
		next, releaseNext := gate.hold(c.b.rowsPath())
		release()
		<-next
		release = releaseNext
	}
	paused(release)
	if pull := c.waitForPull(location); pull["status"] != "succeeded" {
		c.t.Fatalf("the pull ended as %v", pull)
	}
}

func (c *churnCell) pageSize() int {
	if c.b.vendor() == "belvo" {
		return 1000
	}
	return min(max(len(c.old)/3, 1), 500)
}

// lostTenants contains the tenants whose pulls cannot write, as if the process of the worker had died.
type lostTenants struct{ sync.Map }

func (l *lostTenants) err(tenant domain.TenantID) error {
	if _, lost := l.Load(tenant.String()); lost {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
	}
	return nil
}

// losingPulls is a pull store that refuses the writes of the tenants in lost.
type losingPulls struct {
	ports.Pulls
	lost *lostTenants
}

// FilterUnchanged implements ports.Pulls.
func (p losingPulls) FilterUnchanged(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	rows []domain.RawTransaction,
) ([]bool, error) {
	if err := p.lost.err(tenant); err != nil {
		return nil, err
	}
	return p.Pulls.FilterUnchanged(ctx, tenant, connection, rows)
}

// StorePage implements ports.Pulls.
func (p losingPulls) StorePage(
	ctx context.Context, lease domain.Lease, w ports.PageWrite,
) (domain.Counts, error) {
	if err := p.lost.err(lease.Tenant); err != nil {
		return domain.Counts{}, err
	}
	return p.Pulls.StorePage(ctx, lease, w)
}

// Sweep implements ports.Pulls.
func (p losingPulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	if err := p.lost.err(lease.Tenant); err != nil {
		return domain.Counts{}, err
	}
	return p.Pulls.Sweep(ctx, lease, w)
}

// Finish implements ports.Pulls.
func (p losingPulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	if err := p.lost.err(lease.Tenant); err != nil {
		return err
	}
	return p.Pulls.Finish(ctx, lease, o)
}

// churnTable counts the transactions that kept their records. It is safe for concurrent use.
type churnTable struct {
	mu   sync.Mutex
	kept map[churnKey]map[string]int // by backend
}

type churnKey struct {
	vendor, moment string
	rows           int
}

func (t *churnTable) add(c churn, b bank, rows int, backend string, kept int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := churnKey{b.vendor(), c.name, rows}
	if t.kept[key] == nil {
		t.kept[key] = map[string]int{}
	}
	t.kept[key][backend] = kept
}

// String returns a table in Markdown.
func (t *churnTable) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out strings.Builder
	out.WriteString("\n| vendor | all ids change | rows | kept |\n|---|---|---|---|\n")
	for _, key := range slices.SortedFunc(maps.Keys(t.kept), func(x, y churnKey) int {
		position := func(k churnKey) int {
			return slices.IndexFunc(churns, func(c churn) bool { return c.name == k.moment })
		}
		return cmp.Or(
			cmp.Compare(x.vendor, y.vendor), cmp.Compare(position(x), position(y)), cmp.Compare(x.rows, y.rows),
		)
	}) {
		fmt.Fprintf(&out, "| %s | %s | %d |", key.vendor, key.moment, key.rows)
		for _, backend := range slices.Sorted(maps.Keys(t.kept[key])) {
			fmt.Fprintf(&out, " %s %d", backend, t.kept[key][backend])
		}
		out.WriteString(" |\n")
	}
	return out.String()
}
