package gormstore

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Ledger reads what pulls brought.
func (s *Store) Ledger() ports.Ledger { return ledger{s} }

// ledger reads only; pulls write.
type ledger struct{ *Store }

// badCursor is the answer to a position that this list never gave.
func badCursor() error { return domain.Fault("cursor", "is not a cursor of this list") }

// converted is list for rows whose amounts have to be read.
func converted[R, T any](query *gorm.DB, limit int, item func(R) (T, error), position func(T) domain.Position) (domain.Page[T], error) {
	var failed error
	page, err := list(query, limit, func(row R) T {
		t, err := item(row)
		if err != nil {
			failed = err
		}
		return t
	}, position)
	if err == nil {
		err = failed
	}
	return page, err
}

// Accounts gives accounts by external id, compared by bytes.
func (s ledger) Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest) (domain.Page[domain.Account], error) {
	var found domain.Page[domain.Account]
	err := s.read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("tenant_id = ? AND connection_id = ?", tenant.UUID, connection.UUID).Order("external_id, id")
		if !storable(page.After.Key) {
			return badCursor()
		}
		if !page.After.IsZero() {
			query = query.Where("(external_id, id) > (?, ?)", page.After.Key, page.After.ID)
		}
		found, err = converted(query, page.Limit, accountRow.domain, func(a domain.Account) domain.Position {
			return domain.Position{Key: a.ExternalID, ID: a.ID.UUID}
		})
		return err
	})
	return found, err
}

// Transactions gives transactions by date, newest first, removed ones too. Dates compare
// as texts of one form; the index over connection, date and id is read backwards.
func (s ledger) Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	filter ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	var found domain.Page[domain.Transaction]
	err := s.read(ctx, func(db *gorm.DB) (err error) {
		query := within(db.Where("tenant_id = ? AND connection_id = ?", tenant.UUID, connection.UUID), filter.Window)
		if !filter.Account.IsZero() {
			query = query.Where("account_id = ?", filter.Account.UUID)
		}
		if filter.Status != "" {
			query = query.Where("status = ?", string(filter.Status))
		}
		if !page.After.IsZero() {
			if _, err := domain.ParseDate(page.After.Key); err != nil {
				return badCursor()
			}
			query = query.Where("(date, id) < (?, ?)", page.After.Key, page.After.ID)
		}
		found, err = converted(query.Order("date DESC, id DESC"), page.Limit, TransactionRow.domain,
			func(t domain.Transaction) domain.Position { return domain.Position{Key: string(t.Date), ID: t.ID.UUID} })
		return err
	})
	return found, err
}

// Changes reads the feed below the horizon, in one statement, so that the horizon and the
// rows are of one snapshot.
func (s ledger) Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error) {
	after, err := placeOf(page.After)
	if err != nil {
		return domain.FeedPage{}, err
	}
	feed := domain.FeedPage{Next: domain.Position{Key: strconv.FormatInt(after, 10), ID: page.After.ID}}
	err = s.read(ctx, func(db *gorm.DB) error {
		var rows []TransactionRow
		err := db.Where("tenant_id = ? AND (change_tx, id) > (?, ?) AND change_tx < "+s.dialect.Horizon, tenant.UUID, after, page.After.ID).
			Order("change_tx, id").Limit(page.Limit + 1).Find(&rows).Error
		if err != nil {
			return err
		}
		if feed.More = len(rows) > page.Limit; feed.More {
			rows = rows[:page.Limit]
		}
		for _, row := range rows {
			t, err := row.domain()
			if err != nil {
				return err
			}
			feed.Items = append(feed.Items, t)
			feed.Next = domain.Position{Key: strconv.FormatInt(row.ChangeTx, 10), ID: row.ID}
		}
		return nil
	})
	return feed, err
}

// placeOf reads a position of the feed: the change's place, and the row's id.
func placeOf(after domain.Position) (int64, error) {
	if after.IsZero() {
		return 0, nil
	}
	place, err := strconv.ParseInt(after.Key, 10, 64)
	if err != nil || place < 0 {
		return 0, badCursor()
	}
	return place, nil
}
