package application_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// link contains the accounts and the rows that the fake vendor has under one account reference.
type link struct {
	accounts []domain.AccountData
	rows     []domain.TransactionData
}

// numbered returns an account whose number identifies it.
func numbered(externalID, number string) domain.AccountData {
	return domain.AccountData{ExternalID: externalID, Type: domain.BankAccount, Currency: "BRL", Number: number}
}

// movements returns rows of an account. Each text has the form "id date description".
func movements(account string, texts ...string) []domain.TransactionData {
	var rows []domain.TransactionData
	for _, text := range texts {
		parts := strings.SplitN(text, " ", 3)
		data := row(parts[0], parts[2])
		data.Account, data.Date = account, domain.Date(parts[1])
		copy(data.ContentHash[:], fmt.Sprintf("%-16s", parts[2])) // the hash depends only on the description
		rows = append(rows, data)
	}
	return rows
}

// relinkEnv is an env whose vendor has different accounts and rows under each account reference.
type relinkEnv struct {
	*env
	c     domain.Connection
	first map[string]domain.TransactionID // transaction ids under the first reference; the keys are the descriptions
}

func newRelinkEnv(t *testing.T, options ...func(*application.Deps)) *relinkEnv {
	t.Helper()
	options = append(options, func(d *application.Deps) { d.KeepReplacementsApart = false })
	e := &relinkEnv{env: newEnv(t, options...)}
	e.vendor.links = map[string]*link{
		"item-1": {
			accounts: []domain.AccountData{numbered("a1", "111"), numbered("b1", "222")},
			rows: slices.Concat(
				movements(
					"a1",
					"x1 2026-02-01 bakery",
					"x2 2026-02-02 market",
					"x3 2026-02-03 rent",
					"x0 2025-11-01 old",
				),
				movements("b1", "z1 2026-02-01 salary"),
			),
		},
		"item-2": {
			accounts: []domain.AccountData{numbered("a2", "111"), numbered("c2", "333")},
			rows: slices.Concat(
				movements(
					"a2",
					"y1 2026-02-01 bakery",
					"y2 2026-02-02 market",
					"y4 2026-02-04 cinema",
					"y5 2026-01-15 gym",
				),
				movements("c2", "w1 2026-02-05 savings"),
			),
		},
	}
	e.c = e.createConnection("books")
	e.pull()
	e.first = map[string]domain.TransactionID{}
	for _, t := range e.rows() {
		e.first[t.Description] = t.ID
	}
	e.clock.pass(time.Minute)
	return e
}

// pull runs a complete pull (which reads everything that the vendor has) to its end, and returns its id.
func (e *relinkEnv) pull() domain.PullID {
	e.Helper()
	id := e.requestFullPull(e.c)
	e.finishPull(id)
	return id
}

// finishPull runs attempts until the pull has ended.
func (e *relinkEnv) finishPull(id domain.PullID) {
	e.Helper()
	for range 50 {
		wait, err := e.RunPull(e.ctx, id)
		if err != nil {
			wait = 30 * time.Second // the lease must expire
		}
		if p := e.getPull(id); p.State == domain.PullSucceeded || p.State == domain.PullFailed {
			return
		}
		e.clock.pass(max(wait, time.Second))
	}
	e.Fatal("the pull does not end")
}

func (e *relinkEnv) rows() []domain.Transaction {
	e.Helper()
	page, err := e.ListTransactions(e.ctx, e.tenant, e.c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 200})
	e.noError(err)
	return page.Items
}

// live returns the live transactions of the connection in the form "id description", sorted.
func (e *relinkEnv) live() []string {
	e.Helper()
	var live []string
	for _, t := range e.rows() {
		if t.RemovedAt.IsZero() {
			live = append(live, t.ExternalID+" "+t.Description)
		}
	}
	slices.Sort(live)
	return live
}

// changes returns the changes in the feed after a position, in the form "kind description", sorted. It also returns the
// position at the end of the feed.
func (e *relinkEnv) changes(position domain.Position) ([]string, domain.Position) {
	e.Helper()
	page, err := e.Changes(e.ctx, e.tenant, domain.PageRequest{Limit: 1000, After: position}, 0)
	e.noError(err)
	var changes []string
	for _, t := range page.Items {
		changes = append(changes, string(t.Change())+" "+t.Description)
	}
	slices.Sort(changes)
	return changes, page.Next
}

