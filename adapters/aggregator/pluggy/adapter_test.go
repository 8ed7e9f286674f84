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

func TestCheckReturnsTheStatusOfTheItem(t *testing.T) {
	for _, test := range []struct {
		status, execution string
		want              domain.LinkStatus
	}{
		{"UPDATED", "SUCCESS", domain.LinkStatus{
			SyncComplete: true, Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead,
			Approval: domain.NotWaiting, Device: domain.NotWaiting,
		}},
		{"UPDATED", "PARTIAL_SUCCESS", domain.LinkStatus{
			Accounts: domain.OneRead, Transactions: domain.OneRead,
			Approval: domain.NotWaiting, Device: domain.NotWaiting,
		}},
		{"PARTIAL_SUCCESS", "PARTIAL_SUCCESS", domain.LinkStatus{Device: domain.NotWaiting}},
		{"UPDATING", "TRANSACTIONS_IN_PROGRESS", domain.LinkStatus{}},
		{"LOGIN_ERROR", "INVALID_CREDENTIALS", domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}},
		{"WAITING_USER_INPUT", "WAITING_USER_INPUT", domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}},
		{"WAITING_USER_ACTION", "WAITING_USER_ACTION", domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}},
		{"OUTDATED", "ACCOUNT_LOCKED", domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}},
		{"UPDATED", "ACCOUNT_NEEDS_ACTION", domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}},
		{
			"UPDATED", "USER_AUTHORIZATION_REVOKED",
			domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting},
		},
		{"OUTDATED", "SITE_NOT_AVAILABLE", domain.LinkStatus{Device: domain.NotWaiting}},
		{"OUTDATED", "USER_AUTHORIZATION_PENDING", domain.LinkStatus{Device: domain.IsWaiting}},
		{"UPDATING", "USER_AUTHORIZATION_PENDING", domain.LinkStatus{Device: domain.IsWaiting}},
		{"LOGIN_ERROR", "USER_AUTHORIZATION_PENDING", domain.LinkStatus{Device: domain.IsWaiting}},
		{"WAITING_USER_ACTION", "USER_AUTHORIZATION_PENDING", domain.LinkStatus{Device: domain.IsWaiting}},
		{
			"LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED",
			domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting},
		},
		{"SOMETHING_NEW", "SUCCESS", domain.LinkStatus{Device: domain.NotWaiting}},
	} {
		t.Run(test.status+" "+test.execution, func(t *testing.T) {
			e := newEnv(t, vendorhttp.Config{})
			if err := e.sim.SetItemStatus(pluggysim.DemoItemID, test.status, test.execution); err != nil {
				t.Fatal(err)
			}
			got, err := e.adapter.Check(t.Context(), e.access)
			updated := test.status == "UPDATED" || test.status == "PARTIAL_SUCCESS"
			if got.SignedIn != (updated && !test.want.NeedsReauth) {
				t.Errorf("signed in: %t", got.SignedIn)
			}
			if got.SyncMarker == "" {
				t.Error("the marker of the last synchronisation is missing")
			}
			if got.SyncMarker = ""; err != nil || !got.SameState(test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestAReferenceCannotLeadToAnotherPath(t *testing.T) {
	for _, ref := range []string{
		"unknown", "../auth", "..", "a/b", "x?y=1#z", "a b", "é", "%2e%2e", "\x00", "@127.0.0.1",
	} {
		e := newEnv(t, vendorhttp.Config{})
		e.access.AccountRef = ref
		_, err := e.adapter.Check(t.Context(), e.access)
		if !errors.Is(err, domain.AccountNotFound) && !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%q: %v", ref, err)
		}
		for _, r := range e.requests {
			path := r.URL.EscapedPath()
			if path != "/auth" && (!strings.HasPrefix(path, "/items/") || strings.Count(path, "/") != 2) {
				t.Errorf("%q led to %s", ref, path)
			}
		}
	}
}

func TestADeletedItemIsNotFound(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	if err := e.sim.RemoveItem(pluggysim.DemoItemID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.adapter.Check(t.Context(), e.access); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("Check: %v", err)
	}
	if _, err := e.adapter.Accounts(t.Context(), e.access); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("Accounts: %v", err)
	}
}

func TestAccountsAreSortedByID(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	const first = "00aa22bb-33cc-4d44-8e55-66ff77aa88bb" // added last
	added := pluggysim.Account{ID: first, ItemID: pluggysim.DemoItemID, Type: "INVESTMENT"}
	if _, err := e.sim.AddAccount(added); err != nil {
		t.Fatal(err)
	}
	got, err := e.adapter.Accounts(t.Context(), e.access)
	if err != nil || len(got) != 3 || got[0].ExternalID != first || got[0].Type != domain.OtherAccount {
		t.Errorf("got %+v, %v", got, err)
	}
}

// read reads all pages of a step and returns the ids of their rows, in order.
func (e *env) read(t *testing.T, step domain.Step) []string {
	t.Helper()
	accounts, err := e.adapter.Accounts(t.Context(), e.access)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
		vendorPage, err := e.adapter.Read(t.Context(), e.access, step, accounts, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range vendorPage.Transactions {
			ids = append(ids, row.ExternalID)
		}
		cursor = vendorPage.Next
	}
	return ids
}

// queries returns the query strings of all requests to /v2/transactions so far.
func (e *env) queries() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, r := range e.requests {
		if r.URL.Path == "/v2/transactions" {
			all = append(all, r.URL.RawQuery)
		}
	}
	return all
}

func TestEachPageIsReadOnce(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 7 })
	e.seed(t, pluggysim.DemoBankAccountID, 100)
	rows := e.sim.Transactions(pluggysim.DemoBankAccountID)
	want := make([]string, len(rows))
	for i, row := range rows {
		want[i] = row.ID
	}
	if diff := cmp.Diff(want, e.read(t, domain.Step{Account: pluggysim.DemoBankAccountID})); diff != "" {
		t.Error(diff)
	}
	if requests := len(e.queries()); requests != 15 {
		t.Errorf("%d requests for 15 pages", requests)
	}
	if e.sim.Stats().Deprecated != 0 {
		t.Error("the deprecated list was requested")
	}
	e.keysIssued(t, 1)
}

