package plaid

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

var wholeHistory = domain.Step{Sweep: true}

func TestTheStreamContinuesFromItsPosition(t *testing.T) {
	e := newEnv(t)
	first := e.add(bank, 1203)
	all, err := e.readAll(wholeHistory)
	e.noError(err)
	if len(all.ids) != 1203 || all.pages != 4 || all.position == "" || all.incomplete {
		t.Fatalf("%d rows on %d pages, %q, incomplete %t", len(all.ids), all.pages, all.position, all.incomplete)
	}
	news, err := e.readAll(domain.Step{Since: all.position})
	e.noError(err)
	if diff := cmp.Diff(changes{pages: 1, position: all.position}, news, cmp.AllowUnexported(changes{})); diff != "" {
		t.Errorf("without news: %s", diff)
	}
	added := e.add(card, 2)
	e.noError(e.sim.Remove(e.item.ID, first[0], added[1]))
	changed, err := e.sim.Put(e.item.ID, plaidsim.Transaction{
		ID: first[1], Account: bank, Amount: "1", Currency: new("USD"), Date: "2026-11-01", Name: "CHANGED",
	})
	e.noError(err)
	news, err = e.readAll(domain.Step{Since: all.position})
	e.noError(err)
	want := []string{added[0], changed.ID}
	slices.Sort(want)
	if diff := cmp.Diff(want, news.ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{first[0]}, news.removed); diff != "" {
		t.Error(diff)
	}
	if news.position == all.position {
		t.Error("the position has not moved")
	}
}

func TestAChangeDuringThePaginationStartsAgain(t *testing.T) {
	e := newEnv(t)
	e.add(bank, 501)
	e.sim.MutateDuringPagination(1)
	if _, err := e.readAll(wholeHistory); !errors.Is(err, domain.CursorGone) || !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v", err)
	}
	all, err := e.readAll(wholeHistory)
	e.noError(err)
	if len(all.ids) != 501 {
		t.Errorf("%d rows", len(all.ids))
	}
}

func TestARefusedPositionIsGone(t *testing.T) {
	e := newEnv(t)
	if _, err := e.readAll(domain.Step{Since: "bm90aGluZw=="}); !errors.Is(err, domain.StreamGone) {
		t.Errorf("got %v", err)
	}
}

func TestAnItemWithoutDataIsRetried(t *testing.T) {
	e := newEnv(t)
	e.add(bank, 1)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.History = plaidsim.HistoryNotReady }))
	if _, err := e.readAll(wholeHistory); !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v", err)
	}
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.History = plaidsim.HistoryInitial }))
	all, err := e.readAll(wholeHistory)
	e.noError(err)
	if !all.incomplete || len(all.ids) != 1 || all.position == "" {
		t.Errorf("%+v", all)
	}
}

func TestAnItemIsReadOnceItsDataIsReady(t *testing.T) {
	e := newEnv(t)
	e.add(bank, 3)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.NotReady = 3 }))
	for range 3 {
		if _, err := e.readAll(wholeHistory); !errors.Is(err, domain.VendorUnreachable) {
			t.Errorf("got %v", err)
		}
	}
	all, err := e.readAll(wholeHistory)
	e.noError(err)
	if len(all.ids) != 3 || all.incomplete || all.position == "" {
		t.Errorf("%+v", all)
	}
}

