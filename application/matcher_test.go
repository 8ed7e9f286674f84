package application_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	matchersink "github.com/LerianStudio/aggregator-connections/adapters/sink/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// matcherEnv is a service with a simulated Matcher.
type matcherEnv struct {
	*dispatchEnv
	server          *matchersim.Server
	url             string
	context, source string
	account         domain.AccountID
	entries         ports.MatcherEntries
	subscription    events.SubscriptionID
	rows            map[string]domain.TransactionData // what the vendor shows, by external id
}

func newMatcherEnv(t *testing.T) *matcherEnv {
	t.Helper()
	t.Parallel() // most of the time is spent waiting
	m := &matcherEnv{server: matchersim.New(), rows: map[string]domain.TransactionData{}}
	m.server.Rate, m.server.TTL, m.server.Token = 0, time.Second, "Bearer right"
	listener := httptest.NewServer(m.server)
	t.Cleanup(listener.Close)
	m.url = listener.URL
	m.context, m.source = m.server.AddSource()
	m.dispatchEnv = newDispatchEnv(t, func(deps *application.Deps) {
		store := sqlitetest.Open(t, sqlite.Config{}).Store(nil)
		deps.Connections, deps.Pulls, deps.Ledger = store.Connections(), store.Pulls(), store.Ledger()
		deps.Subscriptions, deps.MatcherEntries = store.Subscriptions(), store.MatcherEntries()
		deps.Erasures = store.Erasures()
		deps.Observer = reportErrors{t}
		deps.Sinks = []ports.Sink{matchersink.New(matchersink.Options{
			Guard: egress.NewGuard(egress.Config{
				AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			}),
			Clock: system.Clock{}, UserAgent: "test", Timeout: 2 * time.Second, UploadTimeout: 3 * time.Second,
		})}
	})
	m.entries = m.deps.MatcherEntries
	m.page(func(w *ports.PageWrite) {
		w.Accounts = []domain.AccountData{{ExternalID: "a", Type: "checking", Currency: "BRL"}}
		w.Listed = true
	})
	accounts, err := m.deps.Ledger.Accounts(m.ctx, m.tenant, ports.AccountFilter{}, domain.PageRequest{Limit: 2})
	m.noError(err)
	if len(accounts.Items) != 1 {
		t.Fatalf("%d accounts", len(accounts.Items))
	}
	m.account = accounts.Items[0].ID
	return m
}

// reportErrors logs the errors of background work, and of calls to Matcher.
type reportErrors struct{ t *testing.T }

func (r reportErrors) Emit(_ context.Context, event ports.TelemetryEvent) {
	switch e := event.(type) {
	case ports.BackgroundError:
		r.t.Logf("%s: %v", e.Task, e.Err)
	case ports.EventAttempted:
		if e.Err != nil {
			r.t.Logf("after %s: %v", e.Took, e.Err)
		}
	}
}

// settings returns the settings of the sink. sources consists of pairs: the id of an account, and the source of
// Matcher that gets its records.
func (m *matcherEnv) settings(sources ...string) ports.SinkRequest {
	var list []string
	for pair := range slices.Chunk(sources, 2) {
		list = append(list, fmt.Sprintf(`{"accountId":%q,"contextId":%q,"sourceId":%q}`, pair[0], m.context, pair[1]))
	}
	return ports.SinkRequest{Kind: "matcher", Settings: domain.SecretText(fmt.Sprintf(
		`{"url":%q,"auth":{"authorization":"Bearer right"},"sources":[%s],"dateFrom":"2026-01-10"}`, m.url,
		strings.Join(list, ",")))}
}

// mirror creates a subscription that sends all records to Matcher, and starts a dispatcher.
func (m *matcherEnv) mirror() (stop func()) {
	m.Helper()
	s, err := m.CreateSubscription(m.ctx, m.tenant, ports.NewSubscription{
		Name: "matcher", Types: []string{"transaction.*"}, FromStart: true,
		Sink: m.settings(m.account.String(), m.source),
	})
	m.noError(err)
	m.subscription = s.ID
	return m.dispatch(m.Service)
}

