package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// replacedNotFound returns replacement if err is NotFound, and otherwise returns err.
func replacedNotFound(err, replacement error) error {
	if errors.Is(err, domain.NotFound) {
		return replacement
	}
	return err
}

// ClaimSubscriptions reads before it writes, because most calls have nothing to write. It extends a lease only if less
// than half of the lease's duration remains.
func (s subscriptions) ClaimSubscriptions(
	ctx context.Context, holder domain.LeaseID, now, leaseEnd time.Time, limit int,
) ([]events.Subscription, error) {
	const active = "state = 'active'"
	half := gormstore.At(now.Add(leaseEnd.Sub(now) / 2))
	var rows []subscriptionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Where(active+" AND (lease_id IS NULL OR lease_until <= ? OR lease_id = ? AND lease_until <= ?)",
			gormstore.At(now), holder.UUID, half).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	lease := map[string]any{"lease_id": holder.UUID, "lease_until": gormstore.At(leaseEnd)}
	for _, row := range rows {
		own := row.Lease.Valid && row.Lease.UUID == holder.UUID
		err := s.Background().Write(ctx, func(db *gorm.DB) error {
			query := ofSubscription(db, row)
			switch {
			case own:
				return query.Where("lease_id = ?", holder.UUID).Updates(lease).Error
			case limit <= 0:
				return nil
			}
			n, err := gormstore.RowsAffected(
				query.Where(active+" AND (lease_id IS NULL OR lease_until <= ?)", gormstore.At(now)).
					Updates(lease),
			)
			limit -= n
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var held []subscriptionRow
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		return db.Where("lease_id = ? AND "+active, holder.UUID).Order("id").Find(&held).Error
	})
	if err != nil {
		return nil, err
	}
	return convertSubscriptions(held)
}

// ReleaseSubscriptions clears the leases with one statement.
func (s subscriptions) ReleaseSubscriptions(ctx context.Context, holder domain.LeaseID) error {
	return s.Background().Write(ctx, func(db *gorm.DB) error {
		return db.Model(&subscriptionRow{}).Where("lease_id = ?", holder.UUID).
			Updates(map[string]any{"lease_id": nil}).Error
	})
}

// ListPending needs two index lookups for each subscription: one in the index over the change feed, and one in the
// index over events.
func (s subscriptions) ListPending(
	ctx context.Context, holder domain.LeaseID,
) (pending []events.SubscriptionID, err error) {
	visible := s.Dialect.VisibleBefore(gormstore.TenantColumn("s.tenant_id")).SQL
	q := gormstore.NewQuery(`SELECT id FROM subscriptions s WHERE lease_id = ? AND state = 'active' AND (
		EXISTS (SELECT 1 FROM transactions t WHERE t.tenant_id = s.tenant_id
			AND (t.change_tx, t.id) > (s.feed_tx, s.feed_id) AND t.change_tx < `+visible+`) OR
		EXISTS (SELECT 1 FROM events e WHERE e.tenant_id = s.tenant_id
			AND (e.change_tx, e.id) > (s.event_tx, s.event_id) AND e.change_tx < `+visible+`))`,
		gormstore.UUID(holder.UUID))
	var id uuid.UUID
	err = s.Background().Rows(ctx, q.String(), q.Args, []any{(*gormstore.UUID)(&id)}, func() error {
		pending = append(pending, events.SubscriptionID{UUID: id})
		return nil
	})
	return pending, err
}

// underSubscriptionLease restricts a query to the subscription of the lease. The query finds nothing if the lease has
// ended or was replaced, or if the subscription and the lease have different epochs.
func underSubscriptionLease(db *gorm.DB, l ports.SubscriptionLease) *gorm.DB {
	return db.Model(&subscriptionRow{}).
		Where("id = ? AND tenant_id = ? AND lease_id = ? AND epoch = ?", l.Subscription.UUID, l.Tenant.UUID,
			l.Holder.UUID, l.Epoch)
}

// Append reads the changes before its transaction begins, because an open write transaction delays the change feed. The
// transaction then checks that the position of the subscription has not changed since the read.
func (s subscriptions) Append(ctx context.Context, l ports.SubscriptionLease, sub events.Subscription, limit int,
	newID func() events.EventID,
) (ports.AppendedEvents, error) {
	var row subscriptionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) (err error) {
		row, err = gormstore.First[subscriptionRow](underSubscriptionLease(db, l).Where("revision = ?", sub.Revision))
		return replacedNotFound(err, gormstore.LeaseLost())
	})
	if err != nil {
		return ports.AppendedEvents{}, err
	}
	skipped, err := s.skippedAdditions(ctx, l)
	if err != nil {
		return ports.AppendedEvents{}, err
	}
	next := row
	var appended ports.AppendedEvents
	var replaced []int64 // the skipped events that the appended ones replace
	add := func(e events.SubscriptionEvent, account domain.AccountID) {
		if sequence, ok := skipped[e.Subject]; ok && e.Type.Resource() == events.TransactionAdded.Resource() {
			e.Type, replaced = events.TransactionAdded, append(replaced, sequence)
			delete(skipped, e.Subject)
		}
		if sub.Wants(e.Type, e.Connection, account) {
			next.LastSequence++
			e.Sequence, e.Source = next.LastSequence, events.Source
			appended.Events = append(appended.Events, e)
		}
	}
	read, err := s.readChanges(ctx, &next, limit, newID, add)
	if err == nil {
		var more int
		more, err = s.readEvents(ctx, &next, limit, sub, add)
		appended.More = read == limit || more == limit
	}
	moved := next.FeedTx != row.FeedTx || next.FeedID != row.FeedID || next.EventID != row.EventID
	if err != nil || !moved {
		return appended, err
	}
	rows := make([]subscriptionEventRow, len(appended.Events))
	for i, e := range appended.Events {
		rows[i] = subscriptionEventRow{
			Subscription: row.ID,
			Tenant:       row.Tenant,
			Sequence:     e.Sequence,
			Event:        e.ID.UUID,
			Source:       e.Source,
			Type:         string(e.Type),
			Subject:      e.Subject,
			Connection:   gormstore.Optional(e.Connection.UUID),
			Version:      e.Version,
			At:           gormstore.At(e.At),
		}
	}
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		n, err := gormstore.RowsAffected(
			underSubscriptionLease(tx.DB, l).Where("revision = ? AND last_sequence = ?", sub.Revision,
				row.LastSequence).Where("feed_tx = ? AND feed_id = ?", row.FeedTx, row.FeedID).Updates(map[string]any{
				"feed_tx": next.FeedTx, "feed_id": next.FeedID, "event_tx": next.EventTx, "event_id": next.EventID,
				"last_sequence": next.LastSequence,
			}),
		)
		if err == nil && n == 0 {
			err = gormstore.LeaseLost()
		}
		if err == nil && len(replaced) > 0 {
			err = eventsOf(tx.DB, l.Tenant, l.Subscription).Where("sequence IN ?", replaced).
				Delete(&subscriptionEventRow{}).Error
		}
		if err != nil {
			return err
		}
		return gormstore.CreateAll(tx.DB, rows)
	})
	if err != nil {
		return ports.AppendedEvents{}, err
	}
	return appended, nil
}

