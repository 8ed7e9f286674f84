package eventlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stateDeleted is the state of a deleted subscription. The row of the subscription stays until PruneEvents has deleted
// the subscription's events and attempts, a limited number at a time.
const stateDeleted = "deleted"

// subscriptionRow is a row of subscriptions.
type subscriptionRow struct {
	ID            uuid.UUID         `gorm:"column:id"`
	Tenant        uuid.UUID         `gorm:"column:tenant_id"`
	Name          string            `gorm:"column:name"`
	Types         string            `gorm:"column:types"`
	Connection    uuid.NullUUID     `gorm:"column:connection_id"`
	SinkKind      string            `gorm:"column:sink_kind"`
	Settings      string            `gorm:"column:settings"`
	Sealed        []byte            `gorm:"column:sealed"`
	PreviousUntil gormstore.Instant `gorm:"column:previous_until"`
	State         string            `gorm:"column:state"`
	Reason        string            `gorm:"column:reason"`
	StateSince    gormstore.Instant `gorm:"column:state_since"`
	FromStart     bool              `gorm:"column:from_start"`
	FeedTx        int64             `gorm:"column:feed_tx"`
	FeedID        uuid.UUID         `gorm:"column:feed_id"`
	EventTx       int64             `gorm:"column:event_tx"`
	EventID       uuid.UUID         `gorm:"column:event_id"`
	LastSequence  int64             `gorm:"column:last_sequence"`
	DeliveredTo   int64             `gorm:"column:delivered_to"`
	Epoch         int64             `gorm:"column:epoch"`
	Lease         uuid.NullUUID     `gorm:"column:lease_id"`
	LeaseUntil    gormstore.Instant `gorm:"column:lease_until"`
	Revision      int64             `gorm:"column:revision"`
	Created       gormstore.Instant `gorm:"column:created_at"`
	Updated       gormstore.Instant `gorm:"column:updated_at"`

	// The state of the worker of a subscription to Matcher; see ports.MatcherState.
	ScannedSources int64             `gorm:"column:scanned_sources"`
	FailingSince   gormstore.Instant `gorm:"column:failing_since"`

	Account uuid.NullUUID `gorm:"column:account_id"`
}

// TableName returns the name of the table in the schema.
func (subscriptionRow) TableName() string { return "subscriptions" }

// setOperators copies the columns that operators can change from s. It also copies the columns that always change
// together with them.
func (r *subscriptionRow) setOperators(s events.Subscription) error {
	types, err := json.Marshal(s.Types)
	r.Name, r.Types, r.Connection = s.Name, string(types), gormstore.Optional(s.Connection.UUID)
	r.Account = gormstore.Optional(s.Account.UUID)
	r.SinkKind, r.Settings = string(s.Sink.Kind), s.Sink.Settings
	r.Sealed, r.PreviousUntil = s.Sealed, gormstore.At(s.PreviousUntil)
	r.State, r.Reason, r.StateSince = string(s.State), string(s.Reason), gormstore.At(s.StateSince)
	r.Revision, r.Created, r.Updated = s.Revision, gormstore.At(s.CreatedAt), gormstore.At(s.UpdatedAt)
	return err
}

// operatorColumns are the columns that setOperators sets.
var operatorColumns = []string{
	"name", "types", "connection_id", "account_id", "sink_kind", "settings", "sealed", "previous_until",
	"state", "reason", "state_since", "revision", "created_at", "updated_at",
}

func (r subscriptionRow) domain() (events.Subscription, error) {
	s := events.Subscription{
		ID: events.SubscriptionID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant}, Name: r.Name,
		Connection: domain.ConnectionID{UUID: r.Connection.UUID}, Account: domain.AccountID{UUID: r.Account.UUID},
		Sink:  events.SubscriptionSink{Kind: events.SinkKind(r.SinkKind), Settings: r.Settings},
		State: events.SubscriptionState(r.State), Reason: domain.Code(r.Reason), StateSince: r.StateSince.Time,
		Sealed: r.Sealed, PreviousUntil: r.PreviousUntil.Time, FromStart: r.FromStart,
		LastSequence: r.LastSequence, DeliveredTo: r.DeliveredTo, Epoch: r.Epoch,
		Revision: r.Revision, CreatedAt: r.Created.Time, UpdatedAt: r.Updated.Time,
	}
	return s, json.Unmarshal([]byte(r.Types), &s.Types)
}

// New returns the store of subscriptions and their events.
func New(core *gormstore.Core) ports.Subscriptions { return subscriptions{core} }

