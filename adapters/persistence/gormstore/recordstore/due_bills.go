package recordstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ClaimBills claims the card by a compare-and-swap on the time at which its bills are due.
func (s ledger) ClaimBills(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID,
) (*ports.DueBills, error) {
	var due []billListRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := gormstore.WithoutTenants(db.Where("due_at IS NOT NULL AND due_at <= ?", gormstore.At(now)), skip)
		return query.Order("due_at").Limit(1).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	claimed, err := gormstore.ClaimEach(ctx, s.Background(), due, func(tx gormstore.Tx, row billListRow) (
		*ports.DueBills, bool, error,
	) {
		n, err := gormstore.RowsAffected(tx.Model(&billListRow{}).
			Where("account_id = ? AND tenant_id = ? AND due_at = ?", row.Account, row.Tenant, row.Due).
			Updates(map[string]any{"due_at": gormstore.At(claimEnd)}))
		return &ports.DueBills{
			Tenant: domain.TenantID{UUID: row.Tenant}, Account: domain.AccountID{UUID: row.Account},
		}, n > 0, err
	})
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	return claimed[0], nil
}

// EvaluateBills evaluates the bills outside of a transaction, and stores the result if no row has changed meanwhile.
// Otherwise the bills are due again.
func (s ledger) EvaluateBills(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, at time.Time,
) error {
	var due *billListRow
	// A caller may wait for this method, so the limit of Background must not apply while nothing is due.
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		due, err = (&billReader{tenant: tenant.UUID}).dueList(db, account)
		return err
	})
	if err != nil || due == nil {
		return err
	}
	var found *billEvaluation
	background := s.Background()
	err = background.Read(ctx, func(db *gorm.DB) (err error) {
		r := billReader{
			dialect: s.Dialect, db: db, tenant: tenant.UUID, at: at,
			read: func(q gormstore.Read) error {
				return background.RowsOf(ctx, tenant.UUID, q.SQL, q.Args, q.Columns, q.Take)
			},
		}
		found, err = r.evaluateDue(*due)
		return err
	})
	if err != nil {
		return err
	}
	if found == nil {
		return background.Write(ctx, func(db *gorm.DB) error {
			return db.Model(&billListRow{}).Where("account_id = ? AND tenant_id = ? AND due_at = ?", account.UUID,
				tenant.UUID, due.Due).Updates(map[string]any{"due_at": nil}).Error
		})
	}
	return background.Change(ctx, func(tx gormstore.Tx) error {
		connection := found.next.Connection
		if err := s.Dialect.ExcludeWriters(tx.DB, tenant.UUID, connection); err != nil {
			return err
		}
		w := billWriter{
			billReader: billReaderIn(tx, s.Dialect, connection, tenant.UUID, at), tx: tx, overdue: keepOverdue,
		}
		list, err := w.dueList(gormstore.Locked(tx.DB, gormstore.ForUpdate), account)
		if err != nil || list == nil || list.Connection != connection || !list.Due.Equal(due.Due.Time) {
			return err
		}
		if err := w.saveEvaluation(found); err != nil {
			return err
		}
		return w.recordEvents()
	})
}

// evaluateDueBills evaluates the bills of an account in a transaction that excludes other writers, if they are due.
func (s ledger) evaluateDueBills(tx gormstore.Tx, account accountKeys, at time.Time) error {
	w := billWriter{
		billReader: billReaderIn(tx, s.Dialect, account.Connection, account.Tenant, at), tx: tx, overdue: keepOverdue,
	}
	list, err := w.dueList(tx.DB, domain.AccountID{UUID: account.ID})
	if err != nil || list == nil {
		return err
	}
	found, err := w.evaluateDue(*list)
	if err != nil || found == nil {
		return err
	}
	if err := w.saveEvaluation(found); err != nil {
		return err
	}
	return w.recordEvents()
}

// dueList returns the row of bill_lists of an account; nil if its bills are not due.
func (w *billReader) dueList(db *gorm.DB, account domain.AccountID) (*billListRow, error) {
	var lists []billListRow
	err := db.Where("account_id = ? AND tenant_id = ? AND due_at IS NOT NULL", account.UUID, w.tenant).
		Find(&lists).Error
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	return &lists[0], nil
}

// evaluateDue evaluates the bills of a card as of the day of their latest evaluation. It returns nil if the account is
// not a card of the connection any longer.
func (w *billReader) evaluateDue(list billListRow) (*billEvaluation, error) {
	w.connection = list.Connection
	cards, err := w.cardsWith(list.Account)
	if err != nil || len(cards) == 0 {
		return nil, err
	}
	before, err := w.stored(cards[0])
	if err != nil {
		return nil, err
	}
	return w.evaluate(cards[0], list, before, before)
}

// cardsWith returns the card with this id.
func (w *billReader) cardsWith(id uuid.UUID) (cards []cardAccount, err error) {
	return cards, w.ofConnection().Where("id = ?", id).Find(&cards).Error
}