// The live transactions of the connection before and after it was linked again under the reference "item-2".
var (
	liveBefore = []string{"x0 old", "x1 bakery", "x2 market", "x3 rent", "z1 salary"}
	liveAfter  = []string{"w1 savings", "x0 old", "y1 bakery", "y2 market", "y4 cinema", "y5 gym", "z1 salary"}
)

// wantRelinked fails the test unless the live transactions are those of "item-2", and each transaction that was read
// under the first reference still has its id.
func (e *relinkEnv) wantRelinked() {
	e.Helper()
	e.wantLive(liveAfter)
	for _, t := range e.rows() {
		if id, known := e.first[t.Description]; known && id != t.ID {
			e.Errorf("%s got another id", t.Description)
		}
	}
}

func (e *relinkEnv) wantLive(want []string) {
	e.Helper()
	if diff := cmp.Diff(want, e.live()); diff != "" {
		e.Errorf("live transactions (-want +got):\n%s", diff)
	}
}

func TestAnotherReferenceContinuesAccountsAndTransactions(t *testing.T) {
	e := newRelinkEnv(t)
	_, position := e.changes(domain.Position{})
	e.repoint(e.c, "item-2")
	id := e.pull()
	e.wantPull(id, domain.PullSucceeded, "")
	e.wantRelinked()
	changes, _ := e.changes(position)
	want := []string{"added cinema", "added gym", "added savings", "modified bakery", "modified market", "removed rent"}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("feed (-want +got):\n%s", diff)
	}
	counts := domain.Counts{Accounts: 2, Read: 5, Added: 3, Modified: 2, Removed: 1, IDChanges: 2}
	if diff := cmp.Diff(counts, e.getPull(id).Counts); diff != "" {
		t.Error(diff)
	}
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 10})
	e.noError(err)
	var got []string
	for _, a := range accounts.Items {
		text := a.ExternalID
		for _, r := range a.References {
			text += fmt.Sprint(" ", r.AccountRef, "/", r.ExternalID, "/", r.Until.IsZero())
		}
		got = append(got, fmt.Sprint(text, " ", !a.RemovedAt.IsZero()))
	}
	want = []string{
		"a2 item-1/a1/false item-2/a2/true false", "b1 item-1/b1/false true", "c2 item-2/c2/true false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	id = e.pull()
	counts = domain.Counts{Accounts: 2, Read: 5, Unchanged: 5}
	if diff := cmp.Diff(counts, e.getPull(id).Counts); diff != "" {
		t.Errorf("the next pull (-want +got):\n%s", diff)
	}
	e.wantRelinked()
}

// A pull of a new account reference must succeed even if one store call fails. It must also succeed if the process
// ends between two store calls. At all times, all live transactions must belong to the same account reference: to the
// old one or to the new one.
func TestAFaultBetweenAnyTwoStepsOfARelinkIsRepaired(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			e := newRelinkEnv(t)
			e.repoint(e.c, "item-2")
			id := e.requestFullPull(e.c)
			_, position := e.changes(domain.Position{})
			calls, failed := 0, ""
			e.fault = func(op string) error {
				if !strings.HasPrefix(op, "Pulls.") && !strings.HasPrefix(op, "Connections.") {
					return nil
				}
				if calls++; calls != n {
					return nil
				}
				failed = op
				if after { // as if the process had ended after the previous call
					return errors.New("the process has ended")
				}
				return unavailable(domain.StoreUnavailable)
			}
			for attempts := 0; ; attempts++ {
				wait, err := e.RunPull(e.ctx, id)
				fault := e.fault
				e.fault = nil
				live := e.live()
				if !slices.Equal(live, liveBefore) && !slices.Equal(live, liveAfter) {
					t.Fatalf("after %s failed, the connection shows %q", failed, live)
				}
				if e.getPull(id).State == domain.PullSucceeded {
					break
				}
				if attempts == 20 {
					t.Fatalf("after %s failed, the pull does not end", failed)
				}
				if err != nil {
					wait = 30 * time.Second
				}
				e.clock.pass(max(wait, time.Second))
				e.fault = fault
			}
			e.wantRelinked()
			changes, _ := e.changes(position)
			if slices.ContainsFunc(changes, func(c string) bool {
				return c == "added bakery" || c == "added market" || c == "added old"
			}) {
				t.Errorf("after %s failed, the feed shows %q", failed, changes)
			}
			if t.Failed() {
				t.Fatalf("the call %d, of %s, failed", n, failed)
			}
			if failed == "" {
				if n < 10 {
					t.Errorf("only %d calls", n)
				}
				break
			}
		}
	}
}