// subscriptions implements ports.Subscriptions.
type subscriptions struct{ *gormstore.Core }

// afterAll is an id that follows every other id.
var afterAll = uuid.UUID(bytes.Repeat([]byte{0xff}, 16))

// Create starts the subscription at Dialect.FeedEnd, or at the start of the feed if FromStart is set. A subscription
// that starts at FeedEnd gets every change that is committed after FeedEnd was read. On PostgreSQL, FeedEnd is
// therefore before the oldest transaction that still runs.
func (s subscriptions) Create(ctx context.Context, sub events.Subscription, entries ports.AuditEntries) error {
	row := subscriptionRow{ID: sub.ID.UUID, Tenant: sub.Tenant.UUID, FromStart: sub.FromStart}
	if err := row.setOperators(sub); err != nil {
		return err
	}
	return s.Change(ctx, func(tx gormstore.Tx) error {
		if err := s.checkSubscriptionCount(tx.DB, sub.Tenant); err != nil {
			return err
		}
		if !sub.FromStart {
			q := gormstore.NewQueryOf(s.Dialect.FeedEnd(sub.Tenant.UUID))
			if err := tx.Read(q.AsRead([]any{&row.FeedTx}, func() error { return nil })); err != nil {
				return err
			}
			row.EventTx, row.FeedID, row.EventID = row.FeedTx, afterAll, afterAll
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Record(sub.Tenant, entries)
	})
}

// checkSubscriptionCount returns Conflict (too_many_subscriptions) if the tenant may have no further subscription. It
// locks the tenant first, so that concurrent calls of Create cannot together exceed the limit.
func (s subscriptions) checkSubscriptionCount(tx *gorm.DB, tenant domain.TenantID) error {
	if err := s.Dialect.LockTenant(tx, tenant.UUID); err != nil {
		return err
	}
	var count int64
	err := tx.Model(&subscriptionRow{}).Where("tenant_id = ? AND state <> ?", tenant.UUID, stateDeleted).
		Count(&count).Error
	if err == nil && count >= events.MaxSubscriptions {
		return events.TooManySubscriptionsError()
	}
	return err
}

// subscriptionByID restricts a query to a subscription that is not deleted.
func subscriptionByID(db *gorm.DB, tenant domain.TenantID, id events.SubscriptionID) *gorm.DB {
	return db.Where("id = ? AND tenant_id = ? AND state <> ?", id.UUID, tenant.UUID, stateDeleted)
}

// Get reads the subscription and counts its waiting events.
func (s subscriptions) Get(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (status ports.SubscriptionStatus, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[subscriptionRow](subscriptionByID(db, tenant, id))
		if err == nil {
			status, err = statusOf(db, row)
		}
		return err
	})
	return status, err
}

// maxUnsent is the maximum number of records that statusOf counts as due for Matcher. A first synchronisation makes all
// records of a tenant due.
const maxUnsent = 10_000

// statusOf returns a subscription with its progress. It counts the rows of the parked events, and the records that are
// due for Matcher. To count the other waiting events, it subtracts two sequence numbers.
func statusOf(db *gorm.DB, row subscriptionRow) (ports.SubscriptionStatus, error) {
	sub, err := row.domain()
	status := ports.SubscriptionStatus{Subscription: sub, Position: row.LastSequence}
	if err != nil {
		return status, err
	}
	var parked struct {
		Parked, Behind, Unsent int
		First                  *int64
		Oldest                 gormstore.Instant
	}
	recorded := db.Table("subscription_events").Where("subscription_id = ? AND tenant_id = ?", row.ID, row.Tenant)
	err = recorded.Session(&gorm.Session{}).Where("parked").Select(
		`count(*) AS parked, coalesce(sum(CASE WHEN sequence <= ? THEN 1 ELSE 0 END), 0) AS behind,
			min(sequence) AS first, min(made_at) AS oldest, (SELECT count(*) FROM (SELECT 1 FROM matcher_entries m
				WHERE m.subscription_id = ? AND m.tenant_id = ? AND m.due_at IS NOT NULL
				AND m.conflict_since IS NULL LIMIT ?) AS due) AS unsent`,
		row.DeliveredTo, row.ID, row.Tenant, maxUnsent).Scan(&parked).Error
	if err != nil {
		return status, err
	}
	status.Retrying = parked.Parked
	status.Waiting = int(row.LastSequence-row.DeliveredTo) + parked.Behind + parked.Unsent
	status.OldestWaiting = parked.Oldest.Time
	if failing := row.FailingSince.Time; parked.Unsent > 0 && !failing.IsZero() && !failing.Before(sub.StateSince) {
		status.Retrying += parked.Unsent // records are due for Matcher since then, at least
		status.OldestWaiting = domain.EarlierNonZero(status.OldestWaiting, failing)
	}
	if row.LastSequence > row.DeliveredTo {
		status.Position = row.DeliveredTo
		var next gormstore.Instant
		err = recorded.Session(&gorm.Session{}).Where("sequence = ?", row.DeliveredTo+1).Select("made_at").
			Scan(&next).Error
		if !next.IsZero() && (status.OldestWaiting.IsZero() || next.Before(status.OldestWaiting)) {
			status.OldestWaiting = next.Time
		}
	}
	if parked.First != nil {
		status.Position = min(status.Position, *parked.First-1)
	}
	return status, err
}