// From time to time, the vendor improves the enrichment of all rows. Such a change does not count as an edit.
func TestABulkEnrichmentEditsNothing(t *testing.T) {
	const rows = 2000
	e := newEnv(t)
	e.add(bank, rows)
	digests := func(step domain.Step) (map[string][sha256.Size]byte, string) {
		t.Helper()
		byID := map[string][sha256.Size]byte{}
		for cursor := ""; ; {
			page, err := e.adapter.Read(t.Context(), e.access, step, nil, cursor)
			e.noError(err)
			for _, raw := range page.Transactions {
				data, err := raw.Normalize()
				e.noError(err)
				byID[raw.ExternalID] = data.Digest()
			}
			if len(page.Removed) > 0 {
				t.Errorf("removed: %d", len(page.Removed))
			}
			if cursor = page.Next; cursor == "" {
				return byID, page.StreamPosition
			}
		}
	}
	before, position := digests(wholeHistory)
	if n, err := e.sim.Enrich(e.item.ID, "TRAVEL", "Shop"); n != rows || err != nil {
		t.Fatal(n, err)
	}
	after, _ := digests(domain.Step{Since: position})
	if len(after) != rows || !maps.Equal(before, after) {
		t.Errorf("%d rows were enriched, equal digests: %t", len(after), maps.Equal(before, after))
	}
	edited, err := e.sim.Put(e.item.ID, plaidsim.Transaction{
		ID: slices.Sorted(maps.Keys(before))[0], Account: bank, Amount: "1", Currency: new("USD"), Date: "2026-11-01",
		Name: "EDITED",
	})
	e.noError(err)
	if after, _ = digests(domain.Step{Since: position}); after[edited.ID] == before[edited.ID] {
		t.Error("an edit has the same digest")
	}
}

// The vendor limits the requests about one Item. Its 429 must not delay the other Items of the client.
func TestTheRateLimitOfAnItemDelaysNoOther(t *testing.T) {
	e := newEnv(t)
	other := *e
	other.item = e.sim.AddItem(plaidsim.Item{})
	_, err := e.sim.AddAccount(other.item.ID, plaidsim.Account{ID: "other", Type: "depository"})
	e.noError(err)
	other.access.AccountRef = other.item.ID
	other.access.Connection = domain.ConnectionID{UUID: uuid.UUID{15: 2}}
	other.access.Credential = credential(clientID, secret, other.item.AccessToken)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.RateLimited = -1 }))
	_, err = e.adapter.Accounts(t.Context(), e.access)
	if !errors.Is(err, domain.VendorRateLimited) || domain.RetryAfterOf(err) != time.Minute {
		t.Errorf("the limited item: %v, retry after %v", err, domain.RetryAfterOf(err))
	}
	requests := e.sim.Requests("/accounts/get")
	if _, err := e.adapter.Accounts(t.Context(), e.access); !errors.Is(err, domain.BudgetExhausted) {
		t.Errorf("the limited item again: %v", err)
	}
	if n := e.sim.Requests("/accounts/get"); n != requests {
		t.Errorf("the limited item was requested again")
	}
	accounts, err := e.adapter.Accounts(t.Context(), other.access)
	if err != nil || len(accounts) != 1 {
		t.Errorf("the other item: %d accounts, %v", len(accounts), err)
	}
}

func TestAWindowIsReadFromTheListing(t *testing.T) {
	e := newEnv(t)
	e.add(bank, 1100)
	for _, tc := range []struct {
		window domain.Window
		pages  int
	}{
		{domain.Window{From: "2000-01-01"}, 3}, {domain.Window{To: "2030-01-01"}, 3},
		{domain.Window{From: "2026-11-19", To: "2026-11-19"}, 1}, {domain.Window{From: "2030-01-01"}, 1},
	} {
		got, err := e.readAll(domain.Step{Window: tc.window})
		e.noError(err)
		if got.pages != tc.pages || got.position != "" || got.pages == 3 && len(got.ids) != 1100 {
			t.Errorf("%v: %d rows on %d pages", tc.window, len(got.ids), got.pages)
		}
	}
}

// The vendor does not list a closed account, but returns its rows.
func TestAnAccountThatIsNotListedComesWithItsRows(t *testing.T) {
	e := newEnv(t)
	e.add(card, 1)
	page, err := e.adapter.Read(t.Context(), e.access, wholeHistory, []domain.AccountData{{ExternalID: bank}}, "")
	e.noError(err)
	if len(page.Accounts) != 1 || page.Accounts[0].ExternalID != card {
		t.Errorf("%+v", page.Accounts)
	}
}

