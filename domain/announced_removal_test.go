package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAnnouncedRemovalsAreAMassRemoval(t *testing.T) {
	for name, tc := range map[string]struct {
		sum  domain.AnnouncedSum
		live int
		want bool
	}{
		"20 of 39 rows":    {domain.AnnouncedSum{Count: 20}, 39, true},
		"half of the rows": {domain.AnnouncedSum{Count: 20}, 40, false},
		"19 of 19 rows":    {domain.AnnouncedSum{Count: 19}, 19, false},
		"12 announced after 8 applied ones, of 39":          {domain.AnnouncedSum{Count: 20, Applied: 8}, 31, true},
		"12 announced after 8 applied ones, of 40":          {domain.AnnouncedSum{Count: 20, Applied: 8}, 32, false},
		"10,000 of 1,000,000 rows":                          {domain.AnnouncedSum{Count: 10_000}, 1_000_000, false},
		"all rows of the days, though not those of account": {domain.AnnouncedSum{Count: 600}, 600, true},
	} {
		if got := tc.sum.IsMass(tc.live); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
