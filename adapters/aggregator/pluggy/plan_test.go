package pluggy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestPlan(t *testing.T) {
	const today = domain.Date("2026-11-19")
	// The vendor keeps rows for twelve months. A sweep leaves out the first week of these twelve months, because its
	// rows could expire during the sweep.
	const first = domain.Date("2025-11-26")
	at := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	accounts := []domain.AccountData{{ExternalID: "a"}, {ExternalID: "b"}}
	window := func(from, to domain.Date) *domain.Window { return &domain.Window{From: from, To: to} }
	for name, test := range map[string]struct {
		scope domain.PullScope
		want  []domain.Step
	}{
		"nothing": {},
		"everything, which includes the rest": {
			domain.PullScope{
				Everything: true, Created: map[string]time.Time{"a": at}, Changed: map[string][]string{"b": {"x"}},
			},
			[]domain.Step{
				{Account: "a", Window: domain.Window{From: first}, Sweep: true},
				{Account: "b", Window: domain.Window{From: first}, Sweep: true},
			},
		},
		"a window proves no absence: a row may have moved out of it": {
			domain.PullScope{Window: window("2026-11-01", "2026-11-10")},
			[]domain.Step{
				{Account: "a", Window: domain.Window{From: "2026-11-01", To: "2026-11-10"}},
				{Account: "b", Window: domain.Window{From: "2026-11-01", To: "2026-11-10"}},
			},
		},
		"window without a start": {
			domain.PullScope{Window: window("", "2026-11-10")},
			[]domain.Step{
				{Account: "a", Window: domain.Window{To: "2026-11-10"}},
				{Account: "b", Window: domain.Window{To: "2026-11-10"}},
			},
		},
		"new and changed rows, of listed accounts only": {
			domain.PullScope{
				Created: map[string]time.Time{"gone": at, "b": at},
				Changed: map[string][]string{"gone": {"x"}, "b": {"y"}, "a": {"x"}},
			},
			[]domain.Step{
				{Account: "b", CreatedFrom: at},
				{Account: "a", IDs: []string{"x"}},
				{Account: "b", IDs: []string{"y"}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, (*Adapter)(nil).Plan(test.scope, accounts, today)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