// The rows of a new reference must be staged even if they have the ids and the content of rows that are stored already.
func TestRowsOfAnotherReferenceWithTheSameIDsAreStaged(t *testing.T) {
	e := newRelinkEnv(t)
	first := e.vendor.links["item-1"]
	e.vendor.links["item-2"] = &link{
		accounts: first.accounts, rows: append(movements("a1", "x9 2025-10-01 new"), first.rows...),
	}
	e.repoint(e.c, "item-2")
	id := e.pull()
	e.wantLive(append(slices.Clone(liveBefore[:4]), "x9 new", liveBefore[4]))
	want := domain.Counts{Accounts: 2, Read: 6, Unchanged: 5, Added: 1}
	if diff := cmp.Diff(want, e.getPull(id).Counts); diff != "" {
		t.Error(diff)
	}
}

// While the nth page of the new account reference is requested, no row of this reference must be visible. During the
// request, one of the events below happens. The next pulls must then produce the right state.
func TestEventsInTheMiddleOfARelink(t *testing.T) {
	update := func(e *relinkEnv, ref string) {
		c, err := e.GetConnection(e.ctx, e.tenant, e.c.ID)
		e.noError(err)
		e.clock.pass(time.Millisecond)
		e.repoint(c, ref)
	}
	for _, event := range []struct {
		name string
		do   func(e *relinkEnv)
		want []string
	}{
		{"another reference", func(e *relinkEnv) {
			e.vendor.links["item-3"] = &link{
				accounts: []domain.AccountData{numbered("a3", "111")},
				rows:     movements("a3", "v1 2026-02-01 bakery", "v3 2026-02-03 rent"),
			}
			update(e, "item-3")
		}, []string{"v1 bakery", "v3 rent", "x0 old", "z1 salary"}},
		{"back to the first reference", func(e *relinkEnv) { update(e, "item-1") }, liveBefore},
		{"back and forth", func(e *relinkEnv) {
			update(e, "item-1")
			update(e, "item-2")
		}, liveAfter},
		{"a pause", func(e *relinkEnv) {
			_, err := e.PauseConnection(e.ctx, e.tenant, e.c.ID)
			e.noError(err)
		}, liveAfter},
		{"a webhook", func(e *relinkEnv) {
			e.receive(e.mintToken(e.c), eventBody("e1", domain.PullScope{
				Created: map[string]time.Time{"a2": epoch}, Removed: []string{"y4", "x1"},
			}))
		}, liveAfter},
		{"a deletion", func(e *relinkEnv) {
			e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
		}, nil},
		{"a row that disappears", func(e *relinkEnv) {
			rows := &e.vendor.links["item-2"].rows
			*rows = slices.DeleteFunc(*rows, func(t domain.TransactionData) bool { return t.ExternalID == "y1" })
		}, nil},
	} {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(event.name, " at request ", n), func(t *testing.T) {
				e := newRelinkEnv(t)
				e.repoint(e.c, "item-2")
				requests := 0
				e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
					if requests++; requests == n {
						e.wantLive(liveBefore)
						event.do(e)
					}
					return nil, nil
				}
				id := e.requestFullPull(e.c)
				e.runPull(id)
				if event.name == "a deletion" {
					search, err := e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{},
						domain.PageRequest{Limit: 10})
					e.noError(err)
					if len(search.Items) != len(liveBefore) {
						t.Errorf(
							"%d transactions of the deleted connection, want %d",
							len(search.Items),
							len(liveBefore),
						)
					}
					return
				}
				if c, _ := e.GetConnection(e.ctx, e.tenant, e.c.ID); c.Paused() {
					e.wantLive(liveBefore)
					_, err := e.ResumeConnection(e.ctx, e.tenant, e.c.ID)
					e.noError(err)
				}
				e.vendor.onRead = nil
				for _, nudged := range slices.Clone(e.nudged) {
					if _, err := e.GetPull(e.ctx, e.tenant, nudged); err == nil {
						e.finishPull(nudged)
					}
				}
				e.pull()
				want := event.want
				if want == nil {
					want = slices.DeleteFunc(slices.Clone(liveAfter), func(s string) bool { return s == "y1 bakery" })
				}
				e.wantLive(want)
				for _, tx := range e.rows() {
					if id, known := e.first[tx.Description]; known && tx.RemovedAt.IsZero() && id != tx.ID {
						t.Errorf("%s got another id", tx.Description)
					}
				}
			})
		}
	}
}