func (m *matcherEnv) page(edit func(*ports.PageWrite)) {
	m.Helper()
	w := ports.PageWrite{
		At: m.clock.Now(), LeaseUntil: m.running.Until,
		NewID: func() domain.TransactionID { return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())} },
	}
	edit(&w)
	_, err := m.deps.Pulls.StorePage(m.ctx, m.running, w)
	m.noError(err)
}

// show stores rows that the vendor has returned, and removes the rows with the given external ids.
func (m *matcherEnv) show(rows []domain.TransactionData, removed ...string) {
	m.Helper()
	for _, row := range rows {
		m.rows[row.ExternalID] = row
	}
	for _, id := range removed {
		delete(m.rows, id)
	}
	m.page(func(w *ports.PageWrite) { w.Transactions, w.Removed = rows, removed })
}

// movement returns a posted row with a reference of its own.
func movement(id string, amount int64) domain.TransactionData {
	return domain.TransactionData{
		ExternalID: id, Account: "a", Description: "movement " + id, Status: domain.Posted, Date: "2026-02-10",
		Amount:     domain.Money{Amount: decimal.NewFromInt(amount), Currency: "BRL"},
		References: domain.References{EndToEndID: "E" + id},
	}
}

// ours returns the records that Matcher should have, by id.
func (m *matcherEnv) ours() map[string]string {
	m.Helper()
	page, err := m.deps.Ledger.Changes(m.ctx, m.tenant, domain.PageRequest{Limit: 100_000})
	m.noError(err)
	records := map[string]string{}
	for _, t := range page.Items {
		if t.Counts() && t.Status == domain.Posted && t.Date >= "2026-01-10" {
			records[t.ID.String()] = t.Amount.Amount.String() + " " + string(t.Date)
		}
	}
	return records
}

// theirs returns the transactions of a source that are not ignored in Matcher. The keys are the ids of their records.
func (m *matcherEnv) theirs(source string) map[string]string {
	open := map[string]string{}
	for _, t := range m.server.Open(source) {
		key := t.Record
		for open[key] != "" {
			key += " doubled"
		}
		open[key] = t.Amount.String() + " " + t.Date[:10]
	}
	return open
}

// patience is the maximum time of a wait. Waits end much earlier on a machine that is not busy.
const patience = 2 * time.Minute

// settles waits until the open transactions in Matcher equal the records.
func (m *matcherEnv) settles() {
	m.Helper()
	var diff string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if diff = cmp.Diff(m.ours(), m.theirs(m.source)); diff == "" {
			return
		}
	}
	m.Fatalf("(-ours +theirs)\n%s", diff)
}

// externalIDs returns the external ids of all transactions of the source, with their statuses. They are sorted,
// because the records of one page may be imported in any order.
func (m *matcherEnv) externalIDs() (all []string) {
	for _, t := range m.server.Transactions(m.source) {
		all = append(all, t.ExternalID+" "+t.Status)
	}
	slices.Sort(all)
	return all
}

func (m *matcherEnv) conflicts() []lerianmatcher.Entry {
	m.Helper()
	page, err := m.entries.Conflicts(m.ctx, m.tenant, m.subscription, domain.PageRequest{Limit: 1000})
	m.noError(err)
	return page.Items
}

// awaitConflicts waits until there are n conflicts with Matcher, and returns them.
func (m *matcherEnv) awaitConflicts(n int) []lerianmatcher.Entry {
	m.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conflicts := m.conflicts(); len(conflicts) == n {
			return conflicts
		}
	}
	m.Fatalf("%d conflicts, want %d", len(m.conflicts()), n)
	return nil
}