func TestIDsAreReadInListsOf500(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 300 })
	ids := e.seed(t, pluggysim.DemoBankAccountID, 1203)
	got := e.read(t, domain.Step{Account: pluggysim.DemoBankAccountID, IDs: ids})
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
	var named []int
	for _, r := range e.requests {
		if list := r.URL.Query().Get("ids"); list != "" {
			named = append(named, len(strings.Split(list, ",")))
		}
	}
	// A page has at most 300 rows. Each list of 500 ids therefore needs two requests, and the last list needs one.
	if diff := cmp.Diff([]int{500, 500, 500, 500, 203}, named); diff != "" {
		t.Error(diff)
	}
}

func TestAKeyThatExpiresBetweenPagesIsReplaced(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.PageSize = 10 })
	e.seed(t, pluggysim.DemoBankAccountID, 45)
	e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultExpire, Skip: 2}, "/v2/transactions")
	if got := e.read(t, domain.Step{Account: pluggysim.DemoBankAccountID}); len(got) != 50 {
		t.Errorf("%d rows, want 50", len(got))
	}
	e.keysIssued(t, 2)
}

func TestQueriesHaveTheVendorsForm(t *testing.T) {
	account := pluggysim.DemoBankAccountID
	for name, test := range map[string]struct {
		step domain.Step
		want string
	}{
		"everything": {domain.Step{Account: account, Window: domain.Window{From: "2025-11-26"}}, ""},
		"window": {domain.Step{Account: account, Window: domain.Window{From: "2026-11-01", To: "2026-11-10"}},
			"&dateFrom=2026-10-31&dateTo=2026-11-12"},
		"open window": {domain.Step{Account: account, Window: domain.Window{From: "2026-11-01"}},
			"&dateFrom=2026-10-31"},
		"created": {
			domain.Step{
				Account:     account,
				CreatedFrom: time.Date(2026, 11, 19, 6, 2, 11, 5e6, time.FixedZone("", -3*3600)),
			},
			"&createdAtFrom=2026-11-19T09%3A02%3A11.005Z",
		},
		"ids": {domain.Step{Account: account, IDs: []string{"a&b=c", "d+e"}}, "&ids=a%26b%3Dc%2Cd%2Be"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, vendorhttp.Config{})
			e.read(t, test.step)
			sent := e.queries()[0]
			got := strings.Replace("&"+sent, "&accountId="+account, "", 1)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestACursorOfAnotherAccountOrHostIsRefused(t *testing.T) {
	account := pluggysim.DemoBankAccountID
	step := domain.Step{Account: account}
	for _, next := range []string{
		"https://elsewhere.invalid/v2/transactions?accountId=" + account,
		"accountId=" + account, "?after=x", "?", "#",
		"?accountId=" + pluggysim.DemoCardAccountID,
		"?accountId=" + account + "&accountId=" + pluggysim.DemoCardAccountID,
		"?accountId=" + account + "&after=a b",
		"?accountId=" + account + "&after=\r\nX: y", "?accountId=" + account + "#x",
		"?accountId=" + account + "&after=" + strings.Repeat("x", 40_000),
		"?accountId=" + account + ";after=%zz", "7",
	} {
		e := newEnv(t, vendorhttp.Config{})
		e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultNextHost, Value: next}, "/v2/transactions")
		vendorPage, err := e.adapter.Read(t.Context(), e.access, step, nil, "")
		if !errors.Is(err, domain.MalformedResponse) || len(vendorPage.Transactions) > 0 {
			t.Errorf("%.80q from the vendor: %v", next, err)
		}
		sent := len(e.queries())
		if _, err := e.adapter.Read(t.Context(), e.access, step, nil, next); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%.80q as a stored cursor: %v", next, err)
		}
		if len(e.queries()) != sent {
			t.Errorf("%.80q was sent", next)
		}
	}
}

