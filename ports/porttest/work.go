package porttest

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// RunDue runs due work, one piece after the other, until nothing is due, but at most limit pieces. It returns their
// number and the joined errors.
func RunDue(ctx context.Context, next ports.NextWork, limit int) (int, error) {
	var failures []error
	for n := range limit {
		work, err := next(ctx, nil)
		if err != nil || work == nil {
			return n, errors.Join(append(failures, err)...)
		}
		failures = append(failures, work.Run(ctx))
	}
	return limit, errors.Join(failures...)
}