func TestAnExcludedRecordIsIgnoredInMatcher(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	defer m.mirror()()
	m.settles()
	page, err := m.deps.Ledger.Changes(m.ctx, m.tenant, domain.PageRequest{Limit: 1})
	m.noError(err)
	_, err = m.ExcludeTransaction(m.ctx, m.tenant, page.Items[0].ID, " ")
	if !errors.Is(err, domain.Invalid) {
		t.Errorf("an exclusion without a reason: %v", err)
	}
	_, err = m.ExcludeTransaction(m.ctx, m.tenant, page.Items[0].ID, "shown twice")
	m.noError(err)
	if n := len(m.ours()); n != 1 {
		t.Fatalf("%d records count", n)
	}
	m.settles()
	_, err = m.IncludeTransaction(m.ctx, m.tenant, page.Items[0].ID)
	m.noError(err)
	m.settles()
	if n := len(m.theirs(m.source)); n != 2 {
		t.Errorf("Matcher has %d transactions", n)
	}
}

func TestRecordsAndTheirCorrectionsArriveInMatcher(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	defer m.mirror()()
	m.settles()
	early, pending := movement("early", 9), movement("pending", 8)
	early.Date, pending.Status = "2026-01-09", domain.Pending
	m.show([]domain.TransactionData{movement("3", 3), early, pending})
	m.settles()
	corrected := movement("1", 10)
	m.show([]domain.TransactionData{corrected}, "2")
	m.settles()
	m.show([]domain.TransactionData{movement("2", 2)})
	m.settles()
	text := corrected
	text.Description = "another text"
	m.show([]domain.TransactionData{text})
	pending.Status = domain.Posted
	m.show([]domain.TransactionData{pending})
	m.settles()
	want := []string{
		"E1 IGNORED", "E1.2 UNMATCHED", "E2 IGNORED", "E2.3 UNMATCHED", "E3 UNMATCHED", "Epending UNMATCHED",
	}
	if diff := cmp.Diff(want, m.externalIDs()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if found := m.conflicts(); len(found) > 0 {
		t.Errorf("conflicts %v", found)
	}
}

func TestRecordsWithOneReferenceHaveDifferentExternalIDs(t *testing.T) {
	m := newMatcherEnv(t)
	defer m.mirror()()
	rows := []domain.TransactionData{movement("1", 1), movement("2", 2), movement("3", 3)}
	for i := range rows {
		rows[i].References.EndToEndID = "E"
	}
	m.show(rows[:2])
	m.settles()
	m.show(rows[2:])
	m.settles()
	named := 0
	for _, sent := range m.server.Transactions(m.source) {
		if sent.ExternalID == "E" {
			named++
		} else if sent.ExternalID != sent.Record {
			t.Errorf("external id %s", sent.ExternalID)
		}
	}
	if named != 1 {
		t.Errorf("%d transactions have the reference as their external id", named)
	}
}

func TestAMatchedTransactionIsAConflictUntilItCanBeIgnored(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2), movement("3", 3)})
	defer m.mirror()()
	m.settles()
	m.server.SetStatus(m.source, "E1", "MATCHED")
	m.server.SetStatus(m.source, "E2", "PENDING_REVIEW")
	m.show([]domain.TransactionData{movement("1", 11)}, "2")
	for _, e := range m.awaitConflicts(2) {
		c := e.Conflict
		want := domain.Removed
		if c.Ours != nil {
			want = domain.Modified
		}
		if c.Reason != lerianmatcher.ReasonMatched || c.Change != want || c.Theirs == nil {
			t.Errorf("%+v", c)
		}
	}
	if got := m.theirs(m.source); len(got) != 3 {
		t.Errorf("open transactions %v", got)
	}
	m.server.SetStatus(m.source, "E1", "UNMATCHED")
	m.server.SetStatus(m.source, "E2", "UNMATCHED")
	for _, e := range m.conflicts() {
		m.noError(m.entries.RetryConflict(m.ctx, m.tenant, m.subscription, e.Record, m.clock.Now(), nil))
	}
	m.settles()
	m.awaitConflicts(0)
}