// skippedAdditions returns the sequence numbers of the skipped events about new records, by the record's id. The next
// event of such a record reports the new record. The index over skipped events usually has no entry.
func (s subscriptions) skippedAdditions(ctx context.Context, l ports.SubscriptionLease) (map[string]int64, error) {
	all, err := s.readQueue(ctx, l, func(db *gorm.DB) *gorm.DB {
		return db.Where("last_error = 'skipped' AND type = ?", string(events.TransactionAdded))
	})
	skipped := make(map[string]int64, len(all))
	for _, e := range all {
		skipped[e.Subject] = e.Sequence
	}
	return skipped, err
}

// selectChanges selects the records in the change feed: the current version of each record, at the position of that
// version. selectFirst selects only records with several versions. It yields the data of the current version and the
// position of the first version.
const (
	selectChanges = `SELECT id, connection_id, version, removed_at, updated_at, change_tx, version = 1 AS is_first,
			account_id FROM transactions WHERE tenant_id = ?`
	selectFirst = `SELECT t.id, t.connection_id, t.version, t.removed_at, t.updated_at, v.change_tx, true AS is_first,
			t.account_id FROM transaction_versions v JOIN transactions t
			ON t.connection_id = v.connection_id AND t.id = v.id AND t.tenant_id = v.tenant_id
		WHERE v.version = 1 AND v.tenant_id = ?`
)