// Rows must stay staged while the vendor synchronises, because its list may be incomplete at that time.
func TestRowsStayStagedWhileTheVendorSynchronises(t *testing.T) {
	e := newRelinkEnv(t)
	e.repoint(e.c, "item-2")
	for _, status := range []domain.LinkStatus{
		{}, {Transactions: domain.OneRead}, {Accounts: domain.OneRead}, {SyncComplete: true},
	} {
		e.vendor.status = status
		e.wantPull(e.pull(), domain.PullSucceeded, "")
		e.wantLive(liveBefore)
	}
	e.vendor.status = domain.LinkStatus{Accounts: domain.TwoReads, Transactions: domain.TwoReads}
	e.pull()
	e.wantRelinked()
}

// An account without a number must be recognised by its rows.
func TestAnAccountIsRecognisedByItsRows(t *testing.T) {
	e := newRelinkEnv(t)
	var before, after []string
	for i := range 20 {
		before = append(before, fmt.Sprintf("p%d 2026-01-%02d shop number %c", i, i+1, 'a'+i))
		after = append(after, fmt.Sprintf("q%d 2026-01-%02d shop number %c", i, i+1, 'a'+i))
	}
	e.vendor.links["item-3"] = &link{
		accounts: []domain.AccountData{numbered("d3", "")},
		rows:     movements("d3", before...),
	}
	e.vendor.links["item-4"] = &link{
		accounts: []domain.AccountData{numbered("d4", "")},
		rows:     movements("d4", after...),
	}
	e.c = e.createNamed("other", "item-3")
	e.pull()
	ids := map[string]domain.TransactionID{}
	for _, t := range e.rows() {
		ids[t.Description] = t.ID
	}
	e.repoint(e.c, "item-4")
	e.pull()
	for _, tx := range e.rows() {
		if ids[tx.Description] != tx.ID || !strings.HasPrefix(tx.ExternalID, "q") {
			t.Errorf("%s is %s", tx.Description, tx.ExternalID)
		}
	}
}