func TestARefusedRowIsFoundAmongOthers(t *testing.T) {
	m := newMatcherEnv(t)
	defer m.mirror()()
	var rows []domain.TransactionData
	for i := range 40 {
		rows = append(rows, movement(fmt.Sprint(i), int64(i+1)))
	}
	rows[7].Amount.Currency = "XYZ"             // refused by itself
	rows[23].Amount.Amount = decimal.New(1, 14) // fails the whole file
	m.show(rows)
	refused := m.awaitConflicts(1)
	if c := refused[0].Conflict; c.Reason != lerianmatcher.ReasonRefused || c.Ours == nil || c.Ours.Currency != "XYZ" {
		t.Errorf("%+v", c)
	}
	for deadline := time.Now().Add(patience); len(m.theirs(m.source)) < 38; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 38 rows have arrived", len(m.theirs(m.source)))
		}
	}
	fixed := movement("7", 8)
	m.show([]domain.TransactionData{fixed, movement("23", 24)})
	m.settles()
	m.awaitConflicts(0)
}

func TestARateLimitDelaysAndLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("the server's rate limit makes it wait for a minute")
	}
	m := newMatcherEnv(t)
	start := time.Now()
	m.server.Now = func() time.Time { return time.Unix(0, 0).Add(time.Since(start) * 60) } // a second is a minute
	m.server.Rate = 5
	var rows []domain.TransactionData
	for i := range 20 {
		rows = append(rows, movement(fmt.Sprint(i), 1))
	}
	m.show(rows)
	defer m.mirror()()
	m.settles()
	var removed []string
	for i := range 3 {
		removed = append(removed, fmt.Sprint(i))
	}
	m.show(nil, removed...)
	m.settles()
	if m.server.Requests()["ignore"] < 3 {
		t.Errorf("requests %v", m.server.Requests())
	}
}

func TestAnAccountThatMovesToAnotherSourceLeavesTheFirstOne(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	defer m.mirror()()
	m.settles()
	context, second := m.server.AddSource()
	m.context, m.source, second = context, second, m.source
	_, err := m.UpdateSubscription(m.ctx, m.tenant, m.subscription, nil, ports.SubscriptionUpdate{
		Name: "matcher", Types: []string{"transaction.*"}, Sink: m.settings(m.account.String(), m.source),
	})
	m.noError(err)
	m.settles()
	if left := m.theirs(second); len(left) > 0 {
		t.Errorf("open in the first source: %v", left)
	}
	_, err = m.UpdateSubscription(m.ctx, m.tenant, m.subscription, nil, ports.SubscriptionUpdate{
		Name: "matcher", Types: []string{"transaction.*"}, Sink: m.settings(),
	})
	m.noError(err)
	for deadline := time.Now().Add(patience); len(m.theirs(m.source)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("open without a source: %v", m.theirs(m.source))
		}
	}
	m.show([]domain.TransactionData{movement("3", 3)})
	_, err = m.UpdateSubscription(m.ctx, m.tenant, m.subscription, nil, ports.SubscriptionUpdate{
		Name: "matcher", Types: []string{"transaction.*"}, Sink: m.settings(m.account.String(), m.source),
	})
	m.noError(err)
	m.settles()
}

func TestATransactionThatMatcherHadAlreadyIsTakenOver(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	stop := m.mirror()
	m.settles()
	stop()
	m.noError(m.DeleteSubscription(m.ctx, m.tenant, m.subscription, nil))
	stop = m.mirror()
	defer stop()
	m.show([]domain.TransactionData{movement("1", 7)})
	m.settles()
	if got := len(m.server.Transactions(m.source)); got != 3 {
		t.Errorf("%d transactions: %v", got, m.externalIDs())
	}
}

