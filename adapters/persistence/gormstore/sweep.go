package gormstore

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Sweep reads the window's rows and marks those that were not seen. It reads ids alone: a
// window may hold all that an account ever had.
func (s pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	return s.page(ctx, lease, w.At, nil, false, func(p *pageWriter) (Write, error) {
		unseen, err := p.unseen(w)
		if err != nil {
			return Write{}, err
		}
		if err := p.removedInRounds(unseen); err != nil {
			return Write{}, err
		}
		return p.moved(w.LeaseUntil, nil)
	})
}

// unseen walks the window row by row, so that only what is to be written is held, and
// gives external ids.
func (p *pageWriter) unseen(w ports.SweepWrite) ([]string, error) {
	q := newQuery("SELECT external_id FROM transactions WHERE connection_id = ? AND removed_at IS NULL", key(p.pull.Connection))
	for _, narrow := range []struct{ condition, value string }{
		{" AND date >= ?", string(w.Window.From)},
		{" AND date <= ?", string(w.Window.To)},
		{" AND account = ?", w.Account},
	} {
		if narrow.value != "" {
			q.add(narrow.condition, narrow.value)
		}
	}
	var unseen []string
	var externalID string
	err := p.tx.Read(q.into([]any{(*label)(&externalID)}, func() error {
		if !w.Seen(externalID) {
			unseen = append(unseen, externalID)
		}
		return nil
	}))
	return unseen, err
}

// removed marks the connection's rows with these external ids.
func (p *pageWriter) removed(externalIDs []string) error {
	if len(externalIDs) == 0 {
		return nil
	}
	return p.remove(p.dialect.AnyOf("external_id", externalIDs))
}

// removedInRounds marks a bounded number of rows a statement.
func (p *pageWriter) removedInRounds(externalIDs []string) error {
	for round := range slices.Chunk(externalIDs, pruneRound) {
		if err := p.removed(round); err != nil {
			return err
		}
	}
	return nil
}

// remove marks rows that are not marked yet: an event in the feed, and a new version.
func (p *pageWriter) remove(which clause.Expr) error {
	stamp, err := p.change()
	if err != nil {
		return err
	}
	n, err := rowsOf(p.tx.Model(&TransactionRow{}).Where("connection_id = ? AND removed_at IS NULL", p.pull.Connection).
		Where(which).Updates(map[string]any{
		"version": gorm.Expr("version + 1"), "removed_at": p.at, "updated_at": p.at, "change_tx": stamp,
	}))
	p.counts.Removed += n
	return err
}
