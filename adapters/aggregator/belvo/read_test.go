package belvo

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestReadReturnsEveryRowOnceOverAllPages(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 2300); err != nil {
		t.Fatal(err)
	}
	rows, pages := readAll(t, a, access, domain.Step{})
	seen := map[string]bool{}
	for _, o := range rows {
		seen[o.ExternalID] = true
	}
	if len(rows) != 2305 || len(seen) != 2305 || pages != 3 {
		t.Errorf("%d rows, %d of them distinct, on %d pages, want 2305 distinct rows on 3 pages",
			len(rows), len(seen), pages)
	}
	if asked := sim.Stats().ByPath["/api/transactions/"]; asked != 3 {
		t.Errorf("%d requests for 3 pages, want 3", asked)
	}
}

// Each page contains the number of rows in the whole list, as counted by the vendor. With this number, the caller can
// detect that the list has changed between two pages.
func TestEachPageHasTheTotalOfTheList(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 1200); err != nil {
		t.Fatal(err)
	}
	accounts := listAccounts(t, a, access)
	first, err := a.Read(t.Context(), access, domain.Step{}, accounts, "")
	if err != nil || first.Total == nil || *first.Total != 1205 {
		t.Fatalf("the first page has the total %v (%v), want 1205", first.Total, err)
	}
	if err := sim.RemoveTransaction(first.Transactions[3].ExternalID); err != nil {
		t.Fatal(err)
	}
	second, err := a.Read(t.Context(), access, domain.Step{}, accounts, first.Next)
	if err != nil || second.Total == nil || *second.Total != 1204 || len(second.Transactions) != 204 {
		t.Errorf("after a removal: total %v, %d rows (%v), want a total of 1204 and 204 rows",
			second.Total, len(second.Transactions), err)
	}
}

// A list without a count can be read, because the count is not needed to read the rows.
func TestTheTotalMayBeMissing(t *testing.T) {
	for body, want := range map[string]*int{
		`{"count":7,"next":null,"results":[]}`: new(7), `{"next":null,"results":[]}`: nil,
		`{"count":null,"next":null,"results":[]}`: nil,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body))
		}))
		_, a, access := newSimulatedVendor(t, belvosim.Options{})
		access.BaseURL = server.URL
		page, err := a.Read(t.Context(), access, domain.Step{}, nil, "")
		server.Close()
		if diff := cmp.Diff(want, page.Total); diff != "" || err != nil {
			t.Errorf("%s: %v %s", body, err, diff)
		}
	}
}

func TestBaseURLMayHaveAPath(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 1200); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		http.StripPrefix("/belvo", sim).ServeHTTP(rec, r)
		_, _ = w.Write([]byte(strings.ReplaceAll(rec.Body.String(), r.Host+"/api", r.Host+"/belvo/api")))
	}))
	defer server.Close()
	access.BaseURL = server.URL + "/belvo/"
	if rows, pages := readAll(t, a, access, domain.Step{}); len(rows) != 1205 || pages != 2 {
		t.Errorf("%d rows on %d pages, want 1205 rows on 2 pages", len(rows), pages)
	}
}

func TestWindowFiltersAtTheVendor(t *testing.T) {
	_, a, access := newSimulatedVendor(t, belvosim.Options{})
	for _, w := range []domain.Window{
		{From: "2026-11-17", To: "2026-11-18"}, {From: "2026-11-18"}, {To: "2026-11-16"},
	} {
		rows, _ := readAll(t, a, access, domain.Step{Window: w})
		if len(rows) == 0 || len(rows) == 5 {
			t.Errorf("%v: %d rows", w, len(rows))
		}
		for _, o := range rows {
			if !w.Contains(o.Date) {
				t.Errorf("%v: got a row dated %s, outside of the window", w, o.Date)
			}
		}
	}
}