// Two records of a source can have one reference, for example a transfer between two accounts. If another subscription
// has sent one of them, also one that was deleted since, its transaction must stay as it is.
func TestATransactionOfAnotherRecordStaysInMatcher(t *testing.T) {
	for name, deleted := range map[string]bool{"another subscription": false, "a deleted subscription": true} {
		t.Run(name, func(t *testing.T) {
			m := newMatcherEnv(t)
			received := movement("2", -1)
			received.Account, received.References.EndToEndID = "b", "E1"
			m.page(func(w *ports.PageWrite) {
				w.Accounts = []domain.AccountData{{ExternalID: "b", Type: "checking", Currency: "BRL"}}
			})
			m.show([]domain.TransactionData{movement("1", 1)})
			defer m.mirror()()
			m.settles()
			if deleted {
				m.noError(m.DeleteSubscription(m.ctx, m.tenant, m.subscription, nil))
				_, err := m.deps.Subscriptions.PruneEvents(m.ctx, time.Time{}, 100) // and what it has sent
				m.noError(err)
			}
			m.show([]domain.TransactionData{received})
			all := domain.PageRequest{Limit: 3}
			accounts, err := m.deps.Ledger.Accounts(m.ctx, m.tenant, ports.AccountFilter{}, all)
			m.noError(err)
			other := slices.IndexFunc(accounts.Items, func(a domain.Account) bool { return a.ExternalID == "b" })
			_, err = m.CreateSubscription(m.ctx, m.tenant, ports.NewSubscription{
				Name: "other", Types: []string{"transaction.*"}, FromStart: true,
				Sink: m.settings(accounts.Items[other].ID.String(), m.source),
			})
			m.noError(err)
			m.settles()
			for _, transaction := range m.server.Transactions(m.source) {
				if transaction.Status != string(lerianmatcher.Unmatched) {
					t.Errorf("%+v", transaction)
				}
			}
		})
	}
}

// A reference can have the form of the external id of a correction.
func TestACorrectionIsNotTakenForAnotherRecord(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("1.2", 20)})
	defer m.mirror()()
	m.settles()
	for amount := int64(2); amount < 5; amount++ {
		m.show([]domain.TransactionData{movement("1", amount)})
		m.settles()
	}
	if ids := m.externalIDs(); !slices.Contains(ids, "E1.2 UNMATCHED") {
		t.Errorf("the other record: %v", ids)
	}
}

// An outage of Matcher must not look like a refusal of rows.
func TestAnOutageOfMatcherIsNoConflict(t *testing.T) {
	if testing.Short() {
		t.Skip("the retries make it wait for 15 seconds")
	}
	m := newMatcherEnv(t)
	m.server.Down.Store(true)
	var rows []domain.TransactionData
	for i := range 40 {
		rows = append(rows, movement(fmt.Sprint(i), int64(i+1)))
	}
	m.show(rows)
	defer m.mirror()()
	for deadline := time.Now().Add(patience); m.server.Requests()["upload"] < 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("requests %v", m.server.Requests())
		}
	}
	if found := m.conflicts(); len(found) > 0 {
		t.Errorf("conflicts %v", found)
	}
	m.server.Down.Store(false)
	m.settles()
	if n := m.server.Requests()["upload"]; n > 30 {
		t.Errorf("%d uploads of 40 rows", n)
	}
}