// TestAReferenceThatShowsFewKnownTransactionsWaits links an account with a known number. Fewer than half of its rows
// are known, so somebody may have linked the account of another customer.
func TestAReferenceThatShowsFewKnownTransactionsWaits(t *testing.T) {
	e := newRelinkEnv(t)
	shops := []string{"aurora", "borges", "cristal", "diamante", "estrela", "fortaleza", "girassol", "horizonte",
		"imperial", "jatoba", "kariri", "laranjeiras", "mangueira", "palmeiras", "quitanda", "recanto"}
	rowsOf := func(prefix string, first int) (texts []string) {
		for i := range 12 {
			texts = append(texts, fmt.Sprintf("%s%d 2026-01-%02d %s", prefix, i, i+1, shops[(first+i)%16]+" "+prefix))
		}
		return texts
	}
	e.vendor.links["item-3"] = &link{
		accounts: []domain.AccountData{numbered("d3", "444")}, rows: movements("d3", rowsOf("p", 0)...),
	}
	e.vendor.links["item-4"] = &link{
		accounts: []domain.AccountData{numbered("d4", "444")}, rows: movements("d4", rowsOf("q", 5)...),
	}
	e.c = e.createNamed("other", "item-3")
	e.pull()
	before := e.live()
	e.clock.pass(time.Minute)
	e.repoint(e.c, "item-4")
	e.pull()
	e.wantLive(before)
	health := func() (held int, attention []domain.Attention) {
		t.Helper()
		h, err := e.ConnectionHealth(e.ctx, e.tenant, e.c.ID)
		e.noError(err)
		return h.Facts.Unremoved(), h.Attention
	}
	held, attention := health()
	if held != 12 || len(attention) != 1 || attention[0].Reason != domain.NeedsRemovalConfirmed {
		t.Errorf("%d removals are held, and the attention is %v", held, attention)
	}
	e.clock.pass(59 * time.Minute)
	e.pull()
	e.wantLive(before)
	e.clock.pass(2 * time.Minute)
	e.pull()
	for _, text := range e.live() {
		if !strings.HasPrefix(text, "q") {
			t.Errorf("%s is live", text)
		}
	}
	held, attention = health()
	if held != 0 || slices.ContainsFunc(attention, func(a domain.Attention) bool {
		return a.Reason == domain.NeedsRemovalConfirmed
	}) {
		t.Errorf("at the end, %d removals are held, and the attention is %v", held, attention)
	}
}

func (e *relinkEnv) createNamed(name, ref string) domain.Connection {
	e.Helper()
	n := newConnection(name)
	n.AccountRef = ref
	c, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
	return c
}

func TestANewConnectionContinuesTheDeletedOne(t *testing.T) {
	e := newRelinkEnv(t)
	_, position := e.changes(domain.Position{})
	e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
	e.c = e.createNamed("books again", "item-2")
	e.pull()
	e.wantLive([]string{"w1 savings", "x0 old", "y1 bakery", "y2 market", "y4 cinema", "y5 gym"})
	changes, _ := e.changes(position)
	want := []string{
		"added cinema",
		"added gym",
		"added savings",
		"modified bakery",
		"modified market",
		"modified old",
		"removed rent",
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("feed (-want +got):\n%s", diff)
	}
	for _, tx := range e.rows() {
		if id, known := e.first[tx.Description]; known && id != tx.ID {
			t.Errorf("%s got another id", tx.Description)
		}
	}
}

// While two connections to the same account are live, each must have its own records.
func TestTwoLiveConnectionsKeepTheirOwnRecords(t *testing.T) {
	e := newRelinkEnv(t)
	first := e.c
	e.c = e.createNamed("the same account", "item-2")
	e.pull()
	e.wantLive([]string{"w1 savings", "y1 bakery", "y2 market", "y4 cinema", "y5 gym"})
	e.c = first
	e.wantLive(liveBefore)
}

// If two deleted connections have had the same account, a new connection must take over the transactions of the
// connection that was deleted last.
func TestTheLastDeletedConnectionContinues(t *testing.T) {
	e := newRelinkEnv(t)
	older := e.c
	e.c = e.createNamed("second", "item-2")
	e.pull()
	second := map[string]domain.TransactionID{}
	for _, t := range e.rows() {
		second[t.Description] = t.ID
	}
	e.noError(e.DeleteConnection(e.ctx, e.tenant, older.ID, nil))
	e.clock.pass(time.Second)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
	e.c = e.createNamed("third", "item-1")
	e.pull()
	var got []string
	for _, tx := range e.rows() {
		if id, known := second[tx.Description]; known && id == tx.ID {
			got = append(got, tx.Description)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"bakery", "cinema", "gym", "market"}, got); diff != "" {
		t.Errorf("continued transactions (-want +got):\n%s", diff)
	}
}