func TestAnEndlessCursorIsNotFollowed(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultEndless, Times: -1}, "/v2/transactions")
	vendorPage, err := e.adapter.Read(t.Context(), e.access, domain.Step{Account: pluggysim.DemoBankAccountID}, nil, "")
	if err != nil || vendorPage.Next == "" || len(e.queries()) != 1 {
		t.Errorf("%v, next %q after %d requests, want one page and a cursor", err, vendorPage.Next, len(e.queries()))
	}
}

func TestACursorThatTheVendorRefusesIsGone(t *testing.T) {
	account := pluggysim.DemoBankAccountID
	cursor := "?accountId=" + account + "&after=eA==" // the simulator answers 400, "Invalid cursor"
	for _, test := range []struct {
		status int // status of the injected error; 0 means no error
		cursor string
		want   domain.Code
	}{
		{0, cursor, domain.CursorGone},
		{0, "500" + cursor, domain.CursorGone},
		{http.StatusNotFound, cursor, domain.CursorGone},
		{http.StatusForbidden, cursor, domain.AccessDenied},
		{http.StatusNotFound, "", domain.VendorRefused},
		{http.StatusBadRequest, "", domain.VendorRefused},
		// The cursor "500" refers to the first page of the second list of ids. The vendor's part of the cursor is
		// empty.
		{http.StatusBadRequest, "500", domain.VendorRefused},
	} {
		e := newEnv(t, vendorhttp.Config{})
		if test.status != 0 {
			e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: test.status}, "/v2/transactions")
		}
		step := domain.Step{Account: account}
		if strings.HasPrefix(test.cursor, "500") {
			step.IDs = make([]string, 501)
		}
		if _, err := e.adapter.Read(t.Context(), e.access, step, nil, test.cursor); !errors.Is(err, test.want) {
			t.Errorf("%d at cursor %q: %v, want %s", test.status, test.cursor, err, test.want)
		}
	}
}

