package belvo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestPlanReadsEverythingOrAWindow(t *testing.T) {
	whole := []domain.Step{{Sweep: true, Resume: true}}
	march := &domain.Window{From: "2026-03-01", To: "2026-03-31"}
	for name, c := range map[string]struct {
		ask  domain.PullScope
		want []domain.Step
	}{
		"an empty scope reads nothing": {domain.PullScope{}, nil},
		"a signal only reads nothing":  {domain.PullScope{Signal: domain.SignalReauth}, nil},
		"removed ids need no read":     {domain.PullScope{Removed: []string{"x"}}, nil},
		"everything":                   {domain.PullScope{Everything: true}, whole},
		"created reads everything": {
			domain.PullScope{Created: map[string]time.Time{"a": time.Unix(0, 0)}}, whole,
		},
		"changed reads everything": {
			domain.PullScope{Changed: map[string][]string{"": {"x"}}}, whole,
		},
		"changed without ids reads nothing": {domain.PullScope{Changed: map[string][]string{"": {}}}, nil},
		"changed and a window read everything": {
			domain.PullScope{Changed: map[string][]string{"": {"x"}}, Window: march}, whole,
		},
		"an open window reads everything": {domain.PullScope{Window: &domain.Window{}}, whole},
		"a window is widened on both sides": {
			domain.PullScope{Window: march},
			[]domain.Step{{Window: domain.Window{From: "2026-02-22", To: "2026-04-07"}}},
		},
		"a window without an end has no filter for it": {
			domain.PullScope{Window: &domain.Window{From: "2026-03-01"}},
			[]domain.Step{{Window: domain.Window{From: "2026-02-22"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&Adapter{}).Plan(c.ask, nil, "2026-05-04")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, step := range got {
				if step.Sweep != (step.Window == domain.Window{}) {
					t.Errorf("%+v: only a read of the whole link may sweep", step)
				}
			}
		})
	}
}