// If the accounts of a new connection are not known from earlier connections, the rows must not be staged. The rows of
// each page must be visible before the pull has read the last page.
func TestANewConnectionWithoutKnownAccountsIsNotStaged(t *testing.T) {
	e := newRelinkEnv(t)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
	card := domain.AccountData{ExternalID: "k", Type: domain.CreditAccount, Currency: "BRL", Number: "9"}
	e.vendor.links["item-5"] = &link{accounts: []domain.AccountData{card}}
	for i := range 9 {
		text := "k" + strconv.Itoa(i) + " 2026-02-01 purchase " + strconv.Itoa(i)
		e.vendor.links["item-5"].rows = append(e.vendor.links["item-5"].rows, movements("k", text)...)
	}
	e.c = e.createNamed("card", "item-5")
	seen := 0
	e.vendor.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		if cursor == "8" {
			seen = len(e.rows())
		}
		return nil, nil
	}
	e.pull()
	if seen == 0 || len(e.rows()) != 9 {
		t.Errorf("%d rows before the last page, %d after it", seen, len(e.rows()))
	}
	c, err := e.GetConnection(e.ctx, e.tenant, e.c.ID)
	e.noError(err)
	if c.NewReference {
		t.Error("the connection still has a new reference")
	}
}

// Staged rows must remain staged even if the vendor no longer lists their account. The vendor may list the account
// again later.
func TestRowsRemainStagedWhenTheVendorDoesNotListTheirAccountAnyMore(t *testing.T) {
	e := newRelinkEnv(t)
	_, position := e.changes(domain.Position{})
	e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
	e.c = e.createNamed("books again", "item-2")
	e.vendor.status = domain.LinkStatus{}
	e.pull()
	e.wantLive(nil)
	link := e.vendor.links["item-2"]
	accounts := link.accounts
	link.accounts = nil
	e.pull()
	e.wantLive(nil)
	link.accounts = accounts
	e.vendor.status = domain.LinkStatus{Accounts: domain.OneRead, Transactions: domain.OneRead}
	e.pull()
	e.wantLive([]string{"w1 savings", "x0 old", "y1 bakery", "y2 market", "y4 cinema", "y5 gym"})
	e.wantNotAdded(position, "bakery", "market", "old")
}

// wantNotAdded fails the test in two cases:
//   - The feed after the position reports that one of the given transactions was added.
//   - A live transaction has a different id than it had under the first account reference.
func (e *relinkEnv) wantNotAdded(position domain.Position, descriptions ...string) {
	e.Helper()
	changes, _ := e.changes(position)
	for _, description := range descriptions {
		if slices.Contains(changes, "added "+description) {
			e.Errorf("the feed shows %q", changes)
		}
	}
	for _, tx := range e.rows() {
		if id, known := e.first[tx.Description]; known && tx.RemovedAt.IsZero() && id != tx.ID {
			e.Errorf("%s got another id", tx.Description)
		}
	}
}

// If the vendor never reports that its synchronisation has ended, the rows must be published after a day. In that case,
// nothing may be marked as removed, because there is no proof that rows or accounts are absent.
func TestRowsAreNotStagedForLongerThanADay(t *testing.T) {
	e := newRelinkEnv(t)
	_, position := e.changes(domain.Position{})
	e.repoint(e.c, "item-2")
	e.vendor.status = domain.LinkStatus{}
	e.pull()
	e.clock.pass(domain.MaxStaged - time.Minute)
	e.pull()
	e.wantLive(liveBefore)
	e.clock.pass(time.Minute)
	e.pull()
	unproved := slices.Concat(liveAfter[:2], []string{"x3 rent"}, liveAfter[2:])
	e.wantLive(unproved)
	if c, _ := e.GetConnection(e.ctx, e.tenant, e.c.ID); c.NewReference || !c.StagedSince.IsZero() {
		t.Errorf("the reference is still new: %+v", c)
	}
	removed := func() []string {
		page, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 10})
		e.noError(err)
		var removed []string
		for _, a := range page.Items {
			if !a.RemovedAt.IsZero() {
				removed = append(removed, a.ExternalID)
			}
		}
		return removed
	}
	if got := removed(); got != nil {
		t.Errorf("the accounts %q are removed without a proof", got)
	}
	e.pull()
	e.wantLive(unproved)
	e.vendor.status = domain.LinkStatus{Accounts: domain.OneRead, Transactions: domain.OneRead}
	e.pull()
	e.wantLive(liveAfter)
	if diff := cmp.Diff([]string{"b1"}, removed()); diff != "" {
		t.Errorf("removed accounts (-want +got):\n%s", diff)
	}
	e.wantNotAdded(position, "bakery", "market", "old", "salary")
}

