package belvo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestPlan(t *testing.T) {
	whole := []domain.Step{{}}
	march := &domain.Window{From: "2026-03-01", To: "2026-03-31"}
	for name, c := range map[string]struct {
		ask  domain.PullScope
		want []domain.Step
	}{
		"nothing asked":           {domain.PullScope{}, nil},
		"news of the link alone":  {domain.PullScope{Signal: domain.SignalReauth}, nil},
		"removed needs no read":   {domain.PullScope{Removed: []string{"x"}}, nil},
		"everything":              {domain.PullScope{Everything: true}, whole},
		"created reads the whole": {domain.PullScope{Created: map[string]time.Time{"a": time.Unix(0, 0)}}, whole},
		"changed reads the whole": {domain.PullScope{Changed: map[string][]string{"": {"x"}}}, whole},
		"changed without rows":    {domain.PullScope{Changed: map[string][]string{"": {}}}, nil},
		"changed covers a window": {domain.PullScope{Changed: map[string][]string{"": {"x"}}, Window: march}, whole},
		"an open window":          {domain.PullScope{Window: &domain.Window{}}, whole},
		"a window, with overlap":  {domain.PullScope{Window: march}, []domain.Step{{Window: domain.Window{From: "2026-02-22", To: "2026-04-07"}}}},
		"a window open behind":    {domain.PullScope{Window: &domain.Window{From: "2026-03-01"}}, []domain.Step{{Window: domain.Window{From: "2026-02-22"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&Adapter{}).Plan(c.ask, nil, "2026-05-04")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, step := range got {
				if step.Sweep {
					t.Error("absence from a list is no proof of deletion")
				}
			}
		})
	}
}
