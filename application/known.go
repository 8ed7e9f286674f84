package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// news reads the rows of a page that are not known as they are, and counts the others.
//
// A row that stands more than once in the page, or in the page before too, is read each
// time, for the later one counts, whichever of them is known: the page before may not be
// stored yet. A pull that comes first knows next to nothing and does not ask.
func (r *reader) news(ctx context.Context, seen []domain.Sighting) (rows []domain.Observation, unchanged int, err error) {
	known := make([]bool, len(seen))
	if !r.first && len(seen) > 0 {
		if known, err = r.Pulls.Known(ctx, r.connection.ID, seen); err != nil {
			return nil, 0, err
		}
	}
	twice := r.repeated(seen)
	rows = make([]domain.Observation, 0, len(seen))
	for i, s := range seen {
		if known[i] && !twice[s.ExternalID] {
			unchanged++
			continue
		}
		row, err := s.Observe()
		if err != nil {
			return nil, 0, err
		}
		row.Source = s.Source
		rows = append(rows, row)
	}
	return rows, unchanged, nil
}

// repeated gives the ids that stand more than once in the page and the one before it, and
// remembers the page for the next.
func (r *reader) repeated(seen []domain.Sighting) map[string]bool {
	here, twice := make(map[string]struct{}, len(seen)), map[string]bool{}
	for _, s := range seen {
		_, again := here[s.ExternalID]
		_, before := r.ahead[s.ExternalID]
		if again || before {
			twice[s.ExternalID] = true
		}
		here[s.ExternalID] = struct{}{}
	}
	r.ahead = here
	return twice
}
