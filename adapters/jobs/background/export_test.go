package background

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TaskNames returns the names of all tasks: inTurn has those that take their work in turn by tenant.
func TaskNames(cfg Config, service ports.Maintenance) (others, inTurn []string) {
	nudge := func(context.Context, []domain.PullID) error { return nil }
	for _, t := range tasks(cfg, service, nudge, func() bool { return false }, SoleLeader) {
		others = append(others, t.Name)
	}
	for _, t := range turnTasks(service) {
		inTurn = append(inTurn, t.name)
	}
	return others, inTurn
}