// Matcher answers the uploads of single rows with internal errors, although it has imported others before.
func TestInternalErrorsOfMatcherAreNoRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("the retries make it wait for seconds")
	}
	m := newMatcherEnv(t)
	var failing, imports atomic.Bool // imports: the rows are imported before the error
	m.server.Fail = func(done bool) bool { return failing.Load() && done == imports.Load() }
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2), movement("3", 3)})
	defer m.mirror()()
	m.settles()
	uploads := func(n int) {
		m.Helper()
		before := m.server.Requests()["upload"]
		for deadline := time.Now().Add(patience); m.server.Requests()["upload"] < before+n; {
			if time.Sleep(20 * time.Millisecond); time.Now().After(deadline) {
				m.Fatalf("requests %v", m.server.Requests())
			}
		}
	}
	for round, applied := range []bool{false, true} {
		imports.Store(applied)
		failing.Store(true)
		var rows []domain.TransactionData
		for i := range 20 {
			rows = append(rows, movement(fmt.Sprint(round, "-", i), int64(10*round+i+1)))
		}
		m.show(rows)
		uploads(4)
		if found := m.conflicts(); len(found) > 0 {
			t.Errorf("conflicts %v", found)
		}
		failing.Store(false)
		m.settles()
	}
	// One row is imported, and its answer is an error. Matcher's transaction must be known afterwards.
	failing.Store(true)
	m.show([]domain.TransactionData{movement("1", 100)})
	m.settles()
	failing.Store(false)
	m.show([]domain.TransactionData{movement("1", 200)})
	m.settles()
	failing.Store(true)
	m.show([]domain.TransactionData{movement("2", 100)})
	m.settles()
	m.show(nil, "2")
	m.settles()
	if found := m.conflicts(); len(found) > 0 {
		t.Errorf("conflicts %v", found)
	}
}

func TestASubscriptionWhoseMatcherFailsForThreeDaysIsDisabled(t *testing.T) {
	if testing.Short() {
		t.Skip("the retries make it wait for 10 seconds")
	}
	m := newMatcherEnv(t)
	m.server.Down.Store(true)
	m.show([]domain.TransactionData{movement("1", 1)})
	defer m.mirror()()
	status := func() ports.SubscriptionStatus {
		s, err := m.GetSubscription(m.ctx, m.tenant, m.subscription)
		m.noError(err)
		return s
	}
	attempts := func() []events.EventAttempt {
		page, err := m.ListEventAttempts(m.ctx, m.tenant, m.subscription, domain.PageRequest{Limit: 100})
		m.noError(err)
		return page.Items
	}
	await := func(what string, condition func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no %s: %+v", what, status())
			}
		}
	}
	await("failed attempt", func() bool { return len(attempts()) > 0 })
	if first := attempts()[0]; first.Type != events.MatcherCalls || first.Error != domain.SinkUnreachable ||
		first.Answer.Status < 500 || !first.NextAttempt.After(first.At) {
		t.Errorf("the attempt is %+v", first)
	}
	m.clock.pass(events.RetryEventsFor - time.Hour)
	failed := len(attempts())
	await("further attempt", func() bool { return len(attempts()) > failed })
	if s := status(); s.State != events.SubscriptionActive {
		t.Errorf("it is %s an hour too early", s.State)
	}
	m.clock.pass(2 * time.Hour)
	await("disabled subscription", func() bool { return status().State == events.SubscriptionDisabled })
	if s := status(); s.Reason != domain.SinkUnreachable {
		t.Errorf("the reason is %s", s.Reason)
	}
	m.server.Down.Store(false)
	_, err := m.ResumeSubscription(m.ctx, m.tenant, m.subscription)
	m.noError(err)
	m.settles()
	if s := status(); s.State != events.SubscriptionActive {
		t.Errorf("it is %s after it was resumed", s.State)
	}
}

