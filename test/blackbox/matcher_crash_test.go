package blackbox_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
)

// These environment variables replace the defaults of TestMatcherEqualsTheRecordsAfterKills. matcherRecordsEnv names
// the variable for the number of records, and matcherKillsEnv names the variable for the number of kills.
const (
	matcherRecordsEnv = "MATCHER_RECORDS"
	matcherKillsEnv   = "MATCHER_KILLS"
)

// matcherEqualWithin is the maximum time from the last kill until Matcher has every change. It applies only if the
// variable of matcherRecordsEnv is set.
const matcherEqualWithin = time.Minute

// TestMatcherEqualsTheRecordsAfterKills changes, removes, restores, splits and joins records while processes of the
// service, and of Matcher, die. Afterwards Matcher must have each record once, with its present values.
func TestMatcherEqualsTheRecordsAfterKills(t *testing.T) {
	for backend, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(backend, func(t *testing.T) {
			if os.Getenv(matcherRecordsEnv) == "" {
				t.Parallel()
			}
			newMatcherRun(t, newEnv(t, database(t)), numberOf(t, matcherRecordsEnv, 200)).play(
				numberOf(t, matcherKillsEnv, 4),
			)
		})
	}
}

// numberOf returns the number in an environment variable, or the default.
func numberOf(t *testing.T, name string, byDefault int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(byDefault)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// matcherRun is a service, a simulated Pluggy with one account, and a simulated Matcher with one source.
type matcherRun struct {
	*env
	t       *testing.T
	p       *process
	random  *rand.Rand
	sim     *pluggysim.Simulator
	account string // of the vendor
	matcher *matchersim.Server
	source  string
	id      string // of the connection

	rows    []string // the ids of rows at the vendor that no change has used yet
	removed []pluggysim.Transaction
	splits  []string // the ids of records that are to be split
	joins   [][2]string
	deaths  atomic.Int64 // number of times that Matcher must still be killed
	died    int
}

func newMatcherRun(t *testing.T, h *env, records int) *matcherRun {
	t.Helper()
	r := &matcherRun{env: h, t: t, random: rand.New(rand.NewPCG(3, uint64(records))), matcher: matchersim.New()}
	r.sim = pluggysim.New(pluggysim.Options{Seed: 5, PageSize: 500})
	r.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	item := r.sim.AddItem(pluggysim.Item{}).ID
	r.account = must(r.sim.AddAccount(pluggysim.Account{ItemID: item})).ID
	for range records {
		r.rows = append(r.rows, r.addRow(true))
	}
	vendor := httptest.NewServer(r.sim)
	t.Cleanup(func() { vendor.CloseClientConnections(); vendor.Close() })

	var mu sync.Mutex
	r.matcher.Rate, r.matcher.TTL, r.matcher.Token = 0, time.Second, "Bearer right"
	r.matcher.Interrupt = func(int) bool {
		mu.Lock()
		defer mu.Unlock()
		dies := r.deaths.Load() > 0
		if dies {
			r.deaths.Add(-1)
			r.died++
		}
		return dies
	}
	server := httptest.NewServer(r.matcher)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	context, source := r.matcher.AddSource()
	r.source = source

	r.start()
	r.id = text(r.call(r.p, "POST", "/aggregator-connections", object{
		"vendor": "pluggy", "configName": "main", "baseUrl": vendor.URL, "accountRef": item,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated), "id")
	r.pull()
	r.settlePulls()
	accounts := r.all(r.p, "/accounts")
	if len(accounts) != 1 {
		t.Fatalf("%d accounts", len(accounts))
	}
	r.call(r.p, "POST", "/subscriptions", object{
		"name": "matcher", "types": []string{"transaction.*"}, "fromStart": true, "sink": object{
			"kind": "matcher", "url": server.URL, "auth": object{"authorization": "Bearer right"},
			"sources": []object{{"accountId": text(accounts[0], "id"), "contextId": context, "sourceId": source}},
		},
	}, http.StatusCreated)
	return r
}

func (r *matcherRun) start() {
	r.t.Helper()
	r.p = r.serve()
	r.p.ready()
}

// addRow adds a row with a unique text at the vendor, and returns its id. If distinct is true, the row also has a
// unique reference.
func (r *matcherRun) addRow(distinct bool) string {
	n := r.random.Int64()
	row := pluggysim.Transaction{
		AccountID: r.account, Type: "DEBIT", Amount: pluggysim.Number("-" + money(100+int(n%1_000_000))),
		Description: fmt.Sprintf("PIX %x", n),
		Date:        pluggysim.At(time.Now().AddDate(0, 0, -int(n%300)).UTC().Truncate(24 * time.Hour)),
	}
	if distinct {
		row.PaymentData = json.RawMessage(fmt.Sprintf(`{"referenceNumber":"R%x"}`, n))
	}
	return must(r.sim.AddTransaction(row)).ID
}

// take returns a row that no change of the test has used yet, and marks it as used.
func (r *matcherRun) take() string {
	id := r.rows[len(r.rows)-1]
	r.rows = r.rows[:len(r.rows)-1]
	return id
}

// pull requests a pull of everything.
func (r *matcherRun) pull() {
	r.t.Helper()
	r.call(r.p, "POST", "/aggregator-connections/"+r.id+"/pulls", nil, http.StatusAccepted)
}

// settlePulls waits until no pull is open.
func (r *matcherRun) settlePulls() {
	r.t.Helper()
	eventually(r.t, waitTimeout, "the end of the pulls", func() bool {
		open, _ := r.open(r.p, r.id)
		return open == 0
	})
}

// recordOf returns the id of the live record of a row.
func (r *matcherRun) recordOf(row string) string {
	r.t.Helper()
	page := r.call(r.p, "GET", "/aggregator-connections/"+r.id+"/transactions?externalId="+row, nil, http.StatusOK)
	items, _ := page["items"].([]any)
	for _, item := range items {
		if record, _ := item.(object); record["removedAt"] == nil {
			return text(record, "id")
		}
	}
	r.t.Fatalf("the row %s has no live record", row)
	return ""
}

// prepare creates records that can be split, and pairs of records that can be joined.
func (r *matcherRun) prepare(splits, joins int) {
	r.t.Helper()
	var moved []string
	for range splits {
		moved = append(moved, must(r.sim.Churn(r.take())).ID)
	}
	var old, newer []string
	for range joins {
		row := r.addRow(false)
		old = append(old, row)
	}
	r.pull()
	r.settlePulls()
	for _, row := range old {
		r.joins = append(r.joins, [2]string{r.recordOf(row)})
		check(r.sim.RemoveTransaction(row))
		newer = append(newer, r.addRow(true))
	}
	r.pull()
	r.settlePulls()
	for i, row := range newer {
		r.joins[i][1] = r.recordOf(row)
	}
	for _, row := range moved {
		r.splits = append(r.splits, r.recordOf(row))
	}
}

// play makes changes between the kills: of each 1,000 records, 50 are modified, 20 removed, 5 restored, 2 split and 2
// joined.
func (r *matcherRun) play(kills int) {
	r.t.Helper()
	records := len(r.rows)
	r.prepare(max(records/500, 1), max(records/500, 1))
	modified, removed, restored := records/20, records/50, max(records/200, 1)
	share := func(of, round int) int { return of*(round+1)/kills - of*round/kills }
	splits, joins := len(r.splits), len(r.joins)
	for round := range kills {
		for range share(modified, round) {
			must(r.sim.UpdateTransaction(r.take(), func(row *pluggysim.Transaction) {
				row.Amount = pluggysim.Number("-" + money(100+r.random.IntN(1_000_000)))
			}))
		}
		for range share(removed, round) {
			r.removeRow()
		}
		for range share(restored, round) {
			r.restoreRow()
		}
		r.pull()
		for range share(splits, round) {
			r.call(r.p, "POST", "/transactions/"+r.splits[0]+"/split", nil, http.StatusOK)
			r.splits = r.splits[1:]
		}
		for range share(joins, round) {
			r.call(r.p, "POST", "/transactions/"+r.joins[0][0]+"/join", object{"with": r.joins[0][1]}, http.StatusOK)
			r.joins = r.joins[1:]
		}
		r.deaths.Store(1)
		r.awaitCall()
		time.Sleep(time.Duration(50+r.random.IntN(1500)) * time.Millisecond)
		r.p.kill()
		r.start()
	}
	r.deaths.Store(0)
	r.pull()
	r.settlePulls()
	r.await(records, kills)
}

// awaitCall waits until the process calls Matcher, for at most 20 s. On PostgreSQL, the process calls Matcher only
// after the lease of the previous process has ended.
func (r *matcherRun) awaitCall() {
	calls := func() (n int) {
		for _, count := range r.matcher.Requests() {
			n += count
		}
		return n
	}
	before := calls()
	for end := time.Now().Add(20 * time.Second); calls() == before && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *matcherRun) removeRow() {
	id := r.take()
	for _, row := range r.sim.Transactions(r.account) {
		if row.ID == id {
			r.removed = append(r.removed, row)
		}
	}
	check(r.sim.RemoveTransaction(id))
}

// restoreRow adds one of the removed rows again: the one that was removed earliest.
func (r *matcherRun) restoreRow() {
	must(r.sim.AddTransaction(r.removed[0]))
	r.removed = r.removed[1:]
}

// ours returns the records that Matcher must have, by id: the posted records that are not removed.
func (r *matcherRun) ours() map[string]string {
	r.t.Helper()
	records := map[string]string{}
	for _, record := range r.all(r.p, "/aggregator-connections/"+r.id+"/transactions") {
		if record["removedAt"] == nil && text(record, "status") == "posted" {
			records[text(record, "id")] = text(record, "amount") + " " + text(record, "date")
		}
	}
	return records
}

// theirs returns the transactions of Matcher that are not ignored, by the ids of their records. doubled is the number
// of transactions that repeat a record.
func (r *matcherRun) theirs() (transactions map[string]string, doubled int) {
	transactions = map[string]string{}
	for _, one := range r.matcher.Open(r.source) {
		if transactions[one.Record] != "" {
			doubled++
		}
		transactions[one.Record] = one.Amount.String() + " " + one.Date[:10]
	}
	return transactions, doubled
}

// await waits until Matcher has each record once, and checks that this state lasts.
func (r *matcherRun) await(records, kills int) {
	r.t.Helper()
	start, want := time.Now(), r.ours()
	limit := waitTimeout
	if os.Getenv(matcherRecordsEnv) != "" {
		limit = matcherEqualWithin
	}
	var diff string
	var doubled int
	for {
		var got map[string]string
		got, doubled = r.theirs()
		if diff = gocmp.Diff(want, got); diff == "" && doubled == 0 || time.Since(start) > limit {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	took := time.Since(start)
	r.t.Logf("%d records, %d kills of each side (Matcher died %d times): equal after %.1f s; %d open, %d in all, "+
		"requests %v", records, kills, r.died, took.Seconds(), len(want), len(r.matcher.Transactions(r.source)),
		r.matcher.Requests())
	if diff != "" || doubled > 0 {
		r.t.Fatalf("%d doubled (-ours +theirs)\n%.4000s", doubled, diff)
	}
	subscription := text(r.all(r.p, "/subscriptions")[0], "id")
	if conflicts := r.all(r.p, "/subscriptions/"+subscription+"/conflicts"); len(conflicts) > 0 {
		r.t.Errorf("conflicts: %v", conflicts)
	}
	r.checkMatched(subscription, want)
}

// checkMatched changes a record that Matcher has matched, and checks that it becomes a conflict.
func (r *matcherRun) checkMatched(subscription string, want map[string]string) {
	r.t.Helper()
	row := r.take()
	record := r.recordOf(row)
	for _, one := range r.matcher.Open(r.source) {
		if one.Record == record {
			r.matcher.SetStatus(r.source, one.ExternalID, "MATCHED")
		}
	}
	must(r.sim.UpdateTransaction(row, func(row *pluggysim.Transaction) { row.Amount = "-0.01" }))
	r.pull()
	var conflicts []object
	eventually(r.t, waitTimeout, "a conflict", func() bool {
		conflicts = r.all(r.p, "/subscriptions/"+subscription+"/conflicts")
		return len(conflicts) > 0
	})
	got, doubled := r.theirs()
	if text(conflicts[0], "transactionId") != record || text(conflicts[0], "reason") != "matched" ||
		len(conflicts) != 1 || doubled > 0 || got[record] != want[record] || strings.HasPrefix(got[record], "-0.01") {
		r.t.Errorf("conflicts %v; Matcher has %s (%d doubled)", conflicts, got[record], doubled)
	}
}
