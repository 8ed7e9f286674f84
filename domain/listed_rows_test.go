package domain_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestListedRowsFindThePagesOfARow(t *testing.T) {
	first := domain.ListedRows{}.WithPages(domain.HashedPage([]string{"a", "b"}))
	all := first.WithPages(domain.HashedPage(nil), domain.HashedPage([]string{"b", "c"}))
	_ = first.WithPages(domain.HashedPage([]string{"d"})) // does not change all
	stored, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var read domain.ListedRows
	if err := json.Unmarshal(stored, &read); err != nil {
		t.Fatal(err)
	}
	find := read.Index()
	got := map[string]domain.ListedPages{}
	for _, id := range []string{"a", "b", "c", "d"} {
		if pages, found := find(id); found {
			got[id] = pages
		}
	}
	want := map[string]domain.ListedPages{"a": {First: 1, Last: 1}, "b": {First: 1, Last: 3}, "c": {First: 3, Last: 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestListedRowsAreBounded(t *testing.T) {
	rows := domain.ListedRows{}
	page := make([]string, 10_000)
	for n := range 11 {
		for i := range page {
			page[i] = fmt.Sprint(n, "-", i)
		}
		if rows = rows.WithPages(domain.HashedPage(page)); rows.More != (n == 10) {
			t.Errorf("after %d rows, More is %t", (n+1)*len(page), rows.More)
		}
	}
	if rows = rows.WithPages(domain.HashedPage(page)); !rows.More || rows.Pages != nil {
		t.Errorf("after another page, the rows are %v", rows)
	}
}