func TestASourceThatMatcherDoesNotKnowDelaysOnlyItsRecords(t *testing.T) {
	m := newMatcherEnv(t)
	m.page(func(w *ports.PageWrite) {
		w.Accounts = []domain.AccountData{
			{ExternalID: "a", Type: "checking", Currency: "BRL"}, {ExternalID: "b", Type: "checking", Currency: "BRL"},
		}
		w.Listed = true
	})
	accounts, err := m.deps.Ledger.Accounts(m.ctx, m.tenant, ports.AccountFilter{}, domain.PageRequest{Limit: 2})
	m.noError(err)
	unknown := movement("b", 9)
	unknown.Account = "b"
	m.show([]domain.TransactionData{unknown})
	s, err := m.CreateSubscription(m.ctx, m.tenant, ports.NewSubscription{
		Name: "matcher", Types: []string{"transaction.*"}, FromStart: true,
		Sink: m.settings(m.account.String(), m.source, accounts.Items[1].ID.String(), uuid.NewString()),
	})
	m.noError(err)
	m.subscription = s.ID
	defer m.dispatch(m.Service)()
	for deadline := time.Now().Add(patience); m.server.Requests()["upload"] == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no upload")
		}
	}
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	for deadline := time.Now().Add(patience); len(m.theirs(m.source)) < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Matcher has %v", m.theirs(m.source))
		}
	}
	if found := m.conflicts(); len(found) > 0 {
		t.Errorf("conflicts %v", found)
	}
	var attempts []events.EventAttempt
	for deadline := time.Now().Add(patience); len(attempts) == 0; time.Sleep(20 * time.Millisecond) {
		page, err := m.ListEventAttempts(m.ctx, m.tenant, m.subscription, domain.PageRequest{Limit: 100})
		m.noError(err)
		if attempts = page.Items; len(attempts) == 0 && time.Now().After(deadline) {
			t.Fatal("no attempt")
		}
	}
	refused := attempts[len(attempts)-1] // the first
	if refused.Error != domain.SinkRefused || refused.Answer.Status != 404 || refused.Answer.Body == "" ||
		!refused.NextAttempt.After(refused.At) {
		t.Errorf("the attempt is %+v", refused)
	}
}

