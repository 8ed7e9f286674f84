package gormstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Sweep reads the window's rows and marks those that were not seen. It reads only their external ids,
// because a window may contain all rows that an account ever had.
func (s pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	p := s.newPageWriter(ports.PageWrite{At: w.At, LeaseUntil: w.LeaseUntil})
	return s.runPage(ctx, p, Page{Reads: p.reads(lease), Write: func(tx Tx) (Statement, error) {
		if p.tx = tx; p.pull.ID == uuid.Nil {
			return Statement{}, leaseLost()
		}
		unseen, err := p.unseen(w)
		if err != nil {
			return Statement{}, err
		}
		if err := p.markRemoved(unseen); err != nil {
			return Statement{}, err
		}
		return p.updatePull(nil)
	}})
}

// unseen returns the external ids of the window's live rows that were not seen. It scans row by row,
// so that only what must be written is held in memory.
func (p *pageWriter) unseen(w ports.SweepWrite) ([]string, error) {
	q := newQuery("SELECT external_id FROM transactions WHERE connection_id = ? AND removed_at IS NULL",
		uuidColumn(p.pull.Connection))
	for _, filter := range []struct{ condition, value string }{
		{" AND date >= ?", string(w.Window.From)},
		{" AND date <= ?", string(w.Window.To)},
		{" AND account = ?", w.Account},
	} {
		if filter.value != "" {
			q.add(filter.condition, filter.value)
		}
	}
	var unseen []string
	var externalID string
	err := p.tx.Read(q.into([]any{(*textColumn)(&externalID)}, func() error {
		if !w.Seen(externalID) {
			unseen = append(unseen, externalID)
		}
		return nil
	}))
	return unseen, err
}