// readChanges reads at most limit changes after the feed position of the subscription (row), and advances this
// position. It calls fn with the events of the changes and the accounts of the records. It returns the number of
// changes.
//
// A record with several versions causes two events: one reports the new record at the position of its first version,
// the other the modified record at the position of its current version. The change feed contains only the second
// position.
func (s subscriptions) readChanges(ctx context.Context, row *subscriptionRow, limit int,
	newID func() events.EventID, fn func(events.SubscriptionEvent, domain.AccountID),
) (n int, err error) {
	visible := s.Dialect.VisibleBefore(gormstore.TenantParam(row.Tenant))
	startTx, startID := row.FeedTx, gormstore.UUID(row.FeedID)
	q := gormstore.NewQuery("SELECT * FROM (SELECT * FROM ("+selectChanges, gormstore.UUID(row.Tenant))
	q.Add(" AND (change_tx, id) > (?, ?) AND change_tx < ", startTx, startID)
	q.AddExpr(visible)
	q.Add(" ORDER BY change_tx, id LIMIT ?) AS present", limit)
	q.Add(" UNION ALL SELECT * FROM ("+selectFirst, gormstore.UUID(row.Tenant))
	q.Add(" AND (v.change_tx, v.id) > (?, ?) AND v.change_tx < ", startTx, startID)
	q.AddExpr(visible)
	q.Add(" ORDER BY v.change_tx, v.id LIMIT ?) AS first) AS changes", limit)
	// One transaction may have stored the first and the current version of a record.
	q.Add(" ORDER BY change_tx, id, is_first DESC LIMIT ?", limit)
	var change events.FeedChange
	var removed time.Time
	var account domain.AccountID
	columns := gormstore.ScanTargets(
		&row.FeedID, &change.Connection.UUID, &change.Version, &removed, &change.At, &row.FeedTx, &change.New,
		&account.UUID,
	)
	added := map[uuid.UUID]bool{}
	err = s.Background().RowsOf(ctx, row.Tenant, q.String(), q.Args, columns, func() error {
		n++
		if added[row.FeedID] {
			return nil // an event with the current version was already added
		}
		added[row.FeedID] = change.New
		change.ID.UUID, change.Removed = row.FeedID, !removed.IsZero()
		fn(events.SubscriptionEvent{
			ID: newID(), Type: change.EventType(), Subject: change.ID.String(), Connection: change.Connection,
			Version: change.Version, At: change.At,
		}, account)
		return nil
	})
	return n, err
}

