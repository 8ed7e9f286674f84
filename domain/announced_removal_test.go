package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAnnouncedRemovalsAreAMassRemoval(t *testing.T) {
	for name, tc := range map[string]struct {
		count, live, removed int
		want                 bool
	}{
		"20 of 39 rows":    {20, 39, 0, true},
		"half of the rows": {20, 40, 0, false},
		"19 of 19 rows":    {19, 19, 0, false},
		"12 announced after 8 removed ones, of 39":          {20, 31, 8, true},
		"12 announced after 8 removed ones, of 40":          {20, 32, 8, false},
		"10,000 of 1,000,000 rows":                          {10_000, 1_000_000, 0, false},
		"all rows of the days, though not those of account": {600, 600, 0, true},
	} {
		if got := (domain.AnnouncedSum{Count: tc.count}).IsMass(tc.live, tc.removed); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestASumOfAnnouncedRemovalsReachesFromTheOldestRowToTheNewest(t *testing.T) {
	var sum domain.AnnouncedSum
	for i, c := range []struct {
		date domain.Date
		want domain.Window
	}{
		{"2026-03-05", domain.Window{From: "2026-03-05", To: "2026-03-05"}},
		{"2026-03-01", domain.Window{From: "2026-03-01", To: "2026-03-05"}},
		{"2026-03-09", domain.Window{From: "2026-03-01", To: "2026-03-09"}},
		{"2026-03-03", domain.Window{From: "2026-03-01", To: "2026-03-09"}},
	} {
		if sum = sum.With(c.date); sum.Count != i+1 || sum.Dates != c.want {
			t.Errorf("after %s: %d rows from %s to %s", c.date, sum.Count, sum.Dates.From, sum.Dates.To)
		}
	}
}