// After a change of the account reference, a vendor may return only recent rows at first, and older rows later. The
// older rows must also be recognised as known transactions, and the transactions must keep their ids.
func TestHistoryThatArrivesLateContinuesTheKnownTransactions(t *testing.T) {
	for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads} {
		e := newRelinkEnv(t)
		e.vendor.status = domain.LinkStatus{Accounts: proof, Transactions: proof}
		_, position := e.changes(domain.Position{})
		e.repoint(e.c, "item-2")
		link := e.vendor.links["item-2"]
		whole := link.rows
		link.rows = whole[1:3] // only the rows "market" and "cinema"
		e.pull()
		e.pull()
		e.wantLive([]string{"x0 old", "x1 bakery", "y2 market", "y4 cinema", "z1 salary"})
		link.rows = append(whole, movements("a2", "y0 2025-11-01 old", "y9 2025-10-01 new")...)
		e.pull()
		e.wantLive([]string{
			"w1 savings", "y0 old", "y1 bakery", "y2 market", "y4 cinema", "y5 gym", "y9 new", "z1 salary",
		})
		e.wantNotAdded(position, "bakery", "market", "old")
	}
}

// After a change of the account reference, the vendor may list an account late. The rows of the other accounts are
// already visible at that time. The late account must still be recognised as the same bank account, and keep its
// records.
func TestAnAccountThatIsListedLateContinuesItsRecords(t *testing.T) {
	for name, follow := range map[string]func(e *relinkEnv, ref string){
		"another reference": func(e *relinkEnv, ref string) { e.repoint(e.c, ref) },
		"a new connection": func(e *relinkEnv, ref string) {
			e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
			e.c = e.createNamed("again", ref)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRelinkEnv(t)
			e.vendor.links["item-7"] = &link{
				accounts: []domain.AccountData{numbered("a7", "11111"), numbered("b7", "22222")},
				rows:     slices.Concat(movements("a7", "p1 2026-02-01 tea"), movements("b7", "p2 2026-02-01 milk")),
			}
			late := link{
				accounts: []domain.AccountData{numbered("a8", "11111"), numbered("b8", "22222")},
				rows:     slices.Concat(movements("a8", "q1 2026-02-01 tea"), movements("b8", "q2 2026-02-01 milk")),
			}
			e.vendor.links["item-8"] = &link{accounts: late.accounts[:1], rows: late.rows[:1]}
			e.c = e.createNamed("late", "item-7")
			e.pull()
			for _, t := range e.rows() {
				e.first[t.Description] = t.ID
			}
			_, position := e.changes(domain.Position{})
			e.clock.pass(time.Minute)
			follow(e, "item-8")
			e.pull()
			e.vendor.links["item-8"] = &late
			id := e.pull()
			e.wantPull(id, domain.PullSucceeded, "")
			e.wantLive([]string{"q1 tea", "q2 milk"})
			e.wantNotAdded(position, "tea", "milk")
			e.pull()
			e.wantLive([]string{"q1 tea", "q2 milk"})
		})
	}
}

// The vendor may give an account and its rows other ids after it was asked for the accounts, and before it is asked for
// the rows. The rows then come with an account that was not listed. It must be recognised before a row is stored.
func TestAnAccountThatGetsAnotherIDDuringAPullContinues(t *testing.T) {
	e := newRelinkEnv(t)
	l := e.vendor.links["item-1"]
	accounts := 0
	e.vendor.onAccounts = func() error { accounts++; return nil }
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		if step.Account != "a1" {
			return nil, nil
		}
		l.accounts[0] = numbered("a9", "111")
		l.rows = slices.Concat(
			movements("a9", "v1 2026-02-01 bakery", "v2 2026-02-02 market", "v3 2026-02-03 rent", "v0 2025-11-01 old"),
			movements("b1", "z1 2026-02-01 salary"),
		)
		return &ports.VendorPage{
			Accounts: l.accounts[:1], Transactions: domain.RawTransactionsOf(l.rows[:4]...),
		}, nil
	}
	_, position := e.changes(domain.Position{})
	e.wantPull(e.pull(), domain.PullSucceeded, "")
	e.wantLive([]string{"v0 old", "v1 bakery", "v2 market", "v3 rent", "z1 salary"})
	e.wantNotAdded(position, "old", "bakery", "market", "rent", "salary")
	if known := e.accounts(); len(known) != 2 {
		t.Errorf("there are %d accounts, want 2", len(known))
	}
	// Rows of an account that is not listed either way cost one request in each pull.
	e.vendor.onRead = func(step domain.Step, _ string) (*ports.VendorPage, error) {
		page := &ports.VendorPage{Accounts: []domain.AccountData{numbered("closed", "999")}}
		for _, row := range l.rows {
			if row.Account == step.Account {
				page.Transactions = append(page.Transactions, domain.RawTransactionsOf(row)...)
			}
		}
		return page, nil
	}
	accounts = 0
	e.wantPull(e.pull(), domain.PullSucceeded, "")
	if accounts != 2 {
		t.Errorf("the accounts were listed %d times, want 2", accounts)
	}
}

