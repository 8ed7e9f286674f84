package pluggy_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestStandingFollowsTheItem(t *testing.T) {
	for _, test := range []struct {
		status, execution string
		want              domain.LinkStatus
	}{
		{"UPDATED", "SUCCESS", domain.LinkStatus{SyncComplete: true}},
		{"UPDATED", "PARTIAL_SUCCESS", domain.LinkStatus{}},
		{"UPDATING", "TRANSACTIONS_IN_PROGRESS", domain.LinkStatus{}},
		{"LOGIN_ERROR", "INVALID_CREDENTIALS", domain.LinkStatus{NeedsReauth: true}},
		{"WAITING_USER_INPUT", "WAITING_USER_INPUT", domain.LinkStatus{NeedsReauth: true}},
		{"WAITING_USER_ACTION", "WAITING_USER_ACTION", domain.LinkStatus{NeedsReauth: true}},
		{"OUTDATED", "ACCOUNT_LOCKED", domain.LinkStatus{NeedsReauth: true}},
		{"OUTDATED", "SITE_NOT_AVAILABLE", domain.LinkStatus{}},
		{"SOMETHING_NEW", "SUCCESS", domain.LinkStatus{}},
	} {
		t.Run(test.status+" "+test.execution, func(t *testing.T) {
			w := newWorld(t, vendorhttp.Config{})
			if err := w.sim.SetItemStatus(pluggysim.DemoItemID, test.status, test.execution); err != nil {
				t.Fatal(err)
			}
			got, err := w.adapter.Check(t.Context(), w.access)
			if got.SyncMarker == "" {
				t.Error("the vendor's mark of its last synchronisation is missing")
			}
			if got.SyncMarker = ""; err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	for _, ref := range []string{"unknown", "../auth", "..", "a/b", "x?y=1#z", "a b", "é", "%2e%2e", "\x00", "@127.0.0.1"} {
		w := newWorld(t, vendorhttp.Config{})
		w.access.AccountRef = ref
		_, err := w.adapter.Check(t.Context(), w.access)
		if !errors.Is(err, domain.AccountNotFound) && !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%q: %v", ref, err)
		}
		for _, r := range w.asked {
			if path := r.URL.EscapedPath(); path != "/auth" && (!strings.HasPrefix(path, "/items/") || strings.Count(path, "/") != 2) {
				t.Errorf("%q led to %s", ref, path)
			}
		}
	}
}

func TestADeletedItemIsNotFound(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	if err := w.sim.RemoveItem(pluggysim.DemoItemID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.adapter.Check(t.Context(), w.access); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("Check: %v", err)
	}
	if _, err := w.adapter.Accounts(t.Context(), w.access); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("Accounts: %v", err)
	}
}

func TestAccountsStandByID(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	const first = "00aa22bb-33cc-4d44-8e55-66ff77aa88bb" // added last
	if _, err := w.sim.AddAccount(pluggysim.Account{ID: first, ItemID: pluggysim.DemoItemID, Type: "INVESTMENT"}); err != nil {
		t.Fatal(err)
	}
	got, err := w.adapter.Accounts(t.Context(), w.access)
	if err != nil || len(got) != 3 || got[0].ExternalID != first || got[0].Type != domain.OtherAccount {
		t.Errorf("got %+v, %v", got, err)
	}
}

// read pulls a step and gives its row ids, in order.
func (w *world) read(t *testing.T, step domain.Step) []string {
	t.Helper()
	accounts, err := w.adapter.Accounts(t.Context(), w.access)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
		batch, err := w.adapter.Read(t.Context(), w.access, step, accounts, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range batch.Transactions {
			ids = append(ids, row.ExternalID)
		}
		cursor = batch.Next
	}
	return ids
}

func (w *world) queries() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.asked {
		if r.URL.Path == "/v2/transactions" {
			all = append(all, r.URL.RawQuery)
		}
	}
	return all
}

func TestEveryPageIsReadOnce(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 7 })
	w.seed(t, pluggysim.DemoBankAccountID, 100)
	rows := w.sim.Transactions(pluggysim.DemoBankAccountID)
	want := make([]string, len(rows))
	for i, row := range rows {
		want[i] = row.ID
	}
	if diff := cmp.Diff(want, w.read(t, domain.Step{Account: pluggysim.DemoBankAccountID})); diff != "" {
		t.Error(diff)
	}
	if asked := len(w.queries()); asked != 15 {
		t.Errorf("%d requests for 15 pages", asked)
	}
	if w.sim.Stats().Deprecated != 0 {
		t.Error("the old list was asked")
	}
	w.keysIssued(t, 1)
}

func TestIDsAreReadInLists(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 300 })
	ids := w.seed(t, pluggysim.DemoBankAccountID, 1203)
	got := w.read(t, domain.Step{Account: pluggysim.DemoBankAccountID, IDs: ids})
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
	var named []int
	for _, r := range w.asked {
		if list := r.URL.Query().Get("ids"); list != "" {
			named = append(named, len(strings.Split(list, ",")))
		}
	}
	if diff := cmp.Diff([]int{500, 500, 500, 500, 203}, named); diff != "" { // each list of 500 has two pages of 300
		t.Error(diff)
	}
}

