package belvosim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

// newFilterServer starts a simulator whose link has four rows with the ids a to d, and returns a
// client for it. The row c has no dates except collected_at and created_at.
func newFilterServer(t *testing.T) client {
	sim, c := newDemoServer(t, belvosim.Options{})
	link, err := sim.AddLink(belvosim.Link{ID: "l"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"checking", "card"} {
		if _, err := sim.AddAccount(belvosim.Account{ID: id, Link: link.ID}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []string{
		`{"id":"a","account":"checking","type":"INFLOW","status":"PROCESSED","value_date":"2026-03-08",` +
			`"accounting_date":"2026-03-08T23:30:00.5Z","collected_at":"2026-03-10T06:00:00.123Z",` +
			`"created_at":"2026-03-10T06:00:00.123456Z"}`,
		`{"id":"b","account":"card","type":"OUTFLOW","status":"PENDING","value_date":"2026-03-09",` +
			`"accounting_date":"2026-03-09","collected_at":"2026-03-10T06:00:00.123+00:00",` +
			`"created_at":"2026-03-10T07:00:00+00:00"}`,
		`{"id":"c","collected_at":"2026-03-11T00:00:00.000Z","created_at":"2026-03-11T00:00:00.000Z"}`,
		`{"id":"d","account":"checking","type":"OUTFLOW","status":"PROCESSED","value_date":"2026-03-10",` +
			`"collected_at":"2026-03-11T00:00:00Z","created_at":"2026-03-11T00:00:00.000001Z"}`,
	} {
		var tx belvosim.Transaction
		if err := json.Unmarshal([]byte(row), &tx); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.AddTransaction(link.ID, tx); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestFiltersSelectRows(t *testing.T) {
	c := newFilterServer(t)
	for query, want := range map[string]string{
		"":                              "a b c d",
		"unknown=1":                     "a b c d",
		"id=b":                          "b",
		"id__in=d,a,zzz":                "a d",
		"account=checking":              "a d",
		"account__in=card,checking":     "a b d",
		"type=OUTFLOW":                  "b d",
		"status=PENDING":                "b",
		"type=OUTFLOW&status=PROCESSED": "d",
		"value_date=2026-03-09":         "b",
		"value_date__gt=2026-03-09":     "d",
		"value_date__gte=2026-03-09":    "b d",
		"value_date__lt=2026-03-09":     "a",
		"value_date__lte=2026-03-09":    "a b",
		"value_date__range=2026-03-08,2026-03-09":                     "a b",
		"accounting_date=2026-03-08":                                  "a",
		"accounting_date__gte=2026-03-08T23:30:00.5Z":                 "a b",
		"accounting_date__gt=2026-03-08T23:30:00.5Z":                  "b",
		"collected_at=2026-03-10T06:00:00.123Z":                       "a b",
		"collected_at__lt=2026-03-11":                                 "a b",
		"collected_at__gte=2026-03-11T01:00:00+01:00":                 "c d",
		"created_at__gt=2026-03-11T00:00:00Z":                         "d",
		"created_at__range=2026-03-10T06:30:00Z,2026-03-11T00:00:00":  "400",
		"created_at__range=2026-03-10T06:30:00Z,2026-03-11T00:00:00Z": "b c",
	} {
		t.Run(query, func(t *testing.T) {
			escaped := strings.ReplaceAll(query, "+", "%2B")
			if want == "400" {
				get[errorList](c, "/api/transactions/?link=l&"+escaped, http.StatusBadRequest)
				return
			}
			for range 2 { // the second response uses the cached selection
				if got := get[list](
					c, "/api/transactions/?link=l&"+escaped, 200,
				).ids(); !slices.Equal(got, strings.Fields(want)) {
					t.Errorf("got %v, want %s", got, want)
				}
			}
		})
	}
}

func TestUnescapedPlusInATimestampIsAccepted(t *testing.T) {
	c := newFilterServer(t)
	if got := get[list](
		c, "/api/transactions/?link=l&collected_at__gte=2026-03-11T01:00:00+01:00", 200,
	).ids(); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("got %v", got)
	}
}

func TestNextKeepsTheFilters(t *testing.T) {
	c := newFilterServer(t)
	page := get[list](c, "/api/transactions/?link=l&account__in=card,checking&page_size=1", 200)
	next, err := url.Parse(*page.Next)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"link": {"l"}, "account__in": {"card,checking"}, "page_size": {"1"}, "page": {"2"}}
	if next.Query().Encode() != want.Encode() {
		t.Errorf("next has the filters %v, want %v", next.Query(), want)
	}
}