// If a subscription does not begin with the first record, it must send the records that were created after the
// subscription. This must also hold if their account gets its source later.
func TestASourceThatIsAddedLaterSendsTheRecordsSinceTheSubscription(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("old", 1)})
	time.Sleep(2 * time.Millisecond) // ids of records have whole milliseconds
	s, err := m.CreateSubscription(m.ctx, m.tenant, ports.NewSubscription{
		Name: "matcher", Types: []string{"account.added"}, Sink: m.settings(),
	})
	m.noError(err)
	if diff := cmp.Diff([]events.EventFilter{"transaction.*"}, s.Types); diff != "" {
		t.Errorf("types (-want +got)\n%s", diff)
	}
	m.subscription = s.ID
	defer m.dispatch(m.Service)()
	time.Sleep(2 * time.Millisecond)
	m.show([]domain.TransactionData{movement("new", 2)})
	_, err = m.UpdateSubscription(m.ctx, m.tenant, m.subscription, nil, ports.SubscriptionUpdate{
		Name: "matcher", Types: []string{"transaction.*"}, Sink: m.settings(m.account.String(), m.source),
	})
	m.noError(err)
	for deadline := time.Now().Add(patience); len(m.theirs(m.source)) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing has arrived")
		}
	}
	if diff := cmp.Diff([]string{"Enew UNMATCHED"}, m.externalIDs()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnErasureWaitsForMatcherForAWeek(t *testing.T) {
	m := newMatcherEnv(t)
	m.show([]domain.TransactionData{movement("1", 1), movement("2", 2)})
	stop := m.mirror()
	m.settles()
	stop() // from now on, nobody calls Matcher
	pull, err := m.deps.Pulls.Get(m.ctx, m.tenant, m.running.Pull)
	m.noError(err)
	erase := func() domain.Erasure {
		t.Helper()
		e, err := m.EraseConnection(m.ctx, m.tenant, pull.Connection, false)
		m.noError(err)
		for range 10 {
			_, err = porttest.RunDue(m.ctx, m.nextErasure, 10)
			m.noError(err)
			m.clock.pass(domain.ErasureSettle)
		}
		e, err = m.GetErasure(m.ctx, m.tenant, e.ID)
		m.noError(err)
		return e
	}
	if e := erase(); e.Status != domain.ErasureRunning || e.LastError != domain.MatcherNotIgnored {
		t.Errorf("the erasure is %s %s", e.Status, e.LastError)
	}
	m.clock.pass(domain.ErasureGiveUp - time.Hour)
	if e := erase(); e.Status != domain.ErasureRunning {
		t.Errorf("the erasure is %s an hour too early", e.Status)
	}
	m.clock.pass(2 * time.Hour)
	if e := erase(); e.Status != domain.ErasureFailed || e.LastError != domain.MatcherNotIgnored {
		t.Errorf("after a week, the erasure is %s %s", e.Status, e.LastError)
	}
	if e := erase(); e.Status != domain.ErasureDone || e.LastError != "" {
		t.Errorf("a repeated erasure is %s %s", e.Status, e.LastError)
	}
	if got := m.theirs(m.source); len(got) != 2 {
		t.Errorf("Matcher has %v", got)
	}
}

// mortalEntries is the ports.MatcherEntries of a process that dies at one of its store calls.
type mortalEntries struct {
	ports.MatcherEntries
	*mortalStore
}

func (m mortalEntries) Mark(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	_, err := callStore(m.mortalStore, func() (int, error) { return 0, m.MatcherEntries.Mark(ctx, l, marks, at) })
	return err
}

func (m mortalEntries) Due(
	ctx context.Context, l ports.SubscriptionLease, now time.Time, limit int,
) (due []lerianmatcher.Entry, next time.Time, err error) {
	_, err = callStore(m.mortalStore, func() (_ int, err error) {
		due, next, err = m.MatcherEntries.Due(ctx, l, now, limit)
		return 0, err
	})
	return due, next, err
}

func (m mortalEntries) Save(
	ctx context.Context, l ports.SubscriptionLease, entries []lerianmatcher.Entry, at time.Time,
) error {
	_, err := callStore(m.mortalStore, func() (int, error) { return 0, m.MatcherEntries.Save(ctx, l, entries, at) })
	return err
}

// recordsOf returns the number in the environment variable MATCHER_RECORDS, or the default.
func recordsOf(t *testing.T, byDefault int) int {
	t.Helper()
	text := os.Getenv("MATCHER_RECORDS")
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Processes of the service and of Matcher die at random points while records change, and responses are lost. In the
// end, Matcher must have each record exactly once, with its present values.
func TestNothingIsLostOrDoubledWhenBothSidesDie(t *testing.T) {
	if testing.Short() {
		t.Skip("20 processes die, which takes 15 seconds")
	}
	m := newMatcherEnv(t)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	chance := func(percent int) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(100) < percent
	}
	quiet := false
	m.server.Interrupt = func(int) bool { return !quiet && chance(10) }
	m.mirror()()
	const kills = 20
	records := recordsOf(t, 300)
	gone := map[string]domain.TransactionData{}
	for round := range kills {
		var rows []domain.TransactionData
		var removed []string
		for range records / kills {
			rows = append(rows, movement(fmt.Sprint(len(m.rows)+len(rows), "-", round), int64(round+1)))
		}
		for id, row := range m.rows {
			switch {
			case chance(5):
				row.Amount.Amount = row.Amount.Amount.Add(decimal.NewFromInt(1))
				rows = append(rows, row)
			case chance(2):
				removed = append(removed, id)
				gone[id] = row
			}
		}
		for id, row := range gone {
			if !slices.Contains(removed, id) && chance(20) {
				rows = append(rows, row)
				delete(gone, id)
			}
		}
		m.show(rows, removed...)
		mu.Lock()
		store := &mortalStore{
			Subscriptions: m.deps.Subscriptions, left: 4 + random.IntN(40), isExecuted: random.IntN(2) == 0,
		}
		mu.Unlock()
		living := m.deps.MatcherEntries
		m.deps.MatcherEntries = mortalEntries{living, store}
		m.deps.Subscriptions = store
		stop := m.dispatch(m.newService())
		for deadline := time.Now().Add(time.Second); !store.dead() && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		store.kill()
		stop()
		m.deps.MatcherEntries, m.deps.Subscriptions = living, store.Subscriptions
		m.clock.pass(time.Minute) // the lease of the dead process ends
	}
	quiet = true
	defer m.dispatch(m.newService())()
	m.settles()
	if found := m.conflicts(); len(found) > 0 {
		t.Errorf("conflicts %v", found)
	}
}