// readEvents is like readChanges, but reads the table events instead of the change feed. It looks up the accounts of
// the events only if the subscription sub is restricted to an account.
func (s subscriptions) readEvents(
	ctx context.Context, row *subscriptionRow, limit int, sub events.Subscription,
	add func(events.SubscriptionEvent, domain.AccountID),
) (n int, err error) {
	q := gormstore.NewQuery(
		"SELECT id, change_tx, type, connection_id, subject, made_at FROM events WHERE tenant_id = ?",
		gormstore.UUID(row.Tenant),
	)
	q.Add(" AND (change_tx, id) > (?, ?) AND change_tx < ", row.EventTx, gormstore.UUID(row.EventID))
	q.AddExpr(s.Dialect.VisibleBefore(gormstore.TenantParam(row.Tenant)))
	q.Add(" ORDER BY change_tx, id LIMIT ?", limit)
	var e events.SubscriptionEvent
	columns := []any{
		(*gormstore.UUID)(&row.EventID), &row.EventTx, (*gormstore.Text)((*string)(&e.Type)),
		(*gormstore.UUID)(&e.Connection.UUID), (*gormstore.Text)(&e.Subject), gormstore.ScanTarget(&e.At),
	}
	var wanted []events.SubscriptionEvent
	err = s.Background().Rows(ctx, q.String(), q.Args, columns, func() error {
		n++
		e.ID.UUID = row.EventID
		if sub.Wants(e.Type, e.Connection, sub.Account) {
			wanted = append(wanted, e)
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	accounts := map[events.AccountVia]domain.AccountID{}
	if !sub.Account.IsZero() {
		if accounts, err = s.accountsOf(ctx, row.Tenant, wanted); err != nil {
			return n, err
		}
	}
	for _, e := range wanted {
		add(e, accounts[events.AccountOf(e.Type, e.Subject)])
	}
	return n, nil
}

// accountTables are the tables of the resources that tell the account of an event; see events.AccountVia.
var accountTables = map[string]string{
	events.TransactionAdded.Resource():      "transactions",
	events.BillAdded.Resource():             "bills",
	events.BankStatementCompared.Resource(): "bank_statements",
}

// accountsOf returns the accounts of the events, with one query for each table. An event has no account if its resource
// no longer exists or was erased.
func (s subscriptions) accountsOf(
	ctx context.Context, tenant uuid.UUID, recorded []events.SubscriptionEvent,
) (map[events.AccountVia]domain.AccountID, error) {
	accounts := map[events.AccountVia]domain.AccountID{}
	ids := map[string][]string{}
	for _, e := range recorded {
		via := events.AccountOf(e.Type, e.Subject)
		switch {
		case via.Resource == events.AccountAdded.Resource():
			accounts[via] = domain.AccountID{UUID: via.ID}
		case via.Resource != "":
			ids[via.Resource] = append(ids[via.Resource], via.ID.String())
		}
	}
	for resource, named := range ids {
		q := gormstore.NewQuery("SELECT id, account_id FROM " + accountTables[resource] + " WHERE ")
		q.AddExpr(s.Dialect.AnyOf("id", named))
		q.Add(" AND account_id IS NOT NULL AND "+s.Dialect.TenantIs("tenant_id", "?"), gormstore.UUID(tenant))
		via := events.AccountVia{Resource: resource}
		var account uuid.UUID
		err := s.Background().Rows(ctx, q.String(), q.Args,
			[]any{(*gormstore.UUID)(&via.ID), (*gormstore.UUID)(&account)}, func() error {
				accounts[via] = domain.AccountID{UUID: account}
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// readQueue returns the events of the subscription that satisfy the conditions added by narrow, ordered by sequence.
func (s subscriptions) readQueue(
	ctx context.Context, l ports.SubscriptionLease, narrow func(*gorm.DB) *gorm.DB,
) ([]events.SubscriptionEvent, error) {
	var rows []subscriptionEventRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		return narrow(eventsOf(db, l.Tenant, l.Subscription)).Order("sequence").Find(&rows).Error
	})
	return gormstore.ConvertAll(rows, subscriptionEventRow.domain), err
}

// ListEvents finds the events by the primary key.
func (s subscriptions) ListEvents(
	ctx context.Context, l ports.SubscriptionLease, afterSequence int64, limit int,
) ([]events.SubscriptionEvent, error) {
	return s.readQueue(ctx, l, func(db *gorm.DB) *gorm.DB {
		return db.Where("sequence > ? AND NOT parked AND last_error <> 'skipped'", afterSequence).Limit(limit)
	})
}

// ListParked uses the index over parked (postponed) events, and reads only the first event of each subject.
func (s subscriptions) ListParked(
	ctx context.Context, l ports.SubscriptionLease, limit int,
) ([]events.SubscriptionEvent, error) {
	return s.readQueue(ctx, l, func(db *gorm.DB) *gorm.DB {
		first := db.Session(&gorm.Session{NewDB: true}).Table("subscription_events").
			Where("subscription_id = ? AND tenant_id = ? AND parked", l.Subscription.UUID, l.Tenant.UUID).
			Group("subject").Select("min(sequence)")
		return db.Where("sequence IN (?)", first).Limit(limit)
	})
}

// NextParked finds the event in the index over parked events.
func (s subscriptions) NextParked(
	ctx context.Context, l ports.SubscriptionLease, subject string,
) (events.SubscriptionEvent, error) {
	found, err := s.readQueue(ctx, l, func(db *gorm.DB) *gorm.DB {
		return db.Where("parked AND subject = ?", subject).Limit(1)
	})
	if err == nil && len(found) == 0 {
		err = domain.NotFoundError()
	}
	if err != nil {
		return events.SubscriptionEvent{}, err
	}
	return found[0], nil
}

// RecordAttempts first updates the row of the subscription. This locks the row and checks the lease.
func (s subscriptions) RecordAttempts(
	ctx context.Context, l ports.SubscriptionLease, w ports.AttemptsWrite,
) error {
	columns := map[string]any{"delivered_to": w.DeliveredTo}
	if w.Disable != "" {
		columns["state"], columns["reason"] = string(events.SubscriptionDisabled), string(w.Disable)
		columns["state_since"], columns["lease_id"] = gormstore.At(w.At), nil
	}
	attempts := make([]attemptRow, len(w.Attempts))
	for i, a := range w.Attempts {
		attempts[i] = attemptRow{
			Subscription: l.Subscription.UUID, Tenant: l.Tenant.UUID, At: gormstore.At(a.At), ID: a.ID.UUID,
			Sequence: a.Sequence, Event: a.Event.UUID, Type: string(a.Type), Subject: a.Subject, Number: a.Number,
			TookUs: a.Took.Microseconds(), Error: string(a.Error), Status: a.Answer.Status, Body: a.Answer.Body,
			Next: gormstore.At(a.NextAttempt),
		}
	}
	return s.Background().Change(ctx, func(tx gormstore.Tx) error {
		n, err := gormstore.RowsAffected(underSubscriptionLease(tx.DB, l).Updates(columns))
		if err == nil && n == 0 {
			err = gormstore.LeaseLost()
		}
		if err == nil {
			err = gormstore.CreateAll(tx.Clauses(gormstore.IgnoreDuplicates).Session(&gorm.Session{}), attempts)
		}
		for i := 0; i < len(w.Parked) && err == nil; i++ {
			e := w.Parked[i]
			err = eventsOf(tx.DB, l.Tenant, l.Subscription).Where("sequence = ?", e.Sequence).Updates(map[string]any{
				"parked": true, "attempts": e.Attempts, "failing_since": gormstore.At(e.FailingSince),
				"next_attempt_at": gormstore.At(e.NextAttempt), "last_error": string(e.LastError),
			}).Error
		}
		for i := 0; i < len(w.Unparked) && err == nil; i++ {
			err = eventsOf(tx.DB, l.Tenant, l.Subscription).Where("sequence = ?", w.Unparked[i]).
				Updates(map[string]any{"parked": false}).Error
		}
		return err
	})
}

// Transactions finds the rows by their ids alone, because their accounts may have moved to another connection.
func (s subscriptions) Transactions(ctx context.Context, tenant domain.TenantID, ids []domain.TransactionID,
	maxBytes int,
) (found []domain.Transaction, more bool, err error) {
	page := domain.PageBuilder[domain.Transaction]{Request: domain.PageRequest{Limit: len(ids), MaxBytes: maxBytes}}
	owner := gormstore.UUID(tenant.UUID)
	q := gormstore.NewQuery(gormstore.SelectFeed+s.Dialect.TenantIs("tenant_id", "?"), owner, owner, owner)
	among := s.Dialect.AnyOf("id", gormstore.TextsOf(ids))
	q.Add(" AND "+among.SQL, among.Vars...)
	row := gormstore.NewTransactionRow()
	columns := append(row.Targets(), (*gormstore.Text)(&row.Adjusts))
	err = s.Background().Rows(ctx, q.String(), q.Args, columns, gormstore.AddTo(&page, &more, row.Domain))
	if errors.Is(err, gormstore.ErrStop) {
		err = nil
	}
	return page.Items, more, err
}
