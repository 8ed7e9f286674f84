package gormstore

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Sweep reads the window's rows and marks those that were not seen. It reads ids alone: a
// window may hold all that an account ever had.
func (s pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	var counts domain.Counts
	err := s.background().change(ctx, func(tx Tx) error {
		held, err := holdLive(tx.DB, lease)
		if err != nil {
			return err
		}
		unseen, err := unseenRows(tx.DB, held.Connection, w)
		if err != nil {
			return err
		}
		p := pageWriter{dialect: s.dialect, tx: tx.DB, pull: held, at: instant{w.At}}
		if err := p.removedInRounds(unseen); err != nil {
			return err
		}
		counts = p.counts
		return saveProgress(tx.DB, held, p.counts, w.Until, nil)
	})
	if err != nil {
		return domain.Counts{}, err
	}
	return counts, nil
}

// unseenRows walks the window row by row, so that only what is to be written is held, and
// gives external ids.
func unseenRows(tx *gorm.DB, connection uuid.UUID, w ports.SweepWrite) ([]string, error) {
	query := within(tx.Table("transactions").Select("external_id"), w.Window).
		Where("connection_id = ? AND removed_at IS NULL", connection)
	if w.Account != "" {
		query = query.Where("account = ?", w.Account)
	}
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var unseen []string
	var externalID string
	for rows.Next() {
		if err := rows.Scan(&externalID); err != nil {
			return nil, err
		}
		if !w.Seen(externalID) {
			unseen = append(unseen, externalID)
		}
	}
	return unseen, rows.Err()
}

// within narrows to dates inside the window; an open end does not narrow.
func within(query *gorm.DB, w domain.Window) *gorm.DB {
	if w.From != "" {
		query = query.Where("date >= ?", string(w.From))
	}
	if w.To != "" {
		query = query.Where("date <= ?", string(w.To))
	}
	return query
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