func TestPlansOfScopes(t *testing.T) {
	everything, news := []domain.Step{{Sweep: true}}, []domain.Step{{Since: "p"}}
	window := domain.Window{From: "2026-11-10", To: "2026-11-12"}
	inWindow := domain.Step{Window: domain.Window{From: "2026-11-03", To: "2026-11-19"}}
	for name, tc := range map[string]struct {
		scope        domain.PullScope
		plan, stream []domain.Step
	}{
		"nothing": {},
		"news":    {domain.PullScope{News: true}, everything, news},
		"created": {domain.PullScope{Created: map[string]time.Time{"a": noon}}, everything, news},
		"changed": {domain.PullScope{Changed: map[string][]string{"a": {"1"}}}, everything, news},
		"window":  {domain.PullScope{Window: &window}, []domain.Step{inWindow}, []domain.Step{{Since: "p"}, inWindow}},
		"window and news": {
			domain.PullScope{Window: &window, News: true}, everything, []domain.Step{{Since: "p"}, inWindow},
		},
		"no bounds": {
			domain.PullScope{Window: &domain.Window{}}, everything, []domain.Step{{Since: "p"}, {Sweep: true}},
		},
		"open": {
			domain.PullScope{Window: &domain.Window{From: "2026-11-10"}},
			[]domain.Step{{Window: domain.Window{From: "2026-11-03"}}},
			[]domain.Step{{Since: "p"}, {Window: domain.Window{From: "2026-11-03"}}},
		},
	} {
		var a *Adapter
		if diff := cmp.Diff(tc.plan, a.Plan(tc.scope, nil, "2026-11-19")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(tc.stream, a.PlanFrom("p", tc.scope, nil, "2026-11-19")); diff != "" {
			t.Errorf("%s from a position: %s", name, diff)
		}
	}
}

// A posted row contains the id of the pending row that it replaces.
func TestAPostedRowLinksToItsPendingRow(t *testing.T) {
	e := newEnv(t)
	pending, err := e.sim.Put(e.item.ID, plaidsim.Transaction{
		Account: card, Amount: "48.5", Currency: new("USD"), Date: "2026-11-17", Name: "BISTRO LUNA", Pending: true,
	})
	e.noError(err)
	before, err := e.readAll(wholeHistory)
	e.noError(err)
	tip := func(row *plaidsim.Transaction) { row.Amount, row.Date = json.Number("58.2"), "2026-11-19" }
	posted, err := e.sim.Post(e.item.ID, pending.ID, true, tip)
	e.noError(err)
	page, err := e.adapter.Read(t.Context(), e.access, domain.Step{Since: before.position}, nil, "")
	e.noError(err)
	if len(page.Transactions) != 1 || page.Transactions[0].ExternalID != posted.ID ||
		!slices.Equal(page.Removed, []string{pending.ID}) {
		t.Fatalf("%d rows, removed %v", len(page.Transactions), page.Removed)
	}
	data, err := page.Transactions[0].Normalize()
	e.noError(err)
	if row := e.adapter.RowOf(data, domain.AccountID{}); row.Link != pending.ID || data.Status != domain.Posted ||
		data.Amount.Amount.String() != "-58.2" {
		t.Errorf("link %q, %s %s", row.Link, data.Status, data.Amount.Amount)
	}
}

func TestACursorHasAtMostAThousandCharactersOfBase64(t *testing.T) {
	for cursor, accepted := range map[string]bool{
		"": false, "bQ==": true, "a_-": true, "a b": false, "a\n": false,
		strings.Repeat("c", 1000): true, strings.Repeat("c", 1001): false,
	} {
		text, _ := json.Marshal(cursor) // a string can always be encoded
		_, err := readStreamPage([]byte(`{"accounts":[],"added":[],"modified":[],"removed":[],"has_more":false,
			"transactions_update_status":"HISTORICAL_UPDATE_COMPLETE","next_cursor":`+string(text)+`}`), nil)
		if (err == nil) != accepted {
			t.Errorf("%.5q (%d characters): error %v, want accepted: %t", cursor, len(cursor), err, accepted)
		}
	}
}
