package matching_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// TestOnlyWhatBothRowsShowTellsThemApart checks that of two rows like a new one, the row that the time of another one
// contradicts does not make the other one its partner: nothing says that it is.
func TestOnlyWhatBothRowsShowTellsThemApart(t *testing.T) {
	left := rowsFrom(t, "o", "2026-11-10 P -50 BRL MERCADO FICTO 12:01\n2026-11-10 P -50 BRL MERCADO FICTO")
	came := rowsFrom(t, "n", "2026-11-10 P -50 BRL MERCADO FICTO 17:40")
	if pairs := matching.Match(left, came, matching.Context{}).Pairs; len(pairs) > 0 {
		t.Errorf("paired: %v", pairs)
	}
}
