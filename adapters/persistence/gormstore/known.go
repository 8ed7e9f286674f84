package gormstore

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Known asks for what is not known: of most pages that is nothing.
func (s pulls) FilterUnchanged(ctx context.Context, connection domain.ConnectionID, seen []domain.RawTransaction) ([]bool, error) {
	if len(seen) == 0 {
		return nil, nil
	}
	var strange []int
	err := s.background().bounded(ctx, func(ctx context.Context) (err error) {
		strange, err = s.dialect.FindChanged(ctx, connection.UUID, seen)
		return err
	})
	if err != nil {
		return nil, err
	}
	known := make([]bool, len(seen))
	for i := range known {
		known[i] = true
	}
	for _, i := range strange {
		known[i] = false
	}
	return known, nil
}

// known counts the rows of the page that are not looked at.
func (p *pageWriter) known(rows int) error {
	p.counts.Read += rows
	p.counts.Unchanged += rows
	return nil
}
