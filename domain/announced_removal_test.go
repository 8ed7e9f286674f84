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