// List runs statusOf for each subscription of the page.
func (s subscriptions) List(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (found domain.Page[ports.SubscriptionStatus], err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		query := db.Where("tenant_id = ? AND state <> ?", tenant.UUID, stateDeleted)
		query, err := gormstore.NewestFirst(query, "created_at", "id", page.After)
		if err != nil {
			return err
		}
		rows, err := gormstore.List(query, page, func(r subscriptionRow) subscriptionRow { return r },
			func(r subscriptionRow) domain.Position {
				return domain.Position{Key: domain.TimeKey(r.Created.Time), ID: r.ID}
			})
		if err != nil {
			return err
		}
		found.Next, found.Items = rows.Next, make([]ports.SubscriptionStatus, len(rows.Items))
		for i, row := range rows.Items {
			if found.Items[i], err = statusOf(db, row); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// lockSubscription locks a subscription until the transaction ends. Errors: NotFound.
func lockSubscription(
	tx *gorm.DB, tenant domain.TenantID, id events.SubscriptionID,
) (row subscriptionRow, sub events.Subscription, err error) {
	row, err = gormstore.First[subscriptionRow](gormstore.Locked(subscriptionByID(tx, tenant, id), gormstore.ForUpdate))
	if err == nil {
		sub, err = row.domain()
	}
	return row, sub, err
}

// ofSubscription restricts a query to the row of a subscription.
func ofSubscription(tx *gorm.DB, row subscriptionRow) *gorm.DB {
	return tx.Model(&subscriptionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant)
}

// eventsOf restricts a query to the events of a subscription.
func eventsOf(tx *gorm.DB, tenant domain.TenantID, id events.SubscriptionID) *gorm.DB {
	return tx.Model(&subscriptionEventRow{}).Where("subscription_id = ? AND tenant_id = ?", id.UUID, tenant.UUID)
}

// withoutRetries returns column values that reset an event's record of failed attempts.
func withoutRetries() map[string]any {
	return map[string]any{"attempts": 0, "failing_since": nil, "next_attempt_at": nil, "last_error": ""}
}

// Update locks the row of the subscription until the change is committed.
func (s subscriptions) Update(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	entries ports.AuditEntries, fn func(*events.Subscription) error,
) (status ports.SubscriptionStatus, err error) {
	var refused error
	err = s.Change(ctx, func(tx gormstore.Tx) error {
		row, sub, err := lockSubscription(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		active := sub.State == events.SubscriptionActive
		if refused = fn(&sub); refused != nil {
			return refused
		}
		if err := row.setOperators(sub); err != nil {
			return err
		}
		if err := ofSubscription(tx.DB, row).Select(operatorColumns).Updates(&row).Error; err != nil {
			return err
		}
		if !active && sub.State == events.SubscriptionActive {
			err := eventsOf(tx.DB, tenant, id).Where("parked").Updates(withoutRetries()).Error
			if err != nil {
				return err
			}
			row.Epoch++
			if err := ofSubscription(tx.DB, row).Updates(map[string]any{"epoch": row.Epoch}).Error; err != nil {
				return err
			}
		}
		if status, err = statusOf(tx.DB, row); err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	if refused != nil {
		err = refused
	}
	return status, err
}

// Delete marks the subscription as deleted and erases its secrets, its settings and its name. PruneEvents deletes
// the rest.
func (s subscriptions) Delete(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	entries ports.AuditEntries, check func(events.Subscription) error,
) error {
	var refused error
	err := s.Change(ctx, func(tx gormstore.Tx) error {
		row, sub, err := lockSubscription(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		if refused = check(sub); refused != nil {
			return refused
		}
		err = ofSubscription(tx.DB, row).Updates(map[string]any{
			"state": stateDeleted, "sealed": nil, "settings": "", "name": "", "lease_id": nil,
		}).Error
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	if refused != nil {
		err = refused
	}
	return err
}

// Replay makes the subscription continue with the event that has this sequence number. No event is parked (postponed)
// afterwards. Parked events with a lower sequence number are skipped. This event and all later ones are delivered in
// order.
func (s subscriptions) Replay(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, sequence int64, entries ports.AuditEntries,
) (status ports.SubscriptionStatus, err error) {
	err = s.Change(ctx, func(tx gormstore.Tx) error {
		row, _, err := lockSubscription(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		if sequence != row.LastSequence+1 {
			_, err := gormstore.First[subscriptionEventRow](eventsOf(tx.DB, tenant, id).Where("sequence = ?", sequence))
			if err != nil {
				return replacedNotFound(err, events.NotStored())
			}
		}
		row.DeliveredTo, row.Epoch = sequence-1, row.Epoch+1
		columns := withoutRetries()
		columns["parked"] = false
		if err := eventsOf(tx.DB, tenant, id).Where("parked").Updates(columns).Error; err != nil {
			return err
		}
		err = ofSubscription(tx.DB, row).Updates(map[string]any{"delivered_to": sequence - 1, "epoch": row.Epoch}).Error
		if err != nil {
			return err
		}
		if status, err = statusOf(tx.DB, row); err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	return status, err
}

// Skip marks the event, and begins a new epoch, so that a process that has loaded the event no longer writes.
func (s subscriptions) Skip(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, skip ports.EventSkip,
	entries ports.AuditEntries,
) (status ports.SubscriptionStatus, err error) {
	err = s.Change(ctx, func(tx gormstore.Tx) error {
		row, _, err := lockSubscription(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		event, err := failedEvent(tx.DB, row, skip.Sequence)
		if err != nil {
			return err
		}
		if err := markSkipped(tx.DB, tenant, id, event); err != nil {
			return err
		}
		attempt := attemptRow{
			Subscription: row.ID, Tenant: row.Tenant, At: gormstore.At(skip.At), ID: skip.Attempt.UUID,
			Sequence: event.Sequence, Event: event.Event, Type: event.Type, Subject: event.Subject,
			Number: event.Attempts + 1, Error: string(domain.EventSkipped),
		}
		if err := tx.Create(&attempt).Error; err != nil {
			return err
		}
		row.Epoch++
		if err := ofSubscription(tx.DB, row).Updates(map[string]any{"epoch": row.Epoch}).Error; err != nil {
			return err
		}
		if status, err = statusOf(tx.DB, row); err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	return status, err
}

// failedEvent returns a parked event that has failed at least once. After a subscription was resumed, only the attempts
// tell that an event has failed. The rows of delivered and skipped events may be deleted. Errors: events.UnknownEvent,
// events.AlreadyDelivered, events.NotFailed.
func failedEvent(tx *gorm.DB, row subscriptionRow, sequence int64) (subscriptionEventRow, error) {
	tenant, id := domain.TenantID{UUID: row.Tenant}, events.SubscriptionID{UUID: row.ID}
	event, err := gormstore.First[subscriptionEventRow](eventsOf(tx, tenant, id).Where("sequence = ?", sequence))
	missing := errors.Is(err, domain.NotFound)
	switch {
	case err != nil && !missing:
		return event, err
	case !event.Parked && 0 < sequence && sequence <= row.DeliveredTo:
		return event, events.AlreadyDelivered()
	case missing:
		return event, events.UnknownEvent()
	case !event.Parked:
		return event, events.NotFailed()
	case event.LastError != "":
		return event, nil
	}
	var failures int64
	err = tx.Model(&attemptRow{}).Where("subscription_id = ? AND tenant_id = ? AND sequence = ? AND error <> ''",
		id.UUID, tenant.UUID, sequence).Count(&failures).Error
	if err == nil && failures == 0 {
		err = events.NotFailed()
	}
	return event, err
}

// markSkipped marks an event as skipped. If the event reports a new record, the next event of the record reports it
// instead: at once if that event is stored already, otherwise when Append stores it.
func markSkipped(tx *gorm.DB, tenant domain.TenantID, id events.SubscriptionID, event subscriptionEventRow) error {
	columns := withoutRetries()
	columns["parked"], columns["last_error"] = false, string(domain.EventSkipped)
	err := eventsOf(tx, tenant, id).Where("sequence = ?", event.Sequence).Updates(columns).Error
	if err != nil || event.Type != string(events.TransactionAdded) {
		return err
	}
	var next []subscriptionEventRow
	err = eventsOf(tx, tenant, id).Where("subject = ? AND sequence > ?", event.Subject, event.Sequence).
		Order("sequence").Limit(1).Find(&next).Error
	if err != nil || len(next) == 0 {
		return err
	}
	err = eventsOf(tx, tenant, id).Where("sequence = ?", next[0].Sequence).
		Updates(map[string]any{"type": string(events.TransactionAdded)}).Error
	if err == nil {
		err = eventsOf(tx, tenant, id).Where("sequence = ?", event.Sequence).Delete(&subscriptionEventRow{}).Error
	}
	return err
}

// Attempts scans the primary key backwards, so that the newest attempt comes first.
func (s subscriptions) Attempts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	page domain.PageRequest,
) (found domain.Page[events.EventAttempt], err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		query, err := gormstore.NewestFirst(db.Where("subscription_id = ? AND tenant_id = ?", id.UUID, tenant.UUID),
			"attempted_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = gormstore.List(query, page, attemptRow.domain, func(a events.EventAttempt) domain.Position {
			return domain.Position{Key: domain.TimeKey(a.At), ID: a.ID.UUID}
		})
		return err
	})
	return found, err
}

func convertSubscriptions(rows []subscriptionRow) ([]events.Subscription, error) {
	all := make([]events.Subscription, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.domain(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// subscriptionEventRow is a row of subscription_events.
type subscriptionEventRow struct {
	Subscription uuid.UUID         `gorm:"column:subscription_id"`
	Sequence     int64             `gorm:"column:sequence"`
	Event        uuid.UUID         `gorm:"column:event_id"`
	Source       string            `gorm:"column:source"`
	Type         string            `gorm:"column:type"`
	Subject      string            `gorm:"column:subject"`
	Connection   uuid.NullUUID     `gorm:"column:connection_id"`
	Version      int               `gorm:"column:version"`
	At           gormstore.Instant `gorm:"column:made_at"`
	Parked       bool              `gorm:"column:parked"`
	Attempts     int               `gorm:"column:attempts"`
	FailingSince gormstore.Instant `gorm:"column:failing_since"`
	NextAttempt  gormstore.Instant `gorm:"column:next_attempt_at"`
	LastError    string            `gorm:"column:last_error"`
	Tenant       uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (subscriptionEventRow) TableName() string { return "subscription_events" }

func (r subscriptionEventRow) domain() events.SubscriptionEvent {
	return events.SubscriptionEvent{
		Sequence: r.Sequence, ID: events.EventID{UUID: r.Event}, Source: r.Source, Type: events.EventType(r.Type),
		Subject:    r.Subject,
		Connection: domain.ConnectionID{UUID: r.Connection.UUID}, Version: r.Version, At: r.At.Time,
		Attempts: r.Attempts, FailingSince: r.FailingSince.Time, NextAttempt: r.NextAttempt.Time,
		LastError: domain.Code(r.LastError),
	}
}

// attemptRow is a row of subscription_attempts.
type attemptRow struct {
	Subscription uuid.UUID         `gorm:"column:subscription_id"`
	At           gormstore.Instant `gorm:"column:attempted_at"`
	ID           uuid.UUID         `gorm:"column:id"`
	Sequence     int64             `gorm:"column:sequence"`
	Event        uuid.UUID         `gorm:"column:event_id"`
	Type         string            `gorm:"column:type"`
	Subject      string            `gorm:"column:subject"`
	Number       int               `gorm:"column:number"`
	TookUs       int64             `gorm:"column:took_us"`
	Error        string            `gorm:"column:error"`
	Tenant       uuid.UUID         `gorm:"column:tenant_id"`
	Status       int               `gorm:"column:response_status"` // 0 if there was no answer
	Body         string            `gorm:"column:response_body"`
	Next         gormstore.Instant `gorm:"column:next_attempt_at"`
}

// TableName returns the name of the table in the schema.
func (attemptRow) TableName() string { return "subscription_attempts" }

func (r attemptRow) domain() events.EventAttempt {
	return events.EventAttempt{
		ID: events.AttemptID{UUID: r.ID}, Sequence: r.Sequence, Event: events.EventID{UUID: r.Event},
		Type: events.EventType(r.Type), Subject: r.Subject, Number: r.Number, At: r.At.Time,
		Took: time.Duration(r.TookUs) * time.Microsecond, Error: domain.Code(r.Error),
		Answer: events.SinkAnswer{Status: r.Status, Body: r.Body}, NextAttempt: r.Next.Time,
	}
}