func TestUnlistedAccountsAreReturnedWithTheirRows(t *testing.T) {
	_, a, access := newSimulatedVendor(t, belvosim.Options{})
	step := domain.Step{Window: domain.Window{From: "2026-11-17"}}
	for name, c := range map[string]struct {
		accounts []domain.AccountData
		want     []string
	}{
		"none listed": {nil, []string{belvosim.DemoCardAccountID, belvosim.DemoAccountID}},
		"all listed":  {listAccounts(t, a, access), []string{}},
	} {
		page, err := a.Read(t.Context(), access, step, c.accounts, "")
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, account := range page.Accounts {
			got = append(got, account.ExternalID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// otherHost starts a server that acts as a host other than the vendor. It returns the server's base URL and the
// number of requests that the server has received.
func otherHost(t *testing.T) (string, *atomic.Int32) {
	var seen atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL, &seen
}

func TestCredentialStaysAtTheConnectionsHost(t *testing.T) {
	for name, fault := range map[string]belvosim.Fault{
		"next":     {Kind: belvosim.FaultNextHost, Times: -1},
		"redirect": {Kind: belvosim.FaultRedirect, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			sim, a, access := newSimulatedVendor(t, belvosim.Options{})
			accounts := listAccounts(t, a, access)
			other, seen := otherHost(t)
			fault.Value = other + "/api/transactions/?link=" + access.AccountRef
			inject(t, sim, fault)
			if page, err := a.Read(
				t.Context(), access, domain.Step{}, accounts, "",
			); !errors.Is(err, domain.MalformedResponse) {
				t.Errorf("Read: next %q (%v)", page.Next, err)
			}
			if _, err := a.Accounts(t.Context(), access); !errors.Is(err, domain.MalformedResponse) {
				t.Errorf("Accounts: %v", err)
			}
			if seen.Load() != 0 {
				t.Error("another host was called")
			}
		})
	}
}

func TestNextIsPinned(t *testing.T) {
	const own = "https://api.belvo.example"
	access := ports.Access{BaseURL: "https://API.belvo.example/v", AccountRef: "l-1"}
	l := newPagedList(access, "transactions", nil)
	for next, want := range map[string]string{
		own + "/v/api/transactions/?page=2&link=l-1": "link=l-1&page=2",
		own + ":443/v/api/transactions/?link=l-1":    "link=l-1",
		"":                              "",
		"?link=l-1":                     "",
		"/v/api/transactions/?link=l-1": "",
		"http://api.belvo.example/v/api/transactions/?link=l-1":                   "",
		own + ":444/v/api/transactions/?link=l-1":                                 "",
		own + ".evil.test/v/api/transactions/?link=l-1":                           "",
		"https://evil.test/v/api/transactions/?link=l-1":                          "",
		"//evil.test/v/api/transactions/?link=l-1":                                "",
		"https://me@api.belvo.example/v/api/transactions/?link=l-1":               "",
		own + "/api/transactions/?link=l-1":                                       "",
		own + "/v/api/accounts/?link=l-1":                                         "",
		own + "/v/api/transactions/../accounts/?link=l-1":                         "",
		own + "/v/api/transactions/?link=l-1#x":                                   "",
		own + "/v/api/transactions/?link=l-2":                                     "",
		own + "/v/api/transactions/?link=l-1&link=l-2":                            "",
		own + "/v/api/transactions/?page=2":                                       "",
		own + "/v/api/transactions/":                                              "",
		own + "/v/api/transactions/?link=l-1;page=2":                              "",
		own + "/v/api/transactions/?link=l-1&x=" + strings.Repeat("x", maxCursor): "",
	} {
		got, err := l.nextCursor(access.BaseURL, &next)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.90s: got %q (%v), want %q", next, got, err, want)
		}
	}
}

func TestStoredCursorCannotNameAnotherLink(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	for _, cursor := range []string{
		"link=" + belvosim.DemoOpenFinanceLinkID, "page=2", "%",
		"link=" + access.AccountRef + "&link=x", "https://evil.test/?link=" + access.AccountRef,
	} {
		if _, err := a.Read(
			t.Context(), access, domain.Step{}, nil, cursor,
		); !errors.Is(err, domain.MalformedResponse) {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	if asked := sim.Stats().Requests; asked != 0 {
		t.Errorf("%d requests", asked)
	}
}

func TestShrunkenListIsNotAMissingLink(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 1000); err != nil {
		t.Fatal(err)
	}
	accounts := listAccounts(t, a, access)
	first, err := a.Read(t.Context(), access, domain.Step{}, accounts, "")
	if err != nil || first.Next == "" {
		t.Fatal(first.Next, err)
	}
	for _, o := range first.Transactions[:5] {
		if err := sim.RemoveTransaction(o.ExternalID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Read(
		t.Context(), access, domain.Step{}, accounts, first.Next,
	); !errors.Is(err, domain.CursorGone) || !errors.Is(err, domain.Unavailable) {
		t.Errorf("the page after the last one: %v, want cursor_gone", err)
	}
}

// If an error has a documented code, the code and not the HTTP status determines its meaning.
func TestAKnownErrorOfALaterPageIsNotAGoneCursor(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 1000); err != nil {
		t.Fatal(err)
	}
	accounts := listAccounts(t, a, access)
	first, err := a.Read(t.Context(), access, domain.Step{}, accounts, "")
	if err != nil || first.Next == "" {
		t.Fatal(first.Next, err)
	}
	for _, test := range []struct {
		fault  belvosim.Fault
		cursor string
		want   domain.Code
	}{
		{belvosim.Fault{Status: http.StatusBadRequest, Code: "invalid_page"}, first.Next, domain.CursorGone},
		{belvosim.Fault{Status: http.StatusBadRequest, Code: "institution_down"}, first.Next, domain.VendorUnreachable},
		{belvosim.Fault{Status: http.StatusUnauthorized}, first.Next, domain.CredentialRejected},
		{belvosim.Fault{Status: http.StatusNotFound}, "", domain.AccountNotFound},
	} {
		test.fault.Kind = belvosim.FaultStatus
		inject(t, sim, test.fault)
		if _, err := a.Read(
			t.Context(), access, domain.Step{}, accounts, test.cursor,
		); !errors.Is(err, test.want) {
			t.Errorf("%d %s at cursor %q: %v, want %s", test.fault.Status, test.fault.Code, test.cursor, err, test.want)
		}
	}
}