func TestRefusalsOfTheItemAreClassified(t *testing.T) {
	for status, want := range map[int]domain.Code{
		// The simulator's error bodies contain a codeDescription. A 403 with a codeDescription means denied access. A
		// 403 without a codeDescription means an invalid API key.
		http.StatusForbidden:    domain.AccessDenied,
		http.StatusUnauthorized: domain.CredentialRejected,
		// The codes NOT_FOUND and BAD_REQUEST say nothing about the item.
		http.StatusNotFound:   domain.VendorRefused,
		http.StatusBadRequest: domain.VendorRefused,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			e := newEnv(t, vendorhttp.Config{})
			e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultStatus, Status: status, Times: -1}, "/items/*")
			_, err := e.adapter.Check(t.Context(), e.access)
			if !errors.Is(err, domain.Rejected) || !errors.Is(err, want) {
				t.Errorf("got %v, want %s", err, want)
			}
			e.keysIssued(t, 1)
		})
	}
}

// A row counts as removed only if the vendor has updated the row's product (for example transactions) without a
// warning, whatever the execution status says.
func TestASynchronisationProvesAbsenceByProduct(t *testing.T) {
	const (
		yes, no = `{"isUpdated":true}`, `{"isUpdated":false}`
		warns   = `{"isUpdated":true,"warnings":[{"code":"001"}]}`
		waits   = `{"isUpdated":true,"warnings":[{"code":"002"}]}`
		odd     = `{"isUpdated":true,"warnings":{"code":"001"}}`
	)
	for name, test := range map[string]struct {
		detail                        string
		accounts, cards, transactions domain.AbsenceProof
	}{
		"all but another product": {
			`{"accounts":` + yes + `,"creditCards":` + yes + `,"transactions":` + yes + `,"identity":` + no + `}`,
			domain.OneRead, domain.OneRead, domain.OneRead,
		},
		"cards failed": {
			`{"accounts":` + yes + `,"creditCards":` + no + `,"transactions":` + yes + `}`,
			domain.OneRead, domain.NoProof, domain.OneRead,
		},
		"transactions failed": {
			`{"accounts":` + yes + `,"creditCards":` + yes + `,"transactions":` + no + `}`,
			domain.OneRead, domain.OneRead, domain.NoProof,
		},
		"accounts failed": {
			`{"accounts":` + no + `,"creditCards":` + no + `,"transactions":` + yes + `}`,
			domain.NoProof, domain.NoProof, domain.OneRead,
		},
		"cards with a warning": {
			`{"accounts":` + yes + `,"creditCards":` + warns + `,"transactions":` + yes + `}`,
			domain.OneRead, domain.NoProof, domain.OneRead,
		},
		"cards without the permission for bills": {
			`{"accounts":` + yes + `,"creditCards":{"isUpdated":true,"warnings":[{"code":"CC_005"}]},"transactions":` +
				yes + `}`,
			domain.OneRead, domain.OneRead, domain.OneRead,
		},
		"all with a warning": {
			detail: `{"accounts":` + warns + `,"creditCards":` + warns + `,"transactions":` + warns + `}`,
		},
		"warnings that cannot be read": {
			detail: `{"accounts":` + odd + `,"creditCards":` + odd + `,"transactions":` + odd + `}`,
		},
		"rows beside a pending approval": {
			`{"accounts":` + no + `,"creditCards":` + yes + `,"transactions":` + waits + `}`,
			domain.NoProof, domain.OneRead, domain.OneRead,
		},
		"detail as a text":  {detail: `"accounts"`},
		"product as a text": {detail: `{"accounts":"yes","transactions":` + yes + `}`},
	} {
		for _, status := range []string{
			`"status":"UPDATED","executionStatus":"PARTIAL_SUCCESS"`, `"status":"PARTIAL_SUCCESS"`,
			`"status":"UPDATED","executionStatus":"SUCCESS"`,
		} {
			t.Run(name+" "+status, func(t *testing.T) {
				got := checkItem(t, status, test.detail)
				if got.Accounts != test.accounts || got.Cards != test.cards || got.Transactions != test.transactions {
					t.Errorf("got %+v, want %+v", got, test)
				}
			})
		}
	}
}