// A pull without a new account reference must not call any store method that is only needed for relinks.
func TestAnOrdinaryPullAsksNothingAboutRelinks(t *testing.T) {
	e := newRelinkEnv(t)
	var calls []string
	e.fault = func(op string) error {
		calls = append(calls, op)
		return nil
	}
	e.pull()
	for _, op := range []string{"Pulls.FormerAccounts", "Pulls.RowsOfAccount", "Pulls.Publish"} {
		if slices.Contains(calls, op) {
			t.Errorf("an ordinary pull calls %s", op)
		}
	}
	if !slices.Contains(calls, "Pulls.StorePage") {
		t.Errorf("the calls are %q", calls)
	}
}

// An operator may say that no account continues one that is gone, although no rows wait for it. An account that would
// continue it by its number is then a new one, also under a later reference.
func TestNoAccountContinuesOneThatEnded(t *testing.T) {
	for _, ended := range []bool{false, true} {
		e := newRelinkEnv(t)
		e.repoint(e.c, "item-2")
		e.pull()
		for _, account := range e.accounts() {
			switch account.ExternalID {
			case "b1": // gone
				if ended {
					got, err := e.EndAccount(e.ctx, e.tenant, account.ID)
					e.noError(err)
					if got.ID != account.ID {
						e.Errorf("got the account %+v", got)
					}
				}
			case "a2": // live
				_, err := e.EndAccount(e.ctx, e.tenant, account.ID)
				e.wantError(err, domain.AccountNotAmbiguous, domain.Conflict)
			}
		}
		e.vendor.links["item-3"] = &link{accounts: []domain.AccountData{numbered("b3", "222"), numbered("d3", "444")}}
		e.vendor.links["item-3"].rows = movements("b3", "v1 2026-02-01 salary")
		e.vendor.links["item-4"] = &link{accounts: []domain.AccountData{numbered("d4", "444")}}
		for _, reference := range []string{"item-4", "item-3"} {
			e.repoint(e.c, reference)
			e.pull()
			e.clock.pass(2 * time.Hour)
			e.pull()
		}
		continued := slices.ContainsFunc(e.accounts(), func(a domain.Account) bool {
			return a.ExternalID == "b3" && len(a.References) > 1
		})
		if continued == ended {
			e.Errorf("ended %t: the new account continues the old one: %t", ended, continued)
		}
	}
}

func (e *relinkEnv) accounts() []domain.Account {
	e.Helper()
	page, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 100})
	e.noError(err)
	return page.Items
}

func TestADecisionAboutAnAccountOfADeletedConnectionIsRefused(t *testing.T) {
	e := newRelinkEnv(t)
	e.pull()
	accounts := e.accounts()
	e.noError(e.DeleteConnection(e.ctx, e.tenant, e.c.ID, nil))
	for _, account := range accounts {
		_, err := e.EndAccount(e.ctx, e.tenant, account.ID)
		e.wantError(err, domain.AccountLeft, domain.Conflict)
		_, err = e.ContinueAccount(e.ctx, e.tenant, account.ID, account.ExternalID)
		e.wantError(err, domain.AccountLeft, domain.Conflict)
	}
}
