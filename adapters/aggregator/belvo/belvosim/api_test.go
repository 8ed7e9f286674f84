package belvosim_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

func TestInvalidRequestsGetTheVendorsErrors(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	anonymous := c
	anonymous.auth = false
	for name, test := range map[string]struct {
		as           client
		method, path string
		status       int
		code, field  string
	}{
		"no credential":          {anonymous, "GET", "/api/", 401, "authentication_failed", ""},
		"credential before path": {anonymous, "GET", "/api/nothing/", 401, "authentication_failed", ""},
		"no link":                {c, "GET", "/api/transactions/", 400, "required", "link"},
		"unknown link":           {c, "GET", "/api/links/0b5e8d21-0000-4c37-a1e4-82d7c3f05b69/", 404, "not_found", ""},
		"malformed account id":   {c, "GET", "/api/accounts/x/", 404, "not_found", ""},
		"unknown transaction":    {c, "GET", "/api/transactions/x/", 404, "not_found", ""},
		"unknown path":           {c, "GET", "/api/nothing/", 404, "not_found", ""},
		"page beyond the last":   {c, "GET", "/api/links/?page=2", 404, "not_found", ""},
		"page that is no number": {c, "GET", "/api/links/?page=x", 404, "not_found", ""},
		"page that overflows":    {c, "GET", "/api/links/?page=9223372036854775807", 404, "not_found", ""},
		"unreadable date": {
			c, "GET", "/api/transactions/?link=x&value_date__gte=yesterday", 400, "invalid", "value_date__gte",
		},
		"range with one end": {
			c, "GET", "/api/transactions/?link=x&created_at__range=2026-01-01", 400, "invalid", "created_at__range",
		},
		"a write to the read API": {c, "POST", "/api/links/", 405, "method_not_allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := call[errorList](test.as, test.method, test.path, "", test.status)
			if len(got) != 1 || got[0].Code != test.code || got[0].Field != test.field {
				t.Errorf("got %+v, want one %s of field %q", got, test.code, test.field)
			}
		})
	}
}

func TestPathWithoutSlashIsRedirected(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got, err := c.send("GET", "/api/links?page_size=1", "")
	if err != nil || got.status/100 != 3 || got.header.Get("Location") != "/api/links/?page_size=1" {
		t.Errorf("got %d to %q, %v", got.status, got.header.Get("Location"), err)
	}
}

func TestDetailEqualsListEntry(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	for _, path := range []string{"/api/links/", "/api/accounts/", "/api/transactions/"} {
		listed := get[struct{ Results []map[string]any }](c, path+"?link="+belvosim.DemoLinkID, 200)
		for _, want := range listed.Results {
			got := get[map[string]any](c, path+want["id"].(string)+"/", 200)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	}
}

func TestAnotherSecretsLinkDoesNotExist(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	sim.AddSecret("other", "pw")
	mine, err := sim.AddLink(belvosim.Link{Owner: "other"})
	if err != nil {
		t.Fatal(err)
	}
	account, err := sim.AddAccount(belvosim.Account{Link: mine.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Generate(account.ID, 3); err != nil {
		t.Fatal(err)
	}
	get[errorList](c, "/api/links/"+mine.ID+"/", 404)
	get[errorList](c, "/api/accounts/"+account.ID+"/", 404)
	if got := get[list](c, "/api/transactions/?link="+mine.ID, 200); got.Count != 0 {
		t.Errorf("%d rows of another secret's link", got.Count)
	}
	if got := get[list](c, "/api/links/", 200).ids(); slices.Contains(got, mine.ID) {
		t.Errorf("another secret's link is listed: %v", got)
	}
}

func TestEveryPageSizeListsEveryRowOnce(t *testing.T) {
	for _, newestFirst := range []bool{false, true} {
		sim, c := newDemoServer(t, belvosim.Options{NewestFirst: newestFirst})
		if err := sim.Generate(belvosim.DemoAccountID, 2345); err != nil {
			t.Fatal(err)
		}
		for _, size := range []string{"", "1000", "5000", "0", "x", "235"} {
			counts := map[string]int{}
			next := new("/api/transactions/?link=" + belvosim.DemoLinkID + "&page_size=" + size)
			for next != nil {
				page := get[list](c, *next, 200)
				if len(page.Results) > 1000 {
					t.Errorf("page_size %q: a page of %d rows", size, len(page.Results))
				}
				for _, id := range page.ids() {
					counts[id]++
				}
				if next = page.Next; next != nil && !strings.HasPrefix(*next, c.base+"/api/transactions/?") {
					t.Fatalf("next leaves the origin: %s", *next)
				}
			}
			if len(counts) != 2350 {
				t.Errorf("page_size %q: %d rows, want 2350", size, len(counts))
			}
		}
	}
}

func TestPagesLinkToNextAndPrevious(t *testing.T) {
	_, c := newDemoServer(t, belvosim.Options{})
	first := c.transactions("&page_size=2")
	middle := get[list](c, *first.Next, 200)
	last := get[list](c, *middle.Next, 200)
	if first.Previous != nil || last.Next != nil || len(last.Results) != 1 || last.Count != 5 {
		t.Errorf("first %+v, last %+v", first, last)
	}
	if back := get[list](c, *middle.Previous, 200); !slices.Equal(back.ids(), first.ids()) {
		t.Errorf("previous leads to %v, want %v", back.ids(), first.ids())
	}
	if empty := c.transactions("&type=SIDEWAYS"); empty.Count != 0 || empty.Results == nil {
		t.Errorf("an empty list is %+v, want no rows and no null", empty)
	}
}

func TestRateLimitSendsRetryAfter(t *testing.T) {
	now := noon
	sim, c := newDemoServer(t, belvosim.Options{RateLimit: 2, Now: func() time.Time { return now }})
	get[map[string]string](c, "/api/", 200)
	get[map[string]string](c, "/api/", 200)
	got, err := c.send("GET", "/api/", "")
	if err != nil || got.status != 429 || got.header.Get("Retry-After") != "30" {
		t.Fatalf("got %d after %q, %v", got.status, got.header.Get("Retry-After"), err)
	}
	now = now.Add(30 * time.Second)
	get[map[string]string](c, "/api/", 200)
	stats := sim.Stats()
	if stats.Requests != 4 || stats.Throttled != 1 || stats.ByStatus[200] != 3 || stats.ByPath["/api/"] != 4 {
		t.Errorf("stats %+v", stats)
	}
}

func TestSameSeedGivesSameIDs(t *testing.T) {
	ids := func() []string {
		sim := belvosim.New(belvosim.Options{Seed: 3, Now: func() time.Time { return noon }})
		sim.Seed()
		if err := sim.Generate(belvosim.DemoAccountID, 5); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		defer server.Close()
		return client{t: t, http: server.Client(), base: server.URL, auth: true}.transactions("").ids()
	}
	if diff := cmp.Diff(ids(), ids()); diff != "" {
		t.Error(diff)
	}
}

func TestControlIsNotPartOfTheVendorAPI(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	vendor := httptest.NewServer(sim)
	defer vendor.Close()
	get[errorList](c, vendor.URL+"/_control/state", 404)
}
