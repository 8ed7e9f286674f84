package pluggysim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func TestPagesContainEveryRowOnce(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 5, 6, 500} {
		e := serve(t, pluggysim.Options{PageSize: size})
		want := []string{row("01"), row("02"), row("03"), row("04"), row("05")}
		if diff := cmp.Diff(want, e.readAll(bank, nil)); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}

func TestFiltersApplyToAllPages(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 1})
	old, err := e.AddTransaction(pluggysim.Transaction{
		ID: row("90"), AccountID: pluggysim.DemoBankAccountID,
		Date: pluggysim.At(time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"&dateFrom=2026-11-18": {row("01"), row("02")},
		"&dateTo=2026-11-18":   {row("03"), row("04"), row("05"), old.ID},
		"&dateFrom=2026-11-17T03:00:00.000Z&dateTo=2026-11-18": {row("03"), row("04")},
		"&createdAtFrom=2026-11-20T00:00:00.000Z":              {old.ID},
		"&createdAtFrom=2026-11-19T09:02:11.000Z": {
			old.ID, row("01"), row("02"), row("03"), row("04"), row("05"),
		},
		"&createdAtFrom=2026-11-19T09:02:11.000Z&dateTo=2026-11-17": {old.ID},
		"&createdAtFrom=2026-11-21":                                 nil,
		"&ids=" + row("05") + "," + row("01"):                       {row("01"), row("05")},
		"&ids=" + row("05") + "," + row("05"):                       {row("05")},
		// The row with this id belongs to another account.
		"&ids=" + row("10") + ",nothing":                                       nil,
		"&ids=" + row("05") + "," + row("01") + "&dateTo=2026-11-17T12:00:00Z": {row("05")},
	} {
		if diff := cmp.Diff(want, e.readAll(bank+query, nil)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestACursorStaysValidWhileRowsAreAddedAndRemoved(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 3})
	if err := e.Generate(pluggysim.DemoBankAccountID, 60); err != nil {
		t.Fatal(err)
	}
	var stay []string
	for i, r := range e.Transactions(pluggysim.DemoBankAccountID) {
		if i%2 == 0 {
			stay = append(stay, r.ID)
		}
	}
	n := 0
	got := e.readAll(bank, func() {
		// Remove the first row that is not listed in the variable stay, and add a new row at the front.
		for _, r := range e.Transactions(pluggysim.DemoBankAccountID) {
			if !slices.Contains(stay, r.ID) {
				_ = e.RemoveTransaction(r.ID)
				break
			}
		}
		n++
		_, _ = e.AddTransaction(pluggysim.Transaction{
			ID: fmt.Sprintf("dddddddd-0000-4000-8000-%012d", n), AccountID: pluggysim.DemoBankAccountID,
		})
	})
	seen := map[string]int{}
	for _, id := range got {
		seen[id]++
	}
	for _, id := range stay {
		if seen[id] != 1 {
			t.Errorf("row %s read %d times", id, seen[id])
		}
	}
}

func TestBothBoundsOfADateFilterAreInclusive(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	at := "2026-11-18T03:00:00.000Z"
	if diff := cmp.Diff([]string{row("02")}, e.readAll(bank+"&dateFrom="+at+"&dateTo="+at, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestADuplicateIDReturnsOneRow(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	if diff := cmp.Diff([]string{row("05")}, e.readAll(bank+"&ids="+row("05")+","+row("05"), nil)); diff != "" {
		t.Error(diff)
	}
}

func TestARemovedRowIsNotListed(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	if err := e.RemoveTransaction(row("03")); err != nil {
		t.Fatal(err)
	}
	want := []string{row("01"), row("02"), row("04"), row("05")}
	for _, filter := range []string{"", "&createdAtFrom=2026-11-01"} {
		if diff := cmp.Diff(want, e.readAll(bank+filter, nil)); diff != "" {
			t.Errorf("%q: %s", filter, diff)
		}
	}
}

func TestTheCursorOfARemovedRowStaysValid(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 2})
	var first transactionPage
	e.get("/v2/transactions" + bank).decode(&first)
	if err := e.RemoveTransaction(first.Results[1].ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{row("03"), row("04"), row("05")}, e.readAll(*first.Next, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestNextIsACompleteQueryWithoutPlus(t *testing.T) {
	e := serve(t, pluggysim.Options{PageSize: 1})
	query := bank + "&createdAtFrom=2026-11-01T00:00:00.000Z&dateTo=2026-12-31"
	for {
		var page transactionPage
		e.get("/v2/transactions" + query).decode(&page)
		if page.Next == nil {
			return
		}
		query = *page.Next
		if !strings.HasPrefix(query, "?accountId=") || strings.Contains(query, "+") {
			t.Fatalf("next %q", query)
		}
		v, err := url.ParseQuery(query[1:])
		if err != nil || v.Get("createdAtFrom") != "2026-11-01T00:00:00.000Z" || v.Get("dateTo") != "2026-12-31" {
			t.Fatalf("filters missing in %q: %v", query, err)
		}
	}
}

func TestAllPagesOfALargeAccountAreRead(t *testing.T) {
	const many = 20_000
	e := serve(t, pluggysim.Options{})
	if err := e.Generate(pluggysim.DemoCardAccountID, many); err != nil {
		t.Fatal(err)
	}
	got := e.readAll(card+"&createdAtFrom=2026-11-20", nil)
	slices.Sort(got)
	if distinct := len(slices.Compact(slices.Clone(got))); len(got) != many || distinct != many {
		t.Errorf("%d rows, %d distinct", len(got), distinct)
	}
	if n := e.Stats().Resources["transactions"].Requests; n != many/500 {
		t.Errorf("%d pages, want %d", n, many/500)
	}
}

func BenchmarkPageOfALargeAccount(b *testing.B) {
	s := pluggysim.New(pluggysim.Options{Seed: 1})
	s.Seed()
	if err := s.Generate(pluggysim.DemoBankAccountID, 200_000); err != nil {
		b.Fatal(err)
	}
	get := caller(b, s)
	b.ReportAllocs()
	for b.Loop() {
		get("/v2/transactions" + bank)
	}
}