// A product without a result was updated by a complete synchronisation, but not by a partial one.
func TestAProductWithoutAResult(t *testing.T) {
	for _, detail := range []string{`null`, `{}`, `{"creditCards":null,"identity":{"isUpdated":false}}`} {
		for status, want := range map[string]domain.AbsenceProof{
			`"status":"UPDATED","executionStatus":"SUCCESS"`:         domain.OneRead,
			`"status":"UPDATED","executionStatus":"PARTIAL_SUCCESS"`: domain.NoProof,
			`"status":"PARTIAL_SUCCESS"`:                             domain.NoProof,
			`"status":"OUTDATED","executionStatus":"SUCCESS"`:        domain.NoProof,
			`"status":"UPDATED","executionStatus":"ERROR"`:           domain.NoProof,
		} {
			got := checkItem(t, status, detail)
			if got.Accounts != want || got.Cards != want || got.Transactions != want {
				t.Errorf("%s, %s: got %+v, want %v", status, detail, got, want)
			}
		}
	}
}

// A synchronisation need not read the list of accounts. Its time is that of its own product.
func TestTheSynchronisationOfTheListOfAccounts(t *testing.T) {
	got := checkItem(t, `"status":"UPDATED","executionStatus":"SUCCESS","lastUpdatedAt":"2026-11-19T09:00:00Z"`,
		`{"accounts":{"isUpdated":false,"lastUpdatedAt":"2026-11-12T08:00:00Z"}}`)
	if want := time.Date(2026, 11, 12, 8, 0, 0, 0, time.UTC); !got.SyncedAt.Equal(want) ||
		got.Approval != domain.WaitingNotStated || !got.OldBalances {
		t.Errorf("got %+v, want the time %v, and old balances", got, want)
	}
	got = checkItem(t, `"status":"UPDATED","executionStatus":"SUCCESS"`, `{"accounts":{"isUpdated":true}}`)
	if got.OldBalances {
		t.Errorf("the balances are old although they were updated: %+v", got)
	}
}

// checkItem returns the status of an item with the given members and detail.
func checkItem(t *testing.T, members, detail string) domain.LinkStatus {
	t.Helper()
	adapter, access := newFixedVendor(t, http.StatusOK, `{"id":"item",`+members+`,"statusDetail":`+detail+`}`)
	got, err := adapter.Check(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// While an account waits for the approval of another holder, the vendor leaves it out of its list.
func TestAListOfAccountsProvesNothingWhileOneWaitsForAnApproval(t *testing.T) {
	product := func(warnings string) string { return `{"isUpdated":true,"warnings":` + warnings + `}` }
	waits := product(`[{"code":"001"},{"code":"002","message":"x","providerMessage":null}]`)
	for detail, want := range map[string]domain.AbsenceProof{
		`{"accounts":` + waits + `,"transactions":` + product(`[]`) + `}`:                             domain.NoProof,
		`{"accounts":` + product(`null`) + `,"creditCards":` + waits + `}`:                            domain.NoProof,
		`{"accounts":` + product(`null`) + `,"transactions":` + product(`null`) + `}`:                 domain.OneRead,
		`{"accounts":` + product(`[]`) + `,"identity":` + product(`[{"code":"002"}]`) + `}`:           domain.OneRead,
		`{"accounts":` + product(`[]`) + `,"transactions":` + product(`[{"code":"003"}]`) + `}`:       domain.OneRead,
		`{"accounts":` + waits + `,"creditCards":` + waits + `,"transactions":` + product(`[]`) + `}`: domain.NoProof,
	} {
		for _, execution := range []string{"SUCCESS", "PARTIAL_SUCCESS"} {
			adapter, access := newFixedVendor(t, http.StatusOK,
				`{"id":"item","status":"UPDATED","executionStatus":"`+execution+`","statusDetail":`+detail+`}`)
			got, err := adapter.Check(t.Context(), access)
			if err != nil || got.Accounts != want || got.NeedsReauth ||
				got.Approval != domain.WaitingIf(want == domain.NoProof) {
				t.Errorf("%s, %s: %+v, %v, want the proof %v of accounts", execution, detail, got, err, want)
			}
			other := strings.Contains(detail, `"003"`)
			if execution == "SUCCESS" && (got.Transactions == domain.OneRead) == other {
				t.Errorf("%s: rows have the proof %v", detail, got.Transactions)
			}
		}
	}
}