func TestTheKeyMayExpireBetweenPages(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 10 })
	w.seed(t, pluggysim.DemoBankAccountID, 45)
	w.spoil(t, pluggysim.Fault{Kind: pluggysim.FaultExpire, Skip: 2}, "/v2/transactions")
	if got := w.read(t, domain.Step{Account: pluggysim.DemoBankAccountID}); len(got) != 50 {
		t.Errorf("%d rows, want 50", len(got))
	}
	w.keysIssued(t, 2)
}

func TestQuestionsAreSpelledAsTheVendorReadsThem(t *testing.T) {
	account := pluggysim.DemoBankAccountID
	for name, test := range map[string]struct {
		step domain.Step
		want string
	}{
		"everything": {domain.Step{Account: account, Window: domain.Window{From: "2025-11-26"}}, ""},
		"window": {domain.Step{Account: account, Window: domain.Window{From: "2026-11-01", To: "2026-11-10"}},
			"&dateFrom=2026-10-31&dateTo=2026-11-12"},
		"open window": {domain.Step{Account: account, Window: domain.Window{From: "2026-11-01"}}, "&dateFrom=2026-10-31"},
		"created": {domain.Step{Account: account, CreatedFrom: time.Date(2026, 11, 19, 6, 2, 11, 5e6, time.FixedZone("", -3*3600))},
			"&createdAtFrom=2026-11-19T09%3A02%3A11.005Z"},
		"ids": {domain.Step{Account: account, IDs: []string{"a&b=c", "d+e"}}, "&ids=a%26b%3Dc%2Cd%2Be"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vendorhttp.Config{})
			w.read(t, test.step)
			asked := w.queries()[0]
			got := strings.Replace("&"+asked, "&accountId="+account, "", 1)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCursorsThatLeadElsewhereAreRefused(t *testing.T) {
	account := pluggysim.DemoBankAccountID
	step := domain.Step{Account: account}
	for _, next := range []string{
		"https://elsewhere.invalid/v2/transactions?accountId=" + account, "accountId=" + account, "?after=x", "?", "#",
		"?accountId=" + pluggysim.DemoCardAccountID, "?accountId=" + account + "&accountId=" + pluggysim.DemoCardAccountID,
		"?accountId=" + account + "&after=a b", "?accountId=" + account + "&after=\r\nX: y", "?accountId=" + account + "#x",
		"?accountId=" + account + "&after=" + strings.Repeat("x", 40_000), "?accountId=" + account + ";after=%zz", "7",
	} {
		w := newWorld(t, vendorhttp.Config{})
		w.spoil(t, pluggysim.Fault{Kind: pluggysim.FaultNextHost, Value: next}, "/v2/transactions")
		if batch, err := w.adapter.Read(t.Context(), w.access, step, nil, ""); !errors.Is(err, domain.MalformedResponse) || len(batch.Transactions) > 0 {
			t.Errorf("%.80q from the vendor: %v", next, err)
		}
		asked := len(w.queries())
		if _, err := w.adapter.Read(t.Context(), w.access, step, nil, next); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%.80q as a stored cursor: %v", next, err)
		}
		if len(w.queries()) != asked {
			t.Errorf("%.80q was sent", next)
		}
	}
}

func TestAnEndlessCursorIsNotFollowed(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	w.spoil(t, pluggysim.Fault{Kind: pluggysim.FaultEndless, Times: -1}, "/v2/transactions")
	batch, err := w.adapter.Read(t.Context(), w.access, domain.Step{Account: pluggysim.DemoBankAccountID}, nil, "")
	if err != nil || batch.Next == "" || len(w.queries()) != 1 {
		t.Errorf("%v, next %q after %d requests, want one page and a next", err, batch.Next, len(w.queries()))
	}
}

func TestAStaleCursorIsMalformed(t *testing.T) {
	w := newWorld(t, vendorhttp.Config{})
	account := pluggysim.DemoBankAccountID
	_, err := w.adapter.Read(t.Context(), w.access, domain.Step{Account: account}, nil, "?accountId="+account+"&after=eA==")
	if !errors.Is(err, domain.MalformedResponse) {
		t.Errorf("got %v", err)
	}
}

func TestDenialsAreToldApart(t *testing.T) {
	for status, want := range map[int]domain.Code{
		http.StatusForbidden:    domain.AccessDenied, // the simulator's faults carry a codeDescription
		http.StatusUnauthorized: domain.CredentialRejected,
		http.StatusNotFound:     domain.AccountNotFound,
		http.StatusBadRequest:   domain.AccountNotFound,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newWorld(t, vendorhttp.Config{})
			w.spoil(t, pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: status, Times: -1}, "/items/*")
			_, err := w.adapter.Check(t.Context(), w.access)
			if !errors.Is(err, domain.Rejected) || !errors.Is(err, want) {
				t.Errorf("got %v, want %s", err, want)
			}
			w.keysIssued(t, 1)
		})
	}
}
